//! Reports from people, and cases opened by an office.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::divisions;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, random};
use kernel::problem::{FieldProblem, Problem};
use kernel::settings;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use super::{REPORTERS, binding, mark, no_key, seal, unseal};
use crate::cases::TRIAGE_DAYS;
use crate::cases::rules::{Clause, Concerned, Origin, Refused, Source, State};
use crate::cases::store::{self, Case, Step};

/// What somebody tells.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct Telling {
    /// Code of the clause, `25.2`; empty when he does not know.
    #[serde(default)]
    pub clause: String,
    /// Division (GB/T 2260) where it happened.
    #[serde(default)]
    pub division: String,
    /// What happened, where, when, who.
    #[serde(default)]
    pub words: String,
    /// His name; empty for an anonymous report.
    #[serde(default)]
    pub name: String,
    /// How to reach him; may be empty.
    #[serde(default)]
    pub contact: String,
}

/// What the reporter keeps: with both he can ask how it stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Told {
    /// Number of the case.
    pub number: String,
    /// Follow-up code; it is shown once and only its digest is stored.
    pub code: String,
}

/// Letters and digits that cannot be taken for one another.
fn letters<const N: usize>(random: [u8; N]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

fn digest(code: &str) -> Vec<u8> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    seal::token::digest(&plain.to_ascii_uppercase()).to_vec()
}

/// Somebody reports a violation, with or without his name (Art. 22, 24, 25). The journal does not say who:
/// it names the platform.
///
/// # Errors
/// Fields that are missing, too long or unknown.
pub async fn report(app: &App, actor: Option<&Actor>, told: &Telling) -> Result<Told, Problem> {
    let keys = &app.keys;
    check(told)?;
    let (id, now) = (app.id(), Utc::now());
    let number = format!("V{}-{}", now.day().year(), letters(random::<8>()));
    let raw = letters(random::<12>());
    let code = format!("{}-{}-{}", &raw[..4], &raw[4..8], &raw[8..]);
    // Only those who could become handlers are marked; a holder's report knows nothing of him.
    let staff = actor.filter(|actor| actor.role.is_staff());
    let reporter = staff.map_or(Ok(Vec::new()), |actor| mark(keys, actor.account))?;
    let (name, contact) = (told.name.trim(), told.contact.trim());
    let identity = match name.is_empty() && contact.is_empty() {
        true => None,
        false => {
            keys.store().create(REPORTERS, &random()).map_err(no_key)?;
            let (plain, context) = (format!("{name}\n{contact}"), binding(id, "identity"));
            let sealed = keys.store().seal(REPORTERS, &random(), &context, plain.as_bytes());
            Some(sealed.map_err(no_key)?)
        }
    };
    let case = Case {
        code: digest(&code),
        identity,
        clause: told.clause.trim().to_owned(),
        about: Concerned {
            reporter,
            division: told.division.trim().to_owned(),
            ..Concerned::default()
        },
        ..blank(id, &number, Source::Report, seal(keys, id, "words", told.words.trim()), now)
    };
    let entry = Entry::new(app.id(), now, &Actor::system(), "case.reported", "Art. 22")
        .on("case", id)
        .why("受理举报 / a report was taken", &[]);
    let step = first_step(app.id(), &case, &Actor { name: "举报人".to_owned(), ..Actor::system() });
    app.db.write(move |tx| enter(tx, &case, &step, &entry, now)).await?;
    Ok(Told { number, code })
}

fn blank(id: Id, number: &str, source: Source, words: Vec<u8>, now: Utc) -> Case {
    Case {
        id,
        number: number.to_owned(),
        code: Vec::new(),
        source,
        origin: None,
        clause: String::new(),
        words,
        reported_at: now,
        identity: None,
        said: None,
        state: State::Reported,
        duplicate_of: None,
        about: Concerned::default(),
        respondent: None,
        investigator: None,
        investigator_name: String::new(),
        decider: None,
        decider_name: String::new(),
        reviewer: None,
        reviewer_name: String::new(),
        notice: None,
        reply: None,
        evidence: 0,
        due: None,
        state_since: now,
        version: 1,
    }
}

