//! Runs what takes bytes from outside on bytes that were changed at random, and watches it fail.
//!
//! Begins with the inputs in `tests/corpus`. One second for each target by default,
//! `CHAT_FUZZ_SECONDS` for more; `CHAT_FUZZ_SEED` runs the same inputs once more. What failed is kept
//! among the temporary files, to be looked at and put into the corpus.

#![allow(clippy::print_stdout, clippy::print_stderr)] // says how much was run, and what failed

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::control::Request;

/// Changes made to one input at most.
const CHANGES: usize = 6;
/// Bytes of an input at most.
const BYTES: usize = 64 * 1024;
/// Inputs between two looks at the clock.
const ROUND: u64 = 64;
/// Pieces of which inputs are made that mean something.
const WORDS: [&[u8]; 20] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\0",
    b"\xff",
    b"\x80",
    b"\x81\x80\0\0\0\0",
    b"\x01\x80\0\0\0\0",
    b"\x00\x80\0\0\0\0",
    b"\x80\x80\0\0\0\0",
    b"\x89\x80\0\0\0\0",
    b"\x88\x82\0\0\0\0\x03\xe8",
    b"\xf0\x9f\x91\x8d",
    b"Host: here\r\n",
    b"Content-Length: 1\r\n",
    b"chunked",
    b"{",
    b"\"",
    b"null",
    b"99999999999999999999",
];

/// Numbers that look random, and are the same for the same seed (SplitMix64).
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, or 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    /// `bytes` in pieces of random sizes.
    pub(crate) fn cut<'a>(&mut self, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let most = 1 + self.below(300);
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at((1 + self.below(most)).min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }

    fn range(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(bytes.len() + 1);
        let most = (bytes.len() - start).min(1 + self.below(64));
        start..start + self.below(most + 1)
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let range = self.range(input);
        match self.below(8) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.roll() as u8,
            2 => drop(input.drain(range)),
            3 => {
                let copy = input[range].to_vec();
                input.splice(at..at, copy);
            }
            4 => {
                let copy = input[range].repeat(self.below(200));
                input.splice(at..at, copy);
            }
            5 => {
                let word = WORDS[self.below(WORDS.len())];
                input.splice(at..at, word.iter().copied());
            }
            6 => {
                let other = &corpus[self.below(corpus.len())];
                let piece = other[self.range(other)].to_vec();
                input.splice(range, piece);
            }
            _ => input.truncate(at),
        }
        input.truncate(BYTES);
    }
}

/// Runs `target` on the inputs of `tests/corpus/NAME`, and on what becomes of them.
#[track_caller]
pub(crate) fn run(name: &str, target: impl Fn(&[u8], &mut Dice)) {
    let corpus = corpus(name);
    let seconds = variable("CHAT_FUZZ_SECONDS").unwrap_or(1);
    let seed = variable("CHAT_FUZZ_SEED").unwrap_or_else(|| {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        since.as_nanos() as u64
    });
    let mut dice = Dice { state: seed };
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut count = 0u64;
    while !count.is_multiple_of(ROUND) || Instant::now() < end || count < corpus.len() as u64 {
        let mut input = match corpus.get(count as usize) {
            Some(as_it_is) => as_it_is.clone(),
            None => {
                let mut input = corpus[dice.below(corpus.len())].clone();
                for _ in 0..=dice.below(CHANGES) {
                    dice.change(&mut input, &corpus);
                }
                input
            }
        };
        input.truncate(BYTES);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(&input, &mut dice))) {
            let path = std::env::temp_dir().join(format!("chat-fuzz-{name}-{seed}"));
            fs::write(&path, &input).unwrap();
            eprintln!(
                "CHAT_FUZZ_SEED={seed}, input {count}, kept as {}",
                path.display()
            );
            resume_unwind(panic);
        }
        count += 1;
    }
    println!("{name}: {count} inputs in {seconds} s, seed {seed}");
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(name);
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn variable(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}

/// What the command line may send to a running server.
#[test]
fn requests_of_the_command_line_are_taken_or_refused() {
    run("control", |bytes, _| {
        let Ok(line) = str::from_utf8(bytes) else {
            return;
        };
        let Ok(request) = serde_json::from_str::<Request>(line) else {
            return;
        };
        // What is taken is what it says.
        let again = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&again).unwrap(), request);
    });
}

/// Otherwise what is tried begins far from anything that is taken.
#[test]
fn what_the_corpus_begins_with_are_requests() {
    for bytes in corpus("control") {
        let request = serde_json::from_slice::<Request>(&bytes);
        request.unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(&bytes)));
    }
}
