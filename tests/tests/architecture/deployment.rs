//! What runs the server, the image, the compose file and the systemd unit, knows it as it is.

use std::time::Duration;

use chargebook::limits::Limits;

use crate::settings::{is_known, known};
use crate::tree::{files, root, text};

const IMAGE: &str = "Dockerfile";
const COMPOSE: &str = "compose.yaml";
const UNIT: &str = "docs/deploy/chargebook@.service";

/// What stands after each `start` in a text, up to a character that does not belong to it.
fn after<'a>(text: &'a str, start: &'static str, belongs: fn(char) -> bool) -> Vec<&'a str> {
    text.split(start).skip(1).map(|rest| rest.split(|c: char| !belongs(c)).next().unwrap_or_default()).collect()
}

fn number(text: &str, start: &'static str) -> u64 {
    after(text, start, |c| c.is_ascii_digit()).first().unwrap_or_else(|| panic!("no {start}")).parse().unwrap()
}

#[test]
fn the_variables_of_the_image_the_compose_file_and_the_unit_are_settings() {
    let known = known();
    let deploy = files().into_iter().filter(|name| name.starts_with("docs/deploy/"));
    for file in [IMAGE, COMPOSE].map(str::to_owned).into_iter().chain(deploy) {
        for name in after(&text(&file), "CHARGEBOOK_", |c| c.is_ascii_uppercase() || c == '_') {
            let key = name.to_lowercase().replace("__", ".");
            assert!(is_known(&key, &known), "{file}: CHARGEBOOK_{name} is no setting");
        }
    }
    for file in [COMPOSE, UNIT] {
        assert!(text(file).contains("CHARGEBOOK_DATABASE__URL_FILE"), "{file}: secrets are in files");
    }
}

#[test]
fn whoever_stops_the_server_waits_until_it_has_drained_and_finished() {
    let limits = Limits::default();
    let after_draining = limits.finish_within.max(limits.work_within) + limits.probe_within;
    for (file, drains, waits) in [
        (COMPOSE, "CHARGEBOOK_HTTP__DRAIN_SECONDS: \"", "stop_grace_period: "),
        (UNIT, "CHARGEBOOK_HTTP__DRAIN_SECONDS=", "TimeoutStopSec="),
    ] {
        let text = text(file);
        let needed = Duration::from_secs(number(&text, drains)) + after_draining;
        for waits in after(&text, waits, |c| c.is_ascii_digit()) {
            assert!(Duration::from_secs(waits.parse().unwrap()) > needed, "{file}: {waits} s is less than {needed:?}");
        }
    }
}

#[test]
fn the_files_that_the_compose_file_mounts_are_there() {
    let compose = text(COMPOSE);
    let mounted = compose.split([' ', '"', '[']).filter_map(|word| word.strip_prefix("./")?.split_once(":/"));
    let all: Vec<_> = mounted.map(|(path, _)| path).collect();
    assert!(all.len() >= 2, "{COMPOSE} is not written as this test reads it");
    for path in all {
        assert!(root().join(path).is_file(), "{COMPOSE}: {path}");
    }
}

#[test]
fn the_image_is_built_with_a_rust_that_is_new_enough_from_what_is_there() {
    let version = |text: &str, start| -> Vec<u32> {
        let found = after(text, start, |c| c.is_ascii_digit() || c == '.').first().map(|found| (*found).to_owned());
        found.unwrap().split('.').map(|part| part.parse().unwrap()).collect()
    };
    let (image, needed) = (version(&text(IMAGE), "ARG RUST="), version(&text("Cargo.toml"), "rust-version = \""));
    assert!(image >= needed, "{IMAGE}: {image:?} is older than {needed:?}");
    for path in text(".dockerignore").lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(root().join(path).exists(), ".dockerignore: {path}");
    }
}
