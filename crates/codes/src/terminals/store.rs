//! SQL of the registry.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

/// A terminal as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its account.
    pub id: Id,
    /// Whose it is.
    pub org: Id,
    /// Where it stands.
    pub place: String,
    /// Division.
    pub division: String,
    /// Codes of its items, separated by commas.
    pub items: String,
    /// Kind of service point.
    pub channel: String,
    /// Who looks after it.
    pub operator: String,
    /// Switched off.
    pub blocked: bool,
    /// Why.
    pub blocked_why: String,
    /// Version of its program.
    pub firmware: String,
    /// Its last heartbeat.
    pub seen_at: Option<Utc>,
    /// Its clock less ours, seconds.
    pub skew_s: i64,
    /// Serial of its status list.
    pub status_serial: i64,
    /// When that list was issued, seconds since 1970.
    pub status_issued_at: i64,
    /// Lines of its journal that it has not uploaded.
    pub waiting: i64,
    /// What it says is broken.
    pub faults: String,
    /// Its public key, once enrolled.
    pub key: Option<Vec<u8>>,
    /// Last line that was uploaded.
    pub journal_seq: i64,
    /// Link of that line.
    pub journal_link: Option<Vec<u8>>,
}

const COLUMNS: &str = "id, org_id, place, division, items, channel, operator, blocked, blocked_why,
    firmware, seen_at, skew_s, status_serial, status_issued_at, waiting, faults, key, journal_seq,
    journal_link";

fn read(row: &Row) -> Result<Registered, DbError> {
    Ok(Registered {
        id: row.get(0)?,
        org: row.get(1)?,
        place: row.get(2)?,
        division: row.get(3)?,
        items: row.get(4)?,
        channel: row.get(5)?,
        operator: row.get(6)?,
        blocked: row.get(7)?,
        blocked_why: row.get(8)?,
        firmware: row.get(9)?,
        seen_at: row.get(10)?,
        skew_s: row.get(11)?,
        status_serial: row.get(12)?,
        status_issued_at: row.get(13)?,
        waiting: row.get(14)?,
        faults: row.get(15)?,
        key: row.get(16)?,
        journal_seq: row.get(17)?,
        journal_link: row.get(18)?,
    })
}

