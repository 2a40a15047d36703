//! Steps behind the entry: review, public notice with objections, approval, stop. Each is another
//! person's than the ones before (Art. 25).

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;

use super::rules::{self, Refused, State, Step};
use super::service::is_finance;
use super::store::{self, Roster};
use super::{NOTICE_DAYS, lines};
use crate::payments;
use crate::programmes::store::{self as programmes, Programme};

/// Objections to one line that wait at the same time.
pub const MOST_OBJECTIONS: i64 = 20;

fn load(tx: &mut Tx<'_>, id: Id) -> Result<(Roster, Programme), Problem> {
    let roster = store::by_id(tx, id)?.ok_or_else(Problem::not_found)?;
    let programme = programmes::by_id(tx, roster.programme)?.ok_or_else(Problem::not_found)?;
    Ok((roster, programme))
}

fn hand(tx: &mut Tx<'_>, roster: &Roster, actor: &Actor, step: Step) -> Result<(), Problem> {
    match store::lay_hand(tx, roster.id, actor.account, step)? {
        true => Ok(()),
        false => Err(Refused::OwnWork.into()),
    }
}

fn of_department(actor: &Actor, programme: &Programme) -> Result<(), Refused> {
    let own = actor.org == Some(programme.current.department);
    if rules::is_officer(actor) && own { Ok(()) } else { Err(Refused::NotYours) }
}

/// Back to the unit, for another round.
fn send_back(roster: Roster) -> Roster {
    Roster {
        state: State::Checked,
        round: roster.round + 1,
        submitted_at: None,
        acknowledged: String::new(),
        notice_until: None,
        ..roster
    }
}

