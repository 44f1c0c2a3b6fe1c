//! From `connection` to `auth` accepted or refused: which credential goes first, and what a refusal
//! means. Pure: events in, steps out.

use chat_protocol::{
    Auth, AuthAccepted, Capabilities, ClientError, ClientEvent, Code, Credential, RoomName, Secret,
    ServerEvent, Since, Username, limits::CONTENT_CHARS,
};

/// Who enters which room, by what right. Outlives connections.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) username: Username,
    pub(super) room: RoomName,
    /// What the first connection signs in with.
    pub(super) credential: Credential,
    /// A resume token from an earlier `auth`, which goes before that.
    pub(super) token: Option<Secret>,
    /// A name that nobody has becomes an account.
    pub(super) may_register: bool,
}

impl Identity {
    /// The token that the next connection signs in with; `None` where it takes the password.
    pub(super) fn token(&self) -> Option<&Secret> {
        match (&self.token, &self.credential) {
            (Some(token), _) | (None, Credential::Token(token)) => Some(token),
            (None, Credential::Password(_)) => None,
        }
    }
}

/// What to do next.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Go on reading.
    Wait,
    /// Send this.
    Send(ClientEvent),
    /// The line is live.
    Live {
        accepted: Box<AuthAccepted>,
        resumed: bool,
        content_limit: usize,
    },
    /// Refused, and trying again by itself is no use.
    Refused(ClientError),
    /// The resume token was refused: it ended, or somebody ended it. Whether the password is tried in its
    /// place is not this connection's to say.
    TokenRefused,
    /// Refused for now.
    Busy(ClientError),
}

/// One connection's way to being live.
#[derive(Debug)]
pub(super) struct Handshake<'identity> {
    identity: &'identity mut Identity,
    since: Option<Since>,
    capabilities: Capabilities,
    content_limit: usize,
    /// The server says which ways in are open.
    knows_ways: bool,
}

impl<'identity> Handshake<'identity> {
    /// Begins on a new connection; `since` is what to resume after.
    pub(super) fn new(identity: &'identity mut Identity, since: Option<Since>) -> Self {
        Self {
            identity,
            since,
            capabilities: Capabilities::default(),
            content_limit: CONTENT_CHARS,
            knows_ways: false,
        }
    }

    /// Takes in an event that came before the line was live.
    pub(super) fn on(&mut self, event: ServerEvent) -> Step {
        match event {
            ServerEvent::Connection(connection) => {
                self.content_limit = connection.limits.content;
                self.knows_ways = !connection.auth.is_empty();
                // All that the server offers and this client knows.
                let offered = connection.capabilities.iter().map(String::as_str);
                self.capabilities = Capabilities::named(offered);
                Step::Send(self.auth())
            }
            ServerEvent::Auth(accepted) => {
                self.identity.token = Some(Secret::new(accepted.token.clone()));
                Step::Live {
                    accepted,
                    resumed: self.since.is_some(),
                    content_limit: self.content_limit,
                }
            }
            ServerEvent::Cerror(error) => self.on_refusal(error),
            _ => Step::Wait,
        }
    }

    fn on_refusal(&mut self, error: ClientError) -> Step {
        match error.code {
            Code::Unauthenticated if self.identity.token().is_some() => Step::TokenRefused,
            Code::TooFast | Code::Unavailable => Step::Busy(error),
            _ => Step::Refused(error),
        }
    }

