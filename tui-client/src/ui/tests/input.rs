//! The input box and what stands in its place, at all sizes.

use super::*;
use crate::app::tests::Driven;
use crate::keymap::Motion;

/// The rows of the input box, from the one that begins with `start` on, and the cursor.
fn rows_from(driven: &mut Driven, width: u16, height: u16, start: &str) -> (Vec<String>, Position) {
    let (rows, cursor) = screen(driven, width, height);
    let first = rows.iter().rposition(|row| row.starts_with(start));
    let first = first.unwrap_or_else(|| panic!("no {start:?} in {rows:#?}"));
    (rows[first..].to_vec(), cursor)
}

#[test]
fn an_answer_says_whom_it_is_for() {
    let mut driven = Driven::live();
    driven.message(
        0,
        1,
        "bob",
        "gg that jump was insane and the skip right after, watch the replay",
    );
    driven.act(Action::Select);
    driven.act(Action::Insert('r'));
    driven.type_in("same");
    let (rows, cursor) = rows_from(&mut driven, 80, 24, "to bob");
    let expected = [
        "to bob: gg that jump was insane and the skip right after, watch the replay",
        "alice> same                                                               4/500",
    ];
    assert_eq!(rows, expected);
    assert_eq!((cursor.x, cursor.y), (11, 23));
    let (rows, _) = rows_from(&mut driven, 40, 12, "to bob");
    assert_eq!(rows[0], "to bob: gg that jump was insane and the…");
    assert_eq!(screen(&mut driven, 24, 4).0[3], "to bob> same");
    assert_eq!(screen(&mut driven, 12, 4).0[3], "> same");
    assert_eq!(screen(&mut driven, 5, 1).0[0], "same");
    driven.act(Action::Escape);
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(!rows[22].starts_with("to bob"), "{rows:#?}");
}

#[test]
fn a_long_text_is_broken_between_clusters_and_scrolls_to_the_cursor() {
    let mut driven = Driven::live();
    let text = "\u{26a0}\u{fe0f}日本語です".repeat(30);
    driven.tell(Event::Pasted(text));
    let (rows, cursor) = screen(&mut driven, 40, 24);
    assert!(rows[19..].iter().all(|row| row.starts_with("  ")));
    assert!(rows[19].ends_with("210/500"), "{rows:#?}");
    assert_eq!(cursor.y, 23);
    driven.act(Action::Home);
    let (rows, cursor) = rows_from(&mut driven, 40, 24, "> ");
    assert!(rows[0].ends_with("210/500"), "{rows:#?}");
    assert_eq!((cursor.x, cursor.y), (2, 19));
}

#[test]
fn the_search_through_what_was_sent() {
    let mut driven = Driven::live();
    for text in ["first go", "go\non", "last"] {
        driven.send(text);
    }
    driven.type_in("draft");
    driven.act(Action::RecallSearch);
    let row = |driven: &mut Driven| rows_from(driven, 80, 24, "sent: ").0[0].clone();
    assert_eq!(row(&mut driven), "sent:   type to search what you sent");
    driven.type_in("GO");
    assert_eq!(row(&mut driven), "sent: GO  go on");
    driven.act(Action::RecallSearch);
    let (rows, cursor) = rows_from(&mut driven, 80, 24, "sent: ");
    assert_eq!((rows[0].as_str(), cursor.x), ("sent: GO  first go", 8));
    driven.type_in("x");
    assert_eq!(row(&mut driven), "sent: GOx  not found");
    driven.act(Action::Escape);
    assert_eq!(driven.app.room().composer.text(), "draft");
    driven.act(Action::RecallSearch);
    driven.tell(Event::Pasted("irst".to_owned()));
    assert!(
        driven
            .act(Action::Submit)
            .iter()
            .all(|effect| *effect == Effect::Draw)
    );
    assert_eq!(
        driven.app.room().composer.text(),
        "first go",
        "taken over, not sent"
    );
    driven.act(Action::Down);
    driven.act(Action::Down);
    driven.act(Action::Down);
    assert_eq!(driven.app.room().composer.text(), "draft");
    driven.act(Action::RecallSearch);
    driven.type_in("first");
    driven.act(Action::Move(Motion::Left));
    assert_eq!(driven.app.room().composer.text(), "first go");
    assert_eq!(driven.app.room().composer.before_cursor(), "first g");
}

