//! Intents: what banks were asked, and what became of it.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::keys::Keys;
use kernel::time::Utc;

use super::{known, month_of};
use crate::port::Body;
use crate::rules::{Operation, RequestState};

/// One request to a bank; its id is the idempotency key there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose account it concerns.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// The card.
    pub card: Id,
    /// The bank.
    pub bank: Id,
    /// What is asked.
    pub operation: Operation,
    /// How far it has come.
    pub state: RequestState,
    /// How often it was sent or asked after.
    pub sends: i64,
    /// When it is due again.
    pub next_at: Utc,
    /// When it was written.
    pub created_at: Utc,
    /// When it was first sent.
    pub sent_at: Option<Utc>,
    /// When its final answer came.
    pub answered_at: Option<Utc>,
    /// State or reason of the final answer; empty before.
    pub answer: String,
    /// Rises with each change.
    pub version: i64,
}

const COLUMNS: &str = "person_id, id, card_id, bank_id, operation, state, sends, next_at, \
     created_at, sent_at, answered_at, answer, version";

fn read(row: &Row) -> Result<Request, DbError> {
    Ok(Request {
        person: row.get(0)?,
        id: row.get(1)?,
        card: row.get(2)?,
        bank: row.get(3)?,
        operation: known(Operation::from_code(&row.get::<String>(4)?), "operation")?,
        state: known(RequestState::from_code(&row.get::<String>(5)?), "request state")?,
        sends: row.get(6)?,
        next_at: row.get(7)?,
        created_at: row.get(8)?,
        sent_at: row.get(9)?,
        answered_at: row.get(10)?,
        answer: row.get(11)?,
        version: row.get(12)?,
    })
}

/// What binds a sealed body to its row.
fn context(id: Id) -> Vec<u8> {
    format!("bank_request {id}").into_bytes()
}

/// Writes an intent.
///
/// # Errors
/// [`DbError::Unique`] when a change of this account is under way.
pub fn insert(tx: &mut Tx<'_>, keys: &Keys, request: &Request, body: &Body) -> Result<(), DbError> {
    let plain = serde_json::to_vec(body).map_err(|error| DbError::Engine(error.to_string()))?;
    tx.execute(
        "INSERT INTO bank_request (person_id, id, card_id, bank_id, operation, state, body, sends,
             next_at, month, created_at, was_unknown, answer, version)
         VALUES ($1, $2, $3, $4, $5, 'waiting', $6, 0, $7, $8, $9, $10, '', 1)",
        &[
            v(request.person),
            v(request.id),
            v(request.card),
            v(request.bank),
            v(request.operation.code()),
            v(keys.seal_field(&plain, &context(request.id))),
            v(request.next_at),
            v(month_of(request.created_at)),
            v(request.created_at),
            v(false),
        ],
    )
    .map(drop)
}

/// What was asked, as it was when it was asked; `None` once the final answer is there.
///
/// # Errors
/// See [`DbError`].
pub fn body(tx: &mut Tx<'_>, keys: &Keys, request: &Request) -> Result<Option<Body>, DbError> {
    let sql = "SELECT body FROM bank_request WHERE person_id = $1 AND id = $2";
    let sealed: Option<Vec<u8>> = tx.one(sql, &[v(request.person), v(request.id)])?.get(0)?;
    let Some(sealed) = sealed else { return Ok(None) };
    let plain = keys.open_field(&sealed, &context(request.id));
    let body = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    known(body, "request").map(Some)
}

/// One request by its id alone: answers name nothing else.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Request>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM bank_request WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// The requests of a card, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_card(tx: &mut Tx<'_>, person: Id, card: Id) -> Result<Vec<Request>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bank_request WHERE person_id = $1 AND card_id = $2
         ORDER BY id DESC LIMIT 200"
    );
    tx.query(&sql, &[v(person), v(card)])?.iter().map(read).collect()
}

/// What is due at a bank and has come so far.
///
/// # Errors
/// See [`DbError`].
pub fn due(
    tx: &mut Tx<'_>,
    bank: Id,
    state: RequestState,
    now: Utc,
    most: i64,
) -> Result<Vec<Request>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bank_request
         WHERE bank_id = $1 AND state = $2 AND next_at <= $3 ORDER BY id LIMIT $4"
    );
    let rows = tx.query(&sql, &[v(bank), v(state.code()), v(now), v(most)])?;
    rows.iter().map(read).collect()
}

