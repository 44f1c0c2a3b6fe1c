//! Slash commands: what the text after a slash asks for. Pure; what a command does is the app's
//! business.

mod acting;
mod going;
mod moderation;
mod naming;
mod reading;

pub(crate) use acting::{ACTING, command_of};
pub(crate) use going::GOING;
pub(crate) use moderation::{MODERATION, Order, Which};
pub(crate) use naming::typed_as;
pub(crate) use reading::READING;

use chat_protocol::{RoomName, Username};

use crate::keymap::Action;

/// What was typed into the input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Typed {
    /// A message to post.
    Post(String),
    /// A command.
    Command(Command),
}

/// A slash command.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    /// Show the keys and commands.
    Help,
    /// End the program.
    Quit,
    /// List who is in the room.
    Who,
    /// Load older messages.
    History,
    /// Connect again now.
    Reconnect,
    /// Open the list of what went wrong.
    Problems,
    /// Open the list of what was said and done.
    Log,
    /// Take the last action back.
    TakeBack,
    /// Look somebody up.
    User(Username),
    /// Drop what was refused.
    Discard,
    /// Open another room.
    Join(RoomName),
    /// Close the room in view.
    Leave,
    /// Go to a room, by its number or name.
    Room(String),
    /// Change the user's password.
    ChangePassword,
    /// Search the room for this.
    Find(String),
    /// Go to what was not seen.
    Next,
    /// Go to the pinned message.
    Pinned,
    /// Hide what somebody writes.
    Ignore(String),
    /// Show it again.
    Unignore(String),
    /// List who is ignored.
    Ignored,
    /// What a key does.
    Act(Action),
    /// Keep the room in order.
    Moderate(Order),
}

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CommandError {
    /// There is none of this name.
    #[error("unknown command /{0} (/help lists all, //{0} sends it as text)")]
    Unknown(String),
    /// It takes no arguments.
    #[error("/{0} takes no arguments")]
    Arguments(&'static str),
    /// Its arguments are not right; says what would be.
    #[error("{0}")]
    Wrong(String),
}

/// The commands with what they do, for the help.
pub(crate) const COMMANDS: [(&str, Command, &str); 12] = [
    ("help", Command::Help, "show this help (F1)"),
    ("who", Command::Who, "list who is here"),
    (
        "next",
        Command::Next,
        "go to the next mention, then to unread rooms (Ctrl+G)",
    ),
    ("pinned", Command::Pinned, "go to the pinned message"),
    ("ignored", Command::Ignored, "list whom you ignore"),
    ("history", Command::History, "load older messages"),
    ("problems", Command::Problems, "show what went wrong (F2)"),
    ("log", Command::Log, "show what was said and done (F4)"),
    (
        "undo",
        Command::TakeBack,
        "take your last action back (Ctrl+O)",
    ),
    (
        "discard",
        Command::Discard,
        "discard messages that were not sent",
    ),
    ("reconnect", Command::Reconnect, "reconnect now"),
    (
        "quit",
        Command::Quit,
        "leave (Ctrl+D, or Ctrl+C on an empty line)",
    ),
];

/// Reads what was typed: `/name` is a command, `//text` posts "/text", anything else is posted.
pub(crate) fn parse(text: &str) -> Result<Typed, CommandError> {
    let Some(rest) = text.trim_start().strip_prefix('/') else {
        return Ok(Typed::Post(text.to_owned()));
    };
    if rest.starts_with('/') {
        return Ok(Typed::Post(rest.to_owned()));
    }
    let (name, arguments) = match rest.split_once(char::is_whitespace) {
        Some((name, arguments)) => (name, arguments.trim()),
        None => (rest, ""),
    };
    if let Some(command) = going::parse(name, arguments) {
        return command.map(Typed::Command);
    }
    if let Some(command) = reading::parse(name, arguments) {
        return command.map(Typed::Command);
    }
    if let Some(order) = moderation::parse(name, arguments) {
        return order.map(|order| Typed::Command(Command::Moderate(order)));
    }
    let mut known = COMMANDS.iter().chain(&ACTING);
    let found = known.find(|(known, _, _)| known.eq_ignore_ascii_case(name));
    match found {
        None => Err(CommandError::Unknown(name.chars().take(20).collect())),
        Some((name, _, _)) if !arguments.is_empty() => Err(CommandError::Arguments(name)),
        Some((_, command, _)) => Ok(Typed::Command(command.clone())),
    }
}

/// All commands, with what follows each and what it does.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let plain = COMMANDS.iter().chain(&ACTING);
    let plain = plain.map(|(name, _, words)| (*name, "", *words));
    let others = GOING.iter().chain(&READING).chain(&MODERATION);
    plain.chain(others.copied())
}

/// The name of the command that `text` begins with, as typed; `None` for text.
pub(crate) fn name(text: &str) -> Option<&str> {
    let rest = text.trim_start().strip_prefix('/')?;
    let name = rest.split(char::is_whitespace).next()?;
    (!name.starts_with('/')).then_some(name)
}

/// How the command with arguments is used that `text` begins with.
pub(crate) fn usage(text: &str) -> Option<(&'static str, &'static str, &'static str)> {
    let name = name(text)?;
    let mut known = GOING.iter().chain(&READING).chain(&MODERATION);
    known
        .find(|(known, ..)| known.eq_ignore_ascii_case(name))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_begins_a_command_and_two_begin_text() {
        let post = |text: &str| Ok(Typed::Post(text.to_owned()));
        assert_eq!(parse("hello"), post("hello"));
        assert_eq!(parse("//quit"), post("/quit"));
        assert_eq!(parse("a /quit"), post("a /quit"));
        assert_eq!(parse(" /QUIT "), Ok(Typed::Command(Command::Quit)));
        assert_eq!(parse("/who"), Ok(Typed::Command(Command::Who)));
    }

    #[test]
    fn what_is_no_command_says_why() {
        assert_eq!(
            parse("/nope x"),
            Err(CommandError::Unknown("nope".to_owned()))
        );
        assert_eq!(parse("/"), Err(CommandError::Unknown(String::new())));
        assert_eq!(parse("/quit now"), Err(CommandError::Arguments("quit")));
    }
}
