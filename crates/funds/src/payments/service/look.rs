//! Reads for pages and programs. What shows a person's data is journalled.

use kernel::actor::{Actor, Role};
use kernel::db::DbError;
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::Step;
use crate::payments::rules::State;
use crate::payments::rules::invariants::{Balances, Tally};
use crate::payments::store::batches::{self, Batch};
use crate::payments::store::exceptions::{self, Exception};
use crate::payments::store::figures::{self, By, Figure, Year};
use crate::payments::store::files::{self, File};
use crate::payments::store::frozen::{self, Frozen};
use crate::payments::store::ledger::{self, Line};
use crate::payments::store::payments::{self, Stored};
use crate::payments::store::reports::{self, Told};
use crate::payments::store::returned::{self, Correction};
use crate::payments::store::stops::{self, Alarm, Stop};

/// The divisions that an official sees: his own district, or all.
pub fn scope(actor: &Actor) -> String {
    match actor.role {
        Role::DistrictOfficer | Role::DistrictApprover => actor.division.chars().take(6).collect(),
        _ => String::new(),
    }
}

fn may_see(actor: &Actor, batch: &Batch) -> Result<(), Problem> {
    if batch.division.starts_with(&scope(actor)) { Ok(()) } else { Err(Problem::not_found()) }
}

/// What the first page of finance shows.
pub struct Overview {
    /// Newest batches.
    pub batches: Vec<Batch>,
    /// Stops in force.
    pub stops: Vec<Stop>,
    /// Open alarms.
    pub alarms: Vec<Alarm>,
    /// Exceptions that wait.
    pub exceptions: usize,
    /// Figures.
    pub figures: Vec<Figure>,
    /// Names of programmes and banks.
    pub names: Vec<(Id, Text)>,
}

/// The first page of finance.
///
/// # Errors
/// See [`Problem`].
pub async fn overview(
    app: &App,
    actor: &Actor,
    by: By,
    from: String,
    to: String,
) -> Result<Overview, Problem> {
    let scope = scope(actor);
    app.db
        .read(move |tx| {
            Ok::<_, Problem>(Overview {
                batches: batches::newest(tx, &scope, 50)?,
                stops: stops::in_force(tx)?,
                alarms: stops::alarms(tx)?,
                exceptions: exceptions::waiting(tx, 1_000)?.len(),
                figures: figures::figures(tx, by, &scope, (&from, &to))?,
                names: figures::names(tx)?,
            })
        })
        .await
}

/// The batches behind one figure, with names.
///
/// # Errors
/// See [`Problem`].
pub async fn behind(
    app: &App,
    actor: &Actor,
    (by, key): (By, String),
    (from, to): (String, String),
) -> Result<(Vec<Figure>, Vec<(Id, Text)>), Problem> {
    let scope = scope(actor);
    app.db
        .read(move |tx| {
            let found = figures::behind(tx, (by, &key), &scope, (&from, &to))?;
            Ok::<_, Problem>((found, figures::names(tx)?))
        })
        .await
}

/// The year's account by programme, department or district, with names.
///
/// # Errors
/// See [`Problem`].
pub async fn year(
    app: &App,
    actor: &Actor,
    by: By,
    year: String,
) -> Result<(Vec<Year>, Vec<(Id, Text)>), Problem> {
    let scope = scope(actor);
    app.db
        .read(move |tx| {
            Ok::<_, Problem>((figures::year(tx, by, &scope, &year)?, figures::names(tx)?))
        })
        .await
}

/// What the page of a batch shows; no person's data.
pub struct Whole {
    /// The batch.
    pub batch: Batch,
    /// Its payments by state.
    pub tally: Tally,
    /// Its books.
    pub balances: Balances,
    /// Its newest entries.
    pub entries: Vec<Line>,
    /// Its files.
    pub files: Vec<File>,
    /// Stops that hold it.
    pub stops: Vec<Stop>,
    /// Names of programmes and banks.
    pub names: Vec<(Id, Text)>,
}

