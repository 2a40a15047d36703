//! Bill payments, their ledger and what people must look at.

use std::collections::BTreeMap;

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::platform::Platform;
use kernel::time::{Utc, day_text};

use super::known;
use crate::bills::rules::{Account, Payment, Posting, State};

/// A stored payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Whose.
    pub person: Id,
    /// Its id: the key at bank and biller.
    pub id: Id,
    /// Account at the biller.
    pub account: Id,
    /// Biller.
    pub biller: Id,
    /// The biller's number of the bill.
    pub bill: String,
    /// What it is for.
    pub period: String,
    /// What the rules know.
    pub payment: Payment,
    /// Bank of the card's account.
    pub bank: Id,
    /// Card.
    pub card: Id,
    /// The authorisation under which it was debited.
    pub mandate: Option<Id>,
    /// Account of who asked for it.
    pub made_by: Id,
    /// Digest of what leaves.
    pub digest: Vec<u8>,
    /// The biller's receipt.
    pub biller_ref: String,
    /// The bank's number.
    pub bank_ref: String,
    /// Why it failed or is given back.
    pub reason: String,
    /// Tries since the last change.
    pub tries: i64,
    /// Made.
    pub created_at: Utc,
    /// Last change.
    pub changed_at: Utc,
    /// Rises with each change.
    pub version: i64,
}

const COLUMNS: &str = "person_id, id, account_id, biller_id, bill_number, period, fen, state, backs, posted, \
     bank_id, card_id, mandate_id, made_by, digest, biller_ref, bank_ref, reason, tries, created_at, \
     changed_at, version, taken, released, offered";

fn read(row: &Row) -> Result<Stored, DbError> {
    Ok(Stored {
        person: row.get(0)?,
        id: row.get(1)?,
        account: row.get(2)?,
        biller: row.get(3)?,
        bill: row.get(4)?,
        period: row.get(5)?,
        payment: Payment {
            fen: row.get(6)?,
            state: known(State::from_code(&row.get::<String>(7)?), "state of a bill payment")?,
            backs: row.get(8)?,
            posted: row.get(9)?,
            taken: row.get(22)?,
            released: row.get(23)?,
            offered: row.get(24)?,
        },
        bank: row.get(10)?,
        card: row.get(11)?,
        mandate: row.get(12)?,
        made_by: row.get(13)?,
        digest: row.get(14)?,
        biller_ref: row.get(15)?,
        bank_ref: row.get(16)?,
        reason: row.get(17)?,
        tries: row.get(18)?,
        created_at: row.get(19)?,
        changed_at: row.get(20)?,
        version: row.get(21)?,
    })
}

/// Enters an intent with its sealed order. `false` when the bill is paid, or being paid, already.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, one: &Stored, body: Vec<u8>, now: Utc) -> Result<bool, DbError> {
    let sql = "INSERT INTO bill_payment (person_id, id, account_id, biller_id, bill_number, period, month, fen,
                   state, backs, posted, bank_id, card_id, mandate_id, made_by, body, digest, biller_ref,
                   bank_ref, reason, tries, next_at, created_at, changed_at, taken, released, offered, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'intent', 0, $9, $10, $11, $12, $13, $14, $15, '', '',
                   '', 0, $16, $16, $16, $9, $9, $9, 1)
               ON CONFLICT DO NOTHING";
    let month = &day_text(now.day())[..7];
    let params = [
        v(one.person),
        v(one.id),
        v(one.account),
        v(one.biller),
        v(&one.bill),
        v(&one.period),
        v(month),
        v(one.payment.fen),
        v(false),
        v(one.bank),
        v(one.card),
        v(one.mandate),
        v(one.made_by),
        v(body),
        v(one.digest.as_slice()),
        v(now),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// Writes a changed payment.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, one: &Stored, next_at: Utc, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE bill_payment SET state = $1, backs = $2, posted = $3, biller_ref = $4, bank_ref = $5,
                   reason = $6, tries = $7, next_at = $8, changed_at = $9, taken = $13, released = $14, offered = $15,
                   version = version + 1
               WHERE person_id = $10 AND id = $11 AND version = $12";
    let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
    let params = [
        v(one.payment.state.code()),
        v(one.payment.backs),
        v(one.payment.posted),
        v(cut(&one.biller_ref)),
        v(cut(&one.bank_ref)),
        v(cut(&one.reason)),
        v(one.tries),
        v(next_at),
        v(now),
        v(one.person),
        v(one.id),
        v(one.version),
        v(one.payment.taken),
        v(one.payment.released),
        v(one.payment.offered),
    ];
    tx.execute_one(sql, &params)
}

