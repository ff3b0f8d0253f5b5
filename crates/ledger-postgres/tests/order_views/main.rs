//! Orders as a view shows them: the views that are documented, and views of any other kind.

mod any_view;
mod shops;
mod view;
