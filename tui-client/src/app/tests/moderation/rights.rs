//! What a rank may do, whichever way it is asked for.

use super::*;
use crate::app::palette::Goal;

fn live_as(rank: Rank) -> Driven {
    let mut driven = Driven::live();
    driven.app.rooms[0].rank = rank;
    driven
}

#[test]
fn a_command_that_is_not_for_this_rank_says_so_at_once_and_stays() {
    let mut driven = live_as(Rank::User);
    driven.message(0, 1, "bob", "spam");
    let moderators = [
        "/ban bob 1h spam",
        "/BAN",
        "/mute bob",
        "/kick bob",
        "/slow 10",
        "/lock",
        "/pin",
        "/clear",
        "/held",
        "/audit",
        "/sanctions",
    ];
    for text in moderators {
        assert_eq!(sent(&driven.send(text)), [""; 0], "{text}");
        assert!(
            driven.app.bar.is_none() && driven.app.selection.is_none(),
            "{text}"
        );
        assert_eq!(driven.app.room().composer.text(), text);
        let name = text.split(' ').next().unwrap().to_lowercase();
        let words = format!("{name}: only moderators can do that here");
        assert!(driven.said().ends_with(&words), "{text}");
        driven.act(Action::Interrupt);
    }
    driven.app.rooms[0].rank = Rank::Moderator;
    driven.send("/mod bob");
    assert!(
        driven
            .said()
            .ends_with("/mod: only administrators can do that here")
    );
    assert_eq!(driven.app.room().composer.text(), "/mod bob");
}

#[test]
fn nobody_is_told_of_a_rank_that_no_server_has_given() {
    let mut driven = Driven::new(&["stream1"], Some("pw"));
    driven.tell(Event::Started);
    driven.send("/ban bob");
    assert!(driven.said().ends_with("not done: not connected"));
    assert_eq!(driven.app.room().composer.text(), "/ban bob");
}

#[test]
fn ones_own_message_is_everybodys_to_delete() {
    let mut driven = live_as(Rank::User);
    driven.message(0, 1, "alice", "mine");
    driven.message(0, 2, "bob", "not mine");
    driven.send("/delete bob");
    assert_eq!(
        driven.answer(),
        "only moderators can delete what others wrote"
    );
    driven.act(Action::Interrupt);
    driven.send("/delete");
    driven.type_in("x");
    assert_eq!(
        question(&driven),
        "Delete a message from alice: “mine”? (final)"
    );
    driven.act(Action::Escape);
    driven.act(Action::Down);
    driven.type_in("x");
    assert!(driven.app.bar.is_none());
    let hinted = driven.app.answers.hinted();
    assert_eq!(hinted, Some("only moderators can do that here"));
}

#[test]
fn letters_and_keys_that_are_not_for_this_rank_do_nothing() {
    let mut driven = live_as(Rank::Vip);
    driven.message(0, 1, "bob", "hello");
    driven.act(Action::Select);
    for letter in ["t", "b", "k", "x", "p", "s", "v"] {
        driven.act(Action::Escape);
        driven.act(Action::Select);
        driven.type_in(letter);
        assert!(driven.app.bar.is_none(), "{letter}");
        assert_eq!(
            driven.answer(),
            "only moderators can do that here",
            "{letter}"
        );
    }
    driven.act(Action::Escape);
    assert_eq!(sent(&driven.act(Action::Held)), [""; 0]);
    assert!(driven.app.panel.is_none());
}

#[test]
fn the_palette_and_tab_offer_the_same_commands() {
    for rank in [Rank::Administrator, Rank::Moderator, Rank::Vip, Rank::User] {
        let mut driven = live_as(rank);
        driven.act(Action::KillOrPalette);
        let palette = driven.app.palette.take().unwrap();
        let commands = palette.fitting().filter_map(|choice| match choice.goal {
            Goal::Command(name) => Some(name),
            _ => None,
        });
        let offered: Vec<&str> = commands.collect();
        let mut may: Vec<&str> = driven.app.commands().map(|(name, ..)| name).collect();
        may.dedup();
        assert_eq!(offered, may);
        for (name, least) in [
            ("who", Rank::User),
            ("join", Rank::User),
            ("user", Rank::User),
            ("delete", Rank::User),
            ("ban", Rank::Moderator),
            ("filters", Rank::Moderator),
            ("mod", Rank::Administrator),
        ] {
            assert_eq!(offered.contains(&name), rank <= least, "{rank:?} {name}");
        }
    }
}
