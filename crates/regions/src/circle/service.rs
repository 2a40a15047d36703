//! Proposing a list, signing it, and what a whole list brings.

use std::collections::BTreeMap;

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use super::rules::{self, CIRCLE, List, Member, has_signed, id_of};
use super::store::{self, Circle};
use crate::rules::{DESCRIPTOR, Descriptor, Message, Refused, Signed};
use crate::service::messages::{self, Handler, New};
use crate::service::{own_key, sign_now, trust};
use crate::store as regions;

/// Takes a list that another region proposes.
pub const PROPOSED: Handler = Handler { kind: "circle.proposed", version: 1, run: take_proposed };
/// Takes a member's signature.
pub const SIGNED: Handler = Handler { kind: "circle.signed", version: 1, run: take_signed };
/// Takes all signatures.
pub const WHOLE: Handler = Handler { kind: "circle.whole", version: 1, run: take_whole };

const PURPOSE: &str = "多地区互信清单 / a list of regions signed by all";
const LIFETIME_S: i64 = 14 * 86_400;

#[derive(Serialize, Deserialize)]
struct ProposedBody {
    text: String,
    members: Vec<Signed>,
}

#[derive(Serialize, Deserialize)]
struct SignedBody {
    id: String,
    signature: String,
}

#[derive(Serialize, Deserialize)]
struct WholeBody {
    id: String,
    signatures: BTreeMap<String, String>,
}

fn post(
    tx: &mut Tx<'_>,
    app: &Platform,
    (to, kind, id): (&str, &'static str, &str),
    body: &impl Serialize,
    entry: &Entry,
) -> Result<(), Problem> {
    let new = New {
        to: to.to_owned(),
        kind,
        version: 1,
        person_key: format!("circle {id}"),
        lifetime_s: LIFETIME_S,
        purpose: PURPOSE,
        basis: "Art. 23",
        journal: entry.id,
        body: serde_json::to_value(body).expect("plain data"),
    };
    messages::post(tx, app, &new, entry.at)
}

fn entry(app: &Platform, actor: &Actor, act: &'static str, id: &str) -> Entry {
    Entry::new(app.id(), Utc::now(), actor, act, "Art. 23").on("circle", id).why(PURPOSE, &[])
}

/// Proposes the list of this region and all that it trusts; an approver here signs it as in the others.
///
/// # Errors
/// Fewer than two regions are trusted.
pub async fn propose(app: &App, actor: &Actor) -> Result<String, Problem> {
    let own = trust::own_descriptor(app)?;
    let (shared, actor, now) = (app.clone(), actor.clone(), Utc::now());
    let write = move |tx: &mut Tx<'_>| {
        let mut members = vec![own.clone()];
        members.extend(regions::trusted_signed(tx)?);
        let said = |signed: &Signed| serde_json::from_str::<Descriptor>(&signed.text).ok();
        let mut named: Vec<Member> = members
            .iter()
            .filter_map(said)
            .map(|said| Member { region: said.region, name: said.name, key: said.key })
            .collect();
        named.sort_by(|a, b| a.region.cmp(&b.region));
        let serial = store::last_serial(tx, false)? + 1;
        let proposer = shared.config.region.clone();
        let list = List { proposer: proposer.clone(), serial, members: named };
        let text = serde_json::to_string(&list).expect("plain data");
        check(tx, &shared, &text, &members, now)?;
        let id = id_of(&text);
        store::insert(tx, (&id, &proposer, serial), &text, &members, now)?;
        let entry = entry(&shared, &actor, "circle.proposed", &id);
        let body = ProposedBody { text, members };
        for member in list.members.iter().filter(|member| member.region != proposer) {
            post(tx, &shared, (&member.region, PROPOSED.kind, &id), &body, &entry)?;
        }
        journal::record(tx, &entry)?;
        Ok::<_, Problem>(id)
    };
    app.db.write(write).await
}

fn check(
    tx: &mut Tx<'_>,
    app: &Platform,
    text: &str,
    members: &[Signed],
    now: Utc,
) -> Result<(List, Vec<Descriptor>), Problem> {
    let trusted: Vec<Descriptor> =
        regions::all_trusted(tx)?.into_iter().map(|known| known.said).collect();
    let key = own_key(app, DESCRIPTOR)?;
    let own = (app.config.region.as_str(), key.as_str());
    Ok(rules::read(text, members, own, &trusted, now.seconds())?)
}

fn take_proposed(
    tx: &mut Tx<'_>,
    app: &Platform,
    message: &Message,
    now: Utc,
) -> Result<(), Problem> {
    let body: ProposedBody =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    let (list, _) = check(tx, app, &body.text, &body.members, now)?;
    if list.proposer != message.from {
        return Err(Refused::Scope.into());
    }
    if list.serial <= store::last_serial(tx, true)? {
        return Err(Refused::Rollback.into());
    }
    let id = id_of(&body.text);
    let key = (id.as_str(), list.proposer.as_str(), list.serial);
    Ok(store::insert(tx, key, &body.text, &body.members, now)?)
}

