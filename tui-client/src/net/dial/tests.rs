use tokio::net::{TcpListener, TcpSocket};
use tokio_tungstenite::accept_async;

use super::*;

#[test]
fn errors_are_in_the_users_words() {
    let tls = |error: rustls::Error| io_words(&io::Error::other(error));
    let plain = rustls::InvalidMessage::InvalidContentType;
    assert_eq!(tls(plain.into()), "no TLS is spoken there");
    let refused = io::Error::from_raw_os_error(111);
    assert_eq!(io_words(&refused), "connection refused");
    let other = io::Error::from_raw_os_error(113);
    assert_eq!(io_words(&other), "No route to host");
    let unknown = DialError::Unknown {
        host: "chat.example".to_owned(),
        error: io::Error::other("failed to lookup address information: Name not known"),
    };
    let words = "no address found for chat.example: Name not known";
    assert_eq!(unknown.to_string(), words);
}

#[test]
fn of_several_addresses_the_one_that_got_farthest_is_told() {
    let url = ServerUrl::new("ws://h").unwrap();
    let refused = || DialError::Io(io::Error::from_raw_os_error(111));
    let silent = || DialError::TimedOut(ATTEMPT);
    let certificate = || {
        let problem = rustls::CertificateError::Revoked;
        DialError::Io(io::Error::other(rustls::Error::InvalidCertificate(problem)))
    };
    let check = |lost: Vec<DialError>, words: &str| {
        let told = farthest(lost, &url).to_string();
        assert!(told.contains(words), "{told}");
    };
    check(vec![silent(), refused()], "refused");
    check(vec![refused(), silent()], "refused");
    check(vec![refused(), certificate(), silent()], "revoked");
    check(vec![silent()], "no answer within 10 seconds");
    check(vec![], "no address found for h");
}

/// An address that takes no connections any more: its queue is full.
async fn silent() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    let moment = Duration::from_millis(100);
    while let Ok(connected) = timeout(moment, TcpStream::connect(address)).await {
        waiting.push(connected.unwrap());
    }
    (listener, waiting, address)
}

/// An address whose server takes connections and says nothing.
async fn mute() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.3:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn an_address_that_does_not_answer_is_passed_by() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let (_full, _waiting, silent) = silent().await;
        let (_mute, mute) = mute().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            accept_async(stream).await.unwrap()
        });
        let url = ServerUrl::new("ws://chat.example").unwrap();
        let opened = race(vec![silent, mute, address], |address, taken| {
            let url = url.clone();
            async move { open(&url, address, &taken).await.map(|_| address) }
        });
        let opened = timeout(Duration::from_secs(5), opened).await;
        assert_eq!(opened.unwrap().unwrap(), address);
        server.await.unwrap();
    });
}
