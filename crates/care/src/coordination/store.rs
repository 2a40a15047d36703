//! All SQL of the coordination mechanism.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use kernel::work::{self, Waiting};
use time::Date;

use super::rules::{Kind, Standing, State};

/// A duty of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Its id.
    pub id: Id,
    /// Who has it.
    pub org: Id,
    /// Article that it rests on.
    pub article: i64,
    /// What it is.
    pub words: String,
    /// Field of the items, or empty.
    pub field: String,
    /// Days between two reports; 0 for a standing duty without reports.
    pub every_days: i64,
    /// First day.
    pub since: Date,
    /// Last day, when it has ended.
    pub until: Option<Date>,
}

/// A meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Its id.
    pub id: Id,
    /// When it was held.
    pub day: Date,
    /// Its title.
    pub title: String,
    /// Who was there.
    pub present: String,
    /// What was said and decided.
    pub minutes: String,
    /// Who entered it.
    pub entered_name: String,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: Id,
    /// What it is.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// What is to be done.
    pub words: String,
    /// Field of the items, or empty.
    pub field: String,
    /// Division that it concerns.
    pub division: String,
    /// Who asked for it.
    pub asking: Option<Id>,
    /// Who leads it.
    pub lead: Id,
    /// Meeting that decided it.
    pub meeting: Option<Id>,
    /// Duty that it fulfils.
    pub duty: Option<Id>,
    /// Last day.
    pub due: Date,
    /// Where it stands.
    pub state: State,
    /// How far it is, in per cent.
    pub percent: i64,
    /// Account that made it.
    pub made_by: Id,
    /// When it was made.
    pub made_at: Utc,
    /// Account that reported it done.
    pub reported_by: Option<Id>,
    /// Account that confirmed it.
    pub confirmed_by: Option<Id>,
    /// When it was done or dropped.
    pub ended_at: Option<Utc>,
    /// The lead was reminded.
    pub reminded: bool,
    /// The authority was told that it is late.
    pub escalated: bool,
    /// Rises with each change.
    pub version: i64,
}

impl Task {
    /// Whether its day has passed while it is open.
    pub fn late(&self, today: Date) -> bool {
        !self.state.is_final() && self.due < today
    }

    /// What the rules know of it.
    pub fn standing(&self, open_opinions: i64) -> Standing {
        let (state, lead, reported_by) = (self.state, self.lead, self.reported_by);
        Standing { state, lead, reported_by, open_opinions }
    }
}

/// Something that was said or done about a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Utc,
    /// Code of the act.
    pub act: String,
    /// Who.
    pub by_name: String,
    /// For which organisation.
    pub org: Option<Id>,
    /// What was said.
    pub words: String,
}

/// What a department says to a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Who is asked.
    pub org: Id,
    /// Last day.
    pub due: Date,
    /// `asked`, `agrees`, `agrees-with-changes` or `objects`.
    pub opinion: String,
    /// In words.
    pub words: String,
    /// Who said it.
    pub by_name: String,
}

fn day(row: &Row, place: usize) -> Result<Date, DbError> {
    let text: String = row.get(place)?;
    parse_day(&text).ok_or_else(|| DbError::Engine(format!("{text} is no day")))
}

fn task(row: &Row) -> Result<Task, DbError> {
    let (kind, state): (String, String) = (row.get(1)?, row.get(11)?);
    let odd = |what: &str| DbError::Engine(format!("{what} is not known"));
    let (reminded, escalated): (Option<String>, Option<String>) = (row.get(18)?, row.get(19)?);
    Ok(Task {
        id: row.get(0)?,
        kind: Kind::from_code(&kind).ok_or_else(|| odd(&kind))?,
        title: row.get(2)?,
        words: row.get(3)?,
        field: row.get(4)?,
        division: row.get(5)?,
        asking: row.get(6)?,
        lead: row.get(7)?,
        meeting: row.get(8)?,
        duty: row.get(9)?,
        due: day(row, 10)?,
        state: State::from_code(&state).ok_or_else(|| odd(&state))?,
        percent: row.get(12)?,
        made_by: row.get(13)?,
        made_at: row.get(14)?,
        reported_by: row.get(15)?,
        confirmed_by: row.get(16)?,
        ended_at: row.get(17)?,
        reminded: reminded.is_some(),
        escalated: escalated.is_some(),
        version: row.get(20)?,
    })
}

