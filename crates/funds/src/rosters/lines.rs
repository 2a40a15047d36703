//! Lines: entered in sets, checked in sets.

use std::collections::{BTreeSet, HashMap};

use kernel::db::{DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::keys::Keys;
use kernel::time::Utc;

use super::columns::Draft;
use super::reasons::{AGENT, AMOUNT, PHONE, Reason};
use super::rules::{Found, Judged};

/// What the register knows of these numbers, in one question for all.
///
/// # Errors
/// See [`DbError`].
pub fn find(tx: &mut Tx<'_>, numbers: &[&str]) -> Result<HashMap<String, Found>, DbError> {
    let keys: Vec<_> = numbers.iter().map(|number| sealed(*number)).collect();
    let rows = tx.query_in(
        "SELECT n.number, p.id, p.name, p.deceased_on, c.id, c.stage, a.bank_id, a.state, a.digest,
             a.changed_at
         FROM person_number n JOIN person p ON p.id = n.person_id
         LEFT JOIN card c ON c.person_id = p.id AND c.live
         LEFT JOIN bank_account a ON a.person_id = c.person_id AND a.card_id = c.id
         WHERE n.number IN (#)",
        &keys,
    )?;
    rows.iter().map(|row| Ok((row.get(0)?, found(row)?))).collect()
}

fn found(row: &Row) -> Result<Found, DbError> {
    let (card, stage): (Option<Id>, Option<String>) = (row.get(4)?, row.get(5)?);
    let (bank, state): (Option<Id>, Option<String>) = (row.get(6)?, row.get(7)?);
    Ok(Found {
        person: row.get(1)?,
        name: row.get(2)?,
        deceased: row.get::<Option<String>>(3)?.is_some(),
        card: card.zip(stage),
        account: bank.zip(state),
        digest: row.get(8)?,
        changed_at: row.get(9)?,
    })
}

/// Whether the account that a line names is the found one.
///
/// # Errors
/// The installation has no key for digests.
pub fn same_account(keys: &Keys, draft: &Draft, found: Option<&Found>) -> Result<bool, DbError> {
    let Some((bank, _)) = found.and_then(|found| found.account.as_ref()) else { return Ok(true) };
    if draft.account.is_empty() {
        return Ok(true);
    }
    let Ok(number) = banks::number::AccountNumber::parse(&draft.account) else { return Ok(false) };
    let digest = number.digest(keys, *bank)?;
    Ok(found.and_then(|found| found.digest.as_deref()) == Some(&digest[..]))
}

/// A keyed digest of a household's code within its division.
///
/// # Errors
/// The installation has no key for digests.
pub fn household(keys: &Keys, division: &str, code: &str) -> Result<Option<Vec<u8>>, DbError> {
    if code.is_empty() {
        return Ok(None);
    }
    let mac = keys.store().mac("digest", format!("household {division} {code}").as_bytes());
    mac.map(|mac| Some(mac.to_vec())).map_err(|error| DbError::Engine(error.to_string()))
}

fn context(roster: Id, line: i64) -> Vec<u8> {
    format!("roster_line {roster} {line}").into_bytes()
}

const COLUMNS: &str = "line, roster_id, person_id, card_id, bank_id, amount_fen, quantity, household, state, \
     reason, warn, sealed";

/// A judged line as a row. What was written is kept, sealed, only while the line is bad.
///
/// # Errors
/// The installation has no key for digests.
pub fn row(
    keys: &Keys,
    (roster, division): (Id, &str),
    draft: &Draft,
    judged: &Judged,
) -> Result<Vec<Value<'static>>, DbError> {
    let sealed = judged.reason.map(|_| {
        let text = serde_json::to_vec(draft).map_err(|error| DbError::Engine(error.to_string()))?;
        Ok::<_, DbError>(keys.seal_field(&text, &context(roster, draft.line)))
    });
    Ok(vec![
        v(draft.line),
        v(roster),
        v(judged.person),
        v(judged.card),
        v(judged.bank),
        v(judged.fen),
        v(draft.quantity),
        v(household(keys, division, &draft.household)?),
        v(if judged.reason.is_some() { "bad" } else { "good" }),
        v(judged.reason.map_or("", Reason::code)),
        v(judged.warn.clone()),
        v(sealed.transpose()?),
    ])
}

/// Enters new lines; one that is there already stays as it is. Returns how many are new.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, rows: &[Vec<Value<'_>>]) -> Result<usize, DbError> {
    let on_conflict = "ON CONFLICT (roster_id, line) DO NOTHING";
    let kept = tx.insert_rows(&format!("roster_line ({COLUMNS})"), on_conflict, rows)?;
    Ok(kept.into_iter().filter(|kept| *kept).count())
}

