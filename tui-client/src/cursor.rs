//! The position in the room's log up to which everything was received: what a resume names. Pure.
//! The connection follows it event by event; the app does the same, so that a connection made anew
//! goes on where the last one ended.

use chat_protocol::{Epoch, Seq, ServerEvent, Since};

/// A position that follows the events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    epoch: Option<Epoch>,
    seq: Seq,
}

impl Cursor {
    /// Takes in an event that was passed on.
    pub(crate) fn observe(&mut self, event: &ServerEvent) {
        if let Some(seq) = event.seq() {
            self.seq = self.seq.max(seq);
        }
        if let ServerEvent::History(history) = event {
            // Where the server could not resume, its log may end before what was seen of it.
            let is_other_life = (self.epoch.as_ref()).is_some_and(|epoch| *epoch != history.epoch);
            if is_other_life || history.recovered == Some(false) {
                self.seq = Seq(0);
            }
            self.epoch = Some(history.epoch.clone());
            let newest = history.entries.iter().filter_map(ServerEvent::seq).max();
            self.seq = self.seq.max(newest.unwrap_or_default());
        }
    }

    /// What to resume after; `None` while the log's life is not known. A room without entries
    /// resumes from the start of its log.
    pub(crate) fn since(&self) -> Option<Since> {
        let epoch = self.epoch.clone()?;
        Some(Since {
            epoch: Some(epoch),
            seq: self.seq,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::{History, MessageDeleted, MessageId};

    fn entry(seq: u64) -> ServerEvent {
        ServerEvent::DeleteMessage(MessageDeleted {
            id: MessageId::new("m").unwrap(),
            seq: Seq(seq),
            by: "erin".to_owned(),
        })
    }

    fn history(epoch: &str, seqs: &[u64]) -> ServerEvent {
        ServerEvent::History(History {
            epoch: Epoch::new(epoch).unwrap(),
            entries: seqs.iter().copied().map(entry).collect(),
            complete: true,
            recovered: None,
        })
    }

    fn after(events: &[ServerEvent]) -> Option<(String, u64)> {
        let mut cursor = Cursor::default();
        for event in events {
            cursor.observe(event);
        }
        let since = cursor.since()?;
        Some((since.epoch?.as_str().to_owned(), since.seq.0))
    }

    #[test]
    fn the_position_is_the_newest_entry_seen() {
        assert_eq!(after(&[entry(3)]), None);
        let at = |epoch: &str, seq| Some((epoch.to_owned(), seq));
        assert_eq!(after(&[history("a", &[])]), at("a", 0));
        assert_eq!(after(&[entry(9), history("a", &[7, 8])]), at("a", 9));
        assert_eq!(after(&[history("a", &[7, 8]), entry(9)]), at("a", 9));
        assert_eq!(
            after(&[history("a", &[7, 8]), history("a", &[1, 2])]),
            at("a", 8)
        );
        assert_eq!(
            after(&[history("a", &[7, 8]), history("b", &[1, 2])]),
            at("b", 2)
        );
    }

    #[test]
    fn a_log_that_was_set_back_sets_the_position_back() {
        let not_recovered = |seqs: &[u64]| {
            let ServerEvent::History(mut history) = history("a", seqs) else {
                panic!("not a history");
            };
            history.recovered = Some(false);
            ServerEvent::History(history)
        };
        let at = |seq| Some(("a".to_owned(), seq));
        assert_eq!(
            after(&[history("a", &[7, 8]), not_recovered(&[1, 2])]),
            at(2)
        );
        assert_eq!(after(&[history("a", &[7, 8]), not_recovered(&[])]), at(0));
    }
}
