//! Ranks in rooms. Owns the table `ranks`.

use std::collections::HashMap;

use chat_protocol::{Rank, RoomName};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use crate::domain::moderation::{Appointment, Origin};
use crate::store::sqlite::database::readable;
use crate::store::sqlite::execute_each;

/// Makes the account `founder` the administrator of `room`.
pub(in crate::store::sqlite) fn give_founder(
    connection: &Connection,
    room: &RoomName,
    founder: &str,
) -> rusqlite::Result<()> {
    let appointment = Appointment {
        rank: Rank::Administrator,
        origin: Origin::Founded,
    };
    put(connection, room, founder, appointment)
}

/// Gives a rank, in place of another one.
pub(super) fn put(
    connection: &Connection,
    room: &RoomName,
    account: &str,
    appointment: Appointment,
) -> rusqlite::Result<()> {
    let Appointment { rank, origin } = appointment;
    connection
        .prepare_cached(
            "INSERT INTO ranks (room, account, rank, origin) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (room, account)
                 DO UPDATE SET rank = excluded.rank, origin = excluded.origin",
        )?
        .execute(params![
            room.as_str(),
            account,
            u8::from(rank),
            u8::from(origin)
        ])
        .map(drop)
}

/// Takes a rank: who had it is a user.
pub(super) fn take(connection: &Connection, room: &RoomName, key: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM ranks WHERE room = ?1 AND account = ?2")?
        .execute([room.as_str(), key])
        .map(drop)
}

/// The ranks in a room, by the name as compared. Whose rank can't be read is a user.
pub(super) fn of(
    connection: &Connection,
    room: &RoomName,
) -> rusqlite::Result<HashMap<String, Appointment>> {
    let mut ranks =
        connection.prepare_cached("SELECT account, rank, origin FROM ranks WHERE room = ?1")?;
    let rows = ranks.query_map([room.as_str()], |row| Ok((row.get(0)?, appointment(row)?)))?;
    let ranks = readable("ranks", room.as_str(), rows)?;
    Ok(ranks.into_iter().collect())
}

/// Forgets all ranks of an account.
pub(super) fn forget_account(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    execute_each(connection, &["DELETE FROM ranks WHERE account = ?1"], key)
}

/// Forgets all ranks in a room.
pub(super) fn forget_room(connection: &Connection, room: &RoomName) -> rusqlite::Result<()> {
    let forget = ["DELETE FROM ranks WHERE room = ?1"];
    execute_each(connection, &forget, room.as_str())
}

fn appointment(row: &Row<'_>) -> rusqlite::Result<Appointment> {
    let rank = Rank::try_from(row.get::<_, u8>(1)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(1, Type::Integer, Box::new(error))
    })?;
    let origin = Origin::try_from(row.get::<_, u8>(2)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(2, Type::Integer, Box::new(error))
    })?;
    Ok(Appointment { rank, origin })
}
