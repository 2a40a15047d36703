//! Returned money: where it goes next.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::batches::Batch;

/// A correction: the account that the money goes to next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Whose money.
    pub person: Id,
    /// The returned payment.
    pub payment: Id,
    /// Card.
    pub card: Id,
    /// Bank of the card's account.
    pub bank: Id,
    /// `made`, `approved`, `used`.
    pub state: String,
    /// Account of who made it.
    pub made_by: Id,
    /// Name of who made it.
    pub made_name: String,
    /// When.
    pub made_at: Utc,
}

fn read(row: &Row) -> Result<Correction, DbError> {
    Ok(Correction {
        person: row.get(0)?,
        payment: row.get(1)?,
        card: row.get(2)?,
        bank: row.get(3)?,
        state: row.get(4)?,
        made_by: row.get(5)?,
        made_name: row.get(6)?,
        made_at: row.get(7)?,
    })
}

const COLUMNS: &str = "person_id, payment_id, card_id, bank_id, state, made_by, made_name, made_at";

/// The correction of a payment.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, payment: Id) -> Result<Option<Correction>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM pay_correction WHERE payment_id = $1");
    tx.optional(&sql, &[v(payment)])?.as_ref().map(read).transpose()
}

/// Corrections that wait for review, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn to_review(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Correction>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM pay_correction WHERE state = 'made' ORDER BY payment_id LIMIT $1"
    );
    tx.query(&sql, &[v(most)])?.iter().map(read).collect()
}

/// Writes a correction; one that waits for review is replaced.
///
/// # Errors
/// [`DbError::Conflict`] when the one before is reviewed already.
pub fn make(tx: &mut Tx<'_>, correction: &Correction) -> Result<(), DbError> {
    let row = [
        v(correction.person),
        v(correction.payment),
        v(correction.card),
        v(correction.bank),
        v(correction.made_by),
        v(&correction.made_name),
        v(correction.made_at),
    ];
    let sql = "INSERT INTO pay_correction (person_id, payment_id, card_id, bank_id, state, made_by,
                   made_name, made_at, checked_name)
               VALUES ($1, $2, $3, $4, 'made', $5, $6, $7, '') ON CONFLICT DO NOTHING";
    if tx.execute(sql, &row)? == 1 {
        return Ok(());
    }
    tx.execute_one(
        "UPDATE pay_correction SET card_id = $3, bank_id = $4, made_by = $5, made_name = $6,
             made_at = $7
         WHERE person_id = $1 AND payment_id = $2 AND state = 'made'",
        &row,
    )
}

/// A reviewed correction.
///
/// # Errors
/// [`DbError::Conflict`] when it is reviewed already, [`DbError::Forbidden`] when it is the checker's own.
pub fn approve(
    tx: &mut Tx<'_>,
    correction: &Correction,
    by: Id,
    name: &str,
    now: Utc,
) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE pay_correction SET state = 'approved', checked_by = $1, checked_name = $2,
             checked_at = $3
         WHERE person_id = $4 AND payment_id = $5 AND state = 'made' AND made_at = $6",
        &[
            v(by),
            v(name),
            v(now),
            v(correction.person),
            v(correction.payment),
            v(correction.made_at),
        ],
    )
}

/// Sends a correction back: it is made anew.
///
/// # Errors
/// See [`DbError`].
pub fn reject(tx: &mut Tx<'_>, correction: &Correction) -> Result<(), DbError> {
    let sql =
        "DELETE FROM pay_correction WHERE person_id = $1 AND payment_id = $2 AND state = 'made'";
    tx.execute_one(sql, &[v(correction.person), v(correction.payment)])
}

/// A group of reviewed corrections that can be paid again together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Programme.
    pub programme: Id,
    /// Period.
    pub period: String,
    /// Division.
    pub division: String,
    /// The programme's threshold for two approvers, fen.
    pub two_above_fen: i64,
}

const READY: &str = "pay_correction c
     JOIN payment o ON o.person_id = c.person_id AND o.id = c.payment_id
     JOIN pay_batch b ON b.id = o.batch_id
     JOIN programme g ON g.id = o.programme_id
     WHERE c.state = 'approved' AND o.state = 'returned' AND NOT o.held AND NOT o.overpaid
       AND o.reissued_as IS NULL
       AND NOT EXISTS (SELECT 1 FROM payment l WHERE l.person_id = o.person_id
           AND l.programme_id = o.programme_id AND l.period = o.period
           AND l.ended = 0)";

