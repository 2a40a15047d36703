//! All SQL of codes, terminals and uses.

use std::collections::HashMap;

use cards::rules::clocks::State;
use items::rules::{Channel, Word as _};
use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::{Utc, parse_day};
use time::Date;

use crate::rules::Terminal;

/// Several terminals at once.
///
/// # Errors
/// See [`DbError`].
pub fn terminals(tx: &mut Tx<'_>, ids: &[Id]) -> Result<HashMap<Id, Terminal>, DbError> {
    let keys: Vec<Value<'_>> = ids.iter().map(|id| v(*id)).collect();
    let sql = "SELECT id, place, items, blocked, channel, division FROM terminal WHERE id IN (#)";
    let rows = tx.query_in(sql, &keys)?;
    rows.iter().map(|row| Ok((row.get(0)?, read_terminal(row)?))).collect()
}

fn read_terminal(row: &Row) -> Result<Terminal, DbError> {
    let items: String = row.get(2)?;
    Ok(Terminal {
        channel: Channel::from_code(&row.get::<String>(4)?),
        division: row.get(5)?,
        place: row.get(1)?,
        items: items.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        blocked: row.get(3)?,
    })
}

/// Enters a terminal; its account has the same id.
///
/// # Errors
/// See [`DbError`].
pub fn insert_terminal(
    tx: &mut Tx<'_>,
    id: Id,
    org: Id,
    terminal: &Terminal,
    now: Utc,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO terminal (id, org_id, place, items, blocked, created_at, channel, division)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            v(id),
            v(org),
            v(&terminal.place),
            v(terminal.items.join(",")),
            v(terminal.blocked),
            v(now),
            v(terminal.channel.map_or("", Channel::code)),
            v(&terminal.division),
        ],
    )
    .map(drop)
}

/// A physical card whose chip was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CardStanding {
    /// Card number.
    pub card_no: String,
    /// The holder.
    pub person: Id,
    /// Clock of its social-security function.
    pub social: State,
    /// Last day.
    pub expires_on: Option<Date>,
    /// Some freeze of the holder is in force.
    pub frozen: bool,
}

/// What stands behind several card numbers: of each the card that carries it now.
///
/// # Errors
/// See [`DbError`].
pub fn card_standings(tx: &mut Tx<'_>, numbers: &[String]) -> Result<Vec<CardStanding>, DbError> {
    let keys: Vec<Value<'_>> = numbers.iter().map(v).collect();
    let sql = "SELECT d.card_no, d.person_id, c.social, c.expires_on,
                      EXISTS (SELECT 1 FROM person_freeze z
                              WHERE z.person_id = d.person_id AND z.lifted_at IS NULL)
               FROM card_number d
               JOIN card c ON c.person_id = d.person_id AND c.id = d.card_id
               WHERE d.card_no IN (#)";
    let read = |row: &Row| {
        let social: String = row.get(2)?;
        let known = State::ALL.into_iter().find(|state| state.code() == social);
        Ok(CardStanding {
            card_no: row.get(0)?,
            person: row.get(1)?,
            social: known.ok_or_else(|| DbError::Engine("unknown state of a card".to_owned()))?,
            expires_on: row.get::<Option<String>>(3)?.as_deref().and_then(parse_day),
            frozen: row.get(4)?,
        })
    };
    tx.query_in(sql, &keys)?.iter().map(read).collect()
}

/// The hash of a holder's password of the electronic card.
///
/// # Errors
/// See [`DbError`].
pub fn password(tx: &mut Tx<'_>, person: Id) -> Result<Option<String>, DbError> {
    let row = tx.optional("SELECT hash FROM ecard_password WHERE person_id = $1", &[v(person)])?;
    row.map(|row| row.get(0)).transpose()
}

/// Sets it.
///
/// # Errors
/// See [`DbError`].
pub fn set_password(tx: &mut Tx<'_>, person: Id, hash: &str, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO ecard_password (person_id, hash, set_at) VALUES ($1, $2, $3)
               ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at";
    tx.execute(sql, &[v(person), v(hash), v(now)]).map(drop)
}

/// One use of a card, or one refusal of a known card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use {
    /// The holder.
    pub person: Id,
    /// Id of the use.
    pub id: Id,
    /// When.
    pub at: Utc,
    /// Item code.
    pub item: String,
    /// Its version of that day; 0 when the item was not on the list.
    pub item_version: i64,
    /// Its name in Chinese.
    pub item_zh: String,
    /// Its name in English.
    pub item_en: String,
    /// Terminal.
    pub terminal: Id,
    /// Where it stood.
    pub place: String,
    /// Credential in the code.
    pub credential: [u8; 8],
    /// Counter in the code; none for refusals.
    pub counter: Option<i64>,
    /// `ok`, or the code of the refusal.
    pub result: String,
}

