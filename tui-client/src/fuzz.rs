//! Runs what takes bytes from the terminal on bytes that were changed at random, and watches it fail.
//!
//! Begins with the inputs in `tests/corpus`. One second by default, `CHAT_FUZZ_SECONDS` for more;
//! `CHAT_FUZZ_SEED` runs the same inputs once more. What failed is kept among the temporary files, to
//! be looked at and put into the corpus.

#![allow(clippy::print_stdout, clippy::print_stderr)] // says how much was run, and what failed

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::input::{Code, Decoder, Input, Key, PATIENCE};
use crate::keymap::Keymap;

/// Changes made to one input at most.
const CHANGES: usize = 6;
/// Bytes of an input at most.
const BYTES: usize = 16 * 1024;
/// Inputs between two looks at the clock.
const ROUND: u64 = 64;
/// Pieces of which inputs are made that mean something.
const WORDS: [&[u8]; 30] = [
    b"\x1b",
    b"\x1b[",
    b"\x1bO",
    b"\x1b]",
    b"\x1bP",
    b"\x1b_",
    b"\x1b^",
    b"\x1bX",
    b"\x1b\\",
    b"\x07",
    b"\x1b[200~",
    b"\x1b[201~",
    b"\x1b[?",
    b"\x1b[[",
    b"\x1b[M",
    b"\x9b",
    b"\xc2\x9b",
    b"\xc2\x9d",
    b"\xf0\x9f",
    b"\xff",
    b"\r",
    b"\x03",
    b"99999999999999999999",
    b";:;:;",
    b"~",
    b"text",
    b"\x1b[0n",
    b"\x1b[I",
    b"\x1b[A\x1b[A\x1b[A",
    b"\x1b\t",
];

/// Numbers that look random, and are the same for the same seed (SplitMix64).
struct Dice {
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
    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    fn range(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(bytes.len() + 1);
        let most = (bytes.len() - start).min(1 + self.below(64));
        start..start + self.below(most + 1)
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let range = self.range(input);
        match self.below(7) {
            0 if at < input.len() => input[at] = self.roll() as u8,
            1 => drop(input.drain(range)),
            2 => {
                let copy = input[range].repeat(self.below(200));
                input.splice(at..at, copy);
            }
            3 | 4 => {
                let word = WORDS[self.below(WORDS.len())];
                input.splice(at..at, word.iter().copied());
            }
            5 => {
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
fn run(name: &str, target: impl Fn(&[u8], &mut Dice)) {
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

/// Lets time pass, waking the decoder as its owner does.
fn pass(decoder: &mut Decoder, now: &mut Duration, time: Duration) -> Vec<Input> {
    let end = *now + time;
    let mut inputs = Vec::new();
    while let Some(at) = decoder.wake_at().filter(|at| *at <= end) {
        assert!(at >= *now || decoder.wake_at().is_some());
        *now = at.max(*now);
        inputs.extend(decoder.wake(*now));
    }
    *now = end;
    inputs
}

/// What the inputs type.
fn typed(inputs: &[Input]) -> String {
    let mut text = String::new();
    for input in inputs {
        match input {
            Input::Key(key) if !key.control && !key.alt => match key.code {
                Code::Char(character) => text.push(character),
                Code::Enter => text.push('\r'),
                _ => {}
            },
            Input::Paste(pasted) => text.push_str(pasted),
            _ => {}
        }
    }
    text
}

/// Whatever comes, in whatever pieces and with whatever pauses: nothing panics, what comes out is no
/// more than went in, and behind it keys are keys.
#[test]
fn keys_are_heard_whatever_came_before() {
    run("keys", |bytes, dice| {
        let mut decoder = Decoder::new(Duration::from_millis(50));
        let mut now = Duration::from_secs(1);
        let mut inputs = Vec::new();
        let mut rest = bytes;
        let most = 1 + dice.below(300);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((1 + dice.below(most)).min(rest.len()));
            inputs.extend(decoder.take(piece, now));
            let pause = [0, 1, 20, 60, 600, 1_100][dice.below(6)];
            let pause = Duration::from_millis(pause);
            inputs.extend(pass(&mut decoder, &mut now, pause));
            rest = after;
        }
        inputs.extend(decoder.take(b"\x1b\\", now));
        inputs.extend(pass(&mut decoder, &mut now, PATIENCE));
        assert_eq!(decoder.wake_at(), None, "something still waits");
        let keymap = Keymap::default();
        for input in &inputs {
            if let Input::Key(key) | Input::Prefixed(key) = input {
                keymap.action(*key);
            }
        }
        assert!(inputs.len() <= bytes.len() + 4, "more keys than bytes");
        assert!(typed(&inputs).len() <= 3 * bytes.len() + 8);
        let interrupt = [Input::Key(Key::control(Code::Char('c')))];
        assert_eq!(decoder.take(b"\x03", now), interrupt, "deaf");
        let mut after = decoder.take(b"text", now);
        after.extend(pass(&mut decoder, &mut now, PATIENCE));
        assert_eq!(typed(&after), "text");
    });
}

/// What is typed comes out, whatever well-formed sequences stand between it.
#[test]
fn text_between_sequences_is_kept() {
    const SEQUENCES: [&[u8]; 11] = [
        b"\x1b[?997;1n",
        b"\x1b[?2026;2$y",
        b"\x1b[A",
        b"\x1b]11;rgb:1/2/3\x07",
        b"\x1bP1$r0m\x1b\\",
        b"\x1b_Gi=1;OK\x1b\\",
        b"\x1bOP",
        b"\x1b[<0;1;1M",
        b"\x1b[0n",
        b"\x1b[O",
        b"\x1b[1;7R",
    ];
    run("keys", |bytes, dice| {
        let mut decoder = Decoder::new(Duration::from_millis(50));
        let mut now = Duration::from_secs(1);
        let (mut inputs, mut expected) = (Vec::new(), String::new());
        for byte in bytes.iter().filter(|byte| (0x20..0x7f).contains(*byte)) {
            let sequence = SEQUENCES[dice.below(SEQUENCES.len())];
            let cut = dice.below(sequence.len() - 1) + 1;
            // An ESC alone is cut off from what follows where that comes late.
            let pause = if cut == 1 { 40 } else { 400 };
            inputs.extend(decoder.take(&sequence[..cut], now));
            let pause = Duration::from_millis(dice.below(pause) as u64);
            inputs.extend(pass(&mut decoder, &mut now, pause));
            inputs.extend(decoder.take(&[&sequence[cut..], &[*byte]].concat(), now));
            expected.push(*byte as char);
        }
        inputs.extend(pass(&mut decoder, &mut now, PATIENCE));
        assert_eq!(typed(&inputs), expected);
    });
}
