//! Recomputes the whole journal and names the first thing that does not hold.

use std::collections::HashMap;

use seal::hash::Sm3;
use seal::merkle::{Frontier, Hash};
use seal::tiles::{TileEdge, TileId};

use super::{COLUMNS, Stored, WIDTH, fsck, tree};
use crate::db::{Db, DbError, Tx, v};
use crate::id::Id;
use crate::keys::Keys;

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries that have a leaf, all recomputed; those whose content was erased are counted too.
    pub entries: u64,
    /// Signed heads checked against the recomputed tree.
    pub heads: u64,
    /// Entries that still wait for their leaf.
    pub pending: u64,
    /// Entries with a leaf that no head covers yet.
    pub unsigned: u64,
    /// Tiles compared with the recomputed tree.
    pub tiles: u64,
    /// Co-signatures of witnesses that hold.
    pub cosignatures: u64,
    /// Entries whose content was erased, each with its order.
    pub erased: u64,
    /// The first fault, in words that name the entry or head; `None` when everything holds.
    pub fault: Option<String>,
}

/// Leaves read in one transaction: whole tiles.
const CHUNK: i64 = 20 * 256;

/// Recomputes every commitment, leaf, tile, root and signature. Memory stays flat.
///
/// # Errors
/// The database failed; a broken journal is a [`Report`] with a fault, not an error.
pub async fn verify(db: &Db, keys: &Keys, origin: &str) -> Result<Report, DbError> {
    let mut walk = Walk::default();
    if let Err(fault) = walk.all(db, keys, origin).await? {
        return Ok(Report { fault: Some(fault), ..walk.report });
    }
    let (size, newest, frontier) =
        (walk.report.entries, walk.newest_head, walk.frontier.to_bytes());
    let log = keys.journal_key(origin).map_err(|e| DbError::Unavailable(e.to_string()))?;
    let whole = db.read(move |tx| fsck::whole(tx, size, newest, &frontier, &log)).await?;
    let mut report = Report { unsigned: size - newest, ..walk.report };
    match whole {
        Ok(found) => {
            report.pending = found.pending;
            report.cosignatures = found.cosignatures;
            report.erased = found.erased;
        }
        Err(fault) => report.fault = Some(fault),
    }
    Ok(report)
}

/// What is known after a part of the log.
#[derive(Default)]
struct Walk {
    report: Report,
    frontier: Frontier<Sm3>,
    edge: TileEdge<Sm3>,
    newest_head: u64,
    /// A head has said which one is before it: all later ones must.
    chained: bool,
}

type Fault = Result<(), String>;
type Tiles = Vec<(TileId, Vec<Hash>)>;

impl Walk {
    async fn all(&mut self, db: &Db, keys: &Keys, origin: &str) -> Result<Fault, DbError> {
        loop {
            let from = self.report.entries as i64;
            let (leaves, heads) = db.read(move |tx| load(tx, from)).await?;
            let last = leaves.len() < CHUNK as usize;
            let mut tiles = Tiles::new();
            for leaf in leaves {
                if let Err(fault) = self.step(&leaf, &heads, &mut tiles, keys, origin) {
                    return Ok(Err(fault));
                }
            }
            if last {
                tiles.extend(self.edge.partial().map(|(id, hashes)| (id, hashes.to_vec())));
            }
            self.report.tiles += tiles.len() as u64;
            let compared = db.read(move |tx| compare(tx, &tiles)).await?;
            if last || compared.is_err() {
                return Ok(compared);
            }
        }
    }

    fn step(
        &mut self,
        leaf: &Leaf,
        heads: &Heads,
        tiles: &mut Tiles,
        keys: &Keys,
        origin: &str,
    ) -> Fault {
        let hash = check_entry(leaf, self.report.entries)?;
        self.frontier.push(hash);
        self.edge.push(hash, |id, hashes| tiles.push((id, hashes.to_vec())));
        self.report.entries += 1;
        let Some(head) = heads.get(&self.report.entries) else { return Ok(()) };
        if head.previous != self.newest_head {
            return Err(format!("the signed head of size {} is missing", head.previous));
        }
        self.check_head(head, keys, origin)?;
        self.newest_head = self.report.entries;
        self.report.heads += 1;
        Ok(())
    }

