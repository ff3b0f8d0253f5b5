//! What a server needs of a shop of WooCommerce.

use std::sync::Arc;

use chargebook_domain::AccountId;
use chargebook_domain::ports::{DisputeSource, ShopReader, Sweeps};

/// A shop.
#[derive(Clone)]
pub struct Shop {
    /// Its webhooks.
    pub source: Arc<dyn DisputeSource>,
    /// The shop once more, where it may be asked as well.
    pub asking: Option<AskingShop>,
}

/// A shop that may be asked, and what remembers when it was.
#[derive(Clone)]
pub struct AskingShop {
    /// The shop.
    pub reader: Arc<dyn ShopReader>,
    /// When it is due to be asked.
    pub sweeps: Arc<dyn Sweeps>,
    /// The name under which that is remembered: the shop's own book, whichever it writes into.
    pub known_as: AccountId,
}
