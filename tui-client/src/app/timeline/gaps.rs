//! Where messages may be missing, and how they are loaded: a hole is always told, never silent, and it
//! is closed from its upper end, page by page. Must not ask for anything itself.

use chat_protocol::{History, HistoryRequest, Message, Seq, ServerEvent};

use super::entry::{Entry, EntryId, Gap, Kind, Stamp};
use super::joining::APART;
use super::{News, PAGE, Reader, Timeline};

/// What became of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    /// Everything is here.
    Closed,
    /// There is more to load.
    More,
    /// The log that it is in is not the server's any more: nothing can be loaded there.
    Never,
}

impl Timeline {
    /// The newest entries, sent instead of what could not be resumed; what of them is new. Where the
    /// positions still mean the same, what is between can be loaded.
    pub(crate) fn not_recovered(
        &mut self,
        history: &History,
        reader: &Reader,
        stamp: Stamp,
    ) -> News {
        let seen = self.newest.filter(|_| self.goes_on(history));
        let first = history.entries.iter().filter_map(ServerEvent::seq).min();
        let (Some(seen), Some(first)) = (seen, first) else {
            self.part(stamp);
            return self.newest(history, reader, stamp);
        };
        if first > seen.next() {
            let gap = Gap {
                after: Some(seen),
                before: Some(first),
                is_loading: false,
            };
            self.insert_gap(seen, stamp, gap);
        }
        let mut news = self.absorb(history, reader, true);
        news.more = first > seen.next();
        self.scroll.more_below |= news.more && self.is_held();
        news
    }

    /// The request that loads what is missing at a gap; `None` where that can't be asked for, or not
    /// now. It is taken as asked.
    pub(crate) fn gap_request(&mut self, id: EntryId) -> Option<HistoryRequest> {
        if self.filling.is_some() || self.loading {
            return None;
        }
        let index = self.index_of(id)?;
        let Kind::Gap(gap) = self.entries.get(index)?.kind else {
            return None;
        };
        let limit = Some(PAGE);
        let request = match gap.after {
            // With the last that is here, to see that it is still the same log.
            Some(after) => HistoryRequest {
                username: None,
                after: Some(Seq(after.0.saturating_sub(1))),
                limit,
                ..HistoryRequest::default()
            },
            None if self.is_above_present(index) => HistoryRequest {
                before: Some(self.begin_loading()?),
                limit,
                ..HistoryRequest::default()
            },
            None => return None,
        };
        self.filling = Some(id);
        self.set_gap_loading(id, true);
        Some(request)
    }

    /// Takes in what was asked for at a gap; what of it is new, and what became of the gap.
    pub(crate) fn fill_gap(&mut self, history: &History, reader: &Reader) -> (News, Filled) {
        let Some(id) = self.filling.take() else {
            return (News::default(), Filled::Closed);
        };
        let news = self.fill(id, history, reader);
        let filled = match self.index_of(id) {
            None => Filled::Closed,
            Some(index) if self.is_loadable(index) => Filled::More,
            Some(_) => Filled::Never,
        };
        (news, filled)
    }

    /// From here on, every entry up to the newest is here.
    pub(crate) fn whole_from(&self) -> Option<Seq> {
        let gap = self
            .entries
            .iter()
            .rev()
            .find_map(|entry| match entry.kind {
                Kind::Gap(gap) if entry.at > Seq(0) => gap.before,
                _ => None,
            });
        gap.or(self.oldest)
    }

    fn fill(&mut self, id: EntryId, history: &History, reader: &Reader) -> News {
        self.set_gap_loading(id, false);
        if self.loading {
            return self.older(history, reader);
        }
        let index = self.index_of(id);
        let gap = index.and_then(|index| match self.entries.get(index)?.kind {
            Kind::Gap(gap) => Some((self.entries[index].stamp, gap.after?, gap.before?)),
            _ => None,
        });
        let is_same_life = self.epoch.as_ref() == Some(&history.epoch);
        let Some((stamp, after, before)) = gap.filter(|_| is_same_life) else {
            return News::default();
        };
        let is_another = |entry: &ServerEvent| match entry {
            ServerEvent::Message(message) => message.seq == after && !self.has(message),
            _ => false,
        };
        if history.entries.iter().any(is_another) {
            self.part_above(id);
            return News::default();
        }
        let last = history.entries.iter().filter_map(ServerEvent::seq).max();
        let missing = History {
            epoch: history.epoch.clone(),
            entries: (history.entries.iter())
                .filter(|entry| entry.seq().is_some_and(|seq| seq > after && seq < before))
                .cloned()
                .collect(),
            complete: false,
            recovered: None,
        };
        let news = self.absorb(&missing, reader, false);
        // Entries of kinds that this version does not know are left out: step over them.
        let last = last.filter(|last| *last > after);
        let last = last.unwrap_or(Seq(after.0.saturating_add(PAGE - 1)));
        let is_closed = history.complete || last.next() >= before;
        // Emptying the room may have taken it.
        if let Some(index) = self.index_of(id) {
            self.remove_at(index);
            if !is_closed {
                let gap = Gap {
                    after: Some(last),
                    before: Some(before),
                    is_loading: false,
                };
                let entry = self.gap_entry(last, stamp, gap);
                self.insert_gap_entry(Entry { id, ..entry });
            }
        }
        news
    }

