//! The input box, driven as by keys.

use super::*;

/// A box with `text`, the cursor where `|` stands.
fn composer(text: &str) -> Composer {
    let cursor = text.find('|').unwrap();
    Composer {
        text: text.replace('|', ""),
        cursor,
        ..Composer::default()
    }
}

fn shown(composer: &Composer) -> String {
    let (before, after) = composer.text.split_at(composer.cursor);
    format!("{before}|{after}")
}

#[track_caller]
fn check(given: &str, edit: impl FnOnce(&mut Composer), expected: &str) {
    let mut composer = composer(given);
    edit(&mut composer);
    assert_eq!(shown(&composer), expected);
}

#[test]
fn moves_by_cluster_word_and_row() {
    check("ae\u{301}|", |c| c.go(Motion::Left), "a|e\u{301}");
    check("|👨\u{200d}👩x", |c| c.go(Motion::Right), "👨\u{200d}👩|x");
    check("|", |c| c.go(Motion::Left), "|");
    check("one two|", |c| c.go(Motion::WordLeft), "one |two");
    check("one, |two", |c| c.go(Motion::WordLeft), "|one, two");
    check(
        "one| two three",
        |c| c.go(Motion::WordRight),
        "one two| three",
    );
    check("one\ntw|o\nx", |c| c.go(Motion::RowStart), "one\n|two\nx");
    check("one\nt|wo\nx", |c| c.go(Motion::RowEnd), "one\ntwo|\nx");
}

#[test]
fn deletes_whole_clusters() {
    check("e\u{301}|", |c| c.delete(Motion::Left), "|");
    check("a|👍🏽b", |c| c.delete(Motion::Right), "a|b");
    check("|", |c| c.delete(Motion::Left), "|");
    check("|", |c| c.delete(Motion::Right), "|");
}

#[test]
fn cuts_add_up_and_come_back() {
    let twice = |c: &mut Composer| {
        c.kill(Motion::SpaceLeft);
        c.kill(Motion::SpaceLeft);
        c.yank().unwrap();
        c.yank().unwrap();
    };
    check("one two three|", twice, "one two threetwo three|");
    let apart = |c: &mut Composer| {
        c.kill(Motion::RowEnd);
        c.go(Motion::RowStart);
        c.kill(Motion::RowEnd);
        c.yank().unwrap();
    };
    check("one| two", apart, "one|");
    check("one|\ntwo", |c| c.kill(Motion::RowEnd), "one|two");
    check("one\n|two", |c| c.kill(Motion::RowStart), "one|two");
    check("one two|", |c| c.kill(Motion::RowStart), "|");
}

#[test]
fn inserts_text_as_it_is_without_control_characters() {
    let paste = |text: &'static str| move |c: &mut Composer| c.insert(text).unwrap();
    check("a|b", paste("x\r\ny\rz"), "ax\ny\nz|b");
    check("|", paste("\u{1b}[2J\t\u{9b}\u{7f}"), "[2J\t|");
    check("e|x", paste("\u{301}"), "e\u{301}|x");
    for text in [
        "می\u{200c}خواهم",
        "\u{200f}שלום\u{200e}",
        "\u{202e}\u{2067}\u{2069}\u{feff}\u{ad}\u{200b}",
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}",
    ] {
        check("|", paste(text), &format!("{text}|"));
    }
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

#[test]
fn takes_no_more_than_fits_and_says_so() {
    let mut composer = Composer::default();
    let pasted = format!("{}\n{}", "a".repeat(CAPACITY), "b".repeat(9));
    assert_eq!(composer.insert(&pasted), Err(Overflow(10)));
    assert_eq!(composer.text().len(), CAPACITY);
    assert_eq!(composer.insert("c"), Err(Overflow(1)));
}

#[test]
fn up_and_down_go_through_rows_then_through_what_was_sent() {
    let mut composer = Composer::default();
    for text in ["first", "second\nrow"] {
        composer.insert(text).unwrap();
        assert_eq!(composer.take(), text);
    }
    composer.insert("draft").unwrap();
    let mut steps = vec![shown(&composer)];
    for up in [true, true, true, true, false, false, false, false] {
        if up {
            composer.up();
        } else {
            composer.down();
        }
        steps.push(shown(&composer));
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
fn sent_messages_are_kept_once_and_in_bounds() {
    let mut composer = Composer::default();
    for number in 0..HISTORY + 5 {
        composer.insert(&number.to_string()).unwrap();
        composer.take();
    }
    composer.insert("100").unwrap();
    composer.take();
    assert_eq!(composer.history.len(), HISTORY);
    assert_eq!(composer.history.back().map(String::as_str), Some("100"));
}

#[test]
fn wraps_between_clusters_and_finds_the_cursor() {
    let check = |text: &str, columns, rows: &[&str], place| {
        assert_eq!(
            composer(text).rows(columns),
            (rows.iter().map(|row| (*row).to_owned()).collect(), place),
            "{text:?}"
        );
    };
    check("|", 4, &[""], (0, 0));
    check("abc|", 4, &["abc"], (0, 3));
    check("abcd|", 4, &["abcd", ""], (1, 0));
    check("ab|cdef", 4, &["abcd", "ef"], (0, 2));
    check("abcd|ef", 4, &["abcd", "ef"], (1, 0));
    check("日本語|", 4, &["日本", "語"], (1, 2));
    check("a\n|b", 4, &["a", "b"], (1, 0));
    check("a|\nb", 4, &["a", "b"], (0, 1));
    check("abcd|\nb", 4, &["abcd", "b"], (0, 4));
    check("a\n|", 4, &["a", ""], (1, 0));
}
