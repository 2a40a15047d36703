//! All SQL of places.

use std::collections::BTreeMap;

use kernel::db::{DbError, Tx, v};
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use crate::joint::rules::Words;

/// A joint outlet as it travels.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Place {
    /// Its id in its region.
    pub id: String,
    /// Name.
    pub name: Words,
    /// Address.
    pub address: String,
    /// Phone.
    pub phone: String,
    /// Opening hours of a week, Monday first, days separated by `;`.
    pub hours: String,
    /// Whether it is no joint outlet any more.
    pub gone: bool,
}

pub(crate) fn text(place: &Place) -> String {
    serde_json::to_string(place).expect("plain data")
}

/// What a region was told, by place.
pub(crate) fn told(tx: &mut Tx<'_>, region: &str) -> Result<BTreeMap<String, String>, DbError> {
    let sql = "SELECT place, text FROM region_place_told WHERE region = $1";
    let rows = tx.query(sql, &[v(region)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

pub(crate) fn tell(tx: &mut Tx<'_>, region: &str, place: &Place) -> Result<(), DbError> {
    let sql = "INSERT INTO region_place_told (region, place, text) VALUES ($1, $2, $3)
               ON CONFLICT (region, place) DO UPDATE SET text = excluded.text";
    tx.execute(sql, &[v(region), v(&place.id), v(text(place))]).map(drop)
}

pub(crate) fn count(tx: &mut Tx<'_>, region: &str) -> Result<i64, DbError> {
    tx.one("SELECT COUNT(*) FROM region_place WHERE region = $1", &[v(region)])?.get(0)
}

pub(crate) fn hear(tx: &mut Tx<'_>, region: &str, place: &Place, now: Utc) -> Result<(), DbError> {
    if place.gone {
        let sql = "DELETE FROM region_place WHERE region = $1 AND place = $2";
        return tx.execute(sql, &[v(region), v(&place.id)]).map(drop);
    }
    let sql = "INSERT INTO region_place (region, place, text, at) VALUES ($1, $2, $3, $4)
               ON CONFLICT (region, place) DO UPDATE SET text = excluded.text, at = excluded.at";
    tx.execute(sql, &[v(region), v(&place.id), v(text(place)), v(now)]).map(drop)
}

/// Places of other regions, by region and id.
pub(crate) fn theirs(tx: &mut Tx<'_>) -> Result<Vec<(String, Place)>, DbError> {
    let sql = "SELECT region, text FROM region_place ORDER BY region, place LIMIT 500";
    let mut all = Vec::new();
    for row in &tx.query(sql, &[])? {
        // Only what could be read was kept.
        if let Ok(place) = serde_json::from_str(&row.get::<String>(1)?) {
            all.push((row.get(0)?, place));
        }
    }
    Ok(all)
}
