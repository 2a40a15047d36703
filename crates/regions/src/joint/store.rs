//! All SQL of joint outlets.

use kernel::db::{DbError, Row, Tx, sealed, v};
use kernel::id::Id;
use kernel::org::{self, Org};
use kernel::time::Utc;

use super::rules::{CaseSent, MonthSent, PaperPart, Service};

/// A case of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The other region.
    pub region: String,
    /// 32 hexadecimal digits.
    pub id: String,
    /// Whether a holder of ours is at an outlet there.
    pub theirs: bool,
    /// What is done.
    pub service: Service,
    /// Outlet here, or the organisation that stands for theirs.
    pub outlet_id: Id,
    /// Its name.
    pub outlet: String,
    /// Account of the clerk; 0 when he is of the other region.
    pub clerk_id: Id,
    /// His name.
    pub clerk: String,
    /// The holder's name, masked.
    pub name: String,
    /// A keyed digest of his number; messages about one holder are done in order.
    pub person_key: String,
    /// The holder here.
    pub person: Option<Id>,
    /// Number and name for the next step, for a day.
    pub holder: String,
    /// The envelope until it is answered.
    pub sealed: String,
    /// Kinds of the documents with it, separated by commas.
    pub papers: String,
    /// `sent`, `done` or `refused`.
    pub state: String,
    /// `ok`, or the code of the refusal.
    pub result: String,
    /// The answer as JSON; empty before.
    pub answer: String,
    /// Fee that was taken, fen.
    pub fee_fen: i64,
    /// When it was written.
    pub sent_at: Utc,
    /// When it should have ended.
    pub due_at: Utc,
    /// When the home region answered.
    pub answered_at: Option<Utc>,
    /// When it ended.
    pub closed_at: Option<Utc>,
}

impl Case {
    /// Whether it should have ended by now.
    pub fn is_late(&self, now: Utc) -> bool {
        self.closed_at.is_none() && self.due_at < now
    }
}

const CASE: &str = "region, id, way, service, outlet_id, outlet, clerk_id, clerk, name, person_key, \
     person_id, holder, sealed, papers, state, result, answer, fee_fen, sent_at, due_at, answered_at, \
     closed_at";

fn read(row: &Row) -> Result<Case, DbError> {
    let service = Service::from_code(&row.get::<String>(3)?);
    Ok(Case {
        region: row.get(0)?,
        id: row.get(1)?,
        theirs: row.get::<String>(2)? == "in",
        service: service.ok_or_else(|| DbError::Engine("unknown service".to_owned()))?,
        outlet_id: row.get(4)?,
        outlet: row.get(5)?,
        clerk_id: row.get(6)?,
        clerk: row.get(7)?,
        name: row.get(8)?,
        person_key: row.get(9)?,
        person: row.get(10)?,
        holder: row.get(11)?,
        sealed: row.get(12)?,
        papers: row.get(13)?,
        state: row.get(14)?,
        result: row.get(15)?,
        answer: row.get(16)?,
        fee_fen: row.get(17)?,
        sent_at: row.get(18)?,
        due_at: row.get(19)?,
        answered_at: row.get(20)?,
        closed_at: row.get(21)?,
    })
}

pub(crate) fn insert(tx: &mut Tx<'_>, case: &Case) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO joint_case ({CASE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
         $14, $15, $16, $17, $18, $19, $20, $21, $22)"
    );
    let values = [
        v(&case.region),
        v(&case.id),
        v(if case.theirs { "in" } else { "out" }),
        v(case.service.code()),
        v(case.outlet_id),
        v(&case.outlet),
        v(case.clerk_id),
        v(&case.clerk),
        sealed(case.name.as_str()),
        v(&case.person_key),
        v(case.person),
        sealed(case.holder.as_str()),
        v(&case.sealed),
        v(&case.papers),
        v(&case.state),
        v(&case.result),
        sealed(case.answer.as_str()),
        v(case.fee_fen),
        v(case.sent_at),
        v(case.due_at),
        v(case.answered_at),
        v(case.closed_at),
    ];
    tx.execute(&sql, &values).map(drop)
}

pub(crate) fn one(tx: &mut Tx<'_>, region: &str, id: &str) -> Result<Option<Case>, DbError> {
    let sql = format!("SELECT {CASE} FROM joint_case WHERE region = $1 AND id = $2");
    tx.optional(&sql, &[v(region), v(id)])?.as_ref().map(read).transpose()
}

/// A case that an outlet here wrote.
pub(crate) fn own(tx: &mut Tx<'_>, outlet: Id, id: &str) -> Result<Option<Case>, DbError> {
    let sql =
        format!("SELECT {CASE} FROM joint_case WHERE id = $1 AND outlet_id = $2 AND way = 'out'");
    tx.optional(&sql, &[v(id), v(outlet)])?.as_ref().map(read).transpose()
}

