//! Where the mail goes.

use std::sync::Arc;

use chargebook_domain::ports::Notifier;
use chargebook_notifier_outlook::OutlookNotifier;
use chargebook_notifier_smtp::SmtpNotifier;
use chargebook_notifier_webhook::WebhookNotifier;

use super::SetUpError;
use crate::clock::SystemClock;
use crate::folder::FolderNotifier;
use crate::settings::{Channel, Settings};

/// A notifier for each channel of the settings, in their order: the first that takes them gets the mails that rules and alerts owe.
///
/// # Errors
/// [`SetUpError`] where the settings of one can't be right, or a file that they name can't be used.
pub fn notifiers(settings: &Settings) -> Result<Vec<Arc<dyn Notifier>>, SetUpError> {
    settings.channels.iter().map(|channel| notifier(settings, *channel)).collect()
}

fn notifier(settings: &Settings, channel: Channel) -> Result<Arc<dyn Notifier>, SetUpError> {
    let clock = Arc::new(SystemClock);
    match channel {
        Channel::Outlook => built(channel, settings.outlook.clone(), |outlook| OutlookNotifier::new(outlook, clock)),
        Channel::Smtp => built(channel, settings.smtp.as_ref(), |smtp| SmtpNotifier::new(smtp, clock)),
        Channel::Webhook => built(channel, settings.webhook.as_ref(), |webhook| WebhookNotifier::new(webhook, clock)),
        Channel::Folder => Ok(Arc::new(FolderNotifier::new(settings.data_dir.join("mail")))),
    }
}

/// A notifier of what its section says.
fn built<S, N: Notifier + 'static, P: ToString>(
    channel: Channel,
    settings: Option<S>,
    build: impl FnOnce(S) -> Result<N, Vec<P>>,
) -> Result<Arc<dyn Notifier>, SetUpError> {
    let wrong = |what: String| SetUpError::new(what, channel.remedy());
    let settings = settings.ok_or_else(|| wrong(format!("the section {} is missing", channel.as_str())))?;
    let told = |problems: Vec<P>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    Ok(Arc::new(build(settings).map_err(|problems| wrong(told(problems)))?))
}
