//! The side of the counter: writing a case, sending it with its documents, taking the answer.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::settings::{self, Setting};
use kernel::time::Utc;
use outlets::rules::JOINT;
use outlets::service::Outlet;
use people::evidence::rules::{self as evidence, EvidenceKind};
use people::rules::mask_name;
use serde::{Deserialize, Serialize};

use super::rules::{
    self, Answer, AnswerSent, CaseSent, PAPER, PAPERS, PART, PaperPart, Refused, Service, Wanted,
    Words,
};
use super::store::{self, Answered, Case};
use crate::rules::{Message, Refused as NotBelieved};
use crate::service::messages::{self, Handler, New};
use crate::service::{SEAL_KEY, open_sealed};
use crate::store as regions;

/// Hours in which a case should be answered.
pub const ANSWER_HOURS: Setting = Setting {
    name: "joint.answer-hours",
    default: 24,
    least: 1,
    most: 720,
    zh: "川渝通办：应当答复的小时数",
    en: "Joint outlets: hours in which the home region should answer",
    article: 11,
};
/// Days in which a card applied for in the other region should be handed over.
pub const CARD_DAYS: Setting = Setting {
    name: "joint.card-days",
    default: 20,
    least: 1,
    most: 365,
    zh: "川渝通办：从受理到发卡的天数",
    en: "Joint outlets: days from an application to the hand-over of its card",
    article: 11,
};

/// Takes the answers of the home region.
pub const ANSWER: Handler = Handler { kind: "joint.answer", version: 1, run: take_answer };

/// Seconds that a message may take: a line that is cut for two weeks loses nothing.
pub(crate) const LIFETIME_S: i64 = 14 * 86_400;
pub(crate) const PURPOSE: &str = "川渝通办 / service at a joint outlet";

/// A document that was scanned.
#[derive(Clone, Debug)]
pub struct Paper {
    /// What it shows.
    pub kind: EvidenceKind,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Number and name of a holder, for the next step at the same counter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) number: String,
    pub(crate) name: String,
}

/// Writes a case and lays it into the outbox with its documents. Returns its id; the answer comes with a
/// message, in seconds when the line is good.
///
/// # Errors
/// Something is missing, the outlet is no joint one, or the region is not trusted.
pub async fn send(
    app: &App,
    clerk: &Actor,
    region: &str,
    wanted: Wanted,
    papers: Vec<Paper>,
) -> Result<String, Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    let service = wanted.service()?;
    check(&papers)?;
    let id = hex::encode(random::<16>());
    let mut entry = Entry::new(app.id(), Utc::now(), clerk, "joint.sent", "Art. 11")
        .on("joint", &id)
        .why(PURPOSE, &[]);
    entry.detail = serde_json::json!({"region": region, "service": service.code(),
        "papers": papers.len()});
    let (app_in, region, case) = (app.clone(), region.to_owned(), id.clone());
    let write = move |tx: &mut Tx<'_>| {
        let outlet = joint_outlet(tx, outlet, entry.at)?;
        let sender =
            Sender { app: &app_in, region: &region, case: &id, entry: &entry, now: entry.at };
        sender.send(tx, service, &outlet, &wanted, &papers)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await?;
    Ok(case)
}

/// The clerk's outlet, when it is a joint one on this day (Art. 11 para 2).
fn joint_outlet(tx: &mut Tx<'_>, outlet: Id, now: Utc) -> Result<Outlet, Problem> {
    let found = match outlets::service::one_on(tx, outlet, now.day()) {
        Err(problem) if problem.status >= 500 => return Err(problem),
        found => found.ok(),
    };
    let joint = found.filter(|outlet| outlet.offers(JOINT) || outlet.details.kind.code() == JOINT);
    Ok(joint.ok_or(Refused::NotJointOutlet)?)
}

fn check(papers: &[Paper]) -> Result<(), Problem> {
    let good =
        |paper: &Paper| paper.bytes.len() <= PAPER && evidence::inspect(&paper.bytes).is_ok();
    match papers.len() <= PAPERS && papers.iter().all(good) {
        true => Ok(()),
        false => Err(Refused::Papers.into()),
    }
}

fn due(tx: &mut Tx<'_>, service: Service, now: Utc) -> Result<Utc, Problem> {
    let seconds = match service.makes_card() {
        true => settings::get(tx, &CARD_DAYS, now)? * 86_400,
        false => settings::get(tx, &ANSWER_HOURS, now)? * 3_600,
    };
    Ok(now.plus_seconds(seconds))
}

