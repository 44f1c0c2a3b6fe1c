//! From what a piece of text is to how it looks. Owns every colour; must not know where on the
//! screen anything is. No colour says anything that a sign does not say as well.

use ratatui::style::{Color, Modifier, Style};

use crate::app::Tone;

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    /// The user wants none, or the terminal has none.
    None,
    /// The sixteen whose shades the user chose.
    Sixteen,
    /// The cube of 256.
    Many,
}

/// What the user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Wish {
    /// What the environment says.
    #[default]
    Auto,
    /// Colours that the colour-blind can tell apart.
    Safe,
    /// So many colours, whatever the environment says.
    Count(Colours),
}

impl Wish {
    /// The words for it in the configuration.
    pub(crate) const NAMES: [&str; 5] = ["auto", "safe", "256", "16", "none"];

    /// The wish that a word is for.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Wish::Auto),
            "safe" => Some(Wish::Safe),
            "256" => Some(Wish::Count(Colours::Many)),
            "16" => Some(Wish::Count(Colours::Sixteen)),
            "none" => Some(Wish::Count(Colours::None)),
            _ => None,
        }
    }
}

/// The looks of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    colours: Colours,
    is_safe: bool,
}

/// Colours for names out of the cube of 256: each has a contrast of at least 3 to black, and of 2.5 to
/// white.
const NAMES_MANY: [u8; 14] = [
    31, 61, 64, 65, 68, 71, 98, 130, 132, 133, 136, 161, 166, 167,
];
/// The same, eight of them, as far apart as that leaves room for, for eyes that lack any one of the three
/// kinds of cones.
const NAMES_SAFE: [u8; 8] = [35, 59, 93, 94, 105, 106, 127, 175];
/// The same for terminals of 16 colours: those that are usually dark on no background and light on none.
const NAMES_SIXTEEN: [Color; 5] = [
    Color::Red,
    Color::Green,
    Color::LightBlue,
    Color::Magenta,
    Color::Cyan,
];
/// Four that can be told apart; of the shades that terminals usually have no more can.
const NAMES_SIXTEEN_SAFE: [Color; 4] = [Color::Red, Color::Blue, Color::Magenta, Color::Cyan];

/// What is coloured beside names.
#[derive(Clone, Copy)]
enum Meaning {
    Mention,
    Alert,
    Good,
    Waiting,
}

impl Theme {
    /// A theme of so many colours.
    pub(crate) fn new(colours: Colours) -> Self {
        Self {
            colours,
            is_safe: false,
        }
    }

    /// What the user wishes, on the terminal that the environment describes. A wish for colours goes
    /// before `NO_COLOR` (no-color.org), which counts where it is set and not empty.
    pub(crate) fn chosen(wish: Wish, variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let has = terminal_colours(&variable);
        match wish {
            Wish::Auto if is_set("NO_COLOR") => Self::new(Colours::None),
            Wish::Auto => Self::new(has),
            Wish::Safe => Self {
                colours: has,
                is_safe: true,
            },
            Wish::Count(colours) => Self::new(colours),
        }
    }

    /// The style of `tone`.
    pub(crate) fn style(&self, tone: Tone) -> Style {
        let plain = Style::new();
        let bold = |style: Style| style.add_modifier(Modifier::BOLD);
        match tone {
            Tone::Text => plain,
            Tone::Nick(hash) => bold(self.name(hash)),
            Tone::Faint => plain.add_modifier(Modifier::DIM),
            Tone::Pending => plain.add_modifier(Modifier::DIM | Modifier::ITALIC),
            Tone::Mention | Tone::Unread => bold(self.coloured(Meaning::Mention)),
            Tone::Alert => bold(self.coloured(Meaning::Alert)),
            Tone::Good => self.coloured(Meaning::Good),
            Tone::Waiting => self.coloured(Meaning::Waiting),
            Tone::Strong | Tone::Marked => bold(plain),
            Tone::Active | Tone::Selected | Tone::Bar => plain.add_modifier(Modifier::REVERSED),
            Tone::Muted => plain.add_modifier(Modifier::DIM | Modifier::CROSSED_OUT),
        }
    }

    fn name(&self, hash: u32) -> Style {
        let pick = |count: usize| hash as usize % count;
        let colour = match (self.colours, self.is_safe) {
            (Colours::None, _) => return Style::new(),
            (Colours::Sixteen, false) => NAMES_SIXTEEN[pick(NAMES_SIXTEEN.len())],
            (Colours::Sixteen, true) => NAMES_SIXTEEN_SAFE[pick(NAMES_SIXTEEN_SAFE.len())],
            (Colours::Many, false) => Color::Indexed(NAMES_MANY[pick(NAMES_MANY.len())]),
            (Colours::Many, true) => Color::Indexed(NAMES_SAFE[pick(NAMES_SAFE.len())]),
        };
        Style::new().fg(colour)
    }

    fn coloured(&self, meaning: Meaning) -> Style {
        let colour = match (self.colours, self.is_safe) {
            (Colours::None, _) => return Style::new(),
            // The user's own shades, where there are more as well.
            (_, false) => match meaning {
                Meaning::Mention | Meaning::Waiting => Color::Magenta,
                Meaning::Alert => Color::Red,
                Meaning::Good => Color::Green,
            },
            (Colours::Sixteen, true) => match meaning {
                Meaning::Mention => Color::Magenta,
                Meaning::Waiting => Color::Cyan,
                Meaning::Alert => Color::Red,
                Meaning::Good => Color::Blue,
            },
            (Colours::Many, true) => Color::Indexed(match meaning {
                Meaning::Mention => 93,
                Meaning::Waiting => 106,
                Meaning::Alert => 127,
                Meaning::Good => 35,
            }),
        };
        Style::new().fg(colour)
    }
}

fn terminal_colours(variable: impl Fn(&str) -> Option<String>) -> Colours {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let term = variable("TERM").unwrap_or_default();
    if term == "dumb" {
        Colours::None
    } else if is_set("COLORTERM") || term.contains("256color") || term.contains("direct") {
        Colours::Many
    } else {
        Colours::Sixteen
    }
}

#[cfg(test)]
mod tests;
