//! PostgreSQL: worker threads, each with a connection that it drives itself.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};
use tokio_postgres::{Client, Config, NoTls, Socket, Statement};

use super::columns::Columns;
use super::sealer::Sealer;
use super::tls::Way;
use super::tx::{Connected, Tx};
use super::worker::{Pool, Purpose, Task};
use super::{DbError, Limits, Row, Value};

/// A connection with its own single-threaded runtime: a statement costs no hop between threads.
pub(super) struct PgConnection {
    runtime: tokio::runtime::Runtime,
    client: Client,
    statements: HashMap<String, Statement>,
}

pub(super) fn open(url: &str, limits: &Limits, sealer: &Sealer) -> Result<Pool, DbError> {
    let way = Arc::new(super::tls::way(url)?);
    // On a thread of its own: the caller may be inside a runtime, which must not be blocked on.
    let connecting = std::thread::scope(|s| s.spawn(|| PgConnection::connect(&way)).join());
    let first = connecting
        .unwrap_or_else(|_| Err(DbError::Unavailable("connecting panicked".to_owned())))?;
    let (writers, queue) = crossbeam_channel::bounded::<Box<dyn Task>>(limits.queue);
    let mut ready = Some(first);
    for number in 0..limits.connections.max(1) {
        let (way, queue, connection) = (way.clone(), queue.clone(), ready.take());
        let sealer = sealer.clone();
        std::thread::Builder::new()
            .name(format!("postgres-{number}"))
            .spawn(move || work_loop(&way, connection, &queue, &sealer))
            .map_err(|e| DbError::Unavailable(e.to_string()))?;
    }
    Ok(Pool { readers: writers.clone(), writers })
}

fn work_loop(
    way: &Way,
    mut connection: Option<PgConnection>,
    queue: &Receiver<Box<dyn Task>>,
    sealer: &Sealer,
) {
    while let Ok(mut task) = queue.recv() {
        if connection.as_ref().is_none_or(|c| c.client.is_closed()) {
            connection = match PgConnection::connect(way) {
                Ok(fresh) => Some(fresh),
                Err(problem) => {
                    task.fail(problem);
                    task.finish();
                    continue;
                }
            };
        }
        let open = connection.as_mut().expect("connected above");
        if let Err(problem) = open.run(task.as_mut(), sealer) {
            task.fail(problem);
        }
        task.finish();
    }
}

/// Connects, and lets the runtime drive the connection.
async fn spoken<T>(config: &Config, tls: T) -> Result<Client, DbError>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls).await.map_err(error)?;
    tokio::spawn(async move {
        if let Err(problem) = connection.await {
            tracing::warn!(%problem, "a database connection ended");
        }
    });
    Ok(client)
}

