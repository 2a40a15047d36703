//! Both functions in step with the bank (Art. 10, 11): what happens to the card is asked of the bank in
//! the same transaction; what the bank does otherwise becomes an alarm there. And the change of the
//! bank, a procedure of its own.

use banks::rules::{Expected, State as AccountState};
use banks::service::{self as bank_service, Asking};
use banks::store::accounts::Account;
use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::jobs::{Job, Round};
use kernel::journal::{self, Entry};
use kernel::law::{Article, Text};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use crate::rules::{Event, Refused, Stage};
use crate::store;

/// The bank's side of a card.
#[derive(Clone, Debug)]
pub struct BankView {
    /// The account, when there is one.
    pub account: Option<Account>,
    /// Name of its bank.
    pub bank: Option<Text>,
    /// Banks that can be chosen today.
    pub choices: Vec<(Id, Text)>,
    /// A change of the bank that is under way: name of the new one.
    pub changing: Option<Text>,
    /// Whether that change can still be called off.
    pub can_call_off: bool,
    /// Accounts of earlier cards, of all records of the person, with the names of their banks.
    pub earlier: Vec<(Account, Text)>,
}

/// The bank's side of a card, as shown at the desk and to the holder.
///
/// # Errors
/// See [`DbError`].
pub fn view(
    tx: &mut Tx<'_>,
    records: &[Id],
    person: Id,
    card: Option<Id>,
) -> Result<BankView, DbError> {
    let account = match card {
        Some(card) => bank_service::account(tx, person, card)?,
        None => None,
    };
    let choices = bank_service::choices(tx, Utc::now())?;
    let mut name = |id: Id| {
        let bank = banks::store::agreements::bank(tx, id)?;
        Ok::<_, DbError>(bank.map(|bank| bank.name))
    };
    let bank = account.as_ref().map(|account| name(account.bank)).transpose()?.flatten();
    let changing = match card {
        Some(card) => open_change(tx, person, card)?,
        None => None,
    };
    let can_call_off = match (&changing, &account) {
        (Some(change), Some(account)) => change.may_call_off(account),
        _ => false,
    };
    let changing = match changing {
        Some(change) => banks::store::agreements::bank(tx, change.bank)?.map(|bank| bank.name),
        None => None,
    };
    let mut earlier = Vec::new();
    for account in banks::store::accounts::of_records(tx, records)? {
        if Some(account.card) != card
            && let Some(bank) = banks::store::agreements::bank(tx, account.bank)?
        {
            earlier.push((account, bank.name));
        }
    }
    Ok(BankView { account, bank, choices, changing, can_call_off, earlier })
}

/// Asks of the bank what an event of the card means for its account.
///
/// # Errors
/// The financial function is activated without an account, or the database's word. What the bank's
/// clock does not allow now is left to the comparison, which finds it.
pub(super) fn follow(tx: &mut Tx<'_>, asking: Asking<'_>, event: &Event) -> Result<(), Problem> {
    let (expected, asked) = match event {
        Event::FinancialActivated => {
            bank_service::begin_activate_in(tx, asking)?;
            (Expected::Active, None)
        }
        Event::LostTemporarily { .. } | Event::Lost => {
            (Expected::Lost, Some(bank_service::begin_report_loss_in as Begin))
        }
        Event::Locked => (Expected::Frozen, Some(bank_service::begin_freeze_in as Begin)),
        Event::Lapsed | Event::Released => {
            (Expected::Active, Some(bank_service::begin_release_in as Begin))
        }
        Event::Unlocked => (Expected::Active, Some(bank_service::begin_unfreeze_in as Begin)),
        Event::Replaced | Event::Cancelled => {
            (Expected::Closed, Some(bank_service::begin_close_in as Begin))
        }
        _ => return Ok(()),
    };
    let has_account = bank_service::account(tx, asking.person, asking.card)?.is_some();
    if !has_account {
        return Ok(());
    }
    if let Some(begin) = asked {
        match begin(tx, asking) {
            Err(problem) if problem.status >= 500 => return Err(problem),
            _ => {}
        }
    }
    bank_service::expect(tx, asking.person, asking.card, expected, asking.now)?;
    Ok(())
}

/// What the old card had at its bank goes on with the new card: an account is opened there.
///
/// # Errors
/// The database's word; a bank whose agreement has ended is left to the clerk.
pub(super) fn move_account(tx: &mut Tx<'_>, asking: Asking<'_>, old: Id) -> Result<(), Problem> {
    let Some(account) = bank_service::account(tx, asking.person, old)? else { return Ok(()) };
    match bank_service::begin_pre_open_in(tx, asking, account.bank) {
        Err(problem) if problem.status >= 500 => Err(problem),
        _ => Ok(()),
    }
}

