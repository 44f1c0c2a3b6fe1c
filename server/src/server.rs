//! The server as a whole: builds the parts, accepts connections, stops gracefully.

mod crowding;
pub(crate) mod signals;
mod timekeeping;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Once};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::{AuthSettings, Authenticator, KeyError, Registration, watch_key};
use crate::clock;
use crate::control::{self, Control};
use crate::data_lock::{DataLock, LockError};
use crate::domain::moderation::BanScope;
use crate::limits::addresses::Addresses;
use crate::limits::{LimitSettings, Limits, TrustedProxies};
use crate::pulse;
use crate::rooms::retention::{self, Retention};
use crate::rooms::{FlushWindow, Founders, RoomSettings, Rooms, Stores};
use crate::session::SessionContext;
use crate::stopping::{Stop, Stopping};
use crate::store::addresses::AddressesError;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::database::{self, Database, Durability, OpenError};
use crate::transport::origin::AllowedOrigin;
use crate::transport::{self, Door, Timeouts, TransportContext};
use crowding::AcceptFailures;
use timekeeping::Timekeeper;

/// How long a command may still be at work on the data.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// How long rooms may take to finish what waits once the server stops.
const ROOMS_PATIENCE: Duration = Duration::from_millis(2000);
/// How long connections may take to end after that.
const CONNECTIONS_PATIENCE: Duration = Duration::from_millis(1500);
/// How long the database may take to close.
const DATABASE_PATIENCE: Duration = Duration::from_millis(1000);
/// Pause after an accept that failed (too many open files): the cause does not go away at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a server is built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// The data directory.
    pub data: PathBuf,
    /// Whether an unknown name with a password makes an account.
    pub registration: Registration,
    /// How long somebody may log in by resume tokens alone; `None` for ever.
    pub token_chain: Option<Duration>,
    /// Who may found rooms.
    pub founders: Founders,
    /// Whether clients may switch to test mode.
    pub is_test_mode_allowed: bool,
    /// The `Origin`s that may upgrade; empty for any.
    pub allowed_origins: Vec<AllowedOrigin>,
    /// What outlives a power loss.
    pub durability: Durability,
    /// How much rooms keep.
    pub retention: Retention,
    /// The age from which on an account may post where only members may.
    pub members_age: Duration,
    /// How long messages of a large room may wait to share a write; zero for not at all.
    pub flush_window: Duration,
    /// The connections' timeouts.
    pub timeouts: Timeouts,
    /// How much clients may do, and how fast.
    pub limits: LimitSettings,
    /// The proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: TrustedProxies,
    /// How far every ban from a room reaches at least.
    pub every_ban: BanScope,
}

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The data directory is in use.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The database can't be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The banned networks can't be read.
    #[error(transparent)]
    Addresses(#[from] AddressesError),
    /// The token key can't be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The listener's address can't be read.
    #[error("cannot tell the listening address")]
    Address(#[source] io::Error),
}

/// Serves on `listener` until `shutdown` ends, then stops: accepts nothing more, finishes what was
/// accepted, tells the clients (1012 or 1001, as `shutdown` says), closes the store.
pub async fn run(
    listener: TcpListener,
    config: ServerConfig,
    shutdown: impl Future<Output = Stop>,
) -> Result<(), ServerError> {
    let address = listener.local_addr().map_err(ServerError::Address)?;
    let server = Server::build(config).await?;
    tracing::info!(%address, "listening");
    let stop = tokio::select! {
        never = server.accept(listener) => match never {},
        stop = shutdown => stop,
    };
    server.stop(stop).await;
    Ok(())
}

/// Whether an accept failed because of who connected.
fn is_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    )
}

/// Runs `work`, which would never end, until the server stops.
async fn until(stopping: Stopping, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        () = stopping.begun() => {}
    }
}

struct Server {
    context: Arc<TransportContext>,
    rooms: Rooms,
    database: Arc<Database>,
    accept_failures: Arc<AcceptFailures>,
    _lock: DataLock,
}

