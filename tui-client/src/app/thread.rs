//! A thread: a message, what it answers, up to the first one, and what answers it, down to the last one,
//! as a timeline of its own. Asks for nothing itself and has no clock.

mod fetch;

use std::collections::HashSet;

use chat_protocol::{History, HistoryRequest, MessageId, Seq, ServerEvent};

pub(crate) use fetch::{Fetch, Fetched};

use super::timeline::{Entry, EntryId, Reader, Status, Timeline};

/// Messages of a thread at most.
const MESSAGES: usize = 1_000;
/// Messages that are fetched at most: what answers what answers another.
const FETCHED: u32 = 50;

/// A thread in one room.
#[derive(Debug)]
pub(crate) struct Thread {
    /// Its messages, in the order of the log.
    pub(crate) messages: Timeline,
    /// All of its messages.
    members: HashSet<MessageId>,
    /// Those whose answers belong to it: the one that it was opened on, and what answers it.
    answered: HashSet<MessageId>,
    /// The newest entry of the room that was looked at, with its position.
    newest: Option<(EntryId, Seq)>,
    above: Above,
    fetched: u32,
    is_asked: bool,
}

/// What the first message of a thread answers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Above {
    /// Nothing.
    Nothing,
    /// A message that is not here, and is looked for.
    Missing(Fetch),
    /// A message that the room does not keep any more.
    Gone,
}

impl Thread {
    /// The thread of a message, with what there is of it in the room's `timeline`; `None` for what is in no
    /// log.
    pub(crate) fn new(entry: &Entry, timeline: &Timeline) -> Option<Self> {
        let root = &entry.post()?.id()?;
        let mut thread = Self {
            messages: Timeline::default(),
            members: HashSet::new(),
            answered: HashSet::from([root.clone()]),
            newest: None,
            above: Above::Nothing,
            fetched: 0,
            is_asked: false,
        };
        thread.messages.ignore_as(timeline);
        thread.join(entry, false);
        thread.climb(entry, timeline);
        let here = timeline.find(root).map(|here| here.id);
        let begin = here.and_then(|here| timeline.place_of(here));
        thread.look(timeline, begin.map_or(0, |begin| begin + 1));
        Some(thread)
    }

    /// Whether a message is a part of it.
    pub(crate) fn has(&self, id: &MessageId) -> bool {
        self.members.contains(id)
    }

    /// Takes in what came to the room; true where the thread has more messages.
    pub(crate) fn catch_up(&mut self, timeline: &Timeline) -> bool {
        let Some((newest, at)) = self.newest else {
            return false;
        };
        let place = timeline.place_of(newest);
        let entry = place.and_then(|place| timeline.entry(place));
        let (Some(place), true) = (place, entry.is_some_and(|entry| entry.at == at)) else {
            // The room was emptied, or its positions lost their worth: the thread stands as it is, and
            // goes on with what comes from now on.
            self.newest = last(timeline);
            return false;
        };
        self.look(timeline, place + 1)
    }

    /// What to ask the server for; taken as asked.
    pub(crate) fn ask(&mut self) -> Option<HistoryRequest> {
        let Above::Missing(fetch) = &self.above else {
            return None;
        };
        if std::mem::replace(&mut self.is_asked, true) {
            return None;
        }
        self.messages.set_top(false, true);
        Some(fetch.request())
    }

    /// The line went down: what was asked for is asked for again.
    pub(crate) fn unask(&mut self) {
        self.is_asked = false;
        self.messages.set_top(false, false);
    }

    /// Takes in the answer.
    pub(crate) fn take(&mut self, history: &History, timeline: &Timeline, reader: &Reader) {
        self.unask();
        let Above::Missing(fetch) = &mut self.above else {
            return;
        };
        match fetch.take(history) {
            Fetched::More => {}
            Fetched::Gone => self.above = Above::Gone,
            Fetched::Found(message) => {
                self.fetched += 1;
                self.above = Above::Nothing;
                self.members.insert(message.id.clone());
                self.messages.add(&message, reader);
                if let Some(parent) = &message.reply_to {
                    self.climb_to(parent.clone(), message.seq, timeline);
                }
            }
        }
    }

    /// The server does not give what is missing.
    pub(crate) fn refused(&mut self) {
        self.unask();
        self.above = Above::Gone;
    }

