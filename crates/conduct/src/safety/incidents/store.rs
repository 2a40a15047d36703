//! SQL of incidents.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::Utc;

use super::plan::{Component, Impact, Kind};

/// An incident or drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its id.
    pub id: Id,
    /// Running number.
    pub number: i64,
    /// What it is.
    pub kind: Kind,
    /// I to IV.
    pub level: i64,
    /// Only practised.
    pub is_drill: bool,
    /// In a line.
    pub title: String,
    /// What is known.
    pub words: String,
    /// Which part of the service.
    pub component: Component,
    /// How much.
    pub impact: Impact,
    /// In plain words for the public.
    pub public: Text,
    /// Whether the public sees it.
    pub is_public: bool,
    /// open, contained, resolved, closed.
    pub state: String,
    /// Who opened it.
    pub opened_name: String,
    /// When.
    pub opened_at: Utc,
    /// When it was closed.
    pub closed_at: Option<Utc>,
    /// Cause, found afterwards.
    pub cause: String,
    /// What was learned.
    pub lessons: String,
    /// People concerned.
    pub people: i64,
    /// How people were told, or why not.
    pub holders_told: String,
    /// Rises with each change.
    pub version: i64,
}

const COLUMNS: &str = "id, number, kind, level, is_drill, title, words, component, impact, public_zh, \
     public_en, is_public, state, opened_name, opened_at, closed_at, cause, lessons, people_count, \
     holders_told, version";

fn read(row: &Row) -> Result<Incident, DbError> {
    let odd = |what: &str| DbError::Engine(format!("unknown {what} of an incident"));
    let text = |place: usize| row.get::<String>(place);
    Ok(Incident {
        id: row.get(0)?,
        number: row.get(1)?,
        kind: Kind::from_code(&text(2)?).ok_or_else(|| odd("kind"))?,
        level: row.get(3)?,
        is_drill: row.get(4)?,
        title: text(5)?,
        words: text(6)?,
        component: Component::from_code(&text(7)?).ok_or_else(|| odd("part"))?,
        impact: Impact::from_code(&text(8)?).ok_or_else(|| odd("impact"))?,
        public: Text::new(text(9)?, text(10)?),
        is_public: row.get(11)?,
        state: text(12)?,
        opened_name: text(13)?,
        opened_at: row.get(14)?,
        closed_at: row.get(15)?,
        cause: text(16)?,
        lessons: text(17)?,
        people: row.get(18)?,
        holders_told: text(19)?,
        version: row.get(20)?,
    })
}

/// The next running number.
pub fn next_number(tx: &mut Tx<'_>) -> Result<i64, DbError> {
    tx.one("SELECT COALESCE(MAX(number), 0) + 1 FROM incident", &[])?.get(0)
}

/// A new incident.
///
/// # Errors
/// [`DbError::Unique`] when another took the number.
pub fn insert(tx: &mut Tx<'_>, one: &Incident, by: Id) -> Result<(), DbError> {
    let sql = "INSERT INTO incident (id, number, kind, level, is_drill, title, words, component, impact,
                   public_zh, public_en, is_public, state, opened_by, opened_name, opened_at, cause,
                   lessons, people_count, holders_told, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '', '',
                   $17, '', 1)";
    let values = [
        v(one.id),
        v(one.number),
        v(one.kind.code()),
        v(one.level),
        v(one.is_drill),
        v(&one.title),
        v(&one.words),
        v(one.component.code()),
        v(one.impact.code()),
        v(&one.public.zh),
        v(&one.public.en),
        v(one.is_public),
        v(&one.state),
        v(by),
        v(&one.opened_name),
        v(one.opened_at),
        v(one.people),
    ];
    tx.execute(sql, &values).map(drop)
}

/// Writes what changed.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn update(tx: &mut Tx<'_>, one: &Incident) -> Result<(), DbError> {
    let sql = "UPDATE incident SET level = $1, impact = $2, public_zh = $3, public_en = $4,
                   is_public = $5, state = $6, closed_at = $7, cause = $8, lessons = $9,
                   people_count = $10, holders_told = $11, version = version + 1
               WHERE id = $12 AND version = $13";
    let values = [
        v(one.level),
        v(one.impact.code()),
        v(&one.public.zh),
        v(&one.public.en),
        v(one.is_public),
        v(&one.state),
        v(one.closed_at),
        v(&one.cause),
        v(&one.lessons),
        v(one.people),
        v(&one.holders_told),
        v(one.id),
        v(one.version),
    ];
    tx.execute_one(sql, &values)
}

/// One incident.
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Incident>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM incident WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// The newest.
pub fn newest(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Incident>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM incident ORDER BY id DESC LIMIT $1");
    tx.query(&sql, &[v(most)])?.iter().map(read).collect()
}

