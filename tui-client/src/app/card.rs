//! One person: what is known of them here, and what the server knows. Also who is banned, muted and
//! appointed in the room. Must not draw, nor decide what may be done to whom.

use chat_protocol::limits::USERNAME_CHARS;
use chat_protocol::{Audit, AuditEntry, ClientEvent, Rank, Sanction, Sanctions, User, durations};

use super::App;
use super::event::Effect;
use super::orders_words::audit_sentence;
use super::panels::{Item, Panel, Pick, plain};
use super::row::Tone;
use super::target::Target;
use super::timeline::{Author, rank_word};
use crate::link::RoomKey;
use crate::sanitize;

/// Characters of a reason that are shown.
const REASON: usize = 200;
/// Messages of a person that a card shows.
const LATEST: usize = 5;

/// A person that is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) room: RoomKey,
    pub(crate) target: Target,
    /// It stands beside the messages, where there is room; else it is a panel.
    pub(crate) is_beside: bool,
    /// What the server knows; `None` until it answers, and for those whom it tells nothing.
    pub(crate) known: Option<Box<User>>,
}

impl Card {
    fn new(room: RoomKey, target: Target, is_beside: bool) -> Self {
        Self {
            room,
            target,
            is_beside,
            known: None,
        }
    }
}

impl App {
    /// Looks a person up: what is known here at once, what the server knows when it answers. The keys act
    /// on them.
    pub(super) fn open_card(&mut self, target: Target, effects: &mut Vec<Effect>) {
        self.look_up(target, false, effects);
    }

    /// The same; with `stays` what is picked stays so where there is room beside it.
    pub(super) fn look_up(&mut self, target: Target, stays: bool, effects: &mut Vec<Effect>) {
        let room = self.room();
        if room.is_live() && self.is_moderator() {
            effects.push(Effect::Send(
                room.key,
                ClientEvent::User {
                    username: target.username.clone(),
                },
            ));
        }
        let is_beside = stays && self.layout().right > 0;
        self.card = Some(Card::new(room.key, target, is_beside));
        match is_beside {
            true => self.draw = true,
            false => self.open_panel(Panel::Card),
        }
    }

    /// True where one person is all that is in view: nobody needs to be told who is picked.
    pub(super) fn is_card_open(&self) -> bool {
        let open = self.panel.as_ref();
        open.is_some_and(|open| open.kind == Panel::Card)
    }

    /// Something was done to the person who is looked at: the server is asked again.
    pub(super) fn renew_card(&self, place: usize, audit: &Audit, effects: &mut Vec<Effect>) {
        let room = &self.rooms[place];
        let Some(card) = self.card.as_ref().filter(|card| card.room == room.key) else {
            return;
        };
        let username = &card.target.username;
        let is_about = |entry: &AuditEntry| *Author::key_of(&entry.target) == *username.key();
        if audit.live && audit.entries.iter().any(is_about) {
            let username = username.clone();
            effects.push(Effect::Send(room.key, ClientEvent::User { username }));
        }
    }

    /// The card that stands beside the messages of the room in view.
    pub(crate) fn card_beside(&self) -> Option<&Card> {
        let card = self.card.as_ref().filter(|card| card.is_beside)?;
        (card.room == self.room().key && self.layout().right > 0).then_some(card)
    }

    /// True for the person whose card stands there.
    pub(super) fn is_beside(&self, target: &Target) -> bool {
        let card = self.card_beside();
        card.is_some_and(|card| card.target.username == target.username)
    }

    /// Takes the card away that stands beside the messages; false where there is none.
    pub(super) fn close_card_beside(&mut self) -> bool {
        let was_there = self.card_beside().is_some();
        if was_there {
            self.card = None;
        }
        was_there
    }

    /// The server knows something of a person.
    pub(super) fn on_user(&mut self, place: usize, user: Box<User>) {
        let key = self.rooms[place].key;
        let is_asked = |card: &&mut Card| {
            card.room == key
                && Target::named(&user.username)
                    .is_some_and(|one| one.username == card.target.username)
        };
        if let Some(card) = self.card.as_mut().filter(is_asked) {
            card.known = Some(user);
            self.draw = true;
        }
    }

    pub(super) fn on_sanctions(&mut self, place: usize, sanctions: Sanctions) {
        self.rooms[place].sanctions = Some(sanctions);
        if place == self.active {
            self.open_panel(Panel::Sanctions);
        }
    }

    /// The person in one row: `free_gifts_Xx: here 4 min, 9 messages, muted once`.
    pub(crate) fn card_summary(&self, target: &Target) -> String {
        format!("{}: {}", target.name, self.card_facts(target))
    }

    fn card_facts(&self, target: &Target) -> String {
        let room = self.room();
        let rank = room.timeline.rank_of(target.username.key());
        let mut parts: Vec<String> = Vec::new();
        parts.extend(
            rank.map(rank_word)
                .filter(|word| !word.is_empty())
                .map(str::to_owned),
        );
        parts.push(counted(
            room.timeline.messages_of(target.username.key()),
            "message",
        ));
        let known = self
            .card
            .as_ref()
            .filter(|card| card.target.username == target.username);
        if let Some(user) = known.and_then(|card| card.known.as_ref()) {
            parts.push(format!("account {}", self.age(user.created)));
            parts.extend(user.banned.as_ref().map(|_| "banned".to_owned()));
            parts.extend(user.muted.as_ref().map(|_| "muted".to_owned()));
            if !user.audit.is_empty() {
                parts.push(
                    counted(user.audit.len(), "entry").replace("entrys", "entries") + " in the log",
                );
            }
        }
        parts.join(", ")
    }

