//! Every setting, with its flag, its environment variable, its help and its parser. The keys of the
//! configuration file are the flags' long names. Must hold no defaults: `config` and `limits` do.

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

/// The settings that one source gives: the flags, one variable, or the file.
#[derive(Args, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Port to listen on; 0 picks a free one [default: 8080].
    #[arg(long, env = "CHAT_SERVER_PORT", value_name = "PORT", value_parser = values::whole::<u16>(0, 65_535))]
    pub port: Option<u16>,
    /// Address to listen on [default: 127.0.0.1].
    #[arg(long, env = "CHAT_SERVER_BIND", value_name = "ADDRESS", value_parser = values::bind)]
    pub bind: Option<IpAddr>,
    /// Directory for the database and the secret key [default: chat-server in the platform's data
    /// directory].
    #[arg(long, env = "CHAT_SERVER_DATA", value_name = "DIR", global = true, value_parser = OsStringValueParser::new().try_map(values::path))]
    pub data: Option<PathBuf>,
    /// Whether anyone can create an account [default: open].
    ///
    /// `open`: logging in with a new name creates an account with the given password. `closed`: only
    /// `chat-server user add` creates accounts.
    #[arg(
        long,
        env = "CHAT_SERVER_REGISTRATION",
        value_name = "open|closed",
        value_parser = values::choice::<Registration>
    )]
    pub registration: Option<Registration>,
    /// Who can create rooms [default: anyone].
    ///
    /// `anyone`: joining a room that does not exist creates it. `nobody`: rooms are created only on
    /// the command line, with `chat-server room add`.
    #[arg(
        long,
        env = "CHAT_SERVER_FOUNDERS",
        value_name = "anyone|nobody",
        value_parser = values::choice::<Founders>
    )]
    pub founders: Option<Founders>,
    /// Days until a user has to enter the password again; 0 for never [default: 30].
    ///
    /// Counted from the last login with the password. Reconnecting with a resume token does not extend
    /// it.
    #[arg(long, env = "CHAT_SERVER_TOKEN_DAYS", value_name = "DAYS", value_parser = values::count)]
    pub token_days: Option<u32>,
    /// Allow clients to switch to test mode [default: false].
    ///
    /// In test mode, a client can reset its connection to the state before login. For testing clients.
    #[arg(long, env = "CHAT_SERVER_TEST_MODE", value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::switch)]
    pub test_mode: Option<bool>,
    /// Web origin whose pages may connect, such as `https://example.org` [default: any].
    ///
    /// Can be repeated, or a comma-separated list. `https://*.example.org` allows every subdomain of
    /// example.org, and `https://example.org:*` allows every port.
    #[arg(
        long,
        env = "CHAT_SERVER_ALLOWED_ORIGIN",
        value_name = "ORIGIN",
        value_parser = values::origins
    )]
    pub allowed_origin: Option<Vec<Items<AllowedOrigin>>>,
    /// Seconds a new connection has to complete its upgrade or HTTP request [default: 10].
    #[arg(long, env = "CHAT_SERVER_HANDSHAKE_TIMEOUT", value_name = "SECONDS", value_parser = values::at_least_one)]
    pub handshake_timeout: Option<NonZeroU32>,
    /// Seconds a client has to log in (`auth`) after the upgrade [default: 60].
    #[arg(long, env = "CHAT_SERVER_AUTH_TIMEOUT", value_name = "SECONDS", value_parser = values::at_least_one)]
    pub auth_timeout: Option<NonZeroU32>,
    /// Seconds between WebSocket pings; must be less than --idle-timeout [default: 30].
    #[arg(long, env = "CHAT_SERVER_PING_INTERVAL", value_name = "SECONDS", value_parser = values::at_least_one)]
    pub ping_interval: Option<NonZeroU32>,
    /// Seconds of silence after which a connection is dropped [default: 75].
    #[arg(long, env = "CHAT_SERVER_IDLE_TIMEOUT", value_name = "SECONDS", value_parser = values::at_least_one)]
    pub idle_timeout: Option<NonZeroU32>,
    /// Whether stored messages survive a power loss [default: full].
    ///
    /// `full`: everything that the server has acknowledged survives. `relaxed`: the last few seconds
    /// may be lost.
    #[arg(
        long,
        env = "CHAT_SERVER_DURABILITY",
        value_name = "full|relaxed",
        value_parser = values::choice::<Durability>
    )]
    pub durability: Option<Durability>,
    /// How many of its newest entries each room keeps; 0 keeps all [default: 10000].
    ///
    /// Entries are messages, and changes such as deletions.
    #[arg(long, env = "CHAT_SERVER_RETENTION_ENTRIES", value_name = "COUNT", value_parser = values::whole::<u64>(0, i64::MAX.cast_unsigned()))]
    pub retention_entries: Option<u64>,
    /// Days each room keeps its entries; 0 keeps them forever [default: 90].
    #[arg(long, env = "CHAT_SERVER_RETENTION_DAYS", value_name = "DAYS", value_parser = values::count)]
    pub retention_days: Option<u32>,
    /// Minimum age of an account, in minutes, to post in a members-only room [default: 15].
    #[arg(long, env = "CHAT_SERVER_MEMBERS_AGE", value_name = "MINUTES", value_parser = values::count)]
    pub members_age: Option<u32>,
    /// Make every ban from a room also cover the user's recent addresses [default: false].
    ///
    /// This keeps everyone at those addresses out of the room, except VIPs, moderators and
    /// administrators.
    #[arg(long, env = "CHAT_SERVER_BAN_ADDRESSES", value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::switch)]
    pub ban_addresses: Option<bool>,
    /// Milliseconds that messages in a large room may wait to be sent together; 0 for no wait
    /// [default: 50].
    ///
    /// Applies to rooms with 50 members or more. The first message after a pause never waits.
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
    /// Lowest level that is logged [default: info].
    #[arg(
        long,
        env = "CHAT_SERVER_LOG_LEVEL",
        value_name = "error|warn|info|debug",
        value_parser = values::choice::<LogLevel>
    )]
    pub log_level: Option<LogLevel>,
    /// Messages that a user may post in one burst [default: 20].
    #[arg(
        long,
        env = "CHAT_SERVER_MESSAGE_BURST",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub message_burst: Option<NonZeroU32>,
    /// Messages that a user may post per minute after the burst; 0 for no limit [default: 60].
    ///
    /// Burst and rate count all of the user's connections and rooms together.
    #[arg(
        long,
        env = "CHAT_SERVER_MESSAGE_RATE",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub message_rate: Option<u32>,
    /// Multiplies the message burst and rate for a moderator [default: 10].
    ///
    /// Moderation actions have a separate limit of the same size.
    #[arg(
        long,
        env = "CHAT_SERVER_MODERATOR_FACTOR",
        value_name = "FACTOR",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub moderator_factor: Option<NonZeroU32>,
    /// Multiplies the message burst and rate for all users at one address together; 0 for no limit
    /// [default: 5].
    ///
    /// Room founders are included. Moderators appointed by a founder are not: those at one address
    /// share the limit of one moderator. Moderators appointed by an operator have no limit by address.
    #[arg(
        long,
        env = "CHAT_SERVER_ADDRESS_FACTOR",
        value_name = "FACTOR",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub address_factor: Option<u32>,
    /// Events that a connection may send in one burst; expensive ones count as ten [default: 2000].
    ///
    /// The expensive events are `auth`, `history`, `who` and moderation actions.
    #[arg(
        long,
        env = "CHAT_SERVER_EVENT_BURST",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub event_burst: Option<NonZeroU32>,
    /// Events that a connection may send per minute after the burst; 0 for no limit [default:
    /// 6000].
    #[arg(
        long,
        env = "CHAT_SERVER_EVENT_RATE",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub event_rate: Option<u32>,
    /// Close a connection (4105) after this many refusals for sending too fast; 0 for never
    /// [default: 100].
    ///
    /// Of each connection's refusals, 60 per minute are forgotten.
    #[arg(
        long,
        env = "CHAT_SERVER_FLOOD_REFUSALS",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub flood_refusals: Option<u32>,
    /// Connections that one address may open in one burst [default: 20].
    #[arg(
        long,
        env = "CHAT_SERVER_CONNECTION_BURST",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub connection_burst: Option<NonZeroU32>,
    /// Connections that one address may open per minute after the burst; 0 for no limit [default:
    /// 60].
    #[arg(
        long,
        env = "CHAT_SERVER_CONNECTION_RATE",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub connection_rate: Option<u32>,
    /// KiB of long answers that each user and each address may get in one burst [default: 16384].
    ///
    /// Long answers are history, `who`, the audit log, and the missed messages after a reconnect.
    #[arg(
        long,
        env = "CHAT_SERVER_ANSWER_BURST",
        value_name = "KIB",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub answer_burst: Option<NonZeroU32>,
    /// KiB of long answers that each user and each address may get per minute after the burst; 0 for
    /// no limit [default: 61440].
    #[arg(
        long,
        env = "CHAT_SERVER_ANSWER_RATE",
        value_name = "KIB",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub answer_rate: Option<u32>,
    /// Failed logins per minute for one name from one address; 0 for no limit [default: 5].
    ///
    /// Two more limits are ten times as high: for all names from one address, and for one name from
    /// all addresses.
    #[arg(
        long,
        env = "CHAT_SERVER_FAILED_LOGINS",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub failed_logins: Option<u32>,
    /// Accounts that may be created from one address in one burst [default: 20].
    #[arg(
        long,
        env = "CHAT_SERVER_ACCOUNT_BURST",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub account_burst: Option<NonZeroU32>,
    /// Accounts that may be created from one address per hour after the burst; 0 for no limit
    /// [default: 60].
    #[arg(
        long,
        env = "CHAT_SERVER_ACCOUNT_RATE",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub account_rate: Option<u32>,
    /// Rooms that each account and each address may create in one burst [default: 10].
    #[arg(
        long,
        env = "CHAT_SERVER_ROOM_BURST",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::at_least_one
    )]
    pub room_burst: Option<NonZeroU32>,
    /// Rooms that each account and each address may create per hour after the burst; 0 for no limit
    /// [default: 30].
    #[arg(
        long,
        env = "CHAT_SERVER_ROOM_RATE",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::count
    )]
    pub room_rate: Option<u32>,
    /// Maximum number of open connections; 0 for as many as the system allows [default: 20000].
    #[arg(
        long,
        env = "CHAT_SERVER_MAX_CONNECTIONS",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::places
    )]
    pub max_connections: Option<usize>,
    /// Maximum number of open connections that have not joined a room yet; 0 for no limit [default:
    /// 5000].
    #[arg(
        long,
        env = "CHAT_SERVER_MAX_UNAUTHENTICATED",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::places
    )]
    pub max_unauthenticated: Option<usize>,
    /// Maximum number of open connections from one address; 0 for no limit [default: 200].
    #[arg(
        long,
        env = "CHAT_SERVER_MAX_CONNECTIONS_PER_ADDRESS",
        value_name = "COUNT",
        help_heading = "Limits",
        value_parser = values::places
    )]
    pub max_connections_per_address: Option<usize>,
    /// Turn off all limits, for load tests [default: false].
    #[arg(long, env = "CHAT_SERVER_NO_LIMITS", value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::switch, help_heading = "Limits")]
    pub no_limits: Option<bool>,
    /// Address or network of a reverse proxy whose `X-Forwarded-For` is trusted [default: none].
    ///
    /// Can be repeated, or a comma-separated list. List every proxy in front of the server; otherwise
    /// the server cannot tell its clients apart.
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
    /// These settings, and those of `other` for what is not set here.
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
