//! Reading, told by what comes and what is seen.

use super::*;
use chat_protocol::{Cleared, MessageDeleted, Purged};
use serde_json::{Value, json};

const START: u64 = 1_795_392_000_000;

fn value(seq: u64, user: &str, content: &str) -> Value {
    json!({ "event": "message", "data": { "username": user, "content": content,
        "id": format!("e-{seq}"), "seq": seq, "displayName": user, "rank": 3,
        "time": START + seq * 1_000, "room": "r" } })
}

/// The user is alice and does not want to read mallory.
fn heard(message: &Message) -> Heard {
    let author = Author::key_of(&message.username);
    let kind = match &*author {
        "alice" | "mallory" => Counts::Nothing,
        _ if message.content.contains("@alice") => Counts::Mention,
        _ => Counts::Message,
    };
    Heard::new(message, author, kind)
}

fn say(reading: &mut Reading, seq: u64, user: &str, content: &str) {
    match ServerEvent::decode(&value(seq, user, content).to_string()).unwrap() {
        ServerEvent::Message(message) => reading.message(&heard(&message)),
        other => panic!("{other:?}"),
    }
}

fn page(reading: &mut Reading, page: Page, epoch: &str, seqs: &[u64], complete: bool) {
    let entries: Vec<Value> = seqs
        .iter()
        .map(|seq| match seq % 10 {
            0 => value(*seq, "bob", "@alice?"),
            9 => value(*seq, "Alice", "from my phone"),
            _ => value(*seq, "bob", "hi"),
        })
        .collect();
    let data = json!({ "epoch": epoch, "entries": entries, "complete": complete });
    match ServerEvent::decode(&json!({ "event": "history", "data": data }).to_string()).unwrap() {
        ServerEvent::History(history) => reading.page(page, &history, heard),
        other => panic!("{other:?}"),
    }
}

fn mark(epoch: &str, seq: u64) -> Mark {
    Mark {
        epoch: Epoch::new(epoch).unwrap(),
        seq: Seq(seq),
        time: START + seq * 1_000,
    }
}

#[track_caller]
fn check(reading: &Reading, unread: usize, mentions: usize, more: bool) {
    let found = (reading.unread(), reading.mentions(), reading.has_more());
    assert_eq!(found, (unread, mentions, more), "{reading:?}");
}

#[test]
fn what_was_there_before_the_first_visit_is_not_new() {
    let mut reading = Reading::new(None);
    page(&mut reading, Page::Newest, "e", &[8, 9, 10], false);
    check(&reading, 0, 0, false);
    assert_eq!(reading.mark(), Some(&mark("e", 10)));
    say(&mut reading, 11, "bob", "hi");
    say(&mut reading, 12, "bob", "@alice");
    say(&mut reading, 13, "ALICE", "@alice");
    say(&mut reading, 14, "mallory", "@alice");
    check(&reading, 2, 1, false);
    reading.see_end(Seq(12));
    check(&reading, 0, 0, false);
    assert_eq!(reading.mark(), Some(&mark("e", 14)));
}

#[test]
fn what_comes_before_the_first_page_is_new() {
    let mut reading = Reading::new(None);
    say(&mut reading, 11, "bob", "@alice");
    page(&mut reading, Page::Newest, "e", &[8, 10, 11], false);
    check(&reading, 1, 1, false);
    assert_eq!(reading.mark().unwrap().seq, Seq(10));
}

#[test]
fn after_being_away_pages_may_come_in_any_order() {
    let mut reading = Reading::new(Some(mark("e", 5)));
    page(&mut reading, Page::Newest, "e", &[18, 19, 20], false);
    check(&reading, 2, 1, true);
    say(&mut reading, 21, "bob", "hi");
    page(&mut reading, Page::Older, "e", &[8, 9, 10, 11, 12], false);
    check(&reading, 7, 2, true);
    // The same once more changes nothing.
    page(&mut reading, Page::Older, "e", &[8, 9, 10, 11, 12], false);
    page(&mut reading, Page::Older, "e", &[4, 5, 6, 7], false);
    check(&reading, 9, 2, false);
    reading.settle();
    assert_eq!(reading.line(), Some(Seq(5)));
}

