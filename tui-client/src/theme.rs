//! From what a piece of text is to how it looks. Owns every colour; must not know where on the
//! screen anything is.

use ratatui::style::{Color, Modifier, Style};

use crate::app::Tone;

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    /// `NO_COLOR` is set, or the terminal has none.
    None,
    /// The sixteen whose shades the user chose.
    Sixteen,
    /// The cube of 256.
    Many,
}

/// The looks of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    colours: Colours,
}

/// Colours for names out of the cube of 256: each has a contrast of at least 3 to black and to white.
const NICKS_MANY: [u8; 14] = [
    31, 61, 64, 65, 68, 71, 98, 130, 132, 133, 136, 161, 166, 167,
];
/// The same for terminals of 16 colours: those that are dark on no background and light on none.
const NICKS_SIXTEEN: [Color; 5] = [
    Color::Red,
    Color::Green,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
];

impl Theme {
    /// A theme of so many colours.
    pub(crate) fn new(colours: Colours) -> Self {
        Self { colours }
    }

    /// Reads what the environment says of the terminal: `NO_COLOR`, `COLORTERM`, `TERM`.
    pub(crate) fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let term = variable("TERM").unwrap_or_default();
        let colours = if is_set("NO_COLOR") || term == "dumb" {
            Colours::None
        } else if is_set("COLORTERM") || term.contains("256color") || term.contains("direct") {
            Colours::Many
        } else {
            Colours::Sixteen
        };
        Self::new(colours)
    }

    /// The style of `tone`.
    pub(crate) fn style(&self, tone: Tone) -> Style {
        let plain = Style::new();
        let coloured = |colour: Color| match self.colours {
            Colours::None => plain,
            _ => plain.fg(colour),
        };
        match tone {
            Tone::Text => plain,
            Tone::Nick(hash) => self.nick(hash).add_modifier(Modifier::BOLD),
            Tone::Faint => plain.add_modifier(Modifier::DIM),
            Tone::Pending => plain.add_modifier(Modifier::DIM | Modifier::ITALIC),
            Tone::Mention => coloured(Color::Magenta).add_modifier(Modifier::BOLD),
            Tone::Alert => coloured(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Good => coloured(Color::Green),
            Tone::Waiting => coloured(Color::Magenta),
            Tone::Strong => plain.add_modifier(Modifier::BOLD),
            Tone::Active | Tone::Selected | Tone::Bar => plain.add_modifier(Modifier::REVERSED),
            Tone::Marked | Tone::Answer => plain.add_modifier(Modifier::BOLD),
            Tone::Unread => coloured(Color::Magenta).add_modifier(Modifier::BOLD),
            Tone::Muted => plain.add_modifier(Modifier::DIM | Modifier::CROSSED_OUT),
        }
    }

    fn nick(&self, hash: u32) -> Style {
        let pick = |count: usize| hash as usize % count;
        match self.colours {
            Colours::None => Style::new(),
            Colours::Sixteen => Style::new().fg(NICKS_SIXTEEN[pick(NICKS_SIXTEEN.len())]),
            Colours::Many => Style::new().fg(Color::Indexed(NICKS_MANY[pick(NICKS_MANY.len())])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance of a colour of the cube (WCAG 2.2).
    fn luminance(index: u8) -> f64 {
        let channel = |step: u8| {
            let value = [0.0, 95.0, 135.0, 175.0, 215.0, 255.0][usize::from(step)] / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                f64::powf((value + 0.055) / 1.055, 2.4)
            }
        };
        let step = index - 16;
        0.2126 * channel(step / 36) + 0.7152 * channel(step / 6 % 6) + 0.0722 * channel(step % 6)
    }

    #[test]
    fn names_are_readable_on_dark_and_on_light() {
        for index in NICKS_MANY {
            let luminance = luminance(index);
            let (on_black, on_white) = ((luminance + 0.05) / 0.05, 1.05 / (luminance + 0.05));
            assert!(
                on_black >= 3.0 && on_white >= 2.5,
                "{index}: {on_black} {on_white}"
            );
        }
    }

    #[test]
    fn the_environment_decides_the_colours() {
        let with = |pairs: &[(&str, &str)]| {
            let find = |name: &str| {
                let pair = pairs.iter().find(|(key, _)| *key == name);
                pair.map(|(_, value)| (*value).to_owned())
            };
            Theme::from_environment(find).colours
        };
        assert_eq!(with(&[("TERM", "xterm-256color")]), Colours::Many);
        assert_eq!(
            with(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]),
            Colours::None
        );
        assert_eq!(
            with(&[("TERM", "xterm"), ("NO_COLOR", "")]),
            Colours::Sixteen
        );
        assert_eq!(
            with(&[("TERM", "vt100"), ("COLORTERM", "truecolor")]),
            Colours::Many
        );
    }
}
