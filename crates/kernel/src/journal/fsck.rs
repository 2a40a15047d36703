//! What a walk over the leaves does not show: that nothing is behind its end, that every entry has its
//! place, and that co-signatures and erasures are in order. All in one snapshot, which may be of a
//! later moment than the walk.

use std::collections::HashMap;

use seal::head::TreeHead;
use seal::note::{Cosignature, NamedKey};

use super::erase::ORDERED;
use super::{COLUMNS, Stored, WIDTH, tree};
use crate::db::{DbError, Tx, v};
use crate::id::Id;

/// What was counted.
pub(super) struct Found {
    pub(super) pending: u64,
    pub(super) cosignatures: u64,
    pub(super) erased: u64,
}

type Checked<T> = Result<Result<T, String>, DbError>;

/// Checks everything beside the walk, which found `size` leaves, the newest head at `newest`, and the
/// tree's edge `frontier`.
pub(super) fn whole(
    tx: &mut Tx<'_>,
    size: u64,
    newest: u64,
    frontier: &[u8],
    log: &NamedKey,
) -> Checked<Found> {
    let pending = match ends(tx, size, newest, frontier)? {
        Ok(pending) => pending,
        Err(fault) => return Ok(Err(fault)),
    };
    if let Err(fault) = waiting(tx)? {
        return Ok(Err(fault));
    }
    let erased = match erasures(tx)? {
        Ok(erased) => erased,
        Err(fault) => return Ok(Err(fault)),
    };
    let cosignatures = match cosignatures(tx, log)? {
        Ok(cosignatures) => cosignatures,
        Err(fault) => return Ok(Err(fault)),
    };
    Ok(Ok(Found { pending, cosignatures, erased }))
}

/// The ends of leaves, heads, tiles and tree, and the number of entries.
fn ends(tx: &mut Tx<'_>, size: u64, newest: u64, frontier: &[u8]) -> Checked<u64> {
    let count = |tx: &mut Tx<'_>, sql: &str| -> Result<i64, DbError> { tx.one(sql, &[])?.get(0) };
    let entries = count(tx, "SELECT COUNT(*) FROM journal_entry")?;
    let erased = count(tx, "SELECT COUNT(*) FROM journal_erasure")?;
    let pending = count(tx, "SELECT COUNT(*) FROM journal_pending")?;
    let leaves = count(tx, "SELECT COUNT(*) FROM journal_leaf")?;
    let head = count(tx, "SELECT COALESCE(MAX(size), 0) FROM journal_head")?;
    let sql = "SELECT size, head, frontier FROM journal_tree WHERE id = 1";
    let row = tx.optional(sql, &[])?;
    let (tree, covered, edge) = match row {
        Some(row) => (row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<Vec<u8>>(2)?),
        None => (0, 0, frontier.to_vec()),
    };
    let tiled = tree::tiled_size(tx)? as i64;
    let cut = leaves < size as i64 || leaves != tree || head != covered || head < newest as i64;
    Ok(if cut || head > leaves {
        Err(format!(
            "{leaves} leaves, but the tree is of size {tree} and the newest head of size {head} \
             where {covered} was signed: the log was cut"
        ))
    } else if entries + erased != leaves + pending {
        Err(format!(
            "{entries} entries and {erased} erased ones, but {leaves} leaves and {pending} pending: \
             entries are lost or were added"
        ))
    } else if tree == size as i64 && edge != frontier {
        Err(format!("the stored edge of the tree of size {size} was changed"))
    } else if tiled != tree {
        Err(format!("the tiles have {tiled} leaves, the tree has {tree}"))
    } else {
        Ok(pending as u64)
    })
}

/// Waiting entries read at a time.
const CHUNK: i64 = 5_000;

