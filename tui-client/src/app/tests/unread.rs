//! What counts as unread, and what the line below the view says of it.

use super::*;

fn two_rooms() -> Driven {
    let mut driven = Driven::new(&["a", "b"], Some("pw"));
    driven.tell(Event::Started);
    for place in 0..2 {
        driven.go_live(place, false);
        let empty = json!({ "epoch": "e", "entries": [], "complete": true });
        driven.receive(place, "history", empty);
    }
    driven
}

fn history(recovered: bool, complete: bool, messages: &[(u64, &str, &str)]) -> Value {
    let entries: Vec<Value> = messages
        .iter()
        .map(|(seq, user, text)| json!({ "event": "message", "data": posted(*seq, user, text) }))
        .collect();
    json!({ "epoch": "e", "entries": entries, "complete": complete, "recovered": recovered })
}

fn unread(driven: &Driven) -> (usize, usize, bool) {
    let room = &driven.app.rooms[1];
    (
        room.reading.unread(),
        room.reading.mentions(),
        room.reading.has_more(),
    )
}

fn come_back(driven: &mut Driven, place: usize, history: Value) {
    driven.lose(place, LinkProblem::Silent);
    driven.go_live(place, true);
    driven.receive(place, "history", history);
}

#[test]
fn what_was_missed_counts_as_what_came_live() {
    let mut driven = two_rooms();
    let missed = [
        (1, "bob", "hi"),
        (2, "bob", "alice?"),
        (3, "Alice", "from my phone"),
    ];
    come_back(&mut driven, 1, history(true, true, &missed));
    assert_eq!(unread(&driven), (2, 1, false));
    // What could not be made up for is more than that.
    come_back(
        &mut driven,
        1,
        history(false, false, &[(90, "bob", "@alice")]),
    );
    assert_eq!(unread(&driven), (3, 2, true));
    driven.act(Action::Room(1));
    assert_eq!(unread(&driven), (0, 0, false));
}

#[test]
fn own_messages_from_elsewhere_are_not_unread() {
    let mut driven = two_rooms();
    driven.message(1, 1, "alice", "from my phone");
    driven.message(1, 2, "ALICE", "alice, alice");
    assert_eq!(unread(&driven), (0, 0, false));
    driven.message(1, 3, "bob", "hi");
    assert_eq!(unread(&driven), (1, 0, false));
}

#[test]
fn what_was_in_the_room_before_the_program_began_is_not_unread() {
    let mut driven = Driven::new(&["a", "b"], Some("pw"));
    driven.tell(Event::Started);
    driven.go_live(0, false);
    driven.go_live(1, false);
    let mut first = history(true, false, &[(1, "bob", "hi"), (2, "bob", "alice?")]);
    first.as_object_mut().unwrap().remove("recovered");
    driven.receive(1, "history", first);
    assert_eq!(unread(&driven), (0, 0, false));
}

#[test]
fn the_line_below_a_held_view_tells_what_was_missed() {
    let mut driven = two_rooms();
    for seq in 1..=60 {
        driven.message(0, seq, "bob", "hi");
    }
    driven.act(Action::PageUp);
    let below = |driven: &Driven| {
        let below = driven.app.room().timeline.below(driven.app.geometry());
        (below.new, below.mentions, below.more)
    };
    assert_eq!(below(&driven), (0, 0, false));
    driven.message(0, 61, "alice", "from my phone");
    assert_eq!(below(&driven), (0, 0, false));
    let missed = [
        (62, "bob", "hi"),
        (63, "bob", "alice?"),
        (64, "alice", "me"),
    ];
    come_back(&mut driven, 0, history(true, true, &missed));
    assert_eq!(below(&driven), (2, 1, false));
    come_back(&mut driven, 0, history(false, false, &[(90, "bob", "hi")]));
    assert_eq!(below(&driven), (3, 1, true));
    driven.act(Action::End);
    driven.act(Action::PageUp);
    assert_eq!(below(&driven), (0, 0, false));
}

#[test]
fn a_slow_line_hides_the_sides_unless_the_user_wants_them() {
    let mut driven = two_rooms();
    driven.tell(Event::Resized {
        width: 140,
        height: 40,
    });
    let has_sides = |driven: &Driven| driven.app.layout().right > 0;
    assert!(has_sides(&driven));
    assert!(driven.tell(Event::SlowLine(true)).contains(&Effect::Draw));
    assert!(!has_sides(&driven));
    driven.act(Action::ToggleSides);
    assert!(has_sides(&driven));
    assert_eq!(driven.tell(Event::SlowLine(false)), []);
    driven.send("/sides");
    assert!(!has_sides(&driven));
    driven.send("/sides");
    assert!(has_sides(&driven));
}