#[test]
fn what_was_missed_counts_as_what_came() {
    let mut reading = Reading::new(Some(mark("e", 5)));
    page(&mut reading, Page::Newest, "e", &[4, 5, 6], false);
    check(&reading, 1, 0, false);
    page(&mut reading, Page::Missed, "e", &[7, 8, 9, 10], true);
    check(&reading, 4, 1, false);
    // What could not be made up for is more than that.
    page(&mut reading, Page::Newest, "e", &[90, 91], false);
    check(&reading, 6, 2, true);
    reading.see_end(Seq(0));
    check(&reading, 0, 0, false);
}

#[test]
fn where_the_whole_room_is_here_nothing_is_missing() {
    let mut reading = Reading::new(Some(mark("e", 2)));
    page(&mut reading, Page::Newest, "e", &[5, 6], true);
    check(&reading, 2, 0, false);
}

#[test]
fn what_is_taken_out_of_the_room_is_not_unread() {
    let mut reading = Reading::new(Some(mark("e", 5)));
    page(&mut reading, Page::Newest, "e", &[6, 7, 8, 10], true);
    say(&mut reading, 11, "Eve", "@alice");
    say(&mut reading, 12, "eve", "hi");
    check(&reading, 6, 2, false);
    let deleted = MessageDeleted {
        id: MessageId::new("e-7").unwrap(),
        seq: Seq(13),
        by: "erin".to_owned(),
    };
    reading.observe(&ServerEvent::DeleteMessage(deleted));
    check(&reading, 5, 2, false);
    let purged = Purged {
        username: "EVE".to_owned(),
        seq: Seq(14),
        by: "erin".to_owned(),
    };
    reading.observe(&ServerEvent::Purge(purged));
    check(&reading, 3, 1, false);
    say(&mut reading, 15, "eve", "again");
    let cleared = Cleared {
        seq: Seq(16),
        by: "erin".to_owned(),
    };
    reading.observe(&ServerEvent::Clear(cleared));
    check(&reading, 0, 0, false);
    assert!(!reading.has_unseen());
    say(&mut reading, 17, "bob", "hi");
    check(&reading, 1, 0, false);
    reading.forget_author("bob");
    check(&reading, 0, 0, false);
}

#[test]
fn mentions_off_the_screen_stay_until_they_are_looked_at() {
    let mut reading = Reading::new(Some(mark("e", 5)));
    page(&mut reading, Page::Newest, "e", &[6, 10, 20, 30, 31], true);
    check(&reading, 5, 3, false);
    reading.see_end(Seq(25));
    check(&reading, 0, 2, false);
    assert_eq!(reading.oldest_mention().unwrap().seq, Seq(10));
    reading.see(Seq(8), Seq(12));
    check(&reading, 0, 1, false);
    reading.see(Seq(20), Seq(20));
    check(&reading, 0, 0, false);
    assert!(!reading.has_unseen());
    // Before the end was seen, a mention that is looked at stays an unread message.
    say(&mut reading, 40, "bob", "@alice");
    say(&mut reading, 41, "bob", "hi");
    reading.see(Seq(35), Seq(40));
    check(&reading, 2, 0, false);
}

#[test]
fn the_line_stands_where_the_user_was() {
    let mut reading = Reading::new(None);
    page(&mut reading, Page::Newest, "e", &[1], true);
    reading.see_end(Seq(0));
    assert_eq!(reading.line(), None);
    // What is seen as it comes is not new.
    say(&mut reading, 2, "bob", "hi");
    reading.see_end(Seq(0));
    reading.settle();
    assert_eq!(reading.line(), None);
    say(&mut reading, 3, "bob", "hi");
    reading.settle();
    say(&mut reading, 4, "alice", "hi");
    say(&mut reading, 5, "bob", "hi");
    let line = Seq(2);
    reading.leave();
    assert_eq!(reading.line(), Some(line));
    reading.see_end(Seq(0));
    assert_eq!(reading.line(), Some(line), "it stays when it was seen");
    reading.leave();
    assert_eq!(reading.line(), None);
    say(&mut reading, 6, "bob", "hi");
    reading.settle();
    assert_eq!(reading.line(), Some(Seq(5)));
}

