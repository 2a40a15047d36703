//! SQLite: one writer thread with group commit, a few readers.

use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use rusqlite::{Connection, ErrorCode, OpenFlags, types};

use super::sealer::Sealer;
use super::tx::{Connected, Tx};
use super::worker::{Pool, Task};
use super::{DbError, Limits, Row, Value};

/// After this long a group is flushed even when more work waits.
const GROUP_TIME: Duration = Duration::from_millis(20);

pub(super) fn open(path: &Path, limits: &Limits, sealer: &Sealer) -> Result<Pool, DbError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| DbError::Unavailable(e.to_string()))?;
    }
    let (writers, write_queue) = crossbeam_channel::bounded(limits.queue);
    let (readers, read_queue) = crossbeam_channel::bounded(limits.queue);
    let writer = connect(path, true)?;
    let (group, closes) = (limits.group, sealer.clone());
    spawn("sqlite-writer", move || write_loop(&writer, &write_queue, group, &closes))?;
    for _ in 0..limits.readers.max(1) {
        let (reader, queue, opens) = (connect(path, false)?, read_queue.clone(), sealer.clone());
        spawn("sqlite-reader", move || read_loop(&reader, &queue, &opens))?;
    }
    Ok(Pool { writers, readers })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), DbError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map(drop).map_err(|e| DbError::Unavailable(e.to_string()))
}

fn connect(path: &Path, writer: bool) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(error)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(error)?;
    connection.set_prepared_statement_cache_capacity(256);
    // FULL: a commit that was answered survives a power cut, not only a crash of the program.
    // Recursive triggers: without them REPLACE deletes rows past the journal's triggers.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA recursive_triggers = ON; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
             PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;",
        )
        .map_err(error)?;
    // The writer keeps more pages: large lists go into indexes in no order. It takes them as it needs them.
    let role = if writer { "PRAGMA cache_size = -64000;" } else { "PRAGMA query_only = ON;" };
    connection.execute_batch(role).map_err(error)?;
    Ok(connection)
}

fn write_loop(
    connection: &Connection,
    queue: &Receiver<Box<dyn Task>>,
    group: usize,
    sealer: &Sealer,
) {
    let mut tasks: Vec<Box<dyn Task>> = Vec::with_capacity(group);
    while let Ok(first) = queue.recv() {
        if let Err(problem) = connection.execute_batch("BEGIN IMMEDIATE") {
            refuse(first, &error(problem));
            continue;
        }
        let began = Instant::now();
        let mut next = Some(first);
        while let Some(mut task) = next.take() {
            if let Err(problem) = run_in_savepoint(connection, task.as_mut(), sealer) {
                task.fail(problem);
            }
            tasks.push(task);
            // Some failures (a full disk) end the whole transaction; what ran after it would be kept
            // though all are told that it failed.
            let ended = connection.is_autocommit();
            if !ended && tasks.len() < group && began.elapsed() < GROUP_TIME {
                next = queue.try_recv().ok();
            }
        }
        if let Err(problem) = connection.execute_batch("COMMIT") {
            let problem = error(problem);
            let _ = connection.execute_batch("ROLLBACK");
            tasks.iter_mut().for_each(|task| task.fail(problem.clone()));
        }
        tasks.drain(..).for_each(Task::finish);
    }
}

fn run_in_savepoint(
    connection: &Connection,
    task: &mut dyn Task,
    sealer: &Sealer,
) -> Result<(), DbError> {
    let run = |sql| connection.prepare_cached(sql).and_then(|mut s| s.execute([])).map_err(error);
    run("SAVEPOINT use_case")?;
    let keep = task.run(&mut Tx::new(Connected::Sqlite(connection), sealer, true));
    if !keep {
        run("ROLLBACK TO use_case")?;
    }
    run("RELEASE use_case")?;
    Ok(())
}

fn read_loop(connection: &Connection, queue: &Receiver<Box<dyn Task>>, sealer: &Sealer) {
    while let Ok(mut task) = queue.recv() {
        // One snapshot for all statements of the closure.
        if let Err(problem) = connection.execute_batch("BEGIN DEFERRED") {
            refuse(task, &error(problem));
            continue;
        }
        task.run(&mut Tx::new(Connected::Sqlite(connection), sealer, false));
        if let Err(problem) = connection.execute_batch("COMMIT") {
            let _ = connection.execute_batch("ROLLBACK");
            task.fail(error(problem));
        }
        task.finish();
    }
}

fn refuse(mut task: Box<dyn Task>, problem: &DbError) {
    task.fail(problem.clone());
    task.finish();
}

/// `$1` becomes `?1`: for SQLite `$1` is a name, numbered in the order of appearance.
pub(super) fn dialect(sql: &str) -> String {
    sql.replace('$', "?")
}

pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    params: &[Value<'_>],
) -> Result<u64, DbError> {
    let mut statement = connection.prepare_cached(sql).map_err(error)?;
    let changed = statement.execute(rusqlite::params_from_iter(params)).map_err(error)?;
    Ok(changed as u64)
}

pub(super) fn query(
    connection: &Connection,
    sql: &str,
    params: &[Value<'_>],
) -> Result<Vec<Row>, DbError> {
    let mut statement = connection.prepare_cached(sql).map_err(error)?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(error)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(error)? {
        let values = (0..columns).map(|i| row.get_ref(i).map(read)).collect::<Result<_, _>>();
        found.push(Row(values.map_err(error)?));
    }
    Ok(found)
}

fn read(value: types::ValueRef<'_>) -> Value<'static> {
    match value {
        types::ValueRef::Null => Value::Null,
        types::ValueRef::Integer(n) => Value::Int(n),
        // No column is a float; a computed one is cut as PostgreSQL's CAST AS BIGINT would.
        types::ValueRef::Real(n) => Value::Int(n as i64),
        types::ValueRef::Text(text) => {
            Value::Text(String::from_utf8_lossy(text).into_owned().into())
        }
        types::ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec().into()),
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<types::ToSqlOutput<'_>> {
        use types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(n) => ValueRef::Integer(*n),
            Value::Bool(b) => ValueRef::Integer(i64::from(*b)),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Sealed(_) => return Err(types::FromSqlError::InvalidType.into()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

pub(super) fn error(problem: rusqlite::Error) -> DbError {
    use rusqlite::ffi;
    let text = problem.to_string();
    let rusqlite::Error::SqliteFailure(failure, _) = &problem else {
        return DbError::Engine(text);
    };
    match (failure.code, failure.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            DbError::Unique(text)
        }
        (ErrorCode::ConstraintViolation, _) => DbError::Forbidden(text),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => DbError::Busy,
        (ErrorCode::DiskFull | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure, _) => {
            DbError::Unavailable(text)
        }
        _ => DbError::Engine(text),
    }
}
