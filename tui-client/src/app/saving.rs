//! What of the app outlives the program, and how it is taken up again. Must not know where it is kept.

use super::composer::{Draft, Reply};
use super::reading::{Mark, Mention, Reading};
use super::{App, Room};
use crate::sanitize;
use crate::session_state::{ReadMark, SavedDraft, SavedMention, SavedRoom, SavedSession};

/// Characters of a name and of a quote.
const QUOTE_CHARS: usize = 200;

impl App {
    /// What is to be kept for the next start. What was kept of rooms that are not open stays.
    pub(crate) fn saved(&self) -> SavedSession {
        let names: Vec<_> = self.rooms.iter().map(|room| room.name.clone()).collect();
        let mut saved = self.kept.clone().opened(&names);
        for (saved, room) in saved.rooms.iter_mut().zip(&self.rooms) {
            self.fill(saved, room);
        }
        saved.ignored = self.ignored_to_save();
        saved.active = self.rooms.get(self.active).map(|room| room.name.clone());
        saved
    }

    /// Goes on from what was kept of the rooms that are open.
    pub(super) fn take_up(&mut self, kept: SavedSession) {
        let is_active = |room: &Room| {
            let active = kept.active.as_ref();
            active.is_some_and(|active| active.plain() == room.name.plain())
        };
        self.active = self.rooms.iter().position(is_active).unwrap_or(0);
        self.restore_ignored(kept.ignored.clone());
        self.kept = kept;
        for place in 0..self.rooms.len() {
            self.take_up_room(place);
        }
    }

    /// Goes on from what was kept of a room that was opened.
    pub(super) fn take_up_room(&mut self, place: usize) {
        let room = &self.rooms[place];
        let Some(kept) = self.kept.room(&room.name) else {
            return;
        };
        let (key, drafts, read) = (room.key, kept.drafts.clone(), kept.read.clone());
        if let Some(read) = read {
            let mentions = kept.mentions.clone();
            self.rooms[place].reading = Reading::new(Some(Mark {
                epoch: read.epoch,
                seq: read.seq,
                time: read.time,
            }));
            let mentions = mentions.into_iter().map(mention);
            self.rooms[place].reading.remember(mentions);
        }
        // Two go into the input box, one behind the other; older ones are reached with Up.
        let before = drafts.len().saturating_sub(2);
        for draft in &drafts[..before] {
            self.memory.history.add(&draft.text);
        }
        self.restore_drafts(key, drafts[before..].iter().map(draft).collect());
    }

    /// Keeps what is known of a room that is about to be closed.
    pub(super) fn keep_room(&mut self, place: usize) {
        let room = &self.rooms[place];
        let mut saved = SavedRoom::new(room.name.clone(), false);
        self.fill(&mut saved, room);
        self.kept.put(saved);
    }

    fn fill(&self, saved: &mut SavedRoom, room: &Room) {
        let drafts = room.composer.drafts(&self.memory.history);
        saved.name = room.name.clone();
        saved.drafts = drafts.into_iter().map(saved_draft).collect();
        let mentions = room.reading.unseen_mentions().into_iter();
        saved.mentions = mentions.map(saved_mention).collect();
        if let Some(mark) = room.reading.mark() {
            saved.read = Some(ReadMark {
                epoch: mark.epoch.clone(),
                seq: mark.seq,
                time: mark.time,
            });
        }
    }
}

fn saved_mention(mention: Mention) -> SavedMention {
    SavedMention {
        id: mention.id,
        seq: mention.seq,
        author: mention.author.into(),
        time: mention.time,
    }
}

fn mention(saved: SavedMention) -> Mention {
    Mention {
        id: saved.id,
        seq: saved.seq,
        author: saved.author.into(),
        time: saved.time,
    }
}

fn saved_draft(draft: Draft) -> SavedDraft {
    SavedDraft {
        text: draft.text,
        cursor: draft.cursor,
        reply: draft.reply.map(|reply| (reply.id, reply.name, reply.quote)),
    }
}

