//! Payments, one by one and in sets.

use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::batches::Batch;
use super::frozen::is_frozen;
use super::known;
use crate::payments::rules::invariants::Sum;
use crate::payments::rules::{Payment, State};

/// A payment as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id; the bank knows it by this.
    pub id: Id,
    /// Whose money.
    pub person: Id,
    /// Batch.
    pub batch: Id,
    /// Line of the roster.
    pub line: i64,
    /// Programme.
    pub programme: Id,
    /// Period.
    pub period: String,
    /// Bank.
    pub bank: Id,
    /// Card.
    pub card: Id,
    /// What the rules know.
    pub payment: Payment,
    /// File that it left in.
    pub file: Option<Id>,
    /// Report that its result came with.
    pub report: Option<Id>,
    /// Why it came back.
    pub reason: String,
    /// The payment whose place it takes.
    pub reissue_of: Option<Id>,
    /// The payment that takes its place.
    pub reissued_as: Option<Id>,
    /// Last change.
    pub changed_at: Utc,
    /// Rises with each change.
    pub version: i64,
}

const COLUMNS: &str = "id, person_id, batch_id, line, programme_id, period, bank_id, card_id, \
     amount_fen, state, held, overpaid, recovered, file_id, report_id, reason, reissue_of, \
     reissued_as, changed_at, version, recovered_fen";

fn read(row: &Row) -> Result<Stored, DbError> {
    let state: String = row.get(9)?;
    let reissued_as: Option<Id> = row.get(17)?;
    let payment = Payment {
        state: known(State::from_code(&state), "state of a payment")?,
        fen: row.get(8)?,
        held: row.get(10)?,
        reissued: reissued_as.is_some(),
        overpaid: row.get(11)?,
        recovered: row.get(12)?,
        part: row.get(20)?,
    };
    Ok(Stored {
        id: row.get(0)?,
        person: row.get(1)?,
        batch: row.get(2)?,
        line: row.get(3)?,
        programme: row.get(4)?,
        period: row.get(5)?,
        bank: row.get(6)?,
        card: row.get(7)?,
        payment,
        file: row.get(13)?,
        report: row.get(14)?,
        reason: row.get(15)?,
        reissue_of: row.get(16)?,
        reissued_as,
        changed_at: row.get(18)?,
        version: row.get(19)?,
    })
}

/// Makes one payment of each good line above the first and up to the second line of a roster, in one
/// statement; the ids begin behind `after` and stand together by bank, so that a file is one range of
/// them. The money is set aside at once. Returns how many: fewer than lines when somebody is paid already.
///
/// # Errors
/// See [`DbError`].
pub fn insert_from_roster(
    tx: &mut Tx<'_>,
    batch: &Batch,
    (from, to): (i64, i64),
    after: i64,
) -> Result<u64, DbError> {
    tx.execute(
        "INSERT INTO payment (id, person_id, batch_id, roster_id, line, programme_id, period,
             bank_id, card_id, amount_fen, state, held, overpaid, recovered, reason, created_at,
             changed_at, version, ended)
         SELECT CAST($1 AS BIGINT) + ROW_NUMBER() OVER (ORDER BY l.bank_id, l.line), l.person_id,
             CAST($2 AS BIGINT), l.roster_id, l.line,
             CAST($3 AS BIGINT), CAST($4 AS TEXT), l.bank_id, l.card_id, l.amount_fen, 'reserved',
             FALSE, FALSE, FALSE, '', CAST($5 AS BIGINT), CAST($5 AS BIGINT), 1, 0
         FROM roster_line l
         WHERE l.roster_id = $6 AND l.state = 'good' AND l.line > $7 AND l.line <= $8
         ON CONFLICT (person_id, programme_id, period, ended) DO NOTHING",
        &[
            v(batch.payment(after)),
            v(batch.id),
            v(batch.programme),
            v(&batch.period),
            v(batch.created_at),
            v(batch.roster),
            v(from),
            v(to),
        ],
    )
}

/// Which payments a move is about.
#[derive(Clone, Copy, Debug)]
pub enum Set {
    /// Payments with ids above the first and up to the second.
    Range(i64, i64),
    /// Payments of a file, which lie within these ids.
    File(Id, i64, i64),
    /// Payments that lines of a report name: those lines that mean this.
    Told(Lines),
}

