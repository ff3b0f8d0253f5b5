//! How much one process takes on at a time, and for how long.

use std::time::Duration;

/// The bounds of a server.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest body that is taken, in bytes.
    pub body_bytes: usize,
    /// How much of a larger one is read and thrown away, so that its sender reads the answer, in bytes.
    pub drained_bytes: usize,
    /// All bodies together that are held, in bytes.
    pub held_bytes: usize,
    /// A webhook is answered within this.
    pub answer_within: Duration,
    /// The database answers a probe within this, or counts as away.
    pub probe_within: Duration,
    /// The request line and headers together, in bytes; at least 8192.
    pub header_bytes: usize,
    /// From the first byte that is waited for to the last header; so also how long a connection may be idle.
    pub header_within: Duration,
    /// Connections that are open at a time; others wait in the system's backlog.
    pub connections: usize,
    /// An answer after this is the last of its connection. One that is still there when another request could have been
    /// made and answered, because its client does not read, is cut off.
    pub connection_for: Duration,
    /// Requests to `/api/v1` that are at work at a time; others wait for `probe_within` at most.
    pub readers: usize,
    /// Batches that are booked side by side.
    pub writers: usize,
    /// Deliveries that wait for a batch, for each of them.
    pub queue: usize,
    /// Deliveries in a batch.
    pub batch: usize,
    /// After it was told to stop, a server goes on serving for this long, and says meanwhile that it is not ready.
    pub drain_for: Duration,
    /// Then it takes no more, and finishes what it accepted within this.
    pub finish_within: Duration,
    /// And what it does beside, such as a mail that is being sent, within this.
    pub work_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            drained_bytes: 2 << 20,
            held_bytes: 16 << 20,
            answer_within: Duration::from_secs(8),
            probe_within: Duration::from_secs(2),
            header_bytes: 16 << 10,
            header_within: Duration::from_secs(30),
            // With the database and files, fewer than the 1,024 descriptors that a process usually may have.
            connections: 960,
            connection_for: Duration::from_mins(5),
            readers: 4,
            writers: 2,
            // With those that are being booked, fewer than the connections, so that who asks after health is still heard.
            queue: 256,
            batch: 128,
            drain_for: Duration::ZERO,
            finish_within: Duration::from_secs(10),
            work_within: Duration::from_secs(35),
        }
    }
}
