//! Cards of the other region at terminals without a network (Art. 14, 17, 23): its signed key and status
//! lists are fetched and handed to the terminals here, and its holders' uses are told to it afterwards.

use std::time::Duration;

use axum::extract::State;
use codes::cq1::{self, abroad};
use codes::service::{OfflineUse, Visitor, used_abroad};
use kernel::actor::{Access, Actor};
use kernel::db::{DbError, Tx};
use kernel::http::{Json, Routes};
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use seal::sm2::SignerId;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use crate::rules::{Descriptor, Message, Refused, SKEW_S, Signed};
use crate::service::messages::{self, Handler, New};
use crate::service::sign_now;
use crate::store;

/// Signs what a region says of its root.
const ROOT: SignerId = SignerId("yikatong-region-cq1-root");
/// How old that word may be: it is fetched with each round.
const ROOT_LIFE_S: i64 = 300;
/// The largest list that is taken, bytes: a status list of 35 million indices with 1 % in it has half a
/// megabyte.
const LARGEST: u64 = 16 << 20;
/// How long a use may be told: holders look for months.
const TOLD_S: i64 = 30 * 86_400;
const PURPOSE: &str = "离线核验记录回传 / a use without a network";

/// Takes what terminals of another region let pass without a network.
pub(crate) const HANDLER: Handler = Handler { kind: "cq1.used", version: 1, run: take };

/// With which root a region signs its lists of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Root {
    pub(crate) region: String,
    /// Compressed SM2 point, 66 hexadecimal digits.
    pub(crate) root: String,
    /// Seconds, UTC.
    pub(crate) at: i64,
}

pub(crate) fn routes() -> Routes {
    Routes::new("regions").api(Access::Public, &[17, 23], routes!(root))
}

/// The root that this region's lists of keys are signed with; the lists are at `/api/v1/cq1/keys` and
/// `/api/v1/cq1/status`.
#[utoipa::path(get, path = "/regions/v1/cq1-root", tag = "regions",
    responses((status = 200, body = Signed), (status = 404, description = "not set up")))]
async fn root(State(app): State<App>) -> Result<Json<Signed>, Problem> {
    let root = cq1::keys::root_or_new(&app)?.to_compressed();
    let said = Root {
        region: app.config.region.clone(),
        root: hex::encode(root),
        at: Utc::now().seconds(),
    };
    let text = serde_json::to_string(&said).expect("plain data");
    Ok(Json(sign_now(&app, ROOT, text)?))
}

/// Believes a root when the region that is meant says it of itself, now.
pub(crate) fn open_root(
    signed: &Signed,
    region: &Descriptor,
    now_s: i64,
) -> Result<[u8; 33], Refused> {
    signed.plain()?;
    let said: Root = signed.open(&region.key, ROOT)?;
    if said.region != region.region {
        return Err(Refused::Scope);
    }
    if said.at > now_s.saturating_add(SKEW_S) {
        return Err(Refused::Future);
    }
    if said.at < now_s.saturating_sub(ROOT_LIFE_S) {
        return Err(Refused::Expired);
    }
    let root = hex::decode(&said.root).ok().and_then(|root| root.try_into().ok());
    root.ok_or(Refused::Unreadable)
}

/// What was fetched of a region: the signed root, keys, status.
type Fetched = (Signed, Vec<u8>, Vec<u8>);

/// Fetches the lists of all trusted regions, and forgets those of others. What is held stays when a region
/// does not answer; terminals see for themselves how old it is.
///
/// # Errors
/// Of the database only.
pub async fn round(app: &App) -> Result<String, Problem> {
    let trusted = app.db.read(|tx| Ok::<_, Problem>(store::all_trusted(tx)?)).await?;
    let names: Vec<String> = trusted.iter().map(|known| known.said.region.clone()).collect();
    let keep = move |tx: &mut Tx<'_>| abroad::keep_only(tx, &names);
    app.db.housekeeping::<_, DbError>(keep).await?;
    let (mut taken, mut silent) = (0, 0);
    for known in trusted {
        let endpoint = known.said.endpoint.clone();
        let fetched = tokio::task::spawn_blocking(move || fetch(&endpoint)).await;
        match fetched.ok().flatten() {
            Some(fetched) => taken += usize::from(keep_lists(app, &known.said, fetched).await?),
            None => silent += 1,
        }
    }
    Ok(format!("{taken} newer, {silent} silent"))
}

fn fetch(endpoint: &str) -> Option<Fetched> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(10)))
        .max_redirects(0)
        .build();
    let agent: ureq::Agent = config.into();
    let get = |path: &str| {
        let mut answer = agent.get(format!("{endpoint}{path}")).call().ok()?;
        answer.body_mut().with_config().limit(LARGEST).read_to_vec().ok()
    };
    let root = serde_json::from_slice(&get("/regions/v1/cq1-root")?).ok()?;
    Some((root, get("/api/v1/cq1/keys")?, get("/api/v1/cq1/status")?))
}

