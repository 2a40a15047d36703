//! Demonstration data: organisations, an account for each role, people with and without cards, a
//! terminal. Passwords are random, made anew at each start and printed once; nothing of this exists
//! without `--demo`.

mod bankers;
mod banks;
mod bills;
mod care;
mod money;
mod provinces;
mod regions;
mod staff;
mod villagers;
mod voices;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Instant;

use cards::production::rules::stock::Movement;
use cards::rules::Command;
use codes::service::NewTerminal;
use indicatif::{ProgressBar, ProgressStyle};
use kernel::actor::Actor;
use kernel::auth::{self, NewAccount};
use kernel::db::{DbError, Limits, Tx, v};
use kernel::id::{Id, IdMaker};
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::org::{self, Org};
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::rules::Person;
use people::store;

use crate::command::Place;
use crate::migrations;
use crate::serve::one_time_password;
pub use provinces::issuer;
use provinces::{Province, province};
pub use regions::{RegionsArguments, run as regions};
use staff::{ACCOUNTS, DemoOrg, ORGS};

/// Unified social credit code of Chongqing's made-up issuing authority.
pub const ISSUER: &str = provinces::CHONGQING.issuer;
/// The generated population of Chongqing's demonstration.
pub(crate) const SEED: u64 = provinces::CHONGQING.seed;
/// Blank cards that the outlet of a fresh demonstration has.
const BLANKS: i64 = 500;
/// Loans in the libraries of both provinces: a joint item that the demonstration's terminal offers too.
const JOINT_LOANS: &str = "CY-CU-001";
/// The terminal's token, in the data folder.
const TOKEN: &str = "demo-terminal.token";
/// People of a fresh demonstration.
const PEOPLE: u32 = 2_000;
/// Those among the first people who get active cards.
const HOLDERS: usize = 4;

/// What is printed when a demonstration starts.
pub struct Demo {
    province: &'static Province,
    password: String,
    holder_password: String,
    holders: Vec<(String, String)>,
    item: String,
    data: std::path::PathBuf,
}

impl Demo {
    /// The lines for the person at the console.
    pub fn told(&self, address: SocketAddr) -> String {
        let mut text = format!(
            "\n演示账号 / demo accounts (password of this start: {})\n\
             \x20 staff sign in at http://{address}/staff/sign-in; the code of the second factor is shown there\n",
            self.password
        );
        for (role, login, name, _) in ACCOUNTS {
            let name = self.province.zh(name);
            text.push_str(&format!("  {:<20} {login:<10} {name}\n", role.name().en));
        }
        text.push_str(&format!(
            "\n持卡人 / holders (password of this start: {})\n\
             \x20 sign in at http://{address}/sign-in; the SMS code is shown there\n",
            self.holder_password
        ));
        for (number, name) in &self.holders {
            text.push_str(&format!("  {number:<20} {name}\n"));
        }
        text.push_str(&format!(
            "\n终端 / terminal: copy the content of a holder's QR code, then\n\
             \x20 yikatong terminal verify --server http://{address} --token-file {} --item {} --code 'CQ1:…'\n",
            self.data.join(TOKEN).display(),
            self.item
        ));
        text
    }
}

/// Makes what is missing and gives all demo accounts fresh passwords.
///
/// # Errors
/// See [`Problem`].
pub async fn prepare(app: &App) -> Result<Demo, Problem> {
    let known = is_demonstration(app).await?;
    let desks = bankers::desks(app)?;
    let holders = match known {
        true => known_holders(app).await?,
        false => make_all(app, &desks).await?,
    };
    bills::open(bills::desks(app)?);
    bankers::open(desks);
    let demo = Demo {
        province: province(&app.config.region),
        password: one_time_password(),
        holder_password: one_time_password(),
        holders,
        item: items::seed::LIBRARY.to_owned(),
        data: app.config.data.clone(),
    };
    set_passwords(app, &demo).await?;
    Ok(demo)
}

