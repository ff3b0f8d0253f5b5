//! The scenarios of `docs/accounting.md`: histories of disputes, and what the books must say of each. The page is their only
//! source.

mod arrival;
mod notation;
mod page;
mod table;

use chargebook_domain::ports::{Content, Entry, Ledger};
use chargebook_domain::{BookRules, MovementId, account_entry};
use chrono::TimeDelta;

pub use arrival::{Arrival, Shows, observations};
pub use page::{PAGE, part};
pub use table::{Disputed, Moved, Part, Row, Said, Scenario, Share, scenarios};

use crate::booking::book_each;
use crate::samples::{cause, day, dispute_key};

impl Scenario {
    /// The same, begun `days` later, and with ids of its own: `mark` ends each.
    #[must_use]
    pub fn begun(mut self, days: i64, mark: &str) -> Self {
        let move_all = |moved: &mut Vec<Moved>| {
            for moved in moved {
                moved.seen_on += days;
                moved.movement.occurred_at += TimeDelta::days(days);
                moved.movement.id = MovementId::parse(&format!("{}_{mark}", moved.movement.id)).unwrap();
            }
        };
        for disputed in &mut self.disputes {
            disputed.key = dispute_key(&format!("{}_{mark}", disputed.key.dispute));
            for said in &mut disputed.said {
                said.day += days;
                said.claims.opened_at = said.claims.opened_at.map(|at| at + TimeDelta::days(days));
            }
            for part in &mut disputed.journal {
                part.day += days;
            }
            disputed.closed_on = disputed.closed_on.map(|day| day + days);
            for row in &mut disputed.rows {
                row.day += days;
            }
            move_all(&mut disputed.moved);
        }
        if let Some((moved, journal)) = &mut self.unclaimed {
            move_all(moved);
            for part in journal {
                part.day += days;
            }
        }
        self
    }

    /// Books it as it stands on the page, statement by statement.
    pub async fn book(&self, ledger: &dyn Ledger, rules: BookRules) {
        for disputed in &self.disputes {
            let observations = observations(disputed, Shows::AllSoFar, Arrival::AsWritten);
            book_each(ledger, &disputed.key, &observations, rules, day(700)).await.unwrap();
        }
        self.book_unclaimed(ledger, rules).await;
    }

    /// Books the movements that no dispute claims.
    pub async fn book_unclaimed(&self, ledger: &dyn Ledger, rules: BookRules) {
        for Moved { movement, .. } in self.unclaimed.iter().flat_map(|(moved, _)| moved) {
            let content = Content::AccountMovement(Box::new(movement.clone()), account_entry(movement, rules).unwrap());
            ledger.record(&[Entry { causes: vec![cause(movement.id.as_str())], content }], day(700)).await.unwrap();
        }
    }
}
