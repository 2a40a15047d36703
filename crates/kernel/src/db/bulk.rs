//! Many rows at once: multi-row inserts with a result per row, and streams into a table.

use std::collections::HashSet;

use tokio_postgres::types::Type;

use super::tx::{Connected, dialect};
use super::{DbError, Tx, Value, postgres, sqlite};

/// What a column holds, for a stream of rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `BIGINT`.
    Int,
    /// `BOOLEAN`.
    Bool,
    /// `TEXT`.
    Text,
    /// `BYTEA`.
    Bytes,
}

/// The table that a stream goes into, and its columns in order.
#[derive(Clone, Copy, Debug)]
pub struct BulkRows {
    /// Table name.
    pub table: &'static str,
    /// Columns with what they hold.
    pub columns: &'static [(&'static str, Kind)],
}

impl Tx<'_> {
    /// Inserts `rows` into `target`, e.g. `"card_use (id, person_id, at)"`, and tells for each
    /// whether it went in. With `on_conflict` (`"ON CONFLICT DO NOTHING"`) a row may stay out; the
    /// first column must then be an id that is different in each row.
    ///
    /// # Errors
    /// See [`DbError`]; without `on_conflict` a double key fails all.
    pub fn insert_rows(
        &mut self,
        target: &str,
        on_conflict: &str,
        rows: &[Vec<Value<'_>>],
    ) -> Result<Vec<bool>, DbError> {
        let width = rows.first().map_or(0, Vec::len);
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        debug_assert!(on_conflict.is_empty() || first_differs(rows), "{target}: ids come first");
        if matches!(self.connected, Connected::Sqlite(_)) {
            // No round trip to save: a prepared statement per row is as fast as SQLite gets.
            let sql = format!("INSERT INTO {target} VALUES {} {on_conflict}", tuples(1, width));
            return rows.iter().map(|row| Ok(self.execute(&sql, row)? == 1)).collect();
        }
        let key = target.split(['(', ',', ')']).nth(1).unwrap_or_default().trim();
        let shown = self.closed_rows(rows)?;
        let columns = super::columns::Columns::of(&shown);
        let returning =
            if on_conflict.is_empty() { String::new() } else { format!("RETURNING {key}") };
        let sql = format!("INSERT INTO {target} {} {on_conflict} {returning}", columns.select());
        let kept = self.insert_columns(&sql, &columns)?;
        if on_conflict.is_empty() {
            return Ok(vec![true; rows.len()]);
        }
        let kept: HashSet<i64> = kept.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
        let is_kept = |row: &Vec<Value<'_>>| matches!(row[0], Value::Int(id) if kept.contains(&id));
        Ok(rows.iter().map(is_kept).collect())
    }

    /// Streams rows into a table as fast as the engine takes them; returns their number.
    ///
    /// # Errors
    /// See [`DbError`]; a double key fails all.
    pub fn bulk(
        &mut self,
        into: BulkRows,
        rows: &mut dyn Iterator<Item = Vec<Value<'static>>>,
    ) -> Result<u64, DbError> {
        self.changed = true;
        let result = self.stream(into, rows);
        self.noted(result)
    }

    fn stream(
        &mut self,
        into: BulkRows,
        rows: &mut dyn Iterator<Item = Vec<Value<'static>>>,
    ) -> Result<u64, DbError> {
        let names: Vec<&str> = into.columns.iter().map(|(name, _)| *name).collect();
        let (table, names) = (into.table, names.join(", "));
        if into.columns.iter().any(|(_, kind)| *kind == Kind::Text) {
            self.learn()?;
        }
        let (sealer, turn) = (self.sealer, self.turn.as_ref());
        match &mut self.connected {
            Connected::Sqlite(connection) => {
                let places = tuples(1, into.columns.len());
                let sql = dialect(&format!("INSERT INTO {table} ({names}) VALUES {places}"));
                let mut count = 0;
                for row in rows {
                    count += sqlite::execute(connection, &sql, &sealer.close(&row, turn)?)?;
                }
                Ok(count)
            }
            Connected::Postgres(connection) => {
                let types: Vec<Type> =
                    into.columns.iter().map(|(_, kind)| pg_type(*kind)).collect();
                let sql = format!("COPY {table} ({names}) FROM STDIN BINARY");
                let mut failed = None;
                let mut shown = rows.map_while(|row| match sealer.close(&row, turn) {
                    Ok(row) => Some(row.into_owned()),
                    Err(problem) => {
                        failed = Some(problem);
                        None
                    }
                });
                let count = postgres::PgConnection::copy(connection, &sql, &types, &mut shown)?;
                failed.map_or(Ok(count), Err)
            }
        }
    }
}

/// Whether each row begins with an id of its own, by which PostgreSQL tells the rows that went in.
fn first_differs(rows: &[Vec<Value<'_>>]) -> bool {
    let mut seen = HashSet::new();
    rows.iter().all(|row| matches!(row[0], Value::Int(id) if seen.insert(id)))
}

fn pg_type(kind: Kind) -> Type {
    match kind {
        Kind::Int => Type::INT8,
        Kind::Bool => Type::BOOL,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
    }
}

/// `($1,$2),($3,$4)` for two rows of two columns.
fn tuples(rows: usize, width: usize) -> String {
    let mut text = String::with_capacity(rows * width * 5);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 1..=width {
            let comma = if column == width { "" } else { "," };
            text.push_str(&format!("${}{comma}", row * width + column));
        }
        text.push(')');
    }
    text
}
