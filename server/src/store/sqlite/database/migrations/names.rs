//! Names as they are compared and as they look, worked out anew for accounts that an older server made.

use std::collections::HashMap;

use chat_protocol::{RoomName, Username, skeletons};
use rusqlite::{Connection, params};

/// Where accounts are known by their names as compared: table and column.
const KEYS: [(&str, &str); 8] = [
    ("accounts", "key"),
    ("ranks", "account"),
    ("sanctions", "account"),
    ("sanction_networks", "account"),
    ("admins", "account"),
    ("recent_addresses", "account"),
    ("held", "account"),
    ("entries", "author"),
];

/// An account as far as its name goes.
struct Named {
    key: String,
    username: String,
    created: i64,
}

/// Gives every account the key that its name has by now. Case was once mapped letter by letter, so that
/// `ΟΔΥΣΣΕΥΣ` was not `Οδυσσευς`. Where two accounts have one name by that, the older one has it; the
/// other one keeps a key of its own, by which its owner still logs in.
pub(super) fn renew_keys(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "defer_foreign_keys", true)?;
    let mut all: HashMap<String, Named> = named(connection)?
        .into_iter()
        .map(|one| (one.key.clone(), one))
        .collect();
    for one in named(connection)? {
        let Ok(name) = Username::new(&one.username) else {
            continue;
        };
        let (old, new) = (one.key.clone(), name.key().to_owned());
        // It may have been given another one meanwhile.
        let is_renewed = all.get(&old).is_none_or(|now| now.username != one.username);
        if old == new || is_renewed {
            continue;
        }
        match all.remove(&new) {
            None => {
                rename(connection, &old, &new)?;
                all.remove(&old);
                all.insert(new, one);
            }
            Some(younger) if one.created < younger.created => {
                let aside = format!("\u{1}{old}");
                rename(connection, &new, &aside)?;
                rename(connection, &old, &new)?;
                rename(connection, &aside, &old)?;
                shadowed(&younger.username, &one.username, &old);
                all.insert(old, younger);
                all.insert(new, one);
            }
            Some(older) => {
                shadowed(&one.username, &older.username, &old);
                all.insert(new, older);
            }
        }
    }
    Ok(())
}

fn shadowed(username: &str, holder: &str, key: &str) {
    tracing::warn!(
        username,
        holder,
        log_in_as = key,
        "two accounts have names that are one by RFC 8265: the older one has it, the other one is \
         found by the name under `log_in_as`"
    );
}

fn rename(connection: &Connection, old: &str, new: &str) -> rusqlite::Result<()> {
    for (table, column) in KEYS {
        let sql = format!("UPDATE {table} SET {column} = ?2 WHERE {column} = ?1");
        connection.execute(&sql, params![old, new])?;
    }
    Ok(())
}

/// Notes what the accounts' names look like.
pub(super) fn note_looks(connection: &Connection) -> rusqlite::Result<()> {
    for one in named(connection)? {
        note_look(connection, &one)?;
    }
    Ok(())
}

fn note_look(connection: &Connection, one: &Named) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO look_alikes VALUES (?1, ?2)")?;
    for skeleton in skeletons(&one.username, &one.key) {
        insert.execute(params![skeleton, one.key])?;
    }
    Ok(())
}

/// Keeps the names of those who wrote messages and have no account: theirs were removed when removed
/// names were not kept yet, and whoever took such a name would be taken for the author.
pub(super) fn reserve_authors(connection: &Connection) -> rusqlite::Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO accounts (key, username, password_hash, created, id, logins, removed)
         VALUES (?1, ?2, '', ?3, abs(random() / 2) + 1, hex(randomblob(16)),
                 CAST(unixepoch('subsec') * 1000 AS INTEGER))
         ON CONFLICT DO NOTHING",
    )?;
    for one in authors_without_account(connection)? {
        let (author, Some(name)) = (&one.key, name_of(&one)) else {
            continue;
        };
        let reserved = Named {
            key: name.key().to_owned(),
            username: name.as_str().to_owned(),
            created: one.created,
        };
        let values = params![reserved.key, reserved.username, reserved.created];
        if insert.execute(values)? == 0 {
            continue;
        }
        if reserved.key != *author {
            // Compared otherwise by now.
            let sql = "UPDATE entries SET author = ?2 WHERE author = ?1";
            connection.execute(sql, [author, &reserved.key])?;
        }
        note_look(connection, &reserved)?;
    }
    Ok(())
}

/// An author's name as it was registered, where that is known and is the author's, or else as it was
/// compared; `None` where nobody can have it.
fn name_of(author: &Named) -> Option<Username> {
    let registered = Username::new(&author.username).ok();
    let compared = Username::new(&author.key).ok();
    let (Some(name), Some(same)) = (registered, &compared) else {
        return compared;
    };
    // As it was once compared.
    let lower = name.as_str().chars().flat_map(char::to_lowercase);
    match lower.eq(author.key.chars()) || name.key() == same.key() {
        true => Some(name),
        false => compared,
    }
}

/// Those authors, with the names in their newest messages.
fn authors_without_account(connection: &Connection) -> rusqlite::Result<Vec<Named>> {
    // What else is chosen beside one `max` is of that row.
    let mut statement = connection.prepare(
        "SELECT author, iif(json_valid(body), body ->> 'username', NULL), max(time) FROM entries
         WHERE kind = 'message' AND author NOT IN (SELECT key FROM accounts)
         GROUP BY author ORDER BY author",
    )?;
    let authors = statement.query_map([], |row| {
        let key: String = row.get(0)?;
        // What can't be read is not known.
        let username = row.get(1).unwrap_or_else(|_| key.clone());
        // Nobody knows when; before all that they wrote.
        let created = 0;
        Ok(Named {
            key,
            username,
            created,
        })
    })?;
    authors.collect()
}

/// Notes the rooms whose names have another spelling than the plain one, the oldest first.
pub(super) fn note_odd_rooms(connection: &Connection) -> rusqlite::Result<()> {
    let mut rooms = connection.prepare(
        "SELECT name, id FROM rooms UNION ALL
         SELECT room, NULL FROM founded_rooms WHERE room NOT IN (SELECT name FROM rooms)
         ORDER BY id NULLS LAST",
    )?;
    let mut insert = connection.prepare("INSERT INTO odd_rooms (room, plain) VALUES (?1, ?2)")?;
    let mut rows = rooms.query([])?;
    while let Some(row) = rows.next()? {
        // A name that is none is no room's.
        if let Ok(room) = RoomName::stored(row.get_ref(0)?.as_str()?)
            && !room.is_plain()
        {
            insert.execute([room.as_str(), room.plain().as_str()])?;
        }
    }
    Ok(())
}

/// All accounts, the oldest first.
fn named(connection: &Connection) -> rusqlite::Result<Vec<Named>> {
    let mut statement =
        connection.prepare("SELECT key, username, created FROM accounts ORDER BY created, key")?;
    let named = statement.query_map([], |row| {
        Ok(Named {
            key: row.get(0)?,
            username: row.get(1)?,
            created: row.get(2)?,
        })
    })?;
    named.collect()
}
