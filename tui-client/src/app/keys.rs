//! What the user's actions do: editing, sending, scrolling, switching rooms, the prompt and the
//! panels. Must not know which key asked.

use chat_protocol::{DraftContent, Nonce, durations};

use super::composer::Overflow;
use super::event::Effect;
use super::row::{Tone, nick_hash};
use super::timeline::{Author, WAITING};
use super::{App, LinkState, Panel, Paste};
use crate::command::{Command, Typed, parse};
use crate::keymap::{Action, Motion};

impl App {
    /// Does what an action asks for.
    pub(super) fn act(&mut self, action: Action, effects: &mut Vec<Effect>) {
        if action == Action::Redraw {
            effects.push(Effect::Redraw);
        } else if action == Action::Suspend {
            effects.push(Effect::Suspend);
        } else if self.act_in_prompt(&action, effects) {
            self.stay_unless(&action);
        } else if let Some(paste) = self.paste.take() {
            self.act_on_paste(paste, &action);
        } else if !self.act_on_screen(&action) {
            self.stay_unless(&action);
            self.act_in_input(action, effects);
        }
    }

    /// Whoever goes on typing does not leave.
    fn stay_unless(&mut self, action: &Action) {
        let may_quit = matches!(
            action,
            Action::Interrupt | Action::DeleteOrQuit | Action::Submit
        );
        let types_command =
            self.room().composer.text().starts_with('/') || matches!(action, Action::Insert('/'));
        if !may_quit && !types_command {
            self.stay();
        }
    }

    /// Puts pasted text where typed text would go; the user is asked first about text of many lines.
    pub(super) fn on_paste(&mut self, text: String) {
        if self.question_has_keys() {
            if let Some(prompt) = &mut self.prompt {
                prompt.insert(text.lines().next().unwrap_or_default());
            }
            return;
        }
        self.note_typing();
        // A slow line brings a paste in pieces.
        let before = self.paste.take().map(Paste::into_text);
        match Paste::question(before.unwrap_or_default() + &text) {
            Ok(paste) => self.paste = Some(paste),
            Err(text) => self.insert(&text),
        }
    }

    /// Answers the question about pasted text; other keys wait for the answer.
    fn act_on_paste(&mut self, paste: Paste, action: &Action) {
        match action {
            Action::Submit => self.insert(&paste.into_text()),
            Action::Escape | Action::Interrupt => self.say(Tone::Faint, "paste discarded"),
            _ => self.paste = Some(paste),
        }
    }

    fn insert(&mut self, text: &str) {
        let result = self.room_mut().composer.insert(text);
        self.tell_overflow(result);
    }

    pub(super) fn tell_overflow(&mut self, result: Result<(), Overflow>) {
        if let Err(Overflow(characters)) = result {
            self.say(
                Tone::Alert,
                format!("the input is full: {characters} characters were left out"),
            );
        }
    }

    /// Actions on rooms, panels and the view; false for those that are for the input.
    fn act_on_screen(&mut self, action: &Action) -> bool {
        let is_empty = self.room().composer.is_empty();
        match action {
            Action::Room(place) => self.show_room(*place),
            Action::NextRoom => self.show_room((self.active + 1) % self.rooms.len()),
            Action::PreviousRoom => {
                self.show_room((self.active + self.rooms.len() - 1) % self.rooms.len());
            }
            Action::Errors => self.toggle(Panel::Errors(0)),
            Action::Help => self.toggle(Panel::Help(0)),
            Action::Escape if self.panel != Panel::None => self.panel = Panel::None,
            Action::Escape if is_empty && self.room().timeline.stuck() > 0 => {
                let dropped = self.room_mut().timeline.discard(false);
                self.say(Tone::Faint, format!("discarded {}", messages(dropped)));
            }
            Action::Escape => {}
            Action::PageUp => self.scroll(true),
            Action::PageDown => self.scroll(false),
            Action::Top => self.scroll_to_top(),
            Action::Bottom => self.room_mut().timeline.follow(),
            Action::Home if is_empty => self.scroll_to_top(),
            Action::End if is_empty => self.room_mut().timeline.follow(),
            _ => return false,
        }
        true
    }

