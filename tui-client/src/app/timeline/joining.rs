//! How pieces of the log come together: the newest, what was missed, older pages, and what to do
//! where positions can't be trusted. Nothing is put in twice, and every hole has its gap. Must not ask
//! for anything itself.

use std::collections::{HashMap, HashSet};

use chat_protocol::{History, Message, MessageId, Seq, ServerEvent};

use super::entry::{Gap, Kind, Post, Stamp};
use super::{Inserted, KEPT, KEPT_BYTES, News, PAGE, Reader, Timeline, stamp_of};

/// Between two lives of the log.
pub(super) const APART: Gap = Gap {
    after: None,
    before: None,
    is_loading: false,
};

impl Timeline {
    /// The positions of what is here can't be trusted any more. It stays in view; a gap tells it
    /// apart from what comes.
    pub(crate) fn part(&mut self, stamp: Stamp) {
        let mut kinds = self.entries.iter().rev().map(|entry| &entry.kind);
        let last = kinds.find(|kind| !matches!(kind, Kind::Notice(..)));
        if matches!(last, Some(Kind::Post(_))) {
            self.push(stamp, Kind::Gap(APART));
        }
        self.index.part();
        for entry in &mut self.entries {
            entry.at = Seq(0);
            if let Kind::Gap(gap) = &mut entry.kind {
                *gap = APART;
            }
        }
        // Without a position they have no place to come back to.
        self.ignoring.retain(|_, _| false);
        self.parted |= !self.entries.is_empty();
        self.epoch = None;
        self.oldest = None;
        self.newest = None;
        self.complete = false;
        self.loading = false;
        self.filling = None;
    }

    /// The newest entries, asked for on entering the room, or sent instead of what could not be
    /// resumed. They join what came on the same connection; what of it is new.
    pub(crate) fn newest(&mut self, history: &History, reader: &Reader, stamp: Stamp) -> News {
        let is_other_life = (self.epoch.as_ref()).is_some_and(|epoch| *epoch != history.epoch);
        if is_other_life {
            self.part(stamp);
        }
        self.epoch = Some(history.epoch.clone());
        self.complete = history.complete;
        let mut news = self.absorb(history, reader, true);
        if history.recovered == Some(false) && !history.complete {
            news.more = true;
            self.scroll.more_below |= self.is_held();
        }
        // The life of the log is known by now, so the mark has its meaning.
        self.find_unread();
        news
    }

    /// What came while the line was down: it joins by the contract.
    pub(crate) fn missed(&mut self, history: &History, reader: &Reader) -> News {
        self.epoch = Some(history.epoch.clone());
        self.absorb(history, reader, true)
    }

    /// Entries before those that are here.
    pub(crate) fn older(&mut self, history: &History, reader: &Reader) -> News {
        // An answer that was asked for before the positions lost their worth joins nothing.
        let was_loading = std::mem::take(&mut self.loading);
        if !was_loading || self.epoch.as_ref() != Some(&history.epoch) {
            return News::default();
        }
        let oldest = self.oldest;
        let news = self.absorb(history, reader, false);
        self.complete |= history.complete;
        // Entries of kinds that this version does not know are left out: step over them.
        if !self.complete && self.oldest == oldest {
            self.oldest = oldest.map(|seq| Seq(seq.0.saturating_sub(PAGE).max(1)));
            self.complete |= self.oldest == Some(Seq(1));
        }
        news
    }

    /// The position before which to ask for older entries; `None` where there is nothing to ask.
    pub(crate) fn older_from(&self) -> Option<Seq> {
        if self.complete
            || self.loading
            || self.entries.len() >= KEPT
            || self.bytes >= KEPT_BYTES / 2
        {
            return None;
        }
        self.oldest
    }

    /// The same, taken as asked.
    pub(crate) fn begin_loading(&mut self) -> Option<Seq> {
        let before = self.older_from()?;
        self.loading = true;
        Some(before)
    }

    /// An answer will not come any more.
    pub(crate) fn stop_loading(&mut self) {
        self.loading = false;
        self.stop_filling();
    }

    /// True where the room's first message is here.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// True while older messages are on their way.
    pub(crate) fn is_loading(&self) -> bool {
        self.loading
    }