#[test]
fn tab_shows_what_it_goes_through() {
    let mut driven = Driven::live();
    for (seq, user) in (1..).zip(["bob", "boris", "carol"]) {
        driven.message(0, seq, user, "hi");
    }
    driven.type_in("bo");
    driven.act(Action::Complete);
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(rows.contains(&" @boris  @bob".to_owned()), "{rows:#?}");
    driven.act(Action::Complete);
    assert!(
        screen(&mut driven, 80, 24)
            .0
            .contains(&" @bob  @boris".to_owned())
    );
    driven.type_in("x");
    assert!(
        !screen(&mut driven, 80, 24)
            .0
            .contains(&" @bob  @boris".to_owned())
    );
}

#[test]
fn the_palette() {
    let mut driven = Driven::new(&["stream1", "speedrun", "mods"], Some("pw"));
    driven.tell(Event::Started);
    (0..3).for_each(|place| drop(driven.go_live(place, false)));
    driven.message(0, 1, "bob", "hi");
    driven.message(1, 1, "bob", "alice?");
    driven.type_in("draft");
    driven.act(Action::KillOrPalette);
    driven.type_in("s");
    driven.tell(Event::Pasted("pe".to_owned()));
    let (rows, cursor) = screen(&mut driven, 80, 24);
    assert_eq!(rows[1], " Go to: spe");
    let row = ">> speedrun  1 unread, 1 for you                                           room";
    assert_eq!(rows[2], row);
    assert_eq!((cursor.x, cursor.y), (11, 1));
    assert!(
        rows[23].starts_with("alice> draft"),
        "the draft stays in sight"
    );
    driven.act(Action::Submit);
    assert_eq!(driven.app.active, 1);
    driven.act(Action::KillOrPalette);
    driven.type_in("@zzz");
    assert_eq!(screen(&mut driven, 30, 6).0[2], "   nothing fits");
    for _ in 0..3 {
        driven.act(Action::Backspace);
    }
    driven.type_in("bo");
    assert_eq!(
        screen(&mut driven, 30, 6).0[1..3],
        [" Go to: @bo", ">> bob"]
    );
    driven.act(Action::Escape);
    assert!(screen(&mut driven, 80, 24).0[23].starts_with("alice>"));
    assert_eq!(driven.app.room().composer.text(), "");
    driven.act(Action::KillOrPalette);
    driven.type_in("/reco");
    driven.act(Action::Submit);
    assert_eq!(driven.app.room().composer.text(), "/reconnect ");
}

#[test]
fn ctrl_k_cuts_where_there_is_something_to_cut() {
    let mut driven = Driven::live();
    driven.type_in("one two");
    driven.act(Action::Move(Motion::WordLeft));
    driven.act(Action::KillOrPalette);
    assert_eq!(driven.app.room().composer.text(), "one ");
    assert!(driven.app.palette.is_none());
    driven.act(Action::KillOrPalette);
    assert!(driven.app.palette.is_some());
    driven.act(Action::KillOrPalette);
    assert!(driven.app.palette.is_none());
    driven.act(Action::Yank);
    assert_eq!(driven.app.room().composer.text(), "one two");
}

#[test]
fn the_cursor_is_in_sight_at_every_size() {
    let prepare: [fn(&mut Driven); 6] = [
        |_| {},
        |driven| drop(driven.tell(Event::Pasted("日本\u{26a0}\u{fe0f}👍🏽e\u{301}x ".repeat(40)))),
        |driven| {
            driven.tell(Event::Pasted("one\ntwo\n日\n".to_owned()));
            driven.act(Action::Up);
        },
        |driven| {
            driven.act(Action::Select);
            driven.act(Action::Insert('r'));
            driven.type_in("answer");
        },
        |driven| {
            driven.send("sent before");
            driven.act(Action::RecallSearch);
            driven.type_in("before that and more");
        },
        |driven| {
            driven.act(Action::KillOrPalette);
            driven.type_in("日本語");
        },
    ];
    for prepare in prepare {
        let mut driven = Driven::live();
        driven.message(0, 1, "日本太郎", "日本語です");
        prepare(&mut driven);
        for (width, height) in [(80, 24), (60, 20), (30, 6), (140, 40), (29, 5)]
            .into_iter()
            .chain((1..30).flat_map(|width| (1..8).map(move |height| (width, height))))
        {
            driven.tell(Event::Resized { width, height });
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            let theme = Theme::new(Colours::None);
            terminal.hide_cursor().unwrap();
            terminal
                .draw(|frame| draw(&driven.app, &theme, &mut Links::default(), frame))
                .unwrap();
            assert!(terminal.backend().cursor_visible(), "{width}x{height}");
        }
    }
}
