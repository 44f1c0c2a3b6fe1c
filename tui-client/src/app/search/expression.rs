//! A regular expression in a search: bounded in the time it takes to make and to look, whatever it is.
//!
//! It is looked for by an automaton that never goes back in the text, and in the text as it stands:
//! case does not count, accents do.

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::pikevm::{Cache as SureCache, PikeVM};
use regex_automata::nfa::thompson::{Compiler, Config, NFA, WhichCaptures};
use regex_automata::{Input, MatchKind};
use regex_syntax::ast::{self, ErrorKind};
use regex_syntax::{Error, ParserBuilder};

/// Characters of an expression.
const CHARS: usize = 200;
/// How deep groups may be nested.
const NESTING: u32 = 20;
/// Bytes of the automaton: `\w`, the largest of the usual classes, takes eight thousand.
const STATES_BYTES: usize = 256 * 1024;
/// Bytes of what is remembered of texts.
const MEMORY: usize = 256 * 1024;

/// An expression, ready to look.
#[derive(Debug)]
pub(super) struct Expression {
    /// Fast; may give up.
    fast: Option<(DFA, Cache)>,
    sure: PikeVM,
    sure_cache: SureCache,
}

impl Expression {
    /// Reads what stands between the slashes; or says what is wrong, and where.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        if text.chars().count() > CHARS {
            return Err(format!("is too long: up to {CHARS} characters"));
        }
        let hir = ParserBuilder::new()
            .case_insensitive(true)
            .nest_limit(NESTING)
            .build()
            .parse(text)
            .map_err(|error| in_words(&error, text))?;
        let config = Config::new()
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(STATES_BYTES));
        let nfa = Compiler::new()
            .configure(config)
            .build_from_hir(&hir)
            .map_err(|_| too_large())?;
        let sure = PikeVM::builder()
            .build_from_nfa(nfa.clone())
            .map_err(|_| too_large())?;
        let fast = fast(&nfa).map(|dfa| {
            let cache = dfa.create_cache();
            (dfa, cache)
        });
        Ok(Self {
            fast,
            sure_cache: sure.create_cache(),
            sure,
        })
    }

    /// Whether it is somewhere in `text`.
    pub(super) fn is_in(&mut self, text: &str) -> bool {
        let input = Input::new(text).earliest(true);
        if let Some((dfa, cache)) = &mut self.fast
            && let Ok(found) = dfa.try_search_fwd(cache, &input)
        {
            return found.is_some();
        }
        self.sure.is_match(&mut self.sure_cache, input)
    }
}

fn fast(nfa: &NFA) -> Option<DFA> {
    let config = DFA::config()
        .match_kind(MatchKind::LeftmostFirst)
        .unicode_word_boundary(true)
        .cache_capacity(MEMORY)
        .skip_cache_capacity_check(true)
        // As the library's own default engine does it.
        .minimum_cache_clear_count(Some(3))
        .minimum_bytes_per_state(Some(10));
    let mut builder = DFA::builder();
    builder.configure(config).build_from_nfa(nfa.clone()).ok()
}

fn too_large() -> String {
    "is too large: shorten its repetitions".to_owned()
}

/// What is wrong, where, and what would be right.
fn in_words(error: &Error, text: &str) -> String {
    let (span, what) = match error {
        Error::Parse(error) => (error.span(), syntax_words(error.kind())),
        Error::Translate(error) => (error.span(), error.kind().to_string()),
        _ => return "can't be read".to_owned(),
    };
    let before = text.get(..span.start.offset).unwrap_or(text);
    format!(
        "is wrong at its character {}: {what}",
        before.chars().count() + 1
    )
}

