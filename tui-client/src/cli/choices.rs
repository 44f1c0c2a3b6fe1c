//! From the arguments, the environment, the configuration and what is remembered to what is done. Pure.

use chat_protocol::{NameError, RoomName, Username};

use super::{Arguments, SERVER};
use crate::config::{Config, Profile};
use crate::keymap::nearest;
use crate::password::{PasswordCommand, Source};
use crate::server_url::{ServerUrl, ServerUrlError, presentable};
use crate::state::Recent;

/// The server where nothing names one.
const LOCAL: &str = "ws://127.0.0.1:8080";
/// Rooms that one client may show.
const ROOMS: usize = 32;

/// What decides beside the arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    /// The variable [`SERVER`]; empty, it says nothing.
    pub(crate) server: Option<&'a str>,
    /// The terminal can do nothing but lines.
    pub(crate) is_dumb: bool,
    pub(crate) config: &'a Config,
    /// The sessions of late, the newest first; none where nothing is remembered.
    pub(crate) recent: &'a [Recent],
}

/// How the program talks to its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Screen,
    Plain,
    Json,
}

/// What is to be done; what nobody said is open.
#[derive(Debug)]
pub(crate) struct Choices {
    pub(crate) url: ServerUrl,
    pub(crate) username: Option<Username>,
    /// None twice. Empty: those of the last time.
    pub(crate) rooms: Vec<RoomName>,
    pub(crate) mode: Mode,
    pub(crate) password: Source,
    /// What `--json` asks the server for.
    pub(crate) capabilities: Vec<String>,
    /// `--plain` shows times.
    pub(crate) times: bool,
    /// `--plain` begins with what is for the user alone.
    pub(crate) only_mentions: bool,
    pub(crate) panic_after_start: bool,
}

/// What is to be done, where nothing is open any more.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) username: Username,
    /// At least one, none twice.
    pub(crate) rooms: Vec<RoomName>,
    pub(crate) url: ServerUrl,
    pub(crate) capabilities: Vec<String>,
    pub(crate) times: bool,
    pub(crate) only_mentions: bool,
}

/// An argument that can't be right.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    /// No user name.
    #[error("--user {given:?} {problem}")]
    User { given: String, problem: NameError },
    /// No room name.
    #[error("--room {given:?} {problem}")]
    Room { given: String, problem: NameError },
    /// No address.
    #[error("{place} {given:?} {problem}")]
    Server {
        /// Who gave it.
        place: &'static str,
        given: String,
        problem: ServerUrlError,
    },
    /// No profile of this name.
    #[error("--profile {name:?}: {words}")]
    Profile {
        name: String,
        /// Which there are.
        words: String,
    },
    /// Too many rooms.
    #[error("at most {ROOMS} rooms (--room) are allowed")]
    Rooms,
    /// One stream of events can't tell rooms apart.
    #[error("--json takes exactly one --room")]
    JsonRooms,
    /// An empty command.
    #[error("--password-command is empty: it should be a command for the shell")]
    PasswordCommand,
    /// Nobody is asked for it in this mode, and nothing is remembered.
    #[error("{0} is needed: there is no earlier session to go on with")]
    Needed(&'static str),
}

