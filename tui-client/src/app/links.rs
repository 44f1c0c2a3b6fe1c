//! Web addresses in a text: where one begins and ends, and whether it may be opened. Pure.

use std::fmt::Write;
use std::ops::Range;
use std::rc::Rc;

/// Bytes of an address at most; longer ones are text.
const ADDRESS_BYTES: usize = 2_000;
/// Addresses that are found in one text.
const LINKS: usize = 50;
/// What ends a sentence rather than an address.
const TRAILING: &[char] = &[
    '.', ',', ';', ':', '!', '?', '\'', '"', '*', '_', '~', '…', '-',
];

/// A link in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its place, in bytes.
    pub(crate) range: Range<usize>,
    /// What is to be opened: ASCII, and the same as is shown but for the encoding of other letters.
    pub(crate) address: Rc<str>,
}

/// The links of a text, in order: `http` and `https` alone. What shows one host and leads to another, by
/// a user name in front of it or by letters that look like others, is no link.
pub(crate) fn links(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut from = 0;
    while found.len() < LINKS
        && let Some(colon) = text[from..].find("://").map(|at| at + from)
    {
        let (start, end) = (
            start_of(text, from, colon),
            colon + 3 + length(&text[colon + 3..]),
        );
        from = end.max(colon + 3);
        let Some(start) = start else { continue };
        if let Some(address) = address(&text[start..end]) {
            let range = start..end;
            found.push(Found { range, address });
        }
    }
    found
}

/// Where the scheme before a colon begins, if it is one of the web's and no end of a longer word.
fn start_of(text: &str, from: usize, colon: usize) -> Option<usize> {
    let before = &text[from..colon];
    let scheme = ["https", "http"].into_iter().find(|scheme| {
        let start = before.len().checked_sub(scheme.len());
        let tail = start.and_then(|start| before.get(start..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(scheme))
    })?;
    let start = colon - scheme.len();
    let joins = |character: char| character.is_ascii_alphanumeric();
    let previous = text[from..start].chars().next_back();
    (!previous.is_some_and(joins)).then_some(start)
}

/// Bytes of what follows the scheme, without what belongs to the sentence around it.
fn length(rest: &str) -> usize {
    let end = rest
        .find(|character| !is_inside(character))
        .unwrap_or(rest.len());
    let mut inside = &rest[..end];
    loop {
        let trimmed = inside.trim_end_matches(TRAILING);
        let last = trimmed.chars().next_back();
        let is_unopened = last.is_some_and(|last| match opening(last) {
            Some(open) => trimmed.matches(last).count() > trimmed.matches(open).count(),
            None => false,
        });
        inside = match (is_unopened, last) {
            (true, Some(last)) => &trimmed[..trimmed.len() - last.len_utf8()],
            _ if trimmed.len() < inside.len() => trimmed,
            _ => return inside.len(),
        };
    }
}

/// What an address may hold: the characters of RFC 3986, and the letters of other scripts, which are
/// encoded.
fn is_inside(character: char) -> bool {
    match character.is_ascii() {
        true => character.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(character),
        false => character.is_alphanumeric() || is_mark(character),
    }
}

/// Marks of scripts that are written with them.
fn is_mark(character: char) -> bool {
    unicode_width::UnicodeWidthChar::width(character) == Some(0)
        && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

fn opening(closing: char) -> Option<char> {
    match closing {
        ')' => Some('('),
        ']' => Some('['),
        _ => None,
    }
}

/// The address of a link as shown, if it leads where it seems to lead.
fn address(shown: &str) -> Option<Rc<str>> {
    let (_, rest) = shown.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if !is_plain_host(authority) {
        return None;
    }
    let mut address = String::with_capacity(shown.len());
    for character in shown.chars() {
        if character.is_ascii() {
            address.push(character);
            continue;
        }
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            write!(address, "%{byte:02X}").expect("writing to a string does not fail");
        }
    }
    (address.len() <= ADDRESS_BYTES).then(|| address.into())
}

/// A host, and perhaps a port, in ASCII; no user name before it.
fn is_plain_host(authority: &str) -> bool {
    if let Some((host, port)) = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        let is_port = port.strip_prefix(':').is_some_and(is_number);
        return host.parse::<std::net::Ipv6Addr>().is_ok() && (port.is_empty() || is_port);
    }
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    let is_host = |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
    host.starts_with(|character: char| character.is_ascii_alphanumeric())
        && host.chars().all(is_host)
        && is_number(port)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_where_the_sentence_goes_on() {
        let check = |text: &str, expected: &[&str]| {
            let found = links(text);
            let shown: Vec<&str> = found.iter().map(|link| &text[link.range.clone()]).collect();
            assert_eq!(shown, expected, "{text}");
        };
        check("see https://example.org.", &["https://example.org"]);
        check("(https://example.org/a)", &["https://example.org/a"]);
        check(
            "(see https://example.org/a_(b))",
            &["https://example.org/a_(b)"],
        );
        check(
            "<https://example.org/a?b=c&d=%20#e>",
            &["https://example.org/a?b=c&d=%20#e"],
        );
        check("**https://example.org/**, ok?", &["https://example.org/"]);
        check("HTTP://EXAMPLE.org:8080/x!", &["HTTP://EXAMPLE.org:8080/x"]);
        check(
            "http://a.example https://b.example",
            &["http://a.example", "https://b.example"],
        );
        check("http://[::1]:80/x]", &["http://[::1]:80/x"]);
        check("見てhttps://a.example/x。はい", &["https://a.example/x"]);
        check("「https://a.example/日本」", &["https://a.example/日本"]);
        check("\"https://a.example/\"", &["https://a.example/"]);
        check("https://a.example/x\u{202e}y", &["https://a.example/x"]);
        check(
            "https://a.example\nhttps://b.example",
            &["https://a.example", "https://b.example"],
        );
    }

    #[test]
    fn what_leads_elsewhere_or_nowhere_is_text() {
        for text in [
            "https://bank.example@evil.example/",
            "https://bank.example:pw@evil.example/",
            "https://b\u{430}nk.example/",
            "https://",
            "https:///etc/passwd",
            "https://.example",
            "xhttps://a.example",
            "javascript://a.example",
            "file:///etc/passwd",
            "https://a.example:port/",
            "https://[zz]/",
            "://a.example",
            "",
        ] {
            assert_eq!(links(text), [], "{text}");
        }
        let long = format!("https://a.example/{}", "x".repeat(ADDRESS_BYTES));
        assert_eq!(links(&long), []);
        assert_eq!(links(&"https://a.example ".repeat(1_000)).len(), LINKS);
    }

    #[test]
    fn an_address_is_ascii() {
        let found = links("https://a.example/日?q=é");
        assert_eq!(&*found[0].address, "https://a.example/%E6%97%A5?q=%C3%A9");
    }
}