/// An approver signs a list for this region.
///
/// # Errors
/// It is signed already, or does not hold any more.
pub async fn sign(app: &App, actor: &Actor, id: &str) -> Result<(), Problem> {
    let (shared, actor, id) = (app.clone(), actor.clone(), id.to_owned());
    let write = move |tx: &mut Tx<'_>| {
        let circle = store::one(tx, &id)?.ok_or_else(Problem::not_found)?;
        if circle.state != "open" {
            return Err(Refused::Reused.into());
        }
        let now = Utc::now();
        check(tx, &shared, &circle.text, &circle.members, now)?;
        let signature = sign_now(&shared, CIRCLE, circle.text.clone())?.signature;
        let own = shared.config.region.clone();
        store::sign(tx, &circle.id, &own, &signature, now)?;
        store::turn(tx, &circle, "signed", Some(actor.account))?;
        let entry = entry(&shared, &actor, "circle.signed", &circle.id);
        if circle.proposer != own {
            let body = SignedBody { id: circle.id.clone(), signature };
            post(tx, &shared, (&circle.proposer, SIGNED.kind, &circle.id), &body, &entry)?;
        }
        journal::record(tx, &entry)?;
        end_when_whole(tx, &shared, &circle.id, now)
    };
    app.db.write(write).await
}

fn take_signed(
    tx: &mut Tx<'_>,
    app: &Platform,
    message: &Message,
    now: Utc,
) -> Result<(), Problem> {
    let body: SignedBody =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    let circle = store::one(tx, &body.id)?.ok_or(Refused::Unreadable)?;
    let list: List = serde_json::from_str(&circle.text).map_err(|_| Refused::Unreadable)?;
    let member = list.members.iter().find(|member| member.region == message.from);
    let member = member.filter(|_| circle.proposer == app.config.region);
    if !member.is_some_and(|member| has_signed(member, &circle.text, &body.signature)) {
        return Err(Refused::Forged.into());
    }
    store::sign(tx, &circle.id, &message.from, &body.signature, now)?;
    end_when_whole(tx, app, &circle.id, now)
}

/// The proposer sends all signatures to all as soon as it has them.
fn end_when_whole(tx: &mut Tx<'_>, app: &Platform, id: &str, now: Utc) -> Result<(), Problem> {
    let Some(circle) = store::one(tx, id)?.filter(|one| one.proposer == app.config.region) else {
        return Ok(());
    };
    let signatures = store::signatures(tx, id)?;
    let list: List = serde_json::from_str(&circle.text).map_err(|_| Refused::Unreadable)?;
    if circle.state != "signed" || rules::whole(&list, &circle.text, &signatures).is_err() {
        return Ok(());
    }
    store::turn(tx, &circle, "whole", circle.signed_by)?;
    let entry = Entry { at: now, ..entry(app, &Actor::system(), "circle.whole", id) };
    let body = WholeBody { id: id.to_owned(), signatures };
    for member in list.members.iter().filter(|member| member.region != circle.proposer) {
        post(tx, app, (&member.region, WHOLE.kind, id), &body, &entry)?;
    }
    Ok(journal::record(tx, &entry)?)
}

/// All have signed, we among them: whoever on the list is not trusted here waits for a second officer, who
/// needs no telephone, because all others vouch. The first was the one who signed.
fn take_whole(tx: &mut Tx<'_>, app: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let body: WholeBody =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    let circle = store::one(tx, &body.id)?.filter(|one| one.proposer == message.from);
    let circle = circle.ok_or(Refused::Unreadable)?;
    let Some(signer) = circle.signed_by.filter(|_| circle.state == "signed") else {
        return Err(Refused::Reused.into());
    };
    let (list, said) = check(tx, app, &circle.text, &circle.members, now)?;
    rules::whole(&list, &circle.text, &body.signatures)?;
    store::turn(tx, &circle, "whole", Some(signer))?;
    for (region, signature) in &body.signatures {
        store::sign(tx, &circle.id, region, signature, now)?;
    }
    lay_newcomers(tx, app, &circle, &said, now)?;
    let entry = Entry { at: now, ..entry(app, &Actor::system(), "circle.whole", &circle.id) };
    Ok(journal::record(tx, &entry)?)
}

fn lay_newcomers(
    tx: &mut Tx<'_>,
    app: &Platform,
    circle: &Circle,
    said: &[Descriptor],
    now: Utc,
) -> Result<(), Problem> {
    let maker = Actor { account: circle.signed_by.unwrap_or(kernel::id::Id(0)), ..Actor::system() };
    for (one, signed) in said.iter().zip(&circle.members) {
        let own = one.region == app.config.region;
        if own || regions::trusted(tx, &one.region)?.is_some() {
            continue;
        }
        trust::lay_vouched(tx, app, &maker, (one, signed), &circle.id, now)?;
    }
    Ok(())
}
