//! Merkle trees of RFC 6962: hashes, the frontier of a growing log, and proofs.
//!
//! ```text
//! leaf = H(0x00 ‖ data)        node = H(0x01 ‖ left ‖ right)
//! ```
//! A [`Frontier`] keeps only the roots of the full subtrees on the right edge, one for each bit of
//! the size: enough to append and to tell the root.

use std::marker::PhantomData;

use crate::hash::TreeHash;

/// A hash in the tree.
pub type Hash = [u8; 32];

/// The hash of a leaf's data.
pub fn leaf_hash<H: TreeHash>(data: &[u8]) -> Hash {
    H::of(&[&[0x00], data])
}

/// The hash of two neighbours.
pub fn node_hash<H: TreeHash>(left: &Hash, right: &Hash) -> Hash {
    H::of(&[&[0x01], left, right])
}

/// The right edge of a growing tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier<H> {
    size: u64,
    /// Roots of full subtrees, the largest first.
    peaks: Vec<Hash>,
    hash: PhantomData<H>,
}

/// The bytes are not a stored frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a frontier: its length does not fit its size")]
pub struct BadFrontier;

impl<H: TreeHash> Default for Frontier<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: TreeHash> Frontier<H> {
    /// The empty tree.
    pub fn new() -> Self {
        Self { size: 0, peaks: Vec::new(), hash: PhantomData }
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf, given as its [`leaf_hash`].
    pub fn push(&mut self, leaf: Hash) {
        let mut right = leaf;
        // Each trailing one bit of the size is a full subtree as large as the one just completed.
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("one peak for each bit of the size");
            right = node_hash::<H>(&left, &right);
        }
        self.peaks.push(right);
        self.size += 1;
    }

    /// The root; of the empty tree the hash of nothing.
    pub fn root(&self) -> Hash {
        let joined =
            self.peaks.iter().rev().copied().reduce(|right, left| node_hash::<H>(&left, &right));
        joined.unwrap_or_else(|| H::of(&[]))
    }

    /// Size (8 bytes, big endian), then the peaks.
    pub fn to_bytes(&self) -> Vec<u8> {
        let peaks = self.peaks.iter().flatten().copied();
        self.size.to_be_bytes().into_iter().chain(peaks).collect()
    }

    /// Reads [`Frontier::to_bytes`].
    ///
    /// # Errors
    /// [`BadFrontier`] when the length does not fit the size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadFrontier> {
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or(BadFrontier)?;
        let size = u64::from_be_bytes(*size);
        let (peaks, left_over) = rest.as_chunks::<32>();
        if !left_over.is_empty() || peaks.len() != size.count_ones() as usize {
            return Err(BadFrontier);
        }
        Ok(Self { size, peaks: peaks.to_vec(), hash: PhantomData })
    }
}

/// The root over all `leaves`, by the recursive definition (RFC 6962, 2.1).
pub fn root<H: TreeHash>(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => H::of(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash::<H>(&root::<H>(left), &root::<H>(right))
        }
    }
}

