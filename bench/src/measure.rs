//! Measuring: latencies, what `/proc` tells of a process, and who was served before whom.

mod cpu;
mod latency;
mod memory;
mod order;
mod process;
mod usage;

pub(crate) use latency::Latencies;
pub(crate) use memory::MemoryWatch;
pub(crate) use order::largest_overtaking;
pub(crate) use process::{ProcError, filesystem, machine_cores, resident_bytes};
pub(crate) use usage::{Meter, Usage};
