//! The settings: from the command line and the environment, completed from a file, then from
//! defaults, and checked.
//!
//! Precedence: a flag, then its environment variable, then the file's key, then the default. The
//! first two are told apart in `cli`.

mod limits;
mod settings;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::address::ParseNetworkError;
use crate::auth::Registration;
use crate::retention::Retention;
use crate::server::ServerConfig;
use crate::transport::Timeouts;
pub(crate) use limits::MAX_CONNECTIONS;
pub use settings::Settings;

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line a person reads.
    Text,
    /// A JSON object a line.
    Json,
}

/// What the log tells at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// And what may become a problem.
    Warn,
    /// And what an operator wants to know.
    Info,
    /// And what a developer wants to know.
    Debug,
}

/// Settings that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("cannot read the configuration file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not as it should be.
    #[error("configuration file {}, line {line}: {message}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A timeout of nothing.
    #[error("{0} must be at least 1 second")]
    ZeroSeconds(&'static str),
    /// A number of nothing where nothing makes no sense.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// Neither an address nor a network.
    #[error("trusted-proxy: {0}")]
    Proxy(ParseNetworkError),
    /// Pings that come too late to keep a connection.
    #[error("ping-interval ({ping} s) must be shorter than idle-timeout ({idle} s)")]
    PingTooRare {
        /// Seconds between pings.
        ping: u64,
        /// Seconds of silence allowed.
        idle: u64,
    },
    /// Messages would wait for longer than people do.
    #[error("flush-window must be at most 1000 milliseconds, not {0}")]
    FlushWindow(u32),
    /// Not an origin.
    #[error(
        "allowed-origin {0:?} is not an origin: it should look like https://example.org or https://example.org:8443"
    )]
    Origin(String),
    /// No home directory.
    #[error("cannot tell the platform's directory for data: name one with --data")]
    NoHome,
}

/// What the program runs with.
#[derive(Debug)]
pub struct Config {
    /// Address to listen on.
    pub bind: IpAddr,
    /// Port to listen on.
    pub port: u16,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What the log tells at least.
    pub log_level: LogLevel,
    /// What the server is built from.
    pub server: ServerConfig,
}

impl Config {
    /// Completes `given` from `file`, where one is named, and from the defaults.
    pub fn load(given: Settings, file: Option<&Path>) -> Result<Self, ConfigError> {
        let from_file = file.map(read).transpose()?.unwrap_or_default();
        given.or(from_file).check()
    }
}

fn read(path: &Path) -> Result<Settings, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    toml::from_str(text).map_err(|error| ConfigError::Parse {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        message: error.message().to_owned(),
    })
}

fn line_of(text: &str, position: usize) -> usize {
    let before = text.as_bytes().iter().take(position);
    before.filter(|byte| **byte == b'\n').count() + 1
}

impl Settings {
    fn check(self) -> Result<Config, ConfigError> {
        let limits = limits::limits(&self)?;
        let trusted_proxies = limits::trusted_proxies(&self)?;
        let timeouts = Timeouts {
            handshake: seconds("handshake-timeout", self.handshake_timeout, 10)?,
            auth: seconds("auth-timeout", self.auth_timeout, 60)?,
            ping: seconds("ping-interval", self.ping_interval, 30)?,
            idle: seconds("idle-timeout", self.idle_timeout, 75)?,
        };
        if timeouts.ping >= timeouts.idle {
            return Err(ConfigError::PingTooRare {
                ping: timeouts.ping.as_secs(),
                idle: timeouts.idle.as_secs(),
            });
        }
        let allowed_origins = self.allowed_origin.unwrap_or_default();
        if let Some(wrong) = allowed_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(ConfigError::Origin(wrong.clone()));
        }
        let as_sent = |origin: String| without_default_port(&origin).to_owned();
        let allowed_origins = allowed_origins.into_iter().map(as_sent).collect();
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
                allowed_origins,
                durability: self.durability.unwrap_or_default(),
                retention: retention(self.retention_entries, self.retention_days),
                membership: Duration::from_secs(60).saturating_mul(self.members_age.unwrap_or(15)),
                flush_window: flush_window(self.flush_window)?,
                timeouts,
                limits,
                trusted_proxies,
                is_banning_addresses: self.ban_addresses.unwrap_or(false),
            },
        })
    }
}

fn retention(entries: Option<u64>, days: Option<u32>) -> Retention {
    Retention {
        entries: Some(entries.unwrap_or(10_000)).filter(|entries| *entries > 0),
        age: self::days(days.unwrap_or(90)),
    }
}

/// So many days; none for ever.
fn days(days: u32) -> Option<Duration> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    (days > 0).then(|| DAY.saturating_mul(days))
}

fn flush_window(given: Option<u32>) -> Result<Duration, ConfigError> {
    match given.unwrap_or(50) {
        millis @ ..=1000 => Ok(Duration::from_millis(millis.into())),
        millis => Err(ConfigError::FlushWindow(millis)),
    }
}

fn seconds(name: &'static str, given: Option<u32>, default: u32) -> Result<Duration, ConfigError> {
    match given.unwrap_or(default) {
        0 => Err(ConfigError::ZeroSeconds(name)),
        seconds => Ok(Duration::from_secs(seconds.into())),
    }
}

