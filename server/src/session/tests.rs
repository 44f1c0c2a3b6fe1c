//! Sessions by a transport that is no more than a queue: no socket, no frames, a format of its own.

use std::collections::VecDeque;

use chat_protocol::{Closing, Credential, DraftContent, PostMessage, Secret};
use tempfile::TempDir;

use super::*;
use crate::auth::{AuthSettings, Registration};
use crate::domain::moderation::BanScope;
use crate::limits::addresses::Addresses;
use crate::limits::{Caps, LimitSettings, NoPermit};
use crate::rooms::{FlushWindow, Founders, RoomSettings, Stores};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::database::{Database, Durability};
use crate::wire::format::{Format, websocket};
use crate::wire::outbox::{OutboxReader, Taken, outbox};

/// Longer than any test takes.
const AUTH_TIMEOUT: Duration = Duration::from_secs(600);

/// What sessions share, on a store of its own.
pub(crate) struct Bench {
    pub(crate) context: Arc<SessionContext>,
    _directory: TempDir,
}

pub(crate) fn bench(caps: Caps) -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let database = Arc::new(Database::open(directory.path(), Durability::Full).unwrap());
    let limits = Arc::new(Limits::new(LimitSettings {
        caps,
        ..LimitSettings::NONE
    }));
    let store = Arc::new(SqliteStore::new(database));
    let addresses = Addresses::new(store.clone(), BanScope::Account);
    let stores = Stores::of(store.clone(), addresses.clone());
    let rooms = Rooms::new(
        stores,
        RoomSettings {
            founders: Founders::Anyone,
            members_age: Duration::ZERO,
            window: FlushWindow::new(Duration::ZERO),
        },
    );
    let settings = AuthSettings {
        registration: Registration::Open,
        token_chain: None,
    };
    let authenticator = Authenticator::new(
        store,
        settings,
        directory.path(),
        Arc::clone(&limits),
        addresses,
    );
    let context = SessionContext {
        authenticator: authenticator.unwrap(),
        rooms,
        is_test_mode_allowed: true,
        limits,
        auth_timeout: AUTH_TIMEOUT,
    };
    Bench {
        context: Arc::new(context),
        _directory: directory,
    }
}

/// A client and its transport: what it says goes straight to the session, and what it is told is taken
/// out of the queue.
struct QueueClient {
    session: Session,
    reader: OutboxReader,
    format: Format,
    received: VecDeque<ServerEvent>,
}

impl Bench {
    fn connect(&self, format: Format) -> QueueClient {
        let address = "203.0.113.7".parse().unwrap();
        let client = Client {
            source: Source::of(address),
            address: Address::of(address),
            permit: self.context.limits.connection_permits().take().unwrap(),
        };
        let (outbox, reader) = outbox(format, None);
        QueueClient {
            session: Session::begin(Arc::clone(&self.context), outbox, client),
            reader,
            format,
            received: VecDeque::new(),
        }
    }

    fn full(&self) -> Option<NoPermit> {
        self.context.limits.connection_permits().full()
    }
}

impl QueueClient {
    /// What the client writes, from which its transport takes the envelope.
    async fn write(&mut self, text: &str) {
        let frame = self.format.decode(text);
        self.session.receive(Received::Frame(frame)).await;
    }

    /// What its transport has decoded by itself.
    async fn send(&mut self, event: &ClientEvent) {
        let frame = Ok(event.to_frame());
        self.session.receive(Received::Frame(frame)).await;
    }

    async fn auth(&mut self, name: &str) {
        self.send(&ClientEvent::Auth(Box::new(chat_protocol::Auth {
            username: Username::new(name).unwrap(),
            credential: Credential::Password(Secret::new(format!("the password of {name}"))),
            room: chat_protocol::RoomName::new("stream").unwrap(),
            capabilities: Vec::new(),
            since: None,
            register: true,
        })))
        .await;
    }