/// Cases of theirs that wait for our answer, oldest first.
pub(crate) fn waiting(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Case>, DbError> {
    let sql = format!(
        "SELECT {CASE} FROM joint_case WHERE way = 'in' AND state = 'sent' ORDER BY sent_at LIMIT $1"
    );
    tx.query(&sql, &[v(most)])?.iter().map(read).collect()
}

/// Newest cases of an outlet here.
pub(crate) fn of_outlet(tx: &mut Tx<'_>, outlet: Id, most: i64) -> Result<Vec<Case>, DbError> {
    let sql = format!(
        "SELECT {CASE} FROM joint_case WHERE outlet_id = $1 AND way = 'out'
         ORDER BY sent_at DESC LIMIT $2"
    );
    tx.query(&sql, &[v(outlet), v(most)])?.iter().map(read).collect()
}

/// Newest cases of both ways.
pub(crate) fn newest(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Case>, DbError> {
    let sql = format!("SELECT {CASE} FROM joint_case ORDER BY sent_at DESC LIMIT $1");
    tx.query(&sql, &[v(most)])?.iter().map(read).collect()
}

/// How many cases of both ways are open, and how many of them late.
pub(crate) fn open_and_late(tx: &mut Tx<'_>, now: Utc) -> Result<(i64, i64), DbError> {
    let open = tx.one("SELECT COUNT(*) FROM joint_case WHERE closed_at IS NULL", &[])?;
    let late = "SELECT COUNT(*) FROM joint_case WHERE closed_at IS NULL AND due_at < $1";
    Ok((open.get(0)?, tx.one(late, &[v(now)])?.get(0)?))
}

/// How many cases came from an outlet since then.
pub(crate) fn since(tx: &mut Tx<'_>, outlet: Id, since: Utc) -> Result<i64, DbError> {
    let sql =
        "SELECT COUNT(*) FROM joint_case WHERE outlet_id = $1 AND way = 'in' AND sent_at >= $2";
    tx.one(sql, &[v(outlet), v(since)])?.get(0)
}

/// How a case was answered.
pub(crate) struct Answered<'a> {
    pub(crate) result: &'a str,
    pub(crate) answer: &'a str,
    pub(crate) fee_fen: i64,
    pub(crate) person: Option<Id>,
    pub(crate) name: &'a str,
    pub(crate) at: Utc,
    pub(crate) closed: bool,
}

/// Keeps the answer of a case that waits, and forgets what it was about.
///
/// # Errors
/// [`DbError::Conflict`] when it is answered already.
pub(crate) fn answer(
    tx: &mut Tx<'_>,
    (region, id): (&str, &str),
    said: &Answered<'_>,
) -> Result<(), DbError> {
    let sql = "UPDATE joint_case SET state = $1, result = $2, answer = $3, fee_fen = $4,
                   person_id = $5, name = $6, answered_at = $7, closed_at = $8, sealed = ''
               WHERE region = $9 AND id = $10 AND state = 'sent'";
    let state = if said.result == "ok" { "done" } else { "refused" };
    let values = [
        v(state),
        v(said.result),
        sealed(said.answer),
        v(said.fee_fen),
        v(said.person),
        sealed(said.name),
        v(said.at),
        v(said.closed.then_some(said.at)),
        v(region),
        v(id),
    ];
    tx.execute_one(sql, &values)
}

/// Ends a case whose card was handed over.
pub(crate) fn close(tx: &mut Tx<'_>, region: &str, id: &str, at: Utc) -> Result<(), DbError> {
    let sql = "UPDATE joint_case SET closed_at = $1
               WHERE region = $2 AND id = $3 AND closed_at IS NULL AND state = 'done'";
    tx.execute(sql, &[v(at), v(region), v(id)]).map(drop)
}

/// Cases of theirs in which a card is made for this holder of ours, not ended yet.
pub(crate) fn open_of(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Case>, DbError> {
    let sql = format!(
        "SELECT {CASE} FROM joint_case
         WHERE person_id = $1 AND closed_at IS NULL AND way = 'in' AND state = 'done'"
    );
    tx.query(&sql, &[v(person)])?.iter().map(read).collect()
}

/// Deletes number and name of cases from before.
pub(crate) fn forget_holders(tx: &mut Tx<'_>, before: Utc) -> Result<u64, DbError> {
    let empty = sealed("");
    let sql =
        "UPDATE joint_case SET holder = $1 WHERE way = 'out' AND sent_at < $2 AND holder <> $3";
    tx.execute(sql, &[empty.clone(), v(before), empty])
}

/// Deletes documents whose case never came.
pub(crate) fn forget_papers(tx: &mut Tx<'_>, before: Utc) -> Result<u64, DbError> {
    tx.execute("DELETE FROM joint_paper WHERE came_at < $1", &[v(before)])
}

pub(crate) fn insert_part(
    tx: &mut Tx<'_>,
    region: &str,
    part: &PaperPart,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO joint_paper (region, case_id, paper, part, parts, data, came_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (region, case_id, paper, part) DO NOTHING";
    let number = |n: usize| v(i64::try_from(n).unwrap_or(i64::MAX));
    let (paper, place, parts) = (number(part.paper), number(part.part), number(part.parts));
    let key = [v(region), v(&part.case), paper, place, parts, v(&part.data), v(now)];
    tx.execute(sql, &key).map(drop)
}

/// A document whose parts are all there, put together.
pub(crate) fn paper(
    tx: &mut Tx<'_>,
    region: &str,
    case: &str,
    paper: usize,
) -> Result<Option<String>, DbError> {
    let sql = "SELECT part, parts, data FROM joint_paper
               WHERE region = $1 AND case_id = $2 AND paper = $3 ORDER BY part";
    let paper = i64::try_from(paper).unwrap_or(i64::MAX);
    let rows = tx.query(sql, &[v(region), v(case), v(paper)])?;
    let mut text = String::new();
    for (place, row) in (0i64..).zip(&rows) {
        let (part, parts): (i64, i64) = (row.get(0)?, row.get(1)?);
        if part != place || parts != rows.len() as i64 {
            return Ok(None);
        }
        text.push_str(&row.get::<String>(2)?);
    }
    Ok((!rows.is_empty()).then_some(text))
}

pub(crate) fn delete_papers(tx: &mut Tx<'_>, region: &str, case: &str) -> Result<(), DbError> {
    let sql = "DELETE FROM joint_paper WHERE region = $1 AND case_id = $2";
    tx.execute(sql, &[v(region), v(case)]).map(drop)
}

/// An outlet of the other region, as it is known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlet {
    /// Region.
    pub region: String,
    /// Its id there.
    pub outlet: String,
    /// The organisation that stands for it here.
    pub org: Id,
    /// Its Chinese name.
    pub name_zh: String,
    /// Its English name.
    pub name_en: String,
    /// When its first case came.
    pub opened_at: Utc,
    /// When it was closed here.
    pub closed_at: Option<Utc>,
}

fn read_outlet(row: &Row) -> Result<Outlet, DbError> {
    Ok(Outlet {
        region: row.get(0)?,
        outlet: row.get(1)?,
        org: row.get(2)?,
        name_zh: row.get(3)?,
        name_en: row.get(4)?,
        opened_at: row.get(5)?,
        closed_at: row.get(6)?,
    })
}

const OUTLET: &str = "region, outlet, org_id, name_zh, name_en, opened_at, closed_at";

/// The outlet that a case came from; with its first case it becomes an organisation here, whose
/// counter cards are made for.
pub(crate) fn outlet_of(
    tx: &mut Tx<'_>,
    region: &str,
    sent: &CaseSent,
    fresh: Id,
    now: Utc,
) -> Result<Outlet, DbError> {
    let sql = format!("SELECT {OUTLET} FROM joint_outlet WHERE region = $1 AND outlet = $2");
    if let Some(row) = tx.optional(&sql, &[v(region), v(&sent.outlet)])? {
        return read_outlet(&row);
    }
    let org = Org {
        id: fresh,
        credit_code: None,
        name_zh: sent.outlet_name.zh.clone(),
        name_en: sent.outlet_name.en.clone(),
        kind: "outlet".to_owned(),
        division: region.to_owned(),
        parent: None,
    };
    org::add(tx, &org, now)?;
    let sql = "INSERT INTO joint_outlet (region, outlet, org_id, name_zh, name_en, opened_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [v(region), v(&sent.outlet), v(fresh), v(&org.name_zh), v(&org.name_en), v(now)];
    tx.execute(sql, &values)?;
    Ok(Outlet {
        region: region.to_owned(),
        outlet: sent.outlet.clone(),
        org: fresh,
        name_zh: org.name_zh,
        name_en: org.name_en,
        opened_at: now,
        closed_at: None,
    })
}

/// The outlet with this organisation.
pub(crate) fn outlet(tx: &mut Tx<'_>, org: Id) -> Result<Option<Outlet>, DbError> {
    let sql = format!("SELECT {OUTLET} FROM joint_outlet WHERE org_id = $1");
    tx.optional(&sql, &[v(org)])?.as_ref().map(read_outlet).transpose()
}

/// All outlets of other regions that sent cases.
pub(crate) fn outlets(tx: &mut Tx<'_>) -> Result<Vec<Outlet>, DbError> {
    let sql = format!("SELECT {OUTLET} FROM joint_outlet ORDER BY region, name_zh LIMIT 200");
    tx.query(&sql, &[])?.iter().map(read_outlet).collect()
}

/// Closes an outlet for further cases, or opens it again.
pub(crate) fn set_closed(tx: &mut Tx<'_>, org: Id, closed: Option<Utc>) -> Result<(), DbError> {
    let sql = "UPDATE joint_outlet SET closed_at = $1 WHERE org_id = $2";
    tx.execute_one(sql, &[v(closed), v(org)])
}

/// Cases and fees of one way that were answered in a span.
pub(crate) fn figures(
    tx: &mut Tx<'_>,
    (region, way): (&str, &str),
    from: Utc,
    to: Utc,
) -> Result<(i64, i64), DbError> {
    let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(fee_fen), 0) AS BIGINT) FROM joint_case
               WHERE region = $1 AND way = $2 AND answered_at >= $3 AND answered_at < $4
                 AND state = 'done'";
    let row = tx.one(sql, &[v(region), v(way), v(from), v(to)])?;
    Ok((row.get(0)?, row.get(1)?))
}