/// Lines of a report above the first and up to the second, whose payments lie within these ids.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// Report.
    pub report: Id,
    /// Lines.
    pub range: (i64, i64),
    /// What the lines mean, as stored: `pay`, `return`, `take`.
    pub meaning: &'static str,
    /// Least and greatest id of the payments.
    pub ends: (i64, i64),
}

impl Set {
    fn sql(self) -> (&'static str, Vec<Value<'static>>) {
        match self {
            Self::Range(from, to) => ("id > $1 AND id <= $2", vec![v(from), v(to)]),
            Self::File(file, from, to) => {
                ("file_id = $1 AND id >= $2 AND id <= $3", vec![v(file), v(from), v(to)])
            }
            // The ends keep the engines from walking through payments of other files.
            Self::Told(lines) => (
                "id IN (SELECT payment_id FROM pay_result WHERE report_id = $1 AND seq > $2
                        AND seq <= $3 AND meaning = $4) AND id >= $5 AND id <= $6",
                vec![
                    v(lines.report),
                    v(lines.range.0),
                    v(lines.range.1),
                    v(lines.meaning),
                    v(lines.ends.0),
                    v(lines.ends.1),
                ],
            ),
        }
    }

    /// What a result leaves at its payment.
    fn result(self) -> &'static str {
        match self {
            Self::Told(lines) if lines.meaning == "pay" => ", report_id = $1",
            Self::Told(lines) if lines.meaning == "return" => {
                ", report_id = $1, reason = COALESCE((SELECT MAX(r.reason) FROM pay_result r
                     WHERE r.report_id = $1 AND r.seq > $2 AND r.seq <= $3
                       AND r.payment_id = payment.id AND r.meaning = 'return'), '')"
            }
            _ => "",
        }
    }
}

/// The payments of a set that stand in a state and are not in suspense, by batch and bank.
///
/// # Errors
/// See [`DbError`].
pub fn sums(tx: &mut Tx<'_>, set: Set, from: State) -> Result<Vec<(Id, Id, Sum)>, DbError> {
    let (filter, params) = set.sql();
    let sql = format!(
        "SELECT batch_id, bank_id, COUNT(*), CAST(SUM(amount_fen) AS BIGINT) FROM payment
         WHERE {filter} AND state = '{}' AND NOT held GROUP BY batch_id, bank_id ORDER BY 1, 2",
        from.code()
    );
    let rows = tx.query(&sql, &params)?;
    let sum = |row: &Row| Ok(Sum { count: row.get(2)?, fen: row.get(3)? });
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, sum(row)?))).collect()
}

/// What becomes of the natural key; a move that leaves it alone does not name its column, so that no index
/// is written.
fn ended(from: State, to: State) -> &'static str {
    match (from.is_live(), to.is_live()) {
        (true, false) => ", ended = id",
        (false, true) => ", ended = 0",
        _ => "",
    }
}

/// Moves the payments of a set from one state to another, in one statement.
///
/// # Errors
/// See [`DbError`].
pub fn move_set(
    tx: &mut Tx<'_>,
    set: Set,
    from: State,
    to: State,
    now: Utc,
) -> Result<u64, DbError> {
    let (filter, mut params) = set.sql();
    let (result, place) = (set.result(), params.len() + 1);
    params.push(v(now));
    let sql = format!(
        "UPDATE payment SET state = '{}', changed_at = ${place}, version = version + 1{result}{}
         WHERE {filter} AND state = '{}' AND NOT held",
        to.code(),
        ended(from, to),
        from.code()
    );
    tx.execute(&sql, &params)
}

