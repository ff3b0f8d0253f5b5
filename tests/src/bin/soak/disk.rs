//! A small disk runs full under load. It is one in memory, which only root can mount.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::slice::from_ref;
use std::time::{Duration, Instant};

use chargebook_tests::{
    OwnPostgres, Pace, Sending, Server, Stop, TEST_MODE, import_orders, in_order, scratch_folder, told,
};
use tokio::time::sleep;

use crate::{recovery, world};

const SIZE: &str = "size=256m";
const MIB: usize = 1 << 20;

/// A small disk, until it is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount() -> Self {
        let folder = scratch_folder();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(&folder);
        assert!(mount.status().unwrap().success(), "only root can mount a small disk");
        Self(folder)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).status());
        drop(fs::remove_dir(&self.0));
    }
}

pub(crate) async fn run() {
    let disk = Disk::mount();
    let stories = told(2_000);
    let events = in_order(&stories);
    let (mut postgres, ledger) = OwnPostgres::start_in(disk.0.join("books")).await;
    import_orders(&ledger, &stories).await;
    let server = Server::start(postgres.url(), &TEST_MODE).await;
    let sending = Sending::start(from_ref(&server.base), events.clone(), Pace::Connections(32));
    sending.until(|seen| seen.acknowledged.len() > 500).await;
    let ballast = disk.0.join("ballast");
    fill(&ballast);
    sending.until(|seen| seen.refused_with(503) > 100).await;
    assert_eq!(server.get("/health/live").await.status, 200);
    println!("full: {:?}", sending.seen().refused);
    sleep(Duration::from_secs(3)).await;

    fs::remove_file(&ballast).unwrap();
    // PostgreSQL ends itself where there is no room for its log of changes; what supervises it starts it again.
    postgres.stop(Stop::Immediate).await;
    postgres.start_again().await.unwrap();
    let back = Instant::now();
    let ready = recovery::ready(back, &server).await;
    let seen = sending.finish().await;
    println!("room again: ready after {} ms, {} events, {:?}", ready.as_millis(), events.len(), seen.refused);
    world::compare(postgres.url(), &stories, &events, &seen).await;
    assert_eq!(server.stop().await, 0);
    println!("booked exactly once; the books are those of a calm run");
}

/// Writes until there is no room.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for chunk in [MIB, 1024] {
        while file.write_all(&vec![1; chunk]).is_ok() {}
    }
}
