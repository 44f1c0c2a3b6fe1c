//! The editor, driven as by keys.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// An editor of rows with `text`, the cursor where `|` stands.
fn editor(text: &str) -> Editor {
    let mut editor = Editor::rows(1_024);
    editor.set(&text.replace('|', ""), text.find('|').unwrap());
    editor.forget();
    editor
}

fn shown(editor: &Editor) -> String {
    let (before, after) = editor.text.split_at(editor.cursor);
    format!("{before}|{after}")
}

/// Does `edits` one after the other, all with one kill ring.
fn run(editor: &mut Editor, edits: &[Edit]) {
    let mut kills = KillRing::default();
    for edit in edits {
        editor.edit(*edit, &mut kills).unwrap();
    }
}

#[track_caller]
fn check(given: &str, edits: &[Edit], expected: &str) {
    let mut editor = editor(given);
    run(&mut editor, edits);
    assert_eq!(shown(&editor), expected);
}

fn typed(text: &str) -> Vec<Edit> {
    text.chars().map(Edit::Insert).collect()
}

const UNDO: Edit = Edit::Undo;

#[test]
fn moves_by_cluster_word_and_row() {
    use Edit::Move;
    check("ae\u{301}|", &[Move(Motion::Left)], "a|e\u{301}");
    check("|👨\u{200d}👩x", &[Move(Motion::Right)], "👨\u{200d}👩|x");
    check("|", &[Move(Motion::Left), Move(Motion::Right)], "|");
    check("one two|", &[Move(Motion::WordLeft)], "one |two");
    check("one, |two", &[Move(Motion::WordLeft)], "|one, two");
    check("I can't|", &[Move(Motion::WordLeft)], "I |can't");
    check("日本|語", &[Move(Motion::WordLeft)], "日|本語");
    check(
        "one| two three",
        &[Move(Motion::WordRight)],
        "one two| three",
    );
    check(" \u{301}a|", &[Move(Motion::SpaceLeft)], "| \u{301}a");
    check("one\ntw|o\nx", &[Move(Motion::RowStart)], "one\n|two\nx");
    check("one\nt|wo\nx", &[Move(Motion::RowEnd)], "one\ntwo|\nx");
}

#[test]
fn deletes_whole_clusters() {
    use Edit::Delete;
    check("e\u{301}|", &[Delete(Motion::Left)], "|");
    check("a|👍🏽b", &[Delete(Motion::Right)], "a|b");
    check("|", &[Delete(Motion::Left), Delete(Motion::Right)], "|");
    check("क\u{94d}\u{200d}ष|", &[Delete(Motion::Left)], "|");
}

#[test]
fn cuts_in_a_row_are_one_piece() {
    use Edit::{Kill, Move, Yank};
    let twice = [Kill(Motion::SpaceLeft), Kill(Motion::SpaceLeft), Yank, Yank];
    check("one two three|", &twice, "one two threetwo three|");
    let both = [Kill(Motion::RowEnd), Kill(Motion::RowStart), Yank];
    check("one| two", &both, "one two|");
    let apart = [
        Kill(Motion::RowEnd),
        Move(Motion::RowStart),
        Kill(Motion::RowEnd),
        Yank,
    ];
    check("one| two", &apart, "one|");
    check("one|\ntwo", &[Kill(Motion::RowEnd)], "one|two");
    check("one\n|two", &[Kill(Motion::RowStart)], "one|two");
    check("one two|", &[Kill(Motion::RowStart)], "|");
    check("one |", &[Kill(Motion::WordRight), Yank], "one |");
}

#[test]
fn a_yank_turns_into_older_pieces() {
    use Edit::{Kill, Move, Yank, YankPop};
    let cut = [
        Kill(Motion::WordLeft),
        Move(Motion::Left),
        Kill(Motion::WordLeft),
        Move(Motion::Left),
        Kill(Motion::WordLeft),
    ];
    let then = |edits: &[Edit]| [&cut, edits].concat();
    check("a b c|", &then(&[Yank]), "a|  ");
    check("a b c|", &then(&[Yank, YankPop]), "b|  ");
    check("a b c|", &then(&[Yank, YankPop, YankPop]), "c|  ");
    check("a b c|", &then(&[Yank, YankPop, YankPop, YankPop]), "a|  ");
    check("a b c|", &then(&[YankPop]), "|  ");
    let moved = [Yank, Move(Motion::Right), YankPop];
    check("a b c|", &then(&moved), "a | ");
    check("a b c|", &then(&[Yank, YankPop, UNDO, UNDO]), "a|  ");
}