    /// Puts a gap behind everything up to a position.
    pub(super) fn insert_gap(&mut self, at: Seq, stamp: Stamp, gap: Gap) {
        let entry = self.gap_entry(at, stamp, gap);
        self.insert_gap_entry(entry);
    }

    /// A message came out of the midst of a hole: there is one on either side of it now.
    pub(super) fn split_gap(&mut self, seq: Seq) {
        let index = self.entries.partition_point(|entry| entry.at < seq);
        let mut above = self.entries.range(..index).rev();
        let Some(Entry {
            kind: Kind::Gap(gap),
            id,
            stamp,
            ..
        }) = above.next()
        else {
            return;
        };
        let (Gap { before, .. }, id, stamp) = (*gap, *id, *stamp);
        if gap.after.is_none_or(|after| seq <= after) || before.is_none_or(|before| seq >= before) {
            return;
        }
        let lower = Gap {
            after: Some(seq),
            before,
            is_loading: false,
        };
        if let Some(index) = self.index_of(id) {
            let version = self.next_version();
            if let Kind::Gap(gap) = &mut self.entries[index].kind {
                gap.before = Some(seq);
            }
            self.entries[index].renew(version);
        }
        self.insert_gap(seq, stamp, lower);
    }

    /// Nothing that was asked for at a gap will come.
    pub(super) fn stop_filling(&mut self) {
        if let Some(id) = self.filling.take() {
            self.set_gap_loading(id, false);
        }
    }

    /// True where the log goes on from what is here: it is the same life, it is not shorter than it was,
    /// and where both have a position they agree on what is there.
    fn goes_on(&self, history: &History) -> bool {
        let is_same_life = self.epoch.as_ref() == Some(&history.epoch);
        let newest = history.entries.iter().filter_map(ServerEvent::seq).max();
        let agrees = |entry: &ServerEvent| match entry {
            ServerEvent::Message(message) if Some(message.seq) <= self.newest => {
                // What was not loaded yet can't disagree.
                let is_older = self.oldest.is_some_and(|oldest| message.seq < oldest);
                is_older || self.has(message)
            }
            _ => true,
        };
        is_same_life && newest >= self.newest && history.entries.iter().all(agrees)
    }

    /// True where a message is here as the log has it.
    fn has(&self, message: &Message) -> bool {
        let entry = self.find(&message.id);
        let is_it = |entry: &Entry| {
            let post = entry.post();
            entry.at == message.seq && post.is_some_and(|post| post.says(message))
        };
        entry.is_some_and(is_it)
    }

    /// Where another message is here at the position of this one, what is there is of another life of
    /// the log, down to the next gap.
    pub(super) fn part_from_another(&mut self, message: &Message) {
        let start = self.entries.partition_point(|entry| entry.at < message.seq);
        let mut same = self.entries.range(start..);
        let is_another = same
            .next()
            .is_some_and(|entry| entry.at == message.seq && entry.post().is_some());
        if !is_another || self.has(message) {
            return;
        }
        let gap = same.find(|entry| entry.is_gap()).map(|gap| gap.id);
        match gap {
            Some(gap) => self.part_above(gap),
            None => self.part(self.entries[start].stamp),
        }
    }

    /// What is above a gap is of another life of the log: its positions mean nothing.
    fn part_above(&mut self, id: EntryId) {
        let Some(index) = self.index_of(id) else {
            return;
        };
        for above in 0..=index {
            self.set_position(above, Seq(0));
            if let Kind::Gap(gap) = &mut self.entries[above].kind {
                *gap = APART;
            }
        }
        self.parted = true;
        self.complete = false;
        self.oldest = self.entries.get(index + 1).map(|entry| entry.at);
    }

    /// True for the last gap above what has positions.
    fn is_above_present(&self, index: usize) -> bool {
        let below = self.entries.range(index + 1..);
        let mut apart = below.take_while(|entry| entry.at == Seq(0));
        self.entries[index].at == Seq(0)
            && !apart.any(|entry| entry.is_gap() || entry.post().is_some())
    }

    /// True where something can be loaded at the gap at `index`.
    pub(crate) fn is_loadable(&self, index: usize) -> bool {
        match self.entries.get(index).map(|entry| &entry.kind) {
            Some(Kind::Gap(gap)) => {
                gap.after.is_some()
                    || self.is_above_present(index) && !self.complete && self.oldest.is_some()
            }
            _ => false,
        }
    }

    fn set_gap_loading(&mut self, id: EntryId, is_loading: bool) {
        let Some(index) = self.index_of(id) else {
            return;
        };
        let version = self.next_version();
        if let Some(entry) = self.entries.get_mut(index)
            && let Kind::Gap(gap) = &mut entry.kind
        {
            gap.is_loading = is_loading;
            entry.renew(version);
        }
    }

    pub(super) fn gap_entry(&mut self, at: Seq, stamp: Stamp, gap: Gap) -> Entry {
        let version = self.next_version();
        Entry::new(at, stamp, version, Kind::Gap(gap))
    }

    fn insert_gap_entry(&mut self, entry: Entry) {
        let index = self.entries.partition_point(|other| other.at <= entry.at);
        self.insert_at(index, entry);
    }
}