    /// What is known of the person whose card stands beside the messages.
    pub(crate) fn beside_items(&self) -> Vec<Item> {
        self.card_beside()
            .map_or_else(Vec::new, |card| self.lines_of(card))
    }

    pub(super) fn card_items(&self) -> Vec<Item> {
        let Some(card) = &self.card else {
            return Vec::new();
        };
        let mut items = self.lines_of(card);
        if let Some(first) = items.first_mut() {
            first.pick = Some(Pick::Person(card.target.clone()));
        }
        items
    }

    /// What is known of a person, line by line: the first is about the account.
    fn lines_of(&self, card: &Card) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        let mut say = |text: String, tone: Tone| {
            let mut item = plain(items.len() as u64, &text);
            item.tone = tone;
            items.push(item);
        };
        let room = self.place_of(card.room).map(|place| &self.rooms[place]);
        match (&card.known, room) {
            (Some(user), _) => self.known_lines(user, &mut say),
            (None, room) => {
                say(self.card_facts(&card.target), Tone::Text);
                let asks = room.is_some_and(|room| room.rank <= Rank::Moderator && room.is_live());
                let words = match asks {
                    true => "asking the server …",
                    false => "moderators see more here",
                };
                say(words.to_owned(), Tone::Faint);
            }
        }
        let key = card.target.username.key();
        let latest = room.map(|room| room.timeline.latest_of(key, LATEST));
        for (millis, text) in latest.unwrap_or_default() {
            say(format!("{} {text}", self.clock(millis)), Tone::Text);
        }
        items
    }

    fn known_lines(&self, user: &User, say: &mut dyn FnMut(String, Tone)) {
        let rank = rank_word(user.rank);
        let rank = if rank.is_empty() {
            String::new()
        } else {
            format!("{rank}, ")
        };
        let here = match user.here {
            0 => "not here now".to_owned(),
            1 => "here".to_owned(),
            count => format!("here {count} times"),
        };
        let kept = usize::try_from(user.messages).unwrap_or(usize::MAX);
        let kept = counted(kept, "message");
        let account = self.age(user.created);
        say(
            format!("{rank}account {account} old, {here}, {kept} kept in this room"),
            Tone::Text,
        );
        if let Some(ban) = &user.banned {
            say(format!("banned {}", self.sanction_words(ban)), Tone::Alert);
        }
        if let Some(mute) = &user.muted {
            say(format!("muted {}", self.sanction_words(mute)), Tone::Alert);
        }
        if user.audit.is_empty() {
            say(
                "no moderator has done anything about them here".to_owned(),
                Tone::Faint,
            );
        }
        for entry in user.audit.iter().rev() {
            let time = self.clock(i64::try_from(entry.time).unwrap_or(i64::MAX));
            let words = audit_sentence(entry, &self.me);
            say(format!("{time} {words}"), Tone::Text);
        }
    }

    pub(super) fn sanction_items(&self) -> Vec<Item> {
        let Some(sanctions) = &self.room().sanctions else {
            return Vec::new();
        };
        let mut items: Vec<Item> = Vec::new();
        // In the order of `sanctioned`.
        let mut add = |name: &str, head: &str, words: String| {
            let shown = sanitize::brief(name, USERNAME_CHARS);
            items.push(Item {
                number: items.len() as u64,
                head: format!("{head:<10} "),
                tone: Tone::Text,
                text: format!("{shown} {words}").trim_end().to_owned(),
                pick: Target::named(name).map(Pick::Person),
            });
        };
        for one in &sanctions.banned {
            add(&one.username, "banned", self.sanction_words(&one.sanction));
        }
        for one in &sanctions.muted {
            add(&one.username, "muted", self.sanction_words(&one.sanction));
        }
        for one in &sanctions.appointed {
            add(&one.username, rank_word(one.rank), String::new());
        }
        if sanctions.truncated {
            items.push(plain(u64::MAX, "and more"));
        }
        items
    }

    /// `until 14:01 by erin: spam`
    fn sanction_words(&self, sanction: &Sanction) -> String {
        let until = match sanction.until {
            None => "for good".to_owned(),
            Some(until) => format!(
                "until {}",
                self.clock(i64::try_from(until).unwrap_or(i64::MAX))
            ),
        };
        let by = sanitize::brief(&sanction.by, USERNAME_CHARS);
        match sanction.reason.as_deref() {
            None | Some("") => format!("{until} by {by}"),
            Some(reason) => format!("{until} by {by}: {}", sanitize::brief(reason, REASON)),
        }
    }

    /// How long ago that was, in words.
    fn age(&self, unix_millis: u64) -> String {
        let created = i64::try_from(unix_millis).unwrap_or(i64::MAX);
        let seconds = self.now.unix_millis.saturating_sub(created) / 1_000;
        durations::left(u64::try_from(seconds).unwrap_or(0))
    }
}

/// The name of the person at a place among the banned, the muted and the appointed.
pub(super) fn sanctioned(sanctions: &Sanctions, place: usize) -> Option<&str> {
    let banned = sanctions.banned.iter().map(|one| &one.username);
    let muted = sanctions.muted.iter().map(|one| &one.username);
    let appointed = sanctions.appointed.iter().map(|one| &one.username);
    let mut all = banned.chain(muted).chain(appointed);
    all.nth(place).map(String::as_str)
}

/// `1 message`, `2 messages`
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
