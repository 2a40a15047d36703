//! A transaction as a use case sees it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::columns::Columns;
use super::postgres::PgConnection;
use super::sealer::Sealer;
use super::turn::Turn;
use super::{DbError, Row, Value, sqlite};

pub(super) enum Connected<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut PgConnection),
}

/// An open transaction. It ends when the closure that got it returns: kept on `Ok`, taken back on
/// `Err`. When a statement failed it is taken back on `Ok` too, with that statement's error: what
/// may already be there is inserted with `ON CONFLICT`.
pub struct Tx<'a> {
    pub(super) connected: Connected<'a>,
    pub(super) sealer: &'a Sealer,
    /// Which key seals; known from the first sealed text on.
    pub(super) turn: Option<Turn>,
    /// Whether it may change data.
    pub(super) writes: bool,
    pub(super) changed: bool,
    pub(super) journalled: bool,
    /// The first statement that failed. PostgreSQL keeps nothing of the transaction then, whatever
    /// the closure makes of it; so that both engines do the same, neither does SQLite.
    pub(super) failed: Option<DbError>,
}

thread_local! {
    /// SQLite's form of each statement text, made once per thread.
    static DIALECT: RefCell<HashMap<String, Rc<str>>> = RefCell::default();
}

/// The most keys that go into one `IN (…)`.
const IN_CHUNK: usize = 256;

impl<'a> Tx<'a> {
    pub(super) fn new(connected: Connected<'a>, sealer: &'a Sealer, writes: bool) -> Self {
        let (changed, journalled) = (false, false);
        Self { connected, sealer, turn: None, writes, changed, journalled, failed: None }
    }

    /// The journal calls this when an entry of this transaction is written.
    pub(crate) fn mark_journalled(&mut self) {
        self.journalled = true;
    }