/// Puts corrected lines in the place of bad ones; others stay. Returns how many were replaced.
///
/// # Errors
/// See [`DbError`].
pub fn replace_bad(tx: &mut Tx<'_>, rows: &[Vec<Value<'_>>]) -> Result<u64, DbError> {
    let sql = "UPDATE roster_line SET person_id = $3, card_id = $4, bank_id = $5, amount_fen = $6,
                   quantity = $7, household = $8, state = $9, reason = $10, warn = $11, sealed = $12
               WHERE line = $1 AND roster_id = $2 AND state = 'bad'";
    rows.iter().try_fold(0, |count, row| Ok(count + tx.execute(sql, row)?))
}

/// The lines on which these people stand.
///
/// # Errors
/// See [`DbError`].
pub fn of_people(tx: &mut Tx<'_>, roster: Id, people: &[Id]) -> Result<HashMap<Id, i64>, DbError> {
    let keys: Vec<_> = people.iter().map(|id| v(*id)).collect();
    let sql = "SELECT person_id, line, roster_id FROM roster_line WHERE person_id IN (#)";
    let rows = tx.query_in(sql, &keys)?;
    let mut lines = HashMap::new();
    for row in rows {
        if row.get::<Id>(2)? == roster {
            lines.insert(row.get(0)?, row.get(1)?);
        }
    }
    Ok(lines)
}

/// Replaces a repeated line by its change; without money it is left out.
///
/// # Errors
/// See [`DbError`].
pub fn change(tx: &mut Tx<'_>, row: &[Value<'_>], left_out: bool) -> Result<(), DbError> {
    if left_out {
        let sql = "UPDATE roster_line SET state = 'struck', reason = 'left-out' WHERE line = $1 AND roster_id = $2";
        return tx.execute(sql, &row[..2]).map(drop);
    }
    let sql = "UPDATE roster_line SET person_id = $3, card_id = $4, bank_id = $5, amount_fen = $6,
                   quantity = $7, household = $8, state = $9, reason = $10, warn = $11, sealed = $12
               WHERE line = $1 AND roster_id = $2";
    tx.execute(sql, row).map(drop)
}

/// The greatest line, 0 without any.
///
/// # Errors
/// See [`DbError`].
pub fn last(tx: &mut Tx<'_>, roster: Id) -> Result<i64, DbError> {
    let sql = "SELECT COALESCE(MAX(line), 0) FROM roster_line WHERE roster_id = $1";
    tx.one(sql, &[v(roster)])?.get(0)
}

