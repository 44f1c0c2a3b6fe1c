//! Screens, asserted as text.

mod finding;
mod input;
mod moderation;

use std::time::Duration;

use chat_protocol::CloseCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Position;
use serde_json::json;

use super::*;
use crate::app::tests::{Driven, posted};
use crate::app::{Effect, Event};
use crate::keymap::Action;
use crate::link::{LinkEvent, Problem};
use crate::theme::Colours;

/// The screen's rows, without the spaces at their ends, and the cursor.
fn screen(driven: &mut Driven, width: u16, height: u16) -> (Vec<String>, Position) {
    driven.tell(Event::Resized { width, height });
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let theme = Theme::new(Colours::Many);
    terminal
        .draw(|frame| draw(&driven.app, &theme, &mut Links::default(), frame))
        .unwrap();
    let buffer = terminal.backend().buffer();
    let rows = (0..height)
        .map(|y| {
            let cells = (0..width).map(|x| buffer[(x, y)].symbol());
            cells.collect::<String>().trim_end().to_owned()
        })
        .collect();
    (rows, terminal.get_cursor_position().unwrap())
}

/// A room in the midst of a conversation.
fn conversation() -> Driven {
    let mut driven = Driven::live();
    let mut bot = posted(1, "nightbot", "Follow the rules in #info. Slow mode is on.");
    bot["rank"] = json!(1);
    driven.receive(0, "message", bot);
    let long =
        "gg that jump was insane and the skip right after, watch the replay when it is over please";
    driven.message(0, 2, "bob", long);
    let mut reply = posted(3, "carol", "same,\nnever seen it");
    reply["replyTo"] = json!("e-2");
    driven.receive(0, "message", reply);
    driven.message(0, 4, "ivan", "@alice can you pin the poll?");
    driven.receive(
        0,
        "who",
        json!({ "count": 412, "members": [], "truncated": true }),
    );
    driven.link(0, LinkEvent::Latency(Duration::from_millis(23)));
    driven.type_in("wait for it");
    driven
}

#[test]
fn a_conversation_at_80_by_24() {
    let (rows, cursor) = screen(&mut conversation(), 80, 24);
    let expected = [
        " 1:stream1                                                    alice mod  F1 help",
        "---------------------------- beginning of the room -----------------------------",
        "------------------------------- Mon 23 Nov 2026 --------------------------------",
        "00:00     nightbot+ Follow the rules in #info. Slow mode is on.",
        "00:00          bob  gg that jump was insane and the skip right after, watch the",
        "                    replay when it is over please",
        "00:00        carol  > bob: gg that jump was insane and the skip right after, wa…",
        "                    same,",
        "                    never seen it",
        "00:00         ivan  @alice can you pin the poll?                      << mention",
        " Enter send  Alt+Enter new line  Ctrl+C clear  Up previous message",
        " connected 23ms  412 online",
        "alice> wait for it                                                       11/500",
    ];
    let shown: Vec<&str> = rows
        .iter()
        .map(String::as_str)
        .filter(|row| !row.is_empty())
        .collect();
    assert_eq!(shown, expected);
    assert_eq!((cursor.x, cursor.y), (18, 23));
}

#[test]
fn a_conversation_at_140_by_40() {
    let mut driven = conversation();
    let held = json!({ "id": "7", "time": 1_795_392_000_000_u64, "username": "eve",
        "displayName": "eve", "content": "join my discord", "pattern": "discord" });
    driven.receive(0, "held", json!({ "entries": [held], "live": true }));
    let (rows, cursor) = screen(&mut driven, 140, 40);
    let rule = "-".repeat(23);
    let expected = [
        (
            0,
            format!(
                " 1 stream1      |{:88}| - held 1, F3 --------------------",
                ""
            ),
        ),
        (
            1,
            format!("{:16}|{:88}| 00:00   1 eve: join my discord", "", ""),
        ),
        (2, format!("{:16}|{:88}| (discord)", "", "")),
        (3, format!("{:16}|{:88}| - log, F4 {rule}", "", "")),
        (
            35,
            format!("{:16}|                        never seen it", ""),
        ),
        (
            38,
            format!(
                " connected 23ms  412 online{:85} held 1   alice mod  F1 help",
                ""
            ),
        ),
    ];
    for (row, text) in expected {
        let shown = rows[row].trim_end_matches([' ', '|']);
        assert_eq!(shown, text.trim_end_matches([' ', '|']), "{row}");
    }
    assert_eq!((cursor.x, cursor.y), (18, 39));
    // Without its sides the screen has tabs.
    assert!(screen(&mut driven, 119, 40).0[0].starts_with(" 1:stream1 "));
}

