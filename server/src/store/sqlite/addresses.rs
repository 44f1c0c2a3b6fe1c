//! Addresses in the server's own SQLite database. Owns the tables `network_bans` and
//! `recent_addresses`.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::{or_report, readable};
use super::{SqliteStore, accounts, audit, execute_each};
use crate::clock;
use crate::domain::address::Network;
use crate::domain::audit::AuditLine;
use crate::domain::entry::{Moment, OPERATOR, UnixMillis};
use crate::domain::moderation::{Height, Sanction};
use crate::store::Part;
use crate::store::addresses::{
    AddressStore, AddressesError, NETWORKS, NOTED_ANEW, RECENT, REMEMBERED, before,
};

#[async_trait::async_trait]
impl AddressStore for SqliteStore {
    async fn banned(&self, now: Moment) -> Result<Vec<(Network, Sanction)>, AddressesError> {
        let bans = self.reading(Part::Addresses, move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT network, until, reason, since FROM network_bans
                 WHERE until IS NULL OR until > ?1 ORDER BY network",
            )?;
            let bans = statement.query_map([now.settled], ban)?;
            readable("network_bans", "banned", bans)
        });
        let mut bans = bans.await?;
        bans.retain(|(_, ban)| ban.holds(now));
        Ok(bans)
    }

    async fn ban(
        &self,
        network: Network,
        ban: &Sanction,
        now: Moment,
    ) -> Result<(), AddressesError> {
        let ban = ban.clone();
        let is_stored = self.writing(Part::Addresses, move |connection| {
            if others(connection, network, now)? >= NETWORKS {
                return Ok(false);
            }
            store(connection, network, &ban, now.time)?;
            note_change(connection, "banAddress", network, Some(&ban), now.time)?;
            Ok(true)
        });
        match is_stored.await? {
            true => Ok(()),
            false => Err(AddressesError::Full),
        }
    }

    async fn lift(&self, network: Network, now: Moment) -> Result<(), AddressesError> {
        let was_there = self.writing(Part::Addresses, move |connection| {
            let lifted = connection
                .prepare_cached(
                    "DELETE FROM network_bans
                     WHERE network = ?1 AND (until IS NULL OR until > ?2)",
                )?
                .execute(params![network.to_string(), now.settled])?;
            if lifted > 0 {
                note_change(connection, "unbanAddress", network, None, now.time)?;
            }
            Ok(lifted > 0)
        });
        match was_there.await? {
            true => Ok(()),
            false => Err(AddressesError::NotBanned(network)),
        }
    }

    async fn note(&self, key: &str, network: Network, now: Moment) -> Result<(), AddressesError> {
        let (account, network) = (key.to_owned(), network.to_string());
        let (looked_for, known) = (account.clone(), network.clone());
        let noted: Option<UnixMillis> = self
            .reading(Part::Addresses, move |connection| {
                connection
                    .prepare_cached(
                        "SELECT time FROM recent_addresses WHERE account = ?1 AND network = ?2",
                    )?
                    .query_row([looked_for, known], |row| row.get(0))
                    .optional()
            })
            .await?;
        // A clock set back makes it old as well.
        let is_fresh = |time: UnixMillis| (before(now.time, NOTED_ANEW)..=now.time).contains(&time);
        if noted.is_some_and(is_fresh) {
            return Ok(());
        }
        self.writing(Part::Addresses, move |connection| {
            note(connection, &account, &network, now.time)
        })
        .await?;
        Ok(())
    }

    async fn recent(&self, key: &str, now: Moment) -> Result<Vec<Network>, AddressesError> {
        let account = key.to_owned();
        let recent = self.reading(Part::Addresses, move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT network FROM recent_addresses WHERE account = ?1 AND time > ?2
                 ORDER BY time DESC LIMIT ?3",
            )?;
            let bounds = params![account, before(now.settled, REMEMBERED), RECENT];
            let rows = statement.query_map(bounds, network)?;
            readable("recent_addresses", &account, rows)
        });
        Ok(recent.await?)
    }

    async fn forget_old(&self, settled: UnixMillis) -> Result<(), AddressesError> {
        let oldest_kept = before(settled, REMEMBERED);
        let is_there = self.reading(Part::Addresses, move |connection| {
            connection
                .prepare_cached(
                    "SELECT 1 FROM recent_addresses WHERE time <= ?1
                     UNION ALL SELECT 1 FROM network_bans WHERE until <= ?2 LIMIT 1",
                )?
                .exists([oldest_kept, settled])
        });
        // Nothing is written where there is nothing to forget.
        if is_there.await? {
            self.writing(Part::Addresses, move |connection| {
                forget_ended(connection, settled)?;
                connection
                    .prepare_cached("DELETE FROM recent_addresses WHERE time <= ?1")?
                    .execute([oldest_kept])
            })
            .await?;
        }
        Ok(())
    }
}