impl Arguments {
    /// Checks the values and decides what they leave open: an argument goes before the profile, that before
    /// the environment, and that before what is remembered.
    pub(crate) fn choose(self, around: Surroundings<'_>) -> Result<Choices, UsageError> {
        let none = Profile::default();
        let profile = match &self.profile {
            Some(name) => named_profile(around.config, name)?,
            None => &none,
        };
        let mode = match (self.json, self.plain || around.is_dumb) {
            (true, _) => Mode::Json,
            (false, true) => Mode::Plain,
            (false, false) => Mode::Screen,
        };
        // A script does the same every time.
        let recent = if self.may_remember() { around.recent } else { &[] };
        let given = self.user.as_deref().map(username).transpose()?;
        let username = given.or_else(|| profile.username.clone());
        let url = match self.server.as_deref() {
            Some(given) => address("--server", given)?,
            None => match (&profile.server, around.server.map(str::trim)) {
                (Some(server), _) => server.clone(),
                (None, Some(variable)) if !variable.is_empty() => address(SERVER, variable)?,
                _ => last_server(recent, username.as_ref())?,
            },
        };
        let username = username.or_else(|| last_user(recent, &url));
        let rooms = match self.rooms.is_empty() {
            true => profile.rooms.clone(),
            false => room_names(self.rooms)?,
        };
        if rooms.len() > ROOMS {
            return Err(UsageError::Rooms);
        }
        if mode == Mode::Json && rooms.len() > 1 {
            return Err(UsageError::JsonRooms);
        }
        let command = match (self.password_command, &self.profile) {
            (Some(text), _) if text.trim().is_empty() => return Err(UsageError::PasswordCommand),
            (Some(text), _) => Some(PasswordCommand::new(text, "--password-command".to_owned())),
            (None, Some(name)) => profile.password_command.clone().map(|text| {
                PasswordCommand::new(text, format!("the password-command of profile {name:?}"))
            }),
            (None, None) => None,
        };
        Ok(Choices {
            url,
            username,
            rooms,
            mode,
            password: Source {
                file: self.password_file,
                command,
            },
            capabilities: trimmed(self.capabilities),
            times: self.times,
            only_mentions: around.config.only_mentions,
            #[cfg(debug_assertions)]
            panic_after_start: self.panic_after_start,
            #[cfg(not(debug_assertions))]
            panic_after_start: false,
        })
    }
}

impl Choices {
    /// The same for modes that can't ask; an error where something is open.
    pub(crate) fn complete(self) -> Result<Options, UsageError> {
        if self.rooms.is_empty() {
            return Err(UsageError::Needed("--room"));
        }
        Ok(Options {
            username: self.username.ok_or(UsageError::Needed("--user"))?,
            rooms: self.rooms,
            url: self.url,
            capabilities: self.capabilities,
            times: self.times,
            only_mentions: self.only_mentions,
        })
    }
}

fn named_profile<'a>(config: &'a Config, name: &str) -> Result<&'a Profile, UsageError> {
    config.profiles.get(name).ok_or_else(|| {
        let names: Vec<&str> = config.profiles.keys().map(String::as_str).collect();
        let words = match (nearest(name, names.iter().copied()), names.len()) {
            (Some(near), _) => format!("there is no such profile: did you mean {near:?}?"),
            (None, 0) => "the configuration has no profiles (--print-config shows one)".to_owned(),
            (None, _) => format!("there is no such profile: there are {}", names.join(", ")),
        };
        let name = name.to_owned();
        UsageError::Profile { name, words }
    })
}

fn username(given: &str) -> Result<Username, UsageError> {
    Username::new(given).map_err(|problem| UsageError::User {
        given: given.to_owned(),
        problem,
    })
}

fn room_names(given: Vec<String>) -> Result<Vec<RoomName>, UsageError> {
    let mut rooms: Vec<RoomName> = Vec::new();
    for given in given {
        let room = RoomName::new(&given);
        let room = room.map_err(|problem| UsageError::Room { given, problem })?;
        if rooms.iter().all(|other| other.plain() != room.plain()) {
            rooms.push(room);
        }
    }
    Ok(rooms)
}

fn address(place: &'static str, given: &str) -> Result<ServerUrl, UsageError> {
    ServerUrl::new(given).map_err(|problem| UsageError::Server {
        place,
        given: presentable(given),
        problem,
    })
}

/// The server of the last session of this user, else of the last one of all.
fn last_server(recent: &[Recent], user: Option<&Username>) -> Result<ServerUrl, UsageError> {
    let is_own = |one: &&Recent| user.is_some_and(|user| one.username.key() == user.key());
    let last = recent.iter().find(is_own).or(recent.first());
    // What was changed by hand and is no address any more counts as forgotten.
    let last = last.and_then(|one| ServerUrl::new(&one.server).ok());
    last.map_or_else(|| address("--server", LOCAL), Ok)
}

/// Who was on this server last.
fn last_user(recent: &[Recent], url: &ServerUrl) -> Option<Username> {
    let server = url.identity();
    let last = recent.iter().find(|one| one.server == server);
    last.map(|one| one.username.clone())
}

/// The names as the server knows them; a list may be written with spaces.
fn trimmed(names: Vec<String>) -> Vec<String> {
    let names = names.iter().map(|name| name.trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests;
