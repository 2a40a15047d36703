//! The side of the holder's home: taking cases of the other region and answering them by the rules here.

use cards::rules::Command;
use cards::service::Holdings;
use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings::{self, Setting};
use kernel::time::{Utc, day_text};
use people::evidence::rules::EvidenceKind;
use people::evidence::service::{self as vault, NewEvidence};
use people::number::{PersonNumber, Strictness};
use people::pinyin::normalise_name;
use people::rules::{Person, mask_name};

use super::rules::{
    self, Answer, AnswerSent, CaseSent, PaperPart, Refused, Service, Wanted, Words,
};
use super::service::{PURPOSE, Sender};
use super::store::{self, Answered, Case, Outlet};
use crate::rules::{Message, Refused as NotBelieved};
use crate::service::messages::Handler;
use crate::service::{SEAL_KEY, open_sealed};

/// Cases that one outlet of the other region may send in a day.
pub const DAY_LIMIT: Setting = Setting {
    name: "joint.cases-per-outlet-day",
    default: 300,
    least: 1,
    most: 100_000,
    zh: "川渝通办：对方每个网点每天的业务上限",
    en: "Joint outlets: cases that one outlet of the other region may send in a day",
    article: 18,
};

/// Takes parts of documents.
pub const PAPER: Handler = Handler { kind: "joint.paper", version: 1, run: take_part };
/// Takes cases.
pub const CASE: Handler = Handler { kind: "joint.case", version: 1, run: take_case };

/// The most cases in a round.
const ROUND: i64 = 50;

fn take_part(tx: &mut Tx<'_>, _: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let part: PaperPart =
        serde_json::from_value(message.body.clone()).map_err(|_| NotBelieved::Unreadable)?;
    match part.is_plain() {
        true => Ok(store::insert_part(tx, &message.from, &part, now)?),
        false => Err(NotBelieved::Unreadable.into()),
    }
}

/// Keeps a case; it is answered by [`round`], because a password takes its time to be hashed.
fn take_case(tx: &mut Tx<'_>, app: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let sent: CaseSent =
        serde_json::from_value(message.body.clone()).map_err(|_| NotBelieved::Unreadable)?;
    let service = Service::from_code(&sent.service).filter(|_| sent.is_plain());
    let service = service.ok_or(NotBelieved::Unreadable)?;
    let outlet = store::outlet_of(tx, &message.from, &sent, app.id(), now)?;
    let latest = now.plus_seconds(400 * 86_400).seconds();
    let case = Case {
        region: message.from.clone(),
        id: sent.case.clone(),
        theirs: true,
        service,
        outlet_id: outlet.org,
        outlet: outlet.name_zh,
        clerk_id: Id(0),
        clerk: sent.clerk,
        name: String::new(),
        person_key: message.person_key.clone(),
        person: None,
        holder: String::new(),
        sealed: sent.sealed,
        papers: sent.papers.join(","),
        state: "sent".to_owned(),
        result: String::new(),
        answer: String::new(),
        fee_fen: 0,
        sent_at: now,
        due_at: Utc(sent.due.clamp(now.seconds(), latest) * 1_000_000),
        answered_at: None,
        closed_at: None,
    };
    match store::one(tx, &case.region, &case.id)? {
        Some(_) => Err(NotBelieved::Reused.into()),
        None => Ok(store::insert(tx, &case)?),
    }
}

/// Answers what waits.
///
/// # Errors
/// Of the database only.
pub async fn round(app: &App) -> Result<String, Problem> {
    let waiting = app.db.read(|tx| Ok::<_, Problem>(store::waiting(tx, ROUND)?)).await?;
    let count = waiting.len();
    for case in waiting {
        answer(app, case).await?;
    }
    Ok(format!("{count} answered"))
}

/// A case with all that was opened of it.
#[derive(Clone)]
struct Work {
    case: Case,
    wanted: Wanted,
    command: Option<Command>,
    papers: Vec<NewEvidence>,
    clerk: Actor,
}

async fn answer(app: &App, case: Case) -> Result<(), Problem> {
    let done = match open(app, &case).await {
        Ok(work) => carry_out(app, work).await,
        Err(problem) => Err(problem),
    };
    let done = match done {
        Err(problem) if problem.status < 500 && !is_race(&problem) => {
            refuse(app, case, problem).await
        }
        done => done,
    };
    match done {
        Err(problem) if is_race(&problem) => Ok(()),
        done => done,
    }
}

/// Another process was faster, or what it is about changed meanwhile: the next round looks again.
fn is_race(problem: &Problem) -> bool {
    problem.code == "platform/changed-meanwhile"
}

