mod session;

use super::*;
use chat_protocol::{AuthAccepted, ServerEvent};
use serde_json::{Value, json};

use crate::link::Problem;

/// A session whose effects are written down as text, one a line.
struct Rig {
    session: Session,
    now: Now,
    lines: u64,
    seq: u64,
}

fn settings(rooms: &[&str]) -> Settings {
    Settings {
        username: Username::new("alice").unwrap(),
        rooms: rooms
            .iter()
            .map(|name| RoomName::new(name).unwrap())
            .collect(),
        password: Some(Secret::new("secret")),
        token: None,
        ignored: Vec::new(),
        is_interactive: false,
        times: false,
        only_mentions: false,
        zone: TimeZone::UTC,
        nonce_prefix: "n".to_owned(),
    }
}

impl Rig {
    fn with(settings: Settings) -> Self {
        Self {
            session: Session::new(settings),
            now: Now::default(),
            lines: 0,
            seq: 0,
        }
    }

    /// In the room `stream`, after the history's empty answer.
    fn live() -> Self {
        Self::live_as(3)
    }

    fn live_as(rank: u8) -> Self {
        let mut rig = Self::with(settings(&["stream"]));
        rig.update(Event::Started);
        rig.enter(0, rank, false);
        rig.history(0, &[], json!({}));
        rig
    }

    fn update(&mut self, event: Event) -> Vec<String> {
        let effects = self.session.update(event, self.now);
        effects.into_iter().map(text_of).collect()
    }

    fn link(&mut self, room: usize, event: LinkEvent) -> Vec<String> {
        self.update(Event::Link(RoomKey(room), event))
    }

    fn enter(&mut self, room: usize, rank: u8, resumed: bool) -> Vec<String> {
        let accepted: AuthAccepted = serde_json::from_value(json!({
            "Code": 200, "message": "", "username": "alice", "displayName": "alice",
            "room": "stream", "accessLevel": rank, "capabilities": [], "token": "t",
            "tokenExpires": 0,
        }))
        .unwrap();
        self.link(
            room,
            LinkEvent::Live {
                accepted: Box::new(accepted),
                resumed,
                content_limit: 20,
            },
        )
    }

    fn receive(&mut self, room: usize, event: &str, data: Value) -> Vec<String> {
        let text = json!({ "event": event, "data": data }).to_string();
        let event = ServerEvent::decode(&text).unwrap();
        self.link(room, LinkEvent::Received(event))
    }

    fn history(&mut self, room: usize, entries: &[Value], more: Value) -> Vec<String> {
        let mut data = json!({ "epoch": "e", "entries": entries, "complete": true });
        for (name, value) in more.as_object().unwrap() {
            data[name] = value.clone();
        }
        self.receive(room, "history", data)
    }

    /// A message from `user`, the next of the log.
    fn message(&mut self, user: &str, content: &str) -> Value {
        self.seq += 1;
        message(self.seq, user, content)
    }

    fn hear(&mut self, user: &str, content: &str) -> Vec<String> {
        let message = self.message(user, content);
        self.receive(0, "message", message)
    }

    fn line(&mut self, text: &str) -> Vec<String> {
        self.lines += 1;
        self.update(Event::Line(self.lines, text.to_owned()))
    }

    fn lose(&mut self) -> Vec<String> {
        self.link(
            0,
            LinkEvent::Lost {
                problem: Problem::Silent,
                retry_in: Duration::ZERO,
                attempt: 1,
            },
        )
    }

    fn after(&mut self, seconds: u64) -> Vec<String> {
        self.now.elapsed += Duration::from_secs(seconds);
        self.update(Event::Woke)
    }

    /// Whoever posted something: what the server answers, with the nonce.
    fn confirm(&mut self, nonce: &str, content: &str) -> Vec<String> {
        let mut own = self.message("alice", content);
        own["nonce"] = json!(nonce);
        self.receive(0, "message", own)
    }
}