/// Puts what leaves next in the place of what left before: the order of a refund.
///
/// # Errors
/// See [`DbError`].
pub fn set_body(
    tx: &mut Tx<'_>,
    one: &Stored,
    body: Vec<u8>,
    digest: &[u8],
) -> Result<(), DbError> {
    let sql = "UPDATE bill_payment SET body = $1, digest = $2 WHERE person_id = $3 AND id = $4";
    tx.execute_one(sql, &[v(body), v(digest), v(one.person), v(one.id)])
}

/// What leaves, sealed.
///
/// # Errors
/// See [`DbError`].
pub fn body(tx: &mut Tx<'_>, one: &Stored) -> Result<Option<Vec<u8>>, DbError> {
    let sql = "SELECT body FROM bill_payment WHERE person_id = $1 AND id = $2";
    tx.one(sql, &[v(one.person), v(one.id)])?.get(0)
}

/// Erases orders of finished payments: names and accounts are no longer needed (Art. 19).
///
/// # Errors
/// See [`DbError`].
pub fn erase_bodies(tx: &mut Tx<'_>, before: Utc) -> Result<u64, DbError> {
    let sql = "UPDATE bill_payment SET body = NULL WHERE body IS NOT NULL AND changed_at < $1
                   AND state IN ('failed', 'done', 'refunded')";
    tx.execute(sql, &[v(before)])
}

/// One payment by its id.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Stored>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM bill_payment WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Payments for which something is due, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn due(tx: &mut Tx<'_>, now: Utc, most: i64) -> Result<Vec<Stored>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bill_payment WHERE next_at <= $1
           AND state IN ('intent', 'sent', 'unknown', 'debited', 'owed', 'returning')
         ORDER BY next_at LIMIT $2"
    );
    tx.query(&sql, &[v(now), v(most)])?.iter().map(read).collect()
}

/// A holder's payments, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id, most: i64) -> Result<Vec<Stored>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bill_payment WHERE person_id = $1 ORDER BY id DESC LIMIT $2"
    );
    tx.query(&sql, &[v(person), v(most)])?.iter().map(read).collect()
}

/// The newest payments in a state, or all.
///
/// # Errors
/// See [`DbError`].
pub fn newest(tx: &mut Tx<'_>, state: Option<State>, most: i64) -> Result<Vec<Stored>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bill_payment WHERE ($1 = '' OR state = $1) ORDER BY id DESC LIMIT $2"
    );
    let state = state.map_or("", State::code);
    tx.query(&sql, &[v(state), v(most)])?.iter().map(read).collect()
}

/// What was or is being debited under an authorisation in a month, fen.
///
/// # Errors
/// See [`DbError`].
pub fn month_of(tx: &mut Tx<'_>, person: Id, mandate: Id, month: &str) -> Result<i64, DbError> {
    let sql = "SELECT CAST(COALESCE(SUM(fen), 0) AS BIGINT) FROM bill_payment
               WHERE person_id = $1 AND mandate_id = $2 AND month = $3 AND state <> 'failed'";
    tx.one(sql, &[v(person), v(mandate), v(month)])?.get(0)
}

