//! Where the ways through a text lead. Pure.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::words;
use crate::keymap::Motion;

/// Where `motion` leads from the byte `cursor`: always between two clusters, though a mark may stand on a
/// space.
pub(super) fn target(text: &str, cursor: usize, motion: Motion) -> usize {
    let target = roughly(text, cursor, motion);
    let mut place = GraphemeCursor::new(target, text.len(), true);
    // The whole text is at hand: there is nothing that it could ask for.
    if place.is_boundary(text, 0) != Ok(false) {
        return target;
    }
    let next = match target < cursor {
        true => place.prev_boundary(text, 0),
        false => place.next_boundary(text, 0),
    };
    next.ok().flatten().unwrap_or(target)
}

fn roughly(text: &str, cursor: usize, motion: Motion) -> usize {
    let (before, after) = text.split_at(cursor);
    match motion {
        Motion::Left => {
            let last = before.grapheme_indices(true).next_back();
            last.map_or(0, |(at, _)| at)
        }
        Motion::Right => cursor + after.graphemes(true).next().map_or(0, str::len),
        Motion::WordLeft => words::last_start(before),
        Motion::WordRight => cursor + words::first_end(after),
        Motion::SpaceLeft => {
            let rest = before.trim_end();
            let space = rest.char_indices().rfind(|(_, one)| one.is_whitespace());
            space.map_or(0, |(at, space)| at + space.len_utf8())
        }
        Motion::RowStart => before.rfind('\n').map_or(0, |at| at + 1),
        Motion::RowEnd => cursor + after.find('\n').unwrap_or(after.len()),
    }
}
