//! Every action that has a key: its name in the configuration, its usual keys, and what it does.

use super::{Action, Motion, SelectedAction};

/// An action that keys can be bound to.
#[derive(Clone, Debug)]
pub(crate) struct Binding<A> {
    /// Its name in the configuration.
    pub(crate) name: &'static str,
    pub(crate) action: A,
    /// Its usual keys, with spaces between.
    pub(crate) keys: &'static str,
    /// What it does, for the help.
    pub(crate) words: &'static str,
}

/// Keys that mean the same wherever the user is, and those of the input box.
pub(crate) const ANYWHERE: &[Binding<Action>] = &[
    Binding {
        name: "submit",
        action: Action::Submit,
        keys: "enter",
        words: "send; on an empty line, resend what was not sent",
    },
    Binding {
        name: "newline",
        action: Action::Newline,
        keys: "alt+enter ctrl+j shift+enter ctrl+enter",
        words: "new line",
    },
    Binding {
        name: "complete",
        action: Action::Complete,
        keys: "tab",
        words: "complete a command or a name; again, the next match",
    },
    Binding {
        name: "select",
        action: Action::Select,
        keys: "shift+tab ctrl+up",
        words: "select a message: letters then act on it",
    },
    Binding {
        name: "find",
        action: Action::Find,
        keys: "ctrl+f",
        words: "search the messages",
    },
    Binding {
        name: "palette",
        action: Action::KillOrPalette,
        keys: "ctrl+k",
        words: "go to a room, person, command or setting; or cut",
    },
    Binding {
        name: "next-mention",
        action: Action::NextMention,
        keys: "ctrl+g",
        words: "next mention, then what is unread, in whatever room",
    },
    Binding {
        name: "take-back",
        action: Action::TakeBack,
        keys: "ctrl+o",
        words: "take your last action as a moderator back",
    },
    Binding {
        name: "help",
        action: Action::Help,
        keys: "f1",
        words: "this help",
    },
    Binding {
        name: "problems",
        action: Action::Problems,
        keys: "f2",
        words: "what went wrong",
    },
    Binding {
        name: "held",
        action: Action::Held,
        keys: "f3",
        words: "messages that wait for a moderator",
    },
    Binding {
        name: "log",
        action: Action::Log,
        keys: "f4",
        words: "what was said and done",
    },
    Binding {
        name: "toggle-sides",
        action: Action::ToggleSides,
        keys: "alt+p",
        words: "show or hide what is beside the messages",
    },
    Binding {
        name: "page-up",
        action: Action::PageUp,
        keys: "pgup",
        words: "scroll up; older messages load at the top",
    },
    Binding {
        name: "page-down",
        action: Action::PageDown,
        keys: "pgdn",
        words: "scroll down",
    },
    Binding {
        name: "home",
        action: Action::Home,
        keys: "home",
        words: "start of the line; on an empty line, the oldest message",
    },
    Binding {
        name: "end",
        action: Action::End,
        keys: "end",
        words: "end of the line; on an empty line, the newest message",
    },
    Binding {
        name: "top",
        action: Action::Top,
        keys: "ctrl+home",
        words: "the oldest message",
    },
    Binding {
        name: "bottom",
        action: Action::Bottom,
        keys: "ctrl+end",
        words: "the newest message",
    },
    Binding {
        name: "up",
        action: Action::Up,
        keys: "up",
        words: "line up, then through what was sent",
    },
    Binding {
        name: "down",
        action: Action::Down,
        keys: "down",
        words: "line down",
    },
    Binding {
        name: "room-1",
        action: Action::Room(0),
        keys: "alt+1",
        words: "go to room 1",
    },
    Binding {
        name: "room-2",
        action: Action::Room(1),
        keys: "alt+2",
        words: "go to room 2",
    },
    Binding {
        name: "room-3",
        action: Action::Room(2),
        keys: "alt+3",
        words: "go to room 3",
    },
    Binding {
        name: "room-4",
        action: Action::Room(3),
        keys: "alt+4",
        words: "go to room 4",
    },
    Binding {
        name: "room-5",
        action: Action::Room(4),
        keys: "alt+5",
        words: "go to room 5",
    },
    Binding {
        name: "room-6",
        action: Action::Room(5),
        keys: "alt+6",
        words: "go to room 6",
    },
    Binding {
        name: "room-7",
        action: Action::Room(6),
        keys: "alt+7",
        words: "go to room 7",
    },
    Binding {
        name: "room-8",
        action: Action::Room(7),
        keys: "alt+8",
        words: "go to room 8",
    },
    Binding {
        name: "room-9",
        action: Action::Room(8),
        keys: "alt+9",
        words: "go to room 9",
    },
    Binding {
        name: "next-room",
        action: Action::NextRoom,
        keys: "ctrl+n alt+right",
        words: "next room",
    },
    Binding {
        name: "previous-room",
        action: Action::PreviousRoom,
        keys: "ctrl+p alt+left",
        words: "previous room",
    },
    Binding {
        name: "escape",
        action: Action::Escape,
        keys: "esc",
        words: "one step back",
    },
    Binding {
        name: "interrupt",
        action: Action::Interrupt,
        keys: "ctrl+c",
        words: "clear the input; twice on an empty line, quit",
    },
    Binding {
        name: "delete-or-quit",
        action: Action::DeleteOrQuit,
        keys: "ctrl+d",
        words: "delete; on an empty line, quit",
    },
    Binding {
        name: "suspend",
        action: Action::Suspend,
        keys: "ctrl+z",
        words: "suspend; type fg in the shell to come back",
    },
    Binding {
        name: "redraw",
        action: Action::Redraw,
        keys: "ctrl+l",
        words: "redraw the screen",
    },
    Binding {
        name: "recall",
        action: Action::RecallSearch,
        keys: "ctrl+r",
        words: "search what you sent",
    },
    Binding {
        name: "undo",
        action: Action::Undo,
        keys: "ctrl+_ ctrl+/",
        words: "undo",
    },
    Binding {
        name: "redo",
        action: Action::Redo,
        keys: "alt+_",
        words: "redo",
    },
    Binding {
        name: "backspace",
        action: Action::Backspace,
        keys: "backspace ctrl+h shift+backspace",
        words: "delete to the left",
    },
    Binding {
        name: "delete",
        action: Action::Delete,
        keys: "delete",
        words: "delete to the right",
    },
    Binding {
        name: "left",
        action: Action::Move(Motion::Left),
        keys: "left ctrl+b",
        words: "one character to the left",
    },
    Binding {
        name: "right",
        action: Action::Move(Motion::Right),
        keys: "right",
        words: "one character to the right",
    },
    Binding {
        name: "word-left",
        action: Action::Move(Motion::WordLeft),
        keys: "alt+b ctrl+left",
        words: "one word to the left",
    },
    Binding {
        name: "word-right",
        action: Action::Move(Motion::WordRight),
        keys: "alt+f ctrl+right",
        words: "one word to the right",
    },
    Binding {
        name: "line-start",
        action: Action::Move(Motion::RowStart),
        keys: "ctrl+a",
        words: "start of the line",
    },
    Binding {
        name: "line-end",
        action: Action::Move(Motion::RowEnd),
        keys: "ctrl+e",
        words: "end of the line",
    },
    Binding {
        name: "cut-line-start",
        action: Action::Kill(Motion::RowStart),
        keys: "ctrl+u",
        words: "cut to the start of the line",
    },
    Binding {
        name: "cut-space-left",
        action: Action::Kill(Motion::SpaceLeft),
        keys: "ctrl+w",
        words: "cut to the space before",
    },
    Binding {
        name: "cut-word-left",
        action: Action::Kill(Motion::WordLeft),
        keys: "alt+backspace ctrl+backspace",
        words: "cut one word to the left",
    },
    Binding {
        name: "cut-word-right",
        action: Action::Kill(Motion::WordRight),
        keys: "alt+d ctrl+delete",
        words: "cut one word to the right",
    },
    Binding {
        name: "yank",
        action: Action::Yank,
        keys: "ctrl+y",
        words: "put back what was cut",
    },
    Binding {
        name: "yank-pop",
        action: Action::YankPop,
        keys: "alt+y",
        words: "directly after that, what was cut before it",
    },
    Binding {
        name: "transpose",
        action: Action::Transpose,
        keys: "ctrl+t",
        words: "swap two characters",
    },
    Binding {
        name: "upper-case",
        action: Action::UpperCase,
        keys: "alt+u",
        words: "next word in capitals",
    },
    Binding {
        name: "lower-case",
        action: Action::LowerCase,
        keys: "alt+l",
        words: "next word in small letters",
    },
    Binding {
        name: "capitalize",
        action: Action::Capitalize,
        keys: "alt+c",
        words: "next word with a capital",
    },
];

