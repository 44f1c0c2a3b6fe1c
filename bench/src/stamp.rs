//! What a message says about itself, in its content: who sent it, as which of its own, in which
//! phase, and when.

/// A message's stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The sending connection's number.
    pub(crate) writer: u64,
    /// Which of the writer's messages it is: 1 for the first, without holes.
    pub(crate) count: u64,
    /// The phase of the run in which it was sent.
    pub(crate) phase: u64,
    /// When it was sent, as [`crate::clock::nanos`] tells.
    pub(crate) sent: u64,
}

impl Stamp {
    /// The stamp as content of `bytes` bytes (more where it does not fit).
    pub(crate) fn content(&self, bytes: usize) -> String {
        let Self {
            writer,
            count,
            phase,
            sent,
        } = self;
        let mut content = format!("{writer} {count} {phase} {sent} ");
        while content.len() < bytes {
            content.push('x');
        }
        content.trim_end().to_owned()
    }

    /// Reads the stamp from a message's content; `None` where it has none.
    pub(crate) fn read(content: &str) -> Option<Self> {
        let mut numbers = content.splitn(5, ' ').take(4);
        let mut next = || numbers.next()?.parse().ok();
        Some(Self {
            writer: next()?,
            count: next()?,
            phase: next()?,
            sent: next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_reads_as_it_was_written_at_any_length() {
        let stamp = Stamp {
            writer: 3,
            count: 17,
            phase: 2,
            sent: 123_456_789,
        };
        for bytes in [0, 1, 30, 100, 500] {
            let content = stamp.content(bytes);
            assert_eq!(Stamp::read(&content), Some(stamp), "{content}");
            assert!(content.len() >= bytes || bytes < 30);
        }
        assert_eq!(stamp.content(100).len(), 100);
        assert_eq!(Stamp::read("hello there"), None);
        assert_eq!(Stamp::read("1 2 3"), None);
    }
}
