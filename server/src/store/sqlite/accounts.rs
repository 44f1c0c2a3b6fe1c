//! The accounts in the server's own SQLite database.

use std::collections::HashMap;
use std::sync::Arc;

use chat_protocol::{Rank, RoomName, Username};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::domain::confusables::skeletons;
use crate::domain::entry::{AccountId, UnixMillis};
use crate::store::accounts::{
    Account, Accounts, AccountsError, Admission, Admitted, Beginning, Creation, Founder, new_logins,
};
use crate::store::sqlite::audit;
use crate::store::sqlite::database::{Database, DatabaseError};
use crate::store::sqlite::log::{begin as begin_log, remove as remove_log};
use crate::store::sqlite::standing::give_founder;

const COLUMNS: &str =
    "SELECT username, key, password_hash, created, id, logins, removed FROM accounts";

/// Accounts in one database.
pub struct SqliteAccounts {
    database: Arc<Database>,
}

impl SqliteAccounts {
    /// Keeps the accounts in `database`.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    /// The names of all rooms that there are, or of which something is left.
    pub async fn rooms(&self) -> Result<Vec<String>, AccountsError> {
        let rooms = |connection: &Connection| {
            connection
                .prepare_cached(
                    "SELECT room FROM founded_rooms UNION SELECT name FROM rooms
                     UNION SELECT room FROM sanctions UNION SELECT room FROM ranks
                     UNION SELECT room FROM filters",
                )?
                .query_map([], |row| row.get(0))?
                .collect()
        };
        Ok(self.database.read(rooms).await?)
    }

    /// The names as registered that accounts have, by their names as compared.
    pub async fn names(&self, keys: Vec<String>) -> Result<HashMap<String, String>, AccountsError> {
        let names = move |connection: &Connection| {
            let found = keys.iter().map(|key| find(connection, key));
            let named = found.filter_map(|found| match found {
                Ok(account) => account.map(|account| Ok((account.key, account.username))),
                Err(error) => Some(Err(error)),
            });
            named.collect()
        };
        Ok(self.database.read(names).await?)
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
        let known = self.known(username).await?;
        Ok(known.filter(|account| account.removed.is_none()))
    }

    async fn known(&self, username: &Username) -> Result<Option<Account>, AccountsError> {
        let key = username.key().to_owned();
        let found = self
            .database
            .read_batched(move |connection| find(connection, &key))
            .await?;
        Ok(found)
    }

    async fn create(&self, account: Account) -> Result<Creation, AccountsError> {
        let created = self
            .database
            .write(move |connection| {
                match find(connection, &account.key)? {
                    Some(existing) if existing.removed.is_none() => {
                        return Ok(Creation::Exists(existing));
                    }
                    Some(_) => take_over(connection, &account)?,
                    None => insert(connection, &account)?,
                }
                Ok(Creation::Created(account))
            })
            .await?;
        Ok(created)
    }

    async fn admit(&self, admission: Admission) -> Result<Admitted, AccountsError> {
        let admit = move |connection: &Connection| admit(connection, &admission);
        Ok(self.database.write(admit).await?)
    }

    async fn found(&self, beginning: Beginning) -> Result<bool, AccountsError> {
        let found = move |connection: &Connection| begin(connection, &beginning, None);
        Ok(self.database.write(found).await?)
    }

    async fn is_founded(&self, room: &RoomName) -> Result<bool, AccountsError> {
        let room = room.clone();
        let is_founded = move |connection: &Connection| is_founded(connection, &room);
        Ok(self.database.read(is_founded).await?)
    }

    async fn room_called(&self, spelled: &RoomName) -> Result<RoomName, AccountsError> {
        let spelled = spelled.clone();
        let called = move |connection: &Connection| room_called(connection, &spelled);
        Ok(self.database.read_batched(called).await?)
    }

