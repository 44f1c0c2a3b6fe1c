//! That colours can be read, and told apart.

use super::*;

type Linear = [f64; 3];

/// A colour of the cube of 256, or of the sixteen as xterm has them.
fn linear(colour: Color) -> Linear {
    let rgb = match colour {
        Color::Indexed(index) => {
            let step = |step: u8| [0, 95, 135, 175, 215, 255][usize::from(step)];
            let index = index - 16;
            [step(index / 36), step(index / 6 % 6), step(index % 6)]
        }
        Color::Red => [205, 0, 0],
        Color::Green => [0, 205, 0],
        Color::Magenta => [205, 0, 205],
        Color::Cyan => [0, 205, 205],
        Color::LightBlue => [92, 92, 255],
        Color::Blue => [0, 0, 238],
        other => panic!("{other}"),
    };
    rgb.map(|value| {
        let value = f64::from(value) / 255.0;
        match value <= 0.040_45 {
            true => value / 12.92,
            false => f64::powf((value + 0.055) / 1.055, 2.4),
        }
    })
}

/// Contrasts to black and to white (WCAG 2.2).
fn contrasts(colour: Color) -> (f64, f64) {
    let [red, green, blue] = linear(colour);
    let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    ((luminance + 0.05) / 0.05, 1.05 / (luminance + 0.05))
}

/// As eyes see it that lack one kind of cones (Machado, Oliveira and Fernandes 2009), and as all see it.
const EYES: [[Linear; 3]; 4] = [
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    [
        [0.152_286, 1.052_583, -0.204_868],
        [0.114_503, 0.786_281, 0.099_216],
        [-0.003_882, -0.048_116, 1.051_998],
    ],
    [
        [0.367_322, 0.860_646, -0.227_968],
        [0.280_085, 0.672_501, 0.047_413],
        [-0.011_820, 0.042_940, 0.968_881],
    ],
    [
        [1.255_528, -0.076_749, -0.178_779],
        [-0.078_411, 0.930_809, 0.147_602],
        [0.004_733, 0.691_367, 0.303_900],
    ],
];

