//! The laws of the books, over random histories, on PostgreSQL.
//!
//! The cases are the same in every run: a failure names the case, and the case is found again.
#![expect(clippy::unwrap_used, reason = "what is not as expected should panic")]

mod apart;
mod as_of;
mod books;
mod carried;
mod case;
mod concurrency;
mod crashes;
mod customers;
mod figures;
mod order_blind;
mod sealing;
mod year;
