//! The input box of one room: its text, the message that it answers, and what was sent before, shown in
//! place of a draft that comes back. Must not know how a message is sent or where the box is drawn.

mod editor;
mod history;
mod kills;
mod motions;
mod rows;
mod undo;
mod words;

use chat_protocol::MessageId;

pub(crate) use editor::{Edit, Editor, Overflow};
pub(crate) use history::{History, Sent};
pub(crate) use kills::KillRing;

use super::recall::Recall;

/// Bytes that the box holds: what one frame may carry. Past it nothing is inserted.
const CAPACITY: usize = 16 * 1024;
/// Texts of the history that keep what was changed in them while the user looks at others.
const CHANGED: usize = 16;
/// The number of a text that is not from the history: newer than all that is there.
const ELSEWHERE: u64 = u64::MAX;

/// What the input boxes of all rooms share.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) kills: KillRing,
    pub(crate) history: History,
}

/// The message that is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) id: MessageId,
    /// Who wrote it, as shown.
    pub(crate) name: String,
    /// Its beginning, harmless.
    pub(crate) quote: String,
}

/// A message that is not sent yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) text: String,
    /// Where the cursor is, in bytes.
    pub(crate) cursor: usize,
    pub(crate) reply: Option<Reply>,
}

/// The input box.
#[derive(Debug)]
pub(crate) struct Composer {
    editor: Editor,
    reply: Option<Reply>,
    borrowed: Option<Borrowed>,
    /// What was made of texts of the history, by their numbers, until the next one is sent.
    changed: Vec<(u64, String)>,
    /// The column that Up and Down keep to, until something else is done.
    column: Option<usize>,
    /// The search through what was sent, where one goes on.
    pub(super) recall: Option<Recall>,
}

/// That the box shows another text in place of the draft.
#[derive(Debug, Default)]
struct Borrowed {
    /// The number that it has in the history, or [`ELSEWHERE`].
    number: u64,
    draft: Draft,
}

impl Default for Composer {
    fn default() -> Self {
        Self {
            editor: Editor::rows(CAPACITY),
            reply: None,
            borrowed: None,
            changed: Vec::new(),
            column: None,
            recall: None,
        }
    }
}

impl Composer {
    pub(crate) fn text(&self) -> &str {
        self.editor.text()
    }

    /// True where nothing is typed.
    pub(crate) fn is_empty(&self) -> bool {
        self.editor.is_empty()
    }

    /// True where the text is a command that holds a password: it must not be kept anywhere.
    pub(crate) fn is_secret(&self) -> bool {
        self.editor.is_secret()
    }

    /// True where nothing is behind the cursor.
    pub(crate) fn is_at_end(&self) -> bool {
        self.editor.is_at_end()
    }

    /// A number that is another one after every change of the text.
    pub(crate) fn revision(&self) -> u64 {
        self.editor.revision()
    }

    /// The text up to the cursor.
    pub(crate) fn before_cursor(&self) -> &str {
        &self.text()[..self.editor.cursor()]
    }

    /// The message that is answered.
    pub(crate) fn reply(&self) -> Option<&Reply> {
        self.reply.as_ref()
    }

    /// The text becomes an answer to another message, or to none.
    pub(crate) fn set_reply(&mut self, reply: Option<Reply>) {
        if let Some(Borrowed { draft, .. }) = &mut self.borrowed
            && draft.text.is_empty()
        {
            draft.reply.clone_from(&reply);
        }
        self.reply = reply;
    }

    /// Does what a key asks for.
    pub(crate) fn edit(&mut self, edit: Edit, memory: &mut Memory) -> Result<(), Overflow> {
        self.column = None;
        let result = self.editor.edit(edit, &mut memory.kills);
        // Whoever undoes the way to another text is back at the draft.
        if matches!(edit, Edit::Undo | Edit::Redo)
            && let Some(borrowed) = &mut self.borrowed
            && borrowed.draft.text == self.editor.text()
        {
            self.reply = borrowed.draft.reply.take();
            self.borrowed = None;
        }
        result
    }

