//! The checker finds what is wrong: one fault each, in a run that was fine.

use super::*;

/// A run of three messages, one of which was refused, seen by one reader.
struct Sample {
    log: Vec<LogEntry>,
    written: Written,
    followed: Followed,
}

fn sample() -> Sample {
    let entry = |seq, nonce: &str| LogEntry {
        seq,
        digest: seq * 100,
        nonce: nonce.to_owned(),
    };
    let fate = |nonce: &str, fate| (nonce.to_owned(), fate);
    Sample {
        log: vec![entry(1, "a"), entry(2, "b"), entry(3, THE_END)],
        written: Written {
            user: "writer".to_owned(),
            fates: vec![
                fate("a", Fate::Acknowledged(1)),
                fate("b", Fate::Acknowledged(2)),
                fate("c", Fate::Refused),
            ],
            seen: vec![(1, 100), (2, 200)],
            ..Written::default()
        },
        followed: Followed {
            user: "reader".to_owned(),
            shown: vec![100, 200, 300],
            ..Followed::default()
        },
    }
}

/// Breaks the sample; the findings must be as many as `expected`, and hold its words in order.
#[track_caller]
fn finds(spoil: impl FnOnce(&mut Sample), expected: &[&str]) {
    let mut sample = sample();
    spoil(&mut sample);
    let testimony = Testimony {
        written: vec![&sample.written],
        followed: vec![&sample.followed],
    };
    let findings = check(&sample.log, &testimony);
    assert_eq!(findings.len(), expected.len(), "{findings:?}");
    for (finding, words) in findings.iter().zip(expected) {
        assert!(finding.contains(words), "{finding}");
    }
}

#[test]
fn a_run_without_fault_is_found_to_be_one() {
    finds(|_| {}, &[]);
}

#[test]
fn what_was_lost_is_found() {
    finds(
        |sample| sample.log.truncate(2),
        &["reader was shown 3, which is not in the log"],
    );
    finds(
        |sample| sample.log.truncate(1),
        &[
            "writer was shown 2",
            "b was acknowledged as 2, and is in the log at []",
            "reader was shown 2",
            "reader was shown 3",
        ],
    );
    finds(
        |sample| sample.followed.shown.truncate(2),
        &["reader was shown 2 entries of 3"],
    );
}

#[test]
fn what_was_doubled_changed_or_made_up_is_found() {
    finds(
        |sample| {
            sample.log[2].nonce = "b".to_owned();
        },
        &["b was acknowledged as 2, and is in the log at [2, 3]"],
    );
    finds(
        |sample| sample.log[0].digest = 1,
        &["writer was shown 1", "reader was shown 1"],
    );
    finds(
        |sample| sample.log[2].nonce = "x".to_owned(),
        &["nobody said `x`"],
    );
    finds(
        |sample| sample.log[2].nonce = "c".to_owned(),
        &["c was refused, and is in the log at [3]"],
    );
    finds(
        |sample| sample.log[1].seq = 5,
        &["the log has 5 in place 2", "b was"],
    );
    finds(
        |sample| sample.followed.shown[0] = 1,
        &["reader was shown 1, which is not in the log"],
    );
}

#[test]
fn the_nonce_is_no_part_of_what_was_shown() {
    let plain = serde_json::json!({ "content": "a", "seq": 1 });
    let marked = serde_json::json!({ "content": "a", "seq": 1, "nonce": "n" });
    let other = serde_json::json!({ "content": "b", "seq": 1 });
    assert_eq!(digest("message", &plain), digest("message", &marked));
    assert_ne!(digest("message", &plain), digest("message", &other));
}
