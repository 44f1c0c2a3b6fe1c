//! Regular expressions, all of a room's in one automaton that never goes back in the text.
//!
//! Owns their engines. One is fast by remembering what it saw, in a memory of a fixed size that is
//! one for each room: a room looks at one message at a time. Where that is no help, the other one,
//! which remembers nothing, takes its time in proportion to text and expressions.

use std::sync::{Mutex, PoisonError};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::{Input, MatchKind, PatternSet};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use super::{FilterError, Kind, Pattern, REGEXES};

/// How deep groups may be nested in a regular expression.
const NESTING: u32 = 20;
/// Bytes of what is remembered of texts, at least and at most; between them so many times what the
/// expressions take.
const MEMORY: (usize, usize) = (16 * 1024, 128 * 1024);
const MEMORY_FOR_EACH: usize = 8;

/// Looks for several expressions at once.
#[derive(Debug)]
pub(super) struct Expressions {
    nfa: NFA,
    /// Fast; may give up. None where the expressions are too large for it.
    fast: Option<(DFA, Mutex<Option<Cache>>)>,
    sure: PikeVM,
    /// Which of the room's patterns those of the engines are.
    places: Vec<usize>,
}

impl Expressions {
    /// The expressions among `patterns` that can be used, where they may take `limit` bytes together.
    /// Notes what is wrong with the others.
    pub(super) fn of(patterns: &mut [Pattern], limit: usize) -> Option<Self> {
        let mut parsed = Vec::new();
        for (place, pattern) in patterns.iter_mut().enumerate() {
            if pattern.kind != Kind::Regex || pattern.flaw.is_some() {
                continue;
            }
            let one = match parsed.len() < REGEXES {
                true => parse(&pattern.text, limit),
                false => Err(FilterError::TooManyRegexes),
            };
            match one {
                Ok(hir) => parsed.push((place, hir)),
                Err(flaw) => pattern.flaw = Some(flaw),
            }
        }
        let nfa = match together(&parsed, limit) {
            Some(nfa) => nfa,
            None => {
                leave_out(patterns, &mut parsed, limit);
                together(&parsed, limit)?
            }
        };
        let places: Vec<usize> = parsed.into_iter().map(|(place, _)| place).collect();
        if places.is_empty() {
            return None;
        }
        Some(Self {
            fast: fast(&nfa).map(|dfa| (dfa, Mutex::default())),
            sure: sure(&nfa)?,
            nfa,
            places,
        })
    }

    /// The places of the patterns that `text` matches.
    pub(super) fn matches(&self, text: &str) -> Vec<usize> {
        let input = Input::new(text);
        let mut found = PatternSet::new(self.nfa.pattern_len());
        if !self.find_fast(&input, &mut found) {
            found.clear();
            let mut cache = self.sure.create_cache();
            self.sure
                .which_overlapping_matches(&mut cache, &input, &mut found);
        }
        let places = found.iter().map(|one| self.places.get(one.as_usize()));
        places.flatten().copied().collect()
    }

    /// False where the fast engine gives up.
    fn find_fast(&self, input: &Input<'_>, found: &mut PatternSet) -> bool {
        let Some((dfa, cache)) = &self.fast else {
            return false;
        };
        let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
        let cache = cache.get_or_insert_with(|| dfa.create_cache());
        dfa.try_which_overlapping_matches(cache, input, found)
            .is_ok()
    }

    /// Bytes that this takes at most.
    pub(super) fn bytes(&self) -> usize {
        let memory = self.fast.as_ref().map_or(0, |_| memory(&self.nfa));
        self.nfa.memory_usage() + memory + self.places.len() * size_of::<usize>()
    }

    /// How many states there are: each may have to be looked at for each byte of a text.
    pub(super) fn states(&self) -> usize {
        self.nfa.states().len()
    }
}

fn parse(text: &str, limit: usize) -> Result<Hir, FilterError> {
    let hir = ParserBuilder::new()
        .case_insensitive(true)
        .nest_limit(NESTING)
        .build()
        .parse(text)
        .map_err(|error| FilterError::Regex(text.to_owned(), in_one_line(&error)))?;
    if hir.properties().minimum_len() == Some(0) {
        let alone = [(0, hir.clone())];
        let nfa = together(&alone, limit).ok_or_else(|| too_large(text))?;
        let is_everything = sure(&nfa).is_none_or(|one| one.is_match(&mut one.create_cache(), ""));
        if is_everything {
            return Err(FilterError::Everything(text.to_owned()));
        }
    }
    Ok(hir)
}

/// Leaves out those that are too large by themselves, then the last ones, until the others fit.
fn leave_out(patterns: &mut [Pattern], parsed: &mut Vec<(usize, Hir)>, limit: usize) {
    parsed.retain(|one| {
        let fits = together(std::slice::from_ref(one), limit).is_some();
        if !fits {
            let pattern = &mut patterns[one.0];
            pattern.flaw = Some(too_large(&pattern.text));
        }
        fits
    });
    let counts: Vec<usize> = (1..=parsed.len()).collect();
    let fitting = counts.partition_point(|count| together(&parsed[..*count], limit).is_some());
    for (place, _) in parsed.drain(fitting..) {
        patterns[place].flaw = Some(FilterError::TooLarge);
    }
}

/// All in one; `None` where they take more than `limit` bytes.
fn together(parsed: &[(usize, Hir)], limit: usize) -> Option<NFA> {
    let config = thompson::Config::new()
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(limit));
    let hirs: Vec<&Hir> = parsed.iter().map(|(_, hir)| hir).collect();
    let mut compiler = thompson::Compiler::new();
    compiler.configure(config).build_many_from_hir(&hirs).ok()
}

fn fast(nfa: &NFA) -> Option<DFA> {
    let config = DFA::config()
        .match_kind(MatchKind::All)
        .unicode_word_boundary(true)
        .cache_capacity(memory(nfa))
        .skip_cache_capacity_check(true)
        // As the library's own default engine does it.
        .minimum_cache_clear_count(Some(3))
        .minimum_bytes_per_state(Some(10));
    let mut builder = DFA::builder();
    builder.configure(config).build_from_nfa(nfa.clone()).ok()
}

fn sure(nfa: &NFA) -> Option<PikeVM> {
    let config = PikeVM::config().match_kind(MatchKind::All);
    let mut builder = PikeVM::builder();
    builder.configure(config).build_from_nfa(nfa.clone()).ok()
}

/// Bytes of what is remembered of texts.
fn memory(nfa: &NFA) -> usize {
    let (least, most) = MEMORY;
    (MEMORY_FOR_EACH * nfa.memory_usage()).clamp(least, most)
}

fn too_large(text: &str) -> FilterError {
    FilterError::Regex(text.to_owned(), "it is too large".to_owned())
}

/// What is wrong with an expression. The library's own text shows it on several lines; the last of
/// them says what it is.
fn in_one_line(error: &regex_syntax::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}
