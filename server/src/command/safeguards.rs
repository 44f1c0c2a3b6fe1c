//! What an operator most likely did not mean: names that are not there, told with the nearest that are,
//! and what is not done without a second word.
//!
//! Only looks. Whether a room or a user is there is decided where something is done to it.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use chat_protocol::{RoomName, Username};

use crate::command::console;
use crate::domain::filter::spelled;
use crate::store::accounts::Accounts;
use crate::store::rooms::RoomDirectory;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::database::Database;

/// A name that is not there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotThere(String);

/// The name of the room that is called `room`, which has to be there. What `otherwise` says can be done
/// where it is not is said as well.
pub async fn need_room(
    database: &Arc<Database>,
    room: &RoomName,
    otherwise: Option<&str>,
) -> anyhow::Result<RoomName> {
    let rooms = SqliteStore::new(Arc::clone(database));
    let room = rooms.room_called(room).await?;
    let known = rooms.known_rooms().await?;
    if known.iter().any(|known| known == room.as_str()) {
        return Ok(room);
    }
    let known = known.iter().map(String::as_str);
    Err(not_there("room", room.as_str(), known, otherwise).into())
}

/// Makes sure that `room` is the name of a room exactly as it is spelled: what is done to it can't be undone.
pub async fn need_exactly(database: &Arc<Database>, room: &RoomName) -> anyhow::Result<()> {
    let meant = need_room(database, room, None).await?;
    match meant == *room {
        true => Ok(()),
        false => Err(not_there("room", room.as_str(), [meant.as_str()].into_iter(), None).into()),
    }
}

/// The same, before anything is done.
pub fn look_for_exactly(data: &Path, room: &RoomName) -> anyhow::Result<()> {
    told(console::for_reading(data, async |database| {
        need_exactly(&database, room).await
    }))
}

/// Looks for a room before anything is done; where that can't be told, such as from an older schema, what is
/// done then tells.
pub fn look_for_room(data: &Path, room: &RoomName, otherwise: Option<&str>) -> anyhow::Result<()> {
    told(console::for_reading(data, async |database| {
        need_room(&database, room, otherwise).await.map(drop)
    }))
}

/// Refuses a user who is not there, likewise. Who was removed is there where `is_removed_meant`.
pub fn look_for_user(data: &Path, name: &Username, is_removed_meant: bool) -> anyhow::Result<()> {
    told(console::for_reading(data, async |database| {
        let accounts = SqliteStore::new(database);
        match accounts.known(name).await? {
            Some(account) if account.removed.is_none() || is_removed_meant => Ok(()),
            Some(_) => {
                Err(NotThere(format!("there is no user {name}: the account was removed")).into())
            }
            None => {
                let known = accounts.list().await?;
                let meant = known
                    .iter()
                    .filter(|account| account.removed.is_none() || is_removed_meant);
                let meant = meant.map(|account| account.username.as_str());
                Err(not_there("user", name.as_str(), meant, None).into())
            }
        }
    }))
}

fn told(looked: anyhow::Result<()>) -> anyhow::Result<()> {
    match looked {
        Err(error) if error.is::<NotThere>() => Err(error),
        _ => Ok(()),
    }
}

/// Whether to go on with what is seldom meant: on a terminal whoever is there is asked, elsewhere only
/// `--yes` says so.
pub fn be_sure(is_sure: bool, what: &str) -> anyhow::Result<()> {
    if is_sure {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        bail!("{what}: nothing was done; add --yes to do it all the same");
    }
    match asked(&format!("{what}. Type yes to do it all the same: "))? == "yes" {
        true => Ok(()),
        false => bail!("nothing was done"),
    }
}

/// What somebody at the terminal answers to `question`.
pub fn asked(question: &str) -> anyhow::Result<String> {
    write!(io::stderr(), "{question}").context("cannot ask")?;
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.context("cannot read the answer")?;
    Ok(answer.trim_end_matches(['\r', '\n']).to_owned())
}

fn not_there<'a>(
    kind: &str,
    wanted: &str,
    known: impl Iterator<Item = &'a str>,
    otherwise: Option<&str>,
) -> NotThere {
    let meant = nearest(wanted, known);
    let others = [meant, Some(wanted)].into_iter().flatten();
    let is_odd = others.into_iter().any(is_odd);
    let shown = |name: &str| match is_odd {
        true => format!("\"{}\"", name.escape_default()),
        false => name.to_owned(),
    };
    let mut text = format!("there is no {kind} {}", shown(wanted));
    if let Some(meant) = meant {
        text.push_str(&format!(": did you mean {}?", shown(meant)));
    }
    match (otherwise, meant) {
        (Some(otherwise), Some(_)) => text.push_str(&format!(" Otherwise {otherwise}")),
        (Some(otherwise), None) => text.push_str(&format!(": check the name, or {otherwise}")),
        (None, _) => {}
    }
    NotThere(text)
}

/// Of the names that are like `wanted` the one that is most like it.
fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let spelled_so = spelled(wanted).trim().to_owned();
    // A third of it may be wrong.
    let most = (spelled_so.chars().count() / 3).max(1);
    let near = known.filter_map(|name| {
        let distance = strsim::osa_distance(&spelled_so, spelled(name).trim());
        (distance <= most).then_some((distance, name))
    });
    near.min().map(|(_, name)| name)
}

/// Whether a name is easily taken for another one: something in it can't be seen, or it mixes letters
/// of ASCII with others, which may look the same.
fn is_odd(name: &str) -> bool {
    let is_unseen = spelled(name).chars().count() < name.chars().count() || name.trim() != name;
    let has_ascii = name
        .chars()
        .any(|character| character.is_ascii_alphabetic());
    is_unseen || (has_ascii && !name.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &str, known: &[&str], expected: &str) {
        let slip = not_there("room", wanted, known.iter().copied(), None);
        assert_eq!(slip.to_string(), expected);
    }

    #[test]
    fn the_nearest_name_is_told_and_none_that_is_far() {
        let known = ["stream1", "stream2", "speedrun", "配信"];
        check(
            "strem1",
            &known,
            "there is no room strem1: did you mean stream1?",
        );
        check(
            "steram2",
            &known,
            "there is no room steram2: did you mean stream2?",
        );
        check(
            "STREAM1",
            &known,
            "there is no room STREAM1: did you mean stream1?",
        );
        check("配", &known, "there is no room 配: did you mean 配信?");
        check("lobby", &known, "there is no room lobby");
        check("lobby", &[], "there is no room lobby");
    }

    #[test]
    fn what_looks_the_same_is_told_apart() {
        let known = ["live", "cafe\u{301}", "\u{430}lice"];
        check(
            "live ",
            &known,
            "there is no room \"live \": did you mean \"live\"?",
        );
        check(
            "li\u{200b}ve",
            &known,
            "there is no room \"li\\u{200b}ve\": did you mean \"live\"?",
        );
        check(
            "caf\u{e9}",
            &known,
            "there is no room \"caf\\u{e9}\": did you mean \"cafe\\u{301}\"?",
        );
        check(
            "alice",
            &known,
            "there is no room \"alice\": did you mean \"\\u{430}lice\"?",
        );
    }

    #[test]
    fn what_can_be_done_about_it_is_said() {
        let text = |known: &[&str]| {
            let known = known.iter().copied();
            not_there("room", "strem", known, Some("add --create to make it")).to_string()
        };
        let far = "there is no room strem: check the name, or add --create to make it";
        assert_eq!(text(&[]), far);
        let near = "there is no room strem: did you mean stream? Otherwise add --create to make it";
        assert_eq!(text(&["stream"]), near);
    }
}