    fn check_head(&mut self, kept: &StoredHead, keys: &Keys, origin: &str) -> Fault {
        let (size, root) = (self.report.entries, self.frontier.root());
        let head = keys
            .open_head(&kept.signed)
            .map_err(|error| format!("the signed head of size {size} does not hold: {error}"))?;
        let same = head.size == size && head.origin == origin;
        if !same || head.root != root || kept.root.as_slice() != root {
            return Err(format!(
                "the signed head of size {size} has another root than its entries: \
                 one of the first {size} entries was replaced, moved or removed"
            ));
        }
        let fits = match head.previous {
            Some(previous) => previous == kept.previous,
            None => !self.chained,
        };
        self.chained |= head.previous.is_some();
        match fits {
            true => Ok(()),
            false => Err(format!("the signed head of size {size} names another head before it")),
        }
    }
}

struct Leaf {
    index: u64,
    entry: Id,
    stored: Option<(Stored, [u8; 16], Hash)>,
    /// What was kept when the content was erased.
    erased: Option<Hash>,
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
        "SELECT {}, e.salt, e.leaf, l.leaf_index, l.entry_id, x.leaf FROM journal_leaf l
         LEFT JOIN journal_entry e ON e.id = l.entry_id
         LEFT JOIN journal_erasure x ON x.entry_id = l.entry_id
         WHERE l.leaf_index >= $1 AND l.leaf_index < $2 ORDER BY l.leaf_index",
        columns.join(", ")
    );
    let mut leaves = Vec::new();
    for row in tx.query(&sql, &[v(from), v(from + CHUNK)])? {
        // An unreadable row is a fault of that entry, not of the verification.
        let stored = match (Stored::read(&row), row.get(WIDTH), row.get::<Hash>(WIDTH + 1)) {
            (Ok(stored), Ok(salt), Ok(leaf)) => Some((stored, salt, leaf)),
            _ => None,
        };
        let (index, entry) = (row.get::<i64>(WIDTH + 2)? as u64, row.get(WIDTH + 3)?);
        let erased = row.get::<Option<Hash>>(WIDTH + 4).unwrap_or(Some([0; 32]));
        leaves.push(Leaf { index, entry, stored, erased });
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

/// The leaf's hash, recomputed, or as it was kept when the content was erased; the roots tell whether
/// that one is right, and [`fsck`] whether there was an order.
fn check_entry(leaf: &Leaf, expected_index: u64) -> Result<Hash, String> {
    if leaf.index != expected_index {
        return Err(format!("leaf {expected_index} is missing"));
    }
    let entry = leaf.entry;
    match (&leaf.stored, leaf.erased) {
        (None, Some(kept)) => Ok(kept),
        (Some(_), Some(_)) => {
            Err(format!("entry {entry} (leaf {expected_index}) is erased and still there"))
        }
        (None, None) => {
            Err(format!("entry {entry} (leaf {expected_index}) is missing or unreadable"))
        }
        (Some((stored, salt, kept)), None) => match stored.leaf(salt) == *kept {
            true => Ok(*kept),
            false => Err(format!("entry {entry} (leaf {expected_index}) was changed")),
        },
    }
}

/// Compares recomputed tiles with the stored ones. The last of a level may have grown meanwhile.
fn compare(tx: &mut Tx<'_>, tiles: &Tiles) -> Result<Fault, DbError> {
    for (id, hashes) in tiles {
        let stored = match tree::stored_tile(tx, *id) {
            Ok(stored) => stored.unwrap_or_default(),
            // Of a length that is no number of hashes.
            Err(DbError::Engine(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        if !stored.starts_with(hashes) {
            let what =
                if stored.len() < hashes.len() { "is missing or too short" } else { "was changed" };
            return Ok(Err(format!("tile {} {what}", id.path())));
        }
    }
    Ok(Ok(()))
}
