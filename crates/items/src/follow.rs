//! Told by SMS: holders and staff of changes of the list that they follow, staff of the deadlines of steps
//! that they may take (Art. 9, 14).

use std::collections::HashMap;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Row, Tx, sealed, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::outbox::{self, Sms};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, day_text};
use time::Date;

use crate::rules::{Area, Item, workflow};
use crate::service::{self, Task};
use crate::settings::REMIND_DAYS;
use crate::store;

/// The most followers that one round tells; the next one goes on.
const ROUND: usize = 500;

/// What somebody wants to be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Follower {
    /// His account.
    pub account: Id,
    /// Where messages go.
    pub phone: String,
    /// Of changes of the list.
    pub changes: bool,
    /// Of this field of life only; none for all.
    pub area: Option<Area>,
    /// Of deadlines of steps.
    pub deadlines: bool,
    told_to: Utc,
}

/// What somebody asks to be told.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Of changes.
    pub changes: bool,
    /// Code of a field of life; empty for all.
    pub area: String,
    /// Of deadlines; staff only.
    pub deadlines: bool,
    /// Of staff; a holder is told on the telephone of his account.
    pub phone: String,
}

const COLUMNS: &str = "f.account_id, f.phone, f.changes, f.area, f.deadlines, f.told_to";

fn read(row: &Row) -> Result<Follower, DbError> {
    Ok(Follower {
        account: row.get(0)?,
        phone: row.get(1)?,
        changes: row.get(2)?,
        area: Area::from_code(&row.get::<String>(3)?),
        deadlines: row.get(4)?,
        told_to: row.get(5)?,
    })
}

/// What an account wants to be told.
///
/// # Errors
/// The database's word.
pub async fn of(app: &Platform, actor: &Actor) -> Result<Option<Follower>, Problem> {
    let account = actor.account;
    let sql = format!("SELECT {COLUMNS} FROM item_follower f WHERE f.account_id = $1");
    let read = move |tx: &mut Tx<'_>| {
        Ok::<_, Problem>(tx.optional(&sql, &[v(account)])?.as_ref().map(read).transpose()?)
    };
    app.db.read(read).await
}

