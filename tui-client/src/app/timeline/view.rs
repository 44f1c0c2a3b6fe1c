//! The part of a timeline that is on the screen, and moving it. Costs what is visible: rows are made
//! for entries in view only, and counted once per width.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::Timeline;
use super::entry::{Entry, EntryId, Post};
use super::geometry::Geometry;
use super::rows::{Around, Look, count, day_rule, rows, rule};
use crate::app::row::{Row, Tone};

/// Rows that are kept; the cache begins anew when there are more.
const CACHED: usize = 10_000;

/// Rows below the view that are counted: more would cost what is stored, not what is visible.
pub(crate) const COUNTED_BELOW: usize = 5_000;

/// A row of an entry: the entry's place, and the row within it, the day's rule included.
pub(super) type RowPosition = (usize, usize);

/// Made rows, by the version of their entry, all of one geometry.
#[derive(Debug, Default)]
pub(super) struct Cache {
    geometry: Option<Geometry>,
    rows: HashMap<u64, Rc<[Rc<Row>]>>,
    /// Rows of all of them.
    count: usize,
}

impl Cache {
    fn clear(&mut self) {
        self.rows.clear();
        self.count = 0;
    }

    fn rows(
        &mut self,
        entry: &Entry,
        geometry: Geometry,
        make: impl FnOnce() -> Vec<Row>,
    ) -> Rc<[Rc<Row>]> {
        if self.geometry != Some(geometry) || self.count >= CACHED {
            self.clear();
            self.geometry = Some(geometry);
        }
        let made = self.rows.entry(entry.version).or_insert_with(|| {
            let made = make();
            self.count += made.len();
            made.into_iter().map(Rc::new).collect()
        });
        Rc::clone(made)
    }
}

/// What is below the view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Below {
    /// Rows, counted up to [`COUNTED_BELOW`].
    pub(crate) rows: usize,
    /// Messages of others that came since the view was held, counted up to the same.
    pub(crate) new: usize,
    /// Those among them that name the user.
    pub(crate) mentions: usize,
    /// More came, which are not here.
    pub(crate) more: bool,
}

/// Where a timeline is looked at.
#[derive(Debug)]
pub(super) struct Scroll {
    /// The lowest row in view; `None` follows the newest.
    pub(super) bottom: Option<RowPosition>,
    /// The number of the present holding of the view, from 1: what comes carries it.
    pub(super) hold: u32,
    /// Messages of others that came while the view was held, those that are in view by now included.
    pub(super) new_below: usize,
    /// Others came that are not here.
    pub(super) more_below: bool,
    pub(super) cache: RefCell<Cache>,
}

impl Default for Scroll {
    fn default() -> Self {
        Self {
            bottom: None,
            hold: 1,
            new_below: 0,
            more_below: false,
            cache: RefCell::default(),
        }
    }
}

/// A row on the screen.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) row: Rc<Row>,
    /// The entry that it is a row of, and which one from 0; `None` for rules between entries.
    pub(crate) of: Option<(EntryId, usize)>,
}

impl Timeline {
    /// The rows on a screen of `height` rows, from the top; fewer where there are no more.
    #[cfg(test)]
    pub(crate) fn visible(&self, geometry: Geometry, height: usize) -> Vec<Rc<Row>> {
        let shown = self.visible_rows(geometry, height, |_| Look::default());
        shown.into_iter().map(|shown| shown.row).collect()
    }

    /// The rows on a screen of `height` rows, from the top, each entry in the look that it has; fewer
    /// where there are no more.
    pub(crate) fn visible_rows(
        &self,
        geometry: Geometry,
        height: usize,
        look: impl Fn(EntryId) -> Look,
    ) -> Vec<Shown> {
        let mut upwards: Vec<Shown> = Vec::with_capacity(height);
        let alone = |row: Row| Shown {
            row: Rc::new(row),
            of: None,
        };
        if let Some((last, row)) = self.bottom(geometry) {
            let mut within = row + 1;
            for index in (0..=last).rev() {
                if index < last {
                    within = self.height(index, geometry);
                }
                let rules = self.rules(index, geometry);
                let id = self.item(index).id;
                let made = self.rows(index, geometry, look(id));
                let most = within.saturating_sub(rules.len()).min(made.len());
                let rows = made.iter().take(most).cloned().enumerate().rev();
                upwards.extend(rows.map(|(number, row)| Shown {
                    row,
                    of: Some((id, number)),
                }));
                upwards.extend(rules.into_iter().take(within).rev().map(alone));
                if upwards.len() >= height {
                    break;
                }
            }
        }
        if upwards.len() < height {
            upwards.extend(self.heading(geometry).map(alone));
        }
        upwards.truncate(height);
        upwards.reverse();
        upwards
    }