/// Forgets from where an account came.
pub(super) fn forget_account(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    let forget = ["DELETE FROM recent_addresses WHERE account = ?1"];
    execute_each(connection, &forget, key)
}

/// When somebody's address was remembered last.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    connection.query_row("SELECT max(time) FROM recent_addresses", [], |row| {
        row.get(0)
    })
}

fn ban(row: &Row<'_>) -> rusqlite::Result<(Network, Sanction)> {
    let network = network(row)?;
    let place = || network.to_string();
    let until = or_report("network_bans", place, row.get(1)).flatten();
    let since = or_report("network_bans", place, row.get(3)).unwrap_or(0);
    let sanction = Sanction {
        until,
        ends: Sanction::stored_end(until, since, clock::steady_of(since)),
        reason: or_report("network_bans", place, row.get(2)).flatten(),
        networks: Vec::new(),
        height: Height::Server,
        by: OPERATOR.to_owned(),
    };
    Ok((network, sanction))
}

fn network(row: &Row<'_>) -> rusqlite::Result<Network> {
    row.get::<_, String>(0)?
        .parse()
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

fn forget_ended(connection: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM network_bans WHERE until <= ?1")?
        .execute([now])
        .map(drop)
}

/// How many networks other than `network` are banned.
fn others(connection: &Connection, network: Network, now: Moment) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM network_bans
             WHERE network <> ?1 AND (until IS NULL OR until > ?2)",
        )?
        .query_row(params![network.to_string(), now.settled], |row| row.get(0))
}

fn store(
    connection: &Connection,
    network: Network,
    ban: &Sanction,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO network_bans (network, since, until, reason) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (network) DO UPDATE SET since = excluded.since,
                 until = excluded.until, reason = excluded.reason",
        )?
        .execute(params![network.to_string(), now, ban.until, ban.reason])
        .map(drop)
}

/// A line of the audit, among those of the verdicts on people: of the whole server.
fn note_change(
    connection: &Connection,
    action: &str,
    network: Network,
    ban: Option<&Sanction>,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    audit::note(
        connection,
        &AuditLine {
            id: None,
            time: now,
            room: String::new(),
            actor: OPERATOR.to_owned(),
            action: action.to_owned(),
            target: network.to_string(),
            until: ban.and_then(|ban| ban.until),
            reason: ban.and_then(|ban| ban.reason.clone()),
        },
    )
    .map(drop)
}

