//! Getting one message from the server that is known by its id alone: what another one answers, or what
//! is pinned. The wire has no event for one message, so its place in the log is looked for.
//!
//! Ids are opaque. Where those that are known end in their positions, the one that is looked for is
//! taken to do so too, and what comes is compared with it; elsewhere a few pages are read.

use chat_protocol::{History, HistoryRequest, Message, MessageId, Seq, ServerEvent};

/// Pages that are read at most where the id says nothing.
const PAGES: u32 = 5;

/// A message that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fetch {
    pub(crate) id: MessageId,
    next: HistoryRequest,
    pages: u32,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// This is it.
    Found(Box<Message>),
    /// Ask once more.
    More,
    /// The room does not keep it any more.
    Gone,
}

impl Fetch {
    /// Looks for `id`, which is older than the position `before`; `known` is a message's id with its
    /// position.
    pub(crate) fn new(id: MessageId, before: Seq, known: Option<&(MessageId, Seq)>) -> Self {
        let is_told = known.is_some_and(|(known, at)| position(known) == Some(*at));
        let told = position(&id).filter(|at| is_told && *at < before);
        let (before, limit, pages) = match told {
            Some(at) => (at.next(), 1, 1),
            None => (before, chat_protocol::limits::HISTORY_ENTRIES, PAGES),
        };
        let next = HistoryRequest {
            before: Some(before),
            limit: Some(limit),
            ..HistoryRequest::default()
        };
        Self { id, next, pages }
    }

    /// What to ask for.
    pub(crate) fn request(&self) -> HistoryRequest {
        self.next.clone()
    }

    /// Takes in the answer to [`Fetch::request`].
    pub(crate) fn take(&mut self, history: &History) -> Fetched {
        let mut messages = history.entries.iter().filter_map(|entry| match entry {
            ServerEvent::Message(message) => Some(message),
            _ => None,
        });
        if let Some(message) = messages.find(|message| message.id == self.id) {
            return Fetched::Found(Box::new(message.clone()));
        }
        let oldest = history.entries.iter().filter_map(ServerEvent::seq).min();
        self.pages = self.pages.saturating_sub(1);
        match oldest {
            Some(oldest)
                if self.pages > 0 && !history.complete && Some(oldest) < self.next.before =>
            {
                self.next.before = Some(oldest);
                Fetched::More
            }
            _ => Fetched::Gone,
        }
    }
}

/// The number at the end of an id.
fn position(id: &MessageId) -> Option<Seq> {
    let (_, digits) = id.as_str().rsplit_once('-')?;
    digits.parse().ok().map(Seq)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::Epoch;
    use serde_json::json;

    fn id(text: &str) -> MessageId {
        MessageId::new(text).unwrap()
    }

    fn history(ids: &[(&str, u64)], complete: bool) -> History {
        let entries = ids.iter().map(|(id, seq)| {
            let event = json!({ "event": "message", "data": { "username": "bob", "content": "gg",
                "id": id, "seq": seq, "displayName": "bob", "rank": 3, "time": 1, "room": "r" } });
            ServerEvent::decode(&event.to_string()).unwrap()
        });
        History {
            epoch: Epoch::new("e").unwrap(),
            entries: entries.collect(),
            complete,
            recovered: None,
        }
    }

    #[test]
    fn an_id_that_ends_in_its_position_is_asked_for_there() {
        let known = id("e-90");
        let mut fetch = Fetch::new(id("d-41"), Seq(90), Some(&(known.clone(), Seq(90))));
        let asked = fetch.request();
        assert_eq!((asked.before, asked.limit), (Some(Seq(42)), Some(1)));
        let mut other = fetch.clone();
        assert!(matches!(
            fetch.take(&history(&[("d-41", 41)], false)),
            Fetched::Found(message) if message.seq == Seq(41)
        ));
        assert_eq!(other.take(&history(&[("d-40", 40)], false)), Fetched::Gone);
    }

    #[test]
    fn elsewhere_a_few_pages_are_read() {
        let known = id("xyz");
        for known in [
            None,
            Some(&(known.clone(), Seq(90))),
            Some(&(id("e-7"), Seq(90))),
        ] {
            let mut fetch = Fetch::new(id("e-41"), Seq(90), known);
            assert_eq!(fetch.request().before, Some(Seq(90)));
            assert_eq!(
                fetch.take(&history(&[("a", 50), ("b", 51)], false)),
                Fetched::More
            );
            assert_eq!(fetch.request().before, Some(Seq(50)));
            assert_eq!(fetch.take(&history(&[("c", 3)], true)), Fetched::Gone);
        }
        let mut fetch = Fetch::new(id("z"), Seq(1_000), None);
        let page = |number: u64| history(&[("a", 1_000 - number)], false);
        let asked = (1..).take_while(|number| fetch.take(&page(*number)) == Fetched::More);
        assert_eq!(asked.count(), 4);
        // A server that does not go back is not asked for ever.
        let mut fetch = Fetch::new(id("z"), Seq(1_000), None);
        assert_eq!(fetch.take(&history(&[("a", 1_000)], false)), Fetched::Gone);
    }
}
