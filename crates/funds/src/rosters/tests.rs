mod checks;
mod flow;
mod house;
mod properties;
mod public;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx, v};
use kernel::id::Id;
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{TestDb, actor, id, platform};
use kernel::time::Utc;
use people::rules::Person;

use super::service::{self, Declared, Source};
use super::store::{self, Roster};
use super::{steps, work};
use crate::programmes::formula::yuan;
use crate::programmes::rules::{Body, Version};
use crate::programmes::{demo as list_of_programmes, store as programmes};

/// People who take part, in organisations of their own.
pub(crate) struct World {
    pub app: App,
    pub clerk: Actor,
    pub officer: Actor,
    pub finance: [Actor; 2],
    pub people: Vec<Person>,
}

pub(super) fn person(index: u32) -> Person {
    let made = people::generate::person(77, index).expect("within the population");
    Person {
        id: id(),
        number: made.number,
        document: made.document,
        name: made.name,
        sex: made.sex,
        birth: made.birth,
        nation: String::new(),
        phone: format!("199{index:08}"),
        address: made.address,
        household: String::new(),
        ground: made.ground,
        ground_until: None,
        deceased_on: None,
        version: 1,
    }
}

fn body(code: &str) -> Body {
    let (.., body) = list_of_programmes::bodies()
        .into_iter()
        .find(|(known, ..)| known == "BT-MZ-004")
        .expect("it is on the first list");
    let conflicts = if code == "B" { vec!["A-1".to_owned()] } else { Vec::new() };
    Body { max_line_fen: 100_000, two_above_fen: 1_000_000, conflicts, ..body }
}

fn publish(tx: &mut Tx<'_>, code: &str, department: Id, body: Body) -> Result<(), DbError> {
    let now = Utc::now();
    let version = Version {
        id: id(),
        code: code.to_owned(),
        version: 1,
        department,
        from: now.day(),
        closes: false,
        body,
    };
    let other = Actor { account: Id(-1), ..Actor::system() };
    programmes::propose(tx, &version, &Actor::system(), now)?;
    programmes::decide(tx, version.id, &other, true, "", now)?;
    programmes::apply(tx, id(), &version)
}

fn give_card(tx: &mut Tx<'_>, person: &Person) -> Result<(), DbError> {
    let card = id();
    let now = Utc(Utc::now().0 - 100 * Utc::DAY);
    tx.execute(
        "INSERT INTO card (person_id, id, stage, live, outlet_id, delivery, guardian, applied_at,
             handed_to, version) VALUES ($1, $2, 'active', $3, 1, '', '', $4, '', 1)",
        &[v(person.id), v(card), v(true), v(now)],
    )?;
    tx.execute(
        "INSERT INTO bank_account (person_id, card_id, bank_id, state, last_four, changed_at, version)
         VALUES ($1, $2, 9, 'active', '0001', $3, 1)",
        &[v(person.id), v(card), v(now)],
    )
    .map(drop)
}

fn org_of(actor: &Actor, kind: &str) -> Org {
    Org {
        id: actor.org.expect("staff"),
        credit_code: None,
        name_zh: format!("{kind}（演示）"),
        name_en: kind.to_owned(),
        kind: kind.to_owned(),
        division: "500112".to_owned(),
        parent: None,
    }
}

impl World {
    /// A platform with `count` people who have cards and accounts, and programmes A-1, B and H.
    pub async fn new(test: &TestDb, count: u32) -> Self {
        let migrations = [
            kernel::MIGRATIONS,
            people::MIGRATIONS,
            cards::MIGRATIONS,
            banks::MIGRATIONS,
            crate::MIGRATIONS,
            crate::payments::MIGRATIONS,
        ];
        let app = platform(test, &migrations).await;
        let (clerk, officer) = (actor(Role::Clerk), actor(Role::DepartmentOfficer));
        let first = actor(Role::DepartmentOfficer);
        let second = Actor { org: first.org, ..actor(Role::DepartmentOfficer) };
        let people: Vec<Person> = (0..count).map(person).collect();
        let made = people.clone();
        let orgs =
            [org_of(&clerk, "outlet"), org_of(&officer, "department"), org_of(&first, "finance")];
        let department = officer.org.expect("staff");
        app.db
            .housekeeping(move |tx| {
                for one in &orgs {
                    org::add(tx, one, Utc::now())?;
                }
                for code in ["A-1", "B", "H"] {
                    let per_household = code == "H";
                    publish(tx, code, department, Body { per_household, ..body(code) })?;
                }
                for person in &made {
                    people::store::insert(tx, person, Utc::now())?;
                    give_card(tx, person)?;
                }
                Ok::<_, DbError>(())
            })
            .await
            .expect("the world");
        Self { app, clerk, officer, finance: [first, second], people }
    }

