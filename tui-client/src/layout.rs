//! How many rows each part of the screen gets. Pure arithmetic, used by the app to scroll and by the
//! views to draw; must not draw.

/// Rows that the input grows to.
const INPUT_ROWS: u16 = 5;
/// Under this size only the last messages and the input are shown.
const SMALL: (u16, u16) = (30, 6);
/// Rows that a screen has at least before one of them is for the pinned message.
const PINNED_FROM: u16 = 12;

/// Rows of each part, from top to bottom; 0 for parts that are not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) tabs: u16,
    /// The pinned message.
    pub(crate) pinned: u16,
    pub(crate) view: u16,
    /// The line that says how far the view is from the newest message.
    pub(crate) held: u16,
    pub(crate) status: u16,
    pub(crate) input: u16,
    pub(crate) hints: u16,
}

impl Layout {
    /// Divides a screen, for an input of `input_rows`.
    pub(crate) fn new(
        width: u16,
        height: u16,
        input_rows: usize,
        is_held: bool,
        is_pinned: bool,
    ) -> Self {
        if is_small(width, height) {
            let input = height.min(1);
            return Self {
                tabs: 0,
                pinned: 0,
                view: height - input,
                held: 0,
                status: 0,
                input,
                hints: 0,
            };
        }
        let most = INPUT_ROWS.min(height / 3);
        let input = u16::try_from(input_rows).unwrap_or(most).clamp(1, most);
        let held = u16::from(is_held);
        let pinned = u16::from(is_pinned && height >= PINNED_FROM);
        Self {
            tabs: 1,
            pinned,
            view: height - 3 - input - held - pinned,
            held,
            status: 1,
            input,
            hints: 1,
        }
    }
}

/// True where there is room for messages and input only.
pub(crate) fn is_small(width: u16, height: u16) -> bool {
    width < SMALL.0 || height < SMALL.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_belongs_to_one_part() {
        for width in 0..80 {
            for height in 0..50 {
                for input_rows in [0, 1, 3, 9, usize::MAX] {
                    for (is_held, is_pinned) in [(false, false), (true, false), (true, true)] {
                        let layout = Layout::new(width, height, input_rows, is_held, is_pinned);
                        let sum = layout.tabs
                            + layout.pinned
                            + layout.view
                            + layout.held
                            + layout.status
                            + layout.input
                            + layout.hints;
                        assert_eq!(sum, height, "{width}x{height}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_usual_screen() {
        let layout = Layout::new(80, 24, 1, false, false);
        assert_eq!((layout.view, layout.input), (20, 1));
        assert_eq!(Layout::new(80, 24, 9, true, false).view, 15);
        assert_eq!(Layout::new(29, 24, 9, true, true).view, 23);
    }
}
