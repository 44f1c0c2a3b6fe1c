//! Pastes that the terminal does not mark. Where text follows Enter faster than anybody types, Enter
//! is a line break of a paste, and the message is not sent. Pure: time comes in.

use std::time::Duration;

use super::decoder::PASTE_BYTES;
use super::{Code, Input, Key};

/// Enter that comes this soon behind text waits this long for more text. Between two keys of somebody
/// who types fast are 50 ms.
const AT_ONCE: Duration = Duration::from_millis(15);
/// So many characters at once nobody types, and no message has.
const MANY: usize = 1_000;
/// A paste ends with a pause of this length: a slow line brings it in pieces.
const PAUSE: Duration = Duration::from_millis(100);
/// So long after a paste what comes at once belongs to it as well, and Enter at its end.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// What is known of how keys come.
#[derive(Debug, Default)]
pub(super) struct Burst {
    /// When text came last.
    text_at: Option<Duration>,
    /// Enter pressed so often, and when it is believed.
    held: Option<(usize, Duration)>,
    /// The paste so far, and when it is over.
    paste: Option<(String, Duration)>,
    /// When a paste ended.
    pasted_at: Option<Duration>,
}

impl Burst {
    /// Passes on what one read brought.
    pub(super) fn take(&mut self, inputs: Vec<Input>, now: Duration, out: &mut Vec<Input>) {
        self.wake(now, out);
        let mut rest = inputs.as_slice();
        while let [input, after @ ..] = rest {
            match text_of(input) {
                Some(text) => self.on_text(text, rest, now, out),
                None => self.on_other(input, out),
            }
            rest = after;
        }
    }

    /// When [`Burst::wake`] has something to do.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let held = self.held.map(|(_, until)| until);
        let paste = self.paste.as_ref().map(|(_, until)| *until);
        held.into_iter().chain(paste).min()
    }

    /// Passes on what has waited long enough.
    pub(super) fn wake(&mut self, now: Duration, out: &mut Vec<Input>) {
        if self.held.is_some_and(|(_, until)| until <= now) {
            self.release(out);
        }
        if self.paste.as_ref().is_some_and(|(_, until)| *until <= now) {
            self.finish(out);
        }
    }

    /// `rest` begins with the key that gave `text`.
    fn on_text(&mut self, text: char, rest: &[Input], now: Duration, out: &mut Vec<Input>) {
        let quick = self.text_at.is_some_and(|at| now < at + AT_ONCE);
        if let Some((paste, until)) = &mut self.paste {
            if paste.len() < PASTE_BYTES {
                paste.push(text);
            }
            *until = now + PAUSE;
        } else if is_enter(&rest[0]) {
            let afterwards = self.is_afterwards(now);
            match &mut self.held {
                Some((count, _)) => *count += 1,
                None if quick && afterwards => self.begin("\r".to_owned(), now),
                None if quick || rest.len() > 1 => self.held = Some((1, now + AT_ONCE)),
                None => {
                    self.pasted_at = None;
                    out.push(rest[0].clone());
                }
            }
        } else if let Some((count, _)) = self.held.take() {
            self.begin("\r".repeat(count), now);
            self.on_text(text, rest, now, out);
        } else if has_line_break_within(rest)
            || rest.len() > 1 && self.is_afterwards(now)
            || rest.len() >= MANY && rest[..MANY].iter().all(|input| text_of(input).is_some())
        {
            self.begin(text.to_string(), now);
        } else {
            out.push(rest[0].clone());
        }
        if !is_enter(&rest[0]) {
            self.text_at = Some(now);
        }
    }

    fn on_other(&mut self, input: &Input, out: &mut Vec<Input>) {
        // The terminal's replies come between keys at any time.
        if !matches!(input, Input::Reply(_)) {
            self.release(out);
            self.finish(out);
            self.pasted_at = None;
        }
        out.push(input.clone());
    }

    fn is_afterwards(&self, now: Duration) -> bool {
        self.pasted_at.is_some_and(|at| now < at + AFTERWARDS)
    }

    fn begin(&mut self, text: String, now: Duration) {
        self.paste = Some((text, now + PAUSE));
    }

    fn release(&mut self, out: &mut Vec<Input>) {
        let (count, _) = self.held.take().unwrap_or_default();
        out.extend((0..count).map(|_| Input::Key(Key::plain(Code::Enter))));
    }

    fn finish(&mut self, out: &mut Vec<Input>) {
        if let Some((text, until)) = self.paste.take() {
            self.pasted_at = Some(until);
            out.push(Input::Paste(text));
        }
    }
}

/// True where within one read text, Enter and text follow each other.
fn has_line_break_within(inputs: &[Input]) -> bool {
    let run = inputs.iter().take_while(|input| text_of(input).is_some());
    run.skip_while(|input| !is_enter(input))
        .any(|input| !is_enter(input))
}

fn is_enter(input: &Input) -> bool {
    *input == Input::Key(Key::plain(Code::Enter))
}

/// What a key would be within a paste.
fn text_of(input: &Input) -> Option<char> {
    let Input::Key(key) = input else {
        return None;
    };
    match *key {
        key if key.control && !key.alt && key.code == Code::Char('j') => Some('\n'),
        key if key.control || key.alt => None,
        key => match key.code {
            Code::Char(character) => Some(character),
            // As terminals write line breaks, so that one of two characters stays one.
            Code::Enter if !key.shift => Some('\r'),
            Code::Tab => Some('\t'),
            _ => None,
        },
    }
}
