//! The room's rules as lists of inputs and the effects that must follow.

mod audit;
mod deletion;
mod holding;
mod looking;
mod moderation;
mod modes;
mod posting;
mod presence;
mod set_clock;

use chat_protocol::{
    AuditEntry, Capabilities, Code, Content, DraftContent, HeldId, MemberChange, PostMessage,
    Presence as PresenceEvent, Rank, RoomChange,
};

use super::*;
use crate::domain::address::Address;
use crate::domain::entry::{AccountId, MessagePosted, StoredNonce};
use crate::domain::held::{Choice, Ruled};
use crate::domain::moderation::{BanScope, Height, Person};

const ANN: MemberId = MemberId(1);
const BOB: MemberId = MemberId(2);
const SENDERS_CAME_BACK: MemberId = MemberId(3);

fn author(name: &str) -> Author {
    Author {
        username: name.to_owned(),
        key: name.to_owned(),
        account: AccountId::named(name),
        display_name: name.to_owned(),
        rank: Rank::User,
    }
}

fn joining(id: MemberId, name: &str, wants_presence: bool) -> Input {
    Input::Join(Joining {
        id,
        author: author(name),
        created: 0,
        address: Address::UNKNOWN,
        capabilities: Capabilities {
            presence: wants_presence,
            ..Capabilities::default()
        },
    })
}

fn post(text: &str, nonce: Option<&str>) -> PostMessage {
    PostMessage {
        content: DraftContent::new(text).unwrap(),
        nonce: nonce.map(|text| Nonce::new(text).unwrap()),
        reply_to: None,
    }
}

/// What a member posts, and the seconds that it has to wait for its pace.
pub(super) type Posting = (MemberId, PostMessage, ReplyTarget, Option<u64>);

fn posting(id: MemberId, text: &str, nonce: Option<&str>) -> Posting {
    (id, post(text, nonce), ReplyTarget::None, None)
}

/// What follows from `input` where everybody may do all that the rules allow.
fn apply(room: &mut Room, input: Input, now: impl Into<Moment>) -> Vec<Effect> {
    apply_at_pace(room, input, None, now)
}

/// What follows from `input` where whoever has to wait for its pace has to wait so many seconds.
fn apply_at_pace(
    room: &mut Room,
    input: Input,
    wait: Option<u64>,
    now: impl Into<Moment>,
) -> Vec<Effect> {
    let now = now.into();
    let effects = room.apply(input, now).into_iter();
    let charged = |effect| match effect {
        Effect::Charge(id, allowed) => room.apply(Input::Charged(id, allowed, wait), now),
        effect => vec![effect],
    };
    effects.flat_map(charged).collect()
}

/// What a room can be given.
pub(super) trait Given {
    fn given(self, room: &mut Room, now: impl Into<Moment>) -> Vec<Effect>;
}

impl Given for Input {
    fn given(self, room: &mut Room, now: impl Into<Moment>) -> Vec<Effect> {
        apply(room, self, now)
    }
}

impl Given for Posting {
    fn given(self, room: &mut Room, now: impl Into<Moment>) -> Vec<Effect> {
        let (id, post, target, wait) = self;
        apply_at_pace(room, Input::Post(id, post, target, None), wait, now)
    }
}

/// A post that holds this pattern.
struct Blocked(Posting, crate::domain::filter::Pattern);

impl Given for Blocked {
    fn given(self, room: &mut Room, now: impl Into<Moment>) -> Vec<Effect> {
        let Blocked((id, post, target, wait), pattern) = self;
        apply_at_pace(
            room,
            Input::Post(id, post, target, Some(pattern)),
            wait,
            now,
        )
    }
}

fn give(room: &mut Room, given: impl Given, now: impl Into<Moment>) -> Vec<Effect> {
    given.given(room, now)
}

fn entry(name: &str, text: &str, nonce: Option<&str>, time: u64) -> NewEntry {
    let posted = MessagePosted {
        author: author(name),
        content: Content::from_stored(text.to_owned()),
        reply_to: None,
        nonce: nonce.map(|text| Nonce::new(text).unwrap()),
    };
    NewEntry {
        time,
        body: EntryBody::MessagePosted(posted),
    }
}

fn placed(new: NewEntry, seq: u64) -> Entry {
    Entry {
        seq: Seq(seq),
        time: new.time,
        body: new.body,
    }
}

fn room_with_ann_and_bob() -> Room {
    let mut room = Room::new(Start::default());
    apply(&mut room, joining(ANN, "ann", false), 0);
    apply(&mut room, joining(BOB, "bob", false), 0);
    room
}

#[track_caller]
fn check(room: &mut Room, input: impl Given, now: u64, expected: &[Effect]) {
    assert_eq!(give(room, input, now), expected);
}

#[track_caller]
fn check_refused(effects: &[Effect], to: MemberId, code: Code, nonce: Option<&str>) {
    let [Effect::Send(id, ServerEvent::Cerror(error))] = effects else {
        panic!("{effects:?}")
    };
    assert_eq!((*id, error.code), (to, code));
    assert_eq!(error.nonce.as_deref(), nonce);
    let event = error.event.as_deref();
    assert_eq!(event == Some("message"), nonce.is_some(), "{event:?}");
}

fn room_where(ranks: &[(&str, Rank)]) -> Room {
    let ranks = ranks
        .iter()
        .map(|(name, rank)| ((*name).to_owned(), (*rank).into()));
    Room::new(Start {
        standing: Standing {
            ranks: ranks.collect(),
            ..Standing::default()
        },
        members_age: 900_000,
        ..Start::default()
    })
}

fn target(author: Author) -> Option<StoredMessage> {
    Some(StoredMessage {
        is_holders: true,
        seq: Seq(7),
        author,
    })
}

fn person(name: &str) -> Person {
    Person {
        username: name.to_owned(),
        key: name.to_owned(),
        account: AccountId::named(name),
        is_removed: false,
    }
}

/// Whether what a moderator asked for goes on its way, or is so already.
fn is_carried_out(effects: &[Effect]) -> bool {
    match effects {
        [Effect::Judge(..) | Effect::Store(..)] => true,
        [Effect::Send(_, event)] => !matches!(event, ServerEvent::Cerror(_)),
        _ => false,
    }
}

/// What follows once the verdict that `order` leads to is stored.
fn judge(room: &mut Room, order: Order, now: impl Into<Moment>) -> Vec<Effect> {
    let now = now.into();
    let effects = apply(room, Input::Moderate(ANN, order, Some(person("bob"))), now);
    let [Effect::Judge(ANN, pending)] = &effects[..] else {
        panic!("{effects:?}")
    };
    apply(room, Input::Judged(ANN, pending.verdict.clone()), now)
}

fn moderated_room() -> Room {
    let mut room = room_where(&[("ann", Rank::Administrator)]);
    apply(&mut room, joining(ANN, "ann", false), 0);
    apply(&mut room, joining(BOB, "bob", false), 0);
    room
}

fn change_modes(room: &mut Room, change: RoomChange) {
    let effects = apply(room, Input::Change(ANN, change, Pinned::None), 0);
    let [Effect::Store(ANN, new)] = &effects[..] else {
        panic!("{effects:?}")
    };
    let stored = Input::Stored(vec![(ANN, placed(new.clone(), 1))]);
    apply(room, stored, 0);
}

fn watching(id: MemberId, name: &str) -> Input {
    Input::Join(Joining {
        id,
        author: author(name),
        created: 0,
        address: Address::UNKNOWN,
        capabilities: Capabilities {
            moderation: true,
            ..Capabilities::default()
        },
    })
}
