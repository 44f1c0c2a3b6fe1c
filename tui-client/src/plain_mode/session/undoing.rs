//! `/undo`: what this user did as a moderator, and what undoes it. Owns the list; must not print.

use chat_protocol::{ClientEvent, RoomState};

use super::{Item, Session};
use crate::app::{Before, reverse};
use crate::command::typed_as;
use crate::link::RoomKey;

/// Deeds that can be taken back, the newest; older ones go.
const KEPT: usize = 200;

/// Something that was done, and what undoes it.
#[derive(Debug)]
pub(super) struct Undo {
    room: RoomKey,
    words: String,
    event: ClientEvent,
}

impl Session {
    /// Keeps what undoes `done`, in a room that was like `before` it.
    pub(super) fn note_done(&mut self, place: usize, done: &ClientEvent, before: &RoomState) {
        // What takes something back is no deed of its own.
        if self.undoing.take_if(|undoing| undoing == done).is_some() {
            return;
        }
        // Who had which rank before is not known here, so it can't be given back.
        if let ClientEvent::DelMod { .. } = done {
            return;
        }
        let before = Before::of(before);
        if let Some(event) = reverse(done, &before) {
            self.undos.push(Undo {
                room: self.rooms[place].key,
                words: format!("/{}", typed_as(done)),
                event,
            });
            let over = self.undos.len().saturating_sub(KEPT);
            self.undos.drain(..over);
        }
    }

    /// Takes the newest deed back.
    pub(super) fn undo(&mut self, line: u64) -> Result<(), String> {
        let Some(Undo { room, words, event }) = self.undos.pop() else {
            return Err("there is nothing to take back".to_owned());
        };
        if self.rooms[room.0].has_left {
            let label = &self.rooms[room.0].label;
            return Err(format!("can't take back {words}: you have left {label}"));
        }
        self.answer(Some(room.0), &format!("taking back {words}"));
        self.undoing = Some(event.clone());
        self.enqueue_item(room.0, Item::new(Some(line), event));
        Ok(())
    }
}
