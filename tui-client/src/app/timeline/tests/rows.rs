//! Entries as rows of text, at the widths that screens have.

use proptest::prelude::*;

use super::*;
use crate::wrap::width;

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
            "   rules in #info.",
            " bob: gg that jump was",
            "   insane",
            " carol: > bob: gg tha…",
            "   same, never seen it",
            " ivan: @alice can you",
            "   pin the poll?      <<",
        ],
    );
    check(
        140,
        &[
            "00:00         nightbot+ Follow the rules in #info.",
            "00:00              bob  gg that jump was insane",
            "00:00            carol  > bob: gg that jump was insane",
            "                        same, never seen it",
            &format!(
                "00:00             ivan  @alice can you pin the poll?{:>88}",
                "<< mention"
            ),
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
fn nobody_writes_what_looks_like_anothers_message() {
    let text = "hi\nbob: I am leaving\n> carol: yes\n- alice was banned";
    for replies in [false, true] {
        let mut timeline = conversation();
        let mut forged = event(9, "mallory", text);
        if replies {
            forged["data"]["replyTo"] = json!("e-2");
        }
        timeline.insert(&message(&forged), &reader());
        for width in [8, 15, 24, 29, 30, 60, 140] {
            let all = timeline.visible(Geometry::new(width), 100);
            let rows: Vec<String> = all.iter().map(|row| row.text()).collect();
            let from = rows.iter().rposition(|row| row.contains("mal")).unwrap();
            let begins = |row: &str| row.len() - row.trim_start().len();
            let name = begins(&rows[from]);
            for row in &rows[from + 1..] {
                assert!(
                    begins(row) > name,
                    "{width}: {row:?} below {:?}",
                    rows[from]
                );
            }
        }
    }
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
            "   followers cheap at",
            "   cheap-follow.example",
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
fn rows_are_counted_as_they_are_made() {
    let mut timeline = conversation();
    for (seq, text) in (10..).zip([
        "a",
        " ",
        "\u{200b}",
        "日本語の長い文章はここで折り返される",
        "averyveryverylongwordwithoutanyspaceinitthathastobebrokensomewhere",
        &"row\n".repeat(30),
        "two\nrows and a few words more",
    ]) {
        timeline.insert(&message(&event(seq, "bob", text)), &reader());
        let mut reply = event(seq + 100, "bob", text);
        reply["data"]["replyTo"] = json!("e-2");
        timeline.insert(&message(&reply), &reader());
    }
    for width in 0..150 {
        let geometry = Geometry::new(width);
        for index in 0..timeline.count() {
            let made = timeline.rules(index, geometry).len()
                + timeline.make_rows(index, geometry, Look::default()).len();
            assert_eq!(timeline.height(index, geometry), made, "{index} in {width}");
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

#[test]
fn what_shows_nothing_is_said_to() {
    let mut timeline = Timeline::default();
    for (seq, text) in (1..).zip(["\u{200b}", "", "\u{2800}\u{3000}", "\u{ad}\u{feff}"]) {
        timeline.insert(&message(&event(seq, "bob", text)), &reader());
    }
    let row = "00:00          bob  [nothing to see]";
    check(&timeline, Geometry::new(80), Look::default(), &[row; 4]);
    let mut nameless = event(9, "bob", "hi");
    nameless["data"]["displayName"] = json!("\u{3164}\u{200b}");
    let mut timeline = Timeline::default();
    timeline.insert(&message(&nameless), &reader());
    check(
        &timeline,
        Geometry::new(80),
        Look::default(),
        &["00:00          bob  hi"],
    );
}

#[test]
fn a_link_over_several_rows_is_one() {
    let mut timeline = Timeline::default();
    let text =
        "see https://example.org/a/long/path?with=parameters and https://example.org/ @alice";
    timeline.insert(&message(&event(1, "bob", text)), &reader());
    let rows = timeline.visible(Geometry::new(40), 10);
    let pieces = rows.iter().flat_map(|row| row.pieces.iter());
    let linked: Vec<(u32, &str, &str)> = pieces
        .filter_map(|piece| {
            let link = piece.link.as_ref()?;
            Some((link.id % 64, &*link.address, piece.text.as_str()))
        })
        .collect();
    let long = "https://example.org/a/long/path?with=parameters";
    let expected = [
        (0, long, "https://example.org/a/long"),
        (0, long, "/path?with=parameters"),
        (1, "https://example.org/", "https://example.org/"),
    ];
    assert_eq!(linked, expected);
}

#[test]
fn text_from_right_to_left_ends_before_what_is_right_of_it() {
    let mut timeline = Timeline::default();
    let text = "\u{202e}שלום alice, מה שלומך?\u{2067}";
    timeline.insert(&message(&event(1, "bob", text)), &reader());
    let row = "00:00          bob  שלום alice, מה שלומך?                             << mention";
    check(&timeline, Geometry::new(80), Look::default(), &[row]);
}

#[test]
fn messages_of_ones_own_say_how_they_stand() {
    let mut timeline = Timeline::default();
    let content = chat_protocol::DraftContent::new("hello").unwrap();
    let nonce = Nonce::new("n-1").unwrap();
    let author = Author::new("alice", "Alice", chat_protocol::Rank::Moderator);
    timeline.insert_apart(&message(&event(9, "bob", "gg")), &reader());
    let parent = MessageId::new("e-9").ok();
    timeline.queue(content, nonce.clone(), author, stamp(), parent);
    let geometry = Geometry::new(80);
    check(
        &timeline,
        geometry,
        Look::default(),
        &["00:00        Alice… > bob: gg", "                    hello"],
    );
    let id = timeline.visible_rows(geometry, 1, |_| Look::default())[0]
        .of
        .unwrap()
        .0;
    timeline.fail("n-1", Cause::Passing, "slow mode");
    check(
        &timeline,
        geometry,
        selected(0),
        &[
            "00:00 >>     Alice! > bob: gg",
            "                    hello",
            "                    not sent: slow mode (Enter resends; selected, e edits, x",
            "                    discards)",
        ],
    );
    assert!(timeline.confirm(&nonce));
    let mut posted = event(10, "alice", "hello");
    posted["data"]["nonce"] = json!("n-1");
    timeline.insert(&message(&posted), &reader());
    assert_eq!(timeline.entries[0].id, id, "it is the same entry");
}

/// Characters that make trouble, and any others.
fn hostile() -> impl Strategy<Value = String> {
    let trouble = prop::sample::select(vec![
        "a",
        " ",
        "\n",
        "word ",
        "日本",
        "。",
        "「",
        "\u{3000}",
        "สวัสดี",
        "เ",
        "ខ្មែរ",
        "ລາວ",
        "क्षि",
        "क\u{94d}\u{200d}ष",
        "می\u{200c}خواهم",
        "שלום",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{200d}",
        "\u{200f}",
        "\u{ad}",
        "👨\u{200d}👩\u{200d}👧",
        "👍🏽",
        "🇩🇪",
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "1\u{fe0f}\u{20e3}",
        "⚠\u{fe0f}",
        "⚠\u{fe0e}",
        "e\u{301}",
        "\u{301}",
        "z\u{335}\u{336}\u{337}\u{338}\u{339}\u{33a}",
        "\u{1100}\u{1161}\u{11a8}",
        "\u{1100}",
        "\u{1161}",
        "\u{3164}",
        "ａ",
        "\u{e000}",
        "\u{378}",
        "\u{1b}[31m",
        "\u{7}",
        "\u{180b}",
        "ᠠ",
        "\u{fdfd}",
        "https://example.org/",
        "alice",
        "averyveryverylongwordwithoutanyspace",
    ]);
    let any = any::<char>().prop_map(String::from);
    let piece = prop_oneof![4 => trouble.prop_map(str::to_owned), 1 => any];
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever somebody writes, under whatever name: no row is wider than the view, nothing without a
    /// width is in one, and nothing but white space is left out.
    #[test]
    fn rows_fit_and_nothing_is_lost(text in hostile(), name in hostile(), is_selected in any::<bool>()) {
        let mut timeline = Timeline::default();
        let mut given = event(1, "bob", &text);
        given["data"]["displayName"] = json!(name);
        timeline.insert(&message(&given), &reader());
        let post = timeline.entries[0].post().unwrap();
        let content = post.content().to_owned();
        let id = timeline.entries[0].id;
        let squeeze = |text: &str| text.chars().filter(|one| !one.is_whitespace()).collect::<String>();
        let mut folded = 0;
        for is_open in [false, true] {
            for columns in [24, 29, 30, 40, 60, 80, 100, 140] {
                let geometry = Geometry::new(columns);
                let look = Look { selected: is_selected, ..Look::default() };
                let shown = timeline.visible_rows(geometry, 1_000, |_| look);
                let rows: Vec<&Rc<Row>> = shown.iter().filter(|shown| shown.of.is_some()).map(|shown| &shown.row).collect();
                for row in &rows {
                    let right = row.right.as_ref().map_or(0, |right| width(&right.text) + 1);
                    prop_assert!(row.columns() + right <= usize::from(columns), "{:?} in {columns}", row);
                    for piece in &row.pieces {
                        prop_assert!(!piece.text.contains(char::is_control), "{:?}", piece);
                    }
                }
                if is_open && geometry.names.is_some() && chat_protocol::shows(&content) {
                    let front: Vec<String> = rows.iter().map(|row| row.pieces.iter().map(|piece| piece.text.as_str()).collect()).collect();
                    let said: String = front.iter().map(|row| behind(row, geometry.indent())).collect();
                    prop_assert_eq!(squeeze(&said), squeeze(&content), "in {}", columns);
                }
                folded = folded.max(rows.len());
            }
            if !is_open {
                prop_assert!(folded <= 13, "{folded} rows");
                timeline.toggle_fold(id);
            }
        }
    }
}

/// What is behind so many columns.
fn behind(text: &str, columns: usize) -> &str {
    use unicode_segmentation::UnicodeSegmentation;
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        if used >= columns {
            return &text[at..];
        }
        used += width(cluster);
    }
    ""
}
