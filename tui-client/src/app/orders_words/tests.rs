//! Sentences, letter by letter.

use super::*;
use chat_protocol::AuditEntry;

fn doing(deed: Deed, people: &[&str]) -> Doing {
    Doing::to(deed, people.iter().copied())
}

const RAID: [&str; 8] = ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"];

fn raid() -> Doing {
    Doing {
        messages: 34,
        sent_the_same: true,
        ..doing(Deed::Ban(None), &RAID)
    }
}

#[test]
fn a_bar_says_who_how_many_and_how_long() {
    let with = |deed: Deed, messages: usize| Doing {
        messages,
        ..doing(deed, &["bob"])
    };
    let because = |deed: Deed| Doing {
        reason: Some("spam\u{1b}[2J".to_owned()),
        ..doing(deed, &["bob"])
    };
    for (doing, expected) in [
        (
            raid(),
            "Ban 8 people who sent this, for good, and delete their 34 messages?",
        ),
        (doing(Deed::Mute(600), &["bob"]), "Mute bob for 10 min?"),
        (
            doing(Deed::Mute(90), &["bob", "eve"]),
            "Mute bob and eve for 90 s?",
        ),
        (
            with(Deed::Ban(Some(604_800)), 1),
            "Ban bob for 7 days and delete their 1 message?",
        ),
        (
            because(Deed::Ban(None)),
            "Ban bob for good: spam\u{fffd}[2J?",
        ),
        (because(Deed::Unban), "Unban bob?"),
        (with(Deed::Kick, 3), "Kick bob and delete their 3 messages?"),
        (with(Deed::Delete, 1), "Delete 1 message from bob?"),
        (
            Doing {
                messages: 12,
                sent_the_same: true,
                ..doing(Deed::Delete, &["a", "b", "c"])
            },
            "Delete 12 messages from 3 people who sent this?",
        ),
        (
            doing(Deed::Purge, &["bob"]),
            "Delete all messages from bob?",
        ),
        (
            doing(Deed::MakeModerator, &["bob"]),
            "Make bob a moderator?",
        ),
        (
            doing(Deed::MakeVip, &["a", "b", "c"]),
            "Make 3 people VIPs?",
        ),
        (
            doing(Deed::MakeUser, &["bob"]),
            "Make bob an ordinary user again?",
        ),
        (doing(Deed::Pin, &["ivan"]), "Pin a message from ivan?"),
        (doing(Deed::Unpin, &[]), "Unpin the message?"),
        (doing(Deed::SlowMode(10), &[]), "Set slow mode to 10 s?"),
        (doing(Deed::SlowMode(0), &[]), "Turn slow mode off?"),
        (
            doing(Deed::MembersOnly(true), &[]),
            "Stop new accounts from writing?",
        ),
        (
            doing(Deed::Topic("Any%".into()), &[]),
            "Set the topic to “Any%”?",
        ),
        (doing(Deed::Topic(" ".into()), &[]), "Remove the topic?"),
        (
            doing(Deed::Lock(30), &[]),
            "Lock the room (no new accounts, slow mode 30 s)?",
        ),
        (
            doing(Deed::Clear, &[]),
            "Delete all messages in this room, for everybody?",
        ),
        (doing(Deed::Reject, &["eve"]), "Reject 1 message from eve?"),
        (doing(Deed::Block("free".into()), &[]), "Block “free”?"),
    ] {
        assert_eq!(order_question(&doing), expected);
    }
}

#[test]
fn an_answer_says_what_was_done_and_to_whom_it_was_not() {
    let refused = |names: &[&'static str], words: &'static str| -> Vec<Refusal<'static>> {
        let refusal = |name: &&'static str| Refusal { name, words };
        names.iter().map(refusal).collect()
    };
    let why = "bob stands as high as you";
    for (doing, refused, expected) in [
        (
            raid(),
            Vec::new(),
            "banned 8 people for good and deleted their 34 messages",
        ),
        (
            raid(),
            refused(&["a2"], why),
            "banned 7 people for good and deleted their 34 messages; not a2: bob stands as high as you",
        ),
        (
            Doing {
                messages: 0,
                ..raid()
            },
            refused(&["a2", "a3", "a4", "a5", "a6"], why),
            "banned 3 people for good; not a2, a3, a4 and 2 more: bob stands as high as you",
        ),
        (
            doing(Deed::Mute(600), &["bob"]),
            refused(&["bob"], "no\u{1b}"),
            "could not mute bob for 10 min: no\u{fffd}",
        ),
        (
            doing(Deed::Kick, &["bob", "eve"]),
            refused(&["bob", "eve"], "not here"),
            "could not kick bob and eve (not bob, eve: not here)",
        ),
        (
            doing(Deed::SlowMode(60), &[]),
            Vec::new(),
            "set slow mode to 1 min",
        ),
        (
            doing(Deed::MembersOnly(false), &[]),
            Vec::new(),
            "let new accounts write again",
        ),
        (doing(Deed::Unlock, &[]), Vec::new(), "unlocked the room"),
        (
            doing(Deed::SlowMode(60), &[]),
            refused(&[""], "too fast"),
            "could not set slow mode to 1 min: too fast",
        ),
    ] {
        assert_eq!(order_done(&doing, &refused), expected);
    }
}