/// One batch.
///
/// # Errors
/// Not found, also for officials of another district.
pub async fn batch(app: &App, actor: &Actor, id: Id) -> Result<Whole, Problem> {
    let actor = actor.clone();
    app.db
        .read(move |tx| {
            let batch = batches::get(tx, id)?.ok_or_else(Problem::not_found)?;
            may_see(&actor, &batch)?;
            let mut tally = Tally::default();
            for (payment, sum) in payments::tally(tx, &batch)? {
                tally.add(payment.state, payment.held, sum.count, sum.fen);
            }
            let stops = stops::in_force(tx)?;
            let holds = |stop: &Stop| stop.batch == id || stop.batch == Id(0);
            Ok(Whole {
                tally,
                balances: ledger::balances(tx, id)?,
                entries: ledger::of_batch(tx, id, 100)?,
                files: files::of_batch(tx, id, 200)?,
                stops: stops.into_iter().filter(holds).collect(),
                names: figures::names(tx)?,
                batch,
            })
        })
        .await
}

/// How far a batch is: work done and work to do, in lines.
///
/// # Errors
/// Not found.
pub async fn progress(app: &App, actor: &Actor, id: Id) -> Result<(i64, i64, Batch), Problem> {
    let actor = actor.clone();
    app.db
        .read(move |tx| {
            let batch = batches::get(tx, id)?.ok_or_else(Problem::not_found)?;
            may_see(&actor, &batch)?;
            // From the ledger: it has few entries, and a page asks each second.
            let open = ledger::open_lines(tx, id)?;
            Ok((batch.lines - open, batch.lines, batch))
        })
        .await
}

/// Payments of a batch, one page at a time; the look is journalled.
///
/// # Errors
/// Not found.
pub async fn lines(
    app: &App,
    actor: &Actor,
    id: Id,
    (state, bank): (Option<State>, Option<Id>),
    after: i64,
) -> Result<(Batch, Vec<Stored>), Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let batch = batches::get(tx, id)?.ok_or_else(Problem::not_found)?;
            may_see(&actor, &batch)?;
            let found = payments::page(tx, &batch, (state, bank), after, 50)?;
            let step = Step::new(&platform, &actor, "funds.lines-read", now).on(&batch);
            step.detail(serde_json::json!({ "lines": found.len() })).record(tx)?;
            Ok((batch, found))
        })
        .await
}

/// One payment with all its proofs.
pub struct Proof {
    /// The payment.
    pub stored: Stored,
    /// Its batch.
    pub batch: Batch,
    /// The file that it left in.
    pub file: Option<File>,
    /// What banks told of it.
    pub told: Vec<Told>,
    /// Entries of its batch that it is part of.
    pub entries: Vec<Line>,
    /// Its exceptions.
    pub exceptions: Vec<Exception>,
    /// Its correction.
    pub correction: Option<Correction>,
    /// Journal entry of the report that its result came with.
    pub report: Option<reports::Stored>,
}

/// The auditor's way down to one payment; the look is journalled.
///
/// # Errors
/// Not found.
pub async fn proof(app: &App, actor: &Actor, id: Id) -> Result<Proof, Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let stored = payments::get(tx, id)?.ok_or_else(Problem::not_found)?;
            let batch = batches::get(tx, stored.batch)?.ok_or_else(Problem::not_found)?;
            may_see(&actor, &batch)?;
            let file = stored.file.map(|file| files::get(tx, file)).transpose()?.flatten();
            let report = stored.report.map(|id| reports::get(tx, id)).transpose()?.flatten();
            let mut entries = ledger::of_batch(tx, batch.id, 5_000)?;
            entries.retain(|line| {
                let own = line.payment == id;
                let whole =
                    line.payment == Id(0) && matches!(line.kind.as_str(), "approve" | "reserve");
                let left = file.as_ref().is_some_and(|file| file.entry == line.entry);
                // The set that its last move was part of.
                let moved = line.payment == Id(0) && line.at == stored.changed_at;
                own || ((whole || moved) && line.bank == stored.bank) || left
            });
            let step = Step::new(&platform, &actor, "funds.payment-read", now);
            step.about("payment", id).person(stored.person).record(tx)?;
            Ok(Proof {
                told: reports::of_payment(tx, id)?,
                exceptions: exceptions::of_payment(tx, id)?,
                correction: returned::get(tx, id)?,
                file,
                report,
                entries,
                batch,
                stored,
            })
        })
        .await
}

