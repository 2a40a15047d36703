//! All SQL of guidance.

use kernel::db::{DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use kernel::work::{self, Waiting};
use time::Date;

use super::rules::{Asked, State};

/// A request for help.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its id.
    pub id: Id,
    /// Whose it is, where that is known.
    pub person: Option<Id>,
    /// What was asked.
    pub asked: Asked,
    /// When.
    pub opened_at: Utc,
    /// Account that entered it.
    pub opened_by: Id,
    /// Where it stands.
    pub state: State,
    /// Who has it.
    pub taken_by: Option<Id>,
    /// Outlet that has it.
    pub outlet: Option<Id>,
    /// When it was over.
    pub ended_at: Option<Utc>,
    /// What came of it.
    pub result: String,
    /// Grows with each change.
    pub version: i64,
}

const COLUMNS: &str = "id, person_id, way, name, phone, division, address, needs, opened_by, \
     opened_at, state, taken_by, outlet_id, ended_at, result, version";

fn read(row: &Row) -> Result<Request, DbError> {
    let state: String = row.get(10)?;
    let asked = Asked {
        way: row.get(2)?,
        name: row.get(3)?,
        phone: row.get(4)?,
        division: row.get(5)?,
        address: row.get(6)?,
        needs: row.get(7)?,
    };
    Ok(Request {
        id: row.get(0)?,
        person: row.get(1)?,
        asked,
        opened_by: row.get(8)?,
        opened_at: row.get(9)?,
        state: State::of(&state).ok_or(DbError::Column { index: 10 })?,
        taken_by: row.get(11)?,
        outlet: row.get(12)?,
        ended_at: row.get(13)?,
        result: row.get(14)?,
        version: row.get(15)?,
    })
}

fn select(tx: &mut Tx<'_>, rest: &str, values: &[Value<'_>]) -> Result<Vec<Request>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM help_request {rest}");
    tx.query(&sql, values)?.iter().map(read).collect()
}

/// Adds a request.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, r: &Request) -> Result<(), DbError> {
    let marks: Vec<String> = (1..=16).map(|n| format!("${n}")).collect();
    let sql = format!("INSERT INTO help_request ({COLUMNS}) VALUES ({})", marks.join(", "));
    tx.execute(
        &sql,
        &[
            v(r.id),
            v(r.person),
            v(&r.asked.way),
            sealed(&r.asked.name),
            sealed(&r.asked.phone),
            v(&r.asked.division),
            sealed(&r.asked.address),
            sealed(&r.asked.needs),
            v(r.opened_by),
            v(r.opened_at),
            v(r.state.words().0),
            v(r.taken_by),
            v(r.outlet),
            v(r.ended_at),
            v(&r.result),
            v(r.version),
        ],
    )
    .map(drop)
}

/// Keeps a request after an act; `r.version` is the new one.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else acted meanwhile.
pub fn save(tx: &mut Tx<'_>, r: &Request) -> Result<(), DbError> {
    let sql = "UPDATE help_request SET state = $1, taken_by = $2, outlet_id = $3, ended_at = $4,
               result = $5, version = $6 WHERE id = $7 AND version = $8";
    let state = r.state.words().0;
    let values = [
        v(state),
        v(r.taken_by),
        v(r.outlet),
        v(r.ended_at),
        v(&r.result),
        v(r.version),
        v(r.id),
        v(r.version - 1),
    ];
    tx.execute_one(sql, &values)
}

/// One request.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Request>, DbError> {
    Ok(select(tx, "WHERE id = $1", &[v(id)])?.pop())
}

/// A person's requests, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Request>, DbError> {
    select(tx, "WHERE person_id = $1 ORDER BY id DESC LIMIT 50", &[v(person)])
}

/// What waits or was taken in a place, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn queue(tx: &mut Tx<'_>, division: &str) -> Result<Vec<Request>, DbError> {
    let rest = "WHERE division = $1 AND state IN ('waiting', 'taken') ORDER BY id LIMIT 200";
    select(tx, rest, &[v(division)])
}

/// Kinds of notices that a person has switched off.
///
/// # Errors
/// See [`DbError`].
pub fn switched_off(tx: &mut Tx<'_>, person: Id) -> Result<Vec<String>, DbError> {
    let sql = "SELECT kind FROM notice_off WHERE person_id = $1";
    tx.query(sql, &[v(person)])?.iter().map(|row| row.get(0)).collect()
}

/// Switches a kind of notice on or off.
///
/// # Errors
/// See [`DbError`].
pub fn switch(tx: &mut Tx<'_>, person: Id, kind: &str, on: bool) -> Result<(), DbError> {
    let sql = match on {
        true => "DELETE FROM notice_off WHERE person_id = $1 AND kind = $2",
        false => {
            "INSERT INTO notice_off (person_id, kind) VALUES ($1, $2)
             ON CONFLICT (person_id, kind) DO NOTHING"
        }
    };
    tx.execute(sql, &[v(person), v(kind)]).map(drop)
}

/// Somebody who may be told something.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The person.
    pub person: Id,
    /// His phone.
    pub phone: String,
    /// His birthday.
    pub birth: Date,
    /// His card.
    pub card: Id,
    /// Its last day, where it has one.
    pub expires: Option<Date>,
}

