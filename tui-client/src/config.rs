//! The configuration file: what it may say, where it lies, and what stands where it says nothing. Owns
//! the settings; must not know what they are for.

mod print;
mod read;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use chat_protocol::{RoomName, Username};

use crate::keymap::Keymap;
use crate::private_files;
use crate::server_url::ServerUrl;
use crate::theme::Wish;

pub(crate) use print::print;

/// Bytes of a configuration file.
const BYTES: u64 = 1 << 20;

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) profiles: BTreeMap<String, Profile>,
    pub(crate) keymap: Keymap,
    pub(crate) colours: Wish,
    pub(crate) notifications: Notifications,
    /// Keep a log of each room.
    pub(crate) log: bool,
    /// Where; `None` for the usual place.
    pub(crate) log_folder: Option<PathBuf>,
    /// The wheel of the mouse is the program's; all of the mouse is the terminal's otherwise.
    pub(crate) mouse: bool,
    /// Run for a mention, through `sh -c`.
    pub(crate) on_mention: Option<String>,
    /// `--plain` begins with `/only mentions`.
    pub(crate) only_mentions: bool,
}

/// Where somebody goes as whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) server: Option<ServerUrl>,
    pub(crate) username: Option<Username>,
    pub(crate) rooms: Vec<RoomName>,
    /// Run through `sh -c`; the first line of its output is the password.
    pub(crate) password_command: Option<String>,
}

/// How somebody is told of mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notifications {
    pub(crate) bell: bool,
    pub(crate) desktop: Desktop,
    /// Only while the terminal's window is not the one that is typed into.
    pub(crate) only_unfocused: bool,
}

/// How the terminal is asked for a notification of the desktop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Desktop {
    /// In the way that the terminal is known for.
    Auto,
    Osc9,
    Osc777,
    Off,
}

/// Something in the file that can't be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// From 1.
    pub(crate) line: usize,
    /// With the sections that it is in; empty where the line is no setting.
    pub(crate) key: String,
    /// What is wrong, and what would be right.
    pub(crate) words: String,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file can't be read.
    #[error("can't read the configuration {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The file says what can't be right.
    #[error("{}", lines(path, problems))]
    Wrong {
        path: PathBuf,
        problems: Vec<Problem>,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            profiles: BTreeMap::new(),
            keymap: Keymap::default(),
            colours: Wish::Auto,
            notifications: Notifications {
                bell: true,
                desktop: Desktop::Auto,
                only_unfocused: true,
            },
            log: false,
            log_folder: None,
            mouse: false,
            on_mention: None,
            only_mentions: false,
        }
    }
}

impl Config {
    /// Reads a file; the defaults where there is none. `home` is what `~` stands for.
    pub(crate) fn load(path: &Path, home: Option<&Path>) -> Result<Self, ConfigError> {
        let bytes = private_files::read(path, BYTES).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        bytes.map_or_else(
            || Ok(Self::default()),
            |bytes| Self::of_bytes(path, &bytes, home),
        )
    }

    /// Reads what a file has in it. `path` is for errors.
    pub(crate) fn of_bytes(
        path: &Path,
        bytes: &[u8],
        home: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let text = str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            vec![Problem {
                line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
                key: String::new(),
                words: "this is not valid UTF-8".to_owned(),
            }]
        });
        let read = text.and_then(|text| read::read(text, home));
        read.map_err(|problems| ConfigError::Wrong {
            path: path.to_owned(),
            problems,
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(formatter, "{}: {}", self.line, self.words),
            key => write!(formatter, "{}: {key}: {}", self.line, self.words),
        }
    }
}

/// Each problem on a line of its own, as compilers write them.
fn lines(path: &Path, problems: &[Problem]) -> String {
    let path = path.display();
    let lines = problems.iter().map(|problem| format!("{path}:{problem}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
