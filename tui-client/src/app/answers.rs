//! What the client says: one answer at a time, each for long enough to read it, on a line of its own
//! that no room's messages push away. What answers the user's last deed stands at once, before what was
//! said earlier; that comes again, unless it stood for long enough to be read. Owns whose turn it is;
//! must not know where the line is drawn or what is remembered of it.

use std::collections::VecDeque;
use std::time::Duration;

use chat_protocol::HeldId;

use super::row::Tone;
use crate::link::RoomKey;

/// How long an answer stands.
pub(crate) const STANDS: Duration = Duration::from_secs(8);
/// How long one has to stand to be read: for less it comes again, where another took its place.
const READ: Duration = Duration::from_secs(5);
/// How long a mere reaction to a key stands.
pub(crate) const HINT: Duration = Duration::from_secs(5);
/// Messages that wait for a moderator, of which news wait: of more the status line has the number, and F3
/// the list.
const HELD: usize = 3;
/// Answers that wait for their turn, of each kind; past it the oldest go, which the log has.
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
    /// It answers what the user did, or was done to the user: it comes before the news, the newest first.
    Asked,
    /// Others did something. These come in order.
    News,
}

/// What an answer is worth nothing without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A message that waits for a moderator.
    Held(RoomKey, HeldId),
    /// What is wrong with a command, by its name, or with a message, in a room's input box.
    Typed(RoomKey, String),
}

/// An answer in its turn.
#[derive(Debug)]
struct Said {
    answer: Answer,
    cause: Cause,
    subject: Option<Subject>,
    /// The later it was said the higher.
    number: u64,
}

/// The answer that stands, and those that wait.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// With how long it will still stand.
    shown: Option<(Said, Duration)>,
    /// The newest last.
    asked: VecDeque<Said>,
    /// The newest last.
    news: VecDeque<Said>,
    said: u64,
    hint: Option<(String, Duration)>,
    /// When it was looked at last, and whether something covered the line from then on.
    looked_at: Duration,
    is_covered: bool,
}

impl Answers {
    /// Takes an answer on. One that says what stands or waits already is the same.
    pub(super) fn add(&mut self, answer: Answer, cause: Cause, subject: Option<Subject>) {
        self.hint = None;
        if let Some((shown, left)) = &mut self.shown
            && shown.answer == answer
        {
            *left = STANDS;
            return;
        }
        self.said += 1;
        let said = Said {
            answer,
            cause,
            subject,
            number: self.said,
        };
        let queue = match cause {
            Cause::Asked => &mut self.asked,
            Cause::News => &mut self.news,
        };
        let same = queue.iter().position(|one| one.answer == said.answer);
        match (same, cause) {
            (Some(_), Cause::News) => return,
            // It answers what was done now.
            (Some(place), Cause::Asked) => drop(queue.remove(place)),
            (None, _) => {}
        }
        let is_held = |one: &Said| matches!(one.subject, Some(Subject::Held(..)));
        let held = queue.iter().filter(|one| is_held(one)).count();
        if is_held(&said) && held >= HELD {
            return;
        }
        if queue.len() == WAITING {
            queue.pop_front();
        }
        queue.push_back(said);
    }

    /// What this is about is over: nobody needs to read of it any more.
    pub(super) fn withdraw(&mut self, subject: &Subject) {
        let is_over = |said: &Said| said.subject.as_ref() == Some(subject);
        self.shown.take_if(|(said, _)| is_over(said));
        self.asked.retain(|said| !is_over(said));
        self.news.retain(|said| !is_over(said));
    }

    /// Says something about the key that was just pressed, until the next. It is in front of the answer
    /// that stands, whose time stands still.
    pub(super) fn hint(&mut self, text: String, now: Duration) {
        self.hint_until(text, now + HINT);
    }

    /// The same for what is true only until then.
    pub(super) fn hint_until(&mut self, text: String, until: Duration) {
        self.hint = Some((text, until));
    }

    /// A key was pressed: what was said about the one before is done with.
    pub(super) fn forget_hint(&mut self) -> bool {
        self.hint.take().is_some()
    }

