//! SQL of CQ1.

use cards::rules::clocks::State;
use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::parse_day;
use time::Date;

/// A key of the issuer. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// 1 credentials, 2 status lists.
    pub usage: i64,
    /// Its number in codes and lists.
    pub index: u8,
    /// Its name in the key store.
    pub name: String,
    /// Compressed point.
    pub public: [u8; 33],
    /// First second.
    pub not_before: i64,
    /// Last second at which what it signed is believed.
    pub not_after: i64,
    /// Never believed again.
    pub revoked: bool,
}

/// All keys, by usage and number.
///
/// # Errors
/// See [`DbError`].
pub fn keys(tx: &mut Tx<'_>) -> Result<Vec<Key>, DbError> {
    let sql = "SELECT usage, idx, name, public, not_before, not_after, revoked FROM cq1_key
               ORDER BY usage, idx";
    let read = |row: &Row| {
        let index: i64 = row.get(1)?;
        let public: Vec<u8> = row.get(3)?;
        let odd = |what: &str| DbError::Engine(format!("a key of CQ1 has no {what}"));
        Ok(Key {
            usage: row.get(0)?,
            index: u8::try_from(index).map_err(|_| odd("number"))?,
            name: row.get(2)?,
            public: public.try_into().map_err(|_| odd("point"))?,
            not_before: row.get(4)?,
            not_after: row.get(5)?,
            revoked: row.get(6)?,
        })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// Enters a key; one that ended long ago gives its number up.
///
/// # Errors
/// [`DbError::Unique`] when another process was first.
pub fn insert_key(tx: &mut Tx<'_>, key: &Key) -> Result<(), DbError> {
    let place = [v(key.usage), v(i64::from(key.index)), v(key.not_before)];
    let sql = "DELETE FROM cq1_key WHERE usage = $1 AND idx = $2 AND not_after < $3";
    tx.execute(sql, &place)?;
    let sql = "INSERT INTO cq1_key (usage, idx, name, public, not_before, not_after, revoked)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        v(key.usage),
        v(i64::from(key.index)),
        v(&key.name),
        v(&key.public[..]),
        v(key.not_before),
        v(key.not_after),
        v(key.revoked),
    ];
    tx.execute(sql, &values).map(drop)
}

/// Marks a key as never to be believed again.
///
/// # Errors
/// [`DbError::Conflict`] when there is no such key.
pub fn revoke_key(tx: &mut Tx<'_>, usage: i64, index: u8) -> Result<(), DbError> {
    let sql = "UPDATE cq1_key SET revoked = TRUE WHERE usage = $1 AND idx = $2";
    tx.execute_one(sql, &[v(usage), v(i64::from(index))])
}

/// A signed list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Rises with each.
    pub serial: i64,
    /// Seconds since 1970.
    pub issued_at: i64,
    /// The signed bytes.
    pub body: Vec<u8>,
}

/// The newest list of a kind.
///
/// # Errors
/// See [`DbError`].
pub fn list(tx: &mut Tx<'_>, kind: &str) -> Result<Option<List>, DbError> {
    let sql = "SELECT serial, issued_at, body FROM cq1_list WHERE kind = $1";
    let row = tx.optional(sql, &[v(kind)])?;
    let read =
        |row: Row| Ok(List { serial: row.get(0)?, issued_at: row.get(1)?, body: row.get(2)? });
    row.map(read).transpose()
}

/// Puts a list in the place of the one with the serial before it.
///
/// # Errors
/// [`DbError::Conflict`] when another process was first.
pub fn put_list(tx: &mut Tx<'_>, kind: &str, list: &List) -> Result<(), DbError> {
    let begin = "INSERT INTO cq1_list (kind, serial, issued_at, body) VALUES ($1, 0, 0, $2)
                 ON CONFLICT (kind) DO NOTHING";
    tx.execute(begin, &[v(kind), v(&[][..] as &[u8])])?;
    let sql = "UPDATE cq1_list SET serial = $1, issued_at = $2, body = $3
               WHERE kind = $4 AND serial < $1";
    tx.execute_one(sql, &[v(list.serial), v(list.issued_at), v(&list.body[..]), v(kind)])
}

