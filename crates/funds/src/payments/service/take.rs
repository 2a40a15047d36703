//! Takes in what a bank tells: in sets, each line once, whatever comes twice, late or in another order.

use std::collections::{BTreeMap, BTreeSet};

use kernel::actor::Actor;
use kernel::db::{DbError, Tx, Value, v};
use kernel::id::Id;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;

use super::{Step, happen, move_told};
use crate::payments::port::{LineResult, Report, ReportKind};
use crate::payments::rules::files::FileState;
use crate::payments::rules::invariants::Sum;
use crate::payments::rules::judge::{Verdict, Word};
use crate::payments::rules::table::Event;
use crate::payments::rules::{Kind, Rules, State};
use crate::payments::store::batches;
use crate::payments::store::exceptions::{self, Found};
use crate::payments::store::files::{self, File};
use crate::payments::store::payments::{self, Stored};
use crate::payments::store::reports;

/// Lines that one transaction takes in.
const CHUNK: usize = 10_000;

/// Takes a report in, from where an earlier worker ended. Returns the lines that could not be used, for
/// the bank.
///
/// # Errors
/// See [`Problem`]; what was taken in stays.
pub async fn take_in(app: &App, bank: Id, report: &Report) -> Result<Vec<(u64, String)>, Problem> {
    if crate::bills::service::work::bank_says(app, bank, report).await? {
        return Ok(Vec::new());
    }
    let Some(known) = begin(app, bank, report).await? else { return Ok(Vec::new()) };
    let mut faults = report.faults.clone();
    let mut from = usize::try_from(known.done).unwrap_or(usize::MAX);
    while from < report.lines.len() {
        let to = (from + CHUNK).min(report.lines.len());
        let (platform, lines) = (app.clone(), report.lines[from..to].to_vec());
        let stored = known.clone();
        let bad = app
            .db
            .write(move |tx| {
                let set = Lines { app: &platform, report: &stored, from, now: Utc::now() };
                set.take(tx, &lines)
            })
            .await?;
        faults.extend(bad);
        from = to;
    }
    finish(app, known, report.clone()).await?;
    Ok(faults)
}

/// Puts a new report on record; `None` when all of it is in already.
async fn begin(app: &App, bank: Id, report: &Report) -> Result<Option<reports::Stored>, Problem> {
    let (platform, report) = (app.clone(), report.clone());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let step = Step::new(&platform, &Actor::system(), "funds.report", now);
            let number: String = report.id.chars().take(100).collect();
            let file = file_of(tx, bank, &report.batch)?;
            let stored = reports::Stored {
                id: platform.id(),
                bank,
                number,
                file: file.as_ref().map(|file| file.id),
                kind: report.kind.code().to_owned(),
                digest: report.digest.to_vec(),
                lines: report.lines.len() as i64,
                done: 0,
                duplicates: 0,
                late: 0,
                at: now,
                entry: step.id(),
            };
            // Nothing of it is believed, so its number is not taken: the bank's true report may bear it.
            if let Some(why) = report.refusal() {
                let mut found = about(&platform, Kind::BrokenLine, &stored);
                found.report = Id(0);
                found.told = format!("{} {why}", stored.number);
                exceptions::open(tx, &[found], now)?;
                let detail = serde_json::json!({ "sm3": hex::encode(report.digest) });
                step.about("bank", bank).detail(detail).record(tx)?;
                return Ok(None);
            }
            let detail = serde_json::json!({ "number": stored.number, "sm3": hex::encode(report.digest),
                "lines": stored.lines, "faults": report.faults.len() });
            if let Some(known) = reports::by_number(tx, bank, &stored.number)? {
                if known.digest == stored.digest {
                    return Ok(Some(known));
                }
                let mut found = about(&platform, Kind::ReportDiffers, &known);
                found.told = format!("{}: {}", known.number, hex::encode(report.digest));
                exceptions::open(tx, &[found], now)?;
                step.about("report", known.id).detail(detail).record(tx)?;
                return Ok::<_, Problem>(None);
            }
            reports::insert(tx, &stored)?;
            let broken = report.faults.iter().take(100).map(|(line, why)| {
                let mut found = about(&platform, Kind::BrokenLine, &stored);
                found.told = format!("{}:{line} {why}", stored.number);
                found
            });
            exceptions::open(tx, &broken.collect::<Vec<_>>(), now)?;
            step.about("report", stored.id).detail(detail).record(tx)?;
            Ok(Some(stored))
        })
        .await
}

