//! Mail as files in a folder, for those who have no Outlook: each mail as `.eml`, which mail programs open, and as
//! `.html`, which browsers do, with the files that go with it beside them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use chargebook_domain::ports::{Clock, Found, Mail, Notifier, RequestId, SendOutcome};
use chargebook_mime::{Letterhead, REFERENCE_HEADER, message};
use tokio::fs;
use tokio::io::AsyncWriteExt as _;
use tracing::instrument;

use crate::clock::SystemClock;

/// Writes mail to a folder. The same mail written again replaces its own files, so that there is never a second one.
#[derive(Clone)]
pub struct FolderNotifier {
    dir: PathBuf,
    clock: Arc<dyn Clock>,
}

impl FolderNotifier {
    /// Writes to `dir`, which is made when the first mail is.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), clock: Arc::new(SystemClock) }
    }

    /// Dates mails by this clock instead of the machine's.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Writes the files, the `.eml` last: where it is, the mail is complete.
    async fn write(&self, mail: &Mail) -> io::Result<PathBuf> {
        self.make_folder().await?;
        let name = file_name(&mail.reference);
        replace(&self.dir.join(format!("{name}.html")), mail.html.as_bytes()).await?;
        for file in &mail.attachments {
            replace(&self.dir.join(&file.name), &file.content).await?;
        }
        let eml = self.dir.join(format!("{name}.eml"));
        let letterhead = Letterhead {
            from_name: "Chargebook",
            from: "chargebook@localhost",
            to: &[],
            date: self.clock.now(),
            message_id: &format!("{name}@chargebook.localhost"),
            headers: &[(REFERENCE_HEADER, &mail.reference)],
        };
        replace(&eml, &message(&letterhead, mail)).await?;
        Ok(eml)
    }

    /// Makes the folder, if it is not there, this user's alone: whoever else may read the figures is the operator's to say.
    async fn make_folder(&self) -> io::Result<()> {
        if let Some(parent) = self.dir.parent() {
            fs::create_dir_all(parent).await?;
        }
        match fs::DirBuilder::new().mode(0o700).create(&self.dir).await {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

#[async_trait]
impl Notifier for FolderNotifier {
    fn channel(&self) -> &'static str {
        "folder"
    }

    #[instrument(name = "notifier.send", skip_all, fields(mail.reference = mail.reference))]
    async fn send(&self, mail: &Mail, _: &RequestId) -> SendOutcome {
        match self.write(mail).await {
            Ok(path) => SendOutcome::Accepted { receipt: Some(path.display().to_string()) },
            Err(why) => SendOutcome::Refused {
                reason: format!(
                    "the mail could not be written to the folder {}: {why}; make it a folder that this user may write \
                     to, with space left, and send the mail again.",
                    self.dir.display()
                ),
                retry_after: None,
            },
        }
    }

    fn place(&self) -> Option<String> {
        Some(self.dir.display().to_string())
    }

    async fn find(&self, reference: &str, _: &RequestId) -> Found {
        let eml = self.dir.join(format!("{}.eml", file_name(reference)));
        match fs::try_exists(&eml).await {
            Ok(true) => Found::There,
            Ok(false) => Found::NotThere,
            Err(why) => {
                Found::CannotTell { reason: format!("The folder {} can't be looked into: {why}.", self.dir.display()) }
            }
        }
    }
}

/// The reference with everything that could mean something in a path made a hyphen or a code, so that two books never
/// have one file.
pub(crate) fn file_name(reference: &str) -> String {
    let safe = |c: char| match c {
        '/' => "-".to_owned(),
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c.to_string(),
        other => format!("~{:x}", u32::from(other)),
    };
    reference.chars().map(safe).collect()
}

/// Writes the file beside its place and moves it there, so that nobody reads half of it.
async fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_added_extension(format!("{}.tmp", std::process::id()));
    let written = async {
        let mut file = fs::File::create(&beside).await?;
        file.write_all(content).await?;
        file.sync_all().await?;
        fs::rename(&beside, path).await
    };
    let written = written.await;
    if written.is_err() {
        // The first error counts; what is left over does no harm.
        let _ = fs::remove_file(&beside).await;
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::atomic::{AtomicU32, Ordering};

    use chargebook_domain::ports::Attachment;
    use chargebook_port_contracts::contract::notifier::{Arrived, OtherSide};
    use chargebook_port_contracts::notifier_contract;
    use chrono::{DateTime, Utc};

    use super::*;

    struct At(DateTime<Utc>);

    impl Clock for At {
        fn now(&self) -> DateTime<Utc> {
            self.0
        }
    }

    /// A folder of this test's own, removed when it ends.
    struct TestFolder(PathBuf);

    impl TestFolder {
        fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let name = format!("chargebook-folder-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            Self(std::env::temp_dir().join(name))
        }

        fn notifier(&self) -> FolderNotifier {
            FolderNotifier::new(self.0.join("mail")).with_clock(Arc::new(At("2026-11-22T06:00:00Z".parse().unwrap())))
        }

        fn names(&self) -> Vec<String> {
            let entries = std::fs::read_dir(self.0.join("mail")).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort_unstable();
            names
        }
    }

    impl Drop for TestFolder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn attempt() -> RequestId {
        RequestId::of("folder", "summary/2026-11-21", 1, DateTime::UNIX_EPOCH)
    }

    fn mail() -> Mail {
        Mail {
            reference: "summary/2026-11-21".to_owned(),
            subject: "Disputes 21 Nov: none closed".to_owned(),
            html: "<p>no dispute — gar keine</p>".to_owned(),
            text: "no dispute".to_owned(),
            attachments: Vec::new(),
            sent_again_at: None,
        }
    }

    #[tokio::test]
    async fn a_mail_is_an_eml_and_an_html_file() {
        let folder = TestFolder::new();
        let outcome = folder.notifier().send(&mail(), &attempt()).await;
        let eml = folder.0.join("mail/summary-2026-11-21.eml");
        assert_eq!(outcome, SendOutcome::Accepted { receipt: Some(eml.display().to_string()) });
        assert_eq!(folder.names(), ["summary-2026-11-21.eml", "summary-2026-11-21.html"]);
        let mode = std::fs::metadata(folder.0.join("mail")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "nobody else may read it");
        assert_eq!(std::fs::read_to_string(eml.with_extension("html")).unwrap(), mail().html);
        let eml = std::fs::read_to_string(eml).unwrap();
        let (headers, body) = eml.split_once("\r\n\r\n").unwrap();
        for header in [
            "Subject: Disputes 21 Nov: none closed",
            "Date: Sun, 22 Nov 2026 06:00:00 +0000",
            "Message-ID: <summary-2026-11-21@chargebook.localhost>",
            "Content-Type: multipart/alternative;",
        ] {
            assert!(headers.lines().any(|line| line.starts_with(header)), "{header}\n{headers}");
        }
        let text = body.find("Content-Type: text/plain").unwrap();
        assert!(text < body.find("Content-Type: text/html").unwrap(), "the last alternative is the one that is shown");
        assert!(body.contains("no dispute\r\n"));
    }

    #[tokio::test]
    async fn it_finds_what_it_wrote_and_nothing_else() {
        let folder = TestFolder::new();
        assert_eq!(folder.notifier().find(&mail().reference, &attempt()).await, Found::NotThere);
        folder.notifier().send(&mail(), &attempt()).await;
        assert_eq!(folder.notifier().find(&mail().reference, &attempt()).await, Found::There);
        assert_eq!(folder.notifier().find("summary/2026-11-22", &attempt()).await, Found::NotThere);
    }

    #[tokio::test]
    async fn its_files_are_in_the_eml() {
        let folder = TestFolder::new();
        let file = Attachment { name: "day.csv".to_owned(), media_type: "text/csv", content: b"a,\xc3\xbc\n".to_vec() };
        folder.notifier().send(&Mail { attachments: vec![file], ..mail() }, &attempt()).await;
        let eml = std::fs::read_to_string(folder.0.join("mail/summary-2026-11-21.eml")).unwrap();
        assert!(eml.contains("multipart/mixed") && eml.contains("multipart/alternative"), "{eml}");
        assert!(eml.contains("filename=\"day.csv\"") && eml.contains("YSzDvAo="), "{eml}");
        assert_eq!(folder.names(), ["day.csv", "summary-2026-11-21.eml", "summary-2026-11-21.html"]);
    }

    #[tokio::test]
    async fn the_same_mail_again_replaces_its_files() {
        let folder = TestFolder::new();
        folder.notifier().send(&mail(), &attempt()).await;
        let again = Mail { html: "<p>again</p>".to_owned(), ..mail() };
        assert!(matches!(folder.notifier().send(&again, &attempt()).await, SendOutcome::Accepted { .. }));
        assert_eq!(folder.names(), ["summary-2026-11-21.eml", "summary-2026-11-21.html"]);
        assert_eq!(std::fs::read_to_string(folder.0.join("mail/summary-2026-11-21.html")).unwrap(), again.html);
    }

    #[tokio::test]
    async fn a_reference_stays_in_the_folder() {
        let folder = TestFolder::new();
        folder.notifier().send(&Mail { reference: "../../etc/passwd".to_owned(), ..mail() }, &attempt()).await;
        assert_eq!(folder.names(), ["~2e~2e-~2e~2e-etc-passwd.eml", "~2e~2e-~2e~2e-etc-passwd.html"]);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_to_refuses_and_says_what_to_do() {
        let folder = TestFolder::new();
        std::fs::create_dir_all(&folder.0).unwrap();
        std::fs::write(folder.0.join("mail"), "a file where the folder should be").unwrap();
        let SendOutcome::Refused { reason, retry_after: None } = folder.notifier().send(&mail(), &attempt()).await
        else {
            panic!("it was not refused");
        };
        assert!(reason.contains("mail: ") && reason.ends_with("send the mail again."), "{reason}");
    }

    struct MailFolder {
        folder: TestFolder,
        notifier: FolderNotifier,
    }

    impl MailFolder {
        fn new() -> Self {
            let folder = TestFolder::new();
            Self { notifier: folder.notifier(), folder }
        }

        fn dir(&self) -> PathBuf {
            self.folder.0.join("mail")
        }
    }

    #[async_trait]
    impl OtherSide for MailFolder {
        fn notifier(&self) -> &dyn Notifier {
            &self.notifier
        }

        async fn arrived(&self) -> Vec<Arrived> {
            if !self.dir().exists() {
                return Vec::new();
            }
            let files = self.folder.names().into_iter().map(|name| self.dir().join(name));
            let mails = files.filter(|file| file.extension().is_some_and(|end| end == "eml"));
            mails.map(|mail| Arrived::of_message(&std::fs::read(mail).unwrap())).collect()
        }

        async fn refuse(&self) {
            std::fs::create_dir_all(&self.folder.0).unwrap();
            std::fs::write(self.dir(), "a file where the folder should be").unwrap();
        }

        async fn relent(&self) {
            std::fs::remove_file(self.dir()).unwrap();
        }
    }

    mod contract {
        use super::*;

        notifier_contract!(#[tokio::test] () => MailFolder::new());
    }
}