/// Keeps what somebody wants to be told from now on; nothing at all ends it.
///
/// # Errors
/// No telephone, or deadlines for somebody who takes no steps.
pub async fn wish(app: &Platform, actor: &Actor, wish: Wish) -> Result<(), Problem> {
    let now = Utc::now();
    let holder = actor.role == Role::Holder;
    if wish.deadlines && holder {
        let text = Text::new("只有工作人员办理环节", "Only staff takes steps");
        return Err(Problem::field("deadlines", text));
    }
    let entry = Entry::new(app.id(), now, actor, "item.followed", "Art. 14")
        .why("订阅清单变更和期限提醒 / told by SMS", &["phone"]);
    let actor = actor.clone();
    app.db
        .write(move |tx| {
            let phone = phone_of(tx, &actor, &wish.phone)?;
            tx.execute("DELETE FROM item_follower WHERE account_id = $1", &[v(actor.account)])?;
            if wish.changes || wish.deadlines {
                let phone = phone.ok_or_else(no_phone)?;
                let area = Area::from_code(&wish.area).map_or("", Area::code);
                // He is told of what comes from now on.
                let newest = store::changes(tx, 1)?.first().map_or(Utc(0), |(at, _)| *at);
                tx.execute(
                    "INSERT INTO item_follower (account_id, phone, changes, area, deadlines, told_to)
                     VALUES ($1, $2, $3, $4, $5, $6)",
                    &[
                        v(actor.account),
                        sealed(phone),
                        v(wish.changes),
                        v(area),
                        v(wish.deadlines),
                        v(newest),
                    ],
                )?;
            }
            let entry = entry.clone().on("account", actor.account);
            let entry = match actor.person {
                Some(person) => entry.about(person),
                None => entry,
            };
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

fn phone_of(tx: &mut Tx<'_>, actor: &Actor, typed: &str) -> Result<Option<String>, Problem> {
    if actor.role == Role::Holder {
        let sql = "SELECT phone FROM account WHERE id = $1";
        let row = tx.optional(sql, &[v(actor.account)])?;
        let phone: Option<Option<String>> = row.map(|row| row.get(0)).transpose()?;
        return Ok(phone.flatten().filter(|phone| !phone.is_empty()));
    }
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let fits =
        digits.len() == 11 && digits.starts_with('1') && digits.bytes().all(|b| b.is_ascii_digit());
    Ok(fits.then_some(digits))
}

fn no_phone() -> Problem {
    let text = Text::new(
        "请填写11位手机号码；持卡人请先在网点登记手机号码",
        "A mobile number of 11 digits; holders have theirs registered at an outlet",
    );
    Problem::field("phone", text)
}

/// Tells followers of what came on the list, and staff of deadlines.
///
/// # Errors
/// The database's word.
pub async fn round(app: &App) -> Result<String, Problem> {
    let told = tell_changes(app).await?;
    let reminded = remind(app).await?;
    Ok(format!("{told} told, {reminded} reminded"))
}

async fn tell_changes(app: &App) -> Result<usize, Problem> {
    let ids: Vec<[Id; 2]> = (0..ROUND).map(|_| [app.id(), app.id()]).collect();
    app.db.write(move |tx| tell_some(tx, &ids, Utc::now())).await
}

fn tell_some(tx: &mut Tx<'_>, ids: &[[Id; 2]], now: Utc) -> Result<usize, Problem> {
    let changes = store::changes(tx, 200)?;
    let Some(newest) = changes.first().map(|(at, _)| *at) else { return Ok(0) };
    let sql = format!(
        "SELECT {COLUMNS}, a.person_id FROM item_follower f JOIN account a ON a.id = f.account_id
         WHERE f.changes AND f.told_to < $1 AND a.closed_at IS NULL ORDER BY f.account_id LIMIT $2"
    );
    let rows = tx.query(&sql, &[v(newest), v(ids.len() as i64)])?;
    let mut told = 0;
    for (row, [message, entry]) in rows.iter().zip(ids) {
        let (follower, person): (Follower, Option<Id>) = (read(row)?, row.get(6)?);
        let sql = "UPDATE item_follower SET told_to = $1 WHERE account_id = $2 AND told_to = $3";
        tx.execute_one(sql, &[v(newest), v(follower.account), v(follower.told_to)])?;
        let wanted = |item: &Item| follower.area.is_none_or(|area| item.area == area);
        let fresh: Vec<&Item> = changes
            .iter()
            .filter(|(at, item)| *at > follower.told_to && wanted(item))
            .map(|(_, item)| item)
            .collect();
        let mut entry = Entry::new(*entry, now, &Actor::system(), "item.follower-told", "Art. 14");
        entry.subject = person;
        if let Some(first) = fresh.first() {
            let text = format!(
                "【一卡通】事项清单有更新：{}{}，{}起。详见事项清单页面，退订请在该页面关闭订阅。",
                first.name.zh,
                if fresh.len() > 1 { format!("等{}项", fresh.len()) } else { String::new() },
                day_text(first.from),
            );
            let to = follower.phone.clone();
            outbox::put_sms(tx, *message, now, &Sms { to, text })?;
            told += 1;
        } else {
            entry.result = "nothing".to_owned();
        }
        let entry = entry.on("account", follower.account);
        journal::record(tx, &entry.why("清单变更告知 / told of changes", &["phone"]))?;
    }
    Ok(told)
}

/// What a step's deadline calls for, each once: `soon` some days before it, `late` after it.
pub fn nudge(due: Date, today: Date, ahead: i64, reminded: &str) -> Option<&'static str> {
    let left = (due - today).whole_days();
    match reminded {
        "late" => None,
        _ if left < 0 => Some("late"),
        "" if left <= ahead => Some("soon"),
        _ => None,
    }
}

async fn remind(app: &App) -> Result<usize, Problem> {
    let tasks = service::all_waiting(app).await?;
    let ids: Vec<[Id; 2]> = (0..ROUND).map(|_| [app.id(), app.id()]).collect();
    app.db.write(move |tx| remind_some(tx, &tasks, &ids, Utc::now())).await
}

fn remind_some(
    tx: &mut Tx<'_>,
    tasks: &[Task],
    ids: &[[Id; 2]],
    now: Utc,
) -> Result<usize, Problem> {
    let ahead = settings::get(tx, &REMIND_DAYS, now)?;
    let reminded: HashMap<Id, String> = tx
        .query("SELECT id, reminded FROM item_step WHERE decision = 'open'", &[])?
        .iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect::<Result<_, DbError>>()?;
    let followers = staff(tx)?;
    let (mut ids, mut sent) = (ids.iter(), 0);
    for task in tasks {
        // Decided meanwhile.
        let Some(before) = reminded.get(&task.taken.id) else { continue };
        let Some(what) = nudge(task.taken.due, now.day(), ahead, before) else { continue };
        let sql = "UPDATE item_step SET reminded = $1 WHERE id = $2 AND reminded = $3";
        tx.execute_one(sql, &[v(what), v(task.taken.id), v(before)])?;
        let may = |actor: &Actor| {
            actor.account != task.case.made_by
                && workflow::may_take(task.step, actor, &task.item, task.case.made_org).is_ok()
        };
        for (actor, phone) in followers.iter().filter(|(actor, _)| may(actor)) {
            let Some([message, entry]) = ids.next() else { return Ok(sent) };
            let text = format!(
                "【一卡通】{}：{}（{}）的{}环节，期限{}。",
                if what == "late" { "已逾期" } else { "即将到期" },
                task.item.name.zh,
                task.item.code,
                task.step.zh,
                day_text(task.taken.due),
            );
            outbox::put_sms(tx, *message, now, &Sms { to: phone.clone(), text })?;
            let entry = Entry::new(*entry, now, &Actor::system(), "item.reminded", "Art. 9");
            let entry = entry.on("account", actor.account);
            journal::record(tx, &entry.why("清单环节期限提醒 / reminder of a step", &["phone"]))?;
            sent += 1;
        }
        if followers.iter().all(|(actor, _)| !may(actor)) {
            let Some([_, entry]) = ids.next() else { return Ok(sent) };
            let entry = Entry::new(*entry, now, &Actor::system(), "item.reminded", "Art. 9");
            let mut entry = entry.on("step", task.taken.id);
            entry.result = "nobody".to_owned();
            journal::record(tx, &entry.why("清单环节期限提醒 / reminder of a step", &[]))?;
        }
    }
    Ok(sent)
}

/// Staff that wants to be told of deadlines, as it is now.
fn staff(tx: &mut Tx<'_>) -> Result<Vec<(Actor, String)>, DbError> {
    let sql = "SELECT a.id, a.name, a.role, a.org_id, a.division, f.phone
               FROM item_follower f JOIN account a ON a.id = f.account_id
               WHERE f.deadlines AND a.closed_at IS NULL ORDER BY a.id";
    let read = |row: &Row| {
        let role: String = row.get(2)?;
        let actor = Actor {
            account: row.get(0)?,
            name: row.get(1)?,
            role: role.parse().map_err(|()| DbError::Engine(format!("unknown role {role}")))?,
            org: row.get(3)?,
            division: row.get(4)?,
            person: None,
        };
        Ok((actor, row.get(5)?))
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// What an organisation did in the procedures of the lists since a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Name of the organisation.
    pub org: Text,
    /// Steps that it took.
    pub taken: usize,
    /// Of them after their day.
    pub late: usize,
    /// Of them with a no.
    pub no: usize,
}

/// A step that was taken: by whom, when, in time or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Did {
    /// The step as it was taken.
    pub taken: store::Taken,
    /// Code of its item.
    pub code: String,
    /// Name of the organisation that took it.
    pub org: Text,
    /// After its day.
    pub late: bool,
}

/// Days that the register of duties looks back.
pub const REGISTER_DAYS: i64 = 365;

/// Who has done what in the last year (Art. 9): steps newest first, and the sums by organisation.
///
/// # Errors
/// The database's word.
pub async fn register(app: &Platform) -> Result<(Vec<Did>, Vec<Done>), Problem> {
    let since = Utc(Utc::now().0 - REGISTER_DAYS * Utc::DAY);
    let names = service::org_names(app).await?;
    let taken = app.db.read(move |tx| Ok::<_, Problem>(store::taken_since(tx, since, 1_000)?));
    let steps: Vec<Did> =
        taken.await?.into_iter().map(|(taken, case, org)| did(&names, taken, case, org)).collect();
    let mut sums: Vec<Done> = Vec::new();
    for step in &steps {
        let place = sums.iter().position(|sum| sum.org == step.org).unwrap_or_else(|| {
            sums.push(Done { org: step.org.clone(), ..Done::default() });
            sums.len() - 1
        });
        let sum = &mut sums[place];
        sum.taken += 1;
        sum.late += usize::from(step.late);
        sum.no += usize::from(step.taken.decision == "no");
    }
    sums.sort_by(|a, b| b.taken.cmp(&a.taken).then_with(|| a.org.zh.cmp(&b.org.zh)));
    Ok((steps, sums))
}

fn did(names: &HashMap<Id, Text>, taken: store::Taken, case: store::Case, org: Option<Id>) -> Did {
    let unknown = || Text::new("其他单位", "Others");
    let org = org.and_then(|org| names.get(&org)).cloned().unwrap_or_else(unknown);
    let late = taken.at.is_some_and(|at| at.day() > taken.due);
    Did { taken, code: case.code, org, late }
}
