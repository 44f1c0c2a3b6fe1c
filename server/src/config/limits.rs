//! The defaults of the limits, and the limits that follow from the settings.

use std::num::NonZeroU32;

use super::Settings;
use crate::limits::{Caps, LimitSettings, Rate, TrustedProxies};

// The defaults. A rate is per minute, for accounts and rooms per hour.
const MESSAGE_BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();
const MESSAGE_RATE: u32 = 60;
const MODERATOR_FACTOR: NonZeroU32 = NonZeroU32::new(10).unwrap();
const ADDRESS_FACTOR: u32 = 5;
const EVENT_BURST: NonZeroU32 = NonZeroU32::new(2_000).unwrap();
const EVENT_RATE: u32 = 6_000;
const FLOOD_REFUSALS: u32 = 100;
const CONNECTION_BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();
const CONNECTION_RATE: u32 = 60;
/// In KiB.
const ANSWER_BURST: NonZeroU32 = NonZeroU32::new(16 * 1024).unwrap();
/// In KiB: one MiB per second.
const ANSWER_RATE: u32 = 60 * 1024;
const FAILED_LOGINS: u32 = 5;
const ACCOUNT_BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();
const ACCOUNT_RATE: u32 = 60;
const ROOM_BURST: NonZeroU32 = NonZeroU32::new(10).unwrap();
const ROOM_RATE: u32 = 30;
pub(crate) const MAX_CONNECTIONS: usize = 20_000;
const MAX_UNAUTHENTICATED: usize = 5_000;
const MAX_PER_ADDRESS: usize = 200;

const KIB: NonZeroU32 = NonZeroU32::new(1024).unwrap();

pub(super) fn limits(settings: &Settings) -> LimitSettings {
    if settings.no_limits == Some(true) {
        return LimitSettings::NONE;
    }
    LimitSettings {
        messages: rate(
            (settings.message_burst, MESSAGE_BURST),
            (settings.message_rate, MESSAGE_RATE),
        ),
        moderator_factor: settings.moderator_factor.unwrap_or(MODERATOR_FACTOR),
        address_factor: NonZeroU32::new(settings.address_factor.unwrap_or(ADDRESS_FACTOR)),
        events: rate(
            (settings.event_burst, EVENT_BURST),
            (settings.event_rate, EVENT_RATE),
        ),
        refusals: NonZeroU32::new(settings.flood_refusals.unwrap_or(FLOOD_REFUSALS)),
        connections: rate(
            (settings.connection_burst, CONNECTION_BURST),
            (settings.connection_rate, CONNECTION_RATE),
        ),
        answers: rate(
            (settings.answer_burst, ANSWER_BURST),
            (settings.answer_rate, ANSWER_RATE),
        )
        .map(|kib| kib.times(KIB)),
        failed_logins: NonZeroU32::new(settings.failed_logins.unwrap_or(FAILED_LOGINS)),
        accounts: hourly_rate(
            (settings.account_burst, ACCOUNT_BURST),
            (settings.account_rate, ACCOUNT_RATE),
        ),
        rooms: hourly_rate(
            (settings.room_burst, ROOM_BURST),
            (settings.room_rate, ROOM_RATE),
        ),
        caps: Caps {
            total: cap(settings.max_connections, MAX_CONNECTIONS),
            unauthenticated: cap(settings.max_unauthenticated, MAX_UNAUTHENTICATED),
            per_address: cap(settings.max_connections_per_address, MAX_PER_ADDRESS),
        },
    }
}

pub(super) fn trusted_proxies(settings: &Settings) -> TrustedProxies {
    let given = settings.trusted_proxy.iter().flatten();
    TrustedProxies::new(given.flat_map(|items| items.0.iter().copied()))
}

/// A rate of 0 means no limit.
fn rate(
    (burst, default_burst): (Option<NonZeroU32>, NonZeroU32),
    (per_minute, default_per_minute): (Option<u32>, u32),
) -> Option<Rate> {
    let burst = burst.unwrap_or(default_burst);
    let per_minute = NonZeroU32::new(per_minute.unwrap_or(default_per_minute));
    per_minute.map(|per_minute| Rate::per_minute(burst, per_minute))
}

/// A rate of 0 means no limit.
fn hourly_rate(
    (burst, default_burst): (Option<NonZeroU32>, NonZeroU32),
    (per_hour, default_per_hour): (Option<u32>, u32),
) -> Option<Rate> {
    let burst = burst.unwrap_or(default_burst);
    let per_hour = NonZeroU32::new(per_hour.unwrap_or(default_per_hour));
    per_hour.map(|per_hour| Rate::per_hour(burst, per_hour))
}

fn cap(given: Option<usize>, default: usize) -> Option<usize> {
    Some(given.unwrap_or(default)).filter(|cap| *cap > 0)
}
