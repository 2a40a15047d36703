//! All SQL of cards.

use kernel::db::{BulkRows, DbError, Kind, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use time::Date;

use crate::rules::{Card, Stage};

const COLUMNS: &str = "c.person_id, c.id, c.stage, c.outlet_id, c.delivery, c.card_no, c.expires_on, \
     c.applied_at, c.version";

/// Where bulk loads of cards go.
pub const CARD_ROWS: BulkRows = BulkRows {
    table: "card",
    columns: &[
        ("person_id", Kind::Int),
        ("id", Kind::Int),
        ("stage", Kind::Text),
        ("live", Kind::Bool),
        ("outlet_id", Kind::Int),
        ("delivery", Kind::Text),
        ("guardian", Kind::Text),
        ("card_no", Kind::Text),
        ("applied_at", Kind::Int),
        ("handed_to", Kind::Text),
        ("expires_on", Kind::Text),
        ("version", Kind::Int),
    ],
};

/// Where bulk loads of electronic cards go.
pub const ECARD_ROWS: BulkRows = BulkRows {
    table: "ecard",
    columns: &[
        ("person_id", Kind::Int),
        ("id", Kind::Int),
        ("card_id", Kind::Int),
        ("state", Kind::Text),
        ("credential", Kind::Bytes),
        ("counter", Kind::Int),
        ("expires_on", Kind::Text),
    ],
};

/// Where bulk loads of the credential directory go.
pub const CREDENTIAL_ROWS: BulkRows = BulkRows {
    table: "ecard_credential",
    columns: &[("credential", Kind::Bytes), ("person_id", Kind::Int), ("ecard_id", Kind::Int)],
};

fn read(row: &Row) -> Result<Card, DbError> {
    Ok(Card {
        person: row.get(0)?,
        id: row.get(1)?,
        stage: read_stage(&row.get::<String>(2)?)?,
        outlet: row.get(3)?,
        delivery: row.get(4)?,
        card_no: row.get(5)?,
        expires_on: row.get::<Option<String>>(6)?.as_deref().and_then(parse_day),
        applied_at: row.get(7)?,
        version: row.get(8)?,
    })
}

fn read_stage(code: &str) -> Result<Stage, DbError> {
    Stage::from_code(code).ok_or_else(|| DbError::Engine(format!("unknown stage {code}")))
}

/// The person's living card.
///
/// # Errors
/// See [`DbError`].
pub fn living(tx: &mut Tx<'_>, person: Id) -> Result<Option<Card>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM card c WHERE c.person_id = $1 AND c.live");
    tx.optional(&sql, &[v(person)])?.as_ref().map(read).transpose()
}

/// The person behind a card number.
///
/// # Errors
/// See [`DbError`].
pub fn person_of_number(tx: &mut Tx<'_>, card_no: &str) -> Result<Option<Id>, DbError> {
    let sql = "SELECT person_id FROM card_number WHERE card_no = $1";
    tx.optional(sql, &[v(card_no)])?.map(|row| row.get(0)).transpose()
}

/// Enters an application: both cards, one row each.
///
/// # Errors
/// [`DbError::Unique`] when the person has a living card (Art. 5).
pub fn insert(tx: &mut Tx<'_>, card: &Card, guardian: &str, ecard: Id) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO card (person_id, id, stage, live, outlet_id, delivery, guardian, applied_at,
                           handed_to, version)
         VALUES ($1, $2, $3, TRUE, $4, $5, $6, $7, '', 1)",
        &[
            v(card.person),
            v(card.id),
            v(card.stage.code()),
            v(card.outlet),
            v(&card.delivery),
            v(guardian),
            v(card.applied_at),
        ],
    )?;
    tx.execute(
        "INSERT INTO ecard (person_id, id, card_id, state, counter) VALUES ($1, $2, $3, 'ordered', 0)",
        &[v(card.person), v(ecard), v(card.id)],
    )
    .map(drop)
}

/// Draws the next place of the number pool.
///
/// # Errors
/// [`DbError::Conflict`] when somebody drew it at the same moment: run again.
pub fn draw_number(tx: &mut Tx<'_>) -> Result<i64, DbError> {
    let place: i64 = tx.one("SELECT next FROM card_number_pool WHERE id = 1", &[])?.get(0)?;
    let sql = "UPDATE card_number_pool SET next = next + 1 WHERE id = 1 AND next = $1";
    tx.execute_one(sql, &[v(place)])?;
    Ok(place)
}

/// Notes that a card was made.
///
/// # Errors
/// [`DbError::Conflict`] when the card changed meanwhile.
pub fn set_produced(
    tx: &mut Tx<'_>,
    card: &Card,
    identifier: &str,
    now: Utc,
) -> Result<(), DbError> {
    let number = card.card_no.as_deref();
    tx.execute_one(
        "UPDATE card SET stage = $1, card_no = $2, identifier = $3, produced_at = $4, expires_on = $5,
                         version = version + 1
         WHERE person_id = $6 AND id = $7 AND version = $8",
        &[
            v(card.stage.code()),
            v(number),
            v(identifier),
            v(now),
            v(card.expires_on.map(day_text)),
            v(card.person),
            v(card.id),
            v(card.version),
        ],
    )?;
    let sql = "INSERT INTO card_number (card_no, person_id, card_id) VALUES ($1, $2, $3)";
    tx.execute(sql, &[v(number), v(card.person), v(card.id)]).map(drop)
}

