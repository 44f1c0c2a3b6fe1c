//! One room as the user sees it: its messages, its input, its connection's state. Owns what changes
//! with the connection's events; must not know of other rooms or of keys.

use std::time::Duration;

use chat_protocol::{
    AuditEntry, ClientEvent, FilterEntry, HistoryRequest, MessageId, Rank, RoomChange, RoomName,
    RoomState, Sanctions, Who, limits::TOPIC_CHARS,
};

use super::composer::Composer;
use super::event::Now;
use super::finding::Finder;
use super::held::HeldList;
use super::lately::Lately;
use super::orders::Orders;
use super::quoting::Quoting;
use super::reading::Reading;
use super::timeline::{EntryId, PAGE, Timeline};
use super::views::View;
use crate::cursor::Cursor;
use crate::link::RoomKey;
use crate::sanitize;

/// A shown delay changes when the measured one is this far from it: a number that flickers says
/// nothing.
const LATENCY_STEP: Duration = Duration::from_millis(5);

/// How a room's connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// Not begun.
    Off,
    /// On its way.
    Connecting {
        /// The number of the attempt.
        attempt: u32,
    },
    /// Authenticated.
    Live,
    /// Down; the next attempt begins by itself.
    Waiting {
        until: Duration,
        /// The number of that attempt.
        attempt: u32,
        /// Why the line is down.
        words: String,
    },
    /// Down for good, unless the user asks for more.
    Stopped {
        words: String,
        /// The credentials were refused.
        refused: bool,
    },
}

/// The `history` that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Nothing,
    Newest,
    Older,
    /// What the view with this number needs.
    View(u64),
    /// What is missing at a gap.
    Gap,
    /// A message that is quoted, or pinned.
    Quote,
}

/// A room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) key: RoomKey,
    pub(crate) name: RoomName,
    /// The room's name, harmless.
    pub(crate) label: String,
    pub(crate) timeline: Timeline,
    pub(crate) composer: Composer,
    /// What lies over the messages, the uppermost last.
    pub(crate) views: Vec<View>,
    pub(crate) views_begun: u64,
    /// The line that a search is typed into.
    pub(crate) finder: Option<Finder>,
    /// The position in the log up to which everything came.
    pub(crate) cursor: Cursor,
    pub(crate) link: LinkState,
    /// What the server said before it went down, and until when that explains that it is not there.
    pub(crate) announced: Option<(&'static str, Duration)>,
    /// Why a moderator sends the user away; the connection is about to be closed for it.
    pub(crate) sent_away: Option<String>,
    pub(crate) asked: Asked,
    /// No `history` is asked for before this, after one was refused.
    pub(crate) ask_again: Duration,
    /// The user asked who is here.
    pub(crate) wants_members: bool,
    /// Connections in the room.
    pub(crate) people: Option<usize>,
    /// The delay to the server, as shown.
    pub(crate) latency: Option<Duration>,
    /// What is fetched to be quoted.
    pub(crate) quoting: Quoting,
    /// What of the room was seen.
    pub(crate) reading: Reading,
    /// How fast messages come.
    pub(crate) lately: Lately,
    /// The number of the password that the connection began with.
    pub(crate) password: u64,
    /// The connection was let in, and has a login of its own since.
    pub(crate) was_let_in: bool,
    /// Characters that a message may have.
    pub(crate) content_limit: usize,
    /// The user's standing here.
    pub(crate) rank: Rank,
    /// When this user's last message was in the log.
    pub(crate) posted_at: Option<Duration>,
    /// The user may not post before this, as the present connection told.
    pub(crate) muted_until: Option<Duration>,
    /// What this user ordered as a moderator.
    pub(crate) orders: Orders,
    /// What the room was like before this client locked it.
    pub(crate) locked_from: Option<RoomChange>,
    /// The lists as they came last, and whether the user asked for them.
    pub(crate) members: Option<Who>,
    pub(crate) filters: Vec<FilterEntry>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) sanctions: Option<Sanctions>,
    pub(crate) wants_filters: bool,
    pub(crate) wants_audit: bool,
    /// The room's modes, where the server tells them.
    pub(crate) modes: Modes,
    /// What waits for a moderator, where the user is one.
    pub(crate) held: HeldList,
}

/// A room's modes, as shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modes {
    /// Seconds between a user's messages; 0 is off.
    pub(crate) slow_mode: u64,
    pub(crate) members_only: bool,
    /// Harmless.
    pub(crate) topic: String,
    /// The pinned message, and how it is quoted where it is here.
    pub(crate) pinned: Option<(MessageId, Option<Box<str>>)>,
}