type Begin = fn(&mut Tx<'_>, Asking<'_>) -> Result<Id, Problem>;

/// Has an account opened for the person's card at a bank that he chose.
///
/// # Errors
/// There is no card, the bank's agreement is not in force (Art. 10), or there is an account already.
pub async fn open_account(app: &App, actor: &Actor, person: Id, bank: Id) -> Result<Id, Problem> {
    let (shared, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let card = living(tx, person)?;
            let (app, now) = (shared.as_ref(), Utc::now());
            let asking =
                Asking { app, actor: &actor, person, card, purpose: "加载金融功能", now };
            bank_service::begin_pre_open_in(tx, asking, bank)
        })
        .await
}

fn living(tx: &mut Tx<'_>, person: Id) -> Result<Id, Problem> {
    let card = store::living(tx, person)?.ok_or(Refused::NoCard)?;
    match card.stage {
        Stage::Ordered => Err(Refused::WrongStage(card.stage).into()),
        _ => Ok(card.id),
    }
}

/// A change of the bank that is under way.
#[derive(Clone, Debug)]
struct Change {
    person: Id,
    card: Id,
    id: Id,
    bank: Id,
    state: String,
}

impl Change {
    /// As long as the old account is being closed, and it was not called off before.
    fn may_call_off(&self, account: &Account) -> bool {
        self.state == "closing" && self.bank != account.bank
    }
}

const COLUMNS: &str = "person_id, card_id, id, bank_id, state";

fn read(row: &Row) -> Result<Change, DbError> {
    Ok(Change {
        person: row.get(0)?,
        card: row.get(1)?,
        id: row.get(2)?,
        bank: row.get(3)?,
        state: row.get(4)?,
    })
}

fn open_change(tx: &mut Tx<'_>, person: Id, card: Id) -> Result<Option<Change>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bank_change
         WHERE person_id = $1 AND card_id = $2 AND state IN ('closing', 'opening')"
    );
    tx.optional(&sql, &[v(person), v(card)])?.as_ref().map(read).transpose()
}