#[test]
fn durations_are_as_people_say_them() {
    for (seconds, expected) in [
        (0, "0 s"),
        (10, "10 s"),
        (60, "1 min"),
        (61, "61 s"),
        (90, "90 s"),
        (119, "119 s"),
        (600, "10 min"),
        (599, "10 min"),
        (3_599, "1 h"),
        (5_400, "1 h 30 min"),
        (7_200, "2 h"),
        (86_400, "1 day"),
        (86_399, "1 day"),
        (90_000, "1 day 1 h"),
        (604_800, "7 days"),
        (1_209_600, "14 days"),
        (3_153_600_000, "36500 days"),
    ] {
        assert_eq!(lasting(seconds), expected, "{seconds}");
    }
    assert!(lasting(u64::MAX).contains("days"));
    assert_eq!(for_how_long(None), "for good");
}

#[test]
fn the_log_speaks_in_sentences() {
    let entry = |actor: &str, action: &str, target: &str| AuditEntry {
        id: None,
        time: 1_000,
        actor: actor.to_owned(),
        action: action.to_owned(),
        target: target.to_owned(),
        until: None,
        reason: None,
    };
    let lasting = |action: &str, seconds: u64, reason: &str| AuditEntry {
        until: Some(1_000 + seconds * 1_000),
        reason: Some(reason.to_owned()),
        ..entry("erin", action, "bob")
    };
    let room = |changes: &str| AuditEntry {
        reason: Some(changes.to_owned()),
        ..entry("erin", "setRoom", "")
    };
    for (entry, expected) in [
        (
            lasting("mute", 600, "spam"),
            "erin muted bob for 10 min: spam",
        ),
        (lasting("ban", 604_800, ""), "erin banned bob for 7 days"),
        (entry("erin", "ban", "Alice"), "erin banned you for good"),
        (entry("ALICE", "kick", "bob"), "you kicked bob"),
        (
            entry("server operator", "setAdmin", "bob"),
            "server operator made bob an administrator",
        ),
        (entry("YOU", "kick", "bob"), "“YOU” kicked bob"),
        (
            entry("erin", "delMod", "bob"),
            "erin made bob an ordinary user again",
        ),
        (
            entry("erin", "deleteMessage", "bob"),
            "erin deleted a message from bob",
        ),
        (
            entry("erin", "purge", "bob"),
            "erin deleted all messages from bob",
        ),
        (
            entry("erin", "clear", ""),
            "erin deleted all messages in this room",
        ),
        (
            entry("erin", "addFilter", "free\u{202e}"),
            "erin added the pattern “free”",
        ),
        (
            entry("erin", "allow", "bob"),
            "erin approved a message from bob",
        ),
        (
            entry("er\u{1b}in", "liftAddress", "bob"),
            "er\u{fffd}in did this to bob: lift address",
        ),
        (room("slow mode 10 s"), "erin set slow mode to 10 s"),
        (room("pinned e-7"), "erin pinned a message from ivan"),
        (room("pinned e-8"), "erin pinned a message"),
        (
            room("slow mode off, members only off, nothing pinned, topic a, slow mode 5 s"),
            "erin turned slow mode off, let new accounts write again, unpinned the message and set the topic to “a, slow mode 5 s”",
        ),
        (room("no topic"), "erin removed the topic"),
        (
            room("emotes only on"),
            "erin changed the room (emotes only on)",
        ),
        (room(""), "erin changed the room"),
    ] {
        let author_of =
            |id: &chat_protocol::MessageId| (id.as_str() == "e-7").then(|| "ivan".to_owned());
        assert_eq!(audit_sentence_with(&entry, "alice", author_of), expected);
    }
    let mut backwards = lasting("mute", 0, "spam");
    backwards.until = Some(0);
    assert_eq!(audit_sentence(&backwards, "alice"), "erin muted bob: spam");
}
