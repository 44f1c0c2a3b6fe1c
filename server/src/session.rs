//! One client's life: handshake, strictness, rights, and what it asks of its room.
//!
//! Owns the order of checks that the contract fixes, and answers every client event. It knows no
//! sockets: a transport hands it frames and drains the outbox.

mod state;

use std::sync::Arc;

use chat_protocol::limits::{CONTENT_CHARS, FRAME_BYTES};
use chat_protocol::{
    AuditRequest, Auth, AuthAccepted, CAPABILITY_MODERATION, CAPABILITY_PRESENCE, CAPABILITY_ROOM,
    ClientError, ClientEvent, CloseCode, Code, Connection, Frame, HistoryRequest,
    Limits as AnnouncedLimits, PROTOCOL_VERSION, Pong, Rank, RoomName, ServerEvent, Username,
    events, sentences,
};

use crate::auth::{AuthError, Authenticator, Caller, HashError, Identity};
use crate::clock;
use crate::domain::address::Address;
use crate::domain::entry::AccountId;
use crate::limits::{Allowance, FLOODING, Limits, Notices, Pace, Source, TooFast};
use crate::rooms::{EnterError, Entrance, LobbyGuard, Membership, Order, RoomError, Rooms};
use crate::store::log::Viewer;
use crate::wire::outbox::Outbox;
use crate::wire::outgoing::Outgoing;
use state::{Action, Refusal, State};

/// The name and version that `connection` announces.
pub const SERVER_NAME: &str = concat!("chat-server/", env!("CARGO_PKG_VERSION"));

/// What a client may ask for in `auth`.
const CAPABILITIES: [&str; 3] = [CAPABILITY_PRESENCE, CAPABILITY_ROOM, CAPABILITY_MODERATION];

/// How often a login is looked at anew whose account changes meanwhile.
const ATTEMPTS: usize = 3;

/// What all sessions share.
pub struct SessionContext {
    /// Who may say they are whom.
    pub authenticator: Authenticator,
    /// The rooms.
    pub rooms: Rooms,
    /// Whether clients may switch to test mode.
    pub is_test_mode_allowed: bool,
    /// How much clients may do, and how fast.
    pub limits: Arc<Limits>,
}

/// A member's place: the room, and the user's name as compared.
struct ConnectionPermit {
    membership: Membership,
    key: String,
    account: AccountId,
    wants_modes: bool,
}

/// One client's session.
pub struct Session {
    context: Arc<SessionContext>,
    outbox: Outbox,
    source: Source,
    address: Address,
    pace: Arc<Pace>,
    state: State,
    place: Option<ConnectionPermit>,
    /// For as long as there is no place.
    lobby_guard: Option<LobbyGuard>,
    is_over: bool,
}

impl Session {
    /// Begins the session of a client at `source`, whose full address is `address`, and greets it.
    pub fn begin(
        context: Arc<SessionContext>,
        outbox: Outbox,
        source: Source,
        address: Address,
    ) -> Self {
        let session = Self {
            state: State::new(context.is_test_mode_allowed),
            pace: Arc::new(context.limits.pace()),
            lobby_guard: Some(context.rooms.wait(address, outbox.clone())),
            context,
            outbox,
            source,
            address,
            place: None,
            is_over: false,
        };
        session.send(&ServerEvent::Connection(Connection {
            server: SERVER_NAME.to_owned(),
            protocol: PROTOCOL_VERSION,
            capabilities: CAPABILITIES.map(str::to_owned).to_vec(),
            limits: AnnouncedLimits {
                content: CONTENT_CHARS,
                frame: FRAME_BYTES,
            },
        }));
        session
    }

    /// True once the client is in a room.
    pub fn is_member(&self) -> bool {
        self.place.is_some()
    }

    /// True once the client has said `disconnect` or was closed: what it sends after that does not
    /// count.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Takes the text of one frame.
    pub async fn take_text(&mut self, text: &str) {
        match Frame::parse(text) {
            Ok(frame) => self.take(frame).await,
            Err(error) => {
                self.take_broken(&error.to_string(), error.event()).await;
            }
        }
    }

    /// Takes a binary frame: the protocol has none.
    pub async fn take_binary(&mut self) {
        let text = "binary frames are not part of the protocol, send text";
        self.take_broken(text, None).await;
    }