const TASK: &str = "SELECT id, kind, title, words, field, division, asking_org, lead_org, meeting_id,
     duty_id, due, state, percent, made_by, made_at, reported_by, confirmed_by, ended_at, reminded_on,
     escalated_on, version FROM coord_task";

/// Adds a task; false when the duty has one for that day already.
///
/// # Errors
/// See [`DbError`].
pub fn insert_task(tx: &mut Tx<'_>, task: &Task) -> Result<bool, DbError> {
    let sql =
        "INSERT INTO coord_task (id, kind, title, words, field, division, asking_org, lead_org,
                 meeting_id, duty_id, due, state, percent, made_by, made_at, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14, 1)
               ON CONFLICT DO NOTHING";
    let row = [
        v(task.id),
        v(task.kind.code()),
        v(&task.title),
        v(&task.words),
        v(&task.field),
        v(&task.division),
        v(task.asking),
        v(task.lead),
        v(task.meeting),
        v(task.duty),
        v(day_text(task.due)),
        v(task.state.code()),
        v(task.made_by),
        v(task.made_at),
    ];
    Ok(tx.execute(sql, &row)? == 1)
}

/// Whether a duty has its task for a day.
///
/// # Errors
/// See [`DbError`].
pub fn has_duty_task(tx: &mut Tx<'_>, duty: Id, due: Date) -> Result<bool, DbError> {
    let sql = "SELECT COUNT(*) FROM coord_task WHERE duty_id = $1 AND due = $2";
    Ok(tx.one(sql, &[v(duty), v(day_text(due))])?.get::<i64>(0)? > 0)
}

/// Writes what a step changed.
///
/// # Errors
/// [`DbError::Conflict`] when somebody was faster.
pub fn update_task(tx: &mut Tx<'_>, task: &Task) -> Result<(), DbError> {
    let sql = "UPDATE coord_task SET lead_org = $1, due = $2, state = $3, percent = $4,
                 reported_by = $5, confirmed_by = $6, ended_at = $7,
                 reminded_on = CASE WHEN due = $2 THEN reminded_on ELSE NULL END,
                 escalated_on = CASE WHEN due = $2 THEN escalated_on ELSE NULL END,
                 version = version + 1
               WHERE id = $8 AND version = $9";
    let row = [
        v(task.lead),
        v(day_text(task.due)),
        v(task.state.code()),
        v(task.percent),
        v(task.reported_by),
        v(task.confirmed_by),
        v(task.ended_at),
        v(task.id),
        v(task.version),
    ];
    tx.execute_one(sql, &row)
}

/// Notes that somebody was reminded or told.
///
/// # Errors
/// See [`DbError`].
pub fn nudged(tx: &mut Tx<'_>, task: &Task, escalated: bool, today: Date) -> Result<(), DbError> {
    let sql = match escalated {
        true => {
            "UPDATE coord_task SET escalated_on = $1, version = version + 1 WHERE id = $2 AND version = $3"
        }
        false => {
            "UPDATE coord_task SET reminded_on = $1, version = version + 1 WHERE id = $2 AND version = $3"
        }
    };
    tx.execute_one(sql, &[v(day_text(today)), v(task.id), v(task.version)])
}

/// A task.
///
/// # Errors
/// See [`DbError`].
pub fn one(tx: &mut Tx<'_>, id: Id) -> Result<Option<Task>, DbError> {
    tx.optional(&format!("{TASK} WHERE id = $1"), &[v(id)])?.as_ref().map(task).transpose()
}

