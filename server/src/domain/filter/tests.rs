//! What patterns match, what they are refused for, and how long matching takes at worst.

use std::time::{Duration, Instant};

use super::*;

fn pattern(text: &str, kind: Kind) -> Pattern {
    Pattern {
        text: text.to_owned(),
        kind,
        action: Action::Refuse,
        reason: None,
        flaw: None,
    }
}

fn find<'a>(filter: &'a Filter, message: &str) -> Option<&'a Pattern> {
    filter.find(&Compared::of(message))
}

fn blocks(text: &str, kind: Kind, message: &str) -> bool {
    let filter = Filter::compile(vec![pattern(text, kind)]).unwrap();
    find(&filter, message).is_some()
}

#[test]
fn words_match_in_all_their_spellings_and_only_whole() {
    for (word, message, expected) in [
        ("bad", "bad", true),
        ("bad", "so BAD!", true),
        ("bad", "\u{ff22}\u{ff21}\u{ff24}", true),
        ("BAD", "(bad)", true),
        ("bad", "b\u{200b}a\u{ad}d", true),
        ("b\u{200d}ad", "bad", true),
        ("bad", "badge", false),
        ("bad", "forbad", false),
        ("bad", "bad2", false),
        ("bad", "badge bad", true),
        ("bad", "_bad_", true),
        ("bad", "b a d", false),
        ("go away", "Go \n AWAY now", true),
        ("go away", "go awayward", false),
        ("  go  away ", "go away", true),
        ("stra\u{df}e", "STRASSE", true),
        (
            "\u{3c3}\u{3bf}\u{3c6}\u{3bf}\u{3c3}",
            "\u{3a3}\u{39f}\u{3a6}\u{39f}\u{3a3}",
            true,
        ),
        ("caf\u{e9}", "cafe\u{301}", true),
        ("f*ck", "what the F*CK", true),
        ("f*ck", "f*cker", false),
        ("8=d", "x 8=D", true),
        (":(", "oh:(no", true),
        ("a.c", "abc", false),
    ] {
        let found = blocks(word, Kind::Word, message);
        assert_eq!(found, expected, "{word:?} in {message:?}");
    }
}

#[test]
fn words_are_found_where_no_blanks_part_them() {
    for (word, message, expected) in [
        ("微信", "加微信号", true),
        ("微信", "abc微信", true),
        ("微信", "微信abc", true),
        ("微信", "微 信", false),
        ("iPhone", "买iPhone手机", true),
        ("iPhone", "买iPhones手机", false),
        ("加微信", "请加微信abc", true),
        ("加vx", "请加VX吧", true),
        ("加vx", "请加VXs", false),
        ("vx加", "svx加", false),
        ("死ね", "お前死ねよ", true),
        ("スパム", "これはスパムです", true),
        ("スパム", "超ｽﾊﾟﾑだ", true),
        ("クソ", "クソゲーム", true),
        ("ควาย", "ไอ้ควายเอ๊ย", true),
        // Another syllable, by its mark.
        ("ที", "ที่", false),
        ("ကောင်", "ခွေးကောင်တွေ", true),
        ("광고", "광고 사절", true),
        ("광고", "불광고개", false),
        ("광고", "광고를 하지", true),
        ("광고", "광고주", false),
        ("고양이", "고양이한테는", true),
        ("स्ते", "नमस्ते", false),
        ("can", "I can't", false),
        ("can't", "I CAN'T!", true),
        ("don", "don\u{2019}t", false),
        ("idiot", "the idiot's", true),
        ("idiot", "l'idiot", true),
        ("idiot", "quelqu'idiot", true),
        ("idiot", "jusqu\u{2019}idiot", true),
        ("idiot", "dell\u{2bc}idiot", true),
        ("hater", "jusqu'hater", true),
        ("can't", "can\u{2019}t", true),
        ("can\u{2bc}t", "CAN\u{ff07}T", true),
        ("can\u{2018}t", "can't", true),
        ("ill", "she\u{2019}ll", false),
        ("self-made", "self\u{2010}made", true),
        ("self\u{2011}made", "self-made", true),
        ("istanbul", "\u{130}STANBUL", true),
        ("\u{130}stanbul", "istanbul", true),
        ("istanbul", "I\u{307}stanbul", true),
        ("spam", "spam입니다", true),
        ("spam", "SPAM을", true),
        ("spam", "spammer입니다", false),
        ("광고", "abc광고abc", true),
        ("새끼", "개새끼", false),
        ("개새끼", "개새끼들은", true),
        ("bad", "'bad'", true),
        ("14", "3.14", false),
        ("bad", "so.bad.you", true),
        ("💩", "x💩y", true),
        ("🖕", "🖕🏽", true),
        ("!!!", "no!!!", true),
    ] {
        let found = blocks(word, Kind::Word, message);
        assert_eq!(found, expected, "{word:?} in {message:?}");
    }
}

