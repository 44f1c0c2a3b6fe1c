//! The table of all events: what each is called, which parameters it has, how much it counts in the
//! pace of a connection, and whether it may come before `auth`.
//!
//! Whoever names an event takes its name from here, and the first table of `docs/protocol.md` is
//! this one. It says nothing of what an event does.

use std::num::NonZeroU32;

use BeforeAuth::{InTestMode, No, WithTestMode, Yes};
use Need::{AtLeastOne, Either, Optional, Required};

/// The tokens that an event counts which reads the store, visits all members, or hashes a password.
pub const COSTLY: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// The tokens that any other event counts, one that nobody knows included.
pub const CHEAP: NonZeroU32 = NonZeroU32::MIN;

macro_rules! names {
    ($($constant:ident = $name:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`")]
            pub const $constant: &str = $name;
        )*
    };
}

names! {
    ADD_FILTER = "addFilter";
    ALLOW = "allow";
    AUDIT = "audit";
    AUTH = "auth";
    BAN = "ban";
    CERROR = "cerror";
    CHANGE_PASSWORD = "changePassword";
    CLEAR = "clear";
    CONNECTION = "connection";
    DELETE_MESSAGE = "deleteMessage";
    DEL_MOD = "delMod";
    DENY = "deny";
    DISCONNECT = "disconnect";
    FILTERS = "filters";
    HELD = "held";
    HISTORY = "history";
    JOIN = "join";
    KICK = "kick";
    LEAVE = "leave";
    MESSAGE = "message";
    MUTE = "mute";
    PING = "ping";
    PONG = "pong";
    PRESENCE = "presence";
    PURGE = "purge";
    REMOVE_FILTER = "removeFilter";
    RESET_SOCKET = "resetSocket";
    ROOM = "room";
    SANCTIONS = "sanctions";
    SET_MOD = "setMod";
    SET_ROOM = "setRoom";
    SET_TEST_MODE = "setTestMode";
    SET_VIP = "setVip";
    UNBAN = "unban";
    UNMUTE = "unmute";
    USER = "user";
    WHO = "who";
}

/// An event that a client may send.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientEventRow {
    /// The name on the wire.
    pub name: &'static str,
    /// Those that it knows; any other is an error.
    pub parameters: &'static [Parameter],
    /// The tokens that it takes out of its connection's bucket.
    pub cost: NonZeroU32,
    /// Whether it may come from a client that is in no room yet.
    pub before_auth: BeforeAuth,
}

/// A parameter of a client event.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name on the wire.
    pub name: &'static str,
    /// Whether it may be left out.
    pub need: Need,
    /// The values that it takes, in the words of the documentation.
    pub takes: &'static str,
}

/// Whether a parameter may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It has to be there.
    Required,
    /// It may be left out.
    Optional,
    /// Exactly one of those that the event marks so is to be there.
    Either,
    /// At least one of those that the event marks so is to be there.
    AtLeastOne,
}

/// Whether an event may come from a client that is in no room yet. If not, it is refused with 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeforeAuth {
    /// Only from a member of a room.
    No,
    /// Always.
    Yes,
    /// If the server allows test mode.
    WithTestMode,
    /// If this connection is in test mode.
    InTestMode,
}

impl BeforeAuth {
    /// The word of the documentation.
    fn as_str(self) -> &'static str {
        match self {
            No => "no",
            Yes => "yes",
            WithTestMode => "if the server allows test mode",
            InTestMode => "in test mode",
        }
    }
}

const REASON: Parameter = parameter("reason", Optional, "up to 500 characters");
const USERNAME: Parameter = parameter("username", Required, "a user's name");
const HELD_ID: Parameter = parameter("id", Required, "a held message's id");
const TARGET: &[Parameter] = &[USERNAME];

/// The members of the parameter `since`.
pub(crate) const SINCE: &[Parameter] = &[
    parameter("epoch", Required, "a string"),
    parameter("seq", Required, "an integer"),
];

/// All events that a client may send. The most frequent ones come first: they are looked up for every frame.
pub const CLIENT_EVENTS: &[ClientEventRow] = &[
    ClientEventRow {
        name: AUTH,
        parameters: &[
            parameter("username", Required, "1 to 64 characters"),
            parameter("password", Either, "a string"),
            parameter("token", Either, "a string"),
            parameter("room", Required, "1 to 64 characters, or an integer"),
            parameter("capabilities", Optional, "a list of strings"),
            parameter("since", Optional, "an object with `epoch` and `seq`"),
            parameter("register", Optional, "a boolean"),
        ],
        cost: COSTLY,
        before_auth: Yes,
    },
    cheap(
        MESSAGE,
        &[
            parameter("content", Required, "1 to 500 characters"),
            parameter("nonce", Optional, "1 to 64 bytes"),
            parameter("replyTo", Optional, "a message's id"),
        ],
        No,
    ),
    costly(
        HISTORY,
        &[
            parameter("before", Optional, "a `seq`"),
            parameter("after", Optional, "a `seq`"),
            parameter("limit", Optional, "1 to 200"),
            parameter("username", Optional, "a user's name"),
        ],
    ),
    costly(WHO, &[]),
    cheap(PING, &[], Yes),
    cheap(DISCONNECT, &[], Yes),
    costly(KICK, &[USERNAME, REASON]),
    costly(
        MUTE,
        &[
            USERNAME,
            parameter("duration", Required, "1 to 1,209,600 seconds"),
            REASON,
        ],
    ),
    costly(UNMUTE, TARGET),
    costly(
        BAN,
        &[
            USERNAME,
            parameter("duration", Optional, "1 to 3,153,600,000 seconds"),
            REASON,
        ],
    ),
    costly(UNBAN, TARGET),
    costly(SET_MOD, TARGET),
    costly(SET_VIP, TARGET),
    costly(DEL_MOD, TARGET),
    costly(
        DELETE_MESSAGE,
        &[parameter("id", Required, "a message's id")],
    ),
    costly(PURGE, TARGET),
    costly(CLEAR, &[]),
    costly(
        SET_ROOM,
        &[
            parameter("slowMode", AtLeastOne, "0 to 120 seconds"),
            parameter("membersOnly", AtLeastOne, "a boolean"),
            parameter("topic", AtLeastOne, "up to 500 characters"),
            parameter("pinned", AtLeastOne, "a message's id, or null"),
        ],
    ),
    costly(
        ADD_FILTER,
        &[
            parameter("pattern", Required, "up to 200 characters"),
            parameter("kind", Optional, "`word` or `regex`"),
            parameter("action", Optional, "`refuse` or `hold`"),
            REASON,
        ],
    ),
    costly(
        REMOVE_FILTER,
        &[parameter("pattern", Required, "as listed")],
    ),
    costly(FILTERS, &[]),
    costly(HELD, &[]),
    costly(ALLOW, &[HELD_ID]),
    costly(DENY, &[HELD_ID, REASON]),
    costly(
        AUDIT,
        &[
            parameter("limit", Optional, "1 to 200"),
            parameter("target", Optional, "a user's name"),
            parameter("before", Optional, "the `id` of a line"),
        ],
    ),
    costly(USER, TARGET),
    costly(SANCTIONS, &[]),
    costly(
        CHANGE_PASSWORD,
        &[
            parameter("password", Required, "a string"),
            parameter("newPassword", Required, "a string"),
        ],
    ),
    cheap(
        SET_TEST_MODE,
        &[parameter("value", Required, "a boolean")],
        WithTestMode,
    ),
    cheap(RESET_SOCKET, &[], InTestMode),
];

/// The names of all events that a server may send.
pub const SERVER_EVENTS: &[&str] = &[
    CONNECTION,
    AUTH,
    MESSAGE,
    CERROR,
    HISTORY,
    PONG,
    WHO,
    JOIN,
    LEAVE,
    PRESENCE,
    ROOM,
    DELETE_MESSAGE,
    PURGE,
    CLEAR,
    KICK,
    MUTE,
    UNMUTE,
    BAN,
    UNBAN,
    SET_MOD,
    SET_VIP,
    DEL_MOD,
    ADD_FILTER,
    REMOVE_FILTER,
    FILTERS,
    HELD,
    ALLOW,
    DENY,
    AUDIT,
    USER,
    SANCTIONS,
    CHANGE_PASSWORD,
];

/// The row of the event that is called `name`; `None` if there is no such event.
pub fn client_event(name: &str) -> Option<&'static ClientEventRow> {
    CLIENT_EVENTS.iter().find(|event| event.name == name)
}

/// The tokens that an event of this name counts, known or not.
pub fn cost(name: &str) -> NonZeroU32 {
    client_event(name).map_or(CHEAP, |event| event.cost)
}

/// Whether an event of this name may come before `auth`; one that nobody knows may not.
pub fn before_auth(name: &str) -> BeforeAuth {
    client_event(name).map_or(No, |event| event.before_auth)
}

/// The table with which `docs/protocol.md` opens, in Markdown: every event of both sides.
pub fn documentation() -> String {
    let mut page = String::from(
        "| event | sent by | parameters from a client (*optional*) | cost | before `auth` |\n\
         |---|---|---|---|---|\n",
    );
    for event in CLIENT_EVENTS {
        let sender = match SERVER_EVENTS.contains(&event.name) {
            true => "both",
            false => "client",
        };
        page += &format!(
            "| `{}` | {sender} | {} | {} | {} |\n",
            event.name,
            described(event.parameters),
            event.cost,
            event.before_auth.as_str(),
        );
    }
    let is_server_only = |name: &&&str| client_event(name).is_none();
    for name in SERVER_EVENTS.iter().filter(is_server_only) {
        page += &format!("| `{name}` | server | – | – | – |\n");
    }
    page
}

fn described(parameters: &[Parameter]) -> String {
    let mut text = String::new();
    let mut before = None;
    for Parameter { name, need, takes } in parameters {
        let follows = before.replace(*need) == Some(*need);
        text.push_str(match (need, follows, text.is_empty()) {
            (Either, true, _) => " or ",
            (_, _, true) => "",
            _ => ", ",
        });
        text.push_str(match (need, follows) {
            (Either, false) => "either ",
            (AtLeastOne, false) => "at least one of ",
            _ => "",
        });
        let name = match need {
            Optional => format!("*`{name}`*"),
            _ => format!("`{name}`"),
        };
        text += &format!("{name} ({takes})");
    }
    match text.is_empty() {
        true => "–".to_owned(),
        false => text,
    }
}

const fn parameter(name: &'static str, need: Need, takes: &'static str) -> Parameter {
    Parameter { name, need, takes }
}

const fn cheap(
    name: &'static str,
    parameters: &'static [Parameter],
    before_auth: BeforeAuth,
) -> ClientEventRow {
    ClientEventRow {
        name,
        parameters,
        cost: CHEAP,
        before_auth,
    }
}

/// A costly event of those who are in a room.
const fn costly(name: &'static str, parameters: &'static [Parameter]) -> ClientEventRow {
    ClientEventRow {
        name,
        parameters,
        cost: COSTLY,
        before_auth: No,
    }
}
