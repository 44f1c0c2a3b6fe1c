//! What a moderator does all evening, and how many keys each takes, arrows not counted.

use chat_tests::{BusyRoom, Key, Screen, Terminal};
use serde_json::{Value, json};

use super::{busy_room, escape, picked, wait_for_question};

/// What the spammer says.
const SPAM: &str = "free skins at skins.example";
/// Ten who raid the room with the same text, but for numbers and spaces.
const RAIDERS: [&str; 10] = [
    "raider0", "raider1", "raider2", "raider3", "raider4", "raider5", "raider6", "raider7",
    "raider8", "raider9",
];

/// A moderator's hands: they count.
struct Hands {
    terminal: Terminal,
    keys: usize,
}

impl Hands {
    /// Presses a key; arrows do not count.
    fn press(&mut self, key: Key) {
        if !matches!(key, Key::Up | Key::Down) {
            self.keys += 1;
        }
        self.terminal.key(key);
    }

    /// Types what is to be counted, a key a letter.
    fn type_text(&mut self, text: &str) {
        self.keys += text.chars().count();
        self.terminal.type_text(text);
    }

    /// Types a message, whose letters are not what the task costs.
    fn write(&mut self, text: &str) {
        self.terminal.type_text(text);
    }

    /// Enter on the question that stands.
    fn agree(&mut self) {
        wait_for_question(&self.terminal);
        self.press(Key::Enter);
    }

    /// Picks a message out by arrows, which is on the screen.
    fn pick(&mut self, text: &str) {
        self.press(Key::BackTab);
        self.terminal
            .wait_for("a picked message", |screen| picked(screen).is_some());
        let is_it = |screen: &Screen| picked(screen).is_some_and(|row| row.contains(text));
        self.terminal.press_until(Key::Up, text, is_it);
    }
}

/// A task: what it is called, how many keys it may take, and how it is done and seen to be done.
struct Task {
    name: &'static str,
    most: usize,
    does: fn(&BusyRoom, &mut Hands),
}

const TASKS: [Task; 15] = [
    Task {
        name: "time out a spammer",
        most: 3,
        does: time_out,
    },
    Task {
        name: "take it back",
        most: 2,
        does: take_back,
    },
    Task {
        name: "ban and purge a raid of ten",
        most: 4,
        does: end_raid,
    },
    Task {
        name: "unban",
        most: 16,
        does: unban,
    },
    Task {
        name: "oldest unseen mention",
        most: 1,
        does: go_to_mention,
    },
    Task {
        name: "delete one message",
        most: 3,
        does: delete,
    },
    Task {
        name: "pin",
        most: 3,
        does: pin,
    },
    Task {
        name: "approve a held one",
        most: 3,
        does: approve,
    },
    Task {
        name: "deny a held one",
        most: 3,
        does: deny,
    },
    Task {
        name: "look someone up",
        most: 2,
        does: look_up,
    },
    Task {
        name: "reply",
        most: 3,
        does: reply,
    },
    Task {
        name: "find a message of somebody",
        most: 12,
        does: find,
    },
    Task {
        name: "go to a room",
        most: 1,
        does: change_room,
    },
    Task {
        name: "slow mode on",
        most: 10,
        does: slow_down,
    },
    Task {
        name: "lock",
        most: 7,
        does: lock,
    },
];

/// Somebody says it, and it is on the screen.
fn say_and_see(room: &BusyRoom, hands: &Hands, name: &str, text: &str) {
    room.say(name, text);
    hands.terminal.wait_for_text(text);
}

/// Does `work`, and waits until the audit has `count` lines of this action.
#[track_caller]
fn expect_audit(room: &BusyRoom, action: &str, count: usize, work: impl FnOnce()) -> Vec<Value> {
    let before = room.audit().len();
    work();
    let is_it = |line: &&Value| line["action"] == action;
    let lines = room.wait_for_audit(before, |lines| lines.iter().filter(is_it).count() >= count);
    lines.iter().filter(is_it).cloned().collect()
}

fn time_out(room: &BusyRoom, hands: &mut Hands) {
    say_and_see(room, hands, "sniper_xx", SPAM);
    let lines = expect_audit(room, "mute", 1, || {
        hands.pick(SPAM);
        hands.type_text("t");
        hands.agree();
    });
    assert_eq!(lines[0]["target"], "sniper_xx");
}

fn take_back(room: &BusyRoom, hands: &mut Hands) {
    let lines = expect_audit(room, "unmute", 1, || {
        hands.press(Key::Control('o'));
        hands.agree();
    });
    assert_eq!(lines[0]["target"], "sniper_xx");
}

fn end_raid(room: &BusyRoom, hands: &mut Hands) {
    for (number, name) in RAIDERS.iter().enumerate() {
        room.join(name);
        let text = format!("Buy  followers cheap {number} at cheap-follow.example");
        room.say(name, &text);
    }
    hands.terminal.wait_for_text("cheap 9 at");
    let before = room.audit().len();
    hands.pick("cheap 9 at");
    hands.type_text("s");
    hands.type_text("b");
    hands.agree();
    // All of them, and all that they said.
    let is_done_to = |lines: &[Value], action: &str, name: &str| {
        { lines.iter() }.any(|line| line["action"] == action && line["target"] == name)
    };
    let lines = room.wait_for_audit(before, |lines| {
        let is_gone =
            |name: &&str| is_done_to(lines, "ban", name) && is_done_to(lines, "purge", name);
        RAIDERS.iter().all(is_gone)
    });
    let all = lines.iter().filter_map(|line| line["target"].as_str());
    let others: Vec<&str> = all.filter(|name| !RAIDERS.contains(name)).collect();
    assert!(others.is_empty(), "{others:?} were hit as well");
}

