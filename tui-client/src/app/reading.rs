//! What of a room the user has seen: a mark in its log, what came after it, and the mentions among that.
//! Right after being away, whatever order pages of the past come in. Owns the counts; must not know
//! what is on the screen or when it was looked at.

use std::collections::{BTreeMap, BTreeSet};

use chat_protocol::{Epoch, History, Message, MessageId, Seq, ServerEvent};

use super::timeline::Author;
use crate::session_state::MENTIONS;

/// Messages that are remembered as unseen; of more, the oldest are a `+` behind the number.
const UNSEEN: usize = 10_000;

/// A place in a room's log up to which all was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    /// When the newest message up to there was posted, in milliseconds since 1970, UTC: what is left
    /// where positions lose their worth.
    pub(crate) time: u64,
}

/// A message, as far as it matters whether it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) seq: Seq,
    pub(crate) id: MessageId,
    /// What the author's name is compared by.
    pub(crate) author: Box<str>,
    pub(crate) time: u64,
    pub(crate) kind: Counts,
}

/// What a message counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Nothing: the user wrote it, here or elsewhere, or does not want to read it.
    Nothing,
    Message,
    /// It names the user.
    Mention,
}

impl Heard {
    /// A message of the author with this key that counts as `kind`.
    pub(crate) fn new(message: &Message, author: Box<str>, kind: Counts) -> Self {
        Self {
            seq: message.seq,
            id: message.id.clone(),
            author,
            time: message.time,
            kind,
        }
    }
}

/// Which part of the log a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The newest entries, on entering the room, or where the gap could not be filled.
    Newest,
    /// Exactly what came since the line went down.
    Missed,
    /// Entries before those that are here.
    Older,
    /// Entries out of a hole; from that position on there is no other.
    Gap(Option<Seq>),
}

/// What of a room was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    mark: Option<Mark>,
    /// The log's present life.
    epoch: Option<Epoch>,
    /// The newest entry, and when the newest message was posted.
    newest: (Seq, u64),
    /// From here on every entry came by.
    known_from: Option<Seq>,
    /// What was not seen: everything behind the mark that counts, and mentions before it that were off
    /// the screen all the time.
    unseen: BTreeMap<Seq, Unseen>,
    /// Those among them that name the user.
    mentions: BTreeSet<Seq>,
    /// There was more behind the mark, which did not come by.
    more: bool,
    /// The line above what is new stands behind this.
    line: Option<Seq>,
    /// It would stand behind this, if what came is not seen at once.
    came: Option<Seq>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Unseen {
    id: MessageId,
    author: Box<str>,
    time: u64,
}

/// An unseen mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) id: MessageId,
    pub(crate) seq: Seq,
    /// What the author's name is compared by.
    pub(crate) author: Box<str>,
    /// In milliseconds since 1970, UTC.
    pub(crate) time: u64,
}

impl Reading {
    /// A room that was read up to `mark`, in an earlier run; `None` for one that is new to the user.
    pub(crate) fn new(mark: Option<Mark>) -> Self {
        Self {
            mark,
            ..Self::default()
        }
    }

    /// Mentions that were not seen in an earlier run, behind the mark or before it.
    pub(crate) fn remember(&mut self, mentions: impl IntoIterator<Item = Mention>) {
        for mention in mentions {
            let unseen = Unseen {
                id: mention.id,
                author: mention.author,
                time: mention.time,
            };
            self.mentions.insert(mention.seq);
            self.unseen.insert(mention.seq, unseen);
        }
    }

    /// The newest mentions that were not seen, for the next run, in order.
    pub(crate) fn unseen_mentions(&self) -> Vec<Mention> {
        let newest = self.mentions.iter().rev().take(MENTIONS);
        let mut found: Vec<_> = newest.filter_map(|seq| self.mention(*seq)).collect();
        found.reverse();
        found
    }

    /// The mark, for the next run.
    pub(crate) fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// Unseen messages of others.
    pub(crate) fn unread(&self) -> usize {
        // Only mentions are left before the mark.
        self.unseen.len() - self.unseen.range(..=self.marked()).count()
    }

    /// Unseen messages that name the user.
    pub(crate) fn mentions(&self) -> usize {
        self.mentions.len()
    }

    /// There are more unseen messages than those that came by.
    pub(crate) fn has_more(&self) -> bool {
        self.more
    }

