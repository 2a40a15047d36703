//! All SQL of the national platforms.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::rules::{BATCH, Line, NATION};

/// People whom entries of the journal after the cursor name, and the places to go on from.
pub(crate) fn news(tx: &mut Tx<'_>, most: i64) -> Result<(i64, i64, Vec<Id>), DbError> {
    let next: i64 = tx.one("SELECT next_leaf FROM national_way WHERE id = 1", &[])?.get(0)?;
    let sql = "SELECT l.leaf_index, e.subject_id FROM journal_leaf l
               JOIN journal_entry e ON e.id = l.entry_id
               WHERE l.leaf_index >= $1 AND l.leaf_index < $2 ORDER BY l.leaf_index";
    let (mut end, mut people) = (next, Vec::new());
    for row in tx.query(sql, &[v(next), v(next + most)])? {
        end = row.get::<i64>(0)? + 1;
        people.extend(row.get::<Option<Id>>(1)?);
    }
    people.sort_unstable();
    people.dedup();
    Ok((next, end, people))
}

pub(crate) fn move_on(tx: &mut Tx<'_>, from: i64, to: i64) -> Result<(), DbError> {
    let sql = "UPDATE national_way SET next_leaf = $1 WHERE id = 1 AND next_leaf = $2";
    tx.execute_one(sql, &[v(to), v(from)])
}

/// Failures in a row, when the way is tried again, and whether it is known to answer questions.
pub(crate) fn way(tx: &mut Tx<'_>) -> Result<(i64, Utc, bool), DbError> {
    let row = tx.one("SELECT failures, next_at, online FROM national_way WHERE id = 1", &[])?;
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

pub(crate) fn note(
    tx: &mut Tx<'_>,
    failures: i64,
    next_at: Utc,
    ok_at: Option<Utc>,
) -> Result<(), DbError> {
    let sql = "UPDATE national_way SET failures = $1, next_at = $2,
               last_ok_at = COALESCE($3, last_ok_at) WHERE id = 1";
    tx.execute(sql, &[v(failures), v(next_at), v(ok_at)]).map(drop)
}

pub(crate) fn set_online(tx: &mut Tx<'_>, online: bool) -> Result<(), DbError> {
    let sql = "UPDATE national_way SET online = $1 WHERE id = 1";
    tx.execute(sql, &[v(online)]).map(drop)
}

/// Certificate, id, issue and last day of an electronic card.
pub(crate) type Issue = (String, Id, Option<Utc>, String);

/// Certificate, id, issue and end of the electronic card beside a card.
pub(crate) fn ecard(tx: &mut Tx<'_>, person: Id, card: Id) -> Result<Option<Issue>, DbError> {
    let sql = "SELECT certificate, id, issued_at, expires_on FROM ecard
               WHERE person_id = $1 AND card_id = $2 AND certificate IS NOT NULL";
    let row = tx.optional(sql, &[v(person), v(card)])?;
    let read = |row: Row| {
        let until: Option<String> = row.get(3)?;
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, until.unwrap_or_default()))
    };
    row.map(read).transpose()
}

pub(crate) fn told(tx: &mut Tx<'_>, person: Id, kind: &str) -> Result<Option<String>, DbError> {
    let sql = "SELECT digest FROM national_told WHERE person_id = $1 AND kind = $2";
    tx.optional(sql, &[v(person), v(kind)])?.map(|row| row.get(0)).transpose()
}

pub(crate) fn tell(
    tx: &mut Tx<'_>,
    (person, kind): (Id, &str),
    digest: &str,
) -> Result<(), DbError> {
    let sql = "INSERT INTO national_told (person_id, kind, digest) VALUES ($1, $2, $3)
               ON CONFLICT (person_id, kind) DO UPDATE SET digest = excluded.digest";
    tx.execute(sql, &[v(person), v(kind), v(digest)]).map(drop)
}

pub(crate) fn insert(
    tx: &mut Tx<'_>,
    (id, person): (Id, Id),
    (kind, sealed): (&str, &str),
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO national_report (id, person_id, kind, sealed, made_at)
               VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &[v(id), v(person), v(kind), v(sealed), v(now)]).map(drop)
}

/// The batch that waits for its answer, or a new one with this name; its lines, oldest first.
pub(crate) fn batch(tx: &mut Tx<'_>, fresh: &str) -> Result<(String, Vec<Line>), DbError> {
    let sql = "SELECT batch FROM national_report WHERE result = '' AND batch <> ''
               ORDER BY batch LIMIT 1";
    let open = tx.optional(sql, &[])?.map(|row| row.get::<String>(0)).transpose()?;
    let name = match open {
        Some(name) => name,
        None => {
            let sql = "UPDATE national_report SET batch = $1 WHERE id IN
                       (SELECT id FROM national_report WHERE result = '' AND batch = ''
                        ORDER BY id LIMIT $2)";
            tx.execute(sql, &[v(fresh), v(BATCH)])?;
            fresh.to_owned()
        }
    };
    let sql = "SELECT id, kind, sealed FROM national_report
               WHERE batch = $1 AND result = '' ORDER BY id";
    let read = |row: &Row| {
        let id: Id = row.get(0)?;
        Ok(Line { id: id.to_string(), kind: row.get(1)?, sealed: row.get(2)? })
    };
    let rows = tx.query(sql, &[v(&name)])?;
    Ok((name, rows.iter().map(read).collect::<Result<_, DbError>>()?))
}

/// Keeps what became of a line.
pub(crate) fn end(tx: &mut Tx<'_>, id: Id, result: &str, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE national_report SET result = $1, told_at = $2 WHERE id = $3 AND result = ''";
    tx.execute(sql, &[v(result), v(now), v(id)]).map(drop)
}

/// Lets lines of a batch that it said nothing about go with the next one.
pub(crate) fn free(tx: &mut Tx<'_>, batch: &str) -> Result<(), DbError> {
    let sql = "UPDATE national_report SET batch = '' WHERE batch = $1 AND result = ''";
    tx.execute(sql, &[v(batch)]).map(drop)
}

/// Questions about first cards that have no answer yet: id of the question and person.
pub(crate) fn open_checks(tx: &mut Tx<'_>, most: i64) -> Result<Vec<(String, Id)>, DbError> {
    let sql = "SELECT id, person_id FROM onecard_check
               WHERE region = $1 AND answered_at IS NULL ORDER BY asked_at LIMIT $2";
    let rows = tx.query(sql, &[v(NATION), v(most)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// How the way is: failures in a row, last answer, waiting and refused lines.
pub(crate) fn health(tx: &mut Tx<'_>) -> Result<(i64, Option<Utc>, i64, i64), DbError> {
    let row = tx.one(
        "SELECT failures, last_ok_at,
             (SELECT COUNT(*) FROM national_report WHERE result = ''),
             (SELECT COUNT(*) FROM national_report WHERE result NOT IN ('', 'ok'))
         FROM national_way WHERE id = 1",
        &[],
    )?;
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}
