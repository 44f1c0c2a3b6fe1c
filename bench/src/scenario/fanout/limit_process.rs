//! This very program as the server that only writes, in a process of its own: starting it, and its
//! orders. Must not measure.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::{sleep, timeout};

use super::options::Plan;
use crate::client::PATIENCE;
use crate::limit_server::{Order, Written};
use crate::pin::Pins;

/// The process. It ends when this value goes.
pub(super) struct LimitProcess {
    child: Child,
    lines: Mutex<UnboundedReceiver<String>>,
    address: SocketAddr,
}

impl LimitProcess {
    /// Starts it with the plan's rooms and members, and frames of `frame` bytes.
    pub(super) async fn start(plan: &Plan, frame: usize, pins: Option<Pins>) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("limit-server")
            .args(["--rooms", &plan.rooms.to_string()])
            .args(["--members", &plan.of_room.to_string()])
            .args(["--bytes", &frame.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        // One line for each order: nothing piles up.
        let (tell, lines) = mpsc::unbounded_channel();
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
            lines: Mutex::new(lines),
            address: ([127, 0, 0, 1], 0).into(),
        };
        let address = process.line(PATIENCE).await?;
        process.address = address.parse().map_err(io::Error::other)?;
        if let Some(pins) = pins {
            pins.take(process.child.id())?;
        }
        Ok(process)
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its members connect to.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets it write so many messages, at `rate` a second.
    pub(super) async fn send(&self, phase: u64, messages: u64, rate: f64) -> io::Result<Written> {
        self.order(&Order::Send {
            phase,
            messages,
            rate,
        })?;
        self.written(Duration::from_secs_f64(messages as f64 / rate))
            .await
    }

    /// Lets it write as fast as it can for so long.
    pub(super) async fn flood(&self, phase: u64, length: Duration) -> io::Result<Written> {
        self.order(&Order::Flood { phase })?;
        sleep(length).await;
        self.order(&Order::Stop)?;
        self.written(Duration::ZERO).await
    }

    fn order(&self, order: &Order) -> io::Result<()> {
        let stdin = self.child.stdin.as_ref();
        let mut stdin = stdin.ok_or_else(|| io::Error::other("it takes no orders"))?;
        writeln!(stdin, "{}", serde_json::to_string(order)?)
    }

    async fn written(&self, length: Duration) -> io::Result<Written> {
        let line = self.line(length + PATIENCE).await?;
        Ok(serde_json::from_str(&line)?)
    }

    async fn line(&self, patience: Duration) -> io::Result<String> {
        let mut lines = self.lines.lock().await;
        let line = timeout(patience, lines.recv()).await;
        line.map_err(io::Error::other)?
            .ok_or_else(|| io::Error::other("it ended"))
    }
}

impl Drop for LimitProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
