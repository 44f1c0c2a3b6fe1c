//! The emulated screen: what bytes paint, what they ask, and when a text was first to be seen.
//!
//! Pure: bytes and times go in, answers and figures come out.

use std::num::NonZeroU16;
use std::time::{Duration, Instant};

use vt100::{Callbacks, Parser, Screen};

/// Bytes that come within this time after others belong to the same frame.
const SAME_FRAME: Duration = Duration::from_millis(2);
/// Rows at the bottom where an input line may be.
const INPUT_ROWS: usize = 6;

/// Where a text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// On the whole screen.
    Anywhere,
    /// In the rows at the bottom, where input lines are.
    Input,
}

/// Names a text that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(usize);

#[derive(Debug)]
struct Watch {
    text: String,
    place: Where,
    seen: Option<Instant>,
}

/// What has been shown so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Bytes.
    pub(crate) bytes: u64,
    /// Frames: bytes behind a pause.
    pub(crate) frames: u64,
}

/// Answers to what a program asks its terminal, as a terminal gives them that knows no keyboard
/// protocol but the old one.
#[derive(Debug, Default)]
struct Answers {
    bytes: Vec<u8>,
}

impl Callbacks for Answers {
    fn unhandled_csi(
        &mut self,
        screen: &mut Screen,
        first: Option<u8>,
        _second: Option<u8>,
        parameters: &[&[u16]],
        last: char,
    ) {
        let parameter = parameters.first().and_then(|one| one.first()).copied();
        match (first, parameter.unwrap_or(0), last) {
            (None, 5, 'n') => self.bytes.extend_from_slice(b"\x1b[0n"),
            (None, 6, 'n') => {
                let (row, column) = screen.cursor_position();
                let report = format!("\x1b[{};{}R", row + 1, column + 1);
                self.bytes.extend_from_slice(report.as_bytes());
            }
            (None, 0, 'c') => self.bytes.extend_from_slice(b"\x1b[?62;22c"),
            _ => {}
        }
    }
}

/// The screen of one terminal.
pub(super) struct Display {
    parser: Parser<Answers>,
    shown: Shown,
    newest: Option<Instant>,
    first_frame: Option<Instant>,
    first_frame_is_over: bool,
    watches: Vec<Watch>,
    is_compared: bool,
    changed: Option<Instant>,
}

impl Display {
    /// An empty screen.
    pub(super) fn new(columns: NonZeroU16, rows: NonZeroU16) -> Self {
        Self {
            parser: Parser::new_with_callbacks(rows, columns, 0, Answers::default()),
            shown: Shown::default(),
            newest: None,
            first_frame: None,
            first_frame_is_over: false,
            watches: Vec::new(),
            is_compared: false,
            changed: None,
        }
    }

    /// Shows `bytes`, which came at `now`; gives what the terminal answers.
    pub(super) fn show(&mut self, bytes: &[u8], now: Instant) -> Vec<u8> {
        let pause = self.newest.map(|newest| now.duration_since(newest));
        let is_new_frame = pause.is_none_or(|pause| pause > SAME_FRAME);
        let before = self.is_compared.then(|| self.text());
        self.shown.bytes += bytes.len() as u64;
        self.shown.frames += u64::from(is_new_frame);
        self.newest = Some(now);
        self.parser.process(bytes);
        if before.is_some_and(|before| before != self.text()) {
            self.changed = Some(now);
        }
        self.see_first_frame(is_new_frame, now);
        self.see_watches(now);
        std::mem::take(&mut self.parser.callbacks_mut().bytes)
    }

    /// The first frame is complete with the last of its bytes.
    fn see_first_frame(&mut self, is_new_frame: bool, now: Instant) {
        if self.first_frame_is_over {
            return;
        }
        if self.first_frame.is_some() {
            match is_new_frame {
                true => self.first_frame_is_over = true,
                false => self.first_frame = Some(now),
            }
        } else if self.is_framed() {
            self.first_frame = Some(now);
        }
    }

    /// Whether there is something in the first and in the last row.
    fn is_framed(&self) -> bool {
        let rows = self.rows();
        let has_text = |row: Option<&String>| row.is_some_and(|row| !row.trim().is_empty());
        has_text(rows.first()) && has_text(rows.last())
    }

    fn see_watches(&mut self, now: Instant) {
        if self.watches.iter().all(|watch| watch.seen.is_some()) {
            return;
        }
        let rows = self.rows();
        let bottom = rows.len().saturating_sub(INPUT_ROWS);
        for watch in &mut self.watches {
            let rows = match watch.place {
                Where::Anywhere => &rows[..],
                Where::Input => &rows[bottom..],
            };
            if watch.seen.is_none() && rows.iter().any(|row| row.contains(&watch.text)) {
                watch.seen = Some(now);
            }
        }
    }

