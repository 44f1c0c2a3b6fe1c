//! Where text of the screen leads: cells carry a number, and this table says what it stands for. A
//! link over several rows is one. Owns the numbers; must not know where on the screen they are.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Style};

/// Links of one frame at most; text beyond them leads nowhere.
const LINKS: usize = 500;
/// Bytes of a target at most: what terminals take (VTE: 2083).
const BYTES: usize = 2_000;

/// The links of one frame.
#[derive(Debug, Default)]
pub(crate) struct Links {
    targets: Vec<String>,
}

impl Links {
    /// Begins another frame.
    pub(crate) fn clear(&mut self) {
        self.targets.clear();
    }

    /// `style` for text that leads to `target`. Unchanged where a terminal must not be given that: it
    /// is no web address, is too long, or has in it what could end the sequence that names it.
    pub(crate) fn mark(&mut self, style: Style, target: &str) -> Style {
        if !is_web_address(target) {
            return style;
        }
        let known = self.targets.iter().rposition(|known| known == target);
        let place = known.unwrap_or(self.targets.len());
        if place >= LINKS {
            return style;
        }
        if known.is_none() {
            self.targets.push(target.to_owned());
        }
        // The colour of underlining is not drawn, so it is free to carry the number.
        let [high, low] = u16::try_from(place).unwrap_or(u16::MAX).to_be_bytes();
        style.underline_color(Color::Rgb(MARK, high, low))
    }

    /// Where a cell leads.
    pub(crate) fn target(&self, cell: &Cell) -> Option<&str> {
        let Color::Rgb(MARK, high, low) = cell.underline_color else {
            return None;
        };
        let place = u16::from_be_bytes([high, low]);
        self.targets.get(usize::from(place)).map(String::as_str)
    }
}

/// What a colour begins with that is a link.
const MARK: u8 = 8;

/// True for `http` and `https`, in the characters that an address is written in (RFC 3986, 2).
fn is_web_address(target: &str) -> bool {
    let scheme = target.split("://").next().unwrap_or_default();
    let is_web = ["http", "https"]
        .iter()
        .any(|web| scheme.eq_ignore_ascii_case(web));
    is_web && target.len() <= BYTES && target.bytes().all(|byte| (0x21..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_one_number_and_bad_ones_have_none() {
        let mut links = Links::default();
        let cell = |style: Style| {
            let mut cell = Cell::EMPTY;
            cell.set_style(style);
            cell
        };
        let bold = Style::new().bold();
        let first = cell(links.mark(bold, "https://example.org/a"));
        let second = cell(links.mark(Style::new(), "http://example.org"));
        let again = cell(links.mark(bold, "https://example.org/a"));
        assert_eq!(links.target(&first), Some("https://example.org/a"));
        assert_eq!(links.target(&second), Some("http://example.org"));
        assert_eq!(first, again);
        for bad in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://a/\x1b\\",
            "https://a b",
            "https://ä",
            "example.org",
            &format!("https://{}", "a".repeat(BYTES)),
        ] {
            assert_eq!(links.mark(bold, bad), bold, "{bad}");
        }
        assert_eq!(links.target(&Cell::EMPTY), None);
        links.clear();
        assert_eq!(links.target(&first), None);
        for number in 0..LINKS + 10 {
            links.mark(bold, &format!("https://example.org/{number}"));
        }
        assert_eq!(links.targets.len(), LINKS);
    }
}
