//! Multiples of a point kept ready, and sums of them.
//!
//! The field is that of the crate `sm2`; the formulas are those for Jacobian coordinates of a curve with
//! a = −3 (Explicit-Formulas Database: madd, mdbl), in variable time, and hold in all cases.

use sm2::elliptic_curve::BatchNormalize;
use sm2::elliptic_curve::ff::PrimeField;
use sm2::elliptic_curve::group::Group;
use sm2::elliptic_curve::hazmat::FieldArithmetic;
use sm2::elliptic_curve::point::AffineCoordinates;
use sm2::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, Sm2};

/// An element of the field of coordinates.
type Fe = <Sm2 as FieldArithmetic>::FieldElement;

/// p − n: how many coordinates there are beyond the order of the group, big endian.
const BEYOND: [u8; 32] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x8d, 0xfc, 0x20, 0x93, 0xde, 0x39, 0xfa, 0xd5,
    0xac, 0x44, 0x0b, 0xf6, 0xc6, 0x2a, 0xbe, 0xdc,
];

/// A point that is not at infinity.
#[derive(Clone, Copy, Debug)]
struct Affine {
    x: Fe,
    y: Fe,
}

impl Affine {
    fn of(point: &AffinePoint) -> Option<Self> {
        let read = |bytes: FieldBytes| Option::<Fe>::from(Fe::from_repr(bytes));
        let finite = !bool::from(point.is_identity());
        finite.then(|| Some(Self { x: read(point.x())?, y: read(point.y())? })).flatten()
    }
}

/// A sum of points: (X / Z², Y / Z³), at infinity when Z is zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    x: Fe,
    y: Fe,
    z: Fe,
}

impl Sum {
    pub(super) fn nothing() -> Self {
        Self { x: Fe::ONE, y: Fe::ONE, z: Fe::ZERO }
    }

    /// Begins with a point.
    pub(super) fn of(point: &AffinePoint) -> Self {
        Affine::of(point).map_or_else(Self::nothing, |p| Self { x: p.x, y: p.y, z: Fe::ONE })
    }

    fn add(&mut self, point: &Affine) {
        if bool::from(self.z.is_zero()) {
            *self = Self { x: point.x, y: point.y, z: Fe::ONE };
            return;
        }
        let zz = self.z.square();
        let h = point.x * zz - self.x;
        let r = point.y * zz * self.z - self.y;
        if bool::from(h.is_zero()) {
            // The same point, or its opposite.
            *self = if bool::from(r.is_zero()) { Self::twice(point) } else { Self::nothing() };
            return;
        }
        let hh = h.square();
        let hhh = h * hh;
        let v = self.x * hh;
        let x = r.square() - hhh - v.double();
        let y = r * (v - x) - self.y * hhh;
        *self = Self { x, y, z: self.z * h };
    }

    fn twice(point: &Affine) -> Self {
        // No point of a group of odd order has y = 0.
        let yy = point.y.square();
        let s = (point.x * yy).double().double();
        let m = (point.x - Fe::ONE) * (point.x + Fe::ONE);
        let m = m.double() + m;
        let x = m.square() - s.double();
        let eight = yy.square().double().double().double();
        Self { x, y: m * (s - x) - eight, z: point.y.double() }
    }

    /// Whether the sum is a point whose x is this number modulo the order of the group.
    pub(super) fn has_x(&self, x: &Scalar) -> bool {
        if bool::from(self.z.is_zero()) {
            return false;
        }
        let (zz, bytes) = (self.z.square(), x.to_repr());
        let Some(number) = Option::<Fe>::from(Fe::from_repr(bytes)) else { return false };
        let beyond = || {
            let order = -Scalar::ONE;
            let order =
                Option::<Fe>::from(Fe::from_repr(order.to_repr())).map(|less| less + Fe::ONE);
            bytes[..] < BEYOND[..] && order.is_some_and(|n| self.x == (number + n) * zz)
        };
        self.x == number * zz || beyond()
    }
}

