//! The input box, driven as by keys.

use super::*;
use crate::keymap::Motion;

/// Columns in which nothing wraps.
const WIDE: usize = 80;

/// A box and what all boxes share.
#[derive(Default)]
struct Box {
    composer: Composer,
    memory: Memory,
}

impl Box {
    fn type_in(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            self.edit(Edit::Insert(character));
        }
        self
    }

    fn edit(&mut self, edit: Edit) -> &mut Self {
        self.composer.edit(edit, &mut self.memory).unwrap();
        self
    }

    fn up(&mut self) -> String {
        self.composer.up(WIDE, &mut self.memory);
        self.shown()
    }

    fn down(&mut self) -> String {
        self.composer.down(WIDE, &self.memory);
        self.shown()
    }

    fn take(&mut self) -> Draft {
        self.composer.take(&mut self.memory)
    }

    fn send(&mut self, text: &str) {
        self.type_in(text);
        assert_eq!(self.take().text, text);
    }

    fn shown(&self) -> String {
        let before = self.composer.before_cursor();
        format!("{before}|{}", &self.composer.text()[before.len()..])
    }

    fn drafts(&self) -> Vec<Draft> {
        self.composer.drafts(&self.memory.history)
    }
}

fn sent(texts: &[&str]) -> Box {
    let mut given = Box::default();
    texts.iter().for_each(|text| given.send(text));
    given
}

fn reply(name: &str) -> Option<Reply> {
    Some(Reply {
        id: MessageId::new(format!("id-{name}")).unwrap(),
        name: name.to_owned(),
        quote: "gg".to_owned(),
    })
}

fn texts(drafts: &[Draft]) -> Vec<&str> {
    drafts.iter().map(|draft| draft.text.as_str()).collect()
}

#[test]
fn up_and_down_go_through_rows_then_through_what_was_sent() {
    let mut given = sent(&["first", "second\nrow"]);
    given.type_in("draft");
    let mut steps = vec![given.shown()];
    for up in [true, true, true, true, false, false, false, false] {
        steps.push(if up { given.up() } else { given.down() });
    }
    let expected = [
        "draft|",
        "second\nrow|",
        "sec|ond\nrow",
        "first|",
        "first|",
        "second\nrow|",
        "draft|",
        "draft|",
        "draft|",
    ];
    assert_eq!(steps, expected);
}

#[test]
fn rows_are_those_on_the_screen_and_keep_their_column() {
    let mut composer = Composer::default();
    let mut memory = Memory::default();
    composer.insert("abcdefgh日本x").unwrap();
    let mut cursors = Vec::new();
    for up in [true, true, true, false, false, false] {
        match up {
            true => composer.up(4, &mut memory),
            false => composer.down(4, &memory),
        }
        cursors.push(composer.before_cursor().to_owned());
    }
    // Rows: abcd, efgh, 日本, x; the cursor was behind the x.
    let rows = [
        "abcdefgh",
        "abcde",
        "a",
        "abcde",
        "abcdefgh",
        "abcdefgh日本x",
    ];
    assert_eq!(cursors, rows);
    composer
        .edit(Edit::Move(Motion::Left), &mut memory)
        .unwrap();
    composer.up(4, &mut memory);
    assert_eq!(composer.before_cursor(), "abcdefgh");
}

#[test]
fn what_was_sent_is_shared_by_all_rooms() {
    let mut given = sent(&["here"]);
    let mut other = Composer::default();
    other.up(WIDE, &mut given.memory);
    assert_eq!(other.text(), "here");
    given.send("more");
    other.up(WIDE, &mut given.memory);
    assert_eq!(other.text(), "here", "older than that there is nothing");
    other.down(WIDE, &given.memory);
    assert_eq!(other.text(), "more");
}

#[test]
fn a_draft_comes_back_after_another_text_was_sent_in_its_place() {
    let mut given = sent(&["first"]);
    given.type_in("half a dra").edit(Edit::Move(Motion::Left));
    assert_eq!(given.up(), "first|");
    assert_eq!(given.take().text, "first");
    assert_eq!(given.shown(), "half a dr|a");
    assert_eq!(given.up(), "first|");
    assert!(given.composer.clear(&mut given.memory));
    assert_eq!(given.shown(), "half a dr|a", "so does Ctrl+C");
}

#[test]
fn what_was_changed_in_older_texts_is_kept_while_others_are_shown() {
    let mut given = sent(&["first", "second"]);
    given.up();
    given.type_in(" changed");
    assert_eq!(given.up(), "first|");
    assert_eq!(given.down(), "second changed|");
    assert_eq!(given.down(), "|");
    assert_eq!(given.up(), "second changed|");
    given.take();
    assert_eq!(given.up(), "second changed|");
    assert_eq!(given.up(), "second|", "the history itself stays as it was");
}

