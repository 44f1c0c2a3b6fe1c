//! A line of input as what it asks for. Pure; what a number stands for is asked of the caller.

use chat_protocol::limits::REASON_CHARS;
use chat_protocol::{AuditRequest, ClientEvent, RoomName, Username};

use crate::command::{self, Command, Order};

/// Messages that `/history` shows where nothing else is asked for.
const PAGE: u64 = 20;
/// Messages that it shows at most: what the contract allows.
const MOST: u64 = 200;
/// Lines that `/audit` shows.
const AUDIT_LINES: u64 = 20;
/// Commands that take a name first, and the number of a message in its place.
const ABOUT_SOMEBODY: [&str; 12] = [
    "kick", "mute", "unmute", "ban", "unban", "mod", "unmod", "vip", "unvip", "purge", "user",
    "audit",
];

/// What a line asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Typed {
    /// Nothing: an empty line.
    Nothing,
    /// Post this.
    Post(String),
    /// Answer a message.
    Reply(u64, String),
    /// Delete messages.
    Delete(Vec<u64>),
    /// Pin a message.
    Pin(u64),
    /// Say a message again, with its time and all.
    Show(u64),
    /// Let held messages through.
    Allow(Vec<u64>),
    /// Do not, for this reason.
    Deny(Vec<u64>, Option<String>),
    /// Send this to the room that is typed in.
    Send(ClientEvent),
    /// Let no new accounts post, and slow the others down; or back to what was before.
    Lock(bool),
    /// Show so many of the newest messages, or of those before a message.
    History {
        limit: u64,
        before: Option<u64>,
    },
    /// Open another room, and type there.
    Join(RoomName),
    /// Close the room that is typed in.
    Leave,
    /// Hide what somebody writes; show it again; say who is hidden.
    Ignore(String),
    Unignore(String),
    Ignored,
    /// Take the last deed back.
    Undo,
    /// Give the account another password.
    ChangePassword,
    /// Type in another room, or say which there are.
    Room(Option<String>),
    /// Say all, or only what is for this user.
    Only {
        mentions: bool,
    },
    /// Say times, or don't.
    Times(bool),
    /// Say the last answer again.
    Again,
    /// Say what can be typed, of a topic where one is named.
    Help(Option<String>),
    /// Connect again now.
    Reconnect,
    /// Forget what was not sent yet.
    Discard,
    /// End.
    Quit,
}

