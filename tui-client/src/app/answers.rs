//! What the client says: one answer at a time, each for long enough to read it, on a line of its own
//! that no room's messages push away. Owns whose turn it is; must not know where the line is drawn or
//! what is remembered of it.

use std::collections::VecDeque;
use std::time::Duration;

use super::row::Tone;

/// How long an answer stands.
pub(crate) const STANDS: Duration = Duration::from_secs(8);
/// How long a mere reaction to a key stands.
pub(crate) const HINT: Duration = Duration::from_secs(5);
/// Answers that wait for their turn, of each kind; past it the oldest of the news go, which the log
/// has.
const WAITING: usize = 50;

/// Something that the client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) tone: Tone,
    /// Harmless.
    pub(crate) text: String,
}

/// Whether the user asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It answers what the user did: it comes before the news.
    Asked,
    /// Others did something.
    News,
}

/// The answer that stands, and those that wait.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    shown: Option<(Answer, Cause, Duration)>,
    asked: VecDeque<Answer>,
    news: VecDeque<Answer>,
    hint: Option<(String, Duration)>,
    /// When it was looked at last.
    looked_at: Duration,
}

impl Answers {
    /// Takes an answer on. One that says what stands or waits already is the same.
    pub(super) fn add(&mut self, answer: Answer, cause: Cause, now: Duration) {
        self.hint = None;
        if let Some((shown, _, until)) = &mut self.shown
            && *shown == answer
        {
            *until = now + STANDS;
            return;
        }
        let queue = match cause {
            Cause::Asked => &mut self.asked,
            Cause::News => &mut self.news,
        };
        if queue.contains(&answer) {
            return;
        }
        if queue.len() == WAITING {
            queue.pop_front();
        }
        queue.push_back(answer);
    }

    /// Says something about the key that was just pressed, until the next. It is in front of the answer
    /// that stands, which stands the longer.
    pub(super) fn hint(&mut self, text: String, now: Duration) {
        self.hint = Some((text, now + HINT));
        if let Some((.., until)) = &mut self.shown {
            *until = (*until + HINT).min(now + HINT + STANDS);
        }
    }

    /// A key was pressed: what was said about the one before is done with.
    pub(super) fn forget_hint(&mut self) -> bool {
        self.hint.take().is_some()
    }

    /// Moves on with time; true where something else stands now. While the line is `covered` nothing
    /// begins to stand: it would not be read.
    pub(super) fn advance(&mut self, now: Duration, covered: bool) -> bool {
        let mut changed = false;
        let passed = now.saturating_sub(std::mem::replace(&mut self.looked_at, now));
        // What is covered is not read: its time stands still.
        if let Some((.., until)) = self.shown.as_mut().filter(|_| covered) {
            *until += passed;
        }
        if self.hint.as_ref().is_some_and(|(_, until)| *until <= now) {
            self.hint = None;
            changed = true;
        }
        if self.shown.as_ref().is_some_and(|(.., until)| *until <= now) {
            self.shown = None;
            changed = true;
        }
        if covered {
            return changed;
        }
        // What the user asked for does not wait for the news, which begin again behind it.
        if !self.asked.is_empty()
            && let Some((answer, Cause::News, _)) =
                self.shown.take_if(|shown| shown.1 == Cause::News)
        {
            self.news.push_front(answer);
        }
        if self.shown.is_none() {
            let next = match self.asked.pop_front() {
                Some(answer) => Some((answer, Cause::Asked)),
                None => self.news.pop_front().map(|answer| (answer, Cause::News)),
            };
            changed |= next.is_some();
            self.shown = next.map(|(answer, cause)| (answer, cause, now + STANDS));
        }
        changed
    }

    /// The user has read the one that stands; false where none does.
    pub(super) fn dismiss(&mut self) -> bool {
        self.shown.take().is_some()
    }

    /// The answer that stands, and how many wait.
    pub(crate) fn shown(&self) -> Option<(&Answer, usize)> {
        let (answer, ..) = self.shown.as_ref()?;
        Some((answer, self.asked.len() + self.news.len()))
    }