/// One payment.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Stored>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM payment WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Payments by their ids, in no order.
///
/// # Errors
/// See [`DbError`].
pub fn by_ids(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<Stored>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM payment WHERE id IN (#)");
    let keys: Vec<Value<'_>> = ids.iter().map(|id| v(*id)).collect();
    tx.query_in(&sql, &keys)?.iter().map(read).collect()
}

/// Writes what an event made of one payment.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile, [`DbError::Unique`] when the natural key is held.
pub fn set(
    tx: &mut Tx<'_>,
    before: &Stored,
    after: &Payment,
    reason: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = format!(
        "UPDATE payment SET state = $1, held = $2, overpaid = $3, recovered = $4, reason = $5,
             changed_at = $6, recovered_fen = $7, version = version + 1{}
         WHERE person_id = $8 AND id = $9 AND version = $10",
        ended(before.payment.state, after.state)
    );
    tx.execute_one(
        &sql,
        &[
            v(after.state.code()),
            v(after.held),
            v(after.overpaid),
            v(after.recovered),
            v(reason),
            v(now),
            v(after.part),
            v(before.person),
            v(before.id),
            v(before.version),
        ],
    )
}

/// Payments of a batch from an id on, in order, of one state and bank where these are given: the auditor's way
/// down.
///
/// # Errors
/// See [`DbError`].
pub fn page(
    tx: &mut Tx<'_>,
    batch: &Batch,
    (state, bank): (Option<State>, Option<Id>),
    after: i64,
    most: i64,
) -> Result<Vec<Stored>, DbError> {
    let filter = state.map_or(String::new(), |state| format!("AND state = '{}'", state.code()));
    let sql = format!(
        "SELECT {COLUMNS} FROM payment WHERE id > $1 AND id <= $2 {filter}
           AND (CAST($4 AS BIGINT) = 0 OR bank_id = $4) ORDER BY id LIMIT $3"
    );
    let (from, to) = (after.max(batch.payment(0)), batch.payment(batch.last_line));
    let bank = bank.unwrap_or(Id(0));
    tx.query(&sql, &[v(from), v(to), v(most), v(bank)])?.iter().map(read).collect()
}

/// A person's payments, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id, most: i64) -> Result<Vec<Stored>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM payment WHERE person_id = $1 ORDER BY id DESC LIMIT $2");
    tx.query(&sql, &[v(person), v(most)])?.iter().map(read).collect()
}

/// Whether money is on its way to one of these records of a person, or returned and still owed (Art. 13).
///
/// # Errors
/// See [`DbError`].
pub fn under_way(tx: &mut Tx<'_>, people: &[Id]) -> Result<bool, DbError> {
    let keys: Vec<Value<'_>> = people.iter().map(|person| v(*person)).collect();
    let sql = "SELECT COUNT(*) FROM payment WHERE person_id IN (#)
               AND (held OR state IN ('approved', 'reserved', 'intent', 'sent', 'unknown')
                    OR (state = 'returned' AND reissued_as IS NULL))";
    let mut count = 0i64;
    for row in tx.query_in(sql, &keys)? {
        count += row.get::<i64>(0)?;
    }
    Ok(count > 0)
}

/// Payments that are tallied in one statement: grouping needs memory for each.
const TALLY: i64 = 200_000;

/// A batch's payments by state and marks, for the comparison with the books.
///
/// # Errors
/// See [`DbError`].
pub fn tally(tx: &mut Tx<'_>, batch: &Batch) -> Result<Vec<(Payment, Sum)>, DbError> {
    let sql = "SELECT state, held, reissued_as IS NOT NULL, overpaid, recovered, COUNT(*),
                   CAST(SUM(amount_fen) AS BIGINT), CAST(SUM(recovered_fen) AS BIGINT)
               FROM payment WHERE id > $1 AND id <= $2
               GROUP BY state, held, reissued_as IS NOT NULL, overpaid, recovered";
    let read = |row: &Row| {
        let state: String = row.get(0)?;
        let payment = Payment {
            state: known(State::from_code(&state), "state of a payment")?,
            fen: 0,
            held: row.get(1)?,
            reissued: row.get(2)?,
            overpaid: row.get(3)?,
            recovered: row.get(4)?,
            part: row.get(7)?,
        };
        Ok::<_, DbError>((payment, Sum { count: row.get(5)?, fen: row.get(6)? }))
    };
    let (mut all, mut line) = (Vec::new(), 0);
    while line < batch.last_line {
        let to = (line + TALLY).min(batch.last_line);
        for row in tx.query(sql, &[v(batch.payment(line)), v(batch.payment(to))])? {
            all.push(read(&row)?);
        }
        line = to;
    }
    Ok(all)
}

/// What a bank needs of one payment that is about to leave.
pub struct Outgoing {
    /// Payment.
    pub id: Id,
    /// Person.
    pub person: Id,
    /// Card.
    pub card: Id,
    /// Bank.
    pub bank: Id,
    /// Amount in fen.
    pub fen: i64,
    /// Name of the person.
    pub name: String,
    /// State of the account at that bank, as stored; empty when there is none.
    pub account_state: String,
    /// Its sealed number.
    pub number: Option<Vec<u8>>,
}

