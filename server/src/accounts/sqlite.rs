//! The accounts in the server's own SQLite database.

use std::sync::Arc;

use chat_protocol::{Rank, RoomName, Username};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Account, Accounts, AccountsError, Creation};
use crate::audit;
use crate::database::{Database, DatabaseError};

const COLUMNS: &str = "SELECT username, key, password_hash, created FROM accounts";

/// Accounts in one database.
pub struct SqliteAccounts {
    database: Arc<Database>,
}

impl SqliteAccounts {
    /// Keeps the accounts in `database`.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

impl From<DatabaseError> for AccountsError {
    fn from(error: DatabaseError) -> Self {
        AccountsError::new(error)
    }
}

#[async_trait::async_trait]
impl Accounts for SqliteAccounts {
    async fn find(&self, username: &Username) -> Result<Option<Account>, AccountsError> {
        let key = username.key().to_owned();
        let found = self
            .database
            .read(move |connection| find(connection, &key))
            .await?;
        Ok(found)
    }

    async fn create(
        &self,
        username: &Username,
        password_hash: &str,
        time: u64,
    ) -> Result<Creation, AccountsError> {
        let account = Account {
            username: username.as_str().to_owned(),
            key: username.key().to_owned(),
            password_hash: password_hash.to_owned(),
            created: time,
        };
        let created = self
            .database
            .write(move |connection| {
                if let Some(existing) = find(connection, &account.key)? {
                    return Ok(Creation::Exists(existing));
                }
                insert(connection, &account)?;
                Ok(Creation::Created(account))
            })
            .await?;
        Ok(created)
    }

    async fn set_password(
        &self,
        username: &Username,
        password_hash: &str,
    ) -> Result<bool, AccountsError> {
        let values = (username.key().to_owned(), password_hash.to_owned());
        self.change(
            "UPDATE accounts SET password_hash = ?2 WHERE key = ?1",
            values,
        )
        .await
    }

    async fn remove(&self, username: &Username) -> Result<bool, AccountsError> {
        let values = (username.key().to_owned(),);
        self.change("DELETE FROM accounts WHERE key = ?1", values)
            .await
    }

    async fn list(&self) -> Result<Vec<Account>, AccountsError> {
        let accounts = self
            .database
            .read(|connection| {
                connection
                    .prepare_cached(&format!("{COLUMNS} ORDER BY key"))?
                    .query_map([], account)?
                    .collect()
            })
            .await?;
        Ok(accounts)
    }

    async fn forget_room(&self, room: &RoomName) -> Result<(), AccountsError> {
        let name = room.clone();
        self.database
            .write(move |connection| {
                for statement in [
                    "DELETE FROM ranks WHERE room = ?1",
                    "DELETE FROM sanctions WHERE room = ?1",
                    "DELETE FROM filters WHERE room = ?1",
                    "DELETE FROM held WHERE room = ?1",
                    "DELETE FROM founded_rooms WHERE room = ?1",
                ] {
                    connection
                        .prepare_cached(statement)?
                        .execute([name.as_str()])?;
                }
                audit::forget_room(connection, &name)
            })
            .await?;
        Ok(())
    }

    async fn find_in(
        &self,
        username: &Username,
        room: &RoomName,
    ) -> Result<Option<(Account, Option<Rank>)>, AccountsError> {
        let (key, room) = (username.key().to_owned(), room.clone());
        let found = self
            .database
            .glance(move |connection| {
                let Some(account) = find(connection, &key)? else {
                    return Ok(None);
                };
                let standing = standing(connection, &key, &room)?;
                Ok(Some((account, standing)))
            })
            .await?;
        Ok(found)
    }

    async fn admit(&self, key: &str, room: &RoomName) -> Result<Rank, AccountsError> {
        let (account, name) = (key.to_owned(), room.clone());
        let standing = self
            .database
            .read(move |connection| standing(connection, &account, &name))
            .await?;
        if let Some(rank) = standing {
            return Ok(rank);
        }
        let (account, name) = (key.to_owned(), room.clone());
        let standing = self
            .database
            .write(move |connection| {
                found(connection, &account, &name)?;
                rank(connection, &account, &name)
            })
            .await?;
        Ok(standing)
    }
}

impl SqliteAccounts {
    /// Runs a statement on one account; false where it found none.
    async fn change<P>(&self, statement: &'static str, values: P) -> Result<bool, AccountsError>
    where
        P: rusqlite::Params + Send + 'static,
    {
        let changed = self
            .database
            .write(move |connection| connection.prepare_cached(statement)?.execute(values))
            .await?;
        Ok(changed > 0)
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        username: row.get(0)?,
        key: row.get(1)?,
        password_hash: row.get(2)?,
        created: row.get(3)?,
    })
}

fn find(connection: &Connection, key: &str) -> rusqlite::Result<Option<Account>> {
    connection
        .prepare_cached(&format!("{COLUMNS} WHERE key = ?1"))?
        .query_row([key], account)
        .optional()
}

fn insert(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO accounts (key, username, password_hash, created) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            account.key,
            account.username,
            account.password_hash,
            account.created
        ])?;
    Ok(())
}

