//! What of a session outlives the program: rooms, what was read, drafts, who is ignored. Types and how
//! two of them become one; pure. `state` keeps it in files, the app fills it and goes on from it.

use chat_protocol::{Epoch, MessageId, RoomName, Seq};

/// Drafts that are kept of a room: that of the input box, and what other clients left behind.
pub(crate) const DRAFTS: usize = 5;
/// Mentions that were not seen, of a room: the newest.
pub(crate) const MENTIONS: usize = 100;
/// Rooms that are remembered although they are not open.
pub(crate) const CLOSED_ROOMS: usize = 200;
/// Names that are remembered as ignored.
pub(crate) const IGNORED: usize = 1_000;

/// What is kept of one user's session on one server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SavedSession {
    /// Those that are open, in their order on the screen, and behind them those that are not.
    pub(crate) rooms: Vec<SavedRoom>,
    /// The room that was in view.
    pub(crate) active: Option<RoomName>,
    /// Names of people who are ignored, in every room.
    pub(crate) ignored: Vec<String>,
}

/// What is kept of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SavedRoom {
    pub(crate) name: RoomName,
    /// The session has it on the screen.
    pub(crate) is_open: bool,
    /// Up to where it was read.
    pub(crate) read: Option<ReadMark>,
    /// What names the user and was not seen, in the same life of the log, the oldest first.
    pub(crate) mentions: Vec<SavedMention>,
    /// What was typed and never sent: the last one stood in the input box.
    pub(crate) drafts: Vec<SavedDraft>,
}

/// A mention that was not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SavedMention {
    pub(crate) id: MessageId,
    pub(crate) seq: Seq,
    /// What the author's name is compared by.
    pub(crate) author: String,
    /// In milliseconds since 1970, UTC.
    pub(crate) time: u64,
}

/// A message that was not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SavedDraft {
    pub(crate) text: String,
    /// Where the cursor is, in bytes.
    pub(crate) cursor: usize,
    /// The message that it answers: its id, who wrote it, and its beginning.
    pub(crate) reply: Option<(MessageId, String, String)>,
}

/// A place in a room's log up to which all was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadMark {
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    /// When the newest message up to there was posted, in milliseconds since 1970, UTC.
    pub(crate) time: u64,
}

impl SavedRoom {
    /// A room that nothing is known of.
    pub(crate) fn new(name: RoomName, is_open: bool) -> Self {
        Self {
            name,
            is_open,
            read: None,
            mentions: Vec::new(),
            drafts: Vec::new(),
        }
    }

    /// Takes over what another client knew of the same room.
    fn take_over(&mut self, other: SavedRoom) {
        self.is_open |= other.is_open;
        // Of two lives of the log the later one is the room's; who read further saw more.
        let rank = |read: &Option<ReadMark>| read.as_ref().map(|read| (read.time, read.seq));
        if rank(&other.read) > rank(&self.read) {
            self.read = other.read;
            self.mentions = other.mentions;
        }
        let is_new = |draft: &SavedDraft| self.drafts.iter().all(|own| own.text != draft.text);
        let mut drafts: Vec<SavedDraft> = other.drafts.into_iter().filter(is_new).collect();
        drafts.append(&mut self.drafts);
        // The last is the one that goes on.
        drafts.drain(..drafts.len().saturating_sub(DRAFTS));
        self.drafts = drafts;
    }
}

impl SavedSession {
    /// The rooms that are open, in order.
    pub(crate) fn open_rooms(&self) -> impl Iterator<Item = &SavedRoom> {
        self.rooms.iter().filter(|room| room.is_open)
    }

    /// What is known of a room, whatever its spelling.
    pub(crate) fn room(&self, name: &RoomName) -> Option<&SavedRoom> {
        let plain = name.plain();
        self.rooms.iter().find(|room| room.name.plain() == plain)
    }

    /// Puts a room that is closed before the others that are, in place of what was known of it.
    pub(crate) fn put(&mut self, room: SavedRoom) {
        let plain = room.name.plain();
        self.rooms.retain(|one| one.name.plain() != plain);
        let place = self.open_rooms().count();
        self.rooms.insert(place, room);
    }

    /// The same session with exactly these rooms open, in this order; what is known of others is kept.
    pub(crate) fn opened(mut self, names: &[RoomName]) -> Self {
        let mut rooms: Vec<SavedRoom> = Vec::new();
        for name in names {
            let plain = name.plain();
            let known = self.rooms.iter().position(|one| one.name.plain() == plain);
            let mut room = match known {
                Some(place) => self.rooms.remove(place),
                None => SavedRoom::new(name.clone(), true),
            };
            room.is_open = true;
            rooms.push(room);
        }
        let closed = self.rooms.drain(..).map(|room| SavedRoom {
            is_open: false,
            ..room
        });
        rooms.extend(closed);
        self.rooms = rooms;
        self
    }