/// The fees of one month and way, as both sides count them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// The other region.
    pub region: String,
    /// `YYYY-MM`.
    pub month: String,
    /// Whether they took the fees for us.
    pub theirs: bool,
    /// Cases by our count.
    pub cases: i64,
    /// Fen by our count.
    pub fen: i64,
    /// Cases by theirs; -1 while they have not told.
    pub their_cases: i64,
    /// Fen by theirs.
    pub their_fen: i64,
    /// When it was told.
    pub told_at: Utc,
    /// Reference of the payment.
    pub reference: String,
    /// When it was settled here.
    pub settled_at: Option<Utc>,
}

impl Month {
    /// Whether both sides count the same; a month that only we have counted differs from nothing.
    pub fn agrees(&self) -> bool {
        self.their_cases < 0 || (self.cases, self.fen) == (self.their_cases, self.their_fen)
    }
}

/// Keeps the figures of a month; false when that month is there already.
pub(crate) fn insert_month(tx: &mut Tx<'_>, month: &Month) -> Result<bool, DbError> {
    let sql =
        "INSERT INTO joint_month (region, month, way, cases, fen, their_cases, their_fen, told_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (region, month, way) DO NOTHING";
    let way = if month.theirs { "in" } else { "out" };
    let values = [
        v(&month.region),
        v(&month.month),
        v(way),
        v(month.cases),
        v(month.fen),
        v(month.their_cases),
        v(month.their_fen),
        v(month.told_at),
    ];
    Ok(tx.execute(sql, &values)? == 1)
}

