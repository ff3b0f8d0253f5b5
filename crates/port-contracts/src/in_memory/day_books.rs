use std::collections::{BTreeMap, BTreeSet};

use chargebook_domain::ports::{DayMail, DeliveryState, Disposition, Seal};
use chargebook_domain::summary::{Attention, DayBooks, DayRow, LedgerMove, Standing, Stands, Unresolved};
use chargebook_domain::{AccountId, Bucket, Currency, Deltas, DisputeKey, EntryKind, LedgerAccount, OrderMatch};
use chrono::NaiveDate;

use super::attributions::KeptTie;
use super::rows::{KeptDispute, KeptEntry, KeptResolution};
use super::summaries::place;
use super::{State, rows};

impl State {
    /// The own book, and each that ever had a dispute or an entry.
    pub(super) fn known_books(&self) -> BTreeSet<AccountId> {
        let of_disputes = self.disputes.keys().map(|key| &key.account);
        let known = of_disputes.chain(self.entries.iter().map(|kept| &kept.account)).cloned();
        known.chain([AccountId::own()]).collect()
    }

    /// What was sealed in a day or, when it is not sealed, what would be; of one book, or of all.
    pub(super) fn day_books(&self, seal: &Seal, book: Option<AccountId>) -> DayBooks {
        let is_in = |account: &AccountId| book.as_ref().is_none_or(|book| book == account);
        let is_sealed = self.sealed_days.contains_key(&seal.date);
        let placed = |sealed_in: Option<NaiveDate>, occurred_at| {
            sealed_in.or_else(|| if is_sealed { None } else { place(occurred_at, seal, self.sealed_days.is_empty()) })
        };
        let place_of_row = |row: &&KeptResolution| placed(row.sealed_in, row.resolution.occurred_at);
        let place_of_entry = |kept: &&KeptEntry| placed(kept.sealed_in, kept.entry.occurred_at());

        let (today, earlier) = (Some(seal.date), |place: Option<NaiveDate>| place.is_some_and(|day| day < seal.date));
        let rows = || self.resolutions.iter().filter(|row| is_in(&row.key.account));
        let entries = || self.entries.iter().filter(|kept| is_in(&kept.account));
        let rows_before: Vec<_> = rows().filter(|row| earlier(place_of_row(row))).collect();
        let rows_of_day: Vec<_> = rows().filter(|row| place_of_row(row) == today).collect();
        let entries_before: Vec<_> = entries().filter(|kept| earlier(place_of_entry(kept))).collect();
        let entries_of_day: Vec<_> = entries().filter(|kept| place_of_entry(kept) == today).collect();
        let rows_through: Vec<_> = rows_before.iter().chain(&rows_of_day).copied().collect();
        let entries_through: Vec<_> = entries_before.iter().chain(&entries_of_day).copied().collect();

        let standing = self.standing(seal, book.as_ref());
        DayBooks {
            from: seal.date,
            date: seal.date,
            zone: seal.zone,
            sealed: is_sealed,
            as_of: None,
            sha256: None,
            rows: self.day_rows(&rows_of_day, &rows_before),
            moves: moves(&entries_of_day, seal),
            opening: balances(&entries_before),
            resolved: sum_by_currency(&rows_through),
            unresolved: self.unresolved(&entries_through, &rows_through, |tie| {
                placed(tie.sealed_in, tie.occurred_at).is_some_and(|day| day <= seal.date)
            }),
            adjusted: balances(
                &entries_through.iter().copied().filter(|kept| kept.is_adjustment()).collect::<Vec<_>>(),
            ),
            month_to_date: standing.month_to_date,
            ninety_days: standing.ninety_days,
            trend: standing.trend,
            reasons: standing.reasons,
            open: standing.open,
            attention: self.attention(seal, book.as_ref()),
            received: Some(self.received(seal, book.as_ref())),
            networks: Some(Vec::new()),
            books: self.known_books().into_iter().filter(is_in).collect(),
            book,
        }
    }

