//! The short numbers under which messages are known: one row of numbers for all rooms, none given
//! twice. Owns what is kept of a message so that a number stays good; must not know how it is shown.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};

use chat_protocol::{HeldId, Message, MessageId, Seq, Username};

use crate::link::RoomKey;
use crate::sanitize;

/// Messages that are kept, the newest by number.
const KEPT: usize = 10_000;
/// Bytes of their texts and ids together.
const KEPT_BYTES: usize = 8 * 1024 * 1024;
/// Held messages that are kept: a server of ours has no more waiting in a room.
const KEPT_HELD: usize = 1_000;

/// What is kept of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) number: u64,
    pub(super) room: RoomKey,
    pub(super) id: MessageId,
    /// Its position in the room's log.
    pub(super) seq: Seq,
    /// The author's name as shown, harmless.
    pub(super) author: Box<str>,
    /// The author's name as registered; `None` where it is none that the contract allows.
    pub(super) username: Option<Username>,
    /// Its text on one row, harmless; empty once it is deleted, for those who may not read it then.
    pub(super) text: Box<str>,
    /// Milliseconds since 1970, UTC.
    pub(super) time: u64,
    /// The message that it answers.
    pub(super) answers: Option<MessageId>,
    /// Who deleted it, harmless.
    pub(super) deleted_by: Option<Box<str>>,
    /// Of what it says: a log that was set back gives ids again.
    hash: u64,
}

impl Known {
    fn bytes(&self) -> usize {
        self.text.len() + 2 * self.id.as_str().len()
    }

    /// True where `username` wrote it.
    pub(super) fn is_by(&self, username: &Username) -> bool {
        self.username.as_ref() == Some(username)
    }
}

/// The messages under their numbers.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// In the order of their numbers, without holes.
    known: VecDeque<Known>,
    ids: HashMap<(RoomKey, MessageId), u64>,
    /// Numbers that were given.
    given: u64,
    bytes: usize,
}

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// For the first time; it has this number now.
    New(u64),
    /// It has had this number before.
    Known(u64),
}

impl Came {
    pub(super) fn number(self) -> u64 {
        match self {
            Came::New(number) | Came::Known(number) => number,
        }
    }
}

impl Numbers {
    /// Gives a message its number. `text` and `author` are its own, made harmless.
    pub(super) fn note(
        &mut self,
        room: RoomKey,
        message: &Message,
        author: &str,
        text: &str,
    ) -> Came {
        let hash = hash_of(message);
        if let Some(known) = self.find(room, &message.id)
            && known.hash == hash
        {
            return Came::Known(known.number);
        }
        self.given += 1;
        let known = Known {
            number: self.given,
            room,
            id: message.id.clone(),
            seq: message.seq,
            author: author.into(),
            username: Username::new(&message.username).ok(),
            text: text.into(),
            time: message.time,
            answers: message.reply_to.clone(),
            deleted_by: None,
            hash,
        };
        self.bytes += known.bytes();
        self.ids.insert((room, message.id.clone()), self.given);
        self.known.push_back(known);
        while self.known.len() > KEPT || self.bytes > KEPT_BYTES {
            self.forget_oldest();
        }
        Came::New(self.given)
    }

    /// The message with this number; or why there is none.
    pub(super) fn get(&self, number: u64) -> Result<&Known, String> {
        let first = self.known.front().map_or(self.given + 1, |one| one.number);
        match number {
            0 => Err("there is no message 0".to_owned()),
            _ if number > self.given => Err(format!("there is no message {number} yet")),
            _ if number < first => Err(format!(
                "message {number} is too long ago: numbers are kept from {first} on"
            )),
            _ => usize::try_from(number - first)
                .ok()
                .and_then(|place| self.known.get(place))
                .ok_or_else(|| format!("there is no message {number}")),
        }
    }

    /// The message with this id, where it has a number.
    pub(super) fn find(&self, room: RoomKey, id: &MessageId) -> Option<&Known> {
        let number = self.ids.get(&(room, id.clone()))?;
        self.get(*number).ok()
    }

