//! Tab in the input.

use super::*;

/// Presses Tab; what then stands in the input.
fn tab(driven: &mut Driven) -> String {
    driven.act(Action::Complete);
    driven.app.room().composer.text().to_owned()
}

#[test]
fn commands_and_names_are_completed() {
    let mut driven = Driven::live();
    for (seq, user) in (1..).zip(["Bob", "boris", "carol", "alice", "bo\u{1b}b"]) {
        driven.message(0, seq, user, "hi");
    }
    driven.type_in("/unm");
    assert_eq!(tab(&mut driven), "/unmute");
    assert_eq!(tab(&mut driven), "/unmod");
    assert_eq!(tab(&mut driven), "/unmute");
    driven.type_in(" @BO");
    let name = "bo\u{fffd}b";
    assert_eq!(tab(&mut driven), format!("/unmute @{name}"));
    assert_eq!(tab(&mut driven), "/unmute @boris");
    assert_eq!(tab(&mut driven), "/unmute @Bob");
    driven.type_in(" c");
    assert_eq!(tab(&mut driven), "/unmute @Bob carol ");
    assert_eq!(tab(&mut driven), "/unmute @Bob carol ");
    assert_eq!(driven.answer(), "no match");
    driven.type_in("al");
    assert_eq!(tab(&mut driven), "/unmute @Bob carol al");
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
