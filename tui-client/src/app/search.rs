//! A search in a room: what is looked for, how far the look has come, and what was found, as a timeline
//! of its own. First what is here, a bounded piece at a time, then pages of the room's past, and what
//! comes meanwhile. Asks for nothing itself and has no clock.

mod expression;
mod fold;
mod links;
mod query;

use chat_protocol::{Epoch, History, HistoryRequest, Message, Seq, ServerEvent};

pub(crate) use fold::fold;
use query::{Candidate, Query};

use super::mention;
use super::timeline::{Author, Entry, EntryId, Reader, Status, Timeline};
use crate::sanitize;

/// Messages found at most: more of them nobody reads.
const FOUND: usize = 5_000;
/// Bytes of text that one step looks at, and what a message counts besides its text: a few milliseconds.
const STEP_BYTES: usize = 256 * 1024;
const MESSAGE_BYTES: usize = 100;
/// Entries of the past asked for at a time.
const PAGE: u64 = chat_protocol::limits::HISTORY_ENTRIES;

/// A search in one room.
#[derive(Debug)]
pub(crate) struct Search {
    /// As it was typed.
    pub(crate) text: String,
    /// What was found, in the order of the log.
    pub(crate) found: Timeline,
    query: Query,
    /// Messages found; those that were deleted since count.
    count: usize,
    /// Messages looked at.
    looked: usize,
    here: Here,
    past: Past,
}

/// How far the look at what is here has come.
#[derive(Debug, Default)]
struct Here {
    /// The newest entry that was looked at, with the position that it had.
    newest: Option<(EntryId, Seq)>,
    /// The oldest.
    oldest: Option<EntryId>,
    is_done: bool,
}

/// How far the look at what only the server has, has come.
#[derive(Debug)]
struct Past {
    stage: Stage,
    epoch: Option<Epoch>,
    /// Everything from here on was looked at.
    before: Option<Seq>,
    /// A page is on its way.
    is_asked: bool,
}

/// Whether to look at what only the server has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// Not unless the user says so.
    Idle,
    /// On it.
    Going,
    /// Over.
    Ended(End),
}

/// Why a search has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// There is nothing before what was looked at.
    Beginning,
    /// The user said so.
    Stopped,
    /// So many were found.
    Enough,
    /// The server keeps no such message.
    NotKept,
    /// The server said no, in these words; harmless.
    Refused(Box<str>),
}

