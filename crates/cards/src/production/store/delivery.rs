//! Finished cards on shelves and in letters.

use kernel::db::{DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::unknown;
use crate::production::rules::shelf::State;

/// Where a finished card is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Whose card.
    pub person: Id,
    /// The card.
    pub card: Id,
    /// Its outlet.
    pub outlet: Id,
    /// Where it is.
    pub state: State,
    /// Number of its place on the outlet's shelf.
    pub shelf: i64,
    /// Address for the post; empty for pick-up.
    pub address: String,
    /// Tracking number of the post.
    pub tracking: String,
    /// Begin of the present state.
    pub since: Utc,
    /// When the post took it.
    pub posted_at: Option<Utc>,
    /// When the post brought it back.
    pub returned_at: Option<Utc>,
    /// When the holder was last reminded.
    pub reminded_at: Option<Utc>,
    /// Who took it.
    pub receiver: String,
    /// Document that was shown, as a kind.
    pub document: String,
    /// Document number of an agent.
    pub agent_number: String,
    /// Relation of an agent to the holder.
    pub relation: String,
    /// When it was handed over.
    pub handed_over_at: Option<Utc>,
    /// Account that handed it over.
    pub handed_over_by: Option<Id>,
    /// Rises with each change.
    pub version: i64,
}

const COLUMNS: &str = "person_id, card_id, outlet_id, state, shelf, address, tracking, since, \
     posted_at, returned_at, reminded_at, receiver, document, agent_number, relation, \
     handed_over_at, handed_over_by, version";

/// A card that was handed over or ended in another way is no longer to be delivered.
const STILL_HERE: &str = "EXISTS (SELECT 1 FROM card c WHERE c.person_id = d.person_id
     AND c.id = d.card_id AND (c.live OR c.coming) AND c.stage = 'produced')";

fn read(row: &Row) -> Result<Delivery, DbError> {
    Ok(Delivery {
        person: row.get(0)?,
        card: row.get(1)?,
        outlet: row.get(2)?,
        state: State::from_code(&row.get::<String>(3)?).ok_or_else(|| unknown("a state"))?,
        shelf: row.get(4)?,
        address: row.get(5)?,
        tracking: row.get(6)?,
        since: row.get(7)?,
        posted_at: row.get(8)?,
        returned_at: row.get(9)?,
        reminded_at: row.get(10)?,
        receiver: row.get(11)?,
        document: row.get(12)?,
        agent_number: row.get(13)?,
        relation: row.get(14)?,
        handed_over_at: row.get(15)?,
        handed_over_by: row.get(16)?,
        version: row.get(17)?,
    })
}

/// Draws places on an outlet's shelf; returns the first.
///
/// # Errors
/// See [`DbError`].
pub fn draw_shelf(tx: &mut Tx<'_>, outlet: Id, count: i64) -> Result<i64, DbError> {
    let sql = "INSERT INTO shelf_counter (outlet_id, next) VALUES ($1, 1) ON CONFLICT DO NOTHING";
    tx.execute(sql, &[v(outlet)])?;
    let sql = "UPDATE shelf_counter SET next = next + $1 WHERE outlet_id = $2 RETURNING next";
    Ok(tx.one(sql, &[v(count), v(outlet)])?.get::<i64>(0)? - count)
}

/// A card comes onto the shelf of its outlet.
///
/// # Errors
/// See [`DbError`].
pub fn insert(
    tx: &mut Tx<'_>,
    (person, card, outlet): (Id, Id, Id),
    (state, address): (State, &str),
    shelf: i64,
    now: Utc,
) -> Result<(), DbError> {
    let target = "card_delivery (person_id, card_id, outlet_id, state, shelf, address, tracking, \
                  since, receiver, document, agent_number, relation, version)";
    let row: Vec<Value<'_>> = vec![
        v(person),
        v(card),
        v(outlet),
        v(state.code()),
        v(shelf),
        sealed(address),
        v(""),
        v(now),
        v(""),
        v(""),
        v(""),
        v(""),
        v(1i64),
    ];
    tx.insert_rows(target, "", &[row]).map(drop)
}

/// Keeps a delivery.
///
/// # Errors
/// [`DbError::Conflict`] when it changed meanwhile.
pub fn update(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE card_delivery SET state = $1, shelf = $2, address = $3, tracking = $4, since = $5,
                posted_at = $6, returned_at = $7, receiver = $8, document = $9, agent_number = $10,
                relation = $11, handed_over_at = $12, handed_over_by = $13, reminded_at = $14,
                version = version + 1
         WHERE person_id = $15 AND card_id = $16 AND version = $17",
        &[
            v(delivery.state.code()),
            v(delivery.shelf),
            sealed(&delivery.address),
            v(&delivery.tracking),
            v(delivery.since),
            v(delivery.posted_at),
            v(delivery.returned_at),
            sealed(&delivery.receiver),
            v(&delivery.document),
            sealed(&delivery.agent_number),
            v(&delivery.relation),
            v(delivery.handed_over_at),
            v(delivery.handed_over_by),
            v(delivery.reminded_at),
            v(delivery.person),
            v(delivery.card),
            v(delivery.version),
        ],
    )
}

/// The delivery of a card.
///
/// # Errors
/// See [`DbError`].
pub fn of_card(tx: &mut Tx<'_>, person: Id, card: Id) -> Result<Option<Delivery>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM card_delivery WHERE person_id = $1 AND card_id = $2");
    tx.optional(&sql, &[v(person), v(card)])?.as_ref().map(read).transpose()
}

/// Deliveries of an outlet in a state, the longest waiting first.
///
/// # Errors
/// See [`DbError`].
pub fn at_outlet(
    tx: &mut Tx<'_>,
    outlet: Id,
    state: State,
    most: i64,
) -> Result<Vec<Delivery>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM card_delivery d WHERE outlet_id = $1 AND state = $2 AND {STILL_HERE}
         ORDER BY since LIMIT $3"
    );
    tx.query(&sql, &[v(outlet), v(state.code()), v(most)])?.iter().map(read).collect()
}

/// Cards that lie on a shelf since before `since` and whose holders were not reminded after it.
///
/// # Errors
/// See [`DbError`].
pub fn to_remind(tx: &mut Tx<'_>, since: Utc, most: i64) -> Result<Vec<Delivery>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM card_delivery d WHERE state = 'shelf' AND since < $1
         AND (reminded_at IS NULL OR reminded_at < $1) AND {STILL_HERE} ORDER BY since LIMIT $2"
    );
    tx.query(&sql, &[v(since), v(most)])?.iter().map(read).collect()
}

/// When a card was made, handed over and activated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dates {
    /// Made.
    pub produced: Option<Utc>,
    /// Handed over.
    pub handed_over: Option<Utc>,
    /// Activated.
    pub activated: Option<Utc>,
}

/// The dates of a card.
///
/// # Errors
/// See [`DbError`].
pub fn dates(tx: &mut Tx<'_>, person: Id, card: Id) -> Result<Dates, DbError> {
    let sql = "SELECT produced_at, handed_over_at, activated_at FROM card
               WHERE person_id = $1 AND id = $2";
    let row = tx.one(sql, &[v(person), v(card)])?;
    Ok(Dates { produced: row.get(0)?, handed_over: row.get(1)?, activated: row.get(2)? })
}
