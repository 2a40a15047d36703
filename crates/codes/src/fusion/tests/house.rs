//! A platform with a list of one item, a terminal, a department, and a registered reader's card.

use std::sync::Arc;

use axum::Router;
use cards::rules::Command;
use items::catalogue::Catalogue;
use items::rules::{Area, Details, Function, Item, Level, List, State, Way};
use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Stored};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, TestDb, actor, databases, platform};
use kernel::time::{Utc, day_text};
use people::field::Field;
use people::service::Registration;
use time::Duration;

use crate::fusion::decoders::Layout;
use crate::fusion::decoders::tests::{public, sm2_code, sm2_layout};
use crate::fusion::service::approvals;
use crate::fusion::service::formats::{self, NewFormat, NewKey};
use crate::fusion::service::gateway::{Answer, Gateway, Question};
use crate::fusion::service::links::{self, Done, NewLink};
use crate::fusion::service::schemes::{self, NewScheme};
use crate::service::{Codes, NewTerminal, register_terminal};

pub const ITEM: &str = "CQ-CU-001";
pub const PREFIX: &str = "CQLIB1:";

pub struct House {
    pub app: App,
    pub catalogue: Arc<Catalogue>,
    pub gateway: Arc<Gateway>,
    pub department: Actor,
    pub officer: Actor,
    pub approver: Actor,
    pub clerk: Actor,
    pub terminal: Actor,
    pub engine: &'static str,
    // Last: its folder goes when all else is gone.
    _db: TestDb,
}

pub fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

pub fn day(after: i64) -> String {
    day_text(Utc::now().day().saturating_add(Duration::days(after)))
}

fn item(owner: Id) -> Item {
    Item {
        id: Id(1),
        code: ITEM.to_owned(),
        version: 3,
        name: Text::new("图书借还", "Books"),
        area: Area::Culture,
        list: List::City,
        owner,
        level: Level::Code,
        ways: vec![Way::Code],
        fields: vec![Field::NameMasked],
        basis: String::new(),
        guide: Text::default(),
        from: Utc::now().day(),
        until: None,
        state: State::Published,
        details: Details {
            functions: vec![Function::Identity, Function::Record],
            ..Details::default()
        },
    }
}

pub async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for db in databases(name) {
        let schema = [
            kernel::MIGRATIONS,
            people::MIGRATIONS,
            banks::MIGRATIONS,
            cards::MIGRATIONS,
            crate::MIGRATIONS,
            crate::fusion::MIGRATIONS,
        ];
        let app = platform(&db, &schema).await;
        let clerk = actor(Role::Clerk);
        let received = cards::production::rules::stock::Movement::Received;
        let stock = cards::production::service::stock::enter(&app, &clerk, received, 100, "test");
        stock.await.expect("blank cards");
        let department = actor(Role::DepartmentOfficer);
        let org = department.org.expect("an organisation");
        let catalogue = Arc::new(Catalogue::of(vec![item(org)], Vec::new()));
        let new = NewTerminal {
            org,
            place: "借阅台".to_owned(),
            items: vec![ITEM.to_owned()],
            channel: None,
            division: String::new(),
        };
        let (id, _) = register_terminal(&app, &department, new).await.expect("a terminal");
        let codes = Arc::new(Codes::start(&app, catalogue.clone()));
        houses.push(House {
            gateway: crate::fusion::wiring::gateway(&app, codes, catalogue.clone()),
            terminal: Actor { account: id, org: Some(org), ..actor(Role::Terminal) },
            officer: actor(Role::MunicipalOfficer),
            approver: actor(Role::MunicipalApprover),
            engine: db.engine,
            catalogue,
            department,
            clerk,
            app,
            _db: db,
        });
    }
    houses
}

/// The reader's card of a library, issued for many years.
pub fn library() -> NewScheme {
    NewScheme {
        code: "CQ-LIBRARY".to_owned(),
        kind: "library".to_owned(),
        form: "both".to_owned(),
        name_zh: "读者证".to_owned(),
        name_en: "Reader's card".to_owned(),
        issuer: "示范图书馆".to_owned(),
        purpose_zh: "借书".to_owned(),
        purpose_en: "Borrowing".to_owned(),
        area: "culture".to_owned(),
        functions: "identity,record".to_owned(),
        fields: "name_masked,phone".to_owned(),
        basis: "馆规".to_owned(),
        holders: 1_000,
        technical: "二维码".to_owned(),
        started_on: "2015-01-01".to_owned(),
        ..NewScheme::default()
    }
}

