//! What is said to the terminal beside the screen: the window's title, notifications, what goes to the
//! clipboard. Pure; owns what each may contain, so that no text of others ends a sequence and begins
//! another.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::sanitize;

/// Characters of a title, and of a notification.
const TITLE: usize = 120;
const NOTIFICATION: usize = 300;
/// Bytes that may go to the clipboard: terminals take 100,000 once they are encoded, some less.
const CLIPBOARD: usize = 48 * 1024;

/// How a terminal shows a notification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Notices {
    /// `OSC 9`, as iTerm2 brought it up: one text.
    #[default]
    Plain,
    /// `OSC 777`, as rxvt brought it up: a title and a text.
    Titled,
}

impl Notices {
    /// Reads what the environment says of the terminal: `TERM`, `VTE_VERSION`.
    pub(crate) fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let term = variable("TERM").unwrap_or_default();
        let is_titled = term.starts_with("foot") || term.starts_with("rxvt");
        if is_titled || variable("VTE_VERSION").is_some_and(|version| !version.is_empty()) {
            Self::Titled
        } else {
            Self::Plain
        }
    }
}

/// Names the window.
pub(super) fn title(text: &str) -> Vec<u8> {
    format!("\x1b]2;{}\x1b\\", sanitize::brief(text, TITLE)).into_bytes()
}

/// Shows a notification. The title stands first: what begins with a number means something else to some
/// terminals (`OSC 9 ; 4` is a progress bar).
pub(super) fn notification(notices: Notices, title: &str, text: &str) -> Vec<u8> {
    let title = sanitize::brief(title, TITLE).replace(';', ",");
    let text = sanitize::brief(text, NOTIFICATION);
    match notices {
        Notices::Plain => format!("\x1b]9;{title}: {text}\x1b\\"),
        Notices::Titled => format!("\x1b]777;notify;{title};{text}\x1b\\"),
    }
    .into_bytes()
}

/// Puts text into the clipboard; `None` where it is too long for that.
pub(super) fn clipboard(text: &str) -> Option<Vec<u8>> {
    let text = sanitize::text(text);
    let encoded = (text.len() <= CLIPBOARD).then(|| STANDARD.encode(text))?;
    Some(format!("\x1b]52;c;{encoded}\x1b\\").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_sequence() {
        let hostile = "a\x1b\\\x07\u{9c}\u{202e};b\nc";
        for bytes in [
            title(hostile),
            notification(Notices::Plain, hostile, hostile),
            notification(Notices::Titled, hostile, hostile),
            clipboard(hostile).unwrap(),
        ] {
            let text = String::from_utf8(bytes).unwrap();
            let inner = text.strip_prefix("\x1b]").unwrap();
            let inner = inner.strip_suffix("\x1b\\").unwrap();
            assert!(!inner.contains(char::is_control), "{text:?}");
        }
    }

    #[test]
    fn sequences_are_those_that_terminals_know() {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert_eq!(text(title("(@1) stream1")), "\x1b]2;(@1) stream1\x1b\\");
        let shown = |notices| text(notification(notices, "4;a", "bob: hi; there"));
        assert_eq!(shown(Notices::Plain), "\x1b]9;4,a: bob: hi; there\x1b\\");
        assert_eq!(
            shown(Notices::Titled),
            "\x1b]777;notify;4,a;bob: hi; there\x1b\\"
        );
        assert_eq!(
            text(clipboard("hé\nb").unwrap()),
            "\x1b]52;c;aMOpCmI=\x1b\\"
        );
        assert_eq!(clipboard(&"a".repeat(CLIPBOARD + 1)), None);
        assert!(text(title(&"a".repeat(1_000))).len() < 140);
    }

    #[test]
    fn the_environment_says_how_notifications_are_shown() {
        let with = |pairs: &[(&str, &str)]| {
            Notices::from_environment(|name| {
                let pair = pairs.iter().find(|(key, _)| *key == name);
                pair.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(with(&[("TERM", "xterm-kitty")]), Notices::Plain);
        assert_eq!(with(&[("TERM", "foot-extra")]), Notices::Titled);
        assert_eq!(with(&[("TERM", "rxvt-unicode-256color")]), Notices::Titled);
        let vte = [("TERM", "xterm-256color"), ("VTE_VERSION", "7600")];
        assert_eq!(with(&vte), Notices::Titled);
    }
}
