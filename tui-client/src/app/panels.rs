//! The lists that cover the room: what each holds, and what in it can be picked. Owns the open one, its
//! place and its pick; must not draw.

use chat_protocol::{AuditEntry, FilterEntry, HeldId, Member};

use super::App;
use super::card::sanctioned;
use super::held::HeldMessage;
use super::orders_words::{audit_sentence, filter_words};
use super::row::Tone;
use super::target::Target;
use super::timeline::{glyph, unranked};
use crate::sanitize;
use chat_protocol::limits::USERNAME_CHARS;

/// What covers the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Panel {
    /// The keys and commands.
    Help,
    /// Everything that went wrong.
    Problems,
    /// What waits for a moderator.
    Held,
    /// What the client said and moderators did.
    Log,
    /// Who is here.
    Who,
    /// The patterns that messages must not hold.
    Filters,
    /// What moderators did here, as the server keeps it.
    Audit,
    /// Who is banned, muted, appointed.
    Sanctions,
    /// One person.
    Card,
}

/// The panel that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenPanel {
    pub(crate) kind: Panel,
    /// The number of the item that is picked.
    pub(crate) picked: Option<u64>,
    /// Rows that are scrolled away from where it begins.
    pub(crate) scrolled: usize,
}

/// What an item of a panel stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    Person(Target),
    Held(HeldId, Target),
    Filter(String),
}

impl Pick {
    /// Whom it is about.
    pub(crate) fn target(&self) -> Option<&Target> {
        match self {
            Pick::Person(target) | Pick::Held(_, target) => Some(target),
            Pick::Filter(_) => None,
        }
    }
}

/// A line of a panel; wrapped where it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Never the same for two items of a panel, and the same for one while it is open.
    pub(crate) number: u64,
    /// In front, in a column of its own.
    pub(crate) head: String,
    pub(crate) tone: Tone,
    /// Harmless.
    pub(crate) text: String,
    pub(crate) pick: Option<Pick>,
}

impl Panel {
    /// True where the newest is at the bottom, and seen first.
    pub(crate) fn is_upwards(self) -> bool {
        matches!(self, Panel::Problems | Panel::Log | Panel::Audit)
    }
}

impl App {
    /// Opens a panel, or closes it where it is open.
    pub(super) fn toggle(&mut self, kind: Panel) {
        match &self.panel {
            Some(open) if open.kind == kind => self.panel = None,
            _ => self.open_panel(kind),
        }
        self.draw = true;
    }

    /// Opens a panel. One whose keys act begins with something picked.
    pub(super) fn open_panel(&mut self, kind: Panel) {
        self.end_selection();
        self.panel = Some(OpenPanel {
            kind,
            picked: None,
            scrolled: 0,
        });
        if matches!(kind, Panel::Held | Panel::Card) {
            self.pick_first();
        }
        self.draw = true;
    }

    /// What the open panel lists.
    pub(crate) fn items(&self, kind: Panel) -> Vec<Item> {
        match kind {
            Panel::Help | Panel::Problems => Vec::new(),
            Panel::Held => self.held_items(),
            Panel::Log => self.log_items(),
            Panel::Who => self.who_items(),
            Panel::Filters => self.filter_items(),
            Panel::Audit => self.audit_items(),
            Panel::Sanctions => self.sanction_items(),
            Panel::Card => self.card_items(),
        }
    }

    /// What is picked in the open panel.
    pub(crate) fn panel_pick(&self) -> Option<Pick> {
        let open = self.panel.as_ref()?;
        self.pick(open.kind, open.picked?)
    }

    /// What the item of this number stands for. It runs with every frame: nothing is put into words.
    fn pick(&self, kind: Panel, number: u64) -> Option<Pick> {
        let room = self.room();
        let place = usize::try_from(number).ok();
        let person = |target: Option<Target>| target.map(Pick::Person);
        match kind {
            Panel::Help | Panel::Problems => None,
            Panel::Held => {
                let mut held = room.held.waiting();
                held.find(|one| u64::from(one.number) == number)
                    .map(pick_of_held)
            }
            Panel::Log => person(self.log.line(number)?.about.clone()),
            Panel::Who => {
                let members = &room.members.as_ref()?.members;
                person(Target::named(&members.get(place?)?.username))
            }
            Panel::Filters => {
                let filter = room.filters.get(place?)?;
                Some(Pick::Filter(filter.pattern.clone()))
            }
            Panel::Audit => person(Target::named(&room.audit.get(place?)?.target)),
            Panel::Sanctions => {
                person(Target::named(sanctioned(room.sanctions.as_ref()?, place?)?))
            }
            Panel::Card => person(
                self.card
                    .as_ref()
                    .map(|card| card.target.clone())
                    .filter(|_| number == 0),
            ),
        }
    }

    /// Items of a panel.
    pub(super) fn count_items(&self, kind: Panel) -> usize {
        match kind {
            Panel::Log => self.log.lines().len(),
            _ => self.items(kind).len(),
        }
    }

    /// Picks the first item, or the newest where that is seen first.
    pub(super) fn pick_first(&mut self) {
        let Some(kind) = self.panel.as_ref().map(|open| open.kind) else {
            return;
        };
        let items = self.items(kind);
        let mut picks = items.iter().filter(|item| item.pick.is_some());
        let first = match kind.is_upwards() {
            true => picks.next_back(),
            false => picks.next(),
        };
        let number = first.map(|item| item.number);
        if let Some(open) = &mut self.panel {
            open.picked = number;
        }
    }