/// Keeps the delta from `base` to the next list, and forgets those issued before `old`.
///
/// # Errors
/// See [`DbError`].
pub fn put_delta(tx: &mut Tx<'_>, base: i64, delta: &List, old: i64) -> Result<(), DbError> {
    tx.execute("DELETE FROM cq1_delta WHERE issued_at < $1", &[v(old)])?;
    let sql = "INSERT INTO cq1_delta (base, issued_at, body) VALUES ($1, $2, $3)";
    tx.execute(sql, &[v(base), v(delta.issued_at), v(&delta.body[..])]).map(drop)
}

/// The delta from a serial to the next.
///
/// # Errors
/// See [`DbError`].
pub fn delta(tx: &mut Tx<'_>, base: i64) -> Result<Option<Vec<u8>>, DbError> {
    let row = tx.optional("SELECT body FROM cq1_delta WHERE base = $1", &[v(base)])?;
    row.map(|row| row.get(0)).transpose()
}

/// A credential for the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// Random.
    pub credential: [u8; 8],
    /// Whose it is.
    pub person: Id,
    /// Of which electronic card.
    pub ecard: Id,
    /// Random place in the status list.
    pub status_index: u32,
    /// Of an emergency book.
    pub emergency: bool,
    /// Last second, since 1970.
    pub expires_at: i64,
}

/// Enters a credential; `false` when its number or its place is taken, and both are drawn anew.
///
/// # Errors
/// See [`DbError`].
pub fn insert_credential(tx: &mut Tx<'_>, new: &NewCredential) -> Result<bool, DbError> {
    let sql = "INSERT INTO cq1_credential
               (credential, person_id, ecard_id, status_index, emergency, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let values = [
        v(&new.credential[..]),
        v(new.person),
        v(new.ecard),
        v(i64::from(new.status_index)),
        v(new.emergency),
        v(new.expires_at),
    ];
    Ok(tx.execute(sql, &values)? == 1)
}

/// Whether a person has an emergency book that is still good.
///
/// # Errors
/// See [`DbError`].
pub fn has_book(tx: &mut Tx<'_>, person: Id, now_s: i64) -> Result<bool, DbError> {
    let sql = "SELECT credential FROM cq1_credential
               WHERE person_id = $1 AND expires_at > $2 AND emergency LIMIT 1";
    Ok(!tx.query(sql, &[v(person), v(now_s)])?.is_empty())
}

/// What stands behind a credential at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The credential.
    pub credential: [u8; 8],
    /// The holder.
    pub person: Id,
    /// Clock of the electronic card.
    pub electronic: State,
    /// Last day of the card.
    pub expires_on: Option<Date>,
    /// Some freeze of the holder is in force.
    pub frozen: bool,
}

fn state(code: &str) -> Result<State, DbError> {
    let known = State::ALL.into_iter().find(|state| state.code() == code);
    known.ok_or_else(|| DbError::Engine("unknown state of an electronic card".to_owned()))
}