/// The queue of exceptions, and returned money that waits for a correction or its review.
pub struct Queue {
    /// Exceptions.
    pub exceptions: Vec<Exception>,
    /// Corrections to be reviewed.
    pub to_review: Vec<Correction>,
    /// Returned payments without a correction: person, payment, fen, reason.
    pub returned: Vec<(Id, Id, i64, String)>,
    /// What waits because its person is frozen, longest first (Art. 20).
    pub frozen: Vec<Frozen>,
    /// Number and sum in fen of all that waits for a thaw.
    pub frozen_sum: (i64, i64),
    /// Names of programmes and banks.
    pub names: Vec<(Id, Text)>,
}

/// The queue of exceptions.
///
/// # Errors
/// See [`Problem`].
pub async fn queue(app: &App) -> Result<Queue, Problem> {
    app.db
        .read(|tx| {
            Ok::<_, DbError>(Queue {
                exceptions: exceptions::waiting(tx, 200)?,
                to_review: returned::to_review(tx, 100)?,
                returned: returned::waiting(tx, 100)?,
                frozen: frozen::list(tx, 100)?,
                frozen_sum: frozen::sum(tx)?,
                names: figures::names(tx)?,
            })
        })
        .await
        .map_err(Problem::from)
}

/// One line of a holder's statement.
pub struct Received {
    /// The payment.
    pub stored: Stored,
    /// Programme.
    pub what: Text,
    /// Bank.
    pub bank: Text,
    /// The correction that he or a clerk made.
    pub correction: Option<Correction>,
    /// It waits until a freeze of his is lifted (Art. 20).
    pub frozen: bool,
}

/// What a holder received, from whom and why; he looks at his own, which is journalled.
///
/// # Errors
/// Somebody without a person.
pub async fn own(app: &App, actor: &Actor) -> Result<Vec<Received>, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let names: std::collections::BTreeMap<Id, Text> =
                figures::names(tx)?.into_iter().collect();
            let name = |id: Id| names.get(&id).cloned().unwrap_or_default();
            let waiting: Vec<Id> =
                frozen::of_person(tx, person)?.into_iter().map(|one| one.payment).collect();
            let mut all = Vec::new();
            for stored in payments::of_person(tx, person, 500)? {
                let correction = match stored.payment.state {
                    State::Returned => returned::get(tx, stored.id)?,
                    _ => None,
                };
                let (what, bank) = (name(stored.programme), name(stored.bank));
                let frozen = waiting.contains(&stored.id);
                all.push(Received { stored, what, bank, correction, frozen });
            }
            let step = Step::new(&platform, &actor, "funds.own-read", now).person(person);
            step.about("person", person).record(tx)?;
            Ok(all)
        })
        .await
}

/// The holder's accounts that returned money could go to: card, bank, last four digits.
///
/// # Errors
/// Somebody without a person.
pub async fn own_accounts(app: &App, actor: &Actor) -> Result<Vec<(Id, Text, String)>, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    accounts_of(app, person).await
}

/// A person's accounts that money could go to; no number whole.
///
/// # Errors
/// See [`Problem`].
pub async fn accounts_of(app: &App, person: Id) -> Result<Vec<(Id, Text, String)>, Problem> {
    app.db
        .read(move |tx| {
            let names: std::collections::BTreeMap<Id, Text> =
                figures::names(tx)?.into_iter().collect();
            let accounts = banks::store::accounts::of_person(tx, person)?;
            let fits = accounts.into_iter().filter(|account| {
                matches!(account.state.code(), "opened" | "active") && !account.last_four.is_empty()
            });
            let line = |account: banks::store::accounts::Account| {
                let bank = names.get(&account.bank).cloned().unwrap_or_default();
                (account.card, bank, account.last_four)
            };
            Ok::<_, Problem>(fits.map(line).collect())
        })
        .await
}
