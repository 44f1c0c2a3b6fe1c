//! What a fan-out is told, by name or in numbers, and what that makes of it. Pure.

use std::time::Duration;

use crate::report::Report;

/// What `fanout` is told; what is left out is the preset's.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FanoutOptions {
    /// Rooms.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rooms: Option<u32>,
    /// Members of each room, besides the one who sends.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    members: Option<u32>,
    /// Messages a second, over all rooms.
    #[arg(long, value_parser = crate::values::positive)]
    rate: Option<f64>,
    #[command(flatten)]
    measuring: MeasuringOptions,
}

/// What `flat-out` is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FlatOutOptions {
    /// Members of the room.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    members: u32,
    /// How many of them send, each its next message as soon as its own last one is back.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    senders: u32,
    #[command(flatten)]
    measuring: MeasuringOptions,
}

/// What all of them are told.
#[derive(Clone, Debug, clap::Args)]
struct MeasuringOptions {
    /// Seconds that are measured; the limit is measured as long.
    #[arg(long, default_value_t = 10.0, value_parser = crate::values::positive)]
    seconds: f64,
    /// Threads of chat-bench that read, for the server and for the limit.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    readers: u8,
}

/// A scenario with a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preset {
    pub(super) name: &'static str,
    rooms: u32,
    members: u32,
    rate: f64,
}

const fn preset(name: &'static str, rooms: u32, members: u32, rate: f64) -> Preset {
    Preset {
        name,
        rooms,
        members,
        rate,
    }
}

/// Where nothing else is asked for.
pub(crate) const FANOUT: Preset = preset("fanout", 1, 1000, 100.0);
/// One well-visited room.
pub(crate) const HALL: Preset = preset("hall", 1, 1000, 50.0);
/// One room with much going on.
pub(crate) const STAGE: Preset = preset("stage", 1, 1000, 100.0);
/// Many small rooms.
pub(crate) const ROOMS: Preset = preset("rooms", 100, 20, 2000.0);
/// One huge room.
pub(crate) const ARENA: Preset = preset("arena", 1, 5000, 10.0);
/// The name of the one without a rate.
pub(crate) const FLAT_OUT: &str = "flat-out";

/// What makes messages come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pace {
    /// So many a second, over all rooms, from one in each who is there for that.
    Rate(f64),
    /// So many members of each room say the next one as soon as the last one is back.
    Echo(u32),
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) rooms: u32,
    /// Connections of each room: who sends gets its own messages as well.
    pub(super) of_room: u32,
    pub(super) pace: Pace,
    pub(super) measured: Duration,
    /// Threads.
    pub(super) readers: u8,
}

impl Plan {
    pub(super) fn new(options: &FanoutOptions, preset: &Preset) -> Self {
        let members = options.members.unwrap_or(preset.members);
        Self {
            rooms: options.rooms.unwrap_or(preset.rooms),
            of_room: members.saturating_add(1),
            pace: Pace::Rate(options.rate.unwrap_or(preset.rate)),
            measured: Duration::from_secs_f64(options.measuring.seconds),
            readers: options.measuring.readers,
        }
    }

    pub(super) fn flat_out(options: &FlatOutOptions) -> Self {
        Self {
            rooms: 1,
            of_room: options.members,
            pace: Pace::Echo(options.senders.min(options.members)),
            measured: Duration::from_secs_f64(options.measuring.seconds),
            readers: options.measuring.readers,
        }
    }

    pub(super) fn connections(&self) -> u64 {
        u64::from(self.rooms) * u64::from(self.of_room)
    }

    /// Deliveries a second, where nothing falls behind; `None` where there is no rate.
    pub(super) fn deliveries_asked(&self) -> Option<f64> {
        match self.pace {
            Pace::Rate(rate) => Some(rate * f64::from(self.of_room)),
            Pace::Echo(_) => None,
        }
    }

    /// Notes what was asked for.
    pub(super) fn tell(&self, report: &mut Report) {
        report.set("rooms", self.rooms);
        match self.pace {
            Pace::Rate(rate) => {
                report.set("members", self.of_room.saturating_sub(1));
                report.set("rate", rate);
            }
            Pace::Echo(senders) => {
                report.set("members", self.of_room);
                report.set("senders", senders);
            }
        }
        report.set("seconds", self.measured.as_secs_f64());
        report.set("readers", self.readers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measuring() -> MeasuringOptions {
        MeasuringOptions {
            seconds: 2.0,
            readers: 1,
        }
    }

    #[test]
    fn what_is_asked_for_goes_before_the_preset() {
        let mut options = FanoutOptions {
            rooms: None,
            members: None,
            rate: None,
            measuring: measuring(),
        };
        let plan = Plan::new(&options, &ROOMS);
        assert_eq!((plan.rooms, plan.of_room), (100, 21));
        assert_eq!(plan.pace, Pace::Rate(2000.0));
        assert_eq!(plan.connections(), 2100);
        assert_eq!(plan.deliveries_asked(), Some(42_000.0));
        options.members = Some(9);
        options.rate = Some(5.0);
        let plan = Plan::new(&options, &ARENA);
        assert_eq!((plan.rooms, plan.of_room), (1, 10));
        assert_eq!(plan.deliveries_asked(), Some(50.0));
    }

    #[test]
    fn those_who_echo_are_members() {
        let plan = Plan::flat_out(&FlatOutOptions {
            members: 3,
            senders: 16,
            measuring: measuring(),
        });
        assert_eq!((plan.connections(), plan.pace), (3, Pace::Echo(3)));
        assert_eq!(plan.deliveries_asked(), None);
    }
}