/// Whether this database was made by a demonstration before. One with accounts of its own is refused:
/// nobody turns a real register into a demonstration by a forgotten option.
async fn is_demonstration(app: &App) -> Result<bool, Problem> {
    let issuer = province(&app.config.region).issuer;
    let (known, accounts) = app
        .db
        .read(move |tx| {
            let known = tx.optional("SELECT 1 FROM org WHERE credit_code = $1", &[v(issuer)])?;
            let accounts = tx.query("SELECT 1 FROM account LIMIT 1", &[])?;
            Ok::<_, Problem>((known.is_some(), !accounts.is_empty()))
        })
        .await?;
    match (known, accounts) {
        (false, true) => Err(Problem::new(
            409,
            "demo/not-a-demonstration",
            Text::new("该数据库不是演示数据库", "This database is not a demonstration's"),
            Text::new(
                "请去掉 --demo,或另选数据目录",
                "Leave out --demo, or choose another data folder",
            ),
        )),
        (known, _) => Ok(known),
    }
}

async fn make_all(
    app: &App,
    desks: &[std::sync::Arc<payfile::simulator::Folder>],
) -> Result<Vec<(String, String)>, Problem> {
    let orgs = make_orgs_and_accounts(app).await?;
    load_people(app, 0, PEOPLE, |_| {}).await?;
    let clerk = actor_of(app, "CLERK").await?;
    let (received, note) = (Movement::Received, "演示数据");
    cards::production::service::stock::enter(app, &clerk, received, BLANKS, note).await?;
    let mut holders = Vec::new();
    for person in eligible_people(app).await? {
        let steps = [
            Command::Apply { guardian: String::new() },
            Command::Produce,
            Command::HandOver { to: person.name.clone() },
            Command::Activate { password: one_time_password() },
        ];
        for step in steps {
            cards::service::perform(app, &clerk, person.id, step).await?;
        }
        holders.push((person.number.as_str().to_owned(), person.name));
    }
    let owner = actor_of(app, "LIBRARY").await?;
    let here = province(&app.config.region);
    let terminal = NewTerminal {
        org: orgs["library"],
        place: here.zh("重庆市示范图书馆 一楼借阅台（演示）"),
        items: vec![items::seed::LIBRARY.to_owned(), JOINT_LOANS.to_owned()],
        channel: Some(items::rules::Channel::Counter),
        division: here.division("500103"),
    };
    let (_, token) = codes::service::register_terminal(app, &owner, terminal).await?;
    outlets::seed::seed(app, orgs["outlet"]).await?;
    if here.is_home() {
        make_services(app, &orgs, &clerk, desks).await?;
    }
    write_secret(&app.config.data.join(TOKEN), &token)
        .map_err(|error| DbError::Unavailable(error.to_string()))?;
    Ok(holders)
}

/// Banks, payments and cases of Chongqing.
async fn make_services(
    app: &App,
    orgs: &HashMap<&'static str, Id>,
    clerk: &Actor,
    desks: &[std::sync::Arc<payfile::simulator::Folder>],
) -> Result<(), Problem> {
    banks::make(app, orgs["bank"]).await?;
    outlets::seed::work(app, clerk, 7).await?;
    let villagers = villagers::make(app).await?;
    money::make(app, &villagers, desks).await?;
    bills::make(app, &villagers, desks).await?;
    care::make(app, orgs).await?;
    voices::make(app).await?;
    outlets::seed::waiting(app, &actor_of(app, "DISTRICT").await?).await?;
    Ok(())
}

fn write_secret(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}

async fn make_orgs_and_accounts(app: &App) -> Result<HashMap<&'static str, Id>, Problem> {
    let ids: HashMap<&str, Id> = ORGS.iter().map(|org| (org.key, app.id())).collect();
    let accounts: Vec<Id> = ACCOUNTS.iter().map(|_| app.id()).collect();
    let (shared, orgs, keys) = (app.clone(), ids.clone(), app.keys.clone());
    let here = province(&app.config.region);
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "demo.made", "")
        .why("演示数据 / demonstration data", &[]);
    app.db
        .write(move |tx| {
            let now = Utc::now();
            for demo in &ORGS {
                org::add(tx, &org_of(here, demo, orgs[demo.key]), now)?;
            }
            for ((role, login, name, org), id) in ACCOUNTS.into_iter().zip(&accounts) {
                let division = ORGS.iter().find(|o| o.key == org).map_or("", |o| o.division);
                let account = NewAccount {
                    id: *id,
                    role,
                    name: here.zh(name),
                    org: Some(orgs[org]),
                    division: here.division(division),
                    person: None,
                    phone: None,
                };
                auth::create_account(tx, &account, now)?;
                auth::add_login(tx, *id, login)?;
                auth::set_totp_secret(tx, &keys, *id, &random::<20>())?;
            }
            items::seed::seed(
                tx,
                &|| shared.id(),
                &|key| orgs.get(key).copied().unwrap_or(orgs["city"]),
                now,
            )?;
            funds::programmes::demo(
                tx,
                &|| shared.id(),
                &|key| orgs.get(key).copied().unwrap_or(orgs["finance"]),
                now,
            )?;
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(())
        })
        .await?;
    Ok(ids)
}

