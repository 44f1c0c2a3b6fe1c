//! Bans and mutes in rooms. Owns the tables `sanctions` and `sanction_networks`.
//!
//! What can't be read of a sanction lets nobody in: a kind that nobody knows is taken for a ban, and
//! one without a legible end never ends. It is reported, and lifted like what it is taken for.

use std::collections::HashMap;

use chat_protocol::RoomName;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use crate::clock;
use crate::domain::address::Network;
use crate::domain::entry::{Moment, UnixMillis};
use crate::domain::moderation::{Height, Sanction, Standing, Verdict, Verdicts};
use crate::store::sqlite::database::{or_report, readable, report};
use crate::store::sqlite::execute_each;

/// What a sanction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Keeps somebody out.
    Ban,
    /// Silences them.
    Mute,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Ban => "ban",
            Kind::Mute => "mute",
        }
    }

    fn named(name: &str) -> Result<Self, UnknownKind> {
        match name {
            "ban" => Ok(Kind::Ban),
            "mute" => Ok(Kind::Mute),
            name => Err(UnknownKind(name.to_owned())),
        }
    }
}

/// Written by a newer server, or by somebody else.
#[derive(Debug, thiserror::Error)]
#[error("there is no kind of sanction called {0:?}, so it is taken for a ban")]
struct UnknownKind(String);

/// Likewise.
#[derive(Debug, thiserror::Error)]
#[error("nobody stands at height {0}, so it is taken for a room administrator's")]
struct UnknownHeight(u8);

/// A row of `sanctions`.
struct StoredSanction {
    account: String,
    /// `None` where that can't be read.
    kind: Option<Kind>,
    sanction: Sanction,
}

/// Adds to `standing` the sanctions in `room` that hold at `now`.
pub(super) fn load(
    connection: &Connection,
    room: &RoomName,
    now: Moment,
    standing: &mut Standing,
) -> rusqlite::Result<()> {
    let mut networks = networks(connection, room)?;
    let mut statement = connection.prepare_cached(
        "SELECT account, kind, until, reason, since, height, by FROM sanctions
         WHERE room = ?1 AND (until IS NULL OR until > ?2)",
    )?;
    let rows = statement.query_map(params![room.as_str(), now.settled], |row| {
        sanction(row, room)
    })?;
    let mut stored = readable("sanctions", room.as_str(), rows)?;
    stored.retain(|stored| stored.sanction.holds(now));
    // A ban goes before what is only taken for one.
    stored.sort_by_key(|stored| stored.kind == Some(Kind::Ban));
    for StoredSanction {
        account,
        kind,
        mut sanction,
    } in stored
    {
        match kind {
            Some(Kind::Mute) => drop(standing.mutes.insert(account, sanction)),
            Some(Kind::Ban) => {
                sanction.networks = networks.remove(&account).unwrap_or_default();
                standing.keep_out(account, sanction);
            }
            None => standing.keep_out(account, sanction),
        }
    }
    Ok(())
}

/// In which rooms an account is banned and muted at `now`.
pub(super) fn on(
    connection: &Connection,
    account: &str,
    now: UnixMillis,
) -> rusqlite::Result<Verdicts> {
    let mut verdicts = Verdicts::default();
    let mut statement = connection.prepare_cached(
        "SELECT room, kind FROM sanctions
         WHERE account = ?1 AND (until IS NULL OR until > ?2) ORDER BY room",
    )?;
    let mut rows = statement.query(params![account, now])?;
    while let Some(row) = rows.next()? {
        let kind = row.get_ref(1)?.as_str().ok().map(Kind::named);
        match kind {
            Some(Ok(Kind::Mute)) => verdicts.muted.push(row.get(0)?),
            Some(Ok(Kind::Ban) | Err(_)) | None => verdicts.banned.push(row.get(0)?),
        }
    }
    Ok(verdicts)
}

