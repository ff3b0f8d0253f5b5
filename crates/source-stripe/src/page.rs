//! Stripe's lists: the envelope is Stripe's or the answer is refused, and each object in it stands on its own.

use chargebook_domain::ports::{Cursor, Listing, Page};
use chargebook_stripe_wire::kinds::WORD;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::ApiError;
use crate::request::PAGE;

/// A list whose objects are not looked at yet, each in the bytes it came as.
#[derive(Deserialize)]
pub(crate) struct List {
    object: String,
    data: Vec<Box<RawValue>>,
    has_more: bool,
}

/// All that is needed of an object to go on from it, whatever else is wrong with it.
#[derive(Deserialize)]
struct Named {
    id: Value,
}

impl List {
    /// Refuses what is not a list after all.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if self.object == "list" && self.data.len() <= PAGE { Ok(()) } else { Err(ApiError::NotStripe) }
    }

    /// The page that was asked for, each object as `read` reads it.
    pub(crate) fn page<T>(&self, listing: &Listing, read: impl Fn(&str) -> T) -> Result<Page<T>, ApiError> {
        self.check()?;
        let next = if self.has_more { Some(self.next(listing)?) } else { None };
        Ok(Page { items: self.data.iter().map(|object| read(object.get())).collect(), next })
    }

    /// The last object that has an id. An unreadable one behind it comes again on the next page, and is the same.
    fn next(&self, listing: &Listing) -> Result<Cursor, ApiError> {
        let last = self.data.iter().rev().find_map(|object| {
            let named: Named = serde_json::from_str(object.get()).ok()?;
            (WORD.read)(&named.id)
        });
        let next = last.map(Cursor::new).filter(|next| listing.after.as_ref() != Some(next));
        next.ok_or(ApiError::Endless)
    }
}