    fn act_in_input(&mut self, action: Action, effects: &mut Vec<Effect>) {
        if !matches!(
            action,
            Action::Submit | Action::Interrupt | Action::DeleteOrQuit
        ) {
            self.note_typing();
        }
        let is_empty = self.room().composer.is_empty();
        let is_stuck = self.room().timeline.stuck() > 0;
        let composer = &mut self.room_mut().composer;
        match action {
            Action::Insert(character) => self.insert(character.encode_utf8(&mut [0; 4])),
            Action::Complete => self.complete(),
            Action::Newline => self.insert("\n"),
            Action::Backspace => composer.delete(Motion::Left),
            Action::Delete => composer.delete(Motion::Right),
            Action::Move(motion) => composer.go(motion),
            Action::Home => composer.go(Motion::RowStart),
            Action::End => composer.go(Motion::RowEnd),
            Action::Kill(motion) => composer.kill(motion),
            Action::Yank => {
                let result = composer.yank();
                self.tell_overflow(result);
            }
            Action::Up if is_empty && is_stuck => {
                if let Some(text) = self.room_mut().timeline.take_stuck() {
                    self.insert(&text);
                }
            }
            Action::Up => composer.up(),
            Action::Down => composer.down(),
            Action::Submit => self.submit(effects),
            Action::Interrupt if is_empty => self.quit(effects),
            Action::Interrupt => {
                composer.take();
                self.say(
                    Tone::Faint,
                    "cleared (Up brings it back); press Ctrl+C again to quit",
                );
            }
            Action::DeleteOrQuit if is_empty => self.quit(effects),
            Action::DeleteOrQuit => composer.delete(Motion::Right),
            _ => {}
        }
    }

    fn show_room(&mut self, place: usize) {
        if place >= self.rooms.len() {
            self.say(
                Tone::Faint,
                format!("there is no room number {}", place + 1),
            );
            return;
        }
        self.active = place;
        self.room_mut().read_all();
        self.look_for_question();
    }

    fn toggle(&mut self, panel: Panel) {
        let is_open = std::mem::discriminant(&self.panel) == std::mem::discriminant(&panel);
        self.panel = if is_open { Panel::None } else { panel };
    }

    fn scroll(&mut self, up: bool) {
        let (geometry, height) = (self.geometry(), self.view_height());
        let step = height.saturating_sub(2).max(1);
        let moved = |rows: usize, further: bool| {
            if further {
                rows.saturating_add(step)
            } else {
                rows.saturating_sub(step)
            }
        };
        match &mut self.panel {
            Panel::Errors(rows) => {
                let most = self.errors.entries().len().saturating_sub(1);
                *rows = moved(*rows, up).min(most);
            }
            Panel::Help(rows) => *rows = moved(*rows, !up).min(60),
            Panel::None if up => self.room_mut().timeline.scroll_up(step, geometry, height),
            Panel::None => self.room_mut().timeline.scroll_down(step, geometry),
        }
    }

    fn scroll_to_top(&mut self) {
        let (geometry, height) = (self.geometry(), self.view_height());
        self.room_mut().timeline.scroll_to_top(geometry, height);
    }

    fn submit(&mut self, effects: &mut Vec<Effect>) {
        if self.room().composer.is_empty() {
            if !self.answer() {
                self.retry(effects);
            }
            return;
        }
        match parse(self.room().composer.text()) {
            Err(error) => self.say(Tone::Alert, error.to_string()),
            Ok(Typed::Command(Command::Moderate(order))) => match self.order(order, effects) {
                Err(reason) => self.say(Tone::Alert, reason),
                Ok(()) => {
                    self.room_mut().composer.take();
                }
            },
            Ok(Typed::Command(command)) => {
                self.room_mut().composer.take();
                self.run(command, effects);
            }
            // The text stays where it is until the password is there.
            Ok(Typed::Post(_)) if self.answer() => {}
            Ok(Typed::Post(text)) => match self.checked(&text) {
                Err(reason) => self.say(Tone::Alert, reason),
                Ok(content) => {
                    self.room_mut().composer.take();
                    self.queue(content);
                    self.send_next(self.active, effects);
                }
            },
        }
    }

