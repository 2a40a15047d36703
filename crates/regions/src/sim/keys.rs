//! The keys of the simulation. A few runs sign in earnest; in the others a digest stands for the
//! signature, because what they are about is what is lost, late and twice, and not who signed.

use seal::sm2::{SignerId, SigningKey};

use super::HERE;
use crate::rules::{self, Descriptor, Message, Receipt, Refused, Signed};

pub(super) struct Keys {
    real: bool,
}

fn secret(region: &str) -> [u8; 32] {
    if region == HERE { [5; 32] } else { [6; 32] }
}

fn descriptor(region: &str) -> Descriptor {
    let key = SigningKey::from_secret(&secret(region), rules::DESCRIPTOR).expect("a key");
    Descriptor {
        region: region.to_owned(),
        name: region.to_owned(),
        key: hex::encode(key.verifying().to_compressed()),
        seal: String::new(),
        endpoint: "https://example.org".to_owned(),
        standard: rules::STANDARD,
        contact: String::new(),
        serial: 1,
        valid_from: i64::MIN,
        valid_until: i64::MAX,
    }
}

impl Keys {
    pub(super) fn new(real: bool) -> Self {
        Self { real }
    }

    pub(super) fn sign(&self, region: &str, role: SignerId, text: &str) -> Signed {
        let signature = match self.real {
            true => {
                let key = SigningKey::from_secret(&secret(region), role).expect("a key");
                hex::encode(key.sign(text.as_bytes()))
            }
            false => region.to_owned(),
        };
        Signed { text: text.to_owned(), signature, before: None }
    }

    pub(super) fn message(
        &self,
        signed: &Signed,
        from: &str,
        own: &str,
        now_s: i64,
    ) -> Result<Message, Refused> {
        if self.real {
            return rules::open_message(signed, &descriptor(from), own, now_s);
        }
        serde_json::from_str(&signed.text).map_err(|_| Refused::Unreadable)
    }

    pub(super) fn receipt(
        &self,
        signed: &Signed,
        from: &str,
        id: &str,
        text: &str,
    ) -> Result<Receipt, Refused> {
        if self.real {
            return rules::judge_receipt(signed, &descriptor(from), id, text);
        }
        let said: Receipt = serde_json::from_str(&signed.text).map_err(|_| Refused::Unreadable)?;
        rules::fits_message(&said, from, id, text)?;
        Ok(said)
    }
}
