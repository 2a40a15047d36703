//! The running platform as capabilities see it.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use metrics_exporter_prometheus::PrometheusHandle;

use crate::auth::SessionCache;
use crate::db::Db;
use crate::http::{NavEntry, Throttle};
use crate::id::{Id, IdMaker};
use crate::keys::Keys;
use crate::time::Utc;
use crate::work::Work;

/// Settings of one installation.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of keys, messages of the file-backed ports, and the embedded database.
    pub data: PathBuf,
    /// Demonstration: demo accounts exist and pages show what would be sent by SMS.
    pub demo: bool,
    /// Division that issues the cards: `500000` for Chongqing.
    pub region: String,
    /// Unified social credit code (GB 32100) of the issuing authority.
    pub issuer_code: String,
    /// Name of the journal's log, in each signed head.
    pub journal_origin: String,
    /// A trusted proxy tells the caller's address in `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// Address at which the platform is reached, without a slash at its end: `https://card.example`.
    pub public_url: String,
    /// Cookies only over TLS: on unless the platform is reached on a loopback address.
    pub secure_cookies: bool,
}

/// What every use case needs: database, ids, keys, settings.
pub struct Platform {
    /// The database.
    pub db: Db,
    /// Makes ids.
    pub ids: IdMaker,
    /// Keys of this installation.
    pub keys: Keys,
    /// Settings.
    pub config: Config,
    /// Figures for `/metrics`.
    pub figures: PrometheusHandle,
    /// Rate limits.
    pub throttle: Throttle,
    /// Navigation of all roles; set when the routes are put together.
    pub(crate) nav: OnceLock<Vec<NavEntry>>,
    /// Work of all roles; set with it.
    pub(crate) work: OnceLock<Vec<Work>>,
    pub(crate) sessions: SessionCache,
}

/// A shared handle on the platform.
pub type App = Arc<Platform>;

impl Platform {
    /// Puts a platform together. The database must have been migrated.
    pub fn new(db: Db, keys: Keys, config: Config, figures: PrometheusHandle, node: u64) -> Self {
        db.seal_with(&keys);
        Self {
            db,
            ids: IdMaker::new(node),
            keys,
            config,
            figures,
            throttle: Throttle::default(),
            nav: OnceLock::new(),
            work: OnceLock::new(),
            sessions: SessionCache::default(),
        }
    }

    /// A new id.
    pub fn id(&self) -> Id {
        self.ids.next(Utc::now())
    }
}

/// Fills an array with random bytes of the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}
