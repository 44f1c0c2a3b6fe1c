//! How many refusals stand in the log: everybody can draw them, as fast as they can ask, and a log that
//! takes them all fills the disk.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Rate;
use super::bucket::Bucket;

/// Lines at once, and in a minute after that.
const LINES: Rate = Rate::per_minute(
    NonZeroU32::new(100).expect("not zero"),
    NonZeroU32::new(60).expect("not zero"),
);

/// What may be noted of refusals, of all kinds together.
pub struct Notices {
    lines: Bucket,
    left_out: AtomicU64,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            lines: Bucket::new(LINES),
            left_out: AtomicU64::new(0),
        }
    }
}

impl Notices {
    /// How many were left out since the last one, where this one may be noted; `None` where it is left
    /// out as well.
    pub fn next(&self) -> Option<u64> {
        match self.lines.take(NonZeroU32::MIN) {
            Ok(()) => Some(self.left_out.swap(0, Ordering::Relaxed)),
            Err(_) => {
                self.left_out.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_leaves_a_hundred_lines() {
        let notices = Notices::default();
        let noted = (0..10_000).filter_map(|_| notices.next()).count();
        assert!((100..110).contains(&noted), "{noted}");
        assert!(notices.left_out.load(Ordering::Relaxed) > 9_800);
    }
}
