//! All SQL of representatives.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};

use super::rules::{Act, Kind, Representative};
use crate::number::PersonNumber;

const COLUMNS: &str = "person_id, id, kind, relation, scope, name, number, document, phone, \
     evidence_id, from_on, until_on, ended_at";

fn read(row: &Row) -> Result<Representative, DbError> {
    let bad = || DbError::Engine("a representative cannot be read".to_owned());
    let scope: String = row.get(4)?;
    Ok(Representative {
        person: row.get(0)?,
        id: row.get(1)?,
        kind: Kind::from_code(&row.get::<String>(2)?).ok_or_else(bad)?,
        relation: row.get(3)?,
        scope: scope.split(',').filter_map(Act::from_code).collect(),
        name: row.get(5)?,
        number: PersonNumber::restore(&row.get::<String>(6)?).map_err(|_| bad())?,
        document: row.get(7)?,
        phone: row.get(8)?,
        evidence: row.get(9)?,
        from: parse_day(&row.get::<String>(10)?).ok_or_else(bad)?,
        until: parse_day(&row.get::<String>(11)?).ok_or_else(bad)?,
        ended_at: row.get(12)?,
    })
}

/// Enters a representative.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, one: &Representative, by: &Actor, now: Utc) -> Result<(), DbError> {
    let scope: Vec<&str> = one.scope.iter().map(|act| act.code()).collect();
    tx.execute(
        "INSERT INTO representative (person_id, id, kind, relation, scope, name, number, document,
             phone, evidence_id, from_on, until_on, by_account, by_name, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        &[
            v(one.person),
            v(one.id),
            v(one.kind.code()),
            v(&one.relation),
            v(scope.join(",")),
            sealed(&one.name),
            sealed(one.number.as_str()),
            v(&one.document),
            sealed(&one.phone),
            v(one.evidence),
            v(day_text(one.from)),
            v(day_text(one.until)),
            v(by.account),
            v(&by.name),
            v(now),
        ],
    )
    .map(drop)
}

/// All representatives of these records, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of(tx: &mut Tx<'_>, records: &[Id]) -> Result<Vec<Representative>, DbError> {
    let keys: Vec<Value<'_>> = records.iter().map(|id| v(*id)).collect();
    let sql = format!("SELECT {COLUMNS} FROM representative WHERE person_id IN (#)");
    let rows = tx.query_in(&sql, &keys)?;
    let mut all = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|one| std::cmp::Reverse(one.id));
    Ok(all)
}

/// All entries of a representative who is known by one of these numbers.
///
/// # Errors
/// See [`DbError`].
pub fn by_numbers(tx: &mut Tx<'_>, numbers: &[String]) -> Result<Vec<Representative>, DbError> {
    let keys: Vec<Value<'_>> = numbers.iter().map(|number| sealed(number.as_str())).collect();
    let sql = format!("SELECT {COLUMNS} FROM representative WHERE number IN (#)");
    let rows = tx.query_in(&sql, &keys)?;
    rows.iter().map(read).collect()
}

/// Ends a representation.
///
/// # Errors
/// [`DbError::Conflict`] when it has ended meanwhile.
pub fn end(tx: &mut Tx<'_>, one: &Representative, by: &str, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE representative SET ended_at = $1, ended_by = $2
               WHERE person_id = $3 AND id = $4 AND ended_at IS NULL";
    tx.execute_one(sql, &[v(now), v(by), v(one.person), v(one.id)])
}
