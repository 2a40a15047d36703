//! How many lines a second go from an approved roster to reconciled, and how that compares with a bare
//! bulk load of the same rows in the same run.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kernel::actor::{Actor, Role};
use kernel::db::{BulkRows, DbError, Kind, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::port::{Asked, Batch, LineResult, PayPort, Ports, Report, ReportKind, Sent};
use super::rules::batch::BatchState;
use super::service::release::{self, Hand};
use super::service::{accept_in, books, intents, work};
use super::store::batches;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Lines of the roster.
    pub lines: i64,
    /// A bare bulk load of as many rows into a table without an index.
    pub floor: Duration,
    /// Acceptance of the roster.
    pub accept: Duration,
    /// Setting the money aside.
    pub reserve: Duration,
    /// Writing the intents.
    pub intend: Duration,
    /// Sending, taking results in, reconciling, until the batch is settled.
    pub settle: Duration,
    /// Comparing books and payments once.
    pub compare: Duration,
}

impl Measured {
    /// From roster to reconciled.
    pub fn whole(&self) -> Duration {
        self.accept + self.reserve + self.intend + self.settle
    }

    /// Lines a second.
    pub fn rate(&self) -> f64 {
        self.lines as f64 / self.whole().as_secs_f64().max(1e-9)
    }

    /// How many times as long as the floor.
    pub fn ratio(&self) -> f64 {
        self.whole().as_secs_f64() / self.floor.as_secs_f64().max(1e-9)
    }
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

/// Pays an approved roster through banks that pay everything, on a platform that does nothing else.
///
/// # Errors
/// The roster cannot be accepted, or a step fails.
pub async fn measure(app: &App, roster: Id) -> Result<Measured, Problem> {
    let began = Instant::now();
    let (platform, maker) = (app.clone(), official(app));
    let by = maker.clone();
    let accepted = move |tx: &mut Tx<'_>| accept_in(tx, &platform, &by, roster, Utc::now());
    let batch = app.db.write(accepted).await?;
    let accept = began.elapsed();
    let reserve = timed(async {
        while work::reserve(app).await? {}
        Ok(())
    })
    .await?;
    release::release(app, &maker, batch, Hand::Ask).await?;
    let mut state = BatchState::Asked;
    while state == BatchState::Asked {
        state = release::release(app, &official(app), batch, Hand::Approve).await?.state;
    }
    let intend = timed(async {
        while intents::plan(app).await? {}
        Ok(())
    })
    .await?;
    let settle = timed(pay(app, batch)).await?;
    let compare = timed(async { books::round(app).await.map(drop) }).await?;
    let found = app.db.read(move |tx| batches::get(tx, batch)).await?;
    let lines = found.ok_or_else(Problem::not_found)?.lines;
    let floor = timed(bare(app, lines)).await?;
    Ok(Measured { lines, floor, accept, reserve, intend, settle, compare })
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

async fn timed(work: impl Future<Output = Result<(), Problem>>) -> Result<Duration, Problem> {
    let began = Instant::now();
    work.await?;
    Ok(began.elapsed())
}

/// Rounds until the batch is settled.
async fn pay(app: &App, batch: Id) -> Result<(), Problem> {
    let banks: Mutex<std::collections::BTreeMap<String, Arc<GoodBank>>> = Mutex::default();
    let ports: Ports = Arc::new(move |code| {
        let mut banks = banks.lock().map_err(|_| "a worker died".to_owned())?;
        let bank: Arc<dyn PayPort> = banks.entry(code.to_owned()).or_default().clone();
        Ok(Some(bank))
    });
    // A stuck batch is an error, not an endless measurement.
    for _ in 0..100_000 {
        work::round_with(app, &ports).await?;
        let found = app.db.read(move |tx| batches::get(tx, batch)).await?;
        if found.is_some_and(|batch| batch.release.state == BatchState::Settled) {
            return Ok(());
        }
    }
    let title = Text::new("批次没有办结", "The batch was not settled");
    Err(Problem::new(500, "funds/bench-stuck", title, Text::default()))
}

const BARE: BulkRows = BulkRows {
    table: "bench_payment",
    columns: &[
        ("person_id", Kind::Int),
        ("id", Kind::Int),
        ("batch_id", Kind::Int),
        ("line", Kind::Int),
        ("programme_id", Kind::Int),
        ("period", Kind::Text),
        ("bank_id", Kind::Int),
        ("card_id", Kind::Int),
        ("amount_fen", Kind::Int),
        ("state", Kind::Text),
    ],
};

/// As many rows as the batch has payments, streamed into a table without an index.
async fn bare(app: &App, lines: i64) -> Result<(), Problem> {
    let load = move |tx: &mut Tx<'_>| {
        tx.execute("DROP TABLE IF EXISTS bench_payment", &[])?;
        tx.execute(
            "CREATE TABLE bench_payment (person_id BIGINT, id BIGINT, batch_id BIGINT, line BIGINT,
                 programme_id BIGINT, period TEXT, bank_id BIGINT, card_id BIGINT, amount_fen BIGINT,
                 state TEXT)",
            &[],
        )?;
        let row = |line: i64| {
            let person = v(line.wrapping_mul(7_919));
            vec![
                person,
                v(line),
                v(1i64),
                v(line),
                v(1i64),
                v("2026-11"),
                v(line % 7),
                v(line + 1),
                v(10_000i64),
                v("approved"),
            ]
        };
        tx.bulk(BARE, &mut (0..lines).map(row)).map(drop)
    };
    app.db.housekeeping::<(), DbError>(load).await?;
    let drop_it = |tx: &mut Tx<'_>| tx.execute("DROP TABLE bench_payment", &[]).map(drop);
    Ok(app.db.housekeeping::<(), DbError>(drop_it).await?)
}
