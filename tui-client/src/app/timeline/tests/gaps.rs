//! Holes in what is here: where they stand, and how they are closed.

use proptest::prelude::*;

use super::*;

const LOADS: &str = "messages missing (Enter loads)";

/// The first gap from the top.
fn gap(timeline: &Timeline) -> Option<EntryId> {
    let mut entries = timeline.entries.iter();
    Some(entries.find(|entry| entry.is_gap())?.id)
}

/// A room of which the messages up to `seen` and the last ones from `from` on are here.
fn holed(seen: u64, from: u64, last: u64) -> Timeline {
    let mut timeline = timeline(1, seen);
    let history = history("e", page(from..=last), false);
    timeline.not_recovered(&history, &reader(), stamp());
    timeline
}

/// Answers as a server does whose log is `log`.
fn answer(log: &[Value], request: &chat_protocol::HistoryRequest) -> History {
    let seq = |event: &&Value| Seq(event["data"]["seq"].as_u64().unwrap());
    let limit = request.limit.unwrap() as usize;
    let chosen: Vec<&Value> = (log.iter())
        .filter(|event| request.after.is_none_or(|after| seq(event) > after))
        .filter(|event| request.before.is_none_or(|before| seq(event) < before))
        .collect();
    let complete = chosen.len() <= limit;
    let chosen = match request.after {
        Some(_) => &chosen[..limit.min(chosen.len())],
        None => &chosen[chosen.len().saturating_sub(limit)..],
    };
    history(
        "e",
        chosen.iter().map(|event| (*event).clone()).collect(),
        complete,
    )
}

#[test]
fn a_hole_of_the_same_log_is_loaded_from_its_upper_end() {
    let log = page(1..=300);
    let mut timeline = holed(2, 299, 300);
    let shown = texts(&timeline);
    assert_eq!(
        shown[2..],
        ["bob  m1", "bob  m2", LOADS, "bob  m299", "bob  m300"]
    );
    let id = gap(&timeline).unwrap();
    let request = timeline.gap_request(id).unwrap();
    assert_eq!(
        (request.after, request.before, request.limit),
        (Some(Seq(1)), None, Some(PAGE))
    );
    assert_eq!(texts(&timeline)[4], "loading missing messages");
    assert_eq!(timeline.gap_request(id), None, "one at a time");
    let (news, filled) = timeline.fill_gap(&answer(&log, &request), &reader());
    assert_eq!((news.unread, filled), (99, Filled::More));
    let shown = texts(&timeline);
    assert_eq!(
        shown[101..105],
        ["bob  m100", "bob  m101", LOADS, "bob  m299"]
    );
    for _ in 0..2 {
        assert_eq!(gap(&timeline), Some(id), "it is the same");
        let request = timeline.gap_request(id).unwrap();
        timeline.fill_gap(&answer(&log, &request), &reader());
    }
    let shown = texts(&timeline);
    let expected: Vec<String> = (1..=300).map(|seq| format!("bob  m{seq}")).collect();
    assert_eq!(shown[2..], expected);
}

#[test]
fn no_gap_stands_where_nothing_is_missing() {
    assert_eq!(gap(&holed(5, 6, 9)), None);
    assert_eq!(gap(&holed(5, 3, 9)), None);
    assert_ne!(gap(&holed(5, 7, 9)), None);
}

#[test]
fn an_answer_out_of_a_hole_has_one_on_either_side() {
    let log = page(1..=20);
    let mut timeline = holed(2, 19, 20);
    let mut own = event(10, "alice", "m10");
    own["data"]["nonce"] = json!("n");
    timeline.insert(&message(&own), &reader());
    let shown = texts(&timeline);
    assert_eq!(shown[3..7], ["bob  m2", LOADS, "alice  m10", LOADS]);
    while let Some(id) = gap(&timeline) {
        let request = timeline.gap_request(id).unwrap();
        timeline.fill_gap(&answer(&log, &request), &reader());
    }
    let shown = texts(&timeline).join(" ").replace("alice", "bob");
    let expected: Vec<String> = (1..=20).map(|seq| format!("bob  m{seq}")).collect();
    assert!(shown.ends_with(&expected.join(" ")), "{shown}");
}

#[test]
fn what_brings_nothing_new_is_not_asked_for_again() {
    let mut timeline = holed(2, 199, 200);
    assert_eq!(timeline.whole_from(), Some(Seq(199)));
    let id = gap(&timeline).unwrap();
    let mut asked = 0;
    while let Some(request) = timeline.gap_request(id) {
        asked += 1;
        assert!(asked < 5, "{request:?}");
        // Only the one that is here already.
        let at = request.after.unwrap().0 + 1;
        let known = if at == 2 { page(2..=2) } else { Vec::new() };
        timeline.fill_gap(&history("e", known, false), &reader());
    }
    assert_eq!(asked, 2);
    assert_eq!(timeline.whole_from(), Some(Seq(1)));
    // In another life of the log nothing can be loaded there at all.
    let mut timeline = holed(2, 199, 200);
    let id = gap(&timeline).unwrap();
    timeline.gap_request(id).unwrap();
    let (_, filled) = timeline.fill_gap(&history("f", page(3..=9), false), &reader());
    assert_eq!(filled, Filled::More);
}

