//! RSA keys of 2,048 bits, for services that know RS256 alone. The primes are of the crate `crypto-primes`;
//! `ring`, which does not make RSA keys, signs with them.

use std::convert::Infallible;

use crypto_bigint::rand_core::{TryCryptoRng, TryRng};
use crypto_bigint::{NonZero, U1024, U2048};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use kernel::platform::random;

/// The public exponent of all our keys: 65,537, big-endian.
pub const EXPONENT: [u8; 3] = [1, 0, 1];

/// The randomness of the operating system, as the crate asks for it.
struct System;

impl TryRng for System {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(random()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(random()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(32) {
            part.copy_from_slice(&random::<32>()[..part.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for System {}

/// A fresh private key as `RSAPrivateKey` of PKCS #1 (RFC 8017 A.1.2); none only when no prime was found.
pub fn fresh() -> Option<Vec<u8>> {
    // A prime whose predecessor the exponent divides is drawn anew: one time in 65,537.
    (0..4).find_map(|_| {
        let (one, other) = (prime()?, prime()?);
        if one > other { private(&one, &other) } else { private(&other, &one) }
    })
}

/// A prime of 1,024 bits; its two highest are set, so that a product of two has 2,048.
fn prime() -> Option<U1024> {
    let sieve = SmallFactorsSieveFactory::new(Flavor::Any, 1_024, SetBits::TwoMsb).ok()?;
    sieve_and_find(&mut System, sieve, |_, number| is_prime(Flavor::Any, number)).ok()?
}

fn private(p: &U1024, q: &U1024) -> Option<Vec<u8>> {
    let nonzero = |number: U1024| Option::<NonZero<U1024>>::from(NonZero::new(number));
    let before = |prime: &U1024| prime.wrapping_sub(&U1024::ONE);
    let (n, phi): (U2048, U2048) =
        (p.concatenating_mul(q), before(p).concatenating_mul(&before(q)));
    let phi: NonZero<U2048> = Option::from(NonZero::new(phi))?;
    let d: U2048 = Option::from(U2048::from_u32(65_537).invert_mod(&phi))?;
    let (dp, dq) = (d.rem(&nonzero(before(p))?), d.rem(&nonzero(before(q))?));
    let q_inverse: U1024 = Option::from(q.invert_mod(&nonzero(*p)?))?;
    let wide = |number: &U2048| number.to_be_bytes().as_slice().to_vec();
    let half = |number: &U1024| number.to_be_bytes().as_slice().to_vec();
    let numbers = [
        vec![0],
        wide(&n),
        EXPONENT.to_vec(),
        wide(&d),
        half(p),
        half(q),
        half(&dp),
        half(&dq),
        half(&q_inverse),
    ];
    let body: Vec<u8> = numbers.iter().flat_map(|number| integer(number)).collect();
    Some(tagged(0x30, &body))
}

/// A DER integer that is not negative.
fn integer(big_endian: &[u8]) -> Vec<u8> {
    let first = big_endian.iter().position(|byte| *byte != 0);
    let digits = &big_endian[first.unwrap_or(big_endian.len().saturating_sub(1))..];
    let sign: &[u8] = if digits.first().is_some_and(|byte| *byte >= 0x80) { &[0] } else { &[] };
    tagged(0x02, &[sign, digits].concat())
}

fn tagged(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match body.len() {
        short @ 0..0x80 => [&[tag, short as u8], body].concat(),
        _ => [&[tag, 0x80 | length.len() as u8], length, body].concat(),
    }
}
