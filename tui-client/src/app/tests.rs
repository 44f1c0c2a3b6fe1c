//! The app, driven by events: what it orders and what it then holds. The driver, and everything but
//! sending.

mod completion;
mod finding;
mod moderation;
mod quitting;
mod quoting;
mod reconnect;
mod rooms;
mod sending;
mod signing_in;
mod unread;

use super::*;
use crate::keymap::{Action, Motion};
use crate::link::{LinkEvent, Problem as LinkProblem, RoomKey};
use chat_protocol::{ClientEvent, CloseCode, Credential, ServerEvent};
use serde_json::{Value, json};

/// An app with a clock that stands still unless told.
pub(crate) struct Driven {
    pub(crate) app: App,
    pub(crate) now: Now,
}

impl Driven {
    pub(crate) fn new(rooms: &[&str], password: Option<&str>) -> Self {
        Self::with_token(rooms, password, None)
    }

    /// With a token from an earlier run.
    pub(crate) fn with_token(rooms: &[&str], password: Option<&str>, token: Option<&str>) -> Self {
        let settings = Settings {
            username: Username::new("alice").unwrap(),
            rooms: rooms
                .iter()
                .map(|name| RoomName::new(name).unwrap())
                .collect(),
            server: "ws://127.0.0.1:8080".to_owned(),
            password: password.map(Secret::new),
            token: token.map(Secret::new),
            kept: SavedSession::default(),
            keymap: Keymap::default(),
            notifies_focused: false,
            zone: TimeZone::UTC,
            nonce_prefix: "n".to_owned(),
            keeps_drafts: false,
        };
        let now = Now {
            elapsed: Duration::ZERO,
            unix_millis: 1_795_392_000_000,
        };
        let mut driven = Self {
            app: App::new(settings),
            now,
        };
        driven.tell(Event::Resized {
            width: 80,
            height: 24,
        });
        driven
    }

    /// One room, live, with its (empty) history loaded.
    pub(crate) fn live() -> Self {
        let mut driven = Self::new(&["stream1"], Some("pw"));
        driven.tell(Event::Started);
        driven.go_live(0, false);
        driven.receive(
            0,
            "history",
            json!({ "epoch": "e", "entries": [], "complete": true }),
        );
        driven
    }

    pub(crate) fn tell(&mut self, event: Event) -> Vec<Effect> {
        self.app.update(event, self.now)
    }

    pub(crate) fn link(&mut self, place: usize, event: LinkEvent) -> Vec<Effect> {
        self.tell(Event::Link(RoomKey(place), event))
    }

    pub(crate) fn receive(&mut self, place: usize, event: &str, data: Value) -> Vec<Effect> {
        let text = json!({ "event": event, "data": data }).to_string();
        self.link(
            place,
            LinkEvent::Received(ServerEvent::decode(&text).unwrap()),
        )
    }

    pub(crate) fn go_live(&mut self, place: usize, resumed: bool) -> Vec<Effect> {
        let data = json!({ "Code": 200, "message": "Authentification complete",
            "username": "alice", "displayName": "Alice", "room": "r", "accessLevel": 1,
            "capabilities": [], "token": "t", "tokenExpires": 1 });
        let text = json!({ "event": "auth", "data": data }).to_string();
        let ServerEvent::Auth(accepted) = ServerEvent::decode(&text).unwrap() else {
            panic!("not an auth");
        };
        self.link(
            place,
            LinkEvent::Live {
                accepted,
                resumed,
                content_limit: 500,
            },
        )
    }

    pub(crate) fn message(
        &mut self,
        place: usize,
        seq: u64,
        user: &str,
        text: &str,
    ) -> Vec<Effect> {
        self.receive(place, "message", posted(seq, user, text))
    }

    pub(crate) fn act(&mut self, action: Action) -> Vec<Effect> {
        self.tell(Event::Action(action))
    }

    pub(crate) fn type_in(&mut self, text: &str) -> Vec<Effect> {
        text.chars()
            .flat_map(|character| self.act(Action::Insert(character)))
            .collect()
    }

    pub(crate) fn send(&mut self, text: &str) -> Vec<Effect> {
        self.type_in(text);
        self.act(Action::Submit)
    }

    pub(crate) fn wait(&mut self, time: Duration) -> Vec<Effect> {
        self.now.elapsed += time;
        self.now.unix_millis += i64::try_from(time.as_millis()).unwrap();
        self.tell(Event::Woke)
    }

    fn lose(&mut self, place: usize, problem: LinkProblem) -> Vec<Effect> {
        let retry_in = Duration::from_secs(3);
        self.link(
            place,
            LinkEvent::Lost {
                problem,
                retry_in,
                attempt: 2,
            },
        )
    }

