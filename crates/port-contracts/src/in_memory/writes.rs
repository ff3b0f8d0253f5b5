use chargebook_domain::ports::{Answer, Cause, Content, Disposition, Entry, LedgerError};
use chargebook_domain::{AccountId, Change, Facts, JournalEntry, Movement, Status};
use chrono::{DateTime, Utc};

use super::State;
use super::rows::{KeptCause, KeptDispute, KeptEntry, KeptResolution};

impl State {
    pub(super) fn record(&mut self, entry: &Entry, recorded_at: DateTime<Utc>) -> Result<Answer, LedgerError> {
        refuse_unstorable(entry)?;
        let known_before: Vec<_> = entry.causes.iter().map(|cause| self.is_known(cause, &entry.content)).collect();
        let all_known = !known_before.is_empty() && known_before.iter().all(|known| *known);
        match &entry.content {
            // A known cause can bring news: a read of the same bytes at a later moment.
            Content::Change(change) if change.has_news() || entry.causes.is_empty() => {
                let present = self.disputes.get(&change.key).map_or(0, |kept| kept.version);
                let is_stale = present != change.expected || change.orders_version != self.orders_version;
                if is_stale {
                    let is_done = !entry.causes.is_empty() && entry.causes.iter().all(|cause| self.is_booked(cause));
                    return Ok(if is_done { Answer::Recorded { known_before } } else { Answer::Stale });
                }
                self.record_change(change, recorded_at)?;
            }
            Content::AccountMovement(movement, journal_entry) if !all_known => {
                let account = entry.causes.first().map_or_else(AccountId::own, |cause| cause.account.clone());
                self.record_movement(&account, movement)?;
                if let Some(journal_entry) = journal_entry {
                    self.record_entry(&account, journal_entry, recorded_at)?;
                }
            }
            Content::Adjustment(adjustment) if !all_known => {
                let account = entry.causes.first().map_or_else(AccountId::own, |cause| cause.account.clone());
                self.record_entry(&account, adjustment, recorded_at)?;
            }
            Content::FraudWarning(warning) => {
                let account = entry.causes.first().map_or_else(AccountId::own, |cause| cause.account.clone());
                self.fraud_warnings.entry((account, warning.id.clone())).or_insert_with(|| (**warning).clone());
            }
            Content::Change(_)
            | Content::AccountMovement(..)
            | Content::Adjustment(_)
            | Content::Ignored
            | Content::Quarantined { .. } => {}
        }
        for (cause, known) in entry.causes.iter().zip(&known_before) {
            if !known {
                self.keep_cause(cause, &entry.content);
            }
        }
        Ok(Answer::Recorded { known_before })
    }

    /// What is quarantined is known only to those who would quarantine it again.
    fn is_known(&self, cause: &Cause, content: &Content) -> bool {
        let kept = self.causes.get(&(cause.account.clone(), cause.id.clone()));
        let books = content.disposition().0 == Disposition::Recorded;
        kept.is_some_and(|kept| !(books && kept.disposition == Disposition::Quarantined))
    }

    fn is_booked(&self, cause: &Cause) -> bool {
        let kept = self.causes.get(&(cause.account.clone(), cause.id.clone()));
        kept.is_some_and(|kept| kept.disposition == Disposition::Recorded)
    }

    fn keep_cause(&mut self, cause: &Cause, content: &Content) {
        let (disposition, reason) = content.disposition();
        let reason = reason.map(ToOwned::to_owned);
        let key = (cause.account.clone(), cause.id.clone());
        self.causes.insert(key, KeptCause { cause: cause.clone(), disposition, reason });
    }

