//! The journal as a log: appending beside its floor, proofs, heads, and checking it all.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kernel::actor::Actor;
use kernel::db::{Lane, LaneLimits, Location, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry, proof, proof::Proof};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::prepare;

/// Entries of one transaction when the log is only filled.
const SET: u64 = 2_000;
/// Proofs made and checked.
const PROOFS: usize = 1_000;

/// How much is measured.
pub(super) struct Size {
    pub(super) length: Duration,
    pub(super) clients: usize,
    pub(super) entries: u64,
}

/// Measures on one database and prints what it saw.
///
/// # Errors
/// In words, what went wrong.
pub(super) async fn run(
    name: &str,
    location: &Location,
    folder: &Path,
    size: &Size,
) -> Result<(), String> {
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    let (app, _) = prepare(location, folder).await?;
    println!("{name}");
    let floor = appended(&app, size).await.map_err(words)?.rate;
    drain(&app).await?;

    let sequencer = tokio::spawn(journal::run(app.clone()));
    let load = appended(&app, size).await.map_err(words)?;
    let began = Instant::now();
    while waits(&app).await.map_err(words)? {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let signed = load.written as f64 / (load.seconds + began.elapsed().as_secs_f64());
    println!("  appended, placed and signed    {signed:>9.0} entries/s");
    println!(
        "  floor: appended only           {floor:>9.0} entries/s   ratio {:.2}",
        signed / floor
    );
    told("under load: seen by the holder after", &load.visible, "ms");
    told("under load: under a signed head after", &load.provable, "ms");
    let mut idle = Vec::new();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        idle.extend(probes(&app, Duration::from_millis(400)).await.map_err(words)?.1);
    }
    told("at rest: under a signed head after", &idle, "ms");
    sequencer.abort();

    let mut have = drain(&app).await?;
    while have < size.entries {
        let most = SET.min(size.entries - have);
        let entries: Vec<Entry> = (0..most).map(|_| entry(&app, Id(1))).collect();
        let written = app.db.write(move |tx| journal::record_all(tx, &entries)).await;
        written.map_err(|error| error.to_string())?;
        have = drain(&app).await?;
    }
    proofs(&app).await.map_err(words)?;
    let began = Instant::now();
    let report = journal::verify(&app.db, &app.keys, &app.config.journal_origin).await;
    let report = report.map_err(|error| error.to_string())?;
    let took = began.elapsed().as_secs_f64();
    println!(
        "  verification of {} entries, {} heads, {} tiles   {took:.1} s   {:.0} entries/s",
        report.entries,
        report.heads,
        report.tiles,
        report.entries as f64 / took
    );
    report.fault.map_or(Ok(()), Err)
}

fn entry(app: &App, person: Id) -> Entry {
    let actor = Actor::system();
    let mut entry = Entry::new(app.id(), Utc::now(), &actor, "item.used", "Art. 14")
        .about(person)
        .on("use", app.id())
        .why("终端", &["name_masked", "number_masked"]);
    entry.item = "CQ-CT-001 v1 图书借还".to_owned();
    entry
}

struct Load {
    written: u64,
    seconds: f64,
    rate: f64,
    visible: Vec<f64>,
    provable: Vec<f64>,
}

/// Concurrent callers with one entry under way each, gathered into sets as verifications are.
async fn appended(app: &App, size: &Size) -> Result<Load, Problem> {
    let write = |tx: &mut Tx<'_>, set: &[Entry]| -> Result<Vec<Result<(), Problem>>, Problem> {
        journal::record_all(tx, set)?;
        Ok(set.iter().map(|_| Ok(())).collect())
    };
    let lane = Arc::new(Lane::start(&app.db, LaneLimits::default(), write));
    let (began, length, mut callers) = (Instant::now(), size.length, Vec::new());
    for caller in 0..size.clients {
        let (lane, app) = (lane.clone(), app.clone());
        callers.push(tokio::spawn(async move {
            let mut written = 0u64;
            while began.elapsed() < length {
                lane.submit(entry(&app, Id(caller as i64 + 1))).await?;
                written += 1;
            }
            Ok::<_, Problem>(written)
        }));
    }
    let (visible, provable) = probes(app, length.mul_f64(0.8)).await?;
    let mut written = 0;
    for caller in callers {
        written += caller.await.map_err(|_| Problem::not_found())??;
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(Load { written, seconds, rate: written as f64 / seconds, visible, provable })
}