fn is_founded(connection: &Connection, room: &RoomName) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM founded_rooms WHERE room = ?1")?
        .exists([room.as_str()])
}

/// How the account stands in `room`; `None` where nobody ever entered that.
fn standing(
    connection: &Connection,
    account: &str,
    room: &RoomName,
) -> rusqlite::Result<Option<Rank>> {
    match is_founded(connection, room)? {
        true => rank(connection, account, room).map(Some),
        false => Ok(None),
    }
}

/// The first who comes in owns the room; a server administrator who looks in before its owner does
/// not.
fn found(connection: &Connection, account: &str, room: &RoomName) -> rusqlite::Result<()> {
    let is_admin = connection
        .prepare_cached("SELECT 1 FROM admins WHERE account = ?1")?
        .exists([account])?;
    if is_admin {
        return Ok(());
    }
    let founded = connection
        .prepare_cached("INSERT INTO founded_rooms (room) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([room.as_str()])?;
    if founded > 0 {
        connection
            .prepare_cached("INSERT INTO ranks (room, account, rank) VALUES (?1, ?2, ?3)")?
            .execute(params![
                room.as_str(),
                account,
                u8::from(Rank::Administrator)
            ])?;
    }
    Ok(())
}

fn rank(connection: &Connection, account: &str, room: &RoomName) -> rusqlite::Result<Rank> {
    let number: Option<u8> = connection
        .prepare_cached("SELECT rank FROM ranks WHERE room = ?1 AND account = ?2")?
        .query_row([room.as_str(), account], |row| row.get(0))
        .optional()?;
    match number {
        None => Ok(Rank::User),
        Some(number) => Rank::try_from(number).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, Box::new(error))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Durability;

    fn name(text: &str) -> Username {
        Username::new(text).unwrap()
    }

    fn accounts(directory: &std::path::Path) -> SqliteAccounts {
        SqliteAccounts::new(Arc::new(
            Database::open(directory, Durability::Full).unwrap(),
        ))
    }

    #[tokio::test]
    async fn a_name_is_taken_whatever_its_case() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(directory.path());
        accounts.create(&name("Ann"), "hash", 7).await.unwrap();
        let again = accounts.create(&name("ANN"), "other", 8).await.unwrap();
        let Creation::Exists(existing) = again else {
            panic!("one name became two accounts")
        };
        assert_eq!((existing.username.as_str(), existing.created), ("Ann", 7));
        assert_eq!(existing.password_hash, "hash");
    }

    #[tokio::test]
    async fn passwords_change_and_accounts_go() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(directory.path());
        assert!(!accounts.set_password(&name("ann"), "x").await.unwrap());
        assert!(!accounts.remove(&name("ann")).await.unwrap());
        accounts.create(&name("ann"), "hash", 7).await.unwrap();
        assert!(accounts.set_password(&name("Ann"), "new").await.unwrap());
        let found = accounts.find(&name("ann")).await.unwrap().unwrap();
        assert_eq!(found.password_hash, "new");
        assert!(accounts.remove(&name("ANN")).await.unwrap());
        assert!(accounts.find(&name("ann")).await.unwrap().is_none());
        assert!(accounts.list().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn only_the_first_who_ever_entered_a_room_is_its_administrator() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(directory.path());
        let room = RoomName::new("r").unwrap();
        for user in ["ann", "bob"] {
            accounts.create(&name(user), "hash", 7).await.unwrap();
        }
        assert_eq!(
            accounts.admit("ann", &room).await.unwrap(),
            Rank::Administrator
        );
        assert_eq!(accounts.admit("bob", &room).await.unwrap(), Rank::User);
        let [found, elsewhere] = ["r", "s"].map(|room| RoomName::new(room).unwrap());
        let found = accounts.find_in(&name("Ann"), &found).await.unwrap();
        let (account, standing) = found.unwrap();
        assert_eq!(
            (account.key.as_str(), standing),
            ("ann", Some(Rank::Administrator))
        );
        let found = accounts.find_in(&name("ann"), &elsewhere).await.unwrap();
        assert_eq!(found.unwrap().1, None);
        let nobody = accounts.find_in(&name("carol"), &room).await.unwrap();
        assert!(nobody.is_none());
        assert_eq!(
            accounts.admit("ann", &room).await.unwrap(),
            Rank::Administrator
        );

        accounts.forget_room(&room).await.unwrap();
        assert_eq!(
            accounts.admit("bob", &room).await.unwrap(),
            Rank::Administrator
        );
        accounts.forget_room(&room).await.unwrap();
        accounts.admit("ann", &room).await.unwrap();

        // A name that comes back after its account was removed does not get the room back, and
        // nobody else inherits it.
        accounts.remove(&name("ann")).await.unwrap();
        accounts.create(&name("ann"), "hash", 9).await.unwrap();
        assert_eq!(accounts.admit("ann", &room).await.unwrap(), Rank::User);
        assert_eq!(accounts.admit("bob", &room).await.unwrap(), Rank::User);
    }
}
