//! SQL of freezes.

use std::collections::HashMap;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::Utc;
use kernel::work::{self, Waiting};

use super::rules::{Freeze, Reason, Scope, Source};

const COLUMNS: &str = "person_id, id, scope, item, source, reason, words, evidence, mass_id, alert_id, \
     division, by_account, by_name, at, look_by, looked_at, looked_name, look_note, ends_at, lifted_at, \
     lifted_name, proof, version";

fn read(row: &Row) -> Result<Freeze, DbError> {
    let odd = |what: &str| DbError::Engine(format!("unknown {what} of a freeze"));
    let (scope, item): (String, String) = (row.get(2)?, row.get(3)?);
    let source: String = row.get(4)?;
    let reason: String = row.get(5)?;
    Ok(Freeze {
        person: row.get(0)?,
        id: row.get(1)?,
        scope: Scope::parse(&scope, &item).map_err(|_| odd("scope"))?,
        source: Source::from_code(&source).ok_or_else(|| odd("source"))?,
        reason: Reason::from_code(&reason).ok_or_else(|| odd("reason"))?,
        words: row.get(6)?,
        evidence: row.get(7)?,
        mass: row.get(8)?,
        alert: row.get(9)?,
        division: row.get(10)?,
        by: row.get(11)?,
        by_name: row.get(12)?,
        at: row.get(13)?,
        look_by: row.get(14)?,
        looked_at: row.get(15)?,
        looked_name: row.get(16)?,
        look_note: row.get(17)?,
        ends_at: row.get(18)?,
        lifted_at: row.get(19)?,
        lifted_name: row.get(20)?,
        proof: row.get(21)?,
        version: row.get(22)?,
    })
}

/// The freezes in force of several people, in one statement.
///
/// # Errors
/// See [`DbError`].
pub fn live(tx: &mut Tx<'_>, people: &[Id]) -> Result<HashMap<Id, Vec<Freeze>>, DbError> {
    let mut people = people.to_vec();
    people.sort_unstable();
    people.dedup();
    let keys: Vec<Value<'_>> = people.into_iter().map(v).collect();
    let sql =
        format!("SELECT {COLUMNS} FROM person_freeze WHERE person_id IN (#) AND lifted_at IS NULL");
    let mut found: HashMap<Id, Vec<Freeze>> = HashMap::new();
    for row in tx.query_in(&sql, &keys)? {
        let freeze = read(&row)?;
        found.entry(freeze.person).or_default().push(freeze);
    }
    Ok(found)
}

/// The freezes in force of one person, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn live_of(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Freeze>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM person_freeze WHERE person_id = $1 AND lifted_at IS NULL ORDER BY id"
    );
    tx.query(&sql, &[v(person)])?.iter().map(read).collect()
}

/// All freezes of one person, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id, most: i64) -> Result<Vec<Freeze>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM person_freeze WHERE person_id = $1 ORDER BY id DESC LIMIT $2"
    );
    tx.query(&sql, &[v(person), v(most)])?.iter().map(read).collect()
}

/// One freeze.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Freeze>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM person_freeze WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Freezes in force: those that wait for a look first, by its term; then the newest.
///
/// # Errors
/// See [`DbError`].
pub fn in_force(tx: &mut Tx<'_>, waiting: bool, most: i64) -> Result<Vec<Freeze>, DbError> {
    let (filter, order) = match waiting {
        true => ("AND looked_at IS NULL AND look_by IS NOT NULL", "look_by, id"),
        false => ("", "id DESC"),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM person_freeze WHERE lifted_at IS NULL {filter} ORDER BY {order} LIMIT $1"
    );
    tx.query(&sql, &[v(most)])?.iter().map(read).collect()
}

/// How many are in force, by source.
///
/// # Errors
/// See [`DbError`].
pub fn counts(tx: &mut Tx<'_>) -> Result<Vec<(Source, i64)>, DbError> {
    let sql = "SELECT source, COUNT(*) FROM person_freeze WHERE lifted_at IS NULL
               GROUP BY source ORDER BY source";
    let rows = tx.query(sql, &[])?;
    let read = |row: &Row| Ok((Source::from_code(&row.get::<String>(0)?), row.get(1)?));
    let found: Vec<(Option<Source>, i64)> =
        rows.iter().map(read).collect::<Result<_, DbError>>()?;
    Ok(found.into_iter().filter_map(|(source, count)| Some((source?, count))).collect())
}

