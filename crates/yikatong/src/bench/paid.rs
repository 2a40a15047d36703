//! People with accounts, officials and rosters as files, made in bulk: for the measurement of payments and for
//! the runs in which everything is killed.

use std::fs::File;
use std::io::{BufWriter, Error, Result as IoResult};
use std::path::{Path, PathBuf};

use banks::AccountNumber;
use banks::store::accounts::{ACCOUNT_ROWS, Account, account_row};
use banks::store::agreements;
use funds::programmes::demo as programmes;
use funds::programmes::formula::yuan;
use funds::programmes::rules::{Body, Version};
use funds::rosters::rules::State;
use funds::rosters::service::{self, Declared, Source};
use funds::rosters::store::{self, Roster};
use funds::rosters::{steps, work};
use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use sheet::CsvWriter;

use crate::demo::load_people;

/// Code of the programme that pays.
const CODE: &str = "BENCH";
/// What the first line gets, fen.
const FEN: i64 = 10_000;
/// Rows of one transaction.
const SET: i64 = 20_000;
/// A step through the people that leaves none out: lists are not in the order of the register.
const STEP: u64 = 7_368_787;

/// Officials and banks of the measurement.
pub struct Officials {
    /// Enters lists.
    pub clerk: Actor,
    /// Reviews them, and asks for releases.
    pub officer: Actor,
    /// Two of finance.
    pub finance: [Actor; 2],
}

/// Makes `people` people with accounts at banks of these codes, a programme and its officials.
///
/// # Errors
/// See [`Problem`].
pub async fn furnish(
    app: &App,
    people: u32,
    codes: &[String],
    say: &(dyn Fn(&str, i64) + Sync),
) -> Result<Officials, Problem> {
    load_people(app, 0, people, |done| say("people", i64::from(done))).await?;
    let official = |role| Actor {
        account: app.id(),
        name: "bench".to_owned(),
        role,
        org: Some(app.id()),
        division: "500112".to_owned(),
        person: None,
    };
    let clerk = Actor { division: "500112001".to_owned(), ..official(Role::Clerk) };
    let officer = official(Role::DepartmentOfficer);
    let first = official(Role::DepartmentOfficer);
    let second = Actor { org: first.org, ..official(Role::DepartmentOfficer) };
    let all = Officials { clerk, officer, finance: [first, second] };
    let orgs =
        [of(&all.clerk, "outlet"), of(&all.officer, "department"), of(&all.finance[0], "finance")];
    let (shared, codes, department) = (app.clone(), codes.to_vec(), all.officer.org);
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "bench.made", "");
    let banks = app
        .db
        .write(move |tx| {
            for org in &orgs {
                org::add(tx, org, Utc::now())?;
            }
            let banks =
                codes.iter().map(|code| bank(tx, &shared, code)).collect::<Result<Vec<_>, _>>()?;
            publish(tx, &shared, department.unwrap_or(Id(0)))?;
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(banks)
        })
        .await?;
    accounts(app, banks, say).await?;
    Ok(all)
}

fn of(actor: &Actor, kind: &str) -> Org {
    Org {
        id: actor.org.unwrap_or(Id(0)),
        credit_code: None,
        name_zh: kind.to_owned(),
        name_en: kind.to_owned(),
        kind: kind.to_owned(),
        division: "500112".to_owned(),
        parent: None,
    }
}

fn bank(tx: &mut Tx<'_>, app: &App, code: &str) -> Result<Id, DbError> {
    let id = app.id();
    let org = Org {
        id,
        credit_code: None,
        name_zh: format!("示范银行{code}"),
        name_en: format!("Model bank {code}"),
        kind: "bank".to_owned(),
        division: "500000".to_owned(),
        parent: None,
    };
    org::add(tx, &org, Utc::now())?;
    let bank = agreements::Bank {
        id,
        code: code.to_owned(),
        name: Text::new("", ""),
        phone: "023-95500".to_owned(),
        about: Text::new("", ""),
    };
    agreements::insert_bank(tx, &bank, Utc::now())?;
    Ok(id)
}

/// A programme of a kind that is open, without a threshold.
fn publish(tx: &mut Tx<'_>, app: &App, department: Id) -> Result<(), Problem> {
    let body = programmes::bodies().into_iter().find(|(code, ..)| code == "BT-MZ-004");
    let (.., body) = body.ok_or_else(Problem::not_found)?;
    let now = Utc::now();
    let version = Version {
        id: app.id(),
        code: CODE.to_owned(),
        version: 1,
        department,
        from: now.day(),
        closes: false,
        body: Body { max_line_fen: 1_000_000, two_above_fen: 0, conflicts: Vec::new(), ..body },
    };
    let other = Actor { account: app.id(), ..Actor::system() };
    funds::programmes::store::propose(tx, &version, &Actor::system(), now)?;
    funds::programmes::store::decide(tx, version.id, &other, true, "", now)?;
    Ok(funds::programmes::store::apply(tx, app.id(), &version)?)
}