/// Copies the paid lines of another roster with cards and accounts of today, in one statement for a
/// range of lines.
///
/// # Errors
/// See [`DbError`].
pub fn copy(
    tx: &mut Tx<'_>,
    (from, to): (Id, Id),
    (after, until): (i64, i64),
    changed_after: Utc,
    max_line_fen: i64,
) -> Result<u64, DbError> {
    let reason = "CASE WHEN p.deceased_on IS NOT NULL THEN 'deceased'
        WHEN c.id IS NULL THEN 'no-card' WHEN c.stage <> 'active' THEN 'card-not-active'
        WHEN a.bank_id IS NULL THEN 'no-account' WHEN a.state <> 'active' THEN 'account-not-active'
        WHEN l.amount_fen > $6 THEN 'above-limit' ELSE '' END";
    let sql = format!(
        "INSERT INTO roster_line (roster_id, line, person_id, card_id, bank_id, amount_fen, quantity,
             household, state, reason, warn, sealed)
         SELECT CAST($1 AS BIGINT), x.line, x.person_id, x.card, x.bank, x.amount_fen, x.quantity, x.household,
             CASE WHEN x.reason = '' THEN 'good' ELSE 'bad' END, x.reason,
             CASE WHEN x.changed_at > $5 THEN 'account,' ELSE '' END, NULL
         FROM (SELECT l.line AS line, l.person_id AS person_id, c.id AS card, a.bank_id AS bank,
                   l.amount_fen AS amount_fen, l.quantity AS quantity, l.household AS household,
                   a.changed_at AS changed_at, {reason} AS reason
               FROM roster_line l JOIN person p ON p.id = l.person_id
               LEFT JOIN card c ON c.person_id = p.id AND c.live
               LEFT JOIN bank_account a ON a.person_id = c.person_id AND a.card_id = c.id
               WHERE l.roster_id = $2 AND l.state = 'good' AND l.line > $3 AND l.line <= $4) x
         WHERE TRUE ON CONFLICT (roster_id, line) DO NOTHING"
    );
    tx.execute(&sql, &[v(to), v(from), v(after), v(until), v(changed_after), v(max_line_fen)])
}

/// Marks good lines of a range that stand twice: in this list, in this period, or in programmes that
/// exclude one another. Each is one statement for the whole range.
///
/// # Errors
/// See [`DbError`].
pub fn mark_doubled(
    tx: &mut Tx<'_>,
    roster: Id,
    (after, until): (i64, i64),
    (programme, period): (Id, &str),
    conflicts: &[Id],
) -> Result<u64, DbError> {
    let range = "roster_id = $1 AND line > $2 AND line <= $3 AND state = 'good'";
    // The index of the person or household leads to a handful of lines; `+`, `||`
    // and a count in place of EXISTS keep the engines from walking the whole roster for each line instead.
    let counts = "(o.state || '') IN ('good', 'objected')";
    let mut count = 0;
    for column in ["person_id", "household"] {
        let sql = format!(
            "UPDATE roster_line SET state = 'bad', reason = 'doubled' WHERE {range} AND {column} IS NOT NULL
             AND 0 < (SELECT COUNT(*) FROM roster_line o WHERE o.{column} = roster_line.{column}
                 AND o.{column} IS NOT NULL AND +o.roster_id = roster_line.roster_id
                 AND +o.line < roster_line.line AND {counts})"
        );
        count += tx.execute(&sql, &[v(roster), v(after), v(until)])?;
    }
    let others = std::iter::once((programme, Reason::DoubledPeriod))
        .chain(conflicts.iter().map(|other| (*other, Reason::Conflict)));
    for (other, reason) in others {
        for column in ["person_id", "household"] {
            // A year and its months meet: one period begins with the other.
            let sql = format!(
                "UPDATE roster_line SET state = 'bad', reason = $4 WHERE {range} AND {column} IS NOT NULL
                 AND 0 < (SELECT COUNT(*) FROM roster_line o WHERE o.{column} = roster_line.{column}
                     AND o.{column} IS NOT NULL AND +o.roster_id <> roster_line.roster_id AND {counts}
                     AND EXISTS (SELECT 1 FROM roster r WHERE r.id = o.roster_id
                         AND +r.programme_id = $5 AND (r.state || '') <> 'withdrawn'
                         AND (r.period LIKE $6 OR $7 LIKE r.period || '%')))"
            );
            let params = [
                v(roster),
                v(after),
                v(until),
                v(reason.code()),
                v(other),
                v(format!("{period}%")),
                v(period),
            ];
            count += tx.execute(&sql, &params)?;
        }
    }
    Ok(count)
}

