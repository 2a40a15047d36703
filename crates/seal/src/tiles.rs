//! Tiles of a Merkle tree, in the layout of C2SP tlog-tiles: a tile holds up to 256 neighbouring
//! hashes of one of the levels 0, 8, 16 … of the tree. Full tiles never change, so whoever serves or
//! mirrors the log may keep them for ever; every proof is made from a few of them.
//!
//! The layout is theirs, the hash is a parameter: with SM3 it is a private profile.

use std::marker::PhantomData;

use crate::hash::TreeHash;
use crate::merkle::{Hash, node_hash, root};

/// Hashes of a full tile.
pub const WIDTH: u64 = 256;
/// Levels of the tree between two levels of tiles.
const HEIGHT: u32 = 8;

/// The place of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileId {
    /// Level of tiles: its hashes are roots of 256^level leaves. At most 7, which 64 bits can fill.
    pub level: u8,
    /// Place in its level, from 0.
    pub index: u64,
    /// How many hashes are meant: 1 to 256.
    pub width: u16,
}

impl TileId {
    /// The path below `tile/`: `0/x001/067`, or `0/x001/067.p/5` for the first five hashes of a tile.
    pub fn path(&self) -> String {
        let mut parts = vec![format!("{:03}", self.index % 1_000)];
        let mut rest = self.index / 1_000;
        while rest > 0 {
            parts.insert(0, format!("x{:03}", rest % 1_000));
            rest /= 1_000;
        }
        let place = format!("{}/{}", self.level, parts.join("/"));
        match u64::from(self.width) {
            WIDTH => place,
            width => format!("{place}.p/{width}"),
        }
    }

    /// Reads [`TileId::path`]; only the one way to write a place is accepted.
    pub fn parse(path: &str) -> Option<Self> {
        let (place, width) = match path.split_once(".p/") {
            Some((place, width)) => (place, width.parse().ok().filter(|w| (1..=255).contains(w))?),
            None => (path, WIDTH as u16),
        };
        let (level, rest) = place.split_once('/')?;
        let level = level.parse().ok().filter(|level| *level < 8)?;
        let mut index = 0u64;
        for part in rest.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part).parse::<u16>().ok()?;
            index = index.checked_mul(1_000)?.checked_add(u64::from(digits))?;
        }
        let id = Self { level, index, width };
        (id.path() == path).then_some(id)
    }
}

/// The hashes of `level` in a tree of this size.
pub fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(HEIGHT * u32::from(level)).unwrap_or(0)
}

/// The tiles at the right edge of a growing log: what is needed to go on appending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileEdge<H> {
    size: u64,
    /// For each level the hashes of its last tile, fewer than 256.
    levels: Vec<Vec<Hash>>,
    hash: PhantomData<H>,
}

impl<H: TreeHash> Default for TileEdge<H> {
    fn default() -> Self {
        Self { size: 0, levels: vec![Vec::new()], hash: PhantomData }
    }
}

impl<H: TreeHash> TileEdge<H> {
    /// The edge of a tree of this size, from the last tile of each level, level 0 first; a level
    /// whose tiles are all full has an empty one. `None` when the lengths do not fit the size.
    pub fn restore(size: u64, levels: Vec<Vec<Hash>>) -> Option<Self> {
        let fits =
            |(level, tile): (u8, &Vec<Hash>)| tile.len() as u64 == hashes_at(level, size) % WIDTH;
        let complete = hashes_at(levels.len() as u8, size) == 0 && !levels.is_empty();
        let whole = complete && (0..).zip(&levels).all(fits);
        whole.then_some(Self { size, levels, hash: PhantomData })
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf, given as its leaf hash; `full` gets each tile that it completes.
    pub fn push(&mut self, leaf: Hash, mut full: impl FnMut(TileId, &[Hash])) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0u8.. {
            if self.levels.len() == usize::from(level) {
                self.levels.push(Vec::new());
            }
            let tile = &mut self.levels[usize::from(level)];
            tile.push(hash);
            if (tile.len() as u64) < WIDTH {
                return;
            }
            let index = hashes_at(level, self.size) / WIDTH - 1;
            full(TileId { level, index, width: WIDTH as u16 }, tile);
            hash = root::<H>(tile);
            tile.clear();
        }
    }

