//! `/undo`: what this user did as a moderator, and what undoes it. Owns the list; must not print.

use chat_protocol::{ClientEvent, RoomState};

use super::room::Room;
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
    /// The line that takes it back; it counts while it waits in the room's queue.
    taken_back_by: Option<u64>,
}

impl Session {
    /// Keeps what undoes `done`, in a room that was like `before` it.
    pub(super) fn note_done(&mut self, place: usize, done: &Item, before: &RoomState) {
        // What takes something back is no deed of its own.
        let is_its = |undo: &Undo| done.line.is_some() && undo.taken_back_by == done.line;
        if let Some(taken_back) = self.undos.iter().position(is_its) {
            self.undos.remove(taken_back);
            return;
        }
        let done = &done.event;
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
                taken_back_by: None,
            });
            let over = self.undos.len().saturating_sub(KEPT);
            self.undos.drain(..over);
        }
    }

    /// Takes back the newest deed that is not being taken back. It stays on the list until the server says
    /// that it was done.
    pub(super) fn undo(&mut self, line: u64) -> Result<(), String> {
        let rooms = &self.rooms;
        let is_under_way = |undo: &Undo| {
            let waits = |line| rooms[undo.room.0].queue.has_line(line);
            undo.taken_back_by.is_some_and(waits)
        };
        let newest = (self.undos.iter_mut().rev()).find(|undo| !is_under_way(undo));
        let Some(undo) = newest else {
            return Err("there is nothing to take back".to_owned());
        };
        let (place, words) = (undo.room.0, &undo.words);
        let Room {
            has_left, label, ..
        } = &rooms[place];
        if *has_left {
            return Err(format!(
                "can't take back {words}: you have left {label} (/join {label} first)"
            ));
        }
        undo.taken_back_by = Some(line);
        let (said, event) = (format!("taking back {words}"), undo.event.clone());
        self.answer(Some(place), &said);
        self.enqueue_item(place, Item::new(Some(line), event));
        Ok(())
    }
}
