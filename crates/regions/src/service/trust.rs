//! Own descriptor; import, approval by a second officer, revocation.

use kernel::actor::Actor;
use kernel::approval;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use crate::rules::{self, DESCRIPTOR, Descriptor, REVOCATION, Refused, Revoked, STANDARD, Signed};
use crate::store;

pub(crate) const APPROVAL: &str = "region.trust";

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

/// Lays a descriptor before the second officer that all members of a list vouch for. One that waits already
/// is left as it is.
pub(crate) fn lay_vouched(
    tx: &mut Tx<'_>,
    app: &Platform,
    maker: &Actor,
    (said, signed): (&Descriptor, &Signed),
    circle: &str,
    now: Utc,
) -> Result<(), Problem> {
    if let Some(waits) = store::newest(tx)?
        .into_iter()
        .find(|known| known.state == "waiting" && known.said.region == said.region)
    {
        // The same descriptor, laid before the officers by hand, is vouched for from now on.
        return match waits.said == *said {
            true => Ok(store::vouch(tx, waits.id, circle)?),
            false => Ok(()),
        };
    }
    let (id, object) = (app.id(), format!("region:{}", said.region));
    approval::ask(tx, id, maker, APPROVAL, &object, &said.name, now)?;
    store::insert(tx, id, said, &store::signed_text(signed), now)?;
    Ok(store::vouch(tx, id, circle)?)
}

/// The second officer's word. For a yes he types the fingerprint that he was read out, unless all members of
/// a list vouch for it.
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
            let vouched = !known.vouched.is_empty();
            if yes && !vouched && !rules::same_fingerprint(&typed, &known.said) {
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

/// Our key is lost or stolen: tells all trusted regions, signed with it while we still can, that it is not to
/// be believed any more (Art. 20). Each takes it at once when it is reached; delivery goes on until all have.
///
/// # Errors
/// Not set up.
pub async fn revoke_own(app: &App, actor: &Actor, why: &str) -> Result<usize, Problem> {
    let why = why.trim().to_owned();
    if !(2..=200).contains(&why.chars().count()) {
        return Err(Problem::field("why", Text::new("请写明原因", "Say why")));
    }
    let (own, now) = (own(app)?, Utc::now());
    let (region, serial) = (app.config.region.clone(), own.serial);
    let said = Revoked { region, serial, at: now.seconds(), why: why.clone() };
    let signed = store::signed_text(&super::sign(app, own.key, REVOCATION, &said)?);
    let entry = Entry::new(app.id(), now, actor, "region.own-revoked", "Art. 20")
        .on("region", &app.config.region)
        .why(why, &[]);
    let told = app.db.write(move |tx| {
        let trusted = store::all_trusted(tx)?;
        for known in &trusted {
            let key = (known.said.region.as_str(), serial);
            store::insert_revocation(tx, key, &known.said.endpoint, &signed, now)?;
        }
        journal::record(tx, &entry)?;
        Ok::<_, Problem>(trusted.len())
    });
    told.await
}

/// Takes another region's word that its key is not to be believed any more. Whoever has the key can say so,
/// and then it is right to stop; the same word said again after a new descriptor changes nothing, because it
/// names the descriptor that it is about.
///
/// # Errors
/// [`Refused::Unlisted`], [`Refused::Forged`].
pub async fn take_revocation(app: &App, signed: &Signed) -> Result<(), Problem> {
    signed.plain()?;
    let (shared, signed) = (app.clone(), signed.clone());
    let taken = app.db.write(move |tx| {
        let unread: Revoked =
            serde_json::from_str(&signed.text).map_err(|_| Refused::Unreadable)?;
        let known = store::trusted(tx, &unread.region)?.ok_or(Refused::Unlisted)?;
        let said: Revoked = signed.open(&known.said.key, REVOCATION)?;
        if said.serial != known.said.serial || said.region != known.said.region {
            return Err(Refused::Rollback.into());
        }
        let now = Utc::now();
        store::turn(tx, known.id, "trusted", "revoked", now)?;
        store::alarm(tx, &said.region, Refused::NotValid, now)?;
        let why: String = said.why.chars().take(200).collect();
        let entry =
            Entry::new(shared.id(), now, &Actor::system(), "region.revoked-itself", "Art. 20")
                .on("region", &said.region)
                .why(why, &[]);
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    });
    let taken = taken.await;
    if let Err(problem) = &taken
        && problem.code == "regions/forged"
    {
        super::note(app, String::new(), Refused::Forged).await?;
    }
    taken
}