/// Single entries, one after the other: milliseconds until the holder's list has it, and until its
/// proof can be had; the latter stays empty when nobody sequences.
async fn probes(app: &App, length: Duration) -> Result<(Vec<f64>, Vec<f64>), Problem> {
    let (began, mut visible, mut provable) = (Instant::now(), Vec::new(), Vec::new());
    while began.elapsed() < length {
        let person = app.id();
        let entry = entry(app, person);
        let (id, wrote) = (entry.id, Instant::now());
        app.db.write(move |tx| journal::record(tx, &entry)).await?;
        let shown = app.db.read(move |tx| journal::about(tx, person, Id(i64::MAX), 1)).await?;
        if shown.iter().any(|shown| shown.id == id) {
            visible.push(wrote.elapsed().as_secs_f64() * 1e3);
        }
        while wrote.elapsed() < Duration::from_secs(5) && began.elapsed() < length {
            if prove(app, id).await.is_ok() {
                provable.push(wrote.elapsed().as_secs_f64() * 1e3);
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    Ok((visible, provable))
}

async fn prove(app: &App, id: Id) -> Result<Proof, Problem> {
    let (keys, origin) = (app.keys.clone(), app.config.journal_origin.clone());
    app.db.read(move |tx| proof::make(tx, &keys, &origin, id, None)).await
}

async fn waits(app: &App) -> Result<bool, Problem> {
    app.db
        .read(|tx| {
            let left = tx.query("SELECT entry_id FROM journal_pending LIMIT 1", &[])?;
            let sql = "SELECT id FROM journal_tree WHERE size > head";
            Ok::<_, Problem>(!left.is_empty() || !tx.query(sql, &[])?.is_empty())
        })
        .await
}

/// Sequences all that waits; returns the log's size.
async fn drain(app: &App) -> Result<u64, String> {
    while journal::sequence(app).await.map_err(|error| error.to_string())? > 0 {}
    let figures = app.db.read(|tx| journal::figures(tx, Utc::now())).await;
    figures.map(|figures| figures.signed as u64).map_err(|error| error.to_string())
}

/// Proofs of entries spread over the whole log.
async fn proofs(app: &App) -> Result<(), Problem> {
    let ids = app.db.read(|tx| {
        let size: i64 = tx.one("SELECT COUNT(*) FROM journal_leaf", &[])?.get(0)?;
        let step = (size / PROOFS as i64).max(1);
        let sql = "SELECT entry_id FROM journal_leaf WHERE leaf_index % $1 = 0";
        let rows = tx.query(sql, &[kernel::db::v(step)])?;
        Ok::<_, Problem>(rows.iter().map(|row| row.get(0)).collect::<Result<Vec<Id>, _>>()?)
    });
    let (mut made, mut checked) = (Vec::new(), Vec::new());
    for id in ids.await?.into_iter().take(PROOFS) {
        let began = Instant::now();
        let proof = prove(app, id).await?;
        made.push(began.elapsed().as_secs_f64() * 1e6);
        let began = Instant::now();
        proof.check(None).map_err(|_| Problem::not_found())?;
        checked.push(began.elapsed().as_secs_f64() * 1e6);
    }
    told("proof made, read from the database", &made, "µs");
    told("proof checked, signature included", &checked, "µs");
    Ok(())
}

fn told(what: &str, took: &[f64], unit: &str) {
    let mut sorted = took.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted.get((sorted.len() as f64 * share) as usize).copied();
    let (p50, p99) = (at(0.5).unwrap_or(f64::NAN), at(0.99).unwrap_or(f64::NAN));
    println!("  {what:<38} p50 {p50:>7.0} {unit}   p99 {p99:>7.0} {unit}   ({})", sorted.len());
}
