//! SM2 verification in variable time, with tables for the base point and for keys that are used often.
//!
//! Everything in a verification is public, so nothing is lost by the variable time. The field is that of
//! the crate `sm2`; formulas and order of additions are ours, and tests hold them against `sm2`'s own
//! verification.

mod table;

use std::sync::LazyLock;

use sm2::dsa;
use sm2::elliptic_curve::group::Group;
use sm2::elliptic_curve::ops::Reduce;
use sm2::{FieldBytes, ProjectivePoint, Scalar};
use sm3::Digest;

use table::{Sum, Table};

use crate::sm2::{Signature, VerifyingKey};

/// GB/T 32918.5: a, b and the base point, as they go into Z.
const CURVE: [&str; 4] = [
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc",
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93",
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7",
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
];

static CURVE_BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let digits = CURVE.concat();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits");
    (0..digits.len()).step_by(2).map(byte).collect()
});

static BASE: LazyLock<Table> = LazyLock::new(|| Table::new(ProjectivePoint::generator(), 8));

/// A public key in one role, made ready for verification.
#[derive(Debug)]
pub struct FastKey {
    z: [u8; 32],
    point: ProjectivePoint,
    table: Option<Table>,
}

impl FastKey {
    /// For a key that is used a few times.
    pub fn new(key: &VerifyingKey) -> Self {
        let point = key.to_bytes();
        let id = key.role().as_bytes();
        let mut z = sm3::Sm3::new();
        z.update(((id.len() * 8) as u16).to_be_bytes());
        z.update(id);
        z.update(&*CURVE_BYTES);
        z.update(&point[1..]);
        Self { z: z.finalize().into(), point: key.point().into(), table: None }
    }

    /// For a key that is used all the time: 256 kB, and the work of ten verifications.
    pub fn with_table(key: &VerifyingKey) -> Self {
        Self::new(key).tabled(8)
    }

    /// For a key that is used again: 32 kB, and the work of two verifications.
    pub fn with_small_table(key: &VerifyingKey) -> Self {
        Self::new(key).tabled(4)
    }

    fn tabled(self, width: u32) -> Self {
        Self { table: Some(Table::new(self.point, width)), ..self }
    }

    /// The same key with a table of 32 kB.
    pub(crate) fn to_tabled(&self) -> Self {
        Self { z: self.z, point: self.point, table: None }.tabled(4)
    }

    /// Bytes of its table.
    pub(crate) fn table_bytes(&self) -> usize {
        self.table.as_ref().map_or(0, Table::bytes)
    }

