//! A terminal at the end of a line, and what is sent to it when.

use super::*;

const MS: Duration = Duration::from_millis(1);

/// A line that takes so many bytes a millisecond and so long for each way, and the frames of an app.
struct Line {
    pace: Pace,
    now: Instant,
    start: Instant,
    bytes_per_ms: usize,
    delay: Duration,
    answers: bool,
    /// When the line is free, and the answers that are under way.
    free: Instant,
    coming: VecDeque<Instant>,
    /// Bytes that are left of a frame.
    left: usize,
    drawn: Vec<(Duration, Draw, usize)>,
}

impl Line {
    fn new(bytes_per_ms: usize, delay: Duration) -> Self {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.asked(60, now);
        Self {
            pace,
            now,
            start: now,
            bytes_per_ms,
            delay,
            answers: true,
            free: now,
            coming: VecDeque::from([now + delay + delay]),
            left: 0,
            drawn: Vec::new(),
        }
    }

    /// A millisecond passes; a whole frame has `whole` bytes, a cursor's row 20.
    fn pass(&mut self, whole: usize) {
        self.now += MS;
        while self.answers && self.coming.front().is_some_and(|at| *at <= self.now) {
            self.coming.pop_front();
            self.pace.answered(self.now);
        }
        if self.pace.due().is_none_or(|at| at > self.now) {
            return;
        }
        let draw = self.pace.next(self.now);
        let bytes = match draw {
            Draw::CursorRow => 20,
            Draw::Whole { limit } => {
                self.left = whole;
                self.left.min(limit)
            }
            Draw::Rest { limit } => self.left.min(limit),
        };
        if draw != Draw::CursorRow {
            self.left -= bytes;
        }
        let took = MS * u32::try_from(bytes.div_ceil(self.bytes_per_ms)).unwrap();
        self.free = self.free.max(self.now) + took;
        if self.pace.asks(draw, bytes) {
            self.coming.push_back(self.free + self.delay + self.delay);
        }
        self.pace.drawn(draw, bytes, self.left == 0, self.now);
        self.drawn.push((self.now - self.start, draw, bytes));
    }

    fn want(&mut self, cause: Cause) {
        self.pace.want(cause, self.now);
    }

    /// How long it takes until what is written now is on the screen.
    fn queue(&self) -> Duration {
        self.free.saturating_duration_since(self.now)
    }

    /// Frames of the last second.
    fn frames(&self) -> usize {
        let since = (self.now - self.start).saturating_sub(1_000 * MS);
        self.drawn.iter().filter(|(at, ..)| *at > since).count()
    }
}

#[test]
fn a_quick_line_gets_50_frames_a_second_and_4_for_what_is_elsewhere() {
    let mut line = Line::new(10_000, MS);
    for _ in 0..3_000 {
        line.want(Cause::Network);
        line.pass(3_000);
    }
    assert!((48..=50).contains(&line.frames()), "{}", line.frames());
    let mut line = Line::new(10_000, MS);
    for _ in 0..3_000 {
        line.want(Cause::Elsewhere);
        line.pass(60);
    }
    assert_eq!(line.frames(), 4);
}

#[test]
fn a_key_never_waits_long_for_a_slow_line() {
    // 10 KB a second, flooded with whole screens, or with rows.
    for (whole, most) in [(3_000, 200), (250, 60)] {
        let mut line = Line::new(10, 5 * MS);
        let mut longest = Duration::ZERO;
        for number in 0..20_000 {
            line.want(Cause::Network);
            line.pass(whole);
            // The first seconds tell what the line is like.
            if number > 2_000 && number % 130 == 0 {
                line.want(Cause::Key);
                let drawn = line.drawn.len();
                while line.drawn.len() == drawn {
                    line.pass(whole);
                }
                longest = longest.max(line.queue());
            }
        }
        assert!(longest < most * MS, "{longest:?}");
        // The line is used nonetheless.
        let sent: usize = line.drawn.iter().map(|(_, _, bytes)| bytes).sum();
        assert!(sent > whole * 400 / 20, "{sent}");
    }
}

#[test]
fn a_distant_terminal_is_no_slow_one() {
    let mut line = Line::new(10_000, 300 * MS);
    for _ in 0..20_000 {
        line.want(Cause::Network);
        line.pass(3_000);
    }
    assert_eq!(line.pace.limit, None);
    assert!(
        line.drawn
            .iter()
            .all(|(_, draw, _)| *draw == Draw::Whole { limit: usize::MAX })
    );
}

#[test]
fn the_next_frame_waits_for_the_answer_and_keys_do_not() {
    let mut line = Line::new(10_000, 100 * MS);
    for _ in 0..300 {
        line.pass(100);
    }
    line.want(Cause::Network);
    line.pass(100);
    assert_eq!(line.drawn.len(), 1);
    line.want(Cause::Network);
    line.want(Cause::Key);
    for _ in 0..150 {
        line.pass(100);
    }
    let kinds = |line: &Line| {
        line.drawn
            .iter()
            .map(|(_, draw, _)| *draw)
            .collect::<Vec<_>>()
    };
    let whole = Draw::Whole { limit: usize::MAX };
    assert_eq!(kinds(&line), [whole, Draw::CursorRow]);
    for _ in 0..100 {
        line.pass(100);
    }
    assert_eq!(kinds(&line), [whole, Draw::CursorRow, whole]);
    assert_eq!(line.pace.due(), None, "all is drawn");
    // Keys alone, one by one, ask only now and then.
    let asked = line.coming.len();
    line.pass(100);
    line.want(Cause::Key);
    for _ in 0..20 {
        line.pass(10);
    }
    assert_eq!(line.coming.len(), asked);
}

#[test]
fn a_terminal_that_does_not_answer_is_paced_by_time() {
    // Never.
    let mut line = Line::new(10_000, MS);
    line.answers = false;
    for number in 0..5_000 {
        line.want(Cause::Network);
        line.pass(100);
        if number == 500 {
            assert!(line.frames() > 10, "nobody waits for its first answer");
        }
    }
    assert!((48..=50).contains(&line.frames()), "{}", line.frames());
    assert!(
        !line.pace.asks(Draw::Whole { limit: 1 }, 1_000),
        "asked no more"
    );
    // Not any more: twice it is waited for.
    let mut line = Line::new(10_000, MS);
    for number in 0..6_000 {
        line.answers = number < 1_000;
        line.want(Cause::Network);
        line.pass(100);
        if number == 2_900 {
            assert!(line.frames() <= 1, "{}", line.frames());
        }
    }
    assert!((48..=50).contains(&line.frames()), "{}", line.frames());
    // One that comes late says that it does.
    line.answers = true;
    for _ in 0..3_000 {
        line.want(Cause::Network);
        line.pass(100);
    }
    assert!(line.pace.has_answered);
    assert!((48..=50).contains(&line.frames()), "{}", line.frames());
}