/// Notes that a card was handed over, and to whom.
///
/// # Errors
/// [`DbError::Conflict`] when the card changed meanwhile.
pub fn set_handed_over(tx: &mut Tx<'_>, card: &Card, to: &str, now: Utc) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE card SET stage = $1, handed_over_at = $2, handed_to = $3, version = version + 1
         WHERE person_id = $4 AND id = $5 AND version = $6",
        &[v(card.stage.code()), v(now), v(to), v(card.person), v(card.id), v(card.version)],
    )
}

/// Notes that a card is active.
///
/// # Errors
/// [`DbError::Conflict`] when the card changed meanwhile.
pub fn set_active(tx: &mut Tx<'_>, card: &Card, now: Utc) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE card SET stage = $1, activated_at = $2, version = version + 1
         WHERE person_id = $3 AND id = $4 AND version = $5",
        &[v(card.stage.code()), v(now), v(card.person), v(card.id), v(card.version)],
    )
}

/// Issues the electronic card: its certificate and the random id of its codes.
///
/// # Errors
/// See [`DbError`].
pub fn issue_ecard(
    tx: &mut Tx<'_>,
    card: &Card,
    certificate: &str,
    credential: &[u8; 8],
    now: Utc,
) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE ecard SET state = 'active', certificate = $1, credential = $2, issued_at = $3,
                          expires_on = $4
         WHERE person_id = $5 AND card_id = $6 AND state = 'ordered'",
        &[
            v(certificate),
            v(credential),
            v(now),
            v(card.expires_on.map(day_text)),
            v(card.person),
            v(card.id),
        ],
    )?;
    tx.execute(
        "INSERT INTO ecard_credential (credential, person_id, ecard_id)
         SELECT $1, person_id, id FROM ecard WHERE person_id = $2 AND card_id = $3",
        &[v(credential), v(card.person), v(card.id)],
    )
    .map(drop)
}

/// An electronic card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ECard {
    /// Whose it is.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// Identifier of the certificate (GB/T 36904), once issued.
    pub certificate: Option<String>,
    /// The random id in its codes, once issued.
    pub credential: Option<[u8; 8]>,
    /// Last day of validity.
    pub expires_on: Option<Date>,
}

/// The electronic card beside a physical one.
///
/// # Errors
/// See [`DbError`].
pub fn ecard_of(tx: &mut Tx<'_>, card: &Card) -> Result<Option<ECard>, DbError> {
    let sql = "SELECT person_id, id, certificate, credential, expires_on FROM ecard
               WHERE person_id = $1 AND card_id = $2";
    let row = tx.optional(sql, &[v(card.person), v(card.id)])?;
    row.map(|row| {
        Ok(ECard {
            person: row.get(0)?,
            id: row.get(1)?,
            certificate: row.get(2)?,
            credential: row.get(3)?,
            expires_on: row.get::<Option<String>>(4)?.as_deref().and_then(parse_day),
        })
    })
    .transpose()
}

/// Raises the counter that each displayed code carries, and gives its new value.
///
/// # Errors
/// [`DbError::Conflict`] when two displays race: run again.
pub fn next_counter(tx: &mut Tx<'_>, ecard: &ECard) -> Result<i64, DbError> {
    let key = [v(ecard.person), v(ecard.id)];
    let sql = "SELECT counter FROM ecard WHERE person_id = $1 AND id = $2";
    let next = tx.one(sql, &key)?.get::<i64>(0)? + 1;
    let sql = "UPDATE ecard SET counter = $1 WHERE person_id = $2 AND id = $3 AND counter = $1 - 1";
    tx.execute_one(sql, &[v(next), v(ecard.person), v(ecard.id)])?;
    Ok(next)
}

/// What stands behind a credential at this moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The random id that was asked for.
    pub credential: [u8; 8],
    /// The holder.
    pub person: Id,
    /// Stage of the physical card.
    pub stage: Stage,
    /// Last day of validity.
    pub expires_on: Option<Date>,
}

/// The standing of several credentials at once; unknown ones are missing.
///
/// # Errors
/// See [`DbError`].
pub fn standings(tx: &mut Tx<'_>, credentials: &[[u8; 8]]) -> Result<Vec<Standing>, DbError> {
    let keys: Vec<Value<'_>> = credentials.iter().map(v).collect();
    let sql = "SELECT d.credential, c.person_id, c.stage, c.expires_on FROM ecard_credential d
               JOIN ecard e ON e.person_id = d.person_id AND e.id = d.ecard_id
               JOIN card c ON c.person_id = e.person_id AND c.id = e.card_id
               WHERE d.credential IN (#)";
    let read = |row: &Row| {
        Ok(Standing {
            credential: row.get(0)?,
            person: row.get(1)?,
            stage: read_stage(&row.get::<String>(2)?)?,
            expires_on: row.get::<Option<String>>(3)?.as_deref().and_then(parse_day),
        })
    };
    tx.query_in(sql, &keys)?.iter().map(read).collect()
}

/// Cards of an outlet at a stage, oldest first, with the names of their people.
///
/// # Errors
/// See [`DbError`].
pub fn at_outlet(
    tx: &mut Tx<'_>,
    outlet: Id,
    stage: &Stage,
    most: i64,
) -> Result<Vec<Card>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM card c WHERE c.outlet_id = $1 AND c.stage = $2 ORDER BY c.id LIMIT $3"
    );
    tx.query(&sql, &[v(outlet), v(stage.code()), v(most)])?.iter().map(read).collect()
}

/// How many cards there are at each stage.
///
/// # Errors
/// See [`DbError`].
pub fn counts(tx: &mut Tx<'_>) -> Result<Vec<(Stage, i64)>, DbError> {
    let rows = tx.query("SELECT stage, COUNT(*) FROM card GROUP BY stage", &[])?;
    rows.iter().map(|row| Ok((read_stage(&row.get::<String>(0)?)?, row.get(1)?))).collect()
}