#[test]
fn expressions_match_anywhere_whatever_the_case() {
    for (expression, message, expected) in [
        ("b[a4]+d", "forB4Ad", true),
        (r"\bbad\b", "badge", false),
        ("^buy", "BUY now", true),
        ("https?://", "see HTTPS://x", true),
        ("d\u{e9}j\u{e0}", "DE\u{301}JA\u{300} vu", true),
        ("x{3}", "xx", false),
    ] {
        let found = blocks(expression, Kind::Regex, message);
        assert_eq!(found, expected, "{expression:?} in {message:?}");
    }
}

/// First and last of what can't be seen, and what lies beside.
const UNSEEN: [(u32, u32); 17] = [
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x61c, 0x61c),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x202a, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe0fff),
];

#[test]
fn what_cannot_be_seen_hides_nothing() {
    let of = |text, kind| Filter::compile(vec![pattern(text, kind)]).unwrap();
    let word = of("badword", Kind::Word);
    let phrase = of("free money", Kind::Word);
    let expression = of(r"\bbad[vw]ord\b", Kind::Regex);
    let far = of(r"\bfree\s+money\b", Kind::Regex);
    let check = |filter: &Filter, message: String, expected: bool| {
        let pattern = &filter.patterns()[0].text;
        let found = find(filter, &message).is_some();
        assert_eq!(
            found,
            expected,
            "{pattern:?} in {:?}",
            message.escape_unicode()
        );
    };
    let unseen = UNSEEN.into_iter().flat_map(|(first, last)| first..=last);
    for hidden in unseen.map(|number| char::from_u32(number).unwrap()) {
        for message in [
            format!("badword{hidden}"),
            format!("{hidden}badword"),
            format!("so {hidden}B{hidden}{hidden}ADword{hidden} you"),
            format!("b{hidden}a{hidden}d{hidden}word"),
        ] {
            check(&word, message.clone(), true);
            check(&expression, message, true);
        }
        for message in [
            format!("free{hidden} {hidden}money{hidden}"),
            format!("{hidden}fr{hidden}ee  {hidden}  money"),
        ] {
            check(&phrase, message.clone(), true);
            check(&far, message, true);
        }
        check(&word, format!("bad{hidden}badwords"), false);
        let is_blank = "\u{115f}\u{1160}\u{3164}\u{ffa0}".contains(hidden);
        for filter in [&phrase, &far] {
            check(filter, format!("free{hidden}money"), is_blank);
            check(
                filter,
                format!("x free{hidden}{hidden}money{hidden} x"),
                is_blank,
            );
        }
        let nothing = pattern(&format!(" {hidden}"), Kind::Word).check();
        assert_eq!(nothing, Err(FilterError::Empty), "{hidden:?}");
    }
    for blank in ['\u{2800}', '\u{3000}', '\u{a0}', '\u{2003}'] {
        for filter in [&phrase, &far] {
            check(filter, format!("free{blank}money"), true);
            check(
                filter,
                format!("{blank}free{blank} mo\u{3164}ney{blank}"),
                true,
            );
        }
        for filter in [&word, &expression] {
            check(filter, format!("badword{blank}"), true);
            check(filter, format!("bad{blank}word"), false);
        }
        let nothing = pattern(&blank.to_string(), Kind::Word).check();
        assert_eq!(nothing, Err(FilterError::Empty), "{blank:?}");
    }
    // What is seen is none of it.
    for seen in "\u{ae}\u{350}\u{61b}\u{1161}\u{2801}\u{3165}\u{ffa1}\u{fffc}\u{1d17b}".chars() {
        check(&word, format!("bad{seen}word"), false);
    }
    // As it is copied from a message.
    check(
        &of("free\u{3164}money", Kind::Word),
        "free\u{3164}money".to_owned(),
        true,
    );
    check(
        &of("free\u{2800}money", Kind::Word),
        "free money".to_owned(),
        true,
    );
}

