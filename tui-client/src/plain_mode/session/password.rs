//! `/password`: the present password, the new one, and that once more, each on a line that is not shown.
//! Must not keep any of it longer than needed.

use chat_protocol::{ChangePassword, ClientEvent, Secret};

use super::room::Link;
use super::{Effect, Session};

/// The questions, one after the other, and what waits for the server's word.
#[derive(Debug)]
pub(super) struct Change {
    place: usize,
    present: Option<Secret>,
    new: Option<Secret>,
    /// It was sent.
    is_sent: bool,
}

impl Session {
    /// Begins to ask.
    pub(super) fn begin_to_change_password(&mut self) -> Result<(), String> {
        if !self.is_interactive {
            return Err("/password needs a terminal to be typed at".to_owned());
        }
        if self.rooms[self.active].link != Link::Live {
            return Err("not connected".to_owned());
        }
        self.change = Some(Change {
            place: self.active,
            present: None,
            new: None,
            is_sent: false,
        });
        self.ask("the present password (what you type is not shown; an empty line ends this):");
        Ok(())
    }

    /// Takes the next answer.
    pub(super) fn take_password(&mut self, typed: Secret) {
        let Some(change) = &mut self.change else {
            return;
        };
        if typed.expose().is_empty() {
            self.change = None;
            return self.answer(None, "the password stays as it is");
        }
        match (change.present.take(), change.new.take()) {
            (None, _) => {
                change.present = Some(typed);
                self.ask("the new password:");
            }
            (Some(present), None) => {
                (change.present, change.new) = (Some(present), Some(typed));
                self.ask("the new password again:");
            }
            (Some(present), Some(new)) if new == typed => {
                let event = ClientEvent::ChangePassword(ChangePassword {
                    password: present,
                    new_password: new,
                });
                (change.new, change.is_sent) = (Some(typed), true);
                let place = change.place;
                self.rooms[place]
                    .queue
                    .push(super::Item::new(Some(0), event));
                self.send_next(place);
            }
            (Some(present), Some(_)) => {
                change.present = Some(present);
                self.ask("they differ; the new password:");
            }
        }
    }

    /// The server took it: the other rooms come back with it.
    pub(super) fn on_password_changed(&mut self, place: usize) {
        self.answer(
            Some(place),
            "the password is changed; other clients are signed out",
        );
        if let Some(new) = self.change.take().and_then(|change| change.new) {
            self.password = Some(new);
            self.is_proven = true;
        }
        self.connect_waiting();
    }

    /// The server did not take it, or is not there any more.
    pub(super) fn give_change_up(&mut self, place: usize, why: &str) {
        self.change = None;
        self.answer(Some(place), &format!("the password was not changed: {why}"));
        self.connect_waiting();
    }

    /// True while the server decides.
    pub(super) fn is_changing_password(&self) -> bool {
        self.change.as_ref().is_some_and(|change| change.is_sent)
    }

    fn ask(&mut self, words: &str) {
        self.tell(None, words);
        self.effects.push(Effect::AskPassword);
    }
}
