//! The sentences of [`Notifier`], for every way that a mail can go.

use async_trait::async_trait;
use chargebook_domain::ports::{Attachment, Found, Mail, Notifier, RequestId, SendOutcome};
use chrono::DateTime;
use mail_parser::{MessageParser, MimeHeaders as _};

/// What a notifier sends to, as a test sees it.
#[async_trait]
pub trait OtherSide: Send + Sync {
    /// The notifier that sends there.
    fn notifier(&self) -> &dyn Notifier;

    /// Every mail that is there. What the other side can tell to be the same mail is one.
    async fn arrived(&self) -> Vec<Arrived>;

    /// From now on no mail is taken, and whoever sends one is told so.
    async fn refuse(&self);

    /// From now on mails are taken again.
    async fn relent(&self);
}

/// The other side of a network, where an answer can get lost.
pub trait Remote: OtherSide {
    /// The next mail is taken, and the connection closed without an answer.
    fn lose_next_answer(&self);
}

/// A mail as it arrived.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Arrived {
    /// Its subject.
    pub subject: String,
    /// Its bodies: plain text, HTML or both.
    pub bodies: Vec<String>,
    /// Its files, by name.
    pub files: Vec<(String, Vec<u8>)>,
    /// The headers, or what stands in their place, by which people and programs find it.
    pub marks: Vec<(String, String)>,
}

impl Arrived {
    /// Of the bytes of a message.
    ///
    /// # Panics
    /// When they are none.
    #[must_use]
    pub fn of_message(bytes: &[u8]) -> Self {
        let message = MessageParser::default().parse(bytes).unwrap();
        let texts = message.text_bodies().map(|part| part.text_contents().unwrap().to_owned());
        let htmls = message.html_bodies().map(|part| part.text_contents().unwrap().to_owned());
        let files = message
            .attachments()
            .map(|part| (part.attachment_name().unwrap_or_default().to_owned(), part.contents().to_vec()));
        let marks = message.headers_raw().map(|(name, text)| (name.to_owned(), text.trim().to_owned()));
        Self {
            subject: message.subject().unwrap_or_default().to_owned(),
            bodies: texts.chain(htmls).collect(),
            files: files.collect(),
            marks: marks.collect(),
        }
    }

    /// The first header of this name, empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let named = |(found, _): &&(String, String)| found.eq_ignore_ascii_case(name);
        self.marks.iter().find(named).map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    /// That it is this mail, whole. How a line of a body ends is the way's own.
    ///
    /// # Panics
    /// When it is not.
    pub fn is(&self, mail: &Mail) {
        let plain = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
        assert_eq!(self.subject, mail.subject);
        let sent = [plain(&mail.text), plain(&mail.html)];
        assert!(!self.bodies.is_empty() && self.bodies.iter().all(|body| sent.contains(&plain(body))), "{self:?}");
        let files = mail.attachments.iter().map(|file| (file.name.clone(), file.content.clone()));
        assert_eq!(self.files, files.collect::<Vec<_>>());
        let bears = |(_, text): &(String, String)| text == &mail.reference;
        assert!(self.marks.iter().any(bears), "{} is not in {:?}", mail.reference, self.marks);
    }
}

fn mail(reference: &str) -> Mail {
    let file = |name: &str, media_type, content: Vec<u8>| Attachment { name: name.to_owned(), media_type, content };
    Mail {
        reference: reference.to_owned(),
        subject: "Disputes on 21 November 2026: 3 won, 1 lost — €1,204.00".to_owned(),
        html: "<p>Recovered &lt;€1,204.00&gt; \"net\"</p>\n".to_owned(),
        text: ".\nRecovered €1,204.00\n".to_owned(),
        attachments: vec![
            file("disputes-2026-11-21.csv", "text/csv", "du_1,€ 10.00\r\ndu_2,\"two\nlines\"\r\n".into()),
            file("odd.bin", "application/octet-stream", (0..=255).cycle().take(1000).collect()),
            file("empty.csv", "text/csv", Vec::new()),
        ],
        sent_again_at: None,
    }
}

fn called(notifier: &dyn Notifier, reference: &str, attempt: i32) -> RequestId {
    RequestId::of(notifier.channel(), reference, attempt, DateTime::UNIX_EPOCH)
}

async fn send(side: &dyn OtherSide, mail: &Mail, attempt: i32) -> SendOutcome {
    let notifier = side.notifier();
    let attempt = called(notifier, &mail.reference, attempt);
    notifier.send(mail, &attempt).await
}

async fn send_and_be_accepted(side: &dyn OtherSide, mail: &Mail) {
    let outcome = send(side, mail, 1).await;
    assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
}

/// What a person is told is a sentence, and tells nothing of the mail.
fn assert_readable(reason: &str, mail: &Mail) {
    assert!(reason.len() > 40 && reason.ends_with('.'), "{reason}");
    for text in [&mail.subject, &mail.html, &mail.text] {
        assert!(!reason.contains(text.trim()), "{reason}");
    }
}

/// It is in the database, and in messages.
pub async fn its_channel_is_a_plain_word(side: &dyn OtherSide) {
    let channel = side.notifier().channel();
    assert!(!channel.is_empty() && channel.bytes().all(|byte| byte.is_ascii_lowercase()), "{channel}");
    assert_eq!(side.arrived().await, []);
}

/// Its subject, one of its bodies at least, all its files byte for byte, and its reference.
pub async fn a_mail_arrives_once_and_whole(side: &dyn OtherSide) {
    send_and_be_accepted(side, &mail("summary/2026-11-21")).await;
    let arrived = side.arrived().await;
    assert_eq!(arrived.len(), 1);
    arrived[0].is(&mail("summary/2026-11-21"));
}

