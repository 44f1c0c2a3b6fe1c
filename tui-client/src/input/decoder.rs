//! From bytes to inputs: the states of a parser for what terminals send, after ECMA-48 and Paul
//! Williams' parser for DEC terminals (vt100.net/emu/dec_ansi_parser).
//!
//! Owns where each sequence begins and ends. A sequence that is well-formed is taken as a whole,
//! whether anybody here knows it or not. One that is not is given up, after so many bytes or so much
//! time: what follows are keys again, and Ctrl+C is one wherever it comes. Pure: time comes in.

mod replies;
mod typed;

use std::time::Duration;

use super::burst::Burst;
use super::sequence::{Meaning, console, control_sequence, single_shift};
use super::wheel::Wheel;
use super::{Code, Input, Key};
use replies::is_rest_of_reply;

/// How long what has begun waits for its next byte. A terminal writes a sequence at once; a slow line
/// may cut it anywhere.
const PART: Duration = Duration::from_millis(500);
/// How long a string may take as a whole: somebody who types into one that never ends must not type
/// for long.
const STRING: Duration = Duration::from_secs(3);
/// How long a paste waits for its next byte, or its end.
const PASTE: Duration = Duration::from_secs(1);
/// The longest that anything waits, by which all that was begun is given up.
#[cfg(test)]
pub(crate) const PATIENCE: Duration = Duration::from_secs(4);
/// Bytes of a control sequence; known ones have a dozen. Past them it is given up.
const SEQUENCE_BYTES: usize = 4096;
/// Bytes of a string: what a terminal may say of its clipboard is long, but nobody asks for that.
const STRING_BYTES: usize = 1 << 20;
/// Bytes of a paste that are kept: far more than a message may have.
pub(super) const PASTE_BYTES: usize = 1 << 20;
/// Rows by which a notch of the wheel scrolls.
const NOTCH: u16 = 3;
/// What ends a paste.
const PASTE_END: &[u8] = b"\x1b[201~";
const ESC: u8 = 0x1b;
const INTERRUPT: u8 = 0x03;

#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// Within a character of several bytes.
    Character {
        bytes: [u8; 4],
        count: usize,
        alt: bool,
    },
    /// Behind ESC, or behind two of them.
    Escape { twice: bool, in_string: bool },
    /// Behind CSI. `alt`: an ESC came before.
    Control { body: Vec<u8>, alt: bool },
    /// Behind SS3.
    Single { body: Vec<u8>, alt: bool },
    /// Behind `CSI [`.
    Console,
    /// Behind `CSI M`: a report of the mouse, in bytes that are anything.
    Mouse { left: u8 },
    /// Within DCS, OSC, APC, PM or SOS.
    String {
        count: usize,
        since: Duration,
        last: u8,
    },
    /// Within a paste; so many bytes of its end have come.
    Paste { text: Vec<u8>, matched: usize },
}

/// The parser.
#[derive(Debug)]
pub(crate) struct Decoder {
    state: State,
    /// How long a lone ESC waits for the rest of an Alt key.
    escape: Duration,
    /// When the last byte came.
    last: Duration,
    /// When a lone ESC was taken for the key.
    escaped: Option<Duration>,
    /// What began as a sequence and came like keys so far, each in a read of its own: the letter of an Alt
    /// key by which sequences begin, and what was typed since.
    typed: Option<(u8, Vec<u8>)>,
    wheel: Wheel,
    burst: Burst,
    /// What is decoded and has not passed through `wheel` and `burst`.
    out: Vec<Input>,
}

impl Decoder {
    /// A parser in which a lone ESC waits for `escape`.
    pub(crate) fn new(escape: Duration) -> Self {
        Self {
            state: State::Ground,
            escape,
            last: Duration::ZERO,
            escaped: None,
            typed: None,
            wheel: Wheel::default(),
            burst: Burst::default(),
            out: Vec::new(),
        }
    }

    /// Takes what one read brought at `now`.
    pub(crate) fn take(&mut self, bytes: &[u8], now: Duration) -> Vec<Input> {
        let mut inputs = self.wake(now);
        let late = self.escaped.take();
        if late.is_some_and(|at| now < at + PASTE) && is_rest_of_reply(bytes) {
            self.begin_escape(false);
        }
        self.last = now;
        match &self.state {
            // A key of its own: the end of the paste is lost.
            State::Paste { .. } if bytes == [INTERRUPT] => {
                self.give_up();
                self.ground(INTERRUPT);
            }
            State::String { .. } if self.typed.is_some() => self.take_in_string(bytes),
            State::Ground => {
                self.steps(bytes);
                self.typed = match bytes {
                    [ESC, byte @ (b'[' | b'O' | b']' | b'P' | b'_' | b'^' | b'X')] => {
                        Some((*byte, Vec::new()))
                    }
                    _ => None,
                };
            }
            _ if self.typed.is_some() => self.take_in_sequence(bytes),
            _ => self.steps(bytes),
        }
        self.pass_on(now, &mut inputs);
        inputs
    }

