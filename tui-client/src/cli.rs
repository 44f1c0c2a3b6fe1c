//! The command line: its arguments, checked. Must not start anything.

use std::ffi::OsString;
use std::path::PathBuf;

use chat_protocol::{RoomName, Username};
use clap::Parser;

use crate::server_url::{ServerUrl, presentable};

/// Names the server where no argument does.
pub(crate) const SERVER: &str = "CHAT_SERVER_URL";
/// The server where nothing names one.
const LOCAL: &str = "ws://127.0.0.1:8080";

/// Rooms that one client may show.
const ROOMS: usize = 32;

/// A client for the chat, in the terminal.
///
/// The password is read from the environment variable CHAT_PASSWORD or from --password-file.
/// Without either, you are asked for it.
///
/// Exit codes: 0 done (also after SIGTERM, SIGINT and SIGHUP), 1 the terminal failed, 2 wrong usage.
/// With --json also: 3 couldn't join, 4 couldn't connect or lost the connection, 5 something was not
/// sent or was refused.
#[derive(Debug, Parser)]
#[command(name = "chat-tui", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The name to sign in with.
    #[arg(long, value_name = "NAME")]
    user: String,
    /// A room to join; repeat it to join several.
    #[arg(long = "room", value_name = "NAME", required = true)]
    rooms: Vec<String>,
    /// The server, as ws://host:port or wss://host [env: CHAT_SERVER_URL] [default:
    /// ws://127.0.0.1:8080].
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// A file whose first line is the password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Don't draw a screen: print server events to standard output and read client events from
    /// standard input, one per line.
    #[arg(long)]
    json: bool,
    /// With --json: ask the server for these capabilities, separated by commas: presence (who comes and
    /// goes), room (the room's modes), moderation (for moderators: audit and held, as they happen).
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "json")]
    capabilities: Vec<String>,
    /// Don't draw a screen: print a line per message and read a line per message or command.
    #[arg(long, conflicts_with = "json")]
    plain: bool,
    /// With --plain: begin each message with its time.
    #[arg(long, requires = "plain")]
    times: bool,
    /// Panic once the first frame is drawn, to test that the terminal is restored.
    #[cfg(debug_assertions)]
    #[arg(long, hide = true)]
    panic_after_start: bool,
}

/// What the arguments ask for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) username: Username,
    /// At least one, none twice.
    pub(crate) rooms: Vec<RoomName>,
    pub(crate) url: ServerUrl,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) json: bool,
    /// What `--json` asks the server for.
    pub(crate) capabilities: Vec<String>,
    pub(crate) plain: bool,
    /// `--plain` shows times.
    pub(crate) times: bool,
    pub(crate) panic_after_start: bool,
}

/// An argument that can't be right.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    /// No user name.
    #[error("--user {given:?} {problem}")]
    User {
        given: String,
        problem: chat_protocol::NameError,
    },
    /// No room name.
    #[error("--room {given:?} {problem}")]
    Room {
        given: String,
        problem: chat_protocol::NameError,
    },
    /// No address.
    #[error("{place} {given:?} {problem}")]
    Server {
        /// Who gave it.
        place: &'static str,
        given: String,
        problem: crate::server_url::ServerUrlError,
    },
    /// Too many rooms.
    #[error("at most {ROOMS} rooms (--room) are allowed")]
    Rooms,
    /// One stream of events can't tell rooms apart.
    #[error("--json takes exactly one --room")]
    JsonRooms,
}