#[test]
fn undo_takes_back_runs() {
    let mut steps = Vec::new();
    let mut editor = editor("|");
    run(&mut editor, &typed("wait for it, it is coming now"));
    for edit in [UNDO, UNDO, UNDO, Edit::Redo, Edit::Redo, Edit::Redo, UNDO] {
        run(&mut editor, &[edit]);
        steps.push(shown(&editor));
    }
    let (all, part) = (
        "wait for it, it is coming now|",
        "wait for it, it is coming |",
    );
    assert_eq!(steps, [part, "|", "|", part, all, all, part]);
    let mixed = [typed("ab"), vec![Edit::Delete(Motion::Left); 2], typed("c")].concat();
    check("|", &[mixed.as_slice(), &[UNDO]].concat(), "|");
    check("|", &[mixed.as_slice(), &[UNDO, UNDO]].concat(), "ab|");
    check("one |two", &[Edit::Kill(Motion::RowEnd), UNDO], "one |two");
    let moved = [
        Edit::Insert('x'),
        Edit::Move(Motion::Left),
        Edit::Insert('y'),
        UNDO,
    ];
    check("|", &moved, "|x");
}

#[test]
fn clusters_change_places_and_words_their_case() {
    check("ab|c", &[Edit::Transpose], "acb|");
    check("abc|", &[Edit::Transpose], "acb|");
    check("ab|\nc", &[Edit::Transpose], "ba|\nc");
    check("a👍🏽|", &[Edit::Transpose], "👍🏽a|");
    check("|ab", &[Edit::Transpose], "|ab");
    check("a|", &[Edit::Transpose], "a|");
    check("a\n|", &[Edit::Transpose], "a\n|");
    check(
        "one| two three",
        &[Edit::Case(Case::Upper)],
        "one TWO| three",
    );
    check("|TWO", &[Edit::Case(Case::Capital), UNDO], "|TWO");
}

#[test]
fn inserts_text_as_it_is_without_control_characters() {
    let check = |given: &str, pasted: &str, expected: &str| {
        let mut editor = editor(given);
        editor.insert(pasted).unwrap();
        assert_eq!(shown(&editor), expected);
        run(&mut editor, &[UNDO]);
        assert_eq!(shown(&editor), given);
    };
    check("a|b", "x\r\ny\rz", "ax\ny\nz|b");
    check("|", "\u{1b}[2J\t\u{9b}\u{7f}", "[2J\t|");
    check("e|x", "\u{301}", "e\u{301}|x");
    for text in [
        "می\u{200c}خواهم",
        "क\u{94d}\u{200d}ष",
        "\u{200f}שלום\u{200e}",
        "\u{202e}\u{2067}\u{2069}\u{feff}\u{ad}\u{200b}",
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}",
    ] {
        check("|", text, &format!("{text}|"));
    }
}

#[test]
fn a_joiner_is_typed_like_any_character() {
    check("|", &typed("می\u{200c}خ"), "می\u{200c}خ|");
    check("|", &typed("👨\u{200d}👩"), "👨\u{200d}👩|");
}

#[test]
fn takes_no_more_than_fits_and_says_so() {
    let mut kills = KillRing::default();
    let mut editor = Editor::rows(10);
    assert_eq!(editor.insert("123456\n日本語"), Err(Overflow(2)));
    assert_eq!(editor.text(), "123456\n日");
    for count in 3..6 {
        let result = editor.edit(Edit::Insert('x'), &mut kills);
        assert_eq!(result, Err(Overflow(count)), "counts on");
    }
    run(&mut editor, &[UNDO]);
    assert_eq!(editor.text(), "");
    assert_eq!(
        editor.insert("12345678e\u{301}"),
        Err(Overflow(2)),
        "no half cluster"
    );
    let paste = "x".repeat(1 << 20);
    assert_eq!(editor.insert(&paste), Err(Overflow(1 << 20)));
}

#[test]
fn a_line_has_one_row() {
    let mut editor = Editor::line(100);
    editor.insert("one\r\ntwo\tthree\u{7}").unwrap();
    run(&mut editor, &[Edit::Insert('\n')]);
    assert_eq!(editor.text(), "one two three ");
    assert_eq!(editor.window(6), ("hree ".to_owned(), 5));
}

