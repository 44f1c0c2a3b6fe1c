//! What a database keeps, refuses and tells of its file.

use std::time::Instant;

use super::*;

#[tokio::test]
async fn what_one_writer_gets_wrong_does_not_touch_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path(), Durability::Full).unwrap();
    database
        .write(|connection| connection.execute_batch("CREATE TABLE t (n INTEGER)"))
        .await
        .unwrap();
    let insert = |number: i64| {
        database.write(move |connection| {
            connection.execute("INSERT INTO t VALUES (?1)", [number])?;
            match number {
                2 => Err(rusqlite::Error::InvalidQuery),
                _ => Ok(number),
            }
        })
    };
    let (one, two, three) = tokio::join!(insert(1), insert(2), insert(3));
    assert_eq!(one.unwrap(), 1);
    assert!(two.is_err());
    assert_eq!(three.unwrap(), 3);
    let stored: i64 = database
        .read(|connection| connection.query_row("SELECT sum(n) FROM t", [], |row| row.get(0)))
        .await
        .unwrap();
    assert_eq!(stored, 4);
}

#[tokio::test]
async fn a_closed_database_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path(), Durability::Full).unwrap();
    database.close();
    let written = database.write(|_| Ok(())).await;
    assert!(matches!(written, Err(DatabaseError::Closed)));
    let read = database.read(|_| Ok(())).await;
    assert!(matches!(read, Err(DatabaseError::Closed)));
}

fn file_after_refusal(spoil: impl FnOnce(&mut Vec<u8>), expected: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE_NAME);
    Database::open(directory.path(), Durability::Full)
        .unwrap()
        .close();
    let mut bytes = std::fs::read(&path).unwrap();
    spoil(&mut bytes);
    std::fs::write(&path, &bytes).unwrap();
    let error = Database::open(directory.path(), Durability::Full)
        .map(drop)
        .unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    // The database and its mark.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn looking_at_a_database_in_use_takes_nothing_away_from_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE_NAME);
    // SQLite itself may take the side files away when the last connection closes; a look that
    // overlaps with a use must not.
    for round in 0..20 {
        let looking = std::thread::spawn({
            let path = path.clone();
            move || inspection::inspect(&path, Depth::Thorough)
        });
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        let sql = format!("CREATE TABLE t{round} (n INTEGER)");
        database
            .write(move |connection| connection.execute_batch(&sql))
            .await
            .unwrap();
        looking.join().unwrap().unwrap();
        let wal = path.with_extension("db-wal");
        assert!(wal.exists(), "round {round}");
        database.close();
    }
}

#[test]
fn a_damaged_or_newer_file_is_refused_and_left_alone() {
    file_after_refusal(|bytes| bytes[..100].fill(0x2a), "is damaged");
    file_after_refusal(|bytes| bytes.truncate(bytes.len() / 2), "is damaged");
    file_after_refusal(|bytes| bytes[4096..12288].fill(0x2a), "is damaged");
    // The user version is the big-endian number at byte 60, the application id that at 68
    // (SQLite's file format, section 1.3).
    file_after_refusal(|bytes| bytes[60..64].fill(1), "use a newer chat-server");
    file_after_refusal(|bytes| bytes[68..72].fill(1), "of another program");
}

#[tokio::test]
async fn a_database_that_was_written_over_while_it_was_in_use_is_another_one() {
    let directory = tempfile::tempdir().unwrap();
    let write = async |database: &Database| {
        let work = |connection: &Connection| {
            connection.execute_batch("CREATE TABLE IF NOT EXISTS t (n); INSERT INTO t VALUES (1)")
        };
        database.write(work).await
    };
    for (is_overwritten, expected) in [(false, None), (true, None), (false, Some(Doubt::Older))] {
        let database = Database::open(directory.path(), Durability::Full).unwrap();
        assert_eq!(database.doubt(), expected);
        write(&database).await.unwrap();
        if is_overwritten {
            let path = directory.path().join(FILE_NAME);
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, bytes).unwrap();
            assert!(write(&database).await.is_err());
        }
        database.close();
    }
}

