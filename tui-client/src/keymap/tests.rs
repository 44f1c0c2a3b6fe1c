//! The bindings: what keys mean, and how they are changed.

use super::*;

#[test]
fn keys_mean_what_the_help_says() {
    let keymap = Keymap::default();
    let check = |key: &str, expected: Option<Action>| {
        assert_eq!(keymap.action(parse_key(key).unwrap()), expected, "{key}");
    };
    check("é", Some(Action::Insert('é')));
    check("A", Some(Action::Insert('A')));
    check("enter", Some(Action::Submit));
    check("alt+enter", Some(Action::Newline));
    check("ctrl+j", Some(Action::Newline));
    check("alt+3", Some(Action::Room(2)));
    check("ctrl+w", Some(Action::Kill(Motion::SpaceLeft)));
    check("ctrl+alt+@", Some(Action::Insert('@')));
    check("ctrl+alt+q", None);
    check("ctrl+z", Some(Action::Suspend));
    check("ctrl+home", Some(Action::Top));
    check("ctrl+k", Some(Action::KillOrPalette));
    check("alt+y", Some(Action::YankPop));
    check("shift+tab", Some(Action::Select));
    check("ctrl+g", Some(Action::NextMention));
    check("f2", Some(Action::Problems));
    check("f9", None);
    check("alt+z", None);
    assert_eq!(keymap.action(Key::of_control(0x1f)), Some(Action::Undo));
    let shifted = Key {
        shift: true,
        ..Key::plain(Code::Char('A'))
    };
    assert_eq!(keymap.action(shifted), Some(Action::Insert('A')));
    assert_eq!(
        keymap.selected(Key::plain(Code::Char('t'))),
        Some(SelectedAction::TimeOut)
    );
    assert_eq!(keymap.selected(Key::plain(Code::Char('T'))), None);
}

#[test]
fn every_action_has_one_name_and_its_keys_are_read_back() {
    let keymap = Keymap::default();
    let mut names = std::collections::HashSet::new();
    for binding in ANYWHERE {
        assert!(names.insert(binding.name), "{}", binding.name);
        for key in binding.keys.split_whitespace() {
            let key = parse_key(key).unwrap();
            assert_eq!(
                keymap.action(key),
                Some(binding.action.clone()),
                "{}",
                binding.name
            );
            assert_eq!(parse_key(&key_name(key)), Ok(key));
        }
    }
    assert_eq!(keymap.keys_of(&Action::Select), ["Ctrl+Up", "Shift+Tab"]);
    assert_eq!(keymap.selected_keys_of(SelectedAction::Mark), ["Space"]);
}

fn changed(changes: &[(&str, &[&str])]) -> Result<Keymap, String> {
    let changes: Vec<(String, Vec<String>)> = changes
        .iter()
        .map(|(name, keys)| {
            let keys = keys.iter().map(|key| (*key).to_owned());
            ((*name).to_owned(), keys.collect())
        })
        .collect();
    Keymap::new(&changes, &[]).map_err(|wrong| wrong[0].error.to_string())
}

#[test]
fn a_key_is_bound_anew_freed_or_taken_from_another() {
    let keymap = changed(&[("find", &["ctrl+s", "f5"]), ("log", &["none"])]).unwrap();
    let action = |key: &str| keymap.action(parse_key(key).unwrap());
    assert_eq!(action("ctrl+s"), Some(Action::Find));
    assert_eq!(action("F5"), Some(Action::Find));
    assert_eq!(action("ctrl+f"), None);
    assert_eq!(action("f4"), None);
    // A key of the table's goes to the one that the user gave it to.
    let keymap = changed(&[("find", &["ctrl+l"])]).unwrap();
    assert_eq!(
        keymap.action(parse_key("ctrl+l").unwrap()),
        Some(Action::Find)
    );
    let keymap = changed(&[("redraw", &["ctrl+f"])]).unwrap();
    assert_eq!(
        keymap.action(parse_key("ctrl+f").unwrap()),
        Some(Action::Redraw)
    );
}

#[test]
fn what_is_wrong_is_named_with_what_would_be_right() {
    let error = |changes: &[(&str, &[&str])]| changed(changes).unwrap_err();
    assert_eq!(
        error(&[("fined", &["f5"])]),
        "there is no action `fined`: did you mean `find`?"
    );
    assert!(error(&[("find", &["cmd+f"])]).starts_with("`cmd+f` is no key: write one like"));
    assert!(error(&[("find", &["f99"])]).starts_with("`f99` is no key"));
    assert!(error(&[("find", &["x"])]).contains("typed into the input box"));
    assert!(error(&[("find", &["ctrl+shift+f"])]).contains("is no key"));
    assert_eq!(
        error(&[("find", &["ctrl+i"])]),
        "Ctrl+I is the same as Tab to most terminals: bind it to another key"
    );
    assert_eq!(
        error(&[("find", &["f5"]), ("log", &["f5"])]),
        "F5 is bound to `find` and to `log`: bind one of them to another key, or to \"none\""
    );
}

