//! What the user's actions do: whose turn the keys are, editing, sending, scrolling, switching rooms.
//! Must not know which key asked.

use std::time::Duration;

use chat_protocol::{DraftContent, Nonce};

use super::answers::{Cause, Subject};
use super::composer::{Overflow, Reply};
use super::event::Effect;
use super::panels::Panel;
use super::row::Tone;
use super::target::Target;
use super::timeline::{Author, WAITING};
use super::{App, LinkState, Paste};
use crate::command::{Command, Typed, name, parse};
use crate::keymap::{Action, SelectedAction};

/// Ctrl+C pressed twice within this time quits.
const TWICE: Duration = Duration::from_secs(2);

impl App {
    /// True where keys act on what is picked before they mean anything else.
    pub(crate) fn keys_act(&self) -> bool {
        let is_elsewhere = self.bar.is_some()
            || self.palette.is_some()
            || self.paste.is_some()
            || self.question_has_keys();
        self.is_picking() && !is_elsewhere
    }

    /// Does what an action asks for.
    pub(super) fn act(&mut self, action: Action, effects: &mut Vec<Effect>) {
        if action == Action::Redraw {
            effects.push(Effect::Redraw);
        } else if action == Action::Suspend {
            effects.push(Effect::Suspend);
        } else if self.act_in_password_change(&action, effects) {
        } else if self.act_in_prompt(&action, effects) {
            self.stay_unless(&action);
        } else if let Some(paste) = self.paste.take() {
            self.act_on_paste(paste, &action);
        } else if !self.act_on_bar(&action, effects)
            && !self.act_in_palette(&action, effects)
            && !self.act_while_picking(&action, effects)
            && !self.act_in_finder(&action)
            && !self.act_in_recall(&action)
            && !self.act_on_screen(&action, effects)
        {
            self.stay_unless(&action);
            self.act_in_input(action, effects);
        }
    }

    /// Keys while a message, or an item of a panel, is picked; false for those that mean the same
    /// anywhere.
    fn act_while_picking(&mut self, action: &Action, effects: &mut Vec<Effect>) -> bool {
        if !self.is_picking() {
            return false;
        }
        match action {
            Action::Escape | Action::Interrupt if self.panel.is_some() => self.panel = None,
            Action::Escape | Action::Interrupt => self.end_selection(),
            Action::Submit => self.act_on_picked(SelectedAction::Open, effects),
            Action::Insert(letter) => match self.keymap.letter(*letter) {
                Some(selected) => self.act_on_picked(selected, effects),
                None => self.refuse_key(),
            },
            Action::Selected(selected) => self.act_on_picked(*selected, effects),
            other if self.move_pick(other) => {}
            other if other.is_anywhere() => return false,
            _ => self.refuse_key(),
        }
        true
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
        if self.paste_password(&text) {
            return;
        }
        if self.question_has_keys() {
            if let Some(prompt) = &mut self.prompt {
                let result = prompt.paste(&text);
                self.tell_overflow(result);
            }
            return;
        }
        if self.paste_on_bar(&text) || self.paste_in_finder(&text) {
            return;
        }
        self.note_typing();
        if self.paste_into_query(&text) {
            return;
        }
        // A slow line brings a paste in pieces.
        match Paste::question(self.paste.take(), text) {
            Ok(paste) => self.paste = Some(paste),
            Err(text) => self.insert(&text),
        }
    }

    /// Answers the question about pasted text; other keys wait for the answer.
    fn act_on_paste(&mut self, paste: Paste, action: &Action) {
        match action {
            Action::Submit => {
                let (text, left_out) = paste.into_text();
                let result = self.room_mut().composer.insert(&text);
                self.tell_overflow(result.map_err(|Overflow(over)| Overflow(over + left_out)));
            }
            Action::Escape | Action::Interrupt => self.hint("paste discarded"),
            _ => self.paste = Some(paste),
        }
    }

    fn insert(&mut self, text: &str) {
        let result = self.room_mut().composer.insert(text);
        self.tell_overflow(result);
    }

    pub(super) fn tell_overflow(&mut self, result: Result<(), Overflow>) {
        if let Err(overflow) = result {
            self.say(Tone::Alert, overflow.to_string());
        }
    }