    /// Takes in what was taken out of the room.
    pub(crate) fn observe(&mut self, event: &ServerEvent) {
        match event {
            ServerEvent::DeleteMessage(deleted) => self.messages.delete(deleted),
            ServerEvent::Purge(purged) => {
                self.messages.purge(purged);
            }
            ServerEvent::Clear(cleared) => self.messages.clear(cleared, None),
            _ => {}
        }
    }

    /// The message that what is typed here answers: the selected one, or the newest of somebody else.
    pub(crate) fn reply_to(&self, selected: Option<EntryId>) -> Option<&Entry> {
        let chosen = selected.and_then(|id| self.messages.place_of(id));
        if let Some(entry) = chosen.and_then(|place| self.messages.entry(place))
            && is_there(entry)
        {
            return Some(entry);
        }
        let entries = || {
            (0..self.messages.len())
                .rev()
                .filter_map(|place| self.messages.entry(place))
        };
        let is_others = |entry: &&Entry| {
            let post = entry.post();
            is_there(entry) && post.is_some_and(|post| !post.is_own)
        };
        let theirs = entries().find(is_others);
        theirs.or_else(|| entries().find(|entry| is_there(entry)))
    }

    /// What it is, in words: `thread of 5 messages`.
    pub(crate) fn words(&self) -> String {
        let count = match self.members.len() {
            1 => "1 message".to_owned(),
            count if count >= MESSAGES => format!("{count} messages and more"),
            count => format!("{count} messages"),
        };
        let above = match &self.above {
            Above::Nothing => "",
            Above::Missing(_) => ", loading what the first one answers",
            Above::Gone => ", the message that the first one answers is gone",
        };
        format!("thread of {count}{above}")
    }

    /// Takes in what an entry of the room answers, and what that does.
    fn climb(&mut self, entry: &Entry, timeline: &Timeline) {
        let parent = entry.post().and_then(|post| post.reply_to().cloned());
        if let Some(parent) = parent {
            self.climb_to(parent, entry.at, timeline);
        }
    }

    /// The same from a message on, which is answered at the position `answered`.
    fn climb_to(&mut self, mut parent: MessageId, mut answered: Seq, timeline: &Timeline) {
        while self.members.len() < MESSAGES && !self.members.contains(&parent) {
            let Some(entry) = timeline.find(&parent) else {
                self.above = match self.fetched < FETCHED && answered > Seq(0) {
                    true => Above::Missing(Fetch::new(parent, answered, known(timeline).as_ref())),
                    false => Above::Gone,
                };
                return;
            };
            self.join(entry, false);
            answered = entry.at;
            let above = entry.post().and_then(|post| post.reply_to().cloned());
            let Some(above) = above else {
                return;
            };
            parent = above;
        }
    }

    /// Takes in what answers a message of the thread, from a place of the room on; true where there is
    /// something.
    fn look(&mut self, timeline: &Timeline, begin: usize) -> bool {
        let before = self.members.len();
        for place in begin..timeline.len() {
            let Some(post) = timeline.entry(place).and_then(Entry::post) else {
                continue;
            };
            let (Some(id), Some(parent)) = (post.id(), post.reply_to()) else {
                continue;
            };
            if self.answered.contains(parent) && self.members.len() < MESSAGES {
                self.answered.insert(id);
                timeline
                    .entry(place)
                    .inspect(|entry| self.join(entry, true));
            }
        }
        self.newest = last(timeline);
        self.members.len() > before
    }

    fn join(&mut self, entry: &Entry, is_new: bool) {
        let Some(id) = entry.post().and_then(|post| post.id()) else {
            return;
        };
        if self.members.len() < MESSAGES && self.members.insert(id) {
            self.messages.copy(entry, is_new);
        }
    }
}

fn is_there(entry: &Entry) -> bool {
    let post = entry.post();
    post.is_some_and(|post| matches!(post.status, Status::Posted | Status::Mentions))
}

/// The room's newest entry, with its position.
fn last(timeline: &Timeline) -> Option<(EntryId, Seq)> {
    let entry = timeline.entry(timeline.len().checked_sub(1)?)?;
    Some((entry.id, entry.at))
}

/// A message of the room's present life, with its position.
pub(crate) fn known(timeline: &Timeline) -> Option<(MessageId, Seq)> {
    let mut newest = (0..timeline.len())
        .rev()
        .filter_map(|place| timeline.entry(place));
    newest.find_map(|entry| {
        let id = entry.post()?.id()?;
        (entry.at > Seq(0)).then_some((id, entry.at))
    })
}

#[cfg(test)]
mod tests;
