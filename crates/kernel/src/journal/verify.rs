//! Recomputes the whole journal and names the first thing that does not hold.

use std::collections::HashMap;

use seal::hash::Sm3;
use seal::merkle::Frontier;

use super::{COLUMNS, Stored};
use crate::db::{Db, DbError, Tx, v};
use crate::id::Id;
use crate::keys::Keys;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Entries that have a leaf, all recomputed.
    pub entries: u64,
    /// Signed heads checked against the recomputed tree.
    pub heads: u64,
    /// Entries that still wait for their leaf.
    pub pending: u64,
    /// The first fault, in words that name the entry or head; `None` when everything holds.
    pub fault: Option<String>,
}

/// Leaves read in one transaction.
const CHUNK: i64 = 5_000;

/// Recomputes every commitment, leaf, root and signature. Memory stays flat.
///
/// # Errors
/// The database failed; a broken journal is a [`Report`] with a fault, not an error.
pub async fn verify(db: &Db, keys: &Keys, origin: &str) -> Result<Report, DbError> {
    let mut report = Report { entries: 0, heads: 0, pending: 0, fault: None };
    let mut frontier = Frontier::<Sm3>::new();
    let mut newest_head = 0;
    loop {
        let from = report.entries as i64;
        let (leaves, heads) = db.read(move |tx| load(tx, from)).await?;
        let last = leaves.len() < CHUNK as usize;
        for leaf in leaves {
            if let Err(fault) = check_entry(&leaf, report.entries) {
                report.fault = Some(fault);
                return Ok(report);
            }
            frontier.push(leaf.hash);
            report.entries += 1;
            if let Some(head) = heads.get(&report.entries) {
                let checked = match head.previous == newest_head {
                    true => check_head(head, report.entries, frontier.root(), keys, origin),
                    false => Err(format!("the signed head of size {} is missing", head.previous)),
                };
                if let Err(fault) = checked {
                    report.fault = Some(fault);
                    return Ok(report);
                }
                newest_head = report.entries;
                report.heads += 1;
            }
        }
        if last {
            break;
        }
    }
    let size = report.entries;
    let (pending, fault) = db.read(move |tx| check_whole(tx, size)).await?;
    Ok(Report { pending, fault, ..report })
}

struct Leaf {
    index: u64,
    entry: Id,
    stored: Option<(Stored, [u8; 16], [u8; 32])>,
    hash: [u8; 32],
}

struct StoredHead {
    previous: u64,
    root: Vec<u8>,
    signed: String,
}

type Heads = HashMap<u64, StoredHead>;

fn load(tx: &mut Tx<'_>, from: i64) -> Result<(Vec<Leaf>, Heads), DbError> {
    let columns = COLUMNS.split(", ").map(|c| format!("e.{}", c.trim())).collect::<Vec<_>>();
    let sql = format!(
        "SELECT {}, e.salt, e.leaf, l.leaf_index, l.entry_id FROM journal_leaf l
         LEFT JOIN journal_entry e ON e.id = l.entry_id
         WHERE l.leaf_index >= $1 AND l.leaf_index < $2 ORDER BY l.leaf_index",
        columns.join(", ")
    );
    let mut leaves = Vec::new();
    for row in tx.query(&sql, &[v(from), v(from + CHUNK)])? {
        // An unreadable row is a fault of that entry, not of the verification.
        let stored = match (Stored::read(&row), row.get(15), row.get::<[u8; 32]>(16)) {
            (Ok(stored), Ok(salt), Ok(leaf)) => Some((stored, salt, leaf)),
            _ => None,
        };
        let hash = stored.as_ref().map_or([0; 32], |(.., leaf)| *leaf);
        leaves.push(Leaf { index: row.get::<i64>(17)? as u64, entry: row.get(18)?, stored, hash });
    }
    let sql =
        "SELECT size, previous, root, signed FROM journal_head WHERE size > $1 AND size <= $2";
    let mut heads = Heads::new();
    for row in tx.query(sql, &[v(from), v(from + CHUNK)])? {
        let previous = row.get::<i64>(1)? as u64;
        let head = StoredHead { previous, root: row.get(2)?, signed: row.get(3)? };
        heads.insert(row.get::<i64>(0)? as u64, head);
    }
    Ok((leaves, heads))
}

fn check_entry(leaf: &Leaf, expected_index: u64) -> Result<(), String> {
    if leaf.index != expected_index {
        return Err(format!("leaf {expected_index} is missing"));
    }
    let entry = leaf.entry;
    let Some((stored, salt, kept)) = &leaf.stored else {
        return Err(format!("entry {entry} (leaf {expected_index}) is missing or unreadable"));
    };
    match stored.leaf(salt) == *kept {
        true => Ok(()),
        false => Err(format!("entry {entry} (leaf {expected_index}) was changed")),
    }
}

fn check_head(
    kept: &StoredHead,
    size: u64,
    root: [u8; 32],
    keys: &Keys,
    origin: &str,
) -> Result<(), String> {
    let head = keys
        .open_head(&kept.signed)
        .map_err(|error| format!("the signed head of size {size} does not hold: {error}"))?;
    let same = head.size == size && head.origin == origin;
    match same && head.root == root && kept.root.as_slice() == root {
        true => Ok(()),
        false => Err(format!(
            "the signed head of size {size} has another root than its entries: \
             one of the first {size} entries was replaced, moved or removed"
        )),
    }
}

fn check_whole(tx: &mut Tx<'_>, size: u64) -> Result<(u64, Option<String>), DbError> {
    let count = |tx: &mut Tx<'_>, sql: &str| -> Result<i64, DbError> { tx.one(sql, &[])?.get(0) };
    let entries = count(tx, "SELECT COUNT(*) FROM journal_entry")?;
    let pending = count(tx, "SELECT COUNT(*) FROM journal_pending")?;
    let leaves = count(tx, "SELECT COUNT(*) FROM journal_leaf")?;
    let head = count(tx, "SELECT COALESCE(MAX(size), 0) FROM journal_head")?;
    let tree = count(tx, "SELECT COALESCE(MAX(size), 0) FROM journal_tree")?;
    // The log may have grown since the walk; then these are of a later moment, all in one snapshot.
    let fault = if leaves < size as i64 || leaves != head || leaves != tree {
        Some(format!("{leaves} leaves, but the newest head is of size {head}: the log was cut"))
    } else if entries != leaves + pending {
        Some(format!(
            "{entries} entries, but {leaves} leaves and {pending} pending: entries are lost or were added"
        ))
    } else {
        None
    };
    Ok((pending as u64, fault))
}
