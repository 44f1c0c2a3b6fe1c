//! Where words begin and end, marked in the text, so that words can be found as mere texts.
//!
//! Words are those of UAX #29 where a script has them. Where it puts no blanks between words, nothing
//! but a dictionary could tell where one ends, so none is asked for: what is looked for may stand
//! anywhere between two characters as people see them. The signs of UAX #29 that join words, `_` and
//! the full stop between letters, part them here: people put them there to hide a word.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};

/// Stands at both ends of every word in what is compared. No message holds it: it is a control
/// character.
const BORDER: char = '\u{1}';
/// Stands behind every character, with the marks that belong to it, of a script that has no borders of
/// words. No message holds it, either.
const END: char = '\u{2}';

/// Korean particles, which are written on to the word that they follow.
const PARTICLES: &str = "은는이가을를의에도로와과만야아여들님랑나";
/// Those of two syllables.
const LONG_PARTICLES: [&str; 10] = [
    "에서", "에게", "한테", "까지", "부터", "처럼", "보다", "마다", "으로", "조차",
];
/// Particles that are looked for on one word at most.
const PARTICLES_OF_ONE: usize = 6;
/// Syllables of a word at least, so that what looks like a particle is taken for one.
const SYLLABLES: usize = 2;

/// What a character is for the words of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Of a word, which ends where something else begins.
    Word,
    /// Of a script without borders of words.
    Unbordered,
    /// Belongs to the character before it, whatever that is.
    Mark,
    /// Of no word.
    Other,
}

/// `text` with a mark at both ends of every word, and with one blank where there are several.
/// Apostrophes and hyphens are those of a typewriter.
pub(in crate::domain::filter) fn bordered(text: &str) -> String {
    let text = plain_signs(text);
    let mut marked = String::with_capacity(text.len() * 2);
    let mut was = Part::Other;
    let mut previous = ' ';
    let mut was_hangul = false;
    // Where the word in `marked` begins that is gone through.
    let mut begun = 0;
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        let is = match part(character) {
            Part::Mark => was,
            Part::Other
                if was == Part::Word
                    && joins(previous, character, &marked[begun..], rest.as_str()) =>
            {
                Part::Word
            }
            part => part,
        };
        let is_begun = part(character) != Part::Mark;
        if was == Part::Unbordered && is_begun {
            marked.push(END);
        }
        // With Latin letters no blanks part them, as with a name and the particle on it.
        let is_hangul = match is_begun {
            true => !character.is_ascii() && character.script() == Script::Hangul,
            false => was_hangul,
        };
        let are_parted = is == Part::Word
            && was == Part::Word
            && match is_hangul {
                true => !was_hangul && previous.script() == Script::Latin,
                false => was_hangul && character.script() == Script::Latin,
            };
        if are_parted || (is == Part::Word) != (was == Part::Word) {
            if was == Part::Word {
                part_particles(&mut marked, begun);
            }
            marked.push(BORDER);
            begun = marked.len();
        }
        (was, was_hangul, previous) = (is, is_hangul, character);
        match character.is_whitespace() {
            true if marked.ends_with(' ') => {}
            true => marked.push(' '),
            false => marked.push(character),
        }
    }
    match was {
        Part::Word => {
            part_particles(&mut marked, begun);
            marked.push(BORDER);
        }
        Part::Unbordered => marked.push(END),
        Part::Mark | Part::Other => {}
    }
    marked
}

fn plain_signs(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain = text.chars().map(|character| match character {
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' | '\u{ff07}' => '\'',
        '\u{2010}' | '\u{2011}' => '-',
        other => other,
    });
    Cow::Owned(plain.collect())
}

fn part(character: char) -> Part {
    if character.is_ascii() {
        return match character.is_ascii_alphanumeric() {
            true => Part::Word,
            false => Part::Other,
        };
    }
    match character {
        // Marks of no script in particular come off: with them a word is written otherwise, not another
        // one.
        mark if is_combining_mark(mark) && mark.script() != Script::Inherited => Part::Mark,
        letter if is_unbordered(letter) => Part::Unbordered,
        letter if letter.is_alphanumeric() => Part::Word,
        _ => Part::Other,
    }
}

