//! Modes, mutes and moderation, on the screen.

use super::*;
use crate::keymap::Motion;

#[test]
fn modes_a_mute_and_the_topic_are_on_the_status_line() {
    let mut driven = conversation();
    let modes = json!({ "slowMode": 10, "membersOnly": true, "topic": "Any% today",
        "pinned": "e-4" });
    driven.receive(0, "room", modes);
    let (rows, _) = screen(&mut driven, 80, 24);
    assert_eq!(rows[1], " pinned: ivan: @alice can you pin the poll?");
    let status = " connected 23ms  slow 10s  members only  412 online  Any% today";
    assert_eq!(rows[22], status);
    driven.receive(0, "mute", json!({ "duration": 90_000 }));
    let status = " connected 23ms  muted 1d 1:00:00  slow 10s  members only  412 online  Any% to…";
    assert_eq!(screen(&mut driven, 80, 24).0[22], status);
    driven.wait(Duration::from_secs(86_401));
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(rows[22].contains("  muted 59:59  "), "{}", rows[22]);
    let gone = json!({ "id": "e-4", "seq": 5, "by": "erin" });
    driven.receive(0, "deleteMessage", gone);
    let (rows, _) = screen(&mut driven, 80, 24);
    assert_eq!(rows[1], " pinned: ivan: [deleted]");
    assert!(!screen(&mut driven, 80, 11).0[1].contains("pinned"));
    let modes = json!({ "slowMode": 0, "membersOnly": false, "topic": "", "pinned": null });
    driven.receive(0, "room", modes);
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(!rows[1].contains("pinned"), "{}", rows[1]);
    assert_eq!(rows[22], " connected 23ms  muted 59:59  412 online");
}

#[test]
fn a_command_that_is_typed_says_how_it_is_used() {
    let mut driven = Driven::live();
    driven.type_in("/mute bob");
    let hint = " /mute NAME DURATION [REASON]: mute for 90 (seconds), 10m, 2h or 7d";
    assert_eq!(screen(&mut driven, 80, 24).0[21], hint);
}

#[test]
fn an_appointment_shows_on_the_line_of_tabs() {
    let mut driven = Driven::live();
    let me = |driven: &mut Driven| screen(driven, 80, 24).0[0].clone();
    driven.receive(0, "delMod", json!({}));
    assert!(me(&mut driven).ends_with(" alice  F1 help"));
    driven.receive(0, "setMod", json!({}));
    assert!(me(&mut driven).ends_with(" alice mod  F1 help"));
}

#[test]
fn only_what_this_rank_may_do_is_offered() {
    let mut driven = conversation();
    let hint = |driven: &mut Driven| screen(driven, 80, 24).0[21].clone();
    driven.act(Action::Select);
    let all = " r reply y copy c card f thread | t time out b ban x delete p pin | s like it";
    assert_eq!(hint(&mut driven), all);
    driven.type_in("c");
    let all = " t time out b ban k kick x delete all | Esc close";
    assert_eq!(hint(&mut driven), all);
    driven.receive(0, "delMod", json!({}));
    driven.act(Action::Escape);
    assert!(hint(&mut driven).contains("you are an ordinary user now"));
    driven.act(Action::Escape);
    driven.act(Action::Escape);
    driven.act(Action::Select);
    let few = " r reply y copy c card f thread";
    assert_eq!(hint(&mut driven), few);
    driven.type_in("c");
    assert_eq!(hint(&mut driven), " Esc close");
    driven.act(Action::Escape);
    driven.act(Action::Escape);
    driven.act(Action::Interrupt);
    driven.type_in("/ban bob");
    let words = " /ban: only moderators can do that here";
    assert_eq!(hint(&mut driven), words);
}

#[test]
fn the_reason_of_a_ban_stays_on_the_status_line() {
    let mut driven = Driven::live();
    let notice = json!({ "message": "Disconnected", "reason": "sells followers" });
    driven.receive(0, "ban", notice);
    let (code, reason) = (CloseCode::Banned, "disconnected by a moderator".to_owned());
    driven.link(0, LinkEvent::Ended { code, reason });
    driven.wait(Duration::from_secs(100));
    for (width, height) in [(80, 24), (60, 20), (45, 12)] {
        let rows = screen(&mut driven, width, height).0;
        let row = &rows[usize::from(height) - 2];
        assert_eq!(row, " not connected: banned: sells followers");
        let hint = &rows[usize::from(height) - 3];
        assert!(hint.starts_with(" /reconnect tries again"), "{hint}");
    }
}

