//! Keeping the server and this program off each other's cores, where asked to: runs are steadier
//! then, and the server has one core and no more.

use std::io;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Who runs where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pins {
    server: CpuSet,
}

impl Pins {
    /// Leaves the first core to the server and keeps this program to the others, with all threads
    /// and processes that it starts from now on.
    pub(crate) fn part() -> io::Result<Self> {
        let all = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let (Some(first), Some(_)) = (cores.next(), cores.next()) else {
            return Err(io::Error::other("there is only one core"));
        };
        let mut server = CpuSet::new();
        server.set(first);
        let mut own = all;
        own.unset(first);
        sched_setaffinity(None, &own)?;
        Ok(Self { server })
    }

    /// Moves process `id`, with its threads, to the server's core.
    pub(crate) fn take(&self, id: u32) -> io::Result<()> {
        for task in std::fs::read_dir(format!("/proc/{id}/task"))? {
            let name = task?.file_name();
            let thread = name.to_str().and_then(|name| name.parse().ok());
            if let Some(thread) = thread.and_then(Pid::from_raw) {
                sched_setaffinity(Some(thread), &self.server)?;
            }
        }
        Ok(())
    }
}
