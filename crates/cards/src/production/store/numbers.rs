//! Card numbers: drawn in ranges, and what became of each.

use std::collections::{HashMap, HashSet};

use kernel::db::{DbError, Tx, Value, v};
use kernel::id::Id;
use kernel::time::Utc;

use crate::number::card_number;
use crate::production::rules::Fate;

/// Draws `count` places of the pool at once; returns the first. Whoever draws waits for whoever drew
/// before him, so there are neither doubles nor, when a transaction is taken back, gaps.
///
/// # Errors
/// See [`DbError`].
pub fn draw(tx: &mut Tx<'_>, count: i64) -> Result<i64, DbError> {
    let sql = "UPDATE card_number_pool SET next = next + $1 WHERE id = 1 RETURNING next";
    let next: i64 = tx.one(sql, &[v(count)])?.get(0)?;
    Ok(next - count)
}

/// A drawn number and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Place in the pool.
    pub place: i64,
    /// Whose card.
    pub person: Id,
    /// The card.
    pub card: Id,
    /// The batch or instant issue.
    pub holder: Id,
}

/// Puts drawn numbers on record as reserved.
///
/// # Errors
/// See [`DbError`].
pub fn reserve(tx: &mut Tx<'_>, drawn: &[Drawn], now: Utc) -> Result<(), DbError> {
    let row = |one: &Drawn| {
        let (number, fate) = (card_number(one.place), Fate::Reserved.code());
        let (person, card, holder) = (v(one.person), v(one.card), v(one.holder));
        vec![v(one.place), v(number), v(fate), person, card, holder, v(now), v(now)]
    };
    let rows: Vec<Vec<Value<'_>>> = drawn.iter().map(row).collect();
    let target = "production_number (place, card_no, fate, person_id, card_id, holder_id, \
                  drawn_at, fate_at)";
    tx.insert_rows(target, "", &rows).map(drop)
}

/// Notes what became of a reserved number, once and for all.
///
/// # Errors
/// [`DbError::Conflict`] when that is decided already.
pub fn settle(tx: &mut Tx<'_>, place: i64, fate: Fate, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE production_number SET fate = $1, fate_at = $2
               WHERE place = $3 AND fate = 'reserved'";
    tx.execute_one(sql, &[v(fate.code()), v(now), v(place)])
}

/// What an audit of the pool found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Places drawn from the pool so far.
    pub drawn: i64,
    /// On cards of the register.
    pub live: i64,
    /// Drawn for cards that are being made.
    pub reserved: i64,
    /// On cards that were made and are unusable.
    pub spoiled: i64,
    /// Drawn, but never on a card.
    pub void: i64,
    /// Numbers that nobody can account for; the first hundred.
    pub missing: Vec<String>,
    /// Numbers that are on a card and also spoiled, void or reserved; the first hundred.
    pub doubled: Vec<String>,
    /// Numbers in the register that the pool never gave out.
    pub foreign: i64,
}

impl Audit {
    /// Whether every number is accounted for exactly once.
    pub fn holds(&self) -> bool {
        self.missing.is_empty() && self.doubled.is_empty()
    }
}

/// Numbers looked at together.
const PAGE: i64 = 1_000;
/// The most names of numbers in a report.
const NAMED: usize = 100;

/// Looks every number of the pool's past up.
///
/// # Errors
/// See [`DbError`].
pub fn audit(tx: &mut Tx<'_>) -> Result<Audit, DbError> {
    let next: i64 = tx.one("SELECT next FROM card_number_pool WHERE id = 1", &[])?.get(0)?;
    let mut audit = Audit { drawn: next - 1, ..Audit::default() };
    let mut first = 1;
    while first < next {
        let places: Vec<i64> = (first..next.min(first + PAGE)).collect();
        audit_page(tx, &places, &mut audit)?;
        first += PAGE;
    }
    let all: i64 = tx.one("SELECT COUNT(*) FROM card_number", &[])?.get(0)?;
    audit.foreign = all - audit.live;
    Ok(audit)
}

fn audit_page(tx: &mut Tx<'_>, places: &[i64], audit: &mut Audit) -> Result<(), DbError> {
    let numbers: Vec<String> = places.iter().map(|place| card_number(*place)).collect();
    let keys: Vec<Value<'_>> = numbers.iter().map(v).collect();
    let rows =
        tx.query_in("SELECT DISTINCT card_no FROM card_number WHERE card_no IN (#)", &keys)?;
    let live: HashSet<String> = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    let keys: Vec<Value<'_>> = places.iter().map(|place| v(*place)).collect();
    let sql = "SELECT DISTINCT place, fate FROM production_number WHERE place IN (#)";
    let rows = tx.query_in(sql, &keys)?;
    let fates: HashMap<i64, String> =
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_, DbError>>()?;
    for (place, number) in places.iter().zip(numbers) {
        let on_card = live.contains(&number);
        audit.live += i64::from(on_card);
        match (on_card, fates.get(place).map(String::as_str)) {
            (true, None | Some("live")) => {}
            (true, Some(_)) => name(&mut audit.doubled, number),
            (false, Some("reserved")) => audit.reserved += 1,
            (false, Some("spoiled")) => audit.spoiled += 1,
            (false, Some("void")) => audit.void += 1,
            (false, _) => name(&mut audit.missing, number),
        }
    }
    Ok(())
}

fn name(list: &mut Vec<String>, number: String) {
    if list.len() < NAMED {
        list.push(number);
    }
}
