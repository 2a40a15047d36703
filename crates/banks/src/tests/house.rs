//! A platform with a bank whose agreement is in force, a holder, and a simulated host.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{TestDb, actor, databases, platform};
use kernel::time::{Utc, day_text};
use people::rules::Person;

use crate::rules::State;
use crate::service::agreements::{self, NewAgreement, NewBank};
use crate::service::{self, Command, exchange};
use crate::simulator::{Host, Mode, router};
use crate::store::accounts::{self, Account};
use crate::store::agreements::Bank;
use crate::store::alarms::{self, Alarm};
use crate::store::requests::{self, Request};

pub struct House {
    pub app: App,
    pub bank: Bank,
    pub person: Id,
    pub card: Id,
    pub host: Arc<Host>,
    pub engine: &'static str,
    // Last: its folder goes when all else is gone.
    pub test: TestDb,
}

pub fn day(after: i64) -> String {
    day_text(Utc::now().day().saturating_add(time::Duration::days(after)))
}

pub fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

pub fn agreement(bank: Id, from: i64, until: i64) -> NewAgreement {
    NewAgreement {
        bank,
        number: "渝人社银合〔2026〕1号".to_owned(),
        signed_on: day(from.min(0)),
        from: day(from),
        until: day(until),
        services: "financial,instant-issue".to_owned(),
        waivers: "annual-fee,loss-report".to_owned(),
    }
}

/// A platform without banks, for each engine.
pub async fn bare(name: &str) -> Vec<(App, TestDb)> {
    let mut made = Vec::new();
    for test in databases(name) {
        let schema = [kernel::MIGRATIONS, people::MIGRATIONS, crate::MIGRATIONS];
        made.push((platform(&test, &schema).await, test));
    }
    made
}

/// Enters a bank; its agreement is in force when `days` say so.
pub async fn bank(app: &App, code: &str, days: Option<(i64, i64)>) -> Bank {
    let (maker, checker) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
    let (id, name) = (app.id(), format!("示范银行{code}"));
    let entry = Entry::new(app.id(), Utc::now(), &maker, "test.made", "");
    let made = app.db.write(move |tx| {
        let org = Org {
            id,
            credit_code: None,
            name_zh: name.clone(),
            name_en: "Model bank".to_owned(),
            kind: "bank".to_owned(),
            division: "500000".to_owned(),
            parent: None,
        };
        org::add(tx, &org, Utc::now())?;
        journal::record(tx, &entry)
    });
    made.await.expect("an organisation");
    let new = NewBank {
        org: id,
        code: code.to_owned(),
        phone: "023-95500".to_owned(),
        about_zh: "示范".to_owned(),
        about_en: String::new(),
    };
    let bank = agreements::add_bank(app, &maker, new).await.expect("a bank");
    if let Some((from, until)) = days {
        let new = agreement(id, from, until);
        agreements::propose(app, &maker, &new).await.expect("proposed");
        let waits = agreements::waiting(app).await.expect("read")[0].0.id;
        agreements::decide(app, &checker, waits, true, "").await.expect("confirmed");
    }
    bank
}

/// Enters the generated person at `index`; skips to the next whose number is new.
pub async fn person(app: &App, index: u32) -> Id {
    let made = people::generate::person(7, index).expect("somebody");
    let person = Person {
        id: app.id(),
        number: made.number,
        document: made.document,
        name: made.name,
        sex: made.sex,
        birth: made.birth,
        nation: String::new(),
        phone: made.phone,
        address: made.address,
        household: made.household.map(|d| d.code.to_owned()).unwrap_or_default(),
        ground: made.ground,
        ground_until: None,
        deceased_on: None,
        version: 1,
    };
    let id = person.id;
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "test.made", "");
    let made = app.db.write(move |tx| {
        people::store::insert(tx, &person, Utc::now())?;
        journal::record(tx, &entry)
    });
    made.await.expect("a person");
    id
}

pub async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for (app, test) in bare(name).await {
        let bank = bank(&app, "SFYH", Some((0, 300))).await;
        let (person, card) = (person(&app, 1).await, app.id());
        let host = Arc::new(Host::new(Mode::Good));
        let engine = test.engine;
        houses.push(House { app, bank, person, card, host, engine, test });
    }
    houses
}

impl House {
    /// From now on the bank is reached over HTTP, and slow answers come after this platform's wait.
    pub async fn over_http(&self) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let routes = router(self.host.clone(), "a-secret-of-tests", Duration::from_millis(2_500));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        std::fs::write(self.test.folder.join("bank.secret"), "a-secret-of-tests\n").expect("kept");
        let way = serde_json::json!({"SFYH": {
            "port": "http", "address": format!("http://{address}"), "secret_file": "bank.secret",
            "timeout_seconds": 1, "first_query_seconds": 1,
        }});
        std::fs::write(self.test.folder.join("banks.json"), way.to_string()).expect("written");
    }

    pub fn folder(&self) -> PathBuf {
        self.test.folder.join("banks").join("SFYH")
    }

    pub async fn begin(&self, command: Command) -> Result<Id, Problem> {
        let clerk = actor(Role::Clerk);
        service::begin(&self.app, &clerk, self.person, self.card, command, "测试").await
    }

    pub async fn round(&self) -> String {
        let whole = Duration::from_secs(600);
        exchange::round_within(&self.app, whole).await.expect("a round")
    }

    /// Begins and has it answered by a good bank.
    pub async fn carry_out(&self, command: Command) -> Request {
        let id = self.begin(command).await.expect("begun");
        self.round().await;
        self.request(id).await
    }

    pub async fn request(&self, id: Id) -> Request {
        service::request(&self.app, id).await.expect("the request")
    }

    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, kernel::db::DbError> + Send + Sync + 'static,
    ) -> T {
        self.app.db.read(work).await.expect("read")
    }

    pub async fn account(&self) -> Account {
        let (person, card) = (self.person, self.card);
        self.read(move |tx| accounts::get(tx, person, card)).await.expect("an account")
    }

    pub async fn state(&self) -> State {
        self.account().await.state
    }

    pub async fn alarms(&self) -> Vec<Alarm> {
        self.read(|tx| alarms::all_open(tx, None, 100)).await
    }

    pub async fn requests(&self) -> Vec<Request> {
        let (person, card) = (self.person, self.card);
        self.read(move |tx| requests::of_card(tx, person, card)).await
    }

    /// All pauses are over.
    pub async fn later(&self) {
        let sql = "UPDATE bank_request SET next_at = 0 WHERE state <> 'done'";
        let done = self.app.db.housekeeping(move |tx| tx.execute(sql, &[]).map(drop));
        done.await.expect("moved");
    }

    /// Journal entries of an act.
    pub async fn acts(&self, act: &'static str) -> usize {
        let newest = self.read(|tx| journal::newest(tx, Id(i64::MAX), 500)).await;
        newest.iter().filter(|entry| entry.act == act).count()
    }

    /// What the card's state asks for; its clock began long ago.
    pub async fn expect(&self, expected: crate::rules::Expected) {
        let (person, card) = (self.person, self.card);
        let entry = Entry::new(self.app.id(), Utc::now(), &Actor::system(), "test.made", "");
        let long_ago = Utc::now().plus_seconds(-86_400);
        let done = self.app.db.write(move |tx| {
            assert!(service::expect(tx, person, card, expected, long_ago)?);
            let sql = "UPDATE bank_account SET changed_at = $1";
            tx.execute(sql, &[kernel::db::v(long_ago)])?;
            journal::record(tx, &entry)
        });
        done.await.expect("expected");
    }
}
