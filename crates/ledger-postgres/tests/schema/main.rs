//! What the database itself holds to, whoever writes to it.

mod append_only;
mod catalogue;
mod checks;
mod seed;
