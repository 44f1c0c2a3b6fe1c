//! The commands about what is read: searching, and whom not to read. Pure; knows no room.

use super::{Command, CommandError, moderation};

/// The commands: name, what follows it, what it does.
pub(crate) const READING: [(&str, &str, &str); 4] = [
    (
        "find",
        "WORDS",
        "search: words, from:NAME, is:mod, has:link, /regex/, -not (Ctrl+F)",
    ),
    ("ignore", "NAME", "hide what somebody writes, in every room"),
    ("unignore", "NAME", "show it again"),
    ("user", "NAME", "look somebody up"),
];

/// Reads the arguments of the command `name`; `None` where there is no such command here.
pub(super) fn parse(name: &str, arguments: &str) -> Option<Result<Command, CommandError>> {
    let (name, usage, _) = READING
        .iter()
        .find(|(known, _, _)| known.eq_ignore_ascii_case(name))?;
    let text = arguments.to_owned();
    Some(match *name {
        "find" => Ok(Command::Find(text)),
        "user" => moderation::user(arguments).map(Command::User),
        _ if arguments.is_empty() => Err(CommandError::Wrong(format!(
            "the name is missing (/{name} {usage})"
        ))),
        "ignore" => Ok(Command::Ignore(text)),
        _ => Ok(Command::Unignore(text)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Typed, parse};
    use super::*;

    #[test]
    fn what_is_read_has_commands() {
        let command = |command| Ok(Typed::Command(command));
        let check = |typed: &str, expected: Result<Typed, CommandError>| {
            assert_eq!(parse(typed), expected, "{typed}");
        };
        check("/find", command(Command::Find(String::new())));
        check(
            "/FIND  from:bob  \"free money\" ",
            command(Command::Find("from:bob  \"free money\"".to_owned())),
        );
        check("/ignore @Bob", command(Command::Ignore("@Bob".to_owned())));
        check(
            "/unignore bob",
            command(Command::Unignore("bob".to_owned())),
        );
        check("/ignored", command(Command::Ignored));
        check("/next", command(Command::Next));
        let missing = "the name is missing (/ignore NAME)".to_owned();
        check("/ignore", Err(CommandError::Wrong(missing)));
    }
}
