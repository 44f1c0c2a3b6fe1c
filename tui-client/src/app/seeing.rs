//! What of the rooms the user sees, and the way to what was not seen. Must not know how a room counts
//! it.

use chat_protocol::Message;

use super::App;
use super::mention;
use super::reading::{Counts, Heard, Mark, Next, next};
use super::timeline::{self, Author, Reader};

/// What is said where there is nothing to go to.
const NOWHERE: &str = "nothing is unread, and nobody mentioned you";

impl App {
    /// The room in view is seen while nothing covers it and the terminal has the focus.
    pub(super) fn see(&mut self) {
        let is_covered =
            self.panel.is_some() || self.question().is_some() || self.room().is_covered();
        if is_covered || !self.is_focused || self.room().reading.is_up_to_date() {
            return;
        }
        let Some(span) = self
            .room()
            .timeline
            .span(self.geometry(), self.view_height())
        else {
            return;
        };
        let reading = &mut self.room_mut().reading;
        let before = (reading.unread(), reading.mentions());
        match span.is_end {
            true => reading.see_end(span.from),
            false => reading.see(span.from, span.to),
        }
        self.draw |= before != (reading.unread(), reading.mentions());
    }

    /// Puts the line above what is new where the user was, and leaves it there while that is read.
    pub(super) fn place_line(&mut self) {
        for room in &mut self.rooms {
            room.reading.settle();
        }
        let room = self.room_mut();
        let line = room.reading.line();
        if room.timeline.unread_mark().map(|mark| mark.seq) != line {
            match (line, room.reading.mark()) {
                (Some(seq), Some(Mark { epoch, .. })) => {
                    let epoch = epoch.clone();
                    room.timeline.set_unread_mark(timeline::Mark { epoch, seq });
                }
                _ => room.timeline.clear_unread_mark(),
            }
            self.draw = true;
        }
        let room = self.room_mut();
        if room.reading.is_up_to_date() {
            room.timeline.begin_reading();
        }
    }

    /// Counts a message that came, where it is new.
    pub(super) fn count_message(&mut self, place: usize, message: &Message) {
        let room = &mut self.rooms[place];
        let author = room.timeline.find(&message.id);
        let author = author.and_then(|entry| Some(entry.post()?.author.key.clone()));
        let author = author.unwrap_or_else(|| Author::key_of(&message.username));
        let heard = heard(message, author, &self.reader);
        room.reading.message(&heard);
        room.lately.count(self.now.elapsed);
        // Now there is.
        if self.answers.hinted() == Some(NOWHERE) {
            self.draw |= self.answers.forget_hint();
        }
    }

    /// Goes to what was not seen: the oldest mention of all rooms, then rooms in turn.
    pub(super) fn go_to_next(&mut self) {
        let rooms = self.rooms.iter().map(|room| &room.reading);
        match next(rooms, self.active) {
            Next::Mention(place, mention) => {
                self.show_room(place);
                self.room_mut().reading.see(mention.seq, mention.seq);
                self.show_message(&mention.id, mention.seq);
            }
            Next::Room(place) => {
                self.show_room(place);
                let room = self.room_mut();
                room.leave_views();
                room.timeline.follow();
            }
            Next::Nowhere => self.hint(NOWHERE),
        }
    }
}

/// What a message counts as for the user.
pub(super) fn heard(message: &Message, author: Box<str>, reader: &Reader) -> Heard {
    let is_nothing = author == reader.key || reader.ignored.contains(&author);
    let kind = match is_nothing {
        true => Counts::Nothing,
        false if mention::names_any(&message.content, &reader.names) => Counts::Mention,
        false => Counts::Message,
    };
    Heard::new(message, author, kind)
}
