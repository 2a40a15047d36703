//! All SQL of the check across regions.

use kernel::db::{DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::Utc;

/// The key of a pair of regions, hexadecimal, and whether digests of all our cards are there.
pub(crate) fn key(tx: &mut Tx<'_>, region: &str) -> Result<Option<(String, bool)>, DbError> {
    let sql = "SELECT key, whole FROM onecard_key WHERE region = $1";
    let row = tx.optional(sql, &[v(region)])?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Notes that all our cards were walked over.
pub(crate) fn set_whole(tx: &mut Tx<'_>, region: &str) -> Result<(), DbError> {
    tx.execute("UPDATE onecard_key SET whole = TRUE WHERE region = $1", &[v(region)]).map(drop)
}

/// Keeps a question until it is answered.
pub(crate) fn insert_question(
    tx: &mut Tx<'_>,
    region: &str,
    (id, digest): (&str, &str),
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO onecard_question (region, id, digest, came_at) VALUES ($1, $2, $3, $4)
               ON CONFLICT (region, id) DO NOTHING";
    tx.execute(sql, &[v(region), v(id), v(digest), v(now)]).map(drop)
}

/// Questions of a region that wait: id and digest, oldest first.
pub(crate) fn questions(
    tx: &mut Tx<'_>,
    region: &str,
    most: i64,
) -> Result<Vec<(String, String)>, DbError> {
    let sql = "SELECT id, digest FROM onecard_question WHERE region = $1 ORDER BY came_at LIMIT $2";
    let rows = tx.query(sql, &[v(region), v(most)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Takes a question out; false when it was answered meanwhile.
pub(crate) fn take_question(tx: &mut Tx<'_>, region: &str, id: &str) -> Result<bool, DbError> {
    let sql = "DELETE FROM onecard_question WHERE region = $1 AND id = $2";
    Ok(tx.execute(sql, &[v(region), v(id)])? == 1)
}

/// Keeps a new key; what was digested with the one before counts no more.
pub(crate) fn set_key(tx: &mut Tx<'_>, region: &str, key: &str, now: Utc) -> Result<(), DbError> {
    for table in ["onecard_key", "onecard_digest", "onecard_walk"] {
        tx.execute(&format!("DELETE FROM {table} WHERE region = $1"), &[v(region)])?;
    }
    let sql = "INSERT INTO onecard_key (region, key, made_at) VALUES ($1, $2, $3)";
    tx.execute(sql, &[v(region), sealed(key), v(now)]).map(drop)
}

/// A card with the person it is for.
pub(crate) type CardOf = (Id, Id);

fn card_of(row: &Row) -> Result<CardOf, DbError> {
    Ok((row.get(0)?, row.get(1)?))
}

/// First cards that wait to be made and that this region was not asked about, oldest first.
pub(crate) fn unasked(tx: &mut Tx<'_>, region: &str, most: i64) -> Result<Vec<CardOf>, DbError> {
    let sql = "SELECT c.id, c.person_id FROM card c
               WHERE c.stage = 'ordered' AND c.cause = 'first' AND NOT EXISTS
                 (SELECT 1 FROM onecard_check k WHERE k.card_id = c.id AND k.region = $1)
               ORDER BY c.id LIMIT $2";
    tx.query(sql, &[v(region), v(most)])?.iter().map(card_of).collect()
}

/// Living cards after a place in the order of people, for the walk over all.
pub(crate) fn living_after(
    tx: &mut Tx<'_>,
    (person, card): CardOf,
    most: i64,
) -> Result<Vec<CardOf>, DbError> {
    let sql = "SELECT c.person_id, c.id FROM card c
               WHERE c.live AND (c.person_id > $1 OR (c.person_id = $1 AND c.id > $2))
               ORDER BY c.person_id, c.id LIMIT $3";
    tx.query(sql, &[v(person), v(card), v(most)])?.iter().map(card_of).collect()
}

/// Where the walk over all cards of this day stands.
pub(crate) fn walk(tx: &mut Tx<'_>, region: &str, day: &str) -> Result<CardOf, DbError> {
    let sql = "SELECT person_id, card_id FROM onecard_walk WHERE region = $1 AND day = $2";
    let row = tx.optional(sql, &[v(region), v(day)])?;
    row.as_ref().map_or(Ok((Id(0), Id(0))), card_of)
}

pub(crate) fn set_walk(
    tx: &mut Tx<'_>,
    region: &str,
    (person, card): CardOf,
    day: &str,
) -> Result<(), DbError> {
    tx.execute("DELETE FROM onecard_walk WHERE region = $1", &[v(region)])?;
    let sql = "INSERT INTO onecard_walk (region, person_id, card_id, day) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, &[v(region), v(person), v(card), v(day)]).map(drop)
}

/// All numbers that these people have or had.
pub(crate) fn numbers(tx: &mut Tx<'_>, people: &[Id]) -> Result<Vec<(Id, String)>, DbError> {
    let keys: Vec<Value<'_>> = people.iter().map(|id| v(*id)).collect();
    let sql = "SELECT person_id, number FROM person_number WHERE person_id IN (#)";
    tx.query_in(sql, &keys)?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

pub(crate) fn insert_digests(
    tx: &mut Tx<'_>,
    region: &str,
    digests: &[(String, Id)],
) -> Result<(), DbError> {
    for (digest, person) in digests {
        let sql = "INSERT INTO onecard_digest (region, digest, person_id) VALUES ($1, $2, $3)
                   ON CONFLICT (region, digest, person_id) DO NOTHING";
        tx.execute(sql, &[v(region), v(digest), v(*person)])?;
    }
    Ok(())
}

/// People of ours with this digest who have a card, or have one coming.
pub(crate) fn holders(tx: &mut Tx<'_>, region: &str, digest: &str) -> Result<Vec<Id>, DbError> {
    let sql =
        "SELECT DISTINCT c.person_id FROM onecard_digest d JOIN card c ON c.person_id = d.person_id
               WHERE d.region = $1 AND d.digest = $2 AND c.live";
    tx.query(sql, &[v(region), v(digest)])?.iter().map(|row| row.get(0)).collect()
}

/// A question about a card.
pub(crate) struct Check<'a> {
    pub(crate) card: Id,
    pub(crate) person: Id,
    pub(crate) region: &'a str,
    pub(crate) id: &'a str,
}

pub(crate) fn insert_check(tx: &mut Tx<'_>, check: &Check<'_>, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO onecard_check (card_id, region, person_id, id, state, asked_at)
               VALUES ($1, $2, $3, $4, 'asked', $5)";
    let key = [v(check.card), v(check.region), v(check.person), v(check.id), v(now)];
    tx.execute(sql, &key).map(drop)
}

/// Keeps an answer; false when nothing was asked under this id.
pub(crate) fn answer(
    tx: &mut Tx<'_>,
    region: &str,
    id: &str,
    held: bool,
    now: Utc,
) -> Result<bool, DbError> {
    let sql = "UPDATE onecard_check SET state = $1, answered_at = $2
               WHERE region = $3 AND id = $4 AND answered_at IS NULL";
    let state = if held { "held" } else { "clear" };
    Ok(tx.execute(sql, &[v(state), v(now), v(region), v(id)])? == 1)
}

/// What each of these cards was asked about: card, region, state, when.
pub(crate) fn checks(
    tx: &mut Tx<'_>,
    cards: &[Id],
) -> Result<Vec<(Id, String, String, Utc)>, DbError> {
    let keys: Vec<Value<'_>> = cards.iter().map(|id| v(*id)).collect();
    let sql = "SELECT card_id, region, state, asked_at FROM onecard_check WHERE card_id IN (#)";
    let read = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    tx.query_in(sql, &keys)?.iter().map(read).collect()
}

/// Forgets what was asked about a card, so that it is asked again; false when nothing held it.
pub(crate) fn forget(tx: &mut Tx<'_>, card: Id, region: &str) -> Result<bool, DbError> {
    let sql = "DELETE FROM onecard_check WHERE card_id = $1 AND region = $2 AND state = 'held'";
    Ok(tx.execute(sql, &[v(card), v(region)])? == 1)
}

/// A card that another region's answer holds up, or that was made before the answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The card.
    pub card: Id,
    /// The person.
    pub person: Id,
    /// The region that has given him one.
    pub region: String,
    /// When it was asked.
    pub asked_at: Utc,
    /// Stage of the card here.
    pub stage: String,
}

/// Cards whose person has one elsewhere, and that have not ended here.
pub(crate) fn held(tx: &mut Tx<'_>) -> Result<Vec<Held>, DbError> {
    let sql = "SELECT k.card_id, k.person_id, k.region, k.asked_at, c.stage FROM onecard_check k
               JOIN card c ON c.person_id = k.person_id AND c.id = k.card_id
               WHERE k.state = 'held' AND c.live ORDER BY k.asked_at LIMIT 100";
    let read = |row: &Row| {
        Ok(Held {
            card: row.get(0)?,
            person: row.get(1)?,
            region: row.get(2)?,
            asked_at: row.get(3)?,
            stage: row.get(4)?,
        })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// Counts a question of a region; how many it asked on this day.
pub(crate) fn count(tx: &mut Tx<'_>, region: &str, day: &str) -> Result<i64, DbError> {
    let sql = "INSERT INTO onecard_asked (region, day, asked) VALUES ($1, $2, 0)
               ON CONFLICT (region, day) DO NOTHING";
    tx.execute(sql, &[v(region), v(day)])?;
    let sql = "UPDATE onecard_asked SET asked = asked + 1 WHERE region = $1 AND day = $2";
    tx.execute(sql, &[v(region), v(day)])?;
    let sql = "SELECT asked FROM onecard_asked WHERE region = $1 AND day = $2";
    tx.one(sql, &[v(region), v(day)])?.get(0)
}

/// `on` or `off`.
pub(crate) fn word_of(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Whether each side asks and answers.
pub(crate) struct Stand {
    /// What we told; empty before the first word.
    pub(crate) told: String,
    /// What they told; `on` before their first word.
    pub(crate) theirs: String,
}

pub(crate) fn stand(tx: &mut Tx<'_>, region: &str) -> Result<Stand, DbError> {
    let sql = "SELECT told, theirs FROM onecard_stand WHERE region = $1";
    match tx.optional(sql, &[v(region)])? {
        Some(row) => Ok(Stand { told: row.get(0)?, theirs: row.get(1)? }),
        None => Ok(Stand { told: String::new(), theirs: "on".to_owned() }),
    }
}

pub(crate) fn set_told(tx: &mut Tx<'_>, region: &str, word: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO onecard_stand (region, told) VALUES ($1, $2)
               ON CONFLICT (region) DO UPDATE SET told = excluded.told";
    tx.execute(sql, &[v(region), v(word)]).map(drop)
}

pub(crate) fn set_theirs(tx: &mut Tx<'_>, region: &str, word: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO onecard_stand (region, theirs) VALUES ($1, $2)
               ON CONFLICT (region) DO UPDATE SET theirs = excluded.theirs";
    tx.execute(sql, &[v(region), v(word)]).map(drop)
}

/// Regions that said that they do not answer.
pub(crate) fn off(tx: &mut Tx<'_>) -> Result<Vec<String>, DbError> {
    let rows =
        tx.query("SELECT region FROM onecard_stand WHERE theirs = 'off' ORDER BY region", &[])?;
    rows.iter().map(|row| row.get(0)).collect()
}