/// Reads a line; the error is for whoever typed it. `author` is the name of who wrote the message with
/// a number.
pub(super) fn parse(
    text: &str,
    author: impl Fn(u64) -> Result<Username, String>,
) -> Result<Typed, String> {
    if text.trim().is_empty() {
        return Ok(Typed::Nothing);
    }
    let Some(rest) = text.trim_start().strip_prefix('/') else {
        return Ok(Typed::Post(text.to_owned()));
    };
    if rest.starts_with('/') {
        return Ok(Typed::Post(rest.to_owned()));
    }
    let (name, arguments) = split_word(rest);
    let name = name.to_ascii_lowercase();
    let nothing = |typed: Typed| match arguments {
        "" => Ok(typed),
        _ => Err(format!("/{name} takes nothing behind it")),
    };
    match name.as_str() {
        "reply" => reply(arguments),
        "delete" => numbers(arguments, "").map(Typed::Delete).ok_or_else(|| {
            "/delete NUMBER: give the numbers of the messages, as in /delete 41 42".to_owned()
        }),
        "pin" => one_number("pin", arguments).map(Typed::Pin),
        "show" => one_number("show", arguments).map(Typed::Show),
        "allow" => numbers(arguments, "h").map(Typed::Allow).ok_or_else(|| {
            "/allow NUMBER: give the numbers of held messages, as in /allow h3".to_owned()
        }),
        "deny" => deny(arguments),
        "clear" if arguments.eq_ignore_ascii_case("yes") => Ok(Typed::Send(ClientEvent::Clear)),
        "clear" => Err(
            "this deletes all messages of the room for everybody: /clear yes does it".to_owned(),
        ),
        "lock" => nothing(Typed::Lock(true)),
        "unlock" => nothing(Typed::Lock(false)),
        "history" => history(arguments),
        "who" => nothing(Typed::Send(ClientEvent::Who)),
        "held" => nothing(Typed::Send(ClientEvent::Held)),
        "sanctions" => nothing(Typed::Send(ClientEvent::Sanctions)),
        "room" => Ok(Typed::Room(
            (!arguments.is_empty()).then(|| arguments.to_owned()),
        )),
        // As on the screen.
        "join" => match command::parse(&format!("/join {arguments}")) {
            Ok(command::Typed::Command(Command::Join(room))) => Ok(Typed::Join(room)),
            Ok(_) => Err("/join ROOM: give the name of a room".to_owned()),
            Err(error) => Err(error.to_string()),
        },
        "leave" => nothing(Typed::Leave),
        "ignore" => about(arguments, &author).map(Typed::Ignore),
        "unignore" => about(arguments, &author).map(Typed::Unignore),
        "ignored" => nothing(Typed::Ignored),
        "undo" => nothing(Typed::Undo),
        "password" => nothing(Typed::ChangePassword),
        "only" => match arguments.to_ascii_lowercase().as_str() {
            "mentions" => Ok(Typed::Only { mentions: true }),
            "all" => Ok(Typed::Only { mentions: false }),
            _ => Err("write /only mentions or /only all".to_owned()),
        },
        "times" => match arguments.to_ascii_lowercase().as_str() {
            "on" => Ok(Typed::Times(true)),
            "off" => Ok(Typed::Times(false)),
            _ => Err("write /times on or /times off".to_owned()),
        },
        "again" => nothing(Typed::Again),
        "help" => Ok(Typed::Help(
            (!arguments.is_empty()).then(|| arguments.to_ascii_lowercase()),
        )),
        "reconnect" => nothing(Typed::Reconnect),
        "discard" => nothing(Typed::Discard),
        "quit" => nothing(Typed::Quit),
        _ => by_name(&name, arguments, author).map(Typed::Send),
    }
}

/// Somebody who is named, or who wrote the message with a number.
fn about(
    arguments: &str,
    author: &impl Fn(u64) -> Result<Username, String>,
) -> Result<String, String> {
    match number(arguments, "") {
        Some(number) => Ok(author(number)?.as_str().to_owned()),
        None => Ok(arguments.to_owned()),
    }
}

/// The commands about somebody who is named, or who wrote the message with a number, and those about
/// the room.
fn by_name(
    name: &str,
    arguments: &str,
    author: impl Fn(u64) -> Result<Username, String>,
) -> Result<ClientEvent, String> {
    if !ABOUT_SOMEBODY.contains(&name) {
        return moderation(&format!("/{name} {arguments}"));
    }
    let (who, rest) = split_word(arguments);
    // Who is called like a number is meant with an @.
    let who = match number(who, "") {
        Some(number) => format!("@{}", author(number)?.as_str()),
        None => who.to_owned(),
    };
    match (name, rest) {
        ("user", "") => Ok(ClientEvent::User {
            username: username(&who)?,
        }),
        ("user", _) => Err("/user NAME: give only a name or a number".to_owned()),
        ("audit", "") => Ok(ClientEvent::Audit(AuditRequest {
            limit: Some(AUDIT_LINES),
            target: match who.as_str() {
                "" => None,
                who => Some(username(who)?),
            },
            ..AuditRequest::default()
        })),
        ("audit", _) => Err("/audit [NAME]: give only a name or a number".to_owned()),
        _ => moderation(&format!("/{name} {who} {rest}")),
    }
}

/// What the commands of the screen make of a text, where that is one event to send.
fn moderation(text: &str) -> Result<ClientEvent, String> {
    match command::parse(text.trim_end()) {
        Ok(command::Typed::Command(Command::Moderate(Order::Send(event)))) => Ok(event),
        Err(error) => Err(error.to_string()),
        Ok(_) => {
            let (name, _) = split_word(text);
            Err(format!(
                "{name} is only for the screen (/help lists what is here)"
            ))
        }
    }
}

