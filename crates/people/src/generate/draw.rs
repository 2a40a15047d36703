//! Random numbers that can be had at any place: no state is carried from one person to the next.

/// The finaliser of SplitMix64: a bijection of 64 bits in which every input bit reaches every
/// output bit. Good enough to make people, not for secrets.
pub(super) const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The step of SplitMix64, the golden ratio of 2^64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A SplitMix64 stream of one person.
pub(super) struct Draw(u64);

impl Draw {
    pub(super) const fn new(seed: u64, index: u32) -> Self {
        Self(mix(mix(seed.wrapping_add(STEP)) ^ index as u64))
    }

    pub(super) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from 0 up to but not `end`, which is at least 1; the bias is below 2^-32.
    pub(super) const fn below(&mut self, end: u32) -> u32 {
        (((self.bits() >> 32) * end as u64) >> 32) as u32
    }

    /// Whether a thing happens that happens to so many in a thousand.
    pub(super) const fn per_mille(&mut self, share: u32) -> bool {
        self.below(1000) < share
    }

    /// One of the items, of which there is at least one and far fewer than 2^32.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u32) as usize]
    }

    /// One character of a text that is not empty.
    pub(super) fn character(&mut self, text: &str) -> char {
        let at = self.below((text.len() / 3) as u32) as usize * 3;
        text.get(at..).and_then(|rest| rest.chars().next()).expect("only characters of three bytes")
    }
}

/// A permutation of the numbers below `size` for each seed: a Feistel network over the next even
/// power of two, walked until it lands inside. Equal indices alone give equal results, so what is
/// derived from the result is unique without keeping what was given out.
pub(super) struct Permutation {
    size: u32,
    half_bits: u32,
    keys: [u64; 4],
}

impl Permutation {
    pub(super) const fn new(seed: u64, size: u32) -> Self {
        let half_bits = (u32::BITS - size.leading_zeros()).div_ceil(2);
        let key = mix(seed ^ STEP);
        let keys = [mix(key), mix(key ^ 1), mix(key ^ 2), mix(key ^ 3)];
        Self { size, half_bits, keys }
    }

    /// The place of `index`, which is below the size.
    pub(super) fn place(&self, index: u32) -> u32 {
        let mut place = self.round_trip(index);
        while place >= self.size {
            place = self.round_trip(place);
        }
        place
    }

    fn round_trip(&self, number: u32) -> u32 {
        let mask = (1 << self.half_bits) - 1;
        let (mut left, mut right) = (number >> self.half_bits, number & mask);
        for key in self.keys {
            let scrambled = (mix(key ^ u64::from(right)) as u32) & mask;
            (left, right) = (right, left ^ scrambled);
        }
        left << self.half_bits | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_gives_every_place_once() {
        for (seed, size) in [(1, 1), (2, 2), (3, 1000), (4, 65_536), (5, 100_003)] {
            let permutation = Permutation::new(seed, size);
            let mut places: Vec<_> = (0..size).map(|index| permutation.place(index)).collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..size), "size {size}");
        }
    }

    #[test]
    fn seeds_give_different_orders() {
        let [one, two] = [1, 2].map(|seed| {
            let permutation = Permutation::new(seed, 1000);
            (0..1000).map(|index| permutation.place(index)).collect::<Vec<_>>()
        });
        assert_ne!(one, two);
    }

    #[test]
    fn draws_are_spread_evenly() {
        let mut counts = [0_u32; 10];
        for index in 0..100_000 {
            counts[Draw::new(7, index).below(10) as usize] += 1;
        }
        assert!(counts.iter().all(|&count| (9_500..10_500).contains(&count)), "{counts:?}");
    }
}
