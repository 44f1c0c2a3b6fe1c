//! The contract's own format over WebSocket: one JSON object in one text frame.

use bytes::Bytes;
use chat_protocol::{Frame, FrameError, ServerEvent};

use super::websocket;

pub(super) fn encode(event: &ServerEvent) -> Bytes {
    websocket::text(&event.encode())
}

pub(super) fn decode(text: &str) -> Result<Frame, FrameError> {
    Frame::parse(text)
}
