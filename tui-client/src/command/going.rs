//! The commands that go somewhere: to other rooms, and out of them. Pure.

use chat_protocol::RoomName;

use super::{Command, CommandError};

/// The commands: name, what follows it, what it does.
pub(crate) const GOING: [(&str, &str, &str); 4] = [
    ("join", "ROOM", "open another room"),
    ("leave", "", "close this room"),
    ("room", "NUMBER|NAME", "go to a room that is open"),
    ("password", "", "change your password"),
];

/// Reads the arguments of the command `name`; `None` where there is no such command here.
pub(super) fn parse(name: &str, arguments: &str) -> Option<Result<Command, CommandError>> {
    let (name, usage, _) = GOING
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name))?;
    let wrong = |words: String| CommandError::Wrong(format!("/{name} {usage}: {words}"));
    Some(match (*name, arguments) {
        ("join", "") => Err(wrong("the name of a room is missing".to_owned())),
        ("join", text) => RoomName::new(text)
            .map(Command::Join)
            .map_err(|error| wrong(format!("the name {error}"))),
        ("room", "") => Err(wrong("a number or a name is missing".to_owned())),
        ("room", text) => Ok(Command::Room(text.to_owned())),
        (_, text) if !text.is_empty() => Err(CommandError::Arguments(name)),
        ("leave", _) => Ok(Command::Leave),
        _ => Ok(Command::ChangePassword),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_joined_left_and_gone_to() {
        let check = |name: &str, arguments: &str| {
            let parsed = parse(name, arguments).unwrap();
            parsed.map_err(|error| error.to_string())
        };
        let room = RoomName::new("a room").unwrap();
        assert_eq!(check("join", "a room"), Ok(Command::Join(room)));
        assert_eq!(
            check("JOIN", ""),
            Err("/join ROOM: the name of a room is missing".to_owned())
        );
        assert_eq!(check("leave", ""), Ok(Command::Leave));
        assert_eq!(
            check("leave", "now"),
            Err("/leave takes no arguments".to_owned())
        );
        assert_eq!(check("room", "2"), Ok(Command::Room("2".to_owned())));
        assert_eq!(
            check("password", "hunter2"),
            Err("/password takes no arguments".to_owned())
        );
        assert!(parse("quit", "").is_none());
    }
}
