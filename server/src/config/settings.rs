//! The settings as they are given: by flags, by environment variables, or by a file. All three are
//! read by what is said here, and merged by `sources`.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use ipnet::IpNet;

use super::values::{self, Items};
use super::{LogFormat, LogLevel};
use crate::auth::Registration;
use crate::rooms::Founders;
use crate::store::sqlite::database::Durability;
use crate::transport::origin::AllowedOrigin;

/// Every setting, each or none; each is a flag, an environment variable and a key of the
/// configuration file.
#[derive(Args, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Port to listen on; 0 takes a free one [default: 8080].
    #[arg(long, env = "CHAT_SERVER_PORT", value_name = "PORT", value_parser = values::whole::<u16>(0, 65_535))]
    pub port: Option<u16>,
    /// Address to listen on [default: 127.0.0.1].
    #[arg(long, env = "CHAT_SERVER_BIND", value_name = "ADDRESS", value_parser = values::bind)]
    pub bind: Option<IpAddr>,
    /// Data directory [default: chat-server in the platform's directory for data].
    #[arg(long, env = "CHAT_SERVER_DATA", value_name = "DIR", global = true, value_parser = OsStringValueParser::new().try_map(values::path))]
    pub data: Option<PathBuf>,
    /// Whether the first password used with an unknown name makes an account [default: open].
    #[arg(
        long,
        env = "CHAT_SERVER_REGISTRATION",
        value_name = "open|closed",
        value_parser = values::choice::<Registration>
    )]
    pub registration: Option<Registration>,
    /// Who may found rooms: `anyone` who comes into one that is not there, or `nobody` but operators
    /// [default: anyone].
    #[arg(
        long,
        env = "CHAT_SERVER_FOUNDERS",
        value_name = "anyone|nobody",
        value_parser = values::choice::<Founders>
    )]
    pub founders: Option<Founders>,
    /// Days after which the password is asked for again, however often somebody came back by resume
    /// tokens meanwhile; 0 for never [default: 30].
    #[arg(long, env = "CHAT_SERVER_TOKEN_DAYS", value_name = "DAYS", value_parser = values::count)]
    pub token_days: Option<u32>,
    /// Allow clients to switch to test mode [default: false].
    #[arg(long, env = "CHAT_SERVER_TEST_MODE", value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::switch)]
    pub test_mode: Option<bool>,
    /// Origin whose pages may connect; may be repeated [default: any].
    #[arg(
        long,
        env = "CHAT_SERVER_ALLOWED_ORIGIN",
        value_name = "ORIGIN",
        value_parser = values::origins
    )]
    pub allowed_origin: Option<Vec<Items<AllowedOrigin>>>,
    /// Seconds from connecting to the end of the HTTP exchange or the upgrade [default: 10].
    #[arg(long, env = "CHAT_SERVER_HANDSHAKE_TIMEOUT", value_name = "SECONDS", value_parser = values::at_least_one)]
    pub handshake_timeout: Option<NonZeroU32>,
    /// Seconds from the upgrade to a successful `auth` [default: 60].
    #[arg(long, env = "CHAT_SERVER_AUTH_TIMEOUT", value_name = "SECONDS", value_parser = values::at_least_one)]
    pub auth_timeout: Option<NonZeroU32>,
    /// Seconds between two WebSocket pings [default: 30].
    #[arg(long, env = "CHAT_SERVER_PING_INTERVAL", value_name = "SECONDS", value_parser = values::at_least_one)]
    pub ping_interval: Option<NonZeroU32>,
    /// Seconds without a sign of life after which a connection is dropped [default: 75].
    #[arg(long, env = "CHAT_SERVER_IDLE_TIMEOUT", value_name = "SECONDS", value_parser = values::at_least_one)]
    pub idle_timeout: Option<NonZeroU32>,
    /// `full`: what was answered for outlives a power loss; `relaxed`: a power loss may take the
    /// last seconds [default: full].
    #[arg(
        long,
        env = "CHAT_SERVER_DURABILITY",
        value_name = "full|relaxed",
        value_parser = values::choice::<Durability>
    )]
    pub durability: Option<Durability>,
    /// Entries that a room keeps, the newest; 0 for all [default: 10000].
    #[arg(long, env = "CHAT_SERVER_RETENTION_ENTRIES", value_name = "COUNT", value_parser = values::whole::<u64>(0, i64::MAX.cast_unsigned()))]
    pub retention_entries: Option<u64>,
    /// Days that a room keeps entries; 0 for ever [default: 90].
    #[arg(long, env = "CHAT_SERVER_RETENTION_DAYS", value_name = "DAYS", value_parser = values::count)]
    pub retention_days: Option<u32>,
    /// Minutes from which on an account may post in a room that is for members only [default: 15].
    #[arg(long, env = "CHAT_SERVER_MEMBERS_AGE", value_name = "MINUTES", value_parser = values::count)]
    pub members_age: Option<u32>,
    /// Every ban of a user from a room keeps out whoever is at the user's recent addresses as well
    /// [default: false].
    #[arg(long, env = "CHAT_SERVER_BAN_ADDRESSES", value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::switch)]
    pub ban_addresses: Option<bool>,
    /// Milliseconds that messages of a large room may wait to share a write; 0 for not at all
    /// [default: 50].
    #[arg(long, env = "CHAT_SERVER_FLUSH_WINDOW", value_name = "MILLISECONDS", value_parser = values::whole::<u32>(0, 1000))]
    pub flush_window: Option<u32>,
    /// Format of the log on standard error [default: text].
    #[arg(
        long,
        env = "CHAT_SERVER_LOG_FORMAT",
        value_name = "text|json",
        value_parser = values::choice::<LogFormat>
    )]
    pub log_format: Option<LogFormat>,
    /// What the log tells at least [default: info].
    #[arg(
        long,
        env = "CHAT_SERVER_LOG_LEVEL",
        value_name = "error|warn|info|debug",
        value_parser = values::choice::<LogLevel>
    )]
    pub log_level: Option<LogLevel>,
    /// Messages that a user may post at once [default: 20].
    #[arg(
        long,
        env = "CHAT_SERVER_MESSAGE_BURST",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub message_burst: Option<NonZeroU32>,
    /// Messages that a user may post in a minute after that; 0 for any number [default: 60].
    #[arg(
        long,
        env = "CHAT_SERVER_MESSAGE_RATE",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub message_rate: Option<u32>,
    /// How many times that a moderator may post [default: 10].
    #[arg(
        long,
        env = "CHAT_SERVER_MODERATOR_FACTOR",
        value_name = "FACTOR",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub moderator_factor: Option<NonZeroU32>,
    /// How many times as much as one of them the users of one address may post together, moderators
    /// apart; 0 for any number [default: 5].
    #[arg(
        long,
        env = "CHAT_SERVER_ADDRESS_FACTOR",
        value_name = "FACTOR",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub address_factor: Option<u32>,
    /// Events that a connection may send at once; those that are costly to answer count ten
    /// [default: 2000].
    #[arg(
        long,
        env = "CHAT_SERVER_EVENT_BURST",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub event_burst: Option<NonZeroU32>,
    /// Events that a connection may send in a minute after that; 0 for any number [default: 6000].
    #[arg(
        long,
        env = "CHAT_SERVER_EVENT_RATE",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub event_rate: Option<u32>,
    /// Refusals for being too fast after which a connection is closed (4105); 0 for never
    /// [default: 100].
    #[arg(
        long,
        env = "CHAT_SERVER_FLOOD_REFUSALS",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub flood_refusals: Option<u32>,
    /// Connections that an address may open at once [default: 20].
    #[arg(
        long,
        env = "CHAT_SERVER_CONNECTION_BURST",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub connection_burst: Option<NonZeroU32>,
    /// Connections that an address may open in a minute after that; 0 for any number [default: 60].
    #[arg(
        long,
        env = "CHAT_SERVER_CONNECTION_RATE",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub connection_rate: Option<u32>,
    /// KiB of history and other answers that may be long that a user, and an address, may be sent at
    /// once [default: 16384].
    #[arg(
        long,
        env = "CHAT_SERVER_ANSWER_BURST",
        value_name = "KIB",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub answer_burst: Option<NonZeroU32>,
    /// KiB of them that a user, and an address, may be sent in a minute after that; 0 for any number
    /// [default: 61440].
    #[arg(
        long,
        env = "CHAT_SERVER_ANSWER_RATE",
        value_name = "KIB",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub answer_rate: Option<u32>,
    /// Failed logins in a minute for one name from one address; 0 for any number [default: 5].
    #[arg(
        long,
        env = "CHAT_SERVER_FAILED_LOGINS",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub failed_logins: Option<u32>,
    /// Accounts that may be made from an address at once [default: 20].
    #[arg(
        long,
        env = "CHAT_SERVER_ACCOUNT_BURST",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub account_burst: Option<NonZeroU32>,
    /// Accounts that may be made from an address in an hour after that; 0 for any number
    /// [default: 60].
    #[arg(
        long,
        env = "CHAT_SERVER_ACCOUNT_RATE",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub account_rate: Option<u32>,
    /// Rooms that an account, or an address, may found at once [default: 10].
    #[arg(
        long,
        env = "CHAT_SERVER_ROOM_BURST",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub room_burst: Option<NonZeroU32>,
    /// Rooms that an account, or an address, may found in an hour after that; 0 for any number
    /// [default: 30].
    #[arg(
        long,
        env = "CHAT_SERVER_ROOM_RATE",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub room_rate: Option<u32>,
    /// Connections at the same time; 0 for as many as the system allows [default: 20000].
    #[arg(
        long,
        env = "CHAT_SERVER_MAX_CONNECTIONS",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::places
    )]
    pub max_connections: Option<usize>,
    /// Connections at the same time that are in no room yet; 0 for any number [default: 5000].
    #[arg(
        long,
        env = "CHAT_SERVER_MAX_UNAUTHENTICATED",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::places
    )]
    pub max_unauthenticated: Option<usize>,
    /// Connections at the same time from one address; 0 for any number [default: 200].
    #[arg(
        long,
        env = "CHAT_SERVER_MAX_CONNECTIONS_PER_ADDRESS",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::places
    )]
    pub max_connections_per_address: Option<usize>,
    /// No limits at all, for load tests [default: false].
    #[arg(long, env = "CHAT_SERVER_NO_LIMITS", value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::switch, help_heading = "Limits")]
    pub no_limits: Option<bool>,
    /// Address or network of a proxy whose `X-Forwarded-For` tells a client's address; may be
    /// repeated [default: none].
    #[arg(
        long,
        env = "CHAT_SERVER_TRUSTED_PROXY",
        value_name = "ADDRESS",
        value_parser = values::networks,
        help_heading = "Limits"
    )]
    pub trusted_proxy: Option<Vec<Items<IpNet>>>,
}