    /// Runs a statement that changes data; returns the number of rows it changed.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, DbError> {
        let params = self.closed(params)?;
        self.raw_execute(sql, &params)
    }

    /// Parameters as the engine sees them.
    fn closed<'p, 'v>(&mut self, params: &'p [Value<'v>]) -> Result<Cow<'p, [Value<'v>]>, DbError> {
        if params.iter().any(Sealer::seals) {
            self.learn()?;
        }
        self.sealer.close(params, self.turn.as_ref())
    }

    /// Many rows of parameters as the engine sees them.
    pub(super) fn closed_rows<'p, 'v>(
        &mut self,
        rows: &'p [Vec<Value<'v>>],
    ) -> Result<Cow<'p, [Vec<Value<'v>>]>, DbError> {
        if rows.iter().flatten().any(Sealer::seals) {
            self.learn()?;
        }
        self.sealer.close_rows(rows, self.turn.as_ref())
    }

    /// [`Tx::execute`] with sealed texts as they stand in the database.
    pub(super) fn raw_execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, DbError> {
        self.changed = true;
        let result = match &mut self.connected {
            Connected::Sqlite(connection) => sqlite::execute(connection, &dialect(sql), params),
            Connected::Postgres(connection) => connection.execute(sql, params),
        };
        self.noted(result)
    }

    /// [`Tx::query`] with sealed texts as they stand in the database.
    pub(super) fn raw_query(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
    ) -> Result<Vec<Row>, DbError> {
        let result = match &mut self.connected {
            Connected::Sqlite(connection) => sqlite::query(connection, &dialect(sql), params),
            Connected::Postgres(connection) => connection.query(sql, params),
        };
        self.noted(result)
    }

    /// Remembers a failure: see [`Tx::failed`].
    pub(super) fn noted<T>(&mut self, result: Result<T, DbError>) -> Result<T, DbError> {
        if let Err(problem) = &result {
            self.failed.get_or_insert_with(|| problem.clone());
        }
        result
    }

    /// Like [`Tx::execute`] for a change guarded by `WHERE … version = $n`.
    ///
    /// # Errors
    /// [`DbError::Conflict`] when it did not change exactly one row.
    pub fn execute_one(&mut self, sql: &str, params: &[Value<'_>]) -> Result<(), DbError> {
        match self.execute(sql, params)? {
            1 => Ok(()),
            _ => Err(DbError::Conflict),
        }
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn query(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        // `INSERT … RETURNING` is a change too, and `WITH` may hide one.
        let first = sql.split_whitespace().next().unwrap_or_default();
        self.changed |= !first.eq_ignore_ascii_case("SELECT");
        let params = self.closed(params)?;
        self.raw_query(sql, &params).map(|rows| self.sealer.open(rows))
    }

    /// An insert of whole columns, which only PostgreSQL has.
    pub(super) fn insert_columns(
        &mut self,
        sql: &str,
        columns: &Columns<'_>,
    ) -> Result<Vec<Row>, DbError> {
        self.changed = true;
        self.query_columns(sql, columns)
    }

    fn query_columns(&mut self, sql: &str, columns: &Columns<'_>) -> Result<Vec<Row>, DbError> {
        let result = match &mut self.connected {
            Connected::Sqlite(_) => Err(DbError::Engine("SQLite has no arrays".to_owned())),
            Connected::Postgres(connection) => connection.query_columns(sql, columns),
        };
        self.noted(result)
    }

    /// The row of a query that has at most one.
    ///
    /// # Errors
    /// [`DbError::NotOne`] when there are several.
    pub fn optional(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Option<Row>, DbError> {
        let mut rows = self.query(sql, params)?;
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            several => Err(DbError::NotOne(several)),
        }
    }

    /// The row of a query that has exactly one.
    ///
    /// # Errors
    /// [`DbError::NotOne`] otherwise.
    pub fn one(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Row, DbError> {
        self.optional(sql, params)?.ok_or(DbError::NotOne(0))
    }

    /// Runs a query or statement whose text has `IN (#)` for all `keys`, in as few round trips as
    /// possible. Other parameters are not possible beside it.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn query_in(&mut self, sql: &str, keys: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        if matches!(self.connected, Connected::Postgres(_)) {
            // One array, so one plan for any number of keys.
            let rows: Vec<Vec<Value<'_>>> = keys.iter().map(|key| vec![key.clone()]).collect();
            let rows = self.closed_rows(&rows)?;
            let sql = sql.replace("IN (#)", "= ANY ($1)");
            return self
                .query_columns(&sql, &Columns::of(&rows))
                .map(|rows| self.sealer.open(rows));
        }
        let mut found = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(IN_CHUNK) {
            let (sql, padded) = expand_in(sql, chunk);
            found.extend(self.query(&sql, &padded)?);
        }
        Ok(found)
    }

    /// [`Tx::query_in`] for a statement that changes data; returns the number of rows changed.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn execute_in(&mut self, sql: &str, keys: &[Value<'_>]) -> Result<u64, DbError> {
        let mut changed = 0;
        for chunk in keys.chunks(IN_CHUNK) {
            let (sql, padded) = expand_in(sql, chunk);
            changed += self.execute(&sql, &padded)?;
        }
        Ok(changed)
    }
}

/// The list is padded to a power of two with its last key, so that few statements are prepared.
fn expand_in<'v>(sql: &str, keys: &[Value<'v>]) -> (String, Vec<Value<'v>>) {
    let size = keys.len().next_power_of_two();
    let marks: Vec<String> = (1..=size).map(|n| format!("${n}")).collect();
    let last = keys.last().cloned();
    let padding = size - keys.len();
    let mut padded = keys.to_vec();
    padded.extend(last.into_iter().cycle().take(padding));
    (sql.replace('#', &marks.join(",")), padded)
}

pub(super) fn dialect(sql: &str) -> Rc<str> {
    DIALECT.with_borrow_mut(|known| match known.get(sql) {
        Some(text) => text.clone(),
        None => {
            let text: Rc<str> = sqlite::dialect(sql).into();
            known.insert(sql.to_owned(), text.clone());
            text
        }
    })
}
