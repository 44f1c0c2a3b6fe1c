//! Ctrl+R: looks for a text among those that were sent, while the draft stays where it is. Nothing
//! changes in the input box before the text that was found is taken over. Must not know which key asked.

use super::App;
use super::composer::{Edit, Editor, History, Memory, Sent};
use super::search::fold;
use crate::keymap::{Action, Motion};

/// Bytes of a query.
const CAPACITY: usize = 256;

/// A search that goes on.
#[derive(Debug)]
pub(crate) struct Recall {
    pub(crate) query: Editor,
    /// The number of the text that was found.
    found: Option<u64>,
}

impl Default for Recall {
    fn default() -> Self {
        Self {
            query: Editor::line(CAPACITY),
            found: None,
        }
    }
}

impl Recall {
    /// Changes the query; a longer one goes on from what is found, any other begins at the newest.
    pub(crate) fn edit(&mut self, edit: Edit, memory: &mut Memory) {
        let before = self.query.text().to_owned();
        // A query that is full finds what it finds.
        let _full = self.query.edit(edit, &mut memory.kills);
        self.look_since(&before, &memory.history);
    }

    /// Puts pasted text into the query.
    pub(crate) fn paste(&mut self, text: &str, history: &History) {
        let before = self.query.text().to_owned();
        let _full = self.query.insert(text);
        self.look_since(&before, history);
    }

    /// Finds an older text; stays with the one it has where there is none.
    pub(crate) fn again(&mut self, history: &History) {
        let older = self.look(self.found.unwrap_or(u64::MAX), history);
        self.found = older.or(self.found);
    }

    /// What is found.
    pub(crate) fn found<'history>(&self, history: &'history History) -> Option<&'history Sent> {
        history.get(self.found?)
    }

    fn look_since(&mut self, before: &str, history: &History) {
        let text = self.query.text();
        if text == before {
            return;
        }
        let from = match self.found.filter(|_| text.starts_with(before)) {
            Some(number) => number + 1,
            None => u64::MAX,
        };
        self.found = match text {
            "" => None,
            _ => self.look(from, history),
        };
    }

    fn look(&self, before: u64, history: &History) -> Option<u64> {
        let found = history.find(&fold(self.query.text()), before);
        found.map(|sent| sent.number)
    }
}

impl App {
    /// Begins the search in the input box, or goes on to an older text.
    pub(super) fn search_sent(&mut self) {
        let composer = &mut self.rooms[self.active].composer;
        match &mut composer.recall {
            Some(recall) => recall.again(&self.memory.history),
            None => composer.recall = Some(Recall::default()),
        }
    }

    /// Does what an action asks of the search, where one goes on; false where it is for others, too.
    pub(super) fn act_in_recall(&mut self, action: &Action) -> bool {
        let Some(recall) = &mut self.rooms[self.active].composer.recall else {
            return false;
        };
        self.typed_at = Some(self.now.elapsed);
        match (action, Edit::of(action)) {
            (Action::Up, _) => recall.again(&self.memory.history),
            (Action::Escape | Action::Interrupt, _) => self.end_recall(false),
            (Action::Submit | Action::Complete | Action::Down, _) => self.end_recall(true),
            (_, Some(edit @ (Edit::Insert(_) | Edit::Delete(Motion::Left) | Edit::Kill(_)))) => {
                recall.edit(edit, &mut self.memory)
            }
            // Whoever goes on editing has found it.
            (_, Some(_)) => {
                self.end_recall(true);
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Ends the search; what it found is taken over where `takes` is true.
    fn end_recall(&mut self, takes: bool) {
        let composer = &mut self.rooms[self.active].composer;
        let recall = composer.recall.take().filter(|_| takes);
        let found = recall.and_then(|recall| recall.found(&self.memory.history));
        if let Some(sent) = found {
            composer.show_sent(sent, &self.memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        let mut memory = Memory::default();
        for text in ["first go", "second", "Go on", "last"] {
            memory.history.add(text);
        }
        memory
    }

    #[test]
    fn a_query_finds_the_newest_then_older_ones() {
        let mut memory = memory();
        let mut recall = Recall::default();
        let found = |recall: &Recall, memory: &Memory| {
            let found = recall.found(&memory.history);
            found.map(|sent| sent.text.clone()).unwrap_or_default()
        };
        for (character, expected) in [('o', "Go on"), ('n', "Go on")] {
            recall.edit(Edit::Insert(character), &mut memory);
            assert_eq!(found(&recall, &memory), expected);
        }
        recall.again(&memory.history);
        assert_eq!(found(&recall, &memory), "second");
        recall.edit(Edit::Insert('d'), &mut memory);
        assert_eq!(found(&recall, &memory), "second", "goes on from there");
        recall.again(&memory.history);
        assert_eq!(found(&recall, &memory), "second", "there is no older one");
        recall.edit(Edit::Insert('x'), &mut memory);
        assert_eq!(found(&recall, &memory), "");
        recall.edit(Edit::Delete(Motion::Left), &mut memory);
        recall.edit(Edit::Delete(Motion::Left), &mut memory);
        assert_eq!(found(&recall, &memory), "Go on", "from the newest again");
        recall.edit(Edit::Kill(Motion::RowStart), &mut memory);
        assert_eq!(found(&recall, &memory), "");
        recall.again(&memory.history);
        assert_eq!(
            found(&recall, &memory),
            "last",
            "without a query the newest"
        );
    }

    #[test]
    fn a_query_is_bounded() {
        let mut memory = memory();
        let mut recall = Recall::default();
        for _ in 0..CAPACITY * 2 {
            recall.edit(Edit::Insert('x'), &mut memory);
        }
        assert_eq!(recall.query.text().len(), CAPACITY);
    }
}
