//! Standing in the server's own SQLite database.

use std::collections::HashMap;
use std::sync::Arc;

use chat_protocol::{Rank, RoomName};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use crate::clock;
use crate::domain::address::Network;
use crate::domain::entry::{Moment, OPERATOR, UnixMillis};
use crate::domain::moderation::{
    Appointment, Decision, Height, Origin, Person, Sanction, Standing, Verdict, Verdicts,
};
use crate::store::sqlite::audit::note;
use crate::store::sqlite::database::{Database, DatabaseError, or_report, readable, report};
use crate::store::standing::{AuditLine, StandingError, Standings};

const BAN: &str = "ban";
const MUTE: &str = "mute";

/// Standing in one database.
pub struct SqliteStandings {
    database: Arc<Database>,
}

impl SqliteStandings {
    /// Keeps the standing in `database`.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

impl From<DatabaseError> for StandingError {
    fn from(error: DatabaseError) -> Self {
        StandingError::new(error)
    }
}

#[async_trait::async_trait]
impl Standings for SqliteStandings {
    async fn load(&self, room: &RoomName, now: Moment) -> Result<Standing, StandingError> {
        let name = room.clone();
        let standing = self
            .database
            .read(move |connection| load(connection, &name, now))
            .await?;
        Ok(standing)
    }

    async fn audit(
        &self,
        room: Option<RoomName>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StandingError> {
        let lines = self
            .database
            .read(move |connection| {
                let room = room.as_ref().map(RoomName::as_str);
                // Apart, so that the lines of one room are found by the index.
                let mut statement = connection.prepare_cached(match room {
                    Some(_) => {
                        "SELECT time, room, actor, action, target, until, reason FROM audit
                         WHERE room = ?1 ORDER BY id DESC LIMIT ?2"
                    }
                    None => {
                        "SELECT time, room, actor, action, target, until, reason FROM audit
                         WHERE ?1 IS NULL ORDER BY id DESC LIMIT ?2"
                    }
                })?;
                let lines = statement.query_map(params![room, limit], audit_line)?;
                let mut lines = readable("audit", room.unwrap_or("all rooms"), lines)?;
                lines.reverse();
                Ok(lines)
            })
            .await?;
        Ok(lines)
    }

    async fn administer(
        &self,
        person: &Person,
        is_admin: bool,
        now: UnixMillis,
    ) -> Result<(), StandingError> {
        let person = person.clone();
        self.database
            .write(move |connection| administer(connection, &person, is_admin, now))
            .await?;
        Ok(())
    }

    async fn administrators(&self) -> Result<Vec<String>, StandingError> {
        let names = self
            .database
            .read(|connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT username FROM admins JOIN accounts ON key = account ORDER BY account",
                )?;
                let names = statement.query_map([], |row| row.get(0))?;
                names.collect::<rusqlite::Result<Vec<String>>>()
            })
            .await?;
        Ok(names)
    }

    async fn verdicts_on(&self, key: &str, now: UnixMillis) -> Result<Verdicts, StandingError> {
        let account = key.to_owned();
        let verdicts = move |connection: &Connection| verdicts_on(connection, &account, now);
        Ok(self.database.read(verdicts).await?)
    }

    async fn save(&self, room: &RoomName, verdict: &Verdict) -> Result<(), StandingError> {
        let (name, verdict) = (room.clone(), verdict.clone());
        self.database
            .write(move |connection| {
                carry_out(connection, &name, &verdict)?;
                note(connection, &AuditLine::new(&name, verdict.audit_entry()))
            })
            .await?;
        Ok(())
    }
}

