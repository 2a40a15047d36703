//! SQL of the figures.

use std::collections::{BTreeMap, HashMap};

use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text};
use time::Date;

use super::rules::{Counted, Measure, Month};

/// Of a use only what is counted.
pub struct Seen {
    /// Its id.
    pub id: Id,
    /// When.
    pub at: Utc,
    /// Code of the item; empty when it was not on the list.
    pub item: String,
    /// Terminal.
    pub terminal: Id,
    /// Whether it went through.
    pub accepted: bool,
}

/// Uses after `after` and before `before`, oldest first.
pub fn uses_between(
    tx: &mut Tx<'_>,
    after: Id,
    before: Id,
    most: i64,
) -> Result<Vec<Seen>, DbError> {
    let sql = "SELECT id, at, item_code, item_version, terminal_id, result FROM card_use
               WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3";
    let read = |row: &Row| {
        // A terminal may ask for any text; only what was on the list is a name of a line.
        let listed = row.get::<i64>(3)? > 0;
        Ok(Seen {
            id: row.get(0)?,
            at: row.get(1)?,
            item: if listed { row.get(2)? } else { String::new() },
            terminal: row.get(4)?,
            accepted: row.get::<String>(5)? == "ok",
        })
    };
    tx.query(sql, &[v(after), v(before), v(most)])?.iter().map(read).collect()
}

/// Divisions in which terminals stand.
pub fn places(tx: &mut Tx<'_>, uses: &[Seen]) -> Result<HashMap<Id, String>, DbError> {
    let mut ids: Vec<Id> = uses.iter().map(|seen| seen.terminal).collect();
    ids.sort_unstable();
    ids.dedup();
    let keys: Vec<Value<'_>> = ids.into_iter().map(v).collect();
    let sql = "SELECT terminal.id, org.division FROM terminal JOIN org ON org.id = terminal.org_id
               WHERE terminal.id IN (#)";
    let rows = tx.query_in(sql, &keys)?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The last use that was counted.
pub fn cursor(tx: &mut Tx<'_>) -> Result<Id, DbError> {
    tx.execute(
        "INSERT INTO use_hour_cursor (name, last_id) VALUES ('uses', 0) ON CONFLICT (name) DO NOTHING",
        &[],
    )?;
    tx.one("SELECT last_id FROM use_hour_cursor WHERE name = 'uses'", &[])?.get(0)
}

/// Moves the cursor.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else moved it meanwhile: his counts stand, ours are taken back.
pub fn advance(tx: &mut Tx<'_>, from: Id, to: Id) -> Result<(), DbError> {
    let sql = "UPDATE use_hour_cursor SET last_id = $1 WHERE name = 'uses' AND last_id = $2";
    tx.execute_one(sql, &[v(to), v(from)])
}

/// Day, hour, item, field, division.
pub type Hour = (String, i64, String, &'static str, String);
/// How many were accepted and refused.
pub type Tally = BTreeMap<Hour, (i64, i64)>;

/// Counts uses by hour.
pub fn tally(
    uses: &[Seen],
    places: &HashMap<Id, String>,
    fields: &HashMap<String, &'static str>,
) -> Tally {
    let mut tally = Tally::new();
    for seen in uses {
        let day = seen.at.day();
        let hour = (seen.at.0 - Utc::start_of(day).0) / (3_600 * Utc::SECOND);
        let place = places.get(&seen.terminal).cloned().unwrap_or_default();
        let field = fields.get(&seen.item).copied().unwrap_or_default();
        let count =
            tally.entry((day_text(day), hour, seen.item.clone(), field, place)).or_default();
        if seen.accepted { count.0 += 1 } else { count.1 += 1 }
    }
    tally
}

/// Adds to the hours.
pub fn add(tx: &mut Tx<'_>, tally: &Tally) -> Result<(), DbError> {
    let sql = "INSERT INTO use_hour (day, hour, item_code, field, division, accepted, refused)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (day, item_code, field, division, hour) DO UPDATE
               SET accepted = use_hour.accepted + excluded.accepted,
                   refused = use_hour.refused + excluded.refused";
    for ((day, hour, item, field, place), (accepted, refused)) in tally {
        let row = [v(day), v(*hour), v(item), v(*field), v(place), v(*accepted), v(*refused)];
        tx.execute(sql, &row)?;
    }
    Ok(())
}

/// Accepted uses from a day to a day, of one item and in one division where they are given.
///
/// # Errors
/// See [`DbError`].
pub fn accepted(
    tx: &mut Tx<'_>,
    (item, division): (&str, &str),
    (from, until): (Date, Date),
) -> Result<i64, DbError> {
    let sql = "SELECT CAST(COALESCE(SUM(accepted), 0) AS BIGINT) FROM use_hour
               WHERE day >= $1 AND day <= $2 AND ($3 = '' OR item_code = $4)
                 AND ($5 = '' OR division = $6)";
    let days = [v(day_text(from)), v(day_text(until))];
    let narrowed = [v(item), v(item), v(division), v(division)];
    tx.one(sql, &[days.as_slice(), &narrowed].concat())?.get(0)
}

/// Months of which anything is known, newest first.
pub fn months(tx: &mut Tx<'_>) -> Result<Vec<Month>, DbError> {
    let rows = tx.query("SELECT DISTINCT substr(day, 1, 7) FROM use_hour ORDER BY 1 DESC", &[])?;
    let months = rows.iter().map(|row| Ok(Month::parse(&row.get::<String>(0)?)));
    Ok(months.collect::<Result<Vec<_>, DbError>>()?.into_iter().flatten().collect())
}

/// The counts of a month.
pub fn counted(tx: &mut Tx<'_>, month: Month, measure: Measure) -> Result<Counted, DbError> {
    let by = |tx: &mut Tx<'_>, key: &str| {
        let (from, until) = month.bounds();
        let sql = format!(
            "SELECT {key}, CAST(SUM({}) AS BIGINT) FROM use_hour
             WHERE day >= $1 AND day <= $2 GROUP BY {key} ORDER BY {key}",
            measure.code()
        );
        tx.query(&sql, &[v(from), v(until)])
    };
    let pairs = |rows: Vec<Row>| -> Result<Vec<(String, i64)>, DbError> {
        let pairs = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
        pairs.filter(|pair| !matches!(pair, Ok((_, 0)))).collect()
    };
    let items = by(tx, "field, item_code")?;
    let items = items.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let hours = by(tx, "hour")?;
    let hours = hours.iter().map(|row| Ok((format!("{:02}", row.get::<i64>(0)?), row.get(1)?)));
    Ok(Counted {
        items: items
            .filter(|line| !matches!(line, Ok((_, _, 0))))
            .collect::<Result<_, DbError>>()?,
        districts: pairs(by(tx, "division")?)?,
        hours: hours.filter(|line| !matches!(line, Ok((_, 0)))).collect::<Result<_, DbError>>()?,
        days: pairs(by(tx, "day")?)?,
    })
}
