//! What the connections' events do to the rooms. Must not know how a connection works.

use std::time::Duration;

use chat_protocol::{
    AuthAccepted, ClientError, ClientEvent, Code, History, Message, RoomState, ServerEvent, Who,
    durations, events, limits::USERNAME_CHARS,
};

use super::event::Effect;
use super::panels::Panel;
use super::reading::Page;
use super::room::Asked;
use super::row::Tone;
use super::seeing::heard;
use super::timeline::{Author, Cause, Filled, Inserted, shown_name};
use super::{App, LinkState, PROBLEM_CHARS};
use crate::link::{LinkEvent, Problem, RoomKey};
use crate::sanitize;

/// Characters of a message that the desktop shows.
const NOTICE_CHARS: usize = 200;
/// What is said of a gap in a log that the server does not have any more.
const LOST: &str =
    "what is missing there can't be loaded: the server has another log of this room now";
/// Between two notifications.
const NOTIFY_AGAIN: Duration = Duration::from_secs(5);
/// After a refused `history`, without the server's word on when to try again.
const HISTORY_PAUSE: Duration = Duration::from_secs(5);
/// The longest that a server can make the client wait before it asks again.
const LONGEST_PAUSE: u64 = 3_600;
/// How long a server that said it restarts, or stops, may be away before that is an error.
const RESTART: Duration = Duration::from_secs(60);

impl App {
    /// Takes in what happened on a room's connection.
    pub(super) fn on_link(&mut self, key: RoomKey, event: LinkEvent, effects: &mut Vec<Effect>) {
        let Some(place) = self.place_of(key) else {
            // The user has left it.
            return;
        };
        // The tabs and the status line show every room's state; a plain event shows only in view.
        match event {
            LinkEvent::Connecting { attempt } => {
                self.rooms[place].link = LinkState::Connecting { attempt };
                self.draw = true;
            }
            LinkEvent::Live {
                accepted,
                resumed,
                content_limit,
            } => {
                self.rooms[place].content_limit = content_limit;
                self.on_live(place, &accepted, resumed, effects);
            }
            LinkEvent::Received(event) => {
                self.rooms[place].cursor.observe(&event);
                self.on_event(place, event, effects);
            }
            LinkEvent::Fault(text) => self.report(place, None, None, &text),
            LinkEvent::Latency(latency) => {
                let changed = self.rooms[place].measure(latency);
                self.draw |= changed && place == self.active;
            }
            LinkEvent::Token { token, .. } => self.credentials.renew(token),
            LinkEvent::TokenEnded(token) => self.credentials.forget(&token),
            LinkEvent::Refused(error) => self.on_refused(place, &error, effects),
            LinkEvent::TokenRefused => self.on_token_refused(place, effects),
            LinkEvent::Lost {
                problem,
                retry_in,
                attempt,
            } => {
                self.on_lost(place, &problem, retry_in, attempt);
                self.give_change_up(place, effects);
            }
            LinkEvent::Ended { code, reason } => self.on_ended(place, code, &reason, effects),
        }
    }

    fn on_live(
        &mut self,
        place: usize,
        accepted: &AuthAccepted,
        resumed: bool,
        effects: &mut Vec<Effect>,
    ) {
        self.draw = true;
        self.me = sanitize::brief(&accepted.username, USERNAME_CHARS);
        self.key = Author::key_of(&accepted.username).into();
        self.reader.key = self.key.as_str().into();
        let shown = sanitize::brief(&accepted.display_name, USERNAME_CHARS);
        self.reader.names = vec![self.me.to_lowercase(), shown.to_lowercase()];
        let stamp = self.stamp(self.now.unix_millis);
        let now = self.now;
        let room = &mut self.rooms[place];
        room.link = LinkState::Live;
        // The line may have been down for as long as it took to find a password.
        room.timeline.unsend(now);
        room.announced = None;
        room.sent_away = None;
        let had_rank = std::mem::replace(&mut room.rank, accepted.access_level);
        if !resumed {
            // Without a position to resume from, what an earlier connection brought can't be joined.
            room.timeline.part(stamp);
            effects.push(Effect::Send(room.key, room.ask_newest()));
        }
        effects.push(Effect::Send(room.key, ClientEvent::Who));
        if accepted.created {
            let words = format!("welcome: the account {} was made", self.me);
            self.tell(place, Tone::Good, &words);
        }
        self.note_rank(place, had_rank);
        self.send_next(place, effects);
        self.next_order(place, effects);
        self.on_let_in(place, effects);
    }

