//! SQL of mass freezes.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::Utc;
use kernel::work::{self, Waiting};
use people::freezes::{Reason, Scope};

use super::mass::{By, Mass};

const COLUMNS: &str = "id, by_what, value, scope, item, reason, words, evidence, state, total, done, \
     cursor_id, made_by, made_name, made_at, decided_name, thaw_by, thaw_name, thaw_proof, version";

fn read(row: &Row) -> Result<Mass, DbError> {
    let odd = |what: &str| DbError::Engine(format!("unknown {what} of a mass freeze"));
    let text = |place: usize| row.get::<String>(place);
    Ok(Mass {
        id: row.get(0)?,
        by: By::from_code(&text(1)?).ok_or_else(|| odd("question"))?,
        value: text(2)?,
        scope: Scope::parse(&text(3)?, &text(4)?).map_err(|_| odd("scope"))?,
        reason: Reason::from_code(&text(5)?).ok_or_else(|| odd("reason"))?,
        words: text(6)?,
        evidence: text(7)?,
        state: text(8)?,
        total: row.get(9)?,
        done: row.get(10)?,
        cursor: row.get(11)?,
        made_by: row.get(12)?,
        made_name: text(13)?,
        made_at: row.get(14)?,
        decided_name: text(15)?,
        thaw_by: row.get(16)?,
        thaw_name: text(17)?,
        thaw_proof: text(18)?,
        version: row.get(19)?,
    })
}

/// A new mass freeze that waits for its second officer.
pub fn insert(tx: &mut Tx<'_>, mass: &Mass) -> Result<(), DbError> {
    let sql = "INSERT INTO safety_mass (id, by_what, value, scope, item, reason, words, evidence, state,
                   total, done, cursor_id, made_by, made_name, made_at, decided_name, thaw_name,
                   thaw_proof, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, $11, $12, $13, '', '', '', 1)";
    let values = [
        v(mass.id),
        v(mass.by.code()),
        v(&mass.value),
        v(mass.scope.code()),
        v(mass.scope.item()),
        v(mass.reason.code()),
        v(&mass.words),
        v(&mass.evidence),
        v(&mass.state),
        v(mass.total),
        v(mass.made_by),
        v(&mass.made_name),
        v(mass.made_at),
    ];
    tx.execute(sql, &values).map(drop)
}

/// Puts the people that a question finds now on the list; returns their number.
pub fn fill(tx: &mut Tx<'_>, mass: Id, by: By, keys: &[Value<'_>]) -> Result<i64, DbError> {
    let found = match by {
        By::Terminal => {
            "SELECT DISTINCT person_id FROM card_use WHERE terminal_id = $2 AND id >= $3 AND id < $4"
        }
        By::Bank => {
            "SELECT DISTINCT person_id FROM bank_account WHERE bank_id = $2 AND state <> 'closed'"
        }
        By::Batch => "SELECT DISTINCT person_id FROM payment WHERE batch_id = $2",
        By::Division => {
            "SELECT id AS person_id FROM person WHERE SUBSTR(household, 1, LENGTH($2)) = $2
             AND merged_into IS NULL AND deceased_on IS NULL"
        }
        By::Outlet => "SELECT DISTINCT person_id FROM card WHERE outlet_id = $2 AND live",
        By::Numbers => return fill_numbers(tx, mass, keys),
    };
    let sql = format!(
        "INSERT INTO safety_mass_person (mass_id, person_id)
         SELECT CAST($1 AS BIGINT), f.person_id FROM ({found}) f WHERE f.person_id IS NOT NULL"
    );
    let all = [[v(mass)].as_slice(), keys].concat();
    Ok(i64::try_from(tx.execute(&sql, &all)?).unwrap_or(i64::MAX))
}

fn fill_numbers(tx: &mut Tx<'_>, mass: Id, numbers: &[Value<'_>]) -> Result<i64, DbError> {
    let sql = "SELECT DISTINCT person_id FROM person_number WHERE number IN (#)";
    let mut people: Vec<Id> = Vec::new();
    for row in tx.query_in(sql, numbers)? {
        people.push(row.get(0)?);
    }
    people.sort_unstable();
    people.dedup();
    let rows: Vec<Vec<Value<'_>>> = people.iter().map(|person| vec![v(mass), v(*person)]).collect();
    tx.insert_rows("safety_mass_person (mass_id, person_id)", "", &rows)?;
    Ok(people.len() as i64)
}

/// One mass freeze.
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Mass>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM safety_mass WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// The newest.
pub fn newest(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Mass>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM safety_mass ORDER BY id DESC LIMIT $1");
    tx.query(&sql, &[v(most)])?.iter().map(read).collect()
}

/// The oldest that is being carried out.
pub fn at_work(tx: &mut Tx<'_>) -> Result<Option<Mass>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM safety_mass WHERE state IN ('freezing', 'thawing')
         ORDER BY id LIMIT 1"
    );
    tx.optional(&sql, &[])?.as_ref().map(read).transpose()
}

/// The next people of the list.
pub fn next(tx: &mut Tx<'_>, mass: &Mass, most: i64) -> Result<Vec<Id>, DbError> {
    let sql = "SELECT person_id FROM safety_mass_person WHERE mass_id = $1 AND person_id > $2
               ORDER BY person_id LIMIT $3";
    let rows = tx.query(sql, &[v(mass.id), v(mass.cursor), v(most)])?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// How far it is.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_progress(
    tx: &mut Tx<'_>,
    mass: &Mass,
    (done, cursor): (i64, Id),
    state: &str,
) -> Result<(), DbError> {
    let sql = "UPDATE safety_mass SET done = $1, cursor_id = $2, state = $3, version = version + 1
               WHERE id = $4 AND version = $5";
    tx.execute_one(sql, &[v(done), v(cursor), v(state), v(mass.id), v(mass.version)])
}

/// The second officer decided.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_decided(
    tx: &mut Tx<'_>,
    mass: &Mass,
    state: &str,
    (account, name): (Id, &str),
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE safety_mass SET state = $1, decided_by = $2, decided_name = $3,
                   decided_at = $4, version = version + 1 WHERE id = $5 AND version = $6";
    let key = [v(mass.id), v(mass.version)];
    tx.execute_one(sql, &[[v(state), v(account), v(name), v(now)].as_slice(), &key].concat())
}

/// Somebody asks for the thaw of all, or it is sent back.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_thaw(
    tx: &mut Tx<'_>,
    mass: &Mass,
    state: &str,
    who: Option<(Id, &str)>,
    proof: &str,
) -> Result<(), DbError> {
    let sql = "UPDATE safety_mass SET state = $1, thaw_by = $2, thaw_name = $3, thaw_proof = $4,
                   version = version + 1 WHERE id = $5 AND version = $6";
    let (by, name) = (who.map(|who| who.0), who.map_or("", |who| who.1));
    tx.execute_one(sql, &[v(state), v(by), v(name), v(proof), v(mass.id), v(mass.version)])
}

/// How many wait for another than their maker.
///
/// # Errors
/// See [`DbError`].
pub fn count_proposed(tx: &mut Tx<'_>, actor: &Actor) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM safety_mass
               WHERE state = 'proposed' AND made_by <> $1 OR state = 'thaw-asked' AND thaw_by <> $2";
    work::counted(tx, sql, &[v(actor.account), v(actor.account)])
}