#[test]
fn entries_of_unknown_kinds_in_a_hole_are_stepped_over() {
    let mut timeline = holed(2, 199, 200);
    let id = gap(&timeline).unwrap();
    timeline.gap_request(id).unwrap();
    let unknown = vec![json!({ "event": "novelty", "data": { "seq": 40 } })];
    timeline.fill_gap(&history("e", unknown, false), &reader());
    assert_eq!(timeline.gap_request(id).unwrap().after, Some(Seq(100)));
}

#[test]
fn a_hole_in_another_log_is_loaded_as_older_messages_are() {
    let mut timeline = timeline(1, 4);
    timeline.part(stamp());
    timeline.newest(&history("f", page(30..=31), false), &reader(), stamp());
    let id = gap(&timeline).unwrap();
    let request = timeline.gap_request(id).unwrap();
    assert_eq!((request.after, request.before), (None, Some(Seq(30))));
    timeline.fill_gap(&history("f", page(10..=29), false), &reader());
    assert_eq!(texts(&timeline)[..3], ["bob  m1", "bob  m2", "bob  m3"]);
    let request = timeline.gap_request(id).unwrap();
    assert_eq!(request.before, Some(Seq(10)));
    let (_, filled) = timeline.fill_gap(&history("f", page(3..=9), false), &reader());
    assert_eq!(filled, Filled::Closed);
    assert_eq!(texts(&timeline).len(), 31);
}

#[test]
fn a_log_that_was_set_back_is_found_out_at_the_hole() {
    let mut timeline = holed(9, 50, 51);
    let id = gap(&timeline).unwrap();
    timeline.gap_request(id).unwrap();
    let mut other = page(9..=49);
    other[0]["data"]["content"] = json!("another");
    let (_, filled) = timeline.fill_gap(&history("e", other.clone(), false), &reader());
    // What is above it is of another log, and is told apart; from below there may be more.
    assert_eq!(filled, Filled::More);
    let request = timeline.gap_request(id).unwrap();
    assert_eq!((request.after, request.before), (None, Some(Seq(50))));
    timeline.fill_gap(&history("e", other, false), &reader());
    let shown = texts(&timeline).join(" ");
    assert!(
        shown.contains("m9 messages missing (Enter loads) bob  another bob  m10"),
        "{shown}"
    );
}

#[test]
fn what_is_asked_for_and_does_not_come_can_be_asked_for_again() {
    let mut timeline = holed(2, 9, 9);
    let id = gap(&timeline).unwrap();
    timeline.gap_request(id).unwrap();
    timeline.stop_loading();
    assert!(timeline.gap_request(id).is_some());
    let cleared = chat_protocol::Cleared {
        seq: Seq(10),
        by: "erin".to_owned(),
    };
    timeline.clear(&cleared, Some(stamp()));
    timeline.fill_gap(&history("e", page(3..=8), false), &reader());
    assert!(!texts(&timeline).join(" ").contains("m3"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was missed, and wherever answers of one's own came from: once the gaps are closed
    /// everything is there, in order and once.
    #[test]
    fn closed_gaps_leave_nothing_out(
        jumps in prop::collection::vec((1..300_u64, 1..60_u64), 1..5),
        own in prop::collection::vec(1..1_000_u64, 0..4),
        order in any::<prop::sample::Index>(),
    ) {
        let total: u64 = 5 + jumps.iter().map(|(skipped, came)| skipped + came).sum::<u64>();
        let log = page(1..=total);
        let mut timeline = timeline(1, 5);
        let mut last = 5;
        for (skipped, came) in jumps {
            let from = last + skipped + 1;
            last = last + skipped + came;
            let newest = history("e", page(from..=last), false);
            timeline.not_recovered(&newest, &reader(), stamp());
        }
        for seq in own {
            let mut own = log[(seq % total) as usize].clone();
            own["data"]["nonce"] = json!("n");
            timeline.insert(&message(&own), &reader());
        }
        for _ in 0..100 {
            let gaps: Vec<EntryId> = (timeline.entries.iter())
                .filter(|entry| entry.is_gap())
                .map(|entry| entry.id)
                .collect();
            if gaps.is_empty() {
                break;
            }
            let request = timeline.gap_request(*order.get(&gaps)).unwrap();
            timeline.fill_gap(&answer(&log, &request), &reader());
        }
        let seqs: Vec<u64> = timeline.entries.iter().map(|entry| entry.at.0).collect();
        prop_assert_eq!(seqs, (1..=total).collect::<Vec<_>>());
    }
}