    /// Puts text where the cursor is, as it is but for control characters.
    pub(crate) fn insert(&mut self, text: &str) -> Result<(), Overflow> {
        self.column = None;
        self.editor.insert(text)
    }

    /// Puts `text` in place of the bytes from `start` to the cursor.
    pub(crate) fn replace(&mut self, start: usize, text: &str) -> Result<(), Overflow> {
        self.column = None;
        self.editor.replace(start, text)
    }

    /// Takes the message out, to be sent or cleared: it stays in the history and for Undo, unless it is a
    /// secret. The draft whose place it took comes back.
    pub(crate) fn take(&mut self, memory: &mut Memory) -> Draft {
        let taken = Draft {
            cursor: self.editor.cursor(),
            text: self.editor.text().to_owned(),
            reply: self.reply.take(),
        };
        memory.history.add(&taken.text);
        self.column = None;
        self.recall = None;
        self.changed.clear();
        let draft = self.borrowed.take().unwrap_or_default().draft;
        self.editor.set(&draft.text, draft.cursor);
        // Without a text of its own it was this one's.
        self.reply = draft.reply.filter(|_| !draft.text.is_empty());
        taken
    }

    /// Takes the text out and leaves what it answers: what Ctrl+C does. Without text it is the answer that
    /// ends; false where there was none.
    pub(crate) fn clear(&mut self, memory: &mut Memory) -> bool {
        if self.is_empty() {
            return self.reply.take().is_some();
        }
        self.take_command(memory);
        true
    }

    /// Takes the text out and leaves what it answers.
    pub(crate) fn take_command(&mut self, memory: &mut Memory) -> String {
        let taken = self.take(memory);
        if self.is_empty() {
            self.reply = taken.reply;
        }
        taken.text
    }

    /// Shows `text` in place of the draft, which comes back with Down, or once the text is sent.
    pub(crate) fn borrow_for(&mut self, text: &str, reply: Option<Reply>, memory: &mut Memory) {
        if self.borrowed.is_some() {
            memory.history.add(self.editor.text());
        }
        self.show(ELSEWHERE, text);
        self.reply = reply;
    }

    /// A row of `columns` up; from the first row, the text sent before.
    pub(crate) fn up(&mut self, columns: usize, memory: &mut Memory) {
        if self.step(columns, false) {
            return;
        }
        let number = match &mut self.borrowed {
            None => u64::MAX,
            // What is from elsewhere stays in the history.
            Some(borrowed) if borrowed.number == ELSEWHERE => {
                let number = memory.history.add(self.editor.text());
                borrowed.number = number.unwrap_or(ELSEWHERE);
                borrowed.number
            }
            Some(borrowed) => borrowed.number,
        };
        if let Some(sent) = memory.history.before(number) {
            self.show_sent(sent, memory);
        }
    }

    /// A row of `columns` down; from the last row, the text sent after, and the draft after the last.
    pub(crate) fn down(&mut self, columns: usize, memory: &Memory) {
        if self.step(columns, true) {
            return;
        }
        let Some(number) = self.borrowed.as_ref().map(|one| one.number) else {
            return;
        };
        if let Some(sent) = memory.history.after(number) {
            self.show_sent(sent, memory);
        } else {
            self.keep_changed(memory);
            self.give_back();
        }
    }

    /// Shows a text of the history, as the user changed it, in place of the draft.
    pub(crate) fn show_sent(&mut self, sent: &Sent, memory: &Memory) {
        self.keep_changed(memory);
        let mut changed = self.changed.iter();
        let changed = changed.find(|(number, _)| *number == sent.number);
        let text = changed.map_or(&sent.text, |(_, text)| text).clone();
        self.show(sent.number, &text);
    }

