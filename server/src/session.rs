//! One client's life: handshake, strictness, rights, and what it asks of its room.
//!
//! Owns the order of checks that the contract fixes, and answers every client event. It knows no
//! sockets and no formats: a transport hands it what it received, and drains the outbox.

mod login;
mod password;
mod refusal;
mod state;

use std::sync::Arc;
use std::time::Duration;

use chat_protocol::limits::{CONTENT_CHARS, FRAME_BYTES};
use chat_protocol::{
    Capabilities, ClientError, ClientEvent, CloseCode, Code, Connection, Frame, FrameError,
    HistoryRequest, Limits as AnnouncedLimits, PROTOCOL_VERSION, Pong, ServerEvent, Username,
    events,
};
use tokio::time::Instant;

use crate::auth::{Authenticator, Caller};
use crate::clock;
use crate::domain::address::Address;
use crate::domain::entry::AccountId;
use crate::limits::{ConnectionPermit, FLOODING, Limits, Pace, Source};
use crate::rooms::{LobbyGuard, Membership, Order, Rooms, Viewer};
use crate::wire::outbox::Outbox;
use crate::wire::outgoing::Outgoing;
use refusal::{Refusal, refusal, unavailable};
use state::{Action, State};

/// The name and version that `connection` announces.
pub const SERVER_NAME: &str = concat!("chat-server/", env!("CARGO_PKG_VERSION"));

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
    /// How long a client may be in no room, from the beginning or from leaving one.
    pub auth_timeout: Duration,
}

/// Whom a session is for, and what it counts as: for as long as the session lasts, however many of
/// its transport's connections it spans.
pub struct Client {
    /// Where the client is, as the limits count it.
    pub source: Source,
    /// The same in full.
    pub address: Address,
    /// The session's share of the connections that there may be.
    pub permit: ConnectionPermit,
}

/// What a transport received, with its framing taken off.
#[derive(Debug)]
pub enum Received {
    /// What should be an event, with its envelope taken off, or why that could not be done.
    Frame(Result<Frame, FrameError>),
    /// Something whole in which no event can be.
    Binary,
    /// What belongs to the transport alone: a ping, a pong, part of a message.
    Control,
}

/// What a client has in a room.
struct Member {
    membership: Membership,
    /// The user's name as they gave it.
    username: Username,
    /// The same as compared.
    key: String,
    account: AccountId,
    capabilities: Capabilities,
}

/// One client's session.
///
/// Its transport hands it what it received, one after the other, drains its outbox, and ends it
/// once that is to close, or once [`Session::auth_deadline`] has passed.
pub struct Session {
    context: Arc<SessionContext>,
    outbox: Outbox,
    client: Client,
    pace: Arc<Pace>,
    state: State,
    member: Option<Member>,
    /// For as long as the client is in no room.
    lobby_guard: Option<LobbyGuard>,
    auth_deadline: Instant,
    is_over: bool,
}

impl Session {
    /// Begins the session of `client`, and greets it.
    pub fn begin(context: Arc<SessionContext>, outbox: Outbox, client: Client) -> Self {
        let session = Self {
            state: State::new(context.is_test_mode_allowed),
            pace: Arc::new(context.limits.pace()),
            lobby_guard: Some(context.rooms.enter_lobby(client.address, outbox.clone())),
            auth_deadline: Instant::now() + context.auth_timeout,
            context,
            outbox,
            client,
            member: None,
            is_over: false,
        };
        session.send(ServerEvent::Connection(Connection {
            server: SERVER_NAME.to_owned(),
            protocol: PROTOCOL_VERSION,
            capabilities: Capabilities::ALL.names(),
            limits: AnnouncedLimits {
                content: CONTENT_CHARS,
                frame: FRAME_BYTES,
            },
            auth: session.context.authenticator.ways_in(),
        }));
        session
    }

    /// True once the client is in a room.
    pub fn is_member(&self) -> bool {
        self.member.is_some()
    }

    /// True where the client is told of its room's modes.
    pub fn is_told_of_room(&self) -> bool {
        let member = self.member.as_ref();
        member.is_some_and(|member| member.capabilities.room)
    }

    /// True once the client has said `disconnect` or was closed: what it sends after that does not
    /// count.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// When the session is to end with 4001, unless the client comes into a room before. `None` while
    /// it is in one.
    pub fn auth_deadline(&self) -> Option<Instant> {
        let is_waiting = self.member.is_none();
        is_waiting.then_some(self.auth_deadline)
    }

    /// The server did not run until `now`: the client has all its time anew.
    pub fn begin_anew(&mut self, now: Instant) {
        self.auth_deadline = now + self.context.auth_timeout;
    }

    /// Takes what the client sent. Every event is answered, or has its effect, before this ends.
    /// Whoever drops this future has to end the session.
    pub async fn receive(&mut self, received: Received) {
        let began = Instant::now();
        let was_member = self.is_member();
        match received {
            Received::Frame(Ok(frame)) => self.take(frame).await,
            Received::Frame(Err(error)) => {
                self.take_broken(&error.to_string(), error.event()).await;
            }
            Received::Binary => {
                let text = "binary frames are not supported: send text";
                self.take_broken(text, None).await;
            }
            Received::Control => self.take_control().await,
        }
        match was_member && !self.is_member() {
            true => self.begin_anew(Instant::now()),
            // The time that the server took is not the client's.
            false => self.auth_deadline += began.elapsed(),
        }
        let is_member = self.is_member();
        self.client.permit.set_authenticated(is_member);
    }

