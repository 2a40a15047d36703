//! A small town: a published list, holders, one of them with an active card, a terminal at a library.

use std::sync::Arc;

use axum::Router;
use cards::rules::Command;
use codes::service::{Codes, NewTerminal, Presented, register_terminal};
use items::rules::Channel;
use items::service::Catalogue;
use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx, v};
use kernel::http::{self, kernel_routes};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Refusal as _;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, TestDb, actor, databases, platform};
use kernel::time::Utc;
use people::service::Registration;

pub const ITEM: &str = items::seed::LIBRARY;

pub fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

pub struct Town {
    pub app: App,
    pub codes: Arc<Codes>,
    pub router: Router,
    pub clerk: Actor,
    pub person: Id,
    pub holder: Actor,
    pub number: String,
    pub card_no: String,
    pub terminal: Actor,
    pub engine: &'static str,
    // Last: its folder goes when all else is gone.
    _test: TestDb,
}

pub async fn towns(name: &str) -> Vec<Town> {
    let mut made = Vec::new();
    for test in databases(name) {
        made.push(Town::of(test).await);
    }
    made
}

impl Town {
    async fn of(test: TestDb) -> Self {
        let schema = [
            kernel::MIGRATIONS,
            people::MIGRATIONS,
            cards::MIGRATIONS,
            cards::bulk::MIGRATIONS,
            items::MIGRATIONS,
            codes::MIGRATIONS,
            codes::refusals::MIGRATIONS,
            codes::figures::MIGRATIONS,
            banks::MIGRATIONS,
            funds::MIGRATIONS,
            funds::payments::MIGRATIONS,
            super::super::MIGRATIONS,
        ];
        let app = platform(&test, &schema).await;
        let shared = app.clone();
        let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "test.made", "");
        let seeded = app.db.write(move |tx| {
            items::seed::seed(tx, &|| shared.id(), &|_| Id(1), Utc::now())?;
            journal::record(tx, &entry)
        });
        seeded.await.expect("the seed list");
        let catalogue = Arc::new(Catalogue::default());
        catalogue.load(&app).await.expect("the list is read");
        let codes = Arc::new(Codes::start(&app, catalogue));
        let router = http::build(app.clone(), kernel_routes().merge(super::super::routes())).router;
        let clerk = actor(Role::Clerk);
        let stock = cards::production::rules::stock::Movement::Received;
        cards::production::service::stock::enter(&app, &clerk, stock, 100, "blank cards")
            .await
            .expect("blank cards");
        let person = register(&app, &clerk, 0).await;
        let name = activate(&app, &clerk, person).await;
        let terminal = terminal(&app, "500103").await;
        let read = app.db.read(move |tx| {
            let card = cards::store::living(tx, person)?.expect("a card");
            let person = people::store::by_id(tx, person)?.expect("a person");
            Ok::<_, DbError>((card.card_no.expect("a number"), person.number))
        });
        let (card_no, number) = read.await.expect("read");
        let holder = Actor { person: Some(person), name, ..actor(Role::Holder) };
        let engine = test.engine;
        let number = number.as_str().to_owned();
        Self {
            app,
            codes,
            router,
            clerk,
            person,
            holder,
            number,
            card_no,
            terminal,
            engine,
            _test: test,
        }
    }

    /// The card is read at the terminal: `ok`, or the code of the refusal.
    pub async fn read_card(&self) -> &'static str {
        let read = format!("500103|{}|{}|", self.number, self.card_no);
        let shown = Presented { read, ..Presented::default() };
        let verdict = self.codes.verify(self.terminal.clone(), ITEM, &shown).await;
        verdict.expect("an answer").result.err().map_or("ok", |refused| refused.code())
    }

    pub async fn browser(&self, actor: &Actor) -> Client {
        Client::signed_in(&self.router, &self.app, actor).await
    }

    /// Somebody new of the register, without a card.
    pub async fn somebody(&self, place: u32) -> Id {
        register(&self.app, &self.clerk, place).await
    }

    /// The last code that was sent to a phone.
    pub async fn last_code(&self) -> String {
        let sql = "SELECT body FROM outbox ORDER BY id DESC LIMIT 20";
        let read =
            self.app.db.read(move |tx| tx.query(sql, &[])?.iter().map(|r| r.get(0)).collect());
        let bodies: Vec<String> = read.await.expect("read");
        let body = bodies.into_iter().find(|body| body.contains("验证码")).expect("a code");
        let digits = body.split("验证码 ").nth(1).expect("a code");
        digits.chars().take(6).collect()
    }

    pub async fn change<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Send + Sync + 'static,
    ) -> T {
        self.app.db.housekeeping(work).await.expect("changed")
    }

    pub async fn acts(&self, act: &'static str) -> i64 {
        let sql = "SELECT COUNT(*) FROM journal_entry WHERE act = $1";
        let read = self.app.db.read(move |tx| tx.one(sql, &[v(act)])?.get(0));
        read.await.expect("read")
    }
}

/// A terminal at a library in a division.
pub async fn terminal(app: &App, division: &str) -> Actor {
    let owner = actor(Role::DepartmentOfficer);
    let new = NewTerminal {
        org: owner.org.expect("an organisation"),
        place: "测试图书馆".to_owned(),
        items: vec![ITEM.to_owned()],
        channel: Some(Channel::Counter),
        division: division.to_owned(),
    };
    let (account, _) = register_terminal(app, &owner, new).await.expect("registered");
    Actor { account, name: "测试图书馆".to_owned(), ..actor(Role::Terminal) }
}

async fn register(app: &App, clerk: &Actor, place: u32) -> Id {
    let made = (0..).filter_map(|n| people::generate::person(9, n));
    let made = made.filter(|made| (1970..2000).contains(&made.birth.year()));
    let mut made = made.filter(|made| made.number.as_str().starts_with("500"));
    let made = made.nth(place as usize).expect("most people are");
    let form = Registration {
        number: made.number.as_str().to_owned(),
        document: made.document.code().to_owned(),
        name: made.name.clone(),
        phone: made.phone,
        address: made.address,
        household: "500103".to_owned(),
        ground: "household".to_owned(),
        ..Registration::default()
    };
    people::service::register(app, clerk, form).await.expect("registered").id
}

async fn activate(app: &App, clerk: &Actor, person: Id) -> String {
    let known = app.db.read(move |tx| people::store::by_id(tx, person)).await.expect("read");
    let name = known.expect("a person").name;
    let steps = [
        Command::Apply { guardian: String::new() },
        Command::Produce,
        Command::HandOver { to: name.clone() },
        Command::Activate { password: "蜀道不难2718".to_owned() },
    ];
    for step in steps {
        cards::service::perform(app, clerk, person, step).await.expect("the way of a card");
    }
    name
}
