//! The columns of a timeline at a width. Pure arithmetic.

/// From this width of the view on, rows have times.
const TIMES_FROM: u16 = 60;
/// Below this width names stand in front of the text.
const NAMES_FROM: u16 = 30;
/// From this width of the screen on, the column of names is the wide one.
const WIDE_NAMES_FROM: u16 = 100;
/// The columns of names.
const NAMES: u8 = 12;
const WIDE_NAMES: u8 = 16;
/// Columns of `14:01 `.
const TIME: usize = 6;
/// Behind a name: the sign of its rank, and a space.
pub(super) const SIGN: usize = 2;
/// Where there is no column for names, what goes on stands so many columns behind where names begin: nobody
/// can write what looks like another's message.
const HANG: usize = 2;
/// Columns that text gets at least before the columns beside it give way.
const TEXT: usize = 8;

/// The columns of a timeline at a width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) width: u16,
    /// Columns for names; `None` where names stand in front of the text.
    pub(super) names: Option<u8>,
}

impl Geometry {
    /// For a view as wide as the screen.
    #[cfg(test)]
    pub(crate) fn new(width: u16) -> Self {
        Self::within(width, width)
    }

    /// For a view of `width` on a screen of `screen` columns: what stands beside the view does not
    /// make names shorter.
    pub(crate) fn within(width: u16, screen: u16) -> Self {
        Self {
            width,
            names: match width {
                0..NAMES_FROM => None,
                _ if screen >= WIDE_NAMES_FROM => Some(WIDE_NAMES),
                _ => Some(NAMES),
            },
        }
    }

    /// True where rows have times.
    pub(super) fn has_times(&self) -> bool {
        self.width >= TIMES_FROM
    }

    /// The column where text begins.
    pub(super) fn indent(&self) -> usize {
        let time = if self.has_times() { TIME } else { 0 };
        match self.names {
            Some(names) => time + usize::from(names) + SIGN,
            // Behind a column for what says that the entry is selected.
            None => 1 + HANG,
        }
    }

    /// Columns for text.
    pub(super) fn text(&self) -> usize {
        usize::from(self.width)
            .saturating_sub(self.indent())
            .max(TEXT)
    }

    /// A number that differs where rows would.
    pub(super) fn number(&self) -> u16 {
        let is_wide = self.names == Some(WIDE_NAMES);
        self.width.min(u16::MAX / 2) * 2 + u16::from(is_wide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_at_every_width() {
        let check = |width, screen, expected: (bool, usize, usize)| {
            let geometry = Geometry::within(width, screen);
            let found = (geometry.has_times(), geometry.indent(), geometry.text());
            assert_eq!(found, expected, "{width} of {screen}");
        };
        check(0, 0, (false, 3, 8));
        check(29, 29, (false, 3, 26));
        check(30, 30, (false, 14, 16));
        check(59, 59, (false, 14, 45));
        check(60, 60, (true, 20, 40));
        check(99, 99, (true, 20, 79));
        check(100, 100, (true, 24, 76));
        check(84, 140, (true, 24, 60));
        check(u16::MAX, u16::MAX, (true, 24, 65_511));
    }

    #[test]
    fn rows_that_differ_have_another_number() {
        let numbers: std::collections::HashSet<u16> = (0..300)
            .flat_map(|width| [(width, width), (width, 140)])
            .map(|(width, screen)| Geometry::within(width, screen).number())
            .collect();
        assert_eq!(numbers.len(), 300 + 70);
    }
}