    /// Notes that a message was deleted; `None` where it is not known, or was deleted before. Its text
    /// stays where `keep` says so.
    pub(super) fn delete(
        &mut self,
        room: RoomKey,
        id: &MessageId,
        by: &str,
        keep: bool,
    ) -> Option<&Known> {
        let number = *self.ids.get(&(room, id.clone()))?;
        let known = self.get_mut(number)?;
        if known.deleted_by.is_some() {
            return None;
        }
        let freed = known.delete(by, keep);
        self.bytes -= freed;
        self.get(number).ok()
    }

    /// The same for all messages of a room, or of one user there; how many those are.
    pub(super) fn delete_all(
        &mut self,
        room: RoomKey,
        username: Option<&Username>,
        by: &str,
        keep: bool,
    ) -> usize {
        let mut count = 0;
        for known in &mut self.known {
            let is_meant = known.room == room
                && known.deleted_by.is_none()
                && username.is_none_or(|username| known.is_by(username));
            if is_meant {
                self.bytes -= known.delete(by, keep);
                count += 1;
            }
        }
        count
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Known> {
        let first = self.known.front()?.number;
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        self.known.get_mut(place)
    }

    fn forget_oldest(&mut self) {
        let Some(known) = self.known.pop_front() else {
            return;
        };
        self.bytes -= known.bytes();
        let key = (known.room, known.id);
        // The id may have been given again since.
        if self.ids.get(&key) == Some(&known.number) {
            self.ids.remove(&key);
        }
    }
}

impl Known {
    /// Bytes that are freed.
    fn delete(&mut self, by: &str, keep: bool) -> usize {
        self.deleted_by = Some(by.into());
        if keep {
            return 0;
        }
        std::mem::take(&mut self.text).len()
    }
}

fn hash_of(message: &Message) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&message.username, &message.content).hash(&mut hasher);
    hasher.finish()
}

/// A message that waits for a moderator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeldKnown {
    pub(super) number: u64,
    pub(super) room: RoomKey,
    pub(super) id: HeldId,
    /// Its author's name as shown, harmless.
    pub(super) author: Box<str>,
}

/// The messages that wait, under numbers of their own.
#[derive(Debug, Default)]
pub(super) struct HeldNumbers {
    waiting: VecDeque<HeldKnown>,
    given: u64,
}

impl HeldNumbers {
    /// Gives a message its number; true where it is new.
    pub(super) fn note(&mut self, room: RoomKey, id: &HeldId, author: &str) -> (u64, bool) {
        let mut waiting = self.waiting.iter();
        if let Some(known) = waiting.find(|one| one.room == room && one.id == *id) {
            return (known.number, false);
        }
        self.given += 1;
        self.waiting.push_back(HeldKnown {
            number: self.given,
            room,
            id: id.clone(),
            author: sanitize::brief(author, chat_protocol::limits::USERNAME_CHARS).into(),
        });
        if self.waiting.len() > KEPT_HELD {
            self.waiting.pop_front();
        }
        (self.given, true)
    }

    /// Only these wait in the room.
    pub(super) fn keep(&mut self, room: RoomKey, ids: &[&HeldId]) {
        self.waiting
            .retain(|one| one.room != room || ids.contains(&&one.id));
    }

    /// The message waits no more; what was known of it.
    pub(super) fn remove(&mut self, room: RoomKey, id: &HeldId) -> Option<HeldKnown> {
        let place = self
            .waiting
            .iter()
            .position(|one| one.room == room && one.id == *id)?;
        self.waiting.remove(place)
    }