/// A draft from a file, which may have been changed by hand.
fn draft(saved: &SavedDraft) -> Draft {
    let reply = saved.reply.as_ref().map(|(id, name, quote)| Reply {
        id: id.clone(),
        name: sanitize::brief(name, QUOTE_CHARS),
        quote: sanitize::brief(quote, QUOTE_CHARS),
    });
    Draft {
        text: saved.text.clone(),
        cursor: saved.cursor,
        reply,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Driven;
    use super::*;
    use crate::app::Event;
    use chat_protocol::RoomName;

    fn texts(saved: &SavedSession) -> Vec<(String, bool, Vec<&str>)> {
        let rooms = saved.rooms.iter().map(|room| {
            let drafts = room.drafts.iter().map(|draft| &*draft.text).collect();
            (room.name.as_str().to_owned(), room.is_open, drafts)
        });
        rooms.collect()
    }

    /// The next run, with what the last one kept.
    fn next(rooms: &[&str], saved: SavedSession) -> Driven {
        let mut driven = Driven::new(rooms, Some("pw"));
        driven.app.take_up(saved);
        driven.tell(Event::Started);
        driven
    }

    #[test]
    fn drafts_and_the_room_in_view_come_back() {
        let mut driven = next(&["a", "b"], SavedSession::default());
        driven.type_in("half a sentence");
        driven.app.go_to_room("b");
        driven.type_in("other");
        let saved = driven.app.saved();
        let a = ("a".to_owned(), true, vec!["half a sentence"]);
        assert_eq!(
            texts(&saved),
            [a.clone(), ("b".to_owned(), true, vec!["other"])]
        );
        let mut again = next(&["a", "b"], saved.clone());
        assert_eq!(again.app.room().name.as_str(), "b");
        assert_eq!(again.app.room().composer.text(), "other");
        assert_eq!(again.app.saved(), saved);
        again.app.go_to_room("a");
        again.type_in(", ended");
        assert_eq!(again.app.room().composer.text(), "half a sentence, ended");
        // Where only one of them is opened, the other is kept.
        let mut one = next(&["b"], saved);
        let closed = ("a".to_owned(), false, vec!["half a sentence"]);
        assert_eq!(texts(&one.app.saved())[1], closed);
        let name = RoomName::new("a").unwrap();
        one.app.join(name, &mut Vec::new());
        assert_eq!(one.app.room().composer.text(), "half a sentence");
    }

    #[test]
    fn mentions_that_were_not_seen_come_back() {
        let mut driven = next(&["a", "b"], SavedSession::default());
        driven.go_live(1, false);
        let empty = serde_json::json!({ "epoch": "e", "entries": [], "complete": true });
        driven.receive(1, "history", empty.clone());
        driven.message(1, 1, "bob", "alice?");
        for seq in 2..200 {
            driven.message(1, seq, "bob", "hi");
        }
        driven.message(1, 200, "bob", "@alice again");
        let saved = driven.app.saved();
        let seqs = |saved: &SavedSession| -> Vec<u64> {
            let mentions = saved.rooms[1].mentions.iter();
            mentions.map(|mention| mention.seq.0).collect()
        };
        assert_eq!(seqs(&saved), [1, 200]);
        let mut again = next(&["a", "b"], saved);
        assert_eq!(again.app.rooms[1].reading.mentions(), 2);
        again.act(crate::keymap::Action::NextMention);
        assert_eq!(again.app.active, 1);
        assert_eq!(again.app.rooms[1].reading.mentions(), 1);
        assert_eq!(seqs(&again.app.saved()), [200]);
        // In another life of the log they are nowhere.
        again.go_live(1, false);
        let other = serde_json::json!({ "epoch": "f", "entries": [], "complete": true });
        again.receive(1, "history", other);
        assert_eq!(again.app.rooms[1].reading.mentions(), 0);
    }

    #[test]
    fn a_password_is_not_typed_behind_a_draft_of_an_earlier_run() {
        let mut saved = next(&["a"], SavedSession::default());
        saved.type_in("half");
        let saved = saved.app.saved();
        let mut driven = Driven::with_token(&["a"], None, Some("t1"));
        driven.app.take_up(saved);
        driven.tell(Event::Started);
        let token = chat_protocol::Secret::new("t1");
        driven.link(0, crate::link::LinkEvent::TokenEnded(token));
        driven.link(0, crate::link::LinkEvent::TokenRefused);
        assert!(driven.app.question_has_keys());
        driven.type_in("secret");
        assert_eq!(driven.app.room().composer.text(), "half");
    }

    #[test]
    fn a_room_that_is_closed_and_opened_has_its_draft() {
        let mut driven = next(&["a", "b"], SavedSession::default());
        driven.type_in("half");
        driven.app.leave(&mut Vec::new());
        driven.app.leave(&mut Vec::new());
        assert_eq!(driven.app.rooms.len(), 1);
        let closed = ("a".to_owned(), false, vec!["half"]);
        assert_eq!(texts(&driven.app.saved())[1], closed);
        driven
            .app
            .join(RoomName::new("a").unwrap(), &mut Vec::new());
        assert_eq!(driven.app.room().composer.text(), "half");
    }

    #[test]
    fn drafts_of_several_clients_can_all_be_reached() {
        let mut saved = SavedSession::default().opened(&[RoomName::new("a").unwrap()]);
        saved.rooms[0].drafts = ["1", "2", "3", "4"]
            .map(|text| SavedDraft {
                text: text.to_owned(),
                ..SavedDraft::default()
            })
            .into();
        let driven = next(&["a"], saved);
        assert_eq!(driven.app.room().composer.text(), "4");
        let before = &driven.app.memory.history;
        let newest = before.before(u64::MAX).map(|sent| sent.text.clone());
        assert_eq!(newest.as_deref(), Some("2"));
    }
}