/// Notes good lines of a range whose amount differs by more than so many percent from what the same programme
/// last paid this person, in one statement; nothing when it never paid before.
///
/// # Errors
/// See [`DbError`].
pub fn note_changes(
    tx: &mut Tx<'_>,
    roster: Id,
    (after, until): (i64, i64),
    (programme, period): (Id, &str),
    percent: i64,
) -> Result<(), DbError> {
    let sql = "SELECT 1 FROM pay_batch WHERE programme_id = $1 AND period < $2 LIMIT 1";
    if percent == 0 || tx.optional(sql, &[v(programme), v(period)])?.is_none() {
        return Ok(());
    }
    let sql = format!(
        "UPDATE roster_line SET warn = REPLACE(warn, '{AMOUNT},', '') || '{AMOUNT},'
         WHERE roster_id = $1 AND line > $2 AND line <= $3 AND state = 'good' AND EXISTS (
             SELECT 1 FROM payment p
             WHERE p.person_id = roster_line.person_id AND p.programme_id = $4 AND p.ended = 0
               AND p.period = (SELECT MAX(q.period) FROM payment q
                   WHERE q.person_id = roster_line.person_id AND q.programme_id = $4
                     AND q.period < $5 AND q.ended = 0)
               AND (roster_line.amount_fen * 100 > p.amount_fen * (100 + $6)
                    OR roster_line.amount_fen * 100 < p.amount_fen * (100 - $6)))"
    );
    let params = [v(roster), v(after), v(until), v(programme), v(period), v(percent)];
    tx.execute(&sql, &params).map(drop)
}

/// Notes good lines of people who share a telephone or an agent with many others of the list. Whom that is
/// about is found first: mostly nobody, and then no line is looked at a second time.
///
/// # Errors
/// See [`DbError`].
pub fn note_crowds(
    tx: &mut Tx<'_>,
    roster: Id,
    same_phone: i64,
    same_agent: i64,
) -> Result<(), DbError> {
    let sql = format!(
        "UPDATE roster_line SET warn = REPLACE(REPLACE(warn, '{PHONE},', ''), '{AGENT},', '')
         WHERE roster_id = $1 AND warn <> ''"
    );
    tx.execute(&sql, &[v(roster)])?;
    let phones = "SELECT q.phone FROM roster_line l JOIN person q ON q.id = l.person_id
                  WHERE l.roster_id = $1 AND l.state = 'good' AND q.phone <> ''
                  GROUP BY q.phone HAVING COUNT(*) >= $2";
    let people = "SELECT id FROM person WHERE phone IN (#)";
    warn(tx, roster, PHONE, (phones, same_phone), people)?;
    let agents =
        "SELECT t.number FROM roster_line l JOIN representative t ON t.person_id = l.person_id
                  WHERE l.roster_id = $1 AND l.state = 'good' AND t.ended_at IS NULL
                  GROUP BY t.number HAVING COUNT(DISTINCT l.person_id) >= $2";
    let people = "SELECT person_id FROM representative WHERE ended_at IS NULL AND number IN (#)";
    warn(tx, roster, AGENT, (agents, same_agent), people)
}

