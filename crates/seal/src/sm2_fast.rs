//! SM2 verification in variable time, with tables for the base point and for keys that are used often.
//!
//! Everything in a verification is public, so nothing is lost by the variable time. Group and field are
//! those of the crate `sm2`; only the order of additions is ours, and tests hold it against `sm2`'s own
//! verification.

use std::sync::LazyLock;

use sm2::dsa;
use sm2::elliptic_curve::group::Group;
use sm2::elliptic_curve::ops::Reduce;
use sm2::elliptic_curve::point::AffineCoordinates;
use sm2::elliptic_curve::{BatchNormalize, PrimeField};
use sm2::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use sm3::Digest;

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

static BASE: LazyLock<Table> = LazyLock::new(|| Table::new(ProjectivePoint::generator()));

/// The multiples 1–255 of a point at each of the 32 places of a byte: about 600 kB and the work of
/// twenty verifications, after which a multiplication is 32 additions.
#[derive(Debug)]
struct Table(Vec<AffinePoint>);

impl Table {
    fn new(point: ProjectivePoint) -> Self {
        let mut multiples = Vec::with_capacity(32 * 255);
        let mut unit = point;
        for _ in 0..32 {
            let mut multiple = unit;
            for _ in 0..255 {
                multiples.push(multiple);
                multiple += unit;
            }
            unit = multiple;
        }
        Self(<ProjectivePoint as BatchNormalize<[ProjectivePoint]>>::batch_normalize(&multiples))
    }

    fn times(&self, scalar: &Scalar) -> ProjectivePoint {
        let mut sum = ProjectivePoint::IDENTITY;
        let places = scalar.to_repr().into_iter().rev().zip(self.0.chunks_exact(255));
        for (byte, multiples) in places {
            if byte != 0 {
                sum += multiples[usize::from(byte) - 1];
            }
        }
        sum
    }
}

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

    /// For a key that is used often: see [`Table`].
    pub fn with_table(key: &VerifyingKey) -> Self {
        let key = Self::new(key);
        Self { table: Some(Table::new(key.point)), ..key }
    }

    /// Whether the signature was made by this key, in its role, over this message. The same answer as
    /// [`VerifyingKey::verifies`] (GB/T 32918.2, 7.1).
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let Ok(signature) = dsa::Signature::from_bytes(signature.into()) else {
            return false;
        };
        let (r, s): (Scalar, Scalar) = (*signature.r(), *signature.s());
        let t = r + s;
        if t == Scalar::ZERO {
            return false;
        }
        let key_part = match &self.table {
            Some(table) => table.times(&t),
            None => self.point.mul_vartime(&t),
        };
        let sum = BASE.times(&s) + key_part;
        if bool::from(sum.is_identity()) {
            return false;
        }
        let digest = sm3::Sm3::new().chain_update(self.z).chain_update(message).finalize();
        let e = <Scalar as Reduce<FieldBytes>>::reduce(&digest);
        r == e + <Scalar as Reduce<FieldBytes>>::reduce(&sum.to_affine().x())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm2::{SignerId, SigningKey};
    use proptest::prelude::*;

    fn both(key: &VerifyingKey, message: &[u8], signature: &Signature) -> bool {
        let slow = key.verifies(message, signature);
        assert_eq!(FastKey::new(key).verifies(message, signature), slow);
        assert_eq!(FastKey::with_table(key).verifies(message, signature), slow);
        slow
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

    #[test]
    fn tables_multiply_as_the_curve_does() {
        let point = ProjectivePoint::generator().mul_vartime(&Scalar::from(77u64));
        let table = Table::new(point);
        for number in [0u64, 1, 2, 255, 256, 257, 65_535, u64::MAX] {
            for scalar in [Scalar::from(number), -Scalar::from(number)] {
                assert_eq!(table.times(&scalar), point.mul_vartime(&scalar), "{number}");
            }
        }
    }
}
