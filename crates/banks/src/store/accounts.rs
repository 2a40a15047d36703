//! The financial function of cards.

use kernel::db::{BulkRows, DbError, Kind, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::keys::Keys;
use kernel::time::Utc;

use super::known;
use crate::number::AccountNumber;
use crate::rules::{Expected, State};

/// What the platform knows of a card's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub person: Id,
    /// The card that it belongs to.
    pub card: Id,
    /// Organisation of the bank.
    pub bank: Id,
    /// State.
    pub state: State,
    /// Last four digits of its number; empty before it has one.
    pub last_four: String,
    /// What the card's own state asks for.
    pub expected: Option<Expected>,
    /// Since when.
    pub expected_at: Option<Utc>,
    /// When the bank last told its state.
    pub seen_at: Option<Utc>,
    /// Last change of the state.
    pub changed_at: Utc,
    /// Rises with each change.
    pub version: i64,
}

const COLUMNS: &str = "person_id, card_id, bank_id, state, last_four, expected, expected_at, \
     seen_at, changed_at, version";

fn read(row: &Row) -> Result<Account, DbError> {
    let expected: Option<String> = row.get(5)?;
    let expected = expected.map(|code| known(Expected::from_code(&code), "expectation"));
    Ok(Account {
        person: row.get(0)?,
        card: row.get(1)?,
        bank: row.get(2)?,
        state: known(State::from_code(&row.get::<String>(3)?), "account state")?,
        last_four: row.get(4)?,
        expected: expected.transpose()?,
        expected_at: row.get(6)?,
        seen_at: row.get(7)?,
        changed_at: row.get(8)?,
        version: row.get(9)?,
    })
}

/// The account of a card.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, person: Id, card: Id) -> Result<Option<Account>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM bank_account WHERE person_id = $1 AND card_id = $2");
    tx.optional(&sql, &[v(person), v(card)])?.as_ref().map(read).transpose()
}

/// All accounts of a person's cards, newest change first.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Account>, DbError> {
    of_records(tx, &[person])
}

/// All accounts of several records of one person, newest change first.
///
/// # Errors
/// See [`DbError`].
pub fn of_records(tx: &mut Tx<'_>, records: &[Id]) -> Result<Vec<Account>, DbError> {
    let keys: Vec<_> = records.iter().map(|id| v(*id)).collect();
    let sql = format!("SELECT {COLUMNS} FROM bank_account WHERE person_id IN (#)");
    let rows = tx.query_in(&sql, &keys)?;
    let mut all = rows.iter().map(read).collect::<Result<Vec<_>, DbError>>()?;
    all.sort_by_key(|account| std::cmp::Reverse(account.changed_at));
    Ok(all)
}

/// An account is asked for: the first time for this card, or again after a refusal.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn request(tx: &mut Tx<'_>, known: Option<&Account>, account: &Account) -> Result<(), DbError> {
    if let Some(known) = known {
        let sql = "UPDATE bank_account SET bank_id = $1, state = $2, number = NULL, last_four = '',
                          digest = NULL, changed_at = $3, version = version + 1
                   WHERE person_id = $4 AND card_id = $5 AND version = $6";
        let (bank, state, at) = (account.bank, account.state.code(), account.changed_at);
        let (person, card) = (account.person, account.card);
        return tx
            .execute_one(sql, &[v(bank), v(state), v(at), v(person), v(card), v(known.version)]);
    }
    let sql = "INSERT INTO bank_account
                   (person_id, card_id, bank_id, state, last_four, changed_at, version)
               VALUES ($1, $2, $3, $4, '', $5, 1)";
    let (person, card, bank) = (account.person, account.card, account.bank);
    let (state, at) = (account.state.code(), account.changed_at);
    tx.execute(sql, &[v(person), v(card), v(bank), v(state), v(at)]).map(drop)
}

/// The state changes; `seen` is the moment of which the bank's word tells, when it is the bank's.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_state(
    tx: &mut Tx<'_>,
    account: &Account,
    state: State,
    seen: Option<Utc>,
    now: Utc,
) -> Result<(), DbError> {
    let changed = if state == account.state { account.changed_at } else { now };
    let seen = seen.max(account.seen_at);
    tx.execute_one(
        "UPDATE bank_account SET state = $1, seen_at = $2, changed_at = $3, version = version + 1
         WHERE person_id = $4 AND card_id = $5 AND version = $6",
        &[
            v(state.code()),
            v(seen),
            v(changed),
            v(account.person),
            v(account.card),
            v(account.version),
        ],
    )
}

/// What the card's state asks for; the clock of the divergence starts when it changes.
///
/// # Errors
/// See [`DbError`].
pub fn expect(
    tx: &mut Tx<'_>,
    person: Id,
    card: Id,
    expected: Expected,
    now: Utc,
) -> Result<bool, DbError> {
    let sql = "UPDATE bank_account SET
                   expected_at = CASE WHEN expected = $1 THEN expected_at ELSE $2 END,
                   expected = $1
               WHERE person_id = $3 AND card_id = $4";
    Ok(tx.execute(sql, &[v(expected.code()), v(now), v(person), v(card)])? == 1)
}

/// What binds a sealed number to its row.
fn context(person: Id, card: Id) -> Vec<u8> {
    format!("bank_account {person} {card}").into_bytes()
}