    /// Takes a frame that is no event, which counts against the pace like one.
    async fn take_broken(&mut self, what: &str, event: Option<&str>) {
        let refusal = match self.pace.event(events::CHEAP) {
            Ok(()) => Refusal::new(Code::Syntax, format!("Syntax error: {what}")),
            Err(too_fast) => Refusal::too_fast(too_fast),
        };
        self.refuse(refusal, event, None).await;
    }

    /// Takes a ping, a pong or part of a message: they cost little, but not nothing.
    pub async fn take_control(&mut self) {
        if self.pace.event(events::CHEAP).is_err() {
            self.note_too_fast().await;
        }
    }

    /// Ends the session: the client leaves its room, once all it sent before is delivered.
    pub async fn end(&mut self) {
        if let Some(place) = self.place.take() {
            place.membership.leave().await;
        }
        self.state.left();
    }

    /// Ends the session without waiting for the room.
    pub fn abandon(&mut self) {
        drop(self.place.take());
        self.state.left();
    }

    async fn take(&mut self, frame: Frame) {
        let event = frame.event.clone();
        let nonce = frame.nonce().map(str::to_owned);
        let outcome = match self.pace.event(events::cost(&event)) {
            Ok(()) => self.admit(frame).await,
            Err(too_fast) => Err(Refusal::too_fast(too_fast)),
        };
        if let Err(refusal) = outcome {
            self.refuse(refusal, Some(&event), nonce.as_deref()).await;
        }
    }

    async fn admit(&mut self, frame: Frame) -> Result<(), Refusal> {
        self.state.admit(&frame.event)?;
        self.decide(frame).await
    }

    async fn decide(&mut self, frame: Frame) -> Result<(), Refusal> {
        let event = ClientEvent::from_frame(frame)
            .map_err(|error| Refusal::new(Code::Syntax, format!("Syntax error: {error}")))?;
        let action = self.state.decide(event)?;
        // Held until the answer is there. Most events have no long one, and pay nothing for it.
        let limits = action
            .has_long_answer()
            .then(|| Arc::clone(&self.context.limits));
        let _turn = match &limits {
            Some(limits) => limits.answer_turn(self.source).await,
            None => None,
        };
        if limits.is_some() {
            // Before anything is read for it.
            self.look_for_answers(Some(&self.place()?.key))?;
        }
        match action {
            Action::Nothing => Ok(()),
            Action::Authenticate(auth) => self.authenticate(*auth).await,
            Action::Post(post) => self.place()?.membership.post(post).await.map_err(refusal),
            Action::Delete(id) => self.place()?.membership.delete(id).await.map_err(refusal),
            Action::Moderate(username, order) => self.moderate(&username, order).await,
            Action::Clear => self.place()?.membership.clear().await.map_err(refusal),
            Action::Change(change) => {
                let place = self.place()?;
                place.membership.change(change).await.map_err(refusal)
            }
            Action::Filter(change) => {
                let place = self.place()?;
                place.membership.filter(change).await.map_err(refusal)
            }
            Action::Held => self.place()?.membership.held().await.map_err(refusal),
            Action::Decide(id, choice) => {
                let place = self.place()?;
                place.membership.decide(id, choice).await.map_err(refusal)
            }
            Action::Filters => self.place()?.membership.filters().await.map_err(refusal),
            Action::Who => self.place()?.membership.who().await.map_err(refusal),
            Action::History(request) => self.history(&request).await,
            Action::Audit(request) => self.audit(&request).await,
            Action::Pong => {
                self.send(&ServerEvent::Pong(Pong { time: clock::now() }));
                Ok(())
            }
            Action::Reset => {
                // Before it leaves: a ban finds it here or there.
                let rooms = &self.context.rooms;
                self.lobby_guard = Some(rooms.wait(self.address, self.outbox.clone()));
                self.end().await;
                Ok(())
            }
            Action::Disconnect => {
                self.is_over = true;
                self.end().await;
                self.outbox.close(CloseCode::Normal, "bye");
                Ok(())
            }
        }
    }

    /// Whether `user`, where it is known who that is, may be sent what may be long.
    fn look_for_answers(&self, user: Option<&str>) -> Result<(), Refusal> {
        let looked = self.context.limits.answer(user, self.source);
        looked.map_err(Refusal::too_fast)
    }

