//! Versioned schema changes, one text for both engines.
//!
//! `BIGINT PRIMARY KEY` becomes `INTEGER PRIMARY KEY` for SQLite (the row id itself). What only one
//! engine understands stands between `-- only: sqlite` or `-- only: postgres` and `-- end`.

use std::collections::HashMap;

use super::tx::Connected;
use super::{Db, DbError, Engine, Tx, postgres, sqlite, v};
use crate::time::Utc;

/// A step of the schema. Once released its text never changes.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// `capability-0001-what`; migrations run in the order in which capabilities are wired.
    pub name: &'static str,
    /// Statements for both engines.
    pub sql: &'static str,
}

/// What is known of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MigrationState {
    /// Done at this time.
    Applied(Utc),
    /// Not done yet.
    Waiting,
    /// Done, but with another text than this program's.
    Differs,
}

/// An arbitrary number that all processes of the platform lock on.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock(7305192816)";

impl Db {
    /// Brings the schema up to date, all or nothing, under a lock so that several processes may start
    /// at once. Returns the names of what was done.
    ///
    /// # Errors
    /// A statement failed (nothing is kept), or an applied migration differs from this program's.
    pub async fn migrate(&self, migrations: Vec<Migration>) -> Result<Vec<&'static str>, DbError> {
        self.housekeeping(move |tx| {
            let states = states(tx, &migrations)?;
            let mut done = Vec::new();
            for (migration, state) in migrations.iter().zip(states) {
                match state {
                    MigrationState::Applied(_) => {}
                    MigrationState::Differs => {
                        let problem =
                            format!("migration {} was applied with another text", migration.name);
                        return Err(DbError::Forbidden(problem));
                    }
                    MigrationState::Waiting => {
                        apply(tx, migration)?;
                        done.push(migration.name);
                    }
                }
            }
            Ok(done)
        })
        .await
    }

    /// What is done and what waits.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn migration_states(
        &self,
        migrations: Vec<Migration>,
    ) -> Result<Vec<(&'static str, MigrationState)>, DbError> {
        self.housekeeping(move |tx| {
            let states = states(tx, &migrations)?;
            Ok(migrations.iter().map(|m| m.name).zip(states).collect())
        })
        .await
    }
}

fn states(tx: &mut Tx<'_>, migrations: &[Migration]) -> Result<Vec<MigrationState>, DbError> {
    if matches!(tx.connected, Connected::Postgres(_)) {
        batch(tx, POSTGRES_LOCK)?;
    }
    batch(
        tx,
        "CREATE TABLE IF NOT EXISTS schema_migration
         (name TEXT PRIMARY KEY, digest TEXT NOT NULL, applied_at BIGINT NOT NULL)",
    )?;
    batch(tx, super::turn::TABLE)?;
    let rows = tx.query("SELECT name, digest, applied_at FROM schema_migration", &[])?;
    let mut known: HashMap<String, (String, Utc)> = HashMap::new();
    for row in rows {
        known.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
    }
    let state = |migration: &Migration| match known.get(migration.name) {
        None => MigrationState::Waiting,
        Some((text, at)) if *text == digest(migration) => MigrationState::Applied(*at),
        Some(_) => MigrationState::Differs,
    };
    Ok(migrations.iter().map(state).collect())
}

fn apply(tx: &mut Tx<'_>, migration: &Migration) -> Result<(), DbError> {
    let engine = match tx.connected {
        Connected::Sqlite(_) => Engine::Sqlite,
        Connected::Postgres(_) => Engine::Postgres,
    };
    batch(tx, &for_engine(migration.sql, engine)).map_err(|problem| match problem {
        DbError::Engine(text) => DbError::Engine(format!("migration {}: {text}", migration.name)),
        other => other,
    })?;
    tx.execute(
        "INSERT INTO schema_migration (name, digest, applied_at) VALUES ($1, $2, $3)",
        &[v(migration.name), v(digest(migration)), v(Utc::now())],
    )?;
    Ok(())
}

fn digest(migration: &Migration) -> String {
    hex::encode(seal::sm3::sm3(migration.sql.as_bytes()))
}

fn batch(tx: &mut Tx<'_>, sql: &str) -> Result<(), DbError> {
    match &mut tx.connected {
        Connected::Sqlite(connection) => connection.execute_batch(sql).map_err(sqlite::error),
        Connected::Postgres(connection) => postgres::PgConnection::batch(connection, sql),
    }
}

fn for_engine(sql: &str, engine: Engine) -> String {
    let (mine, text) = match engine {
        Engine::Sqlite => ("sqlite", sql.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")),
        Engine::Postgres => ("postgres", sql.to_owned()),
    };
    let mut keep = true;
    let mut result = String::with_capacity(text.len());
    for line in text.lines() {
        if let Some(only) = line.trim().strip_prefix("-- only: ") {
            keep = only == mine;
        } else if line.trim() == "-- end" {
            keep = true;
        } else if keep {
            result.push_str(line);
            result.push('\n');
        }
    }
    result
}
