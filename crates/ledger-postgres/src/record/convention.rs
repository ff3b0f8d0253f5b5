//! Notes by which convention disputes are begun.

use chargebook_domain::Change;
use chargebook_domain::ports::LedgerError;
use chrono::{DateTime, Utc};

use super::writes::Writes;

/// Appends the convention by which these changes begin disputes, where another was noted last, by whatever server.
pub(super) fn note(writes: &mut Writes, changes: &[&Change], recorded_at: DateTime<Utc>) -> Result<(), LedgerError> {
    let Some(convention) = changes.iter().find_map(|change| change.begins_by) else { return Ok(()) };
    let (convention, at) = (writes.bind(convention.as_str())?, writes.bind(recorded_at)?);
    // A clock that was ahead would else put all that is noted later before it.
    let sql = format!(
        "INSERT INTO chargebook.convention_changes (changed_at, convention)
         SELECT GREATEST({at}, last.changed_at + interval '1 microsecond'), {convention}
         FROM (VALUES (1)) one LEFT JOIN
              (SELECT * FROM chargebook.convention_changes ORDER BY changed_at DESC, convention LIMIT 1) last ON true
         WHERE last.convention IS DISTINCT FROM {convention}
         ON CONFLICT DO NOTHING"
    );
    writes.part("convention_changes", &sql);
    Ok(())
}