/// What can be paid again, by programme, period and division.
///
/// # Errors
/// See [`DbError`].
pub fn groups(tx: &mut Tx<'_>) -> Result<Vec<Group>, DbError> {
    let sql = format!(
        "SELECT o.programme_id, o.period, b.division, g.two_above_fen FROM {READY}
         GROUP BY o.programme_id, o.period, b.division, g.two_above_fen
         ORDER BY 1, 2, 3 LIMIT 50"
    );
    let rows = tx.query(&sql, &[])?;
    let read = |row: &Row| {
        Ok(Group {
            programme: row.get(0)?,
            period: row.get(1)?,
            division: row.get(2)?,
            two_above_fen: row.get(3)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Makes the new payments of a group, in one statement; each takes the place of a returned one. Returns
/// their number and sum in fen.
///
/// # Errors
/// [`DbError::Unique`] when one was made again meanwhile.
pub fn insert_again(tx: &mut Tx<'_>, batch: &Batch, most: i64) -> Result<u64, DbError> {
    let sql = format!(
        "INSERT INTO payment (person_id, id, batch_id, line, programme_id, period, bank_id, card_id,
             amount_fen, state, held, overpaid, recovered, reason, reissue_of, created_at, changed_at,
             version)
         SELECT s.person_id, CAST($1 AS BIGINT) + s.line, CAST($2 AS BIGINT), s.line,
             CAST($3 AS BIGINT), CAST($4 AS TEXT), s.bank_id, s.card_id, s.amount_fen, 'approved',
             FALSE, FALSE, FALSE, '', s.payment_id, CAST($5 AS BIGINT), CAST($5 AS BIGINT), 1
         FROM (SELECT c.person_id, c.payment_id, c.bank_id, c.card_id, o.amount_fen,
                   ROW_NUMBER() OVER (ORDER BY c.payment_id) AS line
               FROM {READY} AND o.programme_id = $3 AND o.period = $4 AND b.division = $6
               ORDER BY c.payment_id LIMIT $7) s"
    );
    tx.execute(
        &sql,
        &[
            v(batch.payment(0)),
            v(batch.id),
            v(batch.programme),
            v(&batch.period),
            v(batch.created_at),
            v(&batch.division),
            v(most),
        ],
    )
}

/// The returned payments that a new batch replaces: marked, and their corrections used up.
///
/// # Errors
/// See [`DbError`].
pub fn mark_again(tx: &mut Tx<'_>, batch: &Batch, now: Utc) -> Result<u64, DbError> {
    let ends = [v(batch.payment(0)), v(batch.payment(batch.last_line))];
    let [from, to] = ends;
    let changed = tx.execute(
        "UPDATE payment SET changed_at = $3, version = version + 1,
             reissued_as = (SELECT n.id FROM payment n WHERE n.person_id = payment.person_id
                 AND n.reissue_of = payment.id AND n.id > $1 AND n.id <= $2)
         WHERE id IN (SELECT n.reissue_of FROM payment n WHERE n.id > $1 AND n.id <= $2)
           AND state = 'returned' AND NOT held AND reissued_as IS NULL",
        &[from.clone(), to.clone(), v(now)],
    )?;
    let sql = "UPDATE pay_correction SET state = 'used'
               WHERE payment_id IN (SELECT n.reissue_of FROM payment n WHERE n.id > $1 AND n.id <= $2)";
    tx.execute(sql, &[from, to])?;
    Ok(changed)
}

/// What the payments of a new batch replace, by the batches that it came back to.
///
/// # Errors
/// See [`DbError`].
pub fn replaced(tx: &mut Tx<'_>, batch: &Batch) -> Result<Vec<(Id, Id, i64, i64)>, DbError> {
    let sql = "SELECT o.batch_id, o.bank_id, COUNT(*), CAST(SUM(o.amount_fen) AS BIGINT)
               FROM payment n JOIN payment o ON o.person_id = n.person_id AND o.id = n.reissue_of
               WHERE n.id > $1 AND n.id <= $2 GROUP BY o.batch_id, o.bank_id ORDER BY 1, 2";
    let ends = [v(batch.payment(0)), v(batch.payment(batch.last_line))];
    let rows = tx.query(sql, &ends)?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).collect()
}

/// Returned payments without a correction, oldest first: person, payment, fen, reason.
///
/// # Errors
/// See [`DbError`].
pub fn waiting(tx: &mut Tx<'_>, most: i64) -> Result<Vec<(Id, Id, i64, String)>, DbError> {
    let sql = "SELECT person_id, id, amount_fen, reason FROM payment p
               WHERE state = 'returned' AND ended <> 0 AND reissued_as IS NULL AND NOT EXISTS
                   (SELECT 1 FROM pay_correction c
                    WHERE c.person_id = p.person_id AND c.payment_id = p.id)
               ORDER BY id LIMIT $1";
    let rows = tx.query(sql, &[v(most)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).collect()
}
