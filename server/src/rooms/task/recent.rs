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

#[cfg(test)]
mod tests {
    use chat_protocol::{DraftContent, Epoch, Rank};

    use super::*;
    use crate::domain::entry::{
        AccountId, Author, MessageDeleted as Deleted, MessagePosted, Purged,
    };

    fn author(key: &str) -> Author {
        Author {
            username: key.to_owned(),
            key: key.to_owned(),
            account: AccountId::named(key),
            display_name: key.to_owned(),
            rank: Rank::User,
        }
    }

    fn entry(seq: u64, body: EntryBody) -> Entry {
        Entry {
            seq: Seq(seq),
            time: seq,
            body,
        }
    }

    fn purged(seq: u64, key: &str) -> Entry {
        let body = Purged {
            username: key.to_owned(),
            key: key.to_owned(),
            by: author("mod"),
        };
        entry(seq, EntryBody::Purged(body))
    }

    fn ids(removed: &[ServerEvent]) -> Vec<String> {
        let ids = removed.iter().map(|event| match event {
            ServerEvent::DeleteMessage(deleted) => deleted.id.to_string(),
            other => panic!("{other:?}"),
        });
        ids.collect()
    }

    #[test]
    fn what_is_taken_out_is_what_is_still_there_of_the_newest() {
        let epochs = Epochs::new(Epoch::new("e").unwrap());
        let mut recent = Recent::default();
        let message = |seq: u64| {
            let key = if seq.is_multiple_of(2) { "even" } else { "odd" };
            let body = MessagePosted {
                author: author(key),
                content: DraftContent::new("hi").unwrap().measured().unwrap(),
                reply_to: None,
                nonce: None,
            };
            entry(seq, EntryBody::MessagePosted(body))
        };
        for seq in 1..=SHOWN + 10 {
            recent.note(&message(seq));
        }
        let deleted = Deleted {
            target: Seq(12),
            of: None,
            by: author("mod"),
        };
        recent.note(&entry(500, EntryBody::MessageDeleted(deleted)));
        let purge = purged(501, "even");
        let removed = ids(&recent.removed(&purge, &epochs));
        assert_eq!(removed.len(), (SHOWN / 2) as usize - 1);
        assert_eq!((removed[0].as_str(), removed[1].as_str()), ("e-14", "e-16"));
        recent.note(&purge);
        let removed = recent.removed(&purged(502, "even"), &epochs);
        assert_eq!(removed, Vec::new());
        let odd = recent.removed(&purged(503, "odd"), &epochs);
        assert_eq!(odd.len(), (SHOWN / 2) as usize);
    }
}