fn first_step(id: Id, case: &Case, actor: &Actor) -> Step {
    Step {
        id,
        at: case.reported_at,
        act: "report".to_owned(),
        state: State::Reported,
        account: actor.account,
        name: actor.name.clone(),
        words: None,
    }
}

fn enter(
    tx: &mut Tx<'_>,
    case: &Case,
    step: &Step,
    entry: &Entry,
    now: Utc,
) -> Result<(), Problem> {
    let days = settings::get(tx, &TRIAGE_DAYS, now)?;
    let due = Some(care::calendar::current(tx)?.1.after(now.day(), days));
    if !store::insert(tx, &Case { due, ..case.clone() })? {
        return Err(Refused::Known.into());
    }
    store::add_step(tx, case.id, step)?;
    Ok(journal::record(tx, entry)?)
}

fn check(told: &Telling) -> Result<(), Problem> {
    let mut wrong = Vec::new();
    let mut fault = |field: &str, bad: bool, zh: &str, en: &str| {
        if bad {
            wrong.push(FieldProblem { field: field.to_owned(), text: Text::new(zh, en) });
        }
    };
    let count = told.words.trim().chars().count();
    let (clause, division) = (told.clause.trim(), told.division.trim());
    let no_clause = !clause.is_empty() && Clause::from_code(clause).is_none();
    fault("clause", no_clause, "请从列表中选择", "Choose from the list");
    fault("division", divisions::find(division).is_none(), "请选择区县", "Choose a district");
    fault(
        "words",
        !(10..=4_000).contains(&count),
        "请写明情况（10至4000字）",
        "What happened, in 10 to 4,000 letters",
    );
    fault("name", told.name.chars().count() > 60, "不超过60字", "Up to 60 letters");
    fault("contact", told.contact.chars().count() > 100, "不超过100字", "Up to 100 letters");
    if wrong.is_empty() { Ok(()) } else { Err(Problem::invalid(wrong)) }
}

/// What a reporter sees of his case.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Status {
    /// Number of the case.
    pub number: String,
    /// Code of its state.
    pub state: &'static str,
    /// The state in Chinese.
    pub state_zh: String,
    /// The state in English.
    pub state_en: String,
    /// When it was reported.
    pub reported_at: String,
    /// What the office tells him.
    pub said: String,
}

fn unlock(tx: &mut Tx<'_>, number: &str, code: &str) -> Result<Case, Problem> {
    let case = store::numbered(tx, &number.trim().to_ascii_uppercase())?;
    let given = digest(code);
    let case = case.filter(|case| seal::token::same(&case.code, &given));
    // A wrong number and a wrong code look the same.
    case.ok_or_else(Problem::not_found)
}

/// How a report stands, for whoever has its number and code.
///
/// # Errors
/// Not found, when one of the two is wrong.
pub async fn status(app: &App, number: &str, code: &str) -> Result<Status, Problem> {
    let (keys, number, code) = (app.keys.clone(), number.to_owned(), code.to_owned());
    app.db
        .read(move |tx| {
            let mut case = unlock(tx, &number, &code)?;
            if let Some(other) = case.duplicate_of {
                // He follows the case that his was joined to, under his own number.
                let other = store::one(tx, other)?.ok_or_else(Problem::not_found)?;
                (case.state, case.said, case.id) = (other.state, other.said, other.id);
            }
            let said = case.said.as_deref();
            let said = said.map(|sealed| unseal(&keys, case.id, "said", sealed)).transpose()?;
            let name = case.state.name();
            Ok(Status {
                number: case.number,
                state: case.state.code(),
                state_zh: name.zh,
                state_en: name.en,
                reported_at: case.reported_at.local(),
                said: said.unwrap_or_default(),
            })
        })
        .await
}