#[test]
fn in_another_life_of_the_log_time_tells() {
    let mut reading = Reading::new(Some(mark("e", 15)));
    page(&mut reading, Page::Newest, "f", &[12, 13, 20, 21], false);
    check(&reading, 2, 1, false);
    assert_eq!(reading.mark().unwrap().seq, Seq(13));
    page(&mut reading, Page::Newest, "g", &[20, 21], false);
    check(&reading, 2, 1, true);
    page(&mut reading, Page::Older, "f", &[1, 2], true);
    check(&reading, 2, 1, true);
    reading.see_end(Seq(0));
    assert_eq!(reading.mark(), Some(&mark("g", 21)));
    // A log that was set back: what comes has positions that were seen before.
    let mut reading = Reading::new(Some(mark("e", 500)));
    page(&mut reading, Page::Newest, "f", &[12, 13], true);
    check(&reading, 0, 0, false);
    say(&mut reading, 14, "bob", "@alice");
    check(&reading, 1, 1, false);
}

#[test]
fn a_hole_that_is_filled_in_part_leaves_more() {
    let mut reading = Reading::new(Some(mark("e", 5)));
    page(&mut reading, Page::Newest, "e", &[200, 201], false);
    check(&reading, 2, 1, true);
    page(
        &mut reading,
        Page::Gap(Some(Seq(200))),
        "e",
        &[6, 10],
        false,
    );
    check(&reading, 4, 2, true);
    page(&mut reading, Page::Gap(Some(Seq(200))), "f", &[11], false);
    check(&reading, 4, 2, true);
    page(&mut reading, Page::Gap(Some(Seq(1))), "e", &[11, 20], true);
    check(&reading, 6, 3, false);
}

#[test]
fn mentions_of_an_earlier_run_are_unseen() {
    let mut earlier = Reading::new(Some(mark("e", 5)));
    page(&mut earlier, Page::Newest, "e", &[6, 10, 12, 20], true);
    earlier.see_end(Seq(12));
    let kept = earlier.unseen_mentions();
    let mut reading = Reading::new(earlier.mark().cloned());
    reading.remember(kept.clone());
    check(&reading, 0, 1, false);
    page(&mut reading, Page::Newest, "e", &[10, 12, 20, 30], true);
    check(&reading, 1, 2, false);
    assert_eq!(reading.unseen_mentions()[..1], kept);
    page(&mut reading, Page::Newest, "f", &[1], true);
    check(&reading, 0, 0, false);
    for seq in 1..=MENTIONS as u64 + 5 {
        say(&mut reading, seq * 10, "bob", "@alice");
    }
    assert_eq!(reading.unseen_mentions().len(), MENTIONS);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut reading = Reading::new(None);
    page(&mut reading, Page::Newest, "e", &[1], true);
    for seq in 2..=UNSEEN as u64 + 5 {
        say(&mut reading, seq, "bob", "hi");
    }
    check(&reading, UNSEEN, 0, true);
}

#[test]
fn nothing_is_seen_before_the_room_is_known() {
    let mut reading = Reading::new(Some(mark("e", 5)));
    reading.see_end(Seq(0));
    page(&mut reading, Page::Newest, "e", &[5, 6, 10], false);
    check(&reading, 2, 1, false);
}

#[test]
fn the_next_unseen_is_the_oldest_mention_then_rooms_in_turn() {
    let room = |seqs: &[u64]| {
        let mut reading = Reading::new(Some(mark("e", 5)));
        page(&mut reading, Page::Newest, "e", seqs, true);
        reading
    };
    let mut rooms = [room(&[6]), room(&[30]), room(&[]), room(&[10, 20])];
    let mut order = Vec::new();
    let mut active = 0;
    loop {
        match next(rooms.iter(), active) {
            Next::Mention(place, mention) => {
                order.push(format!("{place} @{}", mention.seq));
                rooms[place].see(mention.seq, mention.seq);
                active = place;
            }
            Next::Room(place) => {
                order.push(place.to_string());
                rooms[place].see_end(Seq(0));
                active = place;
            }
            Next::Nowhere => break,
        }
        assert!(order.len() < 20, "{order:?}");
    }
    assert_eq!(order, ["3 @10", "3 @20", "1 @30", "3", "0", "1"]);
}
