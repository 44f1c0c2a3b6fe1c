//! The input box: text, cursor, what was cut, and what was sent before. Edits whole grapheme
//! clusters. Must not know what a message is or where the box is drawn.

use std::borrow::Cow;
use std::collections::VecDeque;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::keymap::Motion;
use crate::sanitize;

/// Bytes that the box holds: what one frame may carry. Past it nothing is inserted.
const CAPACITY: usize = 16 * 1024;
/// Messages that Up brings back.
const HISTORY: usize = 200;

/// The text did not fit as a whole; how many characters were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overflow(pub(crate) usize);

/// The input box of one room.
#[derive(Debug, Default)]
pub(crate) struct Composer {
    text: String,
    /// A byte offset, always between clusters.
    cursor: usize,
    cut: String,
    /// The last action was a cut: the next one adds to it.
    cutting: bool,
    history: VecDeque<String>,
    /// The place in the history that is shown, and the draft that it hides.
    recalled: Option<(usize, String)>,
}

impl Composer {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// True where nothing is typed.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Puts text where the cursor is, as it is: newlines and tabs are kept, other control characters are
    /// left out, as the server leaves them out.
    pub(crate) fn insert(&mut self, text: &str) -> Result<(), Overflow> {
        self.cutting = false;
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let room = CAPACITY.saturating_sub(self.text.len());
        let mut clean = String::new();
        let mut left_out = 0;
        for (number, row) in text.split('\n').enumerate() {
            let newline = usize::from(number > 0);
            let is_kept = |one: &char| *one == '\t' || !one.is_control();
            let cleaned = (left_out == 0).then(|| row.chars().filter(is_kept).collect::<String>());
            match cleaned.filter(|row| clean.len() + newline + row.len() <= room) {
                Some(row) => {
                    clean.extend((number > 0).then_some('\n'));
                    clean.push_str(&row);
                }
                None => left_out += newline + row.chars().count(),
            }
        }
        self.text.insert_str(self.cursor, &clean);
        self.cursor += clean.len();
        self.settle();
        if left_out > 0 {
            return Err(Overflow(left_out));
        }
        Ok(())
    }

    /// The word before the cursor, and whether it is the first of the text.
    pub(crate) fn word(&self) -> (&str, bool) {
        let start = self.word_start();
        (
            &self.text[start..self.cursor],
            self.text[..start].trim().is_empty(),
        )
    }

    /// Puts text in place of the word before the cursor.
    pub(crate) fn replace_word(&mut self, text: &str) -> Result<(), Overflow> {
        let start = self.word_start();
        self.text.drain(start..self.cursor);
        self.cursor = start;
        self.insert(text)
    }

    /// Takes the text out, and remembers it for Up.
    pub(crate) fn take(&mut self) -> String {
        self.cursor = 0;
        self.cutting = false;
        self.recalled = None;
        let text = std::mem::take(&mut self.text);
        self.history.retain(|earlier| *earlier != text);
        self.history.push_back(text.clone());
        if self.history.len() > HISTORY {
            self.history.pop_front();
        }
        text
    }

    /// Moves the cursor.
    pub(crate) fn go(&mut self, motion: Motion) {
        self.cutting = false;
        self.cursor = self.target(motion);
    }

    /// Deletes up to where `motion` leads.
    pub(crate) fn delete(&mut self, motion: Motion) {
        self.cutting = false;
        self.remove(motion);
    }

    /// Cuts up to where `motion` leads. At the end of a row it takes the newline.
    pub(crate) fn kill(&mut self, motion: Motion) {
        let target = self.target(motion);
        let motion = match motion {
            Motion::RowEnd if target == self.cursor => Motion::Right,
            Motion::RowStart if target == self.cursor => Motion::Left,
            other => other,
        };
        let forward = self.target(motion) > self.cursor;
        let removed = self.remove(motion);
        if !self.cutting {
            self.cut.clear();
        }
        if forward {
            self.cut.push_str(&removed);
        } else {
            self.cut.insert_str(0, &removed);
        }
        self.cutting = true;
    }

    /// Puts back what was cut.
    pub(crate) fn yank(&mut self) -> Result<(), Overflow> {
        let cut = self.cut.clone();
        self.insert(&cut)
    }

    /// A row up; from the first row, the message sent before.
    pub(crate) fn up(&mut self) {
        self.cutting = false;
        if !self.step_row(false) {
            let place = self
                .recalled
                .as_ref()
                .map_or(self.history.len(), |(place, _)| *place);
            if let Some(earlier) = place.checked_sub(1) {
                self.recall(earlier);
            }
        }
    }

