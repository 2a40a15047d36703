//! All SQL of findings and merges.

use kernel::db::{DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::Utc;
use kernel::work::{self, Waiting};

use super::rules::{Ground, State};
use crate::number::PersonNumber;
use crate::rules::Person;
use crate::store::{COLUMNS, read as read_person};

/// Two records that look like one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its id.
    pub id: Id,
    /// The older record.
    pub low: Id,
    /// The younger record.
    pub high: Id,
    /// Why.
    pub ground: Ground,
    /// Where it is.
    pub state: State,
    /// When it was found.
    pub found_at: Utc,
    /// What whoever decided said.
    pub note: String,
    /// Who decided last.
    pub decided_by: String,
    /// Rises with each change.
    pub version: i64,
}

const FINDING: &str = "id, low_id, high_id, ground, state, found_at, note, decided_by, version";

fn read(row: &Row) -> Result<Finding, DbError> {
    let bad = || DbError::Engine("a finding cannot be read".to_owned());
    Ok(Finding {
        id: row.get(0)?,
        low: row.get(1)?,
        high: row.get(2)?,
        ground: Ground::from_code(&row.get::<String>(3)?).ok_or_else(bad)?,
        state: State::from_code(&row.get::<String>(4)?).ok_or_else(bad)?,
        found_at: row.get(5)?,
        note: row.get(6)?,
        decided_by: row.get(7)?,
        version: row.get(8)?,
    })
}

/// Puts a pair into the queue.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else put it there at this moment.
pub fn put(
    tx: &mut Tx<'_>,
    id: Id,
    pair: (Id, Id),
    ground: Ground,
    now: Utc,
) -> Result<(), DbError> {
    let (low, high) = (pair.0.min(pair.1), pair.0.max(pair.1));
    tx.execute_one(
        "INSERT INTO person_duplicate (id, low_id, high_id, ground, state, found_at, note, decided_by,
                                       version)
         VALUES ($1, $2, $3, $4, 'open', $5, '', '', 1) ON CONFLICT (low_id, high_id) DO NOTHING",
        &[v(id), v(low), v(high), v(ground.code()), v(now)],
    )
}

/// A finding.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Finding>, DbError> {
    let sql = format!("SELECT {FINDING} FROM person_duplicate WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Findings of a state after one of them, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn queue(tx: &mut Tx<'_>, state: State, after: Id, most: i64) -> Result<Vec<Finding>, DbError> {
    let sql = format!(
        "SELECT {FINDING} FROM person_duplicate WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3"
    );
    tx.query(&sql, &[v(state.code()), v(after), v(most)])?.iter().map(read).collect()
}

/// Moves a finding on.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else did.
pub fn set_state(
    tx: &mut Tx<'_>,
    finding: &Finding,
    state: State,
    note: &str,
    by: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE person_duplicate SET state = $1, note = $2, decided_by = $3, decided_at = $4,
                      version = version + 1 WHERE id = $5 AND version = $6";
    let (id, version) = (v(finding.id), v(finding.version));
    tx.execute_one(sql, &[v(state.code()), v(note), v(by), v(now), id, version])
}

/// Living records with the name and birth date, the name and phone, or one of these numbers.
///
/// # Errors
/// See [`DbError`].
pub fn candidates(
    tx: &mut Tx<'_>,
    person: &Person,
    numbers: &[String],
) -> Result<Vec<Person>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM person p WHERE p.merged_into IS NULL AND p.id <> $1 AND p.id IN
         (SELECT id FROM person WHERE name = $2 AND birth = $3
          UNION SELECT id FROM person WHERE phone = $4 AND name = $2) ORDER BY p.id LIMIT 50"
    );
    let birth = kernel::time::day_text(person.birth);
    let key = [v(person.id), sealed(&person.name), v(birth), sealed(&person.phone)];
    let mut rows = tx.query(&sql, &key)?;
    let keys: Vec<Value<'_>> = numbers.iter().map(sealed).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM person_number n JOIN person p ON p.id = n.person_id
         WHERE n.number IN (#)"
    );
    rows.extend(tx.query_in(&sql, &keys)?);
    let people = rows.iter().map(read_person).collect::<Result<Vec<_>, _>>()?;
    Ok(people.into_iter().filter(|found| found.id != person.id).collect())
}

/// The last id of the next page of the register after `after`; `None` at its end.
///
/// # Errors
/// See [`DbError`].
pub fn page_end(tx: &mut Tx<'_>, after: Id, size: i64) -> Result<Option<Id>, DbError> {
    let sql = "SELECT MAX(id) FROM (SELECT id FROM person WHERE id > $1 ORDER BY id LIMIT $2) page";
    tx.one(sql, &[v(after), v(size)])?.get(0)
}

