//! A connection that is read in portions, and with rests.
//!
//! Whoever reads WebSocket frames from it goes on within one call for as long as there is something to
//! read. A server that sends frames of which no message becomes would keep the only thread, and with
//! it the keys. So after each portion nothing is there for a moment, and the others have their turn.
//!
//! In a busy room each message would wake the program, for a screen that is drawn less often. So once
//! all is read there may be a rest, and what comes meanwhile is read together. A connection that was
//! quiet is read at once.

use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::link::Rests;

/// Bytes that are read before others have their turn: fewer than three thousand of the smallest
/// frames, which takes less than a millisecond.
const PORTION: usize = 16 * 1024;

/// From here on the moments are counted at which rests end together.
static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);

/// `Stream`, read in portions and with rests.
#[derive(Debug)]
pub(crate) struct Paced<Stream> {
    stream: Stream,
    left: usize,
    /// The last read brought less than there was room for: nothing more is there.
    is_empty: bool,
    rests: Rests,
    /// No rests before.
    awake_until: Option<Instant>,
    rest: Option<Pin<Box<Sleep>>>,
}

impl<Stream> Paced<Stream> {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            left: PORTION,
            is_empty: false,
            rests: Rests::None,
            awake_until: None,
            rest: None,
        }
    }

    /// From now on rests are so. One that is under way ends; whoever waits for something to read has to
    /// ask again.
    pub(super) fn rest(&mut self, rests: Rests) {
        self.rests = rests;
        self.rest = None;
    }

    /// Reads without rests until then: an answer is waited for. The same holds as for
    /// [`Paced::rest`].
    pub(super) fn stay_awake(&mut self, until: Instant) {
        self.awake_until = Some(until);
        self.rest = None;
    }

    /// When the rest that begins now ends; `None` without one.
    fn rest_until(&self, now: Instant) -> Option<Instant> {
        let is_awake = self.awake_until.is_some_and(|until| now < until);
        if is_awake {
            return None;
        }
        match self.rests {
            Rests::None => None,
            Rests::Each(rest) => Some(now + rest),
            Rests::Together(every) => {
                let since = now.saturating_duration_since(*FIRST).as_nanos();
                let left = every.as_nanos() - since % every.as_nanos().max(1);
                Some(now + Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX)))
            }
        }
    }
}

impl<Stream: AsyncRead + Unpin> AsyncRead for Paced<Stream> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.is_empty) {
            let until = self.rest_until(Instant::now());
            self.rest = until.map(|until| Box::pin(sleep_until(until)));
        }
        if let Some(rest) = &mut self.rest {
            if rest.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.rest = None;
        }
        if self.left == 0 {
            self.left = PORTION;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let most = self.left.min(buffer.remaining());
        let mut portion = ReadBuf::new(buffer.initialize_unfilled_to(most));
        let read = Pin::new(&mut self.stream).poll_read(context, &mut portion);
        let bytes = portion.filled().len();
        buffer.advance(bytes);
        match read {
            Poll::Pending => self.left = PORTION,
            Poll::Ready(_) => {
                self.left -= bytes;
                self.is_empty = (1..most).contains(&bytes);
            }
        }
        read
    }
}

impl<Stream: AsyncWrite + Unpin> AsyncWrite for Paced<Stream> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::sleep;

    use super::*;

    /// Has always something to read.
    struct Endless;

    impl AsyncRead for Endless {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let room = buffer.remaining();
            buffer.put_slice(&vec![b'x'; room]);
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn after_a_portion_there_is_a_pause() {
        let mut paced = Paced::new(Endless);
        let mut context = Context::from_waker(Waker::noop());
        for size in [1, 1000, PORTION, 3 * PORTION] {
            let mut portion = 0;
            loop {
                let mut bytes = vec![0; size];
                let mut buffer = ReadBuf::new(&mut bytes);
                match Pin::new(&mut paced).poll_read(&mut context, &mut buffer) {
                    Poll::Ready(read) => read.unwrap(),
                    Poll::Pending => break,
                }
                assert!(buffer.filled().iter().all(|byte| *byte == b'x'));
                portion += buffer.filled().len();
            }
            assert_eq!(portion, PORTION, "in reads of {size}");
        }
    }

    /// How long `paced` takes to bring the next bytes, and which.
    async fn next(paced: &mut Paced<DuplexStream>) -> (Duration, String) {
        let (began, mut bytes) = (Instant::now(), [0; 100]);
        let count = paced.read(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes[..count].to_vec()).unwrap();
        (began.elapsed(), text)
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_during_a_rest_is_read_together() {
        let (mut server, client) = duplex(1000);
        let mut paced = Paced::new(client);
        let rest = Duration::from_millis(40);
        paced.rest(Rests::Each(rest));

        server.write_all(b"one").await.unwrap();
        assert_eq!(next(&mut paced).await, (Duration::ZERO, "one".to_owned()));
        server.write_all(b"two").await.unwrap();
        server.write_all(b"three").await.unwrap();
        assert_eq!(next(&mut paced).await, (rest, "twothree".to_owned()));
        sleep(rest).await;
        server.write_all(b"four").await.unwrap();
        // The rest begins where more is asked for.
        assert_eq!(next(&mut paced).await, (rest, "four".to_owned()));

        // A full read is not all there is.
        server.write_all(&[b'x'; 150]).await.unwrap();
        let (_, first) = next(&mut paced).await;
        let (took, rest) = next(&mut paced).await;
        assert_eq!((first.len(), rest.len(), took), (100, 50, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn rests_together_end_at_the_same_moment() {
        let every = Duration::from_millis(250);
        let mut ends = Vec::new();
        for pause in [70, 110] {
            let (mut server, client) = duplex(1000);
            let mut paced = Paced::new(client);
            paced.rest(Rests::Together(every));
            server.write_all(b"one").await.unwrap();
            next(&mut paced).await;
            sleep(Duration::from_millis(pause)).await;
            server.write_all(b"two").await.unwrap();
            assert!(next(&mut paced).await.0 <= every + Duration::from_millis(1));
            ends.push(Instant::now());
        }
        let apart = (ends[1] - ends[0]).as_millis();
        assert!((249..=251).contains(&apart), "{apart} ms");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_ends_where_an_answer_is_waited_for_or_rests_are_over() {
        let (mut server, client) = duplex(1000);
        let mut paced = Paced::new(client);
        paced.rest(Rests::Each(Duration::from_secs(9)));
        for text in ["one", "two", "three", "four"] {
            server.write_all(text.as_bytes()).await.unwrap();
            let (took, read) = next(&mut paced).await;
            assert_eq!((took, read.as_str()), (Duration::ZERO, text));
            if text == "three" {
                paced.rest(Rests::None);
            } else {
                paced.stay_awake(Instant::now() + Duration::from_secs(1));
                sleep(Duration::from_millis(500)).await;
            }
        }
        paced.rest(Rests::Each(Duration::from_secs(9)));
        sleep(Duration::from_secs(1)).await;
        server.write_all(b"five").await.unwrap();
        next(&mut paced).await;
        server.write_all(b"six").await.unwrap();
        assert!(next(&mut paced).await.0 > Duration::ZERO);
    }
}