    /// A row down; from the last row, the message sent after, and the draft after the last.
    pub(crate) fn down(&mut self) {
        self.cutting = false;
        if self.step_row(true) {
            return;
        }
        if let Some((place, _)) = self.recalled {
            self.recall(place + 1);
        }
    }

    /// The text as it is shown, in rows of `columns`, broken between clusters, and where the cursor is:
    /// row and column.
    pub(crate) fn rows(&self, columns: usize) -> (Vec<String>, (usize, usize)) {
        let columns = columns.max(2);
        let mut rows = Vec::new();
        let mut place = (0, 0);
        let (mut row, mut used) = (String::new(), 0);
        let mut previous = ' ';
        for (at, cluster) in self.text.grapheme_indices(true) {
            let end = at + cluster.len();
            let next = self.text[end..].chars().next();
            let is_break = cluster == "\n";
            let shown: Cow<'_, str> = if is_break {
                "".into()
            } else {
                sanitize::cluster(previous, cluster, next)
            };
            previous = cluster.chars().next_back().unwrap_or(' ');
            let wide = shown.width();
            if used + wide > columns {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            if at == self.cursor {
                place = (rows.len(), used);
            }
            row.push_str(&shown);
            used += wide;
            if is_break {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
        }
        // A cursor behind a full row stands at the start of the next.
        if self.cursor == self.text.len() {
            if used >= columns {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            place = (rows.len(), used);
        }
        rows.push(row);
        (rows, place)
    }

    fn word_start(&self) -> usize {
        let before = &self.text[..self.cursor];
        let space = before.char_indices().rfind(|(_, one)| one.is_whitespace());
        space.map_or(0, |(at, space)| at + space.len_utf8())
    }

    fn remove(&mut self, motion: Motion) -> String {
        let target = self.target(motion);
        let (start, end) = (target.min(self.cursor), target.max(self.cursor));
        let removed = self.text.drain(start..end).collect();
        self.cursor = start;
        self.settle();
        removed
    }

    fn target(&self, motion: Motion) -> usize {
        let (before, after) = self.text.split_at(self.cursor);
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        match motion {
            Motion::Left => before
                .grapheme_indices(true)
                .next_back()
                .map_or(0, |(at, _)| at),
            Motion::Right => self.cursor + after.graphemes(true).next().map_or(0, str::len),
            Motion::WordLeft => word_start(before, is_word),
            Motion::SpaceLeft => word_start(before, |character| !character.is_whitespace()),
            Motion::WordRight => {
                let rest = after.trim_start_matches(|character| !is_word(character));
                self.text.len() - rest.trim_start_matches(is_word).len()
            }
            Motion::RowStart => before.rfind('\n').map_or(0, |at| at + 1),
            Motion::RowEnd => self.cursor + after.find('\n').unwrap_or(after.len()),
        }
    }

    /// Moves to the row before or after, to the same column or the row's end; false without one.
    fn step_row(&mut self, down: bool) -> bool {
        let start = self.target(Motion::RowStart);
        let column = self.text[start..self.cursor].graphemes(true).count();
        let row = if down {
            let end = self.target(Motion::RowEnd);
            (end < self.text.len()).then_some(end + 1)
        } else {
            start
                .checked_sub(1)
                .map(|end| self.text[..end].rfind('\n').map_or(0, |at| at + 1))
        };
        let Some(row) = row else {
            return false;
        };
        let rest = &self.text[row..];
        let rest = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let offset = rest.grapheme_indices(true).nth(column);
        self.cursor = row + offset.map_or(rest.len(), |(at, _)| at);
        true
    }

    fn recall(&mut self, place: usize) {
        let shown = std::mem::take(&mut self.text);
        let draft = match self.recalled.take() {
            Some((_, draft)) => draft,
            None => shown,
        };
        match self.history.get(place) {
            Some(earlier) => {
                self.text.clone_from(earlier);
                self.recalled = Some((place, draft));
            }
            None => self.text = draft,
        }
        self.cursor = self.text.len();
    }

    /// Moves the cursor out of a cluster that an edit made around it.
    fn settle(&mut self) {
        let mut ends = self.text.grapheme_indices(true);
        let inside =
            ends.find(|(at, cluster)| *at < self.cursor && self.cursor < at + cluster.len());
        if let Some((at, cluster)) = inside {
            self.cursor = at + cluster.len();
        }
    }
}

fn word_start(before: &str, is_word: impl Fn(char) -> bool) -> usize {
    let rest = before.trim_end_matches(|character| !is_word(character));
    rest.trim_end_matches(&is_word).len()
}

#[cfg(test)]
mod tests;