    /// The message with this number; or why there is none.
    pub(super) fn get(&self, number: u64) -> Result<&HeldKnown, String> {
        let mut waiting = self.waiting.iter();
        waiting
            .find(|one| one.number == number)
            .ok_or_else(|| format!("h{number} is not waiting (/held lists those that are)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ROOM: RoomKey = RoomKey(0);

    fn message(id: &str, user: &str, content: &str) -> Message {
        serde_json::from_value(json!({
            "username": user, "displayName": user, "content": content, "id": id, "seq": 1,
            "rank": 3, "time": 0, "room": "r",
        }))
        .unwrap()
    }

    fn note(numbers: &mut Numbers, id: &str, content: &str) -> Came {
        numbers.note(ROOM, &message(id, "bob", content), "bob", content)
    }

    fn id(text: &str) -> MessageId {
        MessageId::new(text).unwrap()
    }

    #[test]
    fn a_message_has_one_number_for_ever() {
        let mut numbers = Numbers::default();
        assert_eq!(note(&mut numbers, "a", "one"), Came::New(1));
        assert_eq!(note(&mut numbers, "b", "two"), Came::New(2));
        assert_eq!(note(&mut numbers, "a", "one"), Came::Known(1));
        let elsewhere = numbers.note(RoomKey(1), &message("a", "bob", "one"), "bob", "one");
        assert_eq!(elsewhere, Came::New(3), "another room, another message");
        assert_eq!(numbers.get(2).unwrap().id, id("b"));
        assert_eq!(numbers.find(ROOM, &id("a")).unwrap().number, 1);
        assert_eq!(
            note(&mut numbers, "a", "another text"),
            Came::New(4),
            "the log was set back"
        );
        assert_eq!(&*numbers.get(1).unwrap().text, "one");
    }

    #[test]
    fn a_number_that_is_none_says_so() {
        let mut numbers = Numbers::default();
        for number in 1..=KEPT + 5 {
            note(&mut numbers, &number.to_string(), "x");
        }
        assert!(numbers.get(5).unwrap_err().contains("from 6 on"));
        assert_eq!(numbers.get(6).unwrap().id, id("6"));
        let next = KEPT as u64 + 6;
        assert!(numbers.get(next).unwrap_err().contains("yet"));
        assert!(numbers.get(0).is_err());
        assert!(Numbers::default().get(1).is_err());
        assert_eq!(
            note(&mut numbers, "1", "x"),
            Came::New(next),
            "forgotten, so never again under its old number"
        );
    }

    #[test]
    fn large_texts_are_forgotten_sooner() {
        let mut numbers = Numbers::default();
        let text = "x".repeat(1024 * 1024);
        for number in 1..=20 {
            note(&mut numbers, &number.to_string(), &text);
        }
        assert!(numbers.bytes <= KEPT_BYTES);
        assert!(numbers.get(20).is_ok());
        assert_eq!(numbers.ids.len(), numbers.known.len());
    }

    #[test]
    fn deleted_text_stays_only_where_it_is_to_stay() {
        let mut numbers = Numbers::default();
        for name in ["a", "b", "c"] {
            note(&mut numbers, name, "text");
        }
        let known = numbers.delete(ROOM, &id("a"), "erin", false).unwrap();
        assert_eq!(
            (&*known.text, known.deleted_by.as_deref()),
            ("", Some("erin"))
        );
        assert_eq!(numbers.delete(ROOM, &id("a"), "erin", false), None);
        let known = numbers.delete(ROOM, &id("b"), "erin", true).unwrap();
        assert_eq!(&*known.text, "text");
        assert_eq!(numbers.delete_all(RoomKey(1), None, "erin", false), 0);
        let bob = Username::new("Bob").unwrap();
        assert_eq!(numbers.delete_all(ROOM, Some(&bob), "erin", false), 1);
        assert_eq!(note(&mut numbers, "a", "text"), Came::Known(1));
    }

    #[test]
    fn held_messages_have_numbers_of_their_own() {
        let mut held = HeldNumbers::default();
        let id = |text: &str| HeldId::new(text).unwrap();
        assert_eq!(held.note(ROOM, &id("7"), "eve"), (1, true));
        assert_eq!(held.note(ROOM, &id("8"), "eve"), (2, true));
        assert_eq!(held.note(ROOM, &id("7"), "eve"), (1, false));
        assert_eq!(held.note(RoomKey(1), &id("7"), "eve"), (3, true));
        held.keep(ROOM, &[&id("8")]);
        assert!(held.get(1).is_err());
        assert!(held.get(3).is_ok());
        assert_eq!(held.remove(ROOM, &id("8")).unwrap().number, 2);
        assert_eq!(held.note(ROOM, &id("8"), "eve"), (4, true));
    }
}
