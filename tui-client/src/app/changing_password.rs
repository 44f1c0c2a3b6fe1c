//! `/password`: the present password, the new one, and that once more, each masked; nothing of it goes
//! into the history or a draft. Must not keep any of it longer than needed.

use chat_protocol::{ChangePassword, ClientEvent, Secret};

use super::App;
use super::composer::Edit;
use super::event::Effect;
use super::prompt::Prompt;
use super::row::Tone;
use crate::keymap::Action;
use crate::link::RoomKey;

/// The questions, one after the other.
#[derive(Debug)]
pub(crate) struct PasswordChange {
    room: RoomKey,
    pub(crate) prompt: Prompt,
    present: Option<Secret>,
    new: Option<Secret>,
}

impl PasswordChange {
    /// What is asked for now.
    pub(crate) fn label(&self) -> &'static str {
        match (&self.present, &self.new) {
            (None, _) => "Present password: ",
            (Some(_), None) => "New password: ",
            (Some(_), Some(_)) => "New password again: ",
        }
    }
}

impl App {
    /// Begins to ask.
    pub(super) fn change_password(&mut self) {
        if !self.room().is_live() {
            return self.say(Tone::Alert, "not done: not connected");
        }
        self.password_change = Some(PasswordChange {
            room: self.room().key,
            prompt: Prompt::because(None, true),
            present: None,
            new: None,
        });
    }

    /// Does what an action asks of the questions; false where none is open.
    pub(super) fn act_in_password_change(
        &mut self,
        action: &Action,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Some(change) = &mut self.password_change else {
            return false;
        };
        match action {
            Action::Escape | Action::Interrupt => {
                self.password_change = None;
                self.hint("the password stays as it is");
            }
            Action::Submit => {
                if let Some(typed) = change.prompt.submit() {
                    self.take_password(typed, effects);
                }
            }
            other => {
                let edit = Edit::of(other).filter(|edit| *edit != Edit::Insert('\n'));
                let result = edit.map(|edit| change.prompt.edit(edit, &mut self.memory.kills));
                self.tell_overflow(result.unwrap_or(Ok(())));
            }
        }
        true
    }

    /// Puts pasted text into the question that is open; false where none is.
    pub(super) fn paste_password(&mut self, text: &str) -> bool {
        let Some(change) = &mut self.password_change else {
            return false;
        };
        let result = change.prompt.paste(text);
        self.tell_overflow(result);
        true
    }

    fn take_password(&mut self, typed: Secret, effects: &mut Vec<Effect>) {
        let is_live = |room: &super::Room| room.is_live();
        let room = self.password_change.as_ref().map(|change| change.room);
        let place = room.and_then(|room| self.place_of(room));
        let is_live = place.is_some_and(|place| is_live(&self.rooms[place]));
        let Some(change) = &mut self.password_change else {
            return;
        };
        match (change.present.take(), change.new.take()) {
            (None, _) => change.present = Some(typed),
            (Some(present), None) => {
                change.present = Some(present);
                change.new = Some(typed);
            }
            (Some(_), Some(new)) if new == typed && !is_live => {
                self.password_change = None;
                self.say(Tone::Alert, "the password was not changed: not connected");
            }
            (Some(present), Some(new)) if new == typed => {
                let event = ClientEvent::ChangePassword(ChangePassword {
                    password: present,
                    new_password: new,
                });
                effects.push(Effect::Send(change.room, event));
                self.new_password = Some((change.room, typed));
                self.password_change = None;
                self.hint("changing the password …");
            }
            (Some(present), Some(_)) => {
                change.present = Some(present);
                change.prompt.words = Some("They differ: type the new password anew.".to_owned());
            }
        }
    }

    /// The server took the new password, and has signed out all else of the account: the other rooms come
    /// back with it.
    pub(super) fn on_password_changed(&mut self, place: usize, effects: &mut Vec<Effect>) {
        self.tell(
            place,
            Tone::Good,
            "the password is changed; other clients are signed out",
        );
        let key = self.rooms[place].key;
        let Some((_, new)) = self.new_password.take_if(|(room, _)| *room == key) else {
            return;
        };
        self.credentials.change(new);
        self.rooms[place].password = self.credentials.number();
        self.connect_waiting(effects);
    }

    /// The server did not take the new password, as far as this room hears of it. Whoever was signed out
    /// meanwhile needs one.
    pub(super) fn give_change_up(&mut self, place: usize, effects: &mut Vec<Effect>) {
        let key = self.rooms[place].key;
        if self
            .new_password
            .take_if(|(room, _)| *room == key)
            .is_some()
        {
            self.connect_waiting(effects);
        }
    }
}
