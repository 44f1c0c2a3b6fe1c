//! The rules of what concerns the room as a whole: its modes, emptying it, and whether there is one.

use chat_protocol::{Reason, RoomChange, RoomState, events};

use super::{Effect, MemberId, NOBODY, Pinned, Room, for_pace, refuse};
use crate::domain::entry::{Author, EntryBody, NewEntry, RoomChanged, UnixMillis};
use crate::domain::moderation::Standing;

impl Room {
    pub(super) fn clear(&self, id: MemberId, now: UnixMillis) -> Vec<Effect> {
        self.for_moderators(id, events::CLEAR, now, |by| EntryBody::Cleared(by.clone()))
    }

    pub(super) fn change(
        &self,
        id: MemberId,
        change: RoomChange,
        pinned: Pinned,
        now: UnixMillis,
    ) -> Vec<Effect> {
        const EVENT: &str = events::SET_ROOM;
        let effects = self.for_moderators(id, EVENT, now, |by| {
            EntryBody::RoomChanged(RoomChanged {
                what: Some(in_words(&change, &pinned)),
                modes: changed(&self.modes, change),
                by: by.clone(),
            })
        });
        let is_allowed = matches!(effects[..], [Effect::Charge(..)]);
        if is_allowed && pinned == Pinned::Unknown {
            let text = "there is no message with the id in `pinned`".to_owned();
            return vec![refuse(id, EVENT, Reason::Message, text, None)];
        }
        effects
    }

    /// The pinned message is gone, by the hand of `by`.
    pub(super) fn unpin(&self, by: Author, now: UnixMillis) -> Vec<Effect> {
        let modes = RoomState {
            pinned: None,
            ..self.modes.clone()
        };
        let what = None;
        let body = EntryBody::RoomChanged(RoomChanged { modes, what, by });
        vec![Effect::Store(NOBODY, NewEntry { time: now, body })]
    }

    /// There is such a room from now on.
    pub(super) fn found(&mut self, founder: Option<&str>) -> Vec<Effect> {
        match founder {
            Some(key) => self.standing.found(key),
            None => self.standing.is_founded = true,
        }
        Vec::new()
    }

    /// There is no such room any more, and nothing is decided in it.
    pub(super) fn unfound(&mut self) -> Vec<Effect> {
        self.standing = Standing {
            admins: std::mem::take(&mut self.standing.admins),
            ..Standing::default()
        };
        self.modes = RoomState::default();
        Vec::new()
    }

    fn for_moderators(
        &self,
        id: MemberId,
        event: &str,
        now: UnixMillis,
        body: impl FnOnce(&Author) -> EntryBody,
    ) -> Vec<Effect> {
        let body = match self.moderator(id, event) {
            Ok(by) => body(by),
            Err(refused) => return refused,
        };
        vec![for_pace(id, NewEntry { time: now, body })]
    }
}

fn changed(modes: &RoomState, change: RoomChange) -> RoomState {
    RoomState {
        slow_mode: change.slow_mode.unwrap_or(modes.slow_mode),
        members_only: change.members_only.unwrap_or(modes.members_only),
        topic: change.topic.unwrap_or_else(|| modes.topic.clone()),
        pinned: change.pinned.unwrap_or_else(|| modes.pinned.clone()),
        seq: None,
    }
}

/// What `change` asks for, in words: the topic last, which may be any text.
fn in_words(change: &RoomChange, target: &Pinned) -> String {
    let slow = change.slow_mode.map(|seconds| match seconds {
        0 => "slow mode off".to_owned(),
        seconds => format!("slow mode {seconds} s"),
    });
    let members = change.members_only.map(|is_on| match is_on {
        true => "members only on".to_owned(),
        false => "members only off".to_owned(),
    });
    let pinned = change.pinned.as_ref().map(|pinned| match (pinned, target) {
        (Some(_), Pinned::By(author)) => format!("pinned a message by {author}"),
        (Some(id), _) => format!("pinned {id}"),
        (None, _) => "nothing pinned".to_owned(),
    });
    let topic = change.topic.as_ref().map(|topic| match topic.as_str() {
        "" => "no topic".to_owned(),
        topic => format!("topic {topic}"),
    });
    let parts = [slow, members, pinned, topic];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
