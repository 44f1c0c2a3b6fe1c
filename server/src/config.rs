//! The settings: merged from flags, environment variables, a file and defaults, then checked.
//!
//! A flag wins over its variable, the variable over the file's key, the key over the default. A wrong
//! variable that a flag overrides is only a warning: the person who gave the flag may not be the one
//! who set the variable.

mod file;
mod limits;
mod settings;
mod sources;
mod values;
mod variables;

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::auth::Registration;
use crate::domain::moderation::BanScope;
use crate::rooms::retention::Retention;
use crate::server::ServerConfig;
use crate::transport::Timeouts;
use file::File;
pub(crate) use limits::MAX_CONNECTIONS;
pub use settings::Settings;
pub use sources::{Flags, SettingSource, without_variables, wrong_flag};
use sources::{Reader, Sources};
use variables::Variables;

/// Format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Least severe level that is logged; each level includes those above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something may become a problem.
    Warn,
    /// Something that an operator wants to know.
    Info,
    /// Something that a developer wants to know.
    Debug,
}

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{place}: cannot read the configuration file {}", path.display())]
    Read {
        /// The setting that named the file.
        place: SettingSource,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not valid TOML, or has an unknown key.
    #[error("configuration file {}, line {line}: {message}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A value that can't be used.
    #[error("{place}: {problem}")]
    Value {
        /// The flag, variable or line that gave it.
        place: SettingSource,
        /// What is wrong with it.
        problem: String,
    },
    /// The ping interval is not shorter than the idle timeout, so quiet connections would be dropped.
    #[error("{ping_place} ({ping} s) must be shorter than {idle_place} ({idle} s)")]
    PingTooRare {
        /// Ping interval, in seconds.
        ping: u64,
        /// What set it.
        ping_place: Box<SettingSource>,
        /// Idle timeout, in seconds.
        idle: u64,
        /// What set it.
        idle_place: Box<SettingSource>,
    },
    /// There is no home directory, so no default data directory.
    #[error("cannot find the platform's data directory: name a directory with --data")]
    NoHome,
}

/// The checked settings.
#[derive(Debug)]
pub struct Config {
    /// Address to listen on.
    pub bind: IpAddr,
    /// Port to listen on.
    pub port: u16,
    /// Format of the log.
    pub log_format: LogFormat,
    /// Least severe level that is logged.
    pub log_level: LogLevel,
    /// The settings of the server itself.
    pub server: ServerConfig,
    /// Settings that are probably mistakes, one sentence each.
    pub warnings: Vec<String>,
}

impl Config {
    /// Merges `flags` with `environment`, the file (if one is named) and the defaults.
    pub fn load(
        flags: Flags,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let reader = Reader::new();
        let variables = Variables::sort(&reader, environment);
        let mut warnings: Vec<String> = variables.warnings().collect();
        let mut sources = Sources::default();
        sources.note_flags(&flags);
        let file = match file_path(&flags, variables.config)? {
            Some((place, path)) => File::read(place, &path, &reader)?,
            None => File::default(),
        };
        let mut settings = flags.settings;
        for (key, name, value) in variables.settings {
            let place = SettingSource::Variable(name);
            match reader.read(&key, &[value]) {
                Ok(one) => {
                    settings = settings.or(one);
                    sources.note(&key, place);
                }
                Err(problem) if sources.given(&key).is_some() => {
                    warnings.push(format!("{place}: {problem} (--{key} is used instead)"));
                }
                Err(problem) => return Err(ConfigError::Value { place, problem }),
            }
        }
        for (key, place) in file.places {
            sources.note(&key, place);
        }
        let settings = settings.or(file.settings);
        if settings.no_limits == Some(true) {
            let lifted = reader.limits().filter_map(|key| sources.given(key));
            warnings.extend(lifted.map(|place| {
                format!("{place}: it has no effect, because --no-limits turns off all limits")
            }));
        }
        settings.check(&sources, warnings)
    }
}

fn file_path(
    flags: &Flags,
    variable: Option<(String, OsString)>,
) -> Result<Option<(SettingSource, PathBuf)>, ConfigError> {
    if let Some(path) = &flags.config {
        return Ok(Some((
            SettingSource::Flag("config".to_owned()),
            path.clone(),
        )));
    }
    let Some((name, value)) = variable else {
        return Ok(None);
    };
    let place = SettingSource::Variable(name);
    match values::path(value) {
        Ok(path) => Ok(Some((place, path))),
        Err(wrong) => Err(ConfigError::Value {
            place,
            problem: wrong.to_string(),
        }),
    }
}

impl Settings {
    fn check(self, sources: &Sources, warnings: Vec<String>) -> Result<Config, ConfigError> {
        let limits = limits::limits(&self);
        let trusted_proxies = limits::trusted_proxies(&self);
        let timeouts = Timeouts {
            handshake: seconds(self.handshake_timeout, 10),
            auth: seconds(self.auth_timeout, 60),
            ping: seconds(self.ping_interval, 30),
            idle: seconds(self.idle_timeout, 75),
        };
        if timeouts.ping >= timeouts.idle {
            return Err(ConfigError::PingTooRare {
                ping: timeouts.ping.as_secs(),
                ping_place: Box::new(sources.of("ping-interval")),
                idle: timeouts.idle.as_secs(),
                idle_place: Box::new(sources.of("idle-timeout")),
            });
        }
        let allowed_origins = self.allowed_origin.into_iter().flatten();
        Ok(Config {
            bind: self.bind.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            port: self.port.unwrap_or(8080),
            log_format: self.log_format.unwrap_or(LogFormat::Text),
            log_level: self.log_level.unwrap_or(LogLevel::Info),
            server: ServerConfig {
                data: self.data.map_or_else(default_data, Ok)?,
                registration: self.registration.unwrap_or(Registration::Open),
                token_chain: days(self.token_days.unwrap_or(30)),
                founders: self.founders.unwrap_or_default(),
                is_test_mode_allowed: self.test_mode.unwrap_or(false),
                allowed_origins: allowed_origins.flat_map(|items| items.0).collect(),
                durability: self.durability.unwrap_or_default(),
                retention: retention(self.retention_entries, self.retention_days),
                members_age: Duration::from_secs(60).saturating_mul(self.members_age.unwrap_or(15)),
                flush_window: Duration::from_millis(self.flush_window.unwrap_or(50).into()),
                timeouts,
                limits,
                trusted_proxies,
                every_ban: BanScope::with_addresses(self.ban_addresses.unwrap_or(false)),
            },
            warnings,
        })
    }
}

fn retention(entries: Option<u64>, days: Option<u32>) -> Retention {
    Retention {
        entries: Some(entries.unwrap_or(10_000)).filter(|entries| *entries > 0),
        age: self::days(days.unwrap_or(90)),
    }
}

/// `None` for 0 days, which means forever.
fn days(days: u32) -> Option<Duration> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    (days > 0).then(|| DAY.saturating_mul(days))
}

fn seconds(given: Option<NonZeroU32>, default: u64) -> Duration {
    Duration::from_secs(given.map_or(default, |seconds| seconds.get().into()))
}

fn default_data() -> Result<PathBuf, ConfigError> {
    use etcetera::BaseStrategy;
    let strategy = etcetera::choose_base_strategy().map_err(|_| ConfigError::NoHome)?;
    Ok(strategy.data_dir().join("chat-server"))
}

#[cfg(test)]
mod tests;
