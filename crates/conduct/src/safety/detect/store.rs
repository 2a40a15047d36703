//! SQL of the detection: streams, rules, alerts.

use std::collections::BTreeMap;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Row, Tx, sealed, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{Utc, parse_day};
use kernel::work::{self, Waiting};

use super::rules::{Event, Fact, Finding, Kind, Rule};

/// How far a stream was looked at.
pub fn cursor(tx: &mut Tx<'_>, stream: &str) -> Result<Id, DbError> {
    let row = tx.optional("SELECT last_id FROM safety_cursor WHERE stream = $1", &[v(stream)])?;
    row.map_or(Ok(Id(0)), |row| row.get(0))
}

/// Moves it.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else moved it meanwhile.
pub fn advance(tx: &mut Tx<'_>, stream: &str, from: Id, to: Id) -> Result<(), DbError> {
    let sql = "INSERT INTO safety_cursor (stream, last_id) VALUES ($1, 0)
               ON CONFLICT (stream) DO NOTHING";
    tx.execute(sql, &[v(stream)])?;
    let sql = "UPDATE safety_cursor SET last_id = $1 WHERE stream = $2 AND last_id = $3";
    tx.execute_one(sql, &[v(to), v(stream), v(from)])
}

const USES: &str =
    "SELECT u.id, u.at, u.person_id, u.terminal_id, t.division, u.result, p.deceased_on
     FROM card_use u JOIN terminal t ON t.id = u.terminal_id JOIN person p ON p.id = u.person_id";

fn read_use(row: &Row) -> Result<Event, DbError> {
    let died_on: Option<String> = row.get(6)?;
    let fact = Fact::Use {
        person: row.get(2)?,
        terminal: row.get(3)?,
        division: row.get(4)?,
        result: row.get(5)?,
        died_on: died_on.as_deref().and_then(parse_day),
    };
    Ok(Event { id: row.get(0)?, at: row.get(1)?, fact })
}

/// Uses after `from` and before `until`, oldest first.
pub fn uses(tx: &mut Tx<'_>, (from, until): (Id, Id), most: i64) -> Result<Vec<Event>, DbError> {
    let sql = format!("{USES} WHERE u.id > $1 AND u.id < $2 ORDER BY u.id LIMIT $3");
    tx.query(&sql, &[v(from), v(until), v(most)])?.iter().map(read_use).collect()
}

/// What the same people and terminals did from `since` up to `from`.
pub fn uses_before(
    tx: &mut Tx<'_>,
    since: Id,
    (from, last): (Id, Id),
) -> Result<Vec<Event>, DbError> {
    let sql = format!(
        "{USES} WHERE u.id > $1 AND u.id <= $2
           AND (u.person_id IN (SELECT n.person_id FROM card_use n WHERE n.id > $2 AND n.id <= $3)
             OR u.terminal_id IN (SELECT n.terminal_id FROM card_use n
                                  WHERE n.id > $2 AND n.id <= $3))
         ORDER BY u.id"
    );
    tx.query(&sql, &[v(since), v(from), v(last)])?.iter().map(read_use).collect()
}

/// An entry of the journal, as far as rules ask.
pub struct Noted {
    /// Its id.
    pub id: Id,
    /// When.
    pub at: Utc,
    /// What was done.
    pub act: String,
    /// By whom.
    pub account: Id,
    /// In which role.
    pub role: String,
    /// Whose data.
    pub subject: Option<Id>,
    /// The thing.
    pub object: String,
}

fn read_noted(row: &Row) -> Result<Noted, DbError> {
    Ok(Noted {
        id: row.get(0)?,
        at: row.get(1)?,
        act: row.get(2)?,
        account: row.get(3)?,
        role: row.get(4)?,
        subject: row.get(5)?,
        object: row.get(6)?,
    })
}

/// Entries of the journal after `from` and before `until`, oldest first.
pub fn noted(tx: &mut Tx<'_>, (from, until): (Id, Id), most: i64) -> Result<Vec<Noted>, DbError> {
    let sql = "SELECT id, at, act, actor_id, actor_role, subject_id, object FROM journal_entry
               WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3";
    tx.query(sql, &[v(from), v(until), v(most)])?.iter().map(read_noted).collect()
}

/// Reads by the same staff from `since` up to `from`.
pub fn reads_before(
    tx: &mut Tx<'_>,
    since: Id,
    (from, last): (Id, Id),
) -> Result<Vec<Noted>, DbError> {
    let sql = "SELECT id, at, act, actor_id, actor_role, subject_id, object FROM journal_entry
               WHERE id > $1 AND id <= $2 AND act = 'person.read'
                 AND actor_id IN (SELECT n.actor_id FROM journal_entry n
                                  WHERE n.id > $2 AND n.id <= $3 AND n.act = 'person.read')
               ORDER BY id";
    tx.query(sql, &[v(since), v(from), v(last)])?.iter().map(read_noted).collect()
}