    async fn set_password(
        &self,
        username: &Username,
        password_hash: &str,
    ) -> Result<bool, AccountsError> {
        let values = (
            username.key().to_owned(),
            password_hash.to_owned(),
            new_logins()?,
        );
        self.change(
            "UPDATE accounts SET password_hash = ?2, logins = ?3 WHERE key = ?1 AND removed IS NULL",
            values,
        )
        .await
    }

    async fn sign_out(&self, username: &Username) -> Result<bool, AccountsError> {
        let values = (username.key().to_owned(), new_logins()?);
        self.change(
            "UPDATE accounts SET logins = ?2 WHERE key = ?1 AND removed IS NULL",
            values,
        )
        .await
    }

    async fn renew_hash(
        &self,
        account: &Account,
        password_hash: &str,
    ) -> Result<(), AccountsError> {
        let values = (
            account.key.clone(),
            account.password_hash.clone(),
            password_hash.to_owned(),
        );
        let renewed = self.change(
            "UPDATE accounts SET password_hash = ?3 WHERE key = ?1 AND password_hash = ?2",
            values,
        );
        renewed.await.map(drop)
    }

    async fn remove(&self, username: &Username, now: UnixMillis) -> Result<bool, AccountsError> {
        let (key, logins) = (username.key().to_owned(), new_logins()?);
        let remove = move |connection: &Connection| remove(connection, &key, &logins, now);
        Ok(self.database.write(remove).await?)
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

    async fn idle_rooms(
        &self,
        before: UnixMillis,
        now: UnixMillis,
    ) -> Result<Vec<RoomName>, AccountsError> {
        let idle = self
            .database
            .read(move |connection| {
                let mut statement =
                    connection.prepare_cached(&format!("{IDLE} LIMIT {IDLE_ROOMS}"))?;
                let names = statement.query_map(params![before, now], |row| row.get(0))?;
                names.collect::<rusqlite::Result<Vec<String>>>()
            })
            .await?;
        // A name that is none is no room's.
        let names = idle.iter().filter_map(|name| RoomName::stored(name).ok());
        Ok(names.collect())
    }

    async fn forget_idle_room(
        &self,
        room: &RoomName,
        before: UnixMillis,
        now: UnixMillis,
    ) -> Result<bool, AccountsError> {
        let name = room.clone();
        let is_forgotten = self
            .database
            .write(move |connection| {
                let is_idle = connection
                    .prepare_cached(&format!("{IDLE} AND founded_rooms.room = ?3"))?
                    .exists(params![before, now, name.as_str()])?;
                if is_idle {
                    remove_log(connection, &name)?;
                    forget_room(connection, &name)?;
                }
                Ok(is_idle)
            })
            .await?;
        Ok(is_forgotten)
    }

    async fn forget_room(&self, room: &RoomName) -> Result<(), AccountsError> {
        let name = room.clone();
        self.database
            .write(move |connection| forget_room(connection, &name))
            .await?;
        Ok(())
    }
}

/// Idle rooms that one look finds at most.
const IDLE_ROOMS: u32 = 1024;

/// SQL for the rooms that were founded before ?1, where nothing is that holds at ?2.
const IDLE: &str = "SELECT founded_rooms.room FROM founded_rooms
     LEFT JOIN rooms ON rooms.name = founded_rooms.room
     WHERE founded_rooms.founded < ?1 AND founded_rooms.by_operator = 0
       AND ifnull(rooms.modes, '{}') = '{}'
       AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.room = rooms.id)
       AND NOT EXISTS (SELECT 1 FROM ranks
                       WHERE ranks.room = founded_rooms.room AND ranks.origin <> 0)
       AND NOT EXISTS (SELECT 1 FROM sanctions WHERE sanctions.room = founded_rooms.room
                       AND (sanctions.until IS NULL OR sanctions.until > ?2))
       AND NOT EXISTS (SELECT 1 FROM filters WHERE filters.room = founded_rooms.room)
       AND NOT EXISTS (SELECT 1 FROM held WHERE held.room = founded_rooms.room)";