#[tokio::test]
async fn a_first_transaction_that_was_cut_short_is_begun_anew() {
    let [unfinished, directory] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let path = unfinished.path().join(FILE_NAME);
    let connection = Connection::open(&path).unwrap();
    // More than fits into memory: a part of it is in the file before it is committed.
    connection
        .execute_batch(
            "PRAGMA cache_size = 1; BEGIN; CREATE TABLE t (b BLOB);
             INSERT INTO t VALUES (randomblob(100000));",
        )
        .unwrap();
    for file in std::fs::read_dir(unfinished.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), directory.path().join(file.file_name())).unwrap();
    }
    let size = std::fs::metadata(directory.path().join(FILE_NAME)).unwrap();
    assert!(size.len() > 0, "nothing is in the file yet");
    let database = Database::open(directory.path(), Durability::Full).unwrap();
    let tables: i64 = database
        .read(|connection| {
            let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 't'";
            connection.query_row(sql, [], |row| row.get(0))
        })
        .await
        .unwrap();
    assert_eq!(tables, 0);
}

/// A database that a command does not read as a whole before it begins, with a damaged page that
/// belongs to the table t.
fn damaged_far_inside() -> (tempfile::TempDir, Database) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE_NAME);
    Database::open(directory.path(), Durability::Full)
        .unwrap()
        .close();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t (n INTEGER PRIMARY KEY, b TEXT);
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
             INSERT INTO t SELECT i, printf('%.*c', 1000, 'x') FROM n;",
        )
        .unwrap();
    connection.close().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0x2a);
    std::fs::write(&path, &bytes).unwrap();
    let database = Database::open_at_once(directory.path()).unwrap();
    (directory, database)
}

#[tokio::test]
async fn damage_that_is_met_while_reading_makes_the_store_unwell_for_good() {
    let (_directory, database) = damaged_far_inside();
    assert!(!database.health().is_failing());
    let read = |connection: &Connection| {
        connection.query_row("SELECT sum(length(b)) FROM t", [], |row| {
            row.get::<_, i64>(0)
        })
    };
    let error = database.read(read).await.unwrap_err();
    assert!(matches!(&error, DatabaseError::Sqlite(error) if error.is_damage()));
    assert!(database.health().is_failing());
    // That something else can be stored does not mend it.
    database.write(migrations::write_version).await.unwrap();
    assert!(database.health().is_failing());
}

#[tokio::test]
async fn damage_that_is_met_while_writing_makes_the_store_unwell_for_good() {
    let (directory, database) = damaged_far_inside();
    let written = database.write(|connection| connection.execute("UPDATE t SET b = 'y'", []));
    assert!(written.await.is_err());
    assert!(database.health().is_failing());
    database.close();
    let error = Database::check(directory.path()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[test]
fn a_large_database_is_looked_at_for_a_moment() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE_NAME);
    Database::open(directory.path(), Durability::Full)
        .unwrap()
        .close();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE t (b BLOB); INSERT INTO t VALUES (zeroblob(80000000));")
        .unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'accounts'";
    let root: u64 = connection.query_row(root, [], |row| row.get(0)).unwrap();
    connection.close().unwrap();
    let began = std::time::Instant::now();
    inspection::inspect(&path, Depth::Thorough).unwrap();
    assert!(began.elapsed() < Duration::from_secs(20));
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let write = |at| std::os::unix::fs::FileExt::write_all_at(&file, &[0x2a; 4096], at);
    write((root - 1) * 4096).unwrap();
    // The small tables come first.
    let found = inspection::inspect(&path, Depth::Thorough);
    assert!(matches!(found, Err(OpenError::Damaged { .. })), "{found:?}");
    inspection::inspect(&path, Depth::Quick).unwrap();
    file.set_len(70_000_000).unwrap();
    let found = inspection::inspect(&path, Depth::Quick);
    assert!(matches!(found, Err(OpenError::Damaged { .. })), "{found:?}");
}

#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("a/b");
    let _database = Database::open(&directory, Durability::Full).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn each_commit_is_told_from_the_one_before_it_unless_they_are_a_flood() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path(), Durability::Relaxed).unwrap();
    database
        .write(|connection| connection.execute_batch("CREATE TABLE t (n INTEGER)"))
        .await
        .unwrap();
    let began = Instant::now();
    let counted = async || -> u64 {
        database
            .write(|connection| connection.execute("INSERT INTO t VALUES (1)", []))
            .await
            .unwrap();
        let count = |connection: &Connection| {
            connection.query_row("SELECT count FROM mark", [], |row| row.get(0))
        };
        database.read(count).await.unwrap()
    };
    let first = counted().await;
    let mut last = first;
    for _ in 0..80 {
        let count = counted().await;
        assert_eq!(count, last + 1);
        last = count;
    }
    for _ in 0..400 {
        last = counted().await;
    }
    let pauses = 1 + began.elapsed().as_millis() / 5;
    assert!(u128::from(last - first) <= 100 + pauses, "{last}");
}