fn syntax_words(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::GroupUnclosed => r"the group is not closed; \( is the sign itself".to_owned(),
        ErrorKind::GroupUnopened => r"no group is open; \) is the sign itself".to_owned(),
        ErrorKind::ClassUnclosed => r"the class is not closed; \[ is the sign itself".to_owned(),
        ErrorKind::RepetitionMissing => {
            r"there is nothing to repeat; \*, \+ and \? are the signs themselves".to_owned()
        }
        ErrorKind::EscapeUnexpectedEof => r"nothing follows; \\ is the sign itself".to_owned(),
        ErrorKind::EscapeUnrecognized => r"this is no escape; \\ is a backslash itself".to_owned(),
        ErrorKind::UnsupportedLookAround | ErrorKind::UnsupportedBackreference => {
            "looking around and back-references are not possible here".to_owned()
        }
        ErrorKind::NestLimitExceeded(limit) => format!("groups may be nested {limit} deep"),
        other => first_line(other),
    }
}

fn first_line(kind: &ast::ErrorKind) -> String {
    let words = kind.to_string();
    words.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_anywhere_without_case() {
        let check = |expression: &str, text: &str, expected: bool| {
            let found = Expression::new(expression).unwrap().is_in(text);
            assert_eq!(found, expected, "{expression} in {text:?}");
        };
        check("b[ou]b", "hey BOB!", true);
        check("^gg$", "gg", true);
        check("^gg$", "ggg", false);
        check(r"\bwin\b", "who wins", false);
        check(r"\bwin\b", "a wín win", true);
        check("(?-i)GG", "gg", false);
        check("日本+", "日本本", true);
        check(r"(\w)\s*x", "é  X", true);
    }

    #[test]
    fn says_where_and_what_is_wrong() {
        for (expression, expected) in [
            (
                "a(b",
                r"is wrong at its character 2: the group is not closed; \( is the sign itself",
            ),
            (
                "é)x",
                r"is wrong at its character 2: no group is open; \) is the sign itself",
            ),
            (
                "*x",
                r"is wrong at its character 1: there is nothing to repeat; \*, \+ and \? are the signs themselves",
            ),
            (
                "x[a-",
                r"is wrong at its character 2: the class is not closed; \[ is the sign itself",
            ),
            (
                r"\p{Nope}",
                "is wrong at its character 1: Unicode property not found",
            ),
            (
                r"(?=x)",
                "is wrong at its character 1: looking around and back-references are not possible here",
            ),
            (r"(\w{50}){50}", "is too large: shorten its repetitions"),
        ] {
            assert_eq!(Expression::new(expression).unwrap_err(), expected);
        }
        let long = "x".repeat(CHARS + 1);
        assert!(Expression::new(&long).unwrap_err().contains("too long"));
        let deep = format!("{}x{}", "(".repeat(21), ")".repeat(21));
        assert!(Expression::new(&deep).unwrap_err().contains("20 deep"));
    }

    #[test]
    fn what_people_write_is_not_too_large() {
        for expression in [
            r"\w+@\w+\.\w{2,6}",
            r"(\d{1,3}\.){3}\d{1,3}",
            r"\b(free|cheap)\s+\w+\s+\w+\b",
            r"(\w+\s+){3}\w+!",
            r"[^\x00-\x7f]{10,}",
            r"\p{Cyrillic}\p{Latin}|\p{Latin}\p{Cyrillic}",
        ] {
            let made = Expression::new(expression);
            assert!(made.is_ok(), "{expression}: {made:?}");
        }
    }

    /// The largest that are let through take so long at most, here in a build that is not optimised.
    #[test]
    fn whatever_is_asked_is_bounded() {
        let started = std::time::Instant::now();
        let text = "é1 ".repeat(1_000);
        let mut made = 0;
        for expression in [
            r"\pL".repeat(66),
            r"(a*)*".repeat(40),
            r"((a{9}){9}){9}b".to_owned(),
            r"(\w+\s?)+$x".to_owned(),
            r"(.|é|1)*(.|é|1)*(.|é|1)*q".to_owned(),
            "[^a]?".repeat(40),
        ] {
            if let Ok(mut one) = Expression::new(&expression) {
                made += 1;
                one.is_in(&text);
            }
        }
        assert!(made >= 3, "{made}");
        let took = started.elapsed();
        assert!(took.as_secs() < 5, "{took:?}");
    }
}
