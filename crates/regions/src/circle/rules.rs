//! When a list of regions is whole, and what it says about a region. No I/O.

use std::collections::BTreeMap;

use seal::sm2::SignerId;
use serde::{Deserialize, Serialize};

use crate::rules::{self, Descriptor, Refused, Signed, digest};

/// Signs lists of regions.
pub const CIRCLE: SignerId = SignerId("yikatong-region-circle");
/// The most members of a list; it fits into one message.
pub const MOST: usize = 12;

/// One member as the list names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Region.
    pub region: String,
    /// Name.
    pub name: String,
    /// Compressed key, 66 digits.
    pub key: String,
}

/// What all members sign.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct List {
    /// Region that proposed it.
    pub proposer: String,
    /// Rises with each list.
    pub serial: i64,
    /// Members, by region.
    pub members: Vec<Member>,
}

/// The id of a list is the digest of its text, so that nobody signs one and sends another.
pub fn id_of(text: &str) -> String {
    digest(text)[..32].to_owned()
}

/// Reads a list with the descriptors of its members: each fits the key that the list names, and of each
/// region that is trusted here the list names the trusted key.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn read(
    text: &str,
    descriptors: &[Signed],
    (own, own_key): (&str, &str),
    trusted: &[Descriptor],
    now_s: i64,
) -> Result<(List, Vec<Descriptor>), Refused> {
    let list: List = serde_json::from_str(text).map_err(|_| Refused::Unreadable)?;
    let sorted = list.members.windows(2).all(|pair| pair[0].region < pair[1].region);
    if !(3..=MOST).contains(&list.members.len()) || !sorted || list.serial < 1 {
        return Err(Refused::Unreadable);
    }
    let member = |region: &str| list.members.iter().find(|member| member.region == region);
    if member(own).is_none_or(|member| member.key != own_key) || member(&list.proposer).is_none() {
        return Err(Refused::Scope);
    }
    let mut said = Vec::new();
    for signed in descriptors {
        let one = rules::judge_descriptor(signed, None, "", now_s)?;
        let named = member(&one.region).is_some_and(|member| member.key == one.key);
        let known = trusted.iter().find(|known| known.region == one.region);
        if !named || known.is_some_and(|known| known.key != one.key) {
            return Err(Refused::Forged);
        }
        said.push(one);
    }
    let has = |member: &Member| said.iter().any(|one| one.region == member.region);
    match list.members.iter().all(has) && said.len() == list.members.len() {
        true => Ok((list, said)),
        false => Err(Refused::Unreadable),
    }
}

/// Whether all members have signed exactly this text.
///
/// # Errors
/// [`Refused::Forged`].
pub fn whole(
    list: &List,
    text: &str,
    signatures: &BTreeMap<String, String>,
) -> Result<(), Refused> {
    let signed = |member: &Member| {
        let signature = signatures.get(&member.region);
        signature.is_some_and(|signature| has_signed(member, text, signature))
    };
    if list.members.iter().all(signed) { Ok(()) } else { Err(Refused::Forged) }
}

/// Whether a member signed this text.
pub fn has_signed(member: &Member, text: &str, signature: &str) -> bool {
    rules::fits(&member.key, CIRCLE, text, signature)
}