/// A scheme and a host, perhaps a port, nothing after them (RFC 6454, section 6.2).
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        !scheme.is_empty()
            && !host.is_empty()
            && !host.contains(['/', '?', '#', ' '])
            && !host.ends_with(':')
    })
}

/// As a browser sends it (RFC 6454, section 6.2).
fn without_default_port(origin: &str) -> &str {
    let default = match origin.split_once("://") {
        Some(("https", _)) => ":443",
        Some(("http", _)) => ":80",
        _ => return origin,
    };
    origin.strip_suffix(default).unwrap_or(origin)
}

fn default_data() -> Result<PathBuf, ConfigError> {
    use etcetera::BaseStrategy;
    let strategy = etcetera::choose_base_strategy().map_err(|_| ConfigError::NoHome)?;
    Ok(strategy.data_dir().join("chat-server"))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::limits::{LimitSettings, Rate};

    fn load(given: Settings, file: &str) -> Result<Config, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("chat.toml");
        std::fs::write(&path, file).unwrap();
        Config::load(given, Some(&path)).map_err(|error| {
            let shown = path.display().to_string();
            error.to_string().replace(&shown, "FILE")
        })
    }

    #[test]
    fn what_is_given_goes_before_the_file_and_the_file_before_the_default() {
        let given = Settings {
            port: Some(1),
            ..Settings::default()
        };
        let file =
            "port = 2\nbind = \"::1\"\ntest-mode = true\ndata = \"/d\"\nlog-format = \"json\"";
        let config = load(given, file).unwrap();
        assert_eq!(config.port, 1);
        assert_eq!(config.bind, "::1".parse::<IpAddr>().unwrap());
        assert_eq!(config.log_format, LogFormat::Json);
        assert!(config.server.is_test_mode_allowed);
        assert_eq!(config.server.data, Path::new("/d"));
        assert_eq!(config.server.registration, Registration::Open);
        assert_eq!(config.server.timeouts.idle, Duration::from_secs(75));
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        let check = |file: &str, expected: &str| {
            let error = load(Settings::default(), file).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains('\n'), "{error}");
        };
        check(
            "\nprot = 1",
            "configuration file FILE, line 2: unknown field `prot`",
        );
        check(
            "port = \"x\"",
            "configuration file FILE, line 1: invalid type",
        );
        check(
            "port = 99999",
            "configuration file FILE, line 1: invalid value",
        );
        check(
            "registration = \"no\"",
            "configuration file FILE, line 1: unknown variant",
        );
        check("data = [", "configuration file FILE, line 1:");
        check("message-burst = 0", "message-burst must be at least 1");
        check(
            "trusted-proxy = [\"proxy\"]",
            "trusted-proxy: \"proxy\" is neither an address nor a network",
        );
        check("auth-timeout = 0", "auth-timeout must be at least 1 second");
        check(
            "ping-interval = 75",
            "ping-interval (75 s) must be shorter than idle-timeout",
        );
        check(
            "allowed-origin = [\"example.org\"]",
            "allowed-origin \"example.org\" is not",
        );
        check(
            "allowed-origin = [\"https://a/b\"]",
            "allowed-origin \"https://a/b\" is not",
        );
    }

    #[test]
    fn origins_are_kept_as_browsers_send_them() {
        let file = "allowed-origin = [\"https://a:443\", \"http://b:80\", \"https://c:8443\"]";
        let origins = load(Settings::default(), file)
            .unwrap()
            .server
            .allowed_origins;
        assert_eq!(origins, ["https://a", "http://b", "https://c:8443"]);
    }

    #[test]
    fn rooms_keep_90_days_and_10_000_entries_unless_told_otherwise() {
        let check = |file: &str, entries, days: Option<u64>| {
            let retention = load(Settings::default(), file).unwrap().server.retention;
            let age = days.map(|days| Duration::from_secs(days * 86_400));
            assert_eq!(retention, Retention { entries, age });
        };
        check("", Some(10_000), Some(90));
        check("retention-entries = 0\nretention-days = 0", None, None);
        check(
            "retention-entries = 5\nretention-days = 1",
            Some(5),
            Some(1),
        );
    }

    #[test]
    fn limits_have_defaults_and_can_be_lifted_one_by_one_or_all() {
        let limits = |file| load(Settings::default(), file).unwrap().server.limits;
        let rate = |burst, per_minute| {
            Some(Rate::per_minute(
                NonZeroU32::new(burst).unwrap(),
                NonZeroU32::new(per_minute).unwrap(),
            ))
        };
        let default = limits("");
        assert_eq!(default.messages, rate(20, 60));
        assert_eq!(default.connections, rate(20, 60));
        assert_eq!(default.failed_logins, NonZeroU32::new(5));
        assert_eq!(default.answers, rate(16 << 20, 60 << 20));
        assert_eq!(default.moderator_factor.get(), 10);
        assert_eq!(default.caps.per_address, Some(200));
        let changed = limits("message-rate = 0\nmax-connections-per-address = 0");
        assert_eq!((changed.messages, changed.caps.per_address), (None, None));
        assert_eq!(changed.connections, rate(20, 60));
        assert_eq!(limits("no-limits = true"), LimitSettings::NONE);
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let error = Config::load(Settings::default(), Some(Path::new("/none"))).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("cannot read the configuration file /none")
        );
    }
}
