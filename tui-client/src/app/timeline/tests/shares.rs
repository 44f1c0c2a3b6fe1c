//! What each author has here.

use super::*;
use chat_protocol::{Cleared, Purged, Rank};

fn of(timeline: &Timeline, key: &str) -> (usize, Option<Rank>, Vec<String>) {
    timeline.check_shares();
    let latest = timeline.latest_of(key, 3).into_iter();
    let latest = latest.map(|(_, text)| text).collect();
    (timeline.messages_of(key), timeline.rank_of(key), latest)
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn what_comes_goes_and_is_deleted_is_counted() {
    let mut timeline = timeline(5, 7);
    let bob = |kept, latest: &[&str]| (kept, Some(Rank::User), owned(latest));
    assert_eq!(of(&timeline, "bob"), bob(3, &["m5", "m6", "m7"]));
    assert_eq!(of(&timeline, "carol"), (0, None, Vec::new()));
    timeline.insert(&message(&event(8, "carol", "hi")), &reader());
    timeline.insert(&message(&event(9, "BOB", "m9")), &reader());
    assert_eq!(of(&timeline, "bob"), bob(4, &["m6", "m7", "m9"]));
    let deleted = MessageDeleted {
        id: MessageId::new("e-6").unwrap(),
        seq: Seq(10),
        by: "erin".to_owned(),
    };
    timeline.delete(&deleted);
    timeline.delete(&deleted);
    assert_eq!(
        of(&timeline, "bob"),
        bob(3, &["[deleted by erin]", "m7", "m9"])
    );
    timeline.begin_loading();
    timeline.older(&history("e", page(1..=4), true), &reader());
    assert_eq!(of(&timeline, "bob").0, 7);
    let ignoring = Reader {
        ignored: ["bob".into()].into(),
        ..reader()
    };
    timeline.ignore(&ignoring, false);
    assert_eq!(of(&timeline, "bob"), (0, None, Vec::new()));
    timeline.ignore(&reader(), false);
    assert_eq!(of(&timeline, "bob").0, 7);
    timeline.purge(&Purged {
        username: "Bob".to_owned(),
        seq: Seq(11),
        by: "erin".to_owned(),
    });
    assert_eq!(of(&timeline, "bob"), bob(0, &["[deleted by erin]"; 3]));
    timeline.clear(
        &Cleared {
            seq: Seq(12),
            by: "erin".to_owned(),
        },
        Some(stamp()),
    );
    assert_eq!(of(&timeline, "carol"), (0, None, Vec::new()));
}

#[test]
fn the_rank_is_that_of_the_newest_message() {
    let ranked = |seq, rank: u8| {
        let mut event = event(seq, "bob", "hi");
        event["data"]["rank"] = json!(rank);
        event
    };
    let mut timeline = Timeline::default();
    timeline.newest(
        &history("e", vec![ranked(5, 3), ranked(6, 1)], false),
        &reader(),
        stamp(),
    );
    assert_eq!(timeline.rank_of("bob"), Some(Rank::Moderator));
    timeline.begin_loading();
    timeline.older(&history("e", vec![ranked(4, 0)], true), &reader());
    assert_eq!(timeline.rank_of("bob"), Some(Rank::Moderator));
    timeline.insert(&message(&ranked(7, 2)), &reader());
    assert_eq!(timeline.rank_of("bob"), Some(Rank::Vip));
}