    /// The newest rows of all, from the top; fewer where there are no more.
    pub(crate) fn newest_rows(&self, geometry: Geometry, height: usize) -> Vec<Rc<Row>> {
        let mut upwards: Vec<Rc<Row>> = Vec::with_capacity(height);
        for index in (0..self.count()).rev() {
            if upwards.len() >= height {
                break;
            }
            let made = self.rows(index, geometry, Look::default());
            upwards.extend(made.iter().rev().cloned());
        }
        upwards.truncate(height);
        upwards.reverse();
        upwards
    }

    /// True while the view is held and does not follow the newest message.
    pub(crate) fn is_held(&self) -> bool {
        self.scroll.bottom.is_some()
    }

    /// What is below the view.
    pub(crate) fn below(&self, geometry: Geometry) -> Below {
        let Some((index, row)) = self.bottom(geometry).filter(|_| self.is_held()) else {
            return Below::default();
        };
        let rest = self.height(index, geometry) - 1 - row;
        let mut below = rest;
        for index in index + 1..self.count() {
            if below >= COUNTED_BELOW {
                break;
            }
            below += self.height(index, geometry);
        }
        let (new, mentions) = self.new_after(index);
        Below {
            rows: below.min(COUNTED_BELOW),
            new,
            mentions,
            more: self.scroll.more_below,
        }
    }

    /// The messages behind an entry that came since the view was held, and the mentions among them. They
    /// are at the end: the search ends with the last of them.
    fn new_after(&self, index: usize) -> (usize, usize) {
        let start = (index + 1).min(self.entries.len());
        let behind = self.entries.range(start..).rev();
        let new = behind.filter(|entry| entry.hold == self.scroll.hold);
        let most = self.scroll.new_below.min(COUNTED_BELOW);
        new.take(most).fold((0, 0), |(new, mentions), entry| {
            (new + 1, mentions + usize::from(entry.is_mention()))
        })
    }

    /// Moves up, and holds the view.
    pub(crate) fn scroll_up(&mut self, by: usize, geometry: Geometry, height: usize) {
        if let Some(bottom) = self.bottom(geometry) {
            let target = self.back(bottom, by, geometry);
            self.hold(target.max(self.highest(geometry, height)), geometry);
        }
    }

    /// Moves down; at the end the view follows again.
    pub(crate) fn scroll_down(&mut self, by: usize, geometry: Geometry) {
        if let Some(bottom) = self.bottom(geometry) {
            let target = self.forward(bottom, by, geometry);
            self.hold(target, geometry);
        }
    }

    /// Moves to the first message.
    pub(crate) fn scroll_to_top(&mut self, geometry: Geometry, height: usize) {
        self.hold(self.highest(geometry, height), geometry);
    }

    /// Follows the newest message.
    pub(crate) fn follow(&mut self) {
        self.scroll.bottom = None;
        self.scroll.new_below = 0;
        self.scroll.more_below = false;
        self.scroll.hold = self.scroll.hold.wrapping_add(1).max(1);
    }

    /// The first `count` entries went: a held view stays on what is left of it.
    pub(super) fn scroll_back(&mut self, count: usize) {
        if let Some((bottom, _)) = &mut self.scroll.bottom {
            match bottom.checked_sub(count) {
                Some(moved) => *bottom = moved,
                None => self.follow(),
            }
        }
    }

    /// True where more than `rows` entries, each of a row at least, are above the lowest in view: then
    /// [`Timeline::is_near_top`] is false at any width.
    pub(crate) fn is_far_from_top(&self, rows: usize) -> bool {
        let end = self.count().saturating_sub(1);
        let bottom = self.scroll.bottom.map_or(end, |(index, _)| index.min(end));
        bottom > rows
    }

    /// True where fewer than `rows` rows are between the lowest row in view and the first entry.
    pub(crate) fn is_near_top(&self, rows: usize, geometry: Geometry) -> bool {
        self.bottom(geometry)
            .is_none_or(|bottom| self.back(bottom, rows, geometry) == (0, 0))
    }

    /// The lowest row of a screen whose top is the first row of all.
    pub(super) fn highest(&self, geometry: Geometry, height: usize) -> RowPosition {
        let heading = usize::from(self.heading(geometry).is_some());
        self.forward((0, 0), height.saturating_sub(1 + heading), geometry)
    }