    /// Sends again what may be sent again.
    fn retry(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now;
        let timeline = &self.room().timeline;
        let (again, failed) = (timeline.retriable(now), timeline.failed());
        if failed == 0 {
            return;
        }
        if again == 0 {
            let words = "this can't be sent: press Up to edit it, Esc to discard it";
            self.say(Tone::Alert, words);
        } else if let LinkState::Stopped { .. } = self.room().link {
            self.say(Tone::Alert, "not connected: type /reconnect to try again");
        } else if let Some(words) = self.mute_words() {
            self.say(Tone::Alert, words);
        } else {
            self.room_mut().timeline.retry_failed(now);
            self.send_next(self.active, effects);
        }
    }

    /// The text as content, or why it can't be sent now; nothing is lost then.
    fn checked(&self, text: &str) -> Result<DraftContent, String> {
        let room = self.room();
        let content = DraftContent::new(text).map_err(|_| "nothing to send".to_owned())?;
        let characters = content.as_str().chars().count();
        if characters > room.content_limit {
            return Err(format!(
                "too long: {characters} characters, the limit is {}",
                room.content_limit
            ));
        }
        if let LinkState::Stopped { .. } = room.link {
            return Err("not connected: type /reconnect to try again".to_owned());
        }
        if let Some(words) = self.mute_words() {
            return Err(words);
        }
        if room.timeline.waiting() >= WAITING {
            return Err(format!("{WAITING} messages are already waiting to be sent"));
        }
        Ok(content)
    }

    fn queue(&mut self, content: DraftContent) {
        self.nonces += 1;
        let nonce = Nonce::new(format!("{}-{}", self.nonce_prefix, self.nonces))
            .expect("the prefix and a number are within a nonce's bounds");
        let stamp = self.stamp(self.now.unix_millis);
        let author = Author {
            name: self.me.as_str().into(),
            key: self.key.as_str().into(),
            hash: nick_hash(&self.me),
            rank: self.room().rank,
        };
        self.stay();
        let timeline = &mut self.room_mut().timeline;
        timeline.queue(content, nonce, author, stamp);
        timeline.follow();
    }

    fn run(&mut self, command: Command, effects: &mut Vec<Effect>) {
        match command {
            Command::Help => self.panel = Panel::Help(0),
            Command::Errors => self.panel = Panel::Errors(0),
            Command::Quit => self.quit(effects),
            Command::Discard => match self.room_mut().timeline.discard(true) {
                0 => self.say(Tone::Faint, "nothing to discard here"),
                dropped => self.say(Tone::Faint, format!("discarded {}", messages(dropped))),
            },
            Command::Who if !self.room().is_live() => {
                self.say(Tone::Alert, "the command was not sent: not connected")
            }
            Command::Who => {
                self.room_mut().wants_members = true;
                effects.push(Effect::Send(
                    self.room().key,
                    chat_protocol::ClientEvent::Who,
                ));
            }
            Command::History => self.load_on_request(effects),
            Command::Reconnect => self.reconnect(effects),
            // Carried out before the input is taken, which it may have to keep.
            Command::Moderate(_) => {}
        }
    }

    /// That nothing can be sent while the user is muted.
    fn mute_words(&self) -> Option<String> {
        let left = durations::left(self.muted_seconds()?);
        Some(format!("not sent: you are muted for another {left}"))
    }

    fn load_on_request(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now;
        let room = self.room_mut();
        if room.timeline.is_complete() {
            self.say(Tone::Faint, "you already have the room's first message");
        } else if let Some(request) = room.ask_older(now) {
            effects.push(Effect::Send(room.key, request));
        } else {
            self.say(Tone::Faint, "can't load messages right now");
        }
    }

    fn reconnect(&mut self, effects: &mut Vec<Effect>) {
        let place = self.active;
        match self.room().link {
            LinkState::Live | LinkState::Connecting { .. } => {
                self.say(Tone::Faint, "already connected or connecting");
            }
            LinkState::Waiting { .. } => effects.push(Effect::Retry(self.room().key)),
            LinkState::Off | LinkState::Stopped { .. } => {
                self.connect(place, effects);
                if !self.answer() && self.room().link == LinkState::Off {
                    self.say(
                        Tone::Faint,
                        "waiting until another room has tried the password",
                    );
                }
            }
        }
    }
}

fn messages(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} message{plural}")
}