async fn open(app: &App, case: &Case) -> Result<Work, Problem> {
    let (app_in, case) = (app.clone(), case.clone());
    app.db
        .read(move |tx| {
            let now = Utc::now();
            let outlet = store::outlet(tx, case.outlet_id)?.ok_or_else(Problem::not_found)?;
            if outlet.closed_at.is_some() {
                return Err(Refused::OutletClosed.into());
            }
            let limit = settings::get(tx, &DAY_LIMIT, now)?;
            if store::since(tx, outlet.org, Utc::start_of(now.day()))? > limit {
                return Err(Refused::TooOften.into());
            }
            let plain = unseal(&app_in, &case, "case", &case.sealed)?;
            let wanted: Wanted = serde_json::from_slice(&plain).map_err(|_| Refused::Unreadable)?;
            if wanted.service()? != case.service {
                return Err(Refused::Unreadable.into());
            }
            let papers = papers(tx, &app_in, &case)?;
            let clerk = clerk_of(&case, &outlet);
            let command = wanted.command(case.service, &clerk.name)?;
            Ok(Work { case: case.clone(), wanted, command, papers, clerk })
        })
        .await
}

fn unseal(app: &Platform, case: &Case, piece: &str, sealed: &str) -> Result<Vec<u8>, Problem> {
    let context = rules::context(&case.region, &app.config.region, &case.id, piece);
    Ok(open_sealed(app, SEAL_KEY, &context, sealed).ok_or(Refused::Unreadable)?)
}

fn papers(tx: &mut Tx<'_>, app: &Platform, case: &Case) -> Result<Vec<NewEvidence>, Problem> {
    let kinds = case.papers.split(',').filter(|code| !code.is_empty());
    let mut papers = Vec::new();
    for (place, code) in kinds.enumerate() {
        let text = store::paper(tx, &case.region, &case.id, place)?.ok_or(Refused::Papers)?;
        let bytes = unseal(app, case, &format!("paper-{place}"), &text)?;
        let kind = EvidenceKind::from_code(code).ok_or(Refused::Papers)?;
        let purpose = format!("川渝通办：{}", case.outlet);
        papers.push(vault::read_new(NewEvidence { kind, purpose, bytes })?);
    }
    Ok(papers)
}

/// The clerk of the other region as an actor here: at the counter that stands for his outlet.
fn clerk_of(case: &Case, outlet: &Outlet) -> Actor {
    Actor {
        account: Id(0),
        name: format!("{} {} {}", case.region, case.outlet, case.clerk),
        role: Role::Clerk,
        org: Some(outlet.org),
        division: String::new(),
        person: None,
    }
}

async fn carry_out(app: &App, work: Work) -> Result<(), Problem> {
    if work.case.service == Service::Arrived {
        return arrived(app, work).await;
    }
    let hands = match &work.command {
        Some(command) => Some(cards::service::prepare(app, command, &work.wanted.agent).await),
        None => None,
    };
    let (app_in, ids) = (app.clone(), [app.id(), app.id(), app.id()]);
    let (fresh, paper_ids) =
        (people::service::fresh_ids(app), [(); rules::PAPERS].map(|()| app.id()));
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let entry = |id: Id, act, basis| Entry::new(id, now, &work.clerk, act, basis);
            let person = match work.case.service {
                Service::Apply => {
                    let form = work.wanted.registration();
                    let read = people::service::read_registration(&form, ids[0], now.day())?;
                    let entry = entry(ids[1], "person.registered", "Art. 12");
                    people::service::register_in(tx, &read, &entry, &fresh)?
                }
                _ => holder(tx, &work.wanted, now)?,
            };
            let mut fee_fen = 0;
            if let (Some(command), Some(hands)) = (&work.command, &hands) {
                let before = fee(command);
                let outlet = work.clerk.org;
                cards::service::perform_in(tx, hands, &work.clerk, person.id, command, outlet)?;
                fee_fen = before.map_or(Ok(0), |cause| fee_due(tx, cause, now))?;
            } else {
                let entry = entry(ids[1], "person.read", "Art. 18");
                people::service::read(tx, entry, person.id, PURPOSE)?;
            }
            for (paper, id) in work.papers.iter().zip(paper_ids) {
                let entry = Entry::new(id, now, &work.clerk, "evidence.taken", "Art. 12");
                vault::take_in(tx, &app_in.keys, &entry, (person.id, id), paper)?;
            }
            let mut answer = glance(tx, &person, work.clerk.org, now)?;
            (answer.result, answer.fee_fen) = ("ok".to_owned(), fee_fen);
            answer.reason = Words::from(&done(work.case.service));
            let entry = entry(ids[2], "joint.done", "Art. 11").about(person.id);
            finish(tx, &app_in, &work.case, &entry, Some(&person), &answer)?;
            if work.case.service == Service::HandOver {
                close_open(tx, &app_in, &work.case, &entry, person.id)?;
            }
            Ok(())
        })
        .await
}

/// The holder that number and name on the document belong to. Whether the number or the name is wrong is
/// not told, so that nobody learns who is registered.
fn holder(tx: &mut Tx<'_>, wanted: &Wanted, now: Utc) -> Result<Person, Problem> {
    let parsed = PersonNumber::parse(&wanted.number, now.day(), Strictness::WithEvidence);
    let number = parsed.map_err(|_| Refused::NoSuchHolder)?.number;
    let person = people::store::by_number(tx, &number)?;
    let name = normalise_name(&wanted.name);
    Ok(person.filter(|person| person.name == name).ok_or(Refused::NoSuchHolder)?)
}