    pub(super) fn hold(&mut self, target: RowPosition, geometry: Geometry) {
        if self.end(geometry).is_none_or(|end| target >= end) {
            self.follow();
        } else {
            self.scroll.bottom = Some(target);
        }
    }

    /// The row above the first entry.
    fn heading(&self, geometry: Geometry) -> Option<Row> {
        if self.is_complete() {
            Some(rule("beginning of the room", Tone::Faint, geometry))
        } else if self.is_loading() {
            Some(rule("loading older messages", Tone::Faint, geometry))
        } else {
            None
        }
    }

    /// The lowest row in view.
    pub(super) fn bottom(&self, geometry: Geometry) -> Option<RowPosition> {
        let end = self.end(geometry)?;
        let Some((index, row)) = self.scroll.bottom else {
            return Some(end);
        };
        if index >= self.count() {
            return Some(end);
        }
        Some((index, row.min(self.height(index, geometry) - 1)))
    }

    /// The last row of all.
    pub(super) fn end(&self, geometry: Geometry) -> Option<RowPosition> {
        let last = self.count().checked_sub(1)?;
        Some((last, self.height(last, geometry) - 1))
    }

    pub(super) fn back(
        &self,
        (mut index, mut row): RowPosition,
        by: usize,
        geometry: Geometry,
    ) -> RowPosition {
        let mut left = by;
        while left > row {
            if index == 0 {
                return (0, 0);
            }
            left -= row + 1;
            index -= 1;
            row = self.height(index, geometry) - 1;
        }
        (index, row - left)
    }

    pub(super) fn forward(
        &self,
        (mut index, mut row): RowPosition,
        by: usize,
        geometry: Geometry,
    ) -> RowPosition {
        let mut left = by;
        loop {
            if index >= self.count() {
                return self.end(geometry).unwrap_or((0, 0));
            }
            let rest = self.height(index, geometry) - 1 - row;
            if left <= rest {
                return (index, row + left);
            }
            left -= rest + 1;
            (index, row) = (index + 1, 0);
        }
    }

    /// Rows of an entry, the day's rule included; at least one.
    pub(super) fn height(&self, index: usize, geometry: Geometry) -> usize {
        let entry = self.item(index);
        let (number, height) = entry.height.get();
        let height = if number == geometry.number() && height > 0 {
            height
        } else {
            let make = || self.make_rows(index, geometry, Look::default());
            let counted = count(entry, geometry, make);
            let counted = u16::try_from(counted).unwrap_or(u16::MAX);
            entry.height.set((geometry.number(), counted));
            counted
        };
        let has_line = self.first_unread() == Some(entry.id);
        let rules = [
            self.begins_day(index),
            self.skipped(index).is_some(),
            has_line,
        ];
        usize::from(height) + rules.into_iter().filter(|has| *has).count()
    }

    fn rows(&self, index: usize, geometry: Geometry, look: Look) -> Rc<[Rc<Row>]> {
        let entry = self.item(index);
        if look != Look::default() || entry.is_gap() {
            let made = self.make_rows(index, geometry, look);
            return made.into_iter().map(Rc::new).collect();
        }
        let make = || self.make_rows(index, geometry, look);
        self.scroll.cache.borrow_mut().rows(entry, geometry, make)
    }

    pub(super) fn make_rows(&self, index: usize, geometry: Geometry, look: Look) -> Vec<Row> {
        let entry = self.item(index);
        let parent = entry.post().and_then(Post::reply_to);
        let around = Around {
            quote: parent.and_then(|id| self.quote(id)),
            is_loadable: self.is_loadable(index),
        };
        rows(entry, geometry, look, &around)
    }

    /// The rows that were made are worth nothing: what they say of other entries changed.
    pub(super) fn forget_rows(&mut self) {
        self.scroll.cache.get_mut().clear();
    }

    /// The rules above an entry, which count as its rows.
    pub(super) fn rules(&self, index: usize, geometry: Geometry) -> Vec<Row> {
        let day = (self.begins_day(index)).then(|| day_rule(self.item(index).stamp.date, geometry));
        let skipped = self.skipped(index);
        let skipped = skipped.map(|words| rule(&words, Tone::Faint, geometry));
        day.into_iter()
            .chain(skipped)
            .chain(self.unread_rule(index, geometry))
            .collect()
    }

    pub(super) fn begins_day(&self, index: usize) -> bool {
        match index.checked_sub(1) {
            None => true,
            Some(before) => self.item(before).stamp.date != self.item(index).stamp.date,
        }
    }
}
