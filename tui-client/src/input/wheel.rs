//! The mouse's wheel, which terminals turn into arrows on the alternate screen: three or more at once.
//! An arrow that is held down comes in bunches as well where the line is slow, but begins alone. Pure:
//! time comes in.

use std::time::Duration;

use super::{Code, Input, Key};

/// Arrows of one turn of the wheel follow each other this closely: some terminals write each by itself.
const AT_ONCE: Duration = Duration::from_millis(4);
/// So many at once nobody presses.
const MANY: u16 = 3;
/// What follows an arrow that was pressed within this time is that arrow, held down: keyboards wait up to
/// so long before they repeat.
const HELD: Duration = Duration::from_millis(700);

/// What is known of how arrows come.
#[derive(Debug, Default)]
pub(super) struct Wheel {
    /// Up or down, how often, and until when more of them are waited for.
    gathered: Option<(bool, u16, Duration)>,
    /// The arrow that was pressed last, and when.
    pressed: Option<(bool, Duration)>,
}

impl Wheel {
    /// Passes on what one read brought, but arrows that may be more.
    pub(super) fn take(&mut self, inputs: Vec<Input>, now: Duration) -> Vec<Input> {
        let mut out = self.wake(now);
        for input in inputs {
            match (is_up(&input), &mut self.gathered) {
                (Some(up), Some((same, count, until))) if up == *same => {
                    *count = count.saturating_add(1);
                    *until = now + AT_ONCE;
                }
                (Some(up), _) => {
                    self.release(now, &mut out);
                    self.gathered = Some((up, 1, now + AT_ONCE));
                }
                (None, _) => {
                    // The terminal's replies come between keys at any time.
                    if !matches!(input, Input::Reply(_)) {
                        self.release(now, &mut out);
                    }
                    out.push(input);
                }
            }
        }
        out
    }

    /// When [`Wheel::wake`] has something to do.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        self.gathered.map(|(_, _, until)| until)
    }

    /// What has waited long enough.
    pub(super) fn wake(&mut self, now: Duration) -> Vec<Input> {
        let mut out = Vec::new();
        if self.wake_at().is_some_and(|until| until <= now) {
            self.release(now, &mut out);
        }
        out
    }

    fn release(&mut self, now: Duration, out: &mut Vec<Input>) {
        let Some((up, count, _)) = self.gathered.take() else {
            return;
        };
        let is_held = self
            .pressed
            .is_some_and(|(same, at)| same == up && now < at + HELD);
        if count >= MANY && !is_held {
            out.push(Input::Wheel { up, rows: count });
            return;
        }
        self.pressed = Some((up, now));
        let code = if up { Code::Up } else { Code::Down };
        out.extend((0..count).map(|_| Input::Key(Key::plain(code))));
    }
}

fn is_up(input: &Input) -> Option<bool> {
    let up = Input::Key(Key::plain(Code::Up));
    let down = Input::Key(Key::plain(Code::Down));
    (*input == up || *input == down).then(|| *input == up)
}
