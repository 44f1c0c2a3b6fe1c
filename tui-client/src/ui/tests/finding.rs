//! Searching and threads on the screen.

use super::*;
use serde_json::Value;

/// A moderator's room with a conversation of an afternoon in it.
fn room() -> Driven {
    let mut driven = Driven::live();
    let said = |seq: u64, minute: u64, user: &str, text: &str, answers: Option<u64>| -> Value {
        let mut data = posted(seq, user, text);
        data["time"] = json!(1_795_392_000_000_u64 + minute * 60_000);
        if let Some(answers) = answers {
            data["replyTo"] = json!(format!("e-{answers}"));
        }
        data
    };
    for message in [
        said(1, 0, "bob", "free skins at cheap-skins.shop", None),
        said(2, 1, "carol", "who won the race?", None),
        said(3, 1, "bob", "FREE SKINS", None),
        said(4, 2, "dave", "eve did", Some(2)),
        said(5, 50, "eve", "by two seconds", Some(4)),
        said(6, 51, "ivan", "are the skins free?", None),
    ] {
        driven.receive(0, "message", message);
    }
    driven.type_in("a draft");
    driven
}

fn look(driven: &mut Driven) {
    while driven.app.wake_at() == Some(driven.now.elapsed) {
        driven.tell(Event::Woke);
    }
}

fn shown(rows: &[String]) -> Vec<&str> {
    let rows = rows.iter().map(String::as_str);
    rows.filter(|row| !row.is_empty()).collect()
}

#[test]
fn what_is_found_at_80_by_24() {
    let mut driven = room();
    driven.act(Action::Find);
    driven.type_in("free skins");
    look(&mut driven);
    let (rows, cursor) = screen(&mut driven, 80, 24);
    let expected = [
        " 1:stream1                                                    alice mod  F1 help",
        "------------------------------- Mon 23 Nov 2026 --------------------------------",
        "00:00          bob  free skins at cheap-skins.shop",
        "00:01          bob  FREE SKINS",
        "--------------------------------- 50 min later ---------------------------------",
        "00:51         ivan  are the skins free?",
        "- 3 found in 6 messages, Enter looks further back ------------------------------",
        "00:50          eve  > dave: eve did",
        "                    by two seconds",
        "00:51         ivan  are the skins free?",
        " words  from:NAME  is:mod  has:link  /regex/  -not   Enter select  Esc close",
        " connected  1/s",
        "find: free skins",
    ];
    assert_eq!(shown(&rows), expected);
    assert_eq!((cursor.x, cursor.y), (16, 23));
    driven.type_in(" /(");
    let (rows, _) = screen(&mut driven, 80, 24);
    let problem =
        " the regular expression has no end: write /regex/, or \"/(\" for the text itself";
    assert_eq!(rows[21], problem);
}

#[test]
fn a_result_is_picked_and_acted_on() {
    let mut driven = room();
    driven.act(Action::Find);
    driven.type_in("skins from:bob");
    look(&mut driven);
    driven.act(Action::Submit);
    let (rows, cursor) = screen(&mut driven, 80, 24);
    assert_eq!(rows[15], "00:01 >>       bob  FREE SKINS");
    assert_eq!((cursor.x, cursor.y), (0, 15));
    assert!(rows[16].starts_with("- 2 found in 6 messages, from the beginning of the room --"));
    driven.act(Action::Insert('b'));
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(rows[20].starts_with(" Ban bob for good"), "{rows:?}");
}

#[test]
fn a_search_fits_every_screen() {
    for (width, height) in [
        (30, 6),
        (29, 5),
        (60, 20),
        (100, 30),
        (140, 40),
        (8, 2),
        (1, 1),
    ] {
        let mut driven = room();
        driven.act(Action::Find);
        driven.type_in("free skins");
        look(&mut driven);
        let (rows, cursor) = screen(&mut driven, width, height);
        let last = &rows[usize::from(height) - 1];
        assert!(
            width < 20 || last.ends_with("free skins"),
            "{width}x{height} {rows:?}"
        );
        assert!(cursor.x < width && cursor.y < height, "{width}x{height}");
        driven.act(Action::Submit);
        screen(&mut driven, width, height);
    }
}

#[test]
fn a_thread_at_80_by_24() {
    let mut driven = room();
    driven.act(Action::Select);
    driven.act(Action::Up);
    driven.act(Action::Insert('f'));
    let (rows, _) = screen(&mut driven, 80, 24);
    let expected = [
        " 1:stream1                                                    alice mod  F1 help",
        "------------------------------- Mon 23 Nov 2026 --------------------------------",
        "00:01        carol  who won the race?",
        "00:02         dave  > carol: who won the race?",
        "                    eve did",
        "00:50          eve  > dave: eve did",
        "                    by two seconds",
        "- thread of 3 messages ---------------------------------------------------------",
        "00:50          eve  > dave: eve did",
        "                    by two seconds",
        "00:51         ivan  are the skins free?",
        " Enter send  Alt+Enter new line  Ctrl+C clear  Up previous message",
        " connected",
        "to eve: by two seconds",
        "alice> a draft                                                            7/500",
    ];
    assert_eq!(shown(&rows), expected);
}

#[test]
fn who_is_ignored_is_a_row_for_a_moderator() {
    let mut driven = room();
    driven.app.restore_ignored(vec!["bob".to_owned()]);
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(
        rows.iter()
            .any(|row| row == "00:00          bob  [ignored] v shows"),
        "{rows:?}"
    );
}

#[test]
fn the_hints_say_what_can_be_done_where_the_view_is() {
    let mut driven = Driven::live();
    for seq in 1..60 {
        driven.message(0, seq, "bob", "hi");
    }
    let hints = |driven: &mut Driven| screen(driven, 80, 24).0[21].clone();
    assert!(hints(&mut driven).contains("F1 help"));
    driven.act(Action::PageUp);
    let held = " PgDn down  End newest  Shift+Tab select  Ctrl+G next unread  F1 help";
    assert_eq!(hints(&mut driven), held);
    driven.send("/find hi");
    driven.act(Action::Escape);
    let found = " Shift+Tab select a message  PgUp/PgDn scroll  Esc back  F1 help";
    assert_eq!(hints(&mut driven), found);
    driven.act(Action::Escape);
    assert_eq!(hints(&mut driven), held);
}
