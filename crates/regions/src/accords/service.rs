//! Proposing, deciding, filing and ending; and hearing the other side.

use kernel::actor::{Actor, Role};
use kernel::approval;
use kernel::db::Tx;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use super::refused::Refused;
use super::rules::{Accord, Kind, Party, Stand};
use super::store::{self, Kept, Side};
use crate::joint::rules::Words;
use crate::rules::{Message, Refused as NotBelieved};
use crate::service::messages::{self, Handler, New};
use crate::store as regions;

/// Takes the other side's word about an agreement.
pub const HANDLER: Handler = Handler { kind: "accord.stand", version: 1, run: take };

const PURPOSE: &str = "川渝协同协议 / agreements between both sides";
pub(super) const APPROVAL: &str = "accord.decide";
const LIFETIME_S: i64 = 14 * 86_400;
/// Agreements that a region may propose in a day.
const MOST_A_DAY: i64 = 200;

/// What an officer types.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Draft {
    /// `district` or `data`.
    pub kind: String,
    /// The other region.
    pub region: String,
    /// Name.
    pub title_zh: String,
    /// Name.
    pub title_en: String,
    /// Our division; the officer's own where it is empty.
    pub our_division: String,
    /// Name of our side.
    pub our_name: String,
    /// Their division.
    pub their_division: String,
    /// Name of their side.
    pub their_name: String,
    /// Codes of items, separated by commas or spaces.
    pub items: String,
    /// The outlet in common.
    pub outlet: String,
    /// What is agreed.
    pub text: String,
    /// Legal basis.
    pub basis: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub until: String,
    /// Data: the region that answers.
    pub holder: String,
    /// Data: what for.
    pub purpose: String,
    /// Data: codes of fields, separated by commas or spaces.
    pub fields: String,
    /// Data: questions in a day.
    pub per_day: String,
}