/// Who sends what to whom, inside a transaction.
pub(crate) struct Sender<'a> {
    pub(crate) app: &'a Platform,
    pub(crate) region: &'a str,
    pub(crate) case: &'a str,
    pub(crate) entry: &'a Entry,
    pub(crate) now: Utc,
}

impl Sender<'_> {
    /// The documents first, then the case that names them.
    fn send(
        &self,
        tx: &mut Tx<'_>,
        service: Service,
        outlet: &Outlet,
        wanted: &Wanted,
        papers: &[Paper],
    ) -> Result<(), Problem> {
        let due = due(tx, service, self.now)?;
        let key = self.person_key(service, wanted);
        for (place, paper) in papers.iter().enumerate() {
            self.paper(tx, &key, place, paper)?;
        }
        let sent = CaseSent {
            case: self.case.to_owned(),
            service: service.code().to_owned(),
            outlet: outlet.id.to_string(),
            outlet_name: Words::from(&outlet.details.name),
            clerk: self.entry.actor.name.chars().take(40).collect(),
            due: due.seconds(),
            papers: papers.iter().map(|paper| paper.kind.code().to_owned()).collect(),
            sealed: self.seal(tx, "case", wanted)?,
        };
        self.post(tx, "joint.case", &key, &sent)?;
        Ok(store::insert(tx, &self.row(service, outlet.id, &sent, wanted, &key, due))?)
    }

    /// A keyed digest: the other region cannot try numbers out, and messages about one holder stay in
    /// order.
    fn person_key(&self, service: Service, wanted: &Wanted) -> String {
        match service.is_about_all() {
            true => String::new(),
            false => {
                let text = format!("joint|{}", wanted.number.trim().to_uppercase());
                hex::encode(&self.app.keys.digest(text.as_bytes())[..16])
            }
        }
    }

    /// Seals for the other region what only it may read.
    pub(crate) fn seal(
        &self,
        tx: &mut Tx<'_>,
        piece: &str,
        said: &impl Serialize,
    ) -> Result<String, Problem> {
        let plain = serde_json::to_vec(said).expect("plain data");
        self.seal_bytes(tx, piece, &plain)
    }

    fn seal_bytes(&self, tx: &mut Tx<'_>, piece: &str, plain: &[u8]) -> Result<String, Problem> {
        let known = regions::trusted(tx, self.region)?.ok_or(NotBelieved::Unlisted)?;
        let key = hex::decode(&known.said.seal).map_err(|_| Refused::NoSealKey)?;
        let context = rules::context(&self.app.config.region, self.region, self.case, piece);
        let sealed = seal::envelope::seal(&key, &random::<32>(), &context, plain);
        Ok(rules::envelope_text(&sealed.map_err(|_| Refused::NoSealKey)?))
    }

    fn paper(
        &self,
        tx: &mut Tx<'_>,
        key: &str,
        place: usize,
        paper: &Paper,
    ) -> Result<(), Problem> {
        let text = self.seal_bytes(tx, &format!("paper-{place}"), &paper.bytes)?;
        let parts = text.as_bytes().chunks(PART);
        let count = parts.len();
        for (part, data) in parts.enumerate() {
            let data = String::from_utf8_lossy(data).into_owned();
            let body =
                PaperPart { case: self.case.to_owned(), paper: place, part, parts: count, data };
            self.post(tx, "joint.paper", key, &body)?;
        }
        Ok(())
    }

    /// Lays a message into the outbox.
    pub(crate) fn post(
        &self,
        tx: &mut Tx<'_>,
        kind: &'static str,
        person_key: &str,
        body: &impl Serialize,
    ) -> Result<(), Problem> {
        let new = New {
            to: self.region.to_owned(),
            kind,
            version: 1,
            person_key: person_key.to_owned(),
            lifetime_s: LIFETIME_S,
            purpose: PURPOSE,
            basis: "Art. 11",
            journal: self.entry.id,
            body: serde_json::to_value(body).expect("plain data"),
        };
        messages::post(tx, self.app, &new, self.now)
    }

    fn row(
        &self,
        service: Service,
        outlet: Id,
        sent: &CaseSent,
        wanted: &Wanted,
        key: &str,
        due: Utc,
    ) -> Case {
        let holder =
            Holder { number: wanted.number.trim().to_owned(), name: wanted.name.trim().to_owned() };
        Case {
            region: self.region.to_owned(),
            id: sent.case.clone(),
            theirs: false,
            service,
            outlet_id: outlet,
            outlet: sent.outlet_name.zh.clone(),
            clerk_id: self.entry.actor.account,
            clerk: sent.clerk.clone(),
            name: mask_name(&holder.name),
            person_key: key.to_owned(),
            person: None,
            holder: serde_json::to_string(&holder).expect("plain data"),
            sealed: String::new(),
            papers: sent.papers.join(","),
            state: "sent".to_owned(),
            result: String::new(),
            answer: String::new(),
            fee_fen: 0,
            sent_at: self.now,
            due_at: due,
            answered_at: None,
            closed_at: None,
        }
    }
}

