//! The body that a request announces, and why it is not read.

use http::header::{CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use http::{HeaderMap, Request, StatusCode, Version};

use crate::transport::answer::Answer;
use crate::transport::head::is_chunked;

/// What a client is told who waits to be asked for the body.
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Whether more than its head belongs to a request.
pub(super) fn is_there(headers: &HeaderMap) -> bool {
    let is_empty = |length: &[u8]| length.iter().all(|digit| *digit == b'0');
    let length = headers.get(CONTENT_LENGTH);
    headers.contains_key(TRANSFER_ENCODING)
        || length.is_some_and(|length| !is_empty(length.as_bytes()))
}

/// How long the body is that a request has to have, of `most` bytes at most; what is answered where it
/// is not read. A length has to be said: whoever sends chunks may go on for ever.
pub(super) fn announced(headers: &HeaderMap, most: usize) -> Result<usize, Answer> {
    let expects_more =
        |value: &http::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if headers.get_all(EXPECT).iter().any(expects_more) {
        let line = "of what may be expected, only 100-continue is known";
        return Err(Answer::plain(StatusCode::EXPECTATION_FAILED, line));
    }
    if headers.contains_key(TRANSFER_ENCODING) && !is_chunked(headers) {
        let line = "this Transfer-Encoding is not known";
        return Err(Answer::plain(StatusCode::NOT_IMPLEMENTED, line));
    }
    let Some(length) = headers.get(CONTENT_LENGTH) else {
        let line = "the request has to say its Content-Length";
        return Err(Answer::plain(StatusCode::LENGTH_REQUIRED, line));
    };
    let length = length.to_str().ok().and_then(|length| length.parse().ok());
    match length {
        Some(length) if length <= most => Ok(length),
        _ => {
            let line = format!("the body may hold {most} bytes at most");
            Err(Answer::plain(StatusCode::PAYLOAD_TOO_LARGE, line))
        }
    }
}

/// Whether a client sends its body only once it is asked for it. One of HTTP/1.0 would not know what
/// it is told.
pub(super) fn waits_to_be_asked(request: &Request<()>) -> bool {
    request.version() == Version::HTTP_11 && request.headers().contains_key(EXPECT)
}
