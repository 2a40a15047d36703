//! Rosters, their tasks, hands, steps and events; lines have their own room.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;
use kernel::work::{self, Waiting};

use super::rules::{State, Step};

/// A roster and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Its id.
    pub id: Id,
    /// The programme.
    pub programme: Id,
    /// Its version that the lines were checked with.
    pub programme_version: i64,
    /// `2026` or `2026-11`.
    pub period: String,
    /// Division (GB/T 2260).
    pub division: String,
    /// The unit that enters it.
    pub org: Id,
    /// State.
    pub state: State,
    /// State to which it returns when resumed.
    pub stopped_from: String,
    /// Who stopped it.
    pub stopped_by: Option<Id>,
    /// How often it was sent back, from 1.
    pub round: i64,
    /// Lines as declared.
    pub declared_lines: i64,
    /// Fen as declared.
    pub declared_fen: i64,
    /// Lines as entered, good or bad.
    pub entered_lines: i64,
    /// Fen as entered.
    pub entered_fen: i64,
    /// Lines to be paid.
    pub lines: i64,
    /// Fen to be paid.
    pub fen: i64,
    /// Bad lines.
    pub bad: i64,
    /// Good lines with a warning.
    pub warned: i64,
    /// When it was submitted for review.
    pub submitted_at: Option<Utc>,
    /// What the reviewer said to the warnings.
    pub acknowledged: String,
    /// End of the public notice.
    pub notice_until: Option<Utc>,
    /// Account that entered it.
    pub made_by: Id,
    /// His name.
    pub made_name: String,
    /// His role.
    pub made_role: String,
    /// When.
    pub created_at: Utc,
    /// Rises with each change.
    pub version: i64,
}

const COLUMNS: &str = "r.id, r.programme_id, r.programme_version, r.period, r.division, r.org_id, r.state, \
     r.stopped_from, r.stopped_by, r.round, r.declared_lines, r.declared_fen, r.entered_lines, \
     r.entered_fen, r.lines, r.fen, r.bad, r.warned, r.submitted_at, r.acknowledged, r.notice_until, \
     r.made_by, r.made_name, r.made_role, r.created_at, r.version";

fn read(row: &Row) -> Result<Roster, DbError> {
    let state = State::from_code(&row.get::<String>(6)?);
    Ok(Roster {
        id: row.get(0)?,
        programme: row.get(1)?,
        programme_version: row.get(2)?,
        period: row.get(3)?,
        division: row.get(4)?,
        org: row.get(5)?,
        state: state.ok_or_else(|| DbError::Engine("unknown state of a roster".to_owned()))?,
        stopped_from: row.get(7)?,
        stopped_by: row.get(8)?,
        round: row.get(9)?,
        declared_lines: row.get(10)?,
        declared_fen: row.get(11)?,
        entered_lines: row.get(12)?,
        entered_fen: row.get(13)?,
        lines: row.get(14)?,
        fen: row.get(15)?,
        bad: row.get(16)?,
        warned: row.get(17)?,
        submitted_at: row.get(18)?,
        acknowledged: row.get(19)?,
        notice_until: row.get(20)?,
        made_by: row.get(21)?,
        made_name: row.get(22)?,
        made_role: row.get(23)?,
        created_at: row.get(24)?,
        version: row.get(25)?,
    })
}

/// Enters a roster.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, roster: &Roster) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO roster (id, programme_id, programme_version, period, division, org_id, state,
             stopped_from, round, declared_lines, declared_fen, entered_lines, entered_fen, lines, fen,
             bad, warned, acknowledged, made_by, made_name, made_role, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, 'entered', '', 1, $7, $8, 0, 0, 0, 0, 0, 0, '', $9, $10, $11,
             $12, 1)",
        &[
            v(roster.id),
            v(roster.programme),
            v(roster.programme_version),
            v(&roster.period),
            v(&roster.division),
            v(roster.org),
            v(roster.declared_lines),
            v(roster.declared_fen),
            v(roster.made_by),
            v(&roster.made_name),
            v(&roster.made_role),
            v(roster.created_at),
        ],
    )
    .map(drop)
}

/// The roster with this id.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Roster>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM roster r WHERE r.id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// A list is not to be paid before a moment.
///
/// # Errors
/// See [`DbError`].
pub fn set_not_before(tx: &mut Tx<'_>, id: Id, moment: Utc) -> Result<(), DbError> {
    tx.execute_one("UPDATE roster SET not_before = $1 WHERE id = $2", &[v(moment), v(id)])
}

