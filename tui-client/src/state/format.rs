//! How sessions are written: JSON with a version. Pure. What is read back is checked like anything from
//! outside: a file may be damaged, of another version, or somebody else's.

use chat_protocol::{Epoch, MessageId, RoomName, Seq, Username};
use serde::{Deserialize, Serialize};

use crate::session_state::{
    DRAFTS, MENTIONS, ReadMark, SavedDraft, SavedMention, SavedRoom, SavedSession,
};

/// The version of the files.
const VERSION: u64 = 1;
/// Bytes of a draft that are kept: far more than a message may have.
const DRAFT_BYTES: usize = 64 << 10;

/// A server, and who was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recent {
    /// The server's address.
    pub(crate) server: String,
    pub(crate) username: Username,
}

#[derive(Debug, Serialize, Deserialize)]
struct SessionFile {
    version: u64,
    server: String,
    user: String,
    #[serde(default)]
    active: Option<String>,
    #[serde(default)]
    rooms: Vec<RoomFile>,
    #[serde(default)]
    ignored: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RoomFile {
    name: String,
    #[serde(default)]
    open: bool,
    #[serde(default)]
    read: Option<ReadFile>,
    #[serde(default)]
    mentions: Vec<MentionFile>,
    #[serde(default)]
    drafts: Vec<DraftFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct DraftFile {
    text: String,
    #[serde(default)]
    cursor: usize,
    #[serde(default)]
    reply: Option<ReplyFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ReplyFile {
    id: String,
    name: String,
    quote: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct ReadFile {
    epoch: String,
    seq: u64,
    time: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct MentionFile {
    id: String,
    seq: u64,
    author: String,
    time: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct RecentFile {
    version: u64,
    sessions: Vec<RecentEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RecentEntry {
    server: String,
    user: String,
}

/// What is read of a file before anything else.
#[derive(Debug, Deserialize)]
struct VersionOnly {
    version: u64,
}

/// The file of a session.
pub(super) fn write_session(saved: &SavedSession, server: &str, username: &Username) -> String {
    let saved = saved.clone().bounded();
    let file = SessionFile {
        version: VERSION,
        server: server.to_owned(),
        user: username.as_str().to_owned(),
        active: saved.active.map(|room| room.as_str().to_owned()),
        rooms: saved.rooms.into_iter().map(room_file).collect(),
        ignored: saved.ignored,
    };
    written(&file)
}

/// Reads the file of a session of this user on this server.
pub(super) fn read_session(
    text: &str,
    server: &str,
    username: &Username,
) -> Result<SavedSession, String> {
    let file: SessionFile = parse(text)?;
    let is_own = Username::new(&file.user).is_ok_and(|user| user.key() == username.key());
    if file.server != server || !is_own {
        return Err("it belongs to another server or user".to_owned());
    }
    let rooms: Result<Vec<SavedRoom>, String> = file.rooms.into_iter().map(room).collect();
    let active = file.active.as_deref().map(room_name).transpose()?;
    let saved = SavedSession {
        rooms: rooms?,
        active,
        ignored: file.ignored,
    };
    Ok(saved.bounded())
}

/// The list of recent sessions.
pub(super) fn write_recent(recent: &[Recent]) -> String {
    let sessions = recent.iter().map(|one| RecentEntry {
        server: one.server.clone(),
        user: one.username.as_str().to_owned(),
    });
    written(&RecentFile {
        version: VERSION,
        sessions: sessions.collect(),
    })
}

/// Reads the list of recent sessions.
pub(super) fn read_recent(text: &str) -> Result<Vec<Recent>, String> {
    let file: RecentFile = parse(text)?;
    let sessions = file.sessions.into_iter().map(|entry| {
        let username = Username::new(&entry.user).map_err(|error| format!("a user {error}"))?;
        Ok(Recent {
            server: entry.server,
            username,
        })
    });
    sessions.collect()
}

/// A file of this version as JSON.
pub(super) fn written(file: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(file).expect("texts and numbers are JSON");
    text.push('\n');
    text
}

/// Reads JSON of this version.
pub(super) fn parse<T: for<'text> Deserialize<'text>>(text: &str) -> Result<T, String> {
    let damaged = |error: serde_json::Error| format!("it is damaged ({error})");
    let VersionOnly { version } = serde_json::from_str(text).map_err(damaged)?;
    if version != VERSION {
        return Err(format!(
            "it is of version {version}, and this program knows version {VERSION}"
        ));
    }
    serde_json::from_str(text).map_err(damaged)
}

/// The version that files have, for files of other modules.
pub(super) const fn version() -> u64 {
    VERSION
}

fn room_file(room: SavedRoom) -> RoomFile {
    let read = room.read.map(|mark| ReadFile {
        epoch: mark.epoch.as_str().to_owned(),
        seq: mark.seq.0,
        time: mark.time,
    });
    RoomFile {
        name: room.name.as_str().to_owned(),
        open: room.is_open,
        read,
        mentions: room.mentions.into_iter().map(mention_file).collect(),
        drafts: room.drafts.into_iter().map(draft_file).collect(),
    }
}

fn mention_file(mention: SavedMention) -> MentionFile {
    MentionFile {
        id: mention.id.as_str().to_owned(),
        seq: mention.seq.0,
        author: mention.author,
        time: mention.time,
    }
}

fn mention(file: MentionFile) -> Result<SavedMention, String> {
    Ok(SavedMention {
        id: MessageId::new(file.id).map_err(|error| format!("a message's id {error}"))?,
        seq: Seq(file.seq),
        author: file.author,
        time: file.time,
    })
}

fn draft_file(draft: SavedDraft) -> DraftFile {
    let reply = draft.reply.map(|(id, name, quote)| ReplyFile {
        id: id.as_str().to_owned(),
        name,
        quote,
    });
    DraftFile {
        text: shortened(draft.text),
        cursor: draft.cursor,
        reply,
    }
}

fn draft(file: DraftFile) -> Result<SavedDraft, String> {
    let reply = file.reply.map(|reply| {
        let id = MessageId::new(reply.id).map_err(|error| format!("a message's id {error}"))?;
        Ok::<_, String>((id, shortened(reply.name), shortened(reply.quote)))
    });
    let text = shortened(file.text);
    Ok(SavedDraft {
        cursor: file.cursor.min(text.len()),
        text,
        reply: reply.transpose()?,
    })
}

fn room(file: RoomFile) -> Result<SavedRoom, String> {
    let read = file.read.map(|mark| {
        let epoch = Epoch::new(mark.epoch).map_err(|error| format!("an epoch {error}"))?;
        Ok::<_, String>(ReadMark {
            epoch,
            seq: Seq(mark.seq),
            time: mark.time,
        })
    });
    let mentions = file.mentions.into_iter().take(MENTIONS).map(mention);
    let mentions: Result<Vec<SavedMention>, String> = mentions.collect();
    let drafts = file.drafts.into_iter().take(DRAFTS).map(draft);
    let drafts: Result<Vec<SavedDraft>, String> = drafts.collect();
    Ok(SavedRoom {
        name: room_name(&file.name)?,
        is_open: file.open,
        read: read.transpose()?,
        mentions: mentions?,
        drafts: drafts?,
    })
}

fn room_name(text: &str) -> Result<RoomName, String> {
    RoomName::any(text).map_err(|error| format!("a room {error}"))
}

fn shortened(mut draft: String) -> String {
    let mut end = DRAFT_BYTES.min(draft.len());
    while !draft.is_char_boundary(end) {
        end -= 1;
    }
    draft.truncate(end);
    draft
}
