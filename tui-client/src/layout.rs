//! How many rows each part of the screen gets. Pure arithmetic, used by the app to scroll and by the
//! views to draw; must not draw.

/// Rows that the input grows to.
const INPUT_ROWS: u16 = 5;
/// Under this size only the last messages and the input are shown.
const SMALL: (u16, u16) = (30, 6);
/// Rows that a screen has at least before one of them is for the pinned message.
const PINNED_FROM: u16 = 12;
/// The newest rows that stay live while the view is held, and the rows that a screen has at least
/// before there are any.
const LIVE_ROWS: u16 = 3;
const LIVE_FROM: u16 = 18;
/// Rows that a question takes at most.
const ASKED_ROWS: u16 = 3;
/// From this width on there is room beside the messages.
pub(crate) const SIDES_FROM: u16 = 120;
/// Columns of the rooms at the left and of what is at the right, with the lines beside them.
const LEFT: u16 = 17;
const RIGHT: u16 = 36;

/// What there is to show beside the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Rows that the input would take.
    pub(crate) input_rows: usize,
    /// The view does not follow the newest message.
    pub(crate) is_held: bool,
    pub(crate) is_pinned: bool,
    /// Rows of the question that stands before an action; 0 where none does.
    pub(crate) asked_rows: usize,
    /// Something is picked, about which there is a row to read.
    pub(crate) is_picking: bool,
    /// The user wants nothing beside the messages, or the line is too slow for it.
    pub(crate) is_bare: bool,
}

/// Rows of each part, from top to bottom, and columns of what is beside the messages; 0 for parts that
/// are not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) tabs: u16,
    /// The pinned message.
    pub(crate) pinned: u16,
    pub(crate) view: u16,
    /// The line that says how far the view is from the newest message.
    pub(crate) held: u16,
    /// The newest messages, while the view is held.
    pub(crate) live: u16,
    /// The question that stands before an action, or what is picked.
    pub(crate) info: u16,
    /// What can be done now; or what the client says.
    pub(crate) hints: u16,
    pub(crate) status: u16,
    pub(crate) input: u16,
    /// Columns at the left, in place of the tabs.
    pub(crate) left: u16,
    /// Columns at the right.
    pub(crate) right: u16,
}

impl Layout {
    /// Divides a screen.
    pub(crate) fn new(width: u16, height: u16, parts: Parts) -> Self {
        if is_small(width, height) {
            return Self::small(height, parts);
        }
        let most = INPUT_ROWS.min(height / 3);
        let input = u16::try_from(parts.input_rows)
            .unwrap_or(most)
            .clamp(1, most);
        let asked = u16::try_from(parts.asked_rows).unwrap_or(u16::MAX);
        let asked = asked.min(ASKED_ROWS).min((height / 4).max(1));
        let is_wide = width >= SIDES_FROM && !parts.is_bare;
        let mut layout = Self {
            tabs: u16::from(!is_wide),
            pinned: u16::from(parts.is_pinned && height >= PINNED_FROM),
            view: 0,
            held: u16::from(parts.is_held),
            live: 0,
            info: asked.max(u16::from(parts.is_picking)),
            hints: 1,
            status: 1,
            input,
            left: if is_wide { LEFT } else { 0 },
            right: if is_wide { RIGHT } else { 0 },
        };
        if parts.is_held && height >= LIVE_FROM {
            layout.live = LIVE_ROWS;
        }
        layout.view = height.saturating_sub(layout.sum());
        if layout.view == 0 {
            // What is asked must be seen; how far the view is from the end need not.
            layout.held = 0;
            layout.view = height.saturating_sub(layout.sum());
        }
        layout
    }

    /// Messages and the input; a question takes the place of messages.
    fn small(height: u16, parts: Parts) -> Self {
        let input = height.min(1);
        let left = height - input;
        let is_asked = u16::from(parts.asked_rows > 0);
        let info = is_asked.min(left);
        let hints = is_asked.min(left - info);
        Self {
            tabs: 0,
            pinned: 0,
            view: left - info - hints,
            held: 0,
            live: 0,
            info,
            hints,
            status: 0,
            input,
            left: 0,
            right: 0,
        }
    }

    fn sum(&self) -> u16 {
        self.tabs
            + self.pinned
            + self.view
            + self.held
            + self.live
            + self.info
            + self.hints
            + self.status
            + self.input
    }
}

/// True where there is room for messages and input only.
pub(crate) fn is_small(width: u16, height: u16) -> bool {
    width < SMALL.0 || height < SMALL.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(input_rows: usize, bits: u32) -> Parts {
        Parts {
            input_rows,
            is_held: bits & 1 != 0,
            is_pinned: bits & 2 != 0,
            asked_rows: (bits as usize >> 2 & 1) * (1 + input_rows % 4),
            is_picking: bits & 8 != 0,
            is_bare: bits & 16 != 0,
        }
    }

    #[test]
    fn every_row_belongs_to_one_part_and_what_is_asked_is_seen() {
        for width in (0..80).chain(118..122) {
            for height in 0..50 {
                for input_rows in [0, 1, 3, 9, usize::MAX] {
                    for bits in 0..32 {
                        let parts = parts(input_rows, bits);
                        let layout = Layout::new(width, height, parts);
                        assert_eq!(layout.sum(), height, "{width}x{height} {parts:?}");
                        let is_seen = layout.info > 0 || parts.asked_rows == 0 || height < 2;
                        assert!(is_seen, "{width}x{height} {parts:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_usual_screen() {
        let layout = Layout::new(80, 24, parts(1, 0));
        assert_eq!((layout.view, layout.input), (20, 1));
        let layout = Layout::new(80, 24, parts(9, 1));
        assert_eq!((layout.view, layout.held, layout.live), (12, 1, 3));
        assert_eq!(Layout::new(29, 24, parts(9, 3)).view, 23);
    }
}