    /// What is kept for the next start: the draft, and the text that it gave way to where that was changed.
    /// Never a secret.
    pub(crate) fn drafts(&self, history: &History) -> Vec<Draft> {
        let mut drafts = Vec::new();
        let mut is_own = true;
        if let Some(borrowed) = &self.borrowed {
            let sent = history.get(borrowed.number);
            is_own = sent.is_none_or(|sent| sent.text != self.text());
            drafts.push(borrowed.draft.clone());
        }
        if is_own && !self.is_secret() {
            drafts.push(Draft {
                text: self.text().to_owned(),
                cursor: self.editor.cursor(),
                reply: self.reply.clone(),
            });
        }
        let says_nothing = |draft: &Draft| draft.text.is_empty() && draft.reply.is_none();
        drafts.retain(|draft| !says_nothing(draft) && editor::secret_from(&draft.text).is_none());
        drafts
    }

    /// Brings back what [`Composer::drafts`] gave: the last is shown.
    pub(crate) fn restore(&mut self, drafts: Vec<Draft>) {
        let mut drafts = drafts.into_iter().rev();
        let Some(draft) = drafts.next() else {
            return;
        };
        // A file may have been changed by hand.
        self.editor.set("", 0);
        let _cut = self.editor.insert(&draft.text);
        let cursor = draft.cursor;
        let text = self.editor.text().to_owned();
        self.editor.set(&text, cursor);
        self.editor.forget();
        self.reply = draft.reply;
        self.borrowed = drafts.next().map(|draft| Borrowed {
            number: ELSEWHERE,
            draft,
        });
    }

    /// The text as it is shown, in rows of `columns`, broken between clusters, and where the cursor is:
    /// row and column.
    pub(crate) fn rows(&self, columns: usize) -> (Vec<String>, (usize, usize)) {
        let laid = self.editor.lay(columns);
        let rows = laid.rows.into_iter().map(|row| row.shown);
        (rows.collect(), laid.cursor)
    }

    /// Moves to the row before or after, to the same column or the nearest; false without one.
    fn step(&mut self, columns: usize, down: bool) -> bool {
        let laid = self.editor.lay(columns);
        let (row, column) = laid.cursor;
        let next = if down {
            Some(row + 1)
        } else {
            row.checked_sub(1)
        };
        let Some(next) = next.and_then(|next| laid.rows.get(next)) else {
            self.column = None;
            return false;
        };
        let column = *self.column.get_or_insert(column);
        let offset = self.editor.shown().offset(next, column);
        self.editor.move_to(offset);
        true
    }

    /// Remembers what was made of the text of the history that is shown.
    fn keep_changed(&mut self, memory: &Memory) {
        let Some(number) = self.borrowed.as_ref().map(|one| one.number) else {
            return;
        };
        let sent = memory.history.get(number);
        let text = self.editor.text();
        self.changed.retain(|(other, _)| *other != number);
        if sent.is_some_and(|sent| sent.text != text) && !self.editor.is_secret() {
            self.changed.push((number, text.to_owned()));
            let over = self.changed.len().saturating_sub(CHANGED);
            self.changed.drain(..over);
        }
    }

    fn show(&mut self, number: u64, text: &str) {
        let borrowed = self.borrowed.get_or_insert_with(|| {
            let draft = Draft {
                text: self.editor.text().to_owned(),
                cursor: self.editor.cursor(),
                reply: self.reply.clone(),
            };
            // An answer that has no text yet may get one from the history.
            self.reply.take_if(|_| !draft.text.is_empty());
            Borrowed { number, draft }
        });
        borrowed.number = number;
        self.column = None;
        self.editor.set(text, text.len());
    }

    fn give_back(&mut self) {
        if let Some(Borrowed { draft, .. }) = self.borrowed.take() {
            self.editor.set(&draft.text, draft.cursor);
            self.reply = draft.reply;
        }
    }
}

#[cfg(test)]
mod tests;
