//! All SQL of regions.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

use crate::rules::{Descriptor, MOST_PAUSE_S, Message, Refused, Signed, digest};

/// A descriptor with its state.
#[derive(Clone, Debug)]
pub struct Known {
    /// Id of the descriptor and of its approval.
    pub id: Id,
    /// `waiting`, `trusted`, `refused`, `replaced` or `revoked`.
    pub state: String,
    /// What it says.
    pub said: Descriptor,
    /// When its state changed.
    pub changed_at: Utc,
    /// The list whose members all vouch for it; empty when none does.
    pub vouched: String,
}

const KNOWN: &str = "id, state, signed, changed_at, vouched";

fn known(row: &Row) -> Result<Known, DbError> {
    let broken = |_| DbError::Engine("a stored descriptor cannot be read".to_owned());
    let signed: Signed = serde_json::from_str(&row.get::<String>(2)?).map_err(broken)?;
    let said = serde_json::from_str(&signed.text).map_err(broken)?;
    let (changed_at, vouched) = (row.get(3)?, row.get(4)?);
    Ok(Known { id: row.get(0)?, state: row.get(1)?, said, changed_at, vouched })
}

/// The trusted descriptor of a region; none from an unlisted region.
pub(crate) fn trusted(tx: &mut Tx<'_>, region: &str) -> Result<Option<Known>, DbError> {
    let sql =
        format!("SELECT {KNOWN} FROM region_descriptor WHERE region = $1 AND state = 'trusted'");
    tx.optional(&sql, &[v(region)])?.as_ref().map(known).transpose()
}

/// A descriptor that waits for its second officer.
pub(crate) fn waiting(tx: &mut Tx<'_>, id: Id) -> Result<Option<Known>, DbError> {
    let sql = format!("SELECT {KNOWN} FROM region_descriptor WHERE id = $1 AND state = 'waiting'");
    tx.optional(&sql, &[v(id)])?.as_ref().map(known).transpose()
}

/// The trusted descriptors of all regions, however many were laid before the officers since.
pub(crate) fn all_trusted(tx: &mut Tx<'_>) -> Result<Vec<Known>, DbError> {
    let sql =
        format!("SELECT {KNOWN} FROM region_descriptor WHERE state = 'trusted' ORDER BY region");
    tx.query(&sql, &[])?.iter().map(known).collect()
}

/// The trusted descriptors of all regions as they were signed.
pub(crate) fn trusted_signed(tx: &mut Tx<'_>) -> Result<Vec<Signed>, DbError> {
    let sql = "SELECT signed FROM region_descriptor WHERE state = 'trusted' ORDER BY region";
    let broken = |_| DbError::Engine("a stored descriptor cannot be read".to_owned());
    let rows = tx.query(sql, &[])?;
    let read = |row: &Row| serde_json::from_str(&row.get::<String>(0)?).map_err(broken);
    rows.iter().map(read).collect()
}

/// Notes that all members of a list vouch for a descriptor.
pub(crate) fn vouch(tx: &mut Tx<'_>, id: Id, circle: &str) -> Result<(), DbError> {
    let sql = "UPDATE region_descriptor SET vouched = $1 WHERE id = $2";
    tx.execute_one(sql, &[v(circle), v(id)])
}

/// Keeps our word that our key is not to be believed any more, to be told to a region.
pub(crate) fn insert_revocation(
    tx: &mut Tx<'_>,
    (region, serial): (&str, i64),
    endpoint: &str,
    signed: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO region_revocation (region, serial, endpoint, signed, made_at)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (region, serial) DO NOTHING";
    let values = [v(region), v(serial), v(endpoint), v(signed), v(now)];
    tx.execute(sql, &values).map(drop)
}

/// Revocations of a week that a region has not been reached with: region, serial, endpoint and the signed word.
pub(crate) fn revocations(
    tx: &mut Tx<'_>,
    now: Utc,
) -> Result<Vec<(String, i64, String, String)>, DbError> {
    let sql = "SELECT region, serial, endpoint, signed FROM region_revocation
               WHERE told_at IS NULL AND made_at > $1 ORDER BY region, serial LIMIT 100";
    let read = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    tx.query(sql, &[v(Utc(now.0 - 7 * Utc::DAY))])?.iter().map(read).collect()
}

pub(crate) fn revocation_told(
    tx: &mut Tx<'_>,
    (region, serial): (&str, i64),
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE region_revocation SET told_at = $1 WHERE region = $2 AND serial = $3";
    tx.execute(sql, &[v(now), v(region), v(serial)]).map(drop)
}