impl Settings {
    /// These, completed from `other`.
    pub(super) fn or(self, other: Settings) -> Settings {
        Settings {
            port: self.port.or(other.port),
            bind: self.bind.or(other.bind),
            data: self.data.or(other.data),
            registration: self.registration.or(other.registration),
            founders: self.founders.or(other.founders),
            token_days: self.token_days.or(other.token_days),
            test_mode: self.test_mode.or(other.test_mode),
            allowed_origin: self.allowed_origin.or(other.allowed_origin),
            handshake_timeout: self.handshake_timeout.or(other.handshake_timeout),
            auth_timeout: self.auth_timeout.or(other.auth_timeout),
            ping_interval: self.ping_interval.or(other.ping_interval),
            idle_timeout: self.idle_timeout.or(other.idle_timeout),
            durability: self.durability.or(other.durability),
            retention_entries: self.retention_entries.or(other.retention_entries),
            retention_days: self.retention_days.or(other.retention_days),
            members_age: self.members_age.or(other.members_age),
            ban_addresses: self.ban_addresses.or(other.ban_addresses),
            flush_window: self.flush_window.or(other.flush_window),
            log_format: self.log_format.or(other.log_format),
            log_level: self.log_level.or(other.log_level),
            message_burst: self.message_burst.or(other.message_burst),
            message_rate: self.message_rate.or(other.message_rate),
            moderator_factor: self.moderator_factor.or(other.moderator_factor),
            address_factor: self.address_factor.or(other.address_factor),
            event_burst: self.event_burst.or(other.event_burst),
            event_rate: self.event_rate.or(other.event_rate),
            flood_refusals: self.flood_refusals.or(other.flood_refusals),
            connection_burst: self.connection_burst.or(other.connection_burst),
            connection_rate: self.connection_rate.or(other.connection_rate),
            answer_burst: self.answer_burst.or(other.answer_burst),
            answer_rate: self.answer_rate.or(other.answer_rate),
            failed_logins: self.failed_logins.or(other.failed_logins),
            account_burst: self.account_burst.or(other.account_burst),
            account_rate: self.account_rate.or(other.account_rate),
            room_burst: self.room_burst.or(other.room_burst),
            room_rate: self.room_rate.or(other.room_rate),
            max_connections: self.max_connections.or(other.max_connections),
            max_unauthenticated: self.max_unauthenticated.or(other.max_unauthenticated),
            max_connections_per_address: self
                .max_connections_per_address
                .or(other.max_connections_per_address),
            no_limits: self.no_limits.or(other.no_limits),
            trusted_proxy: self.trusted_proxy.or(other.trusted_proxy),
        }
    }
}
