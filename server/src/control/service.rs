//! The server's end of the socket: accepts, reads one request, has it carried out, answers.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::socket::Socket;
use super::{
    AT_ONCE, Answer, CONNECTIONS, Control, LINE, NO_REQUEST, PATIENCE, PAUSE, REQUEST_PATIENCE,
    Request, orders,
};
use crate::pulse;
use crate::stopping::Stopping;

/// Listens in `data` until the server stops. The server runs on even if this socket can't be made.
pub async fn run(control: Control, data: PathBuf, stopping: Stopping) {
    let control = Arc::new(control);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut socket = None;
    let serve = async {
        let socket = socket.insert(Socket::listen(data).await);
        loop {
            tokio::select! {
                () = accept(&control, &places, &turns, socket.listener()) => {}
                () = socket.gone() => {}
            }
            socket.make_anew().await;
        }
    };
    tokio::select! {
        () = serve => {}
        () = stopping.begun() => {}
    }
    if let Some(socket) = socket {
        socket.remove();
    }
}

async fn accept(
    control: &Arc<Control>,
    places: &Arc<Semaphore>,
    turns: &Arc<Semaphore>,
    listener: &UnixListener,
) {
    loop {
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let (control, turns) = (Arc::clone(control), Arc::clone(turns));
                tokio::spawn(async move {
                    let exchange = exchange(&control, stream, &turns);
                    if !matches!(pulse::timeout(PATIENCE, exchange).await, Ok(Ok(()))) {
                        tracing::debug!("an exchange with the command line was broken off");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept the command line");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn exchange(control: &Arc<Control>, stream: UnixStream, turns: &Semaphore) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let mut reading = tokio::io::BufReader::new(reading.take(LINE));
    pulse::timeout(REQUEST_PATIENCE, reading.read_line(&mut line)).await??;
    let turn = turns.acquire().await;
    // A task of its own: the request is carried through even if its client goes away, because what is
    // stored must take effect.
    let control = Arc::clone(control);
    let carrying_out = tokio::spawn(async move { carry_out(&control, &line).await });
    let answer = carrying_out.await.map_err(io::Error::other)?;
    // A client that does not read its answer must not delay others.
    drop(turn);
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    writing.write_all(&line).await
}

async fn carry_out(control: &Control, line: &str) -> Answer {
    let request: Request =
        serde_json::from_str(line).map_err(|error| format!("{NO_REQUEST}: {error}"))?;
    let done = orders::carry_out(control, &request).await;
    done.map_err(|error| error.to_string())
}