impl House {
    pub async fn register(&self, new: &NewScheme) -> Result<Id, Problem> {
        let made = schemes::register(&self.app, &self.catalogue, &self.department, new).await?;
        Ok(made.id)
    }

    /// Confirms all that waits.
    pub async fn confirm(&self) {
        for waits in approvals::waiting(&self.app).await.expect("read") {
            let done = self.decide(&self.approver, waits.id, true).await;
            done.expect("confirmed");
        }
    }

    pub async fn decide(&self, checker: &Actor, id: Id, yes: bool) -> Result<(), Problem> {
        let comment = if yes { "" } else { "请补充" };
        approvals::decide(&self.app, &self.catalogue, checker, id, yes, comment).await
    }

    pub async fn format(&self, layout: Layout) -> Result<Id, Problem> {
        let new = NewFormat { layout, from: day(0), until: String::new() };
        formats::add(&self.app, &self.department, "CQ-LIBRARY", &new).await
    }

    pub async fn key(&self, format: Id) -> Result<Id, Problem> {
        let (from, until) = (day(-1), day(30));
        let new = NewKey { kid: "K1".to_owned(), material: public(), from, until };
        formats::add_key(&self.app, &self.department, format, &new).await
    }

    /// The reader's card with its signed format, all confirmed; ids of format and key.
    pub async fn library(&self) -> (Id, Id) {
        self.register(&library()).await.expect("registered");
        self.confirm().await;
        let format = self.format(sm2_layout(PREFIX)).await.expect("a format");
        let key = self.key(format).await.expect("a key");
        self.confirm().await;
        (format, key)
    }

    /// A fresh code of the reader's card.
    pub fn code(&self, number: &str) -> String {
        sm2_code(PREFIX, number, Utc::now().seconds())
    }

    /// A registered resident and his number.
    pub async fn resident(&self, index: u32) -> (Id, String) {
        let made = (index * 1_000..).filter_map(|n| people::generate::person(9, n));
        let grown = |made: &people::generate::GeneratedPerson| {
            made.birth.year() < 2000 && made.number.as_str().starts_with("500")
        };
        let made = made.into_iter().find(grown).expect("most people are");
        let number = made.number.as_str().to_owned();
        let form = Registration {
            number: number.clone(),
            document: made.document.code().to_owned(),
            name: made.name,
            phone: made.phone,
            address: made.address,
            household: "500103".to_owned(),
            ground: "household".to_owned(),
            ..Registration::default()
        };
        let person = people::service::register(&self.app, &self.clerk, form).await;
        (person.expect("registered").id, number)
    }

    /// A resident with an active social security card.
    pub async fn holder(&self, index: u32) -> (Id, String) {
        let (person, number) = self.resident(index).await;
        let steps = [
            Command::Apply { guardian: String::new() },
            Command::Produce,
            Command::HandOver { to: "本人".to_owned() },
            Command::Activate { password: "482915".to_owned() },
        ];
        for step in steps {
            let done = cards::service::perform(&self.app, &self.clerk, person, step).await;
            done.expect("the card's life goes on");
        }
        (person, number)
    }

    pub async fn link(&self, person: &str, number: &str) -> Result<Done, Problem> {
        let new = NewLink {
            person: person.to_owned(),
            number: number.to_owned(),
            from: day(0),
            until: String::new(),
        };
        Ok(links::add(&self.app, &self.department, "CQ-LIBRARY", &[new]).await?[0])
    }

    pub async fn ask(&self, actor: &Actor, code: &str, item: &str) -> Answer {
        let question =
            Question { code: code.to_owned(), item: item.to_owned(), purpose: "借书".to_owned() };
        self.gateway.decode(actor.clone(), question).await.expect("an answer")
    }

    /// `ok`, or why not.
    pub async fn said(&self, code: &str) -> &'static str {
        self.ask(&self.terminal, code, ITEM).await.why.unwrap_or("ok")
    }

    pub async fn entries(&self, act: &'static str) -> Vec<Stored> {
        let newest = |tx: &mut Tx<'_>| journal::newest(tx, Id(i64::MAX), 1_000);
        let all = self.app.db.read(newest).await.expect("read");
        all.into_iter().filter(|entry| entry.act == act).collect()
    }

    pub fn router(&self) -> Router {
        kernel::http::build(self.app.clone(), crate::fusion::routes(self.gateway.clone())).router
    }

    pub async fn browser(&self, router: &Router, actor: &Actor) -> Client {
        Client::signed_in(router, &self.app, actor).await
    }
}