    fn on_event(&mut self, place: usize, event: ServerEvent, effects: &mut Vec<Effect>) {
        let room = &mut self.rooms[place];
        let unread = room.reading.unread();
        room.reading.observe(&event);
        room.observe_in_views(&event);
        // The tabs show every room's unread messages.
        self.draw |= unread != room.reading.unread();
        match event {
            ServerEvent::Message(message) => self.on_message(place, &message, effects),
            ServerEvent::Cerror(error) => self.on_cerror(place, &error, effects),
            ServerEvent::History(history) => self.on_history(place, &history, effects),
            ServerEvent::Who(who) => self.on_who(place, &who),
            ServerEvent::DeleteMessage(deleted) => {
                let event = ServerEvent::DeleteMessage(deleted);
                self.on_order_done(place, &event, None, effects);
                let ServerEvent::DeleteMessage(deleted) = event else {
                    return;
                };
                self.rooms[place].timeline.delete(&deleted);
                self.rooms[place].renew_pin();
                self.draw |= place == self.active;
            }
            ServerEvent::Join(change) | ServerEvent::Leave(change) => {
                self.count(place, change.count);
            }
            ServerEvent::Presence(presence) => self.count(place, presence.count),
            other => self.on_moderation(place, other, effects),
        }
    }

    fn on_message(&mut self, place: usize, message: &Message, effects: &mut Vec<Effect>) {
        let in_view = place == self.active;
        let room = &mut self.rooms[place];
        let own = message
            .nonce
            .as_ref()
            .is_some_and(|nonce| room.timeline.confirm(nonce));
        let inserted = room.timeline.insert(message, &self.reader);
        let is_mention = matches!(
            inserted,
            Inserted::New {
                mentions: true,
                own: false
            }
        );
        if is_mention {
            effects.push(Effect::Mentioned(Box::new(message.clone())));
        }
        if is_mention && (self.notifies_focused || !self.is_focused) && self.may_notify() {
            let title = format!(
                "{} in {}",
                shown_name(&message.display_name, &message.username),
                self.rooms[place].label
            );
            let text = sanitize::brief(&message.content, NOTICE_CHARS);
            effects.push(Effect::Notify { title, text });
        }
        if matches!(inserted, Inserted::New { .. }) {
            self.count_message(place, message);
        }
        // Elsewhere only the tabs change, which every room's first unread message does.
        self.draw |= in_view || inserted != Inserted::Known;
        if own {
            self.rooms[place].posted_at = Some(self.now.elapsed);
            self.send_next(place, effects);
        }
    }

    /// Whether the desktop is told of one more mention: a crowd that mentions somebody is to ring no more
    /// than one who does. The counts say the rest.
    fn may_notify(&mut self) -> bool {
        let now = self.now.elapsed;
        let is_soon = |before: Duration| now < before + NOTIFY_AGAIN;
        let may = !self.notified_at.is_some_and(is_soon);
        if may {
            self.notified_at = Some(now);
        }
        may
    }

    fn on_cerror(&mut self, place: usize, error: &ClientError, effects: &mut Vec<Effect>) {
        let words = match error.retry_after {
            // Most texts say it themselves.
            Some(seconds) if !error.message.contains(&durations::left(seconds)) => {
                format!(
                    "{} (try again in {})",
                    error.message,
                    durations::left(seconds)
                )
            }
            _ => error.message.clone(),
        };
        if self.on_order_refused(place, error, &words, effects) {
            self.record(place, Some(error.code.into()), error.event.clone(), &words);
        } else {
            self.report(place, Some(error.code.into()), error.event.clone(), &words);
        }
        self.forget_asked(place, error.event.as_deref());
        if error.event.as_deref() == Some(events::CHANGE_PASSWORD) {
            self.give_change_up(place, effects);
        }
        let now = self.now.elapsed;
        let cause = match error.code {
            Code::TooFast | Code::Unavailable => Cause::Passing,
            _ => Cause::ForGood,
        };
        let timeline = &mut self.rooms[place].timeline;
        match (error.nonce.as_deref(), error.event.as_deref()) {
            (Some(nonce), _) => {
                timeline.fail(nonce, cause, &words);
            }
            (None, Some(events::MESSAGE)) => {
                timeline.fail_under_way(cause, &words);
            }
            (None, Some(events::HISTORY)) => {
                let pause = error.retry_after.map_or(HISTORY_PAUSE, |seconds| {
                    Duration::from_secs(seconds.min(LONGEST_PAUSE))
                });
                let is_final = !matches!(error.code, Code::TooFast | Code::Unavailable);
                if let Asked::View(number) = self.rooms[place].asked {
                    self.rooms[place].refuse_view(number, is_final, &words);
                }
                if self.rooms[place].asked == Asked::Quote {
                    self.rooms[place].refuse_quote(is_final);
                }
                self.rooms[place].history_refused(now + pause);
            }
            _ => {}
        }
        self.send_next(place, effects);
    }

