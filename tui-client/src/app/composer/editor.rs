//! A text that is edited: by whole grapheme clusters, with undo and the kill ring. Serves the input box,
//! fields of one row, and passwords. Must not know what its text is for or where it is drawn.

use std::borrow::Cow;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::kills::{KillRing, Side};
use super::motions;
use super::rows::{Laid, Shown};
use super::undo::{Change, Run, Undo};
use super::words::{self, Case};
use crate::keymap::{Action, Motion};

/// Something did not fit: so many characters were left out, of this and of what was typed just before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the input is full: {0} characters were left out")]
pub(crate) struct Overflow(pub(crate) usize);

/// What a key does to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    Insert(char),
    Move(Motion),
    /// Deletes up to where the motion leads.
    Delete(Motion),
    /// Deletes likewise, and keeps it in the kill ring. At the end of a row it takes the newline.
    Kill(Motion),
    /// Puts in what was cut last.
    Yank,
    /// Directly after `Yank`: the piece before instead.
    YankPop,
    Undo,
    Redo,
    /// Swaps the clusters on both sides of the cursor.
    Transpose,
    /// Changes the word behind the cursor.
    Case(Case),
}

impl Edit {
    /// What an action does to whatever text has the keys; `None` for actions that do something else.
    pub(crate) fn of(action: &Action) -> Option<Self> {
        Some(match *action {
            Action::Insert(character) => Self::Insert(character),
            Action::Newline => Self::Insert('\n'),
            Action::Backspace => Self::Delete(Motion::Left),
            Action::Delete | Action::DeleteOrQuit => Self::Delete(Motion::Right),
            Action::Move(motion) => Self::Move(motion),
            Action::Home => Self::Move(Motion::RowStart),
            Action::End => Self::Move(Motion::RowEnd),
            Action::Kill(motion) => Self::Kill(motion),
            Action::KillOrPalette => Self::Kill(Motion::RowEnd),
            Action::Yank => Self::Yank,
            Action::YankPop => Self::YankPop,
            Action::Undo => Self::Undo,
            Action::Redo => Self::Redo,
            Action::Transpose => Self::Transpose,
            Action::UpperCase => Self::Case(Case::Upper),
            Action::LowerCase => Self::Case(Case::Lower),
            Action::Capitalize => Self::Case(Case::Capital),
            _ => return None,
        })
    }
}

/// What kind of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rows,
    Line,
    Masked,
}

/// What was done last: decides what the next edit goes on with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    /// Typed or deleted.
    Run,
    /// Cut into the piece of this number.
    Kill(u64),
    /// Put in, from this byte to the cursor, the piece of this place in the ring.
    Yank { start: usize, place: usize },
    /// Put in what did not fit, so many characters of it.
    Overflow(usize),
}

/// A text and its cursor.
pub(crate) struct Editor {
    text: String,
    /// A byte, always between clusters.
    cursor: usize,
    kind: Kind,
    /// Bytes that the text may have.
    capacity: usize,
    undo: Undo,
    last: Last,
    revision: u64,
}

impl Editor {
    /// A text of several rows, of at most `capacity` bytes.
    pub(crate) fn rows(capacity: usize) -> Self {
        Self::new(Kind::Rows, capacity)
    }

    /// A text of one row, of at most `capacity` bytes: newlines and tabs become spaces.
    pub(crate) fn line(capacity: usize) -> Self {
        Self::new(Kind::Line, capacity)
    }

    /// A password, of at most `capacity` bytes: shown as bullets, never cut into the kill ring, not
    /// remembered for undo. Of what is pasted it takes the first row.
    pub(crate) fn masked(capacity: usize) -> Self {
        Self::new(Kind::Masked, capacity)
    }

