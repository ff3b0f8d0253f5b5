use async_trait::async_trait;
use chargebook_domain::alerts::{AlertBounds, AlertKind, DisputeAlert, Wrong};
use chargebook_domain::ports::{Alerts, DeliveryState, Disposition, Due, LedgerError, OutboxMessage, Summaries as _};
use chargebook_domain::{Bucket, DisputeKey, OrderMatch};
use chrono::{DateTime, Utc};

use super::outbox::QueuedMessage;
use super::{InMemoryLedger, KeptDispute, State};

#[async_trait]
impl Alerts for InMemoryLedger {
    async fn untold(&self, bounds: &AlertBounds) -> Result<Vec<Wrong>, LedgerError> {
        let sealed = self.sealed(bounds.zone).await?;
        let state = self.state();
        let mut wrong: Vec<_> = bounds.not_sealed(&sealed).chain(state.late(bounds)).collect();
        let quarantined = state.causes.iter().filter(|(_, kept)| kept.disposition == Disposition::Quarantined);
        let events = quarantined.map(|((account, id), _)| Wrong::Quarantined { event: format!("{account}/{id}") });
        wrong.extend(events.filter(|_| bounds.quarantined));
        let disputes = state.disputes_in(None).filter(|(_, kept)| kept.dispute.same_as.is_none());
        wrong.extend(disputes.flat_map(|(key, kept)| wrong_with(key, kept, bounds)));
        wrong.retain(|wrong| !state.told.contains(&(wrong.kind(), wrong.subject())));
        wrong.sort_by_key(Wrong::kind);
        Ok(wrong)
    }

    async fn tell(
        &self,
        kind: AlertKind,
        subjects: &[String],
        message: &OutboxMessage,
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        let mut state = self.state();
        if subjects.iter().any(|subject| state.told.contains(&(kind, subject.clone()))) {
            return Ok(false);
        }
        state.told.extend(subjects.iter().map(|subject| (kind, subject.clone())));
        let queued = QueuedMessage::new(message, now);
        state.outbox.entry(message.id.clone()).or_insert(queued);
        Ok(true)
    }
}

impl State {
    fn late(&self, bounds: &AlertBounds) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let of_days = bounds.summaries().into_iter().flat_map(|days| self.sealed_days.range(days));
        for (date, _) in of_days {
            let of_day = || {
                let on = |channel: &String| bounds.channels.contains(channel);
                self.deliveries.iter().filter(move |((mail, channel), _)| mail.date == *date && on(channel))
            };
            if of_day().next().is_none() {
                wrong.push(Wrong::not_on_its_way(*date));
            }
            for ((mail, channel), delivery) in of_day().filter(|(_, of)| of.state != DeliveryState::Accepted) {
                let due = Due { mail: mail.clone(), channel: channel.clone(), sent_as: None };
                wrong.push(Wrong::late(due, delivery.state));
            }
        }
        wrong
    }
}

fn wrong_with(key: &DisputeKey, kept: &KeptDispute, bounds: &AlertBounds) -> Vec<Wrong> {
    let KeptDispute { dispute, facts, .. } = kept;
    let alert = |at| DisputeAlert {
        key: key.clone(),
        order: match &dispute.order_match {
            OrderMatch::Matched { order, .. } => Some(order.clone()),
            OrderMatch::Ambiguous(_) | OrderMatch::Orphan => None,
        },
        disputed: facts.disputed().unwrap(),
        at,
    };
    let is_pending = dispute.bucket == Bucket::RecoveryPending;
    let won = dispute.closed_at.filter(|at| is_pending && bounds.won_before.is_some_and(|before| *at < before));
    let is_needed = dispute.closed_at.is_none() && facts.last(|claims| claims.evidence_submitted) != Some(true);
    let due_by = facts.last(|claims| claims.evidence_due_by).filter(|_| is_needed);
    let due_by = due_by.filter(|by| *by > bounds.now && bounds.evidence_until.is_some_and(|until| *by <= until));
    let filed = Some(facts.opened_at().unwrap_or(dispute.status_as_of));
    let is_orphan = dispute.order_match == OrderMatch::Orphan;
    let filed = filed.filter(|at| is_orphan && bounds.filed_before.is_some_and(|before| *at < before));
    let won = won.map(|at| Wrong::NotReinstated(alert(at)));
    let due = due_by.map(|at| Wrong::EvidenceDue(alert(at)));
    [won, due, filed.map(|at| Wrong::Orphaned(alert(at)))].into_iter().flatten().collect()
}
