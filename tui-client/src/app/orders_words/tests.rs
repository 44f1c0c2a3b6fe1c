//! Sentences, letter by letter.

use super::*;
use chat_protocol::AuditEntry;

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