/// Enters uses and tells for each whether it went in: an accepted code goes in only once.
///
/// # Errors
/// See [`DbError`].
pub fn insert_uses(tx: &mut Tx<'_>, uses: &[Use]) -> Result<Vec<bool>, DbError> {
    let row = |used: &Use| {
        vec![
            v(used.id),
            v(used.person),
            v(used.at),
            v(used.item.clone()),
            v(used.item_version),
            v(used.item_zh.clone()),
            v(used.item_en.clone()),
            v(used.terminal),
            v(used.place.clone()),
            v(used.credential.to_vec()),
            v(used.counter),
            v(used.result.clone()),
        ]
    };
    let rows: Vec<_> = uses.iter().map(row).collect();
    let target = "card_use (id, person_id, at, item_code, item_version, item_name_zh, item_name_en, \
         terminal_id, place, credential, counter, result)";
    tx.insert_rows(target, "ON CONFLICT DO NOTHING", &rows)
}

/// The terminal that a display was accepted at.
///
/// # Errors
/// See [`DbError`].
pub fn terminal_of(
    tx: &mut Tx<'_>,
    person: Id,
    credential: &[u8; 8],
    counter: i64,
) -> Result<Option<Id>, DbError> {
    let sql = "SELECT terminal_id FROM card_use
               WHERE person_id = $1 AND credential = $2 AND counter = $3";
    let row = tx.optional(sql, &[v(person), v(&credential[..]), v(counter)])?;
    row.map(|row| row.get(0)).transpose()
}

/// The place where a display was accepted by a terminal of another region.
///
/// # Errors
/// See [`DbError`].
pub fn place_abroad(
    tx: &mut Tx<'_>,
    person: Id,
    credential: &[u8; 8],
    counter: i64,
) -> Result<Option<String>, DbError> {
    let sql = "SELECT place FROM card_use WHERE person_id = $1 AND credential = $2 AND counter = $3
               AND terminal_id = 0";
    let row = tx.optional(sql, &[v(person), v(&credential[..]), v(counter)])?;
    row.map(|row| row.get(0)).transpose()
}

/// A person's uses, newest first: the holder's "where my card was used".
///
/// # Errors
/// See [`DbError`].
pub fn uses_of(tx: &mut Tx<'_>, person: Id, before: Id, most: i64) -> Result<Vec<Use>, DbError> {
    let sql = "SELECT person_id, id, at, item_code, item_version, item_name_zh, item_name_en,
                      terminal_id, place, credential, counter, result
               FROM card_use WHERE person_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let read = |row: &Row| {
        Ok(Use {
            person: row.get(0)?,
            id: row.get(1)?,
            at: row.get(2)?,
            item: row.get(3)?,
            item_version: row.get(4)?,
            item_zh: row.get(5)?,
            item_en: row.get(6)?,
            terminal: row.get(7)?,
            place: row.get(8)?,
            credential: row.get(9)?,
            counter: row.get(10)?,
            result: row.get(11)?,
        })
    };
    tx.query(sql, &[v(person), v(before), v(most)])?.iter().map(read).collect()
}
