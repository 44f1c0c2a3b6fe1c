//! The CPU time of a whole process, as exactly as the kernel tells it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::process::{ProcError, coarse_cpu_time, thread_cpu_time};

/// How far the sum over the threads and the process's own count, which is in hundredths of a
/// second, may be apart before a thread has ended in between.
const ROUNDING: Duration = Duration::from_millis(25);

/// What a process had used at some moment.
#[derive(Clone, Debug)]
pub(super) struct CpuTime {
    /// Of each thread, to the nanosecond. Those that have ended are not among them.
    threads: HashMap<OsString, Duration>,
    /// Of all threads, those that have ended too, in hundredths of a second.
    coarse: Duration,
}

impl CpuTime {
    /// What process `id` has used until now.
    pub(super) fn of(id: u32) -> Result<Self, ProcError> {
        let directory = PathBuf::from(format!("/proc/{id}"));
        let coarse = coarse_cpu_time(&directory.join("stat"))?;
        let path = directory.join("task");
        let tasks = std::fs::read_dir(&path).map_err(|source| ProcError::File { path, source })?;
        // One that ends meanwhile can't be read any more.
        let threads = tasks.filter_map(Result::ok).filter_map(|task| {
            let used = thread_cpu_time(&task.path()).ok()?;
            Some((task.file_name(), used))
        });
        Ok(Self {
            threads: threads.collect(),
            coarse,
        })
    }

    /// What it has used since `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Duration {
        let used = |(name, now): (&OsString, &Duration)| {
            let then = earlier.threads.get(name).copied().unwrap_or_default();
            now.saturating_sub(then)
        };
        let exact: Duration = self.threads.iter().map(used).sum();
        let coarse = self.coarse.saturating_sub(earlier.coarse);
        match coarse > exact + ROUNDING {
            true => coarse,
            false => exact,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(threads: &[(&str, u64)], coarse: u64) -> CpuTime {
        let threads = threads.iter();
        CpuTime {
            threads: threads
                .map(|(name, micros)| (name.into(), Duration::from_micros(*micros)))
                .collect(),
            coarse: Duration::from_millis(coarse),
        }
    }

    #[test]
    fn threads_are_added_up_exactly() {
        let then = time(&[("1", 10_000), ("2", 5_000)], 10);
        let now = time(&[("1", 10_700), ("2", 5_050), ("3", 1)], 20);
        assert_eq!(now.since(&then), Duration::from_micros(751));
    }

    #[test]
    fn what_ended_threads_used_is_not_lost() {
        let then = time(&[("1", 10_000), ("2", 5_000)], 10);
        let now = time(&[("1", 11_000)], 90);
        assert_eq!(now.since(&then), Duration::from_millis(80));
    }

    #[test]
    fn this_process_uses_some() {
        let id = std::process::id();
        let then = CpuTime::of(id).unwrap();
        let mut now = CpuTime::of(id).unwrap();
        while now.since(&then).is_zero() {
            now = CpuTime::of(id).unwrap();
        }
        assert!(CpuTime::of(u32::MAX).is_err());
    }
}