    /// Takes a frame that is no event, which counts against the pace like one.
    async fn take_broken(&mut self, what: &str, event: Option<&str>) {
        let refusal = match self.pace.event(events::CHEAP) {
            Ok(()) => Refusal::new(Code::Syntax, format!("Syntax error: {what}")),
            Err(too_fast) => Refusal::too_fast(too_fast),
        };
        self.refuse(refusal, event, None).await;
    }

    /// Control costs little, but not nothing.
    async fn take_control(&mut self) {
        if self.pace.event(events::CHEAP).is_err() {
            self.note_too_fast().await;
        }
    }

    /// Ends the session: the client leaves its room, once all it sent before is delivered.
    pub async fn end(&mut self) {
        if let Some(member) = self.member.take() {
            member.membership.leave().await;
        }
        self.state.left();
    }

    /// Ends the session without waiting for the room.
    pub fn abandon(&mut self) {
        drop(self.member.take());
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
            .takes_turn()
            .then(|| Arc::clone(&self.context.limits));
        let _turn = match &limits {
            Some(limits) => limits.answer_turn(self.client.source).await,
            None => None,
        };
        if action.has_long_answer() {
            // Before anything is read for it.
            self.look_for_answers(Some(&self.member()?.key))?;
        }
        match action {
            Action::Nothing => Ok(()),
            Action::Authenticate(auth) => self.authenticate(*auth).await,
            Action::Post(post) => self.member()?.membership.post(post).await.map_err(refusal),
            Action::Delete(id) => self.member()?.membership.delete(id).await.map_err(refusal),
            Action::Moderate(username, order) => self.moderate(&username, order).await,
            Action::Clear => self.member()?.membership.clear().await.map_err(refusal),
            Action::Change(change) => {
                let member = self.member()?;
                member.membership.change(change).await.map_err(refusal)
            }
            Action::Filter(change) => {
                let member = self.member()?;
                member.membership.filter(change).await.map_err(refusal)
            }
            Action::Held => self.member()?.membership.held().await.map_err(refusal),
            Action::Decide(id, choice) => {
                let member = self.member()?;
                member.membership.decide(id, choice).await.map_err(refusal)
            }
            Action::Filters => self.member()?.membership.filters().await.map_err(refusal),
            Action::Who => self.member()?.membership.who().await.map_err(refusal),
            Action::History(request) => self.history(&request).await,
            Action::Audit(query) => {
                let membership = &self.member()?.membership;
                let rooms = &self.context.rooms;
                rooms.audit(membership, &query).await.map_err(refusal)
            }
            Action::User(username) => {
                let membership = &self.member()?.membership;
                let rooms = &self.context.rooms;
                rooms.user(membership, &username).await.map_err(refusal)
            }
            Action::Sanctions => {
                let membership = &self.member()?.membership;
                let rooms = &self.context.rooms;
                rooms.sanctions(membership).await.map_err(refusal)
            }
            Action::ChangePassword(change) => self.change_password(change).await,
            Action::Pong => {
                self.send(ServerEvent::Pong(Pong { time: clock::now() }));
                Ok(())
            }
            Action::Reset => {
                // Before it leaves: a ban finds it here or there.
                let rooms = &self.context.rooms;
                self.lobby_guard =
                    Some(rooms.enter_lobby(self.client.address, self.outbox.clone()));
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
        let looked = self.context.limits.answer(user, self.client.source);
        looked.map_err(Refusal::too_fast)
    }

    fn member(&self) -> Result<&Member, Refusal> {
        self.member.as_ref().ok_or_else(Refusal::unauthenticated)
    }

    async fn moderate(&self, username: &Username, order: Order) -> Result<(), Refusal> {
        let member = self.member()?;
        let target = self.context.authenticator.person(username).await;
        let target = target.map_err(|error| unavailable(&error))?;
        member
            .membership
            .moderate(order, target)
            .await
            .map_err(refusal)
    }

    async fn history(&self, request: &HistoryRequest) -> Result<(), Refusal> {
        let member = self.member()?;
        let viewer = Viewer {
            account: member.account,
            wants_modes: member.capabilities.room,
        };
        let rooms = &self.context.rooms;
        rooms
            .history(&member.membership, viewer, request)
            .await
            .map_err(refusal)
    }

    fn caller(&self) -> Caller {
        Caller {
            source: self.client.source,
            address: self.client.address,
        }
    }

    async fn refuse(&mut self, refusal: Refusal, event: Option<&str>, nonce: Option<&str>) {
        let is_too_fast = refusal.code == Code::TooFast;
        self.send(ServerEvent::Cerror(ClientError {
            code: refusal.code,
            message: refusal.message,
            event: event.map(str::to_owned),
            nonce: nonce.map(str::to_owned),
            retry_after: refusal.retry_after,
            reason: refusal.reason,
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
        let user = self.member.as_ref().map(|member| member.key.as_str());
        if let Some(left_out) = self.context.limits.notices().next() {
            tracing::info!(user, source = %self.client.source, left_out, "closed: flooding");
        }
        self.is_over = true;
        self.end().await;
        self.outbox.close(CloseCode::Flooding, FLOODING);
    }

    fn send(&self, event: ServerEvent) {
        self.outbox.push(&Outgoing::new(event));
    }
}

#[cfg(test)]
pub(crate) mod tests;