/// Warns at the good lines of the people whom many share something with: what is shared by at least so many, and
/// whose it is.
fn warn(
    tx: &mut Tx<'_>,
    roster: Id,
    word: &str,
    (shared, least): (&str, i64),
    people: &str,
) -> Result<(), DbError> {
    let rows = tx.query(shared, &[v(roster), v(least)])?;
    let shared: Vec<String> = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    let keys: Vec<_> = shared.iter().map(|text| sealed(text.as_str())).collect();
    let rows = tx.query_in(people, &keys)?;
    let all: BTreeSet<Id> = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    let keys: Vec<_> = all.into_iter().map(v).collect();
    let sql = "SELECT line, roster_id, state FROM roster_line WHERE person_id IN (#)";
    for row in tx.query_in(sql, &keys)? {
        if (row.get::<Id>(1)?, row.get::<String>(2)?.as_str()) == (roster, "good") {
            let sql = "UPDATE roster_line SET warn = warn || $1 WHERE roster_id = $2 AND line = $3";
            tx.execute_one(sql, &[v(format!("{word},")), v(roster), v(row.get::<i64>(0)?)])?;
        }
    }
    Ok(())
}

/// Good lines whose person, card or account is no longer as it was when it was checked become bad.
///
/// # Errors
/// See [`DbError`].
pub fn look_again(tx: &mut Tx<'_>, roster: Id) -> Result<u64, DbError> {
    tx.execute(
        "UPDATE roster_line SET state = 'bad', reason = 'changed-since'
         WHERE roster_id = $1 AND state = 'good' AND NOT EXISTS (
             SELECT 1 FROM person p
             JOIN card c ON c.person_id = p.id AND c.id = roster_line.card_id
             JOIN bank_account a ON a.person_id = p.id AND a.card_id = c.id
             WHERE p.id = roster_line.person_id AND p.deceased_on IS NULL AND c.live
                 AND c.stage = 'active' AND a.state = 'active' AND a.bank_id = roster_line.bank_id)",
        &[v(roster)],
    )
}

/// A line with what is shown of it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its place.
    pub line: i64,
    /// Registered name; empty when nobody was found.
    pub name: String,
    /// Registered number; empty when nobody was found.
    pub number: String,
    /// Fen.
    pub fen: i64,
    /// `good`, `bad`, `objected`, `struck`.
    pub state: String,
    /// Code of the reason.
    pub reason: String,
    /// Codes of warnings.
    pub warn: String,
    /// What was written, while the line is bad.
    pub written: Option<Draft>,
}

/// Lines behind `after`, in order: bad ones, warned ones, or those that are shown to the public.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// Bad lines.
    Bad,
    /// Good lines with a warning.
    Warned,
    /// Lines on public notice.
    Public,
}

/// One page of lines.
///
/// # Errors
/// See [`DbError`].
pub fn page(
    tx: &mut Tx<'_>,
    keys: &Keys,
    roster: Id,
    which: Which,
    (after, most): (i64, i64),
) -> Result<Vec<Shown>, DbError> {
    let which = match which {
        Which::Bad => "l.state = 'bad' AND l.state <> 'good'",
        Which::Warned => "l.state = 'good' AND l.warn <> ''",
        Which::Public => "l.state IN ('good', 'objected')",
    };
    let sql = format!(
        "SELECT l.line, p.name, p.number, l.amount_fen, l.state, l.reason, l.warn, l.sealed
         FROM roster_line l LEFT JOIN person p ON p.id = l.person_id
         WHERE l.roster_id = $1 AND l.line > $2 AND {which} ORDER BY l.line LIMIT $3"
    );
    let rows = tx.query(&sql, &[v(roster), v(after), v(most)])?;
    let read = |row: &Row| {
        let line = row.get(0)?;
        let sealed: Option<Vec<u8>> = row.get(7)?;
        let plain = sealed.and_then(|sealed| keys.open_field(&sealed, &context(roster, line)));
        Ok(Shown {
            line,
            name: row.get::<Option<String>>(1)?.unwrap_or_default(),
            number: row.get::<Option<String>>(2)?.unwrap_or_default(),
            fen: row.get(3)?,
            state: row.get(4)?,
            reason: row.get(5)?,
            warn: row.get(6)?,
            written: plain.and_then(|plain| serde_json::from_slice(&plain).ok()),
        })
    };
    rows.iter().map(read).collect()
}
