use proptest::prelude::*;

use super::service::digest;

proptest! {
    /// Art. 5, 18: both sides make the same digest of a number, and nobody else does.
    #[test]
    fn a_digest_is_of_its_number_and_its_pair(one: [u8; 32], two: [u8; 32], a in "[0-9]{17}[0-9X]", b in "[0-9]{17}[0-9X]") {
        let (first, second) = (hex::encode(one), hex::encode(two));
        prop_assert_eq!(digest(&first, &a), digest(&first, &a));
        prop_assert_eq!(digest(&first, &a).len(), 64);
        prop_assert_eq!(digest(&first, &a) == digest(&first, &b), a == b);
        prop_assert_eq!(digest(&first, &a) == digest(&second, &a), one == two);
    }
}
