//! Which rooms there are, and which one is typed in.

use chat_protocol::RoomName;

use super::room::{Link, Room};
use super::{Effect, Session};
use crate::link::RoomKey;
use crate::sanitize;

/// Rooms at a time.
const ROOMS: usize = 50;
/// Characters of what was typed that are said again.
const TYPED_CHARS: usize = 60;

impl Session {
    pub(super) fn say_rooms(&mut self) {
        for place in 0..self.rooms.len() {
            let room = &self.rooms[place];
            if room.has_left {
                continue;
            }
            let state = match room.link {
                Link::Live => "connected",
                Link::Off | Link::Down => "connecting",
                Link::Stopped { .. } => "not connected",
            };
            let typed_in = match place == self.active {
                true => ", you type here",
                false => "",
            };
            let words = format!("{}: {state}{typed_in}", room.label);
            self.answer(None, &words);
        }
    }

    pub(super) fn change_room(&mut self, name: &str) -> Result<(), String> {
        let wanted = RoomName::any(name).map_err(|error| format!("the room's name {error}"))?;
        let Some(place) = self
            .place_of(&wanted)
            .filter(|place| !self.rooms[*place].has_left)
        else {
            let shown = sanitize::brief(name, TYPED_CHARS);
            return Err(format!(
                "there is no room {shown} here (/room lists them, /join opens one)"
            ));
        };
        self.type_in(place);
        Ok(())
    }

    /// Opens another room, or one again that was left.
    pub(super) fn join(&mut self, name: &RoomName) -> Result<(), String> {
        let place = match self.place_of(name) {
            Some(place) => place,
            None => {
                let open = self.rooms.iter().filter(|room| !room.has_left).count();
                // Those that were left keep their places: what they said has numbers.
                if open >= ROOMS || self.rooms.len() >= 10 * ROOMS {
                    return Err(format!("these are {open} rooms, that is the most"));
                }
                let key = RoomKey(self.rooms.len());
                self.rooms.push(Room::new(key, name.clone()));
                key.0
            }
        };
        let room = &mut self.rooms[place];
        if std::mem::take(&mut room.has_left) {
            room.link = Link::Off;
            room.has_entered = false;
        }
        self.type_in(place);
        self.connect_waiting();
        Ok(())
    }

    /// Closes the room that is typed in.
    pub(super) fn leave(&mut self) -> Result<(), String> {
        let place = self.active;
        let is_other = |other: &usize| *other != place && !self.rooms[*other].has_left;
        let Some(next) = (0..self.rooms.len()).find(is_other) else {
            return Err("this is the only room: /quit leaves the program".to_owned());
        };
        let room = &mut self.rooms[place];
        room.has_left = true;
        room.link = Link::Stopped { is_refused: false };
        let (key, label) = (room.key, room.label.clone());
        let waiting = room.queue.drain();
        self.effects.push(Effect::Disconnect(key));
        for item in waiting.iter().filter(|item| item.line.is_some()) {
            self.refuse_item(place, item, "you left the room");
        }
        self.answer(None, &format!("you have left {label}"));
        self.type_in(next);
        Ok(())
    }

    fn type_in(&mut self, place: usize) {
        self.active = place;
        let words = format!("you type in {} now", self.rooms[place].label);
        self.answer(None, &words);
    }

    fn place_of(&self, name: &RoomName) -> Option<usize> {
        let is_it = |room: &Room| room.name.plain() == name.plain();
        self.rooms.iter().position(is_it)
    }
}