impl Arguments {
    /// Checks the values. `server` is what the environment says; empty, it says nothing.
    pub(crate) fn check(self, server: Option<OsString>) -> Result<Options, UsageError> {
        let variable = server.map(|server| server.to_string_lossy().trim().to_owned());
        let variable = variable.filter(|server| !server.is_empty());
        let (place, server) = match (self.server, variable) {
            (Some(given), _) => ("--server", given),
            (None, Some(variable)) => (SERVER, variable),
            (None, None) => ("--server", LOCAL.to_owned()),
        };
        let username = Username::new(&self.user).map_err(|problem| UsageError::User {
            given: self.user,
            problem,
        })?;
        let mut rooms: Vec<RoomName> = Vec::new();
        for given in self.rooms {
            let room = RoomName::new(&given);
            let room = room.map_err(|problem| UsageError::Room { given, problem })?;
            if rooms.iter().all(|other| other.plain() != room.plain()) {
                rooms.push(room);
            }
        }
        if rooms.len() > ROOMS {
            return Err(UsageError::Rooms);
        }
        if self.json && rooms.len() > 1 {
            return Err(UsageError::JsonRooms);
        }
        let url = ServerUrl::new(&server).map_err(|problem| UsageError::Server {
            place,
            given: presentable(&server),
            problem,
        })?;
        Ok(Options {
            username,
            rooms,
            url,
            password_file: self.password_file,
            json: self.json,
            capabilities: trimmed(self.capabilities),
            plain: self.plain,
            times: self.times,
            #[cfg(debug_assertions)]
            panic_after_start: self.panic_after_start,
            #[cfg(not(debug_assertions))]
            panic_after_start: false,
        })
    }
}

/// The names as the server knows them; a list may be written with spaces.
fn trimmed(names: Vec<String>) -> Vec<String> {
    let names = names.iter().map(|name| name.trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str]) -> Result<Options, String> {
        let arguments = [&["chat-tui"], arguments].concat();
        let parsed = Arguments::try_parse_from(arguments).map_err(|error| error.to_string())?;
        parsed.check(None).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_names_the_server_where_it_names_one() {
        let check = |arguments: &[&str], variable: Option<&str>| {
            let arguments = [&["chat-tui", "--user", "a", "--room", "r"], arguments].concat();
            let parsed = Arguments::try_parse_from(arguments).unwrap();
            let options = parsed.check(variable.map(OsString::from));
            options
                .map(|options| options.url.shown())
                .map_err(|error| error.to_string())
        };
        let local = Ok(LOCAL.to_owned());
        assert_eq!(check(&[], None), local);
        for empty in ["", " ", "\n"] {
            assert_eq!(check(&[], Some(empty)), local, "{empty:?}");
        }
        assert_eq!(check(&[], Some(" ws://h:1 ")), Ok("ws://h:1".to_owned()));
        let given = ["--server", "ws://given:1"];
        assert_eq!(check(&given, Some("wrong")), Ok("ws://given:1".to_owned()));
        let error = check(&[], Some("http://h")).unwrap_err();
        assert!(
            error.starts_with("CHAT_SERVER_URL \"http://h\" must"),
            "{error}"
        );
        assert!(check(&["--server", ""], None).is_err());
    }

    #[test]
    fn rooms_keep_their_order_and_count_once() {
        let options = check(&[
            "--user", "alice", "--room", "b", "--room", "a", "--room", "b",
        ])
        .unwrap();
        let names: Vec<&str> = options.rooms.iter().map(RoomName::as_str).collect();
        assert_eq!(names, ["b", "a"]);
        let options = check(&[
            "--user",
            "alice",
            "--room",
            "cafe\u{301}",
            "--room",
            " café ",
        ]);
        assert_eq!(options.unwrap().rooms.len(), 1);
    }

    #[test]
    fn wrong_values_are_named() {
        let fails = |arguments: &[&str], expected: &str| {
            let error = check(arguments).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        fails(
            &["--user", "a b", "--room", "r"],
            "--user \"a b\" can't contain a space",
        );
        fails(&["--user", "a", "--room", ""], "--room \"\" is empty");
        fails(
            &["--user", "a", "--room", "r", "--server", "http://h"],
            "must begin with ws://",
        );
        fails(
            &["--user", "a", "--room", "r", "--room", "s", "--json"],
            "exactly one --room",
        );
        fails(
            &["--user", "a", "--room", "r", "--capabilities", "room"],
            "--json",
        );
        fails(
            &["--user", "a", "--room", "r", "--plain", "--json"],
            "cannot be used with",
        );
        fails(&["--user", "a"], "--room");
        for secret in [
            "ws://a:hunter2@h",
            "hunter2@h",
            "http://h?t=hunter2",
            "ws://h:x?hunter2",
        ] {
            let error = check(&["--user", "a", "--room", "r", "--server", secret]).unwrap_err();
            assert!(error.starts_with("--server "), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