/// Entries that wait for their leaf are the ones that were written.
fn waiting(tx: &mut Tx<'_>) -> Checked<()> {
    let columns = COLUMNS.split(", ").map(|c| format!("e.{}", c.trim())).collect::<Vec<_>>();
    let sql = format!(
        "SELECT {}, e.salt, e.leaf, p.entry_id, p.leaf FROM journal_pending p
         LEFT JOIN journal_entry e ON e.id = p.entry_id
         WHERE p.entry_id > $1 ORDER BY p.entry_id LIMIT $2",
        columns.join(", ")
    );
    let mut after = Id(i64::MIN);
    loop {
        let rows = tx.query(&sql, &[v(after), v(CHUNK)])?;
        let Some(last) = rows.last() else { return Ok(Ok(())) };
        after = last.get(WIDTH + 2)?;
        for row in rows {
            let id: Id = row.get(WIDTH + 2)?;
            let leaves = (row.get::<[u8; 32]>(WIDTH + 1), row.get::<[u8; 32]>(WIDTH + 3));
            let (Ok(entry), Ok(salt), (Ok(kept), Ok(waiting))) =
                (Stored::read(&row), row.get(WIDTH), leaves)
            else {
                return Ok(Err(format!("the waiting entry {id} is missing or unreadable")));
            };
            if entry.leaf(&salt) != kept || kept != waiting {
                return Ok(Err(format!("the waiting entry {id} was changed")));
            }
        }
    }
}

/// Each erasure has its order in the journal; the order itself is an entry like all others.
fn erasures(tx: &mut Tx<'_>) -> Checked<u64> {
    let sql = "SELECT x.entry_id, e.act, e.object, e.purpose, x.ground FROM journal_erasure x
               LEFT JOIN journal_entry e ON e.id = x.order_id ORDER BY x.entry_id";
    let mut count = 0;
    for row in tx.query(sql, &[])? {
        let id: Id = row.get(0)?;
        let (act, object) = (row.get::<Option<String>>(1)?, row.get::<Option<String>>(2)?);
        let (purpose, ground) = (row.get::<Option<String>>(3)?, row.get::<String>(4)?);
        let ordered = act.as_deref() == Some(ORDERED)
            && object == Some(format!("entry:{id}"))
            && purpose == Some(ground);
        if !ordered {
            return Ok(Err(format!("entry {id} was erased without an order")));
        }
        count += 1;
    }
    Ok(Ok(count))
}

fn cosignatures(tx: &mut Tx<'_>, log: &NamedKey) -> Checked<u64> {
    let mut keys = HashMap::new();
    for row in tx.query("SELECT name, public_key FROM journal_witness", &[])? {
        keys.insert(row.get::<String>(0)?, row.get::<String>(1)?);
    }
    let (mut after, mut count) = (-1i64, 0);
    loop {
        let sql = "SELECT c.size, c.witness, c.line, h.signed FROM journal_cosignature c
                   LEFT JOIN journal_head h ON h.size = c.size
                   WHERE c.size > $1 AND c.size <= (SELECT COALESCE(MAX(size), 0) FROM
                       (SELECT size FROM journal_cosignature WHERE size > $1 ORDER BY size LIMIT 1000) AS few)
                   ORDER BY c.size, c.witness";
        let rows = tx.query(sql, &[v(after)])?;
        if rows.is_empty() {
            return Ok(Ok(count));
        }
        for row in rows {
            let (size, witness) = (row.get::<i64>(0)?, row.get::<String>(1)?);
            let line: String = row.get(2)?;
            let signed = row.get::<Option<String>>(3)?;
            if !holds(signed.as_deref(), keys.get(&witness), &line, log) {
                return Ok(Err(format!(
                    "the co-signature of {witness} over the head of size {size} does not hold"
                )));
            }
            (after, count) = (size, count + 1);
        }
    }
}

fn holds(signed: Option<&str>, key: Option<&String>, line: &str, log: &NamedKey) -> bool {
    let head = signed.and_then(|signed| TreeHead::open(signed, &log.key).ok());
    let key = key.and_then(|key| NamedKey::parse(key).ok());
    match (head, key, Cosignature::parse(line)) {
        (Some(head), Some(key), Some(cosignature)) => cosignature.holds(&head, &key),
        _ => false,
    }
}
