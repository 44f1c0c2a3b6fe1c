//! Whose name looks like whose.

use super::*;

/// Messages in the order of `people`, each by somebody of a rank; those marked as looking like another.
fn alike(people: &[(&str, &str, u8)]) -> Vec<String> {
    let mut timeline = Timeline::default();
    for (seq, (username, display_name, rank)) in (1..).zip(people) {
        let mut event = event(seq, username, "hi");
        event["data"]["displayName"] = json!(display_name);
        event["data"]["rank"] = json!(rank);
        timeline.insert(&message(&event), &reader());
    }
    let rows = timeline.visible(Geometry::new(80), 100);
    let rows = rows.iter().map(|row| row.text());
    let marked = rows.filter(|row| row.contains('~'));
    marked.map(|row| row[6..].trim().to_owned()).collect()
}

#[test]
fn names_that_look_like_the_readers_are_marked() {
    let marked = |name| !alike(&[(name, name, 3)]).is_empty();
    // What a terminal shows alike.
    for name in [
        "a1ice",
        "\u{430}lice",
        "AIice",
        "aIice",
        "allce",
        "\u{251}lice",
    ] {
        assert!(marked(name), "{name}");
    }
    for name in ["alice", "Alice", "ALICE", "bob", "alicia", "malice"] {
        assert!(!marked(name), "{name}");
    }
    assert_eq!(alike(&[("bob", "Alice", 3)]), ["Alice~ hi"]);
}

#[test]
fn names_that_look_like_those_of_rank_are_marked_whoever_came_first() {
    for people in [
        [("erin", "erin", 1), ("er1n", "er1n", 3)],
        [("er1n", "er1n", 3), ("erin", "erin", 1)],
    ] {
        assert_eq!(alike(&people), ["er1n~ hi"]);
    }
    assert_eq!(
        alike(&[("tom", "tom", 2), ("torn", "torn", 3)]),
        ["torn~ hi"]
    );
    assert_eq!(
        alike(&[("tom", "tom", 0), ("torn", "torn", 2)]),
        ["torn$~hi"]
    );
    assert_eq!(
        alike(&[("root", "root", 1), ("r00t", "r00t", 3)]),
        ["r00t~ hi"]
    );
}

#[test]
fn nobody_is_marked_who_can_be_taken_for_nobody() {
    let people = [
        ("bob", "bob", 3),
        ("b0b", "b0b", 3),
        ("erin", "erin", 1),
        ("Erin", "ERIN", 1),
    ];
    assert_eq!(alike(&people), [] as [&str; 0]);
    // Somebody who was appointed.
    assert_eq!(
        alike(&[("bob", "bob", 3), ("bob", "bob", 1)]),
        [] as [&str; 0]
    );
}

#[test]
fn a_flood_of_names_that_look_alike_is_compared_with_a_few() {
    let letters = [
        ['a', '\u{430}'],
        ['o', '\u{43e}'],
        ['e', '\u{435}'],
        ['c', '\u{441}'],
    ];
    let mut timeline = Timeline::default();
    for number in 0..2_000_u64 {
        let name: String = (0..12)
            .map(|at| letters[at % 4][(number as usize >> at) % 2])
            .collect();
        timeline.insert(&message(&event(number + 1, &name, "hi")), &reader());
    }
    let mut moderator = event(3_000, "aoecaoecaoec", "hi");
    moderator["data"]["rank"] = json!(1);
    timeline.insert(&message(&moderator), &reader());
    let name = "\u{430}oecaoecaoe\u{441}";
    timeline.insert(&message(&event(3_001, name, "buy")), &reader());
    let rows = timeline.visible(Geometry::new(80), 1);
    assert!(rows[0].text().contains("~ buy"), "{}", rows[0].text());
}