    fn record_change(&mut self, change: &Change, recorded_at: DateTime<Utc>) -> Result<(), LedgerError> {
        let key = &change.key;
        for movement in &change.movements {
            self.record_movement(&key.account, movement)?;
        }
        for entry in &change.entries {
            self.record_entry(&key.account, entry, recorded_at)?;
        }
        self.resolutions.extend(change.resolutions.iter().map(|resolution| KeptResolution {
            key: key.clone(),
            resolution: resolution.clone(),
            recorded_at,
            sealed_in: None,
        }));
        let before = self.disputes.get(key).map(|kept| kept.facts.clone()).unwrap_or_default();
        let lines = before.lines().cloned().chain(change.lines.iter().cloned());
        let movements = before.movements().into_iter().cloned().chain(change.movements.iter().cloned());
        let mut facts = Facts::from_parts(lines, movements);
        for what in before.attributed().iter().chain(change.attribution.iter().map(|said| &said.what)) {
            facts.attribute(what).unwrap();
        }
        if let Some(attribution) = &change.attribution {
            self.keep_attribution(key, attribution)?;
        }
        assert_eq!(facts, change.facts, "a change's facts are those it was decided from and those that are new");
        let kept = KeptDispute {
            version: change.expected + 1,
            facts,
            dispute: change.dispute.clone(),
            discrepancies: change.discrepancies.clone(),
            order_resolutions: change.order_resolutions.clone(),
            due: false,
        };
        self.disputes.insert(key.clone(), kept);
        if let Some(owed) = change.owed_read {
            self.owe(key, owed, recorded_at);
        }
        self.follow_up(change, recorded_at);
        Ok(())
    }

    fn record_movement(&mut self, account: &AccountId, movement: &Movement) -> Result<(), LedgerError> {
        match self.movements.insert((account.clone(), movement.id.clone()), movement.clone()) {
            None => Ok(()),
            Some(_) => Err(refused("a movement is in the books already")),
        }
    }

    fn record_entry(
        &mut self,
        account: &AccountId,
        entry: &JournalEntry,
        recorded_at: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        if self.entries.iter().any(|kept| kept.account == *account && kept.entry.id() == entry.id()) {
            return Err(refused("a journal entry is in the books already"));
        }
        let entry = entry.posted_after(self.closed_through()).into_owned();
        self.entries.push(KeptEntry { account: account.clone(), entry, recorded_at, sealed_in: None });
        Ok(())
    }
}

pub(super) fn refused(reason: &str) -> LedgerError {
    LedgerError::Refused { reason: reason.to_owned() }
}

/// A database can't keep the character NUL in a text; so this one refuses it as well.
fn refuse_unstorable(entry: &Entry) -> Result<(), LedgerError> {
    let mut texts: Vec<&str> = entry.causes.iter().map(|cause| cause.event_type.as_str()).collect();
    match &entry.content {
        Content::Change(change) => {
            for line in &change.lines {
                if let Status::Unrecognised(word) = &line.status {
                    texts.push(word);
                }
                let claims = &line.claims;
                let words = [&claims.reason, &claims.case_type, &claims.card_brand, &claims.card_last4];
                texts.extend(words.into_iter().flatten().map(String::as_str));
            }
            change.movements.iter().for_each(|movement| texts.extend(texts_of(movement)));
            texts.extend(change.attribution.iter().flat_map(|said| [said.by.as_str(), said.reason.as_str()]));
        }
        Content::AccountMovement(movement, _) => texts.extend(texts_of(movement)),
        Content::Adjustment(entry) => texts.push(entry.narration()),
        Content::FraudWarning(warning) => {
            texts.extend([&warning.fraud_type, &warning.card_brand].into_iter().flatten().map(String::as_str));
        }
        Content::Quarantined { reason } => texts.push(reason),
        Content::Ignored => {}
    }
    refuse_nul(texts)
}

fn texts_of(movement: &Movement) -> impl Iterator<Item = &str> {
    let optional = [&movement.reporting_category, &movement.description, &movement.source];
    optional.into_iter().flatten().map(String::as_str).chain([movement.stripe_type.as_str()])
}

pub(super) fn refuse_nul<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<(), LedgerError> {
    if texts.into_iter().any(|text| text.contains('\0')) { Err(refused("a text contains NUL")) } else { Ok(()) }
}
