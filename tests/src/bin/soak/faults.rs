//! What can go wrong, and lets it.

use std::time::{Duration, Instant};

use chargebook_tests::Stop;
use sqlx::{Connection, PgConnection};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::recovery::accepting;
use crate::world::World;

/// Numbers that look like chance, the same from the same seed (splitmix64).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn milliseconds(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Fault {
    KillServer,
    StopFast,
    StopImmediate,
    Freeze,
    Strand,
    Reset,
    LoseAnswers,
    Lock,
    IdleConnections,
}

impl Fault {
    const ALL: [Self; 9] = [
        Self::KillServer,
        Self::StopFast,
        Self::StopImmediate,
        Self::Freeze,
        Self::Strand,
        Self::Reset,
        Self::LoseAnswers,
        Self::Lock,
        Self::IdleConnections,
    ];

    pub(crate) fn any(chance: &mut Chance) -> Self {
        let nth = chance.below(u64::try_from(Self::ALL.len()).unwrap());
        Self::ALL[usize::try_from(nth).unwrap()]
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::KillServer => "kill -9",
            Self::StopFast => "stop fast",
            Self::StopImmediate => "stop immediate",
            Self::Freeze => "freeze",
            Self::Strand => "dead connections",
            Self::Reset => "reset",
            Self::LoseAnswers => "answers lost",
            Self::Lock => "lock held",
            Self::IdleConnections => "idle connections",
        }
    }

    /// Lets it happen, and answers when it was over.
    pub(crate) async fn happen(self, world: &mut World, chance: &mut Chance) -> Instant {
        match self {
            Self::KillServer => world.kill_the_victim().await,
            Self::StopFast => return stop(world, Stop::Fast, chance.milliseconds(100, 6_000)).await,
            Self::StopImmediate => return stop(world, Stop::Immediate, chance.milliseconds(100, 6_000)).await,
            Self::Freeze => {
                world.proxy.freeze();
                sleep(chance.milliseconds(500, 12_000)).await;
                world.proxy.thaw();
            }
            Self::Strand => world.proxy.strand(),
            Self::Reset => world.proxy.cut(),
            Self::LoseAnswers => {
                let before = world.proxy.lost_answers();
                world.proxy.lose_answers(10);
                while world.proxy.lost_answers() < before + 10 {
                    sleep(Duration::from_millis(10)).await;
                }
            }
            Self::Lock => {
                let mut somebody = PgConnection::connect(world.postgres.url()).await.unwrap();
                let mut transaction = somebody.begin().await.unwrap();
                sqlx::query("LOCK TABLE chargebook.disputes").execute(&mut *transaction).await.unwrap();
                sleep(chance.milliseconds(500, 15_000)).await;
                transaction.rollback().await.unwrap();
            }
            Self::IdleConnections => {
                let address = world.steady.base.trim_start_matches("http://");
                let mut idle = Vec::new();
                for _ in 0..2_000 {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    stream.write_all(b"POST /webhooks/stripe HTTP/1.1\r\n").await.unwrap();
                    idle.push(stream);
                }
                sleep(Duration::from_secs(1)).await;
            }
        }
        Instant::now()
    }
}

async fn stop(world: &mut World, how: Stop, away: Duration) -> Instant {
    world.postgres.stop(how).await;
    sleep(away).await;
    let url = world.postgres.url().to_owned();
    let (back, started) = tokio::join!(accepting(&url), world.postgres.start_again());
    started.unwrap();
    back
}
