//! Own descriptor; import, approval by a second officer, revocation.

use kernel::actor::Actor;
use kernel::approval;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use crate::rules::{self, DESCRIPTOR, Descriptor, Refused, STANDARD, Signed};
use crate::store;

const APPROVAL: &str = "region.trust";

/// What the operator writes into `region.json` of the data folder: how others find this region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Own {
    /// Name for people.
    pub name: String,
    /// Address that others reach this installation at.
    pub endpoint: String,
    /// Whom to call.
    pub contact: String,
    /// Rises with each change.
    pub serial: i64,
    /// First second, UTC.
    pub valid_from: i64,
    /// Last second, UTC.
    pub valid_until: i64,
    /// Number of the key, from 1; one more is a rotation, which the key before it signs too.
    pub key: u32,
}

/// What this region says of itself to others; reads the file at each call, so that a rotation needs
/// no restart.
///
/// # Errors
/// Not set up, or the file cannot be read.
pub fn own(app: &Platform) -> Result<Own, Problem> {
    let text = std::fs::read_to_string(app.config.data.join("region.json"));
    let own = text.ok().and_then(|text| serde_json::from_str::<Own>(&text).ok());
    own.filter(|own| own.key > 0).ok_or_else(|| {
        Problem::new(
            404,
            "regions/not-set-up",
            Text::new("本地区尚未对外设置", "This region is not set up for others"),
            Text::new("请在数据目录写入 region.json", "Write region.json into the data folder"),
        )
    })
}

/// The signed descriptor of this region.
///
/// # Errors
/// See [`own`].
pub fn own_descriptor(app: &Platform) -> Result<Signed, Problem> {
    let own = own(app)?;
    let said = Descriptor {
        region: app.config.region.clone(),
        name: own.name,
        key: super::public(app, &super::key_name(own.key), DESCRIPTOR)?,
        seal: super::public(app, super::SEAL_KEY, DESCRIPTOR)?,
        endpoint: own.endpoint.trim_end_matches('/').to_owned(),
        standard: STANDARD,
        contact: own.contact,
        serial: own.serial,
        valid_from: own.valid_from,
        valid_until: own.valid_until,
    };
    let mut signed = super::sign(app, own.key, DESCRIPTOR, &said)?;
    if own.key > 1 {
        signed.before = Some(super::sign_text(app, own.key - 1, DESCRIPTOR, &signed.text)?);
    }
    Ok(signed)
}

/// Lays a descriptor before a second officer; nothing of that region is believed yet.
///
/// # Errors
/// See [`rules::judge_descriptor`]; one of that region waits already.
pub async fn import(app: &App, actor: &Actor, text: &str) -> Result<Id, Problem> {
    let signed: Signed = serde_json::from_str(text.trim()).map_err(|_| Refused::Unreadable)?;
    signed.plain()?;
    let (id, now) = (app.id(), Utc::now());
    let entry = Entry::new(app.id(), now, actor, "region.asked", "Art. 17");
    let (own, actor) = (app.config.region.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let unread: Descriptor =
                serde_json::from_str(&signed.text).map_err(|_| Refused::Unreadable)?;
            let trusted = store::trusted(tx, &unread.region)?.map(|known| known.said);
            let said = rules::judge_descriptor(&signed, trusted.as_ref(), &own, now.seconds())?;
            let (object, summary) = (format!("region:{}", said.region), said.name.clone());
            approval::ask(tx, id, &actor, APPROVAL, &object, &summary, now)?;
            store::insert(tx, id, &said, &store::signed_text(&signed), now)?;
            let entry = entry.clone().on("region", &said.region);
            journal::record(tx, &entry.why("导入地区描述 / import of a descriptor", &[]))?;
            Ok(id)
        })
        .await
}

/// The second officer's word. For a yes he types the fingerprint that he was read out.
///
/// # Errors
/// His own import, decided already, or [`Refused::Fingerprint`].
pub async fn decide(
    app: &App,
    actor: &Actor,
    id: Id,
    yes: bool,
    fingerprint: &str,
) -> Result<(), Problem> {
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "region.decided", "Art. 17");
    let (actor, typed) = (actor.clone(), fingerprint.to_owned());
    app.db
        .write(move |tx| {
            let known = store::waiting(tx, id)?.ok_or_else(Problem::not_found)?;
            if yes && !rules::same_fingerprint(&typed, &known.said) {
                return Err(Refused::Fingerprint.into());
            }
            approval::decide(tx, id, &actor, yes, "", now)?;
            if yes {
                if let Some(before) = store::trusted(tx, &known.said.region)? {
                    // It may have been overtaken by a newer one while it waited.
                    if before.said.serial >= known.said.serial {
                        return Err(Refused::Rollback.into());
                    }
                    store::turn(tx, before.id, "trusted", "replaced", now)?;
                }
                store::open_link(tx, &known.said.region)?;
            }
            store::turn(tx, id, "waiting", if yes { "trusted" } else { "refused" }, now)?;
            let mut entry = entry.clone().on("region", &known.said.region);
            entry.result = if yes { "ok" } else { "refused" }.to_owned();
            journal::record(tx, &entry.why("地区互信审批 / decision on trust", &[]))?;
            Ok(())
        })
        .await
}

/// Ends the trust in a region at once: what it sends from now on is not believed (Art. 20).
///
/// # Errors
/// It is not trusted.
pub async fn revoke(app: &App, actor: &Actor, region: &str) -> Result<(), Problem> {
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "region.revoked", "Art. 20")
        .on("region", region)
        .why("紧急撤销地区互信 / emergency revocation", &[]);
    let region = region.to_owned();
    app.db
        .write(move |tx| {
            let known = store::trusted(tx, &region)?.ok_or_else(Problem::not_found)?;
            store::turn(tx, known.id, "trusted", "revoked", now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}