/// Letters of scripts that put no blanks between words: those whose lines break anywhere, and those of
/// whose lines a dictionary has to tell (UAX #14: ID, CJ, SA, AK), and Tibetan.
fn is_unbordered(letter: char) -> bool {
    // Used with Hiragana and Katakana, and so of no script.
    if matches!(letter, '\u{30fc}' | '\u{3006}' | '\u{303c}') {
        return true;
    }
    letter.is_alphanumeric()
        && matches!(
            letter.script(),
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Bopomofo
                | Script::Yi
                | Script::Nushu
                | Script::Tangut
                | Script::Khitan_Small_Script
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
                | Script::Tibetan
                | Script::Tai_Le
                | Script::New_Tai_Lue
                | Script::Tai_Tham
                | Script::Tai_Viet
                | Script::Ahom
                | Script::Balinese
                | Script::Javanese
                | Script::Cham
        )
}

/// Marks a border in front of each Korean particle at the end of the word that begins at `begun`, and so
/// finds the word before them. What is looked for is marked in the same way.
fn part_particles(marked: &mut String, begun: usize) {
    for _ in 0..PARTICLES_OF_ONE {
        let word = &marked[begun..];
        let word = word.split_once(BORDER).map_or(word, |(before, _)| before);
        let long = LONG_PARTICLES.into_iter().find(|long| word.ends_with(long));
        let last = word.chars().last().filter(|last| PARTICLES.contains(*last));
        let bytes = long.map(str::len).or(last.map(char::len_utf8));
        let Some(stem) = bytes.map(|bytes| word.len() - bytes) else {
            return;
        };
        if word[..stem].chars().nth(SYLLABLES - 1).is_none() {
            return;
        }
        marked.insert(begun + stem, BORDER);
    }
}

/// Whether `sign`, behind `word` and before `rest`, holds together what stands around it: an apostrophe
/// within a word (`can't`), what parts the digits of a number (UAX #29, WB6, WB7, WB11, WB12). An
/// apostrophe that only leans a word on another one parts them: `idiot's`, `l'idiot`, `quelqu'idiot`.
/// Where a vowel was left out, another one follows, or an h that isn't spoken.
fn joins(previous: char, sign: char, word: &str, rest: &str) -> bool {
    let Some(next) = rest.chars().next() else {
        return false;
    };
    let are_digits = previous.is_numeric() && next.is_numeric();
    match sign {
        '.' | ',' | ';' => are_digits,
        '\'' if are_digits => true,
        '\'' => {
            let is_letter = |one: char| part(one) == Part::Word && !one.is_numeric();
            let after = rest.chars().take_while(|one| part(*one) == Part::Word);
            let is_possessive = next == 's' && after.count() == 1;
            let is_elision = word == "qu" || word.chars().nth(1).is_none() || is_vowel_or_h(next);
            is_letter(previous) && is_letter(next) && !is_possessive && !is_elision
        }
        _ => false,
    }
}

fn is_vowel_or_h(letter: char) -> bool {
    let plain = std::iter::once(letter).nfd().next();
    plain.is_some_and(|plain| "aeiouyhæœ".contains(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_borders_where_their_script_has_them() {
        for (text, expected) in [
            ("so bad!", "|so| |bad|!"),
            ("a  \n b", "|a| |b|"),
            ("_bad_ x.y", "_|bad|_ |x|.|y|"),
            ("can't", "|can't|"),
            ("can\u{2019}t 'bad'", "|can't| '|bad|'"),
            ("idiot's l'idiot", "|idiot|'|s| |l|'|idiot|"),
            ("jusqu\u{2bc}\u{e9}t\u{e9}", "|jusqu|'|\u{e9}t\u{e9}|"),
            ("dell'hotel don't", "|dell|'|hotel| |don't|"),
            ("a\u{2011}b", "|a|-|b|"),
            (
                "spam입니다 광고tv 14개 éa\u{301}은",
                "|spam|입니다| |광고|tv| |14개| |éa|\u{301}|은|",
            ),
            ("3.14 1,000 a.1", "|3.14| |1,000| |a|.|1|"),
            (
                "\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}",
                "|\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}|",
            ),
            ("바보야 시발점", "|바보|야| |시발점|"),
            ("고양이한테는", "|고양|이|한테|는|"),
            ("사이", "|사이|"),
            ("加微信", "加/微/信/"),
            ("abc微信abc", "|abc|微/信/|abc|"),
            ("ゲームー", "ゲ/ー/ム/ー/"),
            ("ที่นี่", "ที่/นี่/"),
            ("😀x", "😀|x|"),
        ] {
            let marked = bordered(text).replace(BORDER, "|").replace(END, "/");
            assert_eq!(marked, expected, "{text}");
        }
    }
}