fn reply(arguments: &str) -> Result<Typed, String> {
    let (first, text) = split_word(arguments);
    match number(first, "") {
        Some(number) if !text.is_empty() => Ok(Typed::Reply(number, text.to_owned())),
        _ => Err("/reply NUMBER TEXT: give the number of the message, as in /reply 41 yes".into()),
    }
}

fn deny(arguments: &str) -> Result<Typed, String> {
    let mut rest = arguments;
    let mut held = Vec::new();
    loop {
        let (word, after) = split_word(rest);
        // Behind the first, a bare number may begin the reason.
        let found = match held.is_empty() {
            true => number(word, "h"),
            false => word
                .starts_with(['h', 'H'])
                .then(|| number(word, "h"))
                .flatten(),
        };
        let Some(found) = found else {
            break;
        };
        held.push(found);
        rest = after;
    }
    if held.is_empty() {
        return Err(
            "/deny NUMBER [REASON]: give the number of a held message, as in /deny h3".to_owned(),
        );
    }
    let reason = rest.split_whitespace().collect::<Vec<_>>().join(" ");
    let characters = reason.chars().count();
    if characters > REASON_CHARS {
        return Err(format!(
            "the reason is too long: {characters} characters, the limit is {REASON_CHARS}"
        ));
    }
    Ok(Typed::Deny(held, (!reason.is_empty()).then_some(reason)))
}

fn history(arguments: &str) -> Result<Typed, String> {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let (limit, before) = match words[..] {
        [] => (Some(PAGE), None),
        [limit] => (number(limit, ""), None),
        ["before", before] => (Some(PAGE), Some(before)),
        [limit, "before", before] => (number(limit, ""), Some(before)),
        _ => (None, None),
    };
    let before = before.map(|before| number(before, ""));
    match (limit, before) {
        (Some(limit @ 1..=MOST), None) => Ok(Typed::History {
            limit,
            before: None,
        }),
        (Some(limit @ 1..=MOST), Some(Some(before))) => Ok(Typed::History {
            limit,
            before: Some(before),
        }),
        _ => Err(format!(
            "write /history, /history 50 (1 to {MOST}) or /history 50 before 41"
        )),
    }
}

fn one_number(name: &str, arguments: &str) -> Result<u64, String> {
    number(arguments, "")
        .ok_or_else(|| format!("/{name} NUMBER: give the number of one message, as in /{name} 41"))
}

/// All words as numbers; `None` where one is none, or there are none.
fn numbers(arguments: &str, prefix: &str) -> Option<Vec<u64>> {
    let words = arguments
        .split([' ', '\t', ','])
        .filter(|word| !word.is_empty());
    let numbers: Option<Vec<u64>> = words.map(|word| number(word, prefix)).collect();
    let mut numbers = numbers.filter(|numbers| !numbers.is_empty())?;
    let mut seen = std::collections::HashSet::new();
    numbers.retain(|number| seen.insert(*number));
    Some(numbers)
}