/// The file that a bank names, when it is one of its own.
fn file_of(tx: &mut Tx<'_>, bank: Id, batch: &str) -> Result<Option<File>, DbError> {
    let Ok(id) = batch.to_ascii_lowercase().parse() else { return Ok(None) };
    Ok(files::get(tx, id)?.filter(|file| file.bank == bank))
}

fn about(app: &Platform, kind: Kind, report: &reports::Stored) -> Found {
    Found {
        id: app.id(),
        kind,
        bank: report.bank,
        batch: Id(0),
        file: report.file.unwrap_or(Id(0)),
        payment: Id(0),
        report: report.id,
        told: String::new(),
        fen: 0,
    }
}

/// A set of lines of a report.
struct Lines<'a> {
    app: &'a Platform,
    report: &'a reports::Stored,
    from: usize,
    now: Utc,
}

/// What the lines of a set came to.
#[derive(Default)]
struct Came {
    rows: Vec<Vec<Value<'static>>>,
    found: Vec<Found>,
    single: Vec<(Id, Event)>,
    touched: BTreeSet<Id>,
    /// Usual results: what happened, where the payments stood, and their sums by batch.
    usual: BTreeMap<(Event, State), BTreeMap<Id, Sum>>,
    /// Least and greatest id of the payments of usual results.
    ends: Option<(i64, i64)>,
    bad: Vec<(u64, String)>,
    duplicates: i64,
    late: i64,
}

impl Lines<'_> {
    fn take(
        &self,
        tx: &mut Tx<'_>,
        lines: &[(String, i64, LineResult)],
    ) -> Result<Vec<(u64, String)>, Problem> {
        let (from, to) = (self.from as i64, (self.from + lines.len()) as i64);
        let ids: Vec<Id> = lines.iter().filter_map(|line| id_of(&line.0)).collect();
        let known = payments::by_ids(tx, &ids)?;
        let mut known: BTreeMap<Id, Stored> = known.into_iter().map(|one| (one.id, one)).collect();
        let mut came = Came::default();
        for (place, line) in lines.iter().enumerate() {
            self.line(&mut known, &mut came, self.from + place, line)?;
        }
        reports::set_done(tx, self.report.id, (from, to), came.duplicates, came.late)?;
        reports::keep(tx, std::mem::take(&mut came.rows))?;
        let step = Step::new(self.app, &Actor::system(), "funds.results", self.now);
        let counts = self.carry_out(tx, &came, (from, to), step.id())?;
        for (id, event) in came.single {
            let stored = payments::get(tx, id)?.ok_or_else(Problem::not_found)?;
            happen(tx, self.app, &stored, event, step.id(), self.now)?;
        }
        exceptions::open(tx, &came.found, self.now)?;
        for batch in &came.touched {
            batches::touch(tx, *batch, self.now)?;
        }
        let detail = serde_json::json!({ "from": from, "to": to, "paid": counts.0, "returned": counts.1,
            "exceptions": came.found.len() });
        step.about("report", self.report.id).detail(detail).record(tx)?;
        Ok(came.bad)
    }

    /// The usual results, as sets; how many were paid and returned.
    fn carry_out(
        &self,
        tx: &mut Tx<'_>,
        came: &Came,
        range: (i64, i64),
        entry: Id,
    ) -> Result<(i64, i64), Problem> {
        let mut counts = (0, 0);
        let Some(ends) = came.ends else { return Ok(counts) };
        for ((event, state), sums) in &came.usual {
            let meaning = meaning_of(*event);
            let lines = payments::Lines { report: self.report.id, range, meaning, ends };
            let about = (self.report.bank, entry);
            let moved = move_told(tx, self.app, lines, (*state, *event), sums, about, self.now)?;
            match event {
                Event::Pay => counts.0 += moved,
                Event::Return => counts.1 += moved,
                _ => {}
            }
        }
        Ok(counts)
    }

    fn line(
        &self,
        known: &mut BTreeMap<Id, Stored>,
        came: &mut Came,
        place: usize,
        (reference, fen, result): &(String, i64, LineResult),
    ) -> Result<(), Problem> {
        let told = words(result);
        let found = id_of(reference).and_then(|id| known.get_mut(&id)).filter(|stored| {
            let file = self.report.file.is_none() || stored.file == self.report.file;
            stored.bank == self.report.bank && file
        });
        let Some(stored) = found else {
            let mut found = about(self.app, Kind::UnknownLine, self.report);
            found.told = format!("{}:{} {}", self.report.number, place + 1, told.word);
            found.fen = *fen;
            came.found.push(found);
            came.bad.push((place as u64 + 1, "no such payment in this file".to_owned()));
            came.rows.push(self.row(place, Id(0), *fen, &told, "exception"));
            return Ok(());
        };
        let verdict = match told.word {
            "paid" => Rules::sound().judge(&stored.payment, *fen, Word::Paid),
            "returned" => Rules::sound().judge(&stored.payment, *fen, Word::Returned),
            _ => Rules::sound().judge(&stored.payment, *fen, Word::Pending),
        };
        let meaning = match verdict {
            Verdict::Nothing => {
                came.duplicates += 1;
                "nothing"
            }
            Verdict::Happened(event) => {
                came.late += i64::from(stored.payment.state == State::Unknown);
                let sums = came.usual.entry((event, stored.payment.state)).or_default();
                sums.entry(stored.batch).or_default().add(1, *fen);
                let (least, most) = came.ends.unwrap_or((stored.id.0, stored.id.0));
                came.ends = Some((least.min(stored.id.0), most.max(stored.id.0)));
                stored.payment = Rules::sound().apply(&stored.payment, event)?.0;
                came.touched.insert(stored.batch);
                meaning_of(event)
            }
            Verdict::Exception(kind, event) => {
                if let Some(event) = event {
                    stored.payment = Rules::sound().apply(&stored.payment, event)?.0;
                    came.single.push((stored.id, event));
                }
                let mut found = about(self.app, kind, self.report);
                (found.batch, found.payment, found.fen) = (stored.batch, stored.id, *fen);
                found.file = stored.file.unwrap_or(Id(0));
                found.told = format!("{} {}", told.word, told.said);
                came.found.push(found);
                if kind == Kind::AmountDiffers {
                    came.bad.push((place as u64 + 1, "the amount differs".to_owned()));
                }
                "exception"
            }
        };
        came.rows.push(self.row(place, stored.id, *fen, &told, meaning));
        Ok(())
    }

    fn row(
        &self,
        place: usize,
        payment: Id,
        fen: i64,
        told: &Told,
        meaning: &'static str,
    ) -> Vec<Value<'static>> {
        let said: String = told.said.chars().filter(|c| !c.is_control()).take(100).collect();
        vec![
            v(self.report.id),
            v(place as i64 + 1),
            v(payment),
            v(fen),
            v(told.word),
            v(meaning),
            v(told.reason),
            v(said),
            v(told.at.unwrap_or(self.now)),
        ]
    }
}