    pub(super) fn absorb(&mut self, history: &History, reader: &Reader, is_new: bool) -> News {
        let messages: Vec<&Message> = history.entries.iter().filter_map(message_of).collect();
        let shown = self.rejoin(&messages);
        let mut news = News::default();
        for event in &history.entries {
            match event {
                ServerEvent::Message(message) => {
                    if let Some(nonce) = &message.nonce {
                        self.confirm(nonce);
                    }
                    self.saw(message.seq);
                    if !shown.contains(&message.id) {
                        news.count(self.place(message, reader, is_new));
                    }
                }
                ServerEvent::DeleteMessage(deleted) => self.delete(deleted),
                ServerEvent::Purge(purged) => {
                    self.purge(purged);
                }
                ServerEvent::Clear(cleared) => self.clear(cleared, None),
                other => {
                    if let Some(seq) = other.seq() {
                        self.saw(seq);
                    }
                }
            }
        }
        // What came may be quoted by what is here.
        self.forget_rows();
        news
    }

    /// Puts a message that is older than all with a position before them, a gap between. A page that
    /// holds it gives it its position later.
    pub(super) fn place_apart(&mut self, message: &Message, reader: &Reader) -> Inserted {
        self.parted = true;
        let end = self.entries.partition_point(|entry| entry.at == Seq(0));
        let mut kinds = self.entries.range(..end).rev().map(|entry| &entry.kind);
        let last = kinds.find(|kind| !matches!(kind, Kind::Notice(..)));
        let mut index = end;
        let stamp = stamp_of(message, reader);
        if matches!(last, Some(Kind::Post(_))) {
            let gap = self.gap_entry(Seq(0), stamp, APART);
            self.insert_at(index, gap);
            index += 1;
        }
        let inserted = self.insert_message(index, Seq(0), message, reader);
        let gap = self.gap_entry(Seq(0), stamp, APART);
        self.insert_at(index + 1, gap);
        inserted
    }

    /// Finds those of the messages that are here although their position does not say so.
    pub(super) fn shown_before(&self, messages: &[&Message]) -> HashMap<usize, Seq> {
        if !self.parted {
            return HashMap::new();
        }
        let wanted: HashMap<&str, &Message> = (messages.iter())
            .filter(|message| self.index.get(message.id.as_str()).is_some())
            .map(|message| (message.id.as_str(), *message))
            .collect();
        if wanted.is_empty() {
            return HashMap::new();
        }
        let posts = self.entries.iter().enumerate();
        let shown = posts.filter_map(|(index, entry)| {
            let post = entry.post()?;
            let message = wanted.get(post.raw_id())?;
            post.says(message).then_some((index, message.seq))
        });
        shown.collect()
    }

    /// Those of the messages that are here already, by id. Where they have lost their position they get
    /// it again; what stands between and behind them keeps its place. The gaps below them are closed.
    fn rejoin(&mut self, messages: &[&Message]) -> HashSet<MessageId> {
        let shown = self.shown_before(messages);
        let end = self.entries.partition_point(|entry| entry.at == Seq(0));
        let first = shown.keys().min().map_or(end, |first| *first);
        let most = self.entries.get(end).map_or(Seq(u64::MAX), |next| next.at);
        let mut at = Seq(1);
        // A gap is closed where the messages on either side of it are of these, and in order.
        let (mut closed, mut open) = (Vec::new(), Vec::new());
        let mut above = None;
        for index in first..end {
            if let Some(seq) = shown.get(&index) {
                at = at.max(*seq).min(most);
            }
            self.set_position(index, at);
            match self.entries[index].kind {
                Kind::Post(_) => {
                    let seq = shown.get(&index).copied();
                    if above < seq {
                        closed.append(&mut open);
                    }
                    open.clear();
                    above = seq;
                }
                Kind::Gap(_) if above.is_some() => open.push(index),
                Kind::Gap(_) | Kind::Notice(..) => {}
            }
        }
        closed.append(&mut open);
        let posts = shown.keys().filter_map(|index| self.entries[*index].post());
        let ids = posts.filter_map(Post::id).collect();
        for index in closed.into_iter().rev() {
            self.remove_at(index);
        }
        ids
    }
}

fn message_of(event: &ServerEvent) -> Option<&Message> {
    match event {
        ServerEvent::Message(message) => Some(message),
        _ => None,
    }
}