/// What a biller had of us on the days between two moments: id, fen, bill.
///
/// # Errors
/// See [`DbError`].
pub fn posted_between(
    tx: &mut Tx<'_>,
    biller: Id,
    from: Utc,
    to: Utc,
) -> Result<BTreeMap<Id, i64>, DbError> {
    let sql = "SELECT e.payment_id, e.fen FROM bill_entry e
               WHERE e.biller_id = $1 AND e.kind = 'post' AND e.at >= $2 AND e.at < $3";
    let rows = tx.query(sql, &[v(biller), v(from), v(to)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Books an entry.
///
/// # Errors
/// See [`DbError`].
pub fn post(
    tx: &mut Tx<'_>,
    app: &Platform,
    one: &Stored,
    kind: &str,
    posting: Posting,
    entry: Id,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO bill_entry (id, at, day, kind, debit, credit, fen, payment_id, biller_id, entry_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let params = [
        v(app.id()),
        v(now),
        v(day_text(now.day())),
        v(kind),
        v(posting.debit.code()),
        v(posting.credit.code()),
        v(one.payment.fen),
        v(one.id),
        v(one.biller),
        v(entry),
    ];
    tx.execute(sql, &params).map(drop)
}

/// A line of the ledger.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub at: Utc,
    /// What happened.
    pub kind: String,
    /// Account that received.
    pub debit: Account,
    /// Account that gave.
    pub credit: Account,
    /// Fen.
    pub fen: i64,
    /// Journal entry.
    pub entry: Id,
}

/// All entries of a payment, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn lines(tx: &mut Tx<'_>, payment: Id) -> Result<Vec<Line>, DbError> {
    let sql = "SELECT at, kind, debit, credit, fen, entry_id FROM bill_entry WHERE payment_id = $1 ORDER BY id";
    let read = |row: &Row| {
        Ok(Line {
            at: row.get(0)?,
            kind: row.get(1)?,
            debit: known(Account::from_code(&row.get::<String>(2)?), "account")?,
            credit: known(Account::from_code(&row.get::<String>(3)?), "account")?,
            fen: row.get(4)?,
            entry: row.get(5)?,
        })
    };
    tx.query(sql, &[v(payment)])?.iter().map(read).collect()
}

/// Balance of each account as the ledger has it, and as the payments have it: they must be the same.
///
/// # Errors
/// See [`DbError`].
pub fn balances(tx: &mut Tx<'_>) -> Result<Vec<(Account, i64, i64)>, DbError> {
    let mut books: BTreeMap<String, i64> = BTreeMap::new();
    let sql =
        "SELECT debit, credit, CAST(SUM(fen) AS BIGINT) FROM bill_entry GROUP BY debit, credit";
    for row in tx.query(sql, &[])? {
        let fen: i64 = row.get(2)?;
        *books.entry(row.get(0)?).or_default() += fen;
        *books.entry(row.get(1)?).or_default() -= fen;
    }
    let mut stands: BTreeMap<Account, i64> = BTreeMap::new();
    let sql = "SELECT state, CAST(SUM(fen) AS BIGINT) FROM bill_payment GROUP BY state";
    for row in tx.query(sql, &[])? {
        let state = known(State::from_code(&row.get::<String>(0)?), "state of a bill payment")?;
        let fen: i64 = row.get(1)?;
        if let Some(account) = state.account() {
            *stands.entry(account).or_default() += fen;
            *stands.entry(Account::Holder).or_default() -= fen;
        }
    }
    let of = |account: Account| {
        let booked = books.get(account.code()).copied().unwrap_or_default();
        (account, booked, stands.get(&account).copied().unwrap_or_default())
    };
    Ok(Account::ALL.into_iter().map(of).collect())
}

/// Payments of each biller and state: lines and fen.
///
/// # Errors
/// See [`DbError`].
pub fn figures(tx: &mut Tx<'_>) -> Result<Vec<(Id, State, i64, i64)>, DbError> {
    let sql = "SELECT biller_id, state, COUNT(*), CAST(SUM(fen) AS BIGINT) FROM bill_payment
               GROUP BY biller_id, state ORDER BY biller_id, state";
    let read = |row: &Row| {
        let state = known(State::from_code(&row.get::<String>(1)?), "state of a bill payment")?;
        Ok((row.get(0)?, state, row.get(2)?, row.get(3)?))
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// Something that people must look at.
#[derive(Clone, Debug)]
pub struct Exception {
    /// Its id.
    pub id: Id,
    /// `contradicts`, `amount`, `missing-there`, `unknown-there`, `refund`.
    pub kind: String,
    /// Biller.
    pub biller: Id,
    /// Payment; `Id(0)` for none.
    pub payment: Id,
    /// What was told.
    pub told: String,
    /// `open`, `asked`, `closed`.
    pub state: String,
    /// What was asked for.
    pub action: String,
    /// When.
    pub opened_at: Utc,
    /// Who asked.
    pub asked_by: Option<Id>,
    /// His name.
    pub asked_name: String,
}

/// Opens an exception, unless the same is open. `true` when it is new.
///
/// # Errors
/// See [`DbError`].
pub fn open(
    tx: &mut Tx<'_>,
    id: Id,
    kind: &str,
    (biller, payment): (Id, Id),
    told: &str,
    now: Utc,
) -> Result<bool, DbError> {
    let told: String = told.chars().filter(|c| !c.is_control()).take(200).collect();
    let sql = "INSERT INTO bill_exception (id, kind, biller_id, payment_id, told, state, action, opened_at,
                   asked_name, closed_name) VALUES ($1, $2, $3, $4, $5, 'open', '', $6, '', '')
               ON CONFLICT DO NOTHING";
    let params = [v(id), v(kind), v(biller), v(payment), v(told), v(now)];
    Ok(tx.execute(sql, &params)? == 1)
}

const EXCEPTION: &str =
    "id, kind, biller_id, payment_id, told, state, action, opened_at, asked_by, asked_name";

fn read_exception(row: &Row) -> Result<Exception, DbError> {
    Ok(Exception {
        id: row.get(0)?,
        kind: row.get(1)?,
        biller: row.get(2)?,
        payment: row.get(3)?,
        told: row.get(4)?,
        state: row.get(5)?,
        action: row.get(6)?,
        opened_at: row.get(7)?,
        asked_by: row.get(8)?,
        asked_name: row.get(9)?,
    })
}

/// Exceptions that wait, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn exceptions(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Exception>, DbError> {
    let sql = format!(
        "SELECT {EXCEPTION} FROM bill_exception WHERE state <> 'closed' ORDER BY id LIMIT $1"
    );
    tx.query(&sql, &[v(most)])?.iter().map(read_exception).collect()
}

/// One exception that waits.
///
/// # Errors
/// See [`DbError`].
pub fn exception(tx: &mut Tx<'_>, id: Id) -> Result<Option<Exception>, DbError> {
    let sql = format!("SELECT {EXCEPTION} FROM bill_exception WHERE id = $1 AND state <> 'closed'");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read_exception).transpose()
}

/// Somebody asks for an action.
///
/// # Errors
/// [`DbError::Conflict`] when somebody was quicker.
pub fn ask(tx: &mut Tx<'_>, id: Id, action: &str, by: Id, name: &str) -> Result<(), DbError> {
    let sql =
        "UPDATE bill_exception SET state = 'asked', action = $1, asked_by = $2, asked_name = $3
               WHERE id = $4 AND state = 'open'";
    tx.execute_one(sql, &[v(action), v(by), v(name), v(id)])
}

/// Somebody else decided: closed with yes, open again with no.
///
/// # Errors
/// [`DbError::Conflict`] when somebody was quicker.
pub fn decide(
    tx: &mut Tx<'_>,
    id: Id,
    yes: bool,
    by: Id,
    name: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = match yes {
        true => {
            "UPDATE bill_exception SET state = 'closed', closed_by = $1, closed_name = $2, closed_at = $3
             WHERE id = $4 AND state = 'asked'"
        }
        false => {
            "UPDATE bill_exception SET state = 'open', action = '', asked_by = NULL, asked_name = ''
             WHERE id = $1 AND state = 'asked'"
        }
    };
    match yes {
        true => tx.execute_one(sql, &[v(by), v(name), v(now), v(id)]),
        false => tx.execute_one(sql, &[v(id)]),
    }
}
