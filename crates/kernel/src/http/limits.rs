//! Rate limits: per network address for strangers, per account for those who are known.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::QuantaClock;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::actor::Role;
use crate::auth::Session;
use crate::id::Id;
use crate::law::Text;
use crate::problem::Problem;

/// Where other installations ask about cards that are shown there.
pub(super) const ASKED: &str = "/regions/v1/ask";

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, QuantaClock>;

/// Requests a second that one stranger, one person or one terminal may send, with short bursts.
pub struct Throttle {
    regions: Limiter<IpAddr>,
    strangers: Limiter<IpAddr>,
    people: Limiter<Id>,
    terminals: Limiter<Id>,
}

fn limiter<K: std::hash::Hash + Eq + Clone>(per_second: u32, burst: u32) -> Limiter<K> {
    let nonzero = |n| NonZeroU32::new(n).expect("limits are above zero");
    let quota = Quota::per_second(nonzero(per_second)).allow_burst(nonzero(burst));
    RateLimiter::new(quota, DashMapStateStore::default(), QuantaClock::default())
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            regions: limiter(2_000, 4_000),
            strangers: limiter(50, 400),
            people: limiter(50, 200),
            terminals: limiter(2_000, 4_000),
        }
    }
}

impl Throttle {
    /// Whether one more request of this caller is carried out now.
    pub(super) fn allows(&self, session: Option<&Session>, address: IpAddr) -> bool {
        match session {
            None => self.strangers.check_key(&address).is_ok(),
            Some(session) if session.actor.role == Role::Terminal => {
                self.terminals.check_key(&session.actor.account).is_ok()
            }
            Some(session) => self.people.check_key(&session.actor.account).is_ok(),
        }
    }

    /// Whether one more question of another installation about a card is looked at now. All terminals of a
    /// province come through one address; who asks is known by the signature.
    pub(super) fn allows_region(&self, address: IpAddr) -> bool {
        self.regions.check_key(&address).is_ok()
    }

    /// Forgets callers that have been quiet, so that memory stays flat.
    pub fn forget_quiet(&self) {
        self.regions.retain_recent();
        self.strangers.retain_recent();
        self.people.retain_recent();
        self.terminals.retain_recent();
    }
}

pub(super) fn too_many() -> Problem {
    Problem::new(
        429,
        "platform/too-many-requests",
        Text::new("操作过于频繁", "Too many requests"),
        Text::new("请稍候再试", "Wait a moment and try again"),
    )
}