fn load(connection: &Connection, room: &RoomName, now: Moment) -> rusqlite::Result<Standing> {
    let mut standing = Standing {
        is_founded: connection
            .prepare_cached("SELECT 1 FROM founded_rooms WHERE room = ?1")?
            .exists([room.as_str()])?,
        ..Standing::default()
    };
    let mut admins = connection.prepare_cached("SELECT account FROM admins")?;
    let mut rows = admins.query([])?;
    while let Some(row) = rows.next()? {
        standing.admins.insert(row.get(0)?);
    }
    let mut ranks =
        connection.prepare_cached("SELECT account, rank, origin FROM ranks WHERE room = ?1")?;
    // Whose rank can't be read is a user.
    let rows = ranks.query_map([room.as_str()], |row| Ok((row.get(0)?, appointment(row)?)))?;
    standing
        .ranks
        .extend(readable("ranks", room.as_str(), rows)?);
    let mut networks = networks(connection, room)?;
    let mut sanctions = connection.prepare_cached(
        "SELECT account, kind, until, reason, since, height FROM sanctions
         WHERE room = ?1 AND (until IS NULL OR until > ?2)",
    )?;
    let rows = sanctions.query_map(params![room.as_str(), now.settled], |row| {
        sanction(row, room)
    })?;
    let mut sanctions = readable("sanctions", room.as_str(), rows)?;
    sanctions.retain(|(_, _, sanction)| sanction.holds(now));
    // A ban goes before what is only taken for one.
    sanctions.sort_by_key(|(_, kind, _)| kind == BAN);
    for (account, kind, mut sanction) in sanctions {
        match kind.as_str() {
            MUTE => drop(standing.mutes.insert(account, sanction)),
            _ => {
                sanction.networks = networks.remove(&account).unwrap_or_default();
                standing.keep_out(account, sanction);
            }
        }
    }
    Ok(standing)
}

fn verdicts_on(
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
        // What is no mute is taken for a ban.
        match row.get_ref(1)?.as_str() {
            Ok(MUTE) => verdicts.muted.push(row.get(0)?),
            _ => verdicts.banned.push(row.get(0)?),
        }
    }
    Ok(verdicts)
}

/// A row of account, kind, until, reason, since and height. What can't be read of it does not let anybody in.
fn sanction(row: &Row<'_>, room: &RoomName) -> rusqlite::Result<(String, String, Sanction)> {
    let account: String = row.get(0)?;
    let place = || format!("{}, {account}", room.as_str());
    let kind = or_report("sanctions", place, row.get(1)).unwrap_or(BAN.to_owned());
    if ![BAN, MUTE].contains(&kind.as_str()) {
        report("sanctions", &place(), &UnknownKind(kind.clone()));
    }
    let until = or_report("sanctions", place, row.get(2)).flatten();
    let since = or_report("sanctions", place, row.get(4)).unwrap_or(0);
    let sanction = Sanction {
        until,
        ends: Sanction::stored_end(until, since, clock::steady_of(since)),
        reason: or_report("sanctions", place, row.get(3)).flatten(),
        networks: Vec::new(),
        height: or_report("sanctions", place, row.get::<_, Option<u8>>(5))
            .flatten()
            .map_or_else(Height::default, Height::from),
    };
    Ok((account, kind, sanction))
}

/// Written by a newer server, or by somebody else.
#[derive(Debug, thiserror::Error)]
#[error("there is no kind of sanction called {0:?}, so it is taken for a ban")]
struct UnknownKind(String);

/// The networks that bans from `room` took along, by the banned account.
fn networks(
    connection: &Connection,
    room: &RoomName,
) -> rusqlite::Result<HashMap<String, Vec<Network>>> {
    let mut networks: HashMap<String, Vec<Network>> = HashMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT account, network FROM sanction_networks WHERE room = ?1 AND kind = ?2",
    )?;
    let rows = statement.query_map([room.as_str(), BAN], |row| {
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

fn appointment(row: &Row<'_>) -> rusqlite::Result<Appointment> {
    let rank = Rank::try_from(row.get::<_, u8>(1)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(1, Type::Integer, Box::new(error))
    })?;
    let origin = Origin::try_from(row.get::<_, u8>(2)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(2, Type::Integer, Box::new(error))
    })?;
    Ok(Appointment { rank, origin })
}

/// Makes the account `founder` the administrator of `room`, in the transaction that is open.
pub(crate) fn give_founder(
    connection: &Connection,
    room: &RoomName,
    founder: &str,
) -> rusqlite::Result<()> {
    let appointment = Appointment {
        rank: Rank::Administrator,
        origin: Origin::Founded,
    };
    appoint(connection, room, founder, appointment)
}

