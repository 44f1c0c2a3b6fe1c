//! How a cell looks, and the shortest way to tell a terminal so. Must not know what stands in a cell.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// How a cell looks, without what stands in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Look {
    pub(super) foreground: Color,
    pub(super) background: Color,
    pub(super) modifier: Modifier,
}

impl Look {
    pub(super) fn of(cell: &Cell) -> Self {
        Self {
            foreground: cell.fg,
            background: cell.bg,
            modifier: cell.modifier,
        }
    }

    /// True where a blank with this look is seen as one without any.
    pub(super) fn is_unseen_on_blank(self) -> bool {
        self.background == Color::Reset && !self.modifier.intersects(SEEN_ON_BLANK)
    }
}

/// What shows on a blank.
const SEEN_ON_BLANK: Modifier = Modifier::REVERSED
    .union(Modifier::UNDERLINED)
    .union(Modifier::CROSSED_OUT)
    .union(Modifier::SLOW_BLINK)
    .union(Modifier::RAPID_BLINK);

/// SGR parameters that switch on and off (ECMA-48, 8.3.117). Some switch off two at once.
const MODIFIERS: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// The sixteen colours in their order.
const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

/// Has what is written next look like `to`; `from` is how it would look now, where that is known.
pub(super) fn change(from: Option<Look>, to: Look, bytes: &mut Vec<u8>) {
    if from == Some(to) {
        return;
    }
    let whole = whole(to);
    let shortest = match from.map(|from| steps(from, to)) {
        Some(steps) if steps.len() < whole.len() => steps,
        _ => whole,
    };
    bytes.extend_from_slice(b"\x1b[");
    bytes.extend_from_slice(shortest.as_bytes());
    bytes.push(b'm');
}

/// The parameters for `to`, whatever was before.
fn whole(to: Look) -> String {
    let mut parameters = String::new();
    if to != Look::default() {
        parameters.push('0');
        for (modifier, on, _) in MODIFIERS {
            if to.modifier.contains(modifier) {
                add(&mut parameters, on);
            }
        }
        colour(&mut parameters, to.foreground, 30);
        colour(&mut parameters, to.background, 40);
    }
    parameters
}

/// The parameters for what differs.
fn steps(from: Look, to: Look) -> String {
    let mut parameters = String::new();
    let mut has = from.modifier;
    for (modifier, _, off) in MODIFIERS {
        if has.contains(modifier) && !to.modifier.contains(modifier) {
            add(&mut parameters, off);
            for (other, _, _) in MODIFIERS.iter().filter(|(_, _, its)| *its == off) {
                has.remove(*other);
            }
        }
    }
    for (modifier, on, _) in MODIFIERS {
        if to.modifier.contains(modifier) && !has.contains(modifier) {
            add(&mut parameters, on);
        }
    }
    for (from, to, base) in [
        (from.foreground, to.foreground, 30),
        (from.background, to.background, 40),
    ] {
        if from != to && to == Color::Reset {
            add(&mut parameters, base + 9);
        } else if from != to {
            colour(&mut parameters, to, base);
        }
    }
    parameters
}

/// The sixteen colours as such, so that they are those that the user chose.
fn colour(parameters: &mut String, colour: Color, base: u8) {
    match colour {
        Color::Reset => {}
        Color::Indexed(index @ 16..) => {
            for number in [base + 8, 5, index] {
                add(parameters, number);
            }
        }
        Color::Rgb(red, green, blue) => {
            for number in [base + 8, 2, red, green, blue] {
                add(parameters, number);
            }
        }
        Color::Indexed(place) => add(parameters, named(place, base)),
        other => {
            let found = NAMED.iter().zip(0u8..).find(|(one, _)| **one == other);
            if let Some((_, place)) = found {
                add(parameters, named(place, base));
            }
        }
    }
}

fn named(place: u8, base: u8) -> u8 {
    base + place % 8 + 60 * (place / 8)
}

fn add(parameters: &mut String, number: u8) {
    if !parameters.is_empty() {
        parameters.push(';');
    }
    parameters.push_str(&number.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_way_is_taken() {
        let look = |foreground, background, modifier| Look {
            foreground,
            background,
            modifier,
        };
        let (plain, none) = (Look::default(), Modifier::empty());
        let red = look(Color::Red, Color::Reset, none);
        let bold = look(Color::Reset, Color::Reset, Modifier::BOLD);
        let name = look(Color::Indexed(71), Color::Reset, Modifier::BOLD);
        let faint = look(Color::Reset, Color::Reset, Modifier::DIM);
        let marked = look(Color::LightBlue, Color::Black, Modifier::REVERSED);
        for (from, to, expected) in [
            (Some(plain), plain, ""),
            (None, plain, "\x1b[m"),
            (None, red, "\x1b[0;31m"),
            (Some(plain), red, "\x1b[31m"),
            (Some(red), plain, "\x1b[m"),
            (Some(plain), name, "\x1b[1;38;5;71m"),
            (Some(name), bold, "\x1b[39m"),
            (Some(bold), faint, "\x1b[0;2m"),
            (Some(name), faint, "\x1b[0;2m"),
            (Some(red), marked, "\x1b[7;94;40m"),
            (
                Some(marked),
                look(Color::LightBlue, Color::Black, none),
                "\x1b[27m",
            ),
            (
                Some(plain),
                look(Color::Indexed(9), Color::Rgb(1, 2, 3), none),
                "\x1b[91;48;2;1;2;3m",
            ),
            // What switches bold off switches dim off as well.
            (
                Some(look(
                    Color::Rgb(1, 2, 3),
                    Color::Rgb(1, 2, 3),
                    Modifier::BOLD | Modifier::DIM,
                )),
                look(Color::Rgb(1, 2, 3), Color::Rgb(1, 2, 3), Modifier::DIM),
                "\x1b[22;2m",
            ),
        ] {
            let mut bytes = Vec::new();
            change(from, to, &mut bytes);
            assert_eq!(str::from_utf8(&bytes).unwrap(), expected, "{from:?} {to:?}");
        }
    }
}
