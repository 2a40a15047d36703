//! Base45 (RFC 9285): the alphabet that a QR code stores most densely.

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// The text is not Base45.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not Base45")]
pub struct BadBase45;

/// Two bytes become three characters, a last single byte two.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    for chunk in bytes.chunks(2) {
        let (mut rest, digits) = match chunk {
            [high, low] => (u32::from(*high) << 8 | u32::from(*low), 3),
            _ => (u32::from(chunk[0]), 2),
        };
        for _ in 0..digits {
            text.push(char::from(ALPHABET[(rest % 45) as usize]));
            rest /= 45;
        }
    }
    text
}

/// Strict: no other characters, no lower case, no groups above their range.
///
/// # Errors
/// [`BadBase45`].
pub fn decode(text: &str) -> Result<Vec<u8>, BadBase45> {
    let mut bytes = Vec::with_capacity(text.len() / 3 * 2 + 1);
    for group in text.as_bytes().chunks(3) {
        let mut value = 0u32;
        for character in group.iter().rev() {
            let digit = ALPHABET.iter().position(|c| c == character).ok_or(BadBase45)?;
            value = value * 45 + digit as u32;
        }
        match group.len() {
            3 => bytes.extend(u16::try_from(value).map_err(|_| BadBase45)?.to_be_bytes()),
            2 => bytes.push(u8::try_from(value).map_err(|_| BadBase45)?),
            _ => return Err(BadBase45),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rfcs_own_examples_hold() {
        for (plain, text) in [("AB", "BB8"), ("Hello!!", "%69 VD92EX0"), ("base-45", "UJCLQE7W581")]
        {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Ok(plain.as_bytes()));
        }
        for bad in ["GGW", "bb8", "A", "::", "AB C1Ä"] {
            assert_eq!(decode(bad), Err(BadBase45), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes));
        }

        #[test]
        fn each_accepted_text_has_one_form(text in "[0-9A-Z $%*+./:-]{0,60}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
