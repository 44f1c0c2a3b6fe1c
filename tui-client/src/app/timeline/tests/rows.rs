//! Entries as rows of text, at the widths that screens have.

use super::*;

/// The rows of the messages alone.
#[track_caller]
fn check(timeline: &Timeline, geometry: Geometry, look: Look, expected: &[&str]) {
    let shown = timeline.visible_rows(geometry, 100, |_| look);
    let rows: Vec<String> = shown
        .iter()
        .filter(|shown| shown.of.is_some())
        .map(|shown| shown.row.text_in(usize::from(geometry.width)))
        .map(|row| row.trim_end().to_owned())
        .collect();
    assert_eq!(rows, expected, "in {geometry:?}");
}

fn selected(likes: usize) -> Look {
    Look {
        selected: true,
        likes,
        ..Look::default()
    }
}

fn conversation() -> Timeline {
    let mut timeline = Timeline::default();
    let mut bot = event(1, "nightbot", "Follow the rules in #info.");
    bot["data"]["rank"] = json!(1);
    let mut reply = event(3, "carol", "same, never seen it");
    reply["data"]["replyTo"] = json!("e-2");
    let mention = event(4, "ivan", "@alice can you pin the poll?");
    for value in [
        bot,
        event(2, "bob", "gg that jump was insane"),
        reply,
        mention,
    ] {
        timeline.insert(&message(&value), &reader());
    }
    timeline
}

fn spam() -> Timeline {
    let mut timeline = Timeline::default();
    let text = "buy followers cheap at cheap-follow.example";
    timeline.insert(&message(&event(1, "free_gifts_Xx", text)), &reader());
    timeline
}

#[test]
fn a_conversation_at_every_width() {
    let check = |width, expected: &[&str]| {
        check(
            &conversation(),
            Geometry::new(width),
            Look::default(),
            expected,
        );
    };
    check(
        80,
        &[
            "00:00     nightbot+ Follow the rules in #info.",
            "00:00          bob  gg that jump was insane",
            "00:00        carol  > bob: gg that jump was insane",
            "                    same, never seen it",
            "00:00         ivan  @alice can you pin the poll?                      << mention",
        ],
    );
    check(
        60,
        &[
            "00:00     nightbot+ Follow the rules in #info.",
            "00:00          bob  gg that jump was insane",
            "00:00        carol  > bob: gg that jump was insane",
            "                    same, never seen it",
            "00:00         ivan  @alice can you pin the poll?  << mention",
        ],
    );
    check(
        40,
        &[
            "    nightbot+ Follow the rules in #info.",
            "         bob  gg that jump was insane",
            "       carol  > bob: gg that jump was i…",
            "              same, never seen it",
            "        ivan  @alice can you pin the",
            "              poll?           << mention",
        ],
    );
    check(
        30,
        &[
            "    nightbot+ Follow the rules",
            "              in #info.",
            "         bob  gg that jump was",
            "              insane",
            "       carol  > bob: gg that …",
            "              same, never seen",
            "              it",
            "        ivan  @alice can you",
            "              pin the poll? <<",
        ],
    );
    check(
        24,
        &[
            " nightbot+: Follow the",
            " rules in #info.",
            " bob: gg that jump was",
            " insane",
            " > bob: gg that jump wa…",
            " carol: same, never seen",
            " it",
            " ivan: @alice can you",
            " pin the poll?        <<",
        ],
    );
    check(
        100,
        &[
            "00:00         nightbot+ Follow the rules in #info.",
            "00:00              bob  gg that jump was insane",
            "00:00            carol  > bob: gg that jump was insane",
            "                        same, never seen it",
            "00:00             ivan  @alice can you pin the poll?                                      << mention",
        ],
    );
}

#[test]
fn the_entry_that_keys_act_on_says_so() {
    let check = |width, screen, look, expected: &[&str]| {
        check(&spam(), Geometry::within(width, screen), look, expected);
    };
    check(
        80,
        80,
        selected(7),
        &["00:00 >> free_gif…  buy followers cheap at cheap-follow.example        7 like it"],
    );
    check(
        84,
        140,
        selected(7),
        &["00:00 >> free_gifts_Xx  buy followers cheap at cheap-follow.example        7 like it"],
    );
    let marked = |selected| Look {
        selected,
        marked: true,
        likes: 0,
    };
    let text = "buy followers cheap at cheap-follow.example";
    check(
        80,
        80,
        marked(false),
        &[&format!("00:00  * free_gif…  {text}")],
    );
    check(
        80,
        80,
        marked(true),
        &[&format!("00:00 >>*free_gif…  {text}")],
    );
    check(
        24,
        24,
        selected(7),
        &[
            ">free_gifts_Xx: buy",
            " followers cheap at",
            " cheap-follow.example",
        ],
    );
}

#[test]
fn an_entry_is_as_high_in_every_look() {
    for timeline in [conversation(), spam()] {
        for width in 0..150 {
            let rows = |look| timeline.visible_rows(Geometry::new(width), 1_000, |_| look);
            let plain = rows(Look::default()).len();
            assert_eq!(rows(selected(12)).len(), plain, "{width}");
        }
    }
}

#[test]
fn a_text_of_many_rows_is_folded() {
    let lines: Vec<String> = (1..=250).map(|line| format!("row {line}")).collect();
    let mut timeline = Timeline::default();
    timeline.insert(&message(&event(1, "bob", &lines.join("\n"))), &reader());
    let shown = timeline.visible_rows(Geometry::new(80), 1_000, |_| Look::default());
    let texts: Vec<String> = shown.iter().map(|shown| shown.row.text()).collect();
    assert_eq!(texts.len(), 1 + 11);
    assert_eq!(texts[10].trim(), "row 10");
    assert_eq!(texts[11].trim(), "… 240 more rows (Enter opens)");
    let (id, _) = shown[3].of.unwrap();
    assert!(timeline.toggle_fold(id));
    let shown = timeline.visible_rows(Geometry::new(80), 1_000, |_| Look::default());
    assert_eq!(shown.len(), 1 + 250);
    assert!(shown[250].row.text().ends_with("row 250"));
    assert!(timeline.toggle_fold(id));
    let rows = timeline.visible(Geometry::new(80), 1_000);
    assert_eq!(rows.len(), 1 + 11);
}
