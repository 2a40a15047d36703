//! The journal's tree as rows: tiles that grow at their right end, and proofs made from them.

use std::collections::HashMap;

use seal::hash::Sm3;
use seal::merkle::Hash;
use seal::tiles::{Prover, TileEdge, TileId, WIDTH, hashes_at};

use crate::db::{DbError, Tx, Value, v};

const UPSERT: &str = "ON CONFLICT (level, tile_index) DO UPDATE SET hashes = excluded.hashes";

/// Leaves that are in tiles.
pub(super) fn tiled_size(tx: &mut Tx<'_>) -> Result<u64, DbError> {
    let sql = "SELECT tile_index, hashes FROM journal_tile WHERE level = 0
               ORDER BY tile_index DESC LIMIT 1";
    match tx.optional(sql, &[])? {
        Some(row) => {
            let (index, hashes) = (row.get::<i64>(0)? as u64, hashes_of(&row.get::<Vec<u8>>(1)?)?);
            Ok(index * WIDTH + hashes.len() as u64)
        }
        None => Ok(0),
    }
}

/// The right edge of the tree of this size.
pub(super) fn load_edge(tx: &mut Tx<'_>, size: u64) -> Result<TileEdge<Sm3>, DbError> {
    let mut levels = Vec::new();
    for level in 0u8.. {
        let count = hashes_at(level, size);
        let width = (count % WIDTH) as u16;
        let index = count / WIDTH;
        levels.push(match width {
            0 => Vec::new(),
            width => read_tile(tx, TileId { level, index, width })?,
        });
        if hashes_at(level + 1, size) == 0 {
            break;
        }
    }
    TileEdge::restore(size, levels)
        .ok_or_else(|| unreadable("the tiles do not fit the tree's size"))
}

/// Appends leaf hashes and writes the tiles that they change.
pub(super) fn append(
    tx: &mut Tx<'_>,
    edge: &mut TileEdge<Sm3>,
    leaves: &[Hash],
) -> Result<(), DbError> {
    let mut changed = Vec::new();
    for leaf in leaves {
        edge.push(*leaf, |id, hashes| changed.push(row(id, hashes)));
    }
    changed.extend(edge.partial().map(|(id, hashes)| row(id, hashes)));
    let sql = format!(
        "INSERT INTO journal_tile (level, tile_index, hashes) VALUES ($1, $2, $3) {UPSERT}"
    );
    changed.iter().try_for_each(|row| tx.execute(&sql, row).map(drop))
}

fn row(id: TileId, hashes: &[Hash]) -> Vec<Value<'static>> {
    vec![v(i64::from(id.level)), v(id.index as i64), v(hashes.concat())]
}

/// The first `width` hashes of a tile; an error when the row is missing or shorter.
pub(super) fn read_tile(tx: &mut Tx<'_>, id: TileId) -> Result<Vec<Hash>, DbError> {
    let mut hashes = stored_tile(tx, id)?.unwrap_or_default();
    if hashes.len() < usize::from(id.width) {
        return Err(unreadable(&format!("tile {} is missing or too short", id.path())));
    }
    hashes.truncate(usize::from(id.width));
    Ok(hashes)
}

/// All hashes of a tile's row.
pub(super) fn stored_tile(tx: &mut Tx<'_>, id: TileId) -> Result<Option<Vec<Hash>>, DbError> {
    let sql = "SELECT hashes FROM journal_tile WHERE level = $1 AND tile_index = $2";
    let row = tx.optional(sql, &[v(i64::from(id.level)), v(id.index as i64)])?;
    row.map(|row| hashes_of(&row.get::<Vec<u8>>(0)?)).transpose()
}

pub(super) fn hashes_of(bytes: &[u8]) -> Result<Vec<Hash>, DbError> {
    match bytes.as_chunks::<32>() {
        (hashes, []) => Ok(hashes.to_vec()),
        _ => Err(unreadable("a tile of the journal cannot be read")),
    }
}

fn unreadable(what: &str) -> DbError {
    DbError::Engine(what.to_owned())
}

/// Makes proofs for the tree of this size; each tile is read once.
pub(super) fn prover<'a, 'b>(
    tx: &'a mut Tx<'b>,
    size: u64,
) -> Prover<Sm3, impl FnMut(TileId) -> Result<Vec<Hash>, DbError> + use<'a, 'b>> {
    let mut known: HashMap<(u8, u64), Vec<Hash>> = HashMap::new();
    Prover::new(size, move |id: TileId| match known.get(&(id.level, id.index)) {
        Some(hashes) => Ok(hashes.clone()),
        None => {
            let hashes = read_tile(tx, id)?;
            known.insert((id.level, id.index), hashes.clone());
            Ok(hashes)
        }
    })
}