/// The multiples 1 … 2^(w−1) of a point at each place of a digit of w bits. With signed digits a
/// multiplication is one addition for each place.
///
/// | w | points | bytes | additions |
/// |---|---|---|---|
/// | 8 | 4,096 | 262,144 | 32 |
/// | 4 | 512 | 32,768 | 64 |
#[derive(Debug)]
pub(super) struct Table {
    width: u32,
    points: Vec<Affine>,
}

impl Table {
    /// `width` is 4 or 8. The point must not be at infinity; such a table adds nothing.
    pub(super) fn new(point: ProjectivePoint, width: u32) -> Self {
        let most = 1 << (width - 1);
        let places = 256 / width as usize;
        let mut multiples = Vec::with_capacity(places * most);
        let mut unit = point;
        for _ in 0..places {
            let mut multiple = unit;
            multiples.push(multiple);
            for _ in 1..most {
                multiple += unit;
                multiples.push(multiple);
            }
            unit = multiple.double();
        }
        let affine =
            <ProjectivePoint as BatchNormalize<[ProjectivePoint]>>::batch_normalize(&multiples);
        let points: Option<Vec<Affine>> = affine.iter().map(Affine::of).collect();
        Self { width, points: points.unwrap_or_default() }
    }

    /// Adds the multiple of the point by a scalar.
    pub(super) fn add_times(&self, scalar: &Scalar, sum: &mut Sum) {
        // Of a number and its opposite one is below 2^255, so that no digit is carried out at the top.
        let mut bytes: [u8; 32] = scalar.to_repr().into();
        let opposite = bytes[0] >= 0x80;
        if opposite {
            bytes = (-*scalar).to_repr().into();
        }
        let (mut carry, base) = (0i32, 1i32 << self.width);
        let most = (base / 2) as usize;
        for (digit, multiples) in digits(&bytes, self.width).zip(self.points.chunks_exact(most)) {
            let mut digit = digit + carry;
            carry = i32::from(digit > base / 2);
            digit -= carry * base;
            if digit == 0 {
                continue;
            }
            let point = &multiples[digit.unsigned_abs() as usize - 1];
            match (digit < 0) != opposite {
                true => sum.add(&Affine { x: point.x, y: -point.y }),
                false => sum.add(point),
            }
        }
    }

    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        self.points.len() * size_of::<Affine>()
    }
}

