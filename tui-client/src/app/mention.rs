//! Whether a text names a user. Pure.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::links::links;

/// True where `text` has one of `names` (in lower case) as a word of its own, with or without an `@`, in
/// whatever case. Letters that look like a name's are not the name, and an address is no mention.
pub(crate) fn names_any(text: &str, names: &[String]) -> bool {
    let text = match is_nfc(text) {
        true => text.to_lowercase(),
        false => text.nfc().collect::<String>().to_lowercase(),
    };
    let links = match text.contains("://") {
        true => links(&text),
        false => Vec::new(),
    };
    let is_linked = |start: usize| links.iter().any(|link| link.range.contains(&start));
    names.iter().filter(|name| !name.is_empty()).any(|name| {
        let name: String = name.nfc().collect();
        let mut found = text.match_indices(&name);
        found.any(|(start, _)| is_word(&text, start, &name) && !is_linked(start))
    })
}

/// True where what stands around a name in a text does not belong to a longer name.
fn is_word(text: &str, start: usize, name: &str) -> bool {
    let (before, after) = (&text[..start], &text[start + name.len()..]);
    let is_called = before.ends_with('@') && !ends_word(&before[..before.len() - 1]);
    let (Some(first), Some(last)) = (name.chars().next(), name.chars().next_back()) else {
        return false;
    };
    // Words of scripts without spaces begin anywhere, but a single letter is in every other word.
    let is_edge = |end: char, beside: char| match has_no_spaces(end) {
        true => is_called || name.chars().count() > 1,
        false => has_no_spaces(beside),
    };
    let is_begun = match before.chars().next_back() {
        None => true,
        Some('@') => is_called,
        Some(previous) if belongs(previous) => is_edge(first, previous),
        Some(previous) => !(is_joint(previous) && ends_word(before.trim_end_matches(is_joint))),
    };
    let mut rest = after.chars();
    let is_ended = match rest.next() {
        None => true,
        Some(next) if belongs(next) => !is_mark(next) && is_edge(last, next),
        // `ann.` ends a sentence, `ann.lee` is another name.
        Some(next) => !(is_joint(next) && rest.next().is_some_and(belongs)),
    };
    is_begun && is_ended
}

fn ends_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(belongs)
}

fn belongs(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || is_mark(character)
}

/// Marks on letters: `alice` with a mark is somebody else.
fn is_mark(character: char) -> bool {
    !character.is_ascii() && unicode_width::UnicodeWidthChar::width(character) == Some(0)
}

/// What stands within names and addresses, and elsewhere between words.
fn is_joint(character: char) -> bool {
    matches!(character, '.' | '-' | '+' | '@')
}

/// Letters of scripts whose words stand side by side.
fn has_no_spaces(character: char) -> bool {
    matches!(character,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: bool) {
        assert_eq!(names_any(text, &[name.to_owned()]), expected, "{text:?}");
    }

    #[test]
    fn a_name_is_a_word_of_its_own() {
        for text in [
            "@alice can you?",
            "hey ALICE",
            "alice: look",
            "malice, alice",
            "(alice)",
            "alice's turn",
            "hi alice.",
            "alice... look",
            "@alice @bob",
            "what?alice!",
            "alice-",
            "*alice*",
        ] {
            check("alice", text, true);
        }
        for text in [
            "malice",
            "alice_2",
            "alice2",
            "alice.lee",
            "ann-alice",
            "me@alice",
            "alice@example.org",
            "",
            "alic",
            "\u{430}lice",
            "al\u{131}ce",
            "alice\u{301}",
            "https://example.org/alice",
            "https://alice",
        ] {
            check("alice", text, false);
        }
    }

    #[test]
    fn names_with_signs_in_them() {
        check("ann.lee", "hi Ann.Lee.", true);
        check("ann.lee", "@ann.lee, look", true);
        check("ann.lee", "ann.lee-jones", false);
        check("ann", "ann.lee", false);
        check("mary-ann", "mary-ann?", true);
        check("ann@example.org", "@ann@example.org hi", true);
        check("_x_", "hi _x_", true);
    }

    #[test]
    fn names_in_other_scripts() {
        check("太郎", "こんにちは太郎さん", true);
        check("太郎", "太郎", true);
        check("alice", "aliceさん、どうも", true);
        check("철수", "철수야 안녕", true);
        check("林", "森林", false);
        check("林", "@林 你好", true);
        check("émile", "E\u{301}MILE!", true);
        check("emile", "émile", false);
        check("οδυσσευς", "ΟΔΥΣΣΕΥΣ", true);
        check("שרה", "שלום שרה", true);
    }
}