/// Payments of a range that are ready to leave, with name and account; not those of people who are
/// frozen for money (Art. 20).
///
/// # Errors
/// See [`DbError`].
pub fn outgoing(tx: &mut Tx<'_>, from: i64, to: i64) -> Result<Vec<Outgoing>, DbError> {
    let sql = format!(
        "SELECT p.id, p.person_id, p.card_id, p.bank_id, p.amount_fen, n.name,
                   COALESCE(a.state, ''), a.number
               FROM payment p JOIN person n ON n.id = p.person_id
               LEFT JOIN bank_account a ON a.person_id = p.person_id AND a.card_id = p.card_id
                   AND a.bank_id = p.bank_id
               WHERE p.id > $1 AND p.id <= $2 AND p.state = 'reserved' AND NOT p.held
                 AND p.file_id IS NULL AND NOT {}
               ORDER BY p.id",
        is_frozen("p.person_id")
    );
    let rows = tx.query(&sql, &[v(from), v(to)])?;
    let read = |row: &Row| {
        Ok(Outgoing {
            id: row.get(0)?,
            person: row.get(1)?,
            card: row.get(2)?,
            bank: row.get(3)?,
            fen: row.get(4)?,
            name: row.get(5)?,
            account_state: row.get(6)?,
            number: row.get(7)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Marks the payments of one bank between two ids, which count too, as leaving in a file; returns their number.
///
/// # Errors
/// See [`DbError`].
pub fn put_into_file(
    tx: &mut Tx<'_>,
    file: Id,
    bank: Id,
    ends: (i64, i64),
    now: Utc,
) -> Result<u64, DbError> {
    let sql = format!(
        "UPDATE payment SET state = 'intent', file_id = $1, changed_at = $2,
                   version = version + 1
               WHERE id >= $3 AND id <= $4 AND bank_id = $5 AND state = 'reserved' AND NOT held
                 AND file_id IS NULL AND NOT {}",
        is_frozen("payment.person_id")
    );
    tx.execute(&sql, &[v(file), v(now), v(ends.0), v(ends.1), v(bank)])
}

/// Payments that cannot leave come back at once.
///
/// # Errors
/// See [`DbError`].
pub fn turn_back(tx: &mut Tx<'_>, ids: &[Id]) -> Result<u64, DbError> {
    let keys: Vec<Value<'_>> = ids.iter().map(|id| v(*id)).collect();
    let sql = "UPDATE payment SET state = 'returned', ended = id, reason = 'no-account',
                   version = version + 1
               WHERE id IN (#) AND state = 'reserved' AND NOT held";
    let mut changed = 0;
    // The list is padded with its last key; a row changes once all the same.
    for chunk in keys.chunks(256) {
        changed += tx.execute_in(sql, chunk)?;
    }
    Ok(changed)
}

/// The lines of a refused file may be put into another one.
///
/// # Errors
/// See [`DbError`].
pub fn take_out_of_file(tx: &mut Tx<'_>, file: Id, ends: (i64, i64)) -> Result<u64, DbError> {
    let sql = "UPDATE payment SET file_id = NULL, version = version + 1
               WHERE file_id = $1 AND id >= $2 AND id <= $3 AND state = 'reserved' AND NOT held";
    tx.execute(sql, &[v(file), v(ends.0), v(ends.1)])
}

/// How many payments of a file are still at the bank.
///
/// # Errors
/// See [`DbError`].
pub fn out_of_file(tx: &mut Tx<'_>, file: Id, ends: (i64, i64)) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM payment WHERE file_id = $1 AND id >= $2 AND id <= $3
               AND state IN ('intent', 'sent', 'unknown')";
    tx.one(sql, &[v(file), v(ends.0), v(ends.1)])?.get(0)
}

/// Name and phone of people, for messages.
///
/// # Errors
/// See [`DbError`].
pub fn phones(tx: &mut Tx<'_>, people: &[Id]) -> Result<Vec<(Id, String)>, DbError> {
    let keys: Vec<Value<'_>> = people.iter().map(|id| v(*id)).collect();
    let rows = tx.query_in("SELECT id, phone FROM person WHERE id IN (#)", &keys)?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