    /// Whether the signature was made by this key, in its role, over this message. The same answer as
    /// [`VerifyingKey::verifies`] (GB/T 32918.2, 7.1).
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let Ok(signature) = dsa::Signature::from_bytes(signature.into()) else {
            return false;
        };
        let (r, s): (Scalar, Scalar) = (*signature.r(), *signature.s());
        let digest = sm3::Sm3::new().chain_update(self.z).chain_update(message).finalize();
        self.holds(&<Scalar as Reduce<FieldBytes>>::reduce(&digest), r, s)
    }

    /// Whether r = e + x for the point (x, y) = s·G + (r + s)·P, neither r, s nor r + s being zero.
    fn holds(&self, e: &Scalar, r: Scalar, s: Scalar) -> bool {
        let t = r + s;
        if t == Scalar::ZERO {
            return false;
        }
        let mut sum = match &self.table {
            Some(table) => {
                let mut sum = Sum::nothing();
                table.add_times(&t, &mut sum);
                sum
            }
            None => Sum::of(&self.point.mul_vartime(&t).to_affine()),
        };
        BASE.add_times(&s, &mut sum);
        sum.has_x(&(r - e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm2::{SignerId, SigningKey};
    use proptest::prelude::*;
    use sm2::AffinePoint;
    use sm2::dsa::signature::hazmat::PrehashVerifier;
    use sm2::elliptic_curve::ff::PrimeField;
    use sm2::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
    use sm2::elliptic_curve::sec1::ToSec1Point;

    fn both(key: &VerifyingKey, message: &[u8], signature: &Signature) -> bool {
        let slow = key.verifies(message, signature);
        for fast in fast(key) {
            assert_eq!(fast.verifies(message, signature), slow, "{} bytes", fast.table_bytes());
        }
        slow
    }

    fn fast(key: &VerifyingKey) -> [FastKey; 3] {
        [FastKey::new(key), FastKey::with_small_table(key), FastKey::with_table(key)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn both_ways_of_verification_say_the_same(
            secret in any::<[u8; 32]>(), message in prop::collection::vec(any::<u8>(), 0..90),
            at in 0usize..64, bit in 0u8..8,
        ) {
            let secret = SigningKey::from_secret(&secret, SignerId::CQ1_HOLDER);
            prop_assume!(secret.is_ok());
            let secret = secret.expect("assumed");
            let (key, mut signature) = (secret.verifying(), secret.sign(&message));
            prop_assert!(both(&key, &message, &signature));
            prop_assert!(!both(&key, &[&message[..], b"."].concat(), &signature));
            signature[at] ^= 1 << bit;
            prop_assert!(!both(&key, &message, &signature));
        }
    }

    #[test]
    fn numbers_at_the_edge_are_refused_by_both() {
        let order = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
        let byte = |at: usize| u8::from_str_radix(&order[at..at + 2], 16).expect("digits");
        let order: Vec<u8> = (0..64).step_by(2).map(byte).collect();
        let mut less = order.clone();
        less[31] -= 1;
        let mut one = vec![0; 32];
        one[31] = 1;
        let key = SigningKey::from_secret(&[3; 32], SignerId::CQ1_ROOT).expect("a key").verifying();
        let halves = [vec![0; 32], one, less, order, vec![0xff; 32]];
        for r in &halves {
            for s in &halves {
                let signature = [&r[..], s].concat().try_into().expect("64 bytes");
                assert!(!both(&key, b"message", &signature), "{signature:02x?}");
            }
        }
    }

    /// The point s·G + t·P is chosen, so that its x is beyond the order of the group, at infinity, or met
    /// by one table while the other adds to it; the crate `sm2` says the same of each.
    #[test]
    fn chosen_points_are_judged_as_the_crate_judges_them() {
        let one = FieldBytes::from(order_and(5));
        let beyond = AffinePoint::decompress(&one, 0.into());
        let beyond = Option::<AffinePoint>::from(beyond).expect("a point of the curve");
        let g = ProjectivePoint::generator();
        let goals = [
            (ProjectivePoint::from(beyond), "beyond the order"),
            (ProjectivePoint::IDENTITY, "at infinity"),
            (g, "the base"),
            (g.double(), "twice the base"),
        ];
        for (goal, what) in goals {
            for (s, t) in [(1u64, 1u64), (1, 2), (7, 16), (16, 256), (255, 511), (u64::MAX, 3)] {
                let (s, t) = (Scalar::from(s), Scalar::from(t));
                // P = (goal − s·G) / t and r = t − s; then e = r − x.
                let inverse = Option::<Scalar>::from(t.invert()).expect("not zero");
                let point = (goal - g * s) * inverse;
                let r = t - s;
                if bool::from(point.is_identity()) || r == Scalar::ZERO {
                    continue;
                }
                let x = <Scalar as Reduce<FieldBytes>>::reduce(&goal.to_affine().x());
                for e in [r - x, r - x + Scalar::ONE] {
                    let slow = reference(&point, &e, r, s);
                    let bytes = point.to_affine().to_sec1_point(false);
                    let key = VerifyingKey::from_bytes(bytes.as_bytes(), SignerId::DEFAULT);
                    let key = key.expect("a point");
                    for fast in fast(&key) {
                        assert_eq!(fast.holds(&e, r, s), slow, "{what}");
                    }
                }
            }
        }
    }

    /// n − 1 + `more`, big endian.
    fn order_and(more: u8) -> [u8; 32] {
        let mut bytes: [u8; 32] = (-Scalar::ONE).to_repr().into();
        bytes[31] += more;
        bytes
    }

    fn reference(point: &ProjectivePoint, e: &Scalar, r: Scalar, s: Scalar) -> bool {
        let bytes = point.to_affine().to_sec1_point(false);
        let key = dsa::VerifyingKey::from_sec1_bytes("", bytes.as_bytes()).expect("a point");
        let signature = dsa::Signature::from_scalars(r.to_repr(), s.to_repr()).expect("numbers");
        key.verify_prehash(&e.to_repr(), &signature).is_ok()
    }
}
