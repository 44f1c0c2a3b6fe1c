//! Where settings come from: which source wins, and how an error names it.
//!
//! Flags, variables and the file share the flags' parsers, so all three take the same values.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::{ConfigError, Settings};

/// Where a value came from, as errors name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingSource {
    /// A flag, by its name.
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// The configuration file.
    File {
        /// Path of the file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// Name of the setting.
        key: String,
    },
    /// The default of the setting of this name.
    Default(String),
}

impl fmt::Display for SettingSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingSource::Flag(key) => write!(formatter, "--{key}"),
            SettingSource::Variable(name) => formatter.write_str(name),
            SettingSource::File { path, line, key } => {
                let path = path.display();
                write!(formatter, "configuration file {path}, line {line}: {key}")
            }
            SettingSource::Default(key) => formatter.write_str(key),
        }
    }
}

/// The settings given by flags, and which flags were given.
#[derive(Debug, Default)]
pub struct Flags {
    pub(super) settings: Settings,
    pub(super) config: Option<PathBuf>,
    keys: BTreeSet<String>,
}

impl Flags {
    /// `settings` and the configuration file's path, both from `matches`.
    pub fn new(settings: Settings, config: Option<PathBuf>, matches: &ArgMatches) -> Self {
        let keys = matches.ids().map(|id| id.as_str().replace('_', "-"));
        Self {
            settings,
            config,
            keys: keys.collect(),
        }
    }
}

/// `command`, whose flags name their variables in the help but do not read them. This module reads
/// them, because it skips empty ones and those that another program set.
pub fn without_variables(command: Command) -> Command {
    command.mut_args(|arg| {
        let Some(name) = variable(&arg) else {
            return arg;
        };
        // Behind the first paragraph, where the default is.
        let with_name = |help: &dyn fmt::Display| {
            let help = help.to_string();
            match help.split_once("\n\n") {
                Some((first, more)) => {
                    format!("{} [env: {name}]\n\n{more}", first.trim_end_matches('.'))
                }
                None => format!("{help} [env: {name}]"),
            }
        };
        let help = arg.get_help().map(|help| with_name(help));
        let long_help = arg.get_long_help().map(|help| with_name(help));
        let arg = arg.env(None::<&'static str>);
        let arg = help.into_iter().fold(arg, Arg::help);
        long_help.into_iter().fold(arg, Arg::long_help)
    })
}

fn variable(arg: &Arg) -> Option<String> {
    Some(arg.get_env()?.to_string_lossy().into_owned())
}

/// The error for a setting's wrong flag, in the same words as for variables and the file. `None` if
/// `error` is about something else.
pub fn wrong_flag(error: &clap::Error) -> Option<ConfigError> {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let key = flag.strip_prefix("--")?.split([' ', '[', '=']).next()?;
    let is_value = error.kind() == ErrorKind::ValueValidation;
    (is_value && Reader::new().knows(key)).then(|| ConfigError::Value {
        place: SettingSource::Flag(key.to_owned()),
        problem: problem(error),
    })
}

fn problem(error: &clap::Error) -> String {
    match (error.source(), error.kind()) {
        (Some(source), _) => source.to_string(),
        (None, ErrorKind::InvalidUtf8) => "it is not UTF-8".to_owned(),
        (None, ErrorKind::ArgumentConflict) => "it takes one value, not a list".to_owned(),
        (None, _) => "its value can't be read".to_owned(),
    }
}

/// Reads one setting at a time.
pub(super) struct Reader {
    command: Command,
    settings: BTreeMap<String, Setting>,
}

pub(super) struct Setting {
    pub(super) variable: String,
    pub(super) is_list: bool,
    is_limit: bool,
}

impl Reader {
    pub(super) fn new() -> Self {
        let command = Settings::augment_args(Command::new("settings").no_binary_name(true));
        let settings = command.get_arguments().filter_map(|arg| {
            let setting = Setting {
                variable: variable(arg)?,
                is_list: matches!(arg.get_action(), ArgAction::Append),
                is_limit: arg.get_help_heading() == Some("Limits"),
            };
            Some((arg.get_long()?.to_owned(), setting))
        });
        Self {
            settings: settings.collect(),
            command: without_variables(command.clone()),
        }
    }

    pub(super) fn knows(&self, key: &str) -> bool {
        self.settings.contains_key(key)
    }

    pub(super) fn setting(&self, key: &str) -> Option<&Setting> {
        self.settings.get(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, &Setting)> {
        let settings = self.settings.iter();
        settings.map(|(key, setting)| (key.as_str(), setting))
    }

    /// The limits that `--no-limits` lifts.
    pub(super) fn limits(&self) -> impl Iterator<Item = &str> {
        self.keys()
            .filter(|(key, setting)| {
                setting.is_limit && !matches!(*key, "no-limits" | "trusted-proxy")
            })
            .map(|(key, _)| key)
    }

    /// Settings in which only `key` is set, from `values`; or what is wrong with them.
    pub(super) fn read(&self, key: &str, values: &[OsString]) -> Result<Settings, String> {
        let arguments = values.iter().map(|value| {
            let mut argument = OsString::from(format!("--{key}="));
            argument.push(value);
            argument
        });
        let matches = self.command.clone().try_get_matches_from(arguments);
        matches
            .and_then(|matches| Settings::from_arg_matches(&matches))
            .map_err(|error| problem(&error))
    }
}

/// The source of each setting that was given.
#[derive(Debug, Default)]
pub(super) struct Sources {
    places: BTreeMap<String, SettingSource>,
}

impl Sources {
    /// Notes `place` for `key`, unless an earlier call did: sources are noted in order of precedence.
    pub(super) fn note(&mut self, key: &str, place: SettingSource) {
        self.places.entry(key.to_owned()).or_insert(place);
    }

    pub(super) fn note_flags(&mut self, flags: &Flags) {
        for key in &flags.keys {
            self.note(key, SettingSource::Flag(key.clone()));
        }
    }

    pub(super) fn given(&self, key: &str) -> Option<&SettingSource> {
        self.places.get(key)
    }

    pub(super) fn of(&self, key: &str) -> SettingSource {
        let place = self.given(key).cloned();
        place.unwrap_or_else(|| SettingSource::Default(key.to_owned()))
    }
}

/// The name that was probably meant by `wrong`: one of similar spelling, or one that contains it.
pub(super) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let names: Vec<&str> = names.collect();
    let close = names
        .iter()
        .map(|name| (strsim::osa_distance(wrong, name), *name));
    let close = close.filter(|(distance, name)| 3 * distance <= name.len());
    let holding = || {
        let holds = |name: &&&str| wrong.len() > 3 && name.contains(wrong);
        names
            .iter()
            .filter(holds)
            .min_by_key(|name| name.len())
            .copied()
    };
    close.min().map(|(_, name)| name).or_else(holding)
}
