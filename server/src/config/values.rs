//! Parses the values of settings, in the same way for flags, variables and the file.
//!
//! Blanks around a value are ignored. An error shows the wrong value, shortened and without anything
//! that may be a password.

use std::ffi::OsString;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::ValueEnum;
use ipnet::IpNet;

use crate::domain::address;
use crate::transport::origin::AllowedOrigin;

/// How many characters of a value an error shows at most.
const SHOWN: usize = 100;

/// A value that can't be used, and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{} {problem}", shown(value))]
pub(super) struct Wrong {
    value: String,
    problem: String,
}

impl Wrong {
    fn new(value: &str, problem: impl ToString) -> Self {
        Self {
            value: value.to_owned(),
            problem: problem.to_string(),
        }
    }
}

/// A value as an error shows it, without secrets: in a URL, a user name and password come before the
/// `@`, and tokens after the `?`.
pub(super) fn shown(value: &str) -> String {
    let end = value.find('?').unwrap_or(value.len());
    let (value, query) = value.split_at(end);
    let host = value.rfind('@').unwrap_or(0);
    let scheme = value.find("://").map_or(0, |at| at + 3).min(host);
    let secret = if host > scheme { "…" } else { "" };
    let query = if query.is_empty() { "" } else { "?…" };
    let whole = format!("{}{secret}{}{query}", &value[..scheme], &value[host..]);
    match whole.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &whole[..end]),
        None => format!("{whole:?}"),
    }
}

/// The items, separated by commas, in one occurrence of a setting that is a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items<T>(pub(super) Vec<T>);

/// A whole number from `least` to `most`.
pub(super) fn whole<T: TryFrom<u64>>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, Wrong> + Clone {
    move |text| {
        let number = text.trim().parse().ok();
        number
            .filter(|number| (least..=most).contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| {
                let problem = format!("is not a whole number from {least} to {most}");
                Wrong::new(text, problem)
            })
    }
}

/// A whole number from 0.
pub(super) fn count(text: &str) -> Result<u32, Wrong> {
    whole(0, u32::MAX.into())(text)
}

/// A whole number from 1.
pub(super) fn at_least_one(text: &str) -> Result<NonZeroU32, Wrong> {
    let number: u32 = whole(1, u32::MAX.into())(text)?;
    NonZeroU32::new(number).ok_or_else(|| Wrong::new(text, "is not at least 1"))
}

/// A number of connections. One that does not fit a `usize` becomes the largest: no system has more.
pub(super) fn places(text: &str) -> Result<usize, Wrong> {
    count(text).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// True or false, also written as yes or no, on or off, 1 or 0.
pub(super) fn switch(text: &str) -> Result<bool, Wrong> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(Wrong::new(text, "is neither true nor false")),
    }
}

/// One of a few words, in upper or lower case.
pub(super) fn choice<T: ValueEnum>(text: &str) -> Result<T, Wrong> {
    T::from_str(text.trim(), true).map_err(|_| {
        let values = T::value_variants().iter().filter_map(T::to_possible_value);
        let names: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        Wrong::new(text, format!("is not one of {}", names.join(", ")))
    })
}

/// An address to listen on.
pub(super) fn bind(text: &str) -> Result<IpAddr, Wrong> {
    let bare = text.trim();
    let bare = bare
        .strip_prefix('[')
        .and_then(|bare| bare.strip_suffix(']'))
        .unwrap_or(bare);
    let address = bare.parse().map_err(|_| {
        let problem = "is not an IP address without a port: 127.0.0.1 and ::1 are this machine, \
            0.0.0.0 and :: are all its addresses; host names are not looked up";
        Wrong::new(text, problem)
    })?;
    // IPv4 written as IPv6 is IPv4, which takes no socket for both.
    Ok(IpAddr::to_canonical(&address))
}

/// The path of a file or directory. Blanks in it count. A `~` or quotes that a shell should have
/// removed are refused.
pub(super) fn path(given: OsString) -> Result<PathBuf, Wrong> {
    let text = given.to_string_lossy();
    let problem = match text.trim() {
        "" => "is empty",
        text if text == "~" || text.starts_with("~/") => {
            "begins with ~, which no shell expanded: write the full path"
        }
        text if is_quoted(text) => "is in quotes: remove them",
        _ => return Ok(PathBuf::from(given)),
    };
    Err(Wrong::new(&text, problem))
}

fn is_quoted(text: &str) -> bool {
    ['"', '\''].iter().any(|quote| {
        let inner = text.strip_prefix(*quote);
        inner.is_some_and(|inner| inner.ends_with(*quote))
    })
}

/// Origins, separated by commas.
pub(super) fn origins(text: &str) -> Result<Items<AllowedOrigin>, Wrong> {
    items(text, |item| {
        item.parse().map_err(|error| Wrong::new(item, error))
    })
}

