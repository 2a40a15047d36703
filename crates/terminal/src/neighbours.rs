//! Lists of other regions, for items of the joint list (Art. 14, 17): whose root signs them is said by the
//! platform, the lists themselves are believed by their signatures.

use seal::cq1::{KeyList, ListError, Region, StatusList};
use seal::sm2::{SignerId, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::online::{Failure, Fetched, Platform};
use crate::station::Station;
use crate::vault::StoreError;

/// More regions than there are provinces are not believed.
const MOST: usize = 40;

/// The lists of one region.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Whose codes they are about.
    pub region: Region,
    /// Its keys.
    pub keys: KeyList,
    /// Its status list.
    pub status: StatusList,
    kept: Kept,
}

/// As it is kept in the folder: the signed bytes, hex.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Kept {
    region: String,
    root: String,
    keys: String,
    status: String,
}

impl Neighbour {
    /// Opens what was kept, at the time at which the lists were made; whether they are still good is asked
    /// at each judgement. One whose key was revoked since is dropped and fetched anew.
    pub(crate) fn of(kept: Kept) -> Option<Self> {
        let (keys, status) = (hex::decode(&kept.keys).ok()?, hex::decode(&kept.status).ok()?);
        let issued = i64::from(u32::from_be_bytes(*status.get(13..)?.first_chunk()?));
        let region = Region::from_digits(&kept.region)?;
        let keys = KeyList::open(&keys, &root(&kept.root)?).ok()?;
        let status = StatusList::open(&status, &keys, issued).ok()?;
        Some(Self { region, keys, status, kept })
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The lists after newer ones were fetched: neither goes back, and both are of this region.
    pub(crate) fn renewed(
        held: Option<&Self>,
        (region, root): (Region, &str),
        (keys, status): (Option<Vec<u8>>, Option<Vec<u8>>),
        now_s: i64,
    ) -> Result<Self, ListError> {
        let point = self::root(root).ok_or(ListError::Key)?;
        let (old_keys, old_status) = match held {
            Some(held) => (Some(&held.keys), Some(&held.status)),
            None => (None, None),
        };
        let (new_keys, keys) = match (old_keys, keys) {
            (Some(old), Some(list)) => (old.renewed(&list, &point)?, hex::encode(list)),
            (None, Some(list)) => (KeyList::open(&list, &point)?, hex::encode(list)),
            (Some(old), None) => {
                (old.clone(), held.map_or_else(String::new, |h| h.kept.keys.clone()))
            }
            (None, None) => return Err(ListError::Form),
        };
        let (new_status, status) = match (old_status, status) {
            (Some(old), Some(list)) => (old.renewed(&list, &new_keys, now_s)?, hex::encode(list)),
            (None, Some(list)) => (StatusList::open(&list, &new_keys, now_s)?, hex::encode(list)),
            (Some(old), None) => {
                (old.clone(), held.map_or_else(String::new, |h| h.kept.status.clone()))
            }
            (None, None) => return Err(ListError::Form),
        };
        if new_status.state().region != region {
            return Err(ListError::Rollback);
        }
        let kept = Kept { region: region.to_string(), root: root.to_owned(), keys, status };
        Ok(Self { region, keys: new_keys, status: new_status, kept })
    }
}

fn root(hex: &str) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&hex::decode(hex).ok()?, SignerId::CQ1_ROOT).ok()
}

#[derive(Deserialize)]
struct Told {
    regions: Vec<Whose>,
}

#[derive(Deserialize)]
struct Whose {
    region: String,
    root: String,
}

impl Station {
    /// Gets the lists of the regions that the platform names; those of others are forgotten.
    ///
    /// # Errors
    /// [`Failure`]; the lists that are held stay, as do those of a region whose newer ones do not hold.
    pub fn refresh_neighbours(&self, platform: &Platform) -> Result<(), Failure> {
        let told = match platform.get("/api/v1/terminals/regions", None) {
            Ok(Fetched::New(told)) => told,
            Ok(Fetched::Same | Fetched::Nothing) => return Ok(()),
            // A platform of before knows no other regions.
            Err(Failure::Refused { status: 404, .. }) => return Ok(()),
            Err(failure) => return Err(failure),
        };
        let told: Told =
            serde_json::from_slice(&told).map_err(|error| Failure::Answer(error.to_string()))?;
        let (mut lists, mut wrong) = (Vec::new(), None);
        for whose in told.regions.into_iter().take(MOST) {
            let Some(region) = Region::from_digits(&whose.region) else { continue };
            if region == self.store().region() {
                continue;
            }
            let held = self.store().neighbour(region).cloned();
            let held = held.filter(|held| held.kept.root == whose.root);
            match self.fetch(platform, held.as_ref(), region, &whose.root) {
                Ok(list) => lists.push(list),
                Err(failure) => {
                    lists.extend(held);
                    wrong = Some(failure);
                }
            }
        }
        self.store().put_neighbours(lists)?;
        wrong.map_or(Ok(()), Err)
    }

