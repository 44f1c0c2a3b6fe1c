//! Which actions mean something while something is picked. Pure.

use super::Action;

impl Action {
    /// Means the same while something is picked.
    pub(crate) fn is_anywhere(&self) -> bool {
        matches!(
            self,
            Action::Room(_)
                | Action::NextRoom
                | Action::PreviousRoom
                | Action::Help
                | Action::Problems
                | Action::Held
                | Action::Log
                | Action::TakeBack
                | Action::ToggleSides
                | Action::Find
                | Action::NextMention
                | Action::Select
                | Action::KillOrPalette
                | Action::Redraw
                | Action::Suspend
        )
    }

    /// Does something while something is picked: no other key may be bound in its place.
    pub(super) fn acts_while_picking(&self) -> bool {
        let moves = matches!(
            self,
            Action::Up
                | Action::Down
                | Action::PageUp
                | Action::PageDown
                | Action::Home
                | Action::End
                | Action::Top
                | Action::Bottom
        );
        let answers = matches!(self, Action::Submit | Action::Escape | Action::Interrupt);
        moves || answers || self.is_anywhere()
    }
}