/// The newest descriptors that were laid before the officers.
pub(crate) fn newest(tx: &mut Tx<'_>) -> Result<Vec<Known>, DbError> {
    let sql = format!("SELECT {KNOWN} FROM region_descriptor ORDER BY id DESC LIMIT 50");
    tx.query(&sql, &[])?.iter().map(known).collect()
}

pub(crate) fn insert(
    tx: &mut Tx<'_>,
    id: Id,
    said: &Descriptor,
    signed: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO region_descriptor (id, region, serial, signed, state, changed_at)
               VALUES ($1, $2, $3, $4, 'waiting', $5)";
    let values = [v(id), v(&said.region), v(said.serial), v(signed), v(now)];
    tx.execute(sql, &values).map(drop)
}

/// Moves a descriptor from one state to another.
pub(crate) fn turn(tx: &mut Tx<'_>, id: Id, from: &str, to: &str, now: Utc) -> Result<(), DbError> {
    let sql =
        "UPDATE region_descriptor SET state = $1, changed_at = $2 WHERE id = $3 AND state = $4";
    tx.execute_one(sql, &[v(to), v(now), v(id), v(from)])
}

/// Makes the row of a link when it is missing.
pub(crate) fn open_link(tx: &mut Tx<'_>, region: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO region_link (region, sequence, failures, next_at)
               VALUES ($1, 0, 0, 0) ON CONFLICT (region) DO NOTHING";
    tx.execute(sql, &[v(region)]).map(drop)
}

/// The next number of the way to a region; the row is held until the transaction ends.
pub(crate) fn next_sequence(tx: &mut Tx<'_>, region: &str) -> Result<i64, DbError> {
    let sql = "UPDATE region_link SET sequence = sequence + 1 WHERE region = $1";
    tx.execute_one(sql, &[v(region)])?;
    tx.one("SELECT sequence FROM region_link WHERE region = $1", &[v(region)])?.get(0)
}

/// The last message of a key that was written to a region; empty when there is none.
pub(crate) fn last_of_key(tx: &mut Tx<'_>, region: &str, key: &str) -> Result<String, DbError> {
    if key.is_empty() {
        return Ok(String::new());
    }
    let sql = "SELECT id FROM region_outbox WHERE region = $1 AND person_key = $2
               ORDER BY sequence DESC LIMIT 1";
    tx.optional(sql, &[v(region), v(key)])?.map_or(Ok(String::new()), |row| row.get(0))
}

