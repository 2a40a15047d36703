//! A first list for demonstrations, in the project's own words: `demo.csv`.

use std::io::Cursor;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::time::Utc;
use sheet::{Column, Limits, Row};

use super::formula::{Formula, Rounding, parse_decimal};
use super::rules::{Body, Version};
use super::store;

/// The first list as a table.
pub const TABLE: &str = include_str!("demo.csv");

const COLUMNS: &[Column] = &[
    Column::needed("code", &["code"]),
    Column::needed("department", &["department"]),
    Column::needed("kind", &["kind"]),
    Column::needed("name_zh", &["name_zh"]),
    Column::needed("name_en", &["name_en"]),
    Column::needed("target_zh", &["target_zh"]),
    Column::needed("target_en", &["target_en"]),
    Column::needed("standard_zh", &["standard_zh"]),
    Column::needed("standard_en", &["standard_en"]),
    Column::needed("basis", &["basis"]),
    Column::needed("frequency", &["frequency"]),
    Column::needed("pay_time", &["pay_time"]),
    Column::needed("guide", &["guide"]),
    Column::needed("per", &["per"]),
    Column::needed("rate", &["rate"]),
    Column::needed("unit_zh", &["unit_zh"]),
    Column::needed("unit_en", &["unit_en"]),
    Column::needed("most", &["most"]),
    Column::needed("max", &["max"]),
    Column::needed("conflicts", &["conflicts"]),
];

/// The lines of the first list: code, key of its department, content.
///
/// # Panics
/// Never: the table is part of the program and a test reads it.
pub fn bodies() -> Vec<(String, String, Body)> {
    let limits = Limits { cell: 4_000, ..Limits::default() };
    let sheet = sheet::open(Cursor::new(TABLE.as_bytes()), COLUMNS, limits);
    let rows = sheet.expect("the first list is a table");
    let rows = rows.map(|row| row.expect("each line of the first list can be read"));
    rows.map(|row| (text(&row, "code"), text(&row, "department"), body(&row))).collect()
}

fn text(row: &Row, key: &str) -> String {
    row.get(key).trim().to_owned()
}

fn body(row: &Row) -> Body {
    let fen = |key| parse_decimal(row.get(key), 2).unwrap_or_default();
    let formula = parse_decimal(row.get("rate"), 4).map(|rate| Formula {
        base_fen: 0,
        rate,
        unit_zh: text(row, "unit_zh"),
        unit_en: text(row, "unit_en"),
        rounding: Rounding::HalfUp,
        least_fen: 0,
        most_fen: fen("most"),
    });
    let code = text(row, "code");
    Body {
        name_zh: text(row, "name_zh"),
        name_en: text(row, "name_en"),
        kind: text(row, "kind"),
        target_zh: text(row, "target_zh"),
        target_en: text(row, "target_en"),
        standard_zh: text(row, "standard_zh"),
        standard_en: text(row, "standard_en"),
        basis: text(row, "basis"),
        frequency: text(row, "frequency"),
        pay_time: text(row, "pay_time"),
        guide: text(row, "guide"),
        phones: "12333".to_owned(),
        per_household: row.get("per") == "household",
        formula,
        conflicts: row
            .get("conflicts")
            .split(',')
            .filter(|c| !c.is_empty())
            .map(str::to_owned)
            .collect(),
        public_days: 7,
        two_above_fen: 100_000_000,
        max_line_fen: fen("max"),
        budget: format!("50-{code}"),
    }
}

/// Publishes the first version of each programme; `department` finds the organisation for a key such
/// as `agriculture`, `civil`, `insurance`. The caller journals.
///
/// # Errors
/// See [`DbError`]; [`DbError::Unique`] when it was done before.
pub fn demo(
    tx: &mut Tx<'_>,
    id: &dyn Fn() -> Id,
    department: &dyn Fn(&str) -> Id,
    now: Utc,
) -> Result<(), DbError> {
    let maker = Actor { role: Role::DepartmentOfficer, ..Actor::system() };
    // Nobody has this account: it only is another one than the maker's.
    let checker = Actor { account: Id(-1), ..Actor::system() };
    for (code, key, body) in bodies() {
        let version = Version {
            id: id(),
            code,
            version: 1,
            department: department(&key),
            from: now.day(),
            closes: false,
            body,
        };
        store::propose(tx, &version, &maker, now)?;
        store::decide(tx, version.id, &checker, true, "演示数据", now)?;
        store::apply(tx, id(), &version)?;
    }
    Ok(())
}
