//! A row of text before it has colours: what the timeline makes and the views draw. Must not know
//! where a row stands on the screen.

use std::rc::Rc;

use crate::wrap::width;

/// What a piece of text is; a theme says how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tone {
    /// What somebody wrote.
    Text,
    /// A user's name; the number comes from [`nick_hash`].
    Nick(u32),
    /// Times, rules, hints, quotes.
    Faint,
    /// A message that names this user.
    Mention,
    /// A message that is not confirmed yet.
    Pending,
    /// What went wrong.
    Alert,
    /// What is fine.
    Good,
    /// What is being waited for.
    Waiting,
    /// What stands out.
    Strong,
    /// The room in view.
    Active,
    /// The row that keys act on.
    Selected,
    /// A row that is marked, to be acted on with others.
    Marked,
    /// A question before something is done, and the keys that answer it.
    Bar,
    /// The line above what has not been seen.
    Unread,
    /// The text of somebody who may not speak, and text that was deleted.
    Muted,
}

/// A web address in a text. All pieces of one have the same id, whatever rows they are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Tells two links on a screen apart, even where they lead to the same address.
    pub(crate) id: u32,
    /// ASCII, without spaces and controls.
    pub(crate) address: Rc<str>,
}

/// Text of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) tone: Tone,
    pub(crate) text: String,
    pub(crate) link: Option<Link>,
}

impl Piece {
    /// Text that leads nowhere.
    pub(crate) fn new(tone: Tone, text: impl Into<String>) -> Self {
        let text = text.into();
        let link = None;
        Self { tone, text, link }
    }
}

/// Pieces side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) pieces: Vec<Piece>,
    /// What stands at the right edge; it is there only where it fits.
    pub(crate) right: Option<Piece>,
    /// What the whole row is, from edge to edge, below what its pieces are.
    pub(crate) base: Option<Tone>,
}

impl Row {
    /// The row with one more piece.
    pub(crate) fn with(mut self, tone: Tone, text: impl Into<String>) -> Self {
        let piece = Piece::new(tone, text);
        if !piece.text.is_empty() {
            self.pieces.push(piece);
        }
        self
    }

    /// The row with one more piece, which may be a part of a link.
    pub(crate) fn with_link(mut self, tone: Tone, text: &str, link: Option<Link>) -> Self {
        if !text.is_empty() {
            let text = text.to_owned();
            self.pieces.push(Piece { tone, text, link });
        }
        self
    }

    /// The row with something at its right edge, in place of what was there.
    pub(crate) fn with_right(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.right = Some(Piece::new(tone, text));
        self
    }

    /// Columns that the pieces take, without what stands at the right edge.
    pub(crate) fn columns(&self) -> usize {
        self.pieces.iter().map(|piece| width(&piece.text)).sum()
    }

    /// The text alone; what stands at the right edge is two columns behind the rest.
    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        let text: String = (self.pieces.iter())
            .map(|piece| piece.text.as_str())
            .collect();
        match &self.right {
            Some(right) => format!("{text}  {}", right.text),
            None => text,
        }
    }

    /// The text as it stands on a screen of so many columns.
    #[cfg(test)]
    pub(crate) fn text_in(&self, columns: usize) -> String {
        let text: String = (self.pieces.iter())
            .map(|piece| piece.text.as_str())
            .collect();
        let Some(right) = &self.right else {
            return text;
        };
        let gap = columns.saturating_sub(width(&text) + width(&right.text));
        format!("{text}{}{}", " ".repeat(gap), right.text)
    }
}

impl From<Vec<Piece>> for Row {
    fn from(pieces: Vec<Piece>) -> Self {
        Self {
            pieces,
            ..Self::default()
        }
    }
}

/// A number that stays the same for a user over runs and machines (FNV-1a), whatever the case of the
/// name.
pub(crate) fn nick_hash(username: &str) -> u32 {
    username
        .chars()
        .flat_map(char::to_lowercase)
        .flat_map(|character| (character as u32).to_le_bytes())
        .fold(0x811c_9dc5, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_one_number() {
        assert_eq!(nick_hash("Alice"), nick_hash("alice"));
        assert_ne!(nick_hash("alice"), nick_hash("bob"));
        assert_eq!(nick_hash(""), 0x811c_9dc5);
    }
}
