//! Money from a roster's file to reconciled, beside a bare load of the rows that it leaves behind.

use std::path::Path;
use std::time::{Duration, Instant};

use funds::payments::bench::{self, Measured};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::db::{DbError, Location};
use kernel::platform::App;
use kernel::problem::Problem;

use super::apply::peak_mib;
use super::{paid, prepare};

/// Lines of one roster; a larger payment comes as several.
const ROSTER: u32 = 1_000_000;

/// How long each stage took.
#[derive(Default)]
struct Took {
    enter: Duration,
    notice: Duration,
    approve: Duration,
    rest: Measured,
}

/// Measures on one database and prints what it saw.
///
/// # Errors
/// In words, what went wrong.
pub(super) async fn run(
    name: &str,
    location: &Location,
    folder: &Path,
    lines: u32,
    banks: usize,
) -> Result<(), String> {
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    let (app, _) = prepare(location, folder).await?;
    let bar = ProgressBar::new(u64::from(lines));
    let style =
        ProgressStyle::with_template("{msg:<24} {human_pos}/{human_len} [{wide_bar}] {elapsed}");
    bar.set_style(style.map_err(|error| error.to_string())?);
    let say = |stage: &str, done: i64| {
        bar.set_message(stage.to_owned());
        bar.set_position(done.unsigned_abs());
    };
    let codes: Vec<String> = (0..banks.max(1)).map(|place| format!("BANK{place}")).collect();
    let officials = paid::furnish(&app, lines, &codes, &say).await.map_err(words)?;
    if matches!(location, Location::Postgres(_)) {
        // A register of this size has its statistics.
        let look = |tx: &mut kernel::db::Tx<'_>| {
            tx.execute("ANALYZE person, person_number, card, bank_account", &[])
        };
        app.db.housekeeping::<u64, DbError>(look).await.map_err(|e| words(e.into()))?;
    }
    let before = peak_mib();
    let mut took = Took::default();
    let (mut from, mut number) = (0, 0);
    while from < lines {
        let to = from.saturating_add(ROSTER).min(lines);
        let file = folder.join(format!("list-{number}.csv"));
        let file = paid::list(&file, lines, from, to).map_err(|error| error.to_string())?;
        let done = pay(&app, &officials, &file, &say).await.map_err(words)?;
        took.add(&done);
        let _ = std::fs::remove_file(&file.path);
        (from, number) = (to, number + 1);
    }
    let peak = peak_mib();
    let floor = bench::floor(&app, took.rest.lines).await.map_err(words)?;
    bar.finish_and_clear();
    print(name, &took, banks, number, &floor);
    println!("  peak memory                    {before:>9.0} MiB before, {peak:.0} MiB after");
    Ok(())
}

async fn pay(
    app: &App,
    officials: &paid::Officials,
    file: &paid::ListFile,
    say: &(dyn Fn(&str, i64) + Sync),
) -> Result<Took, Problem> {
    let began = Instant::now();
    let roster = paid::enter(app, officials, file, "2026-11", say).await?;
    let entered = began.elapsed();
    paid::notice(app, officials, roster).await?;
    let noticed = began.elapsed();
    let batch = paid::approve(app, officials, roster).await?;
    let approved = began.elapsed();
    say("approved, payments made", file.lines);
    let rest = bench::measure(app, batch, say).await?;
    Ok(Took { enter: entered, notice: noticed - entered, approve: approved - noticed, rest })
}

impl Took {
    fn add(&mut self, more: &Self) {
        self.enter += more.enter;
        self.notice += more.notice;
        self.approve += more.approve;
        self.rest.lines += more.rest.lines;
        self.rest.intend += more.rest.intend;
        self.rest.settle += more.rest.settle;
        self.rest.compare += more.rest.compare;
        self.rest.tell += more.rest.tell;
    }

    /// From the file to reconciled: the books are compared, messages come behind.
    fn whole(&self) -> Duration {
        let rest = &self.rest;
        self.enter + self.notice + self.approve + rest.intend + rest.settle + rest.compare
    }
}

fn print(name: &str, took: &Took, banks: usize, rosters: u32, floor: &[(&str, Duration)]) {
    let lines = took.rest.lines as f64;
    let rate = |time: Duration| lines / time.as_secs_f64().max(1e-9);
    println!("{name}, {lines} lines in {rosters} rosters at {banks} banks");
    let stages = [
        ("file read and checked", took.enter),
        ("reviewed, notice ended", took.notice),
        ("approved, payments made", took.approve),
        ("intents written", took.rest.intend),
        ("sent, results, settled", took.rest.settle),
        ("books compared", took.rest.compare),
        ("from file to reconciled", took.whole()),
        ("behind it: holders told", took.rest.tell),
    ];
    for (stage, time) in stages {
        let seconds = time.as_secs_f64();
        println!("  {stage:<30} {:>9.0} lines/s {seconds:>8.2} s", rate(time));
    }
    for (rows, time) in floor {
        println!("  floor: {rows:<23} {:>9.0} rows/s  {:>8.2} s", rate(*time), time.as_secs_f64());
    }
    let all: Duration = floor.iter().map(|(_, time)| *time).sum();
    let ratio = took.whole().as_secs_f64() / all.as_secs_f64().max(1e-9);
    println!("  floor: the same rows, bare     {:>9.0} lines/s   ratio {ratio:.1}", rate(all));
}
