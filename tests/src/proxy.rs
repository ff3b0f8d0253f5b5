//! A network between the server and PostgreSQL, or another service, that fails when a test says so.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What PostgreSQL says when a transaction is committed: the message `CommandComplete`.
const COMMITTED: &[u8] = b"C\0\0\0\x0bCOMMIT\0";

/// Passes connections on to a PostgreSQL or another service. Dropping it ends them all.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    conduct: watch::Sender<Conduct>,
    accepting: JoinHandle<()>,
}

/// What becomes of the bytes of the connections, which are counted from 0.
#[derive(Clone, Debug, Default)]
struct Conduct {
    /// The number of the next connection.
    next: u64,
    /// Nothing moves.
    is_frozen: bool,
    /// Nothing moves any more on connections before this one.
    stranded_before: u64,
    /// Connections before this one are reset.
    cut_before: u64,
    /// How many answers of a commit are to be lost.
    to_lose: usize,
    /// How many were.
    lost: usize,
}

impl Proxy {
    /// A proxy before what an address names, such as the PostgreSQL of a database.
    pub async fn before(url: &str) -> Self {
        let target = Url::parse(url).unwrap();
        let target = SocketAddr::new(target.host_str().unwrap().parse().unwrap(), target.port().unwrap());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let conduct = watch::Sender::new(Conduct::default());
        let accepting = tokio::spawn(accept(listener, target, conduct.clone()));
        Self { address, conduct, accepting }
    }

    /// The same address through this proxy.
    #[must_use]
    pub fn url(&self, url: &str) -> String {
        let mut url = Url::parse(url).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    /// Resets all connections that are open.
    pub fn cut(&self) {
        self.conduct.send_modify(|conduct| conduct.cut_before = conduct.next);
    }

    /// Lets no byte through until [`Proxy::thaw`], on connections that stay open.
    pub fn freeze(&self) {
        self.conduct.send_modify(|conduct| conduct.is_frozen = true);
    }

    /// Lets through what has waited.
    pub fn thaw(&self) {
        self.conduct.send_modify(|conduct| conduct.is_frozen = false);
    }

    /// Never again lets a byte through on the connections that are open, and does not end them. New ones work.
    pub fn strand(&self) {
        self.conduct.send_modify(|conduct| conduct.stranded_before = conduct.next);
    }

    /// Resets the next so many connections on which a commit succeeds, before its answer is passed on.
    pub fn lose_answers(&self, commits: usize) {
        self.conduct.send_modify(|conduct| conduct.to_lose += commits);
    }

    /// How many answers of commits were lost.
    #[must_use]
    pub fn lost_answers(&self) -> usize {
        self.conduct.borrow().lost
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, conduct: watch::Sender<Conduct>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let mut number = 0;
        conduct.send_modify(|conduct| {
            number = conduct.next;
            conduct.next += 1;
        });
        tokio::spawn(Passage { number, conduct: conduct.clone() }.open(client, target));
    }
}

/// One connection.
struct Passage {
    number: u64,
    conduct: watch::Sender<Conduct>,
}

impl Passage {
    async fn open(self, client: TcpStream, target: SocketAddr) {
        // Where nobody listens behind the proxy, the connection ends at once.
        let Ok(server) = TcpStream::connect(target).await else { return };
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
            // Closed like this, a connection is reset.
            stream.set_zero_linger().unwrap();
        }
        let (client_reads, client_writes) = client.into_split();
        let (server_reads, server_writes) = server.into_split();
        let mut conduct = self.conduct.subscribe();
        tokio::select! {
            () = self.pass(client_reads, server_writes) => {}
            () = self.pass(server_reads, client_writes) => {}
            _ = conduct.wait_for(|conduct| self.number < conduct.cut_before) => {}
        }
    }

    /// Passes bytes on until either side ends, or an answer is to be lost.
    async fn pass(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut conduct = self.conduct.subscribe();
        let mut buffer = vec![0; 1 << 16];
        // The end of what was passed on already: a message may come in two parts.
        let mut before = Vec::new();
        loop {
            let length = match from.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(length) => length,
            };
            let moves = |conduct: &Conduct| !conduct.is_frozen && self.number >= conduct.stranded_before;
            conduct.wait_for(moves).await.unwrap();
            before.extend_from_slice(&buffer[..length]);
            if before.windows(COMMITTED.len()).any(|window| window == COMMITTED) && self.loses_an_answer() {
                return;
            }
            before.drain(..before.len().saturating_sub(COMMITTED.len() - 1));
            if to.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    }

    fn loses_an_answer(&self) -> bool {
        self.conduct.send_if_modified(|conduct| {
            let loses = conduct.to_lose > 0;
            if loses {
                conduct.to_lose -= 1;
                conduct.lost += 1;
            }
            loses
        })
    }
}
