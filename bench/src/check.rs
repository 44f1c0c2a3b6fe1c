//! Whether one member received everything, once, in order.
//!
//! Pure: positions go in, findings come out. A room numbers its entries without holes, so a hole is
//! a loss until it is filled, and a filled hole is a wrong order.

use std::collections::BTreeSet;
use std::ops::AddAssign;

/// What was wrong. All zero is what a run needs to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Messages that never came.
    pub(crate) lost: u64,
    /// Messages that came again.
    pub(crate) doubled: u64,
    /// Messages that came after a later one.
    pub(crate) reordered: u64,
}

impl Findings {
    /// Whether nothing was wrong.
    pub(crate) fn is_clean(self) -> bool {
        self == Self::default()
    }
}

impl AddAssign for Findings {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
    }
}

/// Follows what one member receives.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    /// The newest position seen; `None` for one that comes in later and has seen nothing.
    newest: Option<u64>,
    missing: BTreeSet<u64>,
    /// Of each writer its last message: there are few, and this is done for each delivery.
    counts: Vec<(u64, u64)>,
    findings: Findings,
}

impl Checker {
    /// For a member that is in the room before its first message.
    pub(crate) fn from_start() -> Self {
        Self {
            newest: Some(0),
            ..Self::default()
        }
    }

    /// For a member that comes in later: it has to get everything from its first message on.
    pub(crate) fn from_first_seen() -> Self {
        Self::default()
    }

    /// The newest position seen.
    pub(crate) fn newest(&self) -> u64 {
        self.newest.unwrap_or(0)
    }

    /// Takes the message at `seq`, which is `writer`'s message number `count`.
    pub(crate) fn observe(&mut self, seq: u64, writer: u64, count: u64) {
        let Some(newest) = self.newest else {
            self.newest = Some(seq);
            self.counts.push((writer, count));
            return;
        };
        if seq > newest {
            self.missing.extend(newest + 1..seq);
            self.newest = Some(seq);
            self.follow(writer, count);
        } else if self.missing.remove(&seq) {
            self.findings.reordered += 1;
        } else {
            self.findings.doubled += 1;
        }
    }

    /// What a writer says stays in the order in which it said it, whatever the room's numbers are.
    fn follow(&mut self, writer: u64, count: u64) {
        let known = self.counts.iter_mut().find(|(known, _)| *known == writer);
        match known {
            None => self.counts.push((writer, count)),
            Some((_, last)) if count >= *last => *last = count,
            Some(_) => self.findings.reordered += 1,
        }
    }

    /// What was wrong, where the room's last message was at `last`.
    pub(crate) fn finish(mut self, last: u64) -> Findings {
        let unseen = self.newest.map_or(0, |newest| last.saturating_sub(newest));
        self.findings.lost += self.missing.len() as u64 + unseen;
        self.findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mut checker: Checker, seen: &[u64], last: u64) -> (u64, u64, u64) {
        for seq in seen {
            checker.observe(*seq, 1, *seq);
        }
        let found = checker.finish(last);
        (found.lost, found.doubled, found.reordered)
    }

    #[test]
    fn all_once_in_order_is_clean() {
        assert_eq!(check(Checker::from_start(), &[1, 2, 3], 3), (0, 0, 0));
        assert_eq!(check(Checker::from_first_seen(), &[7, 8], 8), (0, 0, 0));
        assert_eq!(check(Checker::from_start(), &[], 0), (0, 0, 0));
        assert!(Checker::from_start().finish(0).is_clean());
    }

    #[test]
    fn holes_and_a_missing_end_are_losses() {
        assert_eq!(check(Checker::from_start(), &[2, 3, 6], 8), (5, 0, 0));
        assert_eq!(check(Checker::from_first_seen(), &[7, 9], 9), (1, 0, 0));
        assert_eq!(check(Checker::from_start(), &[], 2), (2, 0, 0));
    }

    #[test]
    fn a_repeat_is_a_double_and_a_late_one_a_wrong_order() {
        assert_eq!(check(Checker::from_start(), &[1, 2, 2, 3, 1], 3), (0, 2, 0));
        assert_eq!(check(Checker::from_start(), &[1, 3, 2, 4], 4), (0, 0, 1));
        assert_eq!(check(Checker::from_start(), &[1, 3, 2, 2], 3), (0, 1, 1));
    }

    #[test]
    fn a_writers_own_order_counts_as_well() {
        let mut checker = Checker::from_start();
        for (seq, writer, count) in [(1, 1, 1), (2, 2, 1), (3, 1, 3), (4, 1, 2), (5, 2, 2)] {
            checker.observe(seq, writer, count);
        }
        let findings = checker.finish(5);
        assert_eq!(findings.reordered, 1);
        assert!(!findings.is_clean());
    }
}