pub(crate) fn insert_out(
    tx: &mut Tx<'_>,
    message: &Message,
    text: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO region_outbox (region, sequence, id, kind, person_key, text, made_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (to, sequence, id) = (v(&message.to), v(message.sequence), v(&message.id));
    let values = [to, sequence, id, v(&message.kind), v(&message.person_key), v(text), v(now)];
    tx.execute(sql, &values).map(drop)
}

/// Messages without a receipt that are tried now, oldest first: id and text. A pause that ends far ahead
/// is of a clock that was set back since.
pub(crate) fn unsent(
    tx: &mut Tx<'_>,
    region: &str,
    most: i64,
    now: Utc,
) -> Result<Vec<(String, String)>, DbError> {
    let sql = "SELECT id, text FROM region_outbox WHERE region = $1 AND result = ''
                 AND (next_at <= $2 OR next_at > $3) ORDER BY sequence LIMIT $4";
    let far = now.plus_seconds(MOST_PAUSE_S);
    let rows = tx.query(sql, &[v(region), v(now), v(far), v(most)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Lets a message that the other side could not take yet wait, so that others go first.
pub(crate) fn hold(tx: &mut Tx<'_>, id: &str, until: Utc) -> Result<(), DbError> {
    let sql = "UPDATE region_outbox SET next_at = $1 WHERE id = $2 AND result = ''";
    tx.execute(sql, &[v(until), v(id)]).map(drop)
}

pub(crate) fn keep_receipt(
    tx: &mut Tx<'_>,
    id: &str,
    result: &str,
    receipt: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE region_outbox SET result = $1, receipt = $2, receipt_at = $3
               WHERE id = $4 AND result = ''";
    tx.execute(sql, &[v(result), v(receipt), v(now), v(id)]).map(drop)
}

/// Failures in a row, and when the way is tried again.
pub(crate) fn link(tx: &mut Tx<'_>, region: &str) -> Result<(i64, Utc), DbError> {
    let row =
        tx.one("SELECT failures, next_at FROM region_link WHERE region = $1", &[v(region)])?;
    Ok((row.get(0)?, row.get(1)?))
}

pub(crate) fn note_link(
    tx: &mut Tx<'_>,
    region: &str,
    failures: i64,
    next_at: Utc,
    ok_at: Option<Utc>,
) -> Result<(), DbError> {
    let sql = "UPDATE region_link SET failures = $1, next_at = $2,
               last_ok_at = COALESCE($3, last_ok_at) WHERE region = $4";
    tx.execute(sql, &[v(failures), v(next_at), v(ok_at), v(region)]).map(drop)
}

/// What came under this id before: digest of its text, and our receipt.
pub(crate) fn came(
    tx: &mut Tx<'_>,
    region: &str,
    id: &str,
) -> Result<Option<(String, String)>, DbError> {
    let sql = "SELECT digest, receipt FROM region_inbox WHERE region = $1 AND id = $2";
    let row = tx.optional(sql, &[v(region), v(id)])?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

pub(crate) fn insert_in(
    tx: &mut Tx<'_>,
    message: &Message,
    signed: &Signed,
    result: &str,
    receipt: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO region_inbox
               (region, id, kind, digest, signed, result, receipt, received_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (region, id) DO NOTHING";
    let (text, digest) = (signed_text(signed), digest(&signed.text));
    let (region, id, kind) = (v(&message.from), v(&message.id), v(&message.kind));
    let values = [region, id, kind, v(digest), v(text), v(result), v(receipt), v(now)];
    // The same message twice at the same moment: the loser is run again, and finds it.
    tx.execute_one(sql, &values)
}

/// A signed text as it is stored and sent.
pub(crate) fn signed_text(signed: &Signed) -> String {
    serde_json::to_string(signed).expect("plain data")
}

/// Counts what was not believed. Names of unlisted regions are not kept: a stranger writes no rows.
pub(crate) fn alarm(
    tx: &mut Tx<'_>,
    region: &str,
    refused: Refused,
    now: Utc,
) -> Result<(), DbError> {
    use kernel::law::Refusal as _;
    let (code, hour) = (refused.code(), now.seconds() / 3_600);
    let sql = "INSERT INTO region_alarm (region, code, hour, times, last_at)
               VALUES ($1, $2, $3, 0, 0) ON CONFLICT (region, code, hour) DO NOTHING";
    tx.execute(sql, &[v(region), v(code), v(hour)])?;
    let sql = "UPDATE region_alarm SET times = times + 1, last_at = $1
               WHERE region = $2 AND code = $3 AND hour = $4";
    tx.execute(sql, &[v(now), v(region), v(code), v(hour)]).map(drop)
}

/// One line of the alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Region, or empty when it is none that is trusted.
    pub region: String,
    /// Code of the refusal.
    pub code: String,
    /// How often in one hour.
    pub times: i64,
    /// The last time.
    pub last_at: Utc,
}

/// The newest alarms.
pub(crate) fn alarms(tx: &mut Tx<'_>) -> Result<Vec<Alarm>, DbError> {
    let sql = "SELECT region, code, times, last_at FROM region_alarm
               ORDER BY last_at DESC LIMIT 50";
    let read = |row: &Row| {
        Ok(Alarm {
            region: row.get(0)?,
            code: row.get(1)?,
            times: row.get(2)?,
            last_at: row.get(3)?,
        })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// How the way to a region is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Region.
    pub region: String,
    /// Failures in a row.
    pub failures: i64,
    /// Last time that the other side answered.
    pub last_ok_at: Option<Utc>,
    /// Messages without a receipt.
    pub waiting: i64,
    /// When the oldest of them was written.
    pub oldest: Option<Utc>,
    /// Messages that the other side refused for good.
    pub refused: i64,
}

/// All ways, with what waits on them.
pub(crate) fn health(tx: &mut Tx<'_>) -> Result<Vec<Health>, DbError> {
    let sql = "SELECT l.region, l.failures, l.last_ok_at,
                   (SELECT COUNT(*) FROM region_outbox o
                    WHERE o.region = l.region AND o.result = ''),
                   (SELECT MIN(made_at) FROM region_outbox o
                    WHERE o.region = l.region AND o.result = ''),
                   (SELECT COUNT(*) FROM region_outbox o
                    WHERE o.region = l.region AND o.result NOT IN ('', 'ok'))
               FROM region_link l ORDER BY l.region";
    let read = |row: &Row| {
        Ok(Health {
            region: row.get(0)?,
            failures: row.get(1)?,
            last_ok_at: row.get(2)?,
            waiting: row.get(3)?,
            oldest: row.get(4)?,
            refused: row.get(5)?,
        })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// An emergency that both sides know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Region that told it.
    pub origin: String,
    /// Id there.
    pub id: String,
    /// One line.
    pub title: String,
    /// What happened, without personal data.
    pub text: String,
    /// When it was told there.
    pub told_at: Utc,
}

pub(crate) fn insert_incident(tx: &mut Tx<'_>, incident: &Incident) -> Result<(), DbError> {
    let sql = "INSERT INTO region_incident (origin, id, title, text, told_at)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (origin, id) DO NOTHING";
    let Incident { origin, id, title, text, told_at } = incident;
    tx.execute(sql, &[v(origin), v(id), v(title), v(text), v(*told_at)]).map(drop)
}

/// The newest emergencies.
pub(crate) fn incidents(tx: &mut Tx<'_>) -> Result<Vec<Incident>, DbError> {
    let sql = "SELECT origin, id, title, text, told_at FROM region_incident
               ORDER BY told_at DESC LIMIT 20";
    let read = |row: &Row| {
        Ok(Incident {
            origin: row.get(0)?,
            id: row.get(1)?,
            title: row.get(2)?,
            text: row.get(3)?,
            told_at: row.get(4)?,
        })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// What a region wrote on the record of an emergency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which region.
    pub region: String,
    /// Id there.
    pub id: String,
    /// What was done.
    pub text: String,
    /// Who wrote it.
    pub by: String,
    /// When, by that region's clock.
    pub at: Utc,
    /// Whether that region has dealt with it.
    pub done: bool,
}

pub(crate) fn insert_note(
    tx: &mut Tx<'_>,
    (origin, incident): (&str, &str),
    note: &Note,
) -> Result<(), DbError> {
    let sql = "INSERT INTO region_incident_note
                   (origin, incident, region, id, text, by_name, at, done)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
               ON CONFLICT (origin, incident, region, id) DO NOTHING";
    let Note { region, id, text, by, at, done } = note;
    let values = [v(origin), v(incident), v(region), v(id), v(text), v(by), v(*at), v(*done)];
    tx.execute(sql, &values).map(drop)
}

/// How much a region wrote on a record.
pub(crate) fn count_notes(
    tx: &mut Tx<'_>,
    (origin, incident): (&str, &str),
    region: &str,
) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM region_incident_note
               WHERE origin = $1 AND incident = $2 AND region = $3";
    tx.one(sql, &[v(origin), v(incident), v(region)])?.get(0)
}

/// All that was written on a record, in the order in which it was written.
pub(crate) fn notes(
    tx: &mut Tx<'_>,
    (origin, incident): (&str, &str),
) -> Result<Vec<Note>, DbError> {
    let sql = "SELECT region, id, text, by_name, at, done FROM region_incident_note
               WHERE origin = $1 AND incident = $2 ORDER BY at, region, id";
    let read = |row: &Row| {
        Ok(Note {
            region: row.get(0)?,
            id: row.get(1)?,
            text: row.get(2)?,
            by: row.get(3)?,
            at: row.get(4)?,
            done: row.get(5)?,
        })
    };
    tx.query(sql, &[v(origin), v(incident)])?.iter().map(read).collect()
}

/// A receipt that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// From which region.
    pub region: String,
    /// Kind of the message.
    pub kind: String,
    /// What became of it there.
    pub result: String,
    /// When the receipt came.
    pub at: Utc,
    /// Seconds from writing to receipt.
    pub took_s: i64,
}

/// The last receipts of all ways, newest first.
pub(crate) fn receipts(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Received>, DbError> {
    let sql = "SELECT region, kind, result, receipt_at, made_at FROM region_outbox
               WHERE receipt_at IS NOT NULL ORDER BY receipt_at DESC, sequence DESC LIMIT $1";
    let read = |row: &Row| {
        let (at, made): (Utc, Utc) = (row.get(3)?, row.get(4)?);
        Ok(Received {
            region: row.get(0)?,
            kind: row.get(1)?,
            result: row.get(2)?,
            at,
            took_s: (at.seconds() - made.seconds()).max(0),
        })
    };
    tx.query(sql, &[v(most)])?.iter().map(read).collect()
}

/// Messages that the other side refused for good, newest first: people settle them.
pub(crate) fn refused(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Received>, DbError> {
    let sql = "SELECT region, kind, result, receipt_at, made_at FROM region_outbox
               WHERE receipt_at IS NOT NULL AND result <> 'ok'
               ORDER BY receipt_at DESC, sequence DESC LIMIT $1";
    let read = |row: &Row| {
        let (at, made): (Utc, Utc) = (row.get(3)?, row.get(4)?);
        let took_s = (at.seconds() - made.seconds()).max(0);
        let (region, kind, result) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Received { region, kind, result, at, took_s })
    };
    tx.query(sql, &[v(most)])?.iter().map(read).collect()
}