/// The largest power of two below `n`, for `n` above one.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// The audit path of leaf `index` in the tree over `leaves` (RFC 6962, 2.1.1), nearest hash first.
pub fn inclusion_proof<H: TreeHash>(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 || index >= leaves.len() {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = match index.checked_sub(left.len()) {
        None => (inclusion_proof::<H>(index, left), root::<H>(right)),
        Some(index) => (inclusion_proof::<H>(index, right), root::<H>(left)),
    };
    path.push(sibling);
    path
}

/// Whether `proof` shows that `leaf` is number `index` of the tree of `size` leaves with this root.
pub fn includes<H: TreeHash>(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash::<H>(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash::<H>(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// The proof that the tree over the first `old` of `leaves` grew into the tree over all of them (RFC
/// 6962, 2.1.2). Empty when there is nothing to prove: `old` is zero, or is all leaves.
pub fn consistency_proof<H: TreeHash>(old: usize, leaves: &[Hash]) -> Vec<Hash> {
    match old {
        0 => Vec::new(),
        old if old >= leaves.len() => Vec::new(),
        old => subproof::<H>(old, leaves, true),
    }
}

fn subproof<H: TreeHash>(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![root::<H>(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, sibling) = match old.checked_sub(left.len()) {
        None | Some(0) => (subproof::<H>(old, left, whole), root::<H>(right)),
        Some(old) => (subproof::<H>(old, right, false), root::<H>(left)),
    };
    proof.push(sibling);
    proof
}

/// Whether `proof` shows that the tree of `old_size` leaves with `old_root` is the beginning of the
/// tree of `size` leaves with `root` (RFC 9162, 2.1.4.2). The empty tree is the beginning of each.
pub fn consistent<H: TreeHash>(
    (old_size, old_root): (u64, &Hash),
    (size, root): (u64, &Hash),
    proof: &[Hash],
) -> bool {
    if old_size == 0 {
        return proof.is_empty() && *old_root == H::of(&[]);
    }
    if old_size >= size {
        return old_size == size && proof.is_empty() && old_root == root;
    }
    // A full subtree is its own first node, and is left out of the proof.
    let whole = old_size.is_power_of_two().then_some(*old_root);
    let mut nodes = whole.into_iter().chain(proof.iter().copied());
    let Some(first) = nodes.next() else { return false };
    let (mut node, mut last) = (old_size - 1, size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut hash) = (first, first);
    for sibling in nodes {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash::<H>(&sibling, &old_hash);
            hash = node_hash::<H>(&sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash::<H>(&hash, &sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && hash == *root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{Sha256, Sm3};
    use proptest::prelude::*;

    fn hex(hash: &Hash) -> String {
        hash.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn leaves(count: u32) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash::<Sm3>(&n.to_be_bytes())).collect()
    }

    /// The well-known test tree of certificate transparency: eight leaves from empty to 16 bytes.
    const KNOWN: [&[u8]; 8] = [
        &[],
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[
            0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
            0x6e, 0x6f,
        ],
    ];

    fn known_leaves() -> Vec<Hash> {
        KNOWN.iter().map(|data| leaf_hash::<Sha256>(data)).collect()
    }

    #[test]
    fn the_known_audit_paths_and_consistency_proofs_hold_with_sha_256() {
        let leaves = known_leaves();
        let texts = |proof: Vec<Hash>| proof.iter().map(hex).collect::<Vec<_>>();
        let first_of_8 = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        assert_eq!(texts(inclusion_proof::<Sha256>(0, &leaves)), first_of_8);
        let sixth_of_8 = [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        assert_eq!(texts(inclusion_proof::<Sha256>(5, &leaves)), sixth_of_8);
        let second_of_5 = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ];
        assert_eq!(texts(inclusion_proof::<Sha256>(1, &leaves[..5])), second_of_5);
        assert_eq!(texts(consistency_proof::<Sha256>(1, &leaves)), first_of_8);
        let six_to_eight = [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        assert_eq!(texts(consistency_proof::<Sha256>(6, &leaves)), six_to_eight);
        let two_to_five = [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ];
        assert_eq!(texts(consistency_proof::<Sha256>(2, &leaves[..5])), two_to_five);
    }

    #[test]
    fn the_known_roots_of_certificate_transparency_hold_with_sha_256() {
        let known = [
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
            (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
        ];
        let mut frontier = Frontier::<Sha256>::new();
        assert_eq!(
            hex(&frontier.root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for (count, leaf) in (1..).zip(known_leaves()) {
            frontier.push(leaf);
            if let Some((_, root)) = known.iter().find(|(size, _)| *size == count) {
                assert_eq!(hex(&frontier.root()), *root, "size {count}");
            }
        }
    }

    #[test]
    fn a_stored_frontier_of_a_wrong_length_is_refused() {
        let mut frontier = Frontier::<Sm3>::new();
        leaves(5).into_iter().for_each(|leaf| frontier.push(leaf));
        let bytes = frontier.to_bytes();
        assert_eq!(Frontier::from_bytes(&bytes), Ok(frontier));
        assert_eq!(Frontier::<Sm3>::from_bytes(&bytes[..bytes.len() - 1]), Err(BadFrontier));
        assert_eq!(Frontier::<Sm3>::from_bytes(&bytes[..bytes.len() - 32]), Err(BadFrontier));
        assert_eq!(Frontier::<Sm3>::from_bytes(&[]), Err(BadFrontier));
    }

    proptest! {
        #[test]
        fn the_frontier_has_the_root_of_the_definition(count in 0u32..300) {
            let mut frontier = Frontier::<Sm3>::new();
            leaves(count).into_iter().for_each(|leaf| frontier.push(leaf));
            prop_assert_eq!(frontier.root(), root::<Sm3>(&leaves(count)));
            prop_assert_eq!(frontier.size(), u64::from(count));
        }

        #[test]
        fn a_proof_holds_for_its_leaf_and_breaks_with_any_flipped_bit(
            count in 1u32..200, pick in any::<prop::sample::Index>(), bit in 0usize..256,
        ) {
            let leaves = leaves(count);
            let index = pick.index(leaves.len());
            let (proof, root) = (inclusion_proof::<Sm3>(index, &leaves), root::<Sm3>(&leaves));
            let (at, size) = (index as u64, u64::from(count));
            prop_assert!(includes::<Sm3>(&leaves[index], at, size, &proof, &root));
            let mut other = leaves[index];
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!includes::<Sm3>(&other, at, size, &proof, &root));
            for place in 0..proof.len() {
                let mut bent = proof.clone();
                bent[place][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!includes::<Sm3>(&leaves[index], at, size, &bent, &root));
            }
            if size > 1 {
                let elsewhere = (at + 1) % size;
                prop_assert!(!includes::<Sm3>(&leaves[index], elsewhere, size, &proof, &root));
            }
        }

        #[test]
        fn a_grown_tree_is_proved_consistent_and_another_history_is_not(
            count in 1u32..150, pick in any::<prop::sample::Index>(), bit in 0usize..256,
        ) {
            let leaves = leaves(count);
            let old = pick.index(leaves.len()) + 1;
            let (old_root, whole) = (root::<Sm3>(&leaves[..old]), root::<Sm3>(&leaves));
            let proof = consistency_proof::<Sm3>(old, &leaves);
            let (before, after) = (old as u64, u64::from(count));
            prop_assert!(consistent::<Sm3>((before, &old_root), (after, &whole), &proof));
            let mut other = old_root;
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!consistent::<Sm3>((before, &other), (after, &whole), &proof));
            prop_assert!(!consistent::<Sm3>((before, &old_root), (after, &other), &proof));
            for place in 0..proof.len() {
                let mut bent = proof.clone();
                bent[place][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!consistent::<Sm3>((before, &old_root), (after, &whole), &bent));
                bent.remove(place);
                prop_assert!(!consistent::<Sm3>((before, &old_root), (after, &whole), &bent));
            }
            let longer = [proof, vec![whole]].concat();
            prop_assert!(!consistent::<Sm3>((before, &old_root), (after, &whole), &longer));
            prop_assert!(!consistent::<Sm3>((after + 1, &whole), (after, &whole), &[]));
        }
    }
}