    /// From now on, looks for `text`.
    pub(super) fn watch(&mut self, text: &str, place: Where) -> Ticket {
        self.watches.push(Watch {
            text: text.to_owned(),
            place,
            seen: None,
        });
        Ticket(self.watches.len() - 1)
    }

    /// When the text was first there.
    pub(super) fn seen(&self, ticket: Ticket) -> Option<Instant> {
        self.watches.get(ticket.0)?.seen
    }

    /// Looks for no text any more; all tickets are void.
    pub(super) fn forget_watches(&mut self) {
        self.watches.clear();
    }

    /// What has been shown.
    pub(super) fn shown(&self) -> Shown {
        self.shown
    }

    /// When the last bytes came.
    pub(super) fn newest(&self) -> Option<Instant> {
        self.newest
    }

    /// When the first frame was complete.
    pub(super) fn first_frame(&self) -> Option<Instant> {
        self.first_frame
    }

    /// Gives the screen another size, and from now on sees when its text changes.
    pub(super) fn resize(&mut self, columns: NonZeroU16, rows: NonZeroU16) {
        self.parser.set_size(rows, columns);
        self.is_compared = true;
        self.changed = None;
    }

    /// When the text last changed after the last resize.
    pub(super) fn changed(&self) -> Option<Instant> {
        self.changed
    }

    /// The text on the screen.
    pub(super) fn text(&self) -> String {
        self.parser.screen().contents()
    }

    fn rows(&self) -> Vec<String> {
        let screen = self.parser.screen();
        let (_, columns) = screen.size();
        screen.rows(0, columns.get()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn display() -> Display {
        let size = |number| NonZeroU16::new(number).unwrap();
        Display::new(size(20), size(8))
    }

    #[test]
    fn it_answers_as_a_plain_terminal() {
        let now = Instant::now();
        for (asked, answer) in [
            ("\x1b[5n", "\x1b[0n"),
            ("\x1b[3;4H\x1b[6n", "\x1b[3;4R"),
            ("\x1b[c", "\x1b[?62;22c"),
            ("\x1b[0c", "\x1b[?62;22c"),
            ("\x1b[?u", ""),
            ("\x1b[>c", ""),
            ("\x1b[?2026h\x1b[2J", ""),
            ("hello", ""),
        ] {
            let given = display().show(asked.as_bytes(), now);
            assert_eq!(String::from_utf8(given).unwrap(), answer, "{asked:?}");
        }
        // An answer is given once.
        let mut display = display();
        assert_eq!(display.show(b"\x1b[5", now), b"");
        assert_eq!(display.show(b"n", now), b"\x1b[0n");
        assert_eq!(display.show(b"x", now), b"");
    }

    #[test]
    fn a_text_is_seen_when_it_is_first_there() {
        let mut display = display();
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let anywhere = display.watch("mark", Where::Anywhere);
        let input = display.watch("typed", Where::Input);
        display.show(b"\x1b[1;1Hma typed", at(10));
        display.show(b"\x1b[1;3Hrk      ", at(20));
        assert_eq!(display.seen(anywhere), Some(at(20)));
        assert_eq!(display.seen(input), None);
        display.show(b"\x1b[8;1H> typed\x1b[1;1H    ", at(30));
        display.show(b"\x1b[1;1Hmark", at(40));
        assert_eq!(display.seen(anywhere), Some(at(20)));
        assert_eq!(display.seen(input), Some(at(30)));
    }

    #[test]
    fn a_frame_is_what_comes_at_once() {
        let mut display = display();
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        display.show(b"top", at(10));
        assert_eq!(display.first_frame(), None);
        display.show(b"\x1b[8;1H", at(11));
        display.show(b"> ", at(20));
        display.show(b">", at(21));
        display.show(b"more", at(30));
        assert_eq!(display.first_frame(), Some(at(21)));
        let shown = display.shown();
        assert_eq!((shown.frames, shown.bytes), (3, 16));
    }

    #[test]
    fn after_a_resize_what_changes_nothing_does_not_count() {
        let mut display = display();
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let size = |number| NonZeroU16::new(number).unwrap();
        display.show(b"top", at(10));
        assert_eq!(display.changed(), None);
        display.resize(size(10), size(4));
        display.show(b"\x1b[2J\x1b[Hnew", at(20));
        display.show(b"\x1b[5n\x1b[H", at(30));
        assert_eq!(display.changed(), Some(at(20)));
    }
}
