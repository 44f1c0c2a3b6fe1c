//! What is done where the database's past may not be what clients saw of it: nothing that was given out
//! since may name something else, or open a door that was closed.

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::{Connection, params_from_iter};

/// Why the database may be another one than it was, or less of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// There is nothing that tells how far it had gone.
    NoMark,
    /// What tells that can't be read.
    Illegible,
    /// It is a database of its own.
    Another,
    /// It had gone further.
    Older,
    /// Its mark was put there with it.
    Copied,
    /// The system ended while commits were not on disk yet.
    PowerLoss,
}

impl Doubt {
    /// Whether logins that were ended may be good again. A power loss takes no more than seconds, and
    /// would end all logins each time.
    pub(super) fn ends_logins(self) -> bool {
        self != Doubt::PowerLoss
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match self {
            Doubt::NoMark => "chat.mark, which records how far the database had come, is missing",
            Doubt::Illegible => {
                "chat.mark, which records how far the database had come, is unreadable"
            }
            Doubt::Another => "chat.db is not the database that was used here before",
            Doubt::Older => "chat.db is an older copy of the database that was used here before",
            Doubt::Copied => {
                "the data directory was copied or put back (or chat.mark got another owner or mode), so chat.db may be an older copy"
            }
            Doubt::PowerLoss => {
                "the system stopped while the server ran with relaxed durability, so the last seconds may be lost"
            }
        };
        let done = match self.ends_logins() {
            true => {
                "all rooms have new epochs, and all logins by resume tokens are ended. Bans, mutes, \
                 appointments, removals of accounts and new passwords since the copy was made are \
                 undone: check them"
            }
            false => {
                "all rooms have new epochs. Bans, removals and new passwords of those seconds may be \
                 undone"
            }
        };
        write!(formatter, "{found}: {done}")
    }
}

/// A name for another history of the database.
pub(super) fn new_identity(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT lower(hex(randomblob(8)))", [], |row| row.get(0))
}

/// Begins new lives of all logs, in the transaction that is open: what is there keeps its ids, and
/// those given out for what is lost are good no more. So are resume tokens, where `ends_logins`.
pub(super) fn renew(connection: &Connection, ends_logins: bool) -> rusqlite::Result<()> {
    connection.execute_batch(RENEWAL)?;
    if ends_logins {
        connection.execute_batch("UPDATE accounts SET logins = lower(hex(randomblob(16)))")?;
    }
    Ok(())
}

/// Earlier lives go whose entries are all trimmed. Ids of held messages go on far from those that were
/// given out and are lost.
const RENEWAL: &str = "
    INSERT OR REPLACE INTO epochs (room, first, last, epoch)
        SELECT id, epoch_first, last, epoch FROM (
            SELECT id, epoch, epoch_first, max(last_seq, ifnull(
                (SELECT max(seq) FROM entries WHERE entries.room = rooms.id), 0)) AS last FROM rooms)
        WHERE last >= epoch_first;
    UPDATE rooms SET epoch = lower(hex(randomblob(8))),
        epoch_first = max(epoch_first, 1 + ifnull(
            (SELECT max(last) FROM epochs WHERE epochs.room = rooms.id), 0));
    DELETE FROM epochs WHERE NOT EXISTS (
        SELECT 1 FROM entries WHERE entries.room = epochs.room AND seq <= epochs.last);
    INSERT INTO sqlite_sequence (name, seq)
        SELECT 'held', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'held');
    UPDATE sqlite_sequence SET seq = seq + 1 + (abs(random() / 2) >> 22) WHERE name = 'held';
";

/// What the database of `connection`, an older copy, undoes of the one at `other`, in lines for who
/// puts it in place.
pub(super) fn undone(
    connection: &Connection,
    other: &Path,
    now: u64,
) -> rusqlite::Result<Vec<String>> {
    // SQLite's names of files are bytes.
    let attach = "ATTACH CAST(?1 AS TEXT) AS other";
    connection.execute(attach, [other.as_os_str().as_bytes()])?;
    let lines = lines(connection, now);
    connection.execute_batch("DETACH other")?;
    lines
}

fn lines(connection: &Connection, now: u64) -> rusqlite::Result<Vec<String>> {
    let mut lines = Vec::new();
    for statement in UNDONE {
        let mut statement = connection.prepare(statement)?;
        let is_timed = statement.parameter_count() > 0;
        let now = is_timed.then_some(now);
        let found = statement.query_map(params_from_iter(now), |row| row.get::<_, String>(0))?;
        for line in found {
            lines.push(line?);
        }
    }
    Ok(lines)
}

