//! How many lines a second go from an approved roster to reconciled, and how that compares with a bare
//! bulk load of the same rows in the same run.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kernel::actor::{Actor, Role};
use kernel::db::{BulkRows, DbError, Kind, Tx, Value, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::port::{Asked, Batch, LineResult, PayPort, Ports, Report, ReportKind, Sent};
use super::rules::batch::BatchState;
use super::service::release::{self, Hand};
use super::service::{books, intents, tell, work};
use super::store::{batches, ledger};

/// What was measured of one batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// Its lines.
    pub lines: i64,
    /// Writing the intents.
    pub intend: Duration,
    /// Sending, taking results in, reconciling, until the batch is settled.
    pub settle: Duration,
    /// Comparing books and payments once.
    pub compare: Duration,
    /// Writing the messages to the holders, behind the reconciliation.
    pub tell: Duration,
}

/// A bank that pays everything at once and tells a few files at a time.
#[derive(Default)]
struct GoodBank(Mutex<Vec<Report>>);

impl PayPort for GoodBank {
    fn send(&self, batch: &Batch) -> Sent {
        let paid = |one: &super::port::Order| {
            let result = LineResult::Paid { bank_ref: format!("B{}", one.seq), at: Utc::now().0 };
            (one.reference.clone(), one.fen, result)
        };
        let lines = batch.orders.iter().map(paid).collect();
        let digest = seal::sm3::sm3(batch.id.as_bytes());
        let (id, batch) = (format!("R{}", batch.id), batch.id.clone());
        let kind = ReportKind::Result;
        let report = Report { id, batch, kind, lines, faults: Vec::new(), digest };
        self.0
            .lock()
            .map(|mut all| all.push(report))
            .map_or(Sent::Unknown("a worker died".to_owned()), |()| Sent::Taken)
    }

    fn query(&self, _: &str) -> Asked {
        Asked::InProgress
    }

    fn collect(&self) -> std::io::Result<Vec<Report>> {
        let all = self.0.lock().map_err(|_| std::io::Error::other("a worker died"))?;
        Ok(all.iter().take(4).cloned().collect())
    }

    fn settle(&self, report: &Report, _: &[(u64, String)]) -> std::io::Result<()> {
        let all = self.0.lock().map_err(|_| std::io::Error::other("a worker died"));
        all?.retain(|known| known.id != report.id);
        Ok(())
    }
}

/// Pays a batch through banks that pay everything, on a platform that does nothing else; `say` is told the
/// stage and how many lines are done.
///
/// # Errors
/// The batch cannot be released, or a step fails.
pub async fn measure(
    app: &App,
    batch: Id,
    say: &(dyn Fn(&str, i64) + Sync),
) -> Result<Measured, Problem> {
    let maker = official(app);
    release::release(app, &maker, batch, Hand::Ask).await?;
    let mut state = BatchState::Asked;
    while state == BatchState::Asked {
        state = release::release(app, &official(app), batch, Hand::Approve).await?.state;
    }
    let (mut measured, began) = (Measured::default(), Instant::now());
    while intents::plan(app).await? {
        say("intents written", standing(app, batch).await?.done_line);
    }
    measured.intend = began.elapsed();
    let began = Instant::now();
    pay(app, batch, say).await?;
    measured.settle = began.elapsed();
    let began = Instant::now();
    books::round(app).await?;
    measured.compare = began.elapsed();
    say("books compared", 0);
    let began = Instant::now();
    tell::round(app).await?;
    measured.tell = began.elapsed();
    measured.lines = standing(app, batch).await?.lines;
    say("holders told", measured.lines);
    Ok(measured)
}

async fn standing(app: &App, batch: Id) -> Result<batches::Batch, Problem> {
    let found = app.db.read(move |tx| batches::get(tx, batch)).await?;
    found.ok_or_else(Problem::not_found)
}

fn official(app: &App) -> Actor {
    let (account, name) = (app.id(), "bench".to_owned());
    Actor {
        account,
        name,
        role: Role::MunicipalApprover,
        org: None,
        division: String::new(),
        person: None,
    }
}

/// Rounds until the batch is settled.
async fn pay(app: &App, batch: Id, say: &(dyn Fn(&str, i64) + Sync)) -> Result<(), Problem> {
    let banks: Mutex<std::collections::BTreeMap<String, Arc<GoodBank>>> = Mutex::default();
    let ports: Ports = Arc::new(move |code| {
        let mut banks = banks.lock().map_err(|_| "a worker died".to_owned())?;
        let bank: Arc<dyn PayPort> = banks.entry(code.to_owned()).or_default().clone();
        Ok(Some(bank))
    });
    // A stuck batch is an error, not an endless measurement.
    for _ in 0..100_000 {
        work::round_with(app, &ports).await?;
        let open = app.db.read(move |tx| ledger::open_lines(tx, batch)).await?;
        let now = standing(app, batch).await?;
        say("paid and reconciled", now.lines - open);
        if now.release.state == BatchState::Settled {
            return Ok(());
        }
    }
    let title = Text::new("批次没有办结", "The batch was not settled");
    Err(Problem::new(500, "funds/bench-stuck", title, Text::default()))
}

/// A table of what one line leaves behind, without an index, and its row.
type Bare = (&'static str, BulkRows, fn(i64) -> Vec<Value<'static>>);