    /// Something is unseen.
    pub(crate) fn has_unseen(&self) -> bool {
        self.more || !self.unseen.is_empty()
    }

    /// The oldest mention that was not seen.
    pub(crate) fn oldest_mention(&self) -> Option<Mention> {
        self.mention(*self.mentions.first()?)
    }

    /// The position behind which the line above what is new stands; it stays where it is when that is seen.
    pub(crate) fn line(&self) -> Option<Seq> {
        self.line
    }

    /// A message came.
    pub(crate) fn message(&mut self, heard: &Heard) {
        self.advance(heard.seq, heard.time);
        self.known_from.get_or_insert(heard.seq);
        self.count(heard);
    }

    /// A page of the room's log came; `heard` says what a message counts as.
    pub(crate) fn page(
        &mut self,
        page: Page,
        history: &History,
        heard: impl Fn(&Message) -> Heard,
    ) {
        if self.epoch.as_ref() != Some(&history.epoch) {
            if matches!(page, Page::Older | Page::Gap(_)) {
                return;
            }
            self.begin_life(history);
        }
        let oldest = history.entries.iter().filter_map(ServerEvent::seq).min();
        for entry in &history.entries {
            match entry {
                ServerEvent::Message(message) => {
                    self.advance(message.seq, message.time);
                    if self.mark.is_some() {
                        self.count(&heard(message));
                    }
                }
                other => self.observe(other),
            }
        }
        match page {
            Page::Missed => {}
            Page::Newest => {
                self.known_from = oldest;
                self.more |= self.mark.is_some() && !history.complete;
            }
            Page::Older => self.known_from = oldest.min(self.known_from).or(oldest),
            Page::Gap(whole_from) => self.known_from = whole_from.or(self.known_from),
        }
        let reaches = |from: Seq| from <= self.marked().next();
        let is_of_the_start = !matches!(page, Page::Missed | Page::Gap(_));
        if history.complete && is_of_the_start || self.known_from.is_some_and(reaches) {
            self.more = false;
        }
        if self.mark.is_none() {
            // What was in the room before the user came is not new; what came since is.
            self.set_mark();
            let came = self.unseen.keys().next();
            if let (Some(came), Some(mark)) = (came, &mut self.mark) {
                mark.seq = mark.seq.min(Seq(came.0.saturating_sub(1)));
            }
        }
    }

    /// An entry of the log that is no message.
    pub(crate) fn observe(&mut self, event: &ServerEvent) {
        if let Some(seq) = event.seq() {
            self.advance(seq, 0);
        }
        match event {
            ServerEvent::DeleteMessage(deleted) => {
                self.keep(|_, unseen| unseen.id != deleted.id);
            }
            ServerEvent::Purge(purged) => {
                let key = Author::key_of(&purged.username);
                self.keep(|seq, unseen| seq > purged.seq || unseen.author != key);
            }
            ServerEvent::Clear(cleared) => {
                self.keep(|seq, _| seq > cleared.seq);
                self.more = false;
                self.known_from = Some(cleared.seq);
            }
            _ => {}
        }
    }

    /// The user sees the end of the room, and everything from the position `top` on. Mentions above it stay
    /// unseen until they are looked at.
    pub(crate) fn see_end(&mut self, top: Seq) {
        self.mentions.retain(|seq| *seq < top);
        let mentions = std::mem::take(&mut self.mentions);
        self.keep(|seq, _| mentions.contains(&seq));
        self.mentions = mentions;
        self.more = false;
        self.set_mark();
    }

    /// The user sees a part of the room that is not its end.
    pub(crate) fn see(&mut self, from: Seq, to: Seq) {
        self.mentions.retain(|seq| !(from..=to).contains(seq));
        let mark = self.marked();
        let mentions = std::mem::take(&mut self.mentions);
        self.keep(|seq, _| seq > mark || mentions.contains(&seq));
        self.mentions = mentions;
    }

    /// True where nothing can be seen that was not.
    pub(crate) fn is_up_to_date(&self) -> bool {
        !self.has_unseen() && self.marked() == self.newest.0
    }

    /// What came and is not seen by now is new, and the line goes above it.
    pub(crate) fn settle(&mut self) {
        let came = self.came.take().filter(|_| self.has_unseen());
        self.line = came.or(self.line);
    }