    /// Moves the pick; at the end it stays.
    pub(super) fn step_pick(&mut self, down: bool) {
        let Some(open) = &self.panel else {
            return;
        };
        let (kind, picked) = (open.kind, open.picked);
        let items = self.items(kind);
        let numbers: Vec<u64> = items
            .iter()
            .filter(|item| item.pick.is_some())
            .map(|item| item.number)
            .collect();
        let place = picked.and_then(|picked| numbers.iter().position(|one| *one == picked));
        let next = match (place, down) {
            (None, _) => return self.pick_first(),
            (Some(place), true) => numbers.get(place + 1),
            (Some(place), false) => place.checked_sub(1).and_then(|place| numbers.get(place)),
        };
        if let (Some(number), Some(open)) = (next, &mut self.panel) {
            open.picked = Some(*number);
        }
    }

    /// The messages that have waited longest.
    pub(crate) fn oldest_held(&self, most: usize) -> Vec<Item> {
        self.held_items_to(most)
    }

    /// The newest lines of the log, the oldest first.
    pub(crate) fn newest_of_log(&self, most: usize) -> Vec<Item> {
        let skipped = self.log.lines().len().saturating_sub(most);
        self.log_items_from(skipped)
    }

    fn log_items(&self) -> Vec<Item> {
        self.log_items_from(0)
    }

    fn log_items_from(&self, skipped: usize) -> Vec<Item> {
        let several = self.rooms.len() > 1;
        let lines = self.log.lines().skip(skipped).map(|line| {
            let room = if several {
                format!("{} ", line.room)
            } else {
                String::new()
            };
            Item {
                number: line.number,
                head: format!("{} {room}", self.clock(line.unix_millis)),
                tone: line.tone,
                text: line.text.clone(),
                pick: line.about.clone().map(Pick::Person),
            }
        });
        lines.collect()
    }

    fn held_items(&self) -> Vec<Item> {
        self.held_items_to(usize::MAX)
    }

    fn held_items_to(&self, most: usize) -> Vec<Item> {
        let held = self.room().held.waiting().take(most).map(|one| Item {
            number: one.number.into(),
            head: format!("{} {:>3} ", self.clock(one.unix_millis), one.number),
            tone: Tone::Text,
            text: one.words(),
            pick: Some(pick_of_held(one)),
        });
        held.collect()
    }

    fn who_items(&self) -> Vec<Item> {
        let Some(who) = &self.room().members else {
            return Vec::new();
        };
        let mut items: Vec<Item> = (0..)
            .zip(&who.members)
            .map(|(number, member)| member_item(number, member))
            .collect();
        if who.truncated {
            items.push(plain(u64::MAX, "and more"));
        }
        items
    }

    fn filter_items(&self) -> Vec<Item> {
        let filters = (0..).zip(&self.room().filters);
        filters
            .map(|(number, entry)| filter_item(number, entry))
            .collect()
    }

    fn audit_items(&self) -> Vec<Item> {
        let lines = (0..).zip(&self.room().audit);
        lines
            .map(|(number, entry)| self.audit_item(number, entry))
            .collect()
    }

    pub(super) fn audit_item(&self, number: u64, entry: &AuditEntry) -> Item {
        let millis = i64::try_from(entry.time).unwrap_or(i64::MAX);
        let stamp = self.stamp(millis);
        Item {
            number,
            head: format!("{} {:02}:{:02} ", stamp.date, stamp.hour, stamp.minute),
            tone: Tone::Text,
            text: audit_sentence(entry, &self.me),
            pick: Target::named(&entry.target).map(Pick::Person),
        }
    }

    /// `14:01`, and the day where that is another one.
    pub(crate) fn clock(&self, unix_millis: i64) -> String {
        let stamp = self.stamp(unix_millis);
        let time = format!("{:02}:{:02}", stamp.hour, stamp.minute);
        match stamp.date == self.stamp(self.now.unix_millis).date {
            true => time,
            false => format!("{} {time}", stamp.date.strftime("%b %-d")),
        }
    }
}

fn pick_of_held(one: &HeldMessage) -> Pick {
    Pick::Held(one.id.clone(), one.target.clone())
}

/// An item that only says something.
pub(super) fn plain(number: u64, text: &str) -> Item {
    Item {
        number,
        head: String::new(),
        tone: Tone::Faint,
        text: text.to_owned(),
        pick: None,
    }
}

fn member_item(number: u64, member: &Member) -> Item {
    let name = sanitize::brief(&member.display_name, USERNAME_CHARS);
    Item {
        number,
        head: String::new(),
        tone: Tone::Text,
        text: format!("{}{}", unranked(&name), glyph(member.rank).trim_end()),
        pick: Target::named(&member.username).map(Pick::Person),
    }
}

fn filter_item(number: u64, entry: &FilterEntry) -> Item {
    let (state, text) = filter_words(entry);
    Item {
        number,
        head: format!("{state:<11} "),
        tone: Tone::Text,
        text,
        pick: Some(Pick::Filter(entry.pattern.clone())),
    }
}