    async fn next(&mut self) -> Result<ServerEvent, Closing> {
        while self.received.is_empty() {
            match self.reader.next(1000).await {
                Taken::Frames(frames) => {
                    let texts = frames.iter().flat_map(|frames| match self.format {
                        Format::WebSocketNative | Format::SocketIo | Format::SocketIoPlain => {
                            websocket::texts(frames)
                        }
                        Format::Lines => {
                            let lines = str::from_utf8(frames).unwrap().lines();
                            lines.map(str::to_owned).collect()
                        }
                    });
                    let events = texts.map(|text| ServerEvent::decode(&text).unwrap());
                    self.received.extend(events);
                }
                Taken::Closed(closing) => return Err(closing),
                Taken::Nothing => unreachable!("it was waited for something"),
            }
        }
        Ok(self.received.pop_front().unwrap())
    }

    async fn expect(&mut self, name: &str) -> ServerEvent {
        let event = self.next().await.unwrap();
        assert_eq!(event.name(), name, "{event:?}");
        event
    }
}

fn message(text: &str) -> ClientEvent {
    ClientEvent::Message(PostMessage {
        content: DraftContent::new(text).unwrap(),
        nonce: None,
        reply_to: None,
    })
}

#[tokio::test]
async fn a_transport_that_is_a_queue_is_enough() {
    let bench = bench(Caps::default());
    let mut alice = bench.connect(Format::Lines);
    let mut bob = bench.connect(Format::WebSocketNative);
    for (client, name) in [(&mut alice, "alice"), (&mut bob, "bob")] {
        client.expect("connection").await;
        client.write("{").await;
        let refused = client.expect("cerror").await;
        assert!(
            matches!(&refused, ServerEvent::Cerror(error) if error.code == Code::Syntax),
            "{refused:?}"
        );
        client.send(&message("too early")).await;
        client.expect("cerror").await;
        client.auth(name).await;
        client.expect("auth").await;
    }
    // Each in its own format.
    alice.send(&message("hello")).await;
    bob.write(r#"{"event":"message","data":{"content":"hello"}}"#)
        .await;
    let mut told = Vec::new();
    for client in [&mut alice, &mut bob] {
        let both = [
            client.expect("message").await,
            client.expect("message").await,
        ];
        told.push(both);
    }
    assert_eq!(told[0], told[1]);
    alice.session.receive(Received::Binary).await;
    alice.expect("cerror").await;
    alice.session.receive(Received::Control).await;
    alice.send(&ClientEvent::Ping).await;
    alice.expect("pong").await;
    alice.send(&ClientEvent::Disconnect).await;
    assert!(alice.session.is_over());
    let closing = alice.next().await.unwrap_err();
    assert_eq!(closing.code, CloseCode::Normal);
    bob.send(&message("still here")).await;
    bob.expect("message").await;
}

#[tokio::test]
async fn a_permit_is_held_by_the_session_for_as_long_as_it_lasts() {
    let bench = bench(Caps {
        total: Some(2),
        unauthenticated: Some(1),
        per_address: None,
    });
    let mut alice = bench.connect(Format::Lines);
    assert_eq!(bench.full(), Some(NoPermit::Unauthenticated));
    alice.auth("alice").await;
    assert_eq!(bench.full(), None);
    let mut bob = bench.connect(Format::Lines);
    assert_eq!(bench.full(), Some(NoPermit::Total));
    bob.auth("bob").await;
    drop(alice);
    assert_eq!(bench.full(), None);
    bob.send(&ClientEvent::SetTestMode { value: true }).await;
    bob.send(&ClientEvent::ResetSocket).await;
    assert_eq!(bench.full(), Some(NoPermit::Unauthenticated));
    drop(bob);
    assert_eq!(bench.full(), None);
}

#[tokio::test]
async fn who_is_in_no_room_has_until_the_deadline() {
    let bench = bench(Caps::default());
    let mut alice = bench.connect(Format::Lines);
    let first = alice.session.auth_deadline().unwrap();
    assert!(first <= Instant::now() + AUTH_TIMEOUT);
    let later = Instant::now() + Duration::from_secs(60);
    alice.session.begin_anew(later);
    assert_eq!(alice.session.auth_deadline(), Some(later + AUTH_TIMEOUT));
    alice.auth("alice").await;
    assert_eq!(alice.session.auth_deadline(), None);
    alice.send(&ClientEvent::SetTestMode { value: true }).await;
    let left = Instant::now();
    alice.send(&ClientEvent::ResetSocket).await;
    let anew = alice.session.auth_deadline().unwrap();
    assert!(anew >= left + AUTH_TIMEOUT);
}
