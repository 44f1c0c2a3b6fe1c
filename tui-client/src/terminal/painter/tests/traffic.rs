//! What a busy room costs on the line: frames as the client draws them, at the times at which it draws
//! them, with a terminal that answers at once.

#![allow(clippy::print_stdout)] // says what was measured

use std::time::{Duration, Instant};

use super::super::super::pace::{Cause, Draw, Pace};
use super::*;

const MS: Duration = Duration::from_millis(1);
/// Milliseconds for which the connection rests once all is read.
const REST: usize = 40;
/// Around a frame, and the question at its end.
const AROUND: usize = 20;

/// A room of 140x40 with so many messages in it, rows at the left and right that stay, and a status that
/// counts.
fn room(messages: usize, seconds: usize, sides: bool) -> Buffer {
    let (width, height) = (140, 40);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let (faint, bold) = (
        Style::new().add_modifier(Modifier::DIM),
        Style::new().add_modifier(Modifier::BOLD),
    );
    let (left, right) = if sides { (17, 105) } else { (0, width) };
    buffer.set_string(0, 0, " 1:stream1  2:speedrun(3)", bold);
    for y in 1..37 {
        let number = messages + usize::from(y);
        let user = number * 7919 % 30;
        let style = bold.fg(Color::Indexed([31, 61, 64, 98, 130][user % 5]));
        buffer.set_string(left, y, "14:01 ", faint);
        buffer.set_string(
            left + 6,
            y,
            format!("{:>16}  ", format!("chatter_{user}")),
            style,
        );
        let mut dice = Dice(number as u64);
        let words = [
            "gg",
            "that",
            "jump",
            "was",
            "insane",
            "who",
            "won?",
            "two seconds",
            "Kappa",
        ];
        let words = (0..1 + dice.below(9)).map(|_| words[dice.below(words.len())]);
        let text = words.collect::<Vec<_>>().join(" ");
        buffer.set_string(left + 24, y, text, Style::new());
        if sides {
            let rooms = ["1 stream1", "2 speedrun   3", "3 mods   12 @1"];
            let place = usize::from(y) - 1;
            buffer.set_string(0, y, rooms.get(place).unwrap_or(&""), Style::new());
            buffer.set_string(left - 1, y, "|", faint);
            buffer.set_string(right, y, "| ", faint);
            if place % 4 == 0 {
                let row = format!("14:0{place} erin muted bob");
                buffer.set_string(right + 2, y, row, Style::new());
            }
        }
    }
    let status = format!(" connected 23ms  {}/s  412 online", 18 + seconds % 5);
    buffer.set_string(0, 37, status, Style::new());
    buffer.set_string(0, 38, "alice> ", bold);
    buffer.set_string(0, 39, " F1 help  F2 problems", faint);
    buffer
}

/// Bytes a second to the terminal, and frames a second.
fn traffic(messages_per_second: usize, sides: bool) -> (usize, usize) {
    const SECONDS: usize = 10;
    let start = Instant::now();
    let mut pace = Pace::default();
    pace.asked(0, start);
    pace.answered(start);
    let mut painter = Painter::new(140, 40);
    let (mut bytes, mut frames) = (0, 0);
    let (mut shown, mut read_at) = (0, 0);
    for millis in 0..SECONDS * 1_000 {
        let now = start + MS * u32::try_from(millis).unwrap();
        let messages = millis * messages_per_second / 1_000;
        if messages > shown && millis >= read_at {
            (shown, read_at) = (messages, millis + REST);
            pace.want(Cause::Network, now);
        }
        if pace.due().is_none_or(|due| due > now) {
            continue;
        }
        let draw = pace.next(now);
        assert_eq!(draw, Draw::Whole { limit: usize::MAX });
        let place = Some(Position { x: 7, y: 38 });
        painter.take(
            &room(shown, millis / 1_000, sides),
            &Links::default(),
            place,
        );
        let piece = painter.paint(usize::MAX);
        let count = piece.bytes.len() + AROUND;
        pace.drawn(draw, count, true, now);
        pace.answered(now + MS);
        if millis > 1_000 {
            bytes += count;
            frames += 1;
        }
    }
    (bytes / (SECONDS - 1), frames / (SECONDS - 1))
}

#[test]
fn a_busy_room_spares_the_line() {
    for (messages, sides, most_bytes, most_frames) in [
        (20, false, 4_000, 20),
        (200, false, 25_000, 25),
        (1_000, false, 60_000, 25),
        (20, true, 12_000, 20),
        (200, true, 40_000, 25),
        (1_000, true, 75_000, 25),
    ] {
        let (bytes, frames) = traffic(messages, sides);
        println!("{messages}/s, sides {sides}: {bytes} bytes/s, {frames} frames/s");
        assert!(
            bytes < most_bytes,
            "{messages}/s, sides {sides}: {bytes} bytes/s"
        );
        assert!(frames <= most_frames, "{messages}/s: {frames} frames/s");
    }
}
