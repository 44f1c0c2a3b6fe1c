//! Which part answers which request: routes as data, and the choice among them.
//!
//! Each part names its own routes, and what it does with a request; how requests are read and answers
//! written is not its business.

use http::{Method, Request, StatusCode};

use super::answer::Answer;
use super::head::names_websocket;
use super::{Accepted, TransportContext};

/// For what can only be read.
const READ: &[Method] = &[Method::GET, Method::HEAD];

/// Does what a client asks for.
#[async_trait::async_trait]
pub(super) trait Handle: Send + Sync {
    /// The answer to `request`, whose body is whole. Whoever waits for something here sees to it that
    /// it does not wait for ever: the connection's own deadlines are for what the client has to do.
    async fn answer(
        &self,
        context: &TransportContext,
        request: &Request<Vec<u8>>,
        accepted: &mut Accepted,
    ) -> Answer;
}

/// Who answers.
pub(super) enum Handler {
    /// For clients, who hold a permit while they are answered.
    Client(Box<dyn Handle>),
    /// For those who watch the server: they hold none, and are answered where there is none left.
    Watcher(fn(&TransportContext) -> Answer),
}

/// One kind of request, and who answers it.
pub(super) struct Route {
    path: &'static str,
    methods: &'static [Method],
    /// Only for requests that ask to become a WebSocket.
    is_upgrade: bool,
    /// Bytes of a body at most; 0 where none is read.
    body: usize,
    handler: Handler,
}

impl Route {
    /// `GET` and `HEAD` of `path`.
    pub(super) fn read(path: &'static str, handler: Handler) -> Self {
        Self {
            path,
            methods: READ,
            is_upgrade: false,
            body: 0,
            handler,
        }
    }

    /// `GET` of `path` where it asks for WebSocket. Has to stand before what else is read there.
    pub(super) fn upgrade(path: &'static str, handle: impl Handle + 'static) -> Self {
        Self {
            is_upgrade: true,
            ..Self::read(path, Handler::Client(Box::new(handle)))
        }
    }

    /// `POST` to `path` with a body of so many bytes at most.
    pub(super) fn post(path: &'static str, body: usize, handle: impl Handle + 'static) -> Self {
        Self {
            methods: &[Method::POST],
            body,
            ..Self::read(path, Handler::Client(Box::new(handle)))
        }
    }

    /// `OPTIONS` of `path`: what browsers ask before a page of another origin may ask for more.
    pub(super) fn options(path: &'static str, handle: impl Handle + 'static) -> Self {
        Self {
            methods: &[Method::OPTIONS],
            ..Self::read(path, Handler::Client(Box::new(handle)))
        }
    }

    /// Bytes of a body at most; 0 where none is read.
    pub(super) fn body(&self) -> usize {
        self.body
    }

    /// Who answers.
    pub(super) fn handler(&self) -> &Handler {
        &self.handler
    }
}

/// All routes.
pub struct Router {
    routes: Vec<Route>,
}

impl Router {
    /// Of routes for the same path and method, the first one counts.
    pub(super) fn new(routes: impl IntoIterator<Item = Route>) -> Self {
        Self {
            routes: routes.into_iter().collect(),
        }
    }

    /// The route of `request`, or what is answered where it has none.
    pub(super) fn choose<T>(&self, request: &Request<T>) -> Result<&Route, Answer> {
        let path = request.uri().path();
        let here = || self.routes.iter().filter(|route| route.path == path);
        let fits = |route: &&Route| {
            route.methods.contains(request.method())
                && (!route.is_upgrade || names_websocket(request.headers()))
        };
        if let Some(route) = here().find(fits) {
            return Ok(route);
        }
        let mut allowed: Vec<&Method> = Vec::new();
        for method in here().flat_map(|route| route.methods) {
            if !allowed.contains(&method) {
                allowed.push(method);
            }
        }
        Err(match allowed.is_empty() {
            true => Answer::plain(
                StatusCode::NOT_FOUND,
                "there is nothing here: the chat is at / and /ws, for Socket.IO at /socket.io/, the checks \
                 at /healthz and /readyz",
            ),
            false => Answer::method_not_allowed(&allowed),
        })
    }

    /// Who answers `request`, where it is of those who watch the server.
    pub(super) fn watcher<T>(
        &self,
        request: &Request<T>,
    ) -> Option<fn(&TransportContext) -> Answer> {
        match self.choose(request).ok()?.handler {
            Handler::Watcher(tell) => Some(tell),
            Handler::Client(_) => None,
        }
    }
}