fn forget_room(connection: &Connection, room: &RoomName) -> rusqlite::Result<()> {
    for statement in [
        "DELETE FROM ranks WHERE room = ?1",
        "DELETE FROM sanctions WHERE room = ?1",
        "DELETE FROM filters WHERE room = ?1",
        "DELETE FROM held WHERE room = ?1",
        "DELETE FROM founded_rooms WHERE room = ?1",
    ] {
        connection
            .prepare_cached(statement)?
            .execute([room.as_str()])?;
    }
    audit::forget_room(connection, room)
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
        id: AccountId(row.get(4)?),
        logins: row.get(5)?,
        removed: row.get(6)?,
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
            "INSERT INTO accounts (key, username, password_hash, created, id, logins)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            account.key,
            account.username,
            account.password_hash,
            account.created,
            account.id.0,
            account.logins,
        ])?;
    note_looks(connection, account)
}

fn note_looks(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    let mut note = connection.prepare_cached("INSERT INTO look_alikes VALUES (?1, ?2)")?;
    for skeleton in skeletons(&account.username, &account.key) {
        note.execute([&skeleton, &account.key])?;
    }
    Ok(())
}

/// Whether `account` would look like another one which is to be told apart from it: where one of the two
/// names is not plain ASCII, or where the other account is more than a user somewhere.
fn looks_like_another(connection: &Connection, account: &Account) -> rusqlite::Result<bool> {
    let mut look = connection.prepare_cached(
        "SELECT 1 FROM look_alikes JOIN accounts ON accounts.key = look_alikes.account
         WHERE skeleton = ?1 AND account <> ?2
           AND (?3 OR accounts.username GLOB '*[^ -~]*'
                OR EXISTS (SELECT 1 FROM ranks WHERE ranks.account = accounts.key AND rank < ?4)
                OR EXISTS (SELECT 1 FROM admins WHERE admins.account = accounts.key))",
    )?;
    let is_foreign = !account.username.is_ascii();
    for skeleton in skeletons(&account.username, &account.key) {
        if look.exists(params![
            skeleton,
            account.key,
            is_foreign,
            u8::from(Rank::User)
        ])? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_room(connection: &Connection, room: &RoomName) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM rooms WHERE name = ?1
             UNION ALL SELECT 1 FROM founded_rooms WHERE room = ?1",
        )?
        .exists([room.as_str()])
}

fn room_called(connection: &Connection, spelled: &RoomName) -> rusqlite::Result<RoomName> {
    let plain = spelled.plain();
    for room in [spelled, &plain] {
        if has_room(connection, room)? {
            return Ok(room.clone());
        }
    }
    let odd: Option<String> = connection
        .prepare_cached(
            "SELECT room FROM odd_rooms WHERE plain = ?1
             AND (EXISTS (SELECT 1 FROM rooms WHERE rooms.name = odd_rooms.room)
                  OR EXISTS (SELECT 1 FROM founded_rooms WHERE founded_rooms.room = odd_rooms.room))
             ORDER BY id LIMIT 1",
        )?
        .query_row([plain.as_str()], |row| row.get(0))
        .optional()?;
    let odd = odd.and_then(|name| RoomName::stored(&name).ok());
    Ok(odd.unwrap_or(plain))
}

/// Gives the name of an account that was removed to another one.
fn take_over(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE accounts SET username = ?2, password_hash = ?3, created = ?4, id = ?5,
                 logins = ?6, removed = NULL
             WHERE key = ?1",
        )?
        .execute(params![
            account.key,
            account.username,
            account.password_hash,
            account.created,
            account.id.0,
            account.logins,
        ])?;
    // The name may be spelled otherwise.
    connection
        .prepare_cached("DELETE FROM look_alikes WHERE account = ?1")?
        .execute([&account.key])?;
    note_looks(connection, account)
}

