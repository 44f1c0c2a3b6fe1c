//! What moderators take out of a timeline: one message, all of a user's, everything. What is taken out
//! one by one leaves its place, and nothing quotes it any more.

use std::collections::HashMap;

use chat_protocol::limits::USERNAME_CHARS;
use chat_protocol::{Cleared, MessageDeleted, MessageId, Purged};

use super::Timeline;
use super::entry::{Author, Entry, Kind, Post, Stamp, Status};
use super::quotes::quoted;
use crate::app::row::Tone;
use crate::sanitize;

impl Timeline {
    /// Marks a message as deleted.
    pub(crate) fn delete(&mut self, deleted: &MessageDeleted) {
        self.saw(deleted.seq);
        let found = self.entries.iter().rposition(|entry| entry.is(&deleted.id));
        if let Some(index) = found {
            self.bury(index, &deleted.by);
            self.forget_quotes(&deleted.id);
        } else {
            self.ignoring
                .retain(|_, post| post.id.as_ref() != Some(&deleted.id));
        }
    }

    /// Marks all of a user's messages as deleted, those after the purge apart; true where there were
    /// any.
    pub(crate) fn purge(&mut self, purged: &Purged) -> bool {
        self.saw(purged.seq);
        let key = Author::key_of(&purged.username);
        self.ignoring
            .retain(|at, post| at > purged.seq || post.author.key != key);
        let mut gone: HashMap<MessageId, Box<str>> = HashMap::new();
        for index in 0..self.entries.len() {
            let entry = &self.entries[index];
            let is_meant =
                |post: &&Post| post.author.key == key && !matches!(post.status, Status::Deleted(_));
            if entry.at >= purged.seq || entry.post().filter(is_meant).is_none() {
                continue;
            }
            self.bury(index, &purged.by);
            let post = self.entries[index].post();
            gone.extend(post.and_then(|post| Some((post.id.clone()?, quoted(post)))));
        }
        if !gone.is_empty() {
            self.requote(|parent| gone.get(parent).cloned().map(Some));
        }
        !gone.is_empty()
    }

    /// Takes out everything before the emptying, and says who did it. `stamp` is the time where it is
    /// known; out of a history it is not, and what was not seen by anybody here needs no line.
    pub(crate) fn clear(&mut self, cleared: &Cleared, stamp: Option<Stamp>) {
        self.saw(cleared.seq);
        self.ignoring.retain(|at, _| at > cleared.seq);
        let end = self.entries.partition_point(|entry| entry.at < cleared.seq);
        let gone: Vec<Entry> = self.entries.drain(..end).collect();
        self.bytes -= gone.iter().map(|entry| entry.bytes).sum::<usize>();
        self.complete = true;
        self.scroll_back(end);
        let ids: HashMap<&MessageId, ()> = gone
            .iter()
            .filter_map(|entry| Some((entry.post()?.id.as_ref()?, ())))
            .collect();
        self.requote(|parent| ids.contains_key(parent).then_some(None));
        let Some(stamp) = stamp.or(gone.last().map(|entry| entry.stamp)) else {
            return;
        };
        let by = sanitize::brief(&cleared.by, USERNAME_CHARS);
        let kind = Kind::Notice(Tone::Waiting, format!("{by} deleted all messages").into());
        let version = self.next_version();
        self.insert_at(0, Entry::new(cleared.seq, stamp, version, kind));
    }

    /// Leaves nothing of a message but that it was there.
    fn bury(&mut self, index: usize, by: &str) {
        let version = self.next_version();
        let entry = &mut self.entries[index];
        entry.renew(version);
        if let Some(post) = entry.post_mut() {
            post.status = Status::Deleted(sanitize::brief(by, USERNAME_CHARS).into());
            post.content = "".into();
        }
    }
}
