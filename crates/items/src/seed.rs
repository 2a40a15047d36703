//! A first list for demonstrations, in the project's own words: `seed.csv`, read as any table of items.

use std::io::Cursor;

use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::time::Utc;
use sheet::Limits;

use crate::proposal::{COLUMNS, Proposal};
use crate::rules::{Item, State};
use crate::store;

/// The item that the demonstration's terminal asks for.
pub const LIBRARY: &str = "CQ-CU-001";

/// The first list as a table.
pub const TABLE: &str = include_str!("seed.csv");

/// The lines of the first list.
///
/// # Panics
/// Never: the table is part of the program and a test reads it.
pub fn proposals() -> Vec<Proposal> {
    let limits = Limits { cell: 4_000, ..Limits::default() };
    let sheet = sheet::open(Cursor::new(TABLE.as_bytes()), COLUMNS, limits);
    let rows = sheet.expect("the first list is a table");
    let rows = rows.map(|row| row.expect("each line of the first list can be read"));
    rows.map(|row| Proposal::of(|key| row.get(key).to_owned())).collect()
}

/// Publishes the first version of each item.
///
/// # Errors
/// See [`DbError`]; [`DbError::Unique`] when it was done before.
pub fn seed(
    tx: &mut Tx<'_>,
    id: &dyn Fn() -> Id,
    owner: &dyn Fn(&str) -> Id,
    now: Utc,
) -> Result<(), DbError> {
    for form in proposals() {
        let read = form.read(owner(&form.owner), id());
        let item = read.map_err(|problem| {
            DbError::Engine(format!("the first list, {}: {}", form.code, problem.title.en))
        })?;
        store::insert(tx, &Item { version: 1, state: State::Published, ..item }, now)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Area, check_proposal, clash};
    use people::field::Field::{Over60, Under18};

    fn items() -> Vec<Item> {
        let read = |form: &Proposal| form.read(Id(1), Id(2)).expect("a line that can be read");
        proposals().iter().map(read).collect()
    }

    #[test]
    fn the_first_list_has_over_a_hundred_items_over_all_fields_and_each_is_as_it_must_be() {
        let items = items();
        assert!(items.len() >= 120, "{}", items.len());
        for area in Area::ALL {
            let count = items.iter().filter(|item| item.area == area).count();
            assert!(count >= 5, "{} has {count}", area.code());
        }
        for item in &items {
            assert_eq!(check_proposal(item, None, item.from), Ok(()), "{}", item.code);
            let other = items.iter().find(|o| clash(item, o).is_some_and(|c| c.blocks()));
            assert!(other.is_none(), "{} clashes", item.code);
        }
        let mut codes: Vec<&str> = items.iter().map(|item| item.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), items.len());
    }

    /// Art. 18: the least fields; a gate that only needs an age never learns a name.
    #[test]
    fn what_needs_only_an_age_discloses_only_an_age() {
        let items = items();
        for code in ["CQ-TR-001", "CQ-TR-002", "CY-TO-001"] {
            let item = items.iter().find(|item| item.code == code).expect("in the list");
            assert!(item.fields.iter().all(|field| matches!(field, Over60 | Under18)));
        }
    }
}
