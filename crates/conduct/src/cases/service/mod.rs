//! Use cases of cases.

mod apply;
mod evidence;
mod handle;
mod look;
mod protect;
mod report;

pub use apply::Sent;
pub use evidence::{add as add_evidence, read as read_evidence};
pub use handle::{act, finalise, respond};
pub(crate) use look::narrowed;
pub use look::{File, HandOver, Own, concerned, hand_over, list, open};
pub use protect::{name_officer, officers, reveal};
pub use report::{More, Status, Telling, Told, from_office, more, report, status};

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::keys::Keys;
use kernel::problem::Problem;

use super::rules::{Handler, Mark};
use super::store;

/// Name of the key for reporters' names and marks; nothing else is sealed with it.
const REPORTERS: &str = "conduct-reporters";

/// What sealed text of a case is bound to: it opens in its own place only.
fn binding(case: Id, place: &str) -> Vec<u8> {
    [b"case".as_slice(), &case.0.to_be_bytes(), place.as_bytes()].concat()
}

fn seal(keys: &Keys, case: Id, place: &str, text: &str) -> Vec<u8> {
    keys.seal_field(text.as_bytes(), &binding(case, place))
}

/// A sealed text; one that does not open says so.
fn unseal(keys: &Keys, case: Id, place: &str, sealed: &[u8]) -> Result<String, Problem> {
    let bytes = keys.open_field(sealed, &binding(case, place));
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| DbError::Engine(format!("{place} of a case cannot be opened")).into())
}

fn no_key(error: impl std::fmt::Display) -> Problem {
    DbError::Engine(format!("the reporters' key: {error}")).into()
}

/// The mark of an account: it tells the same account again, and nobody who it is.
fn mark(keys: &Keys, account: Id) -> Result<Mark, Problem> {
    keys.store().create(REPORTERS, &kernel::platform::random()).map_err(no_key)?;
    let mac = keys.store().mac(REPORTERS, &account.0.to_be_bytes()).map_err(no_key)?;
    Ok(mac.to_vec())
}

/// An actor with everything that may keep him out of a case.
fn handler(tx: &mut Tx<'_>, keys: &Keys, actor: &Actor, case: Id) -> Result<Handler, Problem> {
    Ok(Handler {
        actor: actor.clone(),
        orgs: store::above(tx, actor.org)?,
        mark: mark(keys, actor.account)?,
        hand: store::hand(tx, case, actor.account)?,
        officer: store::is_protection(tx, actor.account)?,
    })
}
