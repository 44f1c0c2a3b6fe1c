//! What a terminal shows at one moment.
//!
//! Must not know what paints it.

/// The screen at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Its rows, without the spaces at their ends.
    pub rows: Vec<String>,
    /// Whether it is the alternate screen.
    pub alternate: bool,
    /// Whether the cursor is hidden.
    pub cursor_hidden: bool,
    /// Whether pasted text comes marked.
    pub bracketed_paste: bool,
}

impl Screen {
    /// Whether a row holds `text`.
    pub fn shows(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }

    /// How many rows hold `text`.
    pub fn count(&self, text: &str) -> usize {
        self.rows.iter().filter(|row| row.contains(text)).count()
    }

    /// The first row that holds `text`.
    pub fn row_with(&self, text: &str) -> Option<&str> {
        let row = self.rows.iter().find(|row| row.contains(text))?;
        Some(row)
    }

    /// The screen for a panic's text, its left edge marked.
    pub(super) fn framed(&self) -> String {
        let rows: Vec<String> = self.rows.iter().map(|row| format!("|{row}")).collect();
        rows.join("\n")
    }
}