const LINE: BulkRows = BulkRows {
    table: "bench_line",
    columns: &[
        ("line", Kind::Int),
        ("roster_id", Kind::Int),
        ("person_id", Kind::Int),
        ("card_id", Kind::Int),
        ("bank_id", Kind::Int),
        ("amount_fen", Kind::Int),
        ("quantity", Kind::Int),
        ("household", Kind::Bytes),
        ("state", Kind::Text),
        ("reason", Kind::Text),
        ("warn", Kind::Text),
        ("sealed", Kind::Bytes),
    ],
};
const PAYMENT: BulkRows = BulkRows {
    table: "bench_payment",
    columns: &[
        ("id", Kind::Int),
        ("person_id", Kind::Int),
        ("batch_id", Kind::Int),
        ("roster_id", Kind::Int),
        ("line", Kind::Int),
        ("programme_id", Kind::Int),
        ("period", Kind::Text),
        ("bank_id", Kind::Int),
        ("card_id", Kind::Int),
        ("amount_fen", Kind::Int),
        ("state", Kind::Text),
        ("held", Kind::Bool),
        ("overpaid", Kind::Bool),
        ("recovered", Kind::Bool),
        ("file_id", Kind::Int),
        ("report_id", Kind::Int),
        ("reason", Kind::Text),
        ("created_at", Kind::Int),
        ("changed_at", Kind::Int),
        ("version", Kind::Int),
        ("ended", Kind::Int),
    ],
};
const RESULT: BulkRows = BulkRows {
    table: "bench_result",
    columns: &[
        ("report_id", Kind::Int),
        ("seq", Kind::Int),
        ("payment_id", Kind::Int),
        ("fen", Kind::Int),
        ("word", Kind::Text),
        ("meaning", Kind::Text),
        ("reason", Kind::Text),
        ("said", Kind::Text),
        ("at", Kind::Int),
    ],
};

/// An id as long as a real one.
const FIRST: i64 = 1_700_000_000_000_000;

fn line(n: i64) -> Vec<Value<'static>> {
    let id = FIRST + n * 7_919;
    let (none, no_bytes) = (None::<i64>, None::<Vec<u8>>);
    vec![
        v(n),
        v(FIRST),
        v(id),
        v(id + 1),
        v(FIRST + n % 7),
        v(10_000i64),
        v(none),
        v(no_bytes.clone()),
        v("good"),
        v(""),
        v(""),
        v(no_bytes),
    ]
}

fn payment(n: i64) -> Vec<Value<'static>> {
    let id = FIRST + n * 7_919;
    vec![
        v((1 << 24) + n),
        v(id),
        v(FIRST),
        v(FIRST + 1),
        v(n),
        v(FIRST + 2),
        v("2026-11"),
        v(FIRST + n % 7),
        v(id + 1),
        v(10_000i64),
        v("paid"),
        v(false),
        v(false),
        v(false),
        v(FIRST + 3),
        v(FIRST + 4),
        v(""),
        v(FIRST),
        v(FIRST),
        v(4i64),
        v(0i64),
    ]
}

fn result(n: i64) -> Vec<Value<'static>> {
    vec![
        v(FIRST),
        v(n),
        v((1 << 24) + n),
        v(10_000i64),
        v("paid"),
        v("pay"),
        v(""),
        v(format!("B{n}")),
        v(FIRST),
    ]
}

const TABLES: [Bare; 3] =
    [("roster lines", LINE, line), ("payments", PAYMENT, payment), ("results", RESULT, result)];

/// Rows of one transaction of the floor.
const SET: i64 = 100_000;

/// How long the rows that `lines` lines leave behind take when they are streamed into tables without an index:
/// roster lines, payments and results, each by its name.
///
/// # Errors
/// See [`Problem`].
pub async fn floor(app: &App, lines: i64) -> Result<Vec<(&'static str, Duration)>, Problem> {
    let mut took = Vec::new();
    for (name, rows, row) in TABLES {
        let columns: Vec<String> =
            rows.columns.iter().map(|(name, kind)| format!("{name} {}", sql_type(*kind))).collect();
        let create = format!("CREATE TABLE {} ({})", rows.table, columns.join(", "));
        let drop_it = format!("DROP TABLE IF EXISTS {}", rows.table);
        let both = [drop_it.clone(), create];
        let run = |all: Vec<String>| {
            move |tx: &mut Tx<'_>| all.iter().try_for_each(|sql| tx.execute(sql, &[]).map(drop))
        };
        app.db.housekeeping::<(), DbError>(run(both.to_vec())).await?;
        let began = Instant::now();
        let mut from = 0;
        while from < lines {
            let to = (from + SET).min(lines);
            let load = move |tx: &mut Tx<'_>| tx.bulk(rows, &mut (from..to).map(row)).map(drop);
            app.db.housekeeping::<(), DbError>(load).await?;
            from = to;
        }
        took.push((name, began.elapsed()));
        app.db.housekeeping::<(), DbError>(run(vec![drop_it])).await?;
    }
    Ok(took)
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "BIGINT",
        Kind::Bool => "BOOLEAN",
        Kind::Text => "TEXT",
        Kind::Bytes => "BYTEA",
    }
}
