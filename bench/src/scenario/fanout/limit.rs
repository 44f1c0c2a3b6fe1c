//! The limit's side: starts this very program as the server that only writes, and reads what it
//! writes as the real server's messages are read.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use super::limit_process::LimitProcess;
use super::load::{Load, Measured, Talk};
use super::options::Plan;
use crate::raw::{Member, Readers, Tally};
use crate::scenario::{ScenarioError, Setup};

/// Measures it, with frames of `frame` bytes.
pub(super) async fn measure(
    setup: &Setup,
    plan: &Plan,
    frame: usize,
) -> Result<Measured, ScenarioError> {
    let process = LimitProcess::start(plan, frame, setup.source.pins())
        .await
        .map_err(ScenarioError::Limit)?;
    let id = process.id();
    let tally = Arc::new(Tally::new(plan.rooms, plan.of_room));
    let members = connect(process.address(), plan).map_err(ScenarioError::Limit)?;
    let (threads, rooms) = (plan.readers.into(), plan.rooms as usize);
    let load = Load {
        readers: Readers::start(members, threads, rooms, &tally)?,
        tally,
        talk: Talk::Limit(process),
    };
    load.measure(plan, Some(id)).await
}

/// One after the other: who comes first is in the first room.
fn connect(address: SocketAddr, plan: &Plan) -> io::Result<Vec<Member>> {
    let mut members = Vec::new();
    for room in 0..plan.rooms as usize {
        for _ in 0..plan.of_room {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            members.push(Member::new(stream, room));
        }
    }
    Ok(members)
}