/// Open tasks first by day, then the ended ones, newest first; 500 at most.
///
/// # Errors
/// See [`DbError`].
pub fn tasks(tx: &mut Tx<'_>) -> Result<Vec<Task>, DbError> {
    let sql = format!(
        "{TASK} ORDER BY CASE WHEN state IN ('done', 'dropped') THEN 1 ELSE 0 END, due, id DESC LIMIT 500"
    );
    tx.query(&sql, &[])?.iter().map(task).collect()
}

/// Tasks that a meeting decided.
///
/// # Errors
/// See [`DbError`].
pub fn of_meeting(tx: &mut Tx<'_>, meeting: Id) -> Result<Vec<Task>, DbError> {
    let sql = format!("{TASK} WHERE meeting_id = $1 ORDER BY due, id");
    tx.query(&sql, &[v(meeting)])?.iter().map(task).collect()
}

/// Open tasks due on or before a day.
///
/// # Errors
/// See [`DbError`].
pub fn open_until(tx: &mut Tx<'_>, day: Date) -> Result<Vec<Task>, DbError> {
    let sql = format!(
        "{TASK} WHERE state IN ('consulting', 'given', 'accepted', 'disputed') AND due <= $1 ORDER BY due, id"
    );
    tx.query(&sql, &[v(day_text(day))])?.iter().map(task).collect()
}

/// Adds a step to a task's history.
///
/// # Errors
/// See [`DbError`].
pub fn insert_step(tx: &mut Tx<'_>, task: Id, id: Id, step: &Step) -> Result<(), DbError> {
    let sql = "INSERT INTO coord_step (task_id, id, at, act, by_name, org_id, words)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (by, words) = (v(&step.by_name), v(&step.words));
    tx.execute(sql, &[v(task), v(id), v(step.at), v(&step.act), by, v(step.org), words]).map(drop)
}

/// A task's history, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn steps(tx: &mut Tx<'_>, task: Id) -> Result<Vec<Step>, DbError> {
    let sql =
        "SELECT at, act, by_name, org_id, words FROM coord_step WHERE task_id = $1 ORDER BY id";
    let read = |row: &Row| {
        Ok(Step {
            at: row.get(0)?,
            act: row.get(1)?,
            by_name: row.get(2)?,
            org: row.get(3)?,
            words: row.get(4)?,
        })
    };
    tx.query(sql, &[v(task)])?.iter().map(read).collect()
}

/// Asks a department for its opinion.
///
/// # Errors
/// See [`DbError`].
pub fn ask(tx: &mut Tx<'_>, task: Id, org: Id, due: Date) -> Result<(), DbError> {
    let sql = "INSERT INTO coord_opinion (task_id, org_id, due, opinion, words, by_name)
               VALUES ($1, $2, $3, 'asked', '', '') ON CONFLICT DO NOTHING";
    tx.execute(sql, &[v(task), v(org), v(day_text(due))]).map(drop)
}

/// Writes a department's opinion; false when it was not asked or has answered.
///
/// # Errors
/// See [`DbError`].
pub fn say(tx: &mut Tx<'_>, task: Id, opinion: &Opinion, now: Utc) -> Result<bool, DbError> {
    let sql = "UPDATE coord_opinion SET opinion = $1, words = $2, by_name = $3, said_at = $4
               WHERE task_id = $5 AND org_id = $6 AND opinion = 'asked'";
    let (said, words, by) = (v(&opinion.opinion), v(&opinion.words), v(&opinion.by_name));
    Ok(tx.execute(sql, &[said, words, by, v(now), v(task), v(opinion.org)])? == 1)
}

/// All opinions about a task.
///
/// # Errors
/// See [`DbError`].
pub fn opinions(tx: &mut Tx<'_>, task: Id) -> Result<Vec<Opinion>, DbError> {
    let sql = "SELECT org_id, due, opinion, words, by_name FROM coord_opinion WHERE task_id = $1
               ORDER BY org_id";
    let read = |row: &Row| {
        Ok(Opinion {
            org: row.get(0)?,
            due: day(row, 1)?,
            opinion: row.get(2)?,
            words: row.get(3)?,
            by_name: row.get(4)?,
        })
    };
    tx.query(sql, &[v(task)])?.iter().map(read).collect()
}