/// How many people have the phone of this one.
pub fn same_phone(tx: &mut Tx<'_>, person: Id) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM person o JOIN person p ON p.id = $1
               WHERE o.phone = p.phone AND p.phone <> '' AND o.merged_into IS NULL";
    tx.one(sql, &[v(person)])?.get(0)
}

/// The number of somebody's newest agent, and for how many that one acts.
pub fn agent(tx: &mut Tx<'_>, person: Id) -> Result<Option<(String, i64)>, DbError> {
    let sql = "SELECT number FROM representative WHERE person_id = $1 AND ended_at IS NULL
               ORDER BY id DESC LIMIT 1";
    let Some(row) = tx.optional(sql, &[v(person)])? else { return Ok(None) };
    let number: String = row.get(0)?;
    let sql = "SELECT COUNT(DISTINCT person_id) FROM representative
               WHERE number = $1 AND ended_at IS NULL";
    let people = tx.one(sql, &[sealed(&number)])?.get(0)?;
    Ok(Some((number, people)))
}

/// People of a batch whose account took the place of another one since a moment, with that moment.
pub fn changed_accounts(tx: &mut Tx<'_>, batch: Id, since: Utc) -> Result<Vec<(Id, Utc)>, DbError> {
    let sql = "SELECT p.person_id, MAX(a.changed_at) FROM pay_batch b
               JOIN payment p ON p.id > b.number * 16777216
                             AND p.id <= b.number * 16777216 + b.last_line
               JOIN bank_account a ON a.person_id = p.person_id AND a.card_id = p.card_id
               WHERE b.id = $1 AND a.changed_at >= $2
                 AND EXISTS (SELECT 1 FROM bank_account o
                             WHERE o.person_id = a.person_id AND o.card_id <> a.card_id)
               GROUP BY p.person_id ORDER BY p.person_id LIMIT 1000";
    let rows = tx.query(sql, &[v(batch), v(since)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// All rules as they count now.
pub fn rules(tx: &mut Tx<'_>) -> Result<Vec<Rule>, DbError> {
    let sql = "SELECT code, version, is_on, may_freeze, params FROM safety_rule ORDER BY version";
    let mut rules: BTreeMap<Kind, Rule> =
        Kind::ALL.into_iter().map(|kind| (kind, Rule::new(kind))).collect();
    for row in tx.query(sql, &[])? {
        let code: String = row.get(0)?;
        let Some(kind) = Kind::from_code(&code) else { continue };
        let params: String = row.get(4)?;
        let params = serde_json::from_str(&params)
            .map_err(|_| DbError::Engine(format!("numbers of rule {code}")))?;
        let (version, is_on, may_freeze) = (row.get(1)?, row.get(2)?, row.get(3)?);
        rules.insert(kind, Rule { kind, version, is_on, may_freeze, params });
    }
    Ok(Kind::ALL.into_iter().filter_map(|kind| rules.remove(&kind)).collect())
}

/// A new version of a rule.
///
/// # Errors
/// [`DbError::Unique`] when somebody else was first.
pub fn put_rule(
    tx: &mut Tx<'_>,
    rule: &Rule,
    (account, name): (Id, &str),
    now: Utc,
) -> Result<(), DbError> {
    let params = serde_json::json!(rule.params).to_string();
    let sql = "INSERT INTO safety_rule (code, version, is_on, may_freeze, params, by_account, by_name, at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = [
        v(rule.kind.code()),
        v(rule.version),
        v(rule.is_on),
        v(rule.may_freeze),
        v(params),
        v(account),
        v(name),
        v(now),
    ];
    tx.execute(sql, &values).map(drop)
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: Id,
    /// Which rule.
    pub kind: Kind,
    /// Its version.
    pub rule_version: i64,
    /// What it is about.
    pub about: String,
    /// The person, when it is about one.
    pub person: Option<Id>,
    /// In words.
    pub facts: Text,
    /// Division; empty when none.
    pub division: String,
    /// First time.
    pub at: Utc,
    /// Last time.
    pub last_at: Utc,
    /// How often.
    pub times: i64,
    /// Who looks at it.
    pub assigned_to: Option<Id>,
    /// His name.
    pub assigned_name: String,
    /// open, true, false, unclear.
    pub disposition: String,
    /// Who closed it, with his note.
    pub closed: Option<(Utc, String, String)>,
    /// Rises with each change.
    pub version: i64,
}

const ALERT: &str = "id, rule, rule_version, about, person_id, facts, division, at, last_at, times, \
     assigned_to, assigned_name, disposition, closed_at, closed_name, note, version";

fn read_alert(row: &Row) -> Result<Alert, DbError> {
    let odd = || DbError::Engine("an alert of an unknown rule".to_owned());
    let facts: String = row.get(5)?;
    let (zh, en) = facts.split_once('\n').unwrap_or((&facts, &facts));
    let closed: Option<Utc> = row.get(13)?;
    let (closed_name, note) = (row.get(14)?, row.get(15)?);
    Ok(Alert {
        id: row.get(0)?,
        kind: Kind::from_code(&row.get::<String>(1)?).ok_or_else(odd)?,
        rule_version: row.get(2)?,
        about: row.get(3)?,
        person: row.get(4)?,
        facts: Text::new(zh, en),
        division: row.get(6)?,
        at: row.get(7)?,
        last_at: row.get(8)?,
        times: row.get(9)?,
        assigned_to: row.get(10)?,
        assigned_name: row.get(11)?,
        disposition: row.get(12)?,
        closed: closed.map(|at| (at, closed_name, note)),
        version: row.get(16)?,
    })
}

/// Raises an alert; the same again is counted. Tells its id, and whether it is new.
pub fn raise(
    tx: &mut Tx<'_>,
    id: Id,
    rule_version: i64,
    found: &Finding,
) -> Result<(Id, bool), DbError> {
    let sql = "INSERT INTO safety_alert (id, rule, rule_version, about, person_id, facts, evidence,
                   division, at, last_at, times, assigned_name, disposition, closed_name, note, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 1, '', 'open', '', '', 1)
               ON CONFLICT (rule, about) WHERE disposition = 'open' DO UPDATE SET
                   times = safety_alert.times + 1, last_at = excluded.last_at,
                   facts = excluded.facts, evidence = excluded.evidence";
    let facts = format!("{}\n{}", found.facts.zh, found.facts.en);
    let values = [
        v(id),
        v(found.kind.code()),
        v(rule_version),
        v(&found.about),
        v(found.person),
        v(facts),
        v(found.evidence.to_string()),
        v(&found.division),
        v(found.at),
    ];
    tx.execute(sql, &values)?;
    let sql = "SELECT id FROM safety_alert WHERE rule = $1 AND about = $2 AND disposition = 'open'";
    let known: Id = tx.one(sql, &[v(found.kind.code()), v(&found.about)])?.get(0)?;
    Ok((known, known == id))
}

/// One alert.
pub fn alert(tx: &mut Tx<'_>, id: Id) -> Result<Option<Alert>, DbError> {
    let sql = format!("SELECT {ALERT} FROM safety_alert WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read_alert).transpose()
}

/// Alerts, open ones or all, newest first.
pub fn alerts(tx: &mut Tx<'_>, open: bool, most: i64) -> Result<Vec<Alert>, DbError> {
    let filter = if open { "WHERE disposition = 'open'" } else { "" };
    let sql =
        format!("SELECT {ALERT} FROM safety_alert {filter} ORDER BY last_at DESC, id LIMIT $1");
    tx.query(&sql, &[v(most)])?.iter().map(read_alert).collect()
}

/// Somebody takes an alert.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn assign(tx: &mut Tx<'_>, alert: &Alert, who: (Id, &str)) -> Result<(), DbError> {
    let sql = "UPDATE safety_alert SET assigned_to = $1, assigned_name = $2, version = version + 1
               WHERE id = $3 AND version = $4 AND disposition = 'open'";
    tx.execute_one(sql, &[v(who.0), v(who.1), v(alert.id), v(alert.version)])
}

/// Somebody says what it was.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn close(
    tx: &mut Tx<'_>,
    alert: &Alert,
    disposition: &str,
    (account, name): (Id, &str),
    note: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE safety_alert SET disposition = $1, closed_at = $2, closed_by = $3,
                   closed_name = $4, note = $5, version = version + 1
               WHERE id = $6 AND version = $7 AND disposition = 'open'";
    let key = [v(alert.id), v(alert.version)];
    let set = [v(disposition), v(now), v(account), v(name), v(note)];
    tx.execute_one(sql, &[set.as_slice(), &key].concat())
}

/// How officers closed the alerts of each rule: true, false, unclear, open.
pub fn dispositions(tx: &mut Tx<'_>) -> Result<BTreeMap<String, [i64; 4]>, DbError> {
    let sql = "SELECT rule, disposition, COUNT(*) FROM safety_alert GROUP BY rule, disposition";
    let mut found: BTreeMap<String, [i64; 4]> = BTreeMap::new();
    for row in tx.query(sql, &[])? {
        let place = match row.get::<String>(1)?.as_str() {
            "true" => 0,
            "false" => 1,
            "unclear" => 2,
            _ => 3,
        };
        found.entry(row.get(0)?).or_default()[place] = row.get(2)?;
    }
    Ok(found)
}

/// How many are open; an official of a district's own.
///
/// # Errors
/// See [`DbError`].
pub fn count_open(tx: &mut Tx<'_>, actor: &Actor) -> Result<Waiting, DbError> {
    let municipal = matches!(actor.role, Role::MunicipalOfficer | Role::MunicipalApprover);
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM safety_alert
               WHERE disposition = 'open' AND ($1 OR division = $2)";
    work::counted(tx, sql, &[v(municipal), v(&actor.division)])
}
