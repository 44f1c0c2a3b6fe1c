//! The changes of one input box, to be undone and done again. What is typed or deleted in a run is one
//! change. Must not know what is edited.

use std::collections::VecDeque;

/// Changes that are kept.
const CHANGES: usize = 200;
/// Bytes that they have together.
const BYTES: usize = 64 * 1024;
/// A run of typing ends with the word in which it reaches this many bytes.
const RUN: usize = 20;

/// What makes changes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// Nothing.
    Alone,
    /// Characters typed one behind the other.
    Typing,
    /// Characters deleted one before, or one behind, the other.
    Deleting,
}

/// At `at` stood `removed`, and `inserted` took its place.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: usize,
    pub(super) removed: String,
    pub(super) inserted: String,
    /// Where the cursor was before.
    pub(super) cursor: usize,
    pub(super) run: Run,
}

/// The changes; those from `done` on were undone.
#[derive(Default)]
pub(super) struct Undo {
    changes: VecDeque<Change>,
    done: usize,
    bytes: usize,
}

impl Undo {
    /// Remembers a change. It belongs to the one before where `goes_on` is true and both are of one run.
    pub(super) fn record(&mut self, change: Change, goes_on: bool) {
        for undone in self.changes.drain(self.done..) {
            self.bytes -= undone.size();
        }
        self.bytes += change.size();
        let last = self.changes.back_mut().filter(|_| goes_on);
        if let Err(change) = last.map_or(Err(change.clone()), |last| last.join(change)) {
            self.changes.push_back(change);
        }
        while self.changes.len() > CHANGES || self.bytes > BYTES {
            match self.changes.pop_front() {
                Some(oldest) => self.bytes -= oldest.size(),
                None => break,
            }
        }
        self.done = self.changes.len();
    }

    /// The change to take back.
    pub(super) fn back(&mut self) -> Option<&Change> {
        self.done = self.done.checked_sub(1)?;
        self.changes.get(self.done)
    }

    /// The change to do again.
    pub(super) fn forward(&mut self) -> Option<&Change> {
        let change = self.changes.get(self.done)?;
        self.done += 1;
        Some(change)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Change {
    fn size(&self) -> usize {
        self.removed.len() + self.inserted.len()
    }

    /// Takes `next` in, where it continues this one; gives it back otherwise.
    fn join(&mut self, next: Change) -> Result<(), Change> {
        if self.run != next.run {
            return Err(next);
        }
        match self.run {
            Run::Typing if self.at + self.inserted.len() == next.at && next.removed.is_empty() => {
                let begins_word = self.inserted.ends_with(char::is_whitespace)
                    && !next.inserted.starts_with(char::is_whitespace);
                if self.inserted.len() >= RUN && begins_word {
                    return Err(next);
                }
                self.inserted.push_str(&next.inserted);
            }
            Run::Deleting if next.at == self.at => self.removed.push_str(&next.removed),
            Run::Deleting if next.at + next.removed.len() == self.at => {
                self.at = next.at;
                self.removed.insert_str(0, &next.removed);
            }
            _ => return Err(next),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(at: usize, removed: &str, inserted: &str, run: Run) -> Change {
        Change {
            at,
            removed: removed.to_owned(),
            inserted: inserted.to_owned(),
            cursor: at,
            run,
        }
    }

    #[test]
    fn runs_are_one_change() {
        let check = |changes: &[(usize, &str, &str, Run)], expected: usize| {
            let mut undo = Undo::default();
            for (at, removed, inserted, run) in changes {
                undo.record(change(*at, removed, inserted, *run), true);
            }
            assert_eq!(undo.changes.len(), expected, "{changes:?}");
            let bytes: usize = undo.changes.iter().map(Change::size).sum();
            assert_eq!(undo.bytes, bytes);
        };
        check(&[(0, "", "a", Run::Typing), (1, "", "b", Run::Typing)], 1);
        check(&[(0, "", "a", Run::Typing), (0, "", "b", Run::Typing)], 2);
        check(
            &[(5, "f", "", Run::Deleting), (4, "e", "", Run::Deleting)],
            1,
        );
        check(
            &[(5, "f", "", Run::Deleting), (5, "g", "", Run::Deleting)],
            1,
        );
        check(
            &[(5, "f", "", Run::Deleting), (2, "e", "", Run::Deleting)],
            2,
        );
        check(&[(0, "", "a", Run::Alone), (1, "", "b", Run::Alone)], 2);
        let long = "twenty bytes of text ";
        check(&[(0, "", long, Run::Typing), (21, "", "x", Run::Typing)], 2);
        check(&[(0, "", long, Run::Typing), (21, "", " ", Run::Typing)], 1);
    }

    #[test]
    fn what_is_undone_is_done_again_until_something_else_is() {
        let mut undo = Undo::default();
        undo.record(change(0, "", "a", Run::Alone), false);
        undo.record(change(1, "", "b", Run::Alone), false);
        assert_eq!(undo.back().unwrap().inserted, "b");
        assert_eq!(undo.forward().unwrap().inserted, "b");
        assert!(undo.forward().is_none());
        undo.back();
        undo.record(change(1, "", "c", Run::Alone), false);
        assert!(undo.forward().is_none());
        assert_eq!(undo.back().unwrap().inserted, "c");
        assert_eq!(undo.back().unwrap().inserted, "a");
        assert!(undo.back().is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let mut undo = Undo::default();
        for number in 0..CHANGES + 5 {
            undo.record(change(0, "", &number.to_string(), Run::Alone), false);
        }
        assert_eq!(undo.changes.len(), CHANGES);
        for _ in 0..9 {
            undo.record(change(0, "", &"x".repeat(BYTES / 4), Run::Alone), false);
        }
        assert_eq!((undo.changes.len(), undo.bytes), (4, BYTES));
        undo.record(change(0, "", &"x".repeat(BYTES + 1), Run::Alone), false);
        assert_eq!((undo.changes.len(), undo.done, undo.bytes), (0, 0, 0));
    }
}