impl Draft {
    fn accord(&self, app: &Platform, actor: &Actor) -> Result<Accord, Problem> {
        let kind = match self.kind.trim() {
            "district" => Kind::District,
            "data" => Kind::Data,
            _ => return Err(Problem::field("kind", Text::new("请选择", "Choose"))),
        };
        let (own, other) = (app.config.region.clone(), self.region.trim().to_owned());
        let list = |text: &str| -> Vec<String> {
            let parts = text.split([',', '，', '、', ' ', '\n', '\r']);
            parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let (ours, theirs) = match kind {
            Kind::Data => (own.clone(), other.clone()),
            Kind::District if self.our_division.trim().is_empty() => {
                (division_of(actor), self.their_division.trim().to_owned())
            }
            Kind::District => {
                (self.our_division.trim().to_owned(), self.their_division.trim().to_owned())
            }
        };
        let name = |typed: &str, division: &str| match typed.trim() {
            "" => kernel::divisions::find(division).map_or("", |found| found.zh).to_owned(),
            typed => typed.to_owned(),
        };
        let accord = Accord {
            id: hex::encode(random::<16>()),
            kind,
            title: Words {
                zh: self.title_zh.trim().to_owned(),
                en: self.title_en.trim().to_owned(),
            },
            parties: [
                Party { name: name(&self.our_name, &ours), region: own.clone(), division: ours },
                Party {
                    name: name(&self.their_name, &theirs),
                    region: other.clone(),
                    division: theirs,
                },
            ],
            items: list(&self.items),
            outlet: self.outlet.trim().to_owned(),
            text: self.text.trim().to_owned(),
            basis: self.basis.trim().to_owned(),
            from: self.from.trim().to_owned(),
            until: self.until.trim().to_owned(),
            holder: self.holder.trim().to_owned(),
            purpose: self.purpose.trim().to_owned(),
            fields: list(&self.fields),
            per_day: self.per_day.trim().parse().unwrap_or(0),
        };
        match accord.is_plain(&own, &other) {
            true => Ok(accord),
            false => Err(Refused::NotPlain.into()),
        }
    }
}

fn division_of(actor: &Actor) -> String {
    actor.division.chars().take(6).collect()
}

/// Whether it is this actor's to prepare or decide: a district's own, and data the region's.
///
/// # Errors
/// [`Refused::NotYours`].
pub(crate) fn is_his(app: &Platform, actor: &Actor, accord: &Accord) -> Result<(), Refused> {
    let own = accord.party(&app.config.region).ok_or(Refused::NotYours)?;
    let district = matches!(actor.role, Role::DistrictOfficer | Role::DistrictApprover);
    let his = match accord.kind {
        Kind::District => district && division_of(actor) == own.division,
        Kind::Data => !district,
    };
    if his { Ok(()) } else { Err(Refused::NotYours) }
}

fn entry(app: &Platform, actor: &Actor, act: &'static str, accord: &Accord) -> Entry {
    let basis = if accord.kind == Kind::Data { "Art. 18" } else { "Art. 23" };
    let entry = Entry::new(app.id(), Utc::now(), actor, act, basis).on("accord", &accord.id);
    let detail = serde_json::json!({"sides": accord.sides(), "digest": accord.digest()});
    Entry { detail, ..entry.why(PURPOSE, &[]) }
}

/// Proposes an agreement: it is laid before our approver and told to the other side.
///
/// # Errors
/// [`Refused::NotPlain`], [`Refused::NotYours`]; the region is not trusted.
pub async fn propose(app: &App, actor: &Actor, draft: &Draft) -> Result<String, Problem> {
    let accord = draft.accord(app, actor)?;
    is_his(app, actor, &accord)?;
    let entry = entry(app, actor, "accord.proposed", &accord);
    let (app, actor, id) = (app.clone(), actor.clone(), accord.id.clone());
    let shared = app.clone();
    let write = move |tx: &mut Tx<'_>| {
        let region = other(&shared, &accord);
        let kept = store::insert(tx, &accord, &region, entry.at)?;
        lay_before(tx, &shared, &actor, &kept, entry.at)?;
        tell(tx, &shared, &kept, &kept.ours, &entry)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await?;
    Ok(id)
}

fn other(app: &Platform, accord: &Accord) -> String {
    let other = accord.parties.iter().find(|party| party.region != app.config.region);
    other.map(|party| party.region.clone()).unwrap_or_default()
}

fn lay_before(
    tx: &mut Tx<'_>,
    app: &Platform,
    actor: &Actor,
    kept: &Kept,
    now: Utc,
) -> Result<(), Problem> {
    let id = app.id();
    let object = format!("accord:{}", kept.accord.id);
    approval::ask(tx, id, actor, APPROVAL, &object, &kept.accord.title.zh, now)?;
    Ok(store::lay(tx, kept, Some(id))?)
}

/// An officer lays the other side's proposal before our approver.
///
/// # Errors
/// [`Refused::NotYours`], [`Refused::NotOpen`].
pub async fn lay(app: &App, actor: &Actor, id: &str) -> Result<(), Problem> {
    let (shared, actor, id) = (app.clone(), actor.clone(), id.to_owned());
    let write = move |tx: &mut Tx<'_>| {
        let kept = store::one(tx, &id)?.ok_or_else(Problem::not_found)?;
        is_his(&shared, &actor, &kept.accord)?;
        let dead = matches!(kept.theirs.stand, Stand::Refused | Stand::Ended);
        if kept.ours.stand != Stand::Open || kept.approval.is_some() || dead {
            return Err(Refused::NotOpen.into());
        }
        let entry = entry(&shared, &actor, "accord.laid", &kept.accord);
        lay_before(tx, &shared, &actor, &kept, entry.at)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}

fn needed(field: &'static str, text: &str, words: Text) -> Result<String, Problem> {
    match (1..=200).contains(&text.trim().chars().count()) {
        true => Ok(text.trim().to_owned()),
        false => Err(Problem::field(field, words)),
    }
}

/// The approver's word for our side: a yes with the number of the document, a no with the reason.
///
/// # Errors
/// His own work, [`Refused::NotYours`], [`Refused::NotOpen`].
pub async fn decide(
    app: &App,
    actor: &Actor,
    id: &str,
    yes: bool,
    words: &str,
) -> Result<(), Problem> {
    let hint = match yes {
        true => Text::new("请填写决定文号", "The number of the decision's document"),
        false => Text::new("请写明不同意的理由", "Say why not"),
    };
    let words = needed("words", words, hint)?;
    let (shared, actor, id) = (app.clone(), actor.clone(), id.to_owned());
    let write = move |tx: &mut Tx<'_>| {
        let kept = store::one(tx, &id)?.ok_or_else(Problem::not_found)?;
        is_his(&shared, &actor, &kept.accord)?;
        let asked = kept.approval.ok_or(Refused::NotOpen)?;
        let mut entry = entry(&shared, &actor, "accord.decided", &kept.accord);
        approval::decide(tx, asked, &actor, yes, &words, entry.at)?;
        entry.result = if yes { "ok" } else { "refused" }.to_owned();
        let side = match yes {
            true => side(Stand::Decided, &words, "", entry.at),
            false => side(Stand::Refused, "", &words, entry.at),
        };
        store::stand(tx, &kept, &side)?;
        tell(tx, &shared, &kept, &side, &entry)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}

fn side(stand: Stand, document: &str, why: &str, at: Utc) -> Side {
    Side { stand, document: document.to_owned(), why: why.to_owned(), at: Some(at) }
}

/// An approver ends what his side agreed to; it counts here at once, and there when it is heard.
///
/// # Errors
/// [`Refused::NotYours`], [`Refused::NotOpen`], no reason.
pub async fn end(app: &App, actor: &Actor, id: &str, why: &str) -> Result<(), Problem> {
    let why = needed("words", why, Text::new("请写明理由", "Say why"))?;
    let (shared, actor, id) = (app.clone(), actor.clone(), id.to_owned());
    let write = move |tx: &mut Tx<'_>| {
        let kept = store::one(tx, &id)?.ok_or_else(Problem::not_found)?;
        is_his(&shared, &actor, &kept.accord)?;
        if kept.ours.stand != Stand::Decided {
            return Err(Refused::NotOpen.into());
        }
        let entry = entry(&shared, &actor, "accord.ended", &kept.accord);
        let side = side(Stand::Ended, &kept.ours.document, &why, entry.at);
        store::stand(tx, &kept, &side)?;
        tell(tx, &shared, &kept, &side, &entry)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}

/// The region's authority takes note of what a district agreed to (备案).
///
/// # Errors
/// It is not agreed on both sides, or noted already.
pub async fn file(app: &App, actor: &Actor, id: &str) -> Result<(), Problem> {
    let (shared, actor, id) = (app.clone(), actor.clone(), id.to_owned());
    let write = move |tx: &mut Tx<'_>| {
        let kept = store::one(tx, &id)?.ok_or_else(Problem::not_found)?;
        if !waits_to_be_filed(&kept) {
            return Err(Refused::NotOpen.into());
        }
        let entry = entry(&shared, &actor, "accord.filed", &kept.accord);
        store::file(tx, &kept, &actor.name, entry.at)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}

/// Whether a district's agreement is there that the region's authority has not taken note of.
pub(crate) fn waits_to_be_filed(kept: &Kept) -> bool {
    let both = kept.ours.stand == Stand::Decided && kept.theirs.stand == Stand::Decided;
    kept.accord.kind == Kind::District && both && kept.filed.is_none()
}

#[derive(Serialize, Deserialize)]
struct Told {
    accord: Accord,
    stand: Stand,
    document: String,
    why: String,
}

fn tell(
    tx: &mut Tx<'_>,
    app: &Platform,
    kept: &Kept,
    side: &Side,
    entry: &Entry,
) -> Result<(), Problem> {
    let told = Told {
        accord: kept.accord.clone(),
        stand: side.stand,
        document: side.document.clone(),
        why: side.why.clone(),
    };
    let new = New {
        to: kept.region.clone(),
        kind: HANDLER.kind,
        version: HANDLER.version,
        person_key: format!("accord {}", kept.accord.id),
        lifetime_s: LIFETIME_S,
        purpose: PURPOSE,
        basis: entry.basis,
        journal: entry.id,
        body: serde_json::to_value(told).expect("plain data"),
    };
    messages::post(tx, app, &new, entry.at)
}

/// Hears where the other side stands. It proposes and speaks for itself; what is decided here is ours.
fn take(tx: &mut Tx<'_>, app: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let told: Told =
        serde_json::from_value(message.body.clone()).map_err(|_| NotBelieved::Unreadable)?;
    let short = told.document.chars().count() <= 200 && told.why.chars().count() <= 200;
    if !short || !told.accord.is_plain(&message.from, &app.config.region) {
        return Err(NotBelieved::Unreadable.into());
    }
    let kept = match store::one(tx, &told.accord.id)? {
        Some(kept) if kept.accord != told.accord || kept.region != message.from => {
            return Err(NotBelieved::Reused.into());
        }
        Some(kept) => kept,
        None => {
            // Who proposes stands first, and starts with an open mind.
            let proposes = told.accord.parties[0].region == message.from;
            let since = Utc(now.0 - Utc::DAY);
            if !proposes || store::count_since(tx, &message.from, since)? >= MOST_A_DAY {
                return Err(NotBelieved::Unreadable.into());
            }
            store::insert(tx, &told.accord, &message.from, now)?
        }
    };
    if !kept.theirs.stand.leads_to(told.stand) {
        return Err(NotBelieved::Unreadable.into());
    }
    if kept.theirs.stand != told.stand {
        store::hear(tx, &kept, &side(told.stand, &told.document, &told.why, now))?;
    }
    Ok(())
}

/// All agreements that a reader may see, newest first, with the names of the other regions.
///
/// # Errors
/// Of the database only.
pub(crate) async fn all(app: &App) -> Result<(Vec<Kept>, Vec<(String, String)>), Problem> {
    let read = |tx: &mut Tx<'_>| {
        let trusted = regions::all_trusted(tx)?;
        let names = trusted.into_iter().map(|known| (known.said.region, known.said.name));
        Ok::<_, Problem>((store::all(tx)?, names.collect()))
    };
    app.db.read(read).await
}