    /// The tiles that are not full yet.
    pub fn partial(&self) -> impl Iterator<Item = (TileId, &[Hash])> {
        let with_place = |(level, tile): (u8, &'_ Vec<Hash>)| {
            let index = hashes_at(level, self.size) / WIDTH;
            TileId { level, index, width: tile.len() as u16 }
        };
        let filled = (0u8..).zip(&self.levels).filter(|(_, tile)| !tile.is_empty());
        filled.map(move |(level, tile)| (with_place((level, tile)), tile.as_slice()))
    }
}

/// Makes proofs from tiles that are read as they are needed: the reader gives at least the first
/// `width` hashes of a tile.
pub struct Prover<H, R> {
    size: u64,
    read: R,
    hash: PhantomData<H>,
}

impl<H, R, E> Prover<H, R>
where
    H: TreeHash,
    R: FnMut(TileId) -> Result<Vec<Hash>, E>,
{
    /// Proofs for the tree of this size.
    pub fn new(size: u64, read: R) -> Self {
        Self { size, read, hash: PhantomData }
    }

    /// The root.
    ///
    /// # Errors
    /// The reader's.
    pub fn root(&mut self) -> Result<Hash, E> {
        match self.size {
            0 => Ok(H::of(&[])),
            size => self.range(0, size),
        }
    }

    /// The audit path of leaf `index`, nearest hash first; empty outside the tree.
    ///
    /// # Errors
    /// The reader's.
    pub fn inclusion(&mut self, index: u64) -> Result<Vec<Hash>, E> {
        let (mut from, mut to, mut path) = (0, self.size, Vec::new());
        while index < to && to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                path.push(self.range(middle, to)?);
                to = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// The proof that the tree of size `old` is the beginning of this one; empty when `old` is zero
    /// or not smaller.
    ///
    /// # Errors
    /// The reader's.
    pub fn consistency(&mut self, old: u64) -> Result<Vec<Hash>, E> {
        if old == 0 || old >= self.size {
            return Ok(Vec::new());
        }
        let (mut from, mut to, mut path) = (0, self.size, Vec::new());
        while old != to {
            let middle = from + split(to - from);
            if old <= middle {
                path.push(self.range(middle, to)?);
                to = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
            }
        }
        if from > 0 {
            path.push(self.range(from, to)?);
        }
        path.reverse();
        Ok(path)
    }

    /// The root over the leaves `from..to`, which is a node of the tree.
    fn range(&mut self, from: u64, to: u64) -> Result<Hash, E> {
        let count = to - from;
        if count.is_power_of_two() {
            return self.node(count.trailing_zeros(), from / count);
        }
        let middle = from + split(count);
        let (left, right) = (self.range(from, middle)?, self.range(middle, to)?);
        Ok(node_hash::<H>(&left, &right))
    }

    /// The root of the full subtree number `index` of 2^height leaves.
    fn node(&mut self, height: u32, index: u64) -> Result<Hash, E> {
        let (level, above) = ((height / HEIGHT) as u8, height % HEIGHT);
        let first = index << above;
        let (tile, place) = (first / WIDTH, (first % WIDTH) as usize);
        let width = (hashes_at(level, self.size) - tile * WIDTH).min(WIDTH) as u16;
        let hashes = (self.read)(TileId { level, index: tile, width })?;
        Ok(root::<H>(&hashes[place..place + (1 << above)]))
    }
}

/// The largest power of two below `count`, for `count` above one.
fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;
    use crate::hash::Sm3;
    use crate::merkle::{consistency_proof, inclusion_proof, leaf_hash};

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash::<Sm3>(&n.to_be_bytes())).collect()
    }

    type Tiles = HashMap<(u8, u64), Vec<Hash>>;

    fn tiled(leaves: &[Hash]) -> Tiles {
        let (mut edge, mut tiles) = (TileEdge::<Sm3>::default(), Tiles::new());
        for leaf in leaves {
            edge.push(*leaf, |id, hashes| {
                assert!(tiles.insert((id.level, id.index), hashes.to_vec()).is_none());
            });
        }
        for (id, hashes) in edge.partial() {
            assert!(tiles.insert((id.level, id.index), hashes.to_vec()).is_none());
        }
        tiles
    }

    fn prover(
        tiles: &Tiles,
        size: u64,
    ) -> Prover<Sm3, impl FnMut(TileId) -> Result<Vec<Hash>, Infallible>> {
        Prover::new(size, |id: TileId| {
            Ok(tiles[&(id.level, id.index)][..usize::from(id.width)].to_vec())
        })
    }

    #[test]
    fn places_are_written_as_the_layout_says_and_in_no_other_way() {
        let known = [
            (TileId { level: 0, index: 0, width: 256 }, "0/000"),
            (TileId { level: 0, index: 67, width: 256 }, "0/067"),
            (TileId { level: 0, index: 1_067, width: 256 }, "0/x001/067"),
            (TileId { level: 1, index: 1_234_067, width: 256 }, "1/x001/x234/067"),
            (TileId { level: 2, index: 1_067, width: 5 }, "2/x001/067.p/5"),
        ];
        for (id, path) in known {
            assert_eq!(id.path(), path);
            assert_eq!(TileId::parse(path), Some(id));
        }
        for bad in [
            "",
            "0",
            "0/",
            "0/67",
            "0/x067",
            "0/001/067",
            "0/x000/067",
            "0/067.p/0",
            "0/067.p/256",
            "0/067.p/05",
            "00/067",
            "8/067",
            "-1/067",
            "0/067/",
            "0/0067",
            "0/x001/067.p/",
            "0/+67",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(TileId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_edge_whose_tiles_do_not_fit_its_size_is_refused() {
        assert_eq!(TileEdge::<Sm3>::restore(0, vec![vec![]]), Some(TileEdge::default()));
        assert_eq!(TileEdge::<Sm3>::restore(2, vec![leaves(1)]), None);
        assert_eq!(TileEdge::<Sm3>::restore(256, vec![vec![]]), None);
        assert!(TileEdge::<Sm3>::restore(256, vec![vec![], leaves(1)]).is_some());
    }

    #[test]
    fn three_levels_of_tiles_give_the_root_of_the_definition() {
        let leaves = leaves(256 * 256 + 300);
        let tiles = tiled(&leaves);
        assert_eq!(tiles[&(2, 0)].len(), 1);
        let size = leaves.len() as u64;
        assert_eq!(prover(&tiles, size).root(), Ok(root::<Sm3>(&leaves)));
        let proof = prover(&tiles, size).inclusion(65_000).expect("tiles");
        assert_eq!(proof, inclusion_proof::<Sm3>(65_000, &leaves));
        let proof = prover(&tiles, size).consistency(40_000).expect("tiles");
        assert_eq!(proof, consistency_proof::<Sm3>(40_000, &leaves));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn proofs_from_tiles_are_those_of_the_definition(
            count in 1u64..700, one in any::<prop::sample::Index>(), two in any::<prop::sample::Index>(),
        ) {
            let leaves = leaves(count);
            let tiles = tiled(&leaves);
            // Of an older size too: tiles only grow.
            let size = one.index(leaves.len()) + 1;
            let inner = two.index(size);
            let then = &leaves[..size];
            let mut prover = prover(&tiles, size as u64);
            prop_assert_eq!(prover.root(), Ok(root::<Sm3>(then)));
            prop_assert_eq!(prover.inclusion(inner as u64), Ok(inclusion_proof::<Sm3>(inner, then)));
            prop_assert_eq!(prover.inclusion(size as u64), Ok(vec![]));
            prop_assert_eq!(prover.consistency(inner as u64), Ok(consistency_proof::<Sm3>(inner, then)));
        }

        #[test]
        fn an_edge_goes_on_where_it_was_left(count in 0u64..600, more in 0u64..300) {
            let leaves = leaves(count + more);
            let (first, rest) = leaves.split_at(count as usize);
            let mut edge = TileEdge::<Sm3>::default();
            first.iter().for_each(|leaf| edge.push(*leaf, |_, _| {}));
            let levels = edge.levels.clone();
            let mut again = TileEdge::<Sm3>::restore(count, levels).expect("what was left");
            rest.iter().for_each(|leaf| again.push(*leaf, |_, _| {}));
            let mut whole = TileEdge::<Sm3>::default();
            leaves.iter().for_each(|leaf| whole.push(*leaf, |_, _| {}));
            prop_assert_eq!(again, whole);
        }

        #[test]
        fn any_text_is_a_place_or_none(path in "[0-9x/.p]{0,20}") {
            if let Some(id) = TileId::parse(&path) {
                prop_assert_eq!(id.path(), path);
            }
        }
    }
}