/// What the public sees: published, no drill, open or closed since a moment.
pub fn public(tx: &mut Tx<'_>, since: Utc) -> Result<Vec<Incident>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM incident WHERE is_public AND NOT is_drill
           AND (closed_at IS NULL OR closed_at >= $1) ORDER BY id DESC LIMIT 50"
    );
    tx.query(&sql, &[v(since)])?.iter().map(read).collect()
}

/// An event of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: Id,
    /// What was done.
    pub act: String,
    /// In words.
    pub words: String,
    /// By whom.
    pub by_name: String,
    /// When.
    pub at: Utc,
    /// The journal's entry.
    pub entry: Id,
}

/// Adds to the timeline.
pub fn add_event(tx: &mut Tx<'_>, incident: Id, event: &Event) -> Result<(), DbError> {
    let sql = "INSERT INTO incident_event (incident_id, id, act, words, by_name, at, entry_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        v(incident),
        v(event.id),
        v(&event.act),
        v(&event.words),
        v(&event.by_name),
        v(event.at),
        v(event.entry),
    ];
    tx.execute(sql, &values).map(drop)
}

/// The timeline, oldest first.
pub fn events(tx: &mut Tx<'_>, incident: Id) -> Result<Vec<Event>, DbError> {
    let sql = "SELECT id, act, words, by_name, at, entry_id FROM incident_event
               WHERE incident_id = $1 ORDER BY id";
    let read = |row: &Row| {
        Ok(Event {
            id: row.get(0)?,
            act: row.get(1)?,
            words: row.get(2)?,
            by_name: row.get(3)?,
            at: row.get(4)?,
            entry: row.get(5)?,
        })
    };
    tx.query(sql, &[v(incident)])?.iter().map(read).collect()
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: Id,
    /// first, notice, breach, measure.
    pub kind: String,
    /// Who does it, by post.
    pub role: String,
    /// What.
    pub title: Text,
    /// Whose it is, for measures.
    pub owner: String,
    /// Until when.
    pub due_at: Utc,
    /// When it was done, by whom, with a note.
    pub done: Option<(Utc, String, String)>,
}

/// Enters a task.
pub fn add_task(tx: &mut Tx<'_>, incident: Id, task: &Task) -> Result<(), DbError> {
    let sql =
        "INSERT INTO incident_task (incident_id, id, kind, role, title_zh, title_en, owner, due_at,
                   done_name, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '')";
    let values = [
        v(incident),
        v(task.id),
        v(&task.kind),
        v(&task.role),
        v(&task.title.zh),
        v(&task.title.en),
        v(&task.owner),
        v(task.due_at),
    ];
    tx.execute(sql, &values).map(drop)
}

/// Tasks by deadline.
pub fn tasks(tx: &mut Tx<'_>, incident: Id) -> Result<Vec<Task>, DbError> {
    let sql = "SELECT id, kind, role, title_zh, title_en, owner, due_at, done_at, done_name, note
               FROM incident_task WHERE incident_id = $1 ORDER BY due_at, id";
    let read = |row: &Row| {
        let done_at: Option<Utc> = row.get(7)?;
        let (name, note) = (row.get(8)?, row.get(9)?);
        Ok(Task {
            id: row.get(0)?,
            kind: row.get(1)?,
            role: row.get(2)?,
            title: Text::new(row.get::<String>(3)?, row.get::<String>(4)?),
            owner: row.get(5)?,
            due_at: row.get(6)?,
            done: done_at.map(|at| (at, name, note)),
        })
    };
    tx.query(sql, &[v(incident)])?.iter().map(read).collect()
}

/// Tasks and measures whose time is over and that were not raised yet: incident and title.
pub fn late(tx: &mut Tx<'_>, now: Utc, most: i64) -> Result<Vec<(Id, String)>, DbError> {
    let sql = "SELECT t.incident_id, t.title_zh FROM incident_task t
               WHERE t.done_at IS NULL AND t.due_at < $1
                 AND NOT EXISTS (SELECT 1 FROM incident_event e WHERE e.incident_id = t.incident_id
                                   AND e.act = 'incident.task-late' AND e.words = t.title_zh)
               ORDER BY t.due_at LIMIT $2";
    let rows = tx.query(sql, &[v(now), v(most)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// A task is done; `false` when it was already.
pub fn set_done(
    tx: &mut Tx<'_>,
    (incident, task): (Id, Id),
    name: &str,
    note: &str,
    now: Utc,
) -> Result<bool, DbError> {
    let sql = "UPDATE incident_task SET done_at = $1, done_name = $2, note = $3
               WHERE incident_id = $4 AND id = $5 AND done_at IS NULL";
    Ok(tx.execute(sql, &[v(now), v(name), v(note), v(incident), v(task)])? == 1)
}