    fn day_rows(&self, of_day: &[&KeptResolution], before: &[&KeptResolution]) -> Vec<DayRow> {
        let mut day_rows: Vec<_> = of_day.iter().map(|row| self.day_row(row, before)).collect();
        day_rows.sort_by(|a, b| (&a.key, a.revision, a.currency).cmp(&(&b.key, b.revision, b.currency)));
        day_rows
    }

    fn day_row(&self, row: &KeptResolution, before: &[&KeptResolution]) -> DayRow {
        let KeptDispute { dispute, facts, .. } = &self.disputes[&row.key];
        let resolution = &row.resolution;
        let same = |other: &&&KeptResolution| other.key == row.key && other.resolution.currency == resolution.currency;
        DayRow {
            key: row.key.clone(),
            order: match &dispute.order_match {
                OrderMatch::Matched { order, .. } => Some(order.clone()),
                OrderMatch::Ambiguous(_) | OrderMatch::Orphan => None,
            },
            reason: facts.first(|claims| claims.reason.clone()),
            card_brand: facts.first(|claims| claims.card_brand.clone()),
            disputed: facts.disputed().unwrap(),
            evidence_submitted: facts.last(|claims| claims.evidence_submitted),
            outcome: resolution.outcome,
            revision: resolution.revision,
            currency: resolution.currency,
            kind: resolution.kind,
            deltas: resolution.deltas,
            before: sum(before.iter().filter(same).map(|other| other.resolution.deltas)),
            occurred_at: resolution.occurred_at,
        }
    }

    pub(super) fn disputes_in(&self, book: Option<&AccountId>) -> impl Iterator<Item = (&DisputeKey, &KeptDispute)> {
        self.disputes.iter().filter(move |(key, _)| book.is_none_or(|book| *book == key.account))
    }

    /// The disputes that are no doubles, each with the sums of its rows.
    fn standing(&self, seal: &Seal, book: Option<&AccountId>) -> Standing {
        let counted = self.disputes_in(book).filter(|(_, kept)| kept.dispute.same_as.is_none());
        let stand = counted.map(|(key, kept)| {
            let own: Vec<_> = self.resolutions.iter().filter(|row| row.key == *key).collect();
            (Stands::of(&kept.facts).unwrap(), sum_by_currency(&own))
        });
        Standing::of(stand, seal.date, seal.zone).unwrap()
    }

    fn attention(&self, seal: &Seal, book: Option<&AccountId>) -> Attention {
        let count = |test: &dyn Fn(&KeptDispute) -> bool| {
            let counted = self.disputes_in(book).map(|(_, kept)| kept).filter(|kept| kept.dispute.same_as.is_none());
            u64::try_from(counted.filter(|kept| test(kept)).count()).unwrap()
        };
        let quarantined = self.causes.iter().filter(|((account, _), kept)| {
            kept.disposition == Disposition::Quarantined && book.is_none_or(|book| *book == self.home(account))
        });
        let undelivered = self.deliveries.iter().filter(|((mail, _), delivery)| {
            mail.date < seal.date
                && mail.overlaps(&DayMail { date: mail.date, book: book.cloned() })
                && matches!(delivery.state, DeliveryState::Failed | DeliveryState::Unknown)
        });
        Attention {
            orphans: count(&|kept| kept.dispute.order_match == OrderMatch::Orphan),
            ambiguous: count(&|kept| matches!(kept.dispute.order_match, OrderMatch::Ambiguous(_))),
            recovery_pending: count(&|kept| kept.dispute.bucket == Bucket::RecoveryPending),
            money_questions: count(&|kept| kept.discrepancies.iter().any(|odd| odd.kind.is_money_question())),
            quarantined: u64::try_from(quarantined.count()).unwrap(),
            undelivered: u64::try_from(undelivered.count()).unwrap(),
        }
    }
}