#[test]
fn how_long_enter_waits_is_seen_at_every_size() {
    let mut driven = Driven::live();
    driven.send("/clear");
    for seconds in [3, 2, 1] {
        for (width, height) in [(80, 24), (60, 20), (30, 6), (25, 4)] {
            let rows = screen(&mut driven, width, height).0;
            let words = format!(" Enter counts in {seconds} s");
            assert!(rows.iter().any(|row| row.starts_with(&words)), "{rows:?}");
        }
        driven.act(Action::Submit);
        assert!(driven.app.bar.is_some());
        driven.wait(Duration::from_secs(1));
    }
    let rows = screen(&mut driven, 80, 24).0;
    assert_eq!(rows[21], " Enter yes Esc no");
}

#[test]
fn the_cursor_is_in_the_reason_that_is_typed() {
    let mut driven = Driven::live();
    driven.send("/kick bob");
    driven.type_in("wspam");
    driven.act(Action::Move(Motion::Left));
    let (rows, cursor) = screen(&mut driven, 80, 24);
    assert_eq!(
        rows[21].trim_end(),
        format!(" Reason: spam{}Enter when done", " ".repeat(51))
    );
    assert_eq!((cursor.x, cursor.y), (12, 21));
    driven.type_in(&"x".repeat(200));
    for (width, height) in [(80, 24), (30, 6), (25, 4), (3, 3), (1, 1)] {
        let (_, cursor) = screen(&mut driven, width, height);
        assert!(cursor.x < width && cursor.y < height, "{width}x{height}");
    }
}

#[test]
fn what_is_said_about_a_key_is_seen_over_the_keys_of_a_question() {
    let mut driven = Driven::live();
    driven.send("/slow 10");
    driven.act(Action::Submit);
    let modes = json!({ "slowMode": 10, "membersOnly": false, "topic": "", "pinned": null });
    driven.receive(0, "room", modes);
    driven.act(Action::TakeBack);
    driven.act(Action::TakeBack);
    let hint = |driven: &mut Driven| screen(driven, 80, 24).0[21].clone();
    assert_eq!(
        hint(&mut driven),
        " there is nothing before it to take back"
    );
    driven.wait(Duration::from_secs(5));
    assert_eq!(hint(&mut driven), " Enter yes Esc no");
}

#[test]
fn a_long_reason_has_the_row_to_itself() {
    let mut driven = Driven::live();
    let reason = "sells followers and comes back with other names, talk to erin";
    driven.send(&format!("/ban bob {reason}"));
    let (rows, _) = screen(&mut driven, 140, 40);
    assert_eq!(rows[36], format!(" Ban bob for good? Reason: {reason}."));
    let (rows, _) = screen(&mut driven, 80, 24);
    let cut = " Ban bob for good? Reason: sells followers and comes back with oth…";
    assert_eq!(rows[20], cut);
    driven.act(Action::Escape);
    driven.act(Action::Interrupt);
    let notice = json!({ "message": "Disconnected", "reason": reason });
    driven.receive(0, "ban", notice);
    let (code, reason) = (CloseCode::Banned, String::new());
    driven.link(0, LinkEvent::Ended { code, reason });
    let status = |driven: &mut Driven, width| screen(driven, width, 24).0[22].clone();
    let words = "banned: sells followers and comes back with other names, talk to erin";
    assert_eq!(status(&mut driven, 100), format!(" not connected: {words}"));
    assert_eq!(status(&mut driven, 80), format!(" {words}"));
}

#[test]
fn on_wide_screens_a_card_stands_beside_what_is_picked_and_nothing_is_said_twice() {
    let mut driven = conversation();
    let side = |driven: &mut Driven| -> Vec<String> {
        let rows = screen(driven, 140, 40).0;
        let right = rows[..35]
            .iter()
            .map(|row| row.chars().skip(107).collect::<String>());
        right
            .map(|row| row.trim_end().to_owned())
            .filter(|row| !row.is_empty())
            .collect()
    };
    let said = |rows: &[String], words: &str| rows.iter().filter(|row| row.contains(words)).count();
    screen(&mut driven, 140, 40);
    driven.act(Action::Select);
    driven.type_in("c");
    assert!(driven.app.panel.is_none() && driven.app.is_picking());
    let rows = side(&mut driven);
    assert_eq!(rows[0], format!("{:<25}c closes", "ivan"));
    assert_eq!(rows[1], "1 message");
    driven.type_in("c");
    assert_eq!(said(&side(&mut driven), "ivan"), 0);
    // It goes with Esc too, after what is picked.
    driven.type_in("c");
    driven.act(Action::Escape);
    assert!(!driven.app.is_picking());
    assert_eq!(side(&mut driven)[0], format!("{:<23}Esc closes", "ivan"));
    driven.act(Action::Escape);
    assert_eq!(said(&side(&mut driven), "ivan"), 0);
    // A panel that lists the same takes its place.
    driven.act(Action::Interrupt);
    driven.send("/user ivan");
    let rows = screen(&mut driven, 140, 40).0;
    assert_eq!(said(&rows, "1 message"), 1, "{rows:?}");
    let held = json!({ "id": "7", "time": 1_795_392_000_000_u64, "username": "eve",
        "displayName": "eve", "content": "join my discord", "pattern": "discord" });
    driven.receive(0, "held", json!({ "entries": [held], "live": true }));
    driven.wait(Duration::from_secs(10));
    for (key, words) in [(Action::Held, "- held 1"), (Action::Log, "- log, F4")] {
        assert_eq!(said(&side(&mut driven), words), 1);
        driven.act(key);
        assert_eq!(said(&side(&mut driven), words), 0);
        driven.act(Action::Escape);
    }
    // Where there is no room beside it, the card is a panel.
    screen(&mut driven, 100, 40);
    driven.act(Action::Select);
    driven.type_in("c");
    assert!(driven.app.panel.is_some());
}