#[test]
fn narrow_screens_drop_times_and_small_ones_all_but_messages() {
    let (rows, _) = screen(&mut conversation(), 50, 12);
    assert_eq!(
        rows[8],
        "        ivan  @alice can you pin the poll?      <<"
    );
    assert!(rows[11].starts_with("> wait for it"));
    let (rows, cursor) = screen(&mut conversation(), 24, 4);
    assert_eq!(
        rows,
        [
            "   never seen it",
            " ivan: @alice can you",
            "   pin the poll?      <<",
            "> wait for it"
        ]
    );
    assert_eq!((cursor.x, cursor.y), (13, 3));
    assert_eq!(screen(&mut conversation(), 20, 1).0, ["> wait for it"]);
}

#[test]
fn the_password_prompt() {
    let mut driven = Driven::new(&["stream1"], None);
    driven.type_in("secret");
    let (rows, cursor) = screen(&mut driven, 80, 24);
    let text = rows.join("\n");
    assert!(text.contains("Sign in as alice"));
    assert!(text.contains("on ws://127.0.0.1:8080"));
    assert!(text.contains("Password: ••••••\n"), "{text}");
    assert!(!text.contains("secret"));
    assert_eq!(
        rows[usize::from(cursor.y)].chars().count(),
        usize::from(cursor.x)
    );
}

#[test]
fn a_held_view_says_how_much_is_below() {
    let mut driven = Driven::live();
    for seq in 1..=60 {
        driven.message(0, seq, "bob", &format!("m{seq}"));
    }
    let before = screen(&mut driven, 80, 24).0;
    assert!(before[20].ends_with("m60"));
    driven.act(Action::PageUp);
    driven.message(0, 61, "bob", "m61");
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(rows[16].ends_with("m42"), "{}", rows[16]);
    assert_eq!(
        rows[17],
        format!("- up 20 rows, 1 new below (End) {}", "-".repeat(48))
    );
    assert!(
        rows[20].ends_with("m61"),
        "the end stays live: {}",
        rows[20]
    );
    driven.act(Action::End);
    assert!(screen(&mut driven, 80, 24).0[20].ends_with("m61"));
}

#[test]
fn no_name_is_taken_for_one_with_a_rank() {
    let mut driven = Driven::live();
    let mut admin = posted(1, "bob", "real");
    admin["rank"] = json!(0);
    driven.receive(0, "message", admin);
    driven.message(0, 2, "bob@", "fake");
    driven.message(0, 3, "b@x.org", "mail");
    let (rows, _) = screen(&mut driven, 80, 24);
    assert_eq!(rows[18], "00:00          bob@ real");
    assert_eq!(rows[19], "00:00       “bob@”  fake");
    assert_eq!(rows[20], "00:00      b@x.org  mail");
    let (rows, _) = screen(&mut driven, 29, 12);
    assert!(rows.contains(&" bob@: real".to_owned()), "{rows:?}");
    assert!(rows.contains(&" “bob@”: fake".to_owned()), "{rows:?}");
}