fn unban(room: &BusyRoom, hands: &mut Hands) {
    let lines = expect_audit(room, "unban", 1, || {
        hands.type_text("/unban raider3");
        hands.press(Key::Enter);
        hands.agree();
    });
    assert_eq!(lines[0]["target"], "raider3");
}

fn go_to_mention(room: &BusyRoom, hands: &mut Hands) {
    // It must not be seen when it is said.
    hands.terminal.key(Key::Alt('2'));
    hands
        .terminal
        .wait_for("the other room", |screen| !screen.shows("n000"));
    room.say("peggy", "@alice can you pin the poll?");
    hands
        .terminal
        .wait_for("a mention's sign", |screen| screen.rows[0].contains('@'));
    hands.press(Key::Control('g'));
    hands.terminal.wait_for_text("can you pin the poll?");
}

fn delete(room: &BusyRoom, hands: &mut Hands) {
    say_and_see(room, hands, "ivan", "what an ugly word");
    let before = room.deleted().len();
    hands.pick("an ugly word");
    hands.type_text("x");
    hands.agree();
    room.wait_for_deletions(before + 1);
}

fn pin(room: &BusyRoom, hands: &mut Hands) {
    say_and_see(room, hands, "grace", "the poll is open");
    expect_audit(room, "setRoom", 1, || {
        hands.pick("the poll is open");
        hands.type_text("p");
        hands.agree();
    });
}

fn hold(room: &BusyRoom, hands: &Hands, text: &str) {
    room.say("walter", text);
    // The answer line may still speak of an earlier one.
    hands.terminal.wait_for("a held message", |screen| {
        let status = screen.row_with(" connected").unwrap_or_default();
        status.ends_with("held 1")
    });
}

fn approve(room: &BusyRoom, hands: &mut Hands) {
    let filter = json!({ "pattern": "holdme", "action": "hold" });
    room.order("addFilter", filter, "addFilter");
    hold(room, hands, "holdme please");
    expect_audit(room, "allow", 1, || {
        hands.press(Key::F3);
        hands.terminal.wait_for_text("holdme");
        hands.type_text("a");
        hands.agree();
    });
}

fn deny(room: &BusyRoom, hands: &mut Hands) {
    hold(room, hands, "holdme again");
    expect_audit(room, "deny", 1, || {
        hands.press(Key::F3);
        hands.terminal.wait_for_text("holdme");
        hands.type_text("d");
        hands.agree();
    });
}

fn look_up(room: &BusyRoom, hands: &mut Hands) {
    say_and_see(room, hands, "judy", "I am new here");
    hands.pick("I am new here");
    hands.type_text("c");
    hands.terminal.wait_for_text("account");
}

fn reply(room: &BusyRoom, hands: &mut Hands) {
    say_and_see(room, hands, "erin", "who won the race?");
    hands.pick("who won the race?");
    hands.type_text("r");
    hands.write("bob did, by a second");
    hands.press(Key::Enter);
    hands.terminal.wait_for("the answer", |screen| {
        screen.shows("bob did, by a second") && screen.shows("> erin")
    });
}

fn find(room: &BusyRoom, hands: &mut Hands) {
    say_and_see(room, hands, "trent", "the password of the day is mango");
    for count in 0..20 {
        room.say("carol", &format!("and so on {count}"));
    }
    hands
        .terminal
        .wait_for("it is gone", |screen| !screen.shows("is mango"));
    hands.press(Key::Control('f'));
    hands.type_text("from:trent");
    hands.press(Key::Enter);
    hands.terminal.wait_for_text("is mango");
}

fn change_room(room: &BusyRoom, hands: &mut Hands) {
    hands.press(Key::Alt('2'));
    hands
        .terminal
        .wait_for("the other room", |screen| !screen.shows("n0"));
    hands.terminal.key(Key::Alt('1'));
    say_and_see(room, hands, "bob", "back again");
}

fn slow_down(room: &BusyRoom, hands: &mut Hands) {
    expect_audit(room, "setRoom", 1, || {
        hands.type_text("/slow 10");
        hands.press(Key::Enter);
        hands.agree();
    });
    expect_audit(room, "setRoom", 1, || {
        room.send("setRoom", json!({ "slowMode": 0 }))
    });
}

fn lock(room: &BusyRoom, hands: &mut Hands) {
    expect_audit(room, "setRoom", 1, || {
        hands.type_text("/lock");
        hands.press(Key::Enter);
        hands.agree();
    });
}

#[test]
fn each_task_of_a_moderator_takes_few_keys() {
    let (room, terminal) = busy_room();
    let mut hands = Hands { terminal, keys: 0 };
    let mut found = Vec::new();
    for task in &TASKS {
        hands.keys = 0;
        (task.does)(&room, &mut hands);
        found.push((task.name, hands.keys, task.most));
        // Panels, questions and what is picked are not for the next.
        for _ in 0..3 {
            escape(&mut hands.terminal);
        }
        hands.terminal.key(Key::End);
    }
    let over: Vec<_> = found.iter().filter(|(_, keys, most)| keys > most).collect();
    assert!(over.is_empty(), "over: {over:?} of {found:?}");
}
