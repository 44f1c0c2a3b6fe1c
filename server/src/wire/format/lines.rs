//! One JSON object in a line: a second format, for tests of what must work with any.

use bytes::Bytes;
use chat_protocol::{Frame, FrameError, ServerEvent};

pub(super) fn encode(event: &ServerEvent) -> Bytes {
    (event.encode() + "\n").into()
}

pub(super) fn decode(text: &str) -> Result<Frame, FrameError> {
    Frame::parse(text.trim_end())
}