/// Lets what `verdict` says hold, in place of one of the same kind.
pub(super) fn put(
    connection: &Connection,
    room: &RoomName,
    kind: Kind,
    sanction: &Sanction,
    verdict: &Verdict,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO sanctions (room, account, kind, since, until, reason, by, height)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (room, account, kind) DO UPDATE SET since = excluded.since,
                 until = excluded.until, reason = excluded.reason, by = excluded.by,
                 height = excluded.height",
        )?
        .execute(params![
            room.as_str(),
            verdict.target.key,
            kind.as_str(),
            verdict.time,
            sanction.until,
            sanction.reason,
            verdict.by.username,
            u8::from(sanction.height),
        ])?;
    let of_before = [room.as_str(), &verdict.target.key, kind.as_str()];
    connection
        .prepare_cached(
            "DELETE FROM sanction_networks WHERE room = ?1 AND account = ?2 AND kind = ?3",
        )?
        .execute(of_before)?;
    let mut take_along = connection.prepare_cached(
        "INSERT INTO sanction_networks (room, account, kind, network)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    for network in &sanction.networks {
        let network = network.to_string();
        take_along.execute([room.as_str(), &verdict.target.key, kind.as_str(), &network])?;
    }
    Ok(())
}

/// Lifts a mute, or a ban with all that is taken for one.
pub(super) fn lift(
    connection: &Connection,
    room: &RoomName,
    kind: Kind,
    key: &str,
) -> rusqlite::Result<()> {
    let statement = match kind {
        Kind::Mute => "DELETE FROM sanctions WHERE room = ?1 AND account = ?2 AND kind = ?3",
        Kind::Ban => "DELETE FROM sanctions WHERE room = ?1 AND account = ?2 AND kind <> ?3",
    };
    connection
        .prepare_cached(statement)?
        .execute([room.as_str(), key, Kind::Mute.as_str()])
        .map(drop)
}

/// Forgets all sanctions in a room, with the networks that they took along.
pub(super) fn forget_room(connection: &Connection, room: &RoomName) -> rusqlite::Result<()> {
    let forget = ["DELETE FROM sanctions WHERE room = ?1"];
    execute_each(connection, &forget, room.as_str())
}

/// A row of account, kind, until, reason, since, height and author.
fn sanction(row: &Row<'_>, room: &RoomName) -> rusqlite::Result<StoredSanction> {
    let account: String = row.get(0)?;
    let place = || format!("{}, {account}", room.as_str());
    let kind = or_report("sanctions", place, row.get::<_, String>(1));
    let kind = kind.and_then(|kind| or_report("sanctions", place, Kind::named(&kind)));
    let until = or_report("sanctions", place, row.get(2)).flatten();
    let since = or_report("sanctions", place, row.get(4)).unwrap_or(0);
    let height = or_report("sanctions", place, row.get::<_, Option<u8>>(5)).flatten();
    if let Some(unknown @ 3..) = height {
        report("sanctions", &place(), &UnknownHeight(unknown));
    }
    let sanction = Sanction {
        until,
        ends: Sanction::stored_end(until, since, clock::steady_of(since)),
        reason: or_report("sanctions", place, row.get(3)).flatten(),
        networks: Vec::new(),
        height: height.map_or_else(Height::default, Height::from),
        by: or_report("sanctions", place, row.get(6)).unwrap_or_default(),
    };
    Ok(StoredSanction {
        account,
        kind,
        sanction,
    })
}

/// The networks that bans from `room` took along, by the banned account.
fn networks(
    connection: &Connection,
    room: &RoomName,
) -> rusqlite::Result<HashMap<String, Vec<Network>>> {
    let mut networks: HashMap<String, Vec<Network>> = HashMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT account, network FROM sanction_networks WHERE room = ?1 AND kind = ?2",
    )?;
    let rows = statement.query_map([room.as_str(), Kind::Ban.as_str()], |row| {
        let network = row.get::<_, String>(1)?.parse().map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error))
        })?;
        Ok((row.get(0)?, network))
    })?;
    for (account, network) in readable("sanction_networks", room.as_str(), rows)? {
        networks.entry(account).or_default().push(network);
    }
    Ok(networks)
}