#[test]
fn a_question_is_seen_whole_with_the_way_out_of_it() {
    let mut driven = Driven::live();
    for (seq, name) in (1..).zip(["free_gifts_1", "win_prizes_2", "gratis_33"]) {
        driven.message(0, seq, name, "buy followers");
    }
    driven.act(Action::Select);
    driven.type_in("sb");
    let mut check = |width, height, expected: &[&str]| {
        let rows = screen(&mut driven, width, height).0;
        let last = rows.len() - 2;
        let rows: Vec<&str> = rows[last - expected.len()..last]
            .iter()
            .map(String::as_str)
            .collect();
        assert_eq!(rows, expected, "{width}x{height}");
    };
    check(
        80,
        24,
        &[
            " Ban 3 people who sent this, for good, and delete their 3 messages (final)?",
            " Enter yes  1 60s 2 10m 3 1h 4 1d 5 7d 0 for good  a delete on  w reason Esc no",
        ],
    );
    check(
        60,
        20,
        &[
            " Ban 3 people who sent this, for good, and delete their 3",
            " messages (final)?                                  0 s ago",
            " Enter yes Esc no 1 60s 2 10m 3 1h 4 1d 5 7d 0 for good a de",
        ],
    );
    // Where there is one row for it, its beginning is seen.
    check(
        40,
        7,
        &[
            " Ban 3 people who sent this, for good,…",
            " Enter yes Esc no 1 60s 2 10m 3 1h 4 1d",
        ],
    );
    check(
        140,
        40,
        &[
            &format!(
                "{:132}0 s ago",
                " Ban 3 people who sent this, for good, and delete their 3 messages (final)?"
            ),
            " Enter yes | 1 60s 2 10m 3 1h 4 1d 5 7d 0 for good | a delete on | w reason Esc no",
        ],
    );
}

#[test]
fn a_question_quotes_less_where_it_would_not_fit() {
    let mut driven = Driven::live();
    let text = "the quick brown fox jumps over the lazy dog again and again";
    driven.message(0, 1, "ana.maria", text);
    driven.act(Action::Select);
    driven.type_in("x");
    let mut check = |width, expected: &str| {
        let rows = screen(&mut driven, width, 24).0;
        let row = rows[20].split("   ").next().unwrap();
        assert_eq!(row, expected, "{width}");
    };
    check(
        100,
        " Delete a message from ana.maria: “the quick brown fox jumps over the lazy…”? (final)",
    );
    check(
        80,
        " Delete a message from ana.maria: “the quick brown fox jumps over …”? (final)",
    );
}

#[test]
fn what_the_letters_do_is_in_sight_whatever_is_said() {
    let mut driven = conversation();
    driven.act(Action::Select);
    driven.receive(0, "delMod", json!({}));
    driven.receive(0, "setMod", json!({}));
    let rows = screen(&mut driven, 80, 24).0;
    assert_eq!(rows[20], " you are a moderator now +1");
    assert!(rows[21].starts_with(" r reply y copy"), "{}", rows[21]);
    driven.type_in("q");
    let rows = screen(&mut driven, 80, 24).0;
    assert_eq!(rows[20], " you are a moderator now +1");
    assert!(rows[21].contains("does nothing here"), "{}", rows[21]);
    driven.wait(Duration::from_secs(30));
    driven.wait(Duration::from_secs(8));
    driven.wait(Duration::from_secs(8));
    let rows = screen(&mut driven, 80, 24).0;
    let (picked, way_out) = (" ivan: 1 message", "Esc back");
    let between = " ".repeat(79 - picked.len() - way_out.len());
    assert_eq!(rows[20], format!("{picked}{between}{way_out}"));
}

#[test]
fn the_longest_mute_is_called_what_it_is() {
    let mut driven = Driven::live();
    driven.send("/mute bob 10m");
    let (rows, _) = screen(&mut driven, 80, 24);
    assert!(
        rows.iter().any(|row| row.contains("5 7d 0 14d")),
        "{rows:?}"
    );
}