impl PgConnection {
    fn connect(way: &Way) -> Result<Self, DbError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| DbError::Unavailable(e.to_string()))?;
        let mut config = way.config.clone();
        config.connect_timeout(Duration::from_secs(5)).application_name("yikatong");
        let client = match way.tls.clone() {
            Some(tls) => runtime.block_on(spoken(&config, tls))?,
            None => runtime.block_on(spoken(&config, NoTls))?,
        };
        let mut this = Self { runtime, client, statements: HashMap::new() };
        this.batch(
            "SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '60s'",
        )?;
        Ok(this)
    }

    fn run(&mut self, task: &mut dyn Task, sealer: &Sealer) -> Result<(), DbError> {
        let begin = match task.purpose() {
            Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Purpose::Change | Purpose::Housekeeping => "BEGIN",
        };
        self.batch(begin)?;
        let writes = task.purpose() != Purpose::Read;
        let keep = task.run(&mut Tx::new(Connected::Postgres(self), sealer, writes));
        self.batch(if keep { "COMMIT" } else { "ROLLBACK" })
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(error)
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, DbError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.runtime.block_on(self.client.prepare(sql)).map_err(error)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(super) fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, DbError> {
        let statement = self.prepare(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
        self.runtime.block_on(self.client.execute(&statement, &params)).map_err(error)
    }

    pub(super) fn query(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        let statement = self.prepare(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
        let rows = self.runtime.block_on(self.client.query(&statement, &params)).map_err(error)?;
        rows.iter().map(read).collect()
    }

    /// Runs a statement whose parameters are whole columns.
    pub(super) fn query_columns(
        &mut self,
        sql: &str,
        columns: &Columns<'_>,
    ) -> Result<Vec<Row>, DbError> {
        let statement = self.prepare(sql)?;
        let rows = self.runtime.block_on(self.client.query(&statement, &columns.params()));
        rows.map_err(error)?.iter().map(read).collect()
    }

    /// `COPY … FROM STDIN BINARY` of all rows; returns how many there were.
    pub(super) fn copy(
        &mut self,
        sql: &str,
        types: &[Type],
        rows: &mut dyn Iterator<Item = Vec<Value<'static>>>,
    ) -> Result<u64, DbError> {
        let client = &self.client;
        self.runtime.block_on(async {
            let sink = client.copy_in(sql).await.map_err(error)?;
            let writer = tokio_postgres::binary_copy::BinaryCopyInWriter::new(sink, types);
            let mut writer = std::pin::pin!(writer);
            for row in rows {
                let row: Vec<&(dyn ToSql + Sync)> = row.iter().map(|value| value as _).collect();
                writer.as_mut().write(&row).await.map_err(error)?;
            }
            writer.finish().await.map_err(error)
        })
    }
}

fn read(row: &tokio_postgres::Row) -> Result<Row, DbError> {
    let column = |(index, column): (usize, &tokio_postgres::Column)| {
        let kind = column.type_();
        let value = if *kind == Type::INT8 {
            row.try_get::<_, Option<i64>>(index).map(Value::from)
        } else if *kind == Type::INT4 {
            row.try_get::<_, Option<i32>>(index).map(|n| Value::from(n.map(i64::from)))
        } else if *kind == Type::BOOL {
            row.try_get::<_, Option<bool>>(index).map(Value::from)
        } else if *kind == Type::BYTEA {
            row.try_get::<_, Option<Vec<u8>>>(index).map(Value::from)
        } else {
            row.try_get::<_, Option<String>>(index).map(Value::from)
        };
        value.map_err(|_| DbError::Column { index })
    };
    row.columns().iter().enumerate().map(column).collect::<Result<_, _>>().map(Row)
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(n) if *kind == Type::INT4 => i32::try_from(*n)?.to_sql(kind, out),
            Value::Int(n) if *kind == Type::INT8 => n.to_sql(kind, out),
            Value::Bool(b) if *kind == Type::BOOL => b.to_sql(kind, out),
            Value::Text(text) if <&str as ToSql>::accepts(kind) => text.as_ref().to_sql(kind, out),
            Value::Bytes(bytes) if *kind == Type::BYTEA => bytes.as_ref().to_sql(kind, out),
            other => Err(format!("{other:?} does not fit a parameter of type {kind}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

pub(super) fn error(problem: tokio_postgres::Error) -> DbError {
    let Some(said) = problem.as_db_error() else {
        return match problem.is_closed()
            || problem.source().is_some_and(|s| s.is::<std::io::Error>())
        {
            true => DbError::Unavailable(problem.to_string()),
            false => DbError::Engine(format!("{problem}: {:?}", problem.source())),
        };
    };
    // Never the detail: it repeats the row's values.
    let text = format!("{} ({})", said.message(), said.code().code());
    let code = said.code();
    if *code == SqlState::UNIQUE_VIOLATION {
        DbError::Unique(said.constraint().unwrap_or_default().to_owned())
    } else if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
    {
        DbError::Conflict
    } else if ["22", "23"].iter().any(|class| code.code().starts_with(class))
        || *code == SqlState::RAISE_EXCEPTION
    {
        DbError::Forbidden(text)
    } else if ["53", "57", "08"].iter().any(|class| code.code().starts_with(class)) {
        DbError::Unavailable(text)
    } else {
        DbError::Engine(text)
    }
}