    /// Actions on rooms, panels and the view; false for those that are for the input.
    fn act_on_screen(&mut self, action: &Action, effects: &mut Vec<Effect>) -> bool {
        let is_empty = self.room().composer.is_empty();
        match action {
            Action::Room(place) => self.show_room(*place),
            Action::NextRoom => self.show_room((self.active + 1) % self.rooms.len()),
            Action::PreviousRoom => {
                self.show_room((self.active + self.rooms.len() - 1) % self.rooms.len());
            }
            Action::Problems => self.toggle(Panel::Problems),
            Action::Help => self.toggle(Panel::Help),
            Action::Log => self.toggle(Panel::Log),
            Action::Held if self.check_action(action) => {
                self.toggle(Panel::Held);
                self.ask_for_held(effects);
            }
            Action::Held => {}
            Action::KillOrPalette if self.is_picking() || self.room().composer.is_at_end() => {
                self.toggle_palette();
            }
            Action::RecallSearch => self.search_sent(),
            Action::Select => self.begin_selection_or_pick(),
            Action::TakeBack => self.take_back(),
            Action::NextMention => self.go_to_next(),
            Action::Find => self.open_finder(),
            Action::ToggleSides => self.toggle_sides(),
            Action::Escape => self.go_back(),
            Action::Up | Action::Down if self.panel.is_some() && is_empty => self.pick_first(),
            Action::PageUp => self.scroll(true),
            Action::PageDown => self.scroll(false),
            Action::Top => self.scroll_to_top(),
            Action::Bottom => self.room_mut().shown_mut().follow(),
            Action::Home if is_empty => self.scroll_to_top(),
            Action::End if is_empty => self.room_mut().shown_mut().follow(),
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
        match action {
            Action::Complete => self.complete(),
            Action::Up if is_empty && is_stuck => {
                if let Some(text) = self.room_mut().timeline.take_stuck() {
                    self.insert(&text);
                }
            }
            Action::Submit => self.submit(effects),
            Action::DeleteOrQuit if is_empty => self.quit(effects),
            Action::Interrupt if is_empty => self.interrupt(effects),
            Action::Interrupt => {
                self.rooms[self.active].composer.clear(&mut self.memory);
                self.hint("cleared (Up brings it back)");
            }
            other => {
                self.edit_input(&other);
            }
        }
    }

    pub(super) fn show_room(&mut self, place: usize) {
        if place >= self.rooms.len() {
            return self.hint(format!("there is no room number {}", place + 1));
        }
        self.end_selection();
        let stays = |panel: Panel| matches!(panel, Panel::Help | Panel::Problems | Panel::Log);
        self.panel.take_if(|open| !stays(open.kind));
        self.room_mut().reading.leave();
        self.active = place;
        self.look_for_question();
    }

    /// Esc: one step back.
    fn go_back(&mut self) {
        if self.panel.take().is_some()
            || self.close_card_beside()
            || self.close_view()
            || self.answers.dismiss()
        {
            return;
        }
        if self.room().composer.reply().is_some() {
            self.room_mut().composer.set_reply(None);
            return self.hint("no longer an answer");
        }
        let is_empty = self.room().composer.is_empty();
        if is_empty && self.room().timeline.stuck() > 0 {
            let dropped = self.room_mut().timeline.discard(false);
            self.hint(format!("discarded {}", messages(dropped)));
        }
    }

    fn begin_selection_or_pick(&mut self) {
        match self.panel {
            Some(_) => self.pick_first(),
            None => self.begin_selection(),
        }
    }

    /// Ctrl+C on an empty line: twice within a moment it ends the program.
    fn interrupt(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now.elapsed;
        let before = self.interrupted_at.replace(now);
        if self.is_leaving() || before.is_some_and(|before| now < before + TWICE) {
            self.interrupted_at = None;
            return self.quit(effects);
        }
        let words = "press Ctrl+C again within 2 s to quit";
        self.answers.hint_until(words.to_owned(), now + TWICE);
        self.draw = true;
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
        let most = self.panel.as_ref().map_or(0, |open| match open.kind {
            Panel::Problems => self.errors.entries().len(),
            Panel::Help => 200,
            kind => self.count_items(kind),
        });
        match &mut self.panel {
            Some(open) => {
                let rows = moved(open.scrolled, up == open.kind.is_upwards());
                open.scrolled = rows.min(most.saturating_sub(1));
            }
            None if up => self
                .room_mut()
                .shown_mut()
                .scroll_up(step, geometry, height),
            None => self.room_mut().shown_mut().scroll_down(step, geometry),
        }
    }

    /// The wheel scrolls what is in view, whatever has the keys.
    pub(super) fn turn_wheel(&mut self, up: bool, rows: usize) {
        let (geometry, height) = (self.geometry(), self.view_height());
        match &mut self.panel {
            Some(open) if up == open.kind.is_upwards() => {
                open.scrolled = open.scrolled.saturating_add(rows);
            }
            Some(open) => open.scrolled = open.scrolled.saturating_sub(rows),
            None if up => self
                .room_mut()
                .shown_mut()
                .scroll_up(rows, geometry, height),
            None => self.room_mut().shown_mut().scroll_down(rows, geometry),
        }
    }

    fn scroll_to_top(&mut self) {
        let (geometry, height) = (self.geometry(), self.view_height());
        self.room_mut().shown_mut().scroll_to_top(geometry, height);
    }

    fn submit(&mut self, effects: &mut Vec<Effect>) {
        if self.room().composer.is_empty() {
            if !self.answer() {
                self.retry(effects);
            }
            return;
        }
        // What was wrong with it before is put right by now, or told anew.
        self.answers.withdraw(&self.typed());
        if let Some(words) = self.forbidden(self.room().composer.text()) {
            // It stays where it is: who typed it may want it elsewhere.
            return self.object(words);
        }
        match parse(self.room().composer.text()) {
            Err(error) => self.object(error.to_string()),
            Ok(Typed::Command(Command::Moderate(order))) => match self.order(order, effects) {
                Err(reason) => self.object(reason),
                Ok(()) => {
                    let typed = self.take_command();
                    if let Some(bar) = &mut self.bar {
                        bar.typed = Some(typed);
                    }
                }
            },
            Ok(Typed::Command(command)) => {
                self.take_command();
                self.run(command, effects);
            }
            // The text stays where it is until the password is there.
            Ok(Typed::Post(_)) if self.answer() => {}
            Ok(Typed::Post(text)) => match self.checked(&text) {
                Err(reason) => self.object(reason),
                Ok(content) => {
                    let draft = self.take_input();
                    self.queue(content, draft.reply);
                    self.send_next(self.active, effects);
                }
            },
        }
    }

    /// Says what is wrong with what is typed.
    fn object(&mut self, words: String) {
        let typed = Some(self.typed());
        self.tell_about(self.active, Cause::Asked, Tone::Alert, &words, None, typed);
    }

    fn typed(&self) -> Subject {
        let room = self.room();
        let name = name(room.composer.text()).unwrap_or_default();
        Subject::Typed(room.key, name.to_ascii_lowercase())
    }

    /// Sends again what may be sent again.
    pub(super) fn retry(&mut self, effects: &mut Vec<Effect>) {
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
        if room.timeline.waiting() >= WAITING {
            return Err(format!("{WAITING} messages are already waiting to be sent"));
        }
        Ok(content)
    }

    fn queue(&mut self, content: DraftContent, reply: Option<Reply>) {
        self.nonces += 1;
        let nonce = Nonce::new(format!("{}-{}", self.nonce_prefix, self.nonces))
            .expect("the prefix and a number are within a nonce's bounds");
        let stamp = self.stamp(self.now.unix_millis);
        let author = Author::new(&self.me, &self.me, self.room().rank);
        self.stay();
        let room = self.room_mut();
        let reply_to = reply.map(|reply| reply.id);
        room.timeline.queue(content, nonce, author, stamp, reply_to);
        room.timeline.follow();
        // Who writes to the room looks at it; in a thread the next text answers it too.
        match room.thread() {
            Some(_) => self.aim_at_thread(),
            None => room.leave_views(),
        }
    }

    fn run(&mut self, command: Command, effects: &mut Vec<Effect>) {
        match command {
            Command::Help => self.open_panel(Panel::Help),
            Command::Problems => self.open_panel(Panel::Problems),
            Command::Log => self.open_panel(Panel::Log),
            Command::TakeBack => self.take_back(),
            Command::Join(name) => self.join(name, effects),
            Command::Leave => self.leave(effects),
            Command::Room(text) => self.go_to_room(&text),
            Command::ChangePassword => self.change_password(),
            Command::Find(text) if text.is_empty() => self.open_finder(),
            Command::Find(text) => self.find(&text),
            Command::Next => self.go_to_next(),
            Command::Pinned => self.go_to_pinned(),
            Command::Ignore(name) => self.ignore_somebody(&name),
            Command::Unignore(name) => self.unignore_somebody(&name),
            Command::Ignored => self.list_ignored(),
            Command::User(username) => self.open_card(Target::person(username), effects),
            Command::Quit => self.quit(effects),
            Command::Discard => match self.room_mut().timeline.discard(true) {
                0 => self.hint("nothing to discard here"),
                dropped => self.hint(format!("discarded {}", messages(dropped))),
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
            Command::Act(Action::KillOrPalette) => self.toggle_palette(),
            // The command was typed, and a draft may have taken its place: neither is what is meant.
            Command::Act(Action::Escape) => self.go_back(),
            Command::Act(action) => self.act(action, effects),
            Command::Reconnect => self.reconnect(effects),
            // Carried out before the input is taken, which it may have to keep.
            Command::Moderate(_) => {}
        }
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