fn meaning_of(event: Event) -> &'static str {
    match event {
        Event::Pay => "pay",
        Event::Return => "return",
        Event::Take => "take",
        _ => "nothing",
    }
}

/// A bank may write our references in capitals.
fn id_of(reference: &str) -> Option<Id> {
    reference.trim().to_ascii_lowercase().parse().ok()
}

struct Told {
    word: &'static str,
    reason: &'static str,
    said: String,
    at: Option<Utc>,
}

fn words(result: &LineResult) -> Told {
    match result {
        LineResult::Paid { bank_ref, at } => {
            Told { word: "paid", reason: "", said: bank_ref.clone(), at: Some(Utc(*at)) }
        }
        LineResult::Returned { reason, bank_code } => {
            Told { word: "returned", reason: reason.code(), said: bank_code.clone(), at: None }
        }
        LineResult::Pending => Told { word: "pending", reason: "", said: String::new(), at: None },
    }
}

/// A file whose lines all have their result is settled; a final report that leaves out lines is an exception.
async fn finish(app: &App, known: reports::Stored, report: Report) -> Result<(), Problem> {
    let Some(id) = known.file else { return Ok(()) };
    let platform = app.clone();
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let Some(file) = files::get(tx, id)? else { return Ok(()) };
            let open = [FileState::Sending, FileState::Sent, FileState::Unknown];
            let out = payments::out_of_file(tx, file.id, file.ends())?;
            let final_report = report.kind == ReportKind::Result;
            let missing = final_report && out > 0 && (report.lines.len() as i64) < file.lines;
            let settled = out == 0 && open.contains(&file.state);
            if !missing && !settled {
                return Ok(());
            }
            if missing {
                let mut found = about(&platform, Kind::LinesMissing, &known);
                (found.batch, found.fen) = (file.batch, file.fen);
                exceptions::open(tx, &[found], now)?;
            }
            if settled {
                files::set(tx, &file, FileState::Settled, true, now, "")?;
            }
            let act = if settled { "funds.file-settled" } else { "funds.lines-missing" };
            let step = Step::new(&platform, &Actor::system(), act, now).about("payfile", id);
            Ok::<_, Problem>(step.record(tx)?)
        })
        .await
}
