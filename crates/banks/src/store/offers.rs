//! Offers.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{Utc, day_text};
use time::Date;

use super::{day, known};
use crate::rules::{Kind, Offer, OfferState};

const COLUMNS: &str = "id, bank_id, state, kind, title_zh, title_en, text_zh, text_en, divisions, from_day, until_day";

fn read(row: &Row) -> Result<Offer, DbError> {
    let divisions: String = row.get(8)?;
    Ok(Offer {
        id: row.get(0)?,
        bank: row.get(1)?,
        state: known(OfferState::from_code(&row.get::<String>(2)?), "offer state")?,
        kind: known(Kind::from_code(&row.get::<String>(3)?), "offer kind")?,
        title: Text::new(row.get::<String>(4)?, row.get::<String>(5)?),
        text: Text::new(row.get::<String>(6)?, row.get::<String>(7)?),
        divisions: divisions.split(',').filter(|c| !c.is_empty()).map(str::to_owned).collect(),
        from: day(&row.get::<String>(9)?)?,
        until: day(&row.get::<String>(10)?)?,
    })
}

/// Enters an offer.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, offer: &Offer, now: Utc) -> Result<(), DbError> {
    let row = vec![
        v(offer.id),
        v(offer.bank),
        v(offer.state.code()),
        v(offer.kind.code()),
        v(&offer.title.zh),
        v(&offer.title.en),
        v(&offer.text.zh),
        v(&offer.text.en),
        v(offer.divisions.join(",")),
        v(day_text(offer.from)),
        v(day_text(offer.until)),
        v(now),
    ];
    tx.insert_rows(&format!("bank_offer ({COLUMNS}, created_at)"), "", &[row]).map(drop)
}

/// Offers that holders may see on a day: published, not over, of banks whose agreement is in force.
///
/// # Errors
/// See [`DbError`].
pub fn public(tx: &mut Tx<'_>, today: Date) -> Result<Vec<Offer>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bank_offer f WHERE state = 'published' AND until_day >= $1
           AND EXISTS (SELECT 1 FROM bank_agreement a
                       WHERE a.bank_id = f.bank_id AND a.state = 'confirmed'
                         AND a.from_day <= $1 AND a.until_day >= $1)
         ORDER BY from_day, id LIMIT 500"
    );
    tx.query(&sql, &[v(day_text(today))])?.iter().map(read).collect()
}

/// All offers of a bank, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_bank(tx: &mut Tx<'_>, bank: Id) -> Result<Vec<Offer>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM bank_offer WHERE bank_id = $1 ORDER BY id DESC LIMIT 200");
    tx.query(&sql, &[v(bank)])?.iter().map(read).collect()
}

/// One offer.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Offer>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM bank_offer WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// An offer goes from one state to another.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_state(tx: &mut Tx<'_>, id: Id, from: OfferState, to: OfferState) -> Result<(), DbError> {
    let sql = "UPDATE bank_offer SET state = $1 WHERE id = $2 AND state = $3";
    tx.execute_one(sql, &[v(to.code()), v(id), v(from.code())])
}