/// One terminal.
///
/// # Errors
/// See [`DbError`].
pub fn one(tx: &mut Tx<'_>, id: Id) -> Result<Option<Registered>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM terminal WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Terminals of an organisation, or all; by place.
///
/// # Errors
/// See [`DbError`].
pub fn list(tx: &mut Tx<'_>, org: Option<Id>, most: i64) -> Result<Vec<Registered>, DbError> {
    let sql = match org {
        Some(_) => {
            format!("SELECT {COLUMNS} FROM terminal WHERE org_id = $1 ORDER BY place, id LIMIT $2")
        }
        None => format!(
            "SELECT {COLUMNS} FROM terminal WHERE CAST($1 AS BIGINT) = 0 ORDER BY place, id LIMIT $2"
        ),
    };
    let org = org.map_or_else(|| v(0_i64), v);
    tx.query(&sql, &[org, v(most)])?.iter().map(read).collect()
}

/// Division and place of the terminals that serve an item, each place once, by place.
///
/// # Errors
/// See [`DbError`].
pub fn places_of(tx: &mut Tx<'_>, item: &str, most: i64) -> Result<Vec<(String, String)>, DbError> {
    let sql = "SELECT DISTINCT division, place FROM terminal
               WHERE NOT blocked AND ',' || items || ',' LIKE $1 ORDER BY place LIMIT $2";
    let like = format!("%,{item},%");
    let rows = tx.query(sql, &[v(&like), v(most)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Keeps the digest of a new enrolment code; the terminal's old key and tokens count until it is used.
///
/// # Errors
/// See [`DbError`].
pub fn set_enrol(
    tx: &mut Tx<'_>,
    id: Id,
    operator: &str,
    digest: &[u8],
    until: Utc,
) -> Result<(), DbError> {
    let sql =
        "UPDATE terminal SET enrol_digest = $1, enrol_until = $2, operator = $3 WHERE id = $4";
    tx.execute_one(sql, &[v(digest), v(until), v(operator), v(id)])
}

/// Uses an enrolment code: the terminal that it was for, or none.
///
/// # Errors
/// See [`DbError`].
pub fn enrol(
    tx: &mut Tx<'_>,
    digest: &[u8],
    key: &[u8],
    firmware: &str,
    token_until: Utc,
    now: Utc,
) -> Result<Option<Registered>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM terminal WHERE enrol_digest = $1 AND enrol_until > $2");
    let Some(row) = tx.optional(&sql, &[v(digest), v(now)])? else { return Ok(None) };
    let found = read(&row)?;
    let sql =
        "UPDATE terminal SET enrol_digest = NULL, enrol_until = NULL, key = $1, firmware = $2,
                      token_until = $3, seen_at = $4, journal_seq = 0, journal_link = NULL
               WHERE id = $5 AND enrol_digest = $6";
    let values = [v(key), v(firmware), v(token_until), v(now), v(found.id), v(digest)];
    tx.execute_one(sql, &values)?;
    // An enrolment anew begins a new journal; the old lines keep their numbers below zero.
    let sql = "UPDATE terminal_journal SET seq = -seq - $1 WHERE terminal_id = $2 AND seq > 0";
    tx.execute(sql, &[v(now.seconds()), v(found.id)])?;
    Ok(Some(found))
}

/// Notes until when the newest token is good.
///
/// # Errors
/// See [`DbError`].
pub fn set_token_until(tx: &mut Tx<'_>, id: Id, until: Utc) -> Result<(), DbError> {
    tx.execute_one("UPDATE terminal SET token_until = $1 WHERE id = $2", &[v(until), v(id)])
}

/// What a terminal says of itself.
#[derive(Clone, Debug, Default)]
pub struct Beat {
    /// Version of its program.
    pub firmware: String,
    /// Its clock less ours, seconds.
    pub skew_s: i64,
    /// Serial of its key list.
    pub keys_serial: i64,
    /// Serial of its status list.
    pub status_serial: i64,
    /// When that was issued.
    pub status_issued_at: i64,
    /// Lines not uploaded.
    pub waiting: i64,
    /// What is broken.
    pub faults: String,
}

/// Notes a heartbeat.
///
/// # Errors
/// See [`DbError`].
pub fn beat(tx: &mut Tx<'_>, id: Id, beat: &Beat, now: Utc) -> Result<(), DbError> {
    let sql =
        "UPDATE terminal SET firmware = $1, skew_s = $2, keys_serial = $3, status_serial = $4,
                      status_issued_at = $5, waiting = $6, faults = $7, seen_at = $8 WHERE id = $9";
    let values = [
        v(&beat.firmware),
        v(beat.skew_s),
        v(beat.keys_serial),
        v(beat.status_serial),
        v(beat.status_issued_at),
        v(beat.waiting),
        v(&beat.faults),
        v(now),
        v(id),
    ];
    tx.execute_one(sql, &values)
}

/// Blocks a terminal, or lets it work again.
///
/// # Errors
/// See [`DbError`].
pub fn set_blocked(tx: &mut Tx<'_>, id: Id, blocked: bool, why: &str) -> Result<(), DbError> {
    let sql = "UPDATE terminal SET blocked = $1, blocked_why = $2 WHERE id = $3";
    tx.execute_one(sql, &[v(blocked), v(why), v(id)])
}

/// An uploaded line with what the platform makes of it.
pub struct Uploaded<'a> {
    /// Its number.
    pub seq: i64,
    /// When, as an instant.
    pub at: Utc,
    /// Item code.
    pub item: &'a str,
    /// What the terminal said.
    pub result: &'a str,
    /// SM3 of the code's text.
    pub code_digest: [u8; 32],
    /// What the platform says.
    pub judged: &'a str,
    /// The use that was entered, when there is one.
    pub used: Option<Id>,
}

/// Keeps a line.
///
/// # Errors
/// See [`DbError`].
pub fn insert_line(tx: &mut Tx<'_>, terminal: Id, line: &Uploaded<'_>) -> Result<(), DbError> {
    let sql = "INSERT INTO terminal_journal
               (terminal_id, seq, at, item_code, result, code_digest, judged, use_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = [
        v(terminal),
        v(line.seq),
        v(line.at),
        v(line.item),
        v(line.result),
        v(&line.code_digest[..]),
        v(line.judged),
        v(line.used),
    ];
    tx.execute(sql, &values).map(drop)
}

/// Moves the end of a terminal's journal; two uploads at once are found here.
///
/// # Errors
/// [`DbError::Conflict`].
pub fn move_journal(
    tx: &mut Tx<'_>,
    terminal: &Registered,
    seq: i64,
    link: &[u8; 32],
) -> Result<(), DbError> {
    let sql = "UPDATE terminal SET journal_seq = $1, journal_link = $2
               WHERE id = $3 AND journal_seq = $4";
    tx.execute_one(sql, &[v(seq), v(&link[..]), v(terminal.id), v(terminal.journal_seq)])
}

/// What must not be, for somebody to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its id.
    pub id: Id,
    /// Which terminal; zero for one of another region.
    pub terminal: Id,
    /// `double-use` or `does-not-hold`.
    pub kind: String,
    /// Whose card, when known.
    pub person: Option<Id>,
    /// Item code.
    pub item: String,
    /// When it happened.
    pub at: Utc,
    /// What, in words.
    pub text: String,
}

/// Raises an alarm.
///
/// # Errors
/// See [`DbError`].
pub fn raise(tx: &mut Tx<'_>, alarm: &Alarm) -> Result<(), DbError> {
    let sql = "INSERT INTO terminal_alarm (id, terminal_id, kind, person_id, item_code, at, text)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        v(alarm.id),
        v(alarm.terminal),
        v(&alarm.kind),
        v(alarm.person),
        v(&alarm.item),
        v(alarm.at),
        v(&alarm.text),
    ];
    tx.execute(sql, &values).map(drop)
}

/// Alarms that nobody closed, of an organisation's terminals or of all, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn alarms(tx: &mut Tx<'_>, org: Option<Id>, most: i64) -> Result<Vec<Alarm>, DbError> {
    let sql = "SELECT a.id, a.terminal_id, a.kind, a.person_id, a.item_code, a.at, a.text
               FROM terminal_alarm a LEFT JOIN terminal t ON t.id = a.terminal_id
               WHERE a.closed_at IS NULL AND (CAST($1 AS BIGINT) = 0 OR t.org_id = $1)
               ORDER BY a.id DESC LIMIT $2";
    let read = |row: &Row| {
        Ok(Alarm {
            id: row.get(0)?,
            terminal: row.get(1)?,
            kind: row.get(2)?,
            person: row.get(3)?,
            item: row.get(4)?,
            at: row.get(5)?,
            text: row.get(6)?,
        })
    };
    let org = org.map_or_else(|| v(0_i64), v);
    tx.query(sql, &[org, v(most)])?.iter().map(read).collect()
}

/// Closes an alarm.
///
/// # Errors
/// [`DbError::Conflict`] when it is closed already.
pub fn close_alarm(tx: &mut Tx<'_>, id: Id, by: &str, note: &str, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE terminal_alarm SET closed_at = $1, closed_by = $2, note = $3
               WHERE id = $4 AND closed_at IS NULL";
    tx.execute_one(sql, &[v(now), v(by), v(note), v(id)])
}