fn appoint(
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

/// Whoever has the name by now has to be who was meant, and there, where they are to get a rank.
fn check_target(
    connection: &Connection,
    target: &Person,
    is_to_be_there: bool,
) -> rusqlite::Result<()> {
    let is_there = connection
        .prepare_cached(
            "SELECT 1 FROM accounts WHERE key = ?1 AND id = ?2 AND (removed IS NULL OR NOT ?3)",
        )?
        .exists(params![target.key, target.account.0, is_to_be_there])?;
    match is_there {
        true => Ok(()),
        false => Err(rusqlite::Error::QueryReturnedNoRows),
    }
}

fn carry_out(connection: &Connection, room: &RoomName, verdict: &Verdict) -> rusqlite::Result<()> {
    let is_rank = matches!(verdict.decision, Decision::Rank(_));
    check_target(connection, &verdict.target, is_rank)?;
    let key = &verdict.target.key;
    match &verdict.decision {
        Decision::Kick => Ok(()),
        Decision::Ban(sanction) => {
            // What they wrote and nobody has seen yet goes with them.
            connection
                .prepare_cached("DELETE FROM held WHERE room = ?1 AND account = ?2")?
                .execute([room.as_str(), key])?;
            sanction_by(connection, room, BAN, sanction, verdict)
        }
        Decision::Mute(sanction) => sanction_by(connection, room, MUTE, sanction, verdict),
        Decision::Unban => lift(connection, room, BAN, key),
        Decision::Unmute => lift(connection, room, MUTE, key),
        Decision::Rank(Rank::User) => connection
            .prepare_cached("DELETE FROM ranks WHERE room = ?1 AND account = ?2")?
            .execute([room.as_str(), key])
            .map(drop),
        Decision::Rank(rank) => {
            let appointment = Appointment {
                rank: *rank,
                origin: verdict.origin,
            };
            appoint(connection, room, key, appointment)
        }
    }
}

fn administer(
    connection: &Connection,
    person: &Person,
    is_admin: bool,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    check_target(connection, person, true)?;
    let (change, action) = match is_admin {
        true => (
            "INSERT INTO admins (account) VALUES (?1) ON CONFLICT DO NOTHING",
            "grantAdmin",
        ),
        false => ("DELETE FROM admins WHERE account = ?1", "revokeAdmin"),
    };
    connection.prepare_cached(change)?.execute([&person.key])?;
    note(
        connection,
        &AuditLine {
            time: now,
            room: String::new(),
            actor: OPERATOR.to_owned(),
            action: action.to_owned(),
            target: person.username.clone(),
            until: None,
            reason: None,
        },
    )
}

fn sanction_by(
    connection: &Connection,
    room: &RoomName,
    kind: &str,
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
            kind,
            verdict.time,
            sanction.until,
            sanction.reason,
            verdict.by.username,
            u8::from(sanction.height),
        ])?;
    let of_before = [room.as_str(), &verdict.target.key, kind];
    connection
        .prepare_cached(
            "DELETE FROM sanction_networks WHERE room = ?1 AND account = ?2 AND kind = ?3",
        )?
        .execute(of_before)?;
    for network in &sanction.networks {
        connection
            .prepare_cached(
                "INSERT INTO sanction_networks (room, account, kind, network)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute([
                room.as_str(),
                &verdict.target.key,
                kind,
                &network.to_string(),
            ])?;
    }
    Ok(())
}

/// Lifts a ban with all that is taken for one.
fn lift(connection: &Connection, room: &RoomName, kind: &str, key: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM sanctions WHERE room = ?1 AND account = ?2
             AND (kind = ?3 OR ?3 = ?4 AND kind <> ?5)",
        )?
        .execute([room.as_str(), key, kind, BAN, MUTE])
        .map(drop)
}