#[test]
fn states_of_the_connection() {
    let status = |driven: &mut Driven| screen(driven, 80, 24).0[22].clone();
    let mut driven = Driven::new(&["stream1"], Some("pw"));
    driven.tell(Event::Started);
    assert_eq!(status(&mut driven), " connecting to ws://127.0.0.1:8080");
    let lost = |problem| LinkEvent::Lost {
        problem,
        retry_in: Duration::from_millis(2_500),
        attempt: 4,
    };
    driven.link(
        0,
        lost(Problem::Unreachable("connection refused".to_owned())),
    );
    driven.send("hello");
    let words = " reconnecting in 3s (attempt 4) can't connect: connection refused      queued 1";
    assert_eq!(status(&mut driven), words);
    let (code, reason) = (CloseCode::Restart, String::new());
    driven.link(0, lost(Problem::Closed { code, reason }));
    assert!(status(&mut driven).contains("server is restarting"));
    driven.link(
        0,
        lost(Problem::Unreachable("connection refused".to_owned())),
    );
    assert!(status(&mut driven).contains("server is restarting"));
    let (code, reason) = (CloseCode::Kicked, "spam".to_owned());
    driven.link(0, LinkEvent::Ended { code, reason });
    assert!(status(&mut driven).starts_with(" not connected: kicked: spam"));
}

#[test]
fn the_error_panel_lists_code_event_and_words() {
    let mut driven = conversation();
    driven.receive(
        0,
        "cerror",
        json!({ "Code": 429, "message": "too fast", "event": "message" }),
    );
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(rows[21].contains("too fast"));
    driven.act(Action::Problems);
    let (rows, _) = screen(&mut driven, 80, 24);
    assert_eq!(rows[1], " Errors: 1, newest last");
    assert_eq!(rows[2], " 00:00:00  429 message      stream1    too fast");
    driven.act(Action::Escape);
    assert!(screen(&mut driven, 80, 24).0[20].contains("ivan"));
}

#[test]
fn a_refused_message_says_why_and_what_to_do() {
    let mut driven = Driven::live();
    driven.send("hello");
    let (rows, _) = screen(&mut driven, 80, 24);
    assert_eq!(rows[20], "00:00        alice… hello");
    driven.receive(
        0,
        "cerror",
        json!({ "Code": 403, "message": "muted", "nonce": "n-1" }),
    );
    let (rows, _) = screen(&mut driven, 80, 24);
    assert_eq!(rows[19], "00:00        alice! hello");
    let words = "                    not sent: muted (selected, e edits, x discards)";
    assert_eq!(rows[20], words);
    assert_eq!(rows[21], " muted", "what the server said");
    driven.act(Action::Escape);
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(rows[21].starts_with(" Up edit the refused message  Esc discard it"));
    driven.act(Action::Escape);
    driven.send("again");
    let refused = json!({ "Code": 429, "message": "slow mode", "nonce": "n-2" });
    driven.receive(0, "cerror", refused);
    let (rows, _) = screen(&mut driven, 80, 24);
    assert_eq!(rows[18], "00:00        alice! again");
    assert_eq!(
        rows[19..21],
        [
            "                    not sent: slow mode (Enter resends; selected, e edits, x",
            "                    discards)",
        ]
    );
    driven.act(Action::Escape);
    driven.act(Action::Escape);
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(
        rows[21].starts_with(" Enter send again  /discard"),
        "{rows:?}"
    );
}

#[test]
fn the_input_grows_and_counts() {
    let mut driven = Driven::live();
    driven.tell(Event::Pasted("one\ntwo\nthree\nfour\nfive".to_owned()));
    driven.tell(Event::Pasted("\nsix".to_owned()));
    let (rows, cursor) = screen(&mut driven, 80, 24);
    assert_eq!(rows[19].split_whitespace().next(), Some("two"));
    assert_eq!(rows[23], "       six");
    assert_eq!((cursor.x, cursor.y), (10, 23));
    driven.tell(Event::Pasted("x".repeat(500)));
    assert!(
        screen(&mut driven, 80, 24)
            .0
            .iter()
            .any(|row| row.ends_with("!527/500"))
    );
}

#[test]
fn a_paste_of_many_lines_asks_first() {
    let mut driven = Driven::live();
    driven.type_in("see: ");
    let pasted = || Event::Pasted("one\rtwo\rthree\rfour\rfive\rsix\rseven".to_owned());
    driven.tell(pasted());
    let (rows, _) = screen(&mut driven, 80, 24);
    assert_eq!(rows[23], "paste 7 lines? one");
    assert!(rows[21].starts_with(" Enter paste  Esc cancel"));
    driven.type_in("x");
    assert_eq!(screen(&mut driven, 24, 4).0[3], "paste 7 lines? one");
    driven.act(Action::Escape);
    assert_eq!(driven.app.room().composer.text(), "see: ");
    driven.tell(pasted());
    assert!(driven.act(Action::Submit).contains(&Effect::Draw));
    let text = "see: one\ntwo\nthree\nfour\nfive\nsix\nseven";
    assert_eq!(driven.app.room().composer.text(), text);
}