    /// What is said about the last key.
    pub(crate) fn hinted(&self) -> Option<&str> {
        self.hint.as_ref().map(|(text, _)| text.as_str())
    }

    /// When [`Answers::advance`] has something to do.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let shown = self.shown.as_ref().map(|(.., until)| *until);
        let hint = self.hint.as_ref().map(|(_, until)| *until);
        shown.into_iter().chain(hint).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        Answer {
            tone: Tone::Text,
            text: text.to_owned(),
        }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn shown(answers: &Answers) -> Option<(&str, usize)> {
        let (answer, waiting) = answers.shown()?;
        Some((&answer.text, waiting))
    }

    #[test]
    fn each_answer_stands_its_time_in_turn() {
        let mut answers = Answers::default();
        for text in ["one", "two", "two"] {
            answers.add(answer(text), Cause::Asked, at(0));
        }
        assert!(answers.advance(at(0), false));
        assert_eq!(shown(&answers), Some(("one", 1)));
        assert!(!answers.advance(at(7), false));
        assert!(answers.advance(at(8), false));
        assert_eq!(shown(&answers), Some(("two", 0)));
        assert_eq!(answers.wake_at(), Some(at(16)));
        assert!(answers.dismiss());
        assert!(!answers.advance(at(9), false));
        assert_eq!(shown(&answers), None);
        assert!(!answers.dismiss());
    }

    #[test]
    fn what_was_asked_for_comes_before_the_news() {
        let mut answers = Answers::default();
        answers.add(answer("news"), Cause::News, at(0));
        answers.advance(at(0), false);
        answers.add(answer("done"), Cause::Asked, at(6));
        answers.advance(at(6), false);
        assert_eq!(shown(&answers), Some(("done", 1)));
        answers.advance(at(14), false);
        assert_eq!(shown(&answers), Some(("news", 0)));
        assert_eq!(answers.wake_at(), Some(at(22)), "read from the start");
    }

    #[test]
    fn the_time_of_what_is_covered_stands_still() {
        let mut answers = Answers::default();
        answers.add(answer("one"), Cause::Asked, at(0));
        answers.advance(at(0), false);
        answers.advance(at(3), false);
        answers.advance(at(20), true);
        assert!(!answers.advance(at(24), false));
        assert!(answers.advance(at(25), false));
        assert_eq!(shown(&answers), None);
    }

    #[test]
    fn nothing_begins_to_stand_where_nobody_sees_it() {
        let mut answers = Answers::default();
        answers.add(answer("one"), Cause::Asked, at(0));
        assert!(!answers.advance(at(0), true));
        assert_eq!(shown(&answers), None);
        assert!(answers.advance(at(60), false));
        assert_eq!(answers.wake_at(), Some(at(68)));
    }

    #[test]
    fn news_without_end_are_bounded() {
        let mut answers = Answers::default();
        for number in 0..1_000 {
            answers.add(answer(&number.to_string()), Cause::News, at(0));
        }
        answers.advance(at(0), false);
        assert_eq!(shown(&answers), Some(("950", WAITING - 1)));
    }

    #[test]
    fn an_answer_behind_a_hint_stands_the_longer() {
        let mut answers = Answers::default();
        answers.add(answer("one"), Cause::Asked, at(0));
        answers.advance(at(0), false);
        for _ in 0..100 {
            answers.hint("no match".to_owned(), at(4));
        }
        assert_eq!(answers.hinted(), Some("no match"));
        answers.advance(at(9), false);
        assert_eq!(
            (answers.hinted(), shown(&answers)),
            (None, Some(("one", 0)))
        );
        assert_eq!(answers.wake_at(), Some(at(17)));
    }

    #[test]
    fn a_hint_is_done_with_at_the_next_key() {
        let mut answers = Answers::default();
        answers.hint("no match".to_owned(), at(0));
        assert_eq!(answers.hinted(), Some("no match"));
        assert!(answers.advance(at(5), false));
        assert_eq!(answers.hinted(), None);
        answers.hint("no match".to_owned(), at(6));
        assert!(answers.forget_hint());
        assert!(!answers.forget_hint());
    }
}
