//! The command `demo`: from an empty folder to a server that ran, and is stopped again.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::calendar::Calendar;
use super::days::Days;
use super::place::Place;
use super::report::Report;
use super::show::{Show, say};
use super::{DemoError, failed};
use crate::clock::ShiftedClock;
use crate::serve::serve;
use crate::settings::Settings;
use crate::wiring::{Database, Purpose, app};

/// Where the server of a demo that stays up listens, if it can.
const USUAL_PORT: u16 = 8080;

/// What the user has asked for.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Ends after the figures, instead of keeping the server up
    #[arg(long)]
    exit: bool,
    /// Other seeds make other disputes, on other dates
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The demo's own folder; one of an earlier demo is emptied first
    #[arg(long, value_name = "PATH", default_value = "chargebook-demo")]
    dir: PathBuf,
}

/// Runs a demo until it has shown everything, or, unless it was to exit then, until `stop` ends. It touches no other
/// database than its own.
pub(crate) async fn run(options: &Options, stop: impl Future<Output = ()>) -> Result<(), DemoError> {
    let show = Show::on_standard_output();
    let started = Instant::now();
    let calendar = Calendar::of(options.seed);
    let dir = options.dir.clone();
    let place = spawn_blocking(move || Place::prepare(&dir)).await.map_err(failed("prepare its folder"))??;
    show.title(options.seed)?;
    let listen = if options.exit { loopback(0) } else { usual_address().await };
    let settings = Settings { listen, ..place.settings(&calendar)? };
    let database = Database::open(&settings).await?;
    show.step("Postgres", &format!("a private one, in {}", place.dir.display()), Some(started.elapsed()))?;
    let demo = Demo { options, calendar, place, settings, show };
    let shown = demo.run(&database, stop).await;
    database.close().await;
    shown
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The usual address if it is free, so that it is the same again for who comes back.
async fn usual_address() -> SocketAddr {
    let usual = loopback(USUAL_PORT);
    TcpListener::bind(usual).await.map_or_else(|_| loopback(0), |_| usual)
}

/// A demo whose folder is ready.
struct Demo<'a> {
    options: &'a Options,
    calendar: Calendar,
    place: Place,
    settings: Settings,
    show: Show,
}

impl Demo<'_> {
    /// Starts the server, shows everything, and stops it.
    async fn run(&self, database: &Database, stop: impl Future<Output = ()>) -> Result<(), DemoError> {
        database.ledger.mark_demo().await.map_err(failed("mark its database"))?;
        let clock = Arc::new(ShiftedClock::starting_at(Calendar::evening(self.calendar.days[0])));
        let app = app(&self.settings, database, clock.clone(), Purpose::Demo).await?;
        let ports = app.ports.clone();
        let (end, ended) = oneshot::channel::<()>();
        let (listening, address) = oneshot::channel();
        let server = tokio::spawn(serve(app, async { drop(ended.await) }, |address| {
            // Whoever waits for it is still there.
            let _ = listening.send(address);
        }));
        let shown = match address.await {
            // The server could not start, and says why below.
            Err(_) => Ok(()),
            Ok(address) => {
                let days = Days::new(address, &ports, clock, &self.settings, self.calendar)?;
                tokio::select! {
                    shown = self.show_all(&days, database, address) => shown,
                    () = stop => say("Stopping."),
                }
            }
        };
        drop(end);
        server.await.map_err(failed("run its server"))?.map_err(failed("start its server"))?;
        shown
    }

    async fn show_all(&self, days: &Days, database: &Database, address: SocketAddr) -> Result<(), DemoError> {
        self.show.step("Server", &format!("http://{address}"), None)?;
        let happened = days.happen(self.options.seed, &self.place, &database.ledger, self.show).await?;
        let report = Report::read(&database.ledger, happened).await?;
        report.check()?;
        say(&report.tables(self.show))?;
        say(&report.mails(self.show))?;
        say(&report.what_next(self.show, &self.place.config(), (!self.options.exit).then_some(address)))?;
        if !self.options.exit {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}
