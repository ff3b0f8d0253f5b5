//! Where the mail goes.

use std::sync::Arc;

use chargebook_domain::ports::Notifier;
use chargebook_notifier_outlook::OutlookNotifier;

use super::SetUpError;
use crate::folder::FolderNotifier;
use crate::settings::{Channel, Settings};

/// A notifier for each channel of the settings, in their order: the first also sends what rules and alerts owe.
///
/// # Errors
/// [`SetUpError`] where the settings of one can't be right.
pub fn notifiers(settings: &Settings) -> Result<Vec<Arc<dyn Notifier>>, SetUpError> {
    settings.channels.iter().map(|channel| notifier(settings, *channel)).collect()
}

fn notifier(settings: &Settings, channel: Channel) -> Result<Arc<dyn Notifier>, SetUpError> {
    match (channel, &settings.outlook) {
        (Channel::Outlook, Some(outlook)) => match OutlookNotifier::new(outlook.clone()) {
            Ok(notifier) => Ok(Arc::new(notifier)),
            Err(problems) => Err(wrong("outlook", &problems)),
        },
        (Channel::Outlook, None) => Err(wrong::<&str>("outlook", &["its section is missing"])),
        (Channel::Folder, _) => Ok(Arc::new(FolderNotifier::new(settings.data_dir.join("mail")))),
    }
}

fn wrong<P: ToString>(section: &str, problems: &[P]) -> SetUpError {
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    SetUpError::new(problems.join("; "), format!("correct the section {section}"))
}