/// Addresses and networks, separated by commas.
pub(super) fn networks(text: &str) -> Result<Items<IpNet>, Wrong> {
    let problem = "is neither an address nor a network: it should look like 10.0.0.7 or 10.0.0.0/8; \
        host names are not looked up";
    items(text, |item| {
        address::parse(item).map_err(|_| Wrong::new(item, problem))
    })
}

/// Items separated by commas; empty ones are skipped. At least one has to remain.
fn items<T>(text: &str, read: impl Fn(&str) -> Result<T, Wrong>) -> Result<Items<T>, Wrong> {
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    let items = items.map(read).collect::<Result<Vec<T>, Wrong>>()?;
    match items.is_empty() {
        true => Err(Wrong::new(text, "is empty: remove it, or give it a value")),
        false => Ok(Items(items)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogLevel;

    #[track_caller]
    fn wrong<T: std::fmt::Debug>(found: Result<T, Wrong>, expected: &str) {
        let error = found.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn numbers_are_whole_and_within_their_bounds() {
        let port = whole::<u16>(0, 65_535);
        for text in ["8080", " 8080\n", "+8080", "08080"] {
            assert_eq!(port(text).unwrap(), 8080, "{text}");
        }
        for text in [
            "", "65536", "-1", "8080.0", "8_080", "8 080", "0x1f", "many", "٣",
        ] {
            wrong(port(text), "is not a whole number from 0 to 65535");
        }
        assert_eq!(at_least_one("1").unwrap(), NonZeroU32::MIN);
        wrong(
            at_least_one("0"),
            "\"0\" is not a whole number from 1 to 4294967295",
        );
        wrong(count("75s"), "\"75s\" is not a whole number");
    }

    #[test]
    fn words_are_known_in_any_case() {
        for text in ["true", "TRUE", "Yes", "on", " 1 "] {
            assert!(switch(text).unwrap(), "{text}");
        }
        for text in ["false", "no", "OFF", "0"] {
            assert!(!switch(text).unwrap(), "{text}");
        }
        wrong(switch("2"), "\"2\" is neither true nor false");
        assert_eq!(choice::<LogLevel>(" Warn").unwrap(), LogLevel::Warn);
        wrong(
            choice::<LogLevel>("warning"),
            "\"warning\" is not one of error, warn, info, debug",
        );
    }

    #[test]
    fn addresses_to_listen_on_are_addresses() {
        for (text, expected) in [
            (" 127.0.0.1 ", "127.0.0.1"),
            ("[::1]", "::1"),
            ("::ffff:127.0.0.1", "127.0.0.1"),
            ("::", "::"),
        ] {
            assert_eq!(bind(text).unwrap().to_string(), expected);
        }
        for text in [
            "localhost",
            "*",
            "127.0.0.1:8080",
            "[::1]:80",
            "fe80::1%eth0",
            "[::1",
        ] {
            wrong(bind(text), "is not an IP address");
        }
    }

    #[test]
    fn paths_are_taken_as_they_are_unless_a_shell_was_meant_to_read_them() {
        for text in ["/var/lib/chat", "data", "./~", "with blank ", "it's"] {
            assert_eq!(path(text.into()).unwrap().to_str(), Some(text));
        }
        wrong(path(" ".into()), "is empty");
        wrong(path("~/chat".into()), "~, which no shell expanded");
        wrong(path("\"/var/lib/chat\"".into()), "is in quotes");
    }

    #[test]
    fn lists_are_split_and_trimmed_and_hold_something() {
        let found = networks(" 10.0.0.0/8,, ::1 ,\n").unwrap();
        assert_eq!(found.0.len(), 2);
        for text in ["", " ", ",", " , ,"] {
            wrong(networks(text), "is empty");
        }
        wrong(
            networks("10.0.0.1, proxy"),
            "\"proxy\" is neither an address",
        );
        for text in [
            "*",
            "10.0.0.1:80",
            "10.0.0.0/33",
            "::ffff:10.0.0.0/64",
            "10.0.0.*",
        ] {
            wrong(networks(text), "is neither an address nor a network");
        }
        assert_eq!(origins("https://a, https://b,").unwrap().0.len(), 2);
    }

    #[test]
    fn passwords_in_what_is_wrong_are_not_shown() {
        for (value, expected) in [
            ("https://me:secret@example.org", "\"https://…@example.org\""),
            ("me:secret@proxy", "\"…@proxy\""),
            ("https://a@b:secret@c/x", "\"https://…@c/x\""),
            ("https://a?token=secret", "\"https://a?…\""),
            ("https://a?x=@secret", "\"https://a?…\""),
            ("\u{1b}[31m", "\"\\u{1b}[31m\""),
        ] {
            assert_eq!(shown(value), expected);
        }
        wrong(
            origins("https://me:secret@a"),
            "\"https://…@a\" holds a user name",
        );
        assert!(shown(&"x".repeat(1000)).len() < 120);
    }
}