/// Also where a mail has none.
pub async fn a_mail_without_files_arrives(side: &dyn OtherSide) {
    let bare = Mail { attachments: Vec::new(), ..mail("summary/2026-11-21") };
    send_and_be_accepted(side, &bare).await;
    let arrived = side.arrived().await;
    assert_eq!(arrived.len(), 1);
    arrived[0].is(&bare);
}

/// Each by its own reference.
pub async fn mails_of_two_days_are_two(side: &dyn OtherSide) {
    let days = ["summary/2026-11-21", "summary/2026-11-22"];
    for day in days {
        send_and_be_accepted(side, &mail(day)).await;
    }
    let arrived = side.arrived().await;
    assert_eq!(arrived.len(), 2);
    for (arrived, day) in arrived.iter().zip(days) {
        arrived.is(&Mail { attachments: mail(day).attachments, ..mail(day) });
    }
}

/// Else it would be sent again, and be there twice.
pub async fn what_was_accepted_and_is_said_not_to_be_there_is_known_again(side: &dyn OtherSide) {
    let mail = mail("summary/2026-11-21");
    send_and_be_accepted(side, &mail).await;
    look_and_send_if_not_there(side, &mail).await;
}

/// What is said not to be there is sent again, as whoever looks does, and is there once all the same.
async fn look_and_send_if_not_there(side: &dyn OtherSide, mail: &Mail) {
    let attempt = called(side.notifier(), &mail.reference, 1);
    let found = side.notifier().find(&mail.reference, &attempt).await;
    assert_eq!(side.arrived().await.len(), 1, "to look sends nothing");
    match found {
        Found::There => {}
        Found::NotThere => {
            assert!(side.notifier().place().is_some(), "it is asked only where there is a place");
            let outcome = send(side, mail, 2).await;
            assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
        }
        Found::CannotTell { reason } => assert!(reason.ends_with('.'), "{reason}"),
    }
    assert_eq!(side.arrived().await.len(), 1);
}

/// Where the process that sent it died, nobody heard even that an answer got lost.
pub async fn what_is_not_there_after_a_lost_answer_is_sent_again_and_there_once(side: &dyn Remote) {
    let mail = mail("summary/2026-11-21");
    side.lose_next_answer();
    let _ = send(side, &mail, 1).await;
    look_and_send_if_not_there(side, &mail).await;
}

/// Else a mail that never went would be taken for sent.
pub async fn what_was_never_sent_is_never_said_to_be_there(side: &dyn OtherSide) {
    let (notifier, day) = (side.notifier(), "summary/2026-11-21");
    assert_ne!(notifier.find(day, &called(notifier, day, 1)).await, Found::There);
    assert_eq!(side.arrived().await, []);
}

/// A refusal is certain, and the same mail can be sent later.
pub async fn a_refused_mail_leaves_nothing_and_arrives_later(side: &dyn OtherSide) {
    let mail = mail("summary/2026-11-21");
    side.refuse().await;
    for attempt in [1, 2] {
        let outcome = send(side, &mail, attempt).await;
        let SendOutcome::Refused { reason, .. } = &outcome else { panic!("{outcome:?}") };
        assert_readable(reason, &mail);
    }
    side.relent().await;
    assert_eq!(side.arrived().await, []);
    send_and_be_accepted(side, &mail).await;
    assert_eq!(side.arrived().await.len(), 1);
}

/// Where the other side can't tell the same mail when it comes again, the outcome is unknown, and it is not sent again; where
/// it can, it may be.
pub async fn a_lost_answer_never_makes_two_mails(side: &dyn Remote) {
    let mail = mail("summary/2026-11-21");
    side.lose_next_answer();
    let outcome = send(side, &mail, 1).await;
    match &outcome {
        SendOutcome::Unknown { reason } => assert_readable(reason, &mail),
        SendOutcome::Refused { reason, retry_after: Some(_) } => {
            assert_readable(reason, &mail);
            send_and_be_accepted(side, &mail).await;
        }
        SendOutcome::Accepted { .. } | SendOutcome::Refused { retry_after: None, .. } => panic!("{outcome:?}"),
    }
    assert_eq!(side.arrived().await.len(), 1);
}

/// That it may be the second is what the person has decided.
pub async fn what_a_person_has_sent_again_is_there_beside_the_first(side: &dyn Remote) {
    let (mail, again) = (mail("summary/2026-11-21"), sent_again());
    send_and_be_accepted(side, &mail).await;
    let outcome = send(side, &again, 2).await;
    assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    let arrived = side.arrived().await;
    assert_eq!(arrived.len(), 2);
    arrived[1].is(&again);
}

/// The next attempt is called otherwise, so that nobody would know it again.
pub async fn a_lost_answer_to_what_a_person_has_sent_again_leaves_it_unknown(side: &dyn Remote) {
    let (mail, again) = (mail("summary/2026-11-21"), sent_again());
    send_and_be_accepted(side, &mail).await;
    side.lose_next_answer();
    let outcome = send(side, &again, 2).await;
    let SendOutcome::Unknown { reason } = &outcome else { panic!("{outcome:?}") };
    assert_readable(reason, &again);
    assert_eq!(side.arrived().await.len(), 2);
}

fn sent_again() -> Mail {
    Mail { sent_again_at: DateTime::from_timestamp(1_795_330_800, 0), ..mail("summary/2026-11-21") }
}