    fn new(kind: Kind, capacity: usize) -> Self {
        Self {
            text: String::new(),
            cursor: 0,
            kind,
            capacity,
            undo: Undo::default(),
            last: Last::Other,
            revision: 0,
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// True where nothing is typed.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// True where nothing is behind the cursor.
    pub(crate) fn is_at_end(&self) -> bool {
        self.cursor == self.text.len()
    }

    /// The cursor's place in the text, in bytes.
    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    /// A number that is another one after every change of the text.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Does what a key asks for.
    pub(crate) fn edit(&mut self, edit: Edit, kills: &mut KillRing) -> Result<(), Overflow> {
        let last = std::mem::take(&mut self.last);
        match edit {
            Edit::Insert(character) => {
                let mut text = [0; 4];
                return self.put(character.encode_utf8(&mut text), Run::Typing, last);
            }
            Edit::Move(motion) => self.cursor = self.target(motion),
            Edit::Delete(motion) => {
                let (start, end) = self.span(motion);
                self.change(start, end, "", Run::Deleting, last == Last::Run);
                self.last = Last::Run;
            }
            Edit::Kill(motion) => self.kill(motion, last, kills),
            Edit::Yank => return self.yank(kills, 0),
            Edit::YankPop => {
                if let Last::Yank { start, place } = last {
                    self.change(start, self.cursor, "", Run::Alone, false);
                    return self.yank(kills, place + 1);
                }
            }
            Edit::Undo => self.undo(),
            Edit::Redo => self.redo(),
            Edit::Transpose => self.transpose(),
            Edit::Case(case) => {
                let end = self.target(Motion::WordRight);
                let word = words::in_case(&self.text[self.cursor..end], case);
                self.change(self.cursor, end, &word, Run::Alone, false);
            }
        }
        Ok(())
    }

    /// Puts text where the cursor is, as it is but for control characters, which the server leaves out as
    /// well. Where it does not fit, it is cut between two clusters.
    pub(crate) fn insert(&mut self, text: &str) -> Result<(), Overflow> {
        let last = std::mem::take(&mut self.last);
        self.put(text, Run::Alone, last)
    }

    /// Puts `text` in place of the bytes from `start` to the cursor.
    pub(crate) fn replace(&mut self, start: usize, text: &str) -> Result<(), Overflow> {
        self.change(start, self.cursor, "", Run::Alone, false);
        self.insert(text)
    }

    /// Puts `text`, of an editor of the same kind, in place of the whole, with the cursor at the byte
    /// `cursor` or the next one between two clusters.
    pub(crate) fn set(&mut self, text: &str, cursor: usize) {
        self.change(0, self.text.len(), text, Run::Alone, false);
        self.cursor = cursor.min(self.text.len());
        while !self.text.is_char_boundary(self.cursor) {
            self.cursor += 1;
        }
        self.settle();
        self.last = Last::Other;
    }

    /// Takes everything out; Undo brings it back, unless it is a secret.
    pub(crate) fn take(&mut self) -> String {
        let text = self.text.clone();
        self.set("", 0);
        text
    }

    /// Forgets what Undo would bring back.
    pub(crate) fn forget(&mut self) {
        self.undo.clear();
    }

    /// Moves the cursor to the byte `cursor`, which is between two clusters.
    pub(crate) fn move_to(&mut self, cursor: usize) {
        self.cursor = cursor;
        self.last = Last::Other;
    }

    /// The text in one row of `columns`, scrolled to the cursor; the cursor's column. A password is
    /// bullets.
    pub(crate) fn window(&self, columns: usize) -> (String, usize) {
        self.shown().window(columns, self.cursor)
    }

    /// The text in rows of `columns`.
    pub(super) fn lay(&self, columns: usize) -> Laid {
        self.shown().lay(columns.max(1), self.cursor)
    }

    pub(super) fn shown(&self) -> Shown<'_> {
        let secret_from = match self.kind {
            Kind::Masked => 0,
            Kind::Line => usize::MAX,
            Kind::Rows => secret_from(&self.text).unwrap_or(usize::MAX),
        };
        Shown {
            text: &self.text,
            secret_from,
        }
    }

    /// True where the text must not be kept anywhere.
    pub(crate) fn is_secret(&self) -> bool {
        match self.kind {
            Kind::Masked => true,
            Kind::Line => false,
            Kind::Rows => secret_from(&self.text).is_some(),
        }
    }

    fn put(&mut self, text: &str, run: Run, last: Last) -> Result<(), Overflow> {
        let clean = self.clean(text);
        let room = self.capacity.saturating_sub(self.text.len());
        let end = match clean.len() <= room {
            true => clean.len(),
            false => {
                let starts = clean.grapheme_indices(true).map(|(at, _)| at);
                starts.take_while(|at| *at <= room).last().unwrap_or(0)
            }
        };
        let goes_on = last == Last::Run;
        self.change(self.cursor, self.cursor, &clean[..end], run, goes_on);
        let left_out = clean[end..].chars().count();
        if left_out > 0 {
            let before = match last {
                Last::Overflow(before) => before,
                _ => 0,
            };
            self.last = Last::Overflow(before + left_out);
            return Err(Overflow(before + left_out));
        }
        if run == Run::Typing {
            self.last = Last::Run;
        }
        Ok(())
    }

    fn clean<'text>(&self, text: &'text str) -> Cow<'text, str> {
        if !text.contains(char::is_control) {
            return Cow::Borrowed(text);
        }
        let newlines = text.replace("\r\n", "\n").replace('\r', "\n");
        let is_kept = |one: &char| !one.is_control();
        let clean = match self.kind {
            Kind::Rows => {
                let is_kept = |one: &char| matches!(one, '\n' | '\t') || is_kept(one);
                newlines.chars().filter(is_kept).collect()
            }
            Kind::Line => {
                let spaced = newlines.replace(['\n', '\t'], " ");
                spaced.chars().filter(is_kept).collect()
            }
            Kind::Masked => {
                let row = newlines.split('\n').next().unwrap_or_default();
                row.chars().filter(is_kept).collect()
            }
        };
        Cow::Owned(clean)
    }

    fn kill(&mut self, motion: Motion, last: Last, kills: &mut KillRing) {
        let target = self.target(motion);
        let motion = match motion {
            Motion::RowEnd if target == self.cursor => Motion::Right,
            Motion::RowStart if target == self.cursor => Motion::Left,
            other => other,
        };
        let side = match self.target(motion) > self.cursor {
            true => Side::Back,
            false => Side::Front,
        };
        let joined = match last {
            Last::Kill(number) => Some(number),
            _ => None,
        };
        let (start, end) = self.span(motion);
        if !self.is_secret() {
            let number = kills.add(&self.text[start..end], side, joined);
            self.last = Last::Kill(number);
        }
        self.change(start, end, "", Run::Alone, false);
    }

    fn yank(&mut self, kills: &KillRing, place: usize) -> Result<(), Overflow> {
        let Some(piece) = kills.get(place) else {
            return Ok(());
        };
        let start = self.cursor;
        let result = self.insert(piece);
        if result.is_ok() {
            self.last = Last::Yank { start, place };
        }
        result
    }

    fn undo(&mut self) {
        if let Some(change) = self.undo.back() {
            let inserted = change.at..change.at + change.inserted.len();
            self.text.replace_range(inserted, &change.removed);
            self.cursor = change.cursor;
            self.revision += 1;
        }
    }

    fn redo(&mut self) {
        if let Some(change) = self.undo.forward() {
            let removed = change.at..change.at + change.removed.len();
            self.text.replace_range(removed, &change.inserted);
            self.cursor = change.at + change.inserted.len();
            self.revision += 1;
            self.settle();
        }
    }

    fn transpose(&mut self) {
        // At the end of a row the two before it.
        let at_end = self.target(Motion::RowEnd) == self.cursor;
        let middle = if at_end {
            self.target(Motion::Left)
        } else {
            self.cursor
        };
        let before = self.text[..middle].graphemes(true).next_back();
        let after = self.text[middle..].graphemes(true).next();
        let (Some(before), Some(after)) = (before, after) else {
            return;
        };
        if before == "\n" || after == "\n" {
            return;
        }
        let (start, end) = (middle - before.len(), middle + after.len());
        let swapped = format!("{after}{before}");
        self.change(start, end, &swapped, Run::Alone, false);
    }

    /// The one place where text changes: puts `inserted` where `start` to `end` was, and the cursor behind
    /// it.
    fn change(&mut self, start: usize, end: usize, inserted: &str, run: Run, goes_on: bool) {
        if start == end && inserted.is_empty() {
            return;
        }
        let was_secret = self.is_secret();
        let change = Change {
            at: start,
            removed: self.text[start..end].to_owned(),
            inserted: inserted.to_owned(),
            cursor: self.cursor,
            run,
        };
        self.text.replace_range(start..end, inserted);
        self.cursor = start + inserted.len();
        self.revision += 1;
        self.settle();
        if was_secret || self.is_secret() {
            self.undo.clear();
        } else {
            self.undo.record(change, goes_on);
        }
    }

    /// What lies between the cursor and where `motion` leads.
    fn span(&self, motion: Motion) -> (usize, usize) {
        let target = self.target(motion);
        (target.min(self.cursor), target.max(self.cursor))
    }

    fn target(&self, motion: Motion) -> usize {
        let motion = match (self.kind, motion) {
            // Where words begin would tell how a password is made.
            (Kind::Masked, Motion::WordLeft | Motion::SpaceLeft) => Motion::RowStart,
            (Kind::Masked, Motion::WordRight) => Motion::RowEnd,
            (_, motion) => motion,
        };
        motions::target(&self.text, self.cursor, motion)
    }

    /// Moves the cursor out of a cluster that a change made around it.
    fn settle(&mut self) {
        let mut place = GraphemeCursor::new(self.cursor, self.text.len(), true);
        // The whole text is at hand: there is nothing that it could ask for.
        if let Ok(false) = place.is_boundary(&self.text, 0)
            && let Ok(Some(next)) = place.next_boundary(&self.text, 0)
        {
            self.cursor = next;
        }
    }
}

/// Where the secret begins in a command that holds one: `/password OLD NEW`.
pub(super) fn secret_from(text: &str) -> Option<usize> {
    let command = text.trim_start();
    let name = command.strip_prefix('/')?;
    let end = name.find(char::is_whitespace)?;
    let is_secret = name[..end].eq_ignore_ascii_case("password");
    is_secret.then(|| text.len() - name.len() + end + 1)
}

impl std::fmt::Debug for Editor {
    /// Leaves out the text, which may be a secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Editor({:?})", self.kind)
    }
}

#[cfg(test)]
mod tests;
