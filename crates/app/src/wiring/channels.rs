//! Where the mail goes.

use std::sync::Arc;

use chargebook_domain::ports::Notifier;
use chargebook_notifier_outlook::OutlookNotifier;
use chargebook_notifier_smtp::SmtpNotifier;
use chargebook_notifier_webhook::WebhookNotifier;

use super::{SetUpError, checks};
use crate::clock::SystemClock;
use crate::finding::Finding;
use crate::folder::FolderNotifier;
use crate::mail_check::{LookAtMail, MailCheck};
use crate::settings::{Channel, Settings};

/// The ways that mail goes, and how they are looked at.
#[derive(Default)]
pub(super) struct Channels {
    pub(super) notifiers: Vec<Arc<dyn Notifier>>,
    /// Of those that can be asked without sending anything.
    pub(super) mail_checks: Vec<MailCheck>,
}

/// A notifier for each channel of the settings, in their order: the first that takes them gets the mails that rules and alerts owe.
///
/// # Errors
/// [`SetUpError`] where the settings of one can't be right, or a file that they name can't be used.
pub fn notifiers(settings: &Settings) -> Result<Vec<Arc<dyn Notifier>>, SetUpError> {
    Ok(channels(settings)?.notifiers)
}

/// The same with how they are looked at: each by the notifier that sends, so that they share what it signs in with.
pub(super) fn channels(settings: &Settings) -> Result<Channels, SetUpError> {
    let mut channels = Channels::default();
    for channel in &settings.channels {
        let (notifier, look) = way(settings, *channel)?;
        channels.notifiers.push(notifier);
        channels.mail_checks.extend(look.map(|look| MailCheck { channel: channel.as_str(), look }));
    }
    Ok(channels)
}

/// One of them, and a look at it where that can be had without sending anything.
type Way = (Arc<dyn Notifier>, Option<Arc<LookAtMail>>);

fn way(settings: &Settings, channel: Channel) -> Result<Way, SetUpError> {
    let clock = Arc::new(SystemClock);
    Ok(match channel {
        Channel::Outlook => {
            let outlook = needed(channel, settings.outlook.clone())?;
            let credential = outlook.credential.clone();
            let notifier = built(channel, OutlookNotifier::new(outlook, clock))?;
            let look = look(&notifier, move |notifier| {
                let credential = credential.clone();
                async move { checks::outlook(&notifier, &credential).await }
            });
            (notifier, Some(look))
        }
        Channel::Smtp => {
            let notifier = built(channel, SmtpNotifier::new(&needed(channel, settings.smtp.clone())?, clock))?;
            let look = look(&notifier, |notifier| async move { vec![checks::smtp(&notifier).await] });
            (notifier, Some(look))
        }
        Channel::Webhook => {
            let webhook = needed(channel, settings.webhook.clone())?;
            (built(channel, WebhookNotifier::new(&webhook, clock))?, None)
        }
        Channel::Folder => (Arc::new(FolderNotifier::new(settings.data_dir.join("mail"))), None),
    })
}

/// A channel's section.
fn needed<S>(channel: Channel, section: Option<S>) -> Result<S, SetUpError> {
    section.ok_or_else(|| SetUpError::new(format!("the section {} is missing", channel.as_str()), channel.remedy()))
}

fn built<N, P: ToString>(channel: Channel, built: Result<N, Vec<P>>) -> Result<Arc<N>, SetUpError> {
    let told = |problems: Vec<P>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    built.map(Arc::new).map_err(|problems| SetUpError::new(told(problems), channel.remedy()))
}

/// Tells what needs a person of what `check` finds.
fn look<N: Notifier + 'static, F>(
    notifier: &Arc<N>,
    check: impl Fn(Arc<N>) -> F + Send + Sync + 'static,
) -> Arc<LookAtMail>
where
    F: Future<Output = Vec<Finding>> + Send + 'static,
{
    let notifier = Arc::clone(notifier);
    Arc::new(move || {
        let found = check(Arc::clone(&notifier));
        Box::pin(async move { found.await.iter().filter_map(Finding::for_a_person).collect() })
    })
}
