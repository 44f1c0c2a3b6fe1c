//! What happens to the rooms' connections: who connects when, what is said of it, and what it means
//! for the end of the program.

use chat_protocol::{
    AuthAccepted, ClientError, ClientEvent, CloseCode, Code, Credential, Rank, Secret, Username,
    limits::USERNAME_CHARS,
};

use super::room::Link;
use super::{Effect, Item, Session};
use crate::exit::Exit;
use crate::link::{LinkEvent, Problem};
use crate::plain_mode::words;
use crate::sanitize;

/// Messages that are said on entering a room.
const FIRST_PAGE: usize = 10;
/// Messages that are asked for where those that were missed can't be named.
const MISSED_PAGE: usize = 50;
/// Characters of what went wrong that are said.
const PROBLEM_CHARS: usize = 500;

impl Session {
    pub(super) fn on_link(&mut self, place: usize, event: LinkEvent) {
        match event {
            LinkEvent::Connecting { .. } | LinkEvent::Latency(_) => {}
            LinkEvent::Token { token, .. } => {
                // Where there is a password, that is what is gone by.
                if self.token.is_some() {
                    self.token = Some(token);
                }
            }
            LinkEvent::TokenEnded(ended) => {
                self.token.take_if(|token| *token == ended);
            }
            LinkEvent::Live {
                accepted,
                resumed,
                content_limit,
            } => self.on_live(place, &accepted, resumed, content_limit),
            LinkEvent::Received(event) => {
                self.rooms[place].cursor.observe(&event);
                self.on_event(place, event);
            }
            LinkEvent::Fault(text) => {
                let words = sanitize::brief(&text, PROBLEM_CHARS);
                self.tell(Some(place), &words);
            }
            LinkEvent::Refused(error) => self.on_refused(place, &error),
            LinkEvent::TokenRefused => self.on_token_refused(place),
            LinkEvent::Lost { problem, .. } => self.on_lost(place, &problem),
            LinkEvent::Ended { code, reason } => self.on_ended(place, code, &reason),
        }
    }

    /// Connects the rooms that wait for the password: one until it is proven, so that a wrong one
    /// counts once.
    pub(super) fn connect_waiting(&mut self) {
        if self.password.is_none() && self.token.is_none() {
            return self.ask_password();
        }
        let is_trying = |room: &super::Room| room.link == Link::Down;
        // Nobody counts how often a token is wrong.
        let is_sure = self.is_proven || self.token.is_some();
        if !is_sure && self.rooms.iter().any(is_trying) {
            return;
        }
        for place in 0..self.rooms.len() {
            if self.rooms[place].link == Link::Off {
                self.connect(place);
                if !is_sure {
                    return;
                }
            }
        }
    }

    fn connect(&mut self, place: usize) {
        let token = self.token.clone().map(Credential::Token);
        let password = || self.password.clone().map(Credential::Password);
        let Some(credential) = token.or_else(password) else {
            self.rooms[place].link = Link::Off;
            return self.ask_password();
        };
        let room = &mut self.rooms[place];
        room.link = Link::Down;
        room.down_since.get_or_insert(self.now.elapsed);
        let effect = Effect::Connect(room.key, room.name.clone(), credential, room.cursor.clone());
        self.effects.push(effect);
    }

    fn ask_password(&mut self) {
        if !self.is_interactive {
            let words = "the login that was kept is over: give the password in CHAT_PASSWORD, \
                         --password-file or --password-command";
            return self.fail(Exit::Refused, words.to_owned());
        }
        if std::mem::replace(&mut self.is_asking, true) {
            return;
        }
        let words = format!(
            "password for {} (a name that is new here becomes an account with it; what you type is \
             not shown):",
            sanitize::brief(self.me.as_str(), USERNAME_CHARS)
        );
        self.tell(None, &words);
        self.effects.push(Effect::AskPassword);
    }

    pub(super) fn on_password(&mut self, password: Secret) {
        self.is_asking = false;
        if password.expose().is_empty() {
            return self.ask_password();
        }
        self.password = Some(password);
        self.connect_waiting();
    }

    /// The user wants to be connected again now.
    pub(super) fn reconnect(&mut self) {
        let mut is_any = false;
        for place in 0..self.rooms.len() {
            let room = &mut self.rooms[place];
            match room.link {
                _ if room.has_left => continue,
                Link::Live => continue,
                Link::Down => self.effects.push(Effect::Retry(room.key)),
                Link::Off | Link::Stopped { .. } => room.link = Link::Off,
            }
            is_any = true;
        }
        let words = match is_any {
            true => "connecting again",
            false => "already connected",
        };
        self.answer(None, words);
        self.connect_waiting();
    }

    fn on_live(
        &mut self,
        place: usize,
        accepted: &AuthAccepted,
        resumed: bool,
        content_limit: usize,
    ) {
        if let Ok(me) = Username::new(&accepted.username) {
            self.me = me;
        }
        let shown = sanitize::brief(&accepted.display_name, USERNAME_CHARS);
        let me = sanitize::brief(&accepted.username, USERNAME_CHARS);
        self.likeness.learn(&shown, &accepted.username);
        self.names = vec![me.to_lowercase(), shown.to_lowercase()];
        let now = self.now.elapsed;
        let room = &mut self.rooms[place];
        room.link = Link::Live;
        room.down_since = None;
        room.rank = accepted.access_level;
        room.content_limit = content_limit;
        let was_live = std::mem::replace(&mut room.was_live, true);
        let was_said = std::mem::take(&mut room.is_down_said);
        let late = room.queue.line_up(now);
        if accepted.created {
            self.tell(None, &format!("a new account was made: {me}"));
        }
        if !was_live || was_said {
            self.say_live(place, &me, was_live);
        }
        if let Some(item) = late {
            let why =
                "the connection was lost before the server confirmed it; it may have been posted";
            self.refuse_item(place, &item, why);
        }
        if !resumed {
            self.ask_newest(place);
        }
        self.is_proven = true;
        self.connect_waiting();
        self.send_next(place);
    }