#[test]
fn a_password_leaves_no_trace() {
    let mut kills = KillRing::default();
    let mut editor = Editor::masked(100);
    editor.insert("correct horse\nrest").unwrap();
    assert_eq!(editor.text(), "correct horse");
    assert_eq!(editor.window(40).0, "•".repeat(13));
    editor
        .edit(Edit::Move(Motion::WordLeft), &mut kills)
        .unwrap();
    assert_eq!(editor.cursor(), 0, "tells nothing of its words");
    editor.edit(Edit::Kill(Motion::RowEnd), &mut kills).unwrap();
    assert_eq!((editor.text(), kills.get(0)), ("", None));
    editor.edit(UNDO, &mut kills).unwrap();
    assert_eq!(editor.text(), "");
    editor.insert("x").unwrap();
    assert_eq!(editor.take(), "x");
    assert!(!format!("{editor:?}").contains('x'));
}

#[test]
fn a_command_with_a_password_leaves_no_trace() {
    use Edit::{Kill, Yank};
    check(
        "/password old new|",
        &[Kill(Motion::SpaceLeft), Yank],
        "/password old |",
    );
    check("/password old|", &[Kill(Motion::RowStart), UNDO], "|");
    let all = [typed("/password old"), vec![Edit::Delete(Motion::Left); 4]].concat();
    check("|", &[all.as_slice(), &[UNDO]].concat(), "/password|");
    check(
        "/passwords old|",
        &[Kill(Motion::SpaceLeft), Yank],
        "/passwords old|",
    );
    let secret = |text: &str| secret_from(text).map(|at| text[at..].to_owned());
    assert_eq!(secret(" /PASSWORD a b").as_deref(), Some("a b"));
    assert_eq!(secret("/password"), None);
    assert_eq!(secret("//password a"), None);
}

#[test]
fn a_flood_of_keys_is_linear() {
    let mut editor = Editor::rows(16 * 1024);
    let mut kills = KillRing::default();
    let mut left_out = 0;
    for _ in 0..1 << 20 {
        if let Err(Overflow(count)) = editor.edit(Edit::Insert('x'), &mut kills) {
            left_out = count;
        }
    }
    assert_eq!(editor.text().len() + left_out, 1 << 20);
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let characters = [
        'a', ' ', '\n', '\u{301}', '日', '👩', '\u{200d}', '\u{fe0f}', '🇩', '🇪', 'क', '\u{94d}',
        '\u{1100}', '\u{1161}', '/', '\'', '\u{7}',
    ];
    let motions = [
        Motion::Left,
        Motion::Right,
        Motion::WordLeft,
        Motion::WordRight,
        Motion::SpaceLeft,
        Motion::RowStart,
        Motion::RowEnd,
    ];
    let others = [
        Edit::Yank,
        Edit::YankPop,
        Edit::Undo,
        Edit::Redo,
        Edit::Transpose,
        Edit::Case(Case::Upper),
        Edit::Case(Case::Capital),
    ];
    prop_oneof![
        6 => select(characters.to_vec()).prop_map(Edit::Insert),
        2 => select(motions.to_vec()).prop_map(Edit::Move),
        1 => select(motions.to_vec()).prop_map(Edit::Delete),
        1 => select(motions.to_vec()).prop_map(Edit::Kill),
        3 => select(others.to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_typed_the_cursor_is_between_clusters_and_all_can_be_undone(
        edits in vec(any_edit(), 0..120),
        columns in 1usize..12,
    ) {
        let mut kills = KillRing::default();
        let mut editor = Editor::rows(64);
        for edit in edits {
            let _full = editor.edit(edit, &mut kills);
            prop_assert!(editor.text.len() <= 64 + 8, "{:?}", editor.text);
            let between = editor.text.grapheme_indices(true).any(|(at, _)| at == editor.cursor);
            prop_assert!(between || editor.is_at_end(), "{:?} {}", editor.text, editor.cursor);
            let laid = editor.lay(columns);
            prop_assert!(laid.cursor.0 < laid.rows.len());
            prop_assert!(laid.cursor.1 <= columns.max(2));
            let shown: usize = laid.rows.iter().map(|row| row.end - row.start).sum();
            let newlines = editor.text.matches('\n').count();
            prop_assert_eq!(shown + newlines, editor.text.len());
            prop_assert!(editor.window(columns).1 < columns);
        }
        for _ in 0..2 {
            for _ in 0..120 {
                editor.edit(Edit::Undo, &mut kills).unwrap();
            }
            prop_assert_eq!(&editor.text, "");
            for _ in 0..120 {
                editor.edit(Edit::Redo, &mut kills).unwrap();
            }
        }
    }
}