#[test]
fn all_that_is_wrong_comes_back_with_its_place() {
    let given = |changes: &[(&str, &str)]| -> Vec<(String, Vec<String>)> {
        let changes = changes.iter();
        changes
            .map(|(name, key)| ((*name).to_owned(), vec![(*key).to_owned()]))
            .collect()
    };
    let anywhere = given(&[
        ("find", "f5"),
        ("reply", "f6"),
        ("log", "f5"),
        ("held", "what"),
        ("submit", "none"),
        ("zzzzzzzzz", "f7"),
    ]);
    let selected = given(&[
        ("ban", "ctrl+g"),
        ("open", "o"),
        ("find", "q"),
        ("card", "t"),
    ]);
    let wrong = Keymap::new(&anywhere, &selected).unwrap_err();
    let words: Vec<String> = wrong
        .iter()
        .map(|one| format!("{:?} {}: {}", one.context, one.place, one.error))
        .collect();
    assert_eq!(
        words,
        [
            "Anywhere 1: there is no action `reply` here: it belongs below [keys.selected]",
            "Anywhere 2: F5 is bound to `find` and to `log`: bind one of them to another key, or to \"none\"",
            "Anywhere 3: `what` is no key: write one like ctrl+g, alt+1, shift+tab, f3, pgup or x",
            "Anywhere 4: `submit` needs a key",
            "Anywhere 5: there is no action `zzzzzzzzz` (chat-tui --print-config lists them all)",
            "Selected 0: Ctrl+G is bound to `next-mention` wherever you are: bind `ban` to another key, or `next-mention` to \"none\"",
            "Selected 2: there is no action `find` here: it belongs below [keys]",
        ]
    );
    // A letter of the table's goes to whom the user gives it.
    let keymap = Keymap::new(&[], &given(&[("card", "t"), ("open", "o")])).unwrap();
    assert_eq!(keymap.letter('t'), Some(SelectedAction::Card));
    assert_eq!(keymap.letter('c'), None);
    assert_eq!(keymap.letter('o'), Some(SelectedAction::Open));
}

#[test]
fn what_is_picked_takes_any_key_that_does_nothing_else_there() {
    let given = |name: &str, keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        vec![(name.to_owned(), keys)]
    };
    let keys = ["Space", "ctrl+x", "f5", "alt+q", "ctrl+b"];
    let free_mark = [given("mark", &["m"]), given("ban", &keys)].concat();
    let keymap = Keymap::new(&[], &free_mark).unwrap();
    let ban = Some(SelectedAction::Ban);
    for key in keys {
        assert_eq!(keymap.selected(parse_key(key).unwrap()), ban, "{key}");
    }
    let meaning = |key: &str, is_picked| keymap.meaning(parse_key(key).unwrap(), is_picked);
    let acts = Some(Action::Selected(SelectedAction::Ban));
    assert_eq!(meaning("f5", true), acts);
    assert_eq!(meaning("f5", false), None);
    // Keys of the input box are free while something is picked.
    assert_eq!(meaning("ctrl+b", true), acts);
    let left = Some(Action::Move(Motion::Left));
    assert_eq!(meaning("ctrl+b", false), left);
    assert_eq!(meaning("Space", true), Some(Action::Insert(' ')));
    let opens = Some(Action::Selected(SelectedAction::Open));
    assert_eq!(meaning("enter", true), opens);
    assert_eq!(keymap.selected_keys_of(SelectedAction::Ban).len(), 5);
    // One that is freed elsewhere may be taken.
    let free = given("problems", &["none"]);
    let keymap = Keymap::new(&free, &given("ban", &["f2"])).unwrap();
    assert_eq!(keymap.meaning(parse_key("f2").unwrap(), true), acts);
    let wrong = Keymap::new(&[], &given("pin", &["enter"])).unwrap_err();
    assert!(
        wrong[0]
            .error
            .to_string()
            .starts_with("Enter is bound to `submit` wherever")
    );
    let wrong = Keymap::new(&[], &given("ban", &["f2"])).unwrap_err();
    assert_eq!((wrong.len(), wrong[0].place), (1, 0));
    // Two for one key.
    let two = [given("ban", &["f5"]), given("kick", &["f5"])].concat();
    let wrong = Keymap::new(&[], &two).unwrap_err();
    assert!(
        wrong[0]
            .error
            .to_string()
            .starts_with("F5 is bound to `ban` and to `kick`")
    );
}
