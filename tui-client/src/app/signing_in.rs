//! Signing in: the one question for a password that all rooms share, whose keys it takes, and which
//! rooms connect when. Must not know how a connection works.

use std::time::Duration;

use chat_protocol::{ClientError, CloseCode, Code, Reason, events};

use super::composer::Edit;
use super::credentials::Turn;
use super::event::Effect;
use super::{App, LinkState, PROBLEM_CHARS, Prompt};
use crate::keymap::Action;
use crate::sanitize;

/// Whoever typed within this time may still be typing: the question does not take those keys.
const TYPING: Duration = Duration::from_secs(3);

impl App {
    /// Connects a room, where it is its turn; asks for the password where there is none.
    pub(super) fn connect(&mut self, place: usize, effects: &mut Vec<Effect>) {
        let turn = self.credentials.turn(self.rooms[place].key);
        let number = self.credentials.number();
        let room = &mut self.rooms[place];
        match turn {
            Turn::Go(credential) => {
                room.link = LinkState::Connecting { attempt: 1 };
                room.password = number;
                room.was_let_in = false;
                let (key, name, cursor) = (room.key, room.name.clone(), room.cursor.clone());
                let may_register = self.may_register;
                effects.push(Effect::Connect(key, name, credential, cursor, may_register));
            }
            Turn::Wait => room.link = LinkState::Off,
            Turn::Ask => {
                let refused = matches!(room.link, LinkState::Stopped { refused: true, .. });
                if !refused {
                    room.link = LinkState::Off;
                }
                self.ask(None);
            }
        }
    }

    /// Connects all rooms that wait for the password, the one in view before the others.
    pub(super) fn connect_waiting(&mut self, effects: &mut Vec<Effect>) {
        let first = std::iter::once(self.active);
        for place in first.chain(0..self.rooms.len()) {
            if self.rooms[place].waits_for_password() {
                self.connect(place, effects);
            }
        }
    }

    /// The room was let in: with the password, or with a login that it once got.
    pub(super) fn on_let_in(&mut self, place: usize, effects: &mut Vec<Effect>) {
        self.rooms[place].was_let_in = true;
        if self.credentials.let_in(self.rooms[place].key) {
            self.connect_waiting(effects);
        }
        if !self.rooms.iter().any(super::Room::waits_for_password) {
            self.prompt = None;
        }
    }

    /// `auth` was refused.
    pub(super) fn on_refused(
        &mut self,
        place: usize,
        error: &ClientError,
        effects: &mut Vec<Effect>,
    ) {
        let words = sanitize::brief(&error.message, PROBLEM_CHARS);
        let refused = error.code == Code::Unauthenticated;
        let number = self.rooms[place].password;
        let now = self.now;
        let link = LinkState::Stopped {
            words: words.clone(),
            refused,
        };
        self.rooms[place].went_down(link, now);
        self.draw = true;
        if refused && self.credentials.is_there() && number != self.credentials.number() {
            // An answer to a password that was given up meanwhile.
            return self.connect(place, effects);
        }
        if error.reason == Some(Reason::Unknown) && !self.may_register {
            return self.ask_to_register(number, effects);
        }
        let (code, event) = (error.code.into(), events::AUTH.to_owned());
        self.report(place, Some(code), Some(event), &error.message);
        if refused {
            if self.credentials.refuse(number) {
                self.call_back(number, effects);
                self.ask(Some(words));
            }
            return;
        }
        self.make_way(place, effects);
    }

    /// Nobody has this name: whoever typed it may have misspelt it, or the password.
    fn ask_to_register(&mut self, number: u64, effects: &mut Vec<Effect>) {
        let Some(password) = self.credentials.take(number) else {
            return;
        };
        self.call_back(number, effects);
        self.ask(None);
        let words = format!(
            "There is no account {} here yet. Type the password again to create it.",
            self.me
        );
        if let Some(prompt) = &mut self.prompt {
            prompt.words = Some(words);
            prompt.repeats = Some(password);
        }
    }

    /// The login that the connection once got is worth nothing any more: the password takes its place.
    pub(super) fn on_token_refused(&mut self, place: usize, effects: &mut Vec<Effect>) {
        let now = self.now;
        self.rooms[place].went_down(LinkState::Off, now);
        if self.rooms[place].password == self.credentials.number() {
            self.credentials.doubt();
        }
        self.draw = true;
        self.connect(place, effects);
    }

    /// The connection was closed in a way that forbids coming back by itself.
    pub(super) fn on_ended(
        &mut self,
        place: usize,
        code: CloseCode,
        reason: &str,
        effects: &mut Vec<Effect>,
    ) {
        let what = match code {
            CloseCode::Kicked => "kicked".to_owned(),
            CloseCode::Banned => "banned".to_owned(),
            CloseCode::Flooding => "disconnected for sending too much".to_owned(),
            CloseCode::SignedOut => "signed out".to_owned(),
            other => format!("disconnected ({})", u16::from(other)),
        };
        let why = match (self.rooms[place].sent_away.take(), code) {
            // What the moderator wrote says more than the server's text for all of them.
            (Some(written), CloseCode::Kicked | CloseCode::Banned) => written,
            _ => sanitize::brief(reason, PROBLEM_CHARS),
        };
        let words = match why.trim().is_empty() {
            true => what,
            false => format!("{what}: {why}"),
        };
        let refused = code == CloseCode::SignedOut;
        let now = self.now;
        let link = LinkState::Stopped {
            words: words.clone(),
            refused,
        };
        self.rooms[place].went_down(link, now);
        self.give_orders_up(place);
        self.give_change_up(place, effects);
        match code {
            // The event before it said so, and why.
            CloseCode::Kicked | CloseCode::Banned => {
                self.record(place, Some(code.into()), None, &words);
            }
            _ => self.report(place, Some(code.into()), None, &words),
        }
        if refused {
            let number = self.rooms[place].password;
            if self.new_password.is_some() {
                // It comes back once it is known which password counts.
            } else if self.credentials.refuse(number) {
                self.call_back(number, effects);
                self.ask(Some(words));
            } else if self.credentials.is_there() {
                // The user has given another password since.
                self.connect(place, effects);
            } else {
                // It was signed in by a token from an earlier run.
                self.ask(Some(words));
            }
            return;
        }
        self.make_way(place, effects);
    }

