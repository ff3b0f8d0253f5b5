//! `serve`: the server over real adapters, until it is told to stop.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::{Done, Failure};
use crate::clock::SystemClock;
use crate::serve::serve;
use crate::settings::Settings;
use crate::wiring::{self, Database, Purpose};

pub(super) async fn run(settings: &Settings) -> Result<Done, Failure> {
    let shutdown = told_to_stop().map_err(Failure::failed)?;
    // What is missing is said before a private cluster is made for nothing.
    wiring::notifiers(settings)?;
    wiring::source(settings)?;
    let database = Database::open(settings).await?;
    let served = match wiring::app(settings, &database, Arc::new(SystemClock), Purpose::Books).await {
        Ok(app) => serve(app, shutdown, |_| {}).await.map_err(Failure::failed),
        Err(error) => Err(error.into()),
    };
    database.close().await;
    served.map(|()| Done::Well)
}

/// Ends at the first SIGTERM or SIGINT.
pub(super) fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