fn org_of(here: &Province, demo: &DemoOrg, id: Id) -> Org {
    Org {
        id,
        credit_code: (demo.key == "city").then(|| here.issuer.to_owned()),
        name_zh: here.zh(demo.name_zh),
        name_en: here.en(demo.name_en),
        kind: demo.kind.to_owned(),
        division: here.division(demo.division),
        parent: None,
    }
}

/// The account with this login, as an actor.
pub(crate) async fn actor_of(app: &App, login: &'static str) -> Result<Actor, Problem> {
    app.db
        .read(move |tx| {
            let account = auth::account_called(tx, login)?;
            let sql = "SELECT id, name, role, org_id, division FROM account WHERE id = $1";
            let row = tx.one(sql, &[v(account)])?;
            let role = row.get::<String>(2)?.parse();
            Ok(Actor {
                account: row.get(0)?,
                name: row.get(1)?,
                role: role.map_err(|()| DbError::Engine("unknown role".to_owned()))?,
                org: row.get(3)?,
                division: row.get(4)?,
                person: None,
            })
        })
        .await
}

/// Adults of Chongqing among the first people, one of them old.
async fn eligible_people(app: &App) -> Result<Vec<Person>, Problem> {
    let today = Utc::now().day();
    let seed = province(&app.config.region).seed;
    let numbers: Vec<_> =
        (0..PEOPLE).filter_map(|i| people::generate::person(seed, i)).map(|p| p.number).collect();
    app.db
        .read(move |tx| {
            let (mut old, mut young) = (Vec::new(), Vec::new());
            for number in &numbers {
                let Some(person) = store::by_number(tx, number)? else { continue };
                let plain = person.number.as_str().len() == 18;
                if !plain || people::rules::eligibility(&person, today).is_err() {
                    continue;
                }
                match person.age_on(today) {
                    68..80 if old.is_empty() => old.push(person),
                    22..60 if young.len() < HOLDERS - 1 => young.push(person),
                    _ => {}
                }
                if old.len() + young.len() == HOLDERS {
                    break;
                }
            }
            young.extend(old);
            Ok::<_, Problem>(young)
        })
        .await
}

async fn known_holders(app: &App) -> Result<Vec<(String, String)>, Problem> {
    app.db
        .read(|tx| {
            let sql = "SELECT p.number, p.name FROM account a JOIN person p ON p.id = a.person_id
                       WHERE a.role = 'holder' AND a.closed_at IS NULL ORDER BY a.id LIMIT 8";
            let rows = tx.query(sql, &[])?;
            let read = |row: &kernel::db::Row| Ok((row.get(0)?, row.get(1)?));
            rows.iter().map(read).collect::<Result<_, DbError>>().map_err(Problem::from)
        })
        .await
}

async fn set_passwords(app: &App, demo: &Demo) -> Result<(), Problem> {
    let staff = seal::password::hash(&demo.password, &random::<16>());
    let holder = seal::password::hash(&demo.holder_password, &random::<16>());
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "demo.passwords", "")
        .why("演示账号换发密码 / fresh demo passwords", &[]);
    let holders = demo.holders.clone();
    app.db
        .write(move |tx| {
            for (_, login, ..) in ACCOUNTS {
                set_password(tx, &login.to_uppercase(), &staff)?;
            }
            for (number, _) in &holders {
                set_password(tx, number, &holder)?;
            }
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(())
        })
        .await
}

fn set_password(tx: &mut Tx<'_>, login: &str, hash: &str) -> Result<(), DbError> {
    let account = auth::account_called(tx, login)?.ok_or(DbError::NotOne(0))?;
    auth::set_password(tx, account, hash)
}