    fn fetch(
        &self,
        platform: &Platform,
        held: Option<&Neighbour>,
        region: Region,
        root: &str,
    ) -> Result<Neighbour, Failure> {
        let get = |what: &str, serial: Option<u32>| {
            let path = format!("/api/v1/cq1/regions/{region}/{what}");
            match platform.get(&path, serial.map(u64::from))? {
                Fetched::New(list) => Ok::<_, Failure>(Some(list)),
                Fetched::Same | Fetched::Nothing => Ok(None),
            }
        };
        let keys = get("keys", held.map(|held| held.keys.body().serial))?;
        let status = get("status", held.map(|held| held.status.state().serial))?;
        let now_s = self.now_s();
        Ok(Neighbour::renewed(held, (region, root), (keys, status), now_s)?)
    }
}

impl crate::store::Store {
    /// The lists of a region that is not this terminal's own.
    pub fn neighbour(&self, region: Region) -> Option<&Neighbour> {
        self.neighbours().iter().find(|held| held.region == region)
    }

    /// Takes the lists of other regions in the place of those that are held.
    ///
    /// # Errors
    /// [`StoreError::Io`]; what was held stays.
    pub fn put_neighbours(&mut self, lists: Vec<Neighbour>) -> Result<(), StoreError> {
        let same = lists.len() == self.neighbours().len()
            && lists.iter().zip(self.neighbours()).all(|(new, old)| new.kept == old.kept);
        if same { Ok(()) } else { self.replace_neighbours(lists) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use seal::cq1::{IssuerKey, KeyListBody, StatusState};

    use super::*;
    use crate::testing::{Folder, NOW, reopened, store};
    use crate::world;

    pub(crate) fn sichuan() -> Region {
        Region::from_digits("510000").expect("a region")
    }

    fn keys(serial: u32) -> Vec<u8> {
        let body = world::key_list_body();
        let key = |key: &IssuerKey| IssuerKey { region: sichuan(), ..*key };
        let keys = body.keys.iter().map(key).collect();
        world::signed_keys(&KeyListBody { serial, keys, ..body })
    }

    fn status(serial: u32, region: Region) -> Vec<u8> {
        world::signed_status(&StatusState { serial, region, ..world::status_state() })
    }

    fn root() -> String {
        hex::encode(world::root().verifying().to_compressed())
    }

    /// Lists of Sichuan, signed by the fixed keys.
    pub(crate) fn lists() -> Neighbour {
        let fetched = (Some(keys(1)), Some(status(5, sichuan())));
        Neighbour::renewed(None, (sichuan(), &root()), fetched, NOW).expect("good lists")
    }

    #[test]
    fn lists_go_forward_only_and_are_of_the_region_that_is_meant() {
        let held = lists();
        let take = |keys: Option<Vec<u8>>, status: Option<Vec<u8>>| {
            Neighbour::renewed(Some(&held), (sichuan(), &root()), (keys, status), NOW)
        };
        let newer = take(Some(keys(2)), Some(status(6, sichuan()))).expect("newer");
        assert_eq!((newer.keys.body().serial, newer.status.state().serial), (2, 6));
        assert_eq!(take(None, None).expect("the same").kept, held.kept);
        let refused = |taken: Result<Neighbour, ListError>| taken.map(|_| ()).expect_err("refused");
        assert_eq!(refused(take(Some(keys(0)), None)), ListError::Rollback);
        assert_eq!(refused(take(None, Some(status(4, sichuan())))), ListError::Rollback);
        let other = Neighbour::renewed(
            None,
            (sichuan(), &root()),
            (Some(world::signed_keys(&world::key_list_body())), Some(status(5, world::region()))),
            NOW,
        );
        assert_eq!(refused(other), ListError::Rollback, "lists of another region");
        let mut bent = keys(2);
        bent[20] ^= 1;
        assert!(take(Some(bent), None).is_err());
        let strange = hex::encode(world::issuer(1).verifying().to_compressed());
        let fetched = (Some(keys(2)), Some(status(6, sichuan())));
        let strange = Neighbour::renewed(None, (sichuan(), &strange), fetched, NOW);
        assert_eq!(refused(strange), ListError::Signature);
    }

    #[test]
    fn lists_of_other_regions_outlive_a_restart() {
        let folder = Folder::new();
        let mut kept = store(&folder);
        kept.put_neighbours(vec![lists()]).expect("kept");
        drop(kept);
        let again = reopened(&folder);
        assert_eq!(again.neighbour(sichuan()).map(|held| held.status.state().serial), Some(5));
        assert!(again.neighbour(world::region()).is_none());
    }
}