/// Digits of 4 or 8 bits, the lowest first.
fn digits(bytes: &[u8; 32], width: u32) -> impl Iterator<Item = i32> {
    let halves = 8 / width as usize;
    let digit = move |byte: u8, half: usize| match width {
        8 => i32::from(byte),
        _ => i32::from((byte >> (4 * half)) & 15),
    };
    let bytes = *bytes;
    bytes.into_iter().rev().flat_map(move |byte| (0..halves).map(move |half| digit(byte, half)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sm2::elliptic_curve::ops::Reduce;
    use sm2::elliptic_curve::point::DecompressPoint;

    fn scalar(bytes: [u8; 32]) -> Scalar {
        <Scalar as Reduce<FieldBytes>>::reduce(&bytes.into())
    }

    fn multiple(table: &Table, scalar: &Scalar) -> Sum {
        let mut sum = Sum::nothing();
        table.add_times(scalar, &mut sum);
        sum
    }

    /// The sum as a point of the crate `sm2`, through an inversion.
    fn point(sum: &Sum) -> ProjectivePoint {
        let Some(inverse) = Option::<Fe>::from(sum.z.invert()) else {
            return ProjectivePoint::IDENTITY;
        };
        let square = inverse.square();
        let (x, y) = (sum.x * square, sum.y * square * inverse);
        let read = AffinePoint::from_coordinates(&x.to_repr(), &y.to_repr());
        Option::<AffinePoint>::from(read).expect("a point of the curve").into()
    }

    /// Scalars where digits carry, end or meet: small ones, powers of two and their neighbours, and the
    /// opposites of all.
    fn edges() -> Vec<Scalar> {
        let mut edges: Vec<Scalar> = (0..40u64).map(Scalar::from).collect();
        let mut power = Scalar::ONE;
        for _ in 0..256 {
            edges.extend([power, power - Scalar::ONE, power + Scalar::ONE]);
            power = power + power;
        }
        let eights = scalar([0x88; 32]);
        edges.extend([eights, scalar([0x80; 32]), scalar([0x7f; 32]), scalar([0xff; 32])]);
        let opposites: Vec<Scalar> = edges.iter().map(|edge| -*edge).collect();
        edges.extend(opposites);
        edges
    }

    #[test]
    fn tables_multiply_as_the_curve_does() {
        let base = ProjectivePoint::generator().mul_vartime(&Scalar::from(77u64));
        for width in [4, 8] {
            let table = Table::new(base, width);
            assert_eq!(table.bytes(), if width == 4 { 32_768 } else { 262_144 });
            for edge in edges() {
                let sum = point(&multiple(&table, &edge));
                assert_eq!(sum, base.mul_vartime(&edge), "{width} {edge:?}");
            }
        }
    }

    #[test]
    fn sums_hold_where_points_meet() {
        let g = ProjectivePoint::generator();
        let one = Affine::of(&g.to_affine()).expect("finite");
        let minus = Affine { x: one.x, y: -one.y };
        let mut sum = Sum::nothing();
        sum.add(&one);
        sum.add(&one);
        assert_eq!(point(&sum), g.double(), "a point and itself");
        sum.add(&minus);
        assert_eq!(point(&sum), g);
        sum.add(&minus);
        assert_eq!(point(&sum), ProjectivePoint::IDENTITY, "a point and its opposite");
        assert!(!sum.has_x(&Scalar::ZERO) && !sum.has_x(&Scalar::ONE));
        sum.add(&minus);
        assert_eq!(point(&sum), g.neg(), "nothing and a point");
        assert_eq!(point(&Sum::of(&AffinePoint::IDENTITY)), ProjectivePoint::IDENTITY);
    }

    /// Coordinates from the order of the group up to the field's modulus name the same scalar as small
    /// ones; there are 2^127 of them among 2^256, so no random test meets one.
    #[test]
    fn a_coordinate_beyond_the_order_is_compared_modulo_the_order() {
        let order = Option::<Fe>::from(Fe::from_repr((-Scalar::ONE).to_repr())).expect("below p");
        // x = n + 4 is the first that is on the curve.
        let x = order + Fe::from(5u64);
        let beyond = (0..8u64).filter_map(|more| {
            let x = (order + Fe::from(1 + more)).to_repr();
            Option::<AffinePoint>::from(AffinePoint::decompress(&x, 0.into()))
        });
        let found: Vec<AffinePoint> = beyond.collect();
        assert_eq!(found[0].x(), x.to_repr());
        let mut sum = Sum::of(&found[0]);
        assert!(sum.has_x(&Scalar::from(4u64)) && !sum.has_x(&Scalar::from(3u64)));
        assert!(!sum.has_x(&-Scalar::from(4u64)));
        // The same with a Z that is not one.
        let g = Affine::of(&ProjectivePoint::generator().to_affine()).expect("finite");
        sum.add(&g);
        sum.add(&Affine { x: g.x, y: -g.y });
        assert!(sum.has_x(&Scalar::from(4u64)) && !sum.has_x(&Scalar::from(5u64)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn two_tables_add_up(base in any::<[u8; 32]>(), a in any::<[u8; 32]>(), b in any::<[u8; 32]>()) {
            let base = ProjectivePoint::generator().mul_vartime(&scalar(base));
            prop_assume!(!bool::from(base.is_identity()));
            let (a, b) = (scalar(a), scalar(b));
            let (large, small) = (Table::new(ProjectivePoint::generator(), 8), Table::new(base, 4));
            let mut sum = Sum::nothing();
            large.add_times(&a, &mut sum);
            small.add_times(&b, &mut sum);
            let expected = ProjectivePoint::generator().mul_vartime(&a) + base.mul_vartime(&b);
            prop_assert_eq!(point(&sum), expected);
            let x = <Scalar as Reduce<FieldBytes>>::reduce(&expected.to_affine().x());
            prop_assert!(sum.has_x(&x));
            prop_assert!(!sum.has_x(&(x + Scalar::ONE)));
        }
    }
}