    /// What the client says: the answer that stands, or else what it says of the last key.
    pub(crate) fn answer(&self) -> &str {
        let shown = self.app.answers.shown();
        let hint = self.app.answers.hinted().unwrap_or_default();
        shown.map_or(hint, |(answer, _)| &answer.text)
    }

    /// All that was said, one line each.
    fn said(&self) -> String {
        let lines = self.app.log.lines().map(|line| line.text.as_str());
        lines.collect::<Vec<_>>().join("\n")
    }

    fn counts(&self) -> (usize, usize) {
        let timeline = &self.app.room().timeline;
        (timeline.waiting(), timeline.failed())
    }
}

pub(crate) fn posted(seq: u64, user: &str, text: &str) -> Value {
    json!({ "username": user, "content": text, "id": format!("e-{seq}"), "seq": seq,
        "displayName": user, "rank": 3, "time": 1_795_392_000_000_u64, "room": "r" })
}

/// The events among the effects that go to a room, by name, with a message's content.
fn sent(effects: &[Effect]) -> Vec<String> {
    let shown = |event: &ClientEvent| match event {
        ClientEvent::Message(post) => {
            let nonce = post.nonce.as_ref().unwrap();
            format!("{} {nonce}", post.content.as_str())
        }
        other => other.name().to_owned(),
    };
    let events = effects.iter().filter_map(|effect| match effect {
        Effect::Send(_, event) => Some(shown(event)),
        _ => None,
    });
    events.collect()
}

fn refusal(code: u16, event: &str) -> chat_protocol::ClientError {
    let data = json!({ "Code": code, "message": "wrong name or password", "event": event });
    let text = json!({ "event": "cerror", "data": data }).to_string();
    match ServerEvent::decode(&text).unwrap() {
        ServerEvent::Cerror(error) => error,
        other => panic!("{other:?}"),
    }
}

fn connects(effects: &[Effect]) -> Vec<(usize, String)> {
    let connects = effects.iter().filter_map(|effect| match effect {
        Effect::Connect(key, _, Credential::Password(one) | Credential::Token(one), ..) => {
            Some((key.0, one.expose().to_owned()))
        }
        _ => None,
    });
    connects.collect()
}

#[test]
fn the_first_room_signs_in_before_the_others() {
    let mut driven = Driven::new(&["a", "b", "c"], Some("pw"));
    assert_eq!(
        connects(&driven.tell(Event::Started)),
        [(0, "pw".to_owned())]
    );
    let effects = driven.go_live(0, false);
    assert_eq!(
        connects(&effects),
        [(1, "pw".to_owned()), (2, "pw".to_owned())]
    );
    assert_eq!(sent(&effects), ["history", "who"]);
}

#[test]
fn a_wrong_password_is_asked_again_with_the_servers_words() {
    let mut driven = Driven::new(&["a", "b"], None);
    assert_eq!(connects(&driven.tell(Event::Started)), []);
    driven.type_in("wrongg");
    driven.act(Action::Backspace);
    assert_eq!(
        connects(&driven.act(Action::Submit)),
        [(0, "wrong".to_owned())]
    );
    driven.link(0, LinkEvent::Refused(refusal(401, "auth")));
    let words = driven
        .app
        .prompt
        .as_ref()
        .and_then(|prompt| prompt.words.as_deref());
    assert_eq!(words, Some("wrong name or password"));
    assert_eq!(connects(&driven.send("right")), [(0, "right".to_owned())]);
    driven.go_live(0, false);
    assert!(driven.app.prompt.is_none());
}

#[test]
fn other_refusals_are_told_and_not_tried_again() {
    let mut driven = Driven::new(&["a"], Some("pw"));
    driven.tell(Event::Started);
    let effects = driven.link(0, LinkEvent::Refused(refusal(403, "auth")));
    assert_eq!(connects(&effects), []);
    assert!(driven.app.prompt.is_none());
    assert_eq!(driven.app.errors.count(), 1);
    assert_eq!(connects(&driven.send("/reconnect")), [(0, "pw".to_owned())]);
}

#[test]
fn the_prompt_is_left_step_by_step() {
    for action in [Action::Escape, Action::Interrupt, Action::DeleteOrQuit] {
        let mut driven = Driven::new(&["a"], None);
        driven.type_in("secret");
        assert!(!driven.act(action.clone()).contains(&Effect::Quit));
        let quits = driven.act(Action::Interrupt).contains(&Effect::Quit);
        assert_eq!(quits, action != Action::DeleteOrQuit);
    }
    let mut driven = Driven::new(&["a"], None);
    assert!(!driven.act(Action::Escape).contains(&Effect::Quit));
    driven.type_in("talk");
    assert_eq!(driven.app.room().composer.text(), "talk");
    assert_eq!(
        connects(&driven.act(Action::Submit)),
        [],
        "the keys come back"
    );
    assert_eq!(connects(&driven.send("secret")), [(0, "secret".to_owned())]);
    assert_eq!(driven.app.room().composer.text(), "talk");
}