    /// Passes what is decoded on, through `wheel` and `burst`.
    fn pass_on(&mut self, now: Duration, inputs: &mut Vec<Input>) {
        let decoded = std::mem::take(&mut self.out);
        let turned = self.wheel.take(decoded, now);
        self.burst.take(turned, now, inputs);
    }

    fn steps(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.step(*byte));
    }

    /// When [`Decoder::wake`] has something to do.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        let own = self.given_up_at();
        let others = self.wheel.wake_at().into_iter().chain(self.burst.wake_at());
        own.into_iter().chain(others).min()
    }

    /// What comes of time passing.
    pub(crate) fn wake(&mut self, now: Duration) -> Vec<Input> {
        if self.given_up_at().is_some_and(|at| at <= now) {
            if let State::Escape { in_string, .. } = &self.state {
                self.escaped = (!in_string).then_some(now);
            }
            self.give_up();
        }
        let mut inputs = Vec::new();
        self.burst.wake(now, &mut inputs);
        self.pass_on(now, &mut inputs);
        inputs
    }

    fn given_up_at(&self) -> Option<Duration> {
        Some(match &self.state {
            State::Ground => return None,
            State::Escape {
                in_string: false, ..
            } => self.last + self.escape,
            State::String { since, .. } => (self.last + PART).min(*since + STRING),
            State::Paste { .. } => self.last + PASTE,
            _ => self.last + PART,
        })
    }

    /// Ends what has begun, as what it is so far.
    fn give_up(&mut self) {
        match std::mem::take(&mut self.state) {
            State::Escape {
                twice,
                in_string: false,
            } => {
                for _ in 0..=usize::from(twice) {
                    self.key(Key::plain(Code::Escape));
                }
            }
            State::Control { body, .. } if body.is_empty() => self.prefixed('['),
            State::Single { body, .. } if body.is_empty() => self.prefixed('O'),
            State::Control { .. } | State::Single { .. } | State::Mouse { .. } => self.give_back(),
            State::Character { .. } => self.character(char::REPLACEMENT_CHARACTER, false),
            State::String { .. } => self.give_back(),
            State::Paste { mut text, matched } => {
                text.extend_from_slice(&PASTE_END[..matched]);
                self.paste(&text);
            }
            _ => {}
        }
    }

    fn step(&mut self, byte: u8) {
        match std::mem::take(&mut self.state) {
            State::Ground => self.ground(byte),
            State::Character {
                mut bytes,
                count,
                alt,
            } => {
                bytes[count] = byte;
                self.in_character(bytes, count + 1, alt);
            }
            State::Escape { twice, in_string } => self.behind_escape(byte, twice, in_string),
            State::Control { body, alt } => self.in_control(byte, body, alt),
            State::Single { body, alt } => self.in_single(byte, body, alt),
            State::Console if (0x20..0x7f).contains(&byte) => self.mean(console(byte), false),
            State::Mouse { left } if byte >= 0x20 && byte != 0x7f => {
                if left > 1 {
                    self.state = State::Mouse { left: left - 1 };
                }
            }
            // Whatever can't stand there ends it, and is what it is.
            State::Console | State::Mouse { .. } => self.ground(byte),
            State::String { count, since, last } => self.in_string(byte, count, since, last),
            State::Paste { text, matched } => self.in_paste(byte, text, matched),
        }
    }

    fn ground(&mut self, byte: u8) {
        match byte {
            ESC => self.begin_escape(false),
            0..0x20 | 0x7f => self.key(Key::of_control(byte)),
            0x20..0x7f => self.character(byte as char, false),
            // The eight-bit CSI, of terminals that were told to send it.
            0x9b => self.begin_control(false),
            0x80..=0x9f => {}
            _ => self.in_character([byte, 0, 0, 0], 1, false),
        }
    }

    fn begin_escape(&mut self, in_string: bool) {
        self.state = State::Escape {
            twice: false,
            in_string,
        };
    }

    fn begin_control(&mut self, alt: bool) {
        let body = Vec::new();
        self.state = State::Control { body, alt };
    }

    fn begin_string(&mut self) {
        self.state = State::String {
            count: 0,
            since: self.last,
            last: 0,
        };
    }

    /// `bytes` are the beginning of a character, or of none.
    fn in_character(&mut self, bytes: [u8; 4], count: usize, alt: bool) {
        match str::from_utf8(&bytes[..count]) {
            Ok(text) => match text.chars().next() {
                // The controls of ECMA-48 as UTF-8 writes them.
                Some('\u{9b}') => self.begin_control(alt),
                Some('\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}') => self.begin_string(),
                Some('\u{80}'..='\u{9f}') | None => {}
                Some(character) => self.character(character, alt),
            },
            Err(error) if error.error_len().is_none() && count < 4 => {
                self.state = State::Character { bytes, count, alt };
            }
            Err(_) => {
                self.character(char::REPLACEMENT_CHARACTER, false);
                if count > 1 {
                    self.ground(bytes[count - 1]);
                }
            }
        }
    }

    fn behind_escape(&mut self, byte: u8, twice: bool, in_string: bool) {
        let first = if twice { 1 } else { 0 };
        match byte {
            b'[' => self.begin_control(twice),
            b'O' => {
                let body = Vec::new();
                self.state = State::Single { body, alt: twice };
            }
            // The end of a string, where there was one.
            b'\\' if in_string || !twice => {}
            ESC => {
                self.escapes(first);
                self.state = State::Escape {
                    twice: true,
                    in_string: false,
                };
            }
            b']' | b'P' | b'_' | b'^' | b'X' => {
                self.escapes(first);
                self.begin_string();
            }
            _ => {
                self.escapes(first);
                match byte {
                    // Never anything else, whatever came before it.
                    INTERRUPT => self.ground(byte),
                    0x08 => self.key(Key::plain(Code::Backspace).with_alt(true)),
                    // Shift+Tab of the Linux console. Alt+Tab is the desktop's.
                    b'\t' => self.key(Key {
                        shift: true,
                        ..Key::plain(Code::BackTab)
                    }),
                    0..0x20 | 0x7f => self.key(Key::of_control(byte).with_alt(true)),
                    0x20..0x7f => self.character(byte as char, true),
                    _ => self.in_character([byte, 0, 0, 0], 1, true),
                }
            }
        }
    }

    fn escapes(&mut self, count: usize) {
        for _ in 0..count {
            self.key(Key::plain(Code::Escape));
        }
    }

    fn in_control(&mut self, byte: u8, mut body: Vec<u8>, alt: bool) {
        match byte {
            b'[' if body.is_empty() => self.state = State::Console,
            b'M' if body.is_empty() => self.state = State::Mouse { left: 3 },
            // rxvt ends keys with Shift in what ends nothing.
            b'$' if !body.is_empty() && body.iter().all(u8::is_ascii_digit) => {
                self.mean(control_sequence(&body, byte), alt);
            }
            0x20..=0x3f if body.len() < SEQUENCE_BYTES => {
                body.push(byte);
                self.state = State::Control { body, alt };
            }
            0x40..=0x7e => self.mean(control_sequence(&body, byte), alt),
            _ => self.ground(byte),
        }
    }

    fn in_single(&mut self, byte: u8, mut body: Vec<u8>, alt: bool) {
        match byte {
            b'0'..=b';' if body.len() < 16 => {
                body.push(byte);
                self.state = State::Single { body, alt };
            }
            0x20..0x7f => self.mean(single_shift(&body, byte), alt),
            _ => self.ground(byte),
        }
    }

    fn in_string(&mut self, byte: u8, count: usize, since: Duration, last: u8) {
        match byte {
            0x07 => {}
            ESC => self.begin_escape(true),
            // ST in UTF-8.
            0x9c if last == 0xc2 => {}
            0x08..=0x0d | 0x20.. if count < STRING_BYTES => {
                self.state = State::String {
                    count: count + 1,
                    since,
                    last: byte,
                };
            }
            _ => self.ground(byte),
        }
    }

    fn in_paste(&mut self, byte: u8, mut text: Vec<u8>, mut matched: usize) {
        if byte == PASTE_END[matched] {
            matched += 1;
        } else {
            let mut keep = |bytes: &[u8]| {
                let room = PASTE_BYTES.saturating_sub(text.len());
                text.extend_from_slice(&bytes[..bytes.len().min(room)]);
            };
            keep(&PASTE_END[..matched]);
            matched = usize::from(byte == ESC);
            if matched == 0 {
                keep(&[byte]);
            }
        }
        if matched == 0 && matches!(byte, b'n' | b'c' | b'I' | b'O') {
            self.take_reply_out(&mut text);
        }
        if matched == PASTE_END.len() {
            self.paste(&text);
        } else {
            self.state = State::Paste { text, matched };
        }
    }

    /// Takes a sequence for what it is. An ESC before one that is no key was a key.
    fn mean(&mut self, meaning: Meaning, alt: bool) {
        if alt && !matches!(meaning, Meaning::Key(_)) {
            self.key(Key::plain(Code::Escape));
        }
        match meaning {
            Meaning::Key(key) => self.key(key.with_alt(alt)),
            Meaning::PasteBegins => {
                let text = Vec::new();
                self.state = State::Paste { text, matched: 0 };
            }
            Meaning::Reply(reply) => self.out.push(Input::Reply(reply)),
            Meaning::Wheel { up } => self.out.push(Input::Wheel { up, rows: NOTCH }),
            Meaning::Focus(has_focus) => self.out.push(Input::Focus(has_focus)),
            Meaning::Nothing => {}
        }
    }

    fn character(&mut self, character: char, alt: bool) {
        match alt {
            true => self.prefixed(character),
            false => self.key(Key::plain(Code::Char(character))),
        }
    }

    fn prefixed(&mut self, character: char) {
        let key = Key::plain(Code::Char(character)).with_alt(true);
        self.out.push(Input::Prefixed(key));
    }

    fn key(&mut self, key: Key) {
        self.out.push(Input::Key(key));
    }

    fn paste(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text).into_owned();
        self.out.push(Input::Paste(text));
    }
}

#[cfg(test)]
mod tests;
