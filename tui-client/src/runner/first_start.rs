//! The form of the first start, until it is filled in or left. Owns its loop; what is typed is the
//! form's business.

use tokio::time::Instant;

use super::{RunError, has_gone, until};
use crate::app::{Filled, Form, FormStep};
use crate::input::{Input, Key, Keyboard, Reply};
use crate::keymap::{Action, Keymap};
use crate::terminal::{Cause, Screen, Signals, TerminalSignal};
use crate::theme::Theme;
use crate::ui;

/// What is asked before there is a client.
pub(crate) struct FirstStart {
    pub(crate) form: Form,
    pub(crate) theme: Theme,
    pub(crate) keymap: Keymap,
}

impl FirstStart {
    /// Asks; `None` where the user leaves, or the system says so.
    pub(super) async fn ask(
        mut self,
        screen: &mut Screen,
        keys: &mut Keyboard,
    ) -> Result<Option<Filled>, RunError> {
        let mut signals = Signals::open().map_err(RunError::Signals)?;
        screen.size();
        screen.want(Cause::Key);
        loop {
            let due = screen.due().map(Instant::from_std);
            tokio::select! {
                biased;
                told = signals.next() => match told {
                    TerminalSignal::End => return Ok(None),
                    TerminalSignal::Stop => screen.stop().map_err(RunError::Terminal)?,
                    TerminalSignal::Continue => screen.resume().map_err(RunError::Terminal)?,
                    TerminalSignal::Resized => drop(screen.size()),
                },
                written = screen.written() => match written {
                    Err(error) if has_gone(&error) => return Ok(None),
                    written => written.map_err(RunError::Terminal)?,
                },
                () = until(due) => {
                    let (form, theme) = (&self.form, &self.theme);
                    let drawn = screen.draw(|frame, _| ui::form::draw(form, theme, frame));
                    drawn.map_err(RunError::Terminal)?;
                    continue;
                }
                key = keys.next() => match key {
                    Some(Ok(input)) => match self.on_input(input, screen)? {
                        FormStep::Open => {}
                        FormStep::Cancelled => return Ok(None),
                        FormStep::Done(filled) => return Ok(Some(filled)),
                    },
                    Some(Err(error)) => return Err(RunError::Terminal(error)),
                    None => return Ok(None),
                },
            }
            screen.want(Cause::Key);
        }
    }

    fn on_input(&mut self, input: Input, screen: &mut Screen) -> Result<FormStep, RunError> {
        match input {
            Input::Key(key) => return self.on_key(key, screen),
            Input::Prefixed(key) if self.keymap.action(key).is_some() => {
                return self.on_key(key, screen);
            }
            Input::Prefixed(key) => {
                let [escape, key] = key.apart();
                let step = self.on_key(escape, screen)?;
                if step != FormStep::Open {
                    return Ok(step);
                }
                return self.on_key(key, screen);
            }
            Input::Paste(text) => self.form.paste(&text),
            Input::Reply(Reply::KeyboardProtocol) => screen.use_keyboard_protocol(),
            Input::Reply(Reply::Attributes | Reply::Ready) => screen.answered(),
            Input::Wheel { .. } | Input::Focus(_) => {}
        }
        Ok(FormStep::Open)
    }

    fn on_key(&mut self, key: Key, screen: &mut Screen) -> Result<FormStep, RunError> {
        match self.keymap.action(key) {
            Some(Action::Suspend) => screen.suspend().map_err(RunError::Terminal)?,
            Some(Action::Redraw) => screen.forget(),
            Some(action) => return Ok(self.form.act(&action)),
            None => {}
        }
        Ok(FormStep::Open)
    }
}
