//! The database: one SQL text for two engines, synchronous transactions, durable writes that share
//! their flush.
//!
//! A use case is a closure over a [`Tx`]:
//!
//! ```ignore
//! let id = db.write(move |tx| {
//!     tx.execute("INSERT INTO outlet (id, name) VALUES ($1, $2)", &[v(id), v(&name)])?;
//!     journal::record(tx, &entry)?;
//!     Ok(id)
//! }).await?;
//! ```
//!
//! * SQLite has one writer thread. It runs the closures that wait, each in its own savepoint, in one
//!   transaction and flushes once for all of them (group commit); a closure that fails takes only
//!   itself back. Nobody is answered before the flush.
//! * PostgreSQL has a pool of worker threads, each with one connection and one transaction per
//!   closure; the server gathers the flushes.
//! * Statements say `$1`; SQLite sees `?1`. Columns are `BIGINT`, `BOOLEAN`, `TEXT`, `BYTEA` only.
//! * Queues are bounded: when they are full the caller gets [`DbError::Busy`] at once.
//! * What tells who somebody is stands in [`sealed`] columns.
//! * A transaction that changes data without a journal entry is rolled back
//!   ([`DbError::Unjournalled`]), except through [`Db::housekeeping`]: what cannot be journalled does
//!   not happen.
//! * Concurrent changes of one row are found by a version column or a unique key, not by locks: a
//!   closure that returns [`DbError::Conflict`] is run again a few times.

mod bulk;
mod columns;
mod lane;
mod migrate;
mod postgres;
mod sealer;
mod sqlite;
#[cfg(test)]
mod tests;
mod tls;
mod turn;
mod tx;
mod value;
mod worker;

use std::path::PathBuf;

pub use bulk::{BulkRows, Kind};
pub use lane::{Lane, LaneLimits};
pub use migrate::{Migration, MigrationState};
pub use turn::{Turning, begin_turn, turning};
pub use tx::Tx;
pub use value::{FromValue, Row, Value, sealed, v};

use worker::{Pool, Purpose};

/// What can go wrong below a use case.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DbError {
    /// The queue is full: the caller should try again in a moment.
    #[error("the database is busy")]
    Busy,
    /// Somebody else changed the same row: load again and decide again.
    #[error("the row was changed by somebody else")]
    Conflict,
    /// A unique key already holds this value.
    #[error("a unique key already holds this value: {0}")]
    Unique(String),
    /// A rule of the schema (check, foreign key, trigger) forbids it.
    #[error("the schema forbids it: {0}")]
    Forbidden(String),
    /// The transaction changed data and wrote no journal entry.
    #[error("a change without a journal entry was rolled back")]
    Unjournalled,
    /// The query and the code that reads it disagree.
    #[error("column {index} is missing or of another type")]
    Column {
        /// Place in the `SELECT`, from 0.
        index: usize,
    },
    /// The installation's keys are not those that sealed the column, or it was changed by hand.
    #[error("column {index} is sealed with another key")]
    OtherKey {
        /// Place in the `SELECT`, from 0.
        index: usize,
    },
    /// Exactly one row was expected.
    #[error("one row was expected, {0} were found")]
    NotOne(usize),
    /// The database cannot be reached, is full, or is being shut down.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Anything else that the engine says.
    #[error("{0}")]
    Engine(String),
}

/// Where the data lives.
#[derive(Clone, Debug)]
pub enum Location {
    /// An SQLite file (made when missing).
    Sqlite(PathBuf),
    /// A `postgres://` URL.
    Postgres(String),
}

impl Location {
    /// Reads `sqlite:PATH`, `sqlite://PATH` or `postgres://…`.
    ///
    /// # Errors
    /// Another scheme.
    pub fn parse(url: &str) -> Result<Self, DbError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        match url.strip_prefix("sqlite:") {
            Some(path) => Ok(Self::Sqlite(path.trim_start_matches("//").into())),
            None => {
                Err(DbError::Engine("a database URL starts with sqlite: or postgres://".to_owned()))
            }
        }
    }
}

/// Which engine stands behind a [`Db`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// Embedded.
    Sqlite,
    /// A server.
    Postgres,
}

/// Sizes of queues and pools; the defaults fit two cores.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Closures that may wait before callers are told [`DbError::Busy`].
    pub queue: usize,
    /// SQLite closures that share one flush.
    pub group: usize,
    /// SQLite reader threads.
    pub readers: usize,
    /// PostgreSQL connections.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { queue: 4_096, group: 512, readers: 2, connections: 12 }
    }
}

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    pool: std::sync::Arc<Pool>,
    sealer: sealer::Sealer,
}

/// How often a closure is run again after a conflict.
const RETRIES: usize = 4;

impl Db {
    /// Opens the database and starts its threads. The schema is not touched.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when the file or server cannot be opened.
    pub fn open(location: &Location, limits: &Limits) -> Result<Self, DbError> {
        let sealer = sealer::Sealer::default();
        let (engine, pool) = match location {
            Location::Sqlite(path) => (Engine::Sqlite, sqlite::open(path, limits, &sealer)?),
            Location::Postgres(url) => (Engine::Postgres, postgres::open(url, limits, &sealer)?),
        };
        Ok(Self { engine, pool: std::sync::Arc::new(pool), sealer })
    }

    /// Gives the database the keys of its [`sealed`] columns. The first ones stay.
    pub fn seal_with(&self, keys: &crate::keys::Keys) {
        self.sealer.set(keys);
    }

    /// Which engine this is; capability code has no reason to ask.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Runs a use case in one durable transaction. The closure must journal what it changes.
    ///
    /// # Errors
    /// What the closure returns, or the engine's word; nothing of the closure is kept then.
    pub async fn write<T, E>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + AsDbError + Send + 'static,
    {
        self.run(Purpose::Change, work).await
    }

    /// Like [`Db::write`] for state that is nobody's business and no auditor's: sessions, leases,
    /// counters of failed guesses, the journal's own tree.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn housekeeping<T, E>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + AsDbError + Send + 'static,
    {
        self.run(Purpose::Housekeeping, work).await
    }

    /// Runs a read. Reads of personal data go through [`Db::write`], because they are journalled.
    ///
    /// # Errors
    /// What the closure returns; a statement that changes data is refused by the engine.
    pub async fn read<T, E>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + AsDbError + Send + 'static,
    {
        self.run(Purpose::Read, work).await
    }

    async fn run<T, E>(
        &self,
        purpose: Purpose,
        work: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + AsDbError + Send + 'static,
    {
        let work = std::sync::Arc::new(work);
        let mut tries = 0;
        loop {
            let result = self.pool.submit(purpose, work.clone()).await;
            let conflict =
                matches!(&result, Err(e) if matches!(e.as_db(), Some(DbError::Conflict)));
            tries += 1;
            if !conflict || tries > RETRIES {
                return result;
            }
        }
    }
}

/// Lets the database see whether a use case failed because of a conflict, to run it again.
pub trait AsDbError {
    /// The database error inside, if it is one.
    fn as_db(&self) -> Option<&DbError>;
}

impl AsDbError for DbError {
    fn as_db(&self) -> Option<&DbError> {
        Some(self)
    }
}
