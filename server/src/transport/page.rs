//! What a browser is shown that comes to a chat server.

use http::{Request, StatusCode};

use super::answer::Answer;
use super::route::{Handle, Handler, Route};
use super::{Accepted, TransportContext};
use crate::session::SERVER_NAME;

const TEXT: &str = "\
This is a chat server: every stream gets its room, over WebSocket.

Connect to / or /ws on this port with a WebSocket client, or from a terminal:

    chat-tui --user NAME --room ROOM --server ws://HOST:PORT

GET /healthz tells whether the server is well, GET /readyz whether it takes connections.
";

pub(super) fn routes() -> [Route; 1] {
    [Route::read("/", Handler::Client(Box::new(Page)))]
}

struct Page;

#[async_trait::async_trait]
impl Handle for Page {
    async fn answer(&self, _: &TransportContext, _: &Request<Vec<u8>>, _: &mut Accepted) -> Answer {
        Answer::text(
            StatusCode::OK,
            "text/plain; charset=utf-8",
            format!("{SERVER_NAME}\n\n{TEXT}"),
        )
    }
}
