//! A message that is picked out in the room, and those that are marked beside it. While one is picked
//! letters act on it. Owns what is picked; what an action does is `acting`'s business.

use std::time::Duration;

use super::App;
use super::card::counted;
use super::target::Target;
use super::timeline::{EntryId, Look};

/// How far back messages with the same text are looked for.
const ALIKE: Duration = Duration::from_secs(600);
/// Messages that may be marked: far more than a raid has.
const MARKS: usize = 2_000;

/// What is picked, by the numbers of timeline entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) at: EntryId,
    pub(crate) marks: Vec<EntryId>,
    /// The marks are those with the same text.
    pub(crate) alike: bool,
}

impl App {
    /// Picks a message out, and holds the view.
    pub(super) fn select(&mut self, id: EntryId) {
        let geometry = self.geometry();
        self.room_mut().shown_mut().freeze(geometry);
        match &mut self.selection {
            Some(selection) => selection.at = id,
            None => {
                self.selection = Some(Selection {
                    at: id,
                    marks: Vec::new(),
                    alike: false,
                });
            }
        }
        let height = self.view_height();
        self.room_mut().shown_mut().reveal(id, geometry, height);
        self.draw = true;
    }

    /// Begins to pick at the lowest message in view; goes on upwards where one is picked.
    pub(super) fn begin_selection(&mut self) {
        if self.selection.is_some() {
            return self.step_selection(false);
        }
        let geometry = self.geometry();
        match self.room().shown().first_pick(geometry) {
            Some(id) => self.select(id),
            None => self.hint("there is no message to select here"),
        }
    }

    /// Moves to the next message; below the newest the selection ends.
    pub(super) fn step_selection(&mut self, down: bool) {
        let Some(at) = self.selection.as_ref().map(|selection| selection.at) else {
            return;
        };
        match self.room().shown().step(at, down) {
            Some(id) => self.select(id),
            None if self.room().shown().picked(at).is_none() => {
                self.end_selection();
                self.hint("that message is gone");
            }
            None if down => self.hint("that is the newest message (Esc goes back to typing)"),
            None => self.hint("that is the oldest message that is here"),
        }
    }

    /// How an entry of the room in view looks.
    pub(crate) fn look(&self, id: EntryId) -> Look {
        let Some(selection) = self.selection.as_ref().filter(|_| self.panel.is_none()) else {
            return Look::default();
        };
        let selected = selection.at == id;
        Look {
            selected,
            marked: selection.marks.contains(&id),
            likes: match selected && selection.alike {
                true => selection.marks.len(),
                false => 0,
            },
        }
    }

    /// True where what the client says takes the place of who is picked.
    pub(crate) fn says_above(&self) -> bool {
        let has_row = self.bar.is_none() && self.is_picking() && self.layout().info > 0;
        has_row && self.answers.shown().is_some()
    }

    /// What is picked, in one row.
    pub(crate) fn picked_words(&self) -> String {
        let target = match &self.panel {
            Some(_) => self.panel_pick().and_then(|pick| pick.target().cloned()),
            None => self
                .selection
                .as_ref()
                .and_then(|one| self.room().shown().target(one.at)),
        };
        let words = target.map_or_else(String::new, |target| self.card_summary(&target));
        let marks = self.selection.as_ref().map_or(&[][..], |one| &one.marks);
        let timeline = self.room().shown();
        match marks
            .iter()
            .filter(|mark| timeline.target(**mark).is_some())
            .count()
        {
            0 if !marks.is_empty() => "the marked messages are gone".to_owned(),
            0 => words,
            count => format!("{} marked. {words}", counted(count, "message")),
        }
    }

    /// Back to typing.
    pub(super) fn end_selection(&mut self) {
        if self.selection.take().is_some() {
            let geometry = self.geometry();
            self.room_mut().shown_mut().thaw(geometry);
            self.draw = true;
        }
    }

    /// Marks the picked message, or takes its mark away.
    pub(super) fn toggle_mark(&mut self) {
        let Some(selection) = &mut self.selection else {
            return;
        };
        selection.alike = false;
        let at = selection.at;
        match selection.marks.iter().position(|mark| *mark == at) {
            Some(place) => drop(selection.marks.remove(place)),
            None if selection.marks.len() < MARKS => selection.marks.push(at),
            None => {}
        }
        self.draw = true;
    }

    /// Marks all of the last minutes with the same text as the picked one.
    pub(super) fn mark_alike(&mut self) {
        let Some(at) = self.selection.as_ref().map(|selection| selection.at) else {
            return;
        };
        let mut alike = self.room().shown().like(at, ALIKE);
        alike.truncate(MARKS);
        let count = alike.len();
        if let Some(selection) = &mut self.selection {
            selection.alike = count > 1;
            selection.marks = alike;
        }
        match count {
            0 | 1 => self.hint("no other message of the last 10 minutes is like it"),
            _ => self.hint(format!("{count} messages are marked")),
        }
    }

    /// Whom an action is for: all that is marked, else what is picked.
    pub(crate) fn selected_targets(&self) -> Vec<Target> {
        let Some(selection) = &self.selection else {
            return Vec::new();
        };
        let timeline = &self.room().shown();
        let marks = selection
            .marks
            .iter()
            .filter_map(|mark| timeline.target(*mark));
        // Never for what was not marked, though all that was may be gone.
        if !selection.marks.is_empty() {
            return marks.collect();
        }
        timeline.target(selection.at).into_iter().collect()
    }
}