/// Begins a change of the bank: the old account is closed first, so that no moment has two.
///
/// # Errors
/// There is no account, it is the same bank, the new one's agreement is not in force, or a change is
/// under way.
pub async fn change_bank(app: &App, actor: &Actor, person: Id, bank: Id) -> Result<(), Problem> {
    let (shared, actor, id) = (app.clone(), actor.clone(), app.id());
    app.db
        .write(move |tx| {
            let card = living(tx, person)?;
            let (app, now) = (shared.as_ref(), Utc::now());
            bank_service::choosable(tx, bank, banks::rules::Service::Financial, now)?;
            let account = bank_service::account(tx, person, card)?.ok_or_else(no_account)?;
            if account.bank == bank {
                return Err(same_bank());
            }
            let asking =
                Asking { app, actor: &actor, person, card, purpose: "变更合作银行", now };
            if account.state != AccountState::Closed {
                bank_service::begin_close_in(tx, asking)?;
            }
            let change = Change { person, card, id, bank, state: "closing".to_owned() };
            insert(tx, &change, now)?;
            let entry = Entry::new(app.id(), now, &actor, "card.bank-change-asked", "Art. 10")
                .about(person)
                .on("card", card)
                .why("变更合作银行", &["card"]);
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Calls a change of the bank off. The old bank was asked to close already, so the card gets an account there
/// again: the change goes on, with the old bank as the new one.
///
/// # Errors
/// No change is under way, or the new bank was asked to open already.
pub async fn call_off(app: &App, actor: &Actor, person: Id) -> Result<(), Problem> {
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "card.bank-change-called-off", "Art. 10")
        .about(person)
        .why("撤回变更合作银行", &["card"]);
    app.db
        .write(move |tx| {
            let card = living(tx, person)?;
            let account = bank_service::account(tx, person, card)?.ok_or_else(no_account)?;
            let change = open_change(tx, person, card)?.ok_or_else(too_late)?;
            if !change.may_call_off(&account) {
                return Err(too_late());
            }
            let sql = "UPDATE bank_change SET bank_id = $1
                       WHERE person_id = $2 AND card_id = $3 AND id = $4 AND state = 'closing'";
            tx.execute_one(sql, &[v(account.bank), v(person), v(card), v(change.id)])?;
            Ok(journal::record(tx, &entry.clone().on("card", card))?)
        })
        .await
}

fn insert(tx: &mut Tx<'_>, change: &Change, now: Utc) -> Result<(), Problem> {
    let sql = "INSERT INTO bank_change (person_id, card_id, id, bank_id, state, asked_at, why)
               VALUES ($1, $2, $3, $4, $5, $6, '')";
    let (person, card, id) = (v(change.person), v(change.card), v(change.id));
    let row = [person, card, id, v(change.bank), v(&change.state), v(now)];
    tx.execute(sql, &row).map(drop).map_err(|error| match error {
        DbError::Unique(_) => under_way(),
        other => other.into(),
    })
}

fn refused(code: &'static str, title: Text, advice: Text) -> Problem {
    let mut problem = Problem::new(409, code, title, advice);
    problem.article = Some(Article(10));
    problem
}

fn no_account() -> Problem {
    refused(
        "cards/no-bank-account",
        Text::new("该卡还没有金融账户", "This card has no account yet"),
        Text::new("请先选择合作银行", "Choose a cooperating bank first"),
    )
}

fn same_bank() -> Problem {
    refused(
        "cards/same-bank",
        Text::new("新银行与现银行相同", "This is the present bank"),
        Text::new("请选择另一家合作银行", "Choose another bank"),
    )
}

fn too_late() -> Problem {
    refused(
        "cards/bank-change-too-late",
        Text::new("没有可以撤回的银行变更", "There is no change that can be called off"),
        Text::new(
            "新银行已在开户的，请等待办结后再变更",
            "When the new bank opens the account already, wait and change again",
        ),
    )
}

fn under_way() -> Problem {
    refused(
        "cards/bank-change-under-way",
        Text::new("银行变更正在办理", "A change of the bank is under way"),
        Text::new("请等待办结", "Wait until it has ended"),
    )
}

/// The job that carries changes of the bank on as the banks answer.
pub(super) fn job() -> Job {
    let run = |app| -> Round { Box::pin(carry_on(app)) };
    Job { name: "cards.bank-changes", every: std::time::Duration::from_secs(3), run }
}

async fn carry_on(app: App) -> Result<String, Problem> {
    let open: Vec<Change> = app
        .db
        .read(|tx| {
            let sql = format!(
                "SELECT {COLUMNS} FROM bank_change WHERE state IN ('closing', 'opening')
                 ORDER BY id LIMIT 500"
            );
            tx.query(&sql, &[])?.iter().map(read).collect::<Result<_, DbError>>()
        })
        .await?;
    let mut moved = 0;
    for change in open {
        let shared = app.clone();
        moved += app.db.write(move |tx| step(tx, &shared, &change)).await?;
    }
    Ok(format!("{moved} carried on"))
}

/// One step of a change, when the bank's word allows it; 1 when it went on.
fn step(tx: &mut Tx<'_>, app: &App, change: &Change) -> Result<i64, Problem> {
    let now = Utc::now();
    let Change { person, card, bank, .. } = *change;
    let Some(account) = bank_service::account(tx, person, card)? else { return Ok(0) };
    let system = Actor::system();
    let purpose = "变更合作银行";
    let asking = Asking { app, actor: &system, person, card, purpose, now };
    let state = match (change.state.as_str(), account.state) {
        ("closing", AccountState::Closed) => {
            match bank_service::begin_change_in(tx, asking, bank) {
                Ok(_) => "opening",
                Err(problem) if problem.status >= 500 => return Err(problem),
                Err(_) => "failed",
            }
        }
        ("opening", AccountState::Opened | AccountState::Active) => "done",
        ("opening", AccountState::Refused) => "failed",
        _ => return Ok(0),
    };
    let sql = "UPDATE bank_change SET state = $1, ended_at = $2, why = $3
               WHERE person_id = $4 AND card_id = $5 AND id = $6 AND state = $7";
    let ended = (state != "opening").then_some(now);
    let (who, old) = ([v(person), v(card), v(change.id)], v(&change.state));
    let [person_key, card_key, id_key] = who;
    let why = account.state.code();
    tx.execute_one(sql, &[v(state), v(ended), v(why), person_key, card_key, id_key, old])?;
    let act = if state == "failed" { "card.bank-change-failed" } else { "card.bank-changed" };
    let entry = Entry::new(app.id(), now, &system, act, "Art. 10")
        .about(person)
        .on("card", card)
        .why(format!("{purpose}: {state}"), &["card"]);
    journal::record(tx, &entry)?;
    Ok(1)
}

#[cfg(test)]
pub(crate) mod tests;
