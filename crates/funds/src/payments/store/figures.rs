//! Figures for dashboards, from the ledger: few entries stand for many payments.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;

/// By what figures are grouped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Department that answers for the programme.
    Department,
    /// Programme.
    Programme,
    /// District.
    District,
    /// Bank.
    Bank,
    /// Day.
    Day,
}

impl By {
    /// All groupings.
    pub const ALL: [Self; 5] =
        [Self::Programme, Self::Department, Self::District, Self::Bank, Self::Day];

    /// In addresses.
    pub fn code(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::Programme => "programme",
            Self::District => "district",
            Self::Bank => "bank",
            Self::Day => "day",
        }
    }

    /// The grouping of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.code() == code)
    }

    fn columns(self) -> (&'static str, &'static str) {
        match self {
            Self::Department => ("CAST(g.department AS TEXT)", "COALESCE(d.name_zh, '')"),
            Self::Programme => ("CAST(b.programme_id AS TEXT)", "g.name_zh"),
            Self::District => ("SUBSTR(b.division, 1, 6)", "SUBSTR(b.division, 1, 6)"),
            Self::Bank => ("CAST(l.bank_id AS TEXT)", "COALESCE(o.name_zh, '')"),
            Self::Day => ("l.day", "l.day"),
        }
    }
}

/// One row of a dashboard, fen and number of payments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// Key of the group.
    pub key: String,
    /// Its name as stored.
    pub name: String,
    /// Left for the banks.
    pub released_fen: i64,
    /// How many left.
    pub released: i64,
    /// Arrived.
    pub paid_fen: i64,
    /// How many arrived.
    pub paid: i64,
    /// Came back.
    pub returned_fen: i64,
    /// How many came back.
    pub returned: i64,
    /// With the banks.
    pub pending_fen: i64,
    /// How many are with the banks.
    pub pending: i64,
    /// In suspense, fen.
    pub suspense_fen: i64,
}

impl Figure {
    /// The sum of several.
    pub fn total(all: &[Self]) -> Self {
        all.iter().fold(Self::default(), |sum, one| Self {
            released_fen: sum.released_fen + one.released_fen,
            released: sum.released + one.released,
            paid_fen: sum.paid_fen + one.paid_fen,
            paid: sum.paid + one.paid,
            returned_fen: sum.returned_fen + one.returned_fen,
            returned: sum.returned + one.returned,
            pending_fen: sum.pending_fen + one.pending_fen,
            pending: sum.pending + one.pending,
            suspense_fen: sum.suspense_fen + one.suspense_fen,
            ..sum
        })
    }
}

fn net(account: &str, what: &str) -> String {
    format!(
        "CAST(SUM(CASE WHEN l.debit = '{account}' THEN l.{what}
                       WHEN l.credit = '{account}' THEN -l.{what} ELSE 0 END) AS BIGINT)"
    )
}

/// The sums of [`Figure`], from its third column on.
fn sums() -> String {
    let left = |what: &str| {
        format!(
            "CAST(SUM(CASE WHEN l.kind = 'intend' THEN l.{what}
                           WHEN l.kind = 'withdraw' THEN -l.{what} ELSE 0 END) AS BIGINT)"
        )
    };
    // What came back: also what was made again since.
    let returned = |what: &str| {
        format!(
            "CAST(SUM(CASE WHEN l.debit = 'returned' THEN l.{what}
                           WHEN l.credit = 'returned' AND l.kind <> 'reissue' THEN -l.{what}
                           ELSE 0 END) AS BIGINT)"
        )
    };
    let sums = [
        left("fen"),
        left("lines"),
        net("paid", "fen"),
        net("paid", "lines"),
        returned("fen"),
        returned("lines"),
        net("transit", "fen"),
        net("transit", "lines"),
        net("suspense", "fen"),
    ];
    sums.join(", ")
}

/// Entries of divisions `$1` and periods from `$2` to `$3`, with all that figures are grouped by.
const ENTRIES: &str = "ledger_entry l JOIN pay_batch b ON b.id = l.batch_id
     JOIN programme g ON g.id = b.programme_id LEFT JOIN org o ON o.id = l.bank_id
     LEFT JOIN org d ON d.id = g.department
     WHERE SUBSTR(b.division, 1, LENGTH($1)) = $1
       AND b.period >= SUBSTR($2, 1, LENGTH(b.period)) AND b.period <= $3 AND l.bank_id <> 0";

/// What was released, paid, returned and is pending, in divisions that begin with `division`, for periods
/// from `from` to `to` (`YYYY-MM`).
///
/// # Errors
/// See [`DbError`].
pub fn figures(
    tx: &mut Tx<'_>,
    by: By,
    division: &str,
    (from, to): (&str, &str),
) -> Result<Vec<Figure>, DbError> {
    let (key, name) = by.columns();
    let sql = format!(
        "SELECT {key}, {name}, {} FROM {ENTRIES} GROUP BY {key}, {name} ORDER BY 1 LIMIT 500",
        sums()
    );
    let rows = tx.query(&sql, &[v(division), v(from), v(to)])?;
    rows.iter().map(read).collect()
}

/// The batches behind one figure, each with its part of it: together they are the figure. The key is the batch's
/// id, the name its running number.
///
/// # Errors
/// See [`DbError`].
pub fn behind(
    tx: &mut Tx<'_>,
    (by, key): (By, &str),
    division: &str,
    (from, to): (&str, &str),
) -> Result<Vec<Figure>, DbError> {
    let sql = format!(
        "SELECT CAST(b.id AS TEXT), CAST(b.number AS TEXT), {} FROM {ENTRIES} AND {} = $4
         GROUP BY b.id, b.number ORDER BY b.number DESC LIMIT 1000",
        sums(),
        by.columns().0
    );
    let rows = tx.query(&sql, &[v(division), v(from), v(to), v(key)])?;
    rows.iter().map(read).collect()
}