fn audit_line(row: &Row<'_>) -> rusqlite::Result<AuditLine> {
    Ok(AuditLine {
        time: row.get(0)?,
        room: row.get(1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        target: row.get(4)?,
        until: row.get(5)?,
        reason: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::domain::entry::{AccountId, Author};
    use crate::domain::moderation::Person;
    use crate::store::accounts::{Account, Accounts};
    use crate::store::sqlite::accounts::SqliteAccounts;
    use crate::store::sqlite::database::Durability;

    fn verdict(decision: Decision) -> Verdict {
        Verdict {
            decision,
            target: Person {
                username: "Bob".to_owned(),
                key: "bob".to_owned(),
                account: AccountId::named("bob"),
                is_removed: false,
            },
            by: Author {
                username: "ann".to_owned(),
                key: "ann".to_owned(),
                display_name: "ann".to_owned(),
                account: AccountId::named("ann"),
                rank: Rank::Administrator,
            },
            origin: Origin::Appointed,
            reason: None,
            time: 100,
        }
    }

    #[tokio::test]
    async fn what_is_stored_is_what_a_running_room_has() {
        let directory = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(directory.path(), Durability::Full).unwrap());
        let accounts = SqliteAccounts::new(Arc::clone(&database));
        accounts.create(Account::named("Bob", 7)).await.unwrap();
        let standings = SqliteStandings::new(Arc::clone(&database));
        let room = RoomName::new("r").unwrap();
        let sanction = |until| Sanction {
            until,
            ends: until,
            reason: Some("spam".to_owned()),
            networks: Vec::new(),
            height: match until {
                None => Height::Server,
                Some(_) => Height::Moderator,
            },
        };
        // In the order in which they are read.
        let with_addresses = |until, networks: &[&str]| Sanction {
            networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
            ..sanction(until)
        };
        let mut running = Standing::default();
        for decision in [
            Decision::Kick,
            Decision::Ban(sanction(None)),
            Decision::Ban(sanction(Some(900))),
            Decision::Ban(with_addresses(None, &["192.0.2.1", "2001:db8::/64"])),
            Decision::Ban(with_addresses(Some(900), &["192.0.2.2"])),
            Decision::Mute(sanction(Some(500))),
            Decision::Rank(Rank::Moderator),
            Decision::Unban,
            Decision::Unmute,
            Decision::Mute(sanction(Some(300))),
            Decision::Rank(Rank::User),
        ] {
            let verdict = verdict(decision);
            standings.save(&room, &verdict).await.unwrap();
            running.carry_out(&verdict);
            let stored = standings.load(&room, 200.into()).await.unwrap();
            assert_eq!(stored, running, "{:?}", verdict.decision);
        }
        let later = standings.load(&room, 300.into()).await.unwrap();
        assert_eq!(later, Standing::default());
        let elsewhere = RoomName::new("s").unwrap();
        let standing = standings.load(&elsewhere, 200.into()).await.unwrap();
        assert_eq!(standing, Standing::default());
        let lines: i64 = database
            .read(|connection| {
                connection.query_row("SELECT count(*) FROM audit", [], |row| row.get(0))
            })
            .await
            .unwrap();
        assert_eq!(lines, 11);
    }

    #[tokio::test]
    async fn what_cannot_be_read_keeps_out_whom_it_kept_out_and_hinders_nobody_else() {
        let directory = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(directory.path(), Durability::Full).unwrap());
        let accounts = SqliteAccounts::new(Arc::clone(&database));
        for name in ["Bob", "carl", "dan", "eve"] {
            accounts.create(Account::named(name, 7)).await.unwrap();
        }
        let rows = "
            INSERT INTO ranks VALUES ('r', 'carl', 9, 1), ('r', 'dan', 1, 1), ('r', 'eve', 1, 9);
            INSERT INTO sanctions (room, account, kind, since, reason, by)
            VALUES ('r', 'bob', 'ban', 1, 'spam', 'ann'),
                   ('r', 'carl', 'exile', 1, CAST(x'ff' AS TEXT), 'ann'),
                   ('r', 'eve', 'mute', 1, CAST(x'ff' AS TEXT), 'ann');
            INSERT INTO sanction_networks
            VALUES ('r', 'bob', 'ban', 'nowhere'), ('r', 'bob', 'ban', '192.0.2.1');
            INSERT INTO audit (time, room, actor, action, target)
            VALUES (-1, 'r', 'ann', 'ban', 'bob'), (1, 'r', 'ann', 'kick', 'bob');";
        let write = move |connection: &Connection| connection.execute_batch(rows);
        database.write(write).await.unwrap();
        let standings = SqliteStandings::new(Arc::clone(&database));
        let room = RoomName::new("r").unwrap();
        let standing = standings.load(&room, 200.into()).await.unwrap();
        let ban = standing.ban("bob", 200.into()).unwrap();
        assert_eq!(ban.networks, ["192.0.2.1".parse().unwrap()]);
        assert!(standing.ban("carl", 200.into()).is_some());
        // Nobody knows who spoke them: administrators may lift them.
        assert_eq!(ban.height, Height::Administrator);
        assert!(standing.mute("eve", 200.into()).is_some());
        assert_eq!(standing.rank("carl"), Rank::User);
        assert_eq!(standing.rank("dan"), Rank::Moderator);
        assert_eq!(standing.rank("eve"), Rank::User);
        let lines = standings.audit(Some(room.clone()), 9).await.unwrap();
        assert_eq!(lines.len(), 1);
        // What is only taken for a ban is lifted like one.
        let mut unban = verdict(Decision::Unban);
        unban.target.key = "carl".to_owned();
        unban.target.account = AccountId::named("carl");
        standings.save(&room, &unban).await.unwrap();
        let standing = standings.load(&room, 200.into()).await.unwrap();
        assert!(standing.ban("carl", 200.into()).is_none());
        assert!(
            standing.ban("bob", 200.into()).is_some() && standing.mute("eve", 200.into()).is_some()
        );
    }
}
