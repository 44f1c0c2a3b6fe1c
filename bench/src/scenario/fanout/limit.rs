//! Measuring the limit: starts this very program as the server that only writes, reads what it
//! writes, and counts its CPU time as the real server's was counted.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::Plan;
use crate::client::{ClientError, PATIENCE};
use crate::limit_server::Written;
use crate::measure::{Meter, Usage};
use crate::scenario::{ScenarioError, WARM_UP};
use crate::worker::{Worker, finished};

/// What the limit is.
pub(super) struct Limit {
    /// Frames that came while it was measured.
    pub(super) deliveries: f64,
    /// Who used the CPU meanwhile.
    pub(super) usage: Usage,
    /// What its process says.
    pub(super) written: Written,
}

impl Limit {
    /// Measures it, with frames of `frame` bytes.
    pub(super) async fn measure(plan: &Plan, frame: u32) -> Result<Self, ScenarioError> {
        let worker = Worker::start("load")?;
        let process = LimitProcess::start(plan, frame).map_err(ScenarioError::Limit)?;
        let received = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&received);
        let connecting = read_all(process.address, plan.connections(), counted);
        finished(worker.spawn(connecting), PATIENCE).await?;
        sleep(WARM_UP).await;
        let meter = Meter::begin([process.id()], &[&worker])?;
        let before = received.load(Ordering::Relaxed);
        sleep(plan.measured).await;
        let bytes = received.load(Ordering::Relaxed) - before;
        let usage = meter.read()?;
        let written = process.end().map_err(ScenarioError::Limit)?;
        Ok(Self {
            deliveries: bytes as f64 / f64::from(frame),
            usage,
            written,
        })
    }
}

/// The process. It ends when this value goes.
struct LimitProcess {
    child: Child,
    lines: Receiver<String>,
    address: SocketAddr,
}

impl LimitProcess {
    fn start(plan: &Plan, frame: u32) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("limit-server")
            .args(["--rooms", &plan.rooms.to_string()])
            .args(["--members", &plan.connections_of_room().to_string()])
            .args(["--rate", &plan.rate.to_string()])
            .args(["--bytes", &frame.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (tell, lines) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // Nobody waits any more.
                    let _ = tell.send(line);
                }
            });
        }
        let mut process = Self {
            child,
            lines,
            address: ([127, 0, 0, 1], 0).into(),
        };
        process.address = process.line()?.parse().map_err(io::Error::other)?;
        Ok(process)
    }

    fn id(&self) -> u32 {
        self.child.id()
    }

    fn line(&self) -> io::Result<String> {
        self.lines.recv_timeout(PATIENCE).map_err(io::Error::other)
    }

    /// Ends it; gives what it says at its end.
    fn end(mut self) -> io::Result<Written> {
        drop(self.child.stdin.take());
        Ok(serde_json::from_str(&self.line()?)?)
    }
}

impl Drop for LimitProcess {
    fn drop(&mut self) {
        // It has ended by itself, where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Connects all, then reads from each; ends once all are connected.
async fn read_all(
    address: SocketAddr,
    count: u64,
    received: Arc<AtomicU64>,
) -> Result<(), ClientError> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let connected = TcpStream::connect(address).await;
        streams.push(connected.map_err(|source| ClientError::Connect { address, source })?);
    }
    for stream in streams {
        tokio::spawn(read(stream, Arc::clone(&received)));
    }
    Ok(())
}

async fn read(mut stream: TcpStream, received: Arc<AtomicU64>) {
    let mut buffer = [0; 2048];
    while let Ok(bytes @ 1..) = stream.read(&mut buffer).await {
        received.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
