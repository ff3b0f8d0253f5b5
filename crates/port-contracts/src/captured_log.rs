use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{DefaultGuard, NoSubscriber, set_default};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Everything that is logged on this thread while it lives, to its lowest level.
#[derive(Debug)]
pub struct CapturedLog {
    written: Written,
    _logging: DefaultGuard,
    /// While there is just one subscriber, tracing lets each place be switched off for good by whichever thread comes there
    /// first; the threads of other tests have none.
    _another: Dispatch,
}

impl CapturedLog {
    /// Captures from now on.
    #[must_use]
    pub fn start() -> Self {
        let written = Written::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_span_events(FmtSpan::FULL)
            .with_writer(written.clone())
            .finish();
        let another = Dispatch::new(NoSubscriber::new());
        Self { written, _logging: set_default(subscriber), _another: another }
    }

    /// What was logged so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.written.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
    }
}

#[derive(Clone, Default, Debug)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
