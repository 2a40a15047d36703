//! Holding a head that somebody kept against the log of today: what only a copy outside can show.

use seal::head::TreeHead;
use seal::note::{NamedKey, open_checkpoint};

use super::{log, tree};
use crate::db::{DbError, Tx};

/// What a kept head says about the log of today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The log is the one that was, grown by so many entries.
    Grown(u64),
    /// The log is another one, and why.
    Another(String),
}

/// Compares a kept checkpoint, with or without co-signatures, with the tiles of today. [`super::verify`]
/// shows that the tiles are those of the entries.
///
/// # Errors
/// See [`DbError`]. A note that is none, or not signed by the log, is [`Kept::Another`].
pub fn compare_kept(tx: &mut Tx<'_>, note: &str, log_key: &NamedKey) -> Result<Kept, DbError> {
    let signed = open_checkpoint(note).map(|(signed, _)| TreeHead::open(&signed, &log_key.key));
    let head = match signed {
        Some(Ok(head)) if head.origin == log_key.name => head,
        Some(Err(error)) => {
            return Ok(Kept::Another(format!("the kept head does not hold: {error}")));
        }
        _ => return Ok(Kept::Another("the kept head is of another log".to_owned())),
    };
    let size = log::newest_head(tx)?.map_or(0, |(size, _)| size);
    if head.size > size {
        let words =
            format!("the kept head has {} entries, the log only {size}: it was cut", head.size);
        return Ok(Kept::Another(words));
    }
    Ok(match tree::prover(tx, head.size).root()? == head.root {
        true => Kept::Grown(size - head.size),
        false => Kept::Another(format!(
            "the first {} entries of the log are not those of the kept head: history was rewritten",
            head.size
        )),
    })
}
