//! What a client may ask for in `auth` beyond what everybody gets, and by which names. The only list of
//! them: the server announces it, and clients choose from it.

/// The capabilities of one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Brings `join`, `leave` and `presence`.
    pub presence: bool,
    /// Brings `room`: the room's modes, on entering and on every change.
    pub room: bool,
    /// Brings moderators `audit` and `held`: what moderators do, as they do it, and what waits for them.
    pub moderation: bool,
}

impl Capabilities {
    /// All that there are.
    pub const ALL: Self = Self {
        presence: true,
        room: true,
        moderation: true,
    };

    /// Those that are named. A name that is not known asks for nothing, so that a client may be newer than
    /// its server.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut named = Self::default();
        for name in names {
            match name {
                "presence" => named.presence = true,
                "room" => named.room = true,
                "moderation" => named.moderation = true,
                _ => {}
            }
        }
        named
    }

    /// Their names, each once, always in the same order.
    pub fn names(self) -> Vec<String> {
        let table = [
            (self.presence, "presence"),
            (self.room, "room"),
            (self.moderation, "moderation"),
        ];
        let named = table.into_iter().filter(|(is_named, _)| *is_named);
        named.map(|(_, name)| name.to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_capabilities_are_each_others_inverse() {
        let check = |names: &[&str], expected: &[&str]| {
            let named = Capabilities::named(names.iter().copied());
            assert_eq!(named.names(), expected, "{names:?}");
        };
        check(&[], &[]);
        check(&["moderation", "presence"], &["presence", "moderation"]);
        check(&["room", "room", "telepathy"], &["room"]);
        let all = Capabilities::ALL.names();
        assert_eq!(all, ["presence", "room", "moderation"]);
        let again = Capabilities::named(all.iter().map(String::as_str));
        assert_eq!(again, Capabilities::ALL);
    }
}
