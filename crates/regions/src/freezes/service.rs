//! Asking the home region to freeze, freezing for another region, and the end.

use kernel::actor::{Actor, Role};
use kernel::approval;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::{Article, Refusal, Text};
use kernel::outbox::{self, Sms};
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::settings::{self, Setting};
use kernel::time::Utc;
use people::freezes::rules::Terms;
use people::freezes::{Freeze, Reason, Scope, Source, store as frozen};
use people::number::{PersonNumber, Strictness};
use people::pinyin::normalise_name;
use people::rules::{Person, mask_name};
use serde::{Deserialize, Serialize};

use super::rules::{Event, State, next};
use super::store::{self, Across};
use crate::joint::rules::{context, is_case_id};
use crate::joint::service::Sender;
use crate::rules::{Message, Refused as NotBelieved};
use crate::service::messages::{self, Handler, New};
use crate::service::{SEAL_KEY, open_sealed};

/// Freezes for another region.
pub const ASKED: Handler = Handler { kind: "freeze.asked", version: 1, run: take_asked };
/// Hears what the home region did.
pub const ANSWERED: Handler = Handler { kind: "freeze.answered", version: 1, run: take_answered };
/// Ends a freeze by the word of the region that froze.
pub const THAWED: Handler = Handler { kind: "freeze.thawed", version: 1, run: take_thawed };
/// Hears that the home region asks for the end.
pub const PLEA: Handler = Handler { kind: "freeze.plea", version: 1, run: take_plea };

/// Freezes that another region may ask for in a day.
pub const DAY_LIMIT: Setting = Setting {
    name: "regions.freezes-per-day",
    default: 500,
    least: 1,
    most: 100_000,
    zh: "对方地区每天可提请冻结的次数上限",
    en: "Freezes that another region may ask for in a day",
    article: 20,
};

const PURPOSE: &str = "跨省冻结 / a freeze across regions";
pub(super) const APPROVAL: &str = "region.thaw";
const LIFETIME_S: i64 = 14 * 86_400;

/// Why a freeze across regions is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No holder with this number and name.
    NoSuchHolder,
    /// It is at another step, or not this region's to end.
    NotNow,
    /// Too many in a day.
    TooOften,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchHolder => "freezes-across/no-such-holder",
            Self::NotNow => "freezes-across/not-now",
            Self::TooOften => "freezes-across/too-often",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(20))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::NoSuchHolder => {
                ("没有该号码和姓名的持卡人", "No holder with this number and name")
            }
            Self::NotNow => ("该冻结当前不能这样处理", "This freeze cannot be treated so now"),
            Self::TooOften => ("今日提请冻结次数过多", "Too many freezes were asked for today"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::NoSuchHolder => ("请核对号码和姓名", "Compare number and name"),
            Self::NotNow => (
                "只有提出冻结的地区可以解除；请刷新页面",
                "Only the region that froze ends it; reload the page",
            ),
            Self::TooOften => {
                ("请电话联系发卡地批量冻结", "Call the home region for a mass freeze")
            }
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        if *self == Self::TooOften { 429 } else { 409 }
    }
}

#[derive(Serialize, Deserialize)]
struct AskedBody {
    freeze: String,
    scope: String,
    item: String,
    reason: String,
    by: String,
    /// [`Whom`], in an envelope.
    sealed: String,
}

#[derive(Serialize, Deserialize)]
struct Whom {
    number: String,
    name: String,
    words: String,
}

#[derive(Serialize, Deserialize)]
struct AnsweredBody {
    freeze: String,
    result: String,
}

/// The end, or a plea for it.
#[derive(Serialize, Deserialize)]
struct Word {
    freeze: String,
    words: String,
}

/// What an officer asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// Home region.
    pub region: String,
    /// The person's number.
    pub number: String,
    /// The person's name.
    pub name: String,
    /// Code of the scope.
    pub scope: String,
    /// Code of the item, for that scope.
    pub item: String,
    /// Code of the reason.
    pub reason: String,
    /// Why, in words.
    pub words: String,
}

