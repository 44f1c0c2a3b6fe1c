//! Who used the CPU between two moments: the server, this program, everybody else.

use std::time::{Duration, Instant};

use super::cpu::CpuTime;
use super::process::{ProcError, machine_cpu_time, thread_cpu_time};
use crate::worker::Watched;

/// Share of a core from which a thread of this program is its own bottleneck.
const FULL: f64 = 0.85;
/// Share of all cores that others may use before a figure is theirs as well.
const DISTURBED: f64 = 0.1;

#[derive(Clone, Debug)]
struct Readings {
    servers: Vec<CpuTime>,
    own: CpuTime,
    workers: Vec<Duration>,
    machine: Duration,
}

/// Counts from when it was begun.
#[derive(Debug)]
pub(crate) struct Meter {
    servers: Vec<u32>,
    threads: Vec<Watched>,
    began: Instant,
    first: Readings,
}

/// What was used.
#[derive(Clone, Debug)]
pub(crate) struct Usage {
    /// How long it was counted.
    pub(crate) seconds: f64,
    /// The servers' CPU time in seconds, where their processes are known.
    pub(crate) server: Option<f64>,
    /// This program's CPU time in seconds.
    pub(crate) own: f64,
    /// The share of a core that the busiest of this program's threads used, and its name.
    pub(crate) busiest: (String, f64),
    /// CPU time that others used, in seconds, where the servers' processes are known.
    pub(crate) others: Option<f64>,
}

impl Meter {
    /// Begins to count. `servers` are the process ids of the servers, `threads` those of this
    /// program that may be its bottleneck.
    pub(crate) fn begin(
        servers: impl IntoIterator<Item = u32>,
        threads: impl IntoIterator<Item = Watched>,
    ) -> Result<Self, ProcError> {
        let servers: Vec<_> = servers.into_iter().collect();
        let threads: Vec<_> = threads.into_iter().collect();
        let first = read(&servers, &threads)?;
        Ok(Self {
            servers,
            threads,
            began: Instant::now(),
            first,
        })
    }

    /// What was used since.
    pub(crate) fn read(&self) -> Result<Usage, ProcError> {
        let now = read(&self.servers, &self.threads)?;
        let seconds = self.began.elapsed().as_secs_f64();
        let since = |now: Duration, then: Duration| now.saturating_sub(then).as_secs_f64();
        let is_known = !self.servers.is_empty();
        let servers = now.servers.iter().zip(&self.first.servers);
        let servers: Duration = servers.map(|(now, then)| now.since(then)).sum();
        let server = is_known.then_some(servers.as_secs_f64());
        let own = now.own.since(&self.first.own).as_secs_f64();
        let all = since(now.machine, self.first.machine);
        let shares = self
            .threads
            .iter()
            .zip(&now.workers)
            .zip(&self.first.workers);
        let busiest = shares
            .map(|((thread, now), then)| (thread.name.clone(), since(*now, *then) / seconds))
            .max_by(|left, right| left.1.total_cmp(&right.1));
        Ok(Usage {
            seconds,
            server,
            own,
            busiest: busiest.unwrap_or_default(),
            others: server.map(|server| (all - server - own).max(0.0)),
        })
    }
}

impl Usage {
    /// What makes the figures less than they seem, as sentences; none where they are the server's.
    pub(crate) fn doubts(&self, cores: usize) -> Vec<String> {
        let mut doubts = Vec::new();
        let (name, share) = &self.busiest;
        if *share > FULL {
            doubts.push(format!(
                "chat-bench was itself the bottleneck: its thread {name} used {:.0} % of a core",
                share * 100.0
            ));
        }
        let cores = cores as f64;
        let others = self.others.unwrap_or(0.0) / self.seconds;
        if others > DISTURBED * cores {
            doubts.push(format!(
                "others used {:.0} % of a core meanwhile",
                others * 100.0
            ));
        }
        let used = (self.server.unwrap_or(0.0) + self.own) / self.seconds + others;
        if used > 0.95 * cores {
            doubts.push(format!(
                "the machine was full ({used:.2} of {cores} cores): latencies hold waiting for a core"
            ));
        }
        doubts
    }
}

fn read(servers: &[u32], threads: &[Watched]) -> Result<Readings, ProcError> {
    Ok(Readings {
        servers: servers
            .iter()
            .map(|id| CpuTime::of(*id))
            .collect::<Result<_, _>>()?,
        own: CpuTime::of(std::process::id())?,
        workers: threads
            .iter()
            .map(|thread| thread_cpu_time(&thread.task))
            .collect::<Result<_, _>>()?,
        machine: machine_cpu_time()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::Worker;

    fn usage(busiest: f64, server: f64, own: f64, others: f64) -> Usage {
        Usage {
            seconds: 10.0,
            server: Some(server * 10.0),
            own: own * 10.0,
            busiest: ("load".to_owned(), busiest),
            others: Some(others * 10.0),
        }
    }

    #[test]
    fn doubts_are_told_where_there_are_any() {
        assert!(usage(0.5, 1.0, 0.5, 0.05).doubts(2).is_empty());
        let tool = usage(0.9, 0.5, 0.9, 0.0).doubts(2);
        assert_eq!(tool.len(), 1);
        assert!(tool[0].contains("thread load used 90 %"), "{tool:?}");
        let others = usage(0.1, 0.5, 0.1, 0.5).doubts(2);
        assert!(others[0].contains("others used 50 %"), "{others:?}");
        let full = usage(0.8, 1.15, 0.8, 0.0).doubts(2);
        assert!(full[0].contains("1.95 of 2 cores"), "{full:?}");
    }

    #[test]
    fn a_thread_that_works_is_seen() {
        let worker = Worker::start("busy").unwrap();
        let meter = Meter::begin(None, [worker.watched()]).unwrap();
        worker.spawn(async {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(200) {
                std::hint::spin_loop();
            }
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        while meter.read().unwrap().busiest.1 == 0.0 {
            assert!(Instant::now() < deadline, "the worker never worked");
            std::thread::yield_now();
        }
        assert_eq!(meter.read().unwrap().busiest.0, "busy");
    }
}
