//! The end of a freeze: the surer who froze, the surer who thaws.

use kernel::actor::Actor;
use kernel::approval::{self, Approval};
use kernel::auth;
use kernel::db::{DbError, v};
use kernel::id::Id;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::freezes::{Freeze, Refused, Thaw, store};

use super::service::{lift, may_see, record, tell};
use crate::safety::words;

/// A code is good this long.
const CODE_S: i64 = 300;
pub(super) const APPROVAL: &str = "freeze.thaw";

fn digest(person: Id, code: &str) -> Vec<u8> {
    seal::sm3::sm3(format!("thaw {person} {code}").as_bytes()).to_vec()
}

/// Sends the holder a code with which, beside his password, he ends a freeze of his own.
///
/// # Errors
/// [`Refused::NoPhone`]; he asked too often.
pub async fn send_code(app: &App, holder: &Actor) -> Result<(), Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    auth::count_try(app, &format!("thaw-sms:{person}")).await?;
    let (platform, now) = (app.clone(), Utc::now());
    let code = format!("{:06}", u64::from_be_bytes(random::<8>()) % 1_000_000);
    app.db
        .housekeeping(move |tx| {
            let phone = people::store::by_id(tx, person)?.map(|one| one.phone).unwrap_or_default();
            if phone.is_empty() {
                return Err(Refused::NoPhone.into());
            }
            let sql = "INSERT INTO safety_code (person_id, digest, expires_at) VALUES ($1, $2, $3)
                       ON CONFLICT (person_id) DO UPDATE SET digest = $2, expires_at = $3";
            let until = now.plus_seconds(CODE_S);
            tx.execute(sql, &[v(person), v(digest(person, &code)), v(until)])?;
            let text = format!("解冻验证码 {code}，5分钟内有效。工作人员不会向您索要验证码。");
            tell(tx, &platform, &phone, now, text)?;
            Ok::<_, Problem>(())
        })
        .await
}

/// The holder ends a freeze of his own with password and code.
///
/// # Errors
/// The password or [`Refused::BadCode`]; a freeze of somebody else's hand needs more.
pub async fn thaw_own(
    app: &App,
    holder: &Actor,
    id: Id,
    password: &str,
    code: &str,
) -> Result<(), Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let freeze = app.db.read(move |tx| store::get(tx, id)).await?;
    let freeze = freeze.filter(|one| one.person == person).ok_or_else(Problem::not_found)?;
    freeze.may_thaw(Thaw::Holder)?;
    auth::confirm_password(app, holder.account, password).await?;
    auth::count_try(app, &format!("thaw:{person}")).await?;
    let (given, now) = (digest(person, code.trim()), Utc::now());
    let right = app.db.housekeeping(move |tx| {
        let sql =
            "DELETE FROM safety_code WHERE person_id = $1 AND digest = $2 AND expires_at > $3";
        tx.execute(sql, &[v(person), v(&given[..]), v(now)])
    });
    if right.await? != 1 {
        return Err(Refused::BadCode.into());
    }
    for name in ["thaw", "thaw-sms"] {
        auth::forget_tries(app, &format!("{name}:{person}")).await?;
    }
    end(app, holder, id, Thaw::Holder, "本人密码和短信验证码".to_owned()).await
}

/// A clerk ends a freeze after he saw the holder's document.
///
/// # Errors
/// [`Refused::TwoOfficers`] for an officer's freeze; 404 when it is somebody else's.
pub async fn thaw_at_desk(
    app: &App,
    clerk: &Actor,
    person: Id,
    id: Id,
    proof: &str,
) -> Result<(), Problem> {
    let proof = words("proof", proof)?;
    let freeze = app.db.read(move |tx| store::get(tx, id)).await?;
    freeze.filter(|one| one.person == person).ok_or_else(Problem::not_found)?;
    end(app, clerk, id, Thaw::Counter, proof).await
}

async fn end(app: &App, actor: &Actor, id: Id, shown: Thaw, proof: String) -> Result<(), Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let freeze = store::get(tx, id)?.ok_or_else(Problem::not_found)?;
            freeze.may_thaw(shown)?;
            lift(tx, &platform, &freeze, (actor.account, &actor.name), &proof, now)?;
            let detail = serde_json::Value::Null;
            Ok(record(tx, &platform, &actor, "card.thawed", &freeze, &proof, detail, now)?)
        })
        .await
}

/// An officer asks for the end of a freeze.
///
/// # Errors
/// [`Refused::NotInForce`], [`Refused::Asked`].
pub async fn ask_thaw(app: &App, officer: &Actor, id: Id, proof: &str) -> Result<(), Problem> {
    let proof = words("proof", proof)?;
    let (platform, actor, now) = (app.clone(), officer.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let freeze = store::get(tx, id)?.filter(|one| may_see(&actor, one));
            let freeze = freeze.ok_or_else(Problem::not_found)?;
            freeze.may_thaw(Thaw::TwoOfficers)?;
            let object = format!("freeze:{id}");
            let asked = approval::ask(tx, platform.id(), &actor, APPROVAL, &object, &proof, now);
            asked.map_err(|error| match error {
                DbError::Unique(_) => Refused::Asked.into(),
                other => Problem::from(other),
            })?;
            let detail = serde_json::Value::Null;
            Ok(record(tx, &platform, &actor, "card.thaw-asked", &freeze, &proof, detail, now)?)
        })
        .await
}

/// Another officer decides.
///
/// # Errors
/// He asked himself, or it is decided already.
pub async fn decide_thaw(
    app: &App,
    officer: &Actor,
    approval: Id,
    yes: bool,
) -> Result<(), Problem> {
    let (platform, actor, now) = (app.clone(), officer.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let decided = approval::decide(tx, approval, &actor, yes, "", now)?;
            let id = decided.object.strip_prefix("freeze:").and_then(|id| id.parse().ok());
            let id: Id = id.filter(|_| decided.kind == APPROVAL).ok_or_else(Problem::not_found)?;
            let freeze = store::get(tx, id)?.filter(|one| may_see(&actor, one));
            let freeze = freeze.ok_or_else(Problem::not_found)?;
            // It may have lapsed meanwhile: then the decision stands and nothing is left to do.
            if yes && freeze.in_force() {
                let who = (actor.account, actor.name.as_str());
                lift(tx, &platform, &freeze, who, &decided.summary, now)?;
            }
            let act = if yes { "card.thawed" } else { "card.thaw-refused" };
            let detail = serde_json::json!({ "approval": approval.to_string() });
            Ok(record(tx, &platform, &actor, act, &freeze, &decided.summary, detail, now)?)
        })
        .await
}

/// Thaws that wait for a second officer, with their freezes.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting_thaws(app: &App, actor: &Actor) -> Result<Vec<(Approval, Freeze)>, Problem> {
    let actor = actor.clone();
    app.db
        .read(move |tx| {
            let mut waiting = Vec::new();
            for approval in approval::open(tx, APPROVAL)? {
                let id = approval.object.strip_prefix("freeze:").and_then(|id| id.parse().ok());
                let Some(id) = id else { continue };
                if let Some(freeze) = store::get(tx, id)?.filter(|one| may_see(&actor, one)) {
                    waiting.push((approval, freeze));
                }
            }
            Ok(waiting)
        })
        .await
}