const HOLDER: &str = "SELECT c.person_id, p.phone, p.birth, c.id, c.expires_on
     FROM card c JOIN person p ON p.id = c.person_id
     WHERE c.live AND p.deceased_on IS NULL AND p.phone <> ''
       AND NOT EXISTS (SELECT 1 FROM notice_off o WHERE o.person_id = p.id AND o.kind = $1)";

fn read_holder(row: &Row) -> Result<Holder, DbError> {
    let birth: String = row.get(2)?;
    let expires: Option<String> = row.get(4)?;
    Ok(Holder {
        person: row.get(0)?,
        phone: row.get(1)?,
        birth: parse_day(&birth).ok_or(DbError::Column { index: 2 })?,
        card: row.get(3)?,
        expires: expires.as_deref().and_then(parse_day),
    })
}

/// Holders whose card expires from `from` to `until` and who were not told, a few at a time.
///
/// # Errors
/// See [`DbError`].
pub fn expiring(tx: &mut Tx<'_>, from: Date, until: Date) -> Result<Vec<Holder>, DbError> {
    let sql = format!(
        "{HOLDER} AND c.expires_on >= $2 AND c.expires_on <= $3
         AND NOT EXISTS (SELECT 1 FROM notice_sent s WHERE s.person_id = p.id
                         AND s.kind = 'expiring' AND s.thing = c.expires_on)
         ORDER BY c.expires_on, c.person_id LIMIT 500"
    );
    let values = [v("expiring"), v(day_text(from)), v(day_text(until))];
    tx.query(&sql, &values)?.iter().map(read_holder).collect()
}

/// A bill that nobody pays yet, whose holder was not told.
pub struct Unpaid {
    /// Whose.
    pub holder: Holder,
    /// The bill.
    pub bill: Id,
    /// Who wants the money.
    pub biller: String,
    /// Last day.
    pub due: String,
}

/// Bills of holders due from `from` to `until` that nobody pays, neither the holder nor a standing
/// authorisation, and of which he was not told; a few at a time.
///
/// # Errors
/// See [`DbError`].
pub fn unpaid(tx: &mut Tx<'_>, from: Date, until: Date) -> Result<Vec<Unpaid>, DbError> {
    let columns = "SELECT c.person_id, p.phone, p.birth, c.id, c.expires_on";
    let sql = HOLDER.replace(columns, &format!("{columns}, b.id, r.name_zh, b.due_on")).replace(
        " WHERE ",
        " JOIN bill b ON b.person_id = p.id JOIN biller r ON r.id = b.biller_id WHERE ",
    );
    let sql = format!(
        "{sql} AND b.state = 'open' AND b.due_on >= $2 AND b.due_on <= $3
         AND NOT EXISTS (SELECT 1 FROM bill_payment w WHERE w.biller_id = b.biller_id
                         AND w.bill_number = b.number AND NOT w.released)
         AND NOT EXISTS (SELECT 1 FROM bill_mandate m WHERE m.person_id = b.person_id
                         AND m.account_id = b.account_id AND m.state = 'active')
         AND NOT EXISTS (SELECT 1 FROM notice_sent s WHERE s.person_id = p.id AND s.kind = 'unpaid'
                         AND s.thing = CAST(b.id AS TEXT))
         ORDER BY b.due_on, b.id LIMIT 500"
    );
    let values = [v("unpaid"), v(day_text(from)), v(day_text(until))];
    let read = |row: &Row| {
        let (bill, biller, due) = (row.get(5)?, row.get(6)?, row.get(7)?);
        Ok(Unpaid { holder: read_holder(row)?, bill, biller, due })
    };
    tx.query(&sql, &values)?.iter().map(read).collect()
}

/// Holders born from `from` to `until` who were not told of an item, a few at a time.
///
/// # Errors
/// See [`DbError`].
pub fn born(tx: &mut Tx<'_>, from: Date, until: Date, item: &str) -> Result<Vec<Holder>, DbError> {
    let sql = format!(
        "{HOLDER} AND p.birth >= $2 AND p.birth <= $3
         AND NOT EXISTS (SELECT 1 FROM notice_sent s WHERE s.person_id = p.id
                         AND s.kind = 'items' AND s.thing = $4)
         ORDER BY c.person_id LIMIT 500"
    );
    let values = [v("items"), v(day_text(from)), v(day_text(until)), v(item)];
    tx.query(&sql, &values)?.iter().map(read_holder).collect()
}

/// Notes that somebody was told.
///
/// # Errors
/// See [`DbError`].
pub fn told(
    tx: &mut Tx<'_>,
    person: Id,
    kind: &str,
    thing: &str,
    now: Utc,
) -> Result<bool, DbError> {
    let sql = "INSERT INTO notice_sent (person_id, kind, thing, at) VALUES ($1, $2, $3, $4)
               ON CONFLICT (person_id, kind, thing) DO NOTHING";
    Ok(tx.execute(sql, &[v(person), v(kind), v(thing), v(now)])? == 1)
}

/// How many requests of a division wait or are being done.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, division: &str) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM help_request
               WHERE division = $1 AND state IN ('waiting', 'taken')";
    work::counted(tx, sql, &[v(division)])
}