/// The newest rosters that `org` enters, is responsible for, or all.
///
/// # Errors
/// See [`DbError`].
pub fn newest(tx: &mut Tx<'_>, org: Option<Id>, most: i64) -> Result<Vec<Roster>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM roster r JOIN programme g ON g.id = r.programme_id
         WHERE CAST($1 AS BIGINT) = 0 OR r.org_id = $1 OR g.department = $1 ORDER BY r.id DESC LIMIT $2"
    );
    tx.query(&sql, &[v(org.unwrap_or(Id(0))), v(most)])?.iter().map(read).collect()
}

/// Rosters in a state, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn in_state(tx: &mut Tx<'_>, state: State, most: i64) -> Result<Vec<Roster>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM roster r WHERE r.state = $1 ORDER BY r.id LIMIT $2");
    tx.query(&sql, &[v(state.code()), v(most)])?.iter().map(read).collect()
}

/// Writes back what steps change.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, roster: &Roster) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE roster SET state = $1, stopped_from = $2, stopped_by = $3, round = $4,
             declared_lines = $5, declared_fen = $6, submitted_at = $7, acknowledged = $8,
             notice_until = $9, version = version + 1 WHERE id = $10 AND version = $11",
        &[
            v(roster.state.code()),
            v(&roster.stopped_from),
            v(roster.stopped_by),
            v(roster.round),
            v(roster.declared_lines),
            v(roster.declared_fen),
            v(roster.submitted_at),
            v(&roster.acknowledged),
            v(roster.notice_until),
            v(roster.id),
            v(roster.version),
        ],
    )
}

/// Counts and sums anew what stands in the lines.
///
/// # Errors
/// See [`DbError`].
pub fn recount(tx: &mut Tx<'_>, id: Id) -> Result<(), DbError> {
    let row = tx.one(
        "SELECT COUNT(*), CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT),
             COUNT(CASE WHEN state = 'good' THEN 1 END),
             CAST(COALESCE(SUM(CASE WHEN state = 'good' THEN amount_fen ELSE 0 END), 0) AS BIGINT),
             COUNT(CASE WHEN state = 'bad' THEN 1 END),
             COUNT(CASE WHEN state = 'good' AND warn <> '' THEN 1 END)
         FROM roster_line WHERE roster_id = $1 AND state <> 'struck'",
        &[v(id)],
    )?;
    let figure = |at: usize| row.get::<i64>(at);
    tx.execute_one(
        "UPDATE roster SET entered_lines = $1, entered_fen = $2, lines = $3, fen = $4, bad = $5,
             warned = $6, version = version + 1 WHERE id = $7",
        &[
            v(figure(0)?),
            v(figure(1)?),
            v(figure(2)?),
            v(figure(3)?),
            v(figure(4)?),
            v(figure(5)?),
            v(id),
        ],
    )
}

/// Lays a hand on a roster: the account does this step and no other of it, in any round (Art. 25).
/// `false` when it did another step already.
///
/// # Errors
/// See [`DbError`].
pub fn lay_hand(tx: &mut Tx<'_>, roster: Id, account: Id, step: Step) -> Result<bool, DbError> {
    tx.execute(
        "INSERT INTO roster_hand (roster_id, account, step) VALUES ($1, $2, $3)
         ON CONFLICT (roster_id, account) DO NOTHING",
        &[v(roster), v(account), v(step.code())],
    )?;
    let sql = "SELECT step FROM roster_hand WHERE roster_id = $1 AND account = $2";
    Ok(tx.one(sql, &[v(roster), v(account)])?.get::<String>(0)? == step.code())
}

/// Writes a step down.
///
/// # Errors
/// [`DbError::Unique`] when it was taken in this round; [`DbError::Forbidden`] without a hand.
pub fn step(
    tx: &mut Tx<'_>,
    roster: &Roster,
    id: Id,
    step: Step,
    by: (Id, bool, &str),
    now: Utc,
) -> Result<(), DbError> {
    let (account, yes, comment) = by;
    tx.execute(
        "INSERT INTO roster_step (roster_id, id, round, step, yes, account, comment, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            v(roster.id),
            v(id),
            v(roster.round),
            v(step.code()),
            v(yes),
            v(account),
            v(comment),
            v(now),
        ],
    )
    .map(drop)
}

/// Whether a step was passed in this round.
///
/// # Errors
/// See [`DbError`].
pub fn passed(tx: &mut Tx<'_>, roster: &Roster, step: Step) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM roster_step WHERE roster_id = $1 AND round = $2 AND step = $3 AND yes";
    Ok(tx.optional(sql, &[v(roster.id), v(roster.round), v(step.code())])?.is_some())
}

/// One line of a roster's history.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened, in Chinese and English separated by ` / `.
    pub act: String,
    /// Who did it.
    pub by: String,
    /// Further words.
    pub note: String,
    /// When.
    pub at: Utc,
}

