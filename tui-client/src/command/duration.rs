//! Durations as moderators write them: `90`, `90s`, `10m`, `2h`, `7d`. Pure.

/// Reads a duration; seconds, or `None` where it is none. A number alone is seconds.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let unit_at = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let (digits, unit) = text.split_at(unit_at.len());
    let factor: u64 = match unit {
        "" | "s" | "S" => 1,
        "m" | "M" => 60,
        "h" | "H" => 3_600,
        "d" | "D" => 86_400,
        _ => return None,
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(number.saturating_mul(factor))
}

/// True for what is meant as a duration, rightly or wrongly: a reason seldom begins with a digit.
pub(super) fn begins_like_one(text: &str) -> bool {
    text.starts_with(|character: char| character.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        let check =
            |text: &str, expected: Option<u64>| assert_eq!(seconds(text), expected, "{text}");
        check("90", Some(90));
        check("90s", Some(90));
        check("10m", Some(600));
        check("2H", Some(7_200));
        check("7d", Some(604_800));
        check("0", Some(0));
        check("18446744073709551615d", Some(u64::MAX));
        check("18446744073709551616", None);
        for text in ["", "m", "10x", "10min", "1h30m", "-5", "+5", "1.5h", "１0m"] {
            check(text, None);
        }
    }
}
