//! All SQL of wallets.

use cards::rules::clocks::State;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::status::Status;

/// An offer to put the card into a wallet.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Whose card.
    pub person: Id,
    /// Digest of the digits.
    pub pin: [u8; 32],
    /// Wrong digits so far.
    pub tries: i64,
    /// It was changed into a token.
    pub used: bool,
}

/// Keeps an offer, and forgets the holder's others.
///
/// # Errors
/// See [`DbError`].
pub fn insert_offer(
    tx: &mut Tx<'_>,
    code: &[u8],
    person: Id,
    pin: &[u8],
    until: Utc,
) -> Result<(), DbError> {
    tx.execute("DELETE FROM wallet_offer WHERE person_id = $1", &[v(person)])?;
    let sql = "INSERT INTO wallet_offer (code, person_id, pin, tries, until)
               VALUES ($1, $2, $3, 0, $4)";
    tx.execute(sql, &[v(code), v(person), v(pin), v(until)]).map(drop)
}

/// The offer of a code, while it is good.
///
/// # Errors
/// See [`DbError`].
pub fn offer(tx: &mut Tx<'_>, code: &[u8], now: Utc) -> Result<Option<Offer>, DbError> {
    let sql =
        "SELECT person_id, pin, tries, token FROM wallet_offer WHERE code = $1 AND until > $2";
    let row = tx.optional(sql, &[v(code), v(now)])?;
    let read = |row: Row| {
        let (pin, token): (Vec<u8>, Option<Vec<u8>>) = (row.get(1)?, row.get(3)?);
        let pin = pin.try_into().map_err(|_| DbError::Engine("a digest".to_owned()))?;
        Ok(Offer { person: row.get(0)?, pin, tries: row.get(2)?, used: token.is_some() })
    };
    row.map(read).transpose()
}

/// Counts a try of the digits.
///
/// # Errors
/// See [`DbError`].
pub fn count_try(tx: &mut Tx<'_>, code: &[u8]) -> Result<(), DbError> {
    tx.execute("UPDATE wallet_offer SET tries = tries + 1 WHERE code = $1", &[v(code)]).map(drop)
}

/// Changes a code into a token, once.
///
/// # Errors
/// See [`DbError`].
pub fn use_offer(tx: &mut Tx<'_>, code: &[u8], token: &[u8], until: Utc) -> Result<bool, DbError> {
    let sql = "UPDATE wallet_offer SET token = $1, until = $2 WHERE code = $3 AND token IS NULL";
    Ok(tx.execute(sql, &[v(token), v(until), v(code)])? == 1)
}

/// Whose credential a token may fetch.
///
/// # Errors
/// See [`DbError`].
pub fn person_of_token(tx: &mut Tx<'_>, token: &[u8], now: Utc) -> Result<Option<Id>, DbError> {
    let sql = "SELECT person_id FROM wallet_offer WHERE token = $1 AND until > $2";
    let row = tx.optional(sql, &[v(token), v(now)])?;
    row.map(|row| row.get(0)).transpose()
}

/// Uses a token up; false when it was.
///
/// # Errors
/// See [`DbError`].
pub fn use_token(tx: &mut Tx<'_>, token: &[u8]) -> Result<bool, DbError> {
    Ok(tx.execute("DELETE FROM wallet_offer WHERE token = $1", &[v(token)])? == 1)
}

/// A credential in a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Whose.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// Of which electronic card.
    pub ecard: Id,
    /// Status list.
    pub list: i64,
    /// Place in it.
    pub place: i64,
    /// Thumbprint of the wallet's key.
    pub holder: String,
    /// When.
    pub issued_at: Utc,
    /// Last moment.
    pub expires_at: Utc,
    /// Taken back by the holder.
    pub revoked: bool,
}

/// The list that places are drawn from now.
///
/// # Errors
/// See [`DbError`].
pub fn last_list(tx: &mut Tx<'_>) -> Result<i64, DbError> {
    tx.one("SELECT COALESCE(MAX(list), 0) FROM wallet_credential", &[])?.get(0)
}

/// Enters a credential; false when its place is taken, and another is drawn.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, new: &Credential) -> Result<bool, DbError> {
    let sql = "INSERT INTO wallet_credential
                 (person_id, id, ecard_id, list, place, holder, issued_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    let row = [
        v(new.person),
        v(new.id),
        v(new.ecard),
        v(new.list),
        v(new.place),
        v(&new.holder),
        v(new.issued_at),
        v(new.expires_at),
    ];
    Ok(tx.execute(sql, &row)? == 1)
}

const CREDENTIAL: &str =
    "SELECT person_id, id, ecard_id, list, place, holder, issued_at, expires_at,
     revoked_at FROM wallet_credential";

fn credential(row: &Row) -> Result<Credential, DbError> {
    Ok(Credential {
        person: row.get(0)?,
        id: row.get(1)?,
        ecard: row.get(2)?,
        list: row.get(3)?,
        place: row.get(4)?,
        holder: row.get(5)?,
        issued_at: row.get(6)?,
        expires_at: row.get(7)?,
        revoked: row.get::<Option<Utc>>(8)?.is_some(),
    })
}