    /// Enters a list of (number, name, yuan, household) and lets it be checked.
    pub async fn enter(&self, code: &str, lines: &[[&str; 4]]) -> Roster {
        let fen = lines
            .iter()
            .map(|line| crate::programmes::formula::parse_decimal(line[2], 2).unwrap_or_default());
        self.declare(code, lines, lines.len() as i64, fen.sum()).await
    }

    pub async fn declare(&self, code: &str, lines: &[[&str; 4]], count: i64, fen: i64) -> Roster {
        let mut csv = "社会保障号码,姓名,金额,户编号\n".to_owned();
        for line in lines {
            csv.push_str(&format!("{}\n", line.join(",")));
        }
        let source = Source::File(Box::new(std::io::Cursor::new(csv.into_bytes())));
        let declared = self.declared(code, count, fen);
        let id = service::create(&self.app, &self.clerk, declared, source).await.expect("entered");
        self.work().await;
        self.roster(id).await
    }

    pub fn declared(&self, code: &str, lines: i64, fen: i64) -> Declared {
        Declared {
            programme: code.to_owned(),
            period: "2026-11".to_owned(),
            division: String::new(),
            lines,
            fen,
        }
    }

    pub async fn work(&self) {
        work::round(&self.app).await.expect("a round");
    }

    pub async fn roster(&self, id: Id) -> Roster {
        let found = self.app.db.read(move |tx| store::by_id(tx, id)).await.expect("read");
        found.expect("there")
    }

    /// `line:state:reason:warnings` of all lines.
    pub async fn lines(&self, id: Id) -> Vec<String> {
        let load = move |tx: &mut Tx<'_>| {
            let sql = "SELECT line, state, reason, warn FROM roster_line WHERE roster_id = $1 ORDER BY line";
            let rows = tx.query(sql, &[v(id)])?;
            let text = |row: &kernel::db::Row| {
                let (state, reason): (String, String) = (row.get(1)?, row.get(2)?);
                Ok(format!("{}:{state}:{reason}:{}", row.get::<i64>(0)?, row.get::<String>(3)?))
            };
            rows.iter().map(text).collect::<Result<Vec<_>, DbError>>()
        };
        self.app.db.read(load).await.expect("read")
    }

    /// Good lines for the first `count` people of `fen` each.
    pub fn good(&self, count: usize, fen: i64) -> Vec<[String; 4]> {
        let line = |person: &Person| {
            [person.number.as_str().to_owned(), person.name.clone(), yuan(fen), String::new()]
        };
        self.people.iter().take(count).map(line).collect()
    }

    pub async fn enter_good(&self, code: &str, count: usize, fen: i64) -> Roster {
        let lines = self.good(count, fen);
        let lines: Vec<[&str; 4]> =
            lines.iter().map(|l| [l[0].as_str(), &l[1], &l[2], &l[3]]).collect();
        self.enter(code, &lines).await
    }

    /// Up to the public notice.
    pub async fn to_notice(&self, id: Id) {
        service::submit(&self.app, &self.clerk, id).await.expect("submitted");
        let said = "已核实";
        steps::review(&self.app, &self.officer, id, true, said).await.expect("reviewed");
    }

    pub async fn end_notice(&self) -> usize {
        let later = Utc(Utc::now().0 + 8 * Utc::DAY);
        steps::close_notices(&self.app, later).await.expect("closed")
    }

    pub async fn approve(&self, by: &Actor, id: Id) -> Result<super::rules::State, Problem> {
        steps::approve(&self.app, by, id, true, "").await
    }

    pub async fn sql(&self, sql: &'static str, params: Vec<kernel::db::Value<'static>>) {
        let run = move |tx: &mut Tx<'_>| tx.execute(sql, &params);
        self.app.db.housekeeping::<u64, DbError>(run).await.expect("runs");
    }
}