/// CIE L*a*b* of a colour as those eyes see it.
fn lab(colour: Color, eyes: &[Linear; 3]) -> Linear {
    let given = linear(colour);
    let seen = eyes.map(|row| {
        let sum: f64 = row
            .iter()
            .zip(given)
            .map(|(weight, value)| weight * value)
            .sum();
        sum.clamp(0.0, 1.0)
    });
    let weighted = |weights: Linear, white: f64| {
        let sum: f64 = weights
            .iter()
            .zip(seen)
            .map(|(weight, value)| weight * value)
            .sum();
        match sum / white {
            large if large > 0.008_856 => large.cbrt(),
            small => 7.787 * small + 16.0 / 116.0,
        }
    };
    let x = weighted([0.4124, 0.3576, 0.1805], 0.950_47);
    let y = weighted([0.2126, 0.7152, 0.0722], 1.0);
    let z = weighted([0.0193, 0.1192, 0.9505], 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The smallest distance between two of the colours, for any eyes. From about 10 on, two patches side by
/// side are different colours to everybody.
fn smallest_distance(colours: &[Color]) -> f64 {
    let mut smallest = f64::MAX;
    for eyes in &EYES {
        for (place, one) in colours.iter().enumerate() {
            for other in &colours[..place] {
                let (one, other) = (lab(*one, eyes), lab(*other, eyes));
                let squares = one.iter().zip(other).map(|(a, b)| (a - b).powi(2));
                smallest = smallest.min(squares.sum::<f64>().sqrt());
            }
        }
    }
    smallest
}

#[test]
fn names_are_readable_on_dark_and_on_light() {
    for index in NAMES_MANY.into_iter().chain(NAMES_SAFE) {
        let (on_black, on_white) = contrasts(Color::Indexed(index));
        assert!(
            on_black >= 3.0 && on_white >= 2.5,
            "{index}: {on_black} {on_white}"
        );
    }
    for colour in NAMES_SIXTEEN.into_iter().chain(NAMES_SIXTEEN_SAFE) {
        let (on_black, on_white) = contrasts(colour);
        assert!(
            on_black >= 2.0 && on_white >= 1.9,
            "{colour}: {on_black} {on_white}"
        );
    }
}

#[test]
fn safe_colours_can_be_told_apart_by_all_eyes() {
    let many = NAMES_SAFE.map(Color::Indexed);
    assert!(
        smallest_distance(&many) > 20.0,
        "{}",
        smallest_distance(&many)
    );
    let sixteen = smallest_distance(&NAMES_SIXTEEN_SAFE);
    assert!(sixteen > 20.0, "{sixteen}");
    let usual = smallest_distance(&NAMES_MANY.map(Color::Indexed));
    assert!(
        usual < 10.0,
        "the usual ones can't, so there is need of others"
    );
}

#[test]
fn states_differ_without_colours_and_meanings_with_them() {
    let plain = Theme::new(Colours::None);
    for tone in [Tone::Nick(3), Tone::Mention, Tone::Alert, Tone::Good] {
        assert_eq!(plain.style(tone).fg, None);
    }
    for colours in [Colours::Sixteen, Colours::Many] {
        let theme = Theme {
            colours,
            is_safe: true,
        };
        let shown = [Tone::Mention, Tone::Alert, Tone::Good, Tone::Waiting];
        let shown = shown.map(|tone| theme.style(tone).fg.unwrap());
        assert!(smallest_distance(&shown) > 20.0, "{shown:?}");
    }
}

#[test]
fn sixteen_colours_are_the_users_own() {
    let is_own = |style: Style| !matches!(style.fg, Some(Color::Indexed(_) | Color::Rgb(..)));
    for is_safe in [false, true] {
        let colours = Colours::Sixteen;
        let theme = Theme { colours, is_safe };
        for hash in 0..20 {
            assert!(is_own(theme.style(Tone::Nick(hash))));
        }
        for tone in [Tone::Mention, Tone::Alert, Tone::Good, Tone::Waiting] {
            assert!(is_own(theme.style(tone)));
        }
    }
}

#[test]
fn the_environment_and_the_user_decide_the_colours() {
    let with = |wish: &str, pairs: &[(&str, &str)]| {
        let find = |name: &str| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| (*value).to_owned())
        };
        let theme = Theme::chosen(Wish::named(wish).unwrap(), find);
        (theme.colours, theme.is_safe)
    };
    let many = ("TERM", "xterm-256color");
    let no_colour = ("NO_COLOR", "1");
    for (wish, pairs, expected) in [
        ("auto", &[many][..], (Colours::Many, false)),
        ("auto", &[many, no_colour], (Colours::None, false)),
        (
            "auto",
            &[("TERM", "xterm"), ("NO_COLOR", "")],
            (Colours::Sixteen, false),
        ),
        (
            "auto",
            &[("TERM", "vt100"), ("COLORTERM", "truecolor")],
            (Colours::Many, false),
        ),
        ("auto", &[("TERM", "dumb")], (Colours::None, false)),
        ("auto", &[], (Colours::Sixteen, false)),
        ("safe", &[many, no_colour], (Colours::Many, true)),
        ("safe", &[("TERM", "linux")], (Colours::Sixteen, true)),
        ("16", &[many, no_colour], (Colours::Sixteen, false)),
        ("256", &[("TERM", "vt100")], (Colours::Many, false)),
        ("none", &[many], (Colours::None, false)),
    ] {
        assert_eq!(with(wish, pairs), expected, "{wish} {pairs:?}");
    }
    assert!(Wish::NAMES.iter().all(|name| Wish::named(name).is_some()));
    assert_eq!(Wish::named("Safe"), None);
}
