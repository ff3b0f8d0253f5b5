//! Rows of several tables, written by one statement.

use std::fmt::Write;

use chargebook_domain::ports::LedgerError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, PgConnection, Postgres, Type};

use crate::column;
use crate::error::ledger_error;

/// A statement that is put together of parts: `WITH first AS (INSERT ...), second AS (...) SELECT ...`. A round trip and a
/// statement for each table would cost a small batch more than all its rows do.
///
/// No part sees the rows of another, so that none may depend on what another writes but by `RETURNING`.
#[derive(Default)]
pub(crate) struct Writes {
    parts: Vec<String>,
    arguments: PgArguments,
}

impl Writes {
    /// Gives a value to the statement; answers how it is named there.
    pub(crate) fn bind<'value, T>(&mut self, value: T) -> Result<String, LedgerError>
    where
        T: Encode<'value, Postgres> + Type<Postgres>,
    {
        self.arguments.add(value).map_err(|error| ledger_error(sqlx::Error::Encode(error)))?;
        Ok(format!("${}", self.arguments.len()))
    }

    /// Adds a part of one's own.
    pub(crate) fn part(&mut self, name: &str, sql: &str) {
        self.parts.push(format!("{name} AS ({sql})"));
    }

    /// Rows for a table of the books. [`Insert::end`] adds the part, which has the table's name.
    pub(crate) fn insert<'rows, Row>(&mut self, table: &'static str, rows: &'rows [Row]) -> Insert<'_, 'rows, Row> {
        Insert { writes: self, table, rows, names: Vec::new(), selected: Vec::new(), values: Vec::new() }
    }

    /// Writes all, if there is anything, and answers what `answer`, a list of `SELECT`, asks of it.
    pub(crate) async fn run(self, connection: &mut PgConnection, answer: &str) -> Result<Vec<PgRow>, LedgerError> {
        if self.parts.is_empty() {
            return Ok(Vec::new());
        }
        // PostgreSQL begins with the last. The first that is refused is what a person is told.
        let parts: Vec<_> = self.parts.into_iter().rev().collect();
        let sql = format!("WITH {} SELECT {answer}", parts.join(",\n"));
        sqlx::query_with(AssertSqlSafe(sql), self.arguments).fetch_all(connection).await.map_err(ledger_error)
    }
}

/// Rows for one table, given column by column.
pub(crate) struct Insert<'writes, 'rows, Row> {
    writes: &'writes mut Writes,
    table: &'static str,
    rows: &'rows [Row],
    names: Vec<&'static str>,
    selected: Vec<String>,
    values: Vec<String>,
}

impl<'rows, Row> Insert<'_, 'rows, Row> {
    /// The value of each row in a column.
    pub(crate) fn column<'value, Value>(
        self,
        name: &'static str,
        of: impl Fn(&'rows Row) -> Value,
    ) -> Result<Self, LedgerError>
    where
        Vec<Value>: Encode<'value, Postgres> + Type<Postgres>,
    {
        self.column_as(name, name, of)
    }

    /// The same, where what is written is made by SQL of the value, which has the name of its column there.
    pub(crate) fn column_as<'value, Value>(
        mut self,
        name: &'static str,
        sql: &str,
        of: impl Fn(&'rows Row) -> Value,
    ) -> Result<Self, LedgerError>
    where
        Vec<Value>: Encode<'value, Postgres> + Type<Postgres>,
    {
        let value = self.writes.bind(column(self.rows, of))?;
        self.values.push(value);
        self.selected.push(sql.to_owned());
        self.names.push(name);
        Ok(self)
    }

    /// Adds the part; `then` is what comes after the rows, such as what to do on a conflict.
    pub(crate) fn end(self, then: &str) {
        if self.rows.is_empty() {
            return;
        }
        let (table, names, selected) = (self.table, self.names.join(", "), self.selected.join(", "));
        let values = self.names.iter().zip(&self.values).map(|(name, value)| format!("unnest({value}) AS {name}"));
        // In the list of columns, where each takes its next value; in FROM all of them would be stored first, one by one.
        let values = values.collect::<Vec<_>>().join(", ");
        let sql = format!(
            "INSERT INTO chargebook.{table} AS t ({names}) SELECT {selected} FROM (SELECT {values}) AS r {then}"
        );
        self.writes.part(table, &sql);
    }

    /// Adds the part; a row whose `keys` are there takes the place of that one where `condition` holds.
    pub(crate) fn or_replace(self, keys: &[&str], also: &str, condition: &str) {
        let mut then = format!("ON CONFLICT ({}) DO UPDATE SET ", keys.join(", "));
        let others = self.names.iter().filter(|name| !keys.contains(name));
        let set: Vec<_> = others.map(|name| format!("{name} = EXCLUDED.{name}")).collect();
        // Writing into a String can't fail.
        let _ = write!(then, "{}{also} WHERE {condition}", set.join(", "));
        self.end(&then);
    }
}
