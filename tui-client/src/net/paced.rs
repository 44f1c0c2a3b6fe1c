//! A connection that is read in portions.
//!
//! Whoever reads WebSocket frames from it goes on within one call for as long as there is something to
//! read. A server that sends frames of which no message becomes would keep the only thread, and with
//! it the keys. So after each portion nothing is there for a moment, and the others have their turn.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are read before others have their turn: fewer than three thousand of the smallest
/// frames, which takes less than a millisecond.
const PORTION: usize = 16 * 1024;

/// `Stream`, read in portions.
#[derive(Debug)]
pub(crate) struct Paced<Stream> {
    stream: Stream,
    left: usize,
}

impl<Stream> Paced<Stream> {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            left: PORTION,
        }
    }
}

impl<Stream: AsyncRead + Unpin> AsyncRead for Paced<Stream> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
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
            Poll::Ready(_) => self.left -= bytes,
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
}
