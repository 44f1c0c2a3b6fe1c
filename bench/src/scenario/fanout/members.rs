//! The server's side: all come in by token, and then read and send as cheaply as can be.

use std::sync::Arc;

use super::load::{Load, Talk};
use super::options::{Pace, Plan};
use crate::accounts::{Logins, SHARED, room};
use crate::client::PATIENCE;
use crate::entering::{JoinRequest, enter_all};
use crate::measure::{Meter, Usage, resident_bytes};
use crate::raw::{Member, MessageWriter, Readers, Sender, Tally};
use crate::scenario::{ScenarioError, Setup};
use crate::target::Target;
use crate::worker::{Worker, finished};

/// What letting them in took.
pub(super) struct Entered {
    pub(super) connections: u64,
    pub(super) usage: Usage,
    /// The server's memory before, in bytes, where its process is known.
    pub(super) resident: Option<u64>,
}

/// Lets all in, and gives them what makes messages come.
pub(super) async fn enter(
    setup: &Setup,
    plan: &Plan,
    target: &Target,
) -> Result<(Entered, Load), ScenarioError> {
    let worker = Worker::start("entering")?;
    let preparing = worker.spawn(Logins::prepare(target.address(), SHARED));
    let logins = finished(preparing, PATIENCE).await?;
    let resident = target.id().map(resident_bytes).transpose()?;
    let meter = Meter::begin(target.id(), [worker.watched()])?;
    let entering = worker.spawn(enter_all(target.address(), join_requests(plan, &logins)));
    let bound = PATIENCE * u32::try_from(1 + plan.connections() / 2000).unwrap_or(u32::MAX);
    let streams = finished(entering, bound).await?;
    let entered = Entered {
        connections: plan.connections(),
        usage: meter.read()?,
        resident,
    };
    let tally = Arc::new(Tally::new(plan.rooms, plan.of_room));
    let of_room = plan.of_room as usize;
    let talk = match plan.pace {
        Pace::Echo(_) => Talk::Echo,
        Pace::Rate(_) => {
            let first = streams.iter().step_by(of_room);
            let writers =
                first.map(|stream| Ok((stream.try_clone()?, MessageWriter::new(0, setup.content))));
            let writers: std::io::Result<_> = writers.collect();
            Talk::Rate(Sender::start(writers?, &tally)?)
        }
    };
    let members = streams.into_iter().enumerate().map(|(number, stream)| {
        let (room, place) = (number / of_room, number % of_room);
        let member = Member::new(stream, room);
        match plan.pace {
            Pace::Echo(senders) if place < senders as usize => {
                member.with_writer(MessageWriter::new(place as u64, setup.content))
            }
            _ => member,
        }
    });
    let (threads, rooms) = (plan.readers.into(), plan.rooms as usize);
    let readers = Readers::start(members.collect(), threads, rooms, &tally)?;
    let load = Load {
        readers,
        tally,
        talk,
    };
    Ok((entered, load))
}

/// One after the other: all of a room, then the next.
fn join_requests(plan: &Plan, logins: &Logins) -> Vec<JoinRequest> {
    let rooms = (0..plan.rooms).map(|_| room("fanout"));
    let requests = rooms.flat_map(|room| {
        (0..plan.of_room as usize).map(move |place| JoinRequest {
            login: logins.of(place).clone(),
            room: room.clone(),
        })
    });
    requests.collect()
}
