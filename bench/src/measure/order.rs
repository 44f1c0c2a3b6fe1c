//! Fairness: who asked before whom, and who was served before whom.

/// How many of those who asked later were served before somebody who asked earlier, for the one
/// that it hit worst. Each pair is when one asked and when it was served.
pub(crate) fn largest_overtaking(asked_and_served: &[(u64, u64)]) -> usize {
    let mut in_order = asked_and_served.to_vec();
    in_order.sort_unstable();
    // Those who asked later than the one looked at, by when they were served.
    let mut later: Vec<u64> = Vec::with_capacity(in_order.len());
    let mut largest = 0;
    for (_, served) in in_order.into_iter().rev() {
        let overtaken_by = later.partition_point(|other| *other < served);
        largest = largest.max(overtaken_by);
        later.insert(overtaken_by, served);
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_come_first_served_overtakes_nobody() {
        assert_eq!(largest_overtaking(&[]), 0);
        assert_eq!(largest_overtaking(&[(3, 30), (1, 10), (2, 20)]), 0);
    }

    #[test]
    fn the_worst_hit_counts() {
        // The first to ask is served last of four; the second is passed by one.
        let served = [(1, 40), (2, 20), (3, 10), (4, 30)];
        assert_eq!(largest_overtaking(&served), 3);
        assert_eq!(largest_overtaking(&[(1, 4), (2, 3), (3, 2), (4, 1)]), 3);
        assert_eq!(largest_overtaking(&[(1, 1), (2, 3), (3, 2)]), 1);
    }
}