/// Stores an account's number, encrypted. `false` when another person's account has it: nothing is
/// stored then.
///
/// # Errors
/// See [`DbError`].
pub fn set_number(
    tx: &mut Tx<'_>,
    keys: &Keys,
    account: &Account,
    number: &AccountNumber,
) -> Result<bool, DbError> {
    let digest = number.digest(keys, account.bank)?;
    let sql = "INSERT INTO bank_account_number (digest, person_id, card_id) VALUES ($1, $2, $3)
               ON CONFLICT (digest) DO NOTHING";
    tx.execute(sql, &[v(&digest), v(account.person), v(account.card)])?;
    // An account that moves to the same person's next card, which may be of his other record (Art. 5).
    let owner: Id = tx
        .one("SELECT person_id FROM bank_account_number WHERE digest = $1", &[v(&digest)])?
        .get(0)?;
    if owner != account.person && !people::records::of(tx, account.person)?.contains(&owner) {
        return Ok(false);
    }
    let sql = "UPDATE bank_account_number SET person_id = $1, card_id = $2
               WHERE digest = $3 AND person_id = $4";
    tx.execute_one(sql, &[v(account.person), v(account.card), v(&digest), v(owner)])?;
    let sealed =
        keys.seal_field(number.as_str().as_bytes(), &context(account.person, account.card));
    tx.execute_one(
        "UPDATE bank_account SET number = $1, last_four = $2, digest = $3
         WHERE person_id = $4 AND card_id = $5",
        &[v(sealed), v(number.last_four()), v(&digest), v(account.person), v(account.card)],
    )?;
    Ok(true)
}

/// The whole number of a card's account; the caller journals the read.
///
/// # Errors
/// See [`DbError`].
pub fn number(
    tx: &mut Tx<'_>,
    keys: &Keys,
    person: Id,
    card: Id,
) -> Result<Option<AccountNumber>, DbError> {
    let sql = "SELECT number FROM bank_account WHERE person_id = $1 AND card_id = $2";
    let Some(row) = tx.optional(sql, &[v(person), v(card)])? else { return Ok(None) };
    let Some(sealed) = row.get::<Option<Vec<u8>>>(0)? else { return Ok(None) };
    let plain = keys.open_field(&sealed, &context(person, card));
    let text = plain.and_then(|plain| String::from_utf8(plain).ok());
    known(text.and_then(|text| AccountNumber::parse(&text).ok()), "account number").map(Some)
}

/// The account with this number at a bank.
///
/// # Errors
/// See [`DbError`].
pub fn by_number(
    tx: &mut Tx<'_>,
    keys: &Keys,
    bank: Id,
    number: &AccountNumber,
) -> Result<Option<Account>, DbError> {
    let sql = "SELECT person_id, card_id FROM bank_account_number WHERE digest = $1";
    let digest = number.digest(keys, bank)?;
    match tx.optional(sql, &[v(&digest)])? {
        Some(row) => get(tx, row.get(0)?, row.get(1)?),
        None => Ok(None),
    }
}

/// The account of a card, when only the card is known and the bank asks.
///
/// # Errors
/// See [`DbError`].
pub fn by_card(tx: &mut Tx<'_>, bank: Id, card: Id) -> Result<Option<Account>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM bank_account WHERE card_id = $1 AND bank_id = $2");
    tx.optional(&sql, &[v(card), v(bank)])?.as_ref().map(read).transpose()
}

/// Accounts that do not stand as expected since before `since`, oldest first. Those for which an alarm
/// is open are left out, or was closed by hand after `quiet_since`.
///
/// # Errors
/// See [`DbError`].
pub fn divergent(
    tx: &mut Tx<'_>,
    since: Utc,
    quiet_since: Utc,
    most: i64,
) -> Result<Vec<Account>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bank_account
         WHERE expected IS NOT NULL AND expected_at <= $1 AND changed_at <= $1
           AND NOT (expected = state
                    OR (expected IN ('lost', 'frozen') AND state = 'closed')
                    OR (expected = 'closed' AND state = 'refused'))
           AND NOT EXISTS (SELECT 1 FROM bank_alarm a
                           WHERE a.person_id = bank_account.person_id
                             AND a.card_id = bank_account.card_id AND a.kind = 'differs'
                             AND (a.closed_at IS NULL
                                  OR (a.closed_by <> 'agreed' AND a.closed_at > $2
                                      AND a.expected = bank_account.expected
                                      AND a.found = bank_account.state)))
         ORDER BY expected_at LIMIT $3"
    );
    tx.query(&sql, &[v(since), v(quiet_since), v(most)])?.iter().map(read).collect()
}

/// Accounts that are made in bulk, for demonstrations and measurements.
pub const ACCOUNT_ROWS: BulkRows = BulkRows {
    table: "bank_account",
    columns: &[
        ("person_id", Kind::Int),
        ("card_id", Kind::Int),
        ("bank_id", Kind::Int),
        ("state", Kind::Text),
        ("number", Kind::Bytes),
        ("last_four", Kind::Text),
        ("digest", Kind::Bytes),
        ("changed_at", Kind::Int),
        ("version", Kind::Int),
    ],
};

/// An account of [`ACCOUNT_ROWS`], its number sealed.
///
/// # Errors
/// The installation has no key for digests.
pub fn account_row(
    keys: &Keys,
    account: &Account,
    number: &AccountNumber,
) -> Result<Vec<Value<'static>>, DbError> {
    let sealed =
        keys.seal_field(number.as_str().as_bytes(), &context(account.person, account.card));
    Ok(vec![
        v(account.person),
        v(account.card),
        v(account.bank),
        v(account.state.code()),
        v(sealed),
        v(number.last_four().to_owned()),
        v(number.digest(keys, account.bank)?.to_vec()),
        v(account.changed_at),
        v(1i64),
    ])
}
