//! Durations as people say them (`10 min`, `2 h`, `3 days`) and as they type them (`600`, `10m`, `2h`).

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A duration as it was given, in the largest unit that loses nothing: 600 s is `10 min`, and 610 s
/// stays `610 s`.
pub fn exact(seconds: u64) -> String {
    match seconds {
        0 => "0 s".to_owned(),
        _ if seconds.is_multiple_of(DAY) => days(seconds / DAY),
        _ if seconds.is_multiple_of(HOUR) => format!("{} h", seconds / HOUR),
        _ if seconds.is_multiple_of(MINUTE) => format!("{} min", seconds / MINUTE),
        _ => format!("{seconds} s"),
    }
}

/// The time that is left, rounded up, so that nobody who waits so long comes too early: up to two
/// minutes in seconds, up to two hours in minutes, up to two days in hours.
pub fn left(seconds: u64) -> String {
    match seconds {
        0..=120 => format!("{seconds} s"),
        121..=7_200 => format!("{} min", seconds.div_ceil(MINUTE)),
        7_201..=172_800 => format!("{} h", seconds.div_ceil(HOUR)),
        _ => days(seconds.div_ceil(DAY)),
    }
}

/// A duration as somebody typed it, in seconds: a number, alone or with `s`, `m`, `h` or `d`. `None` where
/// it is none.
pub fn typed(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" | "S" => 1,
        "m" | "M" => MINUTE,
        "h" | "H" => HOUR,
        "d" | "D" => DAY,
        _ => return None,
    };
    // `parse` would take a sign.
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| is_number)?;
    Some(number.saturating_mul(unit))
}

fn days(days: u64) -> String {
    match days {
        1 => "1 day".to_owned(),
        _ => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_said_as_it_was_given() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (90, "90 s"),
            (600, "10 min"),
            (610, "610 s"),
            (5_400, "90 min"),
            (7_200, "2 h"),
            (86_400, "1 day"),
            (1_209_600, "14 days"),
        ] {
            assert_eq!(exact(seconds), expected);
        }
    }

    #[test]
    fn a_duration_is_typed_as_a_number_and_a_unit() {
        for (text, expected) in [
            ("90", Some(90)),
            ("90s", Some(90)),
            ("10m", Some(600)),
            ("2H", Some(7_200)),
            ("7d", Some(604_800)),
            ("0", Some(0)),
            ("18446744073709551615d", Some(u64::MAX)),
            ("18446744073709551616", None),
        ] {
            assert_eq!(typed(text), expected, "{text}");
        }
        for text in [
            "",
            "m",
            "10x",
            "10min",
            "1h30m",
            "-5",
            "+5",
            "1.5h",
            " 5",
            "\u{ff11}0m",
        ] {
            assert_eq!(typed(text), None, "{text}");
        }
    }

    #[test]
    fn the_time_left_is_rounded_up() {
        for (seconds, expected) in [
            (0, "0 s"),
            (60, "60 s"),
            (120, "120 s"),
            (121, "3 min"),
            (600, "10 min"),
            (7_201, "3 h"),
            (90_000, "25 h"),
            (172_801, "3 days"),
            (u64::MAX, "213503982334602 days"),
        ] {
            assert_eq!(left(seconds), expected);
        }
    }
}
