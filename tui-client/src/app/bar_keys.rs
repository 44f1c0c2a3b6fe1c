//! What keys and pastes do while a question stands: they answer it, change it, or write its reason. Must
//! not know what the question is about.

use chat_protocol::limits::REASON_CHARS;

use super::App;
use super::composer::{Edit, Editor, KillRing, Overflow};
use super::event::Effect;
use crate::keymap::Action;

/// Bytes of a reason, so that it is the characters that count.
const CAPACITY: usize = 4 * REASON_CHARS + 64;

impl App {
    /// Answers the question that stands before an action. Where it was typed, the keys that are no answer
    /// are typed on; where something is picked, they only cancel it.
    pub(super) fn act_on_bar(&mut self, action: &Action, effects: &mut Vec<Effect>) -> bool {
        let picking = self.is_picking();
        let Some(bar) = &mut self.bar else {
            return false;
        };
        if self.reason_typing.is_some() {
            self.act_in_reason(action);
            return true;
        }
        match action {
            Action::Submit => self.confirm_bar(effects),
            Action::Escape | Action::Interrupt => self.close_bar(),
            Action::TakeBack => self.take_back(),
            Action::Insert(digit) if digit.is_ascii_digit() && bar.set_length(*digit) => {}
            Action::Insert('a') if bar.may_delete() => bar.deletes = !bar.deletes,
            Action::Insert('w') if bar.has_reason() => {
                let mut editor = Editor::line(CAPACITY);
                editor.set(&bar.reason, bar.reason.len());
                self.reason_typing = Some(editor);
            }
            _ if picking => self.refuse_key(),
            _ => {
                self.pass_bar();
                return false;
            }
        }
        true
    }

    /// Puts pasted text into the reason, where one is typed; else a question that stands is no longer
    /// asked. True where the text is used up.
    pub(super) fn paste_on_bar(&mut self, text: &str) -> bool {
        if self.reason_typing.is_some() {
            let row = text.split_whitespace().collect::<Vec<_>>().join(" ");
            self.write_reason(|editor, _| editor.insert(&row));
            return true;
        }
        if self.bar.is_some() {
            self.pass_bar();
        }
        false
    }

    /// The user goes on with something else. What was typed for the question is in the history.
    fn pass_bar(&mut self) {
        let was_typed = self.bar.take().is_some_and(|bar| bar.typed.is_some());
        self.hint(match was_typed {
            true => "question cancelled (Up brings the command back)",
            false => "question cancelled",
        });
    }

    fn act_in_reason(&mut self, action: &Action) {
        match action {
            Action::Submit | Action::Escape => self.reason_typing = None,
            Action::Interrupt => self.close_bar(),
            other => {
                if let Some(edit) = Edit::of(other) {
                    self.write_reason(|editor, kills| editor.edit(edit, kills));
                }
            }
        }
    }

    /// Changes the reason that is typed; the question has it at once.
    fn write_reason(
        &mut self,
        change: impl FnOnce(&mut Editor, &mut KillRing) -> Result<(), Overflow>,
    ) {
        let (Some(editor), Some(bar)) = (&mut self.reason_typing, &mut self.bar) else {
            return;
        };
        let is_full = change(editor, &mut self.memory.kills).is_err();
        let over = editor.text().chars().count().saturating_sub(REASON_CHARS);
        if over > 0 {
            // What was put in ends at the cursor: its end is what does not fit.
            let before = &editor.text()[..editor.cursor()];
            let end = before.char_indices().rev().nth(over - 1);
            let start = end.map_or(0, |(at, _)| at);
            let _nothing = editor.replace(start, "");
        }
        bar.reason = editor.text().trim().to_owned();
        if is_full || over > 0 {
            self.hint(format!("a reason has at most {REASON_CHARS} characters"));
        }
    }
}