impl Server {
    async fn build(config: ServerConfig) -> Result<Self, ServerError> {
        database::create_directory(&config.data)?;
        // Before anything in it is looked at: a newer server must not migrate under an older one.
        let lock = DataLock::take_within(&config.data, LOCK_PATIENCE)?;
        let database = Arc::new(Database::open(&config.data, config.durability)?);
        database.reserve_log().await;
        // Before anything is deleted for its age.
        let store = Arc::new(SqliteStore::new(Arc::clone(&database)));
        let timekeeper = Timekeeper::begin(store.clone()).await;
        let addresses = Addresses::new(store.clone(), config.every_ban);
        // Before anybody can come in.
        addresses.load(clock::moment()).await?;
        let stores = Stores::of(store.clone(), addresses.clone());
        let settings = RoomSettings {
            founders: config.founders,
            members_age: config.members_age,
            window: FlushWindow::new(config.flush_window),
        };
        let rooms = Rooms::new(stores, settings);
        let control = Control {
            accounts: store.clone(),
            rooms: rooms.clone(),
        };
        let limits = Arc::new(Limits::new(config.limits));
        let session = SessionContext {
            authenticator: Authenticator::new(
                store,
                AuthSettings {
                    registration: config.registration,
                    token_chain: config.token_chain,
                },
                &config.data,
                Arc::clone(&limits),
                addresses.clone(),
            )?,
            rooms: rooms.clone(),
            is_test_mode_allowed: config.is_test_mode_allowed,
            limits: Arc::clone(&limits),
            auth_timeout: config.timeouts.auth,
        };
        let stopping = Stopping::default();
        let tasks = TaskTracker::new();
        tasks.spawn(timekeeper.run(stopping.clone()));
        tasks.spawn(until(stopping.clone(), pulse::beat()));
        tasks.spawn(retention::run(
            rooms.clone(),
            config.retention,
            stopping.clone(),
        ));
        tasks.spawn(retention::forget_rooms(
            rooms.clone(),
            config.retention,
            stopping.clone(),
        ));
        tasks.spawn(retention::forget_addresses(addresses, stopping.clone()));
        tasks.spawn(control::run(control, config.data.clone(), stopping.clone()));
        tasks.spawn({
            let database = Arc::clone(&database);
            until(stopping.clone(), async move { database.watch().await })
        });
        tasks.spawn(until(stopping.clone(), watch_key(&config.data)));
        let accept_failures = Arc::new(AcceptFailures::default());
        let crowding = crowding::watch(Arc::clone(&limits), Arc::clone(&accept_failures));
        tasks.spawn(until(stopping.clone(), crowding));
        let context = TransportContext {
            session: Arc::new(session),
            health: database.health(),
            timeouts: config.timeouts,
            allowed_origins: config.allowed_origins,
            cut: CancellationToken::new(),
            stopping,
            tasks,
            limits,
            door: Door::default(),
            router: transport::router(),
            trusted_proxies: config.trusted_proxies,
            proxy_warning: Once::new(),
            socketio: Default::default(),
        };
        tracing::info!(path = %config.data.display(), "data directory");
        Ok(Self {
            context: Arc::new(context),
            rooms,
            database,
            accept_failures,
            _lock: lock,
        })
    }

    async fn accept(&self, listener: TcpListener) -> Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => transport::admit(&self.context, stream, peer),
                // It was gone before it was taken: the next one is not.
                Err(error) if is_peers(&error) => {
                    tracing::debug!(%error, "a connection was gone before it was accepted");
                }
                Err(error) => {
                    self.accept_failures.note(&error);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn stop(self, stop: Stop) {
        tracing::info!("stopping");
        self.context.stopping.begin(stop);
        if tokio::time::timeout(ROOMS_PATIENCE, self.rooms.stop(stop))
            .await
            .is_err()
        {
            tracing::warn!("some rooms did not finish in time");
        }
        self.context.cut.cancel();
        self.context.tasks.close();
        let connections = self.context.tasks.wait();
        if tokio::time::timeout(CONNECTIONS_PATIENCE, connections)
            .await
            .is_err()
        {
            let left = self.context.tasks.len();
            tracing::info!(left, "some clients did not close their connection in time");
        }
        let database = Arc::clone(&self.database);
        let close = tokio::task::spawn_blocking(move || database.close());
        match tokio::time::timeout(DATABASE_PATIENCE, close).await {
            Ok(Ok(())) => tracing::info!("stopped"),
            // Nothing is lost: what was answered for is in the write-ahead log.
            _ => tracing::warn!("stopped before the database was closed"),
        }
    }
}
