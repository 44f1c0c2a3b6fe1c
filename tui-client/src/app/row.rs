//! A row of text before it has colours: what the timeline makes and the views draw. Must not know
//! where a row stands on the screen.

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
}

/// Text of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

/// Pieces side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row(pub(crate) Vec<Piece>);

impl Row {
    /// The row with one more piece.
    pub(crate) fn with(mut self, tone: Tone, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.0.push(Piece { tone, text });
        }
        self
    }

    /// The text alone.
    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(|piece| piece.text.as_str()).collect()
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