    /// The user goes elsewhere: the line has served.
    pub(crate) fn leave(&mut self) {
        if !self.has_unseen() {
            self.line = None;
        }
    }

    /// Somebody is not to be read any more: what they wrote is not unseen.
    pub(crate) fn forget_author(&mut self, key: &str) {
        self.keep(|_, unseen| *unseen.author != *key);
    }

    fn mention(&self, seq: Seq) -> Option<Mention> {
        let unseen = self.unseen.get(&seq)?;
        Some(Mention {
            id: unseen.id.clone(),
            seq,
            author: unseen.author.clone(),
            time: unseen.time,
        })
    }

    fn marked(&self) -> Seq {
        self.mark.as_ref().map_or(Seq(0), |mark| mark.seq)
    }

    fn advance(&mut self, seq: Seq, time: u64) {
        self.newest = (self.newest.0.max(seq), self.newest.1.max(time));
    }

    fn count(&mut self, heard: &Heard) {
        if heard.kind == Counts::Nothing || heard.seq <= self.marked() {
            return;
        }
        if self.unseen.is_empty() && !self.more {
            self.came = self.mark.as_ref().map(|mark| mark.seq);
        }
        let unseen = Unseen {
            id: heard.id.clone(),
            author: heard.author.clone(),
            time: heard.time,
        };
        if heard.kind == Counts::Mention {
            self.mentions.insert(heard.seq);
        }
        self.unseen.insert(heard.seq, unseen);
        if self.unseen.len() > UNSEEN {
            if let Some((oldest, _)) = self.unseen.pop_first() {
                self.mentions.remove(&oldest);
            }
            self.more = true;
        }
    }

    /// The log is another one than the mark is in: what was posted later than what was seen is new.
    fn begin_life(&mut self, history: &History) {
        self.epoch = Some(history.epoch.clone());
        self.newest = (Seq(0), 0);
        self.known_from = None;
        let Some(mark) = &mut self.mark else {
            return;
        };
        if mark.epoch == history.epoch {
            return;
        }
        self.unseen.clear();
        self.mentions.clear();
        self.line = None;
        self.came = None;
        let messages = history.entries.iter().filter_map(|entry| match entry {
            ServerEvent::Message(message) => Some(message),
            _ => None,
        });
        let seen = messages.take_while(|message| message.time <= mark.time);
        let seen = seen.last().map_or(Seq(0), |message| message.seq);
        mark.epoch = history.epoch.clone();
        mark.seq = seen;
    }

    /// Forgets what is not to be kept.
    fn keep(&mut self, keeps: impl Fn(Seq, &Unseen) -> bool) {
        self.unseen.retain(|seq, unseen| keeps(*seq, unseen));
        let unseen = &self.unseen;
        self.mentions.retain(|seq| unseen.contains_key(seq));
    }

    fn set_mark(&mut self) {
        let Some(epoch) = &self.epoch else {
            return;
        };
        let time = self.mark.as_ref().map_or(0, |mark| mark.time);
        self.mark = Some(Mark {
            epoch: epoch.clone(),
            seq: self.newest.0,
            time: self.newest.1.max(time),
        });
    }
}

/// Where a press of the key for the next unseen goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// To this mention in the room at this place.
    Mention(usize, Mention),
    /// To the room at this place, which has unread messages.
    Room(usize),
    /// Nowhere: all was seen.
    Nowhere,
}

/// The oldest unseen mention of all rooms, in display order; then the next room with unread messages
/// behind the one at the place `active`, which comes last.
pub(crate) fn next<'room>(
    rooms: impl Iterator<Item = &'room Reading> + Clone,
    active: usize,
) -> Next {
    let mentions = rooms.clone().enumerate();
    let mentions = mentions.filter_map(|(place, room)| Some((place, room.oldest_mention()?)));
    if let Some((place, mention)) = mentions.min_by_key(|(_, mention)| mention.time) {
        return Next::Mention(place, mention);
    }
    let unread = rooms.enumerate().filter(|(_, room)| room.has_unseen());
    let places = unread.map(|(place, _)| place);
    // Those to the right first, then from the left; the one in view is the last of these.
    let order = |place: &usize| (*place <= active, *place);
    places.min_by_key(order).map_or(Next::Nowhere, Next::Room)
}

#[cfg(test)]
mod tests;
