//! The commands that do what a key does, for terminals and people that can't press it. Pure.

use super::Command;
use crate::keymap::Action;

/// The commands with what they do, for the help. Keys with a command of another kind are not among them.
pub(crate) const ACTING: [(&str, Command, &str); 14] = [
    (
        "select",
        Command::Act(Action::Select),
        "select a message: letters then act on it",
    ),
    (
        "go",
        Command::Act(Action::KillOrPalette),
        "go to a room, person, command or setting",
    ),
    (
        "recall",
        Command::Act(Action::RecallSearch),
        "search what you sent",
    ),
    (
        "sides",
        Command::Act(Action::ToggleSides),
        "show or hide what is beside the messages",
    ),
    ("top", Command::Act(Action::Top), "go to the oldest message"),
    (
        "end",
        Command::Act(Action::Bottom),
        "go to the newest message",
    ),
    ("up", Command::Act(Action::PageUp), "scroll up"),
    ("down", Command::Act(Action::PageDown), "scroll down"),
    (
        "next-room",
        Command::Act(Action::NextRoom),
        "go to the next room",
    ),
    (
        "previous-room",
        Command::Act(Action::PreviousRoom),
        "go to the previous room",
    ),
    ("back", Command::Act(Action::Escape), "go one step back"),
    ("redraw", Command::Act(Action::Redraw), "redraw the screen"),
    (
        "suspend",
        Command::Act(Action::Suspend),
        "suspend; type fg in the shell to come back",
    ),
    ("mention", Command::Next, "the same as /next"),
];

/// The command that does what a key does; `None` for keys that only edit what is typed, where a command
/// would have to be typed in its place.
pub(crate) fn command_of(action: &Action) -> Option<&'static str> {
    Some(match action {
        Action::Select => "select",
        Action::KillOrPalette => "go",
        Action::RecallSearch => "recall",
        Action::ToggleSides => "sides",
        Action::Top | Action::Home => "top",
        Action::Bottom | Action::End => "end",
        Action::PageUp => "up",
        Action::PageDown => "down",
        Action::Room(_) => "room",
        Action::NextRoom => "next-room",
        Action::PreviousRoom => "previous-room",
        Action::Escape => "back",
        Action::Redraw => "redraw",
        Action::Suspend => "suspend",
        Action::Help => "help",
        Action::Problems => "problems",
        Action::Held => "held",
        Action::Log => "log",
        Action::Find => "find",
        Action::NextMention => "next",
        Action::TakeBack => "undo",
        Action::Interrupt | Action::DeleteOrQuit => "quit",
        Action::Unknown
        | Action::Insert(_)
        | Action::Newline
        | Action::Submit
        | Action::Backspace
        | Action::Delete
        | Action::Move(_)
        | Action::Kill(_)
        | Action::Yank
        | Action::YankPop
        | Action::Undo
        | Action::Redo
        | Action::Transpose
        | Action::UpperCase
        | Action::LowerCase
        | Action::Capitalize
        | Action::Up
        | Action::Down
        | Action::Complete
        | Action::Selected(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Typed, parse};
    use super::*;
    use crate::keymap::ANYWHERE;

    #[test]
    fn every_key_that_does_not_edit_has_a_command() {
        let mut with_command = 0;
        for binding in ANYWHERE {
            let Some(name) = command_of(&binding.action) else {
                continue;
            };
            with_command += 1;
            let typed = match name {
                "room" | "find" => format!("/{name} x"),
                _ => format!("/{name}"),
            };
            let parsed = parse(&typed);
            assert!(
                matches!(parsed, Ok(Typed::Command(_))),
                "{typed}: {parsed:?}"
            );
        }
        assert_eq!(with_command, 33);
    }

    #[test]
    fn no_command_has_two_meanings() {
        for (name, command, _) in &ACTING {
            let parsed = parse(&format!("/{name}"));
            assert_eq!(parsed, Ok(Typed::Command(command.clone())), "{name}");
        }
    }
}