/// The department passes a submitted list, which begins its public notice, or sends it back. Warnings
/// are acknowledged in words.
///
/// # Errors
/// [`Refused`]: not now, not yours, own work, warnings, no comment.
pub async fn review(
    app: &Platform,
    actor: &Actor,
    id: Id,
    yes: bool,
    comment: &str,
) -> Result<(), Problem> {
    let (ids, now) = ([app.id(), app.id()], Utc::now());
    let (actor, comment) = (actor.clone(), comment.trim().to_owned());
    let mut entry = Entry::new(app.id(), now, &actor, "roster.reviewed", "Art. 8").on("roster", id);
    entry.detail = serde_json::json!({ "yes": yes });
    app.db
        .write(move |tx| {
            let (roster, programme) = load(tx, id)?;
            of_department(&actor, &programme)?;
            if roster.state != State::Checked || roster.submitted_at.is_none() {
                return Err(Refused::NotNow.into());
            }
            if !yes && comment.is_empty() {
                return Err(Refused::NoComment.into());
            }
            if yes && roster.warned > 0 && comment.is_empty() {
                return Err(Refused::Warnings.into());
            }
            hand(tx, &roster, &actor, Step::Reviewed)?;
            let step = (actor.account, yes, comment.as_str());
            store::step(tx, &roster, ids[0], Step::Reviewed, step, now)?;
            let least = settings::get(tx, &NOTICE_DAYS, now)?;
            let days = programme.current.body.public_days.max(least);
            let (next, act) = match yes {
                true => {
                    let until = Some(Utc(now.0 + days * Utc::DAY));
                    let (state, acknowledged) = (State::Reviewed, comment.clone());
                    let next = Roster { state, acknowledged, notice_until: until, ..roster };
                    (next, "审核通过，开始公示 / reviewed, on public notice")
                }
                false => (send_back(roster), "审核退回 / sent back by the department"),
            };
            store::save(tx, &next)?;
            store::event(tx, id, ids[1], &actor, (act, &comment), now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Ends notices whose days are over and that nobody objects to any more: people, cards and accounts are
/// looked at again, then finance has its turn. Returns how many ended.
///
/// # Errors
/// The database's word.
pub async fn close_notices(app: &Platform, now: Utc) -> Result<usize, Problem> {
    let on_notice =
        app.db.read(|tx| Ok::<_, Problem>(store::in_state(tx, State::Reviewed, 1_000)?)).await?;
    let mut count = 0;
    for roster in on_notice {
        if roster.notice_until.is_none_or(|until| until > now) {
            continue;
        }
        let (id, event, actor) = (roster.id, app.id(), Actor::system());
        let entry = Entry::new(app.id(), now, &actor, "roster.notice-ended", "Art. 8");
        let entry = entry.on("roster", id);
        let ended = app.db.write(move |tx| {
            let roster = store::by_id(tx, id)?.filter(|roster| roster.state == State::Reviewed);
            let Some(roster) = roster else { return Ok(false) };
            if open_objections(tx, id)? > 0 {
                return Ok(false);
            }
            let changed = lines::look_again(tx, id)?;
            store::save(tx, &Roster { state: State::Noticed, ..roster })?;
            store::recount(tx, id)?;
            let note = format!(
                "{changed} 行状态变化，不予发放 / {changed} lines changed and are left out"
            );
            let note = if changed > 0 { note } else { String::new() };
            store::event(tx, id, event, &actor, ("公示结束 / the notice has ended", &note), now)?;
            let mut entry = entry.clone();
            entry.detail = serde_json::json!({ "changed": changed });
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(true)
        });
        count += usize::from(ended.await?);
    }
    Ok(count)
}

/// Finance approves the budget, the second official where the total asks for two, and the list is handed
/// over in the same transaction; or it is sent back.
///
/// # Errors
/// [`Refused`]: not now, not yours, own work, no comment; what the hand-over says.
pub async fn approve(
    app: &App,
    actor: &Actor,
    id: Id,
    yes: bool,
    comment: &str,
) -> Result<State, Problem> {
    let (ids, now) = ([app.id(), app.id()], Utc::now());
    let (actor, comment) = (actor.clone(), comment.trim().to_owned());
    let mut entry = Entry::new(app.id(), now, &actor, "roster.approved", "Art. 8").on("roster", id);
    entry.detail = serde_json::json!({ "yes": yes });
    let shared = app.clone();
    app.db
        .write(move |tx| {
            let (roster, programme) = load(tx, id)?;
            if !is_finance(tx, &actor)? {
                return Err(Refused::NotYours.into());
            }
            if roster.state != State::Noticed {
                return Err(Refused::NotNow.into());
            }
            if !yes && comment.is_empty() {
                return Err(Refused::NoComment.into());
            }
            if yes && open_objections(tx, id)? > 0 {
                return Err(Refused::ObjectionOpen.into());
            }
            if yes && roster.lines == 0 {
                return Err(Refused::Nothing.into());
            }
            let second = store::passed(tx, &roster, Step::Approved)?;
            let step = if second { Step::ApprovedSecond } else { Step::Approved };
            hand(tx, &roster, &actor, step)?;
            store::step(tx, &roster, ids[0], step, (actor.account, yes, &comment), now)?;
            let enough =
                second || !rules::needs_two(roster.fen, programme.current.body.two_above_fen);
            if yes && enough {
                crate::budgets::bind(tx, roster.programme, &roster.period, roster.fen)?;
            }
            let (next, act) = match (yes, enough) {
                (false, _) => (send_back(roster), "财政退回 / sent back by finance"),
                (true, false) => (roster, "财政初审通过 / first approval of finance"),
                (true, true) => (
                    Roster { state: State::Approved, ..roster },
                    "财政批准，移交发放 / approved and handed over",
                ),
            };
            store::save(tx, &next)?;
            store::event(tx, id, ids[1], &actor, (act, &comment), now)?;
            journal::record(tx, &entry)?;
            if next.state == State::Approved {
                payments::service::accept_in(tx, &shared, &actor, id, now)?;
            }
            Ok(next.state)
        })
        .await
}

/// Who may stop a list: its unit, its department, finance, and those who answer for the card.
fn may_stop(
    tx: &mut Tx<'_>,
    actor: &Actor,
    roster: &Roster,
    programme: &Programme,
) -> Result<bool, DbError> {
    let approvers = [Role::DistrictApprover, Role::MunicipalApprover];
    Ok(actor.org == Some(roster.org)
        || of_department(actor, programme).is_ok()
        || approvers.contains(&actor.role)
        || is_finance(tx, actor)?)
}

/// Stops a list with immediate effect, or lets it go on; whoever stopped it does not resume it.
///
/// # Errors
/// [`Refused`]: not now, not yours, no comment, own stop.
pub async fn stop(
    app: &Platform,
    actor: &Actor,
    id: Id,
    stops: bool,
    why: &str,
) -> Result<(), Problem> {
    let (event, now) = (app.id(), Utc::now());
    let (actor, why) = (actor.clone(), why.trim().to_owned());
    let act = if stops { "roster.stopped" } else { "roster.resumed" };
    let entry = Entry::new(app.id(), now, &actor, act, "Art. 25").on("roster", id);
    app.db
        .write(move |tx| {
            let (roster, programme) = load(tx, id)?;
            if !may_stop(tx, &actor, &roster, &programme)? {
                return Err(Refused::NotYours.into());
            }
            if why.is_empty() {
                return Err(Refused::NoComment.into());
            }
            let (next, act) = match stops {
                true => (stopped(roster, &actor)?, "暂停 / stopped"),
                false => (resumed(roster, &actor)?, "恢复 / resumed"),
            };
            store::save(tx, &next)?;
            store::event(tx, id, event, &actor, (act, &why), now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

fn stopped(roster: Roster, actor: &Actor) -> Result<Roster, Refused> {
    if [State::Stopped, State::Withdrawn, State::Entered].contains(&roster.state) {
        return Err(Refused::NotNow);
    }
    let stopped_from = roster.state.code().to_owned();
    let stopped_by = Some(actor.account);
    Ok(Roster { state: State::Stopped, stopped_from, stopped_by, ..roster })
}

fn resumed(roster: Roster, actor: &Actor) -> Result<Roster, Refused> {
    let state = State::from_code(&roster.stopped_from).ok_or(Refused::NotNow)?;
    match (roster.state, roster.stopped_by == Some(actor.account)) {
        (State::Stopped, false) => {
            Ok(Roster { state, stopped_from: String::new(), stopped_by: None, ..roster })
        }
        (State::Stopped, true) => Err(Refused::OwnStop),
        _ => Err(Refused::NotNow),
    }
}

/// An objection to a line.
#[derive(Clone, Debug)]
pub struct Objection {
    /// Its id.
    pub id: Id,
    /// The line.
    pub line: i64,
    /// What is said.
    pub reason: String,
    /// How to reach whoever said it, opened.
    pub contact: String,
    /// When.
    pub at: Utc,
    /// `open`, `upheld`, `dismissed`.
    pub state: String,
    /// What was decided, and why.
    pub answer: String,
    /// Who decided.
    pub decided_name: String,
}

fn context(roster: Id, id: Id) -> Vec<u8> {
    format!("roster_objection {roster} {id}").into_bytes()
}

/// Objections that wait.
///
/// # Errors
/// See [`DbError`].
pub fn open_objections(tx: &mut Tx<'_>, roster: Id) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM roster_objection WHERE roster_id = $1 AND state = 'open'";
    tx.one(sql, &[v(roster)])?.get(0)
}

/// All objections to a roster, the open ones first.
///
/// # Errors
/// See [`DbError`].
pub fn objections(tx: &mut Tx<'_>, app: &Platform, roster: Id) -> Result<Vec<Objection>, DbError> {
    let sql = "SELECT id, line, reason, contact, at, state, answer, decided_name FROM roster_objection
               WHERE roster_id = $1 ORDER BY CASE WHEN state = 'open' THEN 0 ELSE 1 END, id LIMIT 500";
    let read = |row: &Row| {
        let id: Id = row.get(0)?;
        let sealed: Option<Vec<u8>> = row.get(3)?;
        let plain = sealed.and_then(|sealed| app.keys.open_field(&sealed, &context(roster, id)));
        Ok(Objection {
            id,
            line: row.get(1)?,
            reason: row.get(2)?,
            contact: plain.and_then(|plain| String::from_utf8(plain).ok()).unwrap_or_default(),
            at: row.get(4)?,
            state: row.get(5)?,
            answer: row.get(6)?,
            decided_name: row.get(7)?,
        })
    };
    tx.query(sql, &[v(roster)])?.iter().map(read).collect()
}

/// Anybody objects to a line while its list is on public notice, signed in or not; the line waits until
/// it is decided.
///
/// # Errors
/// [`Refused`]: no notice, no such line, no reason, enough objections.
pub async fn object(
    app: &Platform,
    actor: Option<Actor>,
    id: Id,
    line: i64,
    (reason, contact): (&str, &str),
) -> Result<Id, Problem> {
    let short = |text: &str, most: usize| text.trim().chars().take(most).collect::<String>();
    let (reason, contact) = (short(reason, 1_000), short(contact, 100));
    if reason.is_empty() {
        return Err(Refused::NoComment.into());
    }
    let (objection, event, now) = (app.id(), app.id(), Utc::now());
    let sealed = (!contact.is_empty())
        .then(|| app.keys.seal_field(contact.as_bytes(), &context(id, objection)));
    let account = actor.as_ref().map(|actor| actor.account);
    let by = actor.unwrap_or_else(Actor::system);
    let entry = Entry::new(app.id(), now, &by, "roster.objected", "Art. 25").on("roster", id);
    app.db
        .write(move |tx| {
            let roster = store::by_id(tx, id)?.ok_or_else(Problem::not_found)?;
            let running = roster.notice_until.is_some_and(|until| now < until);
            if roster.state != State::Reviewed || !running {
                return Err(Refused::NoNotice.into());
            }
            let sql = "SELECT state FROM roster_line WHERE roster_id = $1 AND line = $2";
            let row = tx.optional(sql, &[v(id), v(line)])?.ok_or(Refused::NoLine)?;
            let state: String = row.get(0)?;
            if !["good", "objected"].contains(&state.as_str()) {
                return Err(Refused::NoLine.into());
            }
            let sql = "SELECT COUNT(*) FROM roster_objection
                       WHERE roster_id = $1 AND line = $2 AND state = 'open'";
            if tx.one(sql, &[v(id), v(line)])?.get::<i64>(0)? >= MOST_OBJECTIONS {
                return Err(Refused::EnoughObjections.into());
            }
            tx.execute(
                "INSERT INTO roster_objection (roster_id, line, id, reason, contact, by_account, at,
                     state, answer, decided_name) VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', '', '')",
                &[
                    v(id),
                    v(line),
                    v(objection),
                    v(&reason),
                    v(sealed.as_deref()),
                    v(account),
                    v(now),
                ],
            )?;
            set_line(tx, id, line, "objected", "")?;
            let act = (format!("第{line}行收到异议 / objection to line {line}"), "");
            let anonymous = Actor { name: "公众 / public".to_owned(), ..Actor::system() };
            store::event(tx, id, event, &anonymous, (&act.0, act.1), now)?;
            let mut entry = entry.clone();
            entry.detail = serde_json::json!({ "line": line, "anonymous": account.is_none() });
            journal::record(tx, &entry)?;
            Ok(objection)
        })
        .await
}

/// A line changes its state, and the roster its figures with it; one that is there already changes nothing.
fn set_line(
    tx: &mut Tx<'_>,
    roster: Id,
    line: i64,
    state: &str,
    reason: &str,
) -> Result<(), DbError> {
    let sql = "SELECT state, amount_fen, warn FROM roster_line WHERE roster_id = $1 AND line = $2";
    let row = tx.one(sql, &[v(roster), v(line)])?;
    let (was, fen): (String, i64) = (row.get(0)?, row.get(1)?);
    let warned = i64::from(!row.get::<String>(2)?.is_empty());
    tx.execute_one(
        "UPDATE roster_line SET state = $1, reason = $2 WHERE roster_id = $3 AND line = $4 AND state = $5",
        &[v(state), v(reason), v(roster), v(line), v(&was)],
    )?;
    let good = i64::from(state == "good") - i64::from(was == "good");
    let there = i64::from(was == "struck") - i64::from(state == "struck");
    let sql = "UPDATE roster SET lines = lines + $1, fen = fen + $2, warned = warned + $3,
                   entered_lines = entered_lines + $4, entered_fen = entered_fen + $5,
                   version = version + 1 WHERE id = $6";
    let params = [v(good), v(good * fen), v(good * warned), v(there), v(there * fen), v(roster)];
    tx.execute_one(sql, &params)
}

/// The department decides on an objection: an upheld one strikes the line, the last dismissed one frees
/// it again.
///
/// # Errors
/// [`Refused`]: not yours, own work, no comment; not found when it is decided.
pub async fn decide_objection(
    app: &Platform,
    actor: &Actor,
    id: Id,
    objection: Id,
    upheld: bool,
    answer: &str,
) -> Result<(), Problem> {
    let (event, now) = (app.id(), Utc::now());
    let (actor, answer) = (actor.clone(), answer.trim().to_owned());
    let entry = Entry::new(app.id(), now, &actor, "roster.objection-decided", "Art. 25");
    let entry = entry.on("roster", id);
    app.db
        .write(move |tx| {
            let (roster, programme) = load(tx, id)?;
            of_department(&actor, &programme)?;
            if answer.is_empty() {
                return Err(Refused::NoComment.into());
            }
            hand(tx, &roster, &actor, Step::Reviewed)?;
            let sql = "SELECT line, by_account FROM roster_objection
                       WHERE roster_id = $1 AND id = $2 AND state = 'open'";
            let row = tx.optional(sql, &[v(id), v(objection)])?.ok_or_else(Problem::not_found)?;
            let line: i64 = row.get(0)?;
            if row.get::<Option<Id>>(1)? == Some(actor.account) {
                return Err(Refused::OwnWork.into());
            }
            let state = if upheld { "upheld" } else { "dismissed" };
            tx.execute_one(
                "UPDATE roster_objection SET state = $1, answer = $2, decided_by = $3,
                     decided_name = $4, decided_at = $5
                 WHERE roster_id = $6 AND line = $7 AND id = $8 AND state = 'open'",
                &[
                    v(state),
                    v(&answer),
                    v(actor.account),
                    v(&actor.name),
                    v(now),
                    v(id),
                    v(line),
                    v(objection),
                ],
            )?;
            settle_line(tx, id, line)?;
            let act = if upheld { "异议成立，该行不发放" } else { "异议不成立" };
            let act = format!("第{line}行：{act} / objection to line {line} {state}");
            store::event(tx, id, event, &actor, (&act, &answer), now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

fn settle_line(tx: &mut Tx<'_>, roster: Id, line: i64) -> Result<(), DbError> {
    let sql = "SELECT COUNT(CASE WHEN state = 'upheld' THEN 1 END),
                   COUNT(CASE WHEN state = 'open' THEN 1 END)
               FROM roster_objection WHERE roster_id = $1 AND line = $2";
    let row = tx.one(sql, &[v(roster), v(line)])?;
    match (row.get::<i64>(0)?, row.get::<i64>(1)?) {
        (0, 0) => set_line(tx, roster, line, "good", ""),
        (0, _) => Ok(()),
        _ => set_line(tx, roster, line, "struck", "objection"),
    }
}
