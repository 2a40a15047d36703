//! Use cases of fusion.

pub mod approvals;
pub mod figures;
pub mod formats;
pub mod gateway;
pub mod links;
pub mod plans;
pub mod schemes;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::law::Text;
use kernel::problem::Problem;
use kernel::time::parse_day;
use time::Date;

use super::rules::{Refused, Scheme};
use super::store;

/// The living card or code with this code.
pub(super) fn scheme(tx: &mut Tx<'_>, code: &str) -> Result<Scheme, Problem> {
    Ok(store::schemes::by_code(tx, code)?.ok_or(Refused::NoSuchScheme)?)
}

/// The same, for somebody who changes it: its own department, or the municipal HRSS.
pub(super) fn own_scheme(tx: &mut Tx<'_>, actor: &Actor, code: &str) -> Result<Scheme, Problem> {
    let scheme = scheme(tx, code)?;
    if may_change(actor, &scheme) { Ok(scheme) } else { Err(Refused::NotYours.into()) }
}

/// Whether somebody may change a card or code (Art. 9: each department for its own field).
pub fn may_change(actor: &Actor, scheme: &Scheme) -> bool {
    match actor.role {
        Role::MunicipalOfficer => true,
        Role::DepartmentOfficer => actor.org == Some(scheme.org),
        _ => false,
    }
}

fn wrong(field: &str) -> Problem {
    let text = Text::new("请从列表中选择或按格式填写", "Choose from the list or keep the form");
    Problem::field(field, text)
}

fn read_day(text: &str, field: &str) -> Result<Date, Problem> {
    parse_day(text.trim()).ok_or_else(|| wrong(field))
}

fn read_maybe_day(text: &str, field: &str) -> Result<Option<Date>, Problem> {
    let text = text.trim();
    if text.is_empty() { Ok(None) } else { read_day(text, field).map(Some) }
}

fn read_list<T>(
    text: &str,
    field: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Problem>
where
    T: PartialEq,
{
    let codes = text.split([',', '，']).map(str::trim).filter(|code| !code.is_empty());
    let mut found = Vec::new();
    for code in codes {
        let one = read(code).ok_or_else(|| wrong(field))?;
        if !found.contains(&one) {
            found.push(one);
        }
    }
    Ok(found)
}

/// A unique key that is taken is a refusal, not a fault.
fn taken(error: DbError, refused: Refused) -> Problem {
    match error {
        DbError::Unique(_) => refused.into(),
        other => other.into(),
    }
}
