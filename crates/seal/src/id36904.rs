//! Identifiers of electronic certificates after GB/T 36904:
//! `1.2.156.3005.2.<type>.<issuer's credit code>.<serial>.<version>.<check>`.

use std::fmt;

/// The root of the object identifiers of electronic certificates.
const ROOT: &str = "1.2.156.3005.2";
const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A certificate's identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateId {
    /// Type of certificate: 21 letters and digits.
    pub kind: String,
    /// Unified social credit code of the issuer (GB 32100), 18 characters.
    pub issuer: String,
    /// Serial number, letters and digits.
    pub serial: String,
    /// Version of this certificate, 1 to 999.
    pub version: u16,
}

/// The text is not such an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not in the form of the standard.
    #[error("not a certificate identifier")]
    Form,
    /// The check character does not fit: mistyped or made up.
    #[error("the check character does not fit")]
    Check,
}

impl CertificateId {
    /// ISO 7064 MOD 37,36 over type, issuer, serial and version.
    fn check(&self) -> Option<char> {
        let text = format!("{}{}{}{:03}", self.kind, self.issuer, self.serial, self.version);
        let mut product = 36;
        for character in text.bytes() {
            let value = DIGITS.iter().position(|digit| *digit == character)?;
            let sum = match (product + value) % 36 {
                0 => 36,
                sum => sum,
            };
            product = sum * 2 % 37;
        }
        let check = (37 - product) % 36;
        Some(char::from(DIGITS[check]))
    }

    /// Reads and checks an identifier.
    ///
    /// # Errors
    /// See [`IdError`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let rest = text.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('.'));
        let parts: Vec<&str> = rest.ok_or(IdError::Form)?.split('.').collect();
        let [kind, issuer, serial, version, check] = parts.as_slice() else {
            return Err(IdError::Form);
        };
        let plain = |text: &str| text.bytes().all(|c| DIGITS.contains(&c));
        let lengths = kind.len() == 21 && issuer.len() == 18 && (1..=40).contains(&serial.len());
        if !lengths || version.len() != 3 || ![kind, issuer, serial].iter().all(|part| plain(part))
        {
            return Err(IdError::Form);
        }
        let id = Self {
            kind: (*kind).to_owned(),
            issuer: (*issuer).to_owned(),
            serial: (*serial).to_owned(),
            version: version.parse().map_err(|_| IdError::Form)?,
        };
        let mut given = check.chars();
        match (given.next(), given.next()) {
            (Some(given), None) if Some(given) == id.check() => Ok(id),
            (Some(_), None) => Err(IdError::Check),
            _ => Err(IdError::Form),
        }
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, issuer, serial, version } = self;
        let check = self.check().unwrap_or('?');
        write!(f, "{ROOT}.{kind}.{issuer}.{serial}.{version:03}.{check}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KNOWN: [&str; 2] = [
        "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    ];

    #[test]
    fn the_known_identifiers_hold_and_are_written_back() {
        for text in KNOWN {
            let id = CertificateId::parse(text);
            assert_eq!(id.map(|id| id.to_string()).as_deref(), Ok(text));
        }
    }

    proptest! {
        #[test]
        fn one_mistyped_character_is_found(place in 15usize..73, with in "[0-9A-Z]") {
            for text in KNOWN {
                let mut bent: Vec<char> = text.chars().collect();
                let with = with.chars().next().expect("one character");
                if place >= bent.len() || bent[place] == '.' || bent[place] == with {
                    continue;
                }
                bent[place] = with;
                let bent: String = bent.into_iter().collect();
                prop_assert!(CertificateId::parse(&bent).is_err(), "{bent}");
            }
        }

        #[test]
        fn any_text_is_an_identifier_or_an_error(text in "\\PC{0,90}") {
            prop_assert!(CertificateId::parse(&text).is_err());
        }
    }
}
