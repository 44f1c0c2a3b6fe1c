//! Whether a text has a link in it, written out or as people write them: `cheap.shop/now`, `www.x`.

/// Ends of names that are taken for a site's where nothing else says so.
const ENDS: [&str; 36] = [
    "app", "at", "au", "biz", "ca", "ch", "click", "cn", "co", "com", "de", "dev", "edu", "es",
    "example", "fr", "gg", "gov", "info", "io", "it", "jp", "link", "live", "ly", "me", "net",
    "nl", "online", "org", "pl", "ru", "shop", "store", "tv", "uk",
];
/// More of them that spam likes.
const SPAMMED: [&str; 8] = ["cc", "site", "su", "to", "top", "ua", "vip", "xyz"];

/// Whether there is a link in `text`.
pub(super) fn has_link(text: &str) -> bool {
    text.contains('.') && text.split_whitespace().any(is_link) || has_scheme(text)
}

/// `http://x`, with whatever scheme, in the middle of a word too.
fn has_scheme(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + 3..].chars().next();
        before.is_some_and(|one| one.is_ascii_alphanumeric())
            && after.is_some_and(|one| !one.is_whitespace())
    })
}

/// A word that begins with the name of a site.
fn is_link(word: &str) -> bool {
    let outside = |one: char| !one.is_alphanumeric();
    let word = word.trim_matches(outside);
    let end = word.find(['/', ':', '?', '#']).unwrap_or(word.len());
    let (site, path) = word.split_at(end);
    let labels: Vec<&str> = site.split('.').collect();
    let [first, .., last] = &labels[..] else {
        return false;
    };
    let is_label = |label: &&str| {
        let of_name = |one: char| one.is_alphanumeric() || one == '-' || one == '_';
        !label.is_empty() && label.chars().all(of_name)
    };
    if !labels.iter().all(is_label) {
        return false;
    }
    let ends_as_site = last.chars().count() > 1 && last.chars().all(char::is_alphabetic);
    let known = ENDS.iter().chain(&SPAMMED);
    first.eq_ignore_ascii_case("www")
        || ends_as_site && path.starts_with('/')
        || known.into_iter().any(|end| end.eq_ignore_ascii_case(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_known_as_people_write_them() {
        for text in [
            "see https://example.org/x",
            "(http://example.org)",
            "go:steam://run/1",
            "buy followers cheap at cheap-follow.example",
            "Cheap.SHOP!",
            "www.whatever.zz",
            "clips.tv/abc",
            "lnk.zz/9",
            "bit.ly?x=1",
            "日本.com",
        ] {
            assert!(has_link(text), "{text}");
        }
        for text in [
            "gg.wp",
            "ok...com on",
            "1.5",
            "v2.0/3",
            "e.g. this",
            "what? :// no",
            "a.b",
            "alice@",
            "... .com",
            "end of it.Then more",
        ] {
            assert!(!has_link(text), "{text}");
        }
    }
}