/// Takes an answer. One about a case that is not ours, or that is answered, is refused for good.
fn take_answer(
    tx: &mut Tx<'_>,
    app: &Platform,
    message: &Message,
    now: Utc,
) -> Result<(), Problem> {
    let said: AnswerSent =
        serde_json::from_value(message.body.clone()).map_err(|_| NotBelieved::Unreadable)?;
    let case = store::one(tx, &message.from, &said.case)?.filter(|case| !case.theirs);
    let case = case.ok_or(NotBelieved::Unreadable)?;
    let latest = now.plus_seconds(crate::rules::SKEW_S).seconds();
    let at = Utc(said.at.clamp(case.sent_at.seconds(), latest) * 1_000_000);
    if said.sealed.is_empty() {
        return Ok(store::close(tx, &case.region, &case.id, at)?);
    }
    if case.state != "sent" {
        return Err(NotBelieved::Reused.into());
    }
    let answer = open_answer(app, message, &said)?;
    let text = serde_json::to_string(&answer).expect("plain data");
    let kept = Answered {
        result: &answer.result,
        answer: &text,
        fee_fen: answer.fee_fen.clamp(0, 1_000_000),
        person: None,
        name: &case.name,
        at,
        closed: said.closed || answer.result != "ok",
    };
    store::answer(tx, (&case.region, &case.id), &kept)?;
    let mut entry = Entry::new(app.id(), now, &Actor::system(), "joint.answered", "Art. 11")
        .on("joint", &case.id)
        .why(PURPOSE, &[]);
    entry.result = answer.result.clone();
    entry.detail = serde_json::json!({"region": case.region, "service": case.service.code()});
    Ok(journal::record(tx, &entry)?)
}

fn open_answer(app: &Platform, message: &Message, said: &AnswerSent) -> Result<Answer, Problem> {
    let context = rules::context(&message.from, &message.to, &said.case, "answer");
    let plain = open_sealed(app, SEAL_KEY, &context, &said.sealed).ok_or(Refused::Unreadable)?;
    let answer: Answer = serde_json::from_slice(&plain).map_err(|_| Refused::Unreadable)?;
    let texts = [&answer.reason, &answer.advice, &answer.stage];
    let long = texts.iter().any(|words| words.zh.len() + words.en.len() > 4_000);
    match long || answer.result.is_empty() || answer.result.len() > 80 || answer.possible.len() > 40
    {
        true => Err(Refused::Unreadable.into()),
        false => Ok(answer),
    }
}

/// A case of the clerk's outlet, with its answer when it came.
///
/// # Errors
/// Not found, also for those of other outlets.
pub async fn case(app: &App, clerk: &Actor, id: &str) -> Result<(Case, Option<Answer>), Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    let id = id.to_owned();
    let found = move |tx: &mut Tx<'_>| {
        let case = store::own(tx, outlet, &id)?.ok_or_else(Problem::not_found)?;
        let answer = serde_json::from_str(&case.answer).ok();
        Ok((case, answer))
    };
    app.db.read(found).await
}

/// The newest cases of the clerk's outlet.
///
/// # Errors
/// The actor has no outlet.
pub async fn cases(app: &App, clerk: &Actor) -> Result<Vec<Case>, Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    app.db.read(move |tx| Ok::<_, Problem>(store::of_outlet(tx, outlet, 50)?)).await
}

/// Forgets numbers and names a day after they were entered, and documents whose case never came.
///
/// # Errors
/// Of the database only.
pub(crate) async fn forget(app: &App) -> Result<(), Problem> {
    let now = Utc::now();
    let (yesterday, long_ago) = (Utc(now.0 - Utc::DAY), now.plus_seconds(-2 * LIFETIME_S));
    let forget = move |tx: &mut Tx<'_>| {
        store::forget_holders(tx, yesterday)?;
        store::forget_papers(tx, long_ago).map(drop)
    };
    Ok(app.db.housekeeping::<(), kernel::db::DbError>(forget).await?)
}

/// Number and name that a case was about, while they are kept.
pub(crate) fn holder_of(case: &Case) -> Holder {
    serde_json::from_str(&case.holder).unwrap_or_default()
}
