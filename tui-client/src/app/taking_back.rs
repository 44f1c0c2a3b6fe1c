//! Ctrl+O: what this user did as a moderator, and what undoes it. Owns the list; must not send.

use chat_protocol::{ClientEvent, MessageId, Rank, RoomChange, RoomState, Username, durations};

use super::App;
use super::bar::{Bar, Deed};
use super::row::Tone;
use crate::link::RoomKey;

/// Deeds that can be taken back, the newest; older ones go.
const KEPT: usize = 200;

/// What a room was like before a deed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Before {
    slow_mode: u64,
    members_only: bool,
    topic: String,
    pinned: Option<MessageId>,
    ranks: Vec<(Username, Rank)>,
}

impl Before {
    /// A room like this, in which nobody's rank is known.
    pub(crate) fn of(modes: &RoomState) -> Self {
        Self {
            slow_mode: modes.slow_mode,
            members_only: modes.members_only,
            topic: modes.topic.clone(),
            pinned: modes.pinned.clone(),
            ranks: Vec::new(),
        }
    }
}

/// Something that was done, and what undoes it.
#[derive(Debug)]
pub(crate) struct Undo {
    number: u64,
    room: RoomKey,
    words: String,
    events: Vec<ClientEvent>,
    /// Since the program started, when it was done.
    done_at: std::time::Duration,
}

impl App {
    /// What has to be known to undo what `bar` asks about.
    pub(super) fn before(&self, place: usize, bar: &Bar) -> Before {
        let room = &self.rooms[place];
        let ranks = bar.targets.iter().filter_map(|target| {
            let rank = room.timeline.rank_of(target.username.key())?;
            Some((target.username.clone(), rank))
        });
        Before {
            slow_mode: room.modes.slow_mode,
            members_only: room.modes.members_only,
            topic: room.modes.topic.clone(),
            pinned: room.modes.pinned.as_ref().map(|(id, _)| id.clone()),
            ranks: ranks.collect(),
        }
    }

    /// Keeps what undoes a deed, where anything does.
    pub(super) fn remember_undo(
        &mut self,
        room: RoomKey,
        bar: &Bar,
        words: String,
        events: Vec<ClientEvent>,
    ) {
        if let Deed::TakeBack { .. } = bar.deed {
            if let Some(number) = bar.takes_back {
                self.undos.retain(|undo| undo.number != number);
            }
            return;
        }
        if events.is_empty() {
            return;
        }
        self.undos_begun += 1;
        self.undos.push(Undo {
            number: self.undos_begun,
            room,
            words,
            events,
            done_at: self.now.elapsed,
        });
        if self.undos.len() > KEPT {
            self.undos.remove(0);
        }
    }

    /// Asks whether to take back the newest deed; where that is asked already, the one before it.
    pub(super) fn take_back(&mut self) {
        let asked = self.bar.as_ref().and_then(|bar| bar.takes_back);
        let older = |undo: &&Undo| asked.is_none_or(|asked| undo.number < asked);
        let Some(undo) = self.undos.iter().rev().find(older) else {
            let words = match asked {
                None => "nothing to take back yet",
                Some(_) => "there is nothing before it to take back",
            };
            return self.hint(words);
        };
        let Some(place) = self.place_of(undo.room) else {
            let words = format!("can't take back “{}”: you have left that room", undo.words);
            return self.say(Tone::Alert, words);
        };
        let ago = (self.now.elapsed - undo.done_at).as_secs();
        let deed = Deed::TakeBack {
            words: format!("{}, {} ago", undo.words, durations::left(ago)),
            events: undo.events.clone(),
        };
        let label = &self.rooms[place].label;
        let mut bar = Bar::new(undo.room, label, deed, Vec::new());
        bar.takes_back = Some(undo.number);
        self.bar = Some(bar);
    }
}

/// What undoes `event` in a room that was like `before`; nothing where nothing does.
pub(crate) fn reverse(event: &ClientEvent, before: &Before) -> Option<ClientEvent> {
    Some(match event {
        ClientEvent::Mute(mute) => ClientEvent::Unmute {
            username: mute.username.clone(),
        },
        ClientEvent::Ban(ban) => ClientEvent::Unban {
            username: ban.username.clone(),
        },
        ClientEvent::SetMod { username }
        | ClientEvent::SetVip { username }
        | ClientEvent::DelMod { username } => appointment(username, before)?,
        ClientEvent::SetRoom(change) => ClientEvent::SetRoom(RoomChange {
            slow_mode: change.slow_mode.map(|_| before.slow_mode),
            members_only: change.members_only.map(|_| before.members_only),
            topic: change.topic.as_ref().map(|_| before.topic.clone()),
            pinned: change.pinned.as_ref().map(|_| before.pinned.clone()),
        }),
        ClientEvent::AddFilter(filter) => ClientEvent::RemoveFilter {
            pattern: filter.pattern.clone(),
        },
        _ => return None,
    })
}

/// What gives somebody the rank back that they had; one that is not known was none.
fn appointment(username: &Username, before: &Before) -> Option<ClientEvent> {
    let known = before.ranks.iter().find(|(name, _)| name == username);
    let username = username.clone();
    match known.map_or(Rank::User, |(_, rank)| *rank) {
        Rank::Administrator => None,
        Rank::Moderator => Some(ClientEvent::SetMod { username }),
        Rank::Vip => Some(ClientEvent::SetVip { username }),
        Rank::User => Some(ClientEvent::DelMod { username }),
    }
}
