//! Orders as a view shows them: the views that are documented, and views of any other kind.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

mod any_view;
mod shops;
mod view;
