//! Standard input as lines of a bounded length; no line takes those behind it along. Must not know
//! what a line means.

use std::io::{self, BufRead};

use tokio::sync::mpsc;

/// Lines read ahead of what was done with them; full, the reader waits.
const LINES: usize = 64;

/// A line as it was read, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RawLine {
    /// All of it.
    Whole(Vec<u8>),
    /// Longer than the limit: so many bytes, which are gone.
    TooLong(u64),
}

/// Reads lines of at most `limit` bytes. `check` turns each, with its number from 1, into what is
/// passed on; `None` passes nothing on. After an error nothing more is read.
pub(crate) fn read_lines<T: Send + 'static>(
    limit: usize,
    mut check: impl FnMut(u64, io::Result<RawLine>) -> Option<T> + Send + 'static,
) -> mpsc::Receiver<T> {
    let (lines, received) = mpsc::channel(LINES);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        for number in 1_u64.. {
            let Some(line) = next_line(&mut input, limit).transpose() else {
                return;
            };
            let ends = line.is_err();
            let Some(line) = check(number, line) else {
                continue;
            };
            // Without a receiver the program is ending.
            if lines.blocking_send(line).is_err() || ends {
                return;
            }
        }
    });
    received
}

/// The next line; `None` at the end. The last one may lack its newline. Of one that is too long no more
/// is kept than what the reader holds at a time.
fn next_line(input: &mut impl BufRead, limit: usize) -> io::Result<Option<RawLine>> {
    let mut line = Vec::new();
    let mut bytes = 0_u64;
    let mut is_there = false;
    loop {
        let read = match input.fill_buf() {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if read.is_empty() {
            break;
        }
        is_there = true;
        let end = read.iter().position(|byte| *byte == b'\n');
        let part = &read[..end.unwrap_or(read.len())];
        bytes += part.len() as u64;
        // One more for a carriage return at the end.
        if bytes <= limit as u64 + 1 {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            break;
        }
    }
    if line.len() as u64 == bytes && line.last() == Some(&b'\r') {
        line.pop();
        bytes -= 1;
    }
    Ok(is_there.then_some(match bytes <= limit as u64 {
        true => RawLine::Whole(line),
        false => RawLine::TooLong(bytes),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_takes_none_behind_it_along() {
        let check = |text: &str, expected: &[RawLine]| {
            for capacity in [1, 2, 7, 100] {
                let mut input = io::BufReader::with_capacity(capacity, text.as_bytes());
                let mut read = Vec::new();
                while let Some(raw) = next_line(&mut input, 4).unwrap() {
                    read.push(raw);
                }
                assert_eq!(read, expected, "{text:?} in pieces of {capacity}");
            }
        };
        let whole = |text: &str| RawLine::Whole(text.as_bytes().to_vec());
        check("", &[]);
        check("a\nb", &[whole("a"), whole("b")]);
        check("a\r\n\n", &[whole("a"), whole("")]);
        check(
            "1234\n12345\r\n1234\r\nb",
            &[
                whole("1234"),
                RawLine::TooLong(6),
                whole("1234"),
                whole("b"),
            ],
        );
        check(
            "123456789\nb\n123456",
            &[RawLine::TooLong(9), whole("b"), RawLine::TooLong(6)],
        );
    }
}
