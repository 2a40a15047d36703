//! Figures for dashboards, from the ledger: few entries stand for many payments.

use kernel::db::{DbError, Row, Tx, v};

/// By what figures are grouped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
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
    pub const ALL: [Self; 4] = [Self::Programme, Self::District, Self::Bank, Self::Day];

    /// In addresses.
    pub fn code(self) -> &'static str {
        match self {
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

fn net(account: &str, what: &str) -> String {
    format!(
        "CAST(SUM(CASE WHEN l.debit = '{account}' THEN l.{what}
                       WHEN l.credit = '{account}' THEN -l.{what} ELSE 0 END) AS BIGINT)"
    )
}

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
    let sql = format!(
        "SELECT {key}, {name}, {} FROM ledger_entry l JOIN pay_batch b ON b.id = l.batch_id
         JOIN programme g ON g.id = b.programme_id LEFT JOIN org o ON o.id = l.bank_id
         WHERE SUBSTR(b.division, 1, LENGTH($1)) = $1 AND b.period >= SUBSTR($2, 1, LENGTH(b.period)) AND b.period <= $3
           AND l.bank_id <> 0
         GROUP BY {key}, {name} ORDER BY 1 LIMIT 500",
        sums.join(", ")
    );
    let rows = tx.query(&sql, &[v(division), v(from), v(to)])?;
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

/// Names of programmes and banks by id, in both languages.
///
/// # Errors
/// See [`DbError`].
pub fn names(tx: &mut Tx<'_>) -> Result<Vec<(kernel::id::Id, kernel::law::Text)>, DbError> {
    let sql = "SELECT id, name_zh, name_en FROM programme
               UNION ALL SELECT o.id, o.name_zh, o.name_en FROM org o JOIN bank b ON b.id = o.id";
    let rows = tx.query(sql, &[])?;
    let text = |row: &Row| -> Result<_, DbError> {
        Ok(kernel::law::Text::new(row.get::<String>(1)?, row.get::<String>(2)?))
    };
    rows.iter().map(|row| Ok((row.get(0)?, text(row)?))).collect()
}