/// Nothing where the account was removed meanwhile. Beyond their number the oldest go; which are too old
/// by the clock is for [`AddressStore::forget_old`] to say.
fn note(
    connection: &Connection,
    account: &str,
    network: &str,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    if !accounts::is_there(connection, account)? {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO recent_addresses (account, network, time) VALUES (?1, ?2, ?3)
             ON CONFLICT (account, network) DO UPDATE SET time = excluded.time",
        )?
        .execute(params![account, network, now])?;
    connection
        .prepare_cached(
            "DELETE FROM recent_addresses WHERE account = ?1 AND network NOT IN (
                 SELECT network FROM recent_addresses WHERE account = ?1
                 ORDER BY time DESC LIMIT ?2)",
        )?
        .execute(params![account, RECENT])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chat_protocol::Username;

    use super::*;
    use crate::store::accounts::{Account, Accounts};
    use crate::store::conformance::addresses::{ban, network};
    use crate::store::sqlite::database::{Database, Durability};

    const HOUR: u64 = 60 * 60 * 1000;
    const DAY: u64 = 24 * HOUR;

    fn database(directory: &std::path::Path) -> Arc<Database> {
        Arc::new(Database::open(directory, Durability::Full).unwrap())
    }

    #[tokio::test]
    async fn there_are_so_many_and_those_that_ended_do_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let database = database(directory.path());
        let addresses = SqliteStore::new(Arc::clone(&database));
        let fill = |connection: &Connection| {
            for number in 0..NETWORKS {
                let [.., high, low] = number.to_be_bytes();
                let network = network(&format!("10.0.{high}.{low}"));
                store(connection, network, &ban(Some(50)), 5)?;
            }
            Ok(())
        };
        database.write(fill).await.unwrap();
        let one_more = network("203.0.113.0/24");
        let refused = addresses.ban(one_more, &ban(None), 49.into()).await;
        assert!(matches!(refused, Err(AddressesError::Full)), "{refused:?}");
        let known = network("10.0.0.0");
        addresses
            .ban(known, &ban(Some(50)), 49.into())
            .await
            .unwrap();
        addresses
            .ban(one_more, &ban(None), 50.into())
            .await
            .unwrap();
        assert_eq!(addresses.banned(50.into()).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn the_newest_addresses_of_an_account_are_remembered_for_a_week() {
        let directory = tempfile::tempdir().unwrap();
        let database = database(directory.path());
        let accounts = SqliteStore::new(Arc::clone(&database));
        let ann = Username::new("ann").unwrap();
        accounts.create(Account::named("ann", 7)).await.unwrap();
        let addresses = SqliteStore::new(Arc::clone(&database));
        let numbered = |number: u64| network(&format!("203.0.113.{number}"));
        let begin = 30 * DAY;
        let recent = RECENT as u64;
        for number in 0..recent + 2 {
            let now = begin + number;
            addresses
                .note("ann", numbered(number), now.into())
                .await
                .unwrap();
        }
        let newest: Vec<Network> = (2..recent + 2).rev().map(numbered).collect();
        assert_eq!(addresses.recent("ann", begin.into()).await.unwrap(), newest);
        // Within the hour it is not remembered anew, after that it is.
        let now = begin + HOUR;
        addresses
            .note("ann", numbered(2), now.into())
            .await
            .unwrap();
        assert_eq!(addresses.recent("ann", now.into()).await.unwrap(), newest);
        let now = begin + HOUR + 3;
        addresses
            .note("ann", numbered(2), now.into())
            .await
            .unwrap();
        assert_eq!(
            addresses.recent("ann", now.into()).await.unwrap()[0],
            numbered(2)
        );
        let later = begin + 7 * DAY + recent + 1;
        let left = addresses.recent("ann", later.into()).await.unwrap();
        assert_eq!(left, [numbered(2)]);
        let count = || {
            database.read(|connection| {
                let count = "SELECT count(*) FROM recent_addresses";
                connection.query_row(count, [], |row| row.get::<_, usize>(0))
            })
        };
        addresses.forget_old(begin).await.unwrap();
        assert_eq!(count().await.unwrap(), RECENT);
        addresses.forget_old(later).await.unwrap();
        assert_eq!(count().await.unwrap(), 1);
        accounts.remove(&ann, 9).await.unwrap();
        assert_eq!(count().await.unwrap(), 0);
        addresses
            .note("ann", numbered(1), later.into())
            .await
            .unwrap();
        assert_eq!(count().await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_network_that_cannot_be_read_is_left_out_and_the_others_hold() {
        let directory = tempfile::tempdir().unwrap();
        let database = database(directory.path());
        let accounts = SqliteStore::new(Arc::clone(&database));
        accounts.create(Account::named("bob", 1)).await.unwrap();
        let rows = "
            INSERT INTO network_bans (network, since, reason)
            VALUES ('nowhere', 1, NULL), ('192.0.2.0/24', 1, CAST(x'ff' AS TEXT));
            INSERT INTO recent_addresses VALUES ('bob', 'nowhere', 3), ('bob', '192.0.2.1', 2);";
        let write = move |connection: &Connection| connection.execute_batch(rows);
        database.write(write).await.unwrap();
        let store = SqliteStore::new(database);
        let banned = store.banned(5.into()).await.unwrap();
        let networks: Vec<Network> = banned.into_iter().map(|(network, _)| network).collect();
        assert_eq!(networks, [network("192.0.2.0/24")]);
        let recent = store.recent("bob", 5.into()).await.unwrap();
        assert_eq!(recent, [network("192.0.2.1")]);
    }
}
