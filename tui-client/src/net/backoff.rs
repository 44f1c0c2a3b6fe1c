//! How long to wait before the next attempt to connect: exponential, with full jitter, so that
//! clients that lost the same server do not come back at the same moment. Pure.

use std::time::Duration;

/// The longest first pause.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause of all.
const MOST: Duration = Duration::from_secs(30);

/// The pause after so many failures in a row (1 or more); `random` is from 0 up to, not including, 1.
pub(super) fn pause(failures: u32, random: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let ceiling = FIRST.saturating_mul(1 << doublings).min(MOST);
    ceiling.mul_f64(random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_from_half_a_second_to_thirty() {
        let ceilings: Vec<f64> = (1..=9)
            .map(|failures| pause(failures, 1.0).as_secs_f64())
            .collect();
        assert_eq!(ceilings, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
        assert_eq!(pause(u32::MAX, 1.0), MOST);
        assert_eq!(pause(0, 1.0), FIRST);
    }

    #[test]
    fn the_jitter_is_full() {
        assert_eq!(pause(4, 0.0), Duration::ZERO);
        assert_eq!(pause(4, 0.25), Duration::from_secs(1));
    }
}
