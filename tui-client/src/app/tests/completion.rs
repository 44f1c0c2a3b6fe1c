//! Tab in the input.

use super::*;

/// Presses Tab; what then stands in the input.
fn tab(driven: &mut Driven) -> String {
    driven.act(Action::Complete);
    driven.app.room().composer.text().to_owned()
}

#[test]
fn tab_goes_through_what_fits_and_round_again() {
    let mut driven = Driven::live();
    for (seq, user) in (1..).zip(["Bob", "boris", "carol", "alice", "bo\u{1b}b"]) {
        driven.message(0, seq, user, "hi");
    }
    let name = "bo\u{fffd}b";
    driven.type_in("BO");
    assert_eq!(tab(&mut driven), format!("@{name} "));
    let (all, place) = driven.app.candidates().unwrap();
    assert_eq!(
        (all, place),
        (
            ["@bo\u{fffd}b", "@boris", "@Bob"]
                .map(str::to_owned)
                .as_slice(),
            0
        )
    );
    assert_eq!(tab(&mut driven), "@boris ");
    assert_eq!(tab(&mut driven), "@Bob ");
    assert_eq!(tab(&mut driven), format!("@{name} "));
    driven.type_in("c");
    assert_eq!(driven.app.candidates(), None);
    assert_eq!(tab(&mut driven), format!("@{name} carol "));
    assert_eq!(driven.app.candidates(), None, "it is the only one");
    driven.type_in("ali");
    assert_eq!(tab(&mut driven), format!("@{name} carol ali"));
    assert_eq!(
        driven.app.answers.hinted(),
        Some("no match"),
        "nobody calls themselves"
    );
}

#[test]
fn on_nothing_tab_offers_who_wrote_last() {
    let mut driven = Driven::live();
    assert_eq!(tab(&mut driven), "");
    for (seq, user) in (1..).zip(["bob", "carol", "alice"]) {
        driven.message(0, seq, user, "hi");
    }
    assert_eq!(tab(&mut driven), "@carol ");
    assert_eq!(tab(&mut driven), "@bob ");
    driven.type_in("and ");
    assert_eq!(tab(&mut driven), "@bob and carol ");
}

#[test]
fn only_the_first_word_is_a_command() {
    let mut driven = Driven::live();
    driven.type_in("see /ki");
    assert_eq!(tab(&mut driven), "see /ki");
    driven.act(Action::Interrupt);
    driven.type_in("/ki");
    assert_eq!(tab(&mut driven), "/kick ");
    driven.act(Action::Interrupt);
    driven.type_in("日本 x");
    assert_eq!(tab(&mut driven), "日本 x");
}

#[test]
fn what_the_user_may_not_do_is_not_offered() {
    let mut driven = Driven::live();
    driven.app.rooms[0].rank = chat_protocol::Rank::User;
    driven.type_in("/ki");
    assert_eq!(tab(&mut driven), "/ki");
    let mut may = |rank: u8| {
        driven.app.rooms[0].rank = chat_protocol::Rank::try_from(rank).unwrap();
        ["who", "delete", "ban", "mod"].map(|name| driven.app.may_use(name))
    };
    assert_eq!(may(0), [true, true, true, true]);
    assert_eq!(may(1), [true, true, true, false]);
    assert_eq!(may(3), [true, true, false, false]);
}

#[test]
fn a_word_within_the_text_is_completed_in_place() {
    let mut driven = Driven::live();
    driven.message(0, 1, "bob", "hi");
    driven.type_in("ask bo now");
    for _ in 0..4 {
        driven.act(Action::Move(Motion::Left));
    }
    assert_eq!(tab(&mut driven), "ask bob now");
    driven.type_in("!");
    assert_eq!(driven.app.room().composer.text(), "ask bob! now");
}
