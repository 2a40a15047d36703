//! Money of the demonstration, one list for each stage: paid with some returns, waiting for its release,
//! on public notice, and checked with faults to correct.

use std::io::Cursor;
use std::sync::Arc;

use funds::payments::rules::batch::BatchState;
use funds::payments::service::release::{self, Hand};
use funds::payments::service::work as paying;
use funds::payments::store::batches;
use funds::rosters::rules::State;
use funds::rosters::service::{self, Declared, Source};
use funds::rosters::{steps, store, work};
use kernel::db::{DbError, v};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use payfile::simulator::Folder;

use super::actor_of;
use super::villagers::Villager;

/// Farmland by the mu, seed by the mu, farm machinery with an amount in each line.
const FARMLAND: &str = "BT-NY-001";
const GRAIN: &str = "BT-NY-002";
const MACHINES: &str = "BT-NY-003";
/// Rounds after which a bank that does not answer would hold the start up no longer.
const MOST_ROUNDS: usize = 20;

/// A list as a file with what is declared of it.
struct List {
    programme: &'static str,
    csv: String,
    lines: i64,
    fen: i64,
}

impl List {
    /// Land: mu for each household.
    fn land(programme: &'static str, people: &[Villager]) -> Self {
        let mut csv = "社会保障号码,户主姓名,面积（亩）,户编号\n".to_owned();
        for (place, one) in people.iter().enumerate() {
            let mu = format!("{}.{}", 2 + place * 7 % 5, place % 10);
            csv.push_str(&format!("{},{},{mu},H{:04}\n", one.number, one.name, place + 1));
        }
        Self { programme, csv, lines: people.len() as i64, fen: 0 }
    }

    /// Amounts; with `faults` the last lines are one doubled and one with a wrong name.
    fn amounts(programme: &'static str, people: &[Villager], faults: bool) -> Self {
        let mut lines: Vec<(&str, &str)> =
            people.iter().map(|one| (one.number.as_str(), one.name.as_str())).collect();
        if let (true, Some(first)) = (faults, lines.first().copied()) {
            lines.push(first);
            lines.push((first.0, "查无此名"));
        }
        let mut list = Self {
            programme,
            csv: "社会保障号码,姓名,金额\n".to_owned(),
            lines: lines.len() as i64,
            fen: 0,
        };
        for (place, (number, name)) in (0i64..).zip(lines) {
            let yuan = 1_200 + place * 350 % 1_400;
            list.fen += yuan * 100;
            list.csv.push_str(&format!("{number},{name},{yuan}.00\n"));
        }
        list
    }
}

/// Makes the lists and lets the first be paid.
///
/// # Errors
/// See [`Problem`].
pub(super) async fn make(
    app: &App,
    people: &[Villager],
    desks: &[Arc<Folder>],
) -> Result<(), Problem> {
    let half = people.len() / 2;
    let paid = approved(app, List::land(FARMLAND, people)).await?;
    hand(app, paid, "FINANCE", Hand::Ask).await?;
    hand(app, paid, "CITY2", Hand::Approve).await?;
    pay(app, paid, desks).await?;
    let waits = approved(app, List::land(GRAIN, &people[..people.len() - 6])).await?;
    hand(app, waits, "FINANCE", Hand::Ask).await?;
    let noticed = entered(app, List::amounts(MACHINES, &people[..half], false)).await?;
    to_notice(app, noticed).await?;
    entered(app, List::amounts(MACHINES, &people[half..], true)).await.map(drop)
}

/// Enters a list as the clerk and has it checked.
async fn entered(app: &App, list: List) -> Result<Id, Problem> {
    let unit = actor_of(app, "CLERK").await?;
    let mut declared = Declared {
        programme: list.programme.to_owned(),
        period: day_text(Utc::now().day())[..4].to_owned(),
        division: String::new(),
        lines: list.lines,
        fen: list.fen,
    };
    if declared.fen == 0 {
        declared.fen = total_of_land(&list);
    }
    let source = Source::File(Box::new(Cursor::new(list.csv.into_bytes())));
    let roster = service::create(app, &unit, declared, source).await?;
    while !is_checked(app, roster).await? {
        work::round(app).await?;
    }
    Ok(roster)
}

/// What the programme's rate makes of the areas.
fn total_of_land(list: &List) -> i64 {
    let bodies = funds::programmes::demo::bodies();
    let formula = bodies.into_iter().find(|(code, ..)| code == list.programme);
    let Some(formula) = formula.and_then(|(.., body)| body.formula) else { return 0 };
    let mu = list.csv.lines().skip(1).filter_map(|line| line.split(',').nth(2));
    let fen = mu.filter_map(|mu| {
        let quantity = funds::programmes::formula::parse_decimal(mu, 3)?;
        formula.amount(quantity)
    });
    fen.sum()
}

async fn is_checked(app: &App, roster: Id) -> Result<bool, Problem> {
    let read = app.db.read(move |tx| Ok::<_, Problem>(store::by_id(tx, roster)?));
    Ok(read.await?.is_some_and(|roster| roster.state == State::Checked))
}

async fn to_notice(app: &App, roster: Id) -> Result<(), Problem> {
    service::submit(app, &actor_of(app, "CLERK").await?, roster).await?;
    let department = actor_of(app, "AGRI").await?;
    steps::review(app, &department, roster, true, "已与村组台账核对").await
}

/// A list that finance approved, and whose money is set aside; its batch.
async fn approved(app: &App, list: List) -> Result<Id, Problem> {
    let roster = entered(app, list).await?;
    to_notice(app, roster).await?;
    // A demonstration does not wait for days.
    let sql = "UPDATE roster SET notice_until = $1 WHERE id = $2";
    let over = Utc::now().plus_seconds(-1);
    app.db
        .housekeeping(move |tx| tx.execute_one(sql, &[v(over), v(roster)]))
        .await
        .map_err(|error: DbError| error)?;
    steps::close_notices(app, Utc::now()).await?;
    steps::approve(app, &actor_of(app, "FINANCE").await?, roster, true, "").await?;
    while paying::reserve(app).await? {}
    app.db
        .read(move |tx| {
            let sql = "SELECT id FROM pay_batch WHERE roster_id = $1";
            Ok::<_, Problem>(tx.one(sql, &[v(roster)])?.get(0)?)
        })
        .await
}

async fn hand(app: &App, batch: Id, login: &'static str, hand: Hand) -> Result<(), Problem> {
    release::release(app, &actor_of(app, login).await?, batch, hand).await.map(drop)
}

/// Sends, lets the banks work, and takes their results in.
async fn pay(app: &App, batch: Id, desks: &[Arc<Folder>]) -> Result<(), Problem> {
    for _ in 0..MOST_ROUNDS {
        // What waits to be asked after is due now.
        let due = "UPDATE pay_file SET next_at = 0 WHERE state <> 'settled'";
        let housekeeping = app.db.housekeeping(move |tx| tx.execute(due, &[]).map(drop));
        housekeeping.await.map_err(|error: DbError| error)?;
        paying::round(app).await?;
        for desk in desks {
            desk.step().map_err(|error| DbError::Unavailable(error.to_string()))?;
        }
        let found = app.db.read(move |tx| Ok::<_, Problem>(batches::get(tx, batch)?)).await?;
        if found.is_some_and(|batch| batch.release.state == BatchState::Settled) {
            break;
        }
    }
    Ok(())
}