/// The row stays: what was decided on the account hangs on it, and nobody else gets the name.
fn remove(
    connection: &Connection,
    key: &str,
    logins: &str,
    now: UnixMillis,
) -> rusqlite::Result<bool> {
    let removed = connection
        .prepare_cached(
            "UPDATE accounts SET password_hash = '', logins = ?2, removed = ?3
             WHERE key = ?1 AND removed IS NULL",
        )?
        .execute(params![key, logins, now])?;
    if removed == 0 {
        return Ok(false);
    }
    for statement in [
        "DELETE FROM ranks WHERE account = ?1",
        "DELETE FROM admins WHERE account = ?1",
        "DELETE FROM recent_addresses WHERE account = ?1",
        "DELETE FROM held WHERE account = ?1",
    ] {
        connection.prepare_cached(statement)?.execute([key])?;
    }
    Ok(true)
}

fn is_founded(connection: &Connection, room: &RoomName) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM founded_rooms WHERE room = ?1")?
        .exists([room.as_str()])
}

fn admit(connection: &Connection, admission: &Admission) -> rusqlite::Result<Admitted> {
    let Admission {
        account,
        is_new,
        room,
    } = admission;
    let known = find(connection, &account.key)?;
    match known {
        Some(_) if *is_new => return Ok(Admitted::NameTaken),
        Some(known)
            if known.removed.is_none()
                && known.id == account.id
                && known.logins == account.logins => {}
        None if *is_new && looks_like_another(connection, account)? => {
            return Ok(Admitted::LooksLikeAnother);
        }
        None if *is_new => insert(connection, account)?,
        _ => return Ok(Admitted::SignedOut),
    }
    if let Some(room) = room {
        begin(connection, room, Some(&account.key))?;
    }
    Ok(Admitted::Done)
}