    fn place(&self) -> Result<&ConnectionPermit, Refusal> {
        self.place.as_ref().ok_or_else(Refusal::unauthenticated)
    }

    async fn moderate(&self, username: &Username, order: Order) -> Result<(), Refusal> {
        let place = self.place()?;
        let target = self.context.authenticator.person(username).await;
        let target = target.map_err(|error| unavailable(&error))?;
        place
            .membership
            .moderate(order, target)
            .await
            .map_err(refusal)
    }

    async fn history(&self, request: &HistoryRequest) -> Result<(), Refusal> {
        let place = self.place()?;
        let viewer = Viewer {
            account: place.account,
            wants_modes: place.wants_modes,
        };
        let rooms = &self.context.rooms;
        rooms
            .history(&place.membership, viewer, request)
            .await
            .map_err(refusal)
    }

    async fn audit(&self, request: &AuditRequest) -> Result<(), Refusal> {
        let membership = &self.place()?.membership;
        let rooms = &self.context.rooms;
        rooms.audit(membership, request).await.map_err(refusal)
    }

    async fn authenticate(&mut self, auth: Auth) -> Result<(), Refusal> {
        for _ in 0..ATTEMPTS {
            match self.log_in(&auth).await {
                // What was looked at is not what is there any more.
                Err(LoginError::Room(RoomError::Enter(EnterError::SignedOut))) => {}
                outcome => {
                    let notices = self.context.limits.notices();
                    return outcome.map_err(|error| refused_login(&auth.username, error, notices));
                }
            }
        }
        let text = "the account is being changed: try again";
        Err(Refusal::new(Code::Unavailable, text))
    }

    /// One attempt to come in.
    async fn log_in(&mut self, auth: &Auth) -> Result<(), LoginError> {
        let rooms = &self.context.rooms;
        rooms.admit_address(&self.address, &auth.username).await?;
        // What a resume brings is long. Who is refused it here has made no account.
        if auth.since.is_some() {
            self.look_for_answers(None)?;
        }
        // Before the account is looked at: what becomes of it from here on is known at the door.
        let login = rooms.log_in(&auth.username);
        let authenticator = &self.context.authenticator;
        let caller = Caller {
            source: self.source,
            address: self.address,
        };
        let identity = authenticator
            .authenticate(&auth.username, auth.credential.clone(), caller)
            .await?;
        let limits = Arc::clone(&self.context.limits);
        let _turn = match auth.since.is_some() {
            true => limits.answer_turn(self.source).await,
            false => None,
        };
        if auth.since.is_some() {
            // By the address once more: others may have had their turn before.
            self.look_for_answers(Some(&identity.account.key))?;
        }
        let wants = |name: &str| auth.capabilities.iter().any(|wanted| wanted == name);
        let wants_modes = wants(CAPABILITY_ROOM);
        let granted = CAPABILITIES.into_iter().filter(|name| wants(name));
        let granted = granted.map(str::to_owned).collect();
        let key = identity.account.key.clone();
        let account = identity.account.id;
        let room = rooms.called(&auth.room).await?;
        let entrance = Entrance {
            welcome: welcome(&identity, &room, granted),
            account: identity.account,
            is_new: identity.is_new,
            login,
            address: self.address,
            wants_presence: wants(CAPABILITY_PRESENCE),
            wants_modes,
            wants_audit: wants(CAPABILITY_MODERATION),
            since: auth.since.clone(),
            outbox: self.outbox.clone(),
            allowance: Allowance {
                user: key.as_str().into(),
                limits: Arc::clone(&self.context.limits),
                pace: Arc::clone(&self.pace),
                source: self.source,
            },
        };
        let membership = rooms.enter(room, entrance).await?;
        self.place = Some(ConnectionPermit {
            membership,
            key,
            account,
            wants_modes,
        });
        self.state.entered();
        self.lobby_guard = None;
        Ok(())
    }

    async fn refuse(&mut self, refusal: Refusal, event: Option<&str>, nonce: Option<&str>) {
        let is_too_fast = refusal.code == Code::TooFast;
        self.send(&ServerEvent::Cerror(ClientError {
            code: refusal.code,
            message: refusal.message,
            event: event.map(str::to_owned),
            nonce: nonce.map(str::to_owned),
            retry_after: refusal.retry_after,
        }));
        if is_too_fast {
            self.note_too_fast().await;
        }
    }

