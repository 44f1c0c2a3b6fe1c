//! Rooms come and go: opening another one, closing one without losing what was typed there, and going
//! to one by its name. Must not know which key or command asked.

use std::time::Duration;

use chat_protocol::RoomName;

use super::App;
use super::card::counted;
use super::event::Effect;
use super::room::Room;
use super::row::Tone;
use crate::link::RoomKey;

/// Rooms that one client may show.
const ROOMS: usize = 32;
/// How long the question whether to close a room all the same stands.
const QUESTION: Duration = Duration::from_secs(10);

impl App {
    /// Opens a room, or goes to it where it is open.
    pub(super) fn join(&mut self, name: RoomName, effects: &mut Vec<Effect>) {
        let plain = name.plain();
        let open = self
            .rooms
            .iter()
            .position(|room| room.name.plain() == plain);
        if let Some(place) = open {
            return self.show_room(place);
        }
        if self.rooms.len() >= ROOMS {
            let words = format!("at most {ROOMS} rooms can be open: /leave closes one");
            return self.say(Tone::Alert, words);
        }
        self.keys_given += 1;
        let key = RoomKey(self.keys_given);
        self.rooms.push(Room::new(key, name));
        let place = self.rooms.len() - 1;
        self.take_up_room(place);
        self.show_room(place);
        self.connect(place, effects);
    }

    /// Closes the room in view; where something there would be lost, only when asked again.
    pub(super) fn leave(&mut self, effects: &mut Vec<Effect>) {
        if self.rooms.len() == 1 {
            return self.say(Tone::Alert, "this is the only room: /quit ends the program");
        }
        let now = self.now.elapsed;
        let room = self.room();
        let key = room.key;
        let unsent = room.timeline.unsent().count();
        let has_draft = !room.composer.is_empty();
        let insists = self
            .leave_asked
            .take()
            .is_some_and(|(asked, until)| asked == key && now < until);
        if (unsent > 0 || has_draft) && !insists {
            self.leave_asked = Some((key, now + QUESTION));
            let what = match unsent {
                0 => "a draft".to_owned(),
                count => counted(count, "message that was not sent")
                    .replace("message that was not sents", "messages that were not sent"),
            };
            let words = format!("there is {what} here: /leave again within 10 s closes the room");
            return self.say(Tone::Alert, words);
        }
        self.end_selection();
        self.panel = None;
        self.bar = None;
        self.give_orders_up(self.active);
        effects.push(Effect::Disconnect(key));
        self.keep_room(self.active);
        let left = self.rooms.remove(self.active);
        self.active = self.active.min(self.rooms.len() - 1);
        if self.credentials.give_up(key) {
            self.connect_waiting(effects);
        }
        self.show_room(self.active);
        self.say(Tone::Faint, format!("left {}", left.label));
    }

    /// Goes to a room by its number or its name, or the beginning of that.
    pub(super) fn go_to_room(&mut self, text: &str) {
        if let Some(place) = text
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1))
            && place < self.rooms.len()
        {
            return self.show_room(place);
        }
        let wanted = text.to_lowercase();
        let labels = || self.rooms.iter().map(|room| room.label.to_lowercase());
        let place = labels()
            .position(|label| label == wanted)
            .or_else(|| labels().position(|label| label.starts_with(&wanted)));
        match place {
            Some(place) => self.show_room(place),
            None => {
                let shown = crate::sanitize::brief(text, 40);
                self.say(
                    Tone::Alert,
                    format!("no room {shown} is open: /join opens one"),
                );
            }
        }
    }
}
