//! What the client said and what moderators did, in order: what F4 shows. Bounded. Must not decide
//! what is worth a line.

use std::collections::VecDeque;

use super::row::Tone;
use super::target::Target;

/// Lines kept; the oldest goes when there is one more.
const KEPT: usize = 1_000;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Never the same for two lines.
    pub(crate) number: u64,
    /// When, milliseconds since 1970, UTC.
    pub(crate) unix_millis: i64,
    /// The room's label.
    pub(crate) room: String,
    pub(crate) tone: Tone,
    /// Harmless.
    pub(crate) text: String,
    /// Whom it is about, where it is about somebody.
    pub(crate) about: Option<Target>,
}

/// The lines, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Log {
    lines: VecDeque<Line>,
    count: u64,
}

impl Log {
    /// Adds a line; its number is given here.
    pub(super) fn add(&mut self, mut line: Line) {
        self.count += 1;
        line.number = self.count;
        self.lines.push_back(line);
        if self.lines.len() > KEPT {
            self.lines.pop_front();
        }
    }

    /// The line of this number, where it is here.
    pub(crate) fn line(&self, number: u64) -> Option<&Line> {
        let first = self.lines.front()?.number;
        let place = usize::try_from(number.checked_sub(first)?).ok()?;
        self.lines.get(place)
    }

    /// The lines, oldest first.
    pub(crate) fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> + ExactSizeIterator {
        self.lines.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_numbers_go_on() {
        let mut log = Log::default();
        for number in 0..KEPT as i64 + 7 {
            log.add(Line {
                number: 0,
                unix_millis: number,
                room: String::new(),
                tone: Tone::Text,
                text: String::new(),
                about: None,
            });
        }
        assert_eq!(log.lines().len(), KEPT);
        let first = log
            .lines()
            .next()
            .map(|line| (line.number, line.unix_millis));
        assert_eq!(first, Some((8, 7)));
        assert!(log.line(7).is_none() && log.line(KEPT as u64 + 8).is_none());
        assert_eq!(log.line(8).unwrap().unix_millis, 7);
        let last = log.line(KEPT as u64 + 7).unwrap();
        assert_eq!(last.unix_millis, KEPT as i64 + 6);
    }
}