    /// The client was refused for being too fast. Whoever goes on regardless is put out.
    async fn note_too_fast(&mut self) {
        if !self.pace.goes_on_regardless() {
            return;
        }
        let user = self.place.as_ref().map(|place| place.key.as_str());
        if let Some(left_out) = self.context.limits.notices().next() {
            tracing::info!(user, source = %self.source, left_out, "closed: flooding");
        }
        self.is_over = true;
        self.end().await;
        self.outbox.close(CloseCode::Flooding, FLOODING);
    }

    fn send(&self, event: &ServerEvent) {
        self.outbox.push(&Outgoing::new(event));
    }
}

/// What is said to whom is let in; the room adds how they stand there.
fn welcome(identity: &Identity, room: &RoomName, capabilities: Vec<String>) -> Box<AuthAccepted> {
    let Identity { account, token, .. } = identity;
    Box::new(AuthAccepted {
        code: Code::Ok,
        message: sentences::AUTHENTICATED.to_owned(),
        username: account.username.clone(),
        display_name: account.username.clone(),
        room: room.as_str().to_owned(),
        access_level: Rank::User,
        capabilities,
        token: token.text.expose().to_owned(),
        token_expires: token.expires,
    })
}

/// Why somebody did not come in.
enum LoginError {
    Auth(AuthError),
    Room(RoomError),
    Refused(Refusal),
}

impl From<Refusal> for LoginError {
    fn from(refusal: Refusal) -> Self {
        LoginError::Refused(refusal)
    }
}

impl From<AuthError> for LoginError {
    fn from(error: AuthError) -> Self {
        LoginError::Auth(error)
    }
}

impl From<RoomError> for LoginError {
    fn from(error: RoomError) -> Self {
        LoginError::Room(error)
    }
}

fn refused_login(username: &Username, error: LoginError, notices: &Notices) -> Refusal {
    let error = match error {
        LoginError::Auth(error) => error,
        LoginError::Room(error) => return refusal(error),
        LoginError::Refused(refusal) => return refusal,
    };
    let note = |error: &AuthError| {
        if let Some(left_out) = notices.next() {
            tracing::info!(%username, reason = %error, left_out, "login refused");
        }
    };
    match error {
        AuthError::WrongPassword | AuthError::WrongToken => {
            note(&error);
            Refusal::new(Code::Unauthenticated, error.to_string())
        }
        AuthError::Name(_) => Refusal::new(Code::Forbidden, error.to_string()),
        AuthError::Password(_) => Refusal::new(Code::Syntax, error.to_string()),
        AuthError::TooManyFailures(too_fast) | AuthError::TooManyAccounts(too_fast) => {
            note(&error);
            Refusal {
                message: format!("{error}: wait {} s", too_fast.retry_after),
                ..Refusal::too_fast(too_fast)
            }
        }
        AuthError::Hash(HashError::Busy | HashError::Stopped) => {
            Refusal::new(Code::Unavailable, error.to_string())
        }
        AuthError::Accounts(_) | AuthError::Hash(_) => unavailable(&error),
    }
}

fn refusal(error: RoomError) -> Refusal {
    match error {
        RoomError::Stopping => Refusal::new(Code::Unavailable, error.to_string()),
        RoomError::Enter(
            EnterError::Banned(..)
            | EnterError::AddressBanned(..)
            | EnterError::NetworkBanned(..)
            | EnterError::LooksLikeAnother,
        ) => Refusal::new(Code::Forbidden, error.to_string()),
        RoomError::Enter(EnterError::NoSuchRoom) => Refusal::new(Code::NotFound, error.to_string()),
        RoomError::Enter(EnterError::TooMany(_, retry_after)) => Refusal {
            message: error.to_string(),
            ..Refusal::too_fast(TooFast { retry_after })
        },
        RoomError::Log(_) | RoomError::Enter(_) | RoomError::Operate(_) => unavailable(&error),
    }
}

/// The client is told that it may try again; why it has to is in the log.
fn unavailable(error: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::error!(error, "a request could not be served");
    let text = "the server cannot reach its store now: try again";
    Refusal::new(Code::Unavailable, text)
}
