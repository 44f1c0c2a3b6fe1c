//! What Linux tells in `/proc` about a process, and about where a directory lies.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// What one tick of `/proc` is: USER_HZ is 100 on every Linux (`times(2)`, `proc_pid_stat(5)`).
const TICK: Duration = Duration::from_millis(10);

/// Something in `/proc` can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcError {
    /// The file can't be read: there is no such process (any more), perhaps.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It does not hold what it should.
    #[error("{} does not hold what it should", .0.display())]
    Form(PathBuf),
}

/// The CPU time, user and system, that the process or thread with this `stat` file has used, in
/// steps of a hundredth of a second.
pub(super) fn coarse_cpu_time(stat: &Path) -> Result<Duration, ProcError> {
    read(stat, ticks_of).map(|ticks| TICK * ticks)
}

/// The CPU time that the thread with this directory has used, to the nanosecond where the kernel
/// tells.
pub(super) fn thread_cpu_time(task: &Path) -> Result<Duration, ProcError> {
    match read(&task.join("schedstat"), nanos_of) {
        Ok(nanos) => Ok(Duration::from_nanos(nanos)),
        Err(_) => coarse_cpu_time(&task.join("stat")),
    }
}

/// Bytes of memory that process `id` has resident.
pub(crate) fn resident_bytes(id: u32) -> Result<u64, ProcError> {
    read(Path::new(&format!("/proc/{id}/status")), |text| {
        kib_of(text, "VmRSS:").map(|kib| kib * 1024)
    })
}

/// Bytes that the kernel's TCP sockets hold, of all processes, both ends.
pub(crate) fn tcp_bytes() -> Result<u64, ProcError> {
    read(Path::new("/proc/net/sockstat"), |text| {
        tcp_pages_of(text).map(|pages| pages * 4096)
    })
}

/// CPU time that all processes on the machine have used together.
pub(crate) fn machine_cpu_time() -> Result<Duration, ProcError> {
    read(Path::new("/proc/stat"), busy_ticks_of).map(|ticks| TICK * ticks)
}

/// The machine's cores, whichever of them this program may use; 1 where the system does not tell.
pub(crate) fn machine_cores() -> usize {
    read(Path::new("/proc/stat"), cores_of).unwrap_or(1)
}

/// The kind of filesystem that `directory` is on, and what is mounted there.
pub(crate) fn filesystem(directory: &Path) -> Result<String, ProcError> {
    let directory = directory
        .canonicalize()
        .unwrap_or_else(|_| directory.into());
    read(Path::new("/proc/self/mounts"), |text| {
        filesystem_of(text, &directory)
    })
}

fn read<T>(path: &Path, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, ProcError> {
    let text = std::fs::read_to_string(path).map_err(|source| ProcError::File {
        path: path.to_owned(),
        source,
    })?;
    parse(&text).ok_or_else(|| ProcError::Form(path.to_owned()))
}

/// utime and stime, fields 14 and 15 of `proc_pid_stat(5)`. The name before them, in parentheses,
/// may hold anything.
fn ticks_of(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

/// Nanoseconds on a CPU, the first field of a thread's `schedstat` (the kernel's
/// sched-stats.rst).
fn nanos_of(schedstat: &str) -> Option<u64> {
    schedstat.split_ascii_whitespace().next()?.parse().ok()
}

fn kib_of(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn tcp_pages_of(sockstat: &str) -> Option<u64> {
    let line = sockstat
        .lines()
        .find_map(|line| line.strip_prefix("TCP:"))?;
    let mut words = line.split_ascii_whitespace().skip_while(|w| *w != "mem");
    words.nth(1)?.parse().ok()
}

/// One line for each core, after that of all of them.
fn cores_of(stat: &str) -> Option<usize> {
    let lines = stat.lines().take_while(|line| line.starts_with("cpu"));
    lines.count().checked_sub(1).filter(|cores| *cores > 0)
}

/// user, nice, system, irq and softirq of `proc_stat(5)`: not idle, not waiting, not stolen.
fn busy_ticks_of(stat: &str) -> Option<u32> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = line
        .split_ascii_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    let busy = [0, 1, 2, 5, 6].map(|field| fields.get(field).copied());
    let busy: Option<Vec<u64>> = busy.into_iter().collect();
    u32::try_from(busy?.iter().sum::<u64>()).ok()
}

/// The last mount among those with the longest path that `directory` is below.
fn filesystem_of(mounts: &str, directory: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (device, point, kind) = (words.next()?, words.next()?, words.next()?);
        directory
            .starts_with(point)
            .then(|| (point.len(), format!("{kind} ({device} on {point})")))
    });
    mounts
        .max_by_key(|(length, _)| *length)
        .map(|found| found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_come_after_any_name() {
        let stat =
            "42 (a) b (c)) S 1 42 42 0 -1 4194560 1 2 3 4 250 50 7 8 20 0 3 0 9 10 11 12 13\n";
        assert_eq!(ticks_of(stat), Some(300));
        assert_eq!(ticks_of("42 (a) S 1 2"), None);
        assert_eq!(ticks_of(""), None);
        assert_eq!(nanos_of("432340 92623 2\n"), Some(432_340));
        assert_eq!(nanos_of(""), None);
    }

    #[test]
    fn memory_is_read_by_its_name() {
        let status = "Name:\tchat\nVmHWM:\t  900 kB\nVmRSS:\t  1234 kB\n";
        assert_eq!(kib_of(status, "VmRSS:"), Some(1234));
        assert_eq!(kib_of("Name:\tchat\n", "VmRSS:"), None);
        let sockstat = "sockets: used 10\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 285\nUDP: mem 3\n";
        assert_eq!(tcp_pages_of(sockstat), Some(285));
    }

    #[test]
    fn a_busy_machine_is_neither_idle_nor_waiting() {
        let stat = "cpu  10 2 30 4000 500 6 7 80 0 0\ncpu0 1 1 1 1 1 1 1 0 0 0\n";
        assert_eq!(busy_ticks_of(stat), Some(55));
        assert_eq!(cores_of(stat), Some(1));
        assert_eq!(cores_of("cpu  1 2\n"), None);
        assert_eq!(busy_ticks_of("cpu 1 2"), None);
    }

    #[test]
    fn the_deepest_mount_counts() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /dev tmpfs rw 0 0\nx /dev/shm tmpfs rw 0 0\n";
        let on = |path: &str| filesystem_of(mounts, Path::new(path)).unwrap();
        assert_eq!(on("/home/a"), "ext4 (/dev/vda on /)");
        assert_eq!(on("/dev/shm/b"), "tmpfs (x on /dev/shm)");
        assert_eq!(on("/dev/shmooze"), "tmpfs (tmpfs on /dev)");
    }

    #[test]
    fn this_process_can_be_read() {
        let id = std::process::id();
        assert!(resident_bytes(id).unwrap() > 100_000);
        coarse_cpu_time(Path::new("/proc/self/stat")).unwrap();
        thread_cpu_time(Path::new("/proc/thread-self")).unwrap();
        machine_cpu_time().unwrap();
        tcp_bytes().unwrap();
        filesystem(Path::new("/")).unwrap();
        assert!(resident_bytes(u32::MAX).is_err());
    }
}
