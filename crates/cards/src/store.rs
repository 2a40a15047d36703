//! All SQL of cards.

use kernel::db::{BulkRows, DbError, Kind, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use time::Date;

use crate::rules::clocks::{Clocks, State};
use crate::rules::{Card, Cause, Stage};

const COLUMNS: &str = "c.person_id, c.id, c.stage, c.outlet_id, c.delivery, c.card_no, c.expires_on, \
     c.applied_at, c.version, c.social, c.financial, e.state, c.loss_until, c.cause, c.replaces";
const FROM: &str = "card c LEFT JOIN ecard e ON e.person_id = c.person_id AND e.card_id = c.id";

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
        ("social", Kind::Text),
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
        clocks: Clocks {
            social: read_state(&row.get::<String>(9)?)?,
            financial: read_state(&row.get::<String>(10)?)?,
            electronic: row
                .get::<Option<String>>(11)?
                .map_or(Ok(State::Off), |code| read_state(&code))?,
        },
        loss_until: row.get(12)?,
        cause: Cause::from_code(&row.get::<String>(13)?)
            .ok_or_else(|| DbError::Engine("unknown cause of an application".to_owned()))?,
        replaces: row.get(14)?,
    })
}

fn read_state(code: &str) -> Result<State, DbError> {
    State::from_code(code).ok_or_else(|| DbError::Engine(format!("unknown state {code}")))
}

fn read_stage(code: &str) -> Result<Stage, DbError> {
    Stage::from_code(code).ok_or_else(|| DbError::Engine(format!("unknown stage {code}")))
}

/// The person's living card: the one in use, or the first one while it is being made.
///
/// # Errors
/// See [`DbError`].
pub fn living(tx: &mut Tx<'_>, person: Id) -> Result<Option<Card>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE c.person_id = $1 AND c.live");
    tx.optional(&sql, &[v(person)])?.as_ref().map(read).transpose()
}

/// The card that will take the place of the living one.
///
/// # Errors
/// See [`DbError`].
pub fn coming(tx: &mut Tx<'_>, person: Id) -> Result<Option<Card>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE c.person_id = $1 AND c.coming");
    tx.optional(&sql, &[v(person)])?.as_ref().map(read).transpose()
}

/// The card that is being made for the person: the one that will take a place, else the living one.
///
/// # Errors
/// See [`DbError`].
pub fn in_the_making(tx: &mut Tx<'_>, person: Id) -> Result<Option<Card>, DbError> {
    match coming(tx, person)? {
        Some(card) => Ok(Some(card)),
        None => living(tx, person),
    }
}

/// One card, whatever its stage.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, person: Id, id: Id) -> Result<Option<Card>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE c.person_id = $1 AND c.id = $2");
    tx.optional(&sql, &[v(person), v(id)])?.as_ref().map(read).transpose()
}

/// All cards that the person has or had, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn all_of(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Card>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE c.person_id = $1 ORDER BY c.id DESC");
    tx.query(&sql, &[v(person)])?.iter().map(read).collect()
}

/// How the fee of a replacement was settled: `free`, the receipt, or the ground of a waiver.
///
/// # Errors
/// See [`DbError`].
pub fn fee_of(tx: &mut Tx<'_>, card: &Card) -> Result<Option<String>, DbError> {
    let sql = "SELECT fee_proof FROM card WHERE person_id = $1 AND id = $2";
    let proof: String = tx.one(sql, &[v(card.person), v(card.id)])?.get(0)?;
    Ok(Some(proof).filter(|proof| !proof.is_empty()))
}

/// The person behind a card number.
///
/// # Errors
/// See [`DbError`].
pub fn person_of_number(tx: &mut Tx<'_>, card_no: &str) -> Result<Option<Id>, DbError> {
    let sql = "SELECT person_id FROM card_number WHERE card_no = $1";
    tx.optional(sql, &[v(card_no)])?.map(|row| row.get(0)).transpose()
}

/// What an application says beside the card itself.
#[derive(Clone, Debug, Default)]
pub struct Application {
    /// Guardian's name and document number.
    pub guardian: String,
    /// Number and substance of a decision (Art. 12).
    pub decision: String,
    /// Fee that was paid, in fen.
    pub fee_fen: i64,
    /// Receipt of the fee, or ground of its waiver.
    pub fee_proof: String,
}

/// Enters an application: both cards, one row each. A replacement waits beside the living card.
///
/// # Errors
/// [`DbError::Unique`] when the person has a living card (Art. 5), or a replacement under way.
pub fn insert(
    tx: &mut Tx<'_>,
    card: &Card,
    application: &Application,
    ecard: Id,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO card (person_id, id, stage, live, coming, outlet_id, delivery, guardian,
                           applied_at, handed_to, cause, replaces, decision, fee_fen, fee_proof,
                           version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, $12, $13, $14, 1)",
        &[
            v(card.person),
            v(card.id),
            v(card.stage.code()),
            v(card.replaces.is_none()),
            v(card.replaces.is_some()),
            v(card.outlet),
            v(&card.delivery),
            sealed(&application.guardian),
            v(card.applied_at),
            v(card.cause.code()),
            v(card.replaces),
            v(&application.decision),
            v(application.fee_fen),
            v(&application.fee_proof),
        ],
    )?;
    tx.execute(
        "INSERT INTO ecard (person_id, id, card_id, state, counter) VALUES ($1, $2, $3, 'off', 0)",
        &[v(card.person), v(ecard), v(card.id)],
    )
    .map(drop)
}