#[test]
fn a_refusal_is_found_in_whatever_form_it_stands() {
    let held = Pattern {
        action: Action::Hold,
        ..pattern("badword", Kind::Word)
    };
    let filter = Filter::compile(vec![held, pattern("free money", Kind::Word)]).unwrap();
    let find = |message| find(&filter, message).map(|found| found.text.as_str());
    assert_eq!(
        find("bad\u{3164}word free\u{3164}money"),
        Some("free money")
    );
    assert_eq!(find("bad\u{3164}word"), Some("badword"));
}

#[test]
fn the_pattern_that_is_found_is_the_one_that_is_there() {
    let patterns = [
        ("one", Kind::Word),
        ("t+w+o", Kind::Regex),
        ("three", Kind::Word),
        ("fo+ur", Kind::Regex),
    ];
    let patterns = patterns.map(|(text, kind)| pattern(text, kind));
    let filter = Filter::compile(patterns.to_vec()).unwrap();
    for (message, expected) in [
        ("one", Some("one")),
        ("ttwo", Some("t+w+o")),
        ("three", Some("three")),
        ("foooour", Some("fo+ur")),
        ("five", None),
    ] {
        let found = find(&filter, message).map(|found| found.text.as_str());
        assert_eq!(found, expected);
    }
    assert!(find(&Filter::default(), "one").is_none());
}

#[test]
fn what_cannot_be_used_is_said() {
    let long = "x".repeat(PATTERN_CHARS + 1);
    let deep = format!("{}x{}", "(".repeat(30), ")".repeat(30));
    for (text, kind, words) in [
        ("", Kind::Word, "visible character"),
        (" \u{200b} ", Kind::Word, "visible character"),
        ("\u{301}", Kind::Word, "visible character"),
        ("\u{e34} \u{20dd}", Kind::Regex, "visible character"),
        ("a\tb", Kind::Word, "control"),
        (&long, Kind::Word, "characters, this one has 201"),
        ("(a", Kind::Regex, "unclosed group"),
        (r"(a)\1", Kind::Regex, "backreferences are not supported"),
        ("a*", Kind::Regex, "every message"),
        ("(a{999}){999}", Kind::Regex, "too large"),
        (&deep, Kind::Regex, "nest"),
    ] {
        let error = Filter::compile(vec![pattern(text, kind)])
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{text:?}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
    let many = |count, kind| {
        let patterns = (0..count).map(|number| pattern(&format!("w{number}"), kind));
        Filter::compile(patterns.collect()).map(drop)
    };
    assert_eq!(many(PATTERNS, Kind::Word), Ok(()));
    assert_eq!(many(PATTERNS + 1, Kind::Word), Err(FilterError::TooMany));
    assert_eq!(many(REGEXES, Kind::Regex), Ok(()));
    assert_eq!(
        many(REGEXES + 1, Kind::Regex),
        Err(FilterError::TooManyRegexes)
    );
    let large = |number| pattern(&format!("x{number}[a-z]{{90}}"), Kind::Regex);
    let error = Filter::compile((0..REGEXES).map(large).collect()).unwrap_err();
    assert_eq!(error, FilterError::TooLarge);
}

/// What takes long with matchers that go back in the text, or that look for one pattern after the
/// other.
fn worst_cases() -> Vec<(Filter, String)> {
    let nested = |number: usize| pattern(&"a".repeat(number % PATTERN_CHARS + 1), Kind::Word);
    let phrases = |number: usize| {
        let text = format!("{}{number}", "a ".repeat(number % 90));
        pattern(&text, Kind::Word)
    };
    let mut nasty: Vec<Pattern> = (0..PATTERNS - 5).map(phrases).collect();
    for text in [
        "(a|a)*b",
        "(a*)*c",
        "(a|aa)+$",
        "(.*a){12}x",
        "[ab]*a[ab]{14}c",
    ] {
        nasty.push(pattern(text, Kind::Regex));
    }
    let unlike = (0..REGEXES).map(|number| format!("[ab]*a[ab]{{{}}}c", number % 18 + 1));
    let unlike = unlike.map(|text| pattern(&text, Kind::Regex)).collect();
    let mut ab = String::new();
    let mut state = 1_u32;
    while ab.len() < 16 * 1024 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ab.push(if state >> 31 == 0 { 'a' } else { 'b' });
    }
    let sets = [(0..PATTERNS).map(nested).collect(), nasty, unlike];
    let mut cases = Vec::new();
    for patterns in sets {
        for text in [
            "a".repeat(16 * 1024),
            "a ".repeat(8 * 1024),
            ab.clone(),
            "\u{fdfa}".repeat(5461),
            // Compared in both forms.
            "a\u{3164}".repeat(4 * 1024),
            "a \u{e0100}\u{ffa0}".repeat(1820),
            "aa'".repeat(5461),
            "은".repeat(5461),
            "바보은은은은은은 ".repeat(650),
            "\u{e01}\u{e34}".repeat(2730),
        ] {
            cases.push((Filter::compile(patterns.clone()).unwrap(), text));
        }
    }
    cases
}