    fn on_history(&mut self, place: usize, history: &History, effects: &mut Vec<Effect>) {
        let stamp = self.stamp(self.now.unix_millis);
        let room = &mut self.rooms[place];
        let asked = room.asked;
        let page = match history.recovered {
            Some(true) => {
                room.timeline.missed(history, &self.reader);
                Some(Page::Missed)
            }
            Some(false) => {
                room.timeline.not_recovered(history, &self.reader, stamp);
                Some(Page::Newest)
            }
            None => {
                room.asked = Asked::Nothing;
                match asked {
                    Asked::Older => {
                        room.timeline.older(history, &self.reader);
                        Some(Page::Older)
                    }
                    Asked::Newest => {
                        room.timeline.newest(history, &self.reader, stamp);
                        Some(Page::Newest)
                    }
                    // Where the gap is not closed it is still there, for the next page.
                    Asked::Gap => {
                        let (_, filled) = room.timeline.fill_gap(history, &self.reader);
                        let page = Page::Gap(room.timeline.whole_from());
                        if filled == Filled::Never {
                            self.tell(place, Tone::Alert, LOST);
                        }
                        Some(page)
                    }
                    Asked::View(number) => {
                        let found = room.answer_view(number, history, &self.reader, stamp);
                        let is_front = room.views.last().is_some_and(|one| one.number == number);
                        if let Some((entry, opened_at)) =
                            found.filter(|_| is_front && place == self.active)
                        {
                            self.show_found(entry, opened_at);
                        }
                        None
                    }
                    Asked::Quote => {
                        let found = room.take_quote(history, &self.reader);
                        if let Some((id, at, since)) = found.filter(|_| place == self.active) {
                            self.go_to_fetched(&id, at, since);
                        }
                        None
                    }
                    Asked::Nothing => None,
                }
            }
        };
        let room = &mut self.rooms[place];
        if let Some(page) = page {
            let reader = &self.reader;
            let heard =
                |message: &Message| heard(message, Author::key_of(&message.username), reader);
            room.reading.page(page, history, heard);
        }
        if history.recovered.is_some() || asked == Asked::Newest {
            let mut newest = history.entries.iter().rev();
            if let Some(state) = newest.find_map(modes_of) {
                room.set_modes(state);
            }
        }
        room.renew_pin();
        self.draw = true;
        self.send_next(place, effects);
    }

    fn on_who(&mut self, place: usize, who: &Who) {
        self.count(place, who.count);
        if !std::mem::take(&mut self.rooms[place].wants_members) {
            return;
        }
        let mut who = who.clone();
        // Those of rank first, then by name.
        who.members
            .sort_by_cached_key(|member| (member.rank, member.username.to_lowercase()));
        self.rooms[place].members = Some(who);
        if place == self.active {
            self.open_panel(Panel::Who);
        }
    }

    /// What was asked for by this event will not come.
    fn forget_asked(&mut self, place: usize, event: Option<&str>) {
        let room = &mut self.rooms[place];
        match event {
            Some(events::WHO) => room.wants_members = false,
            Some(events::FILTERS) => room.wants_filters = false,
            Some(events::AUDIT) => room.wants_audit = false,
            Some(events::HELD) => room.held.is_asked = false,
            _ => {}
        }
    }

    fn count(&mut self, place: usize, people: usize) {
        let shown = self.rooms[place].people.replace(people);
        self.draw |= place == self.active && shown != Some(people);
    }

    fn on_lost(&mut self, place: usize, problem: &Problem, retry_in: Duration, attempt: u32) {
        let now = self.now;
        let announced = &mut self.rooms[place].announced;
        if let Some(words) = problem.announced() {
            *announced = Some((words, now.elapsed + RESTART));
        }
        let is_explained = match (problem, *announced) {
            (Problem::Closed { .. }, _) => problem.announced().is_some(),
            (_, Some((_, until))) => now.elapsed < until,
            (_, None) => false,
        };
        if !is_explained {
            let code = match problem {
                Problem::Closed { code, .. } => Some(u16::from(*code)),
                _ => None,
            };
            self.record(place, code, None, &problem.to_string());
        }
        let words = match self.rooms[place].announced {
            Some((words, _)) => words.to_owned(),
            None => sanitize::brief(&problem.to_string(), PROBLEM_CHARS),
        };
        let link = LinkState::Waiting {
            until: now.elapsed + retry_in,
            attempt,
            words,
        };
        self.rooms[place].went_down(link, now);
        self.give_orders_up(place);
        self.draw = true;
    }
}

fn modes_of(event: &ServerEvent) -> Option<&RoomState> {
    match event {
        ServerEvent::Room(state) => Some(state),
        _ => None,
    }
}