/// Adds to the history that the pages show.
///
/// # Errors
/// See [`DbError`].
pub fn event(
    tx: &mut Tx<'_>,
    roster: Id,
    id: Id,
    by: &Actor,
    (act, note): (&str, &str),
    now: Utc,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO roster_event (roster_id, id, act, by_name, org_id, note, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[v(roster), v(id), v(act), v(&by.name), v(by.org), v(note), v(now)],
    )
    .map(drop)
}

/// The history, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn events(tx: &mut Tx<'_>, roster: Id) -> Result<Vec<Event>, DbError> {
    let sql = "SELECT act, by_name, note, at FROM roster_event WHERE roster_id = $1 ORDER BY id";
    let read = |row: &Row| {
        Ok(Event { act: row.get(0)?, by: row.get(1)?, note: row.get(2)?, at: row.get(3)? })
    };
    tx.query(sql, &[v(roster)])?.iter().map(read).collect()
}

/// Work that waits or is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id; also that of the kept file.
    pub id: Id,
    /// The roster.
    pub roster: Id,
    /// `file`, `correction`, `lines` or `repeat`.
    pub source: String,
    /// Bytes of the file.
    pub file_size: u64,
    /// `taking`, `reading`, `copying`, `checking`, `done`, `failed`.
    pub phase: String,
    /// Lines that are done in this phase.
    pub done: i64,
    /// Lines of this phase, where they are known; of a repetition the roster that is repeated.
    pub total: i64,
    /// Why it failed.
    pub fault: String,
}

fn read_task(row: &Row) -> Result<Task, DbError> {
    Ok(Task {
        id: row.get(0)?,
        roster: row.get(1)?,
        source: row.get(2)?,
        file_size: u64::try_from(row.get::<i64>(3)?).unwrap_or_default(),
        phase: row.get(4)?,
        done: row.get(5)?,
        total: row.get(6)?,
        fault: row.get(7)?,
    })
}

const TASK: &str = "id, roster_id, source, file_size, phase, done, total, fault";

/// Enters a task.
///
/// # Errors
/// [`DbError::Unique`] when the roster has one under way.
pub fn add_task(tx: &mut Tx<'_>, task: &Task, now: Utc) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO roster_task (id, roster_id, source, file_size, phase, done, total, fault, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8)",
        &[
            v(task.id),
            v(task.roster),
            v(&task.source),
            v(i64::try_from(task.file_size).unwrap_or(i64::MAX)),
            v(&task.phase),
            v(task.done),
            v(task.total),
            v(now),
        ],
    )
    .map(drop)
}

/// Tasks that a worker can go on with, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn to_do(tx: &mut Tx<'_>) -> Result<Vec<Task>, DbError> {
    let sql = format!(
        "SELECT {TASK} FROM roster_task WHERE ended_at IS NULL AND phase <> 'taking' ORDER BY id LIMIT 50"
    );
    tx.query(&sql, &[])?.iter().map(read_task).collect()
}

/// The newest task of a roster.
///
/// # Errors
/// See [`DbError`].
pub fn task_of(tx: &mut Tx<'_>, roster: Id) -> Result<Option<Task>, DbError> {
    let sql =
        format!("SELECT {TASK} FROM roster_task WHERE roster_id = $1 ORDER BY id DESC LIMIT 1");
    tx.optional(&sql, &[v(roster)])?.as_ref().map(read_task).transpose()
}

/// A task goes on: only from where this worker saw it.
///
/// # Errors
/// [`DbError::Conflict`] when another worker was faster.
pub fn go_on(tx: &mut Tx<'_>, from: &Task, to: &Task, now: Utc) -> Result<(), DbError> {
    let ended = ["done", "failed"].contains(&to.phase.as_str()).then_some(now);
    tx.execute_one(
        "UPDATE roster_task SET phase = $1, done = $2, total = $3, fault = $4, ended_at = $5
         WHERE id = $6 AND phase = $7 AND done = $8 AND ended_at IS NULL",
        &[
            v(&to.phase),
            v(to.done),
            v(to.total),
            v(&to.fault),
            v(ended),
            v(from.id),
            v(&from.phase),
            v(from.done),
        ],
    )
}

/// How many rosters finance has its turn with.
///
/// # Errors
/// See [`DbError`].
pub fn count_noticed(tx: &mut Tx<'_>) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM roster WHERE state = 'noticed'";
    work::counted(tx, sql, &[])
}

/// How many rosters of a department's programmes were submitted to it.
///
/// # Errors
/// See [`DbError`].
pub fn count_submitted(tx: &mut Tx<'_>, org: Id) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM roster r
               JOIN programme p ON p.id = r.programme_id
               WHERE r.state = 'checked' AND r.submitted_at IS NOT NULL AND p.department = $1";
    work::counted(tx, sql, &[v(org)])
}
