//! What every row must hold to, whatever file it came from.

use crate::fault::{Fault, Kind};
use crate::header::Header;
use crate::{Limits, text};

/// The row with trimmed cells, as many as the header has.
pub(crate) fn row(
    line: u64,
    mut cells: Vec<String>,
    header: &Header,
    limits: &Limits,
) -> Result<(u64, Vec<String>), Fault> {
    let width = header.names.len();
    if cells.iter().skip(width).any(|cell| !cell.trim().is_empty()) {
        return Err(Kind::ExtraCells.at(line));
    }
    cells.resize(width, String::new());
    for (cell, (name, key)) in cells.iter_mut().zip(header.names.iter().zip(&header.keys)) {
        if let Some(kind) = fault_of(cell, key.is_some(), limits) {
            return Err(kind.in_cell(line, name));
        }
        let trimmed = unguarded(cell.trim());
        if trimmed.len() != cell.len() {
            *cell = trimmed.to_owned();
        }
    }
    Ok((line, cells))
}

fn fault_of(cell: &str, known: bool, limits: &Limits) -> Option<Kind> {
    if cell.len() > limits.cell && cell.chars().count() > limits.cell {
        return Some(Kind::CellTooLong(limits.cell));
    }
    let unreadable =
        |c: char| c == '\u{fffd}' || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    if cell.chars().any(unreadable) {
        return Some(Kind::Garbled);
    }
    // A column that nobody asked for may hold what it likes.
    (known && text::looks_rounded(cell.trim())).then_some(Kind::Rounded)
}

/// Without the mark that [`crate::CsvWriter`] sets before what could be a formula, and people before a
/// number that is to stay as it is.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if crate::write::is_formula(rest) => rest,
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_digit()) => rest,
        _ => cell,
    }
}