/// Keeps what the home region counted of a month that we told.
pub(crate) fn hear_month(tx: &mut Tx<'_>, region: &str, said: &MonthSent) -> Result<(), DbError> {
    let sql = "UPDATE joint_month SET their_cases = $1, their_fen = $2
               WHERE region = $3 AND month = $4 AND way = 'out'";
    tx.execute(sql, &[v(said.cases), v(said.fen), v(region), v(&said.month)]).map(drop)
}

/// The newest months.
pub(crate) fn months(tx: &mut Tx<'_>) -> Result<Vec<Month>, DbError> {
    let sql = "SELECT region, month, way, cases, fen, their_cases, their_fen, told_at, reference,
                      settled_at FROM joint_month ORDER BY month DESC, region, way LIMIT 48";
    let read = |row: &Row| {
        Ok(Month {
            region: row.get(0)?,
            month: row.get(1)?,
            theirs: row.get::<String>(2)? == "in",
            cases: row.get(3)?,
            fen: row.get(4)?,
            their_cases: row.get(5)?,
            their_fen: row.get(6)?,
            told_at: row.get(7)?,
            reference: row.get(8)?,
            settled_at: row.get(9)?,
        })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// Notes that a month was paid or received; false when it is settled or unknown.
pub(crate) fn settle(
    tx: &mut Tx<'_>,
    (region, month, way): (&str, &str, &str),
    reference: &str,
    now: Utc,
) -> Result<bool, DbError> {
    let sql = "UPDATE joint_month SET reference = $1, settled_at = $2
               WHERE region = $3 AND month = $4 AND way = $5 AND settled_at IS NULL";
    Ok(tx.execute(sql, &[v(reference), v(now), v(region), v(month), v(way)])? == 1)
}