fn message(seq: u64, user: &str, content: &str) -> Value {
    json!({
        "username": user, "displayName": user, "content": content, "id": format!("e-{seq}"),
        "seq": seq, "rank": 3, "time": 0, "room": "stream",
    })
}

fn entry(message: &Value) -> Value {
    json!({ "event": "message", "data": message })
}

fn text_of(effect: Effect) -> String {
    match effect {
        Effect::Print(line) => line,
        Effect::Connect(key, ..) => format!("connect {}", key.0),
        Effect::Disconnect(key) => format!("end {}", key.0),
        Effect::Send(key, event) => format!("send {} {}", key.0, event.encode()),
        Effect::Retry(key) => format!("retry {}", key.0),
        Effect::AskPassword => "ask".to_owned(),
        Effect::End => "end".to_owned(),
    }
}

/// One of the lines holds `text`.
#[track_caller]
fn says(lines: &[String], text: &str) {
    assert!(
        lines.iter().any(|line| line.contains(text)),
        "no {text:?} in {lines:#?}"
    );
}

#[test]
fn what_is_there_comes_before_what_comes_and_nothing_twice() {
    let mut rig = Rig::with(settings(&["stream"]));
    assert_eq!(rig.update(Event::Started), ["connect 0"]);
    let lines = rig.enter(0, 1, false);
    assert_eq!(lines[0], "- connected to stream as alice, moderator");
    says(&lines, r#"send 0 {"data":{"limit":50},"event":"history"}"#);
    let (one, two) = (rig.message("bob", "one"), rig.message("bob", "two"));
    assert_eq!(rig.receive(0, "message", two.clone()), [""; 0]);
    let three = rig.message("eve", "three");
    rig.receive(0, "message", three);
    let lines = rig.history(0, &[entry(&one), entry(&two)], json!({}));
    let expected = [
        "1 00:00 bob: one",
        "2 00:00 bob: two",
        "- from here on as it comes",
        "3 eve: three",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn answers_and_mentions_are_said_in_words() {
    let mut rig = Rig::live();
    assert_eq!(rig.hear("bob", "two\nrows"), ["1 bob: two / rows"]);
    assert_eq!(
        rig.hear("ivan", "@Alice look"),
        ["2 ivan (mentions you): @Alice look"]
    );
    let mut reply = rig.message("eve", "yes");
    reply["replyTo"] = json!("e-1");
    assert_eq!(rig.receive(0, "message", reply), ["3 eve (to 1 bob): yes"]);
    rig.hear("alice", "mine");
    let mut reply = rig.message("eve", "no");
    reply["replyTo"] = json!("e-4");
    assert_eq!(rig.receive(0, "message", reply), ["5 eve (to your 4): no"]);
    let mut reply = rig.message("eve", "so");
    reply["replyTo"] = json!("e-99");
    let lines = rig.receive(0, "message", reply);
    assert_eq!(lines, ["6 eve (to an earlier message): so"]);
}

#[test]
fn a_name_that_passes_for_another_is_told() {
    let mut rig = Rig::live();
    let mut erin = rig.message("erin", "hello");
    erin["rank"] = json!(1);
    assert_eq!(rig.receive(0, "message", erin), ["1 erin+: hello"]);
    assert_eq!(
        rig.hear("er\u{456}n", "hi"),
        ["2 er\u{456}n (looks like erin): hi"]
    );
    assert_eq!(rig.hear("a1ice", "hi"), ["3 a1ice (looks like alice): hi"]);
    assert_eq!(rig.hear("alice", "hi"), ["4 alice: hi"]);
}

#[test]
fn one_line_is_under_way_and_its_echo_says_its_number() {
    let mut rig = Rig::live();
    let sent = rig.line("hi");
    says(&sent, r#""nonce":"n-1""#);
    assert_eq!(rig.line("there"), [""; 0]);
    let lines = rig.confirm("n-1", "hi");
    assert_eq!(lines[0], "1 alice: hi");
    says(&lines, r#""nonce":"n-2""#);
    rig.confirm("n-2", "there");
    assert_eq!(rig.update(Event::InputEnded), ["end"]);
    assert_eq!(rig.session.outcome().exit, Exit::Done);
}

#[test]
fn numbers_act_on_the_message_that_had_them() {
    let mut rig = Rig::live_as(1);
    for text in ["one", "two", "three"] {
        rig.hear("malory", text);
    }
    let sent = rig.line("/delete 1 3");
    assert_eq!(
        sent,
        [r#"send 0 {"data":{"id":"e-1"},"event":"deleteMessage"}"#]
    );
    let gone = |id: &str| json!({ "id": id, "seq": 9, "by": "alice" });
    let lines = rig.receive(0, "deleteMessage", gone("e-1"));
    assert_eq!(
        lines,
        [
            "- 1 by malory is deleted",
            r#"send 0 {"data":{"id":"e-3"},"event":"deleteMessage"}"#
        ]
    );
    rig.receive(0, "deleteMessage", gone("e-3"));
    let lines = rig.line("/delete 2 1");
    assert_eq!(
        lines,
        ["- line 2: 1 was deleted already, by alice; nothing was done"]
    );
    assert_eq!(
        rig.line("/show 1"),
        ["1 00:00 malory (deleted by alice): one"]
    );
    assert_eq!(
        rig.line("/delete 9"),
        ["- line 4: there is no message 9 yet"]
    );
    says(&rig.line("/mute 2 10m spam"), r#""username":"malory""#);
    let done = json!({ "message": "Success", "reason": "malory is muted for 10 min" });
    assert_eq!(
        rig.receive(0, "mute", done),
        ["- malory is muted for 10 min"]
    );
    assert_eq!(rig.line("/again"), ["- malory is muted for 10 min"]);
    says(&rig.line("/reply 2 why"), r#""replyTo":"e-2""#);
}

#[test]
fn what_others_do_is_said_and_deleted_text_is_not_kept_for_users() {
    let mut rig = Rig::live();
    rig.hear("bob", "one");
    rig.hear("bob", "two");
    let lines = rig.receive(
        0,
        "deleteMessage",
        json!({ "id": "e-1", "seq": 8, "by": "erin" }),
    );
    assert_eq!(lines, ["- 1 by bob was deleted by erin"]);
    assert_eq!(rig.line("/show 1"), ["1 00:00 bob (deleted by erin): "]);
    let lines = rig.receive(
        0,
        "purge",
        json!({ "username": "Bob", "seq": 9, "by": "erin" }),
    );
    assert_eq!(
        lines,
        ["- erin deleted all messages from Bob (1 of them were said here)"]
    );
    let lines = rig.receive(0, "clear", json!({ "seq": 10, "by": "erin" }));
    assert_eq!(lines, ["- erin deleted all messages of the room"]);
    let lines = rig.receive(0, "mute", json!({ "duration": 600, "reason": "calm down" }));
    assert_eq!(lines, ["- you are muted for 10 min: calm down"]);
}

#[test]
fn moderators_hear_what_others_do_once() {
    let mut rig = Rig::live_as(1);
    let mut audit = |actor: &str, action: &str| {
        let entry = json!({ "time": 0, "actor": actor, "action": action, "target": "bob",
            "until": 600_000, "reason": "spam" });
        rig.receive(0, "audit", json!({ "entries": [entry], "live": true }))
    };
    assert_eq!(audit("erin", "mute"), ["- erin muted bob for 10 min: spam"]);
    assert_eq!(audit("erin", "purge"), [""; 0], "the log says it");
    assert_eq!(audit("Alice", "mute"), [""; 0], "the answer says it");
}

#[test]
fn held_messages_are_decided_by_number() {
    let mut rig = Rig::live_as(1);
    let held = |id: &str| {
        json!({ "id": id, "time": 0, "username": "eve", "displayName": "eve",
            "content": "join my discord", "pattern": "discord" })
    };
    let lines = rig.receive(0, "held", json!({ "entries": [held("7")], "live": true }));
    assert_eq!(lines, ["- h1 waits: eve: join my discord (discord)"]);
    rig.receive(0, "held", json!({ "entries": [held("8")], "live": true }));
    says(&rig.line("/allow h2"), r#""id":"8""#);
    let done = json!({ "message": "Success", "reason": "x", "id": "8" });
    assert_eq!(rig.receive(0, "allow", done), ["- h2 by eve is allowed"]);
    let lines = rig.receive(0, "deny", json!({ "id": "7", "by": "erin" }));
    assert_eq!(lines, ["- h1 by eve was denied by erin"]);
    says(&rig.line("/deny h1"), "h1 is not waiting");
    assert!(rig.line("/held")[0].starts_with("send 0"));
    let lines = rig.receive(0, "held", json!({ "entries": [], "live": false }));
    assert_eq!(lines, ["- no message waits for a moderator"]);
}

#[test]
fn a_refusal_names_its_line_and_counts() {
    let mut rig = Rig::live();
    rig.line("hi");
    let no = json!({ "Code": 403, "message": "not here", "event": "message", "nonce": "n-1" });
    assert_eq!(
        rig.receive(0, "cerror", no),
        ["- line 1 was not sent: not here"]
    );
    rig.line("/ban bob");
    let no = json!({ "Code": 403, "message": "no rights", "event": "ban" });
    let lines = rig.receive(0, "cerror", no);
    assert_eq!(lines, ["- line 2, /ban, was refused: no rights"]);
    let lines = rig.line("this is more than twenty characters");
    says(
        &lines,
        "line 3 was not sent: it has 35 characters, the limit is 20",
    );
    rig.line("four");
    let lines = rig.receive(0, "mute", json!({ "duration": 60, "nonce": "n-3" }));
    assert_eq!(lines, ["- line 4 was not sent: you are muted for 60 s"]);
    assert_eq!(rig.update(Event::InputEnded), ["end"]);
    assert_eq!(rig.session.outcome().exit, Exit::NotAll);
}

#[test]
fn who_is_too_fast_waits_and_is_told_once() {
    let mut rig = Rig::live();
    rig.line("hi");
    rig.line("there");
    let slow = |nonce: &str| {
        json!({ "Code": 429, "message": "slow mode", "event": "message", "nonce": nonce,
            "retryAfter": 3 })
    };
    let lines = rig.receive(0, "cerror", slow("n-1"));
    says(
        &lines,
        "slow mode (try again in 3 s): it is sent again in 3 s",
    );
    assert_eq!(rig.update(Event::InputEnded), [""; 0], "it is not over yet");
    assert_eq!(rig.after(2), [""; 0]);
    says(&rig.after(1), r#""nonce":"n-1""#);
    says(&rig.confirm("n-1", "hi"), r#""nonce":"n-2""#);
    assert_eq!(rig.receive(0, "cerror", slow("n-2")), [""; 0]);
    rig.after(3);
    assert_eq!(rig.confirm("n-2", "there"), ["2 alice: there", "end"]);
}

#[test]
fn a_lost_line_is_told_once_and_nothing_is_lost_or_doubled() {
    let mut rig = Rig::live();
    rig.hear("bob", "one");
    rig.line("mine");
    let lines = rig.lose();
    assert_eq!(lines, ["- the server stopped answering; connecting again"]);
    assert_eq!(rig.lose(), [""; 0]);
    rig.line("more");
    let lines = rig.enter(0, 3, true);
    assert_eq!(lines[0], "- connected again");
    says(&lines, r#""nonce":"n-1""#);
    // It was stored before the line was lost: the log has it, and the answer is the same message.
    let (mine, two) = (rig.message("alice", "mine"), rig.message("bob", "two"));
    let one = message(1, "bob", "one");
    let entries = [entry(&one), entry(&mine), entry(&two)];
    let lines = rig.history(0, &entries, json!({ "recovered": true }));
    assert_eq!(lines, ["2 alice: mine", "3 bob: two"]);
    let mut echo = mine;
    echo["nonce"] = json!("n-1");
    let lines = rig.receive(0, "message", echo);
    assert_eq!(lines.len(), 1, "only the next is sent: {lines:?}");
    says(&lines, r#""nonce":"n-2""#);
}

#[test]
fn an_order_whose_answer_was_lost_is_not_repeated() {
    let mut rig = Rig::live_as(1);
    rig.line("/kick bob");
    says(
        &rig.lose(),
        "line 1, /kick, was refused: the connection was lost",
    );
    assert_eq!(rig.enter(0, 1, true), ["- connected again"]);
}

#[test]
fn a_gap_is_said() {
    let mut rig = Rig::live();
    rig.hear("bob", "one");
    rig.lose();
    rig.enter(0, 3, true);
    rig.seq = 90;
    let late = rig.message("bob", "late");
    let no = json!({ "recovered": false, "complete": false });
    let lines = rig.history(0, &[entry(&late)], no.clone());
    says(&lines, "messages may be missing here");
    rig.lose();
    rig.enter(0, 3, true);
    let next = rig.message("bob", "next");
    let lines = rig.history(0, &[entry(&late), entry(&next)], no);
    assert_eq!(lines, ["3 bob: next"], "what came joins what was said");
}

#[test]
fn where_nothing_is_resumed_only_what_is_new_is_said() {
    let mut rig = Rig::live();
    rig.hear("bob", "one");
    rig.lose();
    says(&rig.enter(0, 3, false), r#""limit":100"#);
    let (one, two) = (message(1, "bob", "one"), message(2, "bob", "two"));
    let lines = rig.history(0, &[entry(&one), entry(&two)], json!({ "complete": false }));
    assert_eq!(lines, ["2 00:00 bob: two"]);
}

#[test]
fn history_is_said_with_numbers_and_where_to_go_on() {
    let mut rig = Rig::live();
    rig.hear("bob", "one");
    says(&rig.line("/history 5"), r#""limit":5"#);
    let (zero, one) = (message(77, "eve", "zero"), message(1, "bob", "one"));
    let lines = rig.history(
        0,
        &[entry(&zero), entry(&one)],
        json!({ "complete": false }),
    );
    let expected = [
        "2 00:00 eve: zero",
        "1 00:00 bob: one",
        "- 2 messages; /history 5 before 2 says older ones",
    ];
    assert_eq!(lines, expected);
    says(&rig.line("/history 5 before 2"), r#""before":77"#);
    let lines = rig.history(0, &[], json!({}));
    assert_eq!(lines, ["- there are no messages"]);
}

#[test]
fn only_mentions_leaves_out_the_rest_of_the_room() {
    let mut rig = Rig::live();
    rig.line("/only mentions");
    assert_eq!(rig.hear("bob", "hi"), [""; 0]);
    assert_eq!(
        rig.hear("bob", "hi alice"),
        ["2 bob (mentions you): hi alice"]
    );
    let lines = rig.receive(0, "clear", json!({ "seq": 9, "by": "erin" }));
    assert_eq!(lines, [""; 0]);
    rig.line("mine");
    assert_eq!(rig.confirm("n-1", "mine"), ["3 alice: mine"]);
    rig.line("/only all");
    assert_eq!(rig.hear("bob", "hi"), ["4 bob: hi"]);
}

#[test]
fn several_rooms_carry_their_names_and_share_the_numbers() {
    let mut rig = Rig::with(settings(&["stream", "mods"]));
    assert_eq!(
        rig.update(Event::Started),
        ["connect 0"],
        "one tries the password"
    );
    says(&rig.enter(0, 3, false), "connect 1");
    rig.enter(1, 3, false);
    let lines = rig.history(0, &[], json!({}));
    assert_eq!(
        lines,
        ["- [stream] no messages here yet: what you type is posted"]
    );
    rig.history(1, &[], json!({}));
    assert_eq!(rig.hear("bob", "one"), ["1 [stream] bob: one"]);
    let two = rig.message("bob", "two");
    assert_eq!(rig.receive(1, "message", two), ["2 [mods] bob: two"]);
    assert!(rig.line("hi")[0].starts_with("send 0 "));
    assert!(rig.line("/reply 2 yes")[0].starts_with("send 1 "));
    assert_eq!(rig.line("/room mods"), ["- you type in mods now"]);
    says(&rig.line("/room nope"), "there is no room nope here");
    let lines = rig.line("/room");
    assert_eq!(lines[1], "- mods: connected, you type here");
}

#[test]
fn without_a_person_failures_end_the_program() {
    let mut rig = Rig::with(settings(&["stream"]));
    rig.update(Event::Started);
    assert_eq!(rig.lose(), ["end"]);
    assert_eq!(rig.session.outcome().exit, Exit::Unreachable);

    let refusal = |code: u16| -> chat_protocol::ClientError {
        serde_json::from_value(json!({ "Code": code, "message": "no", "event": "auth" })).unwrap()
    };
    for code in [401, 403] {
        let mut rig = Rig::with(settings(&["stream"]));
        rig.update(Event::Started);
        assert_eq!(rig.link(0, LinkEvent::Refused(refusal(code))), ["end"]);
        let outcome = rig.session.outcome();
        assert_eq!(outcome.exit, Exit::Refused);
        assert!(outcome.words.unwrap().contains("no"));
    }

    let mut rig = Rig::live();
    rig.line("hi");
    let ended = LinkEvent::Ended {
        code: chat_protocol::CloseCode::Kicked,
        reason: "spam".to_owned(),
    };
    let lines = rig.link(0, ended);
    says(&lines, "line 1 was not sent");
    assert_eq!(rig.session.outcome().exit, Exit::Unreachable);

    let mut rig = Rig::live();
    rig.lose();
    rig.line("hi");
    assert_eq!(rig.update(Event::InputEnded), [""; 0]);
    assert_eq!(rig.session.wake_at(), Some(DOWN));
    assert_eq!(rig.after(29), [""; 0]);
    assert_eq!(rig.after(1), ["end"]);
    assert_eq!(rig.session.unsent(), [(1, "hi".to_owned())]);
    assert_eq!(rig.session.outcome().exit, Exit::Unreachable);
}

#[test]
fn a_person_is_asked_and_asked_again() {
    let mut settings = settings(&["stream"]);
    settings.is_interactive = true;
    settings.password = None;
    let mut rig = Rig::with(settings);
    let lines = rig.update(Event::Started);
    says(&lines, "becomes an account");
    assert_eq!(lines[1], "ask");
    let again = rig.update(Event::Password(Secret::new("")));
    assert_eq!(again[1], "ask");
    assert_eq!(rig.update(Event::Password(Secret::new("x"))), ["connect 0"]);
    let refusal =
        serde_json::from_value(json!({ "Code": 401, "message": "wrong", "event": "auth" }))
            .unwrap();
    let lines = rig.link(0, LinkEvent::Refused(refusal));
    assert_eq!(lines[0], "- couldn't sign in: wrong");
    assert_eq!(lines[2], "ask");
    assert_eq!(rig.update(Event::Password(Secret::new("y"))), ["connect 0"]);
    says(&rig.lose(), "connecting again");
    assert_eq!(rig.line("/quit"), ["end"], "nothing waits");
}

#[test]
fn leaving_waits_for_what_is_on_its_way() {
    let mut rig = Rig::live();
    rig.line("hi");
    rig.line("there");
    assert_eq!(rig.line("/quit"), [""; 0]);
    rig.confirm("n-1", "hi");
    assert_eq!(rig.confirm("n-2", "there")[1], "end");

    let mut rig = Rig::live();
    rig.line("hi");
    rig.line("/quit");
    assert_eq!(rig.line("/quit"), ["end"]);
    assert_eq!(rig.session.unsent(), [(1, "hi".to_owned())]);
    assert_eq!(rig.session.outcome().exit, Exit::NotAll);
}

#[test]
fn the_end_of_the_input_waits_until_the_room_was_entered() {
    let mut rig = Rig::with(settings(&["stream"]));
    rig.update(Event::Started);
    rig.line("early");
    assert_eq!(rig.update(Event::InputEnded), [""; 0]);
    rig.enter(0, 3, false);
    says(&rig.history(0, &[], json!({})), r#""content":"early""#);
    assert_eq!(rig.confirm("n-1", "early"), ["1 alice: early", "end"]);
}

#[test]
fn the_rooms_modes_are_said_where_they_change() {
    let mut rig = Rig::live();
    let state = |slow: u64, pinned: Value| json!({ "slowMode": slow, "membersOnly": false, "topic": "", "pinned": pinned, "seq": 5 });
    assert_eq!(rig.receive(0, "room", state(0, Value::Null)), [""; 0]);
    let lines = rig.receive(0, "room", state(10, Value::Null));
    assert_eq!(lines, ["- slow mode is on: 10 s between messages"]);
    rig.hear("bob", "rules");
    let lines = rig.receive(0, "room", state(10, json!("e-1")));
    assert_eq!(lines, ["- pinned: 1 bob: rules"]);
    assert!(rig.line("/slow 10")[0].starts_with("send 0 "));
    let lines = rig.receive(0, "room", state(10, json!("e-1")));
    assert_eq!(lines, ["- that was so already"]);
}

#[test]
fn a_room_is_locked_and_given_back_as_it_was() {
    let mut rig = Rig::live_as(1);
    let state = |slow: u64, members: bool| json!({ "slowMode": slow, "membersOnly": members, "topic": "", "pinned": null, "seq": 5 });
    rig.receive(0, "room", state(10, false));
    for _ in 0..2 {
        let sent = rig.line("/lock");
        says(&sent, r#""membersOnly":true,"slowMode":30"#);
        rig.receive(0, "room", state(30, true));
    }
    let sent = rig.line("/unlock");
    says(&sent, r#""membersOnly":false,"slowMode":10"#);
    rig.receive(0, "room", state(10, false));
    let sent = rig.line("/unlock");
    says(&sent, r#""membersOnly":false,"slowMode":0"#);
}

#[test]
fn without_a_person_a_line_is_taken_once_the_one_before_is_answered() {
    let mut rig = Rig::with(settings(&["stream"]));
    rig.update(Event::Started);
    assert!(!rig.session.takes_lines());
    rig.enter(0, 3, false);
    assert!(
        !rig.session.takes_lines(),
        "what is there has no numbers yet"
    );
    rig.history(0, &[], json!({}));
    assert!(rig.session.takes_lines());
    rig.line("x");
    assert!(!rig.session.takes_lines());
    rig.confirm("n-1", "x");
    assert!(rig.session.takes_lines());
}

#[test]
fn too_many_waiting_lines_stop_the_reading() {
    let mut settings = settings(&["stream"]);
    settings.is_interactive = true;
    let mut rig = Rig::with(settings);
    for _ in 0..WAITING {
        assert!(rig.session.takes_lines());
        rig.line("x");
    }
    assert!(!rig.session.takes_lines());
}

#[test]
fn times_are_said_where_they_are_wanted() {
    let mut rig = Rig::live();
    rig.line("/times on");
    assert_eq!(rig.hear("bob", "hi"), ["1 00:00 bob: hi"]);
    rig.line("/times off");
    assert_eq!(rig.hear("bob", "hi"), ["2 bob: hi"]);
}