/// The credential at a place.
///
/// # Errors
/// See [`DbError`].
pub fn at(tx: &mut Tx<'_>, (list, place): (i64, i64)) -> Result<Option<Credential>, DbError> {
    let sql = format!("{CREDENTIAL} WHERE list = $1 AND place = $2");
    tx.optional(&sql, &[v(list), v(place)])?.as_ref().map(credential).transpose()
}

/// A holder's credentials that have not ended, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id, now: Utc) -> Result<Vec<Credential>, DbError> {
    let sql = format!(
        "{CREDENTIAL} WHERE person_id = $1 AND expires_at > $2 AND revoked_at IS NULL
         ORDER BY id DESC LIMIT 50"
    );
    tx.query(&sql, &[v(person), v(now)])?.iter().map(credential).collect()
}

/// Takes a credential back; false when there was none.
///
/// # Errors
/// See [`DbError`].
pub fn revoke(tx: &mut Tx<'_>, person: Id, id: Id, now: Utc) -> Result<bool, DbError> {
    let sql = "UPDATE wallet_credential SET revoked_at = $1
               WHERE person_id = $2 AND id = $3 AND revoked_at IS NULL";
    Ok(tx.execute(sql, &[v(now), v(person), v(id)])? == 1)
}

/// Places of a list whose credential is not good now, and why. The frozen are found from their side: they
/// are few.
///
/// # Errors
/// See [`DbError`].
pub fn not_valid(tx: &mut Tx<'_>, list: i64, now: Utc) -> Result<Vec<(i64, Status)>, DbError> {
    let sql = "SELECT c.place, e.state, c.revoked_at FROM wallet_credential c
               JOIN ecard e ON e.person_id = c.person_id AND e.id = c.ecard_id
               WHERE c.list = $1 AND c.expires_at > $2
                 AND (e.state <> 'on' OR c.revoked_at IS NOT NULL)
               UNION
               SELECT c.place, e.state, c.revoked_at FROM person_freeze z
               JOIN wallet_credential c ON c.person_id = z.person_id AND c.expires_at > $2
               JOIN ecard e ON e.person_id = c.person_id AND e.id = c.ecard_id
               WHERE c.list = $1 AND z.lifted_at IS NULL AND z.scope IN ('all', 'identity')";
    let read = |row: &Row| {
        let (state, revoked): (String, Option<Utc>) = (row.get(1)?, row.get(2)?);
        let ended = revoked.is_some() || state == State::Ended.code();
        Ok((row.get(0)?, if ended { Status::Invalid } else { Status::Suspended }))
    };
    tx.query(sql, &[v(list), v(now)])?.iter().map(read).collect()
}

/// A terminal's question.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// Who asks.
    pub terminal: Id,
    /// For which item.
    pub item: String,
    /// Must stand in the key binding.
    pub nonce: String,
    /// `waiting`, `yes` or `no`.
    pub state: String,
    /// What was told, sealed.
    pub answer: Option<Vec<u8>>,
}

/// Keeps a question.
///
/// # Errors
/// See [`DbError`].
pub fn ask(tx: &mut Tx<'_>, request: &Request, until: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO wallet_request (id, terminal_id, item, nonce, until, state)
               VALUES ($1, $2, $3, $4, $5, 'waiting')";
    let Request { id, terminal, item, nonce, .. } = request;
    tx.execute(sql, &[v(id), v(*terminal), v(item), v(nonce), v(until)]).map(drop)
}

/// A question that has not ended.
///
/// # Errors
/// See [`DbError`].
pub fn request(tx: &mut Tx<'_>, id: &str, now: Utc) -> Result<Option<Request>, DbError> {
    let sql = "SELECT id, terminal_id, item, nonce, state, answer FROM wallet_request
               WHERE id = $1 AND until > $2";
    let read = |row: Row| {
        Ok(Request {
            id: row.get(0)?,
            terminal: row.get(1)?,
            item: row.get(2)?,
            nonce: row.get(3)?,
            state: row.get(4)?,
            answer: row.get(5)?,
        })
    };
    tx.optional(sql, &[v(id), v(now)])?.map(read).transpose()
}

/// Notes the answer, once.
///
/// # Errors
/// [`DbError::Conflict`] when it was answered meanwhile.
pub fn answer(tx: &mut Tx<'_>, id: &str, state: &str, answer: Vec<u8>) -> Result<(), DbError> {
    let sql =
        "UPDATE wallet_request SET state = $1, answer = $2 WHERE id = $3 AND state = 'waiting'";
    tx.execute_one(sql, &[v(state), v(answer), v(id)])
}

/// Forgets offers, questions and credentials that ended before a moment.
///
/// # Errors
/// See [`DbError`].
pub fn forget(tx: &mut Tx<'_>, before: Utc) -> Result<(), DbError> {
    tx.execute("DELETE FROM wallet_offer WHERE until < $1", &[v(before)])?;
    tx.execute("DELETE FROM wallet_request WHERE until < $1", &[v(before)])?;
    tx.execute("DELETE FROM wallet_credential WHERE expires_at < $1", &[v(before)]).map(drop)
}
