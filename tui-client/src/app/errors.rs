//! The list of everything that went wrong: what the error panel shows. Bounded; equal problems that
//! follow each other are one entry with a count. Must not decide what a problem is.

use std::collections::VecDeque;

/// Entries kept; the oldest goes when there is one more.
pub(crate) const KEPT: usize = 500;

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The room's label.
    pub(crate) room: String,
    /// The code of a `cerror` or a close.
    pub(crate) code: Option<u16>,
    /// The client event that was refused.
    pub(crate) event: Option<String>,
    /// What happened, harmless.
    pub(crate) text: String,
}

/// A problem with when and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it last happened, milliseconds since 1970, UTC.
    pub(crate) unix_millis: i64,
    /// How often in a row.
    pub(crate) times: u32,
    /// What it is.
    pub(crate) problem: Problem,
}

/// The list, oldest first.
#[derive(Debug, Default)]
pub(crate) struct ErrorLog {
    entries: VecDeque<Entry>,
    count: usize,
}

impl ErrorLog {
    /// Adds a problem; one that repeats the newest of its room only counts up.
    pub(crate) fn add(&mut self, problem: Problem, unix_millis: i64) {
        let newest = self
            .entries
            .iter_mut()
            .rev()
            .find(|entry| entry.problem.room == problem.room);
        if let Some(entry) = newest
            && entry.problem == problem
        {
            entry.times = entry.times.saturating_add(1);
            entry.unix_millis = unix_millis;
            return;
        }
        self.count += 1;
        self.entries.push_back(Entry {
            unix_millis,
            times: 1,
            problem,
        });
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
    }

    /// The entries, oldest first.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// How many there were, those that are gone included.
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(room: &str, text: &str) -> Problem {
        Problem {
            room: room.to_owned(),
            code: None,
            event: None,
            text: text.to_owned(),
        }
    }

    #[test]
    fn repeats_of_a_room_are_one_entry() {
        let mut log = ErrorLog::default();
        log.add(problem("a", "refused"), 1);
        log.add(problem("b", "refused"), 2);
        log.add(problem("a", "refused"), 3);
        let times: Vec<_> = log
            .entries()
            .map(|entry| (entry.times, entry.unix_millis))
            .collect();
        assert_eq!(times, [(2, 3), (1, 2)]);
        assert_eq!(log.count(), 2);
    }

    #[test]
    fn the_list_is_bounded_and_the_count_is_not() {
        let mut log = ErrorLog::default();
        for number in 0..KEPT + 7 {
            log.add(problem("a", &number.to_string()), 0);
        }
        assert_eq!(log.entries().len(), KEPT);
        assert_eq!(log.count(), KEPT + 7);
        assert_eq!(log.entries().next().unwrap().problem.text, "7");
    }
}