#[test]
fn history_is_asked_for_where_the_view_nears_its_start() {
    let mut driven = Driven::new(&["a"], Some("pw"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    let page = |seqs: std::ops::RangeInclusive<u64>, complete| {
        let entries: Vec<Value> = seqs
            .map(|seq| json!({ "event": "message", "data": posted(seq, "bob", "m") }))
            .collect();
        json!({ "epoch": "e", "entries": entries, "complete": complete })
    };
    assert_eq!(
        sent(&driven.receive(0, "history", page(101..=200, false))),
        [""; 0]
    );
    assert_eq!(sent(&driven.act(Action::Home)), ["history"]);
    assert_eq!(sent(&driven.act(Action::PageUp)), [""; 0], "one at a time");
    let refused =
        json!({ "Code": 429, "message": "too fast", "event": "history", "retryAfter": 7 });
    assert_eq!(
        sent(&driven.receive(0, "cerror", refused)),
        [""; 0],
        "not at once"
    );
    assert_eq!(sent(&driven.wait(Duration::from_secs(7))), ["history"]);
    driven.receive(0, "history", page(1..=100, true));
    assert_eq!(sent(&driven.act(Action::Home)), [""; 0]);
}

#[test]
fn rooms_count_what_comes_while_they_are_not_in_view() {
    let mut driven = Driven::new(&["a", "b"], Some("pw"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    driven.go_live(1, false);
    driven.message(1, 1, "bob", "hello");
    driven.message(1, 2, "bob", "@alice hello");
    driven.message(1, 2, "bob", "@alice hello");
    assert_eq!(
        (
            driven.app.rooms[1].reading.unread(),
            driven.app.rooms[1].reading.mentions()
        ),
        (2, 1)
    );
    driven.type_in("draft of a");
    driven.act(Action::Room(1));
    assert_eq!(
        (
            driven.app.rooms[1].reading.unread(),
            driven.app.rooms[1].reading.mentions()
        ),
        (0, 0)
    );
    assert!(driven.app.room().composer.is_empty());
    driven.act(Action::PreviousRoom);
    assert_eq!(driven.app.room().composer.text(), "draft of a");
    driven.act(Action::Room(8));
    assert_eq!(driven.app.active, 0);
}

#[test]
fn an_announced_stop_is_no_error() {
    let mut driven = Driven::live();
    let closed = |code| LinkProblem::Closed {
        code,
        reason: String::new(),
    };
    driven.lose(0, closed(CloseCode::Restart));
    assert_eq!(driven.app.errors.count(), 0);
    let refused = || LinkProblem::Unreachable("connection refused".to_owned());
    for _ in 0..9 {
        driven.lose(0, refused());
    }
    assert_eq!(driven.app.errors.count(), 0);
    // Whoever comes back does so within a minute.
    driven.wait(Duration::from_secs(60));
    driven.lose(0, refused());
    assert_eq!(driven.app.errors.count(), 1);
    driven.lose(0, closed(CloseCode::SlowReader));
    assert_eq!(driven.app.errors.count(), 2);
}

#[test]
fn a_kick_ends_the_connection_for_good() {
    let mut driven = Driven::live();
    driven.receive(
        0,
        "kick",
        json!({ "message": "Disconnected", "reason": "spam" }),
    );
    let ended = LinkEvent::Ended {
        code: CloseCode::Kicked,
        reason: String::new(),
    };
    assert_eq!(connects(&driven.link(0, ended)), []);
    assert!(matches!(
        driven.app.room().link,
        LinkState::Stopped { refused: false, .. }
    ));
    driven.send("hello?");
    assert_eq!(driven.app.room().composer.text(), "hello?");
}

#[test]
fn nothing_is_drawn_where_nothing_changed() {
    let mut driven = Driven::new(&["a", "b"], Some("pw"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    let millis = |count| LinkEvent::Latency(Duration::from_millis(count));
    assert_eq!(driven.link(0, millis(20)), [Effect::Draw]);
    assert_eq!(driven.link(0, millis(23)), []);
    assert_eq!(driven.link(0, millis(60)), [Effect::Draw]);
    assert_eq!(
        driven.link(1, millis(60)),
        [],
        "of a room that is not in view"
    );
    assert_eq!(driven.receive(1, "presence", json!({ "count": 5 })), []);
    assert_eq!(
        driven.tell(Event::Resized {
            width: 80,
            height: 24
        }),
        []
    );
    assert_eq!(driven.tell(Event::Woke), []);
    assert_eq!(driven.app.wake_at(), None);
}

#[test]
fn the_countdown_moves_by_the_second() {
    let mut driven = Driven::live();
    driven.lose(0, LinkProblem::Silent);
    assert_eq!(driven.app.wake_at(), Some(Duration::from_secs(1)));
    assert_eq!(driven.wait(Duration::from_secs(1)), [Effect::Draw]);
    assert_eq!(driven.app.wake_at(), Some(Duration::from_secs(2)));
    driven.wait(Duration::from_secs(2));
    assert_eq!(driven.app.wake_at(), None);
}

#[test]
fn control_c_clears_before_it_quits() {
    let mut driven = Driven::live();
    driven.type_in("draft");
    assert!(!driven.act(Action::Interrupt).contains(&Effect::Quit));
    assert!(driven.app.room().composer.is_empty());
    assert!(driven.answer().contains("Up brings it back"));
    assert!(!driven.act(Action::Interrupt).contains(&Effect::Quit));
    driven.wait(Duration::from_secs(2));
    assert!(
        !driven.act(Action::Interrupt).contains(&Effect::Quit),
        "long ago"
    );
    assert!(driven.answer().contains("again within 2 s"));
    assert!(driven.act(Action::Interrupt).contains(&Effect::Quit));
    driven.act(Action::Up);
    assert_eq!(driven.app.room().composer.text(), "draft");
    driven.act(Action::Move(Motion::RowStart));
    assert!(!driven.act(Action::DeleteOrQuit).contains(&Effect::Quit));
    assert_eq!(driven.app.room().composer.text(), "raft");
}

#[test]
fn control_z_suspends_wherever_the_user_is() {
    let mut prompted = Driven::new(&["a"], None);
    assert!(prompted.act(Action::Suspend).contains(&Effect::Suspend));
    let mut driven = Driven::live();
    driven.tell(Event::Pasted("1\n2\n3\n4\n5\n6".to_owned()));
    assert!(driven.act(Action::Suspend).contains(&Effect::Suspend));
    assert!(driven.app.paste.is_some());
}

#[test]
fn no_number_or_text_of_a_servers_overflows() {
    let mut driven = Driven::live();
    let long = "x".repeat(1 << 20);
    let refused = json!({ "Code": 429, "message": long, "event": "history",
        "retryAfter": u64::MAX });
    driven.receive(0, "cerror", refused);
    let mut refused = json!({ "Code": 429, "message": "no", "retryAfter": u64::MAX });
    refused["event"] = json!(long);
    driven.receive(0, "cerror", refused);
    let longest = driven.app.errors.entries().map(|entry| {
        let event = entry.problem.event.as_ref().map_or(0, String::len);
        entry.problem.text.len() + event
    });
    assert!(longest.max().unwrap() < 2_000);
    let mut message = posted(u64::MAX, "bob", "m");
    message["time"] = json!(u64::MAX);
    driven.receive(0, "message", message);
    driven.receive(0, "mute", json!({ "duration": u64::MAX }));
    driven.receive(
        0,
        "who",
        json!({ "count": u32::MAX, "members": [], "truncated": true }),
    );
}

#[test]
fn an_answer_goes_by_itself() {
    let mut driven = Driven::live();
    driven.receive(
        0,
        "cerror",
        json!({ "Code": 400, "message": "no\u{1b}[2J" }),
    );
    assert_eq!(driven.answer(), "no\u{fffd}[2J");
    assert_eq!(driven.app.wake_at(), Some(answers::STANDS));
    assert_eq!(driven.wait(answers::STANDS), [Effect::Draw]);
    assert_eq!(driven.answer(), "");
}

#[test]
fn who_is_told_only_where_it_was_asked() {
    let mut driven = Driven::live();
    let member =
        |name: &str, rank: u8| json!({ "username": name, "displayName": name, "rank": rank });
    let who =
        json!({ "count": 3, "members": [member("alice", 0), member("bob", 3)], "truncated": true });
    driven.receive(0, "who", who.clone());
    assert_eq!(driven.app.room().people, Some(3));
    assert!(driven.app.panel.is_none());
    assert_eq!(sent(&driven.send("/who")), ["who"]);
    driven.receive(0, "who", who);
    let items = driven.app.items(Panel::Who);
    let names: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
    assert_eq!(names, ["alice@", "bob", "and more"]);
    assert_eq!(
        driven.app.panel.as_ref().map(|open| open.kind),
        Some(Panel::Who)
    );
}
