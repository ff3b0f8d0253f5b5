use async_trait::async_trait;

use super::LedgerError;
use crate::{AccountId, DisputeId, Movement, MovementId};

/// A movement as it is kept, and whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptMovement {
    /// The movement.
    pub movement: Movement,
    /// The dispute that its source names; `None` where it is the account's.
    pub dispute: Option<DisputeId>,
    /// The dispute that a person tied it to.
    pub tied_to: Option<DisputeId>,
}

/// Finds movements that are in the books.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Movements: Send + Sync {
    /// A movement by its id; `None` when it is not in the book.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn movement(&self, account: &AccountId, id: &MovementId) -> Result<Option<KeptMovement>, LedgerError>;
}