    /// Time has passed: what was in sight meanwhile has stood for so long.
    pub(super) fn pass(&mut self, now: Duration) {
        let mut seen_from = std::mem::replace(&mut self.looked_at, now);
        if let Some((_, until)) = &self.hint {
            seen_from = seen_from.max(*until);
        }
        if let Some((_, left)) = self.shown.as_mut().filter(|_| !self.is_covered) {
            *left = left.saturating_sub(now.saturating_sub(seen_from));
        }
    }

    /// Decides who stands now; true where that is another one. While the line is `covered` nothing begins
    /// to stand: it would not be read.
    pub(super) fn advance(&mut self, now: Duration, covered: bool) -> bool {
        self.pass(now);
        self.is_covered = covered;
        let mut changed = false;
        if self.hint.as_ref().is_some_and(|(_, until)| *until <= now) {
            self.hint = None;
            changed = true;
        }
        if self.shown.as_ref().is_some_and(|(_, left)| left.is_zero()) {
            self.shown = None;
            changed = true;
        }
        if covered {
            return changed;
        }
        let newest = self.asked.back().map(|said| said.number);
        let is_older = |said: &Said| said.cause == Cause::News || Some(said.number) < newest;
        if newest.is_some()
            && let Some((said, left)) = self.shown.take_if(|(said, _)| is_older(said))
            && STANDS.saturating_sub(left) < READ
        {
            self.put_back(said);
        }
        if self.shown.is_none() {
            let next = self.asked.pop_back().or_else(|| self.news.pop_front());
            changed |= next.is_some();
            self.shown = next.map(|said| (said, STANDS));
        }
        changed
    }

    /// It was not read: it comes again, where it was.
    fn put_back(&mut self, said: Said) {
        match said.cause {
            Cause::News => self.news.push_front(said),
            Cause::Asked => {
                let place = self.asked.partition_point(|one| one.number < said.number);
                self.asked.insert(place, said);
            }
        }
    }

    /// The user has read the one that stands; false where none does.
    pub(super) fn dismiss(&mut self) -> bool {
        self.shown.take().is_some()
    }

    /// The answer that stands, and how many wait.
    pub(crate) fn shown(&self) -> Option<(&Answer, usize)> {
        let (said, _) = self.shown.as_ref()?;
        Some((&said.answer, self.asked.len() + self.news.len()))
    }

    /// What is said about the last key.
    pub(crate) fn hinted(&self) -> Option<&str> {
        self.hint.as_ref().map(|(text, _)| text.as_str())
    }

