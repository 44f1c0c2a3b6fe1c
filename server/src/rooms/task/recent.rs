//! The newest messages of a room, while there are members who are told message by message what is taken
//! out: they may still show these.

use std::collections::VecDeque;

use chat_protocol::{MessageDeleted, Seq, ServerEvent};

use crate::domain::entry::{Entry, EntryBody, Epochs};

/// Messages that such a client may still show.
pub(super) const SHOWN: u64 = 200;

/// Positions of messages, and the names as compared of who wrote them; the oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(Seq, String)>);

impl Recent {
    /// From the log: the newest entries in their order.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut recent = Self::default();
        for entry in entries {
            recent.note(entry);
        }
        recent
    }

    /// Takes in what was stored.
    pub(super) fn note(&mut self, entry: &Entry) {
        match &entry.body {
            EntryBody::MessagePosted(message) => {
                if self.0.len() as u64 == SHOWN {
                    self.0.pop_front();
                }
                self.0.push_back((entry.seq, message.author.key.clone()));
            }
            EntryBody::MessageDeleted(deleted) => self.0.retain(|(seq, _)| *seq != deleted.target),
            EntryBody::Purged(purged) => self.0.retain(|(_, key)| *key != purged.key),
            EntryBody::Cleared(_) => self.0.clear(),
            EntryBody::RoomChanged(_) => {}
        }
    }

    /// What `entry`, which is not taken in yet, takes out of these, where it may be more than one.
    pub(super) fn removed(&self, entry: &Entry, epochs: &Epochs) -> Vec<ServerEvent> {
        let (purged, by) = match &entry.body {
            EntryBody::Purged(purged) => (Some(&purged.key), &purged.by),
            EntryBody::Cleared(cleared) => (None, cleared),
            _ => return Vec::new(),
        };
        let messages = self.0.iter();
        let gone = messages.filter(|(_, key)| purged.is_none_or(|purged| purged == key));
        gone.map(|(seq, _)| {
            ServerEvent::DeleteMessage(MessageDeleted {
                id: epochs.id_of(*seq),
                seq: entry.seq,
                by: by.username.clone(),
            })
        })
        .collect()
    }
}