/// Proposals that wait for the opinion of an organisation, with the last day.
///
/// # Errors
/// See [`DbError`].
pub fn asked_of(tx: &mut Tx<'_>, org: Id) -> Result<Vec<Id>, DbError> {
    let sql = "SELECT task_id FROM coord_opinion WHERE org_id = $1 AND opinion = 'asked'";
    tx.query(sql, &[v(org)])?.iter().map(|row| row.get(0)).collect()
}

/// Adds a duty.
///
/// # Errors
/// See [`DbError`].
pub fn insert_duty(tx: &mut Tx<'_>, duty: &Duty) -> Result<(), DbError> {
    let sql = "INSERT INTO coord_duty (id, org_id, article, words, field, every_days, since, until, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, 1)";
    let (words, field) = (v(&duty.words), v(&duty.field));
    let row = [v(duty.id), v(duty.org), v(duty.article), words, field, v(duty.every_days)];
    let [id, org, article, words, field, every] = row;
    tx.execute(sql, &[id, org, article, words, field, every, v(day_text(duty.since))]).map(drop)
}

/// Ends a duty that is in force; false when there is none.
///
/// # Errors
/// See [`DbError`].
pub fn end_duty(tx: &mut Tx<'_>, id: Id, until: Date) -> Result<bool, DbError> {
    let sql =
        "UPDATE coord_duty SET until = $1, version = version + 1 WHERE id = $2 AND until IS NULL";
    Ok(tx.execute(sql, &[v(day_text(until)), v(id)])? == 1)
}

/// The register of duties, those in force first.
///
/// # Errors
/// See [`DbError`].
pub fn duties(tx: &mut Tx<'_>) -> Result<Vec<Duty>, DbError> {
    let sql = "SELECT id, org_id, article, words, field, every_days, since, until FROM coord_duty
               ORDER BY CASE WHEN until IS NULL THEN 0 ELSE 1 END, article, org_id, id";
    let read = |row: &Row| {
        let until: Option<String> = row.get(7)?;
        Ok(Duty {
            id: row.get(0)?,
            org: row.get(1)?,
            article: row.get(2)?,
            words: row.get(3)?,
            field: row.get(4)?,
            every_days: row.get(5)?,
            since: day(row, 6)?,
            until: until.as_deref().and_then(parse_day),
        })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// Enters a meeting.
///
/// # Errors
/// See [`DbError`].
pub fn insert_meeting(tx: &mut Tx<'_>, meeting: &Meeting, by: Id, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO coord_meeting (id, day, title, present, minutes, entered_by, entered_name, entered_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let row = [
        v(meeting.id),
        v(day_text(meeting.day)),
        v(&meeting.title),
        v(&meeting.present),
        v(&meeting.minutes),
        v(by),
        v(&meeting.entered_name),
        v(now),
    ];
    tx.execute(sql, &row).map(drop)
}

/// All meetings, newest first; 200 at most.
///
/// # Errors
/// See [`DbError`].
pub fn meetings(tx: &mut Tx<'_>) -> Result<Vec<Meeting>, DbError> {
    let sql = "SELECT id, day, title, present, minutes, entered_name FROM coord_meeting
               ORDER BY day DESC, id DESC LIMIT 200";
    let read = |row: &Row| {
        Ok(Meeting {
            id: row.get(0)?,
            day: day(row, 1)?,
            title: row.get(2)?,
            present: row.get(3)?,
            minutes: row.get(4)?,
            entered_name: row.get(5)?,
        })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// What waits for an organisation: tasks that it leads, and opinions that it was asked for.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, actor: &Actor, now: Utc) -> Result<Waiting, DbError> {
    let org = actor.org.unwrap_or_default();
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN due < $1 THEN 1 END) FROM (
               SELECT due FROM coord_task WHERE lead_org = $2
                 AND state IN ('given', 'accepted', 'disputed')
               UNION ALL
               SELECT due FROM coord_opinion WHERE org_id = $3 AND opinion = 'asked') AS waits";
    work::counted(tx, sql, &[v(day_text(now.day())), v(org), v(org)])
}
