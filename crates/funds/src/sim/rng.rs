//! Numbers that a seed gives, the same on every machine (SplitMix64).

/// The state of the generator.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds must not be the same stream one number later.
        let mut rng = Self(seed ^ 0x5bf0_3635_0123_4567);
        rng.0 = rng.next().wrapping_mul(0xd6e8_feb8_6659_fd93);
        rng
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `most`; 0 when `most` is 0.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        if most == 0 { 0 } else { (self.next() % most as u64) as usize }
    }

    /// True once in `in_all` times.
    pub(crate) fn once_in(&mut self, in_all: usize) -> bool {
        self.below(in_all) == 0
    }
}
