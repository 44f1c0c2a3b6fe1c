//! Requests as they come in over a socket, with routes for tests beside the server's own.

use std::net::SocketAddr;
use std::sync::Once;

use http::StatusCode;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::health::Health;
use crate::limits::{Caps, TrustedProxies};
use crate::session::tests::{Bench, bench};
use crate::stopping::Stopping;
use crate::transport::route::Router;
use crate::transport::{Door, Timeouts, admit, page, probe};

/// Bytes that may be posted.
const BODY: usize = 16;

/// Answers with the body.
struct Echo;

#[async_trait::async_trait]
impl Handle for Echo {
    async fn answer(
        &self,
        _: &TransportContext,
        request: &Request<Vec<u8>>,
        _: &mut Accepted,
    ) -> Answer {
        let text = String::from_utf8_lossy(request.body()).into_owned();
        Answer::text(StatusCode::OK, "text/plain", text)
    }
}

struct Server {
    address: SocketAddr,
    bench: Bench,
}

impl Server {
    fn is_full(&self) -> bool {
        self.bench
            .context
            .limits
            .connection_permits()
            .full()
            .is_some()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// All that is answered to `text`, until the server ends the connection.
    async fn ask(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        rest(&mut stream).await
    }
}

async fn server(handshake: Duration, total: Option<usize>) -> Server {
    let bench = bench(Caps {
        total,
        ..Caps::default()
    });
    let own = [Route::post("/echo", BODY, Echo)].into_iter();
    let timeouts = Timeouts {
        handshake,
        auth: Duration::from_secs(600),
        ping: Duration::from_secs(600),
        idle: Duration::from_secs(600),
    };
    let context = Arc::new(TransportContext {
        session: Arc::clone(&bench.context),
        health: Arc::new(Health::default()),
        timeouts,
        allowed_origins: Vec::new(),
        stopping: Stopping::default(),
        cut: CancellationToken::new(),
        tasks: TaskTracker::new(),
        limits: Arc::clone(&bench.context.limits),
        door: Door::default(),
        router: Router::new(own.chain(page::routes()).chain(probe::routes())),
        trusted_proxies: TrustedProxies::default(),
        proxy_warning: Once::new(),
        socketio: Default::default(),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            admit(&context, stream, peer);
        }
    });
    Server { address, bench }
}

const LONG: Duration = Duration::from_secs(60);

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: here\r\n{headers}\r\n")
}

fn post(headers: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: here\r\n{headers}\r\n{body}")
}

fn echo(body: &str) -> String {
    post(&format!("Content-Length: {}\r\n", body.len()), body)
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The head and the body of the next answer.
async fn answer(stream: &mut TcpStream) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.split_once("content-length: ");
    let length = length.map_or(0, |(_, rest)| rest.lines().next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn statuses(answers: &str) -> Vec<&str> {
    let lines = answers.split("HTTP/1.1 ").skip(1);
    lines.map(|line| &line[..3]).collect()
}

#[tokio::test]
async fn a_connection_stays_for_one_request_after_the_other() {
    let server = server(LONG, None).await;
    let mut stream = server.connect().await;
    for body in ["one", "", "three"] {
        stream.write_all(get("/", "").as_bytes()).await.unwrap();
        let (head, page) = answer(&mut stream).await;
        assert!(!head.contains("connection:"), "{head}");
        assert!(page.contains("chat server"), "{page}");
        stream.write_all(echo(body).as_bytes()).await.unwrap();
        assert_eq!(answer(&mut stream).await.1, body);
    }
    let last = get("/", "Connection: keep-alive, Close\r\n");
    stream.write_all(last.as_bytes()).await.unwrap();
    let end = rest(&mut stream).await;
    assert!(end.contains("\r\nconnection: close\r\n"), "{end}");
}

#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_order() {
    let server = server(LONG, None).await;
    let head = "HEAD / HTTP/1.1\r\nHost: here\r\n\r\n";
    let all = [
        &echo("first"),
        head,
        &echo("second"),
        &get("/nowhere", ""),
        &echo("third"),
    ];
    let answers = server.ask(&all.concat()).await;
    // Behind a refusal nothing is read.
    assert_eq!(
        statuses(&answers),
        ["200", "200", "200", "404"],
        "{answers}"
    );
    let first = answers.find("\r\n\r\nfirst").unwrap();
    assert!(first < answers.find("\r\n\r\nsecond").unwrap());
    // Byte by byte it is the same.
    let mut stream = server.connect().await;
    stream.set_nodelay(true).unwrap();
    for byte in (echo("slow") + &echo("slower")).into_bytes() {
        stream.write_all(&[byte]).await.unwrap();
    }
    assert_eq!(answer(&mut stream).await.1, "slow");
    assert_eq!(answer(&mut stream).await.1, "slower");
}

#[tokio::test]
async fn a_connection_ends_where_http_says_so_and_behind_refusals() {
    let server = server(LONG, None).await;
    for (request, status) in [
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), "200"),
        (
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_owned(),
            "200",
        ),
        (get("/nowhere", ""), "404"),
        (get("/echo", ""), "405"),
        ("garbage\r\n\r\n".to_owned(), "400"),
        // Those who watch hold no permit, so they do not stay.
        (get("/healthz", ""), "200"),
        (get("/readyz", ""), "200"),
        // What is behind a head whose body nobody reads is no request.
        (get("/", "Content-Length: 40\r\n") + &get("/", ""), "200"),
        (
            get("/", "Transfer-Encoding: chunked\r\n") + &get("/", ""),
            "200",
        ),
    ] {
        let answers = server.ask(&request).await;
        assert_eq!(statuses(&answers), [status], "{request}: {answers}");
        assert!(answers.contains("\r\nconnection: close\r\n"), "{answers}");
    }
}