/// A number, with or without `prefix`.
fn number(word: &str, prefix: &str) -> Option<u64> {
    let lower = word.to_ascii_lowercase();
    let digits = lower.strip_prefix(prefix).unwrap_or(&lower);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn username(word: &str) -> Result<Username, String> {
    let name = word.strip_prefix('@').unwrap_or(word);
    if name.is_empty() {
        return Err("the name is missing".to_owned());
    }
    Username::new(name).map_err(|error| {
        let shown: String = name.chars().take(20).collect();
        format!("the name {shown} {error}")
    })
}

/// The first word, and what follows it.
fn split_word(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Message 41 is malory's; there is no other.
    fn parsed(text: &str) -> Result<Typed, String> {
        parse(text, |number| match number {
            41 => Ok(Username::new("malory").unwrap()),
            _ => Err(format!("there is no message {number}")),
        })
    }

    fn sent(text: &str) -> String {
        match parsed(text) {
            Ok(Typed::Send(event)) => event.encode(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn text_is_posted_and_two_slashes_begin_text() {
        let post = |text: &str| Ok(Typed::Post(text.to_owned()));
        assert_eq!(parsed("hello 41"), post("hello 41"));
        assert_eq!(parsed("//quit"), post("/quit"));
        assert_eq!(parsed("  "), Ok(Typed::Nothing));
    }

    #[test]
    fn messages_are_meant_by_number() {
        let reply = Typed::Reply(41, "see you".to_owned());
        assert_eq!(parsed("/reply 41  see you"), Ok(reply));
        assert_eq!(parsed("/DELETE 41"), Ok(Typed::Delete(vec![41])));
        assert_eq!(parsed("/delete 41, 42 41"), Ok(Typed::Delete(vec![41, 42])));
        assert_eq!(parsed("/pin 41"), Ok(Typed::Pin(41)));
        assert_eq!(parsed("/show 41"), Ok(Typed::Show(41)));
        for wrong in [
            "/reply 41",
            "/reply x y",
            "/delete",
            "/delete malory",
            "/delete 41 x",
            "/pin",
            "/pin 41 42",
            "/delete 99999999999999999999",
            "/delete -1",
            "/delete h3",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn held_messages_are_meant_by_their_own_numbers() {
        assert_eq!(parsed("/allow h3"), Ok(Typed::Allow(vec![3])));
        assert_eq!(parsed("/allow 3 H4"), Ok(Typed::Allow(vec![3, 4])));
        let reason = Some("not here".to_owned());
        assert_eq!(
            parsed("/deny h3 not  here"),
            Ok(Typed::Deny(vec![3], reason))
        );
        assert_eq!(parsed("/deny h3 h4"), Ok(Typed::Deny(vec![3, 4], None)));
        let digits = Some("2 warnings".to_owned());
        assert_eq!(
            parsed("/deny 3 2 warnings"),
            Ok(Typed::Deny(vec![3], digits))
        );
        assert!(parsed("/deny").is_err());
        assert!(parsed("/allow").is_err());
        assert!(parsed(&format!("/deny h1 {}", "x".repeat(501))).is_err());
    }

    #[test]
    fn people_are_meant_by_name_or_by_the_number_of_what_they_wrote() {
        for text in [
            "/mute malory 10m spam",
            "/mute 41 10m spam",
            "/mute @malory 10m spam",
        ] {
            let expected =
                r#"{"data":{"duration":600,"reason":"spam","username":"malory"},"event":"mute"}"#;
            assert_eq!(sent(text), expected, "{text}");
        }
        assert!(sent("/ban 41").contains("malory"));
        assert!(sent("/ban @41").contains(r#""username":"41""#));
        assert_eq!(parsed("/ban 42"), Err("there is no message 42".to_owned()));
        assert!(sent("/user 41").contains("malory"));
        assert!(sent("/audit 41").contains(r#""target":"malory""#));
        assert_eq!(sent("/audit"), r#"{"data":{"limit":20},"event":"audit"}"#);
        assert!(sent("/slow 10").contains(r#""slowMode":10"#));
        assert!(sent("/purge 41").contains("malory"));
    }

    #[test]
    fn emptying_a_room_takes_a_yes() {
        assert!(parsed("/clear").unwrap_err().contains("/clear yes"));
        assert!(parsed("/clear all").is_err());
        assert_eq!(parsed("/clear yes"), Ok(Typed::Send(ClientEvent::Clear)));
    }

    #[test]
    fn history_has_a_size_and_an_end() {
        let history = |limit, before| Ok(Typed::History { limit, before });
        assert_eq!(parsed("/history"), history(20, None));
        assert_eq!(parsed("/history 50"), history(50, None));
        assert_eq!(parsed("/history before 41"), history(20, Some(41)));
        assert_eq!(parsed("/history 5 before 41"), history(5, Some(41)));
        for wrong in [
            "/history 0",
            "/history 201",
            "/history x",
            "/history 5 41",
            "/history before",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_command_says_why() {
        for (text, expected) in [
            ("/nope", "unknown command /nope"),
            ("/mute", "NAME DURATION"),
            ("/quit now", "takes nothing"),
            ("/only", "/only mentions"),
            ("/sides", "only for the screen"),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