/// More that a reporter tells.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct More {
    /// Number of the case.
    #[serde(default)]
    pub number: String,
    /// Follow-up code.
    #[serde(default)]
    pub code: String,
    /// What he adds; empty when he only asks.
    #[serde(default)]
    pub words: String,
}

/// The reporter adds something.
///
/// # Errors
/// Number or code are wrong, the words are missing or too long, or the case is done.
pub async fn more(app: &App, told: &More) -> Result<(), Problem> {
    if !(1..=4_000).contains(&told.words.trim().chars().count()) {
        let text = Text::new("请填写补充内容（4000字以内）", "What to add, up to 4,000 letters");
        return Err(Problem::field("words", text));
    }
    let (keys, id, now, told) = (app.keys.clone(), app.id(), Utc::now(), told.clone());
    let entry = Entry::new(app.id(), now, &Actor::system(), "case.reported-more", "Art. 22");
    app.db
        .write(move |tx| {
            let case = unlock(tx, &told.number, &told.code)?;
            let case = match case.duplicate_of {
                Some(other) => store::one(tx, other)?.ok_or_else(Problem::not_found)?,
                None => case,
            };
            if case.state.is_end() {
                return Err(Refused::Step.into());
            }
            let place = format!("step {id}");
            let words = Some(seal(&keys, case.id, &place, told.words.trim()));
            let actor = Actor { name: "举报人".to_owned(), ..Actor::system() };
            let step = Step {
                act: "supplement".to_owned(),
                at: now,
                state: case.state,
                words,
                ..first_step(id, &case, &actor)
            };
            store::add_step(tx, case.id, &step)?;
            let why = "举报人补充 / the reporter added something";
            Ok(journal::record(tx, &entry.clone().on("case", case.id).why(why, &[]))?)
        })
        .await
}

/// Who told of the thing that a case comes from: he does not handle the case (Art. 25).
fn teller(tx: &mut Tx<'_>, origin: &Origin) -> Result<Option<Id>, Problem> {
    let id = || origin.id.parse::<Id>().map_err(|_| Problem::not_found());
    match origin.source {
        Source::Refusal => {
            let told = codes::refusals::one(tx, id()?)?.ok_or_else(Problem::not_found)?;
            Ok(told.told_by)
        }
        Source::Complaint => {
            let matter = care::complaints::store::by_id(tx, id()?)?;
            Ok(matter.ok_or_else(Problem::not_found)?.opened_by)
        }
        _ => Ok(None),
    }
}

/// An office opens a case from an alert, a refusal, an entry of the journal or another thing.
///
/// # Errors
/// There is one already, or a field is missing or unknown.
pub async fn from_office(
    app: &App,
    actor: &Actor,
    from: &str,
    told: &Telling,
) -> Result<Id, Problem> {
    check(told)?;
    let origin = Origin::parse(from).ok_or_else(|| {
        let text = Text::new("来源格式如 refusal:编号", "The origin looks like refusal:id");
        Problem::field("from", text)
    })?;
    let (id, now, keys) = (app.id(), Utc::now(), app.keys.clone());
    let number = format!("V{}-{}", now.day().year(), letters(random::<8>()));
    let case = Case {
        origin: Some(origin.clone()),
        clause: told.clause.trim().to_owned(),
        about: Concerned { division: told.division.trim().to_owned(), ..Concerned::default() },
        ..blank(id, &number, origin.source, seal(&keys, id, "words", told.words.trim()), now)
    };
    let step = first_step(app.id(), &case, actor);
    let entry = Entry::new(app.id(), now, actor, "case.entered", "Art. 26")
        .on("case", id)
        .why(format!("线索立案 / from {origin}"), &[]);
    app.db
        .write(move |tx| {
            let mut case = case.clone();
            let teller = teller(tx, &origin)?.map(|account| mark(&keys, account)).transpose()?;
            case.about.reporter = teller.unwrap_or_default();
            enter(tx, &case, &step, &entry, now)?;
            Ok(id)
        })
        .await
}