impl Search {
    /// A search that has not begun; or what is wrong with what was typed, and what would be right.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        Ok(Self {
            text: text.to_owned(),
            query: Query::parse(text)?,
            found: spaced(),
            count: 0,
            looked: 0,
            here: Here::default(),
            past: Past::idle(),
        })
    }

    /// Messages found.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// True while there is something here that was not looked at.
    pub(crate) fn is_busy(&self, timeline: &Timeline) -> bool {
        !self.here.is_done || self.has_new(timeline)
    }

    /// Looks at a bounded piece of what is here, the newest first; true where something was found.
    pub(crate) fn step(&mut self, timeline: &Timeline) -> bool {
        self.restart_where_void(timeline);
        let before = self.count;
        let mut budget = STEP_BYTES;
        self.look_at_new(timeline, &mut budget);
        self.look_back(timeline, &mut budget);
        self.end_where_enough();
        self.count > before
    }

    /// Goes on with what only the server has, once what is here was looked at.
    pub(crate) fn go_on(&mut self) {
        let may = matches!(
            self.past.stage,
            Stage::Idle | Stage::Ended(End::Stopped | End::Refused(_))
        );
        if may {
            self.past.stage = match self.query.is_for_deleted() {
                true => Stage::Ended(End::NotKept),
                false => Stage::Going,
            };
        }
    }

    /// Stops asking the server; false where it does not.
    pub(crate) fn stop(&mut self) -> bool {
        let is_going = self.past.stage == Stage::Going;
        if is_going {
            self.end(End::Stopped);
        }
        is_going
    }

    /// The next page of the past to ask for; taken as asked.
    pub(crate) fn ask(&mut self, timeline: &Timeline) -> Option<HistoryRequest> {
        if self.past.stage != Stage::Going || self.past.is_asked || self.is_busy(timeline) {
            return None;
        }
        if self.past.before.is_none() {
            if timeline.is_complete() {
                self.end(End::Beginning);
                return None;
            }
            self.past.before = timeline.oldest();
        }
        self.past.is_asked = true;
        self.found.ignore_as(timeline);
        self.found.set_top(false, true);
        Some(HistoryRequest {
            before: self.past.before,
            limit: Some(PAGE),
            // Where only one person's can be found the server leaves the others out.
            username: self.query.author().cloned(),
            ..HistoryRequest::default()
        })
    }

    /// The line went down: nothing that was asked for will come, and is asked for again.
    pub(crate) fn unask(&mut self) {
        self.past.is_asked = false;
        self.found.set_top(self.has_ended(&End::Beginning), false);
    }

    /// Takes in the page that was asked for.
    pub(crate) fn take(&mut self, history: &History, reader: &Reader) {
        self.unask();
        let epoch = self.past.epoch.get_or_insert_with(|| history.epoch.clone());
        if *epoch != history.epoch {
            // Positions have lost their worth.
            self.restart();
            return;
        }
        for entry in &history.entries {
            if let ServerEvent::Message(message) = entry {
                self.look_at_message(message, reader);
            }
        }
        self.step_back(history);
        if history.complete && self.past.stage == Stage::Going {
            self.end(End::Beginning);
        }
        self.end_where_enough();
    }

    /// The page was refused for good.
    pub(crate) fn refused(&mut self, words: &str) {
        self.unask();
        self.end(End::Refused(sanitize::line(words).into()));
    }

    /// Takes in what was taken out of the room.
    pub(crate) fn observe(&mut self, event: &ServerEvent) {
        match event {
            ServerEvent::DeleteMessage(deleted) => self.found.delete(deleted),
            ServerEvent::Purge(purged) => {
                self.found.purge(purged);
            }
            ServerEvent::Clear(cleared) => self.found.clear(cleared, None),
            _ => {}
        }
    }

    /// How far it is, in words: `12 found in 2,400 messages, looking at older ones`.
    pub(crate) fn words(&self) -> String {
        let found = match self.count {
            0 => "nothing found".to_owned(),
            count => format!("{} found", thousands(count)),
        };
        let looked = match self.looked {
            1 => "1 message".to_owned(),
            count => format!("{} messages", thousands(count)),
        };
        let state = match &self.past.stage {
            Stage::Idle | Stage::Going if !self.here.is_done => "looking",
            Stage::Idle => "Enter looks further back",
            Stage::Going => "looking at older ones, Esc stops",
            Stage::Ended(End::Beginning) => "from the beginning of the room",
            Stage::Ended(End::Stopped) => "stopped, Enter goes on",
            Stage::Ended(End::Enough) => "add a word to find less",
            Stage::Ended(End::NotKept) => "the server keeps nothing that was deleted",
            Stage::Ended(End::Refused(words)) => words,
        };
        format!("{found} in {looked}, {state}")
    }

    /// Begins anew: what was looked at may be elsewhere now.
    fn restart(&mut self) {
        self.here = Here::default();
        let stage = std::mem::replace(&mut self.past, Past::idle()).stage;
        if stage == Stage::Going {
            self.past.stage = stage;
        }
        self.found = spaced();
        (self.count, self.looked) = (0, 0);
    }

    fn restart_where_void(&mut self, timeline: &Timeline) {
        let Some((id, at)) = self.here.newest else {
            return;
        };
        let place = timeline.place_of(id);
        let now_at = place
            .and_then(|place| timeline.entry(place))
            .map(|entry| entry.at);
        // Gone with all the others (the room was emptied), or of an earlier life of the log.
        if now_at != Some(at) {
            self.restart();
        }
    }

    fn has_new(&self, timeline: &Timeline) -> bool {
        let newest = timeline
            .len()
            .checked_sub(1)
            .and_then(|last| timeline.entry(last));
        newest.map(|entry| entry.id) != self.here.newest.map(|(id, _)| id)
    }

    /// What came since the search began.
    fn look_at_new(&mut self, timeline: &Timeline, budget: &mut usize) {
        let begun = self.here.newest.and_then(|(id, _)| timeline.place_of(id));
        let Some(begun) = begun else {
            return;
        };
        for place in begun + 1..timeline.len() {
            let Some(entry) = timeline.entry(place).filter(|_| *budget > 0) else {
                return;
            };
            self.look_at(entry, budget, true);
            self.here.newest = Some((entry.id, entry.at));
        }
    }

    /// What was here when it began, from where it has come to.
    fn look_back(&mut self, timeline: &Timeline, budget: &mut usize) {
        let mut end = match self.here.oldest {
            None => timeline.len(),
            // Where it had to go for newer ones, so had all before it.
            Some(oldest) => timeline.place_of(oldest).unwrap_or(0),
        };
        while *budget > 0 && self.count < FOUND {
            let Some(entry) = end.checked_sub(1).and_then(|last| timeline.entry(last)) else {
                self.here.is_done = true;
                return;
            };
            end -= 1;
            self.look_at(entry, budget, false);
            self.here.newest.get_or_insert((entry.id, entry.at));
            self.here.oldest = Some(entry.id);
        }
    }

    fn look_at(&mut self, entry: &Entry, budget: &mut usize, is_new: bool) {
        let Some(post) = entry.post().filter(|post| !post.raw_id().is_empty()) else {
            *budget = budget.saturating_sub(1);
            return;
        };
        self.looked += 1;
        // Of what was deleted moderators keep the text.
        let text = post.deleted_content().unwrap_or(post.content());
        *budget = budget.saturating_sub(MESSAGE_BYTES + text.len() * self.query.cost());
        let candidate = Candidate {
            text,
            author: &post.author.key,
            rank: post.author.rank,
            is_own: post.is_own,
            is_mention: post.status == Status::Mentions,
            is_deleted: post.is_deleted(),
            is_reply: post.reply_to().is_some(),
        };
        if self.query.matches(&candidate) && self.found.copy(entry, is_new).is_some() {
            self.count += 1;
        }
    }

    fn look_at_message(&mut self, message: &Message, reader: &Reader) {
        self.looked += 1;
        let text = sanitize::text(&message.content);
        let author = Author::key_of(&message.username);
        let is_own = author == reader.key;
        let candidate = Candidate {
            text: &text,
            author: &author,
            rank: message.rank,
            is_own,
            is_mention: !is_own && mention::names_any(&text, &reader.names),
            is_deleted: false,
            is_reply: message.reply_to.is_some(),
        };
        // Where positions lost their worth it may be here at another one.
        if self.query.matches(&candidate)
            && self.found.find(&message.id).is_none()
            && self.found.add(message, reader)
        {
            self.count += 1;
        }
    }

    /// Goes before what a page held.
    fn step_back(&mut self, history: &History) {
        let oldest = history.entries.iter().filter_map(ServerEvent::seq).min();
        let before = self.past.before.unwrap_or(Seq(u64::MAX));
        self.past.before = match oldest {
            Some(oldest) if oldest < before => Some(oldest),
            // Entries of kinds that this version does not know are left out: step over them.
            _ if before < Seq(u64::MAX) => Some(Seq(before.0.saturating_sub(PAGE))),
            _ => Some(Seq(0)),
        };
        if self.past.before <= Some(Seq(1)) && self.past.stage == Stage::Going {
            self.end(End::Beginning);
        }
    }

    fn end_where_enough(&mut self) {
        if self.count >= FOUND {
            self.here.is_done = true;
            self.end(End::Enough);
        }
    }

    /// True where there is nothing more to be looked at, here or at the server.
    pub(crate) fn is_over(&self, timeline: &Timeline) -> bool {
        let is_all_here = timeline.is_complete() && !self.is_busy(timeline);
        is_all_here || matches!(self.past.stage, Stage::Ended(_))
    }

    fn end(&mut self, end: End) {
        self.past.stage = Stage::Ended(end);
        self.found.set_top(self.has_ended(&End::Beginning), false);
    }

    fn has_ended(&self, end: &End) -> bool {
        matches!(&self.past.stage, Stage::Ended(ended) if ended == end)
    }
}

impl Past {
    fn idle() -> Self {
        Self {
            stage: Stage::Idle,
            epoch: None,
            before: None,
            is_asked: false,
        }
    }
}

fn spaced() -> Timeline {
    let mut timeline = Timeline::default();
    timeline.set_spaced();
    timeline
}

/// `12,400`
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut words = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

#[cfg(test)]
mod tests;