#[test]
fn undo_brings_back_what_was_sent_cleared_or_hidden() {
    let mut given = sent(&["first"]);
    assert_eq!(given.edit(Edit::Undo).shown(), "first|");
    given.composer.clear(&mut given.memory);
    assert_eq!(given.shown(), "|");
    assert_eq!(given.edit(Edit::Undo).shown(), "first|");
    given.type_in(" dr");
    given.up();
    assert_eq!(given.edit(Edit::Undo).shown(), "first dr|");
    given.type_in("aft");
    assert_eq!(given.down(), "first draft|", "it is the draft again");
    assert_eq!(
        given.edit(Edit::Undo).edit(Edit::Redo).shown(),
        "first draft|"
    );
}

#[test]
fn a_reply_stays_with_its_draft() {
    let mut given = sent(&["first"]);
    given.composer.set_reply(reply("bob"));
    given.type_in("to bo");
    given.up();
    assert_eq!(given.composer.reply(), None, "an old text answers nobody");
    assert_eq!(given.take().reply, None);
    assert_eq!(given.composer.reply(), reply("bob").as_ref());
    assert!(given.composer.clear(&mut given.memory));
    assert_eq!(
        given.composer.reply(),
        reply("bob").as_ref(),
        "one step at a time"
    );
    given.up();
    let taken = given.take();
    assert_eq!((taken.text.as_str(), taken.reply), ("to bo", reply("bob")));
    assert_eq!(given.composer.reply(), None);
    given.composer.set_reply(reply("bob"));
    assert!(given.composer.clear(&mut given.memory));
    assert!(!given.composer.clear(&mut given.memory));
}

#[test]
fn an_answer_without_text_may_get_an_old_one() {
    let mut given = sent(&["first"]);
    given.composer.set_reply(reply("bob"));
    given.up();
    assert_eq!(given.composer.reply(), reply("bob").as_ref());
    given.composer.set_reply(None);
    given.down();
    assert_eq!(given.composer.reply(), None, "taken away is taken away");
}

#[test]
fn a_text_from_elsewhere_takes_the_place_of_the_draft_for_a_while() {
    let mut given = sent(&["first"]);
    given.type_in("draft");
    given
        .composer
        .borrow_for("failed one", reply("bob"), &mut given.memory);
    assert_eq!(given.shown(), "failed one|");
    given.type_in("!");
    given
        .composer
        .borrow_for("failed two", None, &mut given.memory);
    assert_eq!(given.up(), "failed one!|", "it is not lost either");
    assert_eq!(given.down(), "failed two|");
    let taken = given.take();
    assert_eq!((taken.text.as_str(), taken.reply), ("failed two", None));
    assert_eq!(given.shown(), "draft|");
}

#[test]
fn drafts_outlive_the_program() {
    let mut given = sent(&["first"]);
    assert_eq!(given.drafts(), []);
    given.type_in("draft日").edit(Edit::Move(Motion::Left));
    given.composer.set_reply(reply("bob"));
    let drafts = given.drafts();
    let mut next = Box::default();
    next.composer.restore(drafts.clone());
    assert_eq!(next.shown(), "draft|日");
    assert_eq!(next.composer.reply(), reply("bob").as_ref());
    assert_eq!(next.edit(Edit::Undo).shown(), "draft|日");
    assert_eq!(next.drafts(), drafts);

    given.up();
    assert_eq!(given.drafts(), drafts, "what was sent is no draft");
    given.type_in(" changed");
    assert_eq!(texts(&given.drafts()), ["draft日", "first changed"]);
    let mut next = Box::default();
    next.composer.restore(given.drafts());
    assert_eq!(next.shown(), "first changed|");
    assert_eq!(next.down(), "draft|日");
    assert_eq!(next.composer.reply(), reply("bob").as_ref());
}

#[test]
fn a_draft_from_a_changed_file_is_cleaned() {
    let mut given = Box::default();
    let draft = Draft {
        text: format!("e\u{301}\u{1b}{}", "x".repeat(CAPACITY)),
        cursor: 1,
        reply: None,
    };
    given.composer.restore(vec![draft]);
    assert_eq!(given.composer.text().len(), CAPACITY);
    assert_eq!(given.composer.before_cursor(), "e\u{301}");
}

#[test]
fn a_password_is_kept_nowhere() {
    let mut given = Box::default();
    given.type_in("/password old new");
    assert!(given.composer.is_secret());
    assert_eq!(given.drafts(), []);
    assert_eq!(given.composer.rows(WIDE).0, ["/password •••••••"]);
    assert_eq!(given.take().text, "/password old new");
    assert_eq!(given.edit(Edit::Undo).shown(), "|");
    assert_eq!(given.up(), "|");
    given.type_in("/password old new");
    given.composer.clear(&mut given.memory);
    assert_eq!(given.edit(Edit::Undo).shown(), "|");
    assert!(!format!("{:?}", given.composer).contains("old"));
}

#[test]
fn shows_what_may_be_shown_of_it() {
    let rows = |text: &str| {
        let mut composer = Composer::default();
        composer.insert(text).unwrap();
        composer.rows(80)
    };
    assert_eq!(rows("a\tb"), (vec!["a b".to_owned()], (0, 3)));
    assert_eq!(rows("\u{202e}\u{200f}ab"), (vec!["ab".to_owned()], (0, 2)));
    let persian = "می\u{200c}خواهم";
    assert_eq!(rows(persian), (vec![persian.to_owned()], (0, 7)));
}
