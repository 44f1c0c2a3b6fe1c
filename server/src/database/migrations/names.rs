//! Names as they are compared and as they look, worked out anew for accounts that an older server made.

use std::collections::HashMap;

use chat_protocol::{RoomName, Username};
use rusqlite::{Connection, params};

use crate::look_alikes::skeletons;

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
    let mut insert = connection.prepare("INSERT INTO look_alikes VALUES (?1, ?2)")?;
    for one in named(connection)? {
        for skeleton in skeletons(&one.username, &one.key) {
            insert.execute(params![skeleton, one.key])?;
        }
    }
    Ok(())
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
