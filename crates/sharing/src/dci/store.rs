//! All SQL of the Social Registry API.

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Row, Tx, sealed, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::notify::Subscription;

/// A message under an agreement.
#[derive(Clone, Debug)]
pub struct Txn {
    /// The agreement.
    pub agreement: Id,
    /// The sender's id.
    pub txn: String,
    /// `search`, `subscribe`, `unsubscribe`.
    pub kind: String,
    /// Keyed digest of what was asked.
    pub digest: [u8; 32],
    /// This platform's id: the correlation id.
    pub id: Id,
    /// The program that asked.
    pub actor: Actor,
    /// Id of the message.
    pub message_id: String,
    /// Its sender, as it calls itself.
    pub sender: String,
    /// The request, sealed.
    pub request: Option<Vec<u8>>,
    /// The answer, sealed.
    pub answer: Option<Vec<u8>>,
    /// Whether the answer goes to the agreement's address.
    pub calls_back: bool,
    /// `received`, `answered`, `told`, `dead`.
    pub state: String,
    /// Attempts to bring the answer.
    pub tries: i64,
    /// When it came.
    pub at: Utc,
}

const COLUMNS: &str = "agreement_id, txn, kind, digest, id, account_id, org_id, name, message_id, \
     sender, request, answer, calls_back, state, tries, at";

fn read(row: &Row) -> Result<Txn, DbError> {
    let actor = Actor {
        account: row.get(5)?,
        name: row.get(7)?,
        role: Role::DepartmentOfficer,
        org: Some(row.get(6)?),
        division: String::new(),
        person: None,
    };
    Ok(Txn {
        agreement: row.get(0)?,
        txn: row.get(1)?,
        kind: row.get(2)?,
        digest: row.get(3)?,
        id: row.get(4)?,
        actor,
        message_id: row.get(8)?,
        sender: row.get(9)?,
        request: row.get(10)?,
        answer: row.get(11)?,
        calls_back: row.get(12)?,
        state: row.get(13)?,
        tries: row.get(14)?,
        at: row.get(15)?,
    })
}

/// Keeps a message; false when this transaction is there already.
pub fn insert(tx: &mut Tx<'_>, one: &Txn) -> Result<bool, DbError> {
    let sql = format!(
        "INSERT INTO dci_txn ({COLUMNS}, next_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0)
         ON CONFLICT (agreement_id, txn, kind) DO NOTHING"
    );
    let values = [
        v(one.agreement),
        v(&one.txn),
        v(&one.kind),
        v(&one.digest),
        v(one.id),
        v(one.actor.account),
        v(one.actor.org.unwrap_or(Id(0))),
        v(&one.actor.name),
        v(&one.message_id),
        v(&one.sender),
        v(one.request.as_deref()),
        v(one.answer.as_deref()),
        v(one.calls_back),
        v(&one.state),
        v(one.tries),
        v(one.at),
    ];
    Ok(tx.execute(&sql, &values)? == 1)
}

/// A transaction of an agreement.
pub fn by_txn(
    tx: &mut Tx<'_>,
    agreement: Id,
    kind: &str,
    txn: &str,
) -> Result<Option<Txn>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM dci_txn WHERE agreement_id = $1 AND kind = $2 AND txn = $3");
    tx.optional(&sql, &[v(agreement), v(kind), v(txn)])?.as_ref().map(read).transpose()
}

/// The transaction with this correlation id.
pub fn by_id(tx: &mut Tx<'_>, agreement: Id, kind: &str, id: Id) -> Result<Option<Txn>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM dci_txn WHERE agreement_id = $1 AND kind = $2 AND id = $3");
    tx.optional(&sql, &[v(agreement), v(kind), v(id)])?.as_ref().map(read).transpose()
}

/// What is to be answered, or whose answer is to be brought.
pub fn due(tx: &mut Tx<'_>, now: Utc, most: i64) -> Result<Vec<Txn>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM dci_txn
         WHERE (state = 'received' OR (state = 'answered' AND calls_back)) AND next_at <= $1
         ORDER BY at LIMIT $2"
    );
    tx.query(&sql, &[v(now), v(most)])?.iter().map(read).collect()
}

/// Keeps the answer; the request is forgotten.
pub fn answered(tx: &mut Tx<'_>, one: &Txn, sealed: &[u8]) -> Result<(), DbError> {
    let sql = "UPDATE dci_txn SET answer = $1, request = NULL, state = 'answered'
               WHERE id = $2 AND state = 'received'";
    tx.execute(sql, &[v(sealed), v(one.id)]).map(drop)
}

/// Notes how an attempt to bring the answer went.
pub fn after_attempt(tx: &mut Tx<'_>, id: Id, state: &str, next: Utc) -> Result<(), DbError> {
    let sql = "UPDATE dci_txn SET state = $1, tries = tries + 1, next_at = $2 WHERE id = $3";
    tx.execute(sql, &[v(state), v(next), v(id)]).map(drop)
}

/// Forgets what was answered before.
pub fn forget(tx: &mut Tx<'_>, before: Utc) -> Result<u64, DbError> {
    tx.execute("DELETE FROM dci_txn WHERE at < $1 AND state <> 'received'", &[v(before)])
}

/// Keeps the code of a subscription.
pub fn insert_code(
    tx: &mut Tx<'_>,
    code: &str,
    agreement: Id,
    (number, card_number): (&str, &str),
    (person, reg_type): (Option<Id>, &str),
    now: Utc,
) -> Result<(), DbError> {
    let sql =
        "INSERT INTO dci_subscription (code, agreement_id, number, card_number, at, person_id,
                   reg_type) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (number, card_number) = (sealed(number), sealed(card_number));
    let values = [v(code), v(agreement), number, card_number, v(now), v(person), v(reg_type)];
    tx.execute(sql, &values).map(drop)
}

/// The newest subscription to a person's changes under an agreement.
pub fn watched_by(
    tx: &mut Tx<'_>,
    agreement: Id,
    person: Id,
) -> Result<Option<Subscription>, DbError> {
    let sql = "SELECT code, reg_type FROM dci_subscription
               WHERE agreement_id = $1 AND person_id = $2 ORDER BY at DESC, code LIMIT 1";
    let row = tx.optional(sql, &[v(agreement), v(person)])?;
    row.map(|row| Ok(Subscription { code: row.get(0)?, reg_type: row.get(1)? })).transpose()
}

/// The numbers behind a code of an agreement.
pub fn of_code(
    tx: &mut Tx<'_>,
    agreement: Id,
    code: &str,
) -> Result<Option<(String, String)>, DbError> {
    let sql =
        "SELECT number, card_number FROM dci_subscription WHERE code = $1 AND agreement_id = $2";
    let row = tx.optional(sql, &[v(code), v(agreement)])?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Deletes a code.
pub fn delete_code(tx: &mut Tx<'_>, code: &str) -> Result<(), DbError> {
    tx.execute("DELETE FROM dci_subscription WHERE code = $1", &[v(code)]).map(drop)
}
