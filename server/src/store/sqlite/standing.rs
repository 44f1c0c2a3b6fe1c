//! Standing in the server's own SQLite database: how people stand in a room, out of the tables of
//! [`ranks`], [`sanctions`] and [`admins`], and verdicts, which change them.

mod admins;
mod ranks;
mod sanctions;

use chat_protocol::{Rank, RoomName};
use rusqlite::Connection;

use super::{SqliteStore, accounts, held, rooms};
use crate::domain::entry::{Moment, UnixMillis};
use crate::domain::moderation::{Appointment, Decision, Person, Standing, Verdict, Verdicts};
use crate::store::standing::Standings;
use crate::store::{Part, StoreError};
use sanctions::Kind;

pub(super) use ranks::give_founder;

/// SQL for whether an account of `accounts` is more than a user somewhere.
pub(super) const IS_ABOVE_USERS: &str =
    "(EXISTS (SELECT 1 FROM ranks WHERE ranks.account = accounts.key AND rank < 3)
      OR EXISTS (SELECT 1 FROM admins WHERE admins.account = accounts.key))";

/// SQL for whether somebody has a rank in a room of `founded_rooms` that did not come with founding it,
/// or whether a verdict holds there at ?2.
pub(super) const IS_MISSED: &str =
    "EXISTS (SELECT 1 FROM ranks WHERE ranks.room = founded_rooms.room AND ranks.origin <> 0)
     OR EXISTS (SELECT 1 FROM sanctions WHERE sanctions.room = founded_rooms.room
                AND (sanctions.until IS NULL OR sanctions.until > ?2))";

/// SQL for the names of all rooms in which somebody is not simply a user.
pub(super) const ROOMS: &str = "SELECT room FROM sanctions UNION SELECT room FROM ranks";

#[async_trait::async_trait]
impl Standings for SqliteStore {
    async fn load(&self, room: &RoomName, now: Moment) -> Result<Standing, StoreError> {
        let room = room.clone();
        let load = move |connection: &Connection| load(connection, &room, now);
        self.reading(Part::Standing, load).await
    }

    async fn administer(
        &self,
        person: &Person,
        is_admin: bool,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let person = person.clone();
        let administer =
            move |connection: &Connection| admins::change(connection, &person, is_admin, now);
        self.writing(Part::Standing, administer).await
    }

    async fn administrators(&self) -> Result<Vec<String>, StoreError> {
        self.reading(Part::Standing, admins::names).await
    }

    async fn verdicts_on(&self, key: &str, now: UnixMillis) -> Result<Verdicts, StoreError> {
        let account = key.to_owned();
        let verdicts = move |connection: &Connection| sanctions::on(connection, &account, now);
        self.reading(Part::Standing, verdicts).await
    }
}

/// Carries a verdict out.
pub(super) fn carry_out(
    connection: &Connection,
    room: &RoomName,
    verdict: &Verdict,
) -> rusqlite::Result<()> {
    let is_rank = matches!(verdict.decision, Decision::Rank(_));
    accounts::check_same(connection, &verdict.target, is_rank)?;
    let key = &verdict.target.key;
    match &verdict.decision {
        Decision::Kick => Ok(()),
        Decision::Ban(sanction) => {
            // What they wrote and nobody has seen yet goes with them.
            held::forget_of(connection, room, key)?;
            sanctions::put(connection, room, Kind::Ban, sanction, verdict)
        }
        Decision::Mute(sanction) => sanctions::put(connection, room, Kind::Mute, sanction, verdict),
        Decision::Unban => sanctions::lift(connection, room, Kind::Ban, key),
        Decision::Unmute => sanctions::lift(connection, room, Kind::Mute, key),
        Decision::Rank(Rank::User) => ranks::take(connection, room, key),
        Decision::Rank(rank) => {
            let appointment = Appointment {
                rank: *rank,
                origin: verdict.origin,
            };
            ranks::put(connection, room, key, appointment)
        }
    }
}

/// Forgets what an account was above users. What was decided on it stays.
pub(super) fn forget_account(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    ranks::forget_account(connection, key)?;
    admins::take(connection, key)
}

/// Forgets how people stood in a room.
pub(super) fn forget_room(connection: &Connection, room: &RoomName) -> rusqlite::Result<()> {
    ranks::forget_room(connection, room)?;
    sanctions::forget_room(connection, room)
}

fn load(connection: &Connection, room: &RoomName, now: Moment) -> rusqlite::Result<Standing> {
    let mut standing = Standing {
        is_founded: rooms::is_founded(connection, room)?,
        admins: admins::keys(connection)?,
        ranks: ranks::of(connection, room)?,
        ..Standing::default()
    };
    sanctions::load(connection, room, now, &mut standing)?;
    Ok(standing)
}

#[cfg(test)]
mod tests;