#[tokio::test]
async fn a_body_is_read_within_its_bounds() {
    let server = server(LONG, None).await;
    for (request, status) in [
        (echo(&"x".repeat(BODY + 1)), "413"),
        (post("Content-Length: 9999999999999999999\r\n", ""), "413"),
        (post("", ""), "411"),
        (post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), "411"),
        (post("Transfer-Encoding: gzip\r\n", ""), "501"),
        (post("Transfer-Encoding: gzip, chunked\r\n", ""), "501"),
        (post("Content-Length: 1\r\nExpect: much\r\n", "x"), "417"),
        (
            post("Content-Length: 17\r\nExpect: 100-continue\r\n", ""),
            "413",
        ),
    ] {
        let answers = server.ask(&request).await;
        assert_eq!(statuses(&answers), [status], "{request}: {answers}");
        assert!(answers.contains("\r\nconnection: close\r\n"), "{answers}");
    }
    let mut stream = server.connect().await;
    let longest = "x".repeat(BODY);
    stream.write_all(echo(&longest).as_bytes()).await.unwrap();
    assert_eq!(answer(&mut stream).await.1, longest);
    // Who waits to be asked is asked, and who does not wait is not.
    let waits = post("Content-Length: 4\r\nExpect: 100-Continue\r\n", "");
    stream.write_all(waits.as_bytes()).await.unwrap();
    let (head, _) = answer(&mut stream).await;
    assert_eq!(head.as_bytes(), body::CONTINUE);
    stream.write_all(b"body").await.unwrap();
    assert_eq!(answer(&mut stream).await.1, "body");
    stream.write_all((waits + "body").as_bytes()).await.unwrap();
    assert_eq!(answer(&mut stream).await.1, "body");
}

#[tokio::test]
async fn a_connection_has_so_many_requests() {
    let server = server(LONG, None).await;
    let answers = server.ask(&echo("x").repeat(REQUESTS + 1)).await;
    assert_eq!(statuses(&answers).len(), REQUESTS);
    assert_eq!(answers.matches("connection: close").count(), 1);
}

#[tokio::test]
async fn who_is_silent_between_requests_or_within_one_is_let_go() {
    let server = server(Duration::from_millis(200), Some(1)).await;
    for begun in [
        "",
        "GET",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx",
    ] {
        let mut stream = server.connect().await;
        stream.write_all(get("/", "").as_bytes()).await.unwrap();
        answer(&mut stream).await;
        // It counts among the connections for as long as it stays.
        assert!(server.is_full(), "{begun}");
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut end = Vec::new();
        // It may be reset over what it began.
        let _ = stream.read_to_end(&mut end).await;
        assert_eq!(end, b"", "{begun}");
        let free = async {
            while server.is_full() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, free).await.unwrap();
    }
}
