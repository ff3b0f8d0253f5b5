//! On which channels the mail goes.

use super::keys::nearest_of;
use super::reader::Reader;

const KEY: &str = "summary.channels";

/// A way to send the mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// Microsoft's Graph.
    Outlook,
    /// A mail server.
    Smtp,
    /// A program or a chat that is posted to.
    Webhook,
    /// Files in a folder.
    Folder,
}

impl Channel {
    /// Every channel, those first that are taken first where none is named.
    const ALL: [Self; 4] = [Self::Outlook, Self::Smtp, Self::Webhook, Self::Folder];

    /// What it is called in the settings, and in `summary_deliveries`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outlook => "outlook",
            Self::Smtp => "smtp",
            Self::Webhook => "webhook",
            Self::Folder => "folder",
        }
    }

    /// What to do about a setting of its section that can't be right.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Outlook => "see docs/operations.md on how to set up Outlook",
            Self::Smtp => "see docs/operations.md on mail by SMTP",
            Self::Webhook => "see docs/operations.md on posting the day's mail",
            Self::Folder => "see docs/operations.md on data_dir",
        }
    }
}

/// The channels that are named or, where none is, every one whose section `is_set`; the folder where there is no other.
pub(super) fn channels(reader: &mut Reader, is_set: impl Fn(Channel) -> bool) -> Vec<Channel> {
    let names = || Channel::ALL.map(Channel::as_str);
    let mut channels = Vec::new();
    for name in reader.list(KEY) {
        match Channel::ALL.into_iter().find(|channel| channel.as_str() == name) {
            None => {
                let meant = nearest_of(&name, names().into_iter());
                let meant = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
                reader.problem(KEY, format!("`{name}` is no channel{meant}"), format!("write {}", names().join(", ")));
            }
            Some(channel) if channels.contains(&channel) => {
                reader.problem(KEY, format!("{name} is named twice"), "name it once");
            }
            Some(channel) if channel != Channel::Folder && !is_set(channel) => {
                let what = format!("it names {name}, and the section {name} is not there");
                reader.problem(KEY, what, format!("write the section {name}, or leave {name} out"));
            }
            Some(channel) => channels.push(channel),
        }
    }
    if channels.is_empty() {
        channels.extend(Channel::ALL.into_iter().filter(|channel| is_set(*channel)));
    }
    if channels.is_empty() {
        channels.push(Channel::Folder);
    }
    channels
}