/// Keys while a message, or an item of a list, is picked.
pub(crate) const SELECTED: &[Binding<SelectedAction>] = &[
    Binding {
        name: "reply",
        action: SelectedAction::Reply,
        keys: "r",
        words: "reply",
    },
    Binding {
        name: "copy",
        action: SelectedAction::Copy,
        keys: "y",
        words: "copy the text",
    },
    Binding {
        name: "card",
        action: SelectedAction::Card,
        keys: "c",
        words: "look the author up",
    },
    Binding {
        name: "thread",
        action: SelectedAction::Thread,
        keys: "f",
        words: "what it answers and what answers it",
    },
    Binding {
        name: "mark",
        action: SelectedAction::Mark,
        keys: "space",
        words: "mark it; an action is for all that is marked",
    },
    Binding {
        name: "like-it",
        action: SelectedAction::LikeIt,
        keys: "s",
        words: "mark all of the last 10 minutes with the same text",
    },
    Binding {
        name: "time-out",
        action: SelectedAction::TimeOut,
        keys: "t",
        words: "time the author out",
    },
    Binding {
        name: "ban",
        action: SelectedAction::Ban,
        keys: "b",
        words: "ban the author",
    },
    Binding {
        name: "kick",
        action: SelectedAction::Kick,
        keys: "k",
        words: "kick the author",
    },
    Binding {
        name: "delete",
        action: SelectedAction::Delete,
        keys: "x",
        words: "delete it; discard it where it was not sent",
    },
    Binding {
        name: "pin",
        action: SelectedAction::Pin,
        keys: "p",
        words: "pin it",
    },
    Binding {
        name: "view-deleted",
        action: SelectedAction::ViewDeleted,
        keys: "v",
        words: "show what was deleted",
    },
    Binding {
        name: "edit",
        action: SelectedAction::Edit,
        keys: "e",
        words: "edit it where it was not sent",
    },
    Binding {
        name: "approve",
        action: SelectedAction::Approve,
        keys: "a",
        words: "let a held message through",
    },
    Binding {
        name: "deny",
        action: SelectedAction::Deny,
        keys: "d",
        words: "reject a held message",
    },
    Binding {
        name: "open",
        action: SelectedAction::Open,
        keys: "enter",
        words: "open what is folded, load what is missing, look up",
    },
];