/// What stands behind several credentials.
///
/// # Errors
/// See [`DbError`].
pub fn standings(tx: &mut Tx<'_>, credentials: &[[u8; 8]]) -> Result<Vec<Standing>, DbError> {
    let keys: Vec<Value<'_>> = credentials.iter().map(v).collect();
    let sql = "SELECT c.credential, e.person_id,
                      CASE WHEN c.revoked THEN 'ended' ELSE e.state END, e.expires_on,
                      EXISTS (SELECT 1 FROM person_freeze z
                              WHERE z.person_id = e.person_id AND z.lifted_at IS NULL)
               FROM cq1_credential c
               JOIN ecard e ON e.person_id = c.person_id AND e.id = c.ecard_id
               WHERE c.credential IN (#)";
    let read = |row: &Row| {
        Ok(Standing {
            credential: row.get(0)?,
            person: row.get(1)?,
            electronic: state(&row.get::<String>(2)?)?,
            expires_on: row.get::<Option<String>>(3)?.as_deref().and_then(parse_day),
            frozen: row.get(4)?,
        })
    };
    tx.query_in(sql, &keys)?.iter().map(read).collect()
}

/// Places of live credentials whose card is not on, or whose holder is frozen (Art. 20), with the card's
/// state, in rising order. The frozen ones are found from their side: they are few.
///
/// # Errors
/// See [`DbError`].
pub fn not_valid(tx: &mut Tx<'_>, now_s: i64) -> Result<Vec<(u32, State)>, DbError> {
    let sql = "SELECT c.status_index, CASE WHEN c.revoked THEN 'ended' ELSE e.state END
               FROM cq1_credential c
               JOIN ecard e ON e.person_id = c.person_id AND e.id = c.ecard_id
               WHERE c.expires_at > $1 AND (e.state <> 'on' OR c.revoked)
               UNION
               SELECT c.status_index, e.state FROM person_freeze z
               JOIN cq1_credential c ON c.person_id = z.person_id AND c.expires_at > $1
               JOIN ecard e ON e.person_id = c.person_id AND e.id = c.ecard_id
               WHERE z.lifted_at IS NULL AND z.scope IN ('all', 'identity') AND e.state = 'on' AND NOT c.revoked
               ORDER BY 1";
    let read = |row: &Row| {
        let index: i64 = row.get(0)?;
        let index = u32::try_from(index).map_err(|_| DbError::Engine("a place".to_owned()))?;
        Ok((index, state(&row.get::<String>(1)?)?))
    };
    tx.query(sql, &[v(now_s)])?.iter().map(read).collect()
}

/// Forgets credentials that ended before `before`; their uses are kept by number.
///
/// # Errors
/// See [`DbError`].
pub fn forget(tx: &mut Tx<'_>, before: i64) -> Result<u64, DbError> {
    tx.execute("DELETE FROM cq1_credential WHERE expires_at < $1", &[v(before)])
}

/// What a holder's pages show codes of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Of which electronic card.
    pub ecard: Id,
    /// The signed credential, 120 bytes.
    pub signed: Vec<u8>,
    /// The holder's key, sealed.
    pub secret: Vec<u8>,
    /// Counter of the last display.
    pub counter: i64,
    /// Last second, since 1970.
    pub expires_at: i64,
    version: i64,
}

/// A holder's present credential.
///
/// # Errors
/// See [`DbError`].
pub fn holder(tx: &mut Tx<'_>, person: Id) -> Result<Option<Holder>, DbError> {
    let sql = "SELECT ecard_id, signed, secret, counter, expires_at, version FROM cq1_holder
               WHERE person_id = $1";
    let read = |row: Row| {
        Ok(Holder {
            ecard: row.get(0)?,
            signed: row.get(1)?,
            secret: row.get(2)?,
            counter: row.get(3)?,
            expires_at: row.get(4)?,
            version: row.get(5)?,
        })
    };
    tx.optional(sql, &[v(person)])?.map(read).transpose()
}

/// Gives a holder a new credential; its counter begins anew.
///
/// # Errors
/// See [`DbError`].
pub fn put_holder(
    tx: &mut Tx<'_>,
    person: Id,
    ecard: Id,
    signed: &[u8],
    secret: &[u8],
    expires_at: i64,
) -> Result<(), DbError> {
    let sql = "INSERT INTO cq1_holder
               (person_id, ecard_id, signed, secret, counter, expires_at, version)
               VALUES ($1, $2, $3, $4, 0, $5, 1)
               ON CONFLICT (person_id) DO UPDATE SET ecard_id = excluded.ecard_id,
                   signed = excluded.signed, secret = excluded.secret, counter = 0,
                   expires_at = excluded.expires_at, version = cq1_holder.version + 1";
    let values = [v(person), v(ecard), v(signed), v(secret), v(expires_at)];
    tx.execute(sql, &values).map(drop)
}

/// The next counter of a holder's credential.
///
/// # Errors
/// [`DbError::Conflict`] when another page of the holder was first.
pub fn next_counter(tx: &mut Tx<'_>, person: Id, holder: &Holder) -> Result<i64, DbError> {
    let next = holder.counter + 1;
    let sql = "UPDATE cq1_holder SET counter = $1, version = version + 1
               WHERE person_id = $2 AND version = $3";
    tx.execute_one(sql, &[v(next), v(person), v(holder.version)])?;
    Ok(next)
}
