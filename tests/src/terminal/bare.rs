//! A terminal that nobody looks at: its output is read when a test says so, it can go away without a
//! word, and it has a size only where it is given one.
//!
//! Must not know what the client writes.

use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::ClientSetup;
use crate::watched::PATIENCE;

/// A running client and the other end of its terminal, which is no session's: nobody sends SIGHUP
/// when it goes.
pub struct BareTerminal {
    master: Option<OwnedFd>,
    child: Child,
}

impl BareTerminal {
    /// Starts the client of `setup`, with or without a size: columns and rows.
    #[track_caller]
    pub fn start(setup: &ClientSetup, size: Option<(u16, u16)>) -> Self {
        Self::run(setup.plain_command(), size)
    }

    /// Starts the client of `setup` in a PID namespace of its own, which does not show the process
    /// group and the session that it belongs to, as in a container that was entered. None where this
    /// machine makes no such namespaces.
    #[track_caller]
    pub fn start_in_namespace(setup: &ClientSetup, size: (u16, u16)) -> Option<Self> {
        let unshare = || {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "--pid", "--fork", "--"]);
            command
        };
        if !unshare().arg("true").status().is_ok_and(|s| s.success()) {
            return None;
        }
        let client = setup.plain_command();
        let mut command = unshare();
        let environment = client.get_envs();
        command
            .arg(client.get_program())
            .args(client.get_args())
            .envs(environment.filter_map(|(name, value)| Some((name, value?))));
        Some(Self::run(command, Some(size)))
    }

    #[track_caller]
    fn run(mut client: Command, size: Option<(u16, u16)>) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a free terminal");
        grantpt(&master).expect("a terminal is ours");
        unlockpt(&master).expect("a terminal is unlocked");
        let path = ptsname(&master, Vec::new()).expect("a terminal has a name");
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::open(path, flags, Mode::empty()).expect("a terminal opens");
        if let Some((columns, rows)) = size {
            let size = Winsize {
                ws_col: columns,
                ws_row: rows,
                ws_xpixel: 0,
                ws_ypixel: 0,
            };
            tcsetwinsize(&slave, size).expect("a terminal takes a size");
        }
        let end = || slave.try_clone().expect("a file is cloned");
        let child = client
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("the client starts");
        let master = Some(master);
        Self { master, child }
    }

    /// Reads what the client writes until `text` is in it.
    #[track_caller]
    pub fn read_until(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            let shown = String::from_utf8_lossy(&seen).into_owned();
            if shown.contains(text) {
                return shown;
            }
            assert!(Instant::now() < deadline, "no {text:?} in {shown:?}");
            self.read_some(&mut seen);
        }
    }

    /// The client writes nothing for a moment.
    #[track_caller]
    pub fn read_nothing(&self) {
        let mut seen = Vec::new();
        for _ in 0..3 {
            self.read_some(&mut seen);
        }
        let shown = String::from_utf8_lossy(&seen);
        assert!(seen.is_empty(), "the client writes {shown:?}");
    }

    fn read_some(&self, seen: &mut Vec<u8>) {
        let master = self.master.as_ref().expect("the terminal is there");
        let wait = Timespec::try_from(Duration::from_millis(100)).expect("a short time");
        let ready = poll(&mut [PollFd::new(master, PollFlags::IN)], Some(&wait));
        let mut bytes = [0; 4096];
        if ready.is_ok_and(|count| count > 0) {
            let count = rustix::io::read(master, &mut bytes).unwrap_or(0);
            seen.extend_from_slice(&bytes[..count]);
        }
    }

    /// Types `bytes`, as far as the terminal takes them within a moment; false where it took none.
    pub fn type_bytes(&self, bytes: &[u8]) -> bool {
        let master = self.master.as_ref().expect("the terminal is there");
        let wait = Timespec::try_from(Duration::from_millis(500)).expect("a short time");
        let ready = poll(&mut [PollFd::new(master, PollFlags::OUT)], Some(&wait));
        ready.is_ok_and(|count| count > 0) && rustix::io::write(master, bytes).is_ok()
    }

    /// The terminal goes away.
    pub fn hang_up(&mut self) {
        self.master = None;
    }

    /// Sends `signal` to the client.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the client still runs");
    }

    /// Bytes of memory that the client takes.
    #[track_caller]
    pub fn memory(&self) -> usize {
        super::memory_of(Pid::from_child(&self.child))
    }

    /// Waits until the client has ended by itself.
    #[track_caller]
    pub fn exit_status(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait().expect("a child can be waited for") {
                Some(status) => return status,
                None => assert!(Instant::now() < deadline, "the client does not end"),
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for BareTerminal {
    fn drop(&mut self) {
        // Both fail where the client has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
