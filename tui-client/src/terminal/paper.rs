//! What ratatui draws on: a buffer of cells and a place for the cursor. Writes nothing; the painter does.

use std::cell::Cell as Shared;
use std::convert::Infallible;
use std::rc::Rc;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// A backend of a size, without a terminal behind it.
#[derive(Debug)]
pub(super) struct Paper {
    size: Size,
    /// Where the last frame put the cursor; `None` where it put it nowhere. Shared, since ratatui lends
    /// out a frame's cells together with all that it owns.
    cursor: Rc<Shared<Option<Position>>>,
}

impl Paper {
    pub(super) fn new(width: u16, height: u16) -> Self {
        Self {
            size: Size::new(width, height),
            cursor: Rc::default(),
        }
    }

    pub(super) fn cursor(&self) -> Rc<Shared<Option<Position>>> {
        Rc::clone(&self.cursor)
    }

    pub(super) fn resize(&mut self, width: u16, height: u16) {
        self.size = Size::new(width, height);
    }
}

impl Backend for Paper {
    type Error = Infallible;

    /// The changes are left alone: not even found out, as long as nobody asks for them.
    fn draw<'a, I>(&mut self, _: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        Ok(())
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        self.cursor.set(None);
        Ok(())
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        Ok(self.cursor.get().unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, place: P) -> Result<(), Infallible> {
        self.cursor.set(Some(place.into()));
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn clear_region(&mut self, _: ClearType) -> Result<(), Infallible> {
        Ok(())
    }

    fn size(&self) -> Result<Size, Infallible> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        Ok(WindowSize {
            columns_rows: self.size,
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