    /// Takes over what a client left behind that ran at the same time.
    pub(crate) fn take_over(&mut self, other: SavedSession) {
        for room in other.rooms {
            let plain = room.name.plain();
            let own = self.rooms.iter_mut().find(|own| own.name.plain() == plain);
            match own {
                Some(own) => own.take_over(room),
                None => self.rooms.push(room),
            }
        }
        self.rooms.sort_by_key(|room| !room.is_open);
        self.active = self.active.take().or(other.active);
        for name in other.ignored {
            if !self.ignored.contains(&name) {
                self.ignored.push(name);
            }
        }
    }

    /// The same within bounds: the rooms that are open, those that were left last, the newest names.
    pub(crate) fn bounded(mut self) -> Self {
        let mut closed = 0;
        self.rooms.retain(|room| {
            closed += usize::from(!room.is_open);
            room.is_open || closed <= CLOSED_ROOMS
        });
        let surplus = self.ignored.len().saturating_sub(IGNORED);
        self.ignored.drain(..surplus);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> RoomName {
        RoomName::new(text).unwrap()
    }

    fn draft(text: &str) -> SavedDraft {
        SavedDraft {
            text: text.to_owned(),
            ..SavedDraft::default()
        }
    }

    fn texts(room: &SavedRoom) -> Vec<&str> {
        room.drafts.iter().map(|draft| &*draft.text).collect()
    }

    fn room(text: &str, drafts: &[&str], seq: u64) -> SavedRoom {
        let epoch = Epoch::new("e").unwrap();
        SavedRoom {
            read: Some(ReadMark {
                epoch,
                seq: Seq(seq),
                time: seq,
            }),
            drafts: drafts.iter().map(|text| draft(text)).collect(),
            ..SavedRoom::new(name(text), true)
        }
    }

    fn session(rooms: Vec<SavedRoom>) -> SavedSession {
        SavedSession {
            rooms,
            ..SavedSession::default()
        }
    }

    fn names(session: &SavedSession) -> Vec<(&str, bool)> {
        let rooms = session.rooms.iter();
        rooms
            .map(|room| (room.name.as_str(), room.is_open))
            .collect()
    }

    #[test]
    fn two_clients_drafts_are_both_kept() {
        let mut own = session(vec![room("a", &["mine"], 5), room("b", &[], 9)]);
        let theirs = session(vec![
            room("b", &["theirs"], 3),
            room("a", &["mine", "third", "other"], 7),
            room("c", &[], 1),
        ]);
        own.take_over(theirs);
        assert_eq!(names(&own), [("a", true), ("b", true), ("c", true)]);
        let [a, b, _] = &own.rooms[..] else { panic!() };
        assert_eq!(texts(a), ["third", "other", "mine"]);
        assert_eq!(a.read.as_ref().unwrap().seq, Seq(7));
        assert_eq!(texts(b), ["theirs"]);
        assert_eq!(b.read.as_ref().unwrap().seq, Seq(9));
        let mut many = room("a", &["1", "2", "3"], 1);
        many.take_over(room("a", &["4", "5", "6"], 1));
        assert_eq!(texts(&many), ["5", "6", "1", "2", "3"]);
    }

    #[test]
    fn rooms_that_are_not_opened_are_remembered() {
        let saved = session(vec![room("a", &["x"], 1), room("cafe\u{301}", &["y"], 1)]);
        let opened = saved.opened(&[name("new"), name("café")]);
        let expected = [("new", true), ("cafe\u{301}", true), ("a", false)];
        assert_eq!(names(&opened), expected);
        assert_eq!(texts(opened.room(&name("café")).unwrap()), ["y"]);
        assert_eq!(texts(opened.room(&name("a")).unwrap()), ["x"]);
        assert_eq!(opened.open_rooms().count(), 2);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut rooms: Vec<SavedRoom> = (0..300)
            .map(|number| SavedRoom::new(name(&number.to_string()), false))
            .collect();
        rooms[250].is_open = true;
        let mut big = session(rooms);
        big.ignored = (0..2_000).map(|number| number.to_string()).collect();
        let bounded = big.bounded();
        assert_eq!(bounded.rooms.len(), CLOSED_ROOMS + 1);
        assert_eq!(bounded.ignored.len(), IGNORED);
        assert_eq!(bounded.ignored[0], "1000");
    }
}