/// Begins a room's log and makes it a room that there is; false where it is one already.
fn begin(
    connection: &Connection,
    beginning: &Beginning,
    account: Option<&str>,
) -> rusqlite::Result<bool> {
    let Beginning {
        room,
        epoch,
        founder,
        time,
    } = beginning;
    begin_log(connection, room, epoch)?;
    if *founder == Founder::Nobody {
        return Ok(true);
    }
    let founded = connection
        .prepare_cached(
            "INSERT INTO founded_rooms (room, founded, by_operator) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![room.as_str(), time, *founder == Founder::Operator])?;
    if let Some(account) = account
        && founded > 0
    {
        give_founder(connection, room, account)?;
    }
    Ok(founded > 0)
}

#[cfg(test)]
mod tests {
    use chat_protocol::Epoch;

    use super::*;
    use crate::store::log::RoomLog;
    use crate::store::sqlite::database::Durability;
    use crate::store::sqlite::log::SqliteLog;
    use crate::store::sqlite::standing::SqliteStandings;
    use crate::store::standing::Standings;

    fn name(text: &str) -> Username {
        Username::new(text).unwrap()
    }

    fn accounts(directory: &std::path::Path) -> SqliteAccounts {
        SqliteAccounts::new(Arc::new(
            Database::open(directory, Durability::Full).unwrap(),
        ))
    }

    fn account(text: &str, hash: &str, time: u64) -> Account {
        Account::new(&name(text), hash.to_owned(), time).unwrap()
    }

    #[tokio::test]
    async fn a_name_is_taken_whatever_its_case() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(directory.path());
        accounts.create(account("Ann", "hash", 7)).await.unwrap();
        let again = accounts.create(account("ANN", "other", 8)).await.unwrap();
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
        assert!(!accounts.sign_out(&name("ann")).await.unwrap());
        assert!(!accounts.remove(&name("ann"), 8).await.unwrap());
        accounts.create(account("ann", "hash", 7)).await.unwrap();
        let first = accounts.find(&name("ann")).await.unwrap().unwrap();
        assert!(accounts.set_password(&name("Ann"), "new").await.unwrap());
        let second = accounts.find(&name("ann")).await.unwrap().unwrap();
        assert_eq!(second.password_hash, "new");
        assert_ne!(second.logins, first.logins);
        assert!(accounts.sign_out(&name("Ann")).await.unwrap());
        let third = accounts.find(&name("ann")).await.unwrap().unwrap();
        assert_eq!(third.password_hash, "new");
        assert_ne!(third.logins, second.logins);
        assert!(accounts.remove(&name("ANN"), 9).await.unwrap());
        assert!(!accounts.remove(&name("ann"), 10).await.unwrap());
        // The name stays, and nothing that anybody could come in by.
        assert!(accounts.find(&name("ann")).await.unwrap().is_none());
        let gone = accounts.known(&name("ann")).await.unwrap().unwrap();
        assert_eq!((gone.removed, gone.password_hash.as_str()), (Some(9), ""));
        assert_ne!(gone.logins, third.logins);
        assert!(!accounts.set_password(&name("ann"), "x").await.unwrap());
        assert!(!accounts.sign_out(&name("ann")).await.unwrap());
        assert_eq!(
            admit(&accounts, &gone, false, None).await,
            Admitted::SignedOut
        );
        let twin = account("Ann", "other", 11);
        assert_eq!(
            admit(&accounts, &twin, true, None).await,
            Admitted::NameTaken
        );
        // An operator gives it to somebody else.
        assert!(matches!(
            accounts.create(twin.clone()).await,
            Ok(Creation::Created(_))
        ));
        let next = accounts.find(&name("ann")).await.unwrap().unwrap();
        assert!(next == twin && next.id != gone.id);
    }

    #[tokio::test]
    async fn a_renewed_hash_is_no_changed_password() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(directory.path());
        let ann = account("ann", "hash", 7);
        accounts.create(ann.clone()).await.unwrap();
        accounts.renew_hash(&ann, "better").await.unwrap();
        let renewed = accounts.find(&name("ann")).await.unwrap().unwrap();
        assert_eq!(renewed.password_hash, "better");
        assert_eq!((renewed.id, &renewed.logins), (ann.id, &ann.logins));
        // One of a password that was changed meanwhile stays.
        accounts.set_password(&name("ann"), "other").await.unwrap();
        accounts.renew_hash(&renewed, "even better").await.unwrap();
        let changed = accounts.find(&name("ann")).await.unwrap().unwrap();
        assert_eq!(changed.password_hash, "other");
    }

    fn beginning(founder: Founder) -> Option<Beginning> {
        Some(Beginning {
            room: RoomName::new("r").unwrap(),
            epoch: Epoch::new("e").unwrap(),
            founder,
            time: 9,
        })
    }

    async fn admit(
        accounts: &SqliteAccounts,
        account: &Account,
        is_new: bool,
        room: Option<Beginning>,
    ) -> Admitted {
        let admission = Admission {
            account: account.clone(),
            is_new,
            room,
        };
        accounts.admit(admission).await.unwrap()
    }

    #[tokio::test]
    async fn only_the_first_who_ever_entered_a_room_is_its_administrator() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(directory.path());
        let standings = SqliteStandings::new(Arc::clone(&accounts.database));
        let room = RoomName::new("r").unwrap();
        let rank = |key: &'static str| {
            let (standings, room) = (&standings, &room);
            async move { standings.load(room, 0.into()).await.unwrap().rank(key) }
        };
        let [ann, bob] = ["ann", "bob"].map(|name| account(name, "hash", 7));
        let first = admit(&accounts, &ann, true, beginning(Founder::Nobody)).await;
        assert_eq!(first, Admitted::Done);
        assert_eq!(rank("ann").await, Rank::User);
        assert!(!accounts.is_founded(&room).await.unwrap());
        for account in [&ann, &bob] {
            let is_new = account.key == "bob";
            let admitted = admit(&accounts, account, is_new, beginning(Founder::Member)).await;
            assert_eq!(admitted, Admitted::Done);
        }
        assert_eq!(rank("ann").await, Rank::Administrator);
        assert_eq!(rank("bob").await, Rank::User);
        assert!(accounts.is_founded(&room).await.unwrap());

        accounts.forget_room(&room).await.unwrap();
        admit(&accounts, &bob, false, beginning(Founder::Member)).await;
        assert_eq!(rank("bob").await, Rank::Administrator);
        accounts.forget_room(&room).await.unwrap();
        admit(&accounts, &ann, false, beginning(Founder::Member)).await;

        // A name that comes back after its account was removed does not get the room back, and
        // nobody else inherits it.
        accounts.remove(&name("ann"), 8).await.unwrap();
        let ann = account("ann", "hash", 9);
        accounts.create(ann.clone()).await.unwrap();
        admit(&accounts, &ann, false, beginning(Founder::Member)).await;
        admit(&accounts, &bob, false, beginning(Founder::Member)).await;
        assert_eq!(rank("ann").await, Rank::User);
        assert_eq!(rank("bob").await, Rank::User);
    }

    #[tokio::test]
    async fn nobody_comes_in_with_an_account_that_is_not_what_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(directory.path());
        let ann = account("ann", "hash", 7);
        let room = RoomName::new("r").unwrap();
        let founding = || beginning(Founder::Member);
        let admitted = admit(&accounts, &ann, false, founding()).await;
        assert_eq!(admitted, Admitted::SignedOut);
        accounts.create(ann.clone()).await.unwrap();
        let twin = account("Ann", "other", 8);
        let admitted = admit(&accounts, &twin, true, founding()).await;
        assert_eq!(admitted, Admitted::NameTaken);
        let admitted = admit(&accounts, &twin, false, founding()).await;
        assert_eq!(admitted, Admitted::SignedOut);
        accounts.sign_out(&name("ann")).await.unwrap();
        let admitted = admit(&accounts, &ann, false, founding()).await;
        assert_eq!(admitted, Admitted::SignedOut);
        assert!(!accounts.is_founded(&room).await.unwrap());
        let made = accounts
            .found(beginning(Founder::Operator).unwrap())
            .await
            .unwrap();
        assert!(made);
        let again = accounts.found(beginning(Founder::Operator).unwrap()).await;
        assert!(!again.unwrap());
    }

    #[tokio::test]
    async fn rooms_are_forgotten_that_nobody_would_miss_and_no_others() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(directory.path());
        let ann = account("ann", "hash", 7);
        accounts.create(ann.clone()).await.unwrap();
        let named = |name: &str, founder| Beginning {
            room: RoomName::new(name).unwrap(),
            ..beginning(founder).unwrap()
        };
        for name in [
            "idle", "young", "full", "ranks", "ban", "over", "filter", "held", "modes",
        ] {
            let room = Some(named(name, Founder::Member));
            admit(&accounts, &ann, false, room).await;
        }
        accounts
            .found(named("operators", Founder::Operator))
            .await
            .unwrap();
        let rows = "
            UPDATE founded_rooms SET founded = 100 WHERE room = 'young';
            INSERT INTO entries (room, seq, time, kind, author, body)
            SELECT id, 1, 5, 'gone', 'ann', '' FROM rooms WHERE name = 'full';
            UPDATE ranks SET origin = 1 WHERE room = 'ranks';
            INSERT INTO sanctions (room, account, kind, since, until, by)
            VALUES ('ban', 'ann', 'mute', 1, NULL, 'x'), ('over', 'ann', 'ban', 1, 50, 'x');
            INSERT INTO filters (room, pattern, kind) VALUES ('filter', 'x', 'word');
            INSERT INTO held (room, account, time, username, display_name, content, pattern)
            VALUES ('held', 'ann', 1, 'ann', 'ann', 'x', 'x');
            UPDATE rooms SET modes = '{\"slowMode\":5}' WHERE name = 'modes';";
        let write = move |connection: &Connection| connection.execute_batch(rows);
        accounts.database.write(write).await.unwrap();
        let names = |rooms: Vec<RoomName>| -> Vec<String> {
            rooms.iter().map(|room| room.as_str().to_owned()).collect()
        };
        let idle = accounts.idle_rooms(100, 60).await.unwrap();
        assert_eq!(names(idle.clone()), ["idle", "over"]);
        for room in &idle {
            assert!(accounts.forget_idle_room(room, 100, 60).await.unwrap());
            assert!(!accounts.forget_idle_room(room, 100, 60).await.unwrap());
            assert!(!accounts.is_founded(room).await.unwrap());
        }
        let young = RoomName::new("young").unwrap();
        assert!(!accounts.forget_idle_room(&young, 100, 60).await.unwrap());
        let left = SqliteLog::new(Arc::clone(&accounts.database)).list().await;
        assert_eq!(left.unwrap().len(), 8);
    }

    #[tokio::test]
    async fn rooms_that_differ_in_spelling_alone_are_one() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(directory.path());
        let rows = "
            INSERT INTO rooms (name, epoch, last_seq) VALUES (' live', 'e', 0), ('both', 'e', 0);
            INSERT INTO founded_rooms (room) VALUES ('live '), ('cafe\u{301}'), ('both ');
            INSERT INTO odd_rooms (room, plain) VALUES ('gone ', 'gone'), (' live', 'live'),
                ('live ', 'live'), ('cafe\u{301}', 'caf\u{e9}'), ('both ', 'both');";
        let write = move |connection: &Connection| connection.execute_batch(rows);
        accounts.database.write(write).await.unwrap();
        for (spelled, expected) in [
            ("live", " live"),
            ("  live", " live"),
            ("live ", "live "),
            ("caf\u{e9}", "cafe\u{301}"),
            (" cafe\u{301}", "cafe\u{301}"),
            ("both", "both"),
            ("both ", "both "),
            (" both", "both"),
            ("gone ", "gone"),
            ("new ", "new"),
        ] {
            let called = accounts.room_called(&RoomName::new(spelled).unwrap()).await;
            assert_eq!(called.unwrap().as_str(), expected, "{spelled:?}");
        }
        let oldest = RoomName::new(" live").unwrap();
        SqliteLog::new(Arc::clone(&accounts.database))
            .remove(&oldest)
            .await
            .unwrap();
        accounts.forget_room(&oldest).await.unwrap();
        let called = accounts.room_called(&RoomName::new("live").unwrap()).await;
        assert_eq!(called.unwrap().as_str(), "live ");
    }

    #[tokio::test]
    async fn nobody_new_looks_like_another_where_it_could_deceive() {
        let directory = tempfile::tempdir().unwrap();
        let accounts = accounts(directory.path());
        let admit = async |name: &str| {
            let account = account(name, "hash", 7);
            admit(&accounts, &account, true, None).await
        };
        assert_eq!(admit("tom").await, Admitted::Done);
        assert_eq!(admit("torn").await, Admitted::Done);
        assert_eq!(admit("t\u{43e}m").await, Admitted::LooksLikeAnother);
        assert_eq!(admit("\u{430}nn").await, Admitted::Done);
        // It is there by now, so it is the other one that deceives.
        assert_eq!(admit("ann").await, Admitted::LooksLikeAnother);
        assert_eq!(admit("emile").await, Admitted::Done);
        assert_eq!(admit("\u{e9}mile").await, Admitted::Done);
        // An operator may.
        let made = accounts.create(account("t\u{43e}m", "hash", 8)).await;
        assert!(matches!(made, Ok(Creation::Created(_))));
        // A room's administrator.
        let corn = account("corn", "hash", 9);
        let founded = admit_with_room(&accounts, &corn).await;
        assert_eq!(founded, Admitted::Done);
        assert_eq!(admit("com").await, Admitted::LooksLikeAnother);
        // Gone with the account.
        accounts.remove(&name("corn"), 10).await.unwrap();
        assert_eq!(admit("com").await, Admitted::Done);
    }

    async fn admit_with_room(accounts: &SqliteAccounts, account: &Account) -> Admitted {
        admit(accounts, account, true, beginning(Founder::Member)).await
    }
}