/// A year's account of one programme or district, fen: brought forward + drawn = paid + paid twice + recovered +
/// carried forward.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Year {
    /// Key of the group.
    pub key: String,
    /// Its name as stored.
    pub name: String,
    /// Approved before the year and without a result at its beginning.
    pub forward: i64,
    /// Drawn from the budget in the year, less what was taken back.
    pub drawn: i64,
    /// Arrived in the year, less what turned out not to have.
    pub paid: i64,
    /// How many payments arrived in the year.
    pub paid_lines: i64,
    /// Paid twice by a bank and not settled.
    pub overpaid: i64,
    /// Wrong payments got back in the year.
    pub recovered: i64,
    /// Without a result at the end of the year: at banks, returned, set aside, in suspense.
    pub carried: i64,
}

impl Year {
    /// The sum of several.
    pub fn total(all: &[Self]) -> Self {
        all.iter().fold(Self::default(), |sum, one| Self {
            forward: sum.forward + one.forward,
            drawn: sum.drawn + one.drawn,
            paid: sum.paid + one.paid,
            paid_lines: sum.paid_lines + one.paid_lines,
            overpaid: sum.overpaid + one.overpaid,
            recovered: sum.recovered + one.recovered,
            carried: sum.carried + one.carried,
            ..sum
        })
    }
}

/// The accounts of a year by programme or district, in divisions that begin with `division`.
///
/// # Errors
/// See [`DbError`].
pub fn year(tx: &mut Tx<'_>, by: By, division: &str, year: &str) -> Result<Vec<Year>, DbError> {
    const OPEN: &str = "('approved', 'reserved', 'transit', 'returned', 'suspense', 'reissue')";
    let (key, name) = by.columns();
    let moved = |debit: &str, credit: &str, what: &str, when: &str| {
        format!(
            "CAST(SUM(CASE WHEN {when} THEN
                 CASE WHEN {debit} THEN l.{what} ELSE 0 END - CASE WHEN {credit} THEN l.{what} ELSE 0 END
                 ELSE 0 END) AS BIGINT)"
        )
    };
    let of = |account: &str, what: &str| {
        let (debit, credit) = (format!("l.debit = '{account}'"), format!("l.credit = '{account}'"));
        moved(&debit, &credit, what, "SUBSTR(l.day, 1, 4) = $2")
    };
    let open = |when: &str| {
        moved(&format!("l.debit IN {OPEN}"), &format!("l.credit IN {OPEN}"), "fen", when)
    };
    let sums = [
        open("SUBSTR(l.day, 1, 4) < $2"),
        of("budget", "fen"),
        of("paid", "fen"),
        of("paid", "lines"),
        of("overpaid", "fen"),
        of("recovered", "fen"),
        open("SUBSTR(l.day, 1, 4) <= $2"),
    ];
    let sql = format!(
        "SELECT {key}, {name}, {} FROM ledger_entry l JOIN pay_batch b ON b.id = l.batch_id
         JOIN programme g ON g.id = b.programme_id LEFT JOIN org d ON d.id = g.department
         LEFT JOIN org o ON o.id = l.bank_id
         WHERE SUBSTR(b.division, 1, LENGTH($1)) = $1 AND l.day < $3
         GROUP BY {key}, {name} ORDER BY 1 LIMIT 1000",
        sums.join(", ")
    );
    // The day behind the year's last one sorts behind all of them.
    let rows = tx.query(&sql, &[v(division), v(year), v(format!("{year}-13"))])?;
    let read = |row: &Row| {
        Ok(Year {
            key: row.get(0)?,
            name: row.get(1)?,
            forward: row.get(2)?,
            drawn: -row.get::<i64>(3)?,
            paid: row.get(4)?,
            paid_lines: row.get(5)?,
            overpaid: row.get(6)?,
            recovered: row.get(7)?,
            carried: row.get(8)?,
        })
    };
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Figure, DbError> {
    Ok(Figure {
        key: row.get(0)?,
        name: row.get(1)?,
        released_fen: row.get(2)?,
        released: row.get(3)?,
        paid_fen: row.get(4)?,
        paid: row.get(5)?,
        returned_fen: row.get(6)?,
        returned: row.get(7)?,
        pending_fen: row.get(8)?,
        pending: row.get(9)?,
        suspense_fen: row.get(10)?,
    })
}

/// Names of programmes, banks and departments by id, in both languages.
///
/// # Errors
/// See [`DbError`].
pub fn names(tx: &mut Tx<'_>) -> Result<Vec<(Id, kernel::law::Text)>, DbError> {
    let sql = "SELECT id, name_zh, name_en FROM programme
               UNION ALL SELECT o.id, o.name_zh, o.name_en FROM org o JOIN bank b ON b.id = o.id
               UNION ALL SELECT o.id, o.name_zh, o.name_en FROM org o
                   WHERE o.id IN (SELECT department FROM programme)";
    let rows = tx.query(sql, &[])?;
    let text = |row: &Row| -> Result<_, DbError> {
        Ok(kernel::law::Text::new(row.get::<String>(1)?, row.get::<String>(2)?))
    };
    rows.iter().map(|row| Ok((row.get(0)?, text(row)?))).collect()
}