#[test]
#[allow(clippy::print_stdout)] // the figures, for who asks for them
fn no_text_takes_long() {
    for (number, (filter, text)) in worst_cases().iter().enumerate() {
        let mut shortest = Duration::MAX;
        for _ in 0..3 {
            let start = Instant::now();
            let found = find(filter, text).map(|found| found.text.as_str());
            shortest = shortest.min(start.elapsed());
            println!("{number}: {:?} {found:?}", start.elapsed());
        }
        // Far above what it takes, and far below what going back takes.
        assert!(shortest < Duration::from_secs(2), "{number}: {shortest:?}");
    }
}

#[test]
fn a_pattern_that_refuses_wins_over_one_that_holds() {
    let of = |text: &str, kind, action| Pattern {
        action,
        ..pattern(text, kind)
    };
    let kinds = [Kind::Word, Kind::Regex];
    for (refusing, holding) in kinds
        .into_iter()
        .flat_map(|one| kinds.map(|other| (one, other)))
    {
        let patterns = vec![
            of("wait", holding, Action::Hold),
            of("never", refusing, Action::Refuse),
        ];
        let filter = Filter::compile(patterns).unwrap();
        for (message, expected) in [
            ("wait never", Some("never")),
            ("never wait", Some("never")),
            ("wait", Some("wait")),
            ("never", Some("never")),
            ("fine", None),
        ] {
            let found = find(&filter, message).map(|pattern| pattern.text.as_str());
            assert_eq!(found, expected, "{message} {refusing:?} {holding:?}");
        }
    }
}

#[test]
fn a_rooms_patterns_fit_into_one_answer() {
    let long = |number: usize| Pattern {
        reason: Some("\u{1f600}".repeat(REASON_CHARS)),
        ..pattern(&format!("word{number}"), Kind::Word)
    };
    let mut patterns = Vec::new();
    let refused = loop {
        match Change::Add(long(patterns.len())).apply(patterns.clone()) {
            Ok(more) => patterns = more,
            Err(error) => break error,
        }
        assert!(patterns.len() < PATTERNS);
    };
    assert_eq!(refused, FilterError::TooMuchText);
    // One can always be removed.
    let fewer = Change::Remove("word0".to_owned()).apply(patterns).unwrap();
    assert!(Change::Add(long(0)).apply(fewer).is_ok());
}