/// Takes what was fetched; what is not believed is alarmed and leaves what is held.
async fn keep_lists(app: &App, region: &Descriptor, fetched: Fetched) -> Result<bool, Problem> {
    let (signed, keys, status) = fetched;
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, &Actor::system(), "region.lists-taken", "Art. 17");
    let region = region.clone();
    let take = move |tx: &mut Tx<'_>| {
        let root = match open_root(&signed, &region, now.seconds()) {
            Ok(root) => root,
            Err(refused) => {
                store::alarm(tx, &region.region, refused, now)?;
                return Ok(false);
            }
        };
        let before = abroad::held(tx)?.into_iter().find(|held| held.region == region.region);
        match abroad::take(tx, &region.region, root, &keys, &status, now)? {
            Ok(newer) => {
                // A first list or another root is an event; a newer list of each minute is none.
                if before.is_none_or(|before| before.root != root) {
                    let entry = entry.clone().on("region", &region.region);
                    journal::record(tx, &entry.why("取得外地密钥和状态清单 / lists taken", &[]))?;
                }
                Ok(newer)
            }
            Err(error) => {
                tracing::warn!(region = region.region, %error, "another region's lists");
                store::alarm(tx, &region.region, Refused::Forged, now)?;
                Ok(false)
            }
        }
    };
    app.db.housekeeping::<_, DbError>(take).await.map_err(Problem::from)
}

#[derive(Serialize, Deserialize)]
struct Body {
    code: String,
    at: i64,
    item: String,
    place: String,
}

/// Tells the region that issued a card of a use; the form that [`codes::service::tell_abroad`] takes. A
/// region that is no longer trusted is told nothing.
pub fn tell(tx: &mut Tx<'_>, app: &Platform, used: &OfflineUse, at: Utc) -> Result<(), Problem> {
    if store::trusted(tx, &used.region)?.is_none() {
        return Ok(());
    }
    let body = Body {
        code: used.code.clone(),
        at: at.seconds(),
        item: used.item.clone(),
        place: used.place.chars().take(100).collect(),
    };
    let new = New {
        to: used.region.clone(),
        kind: HANDLER.kind,
        version: HANDLER.version,
        person_key: String::new(),
        lifetime_s: TOLD_S,
        purpose: PURPOSE,
        basis: "Art. 18",
        journal: used.entry,
        body: serde_json::to_value(body).expect("plain data"),
    };
    messages::post(tx, app, &new, Utc::now())
}

fn take(tx: &mut Tx<'_>, app: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let body: Body =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    let fits = body.code.len() <= 512
        && body.item.len() <= 40
        && body.place.chars().count() <= 100
        && (0..=now.seconds() + SKEW_S).contains(&body.at);
    if !fits {
        return Err(Refused::Unreadable.into());
    }
    let name = store::trusted(tx, &message.from)?.map(|known| known.said.name);
    let visitor =
        Visitor { region: name.unwrap_or_else(|| message.from.clone()), place: body.place };
    let used = OfflineUse {
        region: app.config.region.clone(),
        code: body.code,
        at: body.at,
        item: body.item,
        place: visitor.place.clone(),
        entry: app.id(),
    };
    used_abroad(tx, app, &visitor, &used, now)
}

#[cfg(test)]
mod tests {
    use seal::sm2::SigningKey;

    use super::*;

    const NOW_S: i64 = 1_790_000_000;

    fn signed(said: &Root, role: SignerId) -> (Signed, String) {
        let key = SigningKey::from_secret(&[3; 32], role).expect("a key");
        let text = serde_json::to_string(said).expect("plain data");
        let signature = hex::encode(key.sign(text.as_bytes()));
        let public = hex::encode(key.verifying().to_compressed());
        (Signed { text, signature, before: None }, public)
    }

    fn said(bend: impl FnOnce(&mut Root)) -> Root {
        let root = "02".repeat(33);
        let mut said = Root { region: "510000".to_owned(), root, at: NOW_S };
        bend(&mut said);
        said
    }

    /// Art. 17: a root is that region's own word, of now, in this role.
    #[test]
    fn a_root_is_believed_from_its_own_region_only() {
        let judge = |said: &Root, role: SignerId| {
            let (signed, key) = signed(said, role);
            let text = format!(
                r#"{{"region":"510000","name":"四川","key":"{key}","endpoint":"","standard":1,
                    "contact":"","serial":1,"valid_from":0,"valid_until":1}}"#
            );
            let region: Descriptor = serde_json::from_str(&text).expect("a descriptor");
            open_root(&signed, &region, NOW_S)
        };
        assert_eq!(judge(&said(|_| {}), ROOT), Ok([2; 33]));
        assert_eq!(judge(&said(|_| {}), crate::rules::MESSAGE), Err(Refused::Forged));
        assert_eq!(judge(&said(|s| s.region = "500000".to_owned()), ROOT), Err(Refused::Scope));
        assert_eq!(judge(&said(|s| s.at = NOW_S - 301), ROOT), Err(Refused::Expired));
        assert_eq!(judge(&said(|s| s.at = NOW_S + 121), ROOT), Err(Refused::Future));
        assert_eq!(judge(&said(|s| s.root = "02".to_owned()), ROOT), Err(Refused::Unreadable));
    }
}