fn said(field: &'static str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    match (2..=200).contains(&text.chars().count()) {
        true => Ok(text.to_owned()),
        false => Err(Problem::field(
            field,
            Text::new("请用2到200字说明", "Say why, in 2 to 200 characters"),
        )),
    }
}

/// Posts beside its cause; messages about one freeze are done in order.
fn post(
    tx: &mut Tx<'_>,
    app: &Platform,
    (region, kind, freeze): (&str, &'static str, &str),
    body: &impl Serialize,
    entry: &Entry,
) -> Result<(), Problem> {
    let new = New {
        to: region.to_owned(),
        kind,
        version: 1,
        person_key: format!("freeze {freeze}"),
        lifetime_s: LIFETIME_S,
        purpose: PURPOSE,
        basis: "Art. 20",
        journal: entry.id,
        body: serde_json::to_value(body).expect("plain data"),
    };
    messages::post(tx, app, &new, entry.at)
}

fn entry(app: &Platform, actor: &Actor, act: &'static str, region: &str, id: &str) -> Entry {
    let mut entry = Entry::new(app.id(), Utc::now(), actor, act, "Art. 20")
        .on("freeze-across", id)
        .why(PURPOSE, &[]);
    entry.detail = serde_json::json!({ "region": region });
    entry
}

/// Asks the home region to freeze a card whose misuse showed here.
///
/// # Errors
/// Something is missing, or the region is not trusted.
pub async fn ask(app: &App, actor: &Actor, wanted: &Wanted) -> Result<String, Problem> {
    let scope = Scope::parse(&wanted.scope, &wanted.item)?;
    let reason = Reason::from_code(&wanted.reason).ok_or(people::freezes::Refused::NoReason)?;
    let words = said("words", &wanted.words)?;
    let (number, name) = (wanted.number.trim().to_uppercase(), wanted.name.trim().to_owned());
    if !(6..=30).contains(&number.len()) || !(1..=60).contains(&name.chars().count()) {
        return Err(Problem::field("number", Text::new("请填写号码和姓名", "Number and name")));
    }
    let id = hex::encode(random::<16>());
    let entry = entry(app, actor, "freeze-across.asked", &wanted.region, &id);
    let (shared, region, made) = (app.clone(), wanted.region.clone(), id.clone());
    let write = move |tx: &mut Tx<'_>| {
        let now = entry.at;
        let sender = Sender { app: &shared, region: &region, case: &id, entry: &entry, now };
        let whom = Whom { number: number.clone(), name: name.clone(), words: words.clone() };
        let body = AskedBody {
            freeze: id.clone(),
            scope: scope.code().to_owned(),
            item: scope.item().to_owned(),
            reason: reason.code().to_owned(),
            by: entry.actor.name.chars().take(40).collect(),
            sealed: sender.seal(tx, "freeze", &whom)?,
        };
        post(tx, &shared, (&region, ASKED.kind, &id), &body, &entry)?;
        let row = Across {
            region: region.clone(),
            id: id.clone(),
            theirs: false,
            state: State::Asked,
            result: String::new(),
            name: mask_name(&name),
            person: None,
            freeze: None,
            scope: body.scope,
            reason: body.reason,
            words: words.clone(),
            by_name: body.by,
            at: now,
            answered_at: None,
            thawed_at: None,
            approval: None,
            plea: String::new(),
            plea_at: None,
            version: 1,
        };
        store::insert(tx, &row)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await?;
    Ok(made)
}

/// Freezes at once, in the transaction that takes the message; number and name must both fit.
fn take_asked(tx: &mut Tx<'_>, app: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let body: AskedBody =
        serde_json::from_value(message.body.clone()).map_err(|_| NotBelieved::Unreadable)?;
    let scope = Scope::parse(&body.scope, &body.item).map_err(|_| NotBelieved::Unreadable)?;
    let reason = Reason::from_code(&body.reason).ok_or(NotBelieved::Unreadable)?;
    let place = context(&message.from, &message.to, &body.freeze, "freeze");
    let plain = open_sealed(app, SEAL_KEY, &place, &body.sealed);
    let whom: Option<Whom> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    let whom = whom.ok_or(NotBelieved::Unreadable)?;
    let plain = is_case_id(&body.freeze)
        && body.by.chars().count() <= 40
        && whom.words.chars().count() <= 200;
    if !plain {
        return Err(NotBelieved::Unreadable.into());
    }
    if store::one(tx, &message.from, &body.freeze)?.is_some() {
        return Err(NotBelieved::Reused.into());
    }
    let region = crate::store::trusted(tx, &message.from)?
        .map_or_else(|| message.from.clone(), |known| known.said.name);
    let officer = Actor {
        account: Id(0),
        name: format!("{region} {}", body.by),
        role: Role::MunicipalOfficer,
        ..Actor::system()
    };
    let entry = entry(app, &officer, "card.frozen", &message.from, &body.freeze);
    let mut row = Across {
        region: message.from.clone(),
        id: body.freeze.clone(),
        theirs: true,
        state: State::Asked,
        result: String::new(),
        name: mask_name(&whom.name),
        person: None,
        freeze: None,
        scope: body.scope.clone(),
        reason: body.reason.clone(),
        words: whom.words.clone(),
        by_name: body.by.clone(),
        at: now,
        answered_at: Some(now),
        thawed_at: None,
        approval: None,
        plea: String::new(),
        plea_at: None,
        version: 1,
    };
    let made = freeze(tx, app, &message.from, (&whom, scope, reason), &officer, now);
    let mut entry = Entry { id: entry.id, at: now, ..entry };
    match made {
        Ok(made) => {
            row.result = "ok".to_owned();
            (row.person, row.freeze) = (Some(made.person), Some(made.id));
            entry = entry.about(made.person).why(&whom.words, &[]);
        }
        Err(problem) if problem.status < 500 => {
            row.result = problem.code.to_owned();
            entry.result.clone_from(&row.result);
        }
        Err(problem) => return Err(problem),
    }
    row.state = next(row.state, Event::Answered { froze: row.result == "ok" });
    store::insert(tx, &row)?;
    let answer = AnsweredBody { freeze: body.freeze.clone(), result: row.result };
    post(tx, app, (&message.from, ANSWERED.kind, &body.freeze), &answer, &entry)?;
    Ok(journal::record(tx, &entry)?)
}

fn freeze(
    tx: &mut Tx<'_>,
    app: &Platform,
    region: &str,
    (whom, scope, reason): (&Whom, Scope, Reason),
    officer: &Actor,
    now: Utc,
) -> Result<Freeze, Problem> {
    let limit = settings::get(tx, &DAY_LIMIT, now)?;
    if store::count_since(tx, region, Utc(now.0 - Utc::DAY))? >= limit {
        return Err(Refused::TooOften.into());
    }
    let person = holder(tx, whom, now)?.ok_or(Refused::NoSuchHolder)?;
    let look_hours = settings::get(tx, &people::freezes::rules::LOOK_HOURS, now)?;
    let terms = Terms { look_hours, ..Terms::default() };
    let of = (app.id(), person.id);
    let made = Freeze {
        words: whom.words.clone(),
        division: region.to_owned(),
        // One freeze of a scope for each region, as for each pair of hands.
        by: Id(region.parse().unwrap_or(0)),
        by_name: officer.name.clone(),
        ..Freeze::new(of, scope, Source::Region, reason, &terms, now)
    };
    if frozen::insert(tx, std::slice::from_ref(&made))? != [true] {
        return Err(people::freezes::Refused::Already.into());
    }
    let what = made.scope.name().zh;
    tell(tx, app, &person, now, format!("您的社会保障卡因在外地用卡异常被冻结（{what}）。"))?;
    Ok(made)
}

fn holder(tx: &mut Tx<'_>, whom: &Whom, now: Utc) -> Result<Option<Person>, Problem> {
    let Ok(parsed) = PersonNumber::parse(&whom.number, now.day(), Strictness::WithEvidence) else {
        return Ok(None);
    };
    let person = people::store::by_number(tx, &parsed.number)?;
    Ok(person.filter(|person| person.name == normalise_name(&whom.name)))
}

fn tell(
    tx: &mut Tx<'_>,
    app: &Platform,
    person: &Person,
    now: Utc,
    text: String,
) -> Result<(), Problem> {
    if person.phone.is_empty() {
        return Ok(());
    }
    let text = format!("【一卡通】{text}如有疑问请拨打12333。");
    Ok(outbox::put_sms(tx, app.id(), now, &Sms { to: person.phone.clone(), text })?)
}

fn take_answered(
    tx: &mut Tx<'_>,
    app: &Platform,
    message: &Message,
    now: Utc,
) -> Result<(), Problem> {
    let body: AnsweredBody =
        serde_json::from_value(message.body.clone()).map_err(|_| NotBelieved::Unreadable)?;
    let kept = store::one(tx, &message.from, &body.freeze)?.filter(|kept| !kept.theirs);
    let kept = kept.filter(|_| (1..=80).contains(&body.result.len()));
    let mut kept = kept.ok_or(NotBelieved::Unreadable)?;
    if kept.answered_at.is_some() {
        return Err(NotBelieved::Reused.into());
    }
    kept.state = next(kept.state, Event::Answered { froze: body.result == "ok" });
    (kept.result, kept.answered_at) = (body.result, Some(now));
    store::update(tx, &kept)?;
    let mut entry = entry(app, &Actor::system(), "freeze-across.answered", &kept.region, &kept.id);
    entry.result.clone_from(&kept.result);
    Ok(journal::record(tx, &entry)?)
}

/// An officer of the region that froze asks for the end; another one decides.
///
/// # Errors
/// [`Refused::NotNow`], no reason.
pub async fn ask_thaw(
    app: &App,
    actor: &Actor,
    (region, id): (&str, &str),
    words: &str,
) -> Result<(), Problem> {
    let words = said("words", words)?;
    let entry = entry(app, actor, "freeze-across.thaw-asked", region, id).why(&words, &[]);
    let (shared, actor, key) = (app.clone(), actor.clone(), (region.to_owned(), id.to_owned()));
    let write = move |tx: &mut Tx<'_>| {
        let mut kept = own(tx, &key)?;
        if kept.approval.is_some() {
            return Err(Refused::NotNow.into());
        }
        let asked = shared.id();
        let object = format!("freeze-across:{}", kept.id);
        approval::ask(tx, asked, &actor, APPROVAL, &object, &words, entry.at)?;
        kept.approval = Some(asked);
        store::update(tx, &kept)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}

/// One that we froze and that has not ended.
fn own(tx: &mut Tx<'_>, (region, id): &(String, String)) -> Result<Across, Problem> {
    let kept = store::one(tx, region, id)?.ok_or_else(Problem::not_found)?;
    let ends = next(kept.state, Event::Thawed { by_who_froze: !kept.theirs }) == State::Thawed;
    match ends && kept.state != State::Thawed {
        true => Ok(kept),
        false => Err(Refused::NotNow.into()),
    }
}

/// The second officer's word. A yes is told to the home region, which thaws.
///
/// # Errors
/// His own work, [`Refused::NotNow`].
pub async fn decide_thaw(
    app: &App,
    actor: &Actor,
    (region, id): (&str, &str),
    yes: bool,
) -> Result<(), Problem> {
    let mut entry = entry(app, actor, "freeze-across.thaw-decided", region, id);
    entry.result = if yes { "ok" } else { "refused" }.to_owned();
    let (shared, actor, key) = (app.clone(), actor.clone(), (region.to_owned(), id.to_owned()));
    let write = move |tx: &mut Tx<'_>| {
        let mut kept = own(tx, &key)?;
        let asked = kept.approval.take().ok_or(Refused::NotNow)?;
        let decided = approval::decide(tx, asked, &actor, yes, "", entry.at)?;
        if yes {
            kept.state = next(kept.state, Event::Thawed { by_who_froze: true });
            kept.thawed_at = Some(entry.at);
            let word = Word { freeze: kept.id.clone(), words: decided.summary };
            post(tx, &shared, (&kept.region, THAWED.kind, &kept.id), &word, &entry)?;
        }
        store::update(tx, &kept)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}

/// Thaws by the word of the region that froze, and of no other: what it asks for is looked up under its name.
fn take_thawed(
    tx: &mut Tx<'_>,
    app: &Platform,
    message: &Message,
    now: Utc,
) -> Result<(), Problem> {
    let word = word(message)?;
    let kept = store::one(tx, &message.from, &word.freeze)?.filter(|kept| kept.theirs);
    let mut kept = kept.ok_or(NotBelieved::Unreadable)?;
    let ended = next(kept.state, Event::Thawed { by_who_froze: true });
    if ended == kept.state {
        return Ok(());
    }
    (kept.state, kept.thawed_at) = (ended, Some(now));
    store::update(tx, &kept)?;
    let Some(id) = kept.freeze else { return Ok(()) };
    let Some(made) = frozen::get(tx, id)?.filter(Freeze::in_force) else { return Ok(()) };
    let who = (made.by, made.by_name.as_str());
    frozen::lift(tx, &made, who, &word.words, now)?;
    if let Some(person) = people::store::by_id(tx, made.person)? {
        tell(tx, app, &person, now, "您的社会保障卡冻结已由提出地区解除。".to_owned())?;
    }
    let entry = entry(app, &Actor::system(), "card.thawed", &kept.region, &kept.id);
    let entry = entry.about(made.person).why(&word.words, &[]);
    Ok(journal::record(tx, &entry)?)
}

fn word(message: &Message) -> Result<Word, NotBelieved> {
    let word: Word =
        serde_json::from_value(message.body.clone()).map_err(|_| NotBelieved::Unreadable)?;
    match word.words.chars().count() <= 200 {
        true => Ok(word),
        false => Err(NotBelieved::Unreadable),
    }
}

/// The home region asks the one that froze to end it: the holder appealed, say.
///
/// # Errors
/// [`Refused::NotNow`], no reason.
pub async fn plead(
    app: &App,
    actor: &Actor,
    (region, id): (&str, &str),
    words: &str,
) -> Result<(), Problem> {
    let words = said("words", words)?;
    let entry = entry(app, actor, "freeze-across.plea", region, id).why(&words, &[]);
    let (shared, key) = (app.clone(), (region.to_owned(), id.to_owned()));
    let write = move |tx: &mut Tx<'_>| {
        let mut kept = store::one(tx, &key.0, &key.1)?.ok_or_else(Problem::not_found)?;
        if !kept.theirs || kept.state != State::Frozen {
            return Err(Refused::NotNow.into());
        }
        (kept.plea, kept.plea_at) = (words.clone(), Some(entry.at));
        let word = Word { freeze: kept.id.clone(), words: words.clone() };
        post(tx, &shared, (&kept.region, PLEA.kind, &kept.id), &word, &entry)?;
        store::update(tx, &kept)?;
        let entry = Entry { subject: kept.person, ..entry.clone() };
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}

fn take_plea(tx: &mut Tx<'_>, _: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let word = word(message)?;
    let kept = store::one(tx, &message.from, &word.freeze)?.filter(|kept| !kept.theirs);
    let mut kept = kept.ok_or(NotBelieved::Unreadable)?;
    (kept.plea, kept.plea_at) = (word.words, Some(now));
    Ok(store::update(tx, &kept)?)
}