    fn auth(&self) -> ClientEvent {
        let credential = match &self.identity.token {
            Some(token) => Credential::Token(token.clone()),
            None => self.identity.credential.clone(),
        };
        ClientEvent::Auth(Box::new(Auth {
            username: self.identity.username.clone(),
            credential,
            room: self.identity.room.clone(),
            capabilities: self.capabilities.names(),
            since: self.since.clone(),
            // One that does not say which ways in are open does not know the word.
            register: self.identity.may_register || !self.knows_ways,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn identity(token: Option<&str>) -> Identity {
        Identity {
            username: Username::new("alice").unwrap(),
            room: RoomName::new("stream1").unwrap(),
            credential: Credential::Password(Secret::new("hunter2")),
            token: token.map(Secret::new),
            may_register: true,
        }
    }

    fn event(name: &str, data: Value) -> ServerEvent {
        ServerEvent::decode(&json!({ "event": name, "data": data }).to_string()).unwrap()
    }

    fn connection(capabilities: &[&str]) -> ServerEvent {
        let limits = json!({ "content": 300, "frame": 16_384 });
        let data =
            json!({ "server": "s", "protocol": 1, "capabilities": capabilities, "limits": limits });
        event("connection", data)
    }

    fn refusal(code: u16) -> ServerEvent {
        event(
            "cerror",
            json!({ "Code": code, "message": "no", "event": "auth" }),
        )
    }

    fn sent(step: Step) -> Value {
        match step {
            Step::Send(event) => Value::Object(event.to_frame().data),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn asks_for_what_is_announced_and_known() {
        let mut alice = identity(None);
        let mut handshake = Handshake::new(&mut alice, None);
        let auth = sent(handshake.on(connection(&["other"])));
        let plain = json!({ "username": "alice", "password": "hunter2", "room": "stream1" });
        assert_eq!(auth, plain);
        let auth = sent(handshake.on(connection(&["moderation", "room", "presence", "presence"])));
        let all = json!(["presence", "room", "moderation"]);
        assert_eq!(auth["capabilities"], all);
        let auth = sent(handshake.on(connection(&["room"])));
        assert_eq!(auth["capabilities"], json!(["room"]));
    }

    #[test]
    fn an_ended_token_is_told_from_a_wrong_password() {
        let mut alice = identity(Some("t1"));
        let mut handshake = Handshake::new(&mut alice, None);
        assert_eq!(sent(handshake.on(connection(&[])))["token"], json!("t1"));
        assert_eq!(handshake.on(refusal(401)), Step::TokenRefused);
        let mut alice = identity(None);
        let mut handshake = Handshake::new(&mut alice, None);
        handshake.on(connection(&[]));
        assert!(matches!(handshake.on(refusal(401)), Step::Refused(_)));
    }

    #[test]
    fn a_token_from_an_earlier_run_signs_in_until_there_is_a_newer_one() {
        let mut alice = identity(None);
        alice.credential = Credential::Token(Secret::new("kept"));
        let mut handshake = Handshake::new(&mut alice, None);
        let auth = sent(handshake.on(connection(&[])));
        assert_eq!(
            (&auth["token"], &auth["password"]),
            (&json!("kept"), &Value::Null)
        );
        assert_eq!(handshake.on(refusal(401)), Step::TokenRefused);
        assert_eq!(alice.token(), Some(&Secret::new("kept")));
        alice.token = Some(Secret::new("newer"));
        assert_eq!(alice.token(), Some(&Secret::new("newer")));
        assert_eq!(identity(None).token(), None);
    }

    #[test]
    fn a_busy_server_is_tried_again() {
        let step = |token: Option<&str>, code| {
            let mut alice = identity(token);
            Handshake::new(&mut alice, None).on(refusal(code))
        };
        for code in [429, 503] {
            assert!(matches!(step(None, code), Step::Busy(_)));
            assert!(matches!(step(Some("t1"), code), Step::Busy(_)));
        }
        for code in [400, 403] {
            assert!(matches!(step(Some("t1"), code), Step::Refused(_)));
        }
    }

    #[test]
    fn acceptance_brings_a_token_and_the_servers_limit() {
        let mut alice = identity(None);
        let since = Since {
            epoch: None,
            seq: chat_protocol::Seq(7),
        };
        let mut handshake = Handshake::new(&mut alice, Some(since));
        let auth = sent(handshake.on(connection(&[])));
        assert_eq!(auth["since"], json!({ "epoch": "", "seq": 7 }));
        let accepted = json!({ "Code": 200, "message": "Authentification complete",
            "username": "alice", "displayName": "Alice", "room": "stream1", "accessLevel": 3,
            "capabilities": [], "token": "t2", "tokenExpires": 1 });
        let Step::Live {
            resumed,
            content_limit,
            ..
        } = handshake.on(event("auth", accepted))
        else {
            panic!("not live");
        };
        assert_eq!((resumed, content_limit), (true, 300));
        assert_eq!(alice.token, Some(Secret::new("t2")));
    }
}
