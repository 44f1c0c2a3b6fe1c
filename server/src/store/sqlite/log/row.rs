//! An entry's row in the database: what its columns hold, and its body as JSON.

use chat_protocol::{Content, MessageId, Nonce, Rank, RoomState, Seq};
use rusqlite::Row;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::unreadable;
use crate::domain::entry::{
    AccountId, Author, Entry, EntryBody, MessageDeleted, MessagePosted, Purged, RoomChanged,
};

pub(super) const KIND_MESSAGE: &str = "message";
const KIND_DELETION: &str = "deletion";
const KIND_PURGE: &str = "purge";
const KIND_CLEAR: &str = "clear";
pub(super) const KIND_MODES: &str = "modes";
/// A deleted message: its place is kept, and its nonce, so that a retry does not bring it back.
pub(super) const KIND_GONE: &str = "gone";

/// What the columns of an entry's row hold, apart from its place and its time.
pub(super) struct Columns<'a> {
    pub(super) kind: &'static str,
    pub(super) author: &'a str,
    pub(super) account: AccountId,
    pub(super) nonce: Option<&'a str>,
    pub(super) body: String,
}

impl<'a> Columns<'a> {
    pub(super) fn of(body: &'a EntryBody) -> Self {
        match body {
            EntryBody::MessagePosted(posted) => Self {
                kind: KIND_MESSAGE,
                author: &posted.author.key,
                account: posted.author.account,
                nonce: posted.nonce.as_ref().map(Nonce::as_str),
                body: encode(&StoredMessage::of(posted)),
            },
            EntryBody::MessageDeleted(deleted) => Self::by(
                KIND_DELETION,
                &deleted.by,
                encode(&StoredDeletion {
                    target: deleted.target,
                    of: deleted.of.clone(),
                    by: StoredAuthor::of(&deleted.by),
                }),
            ),
            EntryBody::Purged(purged) => Self::by(
                KIND_PURGE,
                &purged.by,
                encode(&StoredPurge {
                    purged: purged.username.clone(),
                    key: purged.key.clone(),
                    by: StoredAuthor::of(&purged.by),
                }),
            ),
            EntryBody::Cleared(by) => Self::by(KIND_CLEAR, by, encode(&StoredAuthor::of(by))),
            EntryBody::RoomChanged(changed) => Self::by(
                KIND_MODES,
                &changed.by,
                encode(&StoredChange {
                    modes: changed.modes.clone(),
                    what: changed.what.clone(),
                    by: StoredAuthor::of(&changed.by),
                }),
            ),
        }
    }
}

impl<'a> Columns<'a> {
    fn by(kind: &'static str, by: &'a Author, body: String) -> Self {
        Self {
            kind,
            author: &by.key,
            account: by.account,
            nonce: None,
            body,
        }
    }
}

/// The entry in a row of seq, time, author, nonce, body, kind and account.
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let kind: String = row.get(5)?;
    let body = match kind.as_str() {
        KIND_MESSAGE => EntryBody::MessagePosted(message(row)?),
        KIND_DELETION => EntryBody::MessageDeleted(deletion(row)?),
        KIND_PURGE => {
            let stored: StoredPurge = decode(row)?;
            EntryBody::Purged(Purged {
                username: stored.purged,
                key: stored.key,
                by: stored.by.restore(row)?,
            })
        }
        KIND_CLEAR => EntryBody::Cleared(decode::<StoredAuthor>(row)?.restore(row)?),
        KIND_MODES => {
            let stored: StoredChange = decode(row)?;
            EntryBody::RoomChanged(RoomChanged {
                modes: stored.modes,
                what: stored.what,
                by: stored.by.restore(row)?,
            })
        }
        _ => return Err(unreadable(5, UnknownKind(kind))),
    };
    Ok(Entry {
        seq: Seq(row.get(0)?),
        time: row.get(1)?,
        body,
    })
}

fn message(row: &Row<'_>) -> rusqlite::Result<MessagePosted> {
    let stored: StoredMessage = decode(row)?;
    let nonce: Option<String> = row.get(3)?;
    Ok(MessagePosted {
        author: stored.author.restore(row)?,
        content: Content::from_stored(stored.content),
        reply_to: stored.reply_to,
        nonce: nonce
            .map(Nonce::new)
            .transpose()
            .map_err(|error| unreadable(3, error))?,
    })
}

fn deletion(row: &Row<'_>) -> rusqlite::Result<MessageDeleted> {
    let stored: StoredDeletion = decode(row)?;
    Ok(MessageDeleted {
        target: stored.target,
        of: stored.of,
        by: stored.by.restore(row)?,
    })
}

fn decode<T: DeserializeOwned>(row: &Row<'_>) -> rusqlite::Result<T> {
    let body: String = row.get(4)?;
    serde_json::from_str(&body).map_err(|error| unreadable(4, error))
}

/// Written by a newer server, or by somebody else.
#[derive(Debug, thiserror::Error)]
#[error("there is no kind of entry called {0:?}")]
struct UnknownKind(String);

/// Who made an entry, as its body keeps it; the name as compared has a column of its own.
#[derive(Serialize, Deserialize)]
struct StoredAuthor {
    username: String,
    display_name: String,
    rank: Rank,
}

impl StoredAuthor {
    fn of(author: &Author) -> Self {
        Self {
            username: author.username.clone(),
            display_name: author.display_name.clone(),
            rank: author.rank,
        }
    }

    fn restore(self, row: &Row<'_>) -> rusqlite::Result<Author> {
        Ok(Author {
            username: self.username,
            key: row.get(2)?,
            account: AccountId(row.get(6)?),
            display_name: self.display_name,
            rank: self.rank,
        })
    }
}

/// A message's body as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredMessage {
    #[serde(flatten)]
    author: StoredAuthor,
    content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<MessageId>,
}

impl StoredMessage {
    fn of(posted: &MessagePosted) -> Self {
        Self {
            author: StoredAuthor::of(&posted.author),
            content: posted.content.as_str().to_owned(),
            reply_to: posted.reply_to.clone(),
        }
    }
}

/// A deletion's body as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredDeletion {
    target: Seq,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(flatten)]
    by: StoredAuthor,
}

/// A purge's body as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredPurge {
    purged: String,
    key: String,
    #[serde(flatten)]
    by: StoredAuthor,
}

/// The body of a change of modes as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredChange {
    modes: RoomState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    what: Option<String>,
    #[serde(flatten)]
    by: StoredAuthor,
}

/// What can be read of modes that can't be read as a whole. What keeps somebody from posting does so
/// where it is doubtful.
pub(super) fn legible_modes(json: &str) -> RoomState {
    let fields: Value = serde_json::from_str(json).unwrap_or_default();
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let members_only = fields.get("membersOnly").unwrap_or(&Value::Bool(false));
    RoomState {
        slow_mode: fields.get("slowMode").and_then(Value::as_u64).unwrap_or(0),
        members_only: *members_only != Value::Bool(false),
        topic: text("topic").unwrap_or_default().to_owned(),
        pinned: text("pinned").and_then(|id| MessageId::new(id).ok()),
        seq: None,
    }
}

pub(super) fn encode(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("a stored entry holds strings and numbers only")
}
