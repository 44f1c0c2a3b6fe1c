//! Searching, threads, and the way to a message, by the keys.

use super::*;
use crate::app::row::Row;
use chat_protocol::Rank;

/// A live room of alice's, where she has no rank, with these messages at its end, the first of them at 101.
/// Before them is its beginning, or so much that nothing older is loaded by itself.
fn room(messages: &[(&str, &str)], complete: bool) -> Driven {
    let mut driven = Driven::new(&["stream1"], Some("pw"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    driven.app.rooms[0].rank = Rank::User;
    let hay = (41..=100)
        .filter(|_| !complete)
        .map(|seq| posted(seq, "zoe", "hay"));
    let talk = (101..)
        .zip(messages)
        .map(|(seq, (user, text))| posted(seq, user, text));
    let entries: Vec<Value> = hay
        .chain(talk)
        .map(|data| json!({ "event": "message", "data": data }))
        .collect();
    driven.receive(
        0,
        "history",
        json!({ "epoch": "e", "entries": entries, "complete": complete }),
    );
    driven
}

fn page(seqs: std::ops::RangeInclusive<u64>, text: &str, complete: bool) -> Value {
    let entries: Vec<Value> = seqs
        .map(|seq| json!({ "event": "message", "data": posted(seq, "bob", &format!("{text} {seq}")) }))
        .collect();
    json!({ "epoch": "e", "entries": entries, "complete": complete })
}

/// Lets the search look at all that is here.
fn look(driven: &mut Driven) -> Vec<Effect> {
    let mut effects = Vec::new();
    for _ in 0..100 {
        if !driven.app.room().is_looking() {
            return effects;
        }
        assert_eq!(driven.app.wake_at(), Some(driven.now.elapsed));
        effects.extend(driven.tell(Event::Woke));
    }
    panic!("the search does not end");
}

/// The messages in view, without times, names and rules.
fn seen(driven: &Driven) -> Vec<String> {
    let timeline = driven.app.room().shown();
    let rows = timeline.visible(driven.app.geometry(), 20);
    let texts = rows.iter().map(|row| Row::text(row));
    let texts = texts.filter(|text| !text.starts_with('-'));
    texts
        .map(|text| {
            text.split_whitespace()
                .skip(2)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

fn asked(effects: &[Effect]) -> Vec<Value> {
    let history = effects.iter().filter_map(|effect| match effect {
        Effect::Send(_, event @ ClientEvent::History(_)) => Some(event),
        _ => None,
    });
    let data = |event: &ClientEvent| {
        let frame: Value = serde_json::from_str(&event.encode()).unwrap();
        frame["data"].clone()
    };
    history.map(data).collect()
}

fn picked(driven: &Driven) -> String {
    let at = driven.app.selection.as_ref().expect("nothing is picked").at;
    let target = driven.app.room().shown().target(at).unwrap();
    target.message.unwrap().text
}

const TALK: [(&str, &str); 4] = [
    ("bob", "free money at cheap.shop"),
    ("eve", "no thanks"),
    ("carol", "FREE MONEY"),
    ("dave", "money is not free"),
];

#[test]
fn what_is_typed_is_found_at_once_and_the_draft_stays() {
    let mut driven = room(&TALK, true);
    driven.type_in("a draft");
    driven.act(Action::Find);
    driven.type_in("free");
    look(&mut driven);
    assert_eq!(seen(&driven).len(), 3);
    driven.type_in(" -has:link");
    look(&mut driven);
    assert_eq!(seen(&driven), ["FREE MONEY", "money is not free"]);
    // What can't be read leaves what was found.
    driven.type_in(" /(");
    look(&mut driven);
    let finder = driven.app.finder().unwrap();
    assert!(finder.problem.as_ref().unwrap().contains("has no end"));
    assert_eq!(seen(&driven).len(), 2);
    driven.act(Action::Submit);
    assert!(driven.app.selection.is_none());
    for _ in 0..3 {
        driven.act(Action::Backspace);
    }
    look(&mut driven);
    driven.act(Action::Submit);
    assert_eq!(picked(&driven), "money is not free");
    assert_eq!(driven.app.room().composer.text(), "a draft");
    // One step back at a time: to the results, to the room.
    driven.act(Action::Escape);
    assert!(driven.app.selection.is_none() && driven.app.room().is_covered());
    driven.act(Action::Escape);
    assert!(!driven.app.room().is_covered());
    assert_eq!(seen(&driven).len(), 4);
}

#[test]
fn older_messages_come_once_enter_was_pressed() {
    let mut driven = room(&TALK, false);
    driven.act(Action::Find);
    let effects = driven.type_in("money");
    assert!(asked(&effects).is_empty());
    look(&mut driven);
    let effects = driven.act(Action::Submit);
    assert_eq!(asked(&effects), [json!({ "before": 41, "limit": 200 })]);
    let effects = driven.receive(0, "history", page(31..=32, "money", false));
    assert_eq!(asked(&effects), [json!({ "before": 31, "limit": 200 })]);
    assert_eq!(seen(&driven)[0], "money 31");
    assert_eq!(picked(&driven), "money is not free", "the selection stays");
    // Too fast: the same is asked for a moment later.
    let refused =
        json!({ "Code": 429, "message": "too fast", "event": "history", "retryAfter": 2 });
    driven.receive(0, "cerror", refused);
    driven.act(Action::Escape);
    assert!(asked(&driven.wait(Duration::from_secs(1))).is_empty());
    let effects = driven.wait(Duration::from_secs(1));
    assert_eq!(asked(&effects), [json!({ "before": 31, "limit": 200 })]);
    // A line that goes down, too.
    driven.lose(0, LinkProblem::Silent);
    let effects = driven.go_live(0, true);
    assert_eq!(asked(&effects), [json!({ "before": 31, "limit": 200 })]);
    let missed = json!({ "epoch": "e", "entries": [], "complete": true, "recovered": true });
    driven.receive(0, "history", missed);
    driven.receive(0, "history", page(1..=1, "money", true));
    let words = driven.app.room().view_words().unwrap();
    assert_eq!(
        words,
        "6 found in 67 messages, from the beginning of the room"
    );
}

#[test]
fn esc_stops_what_is_loaded_before_it_closes() {
    let mut driven = room(&TALK, false);
    driven.send("/find nowhere");
    look(&mut driven);
    let words = |driven: &Driven| driven.app.room().view_words();
    assert!(
        words(&driven)
            .unwrap()
            .ends_with("looking at older ones, Esc stops")
    );
    driven.act(Action::Escape);
    assert!(words(&driven).unwrap().ends_with("stopped, Enter goes on"));
    driven.act(Action::Escape);
    assert_eq!(words(&driven), None);
}

#[test]
fn one_persons_messages_are_asked_for_by_name_and_a_refusal_is_said() {
    let mut driven = room(&TALK, false);
    driven.act(Action::Find);
    driven.type_in("from:nobody");
    look(&mut driven);
    let effects = driven.act(Action::Submit);
    let expected = json!({ "before": 41, "limit": 200, "username": "nobody" });
    assert_eq!(asked(&effects), [expected]);
    let refused = json!({ "Code": 404, "message": "no such user: nobody", "event": "history" });
    let effects = driven.receive(0, "cerror", refused);
    assert!(asked(&effects).is_empty());
    assert!(asked(&driven.wait(Duration::from_secs(60))).is_empty());
    let words = driven.app.room().view_words().unwrap();
    assert_eq!(words, "nothing found in 64 messages, no such user: nobody");
}

#[test]
fn what_is_said_where_nothing_is_found_is_whether_more_may_be() {
    for (is_complete, expected) in [(true, "nothing found: "), (false, "nothing found so far: ")] {
        let mut driven = room(&TALK, is_complete);
        driven.act(Action::Find);
        driven.type_in("zzz");
        look(&mut driven);
        driven.act(Action::Submit);
        let said = driven.app.answers.hinted().unwrap();
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn enter_goes_to_a_message_in_the_room_or_to_what_stood_around_it() {
    let mut driven = room(&TALK, false);
    driven.act(Action::Find);
    driven.type_in("money");
    look(&mut driven);
    driven.act(Action::Submit);
    driven.receive(0, "history", page(10..=11, "money", false));
    driven.act(Action::Up);
    driven.act(Action::Submit);
    assert!(!driven.app.room().is_covered(), "it is here");
    assert_eq!(picked(&driven), "FREE MONEY");
    assert!(seen(&driven).contains(&"no thanks".to_owned()));
    driven.act(Action::Escape);
    driven.act(Action::Escape);
    assert!(driven.app.room().is_covered(), "back at the results");
    driven.act(Action::Select);
    for _ in 0..4 {
        driven.act(Action::Up);
    }
    assert_eq!(picked(&driven), "money 10");
    // The search itself was going on.
    driven.receive(0, "history", page(1..=2, "hay", true));
    let effects = driven.act(Action::Submit);
    assert_eq!(asked(&effects), [json!({ "before": 110, "limit": 200 })]);
    driven.receive(0, "history", page(5..=15, "old", false));
    assert_eq!(picked(&driven), "old 10");
    assert_eq!(seen(&driven).len(), 11);
    driven.act(Action::Escape);
    driven.act(Action::Escape);
    assert_eq!(seen(&driven)[0], "money 10");
}

#[test]
fn what_is_found_can_be_acted_on_and_what_is_deleted_shows() {
    let mut driven = room(&TALK, true);
    driven.app.rooms[0].rank = Rank::Moderator;
    driven.act(Action::Find);
    driven.type_in("from:bob");
    look(&mut driven);
    driven.act(Action::Submit);
    driven.act(Action::Insert('b'));
    assert!(
        driven
            .app
            .bar
            .as_ref()
            .unwrap()
            .question(200)
            .starts_with("Ban bob for good")
    );
    driven.act(Action::Escape);
    let deleted = json!({ "id": "e-101", "seq": 105, "by": "erin" });
    driven.receive(0, "deleteMessage", deleted);
    assert_eq!(seen(&driven), ["[deleted by erin]"]);
    driven.act(Action::Escape);
    driven.message(0, 106, "bob", "once more");
    look(&mut driven);
    assert_eq!(seen(&driven), ["[deleted by erin]", "once more"]);
}

fn answer(seq: u64, user: &str, text: &str, to: u64) -> Value {
    let mut data = posted(seq, user, text);
    data["replyTo"] = json!(format!("e-{to}"));
    data
}

#[test]
fn a_thread_shows_what_belongs_together_and_typing_answers_it() {
    let mut driven = room(&TALK, true);
    driven.receive(0, "message", answer(105, "bob", "why not?", 102));
    driven.receive(0, "message", answer(106, "eve", "because", 105));
    driven.message(0, 107, "frank", "unrelated");
    driven.act(Action::Select);
    driven.act(Action::Up);
    assert_eq!(picked(&driven), "because");
    driven.act(Action::Insert('f'));
    let texts = seen(&driven);
    assert!(
        !texts.iter().any(|text| text.contains("unrelated")),
        "{texts:?}"
    );
    assert_eq!(
        driven.app.room().view_words().unwrap(),
        "thread of 3 messages"
    );
    let reply = driven.app.room().composer.reply().unwrap();
    assert_eq!(
        (reply.name.as_str(), reply.quote.as_str()),
        ("eve", "because")
    );
    // What comes does not change whom an answer is for.
    driven.receive(0, "message", answer(108, "zoe", "me too", 106));
    assert_eq!(
        driven.app.room().view_words().unwrap(),
        "thread of 4 messages"
    );
    let effects = driven.send("fair enough");
    let [Effect::Send(_, ClientEvent::Message(post))] = &effects[..1] else {
        panic!("{effects:?}");
    };
    assert_eq!(post.reply_to.as_ref().unwrap().as_str(), "e-106");
    assert_eq!(driven.app.room().composer.reply().unwrap().name, "zoe");
    driven.act(Action::Escape);
    assert!(!driven.app.room().is_covered());
    assert!(driven.app.room().composer.reply().is_none());
}

#[test]
fn who_writes_to_the_room_looks_at_it() {
    let mut driven = room(&TALK, true);
    driven.send("/find money");
    look(&mut driven);
    assert!(driven.app.room().is_covered());
    driven.act(Action::Escape);
    driven.send("hello");
    assert!(!driven.app.room().is_covered());
}

#[test]
fn pasted_text_goes_into_the_search() {
    let mut driven = room(&TALK, true);
    driven.act(Action::Find);
    driven.tell(Event::Pasted("free\nmoney".to_owned()));
    look(&mut driven);
    assert_eq!(seen(&driven).len(), 3);
    assert!(driven.app.paste.is_none());
}

#[test]
fn the_next_unseen_mention_is_one_key_away() {
    let mut driven = Driven::new(&["a", "b", "c"], Some("pw"));
    driven.tell(Event::Started);
    for place in 0..3 {
        driven.go_live(place, false);
        driven.receive(
            place,
            "history",
            json!({ "epoch": "e", "entries": [], "complete": true }),
        );
    }
    driven.message(2, 1, "bob", "alice: here");
    for seq in 2..60 {
        driven.message(2, seq, "bob", "hi");
    }
    driven.message(1, 1, "bob", "hello");
    driven.act(Action::NextMention);
    assert_eq!(
        (driven.app.active, picked(&driven).as_str()),
        (2, "alice: here")
    );
    assert_eq!(driven.app.room().reading.mentions(), 0);
    driven.act(Action::NextMention);
    assert_eq!(
        (driven.app.active, driven.app.room().reading.unread()),
        (1, 0)
    );
    // The end of the other one is unread yet.
    driven.act(Action::NextMention);
    assert_eq!(
        (driven.app.active, driven.app.room().reading.unread()),
        (2, 0)
    );
    driven.act(Action::NextMention);
    assert!(
        driven
            .app
            .answers
            .hinted()
            .unwrap()
            .contains("nothing is unread")
    );
    // Once there is something, that is not said any more.
    driven.message(0, 900, "bob", "alice?");
    assert_eq!(driven.app.answers.hinted(), None);
}

#[test]
fn nothing_is_seen_without_the_focus_or_behind_a_panel() {
    let mut driven = room(&TALK, true);
    let unread = |driven: &Driven| driven.app.room().reading.unread();
    driven.tell(Event::Focus(false));
    driven.message(0, 105, "bob", "alice?");
    assert_eq!(
        (unread(&driven), driven.app.room().reading.mentions()),
        (1, 1)
    );
    driven.tell(Event::Focus(true));
    assert_eq!(unread(&driven), 0);
    driven.act(Action::Help);
    driven.message(0, 106, "bob", "hi");
    assert_eq!(unread(&driven), 1);
    driven.act(Action::Escape);
    assert_eq!(unread(&driven), 0);
}

#[test]
fn who_is_ignored_is_not_seen_and_counts_nothing() {
    let mut driven = room(&TALK, true);
    driven.receive(0, "message", answer(105, "dave", "sure", 101));
    driven.send("/ignore BOB");
    assert_eq!(
        seen(&driven),
        [
            "no thanks",
            "FREE MONEY",
            "money is not free",
            "> an ignored message",
            "sure"
        ]
        .map(|text| if text == "sure" { "" } else { text })
    );
    driven.tell(Event::Focus(false));
    driven.message(0, 106, "Bob", "alice, alice");
    assert_eq!(driven.app.room().reading.unread(), 0);
    assert_eq!(driven.app.ignored_to_save(), ["bob"]);
    // Over restarts, and for moderators as a row that opens.
    let mut again = Driven::new(&["stream1"], Some("pw"));
    again.app.restore_ignored(vec!["bob".to_owned()]);
    again.tell(Event::Started);
    again.go_live(0, false);
    let entries = json!([{ "event": "message", "data": posted(1, "bob", "alice!") }]);
    again.receive(
        0,
        "history",
        json!({ "epoch": "e", "entries": entries, "complete": true }),
    );
    assert_eq!(seen(&again), ["[ignored] v shows"]);
    again.act(Action::Select);
    again.act(Action::Insert('v'));
    assert_eq!(seen(&again), ["alice!"]);
    // Taken back, all is there again.
    driven.send("/unignore bob");
    assert_eq!(seen(&driven).len(), 7);
    assert!(driven.said().contains("you see again what bob writes"));
}

#[test]
fn what_was_missed_between_two_runs_is_unread_and_a_line_is_above_it() {
    let driven = room(&TALK[..2], true);
    let mut saved = driven.app.saved();
    // Another room is in view.
    saved.active = None;
    let mut again = Driven::new(&["other", "stream1"], Some("pw"));
    again.app.take_up(saved);
    again.tell(Event::Started);
    again.go_live(0, false);
    again.go_live(1, false);
    let entries: Vec<Value> = (101..)
        .zip([
            ("bob", "a"),
            ("eve", "b"),
            ("carol", "alice!"),
            ("alice", "from my phone"),
        ])
        .map(|(seq, (user, text))| json!({ "event": "message", "data": posted(seq, user, text) }))
        .collect();
    again.receive(
        1,
        "history",
        json!({ "epoch": "e", "entries": entries, "complete": true }),
    );
    let reading = &again.app.rooms[1].reading;
    assert_eq!(
        (reading.unread(), reading.mentions(), reading.has_more()),
        (1, 1, false)
    );
    again.act(Action::Room(1));
    let rows = again.app.room().shown().visible(again.app.geometry(), 20);
    let texts: Vec<String> = rows.iter().map(|row| row.text()).collect();
    let line = texts
        .iter()
        .position(|text| text.contains("1 new since"))
        .unwrap();
    assert!(
        texts[line - 1].ends_with("  b") && texts[line + 1].contains("alice!"),
        "{texts:?}"
    );
    assert_eq!(again.app.room().reading.unread(), 0);
    // It stays while it is read, and is gone when the user comes back to nothing new.
    again.act(Action::Room(0));
    again.act(Action::Room(1));
    assert!(again.app.room().timeline.unread_mark().is_none());
}

#[test]
fn a_setting_is_changed_from_the_palette_or_says_where_it_is() {
    let mut driven = Driven::live();
    driven.tell(Event::Resized {
        width: 140,
        height: 40,
    });
    let choose = |driven: &mut Driven, query: &str| {
        driven.act(Action::KillOrPalette);
        driven.type_in(query);
        driven.act(Action::Submit);
        driven.app.answers.hinted().unwrap_or_default().to_owned()
    };
    assert_eq!(
        choose(&mut driven, "=sides"),
        "sides is off until you leave"
    );
    assert_eq!(driven.app.layout().right, 0);
    assert_eq!(choose(&mut driven, "=sides"), "sides is on until you leave");
    assert!(driven.app.layout().right > 0);
    let words = "notifications.only-unfocused is off until you leave";
    assert_eq!(choose(&mut driven, "=unfocused"), words);
    let effects = driven.message(0, 1, "bob", "alice?");
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Notify { .. }))
    );
    assert!(choose(&mut driven, "=colours").starts_with("theme.colours is read at the start"));
}