#[test]
fn tabs_count_unread_messages_and_mentions() {
    let mut driven = Driven::new(&["stream1", "speedrun", "mods"], Some("pw"));
    driven.tell(Event::Started);
    for place in 0..3 {
        driven.go_live(place, false);
    }
    for seq in 1..=3 {
        driven.message(1, seq, "bob", "hi");
    }
    driven.message(2, 1, "bob", "alice?");
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(
        rows[0].starts_with(" 1:stream1  2:speedrun(3)  3:mods(1 @1) "),
        "{}",
        rows[0]
    );
}

#[test]
fn rooms_that_do_not_fit_are_told_by_what_is_unread_in_them() {
    let names: Vec<String> = (1..=20).map(|number| format!("room{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut driven = Driven::new(&names, Some("pw"));
    driven.tell(Event::Started);
    for place in 0..20 {
        driven.go_live(place, false);
    }
    let tabs = |driven: &mut Driven, width| screen(driven, width, 24).0[0].clone();
    assert!(
        tabs(&mut driven, 80).ends_with("  8:room8 >"),
        "{}",
        tabs(&mut driven, 80)
    );
    driven.message(19, 1, "bob", "hi");
    driven.message(19, 2, "bob", "alice?");
    driven.message(18, 1, "bob", "hi");
    assert!(
        tabs(&mut driven, 80).ends_with("  8:room8 3@1>"),
        "{}",
        tabs(&mut driven, 80)
    );
    driven.act(Action::PreviousRoom);
    driven.message(0, 1, "bob", "hi");
    driven.message(1, 1, "bob", "hi");
    for width in [40, 60, 80, 119] {
        let row = tabs(&mut driven, width);
        assert!(row.contains("20:room20"), "{width}: {row}");
        assert!(row.starts_with("<2 "), "{width}: {row}");
    }
    // Between others, on narrow screens too.
    driven.act(Action::Room(8));
    driven.message(19, 3, "bob", "alice?");
    for width in 30..120 {
        let row = tabs(&mut driven, width);
        assert!(row.contains(" 9:room9 "), "{width}: {row}");
        let is_seen = row.contains("@1>") || row.contains("20:room20(1 @1)");
        assert!(is_seen, "{width}: {row}");
        let are_seen = row.starts_with("<2 ")
            || (row.starts_with("<1 ") && row.contains(" 2:room2(1)"))
            || row.contains(" 1:room1(1)  2:room2(1)");
        assert!(are_seen, "{width}: {row}");
    }
}

#[test]
fn a_long_name_hides_no_mention() {
    let long = "a room with a name that is long";
    let mut driven = Driven::new(&["first", long, "last"], Some("pw"));
    driven.tell(Event::Started);
    for place in 0..3 {
        driven.go_live(place, false);
    }
    driven.act(Action::Room(1));
    driven.message(2, 1, "bob", "alice?");
    driven.message(0, 1, "bob", "alice?");
    for width in 30..100 {
        let row = screen(&mut driven, width, 24).0[0].clone();
        assert_eq!(row.matches("@1").count(), 2, "{width}: {row}");
        assert!(row.contains(" 2:a room"), "{width}: {row}");
    }
}

#[test]
fn the_help_says_that_there_is_more_and_offers_what_may_be_used() {
    let mut driven = Driven::live();
    driven.act(Action::Help);
    let rows = screen(&mut driven, 80, 24).0;
    assert!(
        rows[2].contains("F1") && rows[3].contains("Enter"),
        "{rows:?}"
    );
    assert!(rows[20].ends_with("more rows: PgDn"), "{rows:?}");
    let mut all = Vec::new();
    while screen(&mut driven, 80, 24).0[20].ends_with("more rows: PgDn") {
        all.extend(screen(&mut driven, 80, 24).0[1..20].to_vec());
        driven.act(Action::PageDown);
        assert!(all.len() < 400, "it has no end");
    }
    let rows = screen(&mut driven, 80, 24).0;
    assert!(rows[20].contains("next word with a capital"), "{rows:?}");
    all.extend(rows[1..21].to_vec());
    assert!(all.len() <= 116, "{}: {all:#?}", all.len());
    let has = |all: &[String], text: &str| all.iter().any(|row| row.contains(text));
    let ban = " /ban NAME - REASON             permanent; the reason may begin with a digit";
    assert!(has(&all, ban), "{all:?}");
    assert!(has(&all, "a mention"), "{all:?}");
    // Every command is there, by its key or by itself.
    let plain = crate::command::COMMANDS
        .iter()
        .chain(&crate::command::ACTING);
    let plain = plain.map(|(name, ..)| *name);
    let others = crate::command::GOING.iter().chain(&crate::command::READING);
    let others = others.chain(&crate::command::MODERATION);
    let others = others.map(|(name, ..)| *name);
    for name in plain.chain(others) {
        let is_shown = has(&all, &format!("/{name} ")) || has(&all, &format!("/{name})"));
        let ends = all.iter().any(|row| row.ends_with(&format!("/{name}")));
        let is_for_administrators = matches!(name, "mod" | "unmod" | "vip" | "unvip");
        assert!(
            is_shown || ends || is_for_administrators,
            "/{name}: {all:#?}"
        );
    }
    // An ordinary user is not offered what only moderators may do.
    driven.receive(0, "delMod", json!({}));
    driven.act(Action::Escape);
    driven.act(Action::Escape);
    driven.act(Action::Help);
    let mut all = Vec::new();
    for _ in 0..20 {
        all.extend(screen(&mut driven, 80, 24).0[1..20].to_vec());
        driven.act(Action::PageDown);
    }
    assert!(
        has(&all, "reply") && !has(&all, "/ban") && !has(&all, "ban the author"),
        "{all:?}"
    );
}

#[test]
fn no_size_and_no_text_breaks_the_screen() {
    let hostile = [
        "\u{1b}]0;x\u{7}\u{9b}31m \u{202e}\u{2066}abc\u{200d}\u{feff}",
        "z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}algo 日本語 👨\u{200d}👩\u{200d}👧\u{200d}👦",
        "a\n\n\n\n\nb \u{1f1e9}\u{1f1ea}\u{1f1e9} क्षि ᄀᄀᄀᆨ \u{115f} ﷽ ❤\u{fe0f}",
        "averyveryverylongwordwithoutanyspaceinitthathastobebrokensomewhere",
    ];
    let mut driven = Driven::live();
    for (seq, text) in (1..).zip(hostile.iter().cycle().take(40)) {
        let mut message = posted(seq, "bob", text);
        message["displayName"] = json!(hostile[seq as usize % hostile.len()]);
        driven.receive(0, "message", message);
    }
    driven.receive(
        0,
        "cerror",
        json!({ "Code": 500, "message": hostile[0], "event": hostile[1] }),
    );
    driven.send(hostile[1]);
    driven.tell(Event::Pasted(hostile.join("\n")));
    let actions = [
        Action::PageUp,
        Action::Problems,
        Action::Help,
        Action::Escape,
        Action::End,
    ];
    for (width, action) in (1..=90).zip(actions.iter().cycle()) {
        for height in 1..=30 {
            let (rows, cursor) = screen(&mut driven, width, height);
            assert!(
                rows.iter().all(|row| !row.contains(char::is_control)),
                "{width}x{height}"
            );
            assert!(cursor.x < width && cursor.y < height, "{width}x{height}");
        }
        driven.act(action.clone());
    }
    let mut prompt = Driven::new(&["日本語"], None);
    prompt.type_in(&"x".repeat(300));
    for width in 1..=90 {
        for height in 1..=30 {
            screen(&mut prompt, width, height);
        }
    }
}
