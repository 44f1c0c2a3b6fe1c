//! The settings as they are given: by flags and environment variables, or by a file.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use super::{LogFormat, LogLevel};
use crate::auth::Registration;
use crate::database::Durability;

/// Every setting, each or none; each is a flag, an environment variable and a key of the
/// configuration file.
#[derive(Args, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// Port to listen on; 0 takes a free one [default: 8080].
    #[arg(long, env = "CHAT_SERVER_PORT", value_name = "PORT")]
    pub port: Option<u16>,
    /// Address to listen on [default: 127.0.0.1].
    #[arg(long, env = "CHAT_SERVER_BIND", value_name = "ADDRESS")]
    pub bind: Option<IpAddr>,
    /// Data directory [default: chat-server in the platform's directory for data].
    #[arg(long, env = "CHAT_SERVER_DATA", value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
    /// Whether the first password used with an unknown name makes an account [default: open].
    #[arg(
        long,
        env = "CHAT_SERVER_REGISTRATION",
        value_enum,
        value_name = "open|closed",
        hide_possible_values = true
    )]
    pub registration: Option<Registration>,
    /// Allow clients to switch to test mode [default: false].
    #[arg(long, env = "CHAT_SERVER_TEST_MODE", value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub test_mode: Option<bool>,
    /// Origin whose pages may connect; may be repeated [default: any].
    #[arg(
        long,
        env = "CHAT_SERVER_ALLOWED_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub allowed_origin: Option<Vec<String>>,
    /// Seconds from connecting to the end of the HTTP exchange or the upgrade [default: 10].
    #[arg(long, env = "CHAT_SERVER_HANDSHAKE_TIMEOUT", value_name = "SECONDS")]
    pub handshake_timeout: Option<u32>,
    /// Seconds from the upgrade to a successful `auth` [default: 60].
    #[arg(long, env = "CHAT_SERVER_AUTH_TIMEOUT", value_name = "SECONDS")]
    pub auth_timeout: Option<u32>,
    /// Seconds between two WebSocket pings [default: 30].
    #[arg(long, env = "CHAT_SERVER_PING_INTERVAL", value_name = "SECONDS")]
    pub ping_interval: Option<u32>,
    /// Seconds without a sign of life after which a connection is dropped [default: 75].
    #[arg(long, env = "CHAT_SERVER_IDLE_TIMEOUT", value_name = "SECONDS")]
    pub idle_timeout: Option<u32>,
    /// `full`: what was answered for outlives a power loss; `relaxed`: a power loss may take the
    /// last seconds [default: full].
    #[arg(
        long,
        env = "CHAT_SERVER_DURABILITY",
        value_enum,
        value_name = "full|relaxed",
        hide_possible_values = true
    )]
    pub durability: Option<Durability>,
    /// Entries that a room keeps, the newest; 0 for all [default: 10000].
    #[arg(long, env = "CHAT_SERVER_RETENTION_ENTRIES", value_name = "COUNT")]
    pub retention_entries: Option<u64>,
    /// Days that a room keeps entries; 0 for ever [default: 90].
    #[arg(long, env = "CHAT_SERVER_RETENTION_DAYS", value_name = "DAYS")]
    pub retention_days: Option<u32>,
    /// Format of the log on standard error [default: text].
    #[arg(
        long,
        env = "CHAT_SERVER_LOG_FORMAT",
        value_enum,
        value_name = "text|json",
        hide_possible_values = true
    )]
    pub log_format: Option<LogFormat>,
    /// What the log tells at least [default: info].
    #[arg(
        long,
        env = "CHAT_SERVER_LOG_LEVEL",
        value_enum,
        value_name = "error|warn|info|debug",
        hide_possible_values = true
    )]
    pub log_level: Option<LogLevel>,
}

impl Settings {
    /// These, completed from `other`.
    pub(super) fn or(self, other: Settings) -> Settings {
        Settings {
            port: self.port.or(other.port),
            bind: self.bind.or(other.bind),
            data: self.data.or(other.data),
            registration: self.registration.or(other.registration),
            test_mode: self.test_mode.or(other.test_mode),
            allowed_origin: self.allowed_origin.or(other.allowed_origin),
            handshake_timeout: self.handshake_timeout.or(other.handshake_timeout),
            auth_timeout: self.auth_timeout.or(other.auth_timeout),
            ping_interval: self.ping_interval.or(other.ping_interval),
            idle_timeout: self.idle_timeout.or(other.idle_timeout),
            durability: self.durability.or(other.durability),
            retention_entries: self.retention_entries.or(other.retention_entries),
            retention_days: self.retention_days.or(other.retention_days),
            log_format: self.log_format.or(other.log_format),
            log_level: self.log_level.or(other.log_level),
        }
    }
}