/// Whether anything is due at a bank.
///
/// # Errors
/// See [`DbError`].
pub fn any_due(tx: &mut Tx<'_>, bank: Id, now: Utc) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM bank_request WHERE bank_id = $1 AND next_at <= $2
                 AND state IN ('waiting', 'sent', 'unknown') LIMIT 1";
    Ok(tx.optional(sql, &[v(bank), v(now)])?.is_some())
}

/// Notes that a request leaves or is asked after, and when it is due again.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn leaving(
    tx: &mut Tx<'_>,
    request: &Request,
    state: RequestState,
    next: Utc,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE bank_request SET state = $1, next_at = $2, sends = sends + 1,
                      sent_at = COALESCE(sent_at, $3), version = version + 1
               WHERE person_id = $4 AND id = $5 AND version = $6";
    let (person, id, version) = (request.person, request.id, request.version);
    tx.execute_one(sql, &[v(state.code()), v(next), v(now), v(person), v(id), v(version)])
}

/// A request gets another state that is not final; `unknown` stays on record for the figures.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_state(
    tx: &mut Tx<'_>,
    request: &Request,
    state: RequestState,
    next: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE bank_request SET state = $1, next_at = $2,
                      was_unknown = (was_unknown OR $3), version = version + 1
               WHERE person_id = $4 AND id = $5 AND version = $6";
    let unknown = state == RequestState::Unknown;
    let (person, id, version) = (request.person, request.id, request.version);
    tx.execute_one(sql, &[v(state.code()), v(next), v(unknown), v(person), v(id), v(version)])
}

/// The final answer; what was asked is forgotten with it (Art. 19).
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn finish(
    tx: &mut Tx<'_>,
    request: &Request,
    state: RequestState,
    answer: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE bank_request SET state = $1, answer = $2, answered_at = $3, body = NULL,
                      version = version + 1
               WHERE person_id = $4 AND id = $5 AND version = $6";
    let (person, id, version) = (request.person, request.id, request.version);
    tx.execute_one(sql, &[v(state.code()), v(answer), v(now), v(person), v(id), v(version)])
}

/// Whether a later request changed the card's account, or stopped it: whatever became of that,
/// somebody said that the card is lost or locked.
///
/// # Errors
/// See [`DbError`].
pub fn overtaken(tx: &mut Tx<'_>, request: &Request) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM bank_request
               WHERE person_id = $1 AND card_id = $2 AND id > $3
                 AND ((state = 'done' AND operation NOT IN ('check', 'status'))
                      OR operation IN ('report_loss', 'freeze')) LIMIT 1";
    let row = tx.optional(sql, &[v(request.person), v(request.card), v(request.id)])?;
    Ok(row.is_some())
}

/// Requests without an answer since before `since` for which no alarm is open, nor was closed by hand
/// after `quiet_since`.
///
/// # Errors
/// See [`DbError`].
pub fn unanswered(
    tx: &mut Tx<'_>,
    since: Utc,
    quiet_since: Utc,
    most: i64,
) -> Result<Vec<Request>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bank_request
         WHERE state IN ('waiting', 'sent', 'unknown') AND created_at <= $1
           AND NOT EXISTS (SELECT 1 FROM bank_alarm a
                           WHERE a.person_id = bank_request.person_id
                             AND a.card_id = bank_request.card_id
                             AND a.kind = 'no-answer'
                             AND (a.closed_at IS NULL
                                  OR (a.closed_by <> 'agreed' AND a.closed_at > $2)))
         ORDER BY id LIMIT $3"
    );
    tx.query(&sql, &[v(since), v(quiet_since), v(most)])?.iter().map(read).collect()
}

/// Whether a card has requests without a final answer.
///
/// # Errors
/// See [`DbError`].
pub fn any_open(tx: &mut Tx<'_>, person: Id, card: Id) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM bank_request WHERE person_id = $1 AND card_id = $2
                 AND state IN ('waiting', 'sent', 'unknown') LIMIT 1";
    Ok(tx.optional(sql, &[v(person), v(card)])?.is_some())
}