/// Writes stage and clocks of a card as the rules left them, and whether it lives.
///
/// # Errors
/// [`DbError::Conflict`] when the card changed meanwhile.
pub fn save(tx: &mut Tx<'_>, card: &Card, why: &str, now: Utc) -> Result<(), DbError> {
    let over = card.stage.is_over();
    tx.execute_one(
        "UPDATE card SET stage = $1, social = $2, financial = $3, loss_until = $4, reminded = FALSE,
                live = live AND NOT $5, coming = coming AND NOT $5,
                ended_at = CASE WHEN $5 AND ended_at IS NULL THEN $6 ELSE ended_at END,
                ended_why = CASE WHEN $5 AND ended_why = '' THEN $7 ELSE ended_why END,
                version = version + 1
         WHERE person_id = $8 AND id = $9 AND version = $10",
        &[
            v(card.stage.code()),
            v(card.clocks.social.code()),
            v(card.clocks.financial.code()),
            v(card.loss_until),
            v(over),
            v(now),
            v(why),
            v(card.person),
            v(card.id),
            v(card.version),
        ],
    )?;
    let sql = "UPDATE ecard SET state = $1 WHERE person_id = $2 AND card_id = $3";
    let key = [v(card.clocks.electronic.code()), v(card.person), v(card.id)];
    tx.execute(sql, &key).map(drop)
}

/// Makes a card that was coming the living one; the old one must have ended before.
///
/// # Errors
/// [`DbError::Unique`] when another card lives.
pub fn take_place(tx: &mut Tx<'_>, card: &Card) -> Result<(), DbError> {
    let sql = "UPDATE card SET live = TRUE, coming = FALSE WHERE person_id = $1 AND id = $2";
    tx.execute_one(sql, &[v(card.person), v(card.id)])
}

/// Temporary losses that lapse before a moment, oldest first; of those not reminded yet when asked.
///
/// # Errors
/// See [`DbError`].
pub fn lapsing(
    tx: &mut Tx<'_>,
    before: Utc,
    not_reminded: bool,
    most: i64,
) -> Result<Vec<Card>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE c.loss_until <= $1 AND (NOT $2 OR NOT c.reminded)
         ORDER BY c.loss_until LIMIT $3"
    );
    let key = [v(before), v(not_reminded), v(most)];
    tx.query(&sql, &key)?.iter().map(read).collect()
}

/// Notes that the holder was reminded of a lapse.
///
/// # Errors
/// [`DbError::Conflict`] when the card changed meanwhile.
pub fn set_reminded(tx: &mut Tx<'_>, card: &Card) -> Result<(), DbError> {
    let sql = "UPDATE card SET reminded = TRUE WHERE person_id = $1 AND id = $2 AND version = $3";
    tx.execute_one(sql, &[v(card.person), v(card.id), v(card.version)])
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
        &[v(card.stage.code()), v(now), sealed(to), v(card.person), v(card.id), v(card.version)],
    )
}

/// Notes when a card was activated.
///
/// # Errors
/// See [`DbError`].
pub fn set_activated_at(tx: &mut Tx<'_>, card: &Card, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE card SET activated_at = $1 WHERE person_id = $2 AND id = $3";
    tx.execute_one(sql, &[v(now), v(card.person), v(card.id)])
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
        "UPDATE ecard SET certificate = $1, credential = $2, issued_at = $3, expires_on = $4
         WHERE person_id = $5 AND card_id = $6 AND certificate IS NULL",
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
    /// Clock of the electronic card.
    pub electronic: State,
    /// Last day of validity.
    pub expires_on: Option<Date>,
    /// Some freeze of the holder is in force (Art. 20).
    pub frozen: bool,
}

/// The standing of several credentials at once; unknown ones are missing.
///
/// # Errors
/// See [`DbError`].
pub fn standings(tx: &mut Tx<'_>, credentials: &[[u8; 8]]) -> Result<Vec<Standing>, DbError> {
    let keys: Vec<Value<'_>> = credentials.iter().map(v).collect();
    let sql = "SELECT d.credential, e.person_id, e.state, e.expires_on,
                      EXISTS (SELECT 1 FROM person_freeze z
                              WHERE z.person_id = e.person_id AND z.lifted_at IS NULL)
               FROM ecard_credential d
               JOIN ecard e ON e.person_id = d.person_id AND e.id = d.ecard_id
               WHERE d.credential IN (#)";
    let read = |row: &Row| {
        Ok(Standing {
            credential: row.get(0)?,
            person: row.get(1)?,
            electronic: read_state(&row.get::<String>(2)?)?,
            expires_on: row.get::<Option<String>>(3)?.as_deref().and_then(parse_day),
            frozen: row.get(4)?,
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
        "SELECT {COLUMNS} FROM {FROM} WHERE c.outlet_id = $1 AND c.stage = $2 ORDER BY c.id LIMIT $3"
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
