//! Notes by which convention disputes are begun.

use chargebook_domain::ports::LedgerError;
use chargebook_domain::{Change, Convention};
use chrono::{DateTime, Utc};

use super::writes::Writes;

/// The convention by which these changes begin disputes, unless this server has `noted` it already.
pub(super) fn unnoted(changes: &[&Change], noted: Option<Convention>) -> Option<Convention> {
    changes.iter().find_map(|change| change.begins_by).filter(|begun| Some(*begun) != noted)
}

/// Appends it where another was noted last, by whatever server.
pub(super) fn note(writes: &mut Writes, convention: Convention, recorded_at: DateTime<Utc>) -> Result<(), LedgerError> {
    let (convention, at) = (writes.bind(convention.as_str())?, writes.bind(recorded_at)?);
    let sql = format!(
        "INSERT INTO chargebook.convention_changes (changed_at, convention) SELECT {at}, {convention}
         WHERE {convention} IS DISTINCT FROM
               (SELECT convention FROM chargebook.convention_changes ORDER BY changed_at DESC LIMIT 1)
         ON CONFLICT DO NOTHING"
    );
    writes.part("convention_changes", &sql);
    Ok(())
}
