//! `health`: whether the server of these settings is ready, for whoever watches a container that has no other program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::{Done, Failure, Refused, say};
use crate::settings::Settings;

/// Longer than the server waits for its database.
const WITHIN: Duration = Duration::from_secs(4);

pub(super) async fn run(settings: &Settings, json: bool) -> Result<Done, Failure> {
    let address = nearest(settings.listen);
    let away = |error: reqwest::Error| Refused::because(format!("no server answers at {address}"), error.without_url());
    let client = reqwest::Client::builder().no_proxy().timeout(WITHIN).build().map_err(Failure::failed)?;
    let answer = client.get(format!("http://{address}/health/ready")).send().await.map_err(away)?;
    let status = answer.status();
    let text = answer.text().await.map_err(away)?;
    if json {
        say(&text)?;
    }
    if !status.is_success() {
        return Err(Refused::new(format!("the server at {address} is not ready ({})", status.as_u16())).into());
    }
    if !json {
        say("ready")?;
    }
    Ok(Done::Well)
}

/// Where a server that listens there is reached from its own machine.
fn nearest(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
