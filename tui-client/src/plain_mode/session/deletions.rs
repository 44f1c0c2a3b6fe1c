//! What is said of messages that are deleted. Must not delete any.

use chat_protocol::{Cleared, MessageDeleted, Purged, Username, limits::USERNAME_CHARS};

use super::Session;
use crate::sanitize;

impl Session {
    pub(super) fn on_deleted(&mut self, place: usize, deleted: &MessageDeleted, is_answer: bool) {
        let by = sanitize::brief(&deleted.by, USERNAME_CHARS);
        let (key, keep) = (self.rooms[place].key, self.is_moderator(place));
        let known = self.numbers.delete(key, &deleted.id, &by, keep);
        let what = known.map(|known| format!("{} by {}", known.number, known.author));
        match (what, is_answer) {
            (Some(what), true) => self.answer(Some(place), &format!("{what} is deleted")),
            (None, true) => self.answer(Some(place), "the message is deleted"),
            (Some(what), false) => {
                self.tell_room(place, &format!("{what} was deleted by {by}"));
            }
            // It was never said.
            (None, false) => {}
        }
    }

    pub(super) fn on_purged(&mut self, place: usize, purged: &Purged, is_answer: bool) {
        let by = sanitize::brief(&purged.by, USERNAME_CHARS);
        let target = sanitize::brief(&purged.username, USERNAME_CHARS);
        let (key, keep) = (self.rooms[place].key, self.is_moderator(place));
        // Who has no name that the contract allows has no messages here.
        let count = Username::new(&purged.username).map_or(0, |username| {
            self.numbers.delete_all(key, Some(&username), &by, keep)
        });
        let here = match count {
            0 => String::new(),
            count => format!(" ({count} of them were said here)"),
        };
        match is_answer {
            true => self.answer(
                Some(place),
                &format!("all messages from {target} are deleted{here}"),
            ),
            false => self.tell_room(
                place,
                &format!("{by} deleted all messages from {target}{here}"),
            ),
        }
    }

    pub(super) fn on_cleared(&mut self, place: usize, cleared: &Cleared, is_answer: bool) {
        let by = sanitize::brief(&cleared.by, USERNAME_CHARS);
        let (key, keep) = (self.rooms[place].key, self.is_moderator(place));
        self.numbers.delete_all(key, None, &by, keep);
        match is_answer {
            true => self.answer(Some(place), "all messages of the room are deleted"),
            false => self.tell_room(place, &format!("{by} deleted all messages of the room")),
        }
    }
}
