//! Catches mistakes of an operator: names that do not exist (the error suggests the nearest one that
//! does), and actions that need `--yes` because they are rarely meant.
//!
//! Must not change anything. These checks are only for better errors: the code that carries out a
//! command checks again whether the room or the user exists.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, bail};
use chat_protocol::{RoomName, Username};

use crate::command::access;
use crate::domain::filter::spelled;
use crate::store::Store;
use crate::store::accounts::Accounts;

/// What an error advises if a room does not exist.
pub const CREATE: &str = "add --create to make it";

/// A room or a user that does not exist; the text is the whole error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotThere(String);

/// The stored name of the room that `room` refers to. If there is none, the error suggests the nearest
/// name and says what else can be done (`otherwise`).
pub async fn need_room(
    store: &dyn Store,
    room: &RoomName,
    otherwise: Option<&str>,
) -> anyhow::Result<RoomName> {
    let room = store.room_called(room).await?;
    let known = store.known_rooms().await?;
    if known.iter().any(|known| known == room.as_str()) {
        return Ok(room);
    }
    let known = known.iter().map(String::as_str);
    Err(not_there("room", room.as_str(), known, otherwise).into())
}

/// Requires a room whose name is spelled exactly like `room`, for commands that can't be undone.
pub async fn need_exactly(store: &dyn Store, room: &RoomName) -> anyhow::Result<()> {
    let meant = need_room(store, room, None).await?;
    match meant == *room {
        true => Ok(()),
        false => Err(not_there("room", room.as_str(), [meant.as_str()].into_iter(), None).into()),
    }
}

/// [`need_exactly`] on the database in `data`, before a command does anything.
pub fn look_for_exactly(data: &Path, room: &RoomName) -> anyhow::Result<()> {
    told(access::read(data, async |store| {
        need_exactly(store, room).await
    }))
}

/// Refuses a room that does not exist, before a command does anything. If the database can't be read
/// (an older schema, say), the command goes on and finds out by itself.
pub fn look_for_room(data: &Path, room: &RoomName, otherwise: Option<&str>) -> anyhow::Result<()> {
    told(access::read(data, async |store| {
        need_room(store, room, otherwise).await.map(drop)
    }))
}

/// Refuses a user who does not exist, likewise. A removed user counts as existing if
/// `is_removed_meant`.
pub fn look_for_user(data: &Path, name: &Username, is_removed_meant: bool) -> anyhow::Result<()> {
    told(access::read(data, async |store| {
        match store.known(name).await? {
            Some(account) if account.removed.is_none() || is_removed_meant => Ok(()),
            Some(_) => {
                Err(NotThere(format!("there is no user {name}: the account was removed")).into())
            }
            None => {
                let known = Accounts::list(store).await?;
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

/// Goes on only if the operator is sure: `--yes` was given (`is_sure`), or somebody at the terminal
/// types yes. `what` is the reason for asking.
pub fn be_sure(is_sure: bool, what: &str) -> anyhow::Result<()> {
    if is_sure {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        bail!("{what}: nothing was done; add --yes to do it anyway");
    }
    match asked(&format!("{what}. Type yes to do it anyway: "))? == "yes" {
        true => Ok(()),
        false => bail!("nothing was done"),
    }
}

/// Asks `question` on standard error and reads one line as the answer, without its line end.
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

/// The known name that is most like `wanted`, if a third of its characters at most differ.
fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let spelled_so = spelled(wanted).trim().to_owned();
    let most = (spelled_so.chars().count() / 3).max(1);
    let near = known.filter_map(|name| {
        let distance = strsim::osa_distance(&spelled_so, spelled(name).trim());
        (distance <= most).then_some((distance, name))
    });
    near.min().map(|(_, name)| name)
}

/// Whether a name is easily mistaken for another one: it has invisible characters, or mixes ASCII
/// letters with others that may look the same. Errors show such names escaped.
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
