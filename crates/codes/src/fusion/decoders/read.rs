//! Reading one code: prefix, cut, alphabets, window, key, signature, in this order, each strictly.

use kernel::time::{Utc, parse_day};
use seal::sm2::Signature;

use super::super::rules::{NotOpened, check_number};
use super::layout::{Cut, Layout, OWN, Part, Sign, Time};
use super::{Decoded, Key, Material, Proof};

/// The longest text that is looked at.
pub const LONGEST: usize = 512;
/// Seconds that clocks may differ.
const SKEW_S: i64 = 2;

/// Whether a text begins like a code of this platform: those are judged by the house itself.
pub fn is_own(text: &str) -> bool {
    OWN.iter().any(|own| text.starts_with(own))
}

/// The parts of a text with the parts' names, and how much of the text the signature covers.
fn cut<'t>(layout: &Layout, text: &'t str) -> Option<(Vec<(Part, &'t str)>, &'t str)> {
    let body = text.strip_prefix(layout.prefix.as_str())?;
    let (found, gap): (Vec<(Part, &str)>, usize) = match &layout.cut {
        Cut::Separated { by, parts } => {
            let pieces: Vec<&str> = body.split(*by).collect();
            if pieces.len() != parts.len() {
                return None;
            }
            (parts.iter().copied().zip(pieces).collect(), by.len_utf8())
        }
        Cut::Fixed { parts } => {
            let (mut rest, mut found) = (body, Vec::with_capacity(parts.len()));
            for (part, width) in parts {
                let (piece, after) = rest.split_at_checked(*width)?;
                found.push((*part, piece));
                rest = after;
            }
            if !rest.is_empty() {
                return None;
            }
            (found, 0)
        }
    };
    let signature = found.last().filter(|(part, _)| *part == Part::Signature);
    let signed = match signature {
        Some((_, piece)) => text.len().checked_sub(piece.len() + gap)?,
        None => text.len(),
    };
    Some((found, text.get(..signed)?))
}

fn fits(layout: &Layout, part: Part, piece: &str) -> bool {
    let capitals = || piece.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    let digits = || piece.bytes().all(|b| b.is_ascii_digit());
    let hex = || piece.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match part {
        Part::Number => check_number(piece).is_ok(),
        Part::Time => layout.time.is_some_and(|time| time.width() == piece.len()) && digits(),
        Part::Key => (1..=8).contains(&piece.len()) && capitals(),
        Part::Other => (1..=64).contains(&piece.len()) && capitals(),
        Part::Signature => piece.len() == layout.sign.width() && hex(),
    }
}

/// Seconds since 1970.
fn read_time(kind: Time, digits: &str) -> Option<i64> {
    match kind {
        Time::UnixSeconds => digits.parse().ok(),
        Time::UnixMillis => digits.parse::<i64>().ok().map(|ms| ms.div_euclid(1_000)),
        Time::Local => {
            let part = |from: usize, to: usize| digits.get(from..to);
            let day = format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?);
            let clock = |from: usize, below: i64| {
                part(from, from + 2)?.parse::<i64>().ok().filter(|n| *n < below)
            };
            let (hours, minutes, seconds) = (clock(8, 24)?, clock(10, 60)?, clock(12, 60)?);
            let start = Utc::start_of(parse_day(&day)?);
            Some(start.seconds() + hours * 3_600 + minutes * 60 + seconds)
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

fn verifies(material: &Material, sign: &Sign, message: &[u8], signature: &[u8]) -> bool {
    match (material, sign) {
        (Material::Sm2(key), Sign::Sm2 { .. }) => {
            Signature::try_from(signature).is_ok_and(|signature| key.verifies(message, &signature))
        }
        (Material::Mac(key), Sign::HmacSm3 { bytes }) => {
            let tag = key.mac(message);
            signature.len() == *bytes
                && tag.get(..*bytes).is_some_and(|tag| seal::token::same(tag, signature))
        }
        _ => false,
    }
}

/// Reads a text that begins with the layout's prefix. `keys` are the issuer's keys that are not revoked.
///
/// # Errors
/// The [`NotOpened`] that applies first.
pub fn decode(layout: &Layout, keys: &[Key], text: &str, now: Utc) -> Result<Decoded, NotOpened> {
    if text.len() > LONGEST || !text.is_ascii() {
        return Err(NotOpened::Malformed);
    }
    let (parts, signed) = cut(layout, text).ok_or(NotOpened::Malformed)?;
    if !parts.iter().all(|(part, piece)| fits(layout, *part, piece)) {
        return Err(NotOpened::Malformed);
    }
    let piece = |wanted: Part| parts.iter().find(|(part, _)| *part == wanted).map(|(_, p)| *p);
    let number = piece(Part::Number).ok_or(NotOpened::Malformed)?.to_owned();
    if layout.sign == Sign::None {
        return Ok(Decoded { number, proof: Proof::Number, shown: None });
    }
    let made = layout.time.zip(piece(Part::Time)).and_then(|(kind, text)| read_time(kind, text));
    let made = made.ok_or(NotOpened::Malformed)?;
    let last = made.saturating_add(layout.lifetime_s).saturating_add(SKEW_S);
    if made > now.seconds() + SKEW_S {
        return Err(NotOpened::Future);
    }
    if last < now.seconds() {
        return Err(NotOpened::Expired);
    }
    let kid = piece(Part::Key);
    let fit = |key: &&Key| kid.is_none_or(|kid| kid == key.kid) && key.serves(now.day());
    let mut usable = keys.iter().filter(fit).peekable();
    usable.peek().ok_or(NotOpened::Key)?;
    let signature = piece(Part::Signature).and_then(unhex).ok_or(NotOpened::Malformed)?;
    let good =
        usable.any(|key| verifies(&key.material, &layout.sign, signed.as_bytes(), &signature));
    if !good {
        return Err(NotOpened::Forged);
    }
    let shown = Some((seal::sm3::sm3(signed.as_bytes()), last));
    Ok(Decoded { number, proof: Proof::Code, shown })
}
