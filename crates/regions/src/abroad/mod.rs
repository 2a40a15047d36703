//! Signing in across regions (互认, Art. 6, 7, 14, 18): a service of one region lets a holder of the other in.
//! Its provider sends the person to the provider of the region that issued the card, and is told over the
//! trusted link who he is at services of that sector, with the fields of an item of the joint list only.

pub(crate) mod api;
pub(crate) mod pages;
pub mod rules;
pub mod service;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use kernel::db::{DbError, Tx};

/// Regions whose holders may sign in here: division and name.
///
/// # Errors
/// See [`DbError`].
pub fn doors(tx: &mut Tx<'_>) -> Result<Vec<(String, String)>, DbError> {
    let known = crate::store::all_trusted(tx)?.into_iter();
    Ok(known.map(|known| (known.said.region, known.said.name)).collect())
}
