//! What is stored and can't be read: a newer server wrote it, or somebody else did. It is left where
//! it is and reported, once; whatever else is stored holds.

use std::collections::HashSet;
use std::error::Error as StdError;
use std::sync::Mutex;

use rusqlite::Error;

/// Reports at most: nobody reads more of them.
const REPORTS: usize = 1_000;

/// The rows that can be read, of those that `table` holds of `what`. Fails only where the database
/// does.
pub fn readable<T>(
    table: &str,
    what: &str,
    rows: impl Iterator<Item = rusqlite::Result<T>>,
) -> rusqlite::Result<Vec<T>> {
    let mut found = Vec::new();
    for row in rows {
        match row {
            Ok(row) => found.push(row),
            Err(error) if is_unreadable(&error) => report(table, what, &error),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// A value that stands at `place` in `table`; `None` where it can't be read.
pub fn or_report<T, E: StdError + 'static>(
    table: &str,
    place: impl FnOnce() -> String,
    value: Result<T, E>,
) -> Option<T> {
    value.map_err(|error| report(table, &place(), &error)).ok()
}

/// The database gave a value, but not one that is expected.
pub fn is_unreadable(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..)
    )
}

/// Says that something at `place` in `table` can't be read.
pub fn report(table: &str, place: &str, error: &(dyn StdError + 'static)) {
    static REPORTED: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let key = format!("{table}: {place}: {error}");
    let mut reported = REPORTED.lock().expect("no holder of this lock panics");
    let reported = reported.get_or_insert_default();
    if reported.len() < REPORTS && reported.insert(key) {
        tracing::error!(
            table,
            place,
            error,
            "something stored can't be read and is ignored"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_is_and_a_failing_database_is_no_unreadable_row() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let numbers = |sql: &str| {
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, u64>(0)).unwrap();
            readable("numbers", "these", rows)
        };
        let found = numbers("VALUES (1), (-1), ('x'), (NULL), (2)");
        assert_eq!(found.unwrap(), [1, 2]);
        // Overflows.
        let failed = numbers("VALUES (abs(-9223372036854775807 - 1))");
        assert!(failed.is_err());
    }
}
