//! Any bytes as a request.

use super::*;

/// What comes of `pieces`: the request, and how much came behind its head.
fn read_all(pieces: &[&[u8]]) -> Result<Option<(String, Vec<u8>)>, BadHead> {
    let mut head = Head::default();
    for (number, piece) in pieces.iter().enumerate() {
        if let Some(Whole { request, mut rest }) = head.add(piece)? {
            rest.extend(pieces[number + 1..].concat());
            hold(&request);
            return Ok(Some((format!("{request:?}"), rest)));
        }
        assert!(head.bytes.len() < HEAD_BYTES, "too much is kept");
    }
    Ok(None)
}

/// What every request that is looked at fulfils.
#[track_caller]
fn hold(request: &Request<()>) {
    let headers = request.headers();
    let count = |name: HeaderName| headers.get_all(name).iter().count();
    assert!(
        count(HOST) <= 1 && count(CONTENT_LENGTH) <= 1,
        "{request:?}"
    );
    assert!(count(HOST) == 1 || request.version() == Version::HTTP_10);
    assert!(count(CONTENT_LENGTH) + count(TRANSFER_ENCODING) <= 1 || count(CONTENT_LENGTH) == 0);
    let joined = in_one_line(request);
    assert_eq!(
        names_websocket(headers),
        names_websocket(joined.headers()),
        "{request:?}"
    );
    assert_eq!(websocket_key(request), websocket_key(&joined));
    if websocket_key(request).is_ok() {
        assert!(count(ORIGIN) <= 1, "{request:?}");
        assert_eq!(
            (count(SEC_WEBSOCKET_KEY), count(SEC_WEBSOCKET_VERSION)),
            (1, 1)
        );
        assert_eq!(count(TRANSFER_ENCODING), 0, "{request:?}");
    }
}

/// The same request, what is a list in it in one line.
fn in_one_line(request: &Request<()>) -> Request<()> {
    let mut joined = request.clone();
    for name in [CONNECTION, UPGRADE] {
        let values = request.headers().get_all(&name).iter();
        let values: Vec<&[u8]> = values.map(HeaderValue::as_bytes).collect();
        if let Ok(value) = HeaderValue::from_bytes(&values.join(&b", "[..])) {
            joined.headers_mut().insert(name, value);
        }
    }
    joined
}

#[test]
fn requests_are_the_same_however_they_are_cut() {
    crate::fuzz::run("head", |bytes, dice| {
        let whole = read_all(&[bytes]);
        let cut = read_all(&dice.cut(bytes));
        match (&whole, &cut) {
            // What can't get right any more shows earlier or later, and may show in the end only.
            (Err(_), Err(_) | Ok(None)) | (Ok(None), Err(_)) => {}
            _ => assert_eq!(whole, cut),
        }
    });
}