/// Pairs of living records with one name and the same birth date or phone, whose younger one lies in
/// a page of the register.
///
/// # Errors
/// See [`DbError`].
pub fn pairs(tx: &mut Tx<'_>, after: Id, until: Id) -> Result<Vec<(Id, Id)>, DbError> {
    let sql = "SELECT p.id, q.id FROM person p JOIN person q ON q.name = p.name AND q.birth = p.birth
               WHERE p.id > $1 AND p.id <= $2 AND q.id < p.id
                 AND p.merged_into IS NULL AND q.merged_into IS NULL
               UNION
               SELECT p.id, q.id FROM person p JOIN person q ON q.phone = p.phone AND q.name = p.name
               WHERE p.id > $1 AND p.id <= $2 AND q.id < p.id AND p.phone <> ''
                 AND p.merged_into IS NULL AND q.merged_into IS NULL";
    let rows = tx.query(sql, &[v(after), v(until)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// How far the job over the register is.
///
/// # Errors
/// See [`DbError`].
pub fn scanned(tx: &mut Tx<'_>) -> Result<Id, DbError> {
    tx.one("SELECT after_id FROM duplicate_scan WHERE id = 1", &[])?.get(0)
}

/// Notes how far it is.
///
/// # Errors
/// See [`DbError`].
pub fn set_scanned(tx: &mut Tx<'_>, after: Id) -> Result<(), DbError> {
    tx.execute_one("UPDATE duplicate_scan SET after_id = $1 WHERE id = 1", &[v(after)])
}

/// Lets a record lead to the one that lives on, or takes that back.
///
/// # Errors
/// [`DbError::Conflict`] when the record is not as it was.
pub fn set_merged(
    tx: &mut Tx<'_>,
    record: Id,
    from: Option<Id>,
    to: Option<Id>,
) -> Result<(), DbError> {
    let sql = match from {
        None => {
            "UPDATE person SET merged_into = $1, version = version + 1
                 WHERE id = $2 AND merged_into IS NULL"
        }
        Some(_) => {
            "UPDATE person SET merged_into = $1, version = version + 1
                    WHERE id = $2 AND merged_into = $3"
        }
    };
    match from {
        None => tx.execute_one(sql, &[v(to), v(record)]),
        Some(from) => tx.execute_one(sql, &[v(to), v(record), v(from)]),
    }
}

/// Claims the record that lives on, so that nobody merges it away at the same moment.
///
/// # Errors
/// [`DbError::Conflict`] when it was merged meanwhile.
pub fn touch(tx: &mut Tx<'_>, survivor: Id) -> Result<(), DbError> {
    let sql = "UPDATE person SET version = version + 1 WHERE id = $1 AND merged_into IS NULL";
    tx.execute_one(sql, &[v(survivor)])
}

/// Turns all numbers of one record to another, as earlier ones; returns them.
///
/// # Errors
/// See [`DbError`].
pub fn turn_numbers(
    tx: &mut Tx<'_>,
    from: Id,
    to: Id,
    today: &str,
) -> Result<Vec<String>, DbError> {
    let rows = tx.query("SELECT number FROM person_number WHERE person_id = $1", &[v(from)])?;
    let numbers = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, _>>()?;
    tx.execute(
        "UPDATE person_number SET person_id = $1, is_current = FALSE, until_on = COALESCE(until_on, $2)
         WHERE person_id = $3",
        &[v(to), v(today), v(from)],
    )?;
    Ok(numbers)
}

/// Turns numbers back to the record that had them.
///
/// # Errors
/// [`DbError::Conflict`] when one of them does not lead to `from` as an earlier number.
pub fn return_numbers(
    tx: &mut Tx<'_>,
    numbers: &[String],
    from: Id,
    to: Id,
    current: &PersonNumber,
) -> Result<(), DbError> {
    for number in numbers {
        let is_current = number == current.as_str();
        tx.execute_one(
            "UPDATE person_number SET person_id = $1, is_current = $2,
                    until_on = CASE WHEN $2 THEN NULL ELSE until_on END
             WHERE number = $3 AND person_id = $4",
            &[v(to), v(is_current), sealed(number), v(from)],
        )?;
    }
    Ok(())
}

/// A merge that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// Its id.
    pub id: Id,
    /// The record that leads on.
    pub merged: Id,
    /// The record that lives on.
    pub survivor: Id,
    /// Numbers that were turned.
    pub numbers: Vec<String>,
}

/// Notes a merge.
///
/// # Errors
/// See [`DbError`].
pub fn put_merge(tx: &mut Tx<'_>, merge: &Merge, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO person_merge (id, merged_id, survivor_id, numbers, at)
               VALUES ($1, $2, $3, $4, $5)";
    let numbers = merge.numbers.join(",");
    tx.execute(sql, &[v(merge.id), v(merge.merged), v(merge.survivor), sealed(numbers), v(now)])
        .map(drop)
}

/// The merge of a record that is not undone.
///
/// # Errors
/// See [`DbError`].
pub fn merge_of(tx: &mut Tx<'_>, record: Id) -> Result<Option<Merge>, DbError> {
    let sql = "SELECT id, merged_id, survivor_id, numbers FROM person_merge
               WHERE merged_id = $1 AND undone_at IS NULL";
    let row = tx.optional(sql, &[v(record)])?;
    row.map(|row| {
        let numbers: String = row.get(3)?;
        Ok(Merge {
            id: row.get(0)?,
            merged: row.get(1)?,
            survivor: row.get(2)?,
            numbers: numbers.split(',').filter(|n| !n.is_empty()).map(str::to_owned).collect(),
        })
    })
    .transpose()
}

/// Notes that a merge was undone.
///
/// # Errors
/// [`DbError::Conflict`] when it is already.
pub fn set_undone(tx: &mut Tx<'_>, merge: Id, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE person_merge SET undone_at = $1 WHERE id = $2 AND undone_at IS NULL";
    tx.execute_one(sql, &[v(now), v(merge)])
}

/// Which of these pairs (younger, older) are, or were, in the queue.
///
/// # Errors
/// See [`DbError`].
pub fn known(
    tx: &mut Tx<'_>,
    pairs: &[(Id, Id)],
) -> Result<std::collections::HashSet<(Id, Id)>, DbError> {
    let keys: Vec<Value<'_>> = pairs.iter().map(|(_, low)| v(*low)).collect();
    let sql = "SELECT high_id, low_id FROM person_duplicate WHERE low_id IN (#)";
    let rows = tx.query_in(sql, &keys)?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// How many findings wait for a look.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM person_duplicate WHERE state = 'open'";
    work::counted(tx, sql, &[])
}
