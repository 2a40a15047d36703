//! The judgement of a signed code online, as far as it needs no database: form, keys, times, what it is
//! for, signatures. The card's status is asked in the register afterwards, in the same moment.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use kernel::platform::App;
use kernel::time::Utc;
use seal::cq1::{
    Accepted, Capabilities, Code, Context, CredentialCache, KeyList, Refused, Scene,
    verify_but_status, verify_past,
};

use super::abroad::past;
use super::{keys, region};
use crate::rules::SKEW_S;

/// Caches, so that clients on several cores do not wait for one another.
const SHARDS: usize = 16;
/// Credentials of one cache.
const HELD: usize = 8_192;
/// Holders of one cache whose tables are kept: 4 MiB for all caches, and only where one and the same holder
/// is asked about again and again.
const TABLES: usize = 8;
/// The key list is read again after this.
const FRESH_S: i64 = 30;

/// Keys and caches of the running verification.
pub struct Checker {
    app: App,
    keys: RwLock<Option<(i64, Arc<KeyList>)>>,
    caches: Vec<Mutex<CredentialCache>>,
}

impl Checker {
    /// A checker without keys; it reads them when the first code comes.
    pub fn new(app: &App) -> Self {
        let caches = (0..SHARDS)
            .map(|_| Mutex::new(CredentialCache::new(HELD).with_tables(TABLES)))
            .collect();
        Self { app: app.clone(), keys: RwLock::new(None), caches }
    }

    /// Judges a code but for its card's status and for having been used before.
    ///
    /// # Errors
    /// The first check that fails; without a key list nothing is believed.
    pub async fn check(&self, text: &str, now: Utc) -> Result<Accepted, Refused> {
        let bytes = Code::bytes(text)?;
        let keys = self.keys(now.seconds()).await.ok_or(Refused::IssuerUnknown)?;
        let never = |_: &_| 0;
        let context = Context {
            now_s: now.seconds(),
            skew_s: SKEW_S,
            region: region(&self.app),
            // Online the item's level, channel and fields decide; the bits are for terminals alone.
            capability: Capabilities::ACCESS,
            scene: Scene::Any,
            emergency: true,
            max_list_age_s: 0,
            last_counter: &never,
        };
        let shard = usize::from(bytes[5]) % SHARDS;
        let mut cache = self.caches[shard].lock().unwrap_or_else(PoisonError::into_inner);
        verify_but_status(&bytes, &keys, &context, &mut cache)
    }

    /// Judges a code that a terminal took at `at_s` without a network, as of then.
    ///
    /// # Errors
    /// The first check that fails.
    pub async fn check_past(&self, text: &str, at_s: i64) -> Result<Accepted, Refused> {
        let bytes = Code::bytes(text)?;
        let keys = self.keys(Utc::now().seconds()).await.ok_or(Refused::IssuerUnknown)?;
        let (parsed, _) = Code::parse(&bytes)?;
        let context = past(region(&self.app), &parsed, at_s);
        let shard = usize::from(bytes[5]) % SHARDS;
        let mut cache = self.caches[shard].lock().unwrap_or_else(PoisonError::into_inner);
        verify_past(&bytes, &keys, &context, &mut cache)
    }

    async fn keys(&self, now_s: i64) -> Option<Arc<KeyList>> {
        let held = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, keys)) = &held
            && (0..FRESH_S).contains(&(now_s - at))
        {
            return Some(keys.clone());
        }
        let app = self.app.clone();
        let read = self.app.db.read(move |tx| keys::opened(tx, &app)).await;
        match read {
            Ok(list) => {
                let list = Arc::new(list);
                let mut kept = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                *kept = Some((now_s, list.clone()));
                Some(list)
            }
            // What was believed a moment ago is believed until the list itself ends.
            Err(_) => held.map(|(_, keys)| keys),
        }
    }
}