fn fee(command: &Command) -> Option<cards::rules::Cause> {
    match command {
        Command::Replace { cause, fee: cards::rules::Fee::Paid(_), .. } => Some(*cause),
        _ => None,
    }
}

fn fee_due(tx: &mut Tx<'_>, cause: cards::rules::Cause, now: Utc) -> Result<i64, Problem> {
    let fee = settings::get(tx, &cards::settings::FEE_FEN, now)?;
    Ok(cards::rules::fee_of(cause, fee))
}

fn done(service: Service) -> Text {
    if service == Service::Look {
        return Text::new("发卡地答复如下", "The home region answers");
    }
    let name = service.name();
    Text::new(format!("{}：已办理", name.zh), format!("{}: done", name.en))
}

/// The card as a clerk may see it: state and what can be done, no number and no address.
fn glance(
    tx: &mut Tx<'_>,
    person: &Person,
    outlet: Option<Id>,
    now: Utc,
) -> Result<Answer, Problem> {
    let held = Holdings::load(tx, person.id)?;
    let context = held.context(tx, person, outlet, now)?;
    let possible = Answer::offers(&cards::service::possible(&held, &context));
    let mut answer = Answer { possible, ..Answer::default() };
    if let Some(card) = held.coming.as_ref().or(held.living.as_ref()) {
        answer.stage = Words::from(&card.stage.name().0);
        answer.expires_on = card.expires_on.map(day_text).unwrap_or_default();
        let clock = |clock: cards::rules::clocks::Clock| {
            let state = card.clocks.get(clock).name().0;
            (Words::from(&clock.name()), Words::from(&state))
        };
        answer.clocks = cards::rules::clocks::Clock::ALL.map(clock).to_vec();
    }
    Ok(answer)
}

/// Keeps the answer, sends it, and writes the journal.
fn finish(
    tx: &mut Tx<'_>,
    app: &Platform,
    case: &Case,
    entry: &Entry,
    person: Option<&Person>,
    answer: &Answer,
) -> Result<(), Problem> {
    let closed = answer.result != "ok" || !case.service.makes_card();
    let name = person.map(|person| mask_name(&person.name)).unwrap_or_default();
    let kept = Answered {
        result: &answer.result,
        answer: &serde_json::to_string(answer).expect("plain data"),
        fee_fen: answer.fee_fen,
        person: person.map(|person| person.id),
        name: &name,
        at: entry.at,
        closed,
    };
    store::answer(tx, (&case.region, &case.id), &kept)?;
    store::delete_papers(tx, &case.region, &case.id)?;
    let sender = Sender { app, region: &case.region, case: &case.id, entry, now: entry.at };
    let sealed = sender.seal(tx, "answer", answer)?;
    let body = AnswerSent { case: case.id.clone(), at: entry.at.seconds(), closed, sealed };
    sender.post(tx, "joint.answer", &case.id, &body)?;
    let mut entry = entry.clone().on("joint", &case.id).why(PURPOSE, &[]);
    entry.result = answer.result.clone();
    entry.detail = serde_json::json!({"region": case.region, "service": case.service.code(),
        "outlet": case.outlet});
    Ok(journal::record(tx, &entry)?)
}

/// The card was handed over: the case in which it was applied for has ended, on both sides.
fn close_open(
    tx: &mut Tx<'_>,
    app: &Platform,
    case: &Case,
    entry: &Entry,
    person: Id,
) -> Result<(), Problem> {
    for open in store::open_of(tx, person)? {
        store::close(tx, &open.region, &open.id, entry.at)?;
        let sender = Sender { app, region: &case.region, case: &open.id, entry, now: entry.at };
        let (at, sealed) = (entry.at.seconds(), String::new());
        let body = AnswerSent { case: open.id.clone(), at, closed: true, sealed };
        sender.post(tx, "joint.answer", &open.id, &body)?;
    }
    Ok(())
}

/// The cards on their way to the outlet have come: from now on they can be handed over.
async fn arrived(app: &App, work: Work) -> Result<(), Problem> {
    let outlet = work.clerk.org.ok_or_else(Problem::forbidden)?;
    let cards = cards::production::service::answers::receive_all(app, &work.clerk, outlet).await?;
    let reason = Text::new(format!("签收{cards}张卡"), format!("{cards} cards received"));
    let (cards, reason) = (cards as i64, Words::from(&reason));
    let answer = Answer { result: "ok".to_owned(), reason, cards, ..Answer::default() };
    let entry = Entry::new(app.id(), Utc::now(), &work.clerk, "joint.done", "Art. 11");
    let app_in = app.clone();
    app.db.write(move |tx| finish(tx, &app_in, &work.case, &entry, None, &answer)).await
}

async fn refuse(app: &App, case: Case, problem: Problem) -> Result<(), Problem> {
    let app_in = app.clone();
    let clerk = Actor {
        name: format!("{} {} {}", case.region, case.outlet, case.clerk),
        ..Actor::system()
    };
    let entry = Entry::new(app.id(), Utc::now(), &clerk, "joint.refused", "Art. 11");
    let answer = Answer::no(&problem);
    app.db.write(move |tx| finish(tx, &app_in, &case, &entry, None, &answer)).await
}