    fn say_live(&mut self, place: usize, me: &str, again: bool) {
        let rank = match self.rooms[place].rank {
            Rank::User => String::new(),
            rank => format!(", {}", words::rank_word(rank)),
        };
        let label = &self.rooms[place].label;
        let words = match (again, self.is_interactive) {
            (true, _) => "connected again".to_owned(),
            (false, true) => {
                format!("connected to {label} as {me}{rank} (/help says what can be typed)")
            }
            (false, false) => format!("connected to {label} as {me}{rank}"),
        };
        // The first names the room itself.
        self.tell(again.then_some(place), &words);
    }

    /// Asks for the newest messages: without a position in the log nothing comes by itself.
    fn ask_newest(&mut self, place: usize) {
        let room = &mut self.rooms[place];
        let wanted = match room.has_messages {
            true => MISSED_PAGE,
            false => FIRST_PAGE,
        };
        room.held_back = Some(Vec::new());
        room.queue.push_first(Item::page(None, wanted, None));
    }

    fn on_lost(&mut self, place: usize, problem: &Problem) {
        self.went_down(place);
        let words = match problem.announced() {
            Some(words) => format!("the {words}"),
            None => sanitize::brief(&problem.to_string(), PROBLEM_CHARS),
        };
        if !self.rooms[place].was_live && !self.is_interactive {
            return self.fail(Exit::Unreachable, words);
        }
        // Once: what the further attempts meet is no news.
        if !std::mem::replace(&mut self.rooms[place].is_down_said, true) {
            self.tell(Some(place), &format!("{words}; connecting again"));
        }
    }

    /// The line is down, for a while or for good.
    fn went_down(&mut self, place: usize) {
        self.stop_holding_back(place);
        let now = self.now.elapsed;
        let room = &mut self.rooms[place];
        room.link = Link::Down;
        room.down_since.get_or_insert(now);
        let Some(item) = room.queue.line_down(now) else {
            return;
        };
        let why = match item.event {
            ClientEvent::Message(_) => {
                "the connection was lost before the server confirmed it; it may have been posted"
            }
            _ => "the connection was lost before the answer; it may have been done",
        };
        self.refuse_item(place, &item, why);
    }

    fn on_refused(&mut self, place: usize, error: &ClientError) {
        self.went_down(place);
        let words = words::refusal(error);
        if error.code == Code::Unauthenticated && self.is_interactive {
            self.rooms[place].link = Link::Off;
            self.forget_password();
            self.tell(None, &format!("couldn't sign in: {words}"));
            return self.ask_password();
        }
        self.stop_room(place, true, &format!("couldn't join: {words}"));
        if error.code == Code::Unauthenticated {
            return self.fail(Exit::Refused, format!("couldn't sign in: {words}"));
        }
        self.connect_waiting();
    }

    /// The login that the connection once got is worth nothing any more: the password takes its place.
    fn on_token_refused(&mut self, place: usize) {
        self.went_down(place);
        self.connect(place);
    }

    fn on_ended(&mut self, place: usize, code: CloseCode, reason: &str) {
        self.went_down(place);
        let what = match code {
            CloseCode::Kicked => "kicked".to_owned(),
            CloseCode::Banned => "banned".to_owned(),
            CloseCode::Flooding => "disconnected for sending too much".to_owned(),
            CloseCode::SignedOut => "signed out".to_owned(),
            other => format!("disconnected ({})", u16::from(other)),
        };
        let words = words::with_reason(what, Some(reason));
        if code == CloseCode::SignedOut && self.is_changing_password() {
            // It comes back once it is known which password counts.
            self.rooms[place].link = Link::Off;
            return;
        }
        if code == CloseCode::SignedOut && self.is_interactive {
            self.rooms[place].link = Link::Off;
            self.forget_password();
            self.tell(Some(place), &words);
            return self.ask_password();
        }
        self.stop_room(place, code == CloseCode::SignedOut, &words);
    }

    fn forget_password(&mut self) {
        self.password = None;
        self.token = None;
        self.is_proven = false;
    }

    /// The room does not come back by itself; without anybody who could bring one back, the last one
    /// ends the program.
    fn stop_room(&mut self, place: usize, is_refused: bool, words: &str) {
        self.rooms[place].link = Link::Stopped { is_refused };
        let waiting = self.rooms[place].queue.drain();
        let stopped = |room: &super::Room| matches!(room.link, Link::Stopped { .. });
        let is_last = self.rooms.iter().all(stopped);
        match (is_last, self.is_interactive) {
            (true, false) => {}
            (_, true) => self.tell(Some(place), &format!("{words} (/reconnect tries again)")),
            (false, false) => self.tell(Some(place), words),
        }
        for item in waiting.iter().filter(|item| item.line.is_some()) {
            self.refuse_item(place, item, "not connected");
        }
        if is_last && !self.is_interactive {
            let refused = Link::Stopped { is_refused: true };
            let exit = match self.rooms.iter().any(|room| room.link == refused) {
                true => Exit::Refused,
                false => Exit::Unreachable,
            };
            self.fail(exit, words.to_owned());
        }
    }
}