/// People of one transaction.
const CHUNK: u32 = 20_000;

/// Streams generated people `from..to` into the register, in chunks, and tells how far it is.
///
/// # Errors
/// See [`Problem`]; chunks before the failure are kept.
pub async fn load_people(
    app: &App,
    from: u32,
    to: u32,
    progress: impl Fn(u32),
) -> Result<(), Problem> {
    let mut at = from;
    while at < to {
        let end = to.min(at.saturating_add(CHUNK));
        let shared = app.clone();
        let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "people.generated", "")
            .why(format!("虚构人员 {at}..{end} / generated people"), &[]);
        app.db
            .write(move |tx| {
                let now = Utc::now();
                let here = province(&shared.config.region);
                let made = |index| made(here, index, &shared.ids, now);
                let people: Vec<Person> = (at..end).filter_map(made).collect();
                let mut rows = people.iter().map(|person| store::person_row(person, now));
                tx.bulk(store::PERSON_ROWS, &mut rows)?;
                let mut numbers = people.iter().map(store::number_row);
                tx.bulk(store::NUMBER_ROWS, &mut numbers)?;
                journal::record(tx, &entry)?;
                Ok::<_, Problem>(())
            })
            .await?;
        at = end;
        progress(at - from);
    }
    Ok(())
}

/// The person at this place of the generated population, ready for the register.
pub(crate) fn made_person(app: &App, index: u32, now: Utc) -> Option<Person> {
    made(province(&app.config.region), index, &app.ids, now)
}

fn made(here: &Province, index: u32, ids: &IdMaker, now: Utc) -> Option<Person> {
    let made = here.person(index)?;
    let entitled = made.ground != people::rules::Ground::Household;
    let years = time::Duration::days(365 * 3);
    Some(Person {
        id: ids.next(now),
        number: made.number,
        document: made.document,
        name: made.name,
        sex: made.sex,
        birth: made.birth,
        nation: made.nation.or(made.country).unwrap_or_default().to_owned(),
        phone: made.phone,
        address: made.address,
        household: made.household.map(|division| division.code.to_owned()).unwrap_or_default(),
        ground: made.ground,
        ground_until: entitled.then(|| now.day().saturating_add(years)),
        deceased_on: None,
        version: 1,
    })
}

/// `yikatong demo generate`: streams people into either engine and prints the rate.
///
/// # Errors
/// In words, what went wrong.
pub async fn generate(place: Place, people: u32) -> Result<ExitCode, String> {
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    let (db, keys) = (place.open(&Limits::default())?, place.keys()?);
    db.migrate(migrations()).await.map_err(|error| error.to_string())?;
    let app = crate::serve::tool_platform(db, keys, &place).await.map_err(|e| e.to_string())?;
    let known = app.db.read(|tx| Ok::<_, Problem>(store::count(tx)?)).await.map_err(words)?;
    let from = u32::try_from(known).map_err(|error| error.to_string())?;
    let to = from.checked_add(people).filter(|to| *to <= people::generate::POPULATION);
    let to = to.ok_or_else(|| format!("at most {} people", people::generate::POPULATION))?;
    let bar = ProgressBar::new(u64::from(people));
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} people  {per_sec}  {eta} left");
    bar.set_style(style.map_err(|error| error.to_string())?);
    let began = Instant::now();
    load_people(&app, from, to, |done| bar.set_position(u64::from(done))).await.map_err(words)?;
    bar.finish();
    while kernel::journal::sequence(&app).await.map_err(|error| error.to_string())? > 0 {}
    let seconds = began.elapsed().as_secs_f64();
    println!("{people} people in {seconds:.1} s: {:.0} people/s", f64::from(people) / seconds);
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demonstrations_issuers_have_valid_codes() {
        for region in ["500000", "510000"] {
            assert!(people::credit_code::CreditCode::parse(issuer(region)).is_ok());
        }
    }

    #[test]
    fn every_demo_account_acts_for_a_demo_organisation() {
        for (role, login, _, org) in ACCOUNTS {
            assert!(role.is_staff() && ORGS.iter().any(|known| known.key == org), "{login}");
        }
    }
}