fn sum(deltas: impl IntoIterator<Item = Deltas>) -> Deltas {
    deltas.into_iter().fold(Deltas::default(), |sum, deltas| sum.plus(&deltas).unwrap())
}

fn sum_by_currency(rows: &[&KeptResolution]) -> BTreeMap<Currency, Deltas> {
    let mut sums: BTreeMap<Currency, Deltas> = BTreeMap::new();
    for ((_, currency), deltas) in rows::sum_resolutions(rows) {
        let sum = sums.entry(currency).or_default();
        *sum = sum.plus(&deltas).unwrap();
    }
    sums
}

fn balances(entries: &[&KeptEntry]) -> BTreeMap<(LedgerAccount, Currency), i64> {
    let mut balances = BTreeMap::new();
    for posting in entries.iter().flat_map(|kept| kept.entry.postings()) {
        *balances.entry((posting.account, posting.currency)).or_default() += posting.amount_minor;
    }
    balances
}

fn moves(entries: &[&KeptEntry], seal: &Seal) -> Vec<LedgerMove> {
    let mut sums: BTreeMap<(LedgerAccount, Currency, EntryKind, bool), (i64, i64)> = BTreeMap::new();
    for kept in entries {
        let late = kept.entry.occurred_at().with_timezone(&seal.zone).date_naive() < seal.date;
        for posting in kept.entry.postings() {
            let key = (posting.account, posting.currency, kept.entry.kind(), late);
            let (debits, credits) = sums.entry(key).or_default();
            *debits += posting.amount_minor.max(0);
            *credits += posting.amount_minor.min(0);
        }
    }
    let sums = sums.into_iter();
    sums.map(|((account, currency, kind, late), (debit_minor, credit_minor))| LedgerMove {
        account,
        currency,
        kind,
        late,
        debit_minor,
        credit_minor,
    })
    .collect()
}

impl State {
    /// The movements of the disputes that no row has closed, and of the account itself. One that is tied is the dispute's
    /// from the day on in which the tie `counts`.
    fn unresolved(
        &self,
        entries: &[&KeptEntry],
        rows: &[&KeptResolution],
        counts: impl Fn(&KeptTie) -> bool,
    ) -> BTreeMap<Currency, Unresolved> {
        let mut closed: BTreeMap<DisputeKey, i64> = BTreeMap::new();
        for row in rows {
            *closed.entry(row.key.clone()).or_default() += row.resolution.deltas.closed;
        }
        closed.retain(|_, count| *count > 0);
        let mut sums: BTreeMap<Currency, Unresolved> = BTreeMap::new();
        for kept in entries {
            let tied = self.tied(kept).filter(|tie| counts(tie)).map(|tie| &tie.dispute);
            let dispute = kept.entry.dispute().or(tied);
            let key = dispute.map(|dispute| DisputeKey { account: kept.account.clone(), dispute: dispute.clone() });
            let moves = matches!(kept.entry.kind(), EntryKind::Movement | EntryKind::Reclassification);
            if !moves || key.as_ref().is_some_and(|key| closed.contains_key(key)) {
                continue;
            }
            for posting in kept.entry.postings() {
                let sum = sums.entry(posting.currency).or_default();
                let part = match posting.account {
                    LedgerAccount::DisputeFees if key.is_none() => &mut sum.account_fee_minor,
                    LedgerAccount::DisputeFees => &mut sum.undecided_fee_minor,
                    LedgerAccount::DisputesSuspense if key.is_none() => &mut sum.account_suspense_minor,
                    LedgerAccount::DisputesSuspense => &mut sum.undecided_suspense_minor,
                    LedgerAccount::DisputesReceivable | LedgerAccount::DisputesContra => {
                        &mut sum.undecided_principal_minor
                    }
                    LedgerAccount::StripeBalance | LedgerAccount::ChargebackLosses | LedgerAccount::FxDifference => {
                        continue;
                    }
                };
                *part += posting.amount_minor;
            }
        }
        sums
    }
}