    /// The room at `place` stops trying the password, where it did: the next one goes on.
    fn make_way(&mut self, place: usize, effects: &mut Vec<Effect>) {
        if self.credentials.give_up(self.rooms[place].key) {
            self.connect_waiting(effects);
        }
    }

    /// Ends the attempts of other rooms with a password that is worth nothing.
    fn call_back(&mut self, number: u64, effects: &mut Vec<Effect>) {
        let now = self.now;
        for place in 0..self.rooms.len() {
            let room = &mut self.rooms[place];
            let is_trying = matches!(
                room.link,
                LinkState::Connecting { .. } | LinkState::Waiting { .. }
            );
            if is_trying && room.password == number && !room.was_let_in {
                room.went_down(LinkState::Off, now);
                effects.push(Effect::Disconnect(room.key));
            }
        }
    }

    /// Opens the question, or says in the open one why it is asked. What is typed there stays.
    fn ask(&mut self, words: Option<String>) {
        self.draw = true;
        if let Some(prompt) = &mut self.prompt {
            if words.is_some() {
                prompt.words = words;
            }
            return;
        }
        let typing = self
            .typed_at
            .is_some_and(|at| self.now.elapsed < at + TYPING);
        // A draft of an earlier run is not being typed.
        let is_untouched = self.room().composer.is_empty() || self.typed_at.is_none();
        let is_idle = is_untouched && self.paste.is_none() && !typing;
        let has_keys = is_idle || self.has_answered;
        self.prompt = Some(Prompt::because(words, has_keys));
    }

    /// The question, where it is shown: in rooms that wait for its answer.
    pub(crate) fn question(&self) -> Option<&Prompt> {
        let is_shown = self.panel.is_none() && self.room().waits_for_password();
        self.prompt.as_ref().filter(|_| is_shown)
    }

    /// True where what is typed goes into the question.
    pub(crate) fn question_has_keys(&self) -> bool {
        self.question().is_some_and(|prompt| prompt.has_keys)
    }

    /// Rooms that wait for the password, where it is asked for; the first of them.
    pub(crate) fn asked_for(&self) -> Option<(usize, usize)> {
        self.prompt.as_ref()?;
        let waiting = || {
            (0..)
                .zip(&self.rooms)
                .filter(|(_, room)| room.waits_for_password())
        };
        Some((waiting().count(), waiting().next()?.0))
    }

    /// Gives the keys to the question, where it is shown.
    pub(super) fn answer(&mut self) -> bool {
        let is_shown = self.question().is_some();
        if let Some(prompt) = self.prompt.as_mut().filter(|_| is_shown) {
            prompt.has_keys = true;
        }
        is_shown
    }

    /// The user types into the input box.
    pub(super) fn note_typing(&mut self) {
        self.typed_at = Some(self.now.elapsed);
        self.has_answered = false;
    }

    /// Another room is in view: whoever types in it goes on.
    pub(super) fn look_for_question(&mut self) {
        let is_empty = self.room().composer.is_empty();
        self.has_answered = false;
        if let Some(prompt) = &mut self.prompt {
            prompt.has_keys = is_empty;
        }
    }

    /// Does what an action asks of the question; false where it is for others.
    pub(super) fn act_in_prompt(&mut self, action: &Action, effects: &mut Vec<Effect>) -> bool {
        if !self.question_has_keys() {
            return false;
        }
        let Some(prompt) = &mut self.prompt else {
            return false;
        };
        let is_empty = prompt.len() == 0;
        match action {
            Action::Escape if is_empty && prompt.repeats.take().is_some() => {
                prompt.words = Some("No account was made.".to_owned());
            }
            Action::Escape if is_empty => prompt.has_keys = false,
            Action::Escape => prompt.clear(),
            Action::Interrupt if !is_empty => prompt.clear(),
            Action::Interrupt => self.quit(effects),
            Action::DeleteOrQuit if is_empty => self.quit(effects),
            Action::Submit => {
                let before = prompt.repeats.take();
                match (prompt.submit(), before) {
                    (None, before) => prompt.repeats = before,
                    (Some(password), Some(before)) if password != before => {
                        let words = "The passwords differ: type the password anew.".to_owned();
                        prompt.words = Some(words);
                    }
                    (Some(password), before) => {
                        self.prompt = None;
                        self.has_answered = true;
                        // What is typed once may be misspelt, the name as well.
                        self.may_register = before.is_some();
                        self.credentials.offer(password);
                        self.connect_waiting(effects);
                    }
                }
            }
            Action::Room(_)
            | Action::NextRoom
            | Action::PreviousRoom
            | Action::Help
            | Action::Problems => return false,
            other => {
                let edit = Edit::of(other).filter(|edit| *edit != Edit::Insert('\n'));
                let result = edit.map(|edit| prompt.edit(edit, &mut self.memory.kills));
                self.tell_overflow(result.unwrap_or(Ok(())));
            }
        }
        true
    }
}