impl Room {
    pub(crate) fn new(key: RoomKey, name: RoomName) -> Self {
        Self {
            key,
            // As the server spells it, unless it has a room of another spelling from before.
            label: sanitize::line(name.plain().as_str()),
            name,
            timeline: Timeline::default(),
            composer: Composer::default(),
            views: Vec::new(),
            views_begun: 0,
            finder: None,
            cursor: Cursor::default(),
            link: LinkState::Off,
            announced: None,
            sent_away: None,
            asked: Asked::Nothing,
            ask_again: Duration::ZERO,
            wants_members: false,
            people: None,
            latency: None,
            quoting: Quoting::default(),
            reading: Reading::default(),
            lately: Lately::default(),
            password: 0,
            was_let_in: false,
            content_limit: chat_protocol::limits::CONTENT_CHARS,
            rank: Rank::User,
            posted_at: None,
            muted_until: None,
            orders: Orders::default(),
            locked_from: None,
            members: None,
            filters: Vec::new(),
            audit: Vec::new(),
            sanctions: None,
            wants_filters: false,
            wants_audit: false,
            modes: Modes::default(),
            held: HeldList::default(),
        }
    }

    /// True while events may be sent.
    pub(crate) fn is_live(&self) -> bool {
        self.link == LinkState::Live
    }

    /// True where nothing happens before the user has given a password, or another room has proven it.
    pub(crate) fn waits_for_password(&self) -> bool {
        matches!(
            self.link,
            LinkState::Off | LinkState::Stopped { refused: true, .. }
        )
    }

    /// The user's messages that are not in the log, with the room's name; harmless.
    pub(crate) fn unsent(&self) -> impl Iterator<Item = (&str, &str)> {
        self.timeline
            .unsent()
            .map(|text| (self.label.as_str(), text))
    }

    /// The line is down: nothing that was asked for will come.
    pub(crate) fn went_down(&mut self, link: LinkState, now: Now) {
        self.link = link;
        self.asked = Asked::Nothing;
        self.latency = None;
        // A mute may be ended while nobody hears of it: the next message brings its answer.
        self.muted_until = None;
        self.timeline.stop_loading();
        self.unask_views();
        self.timeline.unsend(now);
    }

    /// Takes a measured delay; true where the shown one changes.
    pub(crate) fn measure(&mut self, latency: Duration) -> bool {
        let differs = self.latency.is_none_or(|shown| {
            let step = LATENCY_STEP.max(shown / 4);
            latency.abs_diff(shown) > step
        });
        if differs {
            self.latency = Some(latency);
        }
        differs
    }

    /// The request for the newest messages.
    pub(crate) fn ask_newest(&mut self) -> ClientEvent {
        self.asked = Asked::Newest;
        ClientEvent::History(HistoryRequest {
            limit: Some(PAGE),
            ..HistoryRequest::default()
        })
    }

    /// True where older messages are to be had, and may be asked for now.
    pub(crate) fn may_load_older(&self, now: Now) -> bool {
        self.is_live()
            && self.asked == Asked::Nothing
            && now.elapsed >= self.ask_again
            && self.timeline.older_from().is_some()
    }

    /// The request for older messages, where there is something to ask for.
    pub(crate) fn ask_older(&mut self, now: Now) -> Option<ClientEvent> {
        if !self.may_load_older(now) {
            return None;
        }
        let before = self.timeline.begin_loading()?;
        self.asked = Asked::Older;
        Some(ClientEvent::History(HistoryRequest {
            before: Some(before),
            limit: Some(PAGE),
            ..HistoryRequest::default()
        }))
    }

    /// The request for what is missing at a gap, where it may be asked for now.
    pub(crate) fn ask_gap(&mut self, entry: EntryId, now: Now) -> Option<ClientEvent> {
        if !self.is_live() || self.asked != Asked::Nothing || now.elapsed < self.ask_again {
            return None;
        }
        let request = self.timeline.gap_request(entry)?;
        self.asked = Asked::Gap;
        Some(ClientEvent::History(request))
    }

    /// A `history` was refused.
    pub(crate) fn history_refused(&mut self, again_at: Duration) {
        self.asked = Asked::Nothing;
        self.ask_again = again_at;
        self.timeline.stop_loading();
    }

    /// The next of the user's messages to send.
    pub(crate) fn next_to_send(&mut self, now: Now) -> Option<ClientEvent> {
        let is_slow = self.slow_until().is_some_and(|until| now.elapsed < until);
        if !self.is_live() || self.muted_until.is_some() || is_slow {
            return None;
        }
        self.timeline.next_to_send(now)
    }

    /// When slow mode lets this user post again.
    pub(crate) fn slow_until(&self) -> Option<Duration> {
        let seconds = self.modes.slow_mode;
        if seconds == 0 || self.rank != Rank::User {
            return None;
        }
        Some(self.posted_at? + Duration::from_secs(seconds))
    }

    /// Takes the room's modes over; true where they are others than before.
    pub(crate) fn set_modes(&mut self, state: &RoomState) -> bool {
        let pinned = state.pinned.clone();
        let modes = Modes {
            slow_mode: state.slow_mode,
            members_only: state.members_only,
            topic: sanitize::brief(&state.topic, TOPIC_CHARS),
            pinned: pinned.map(|id| (id.clone(), self.timeline.quote(&id))),
        };
        let changed = self.modes != modes;
        self.modes = modes;
        changed
    }

    /// Looks the pinned message up again: messages came, or went.
    pub(crate) fn renew_pin(&mut self) {
        if let Some((id, quote)) = &mut self.modes.pinned {
            *quote = self.timeline.quote(id);
        }
    }
}