/// Enters freezes; tells for each whether it went in: the same hands freeze the same once.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, freezes: &[Freeze]) -> Result<Vec<bool>, DbError> {
    let row = |freeze: &Freeze| {
        vec![
            v(freeze.id),
            v(freeze.person),
            v(freeze.scope.code()),
            v(freeze.scope.item().to_owned()),
            v(freeze.source.code()),
            v(freeze.reason.code()),
            v(freeze.words.clone()),
            v(freeze.evidence.clone()),
            v(freeze.mass),
            v(freeze.alert),
            v(freeze.division.clone()),
            v(freeze.by),
            v(freeze.by_name.clone()),
            v(freeze.at),
            v(freeze.look_by),
            v(false),
            v(""),
            v(""),
            v(freeze.ends_at),
            v(""),
            v(""),
            v(1i64),
        ]
    };
    let rows: Vec<_> = freezes.iter().map(row).collect();
    let target = "person_freeze (id, person_id, scope, item, source, reason, words, evidence, mass_id, \
         alert_id, division, by_account, by_name, at, look_by, overdue_told, looked_name, look_note, \
         ends_at, lifted_name, proof, version)";
    tx.insert_rows(target, "ON CONFLICT DO NOTHING", &rows)
}

/// A second look that upholds a freeze.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn uphold(
    tx: &mut Tx<'_>,
    freeze: &Freeze,
    (account, name): (Id, &str),
    note: &str,
    ends_at: Option<Utc>,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE person_freeze SET looked_at = $1, looked_by = $2, looked_name = $3,
                   look_note = $4, ends_at = $5, version = version + 1
               WHERE person_id = $6 AND id = $7 AND version = $8 AND lifted_at IS NULL";
    let key = [v(freeze.person), v(freeze.id), v(freeze.version)];
    let set = [v(now), v(account), v(name), v(note), v(ends_at)];
    tx.execute_one(sql, &[set.as_slice(), &key].concat())
}

/// Ends a freeze.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn lift(
    tx: &mut Tx<'_>,
    freeze: &Freeze,
    (account, name): (Id, &str),
    proof: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE person_freeze SET lifted_at = $1, lifted_by = $2, lifted_name = $3,
                   proof = $4, version = version + 1
               WHERE person_id = $5 AND id = $6 AND version = $7 AND lifted_at IS NULL";
    let key = [v(freeze.person), v(freeze.id), v(freeze.version)];
    tx.execute_one(sql, &[[v(now), v(account), v(name), v(proof)].as_slice(), &key].concat())
}

/// Freezes in force whose time is over, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn lapsing(tx: &mut Tx<'_>, now: Utc, most: i64) -> Result<Vec<Freeze>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM person_freeze WHERE lifted_at IS NULL AND ends_at <= $1
         ORDER BY ends_at, id LIMIT $2"
    );
    tx.query(&sql, &[v(now), v(most)])?.iter().map(read).collect()
}

/// Freezes whose second look is overdue and of which nobody was told.
///
/// # Errors
/// See [`DbError`].
pub fn overdue(tx: &mut Tx<'_>, now: Utc, most: i64) -> Result<Vec<Freeze>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM person_freeze WHERE lifted_at IS NULL AND looked_at IS NULL
         AND look_by <= $1 AND NOT overdue_told ORDER BY look_by, id LIMIT $2"
    );
    tx.query(&sql, &[v(now), v(most)])?.iter().map(read).collect()
}

/// Notes that the overdue look was told.
///
/// # Errors
/// See [`DbError`].
pub fn set_told(tx: &mut Tx<'_>, freeze: &Freeze) -> Result<(), DbError> {
    let sql = "UPDATE person_freeze SET overdue_told = TRUE WHERE person_id = $1 AND id = $2";
    tx.execute(sql, &[v(freeze.person), v(freeze.id)]).map(drop)
}

/// Freezes in force of a mass freeze, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_mass(tx: &mut Tx<'_>, mass: Id, most: i64) -> Result<Vec<Freeze>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM person_freeze WHERE mass_id = $1 AND mass_id > 0 AND lifted_at IS NULL
         ORDER BY id LIMIT $2"
    );
    tx.query(&sql, &[v(mass), v(most)])?.iter().map(read).collect()
}

/// How many wait for a second look by another than who froze; an official of a district's own.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, actor: &Actor, now: Utc) -> Result<Waiting, DbError> {
    let municipal = matches!(actor.role, Role::MunicipalOfficer | Role::MunicipalApprover);
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN look_by < $1 THEN 1 END) FROM person_freeze
               WHERE lifted_at IS NULL AND looked_at IS NULL AND look_by IS NOT NULL
                 AND by_account <> $2 AND ($3 OR division = $4)";
    work::counted(tx, sql, &[v(now), v(actor.account), v(municipal), v(&actor.division)])
}