    /// When [`Answers::advance`] has something to do.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        if let Some((_, until)) = &self.hint {
            return Some(*until);
        }
        let shown = self.shown.as_ref().filter(|_| !self.is_covered);
        shown.map(|(_, left)| self.looked_at + *left)
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

    fn add(answers: &mut Answers, text: &str, cause: Cause) {
        answers.add(answer(text), cause, None);
    }

    fn shown(answers: &Answers) -> Option<(&str, usize)> {
        let (answer, waiting) = answers.shown()?;
        Some((&answer.text, waiting))
    }

    #[test]
    fn news_stand_their_time_in_turn() {
        let mut answers = Answers::default();
        for text in ["one", "two", "two"] {
            add(&mut answers, text, Cause::News);
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
    fn what_was_asked_for_last_stands_at_once_and_the_others_come_again() {
        let mut answers = Answers::default();
        for (text, now) in [("one", 0), ("two", 1), ("three", 2)] {
            add(&mut answers, text, Cause::Asked);
            assert!(answers.advance(at(now), false));
            assert_eq!(shown(&answers), Some((text, now as usize)));
        }
        // Whoever does nothing further sees each for its whole time.
        for (text, until) in [("three", 10), ("two", 18), ("one", 26)] {
            assert_eq!(shown(&answers).map(|(text, _)| text), Some(text));
            assert!(!answers.advance(at(until - 1), false));
            assert!(answers.advance(at(until), false));
        }
        assert_eq!(shown(&answers), None);
    }

    #[test]
    fn what_was_read_does_not_come_again() {
        let mut answers = Answers::default();
        add(&mut answers, "one", Cause::Asked);
        answers.advance(at(0), false);
        add(&mut answers, "two", Cause::Asked);
        answers.advance(at(5), false);
        assert_eq!(shown(&answers), Some(("two", 0)));
    }

    #[test]
    fn the_same_answer_again_is_the_newest() {
        let mut answers = Answers::default();
        for text in ["one", "two", "one"] {
            add(&mut answers, text, Cause::Asked);
            answers.advance(at(0), false);
        }
        assert_eq!(shown(&answers), Some(("one", 1)));
    }

    #[test]
    fn what_was_asked_for_comes_before_the_news() {
        let mut answers = Answers::default();
        add(&mut answers, "news", Cause::News);
        answers.advance(at(0), false);
        add(&mut answers, "done", Cause::Asked);
        answers.advance(at(4), false);
        assert_eq!(shown(&answers), Some(("done", 1)));
        answers.advance(at(12), false);
        assert_eq!(shown(&answers), Some(("news", 0)));
        assert_eq!(answers.wake_at(), Some(at(20)), "read from the start");
        add(&mut answers, "more news", Cause::News);
        answers.advance(at(13), false);
        assert_eq!(shown(&answers), Some(("news", 1)), "news wait");
    }

    #[test]
    fn what_is_over_is_not_told_any_more() {
        let mut answers = Answers::default();
        let held = |id: &str| Subject::Held(RoomKey(0), HeldId::new(id).unwrap());
        for id in ["1", "2", "3"] {
            answers.add(answer(id), Cause::News, Some(held(id)));
        }
        answers.advance(at(0), false);
        answers.withdraw(&held("2"));
        assert_eq!(shown(&answers), Some(("1", 1)));
        answers.withdraw(&held("1"));
        assert!(answers.advance(at(1), false));
        assert_eq!(shown(&answers), Some(("3", 0)));
        answers.withdraw(&held("3"));
        assert_eq!(shown(&answers), None);
    }

    #[test]
    fn the_time_of_what_is_covered_stands_still() {
        let mut answers = Answers::default();
        add(&mut answers, "one", Cause::Asked);
        answers.advance(at(0), false);
        answers.advance(at(3), true);
        assert_eq!(answers.wake_at(), None);
        assert!(!answers.advance(at(20), false));
        assert!(!answers.advance(at(24), false));
        assert!(answers.advance(at(25), false));
        assert_eq!(shown(&answers), None);
    }

    #[test]
    fn nothing_begins_to_stand_where_nobody_sees_it() {
        let mut answers = Answers::default();
        add(&mut answers, "one", Cause::Asked);
        assert!(!answers.advance(at(0), true));
        assert_eq!(shown(&answers), None);
        assert!(answers.advance(at(60), false));
        assert_eq!(answers.wake_at(), Some(at(68)));
    }

    #[test]
    fn answers_without_end_are_bounded() {
        for (cause, first) in [(Cause::News, "950"), (Cause::Asked, "999")] {
            let mut answers = Answers::default();
            for number in 0..1_000 {
                add(&mut answers, &number.to_string(), cause);
            }
            answers.advance(at(0), false);
            assert_eq!(shown(&answers), Some((first, WAITING - 1)));
        }
    }

    #[test]
    fn the_time_of_an_answer_behind_a_hint_stands_still() {
        let mut answers = Answers::default();
        add(&mut answers, "one", Cause::Asked);
        answers.advance(at(0), false);
        for _ in 0..100 {
            answers.pass(at(4));
            answers.hint("no match".to_owned(), at(4));
        }
        assert_eq!(answers.hinted(), Some("no match"));
        assert_eq!(answers.wake_at(), Some(at(9)));
        answers.advance(at(10), false);
        let one = Some(("one", 0));
        assert_eq!((answers.hinted(), shown(&answers)), (None, one));
        assert_eq!(answers.wake_at(), Some(at(13)));
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
