//! What is kept, and how long: trims every room's log, whether the room runs or not, now and then and
//! in small steps, and forgets rooms that nobody would miss and where people came from.

use std::time::Duration;

use chat_protocol::RoomName;
use tokio::time::sleep;

use crate::clock;
use crate::limits::addresses::Addresses;
use crate::rooms::Rooms;
use crate::stopping::Stopping;
use crate::store::StoreError;
use crate::store::log::Keep;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(60);
/// Between two steps, so that what is posted meanwhile is stored in between.
const PAUSE: Duration = Duration::from_millis(5);

/// How much a room keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// So many entries; `None` for all.
    pub entries: Option<u64>,
    /// Entries so young; `None` for all.
    pub age: Option<Duration>,
}

impl Retention {
    fn keep(self) -> Keep {
        let age = self.age.map_or(u64::MAX, |age| {
            u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
        });
        Keep {
            entries: self.entries,
            since: clock::moment().settled.saturating_sub(age),
        }
    }
}

/// Trims until the server stops.
pub async fn run(rooms: Rooms, retention: Retention, stopping: Stopping) {
    if retention.entries.is_none() && retention.age.is_none() {
        return;
    }
    let trimming = async {
        loop {
            if let Err(error) = sweep(&rooms, retention.keep()).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "rooms could not be trimmed, trying again later");
            }
            sleep(INTERVAL).await;
        }
    };
    // A step that is under way is a transaction: dropping what waits for it does no harm.
    tokio::select! {
        () = trimming => {}
        () = stopping.begun() => {}
    }
}

/// Forgets rooms that nobody would miss, once they are as old as entries may get, until the server
/// stops.
pub async fn forget_rooms(rooms: Rooms, retention: Retention, stopping: Stopping) {
    if retention.age.is_none() {
        return;
    }
    let forgetting = async {
        loop {
            if let Err(error) = rooms.forget_idle(retention.keep().since).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    error,
                    "idle rooms could not be forgotten, trying again later"
                );
            }
            sleep(INTERVAL).await;
        }
    };
    tokio::select! {
        () = forgetting => {}
        () = stopping.begun() => {}
    }
}

/// Forgets from where accounts came too long ago, until the server stops.
pub async fn forget_addresses(addresses: Addresses, stopping: Stopping) {
    let forgetting = async {
        loop {
            if let Err(error) = addresses.forget_old(clock::moment().settled).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    error,
                    "old addresses could not be forgotten, trying again later"
                );
            }
            sleep(INTERVAL).await;
        }
    };
    tokio::select! {
        () = forgetting => {}
        () = stopping.begun() => {}
    }
}

/// Trims until no room holds more than `keep`.
async fn sweep(rooms: &Rooms, keep: Keep) -> Result<(), StoreError> {
    loop {
        let overdue = rooms.overdue(keep).await?;
        if overdue.is_empty() {
            return Ok(());
        }
        for room in overdue {
            trim(rooms, &room, keep).await?;
        }
    }
}

async fn trim(rooms: &Rooms, room: &RoomName, keep: Keep) -> Result<(), StoreError> {
    while !rooms.trim(room, keep).await? {
        sleep(PAUSE).await;
    }
    Ok(())
}
