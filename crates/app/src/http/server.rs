//! Connections: how many, for how long, and how they end.

mod idle;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tracing::{debug, warn};

use self::idle::{Idle, Place};
use crate::limits::Limits;

/// When the system has no more file descriptors, accepting fails at once, again and again.
const AFTER_ACCEPT_FAILED: Duration = Duration::from_millis(200);

/// Serves until `stop` ends. The connections that are left end when the answer is waited for: each finishes its
/// request and takes no other.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) -> GracefulShutdown {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(limits.header_within).max_buf_size(limits.header_bytes);
    let connections = GracefulShutdown::new();
    // Whoever reads what is answered has had the last answer by then.
    let at_most = limits.connection_for.saturating_add(limits.header_within).saturating_add(limits.answer_within);
    let slots = Arc::new(Semaphore::new(limits.connections));
    let idle = Idle::default();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let stream = accept(&listener, &idle).await;
            (stream, take(&slots, &idle).await)
        };
        let (stream, slot) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => return connections,
        };
        let place = Arc::new(idle.enter());
        let service = service(router.clone(), Arc::clone(&place), limits.connection_for);
        let connection = connections.watch(protocol.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            tokio::select! {
                ended = timeout(at_most, connection) => match ended {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => debug!(error = crate::telemetry::chain(&error), "a connection broke off"),
                    Err(_) => debug!("a connection was cut off: its client does not read"),
                },
                () = place.is_needed() => debug!("an idle connection made room for another"),
            }
            drop(slot);
        });
    }
}

/// Answers what comes on one connection; after `connection_for`, an answer is its last.
fn service(
    router: Router,
    place: Arc<Place>,
    connection_for: Duration,
) -> impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> {
    let (router, began) = (TowerToHyperService::new(router), Instant::now());
    service_fn(move |request| {
        let (answer, at_work) = (router.call(request), place.at_work());
        async move {
            let mut response = answer.await?;
            drop(at_work);
            if began.elapsed() >= connection_for {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        }
    })
}

/// The next connection. It is accepted before there is a slot for it, as only then is it known to be wanted.
async fn accept(listener: &TcpListener, idle: &Idle) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small, and written whole.
                drop(stream.set_nodelay(true));
                return stream;
            }
            Err(error) => {
                warn!(error = %error, "a connection can't be accepted");
                idle.end_longest();
                tokio::time::sleep(AFTER_ACCEPT_FAILED).await;
            }
        }
    }
}

/// A slot; where there is none, the connection that has waited for a request for the longest time gives up its own.
/// So whoever only holds connections open does not keep out those who send.
async fn take(slots: &Arc<Semaphore>, idle: &Idle) -> Option<OwnedSemaphorePermit> {
    if let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
        return Some(slot);
    }
    idle.end_longest();
    // Nobody closes the semaphore, so that there is always a slot in the end.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    idle.has_room();
    slot
}
