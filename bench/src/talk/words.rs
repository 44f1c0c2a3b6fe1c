//! Who they are and what they say: names and messages as a stream's chat has them, the same in each
//! run.
//!
//! Pure.

/// People in a busy room.
pub(crate) const PEOPLE: [&str; 30] = [
    "bob",
    "carol",
    "dave",
    "erin",
    "frank",
    "grace",
    "heidi",
    "ivan",
    "judy",
    "mallory",
    "nightbot",
    "xX_Sniper_Xx",
    "speedrun_fan_2009",
    "lurker42",
    "TheRealSlimJim",
    "ana.maria",
    "o0o0o0o",
    "kittycat",
    "PotatoFarmer",
    "z",
    "very_long_name_of_somebody",
    "jean-luc",
    "björn",
    "zoë",
    "Ольга",
    "Δημήτρης",
    "さくら",
    "小明",
    "지민",
    "free_gifts_4u",
];

/// What words are made of.
const WORDS: [&str; 40] = [
    "gg", "lol", "that", "was", "insane", "the", "jump", "again", "did", "you", "see", "it", "no",
    "way", "first", "try", "he", "is", "so", "lucky", "run", "what", "a", "save", "boss", "next",
    "please", "song", "name", "hype", "chat", "stream", "why", "not", "left", "door", "missed",
    "by", "seconds", "wait",
];
/// What some messages end in.
const EMOJI: [&str; 8] = ["😂", "🔥", "❤️", "👍🏽", "🎉", "👨‍👩‍👧", "🇫🇷", "😭😭😭"];
/// What some messages are.
const OTHER_SCRIPTS: [&str; 6] = [
    "すごい、もう一回見たい",
    "这个太厉害了吧",
    "대박 진짜 미쳤다",
    "ну ничего себе прыжок",
    "مرحبا بالجميع",
    "一発で決めた",
];

/// Messages without an end, always the same ones.
#[derive(Clone, Debug)]
pub(super) struct Messages {
    random: Random,
}

impl Messages {
    /// From the first on.
    pub(super) fn new() -> Self {
        Self { random: Random(7) }
    }

    /// The next one: of 35 characters in the mean, some of 200, some with emoji, some in other
    /// scripts.
    pub(super) fn next(&mut self) -> String {
        let percent = self.random.below(100);
        if percent < 6 {
            return (*self.random.one_of(&OTHER_SCRIPTS)).to_owned();
        }
        let length = match percent {
            6..60 => 3 + self.random.below(27),
            60..90 => 25 + self.random.below(40),
            90..97 => 60 + self.random.below(50),
            _ => 200,
        };
        let mut text = String::new();
        while text.len() < length {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(self.random.one_of(&WORDS));
        }
        if self.random.below(8) == 0 {
            text.push(' ');
            text.push_str(self.random.one_of(&EMOJI));
        }
        text
    }
}

/// The text by which message `number` is found on a screen: no other message and nobody's typing
/// holds it, and no row breaks it.
pub(crate) fn marker(number: u64) -> String {
    format!("mark{number}x")
}

/// SplitMix64: no more than something that looks random and is the same in each run.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or(0)
    }

    fn one_of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len())]
    }
}

#[cfg(test)]
mod tests {
    use chat_protocol::{DraftContent, Username};

    use super::*;

    #[test]
    fn all_have_names_that_the_server_takes() {
        for name in PEOPLE {
            assert!(Username::new(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn messages_are_as_long_as_people_write() {
        let mut messages = Messages::new();
        let texts: Vec<String> = (0..5000).map(|_| messages.next()).collect();
        let lengths: Vec<usize> = texts.iter().map(|text| text.chars().count()).collect();
        let mean = lengths.iter().sum::<usize>() as f64 / lengths.len() as f64;
        assert!((32.0..38.0).contains(&mean), "{mean}");
        assert!(lengths.iter().all(|length| (1..=220).contains(length)));
        let share = |is: &dyn Fn(&str) -> bool| {
            texts.iter().filter(|text| is(text)).count() as f64 / texts.len() as f64
        };
        assert!((0.01..0.05).contains(&share(&|text| text.len() >= 200)));
        assert!((0.1..0.25).contains(&share(&|text| !text.is_ascii())));
        assert!(texts.iter().all(|text| DraftContent::new(text).is_ok()));
        assert!(texts.iter().all(|text| !text.contains("mark")));
        assert_eq!(Messages::new().next(), texts[0]);
    }
}
