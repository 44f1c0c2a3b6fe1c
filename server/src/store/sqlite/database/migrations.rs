//! The database's schema, as the list of steps that lead to it.
//!
//! A step that was ever released is never changed: what comes later is a step of its own.

mod names;

use rusqlite::Connection;

/// Marks the file as this program's (SQLite's `application_id`): "chat" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x6368_6174;

/// The schema version that this program writes (SQLite's `user_version`).
pub(super) const LATEST: i64 = STEPS.len() as i64;

/// What a step does that SQL can't: behind the step's SQL, by the version that it leads to.
const RUST_STEPS: [(usize, RustStep); 2] = [
    (10, |connection| {
        names::renew_keys(connection)?;
        names::note_looks(connection)?;
        names::note_odd_rooms(connection)
    }),
    (12, names::reserve_authors),
];

type RustStep = fn(&Connection) -> rusqlite::Result<()>;

const STEPS: [&str; 15] = [
    "
    CREATE TABLE rooms (
        id       INTEGER PRIMARY KEY,
        name     TEXT NOT NULL UNIQUE,
        epoch    TEXT NOT NULL,
        last_seq INTEGER NOT NULL
    ) STRICT;

    -- The log of every room: one row per entry, `seq` without holes within a room.
    CREATE TABLE entries (
        room   INTEGER NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
        seq    INTEGER NOT NULL,
        time   INTEGER NOT NULL, -- milliseconds since 1970, UTC
        kind   TEXT NOT NULL,
        author TEXT NOT NULL,    -- the author's name as compared
        nonce  TEXT,
        body   TEXT NOT NULL,    -- JSON, by kind
        PRIMARY KEY (room, seq)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE accounts (
        key           TEXT PRIMARY KEY, -- the name as compared
        username      TEXT NOT NULL,    -- the name as registered
        password_hash TEXT NOT NULL,    -- argon2id, PHC string
        created       INTEGER NOT NULL  -- milliseconds since 1970, UTC
    ) STRICT, WITHOUT ROWID;

    -- Standing in a room; who has no row is a user.
    CREATE TABLE ranks (
        room    TEXT NOT NULL,
        account TEXT NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
        rank    INTEGER NOT NULL,
        PRIMARY KEY (room, account)
    ) STRICT, WITHOUT ROWID;

    -- Rooms that have had their first member, whatever became of that member since.
    CREATE TABLE founded_rooms (
        room TEXT PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
",
    "
    -- Slow mode, topic and the like, as JSON.
    ALTER TABLE rooms ADD COLUMN modes TEXT NOT NULL DEFAULT '{}';

    -- Who is kept out of a room, or silenced in it; times in milliseconds since 1970, UTC.
    CREATE TABLE sanctions (
        room    TEXT NOT NULL,
        account TEXT NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
        kind    TEXT NOT NULL, -- ban, mute
        since   INTEGER NOT NULL,
        until   INTEGER,       -- for good where NULL
        reason  TEXT,
        by      TEXT NOT NULL,
        PRIMARY KEY (room, account, kind)
    ) STRICT, WITHOUT ROWID;

    -- Who decided what on whom; names as registered.
    CREATE TABLE audit (
        id     INTEGER PRIMARY KEY,
        time   INTEGER NOT NULL,
        room   TEXT NOT NULL,
        actor  TEXT NOT NULL,
        action TEXT NOT NULL,
        target TEXT NOT NULL,
        until  INTEGER,
        reason TEXT
    ) STRICT;
    CREATE INDEX audit_by_room ON audit (room, id);
",
    "
    -- Server administrators.
    CREATE TABLE admins (
        account TEXT PRIMARY KEY REFERENCES accounts (key) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    -- What messages in a room must not hold.
    CREATE TABLE filters (
        room    TEXT NOT NULL,
        pattern TEXT NOT NULL,
        kind    TEXT NOT NULL, -- word, regex
        reason  TEXT,
        PRIMARY KEY (room, pattern)
    ) STRICT, WITHOUT ROWID;
",
    "
    -- Networks that operators keep out of the whole server; times in milliseconds since 1970, UTC.
    CREATE TABLE network_bans (
        network TEXT PRIMARY KEY, -- CIDR
        since   INTEGER NOT NULL,
        until   INTEGER,          -- for good where NULL
        reason  TEXT
    ) STRICT, WITHOUT ROWID;

    -- The networks that a ban from a room took along; they end with it.
    CREATE TABLE sanction_networks (
        room    TEXT NOT NULL,
        account TEXT NOT NULL,
        kind    TEXT NOT NULL,
        network TEXT NOT NULL, -- CIDR
        PRIMARY KEY (room, account, kind, network),
        FOREIGN KEY (room, account, kind) REFERENCES sanctions (room, account, kind)
            ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    -- From where accounts entered rooms lately: an IPv4 address, or an IPv6 network of 64 bits.
    CREATE TABLE recent_addresses (
        account TEXT NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
        network TEXT NOT NULL,
        time    INTEGER NOT NULL, -- milliseconds since 1970, UTC
        PRIMARY KEY (account, network)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX recent_addresses_by_time ON recent_addresses (time);
",
    "
    -- What becomes of a message that holds the pattern: refuse, hold.
    ALTER TABLE filters ADD COLUMN action TEXT NOT NULL DEFAULT 'refuse';

    -- Messages that wait for a moderator. An id is never used again: a moderator may still name it.
    CREATE TABLE held (
        id           INTEGER PRIMARY KEY AUTOINCREMENT,
        room         TEXT NOT NULL,
        account      TEXT NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
        time         INTEGER NOT NULL, -- milliseconds since 1970, UTC
        username     TEXT NOT NULL,
        display_name TEXT NOT NULL,
        content      TEXT NOT NULL,
        reply_to     TEXT,
        nonce        TEXT,
        pattern      TEXT NOT NULL,    -- that it holds
        reason       TEXT              -- the pattern's
    ) STRICT;
    CREATE INDEX held_by_room ON held (room, account);
    CREATE INDEX held_by_account ON held (account);
    CREATE INDEX held_by_time ON held (time);
",
    "
    -- How many lines of the audit each room has, and all have together.
    CREATE TABLE audit_rooms (
        room  TEXT PRIMARY KEY,
        lines INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX audit_rooms_by_lines ON audit_rooms (lines);
    INSERT INTO audit_rooms SELECT room, count(*) FROM audit GROUP BY room;

    CREATE TABLE audit_size (lines INTEGER NOT NULL) STRICT; -- one row
    INSERT INTO audit_size SELECT count(*) FROM audit;
",
    "
    -- Up to which seq all entries are gone: a moderator emptied the room.
    ALTER TABLE rooms ADD COLUMN cleared INTEGER NOT NULL DEFAULT 0;
",
    "
    -- Nothing to change: rooms.last_seq is written only when entries are trimmed from now on, which
    -- an older server does not expect.
",
    "
    -- Tells accounts of one name apart that were there one after the other; never used again.
    ALTER TABLE accounts ADD COLUMN id INTEGER NOT NULL DEFAULT 0;
    UPDATE accounts SET id = abs(random() / 2) + 1;
    -- What resume tokens are good for: another value ends all that were given out.
    ALTER TABLE accounts ADD COLUMN logins TEXT NOT NULL DEFAULT '';
    UPDATE accounts SET logins = hex(randomblob(16));

    -- The account that made the entry; NULL where it was made before this column was.
    ALTER TABLE entries ADD COLUMN account INTEGER;

    -- Since when there is a room, in milliseconds since 1970, UTC, and whether an operator made it.
    ALTER TABLE founded_rooms ADD COLUMN founded INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE founded_rooms ADD COLUMN by_operator INTEGER NOT NULL DEFAULT 0;
    -- Rooms in which operators appointed somebody, or that have entries, though nobody founded them.
    INSERT INTO founded_rooms (room, by_operator)
        SELECT room, 1 FROM ranks
        UNION SELECT name, 1 FROM rooms WHERE EXISTS (SELECT 1 FROM entries WHERE room = rooms.id)
        ON CONFLICT DO NOTHING;
    UPDATE founded_rooms SET founded = CAST(unixepoch('subsec') * 1000 AS INTEGER);

    -- Where a rank comes from: 0 it came with founding the room, 1 somebody in the room gave it,
    -- 2 an operator did, or somebody whom an operator stands behind.
    ALTER TABLE ranks ADD COLUMN origin INTEGER NOT NULL DEFAULT 1;
    UPDATE ranks SET origin = 0 WHERE rank = 0;
",
    "
    -- What the accounts' names look like (UTS #39): two that share a skeleton look alike.
    CREATE TABLE look_alikes (
        skeleton TEXT NOT NULL,
        account  TEXT NOT NULL REFERENCES accounts (key) ON DELETE CASCADE,
        PRIMARY KEY (skeleton, account)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX look_alikes_by_account ON look_alikes (account);
    CREATE INDEX ranks_by_account ON ranks (account);

    -- Rooms from before spellings were one that have not the plain spelling of their names, the oldest
    -- first: they are found by that.
    CREATE TABLE odd_rooms (
        id    INTEGER PRIMARY KEY,
        room  TEXT NOT NULL UNIQUE,
        plain TEXT NOT NULL
    ) STRICT;
    CREATE INDEX odd_rooms_by_plain ON odd_rooms (plain);
",
    "
    -- What the wall clock showed last, in milliseconds since 1970, UTC, and its leaps ahead that are
    -- not believed yet where something is deleted for its age, as JSON. One row.
    CREATE TABLE clock (
        id    INTEGER PRIMARY KEY CHECK (id = 1),
        seen  INTEGER NOT NULL,
        leaps TEXT NOT NULL
    ) STRICT;
",
    "
    -- When the account was removed, in milliseconds since 1970, UTC; NULL while it is there. Of one that
    -- was removed only the name is kept, which nobody else gets, for what it wrote and its sanctions.
    ALTER TABLE accounts ADD COLUMN removed INTEGER;

    -- How high the author stood when speaking it: 0 above all rooms, 1 administrator of the room,
    -- 2 moderator; NULL where that was not noted yet.
    ALTER TABLE sanctions ADD COLUMN height INTEGER;
",
    "
    -- From which seq on the room's epoch is good; before it others are, each from `first` to `last`.
    ALTER TABLE rooms ADD COLUMN epoch_first INTEGER NOT NULL DEFAULT 1;
    CREATE TABLE epochs (
        room  INTEGER NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
        first INTEGER NOT NULL,
        last  INTEGER NOT NULL,
        epoch TEXT NOT NULL,
        PRIMARY KEY (room, first)
    ) STRICT, WITHOUT ROWID;

    -- One row from the first writing on: which history of this database it is, and how far it has gone.
    -- A file beside the database knows the same.
    CREATE TABLE mark (
        identity TEXT NOT NULL,
        count    INTEGER NOT NULL
    ) STRICT;
",
    "
    -- Where few values are meant, no others are written from now on. Not as a CHECK, against which what
    -- is there already would have to be held: that stays, and is read as far as it can be.
    CREATE TRIGGER sanctions_inserted BEFORE INSERT ON sanctions
    WHEN NEW.kind NOT IN ('ban', 'mute') OR NEW.height NOT IN (0, 1, 2)
    BEGIN SELECT RAISE(ABORT, 'no such sanction'); END;
    CREATE TRIGGER sanctions_updated BEFORE UPDATE OF kind, height ON sanctions
    WHEN NEW.kind NOT IN ('ban', 'mute') OR NEW.height NOT IN (0, 1, 2)
    BEGIN SELECT RAISE(ABORT, 'no such sanction'); END;
    CREATE TRIGGER ranks_inserted BEFORE INSERT ON ranks
    WHEN NEW.rank NOT IN (0, 1, 2, 3) OR NEW.origin NOT IN (0, 1, 2)
    BEGIN SELECT RAISE(ABORT, 'no such rank'); END;
    CREATE TRIGGER ranks_updated BEFORE UPDATE OF rank, origin ON ranks
    WHEN NEW.rank NOT IN (0, 1, 2, 3) OR NEW.origin NOT IN (0, 1, 2)
    BEGIN SELECT RAISE(ABORT, 'no such rank'); END;
    CREATE TRIGGER filters_inserted BEFORE INSERT ON filters
    WHEN NEW.kind NOT IN ('word', 'regex') OR NEW.action NOT IN ('refuse', 'hold')
    BEGIN SELECT RAISE(ABORT, 'no such pattern'); END;
    CREATE TRIGGER filters_updated BEFORE UPDATE OF kind, action ON filters
    WHEN NEW.kind NOT IN ('word', 'regex') OR NEW.action NOT IN ('refuse', 'hold')
    BEGIN SELECT RAISE(ABORT, 'no such pattern'); END;
",
    "
    -- How many messages of whom are in each part of a log, of 256 positions each; the part that the
    -- newest entry is in is noted once it is full.
    CREATE TABLE authors (
        room     INTEGER NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
        block    INTEGER NOT NULL, -- seq / 256
        author   TEXT NOT NULL,    -- the author's name as compared
        messages INTEGER NOT NULL,
        PRIMARY KEY (room, block, author)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO authors
        SELECT entries.room, seq / 256, author, count(*)
        FROM entries JOIN rooms ON rooms.id = entries.room
        WHERE kind = 'message'
          AND seq / 256 < max(rooms.last_seq,
                  (SELECT max(seq) FROM entries AS newest WHERE newest.room = rooms.id)) / 256
        GROUP BY 1, 2, 3;
    CREATE TRIGGER message_gone AFTER UPDATE OF kind ON entries
    WHEN OLD.kind = 'message' AND NEW.kind <> 'message'
    BEGIN
        UPDATE authors SET messages = messages - 1
        WHERE room = OLD.room AND block = OLD.seq / 256 AND author = OLD.author;
    END;
",
];

/// Writes the schema version again: the smallest write that there is.
pub(super) fn write_version(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", LATEST)
}

/// The schema version that a database has.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Takes the steps that the database has not taken yet, all in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let taken = usize::try_from(version(&transaction)?).unwrap_or(0);
    if taken < STEPS.len() {
        for (step, version) in STEPS.iter().zip(1..).skip(taken) {
            transaction.execute_batch(step)?;
            for (_, step) in RUST_STEPS
                .iter()
                .filter(|(leads_to, _)| *leads_to == version)
            {
                step(&transaction)?;
            }
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", LATEST)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database as the schema of this version had it, with something in its filters.
    fn of_version_3() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for step in &STEPS[..3] {
            connection.execute_batch(step).unwrap();
        }
        connection
            .execute_batch(
                "PRAGMA user_version = 3;
                 INSERT INTO rooms (name, epoch, last_seq) VALUES ('r', 'e', 1);
                 INSERT INTO entries VALUES (1, 1, 5, 'message', 'ann', 'n', '{}');
                 INSERT INTO accounts VALUES ('ann', 'Ann', 'hash', 7);
                 INSERT INTO filters VALUES ('r', 'bad', 'word', 'be kind');
                 INSERT INTO audit (time, room, actor, action, target)
                     VALUES (6, 'r', 'ann', 'addFilter', 'bad');",
            )
            .unwrap();
        connection
    }

    #[test]
    fn what_was_there_before_messages_could_be_held_stays_and_refuses() {
        let mut connection = of_version_3();
        migrate(&mut connection).unwrap();
        let row = "SELECT pattern || filters.kind || filters.action || filters.reason FROM filters
                   JOIN entries ON author = 'ann' JOIN audit ON target = pattern";
        let kept: String = connection.query_row(row, [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "badwordrefusebe kind");
        let version = "SELECT user_version + (SELECT count(*) FROM held) FROM pragma_user_version";
        let version: i64 = connection.query_row(version, [], |row| row.get(0)).unwrap();
        assert_eq!(version, LATEST);
        let lines = "SELECT room || lines || (SELECT lines FROM audit_size) FROM audit_rooms";
        let lines: String = connection.query_row(lines, [], |row| row.get(0)).unwrap();
        assert_eq!(lines, "r11");
        // A room with entries is one, and so is one in which somebody was appointed.
        let founded = "SELECT room || by_operator FROM founded_rooms";
        let founded: String = connection.query_row(founded, [], |row| row.get(0)).unwrap();
        assert_eq!(founded, "r1");
        // A second time there is nothing to do.
        migrate(&mut connection).unwrap();
    }

    #[test]
    fn rooms_that_are_spelled_otherwise_are_noted_the_oldest_first() {
        let mut connection = of_version_3();
        connection
            .execute_batch(
                "INSERT INTO rooms (id, name, epoch, last_seq) VALUES
                     (9, 'live ', 'e', 0), (7, ' live', 'e', 0), (8, 'cafe\u{301}', 'e', 0);
                 INSERT INTO founded_rooms VALUES ('live '), ('a\u{308} ');",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let noted = "SELECT group_concat(room || '=' || plain)
                     FROM (SELECT * FROM odd_rooms ORDER BY id)";
        let expected = " live=live,cafe\u{301}=caf\u{e9},live =live,a\u{308} =\u{e4}";
        assert_eq!(one(&connection, noted), expected);
    }

    #[test]
    fn names_of_authors_without_an_account_are_kept() {
        let mut connection = of_version_3();
        let body = |username: &str| format!(r#"{{"username":"{username}","content":"hi"}}"#);
        for (seq, time, kind, author, body) in [
            (2, 9, "message", "bob", body("BOB")),
            (3, 7, "message", "bob", body("bob")),
            (4, 8, "message", "carl", "no JSON".to_owned()),
            (5, 8, "purge", "dan", body("dan")),
            (6, 8, "message", "", body("server operator")),
            (7, 8, "message", "οδυσσευσ", body("ΟΔΥΣΣΕΥΣ")),
            (8, 8, "message", "eve\u{7}", body("eve\u{7}")),
            (9, 8, "message", "frank", body("ann")),
        ] {
            let insert = "INSERT INTO entries VALUES (1, ?1, ?2, ?3, ?4, NULL, ?5)";
            let row = (seq, time, kind, author, body);
            connection.execute(insert, row).unwrap();
        }
        migrate(&mut connection).unwrap();
        let kept = "SELECT group_concat(key || ' ' || username || password_hash, ', ')
                    FROM accounts WHERE removed > 0 AND id > 0 AND logins <> ''";
        let expected = "bob BOB, carl carl, frank frank, οδυσσευς ΟΔΥΣΣΕΥΣ";
        assert_eq!(one(&connection, kept), expected);
        let author = "SELECT author FROM entries WHERE seq = 7";
        assert_eq!(one(&connection, author), "οδυσσευς");
        let looks = "SELECT count(DISTINCT account) || '' FROM look_alikes";
        assert_eq!(one(&connection, looks), "5");
    }

    #[test]
    fn what_is_odd_stays_and_nothing_odd_is_added() {
        let mut connection = of_version_3();
        let old = "INSERT INTO ranks VALUES ('r', 'ann', 9);
                   INSERT INTO sanctions VALUES ('r', 'ann', 'exile', 1, NULL, NULL, 'op');
                   INSERT INTO filters VALUES ('r', 'worse', 'glob', NULL);";
        connection.execute_batch(old).unwrap();
        migrate(&mut connection).unwrap();
        let kept = "SELECT rank || sanctions.kind || filters.kind FROM ranks
                    JOIN sanctions JOIN filters ON pattern = 'worse'";
        assert_eq!(one(&connection, kept), "9exileglob");
        let check = "SELECT integrity_check FROM pragma_integrity_check";
        assert_eq!(one(&connection, check), "ok");
        let sanction = "INSERT INTO sanctions (room, account, kind, since, by, height)";
        let rank = "INSERT INTO ranks (room, account, rank, origin)";
        let filter = "INSERT INTO filters (room, pattern, kind, action)";
        for (refused, sql) in [
            (
                true,
                format!("{sanction} VALUES ('s', 'ann', 'exile', 1, 'op', 1)"),
            ),
            (
                true,
                format!("{sanction} VALUES ('s', 'ann', 'ban', 1, 'op', 3)"),
            ),
            (
                false,
                format!("{sanction} VALUES ('s', 'ann', 'ban', 1, 'op', NULL)"),
            ),
            (
                false,
                format!("{sanction} VALUES ('s', 'ann', 'mute', 1, 'op', 2)"),
            ),
            (
                true,
                "UPDATE sanctions SET kind = 'x' WHERE room = 's'".to_owned(),
            ),
            (false, "UPDATE sanctions SET until = 9".to_owned()),
            (true, format!("{rank} VALUES ('s', 'ann', 4, 1)")),
            (true, format!("{rank} VALUES ('s', 'ann', 1, 3)")),
            (false, format!("{rank} VALUES ('s', 'ann', 2, 2)")),
            (
                true,
                "UPDATE ranks SET origin = 7 WHERE room = 's'".to_owned(),
            ),
            (
                true,
                format!("{filter} VALUES ('s', 'x', 'glob', 'refuse')"),
            ),
            (true, format!("{filter} VALUES ('s', 'x', 'word', 'shout')")),
            (
                false,
                format!("{filter} VALUES ('s', 'x', 'regex', 'hold')"),
            ),
        ] {
            let done = connection.execute_batch(&sql);
            assert_eq!(done.is_err(), refused, "{sql}: {done:?}");
        }
    }

    fn one(connection: &Connection, sql: &str) -> String {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn who_wrote_where_is_noted_for_what_is_there() {
        let mut connection = of_version_3();
        for (seq, kind, author) in [
            (2, "message", "ann"),
            (3, "gone", "ann"),
            (4, "purge", "ann"),
            (255, "message", "bob"),
            (256, "message", "ann"),
            (512, "message", "ann"),
        ] {
            let insert = "INSERT INTO entries VALUES (1, ?1, 5, ?2, ?3, NULL, '{}')";
            connection.execute(insert, (seq, kind, author)).unwrap();
        }
        let trimmed = "INSERT INTO rooms (id, name, epoch, last_seq) VALUES (2, 's', 'e', 256);
                       INSERT INTO entries VALUES (2, 9, 5, 'message', 'ann', NULL, '{}');";
        connection.execute_batch(trimmed).unwrap();
        migrate(&mut connection).unwrap();
        let noted = "SELECT group_concat(room || ':' || block || author || messages)
                     FROM (SELECT * FROM authors ORDER BY room, block, author)";
        assert_eq!(one(&connection, noted), "1:0ann2,1:0bob1,1:1ann1,2:0ann1");
        let gone = "UPDATE entries SET kind = 'gone' WHERE room = 1 AND author = 'ann'";
        connection.execute_batch(gone).unwrap();
        assert_eq!(one(&connection, noted), "1:0ann0,1:0bob1,1:1ann0,2:0ann1");
    }

    #[test]
    fn names_are_compared_as_they_are_now() {
        let mut connection = of_version_3();
        connection
            .execute_batch(
                "PRAGMA foreign_keys = ON;
                 INSERT INTO accounts VALUES
                     ('οδυσσευσ', 'ΟΔΥΣΣΕΥΣ', 'older', 1),
                     ('οδυσσευς', 'Οδυσσευς', 'younger', 2),
                     ('νικοσ', 'ΝΙΚΟΣ', 'younger', 4),
                     ('νικος', 'νικος', 'older', 3),
                     ('σασ', 'ΣΑΣ', 'alone', 5),
                     ('аlice', 'аlice', 'cyrillic', 6);
                 INSERT INTO ranks VALUES ('r', 'οδυσσευσ', 0), ('r', 'οδυσσευς', 2), ('r', 'σασ', 1);
                 INSERT INTO sanctions VALUES ('r', 'σασ', 'ban', 1, NULL, NULL, 'op');
                 INSERT INTO admins VALUES ('σασ');
                 INSERT INTO entries VALUES (1, 2, 5, 'message', 'σασ', NULL, '{}');",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let keys = "SELECT group_concat(key || ' ' || username || ' ' || password_hash, ', ')
                    FROM (SELECT * FROM accounts WHERE created < 6 ORDER BY created)";
        assert_eq!(
            one(&connection, keys),
            "οδυσσευς ΟΔΥΣΣΕΥΣ older, οδυσσευσ Οδυσσευς younger, νικος νικος older, \
             νικοσ ΝΙΚΟΣ younger, σας ΣΑΣ alone"
        );
        let ranks = "SELECT group_concat(account || rank) FROM (SELECT * FROM ranks ORDER BY rank)";
        assert_eq!(one(&connection, ranks), "οδυσσευς0,σας1,οδυσσευσ2");
        let rest = "SELECT group_concat(sanctions.account || admins.account || author)
                    FROM sanctions JOIN admins JOIN entries ON seq = 2";
        assert_eq!(one(&connection, rest), "σαςσαςσας");
        let looks = "SELECT account FROM look_alikes WHERE skeleton = 'alice'";
        assert_eq!(one(&connection, looks), "аlice");
        let broken = "SELECT count(*) || '' FROM pragma_foreign_key_check";
        assert_eq!(one(&connection, broken), "0");
    }
}
