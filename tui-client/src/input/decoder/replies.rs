//! Replies of the terminal that come where no sequence is looked for: within a paste, and cut off from
//! their ESC.

use super::{Decoder, ESC};
use crate::input::sequence::{Meaning, control_sequence};

/// Bytes of a reply that is looked for within a paste.
const REPLY_BYTES: usize = 48;

impl Decoder {
    /// A reply of the terminal that came within a paste, and has just ended, belongs to none.
    pub(super) fn take_reply_out(&mut self, text: &mut Vec<u8>) {
        let first = text.len().saturating_sub(REPLY_BYTES);
        let Some(start) = text[first..].iter().rposition(|byte| *byte == ESC) else {
            return;
        };
        if let [ESC, b'[', body @ .., end] = &text[first + start..] {
            let meaning = control_sequence(body, *end);
            if matches!(meaning, Meaning::Reply(_) | Meaning::Focus(_)) {
                text.truncate(first + start);
                self.mean(meaning, false);
            }
        }
    }
}

/// True for what can only be the rest of a reply whose ESC came long before: nobody types that at
/// once.
pub(super) fn is_rest_of_reply(bytes: &[u8]) -> bool {
    match bytes {
        [b'[', b'0'..=b'9' | b'<'..=b'?', rest @ ..] => {
            let end = rest.iter().find(|byte| !(0x20..0x40).contains(*byte));
            end.is_some_and(|byte| (0x40..0x7f).contains(byte))
        }
        [b']', b'0'..=b'9', b';' | b'0'..=b'9', ..] => true,
        [
            b'P',
            b'0'..=b'9' | b'>' | b'!',
            b'$' | b'+' | b'|' | b'!',
            ..,
        ] => true,
        _ => false,
    }
}