/// A card in force and an account in order for everybody who has none.
async fn accounts(
    app: &App,
    banks: Vec<Id>,
    say: &(dyn Fn(&str, i64) + Sync),
) -> Result<(), Problem> {
    let (mut after, mut place) = (Id(0), 0i64);
    loop {
        let (shared, banks) = (app.clone(), banks.clone());
        let made = move |tx: &mut Tx<'_>| {
            let sql = "SELECT id FROM person WHERE id > $1 ORDER BY id LIMIT $2";
            let rows = tx.query(sql, &[v(after), v(SET)])?;
            let people: Vec<Id> = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
            let all: Vec<(i64, Account)> = (place..)
                .zip(&people)
                .map(|(n, person)| (n, account(&shared, *person, banks[n as usize % banks.len()])))
                .collect();
            tx.bulk(cards::store::CARD_ROWS, &mut all.iter().map(card_row))?;
            let row = |(n, one): &(i64, Account)| {
                let number = AccountNumber::parse(&format!("5001{n:012}"));
                let number = number.map_err(|_| DbError::Engine("account number".to_owned()))?;
                account_row(&shared.keys, one, &number)
            };
            let rows = all.iter().map(row).collect::<Result<Vec<_>, _>>()?;
            tx.bulk(ACCOUNT_ROWS, &mut rows.into_iter())?;
            Ok::<_, DbError>((people.last().copied(), people.len() as i64))
        };
        let (last, count) = app.db.housekeeping(made).await?;
        let Some(last) = last else { return Ok(()) };
        (after, place) = (last, place + count);
        say("cards and accounts", place);
    }
}

fn account(app: &App, person: Id, bank: Id) -> Account {
    Account {
        person,
        card: app.id(),
        bank,
        state: banks::rules::State::Active,
        last_four: String::new(),
        expected: None,
        expected_at: None,
        seen_at: None,
        changed_at: Utc(Utc::now().0 - 200 * Utc::DAY),
        version: 1,
    }
}

fn card_row((place, one): &(i64, Account)) -> Vec<kernel::db::Value<'static>> {
    vec![
        v(one.person),
        v(one.card),
        v("active"),
        v(true),
        v(1i64),
        v("counter"),
        v(""),
        v(cards::number::card_number(place + 1)),
        v(0i64),
        v(""),
        v("2099-12-31"),
        v(1i64),
        v("on"),
    ]
}

/// A roster as a file, with what is declared of it.
pub struct ListFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Lines.
    pub lines: i64,
    /// Total, fen.
    pub fen: i64,
}

/// Writes the people from `from` to `to` of `all` that [`furnish`] made into a file, in an order that is not the
/// register's.
///
/// # Errors
/// The file cannot be written.
pub fn list(path: &Path, all: u32, from: u32, to: u32) -> IoResult<ListFile> {
    let mut writer = CsvWriter::new(BufWriter::new(File::create(path)?))?;
    writer.row(["社会保障号码", "姓名", "金额"])?;
    let (mut lines, mut fen) = (0, 0);
    for place in from..to {
        let index = (u64::from(place) * STEP % u64::from(all.max(1))) as u32;
        let Some(one) = people::generate::person(crate::demo::SEED, index) else { continue };
        let amount = FEN + i64::from(index % 7) * 100;
        writer.row([one.number.as_str(), &one.name, &yuan(amount)])?;
        (lines, fen) = (lines + 1, fen + amount);
    }
    writer.finish()?.into_inner().map_err(|error| Error::other(error.to_string()))?;
    Ok(ListFile { path: path.to_owned(), lines, fen })
}

/// Enters a file as a roster and lets it be read and checked.
///
/// # Errors
/// See [`Problem`]; a line that is not good is one.
pub async fn enter(
    app: &App,
    officials: &Officials,
    file: &ListFile,
    period: &str,
    say: &(dyn Fn(&str, i64) + Sync),
) -> Result<Id, Problem> {
    let id = begin(app, officials, file, period).await?;
    loop {
        work::round(app).await?;
        let task = app.db.read(move |tx| store::task_of(tx, id)).await?;
        say("read and checked", task.map_or(0, |task| task.done));
        let roster = roster(app, id).await?;
        match roster.state {
            State::Checked if roster.lines == file.lines => return Ok(id),
            State::Entered => {}
            _ => return Err(Problem::not_found()),
        }
    }
}

/// Enters a file as a roster, which is read in the background.
///
/// # Errors
/// See [`Problem`].
pub async fn begin(
    app: &App,
    officials: &Officials,
    file: &ListFile,
    period: &str,
) -> Result<Id, Problem> {
    let content = File::open(&file.path).map_err(|e| DbError::Unavailable(e.to_string()))?;
    let declared = Declared {
        programme: CODE.to_owned(),
        period: period.to_owned(),
        division: String::new(),
        lines: file.lines,
        fen: file.fen,
    };
    let source = Source::File(Box::new(content));
    service::create(app, &officials.clerk, declared, source).await
}

/// How a roster stands.
///
/// # Errors
/// Not found.
pub async fn roster(app: &App, id: Id) -> Result<Roster, Problem> {
    let found = app.db.read(move |tx| store::by_id(tx, id)).await?;
    found.ok_or_else(Problem::not_found)
}

/// Submission, review and the end of the public notice, as if its days were over.
///
/// # Errors
/// See [`Problem`].
pub async fn notice(app: &App, officials: &Officials, id: Id) -> Result<(), Problem> {
    service::submit(app, &officials.clerk, id).await?;
    steps::review(app, &officials.officer, id, true, "已核实").await?;
    let later = Utc(Utc::now().0 + 400 * Utc::DAY);
    steps::close_notices(app, later).await.map(drop)
}

/// Finance approves: payments are made. Returns the batch.
///
/// # Errors
/// See [`Problem`].
pub async fn approve(app: &App, officials: &Officials, id: Id) -> Result<Id, Problem> {
    for official in &officials.finance {
        if roster(app, id).await?.state == State::Noticed {
            steps::approve(app, official, id, true, "").await?;
        }
    }
    let batch = app.db.read(move |tx| funds::payments::store::batches::of_roster(tx, id)).await?;
    Ok(batch.ok_or_else(Problem::not_found)?.id)
}