/// Each gives lines. `main` is the copy, `other` what was there; ?1 is now.
const UNDONE: [&str; 12] = [
    "SELECT kind || ' of ' || account || ' in ' || room || ': undone' FROM other.sanctions AS was
     WHERE (until IS NULL OR until > ?1) AND NOT EXISTS (SELECT 1 FROM main.sanctions AS one
        WHERE one.room = was.room AND one.account = was.account AND one.kind = was.kind
          AND one.until IS was.until)",
    "SELECT kind || ' of ' || account || ' in ' || room || ': in force again'
     FROM main.sanctions AS one
     WHERE (until IS NULL OR until > ?1) AND NOT EXISTS (SELECT 1 FROM other.sanctions AS was
        WHERE one.room = was.room AND one.account = was.account AND one.kind = was.kind)",
    "SELECT 'ban of ' || network || ' from the server: undone' FROM other.network_bans AS was
     WHERE (until IS NULL OR until > ?1)
       AND NOT EXISTS (SELECT 1 FROM main.network_bans AS one WHERE one.network = was.network
          AND one.until IS was.until)",
    "SELECT 'account ' || username || ' was removed: it is there again' FROM main.accounts AS one
     WHERE removed IS NULL AND NOT EXISTS (SELECT 1 FROM other.accounts AS was
        WHERE was.key = one.key AND was.id = one.id AND was.removed IS NULL)",
    "SELECT 'password of ' || one.username || ' was changed: the earlier one is good again'
     FROM main.accounts AS one JOIN other.accounts AS was USING (key)
     WHERE one.id = was.id AND one.logins <> was.logins AND one.password_hash <> was.password_hash
       AND was.removed IS NULL AND one.removed IS NULL",
    "SELECT account || ' has rank ' || rank || ' in ' || room || ' again' FROM main.ranks AS one
     WHERE NOT EXISTS (SELECT 1 FROM other.ranks AS was WHERE was.room = one.room
        AND was.account = one.account AND was.rank <= one.rank)",
    "SELECT account || ' has no rank ' || rank || ' in ' || room || ' any more' FROM other.ranks AS was
     WHERE NOT EXISTS (SELECT 1 FROM main.ranks AS one WHERE was.room = one.room
        AND was.account = one.account AND one.rank <= was.rank)",
    "SELECT account || ' is no server administrator any more' FROM other.admins
     WHERE account NOT IN (SELECT account FROM main.admins)",
    "SELECT account || ' is a server administrator again' FROM main.admins
     WHERE account NOT IN (SELECT account FROM other.admins)",
    "SELECT 'pattern ' || pattern || ' in ' || room || ' is not blocked any more'
     FROM other.filters AS was WHERE NOT EXISTS (SELECT 1 FROM main.filters AS one
        WHERE one.room = was.room AND one.pattern = was.pattern)",
    "SELECT 'account ' || username || ' is gone: it was made since' FROM other.accounts AS was
     WHERE removed IS NULL AND key NOT IN (SELECT key FROM main.accounts WHERE removed IS NULL)",
    "SELECT 'what ' || count(*) || ' deletions took out of ' || room || ' is there again'
     FROM other.audit WHERE action IN ('deleteMessage', 'purge', 'clear')
        AND id > ifnull((SELECT max(id) FROM main.audit), 0) GROUP BY room",
];

#[cfg(test)]
mod tests {
    use super::super::migrations;
    use super::*;

    #[test]
    fn what_is_there_keeps_its_ids_and_lost_ones_are_never_given_again() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::migrate(&mut connection).unwrap();
        connection
            .execute_batch(
                "INSERT INTO rooms (id, name, epoch, last_seq) VALUES
                     (1, 'full', 'a', 0), (2, 'trimmed', 'b', 7), (3, 'new', 'c', 0);
                 INSERT INTO entries (room, seq, time, kind, author, body) VALUES
                     (1, 1, 0, 'message', 'x', ''), (1, 2, 0, 'message', 'x', '');
                 INSERT INTO accounts (key, username, password_hash, created, id, logins)
                     VALUES ('x', 'x', 'h', 0, 1, 'l');",
            )
            .unwrap();
        let text =
            |sql: &str| -> String { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
        let lives = "SELECT group_concat(room || epoch || first || '-' || last, ' ') FROM epochs";
        let firsts = "SELECT group_concat(epoch_first, ' ') FROM rooms";
        renew(&connection, false).unwrap();
        assert_eq!(
            (text(lives), text(firsts)),
            ("1a1-2".into(), "3 8 1".into())
        );
        assert_eq!(text("SELECT logins FROM accounts"), "l");
        let held = |connection: &Connection| -> i64 {
            let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'held'";
            connection.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        let before = held(&connection);
        assert!((1..1 << 41).contains(&before), "{before}");
        connection
            .execute_batch("UPDATE rooms SET epoch = 'd' WHERE id = 1")
            .unwrap();
        // Nothing was posted meanwhile.
        renew(&connection, true).unwrap();
        assert_eq!(
            (text(lives), text(firsts)),
            ("1a1-2".into(), "3 8 1".into())
        );
        assert_ne!(text("SELECT logins FROM accounts"), "l");
        assert!(held(&connection) > before);
        connection
            .execute_batch(
                "UPDATE rooms SET epoch = 'e' WHERE id = 1;
                 INSERT INTO entries (room, seq, time, kind, author, body)
                     VALUES (1, 3, 0, 'message', 'x', '');",
            )
            .unwrap();
        renew(&connection, true).unwrap();
        assert_eq!(
            (text(lives), text(firsts)),
            ("1a1-2 1e3-3".into(), "4 8 1".into())
        );
        let different = "SELECT count(DISTINCT epoch) || min(length(epoch)) FROM rooms";
        assert_eq!(text(different), "316");
    }
}
