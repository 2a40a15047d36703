//! A small town in process: the whole router on a fresh database, with a clerk, an outlet manager and
//! generated people.

use std::sync::Arc;

use items::service::Catalogue;
use kernel::actor::{Actor, Role};
use kernel::db::DbError;
use kernel::http::Built;
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{self, Client, TestDb};
use kernel::time::Utc;
use people::generate::GeneratedPerson;
use seal::code::CardCode;
use serde_json::{Value, json};

pub struct Town {
    pub app: App,
    pub built: Built,
    pub clerk: Client,
    pub outlet: Id,
    // Last: its folder goes when all else is gone.
    pub test: TestDb,
}

impl Town {
    /// One for each engine.
    pub async fn on_all_engines(name: &str) -> Vec<Self> {
        let mut towns = Vec::new();
        for test in testing::databases(name) {
            towns.push(Self::on(test, "500000").await);
        }
        towns
    }

    /// One in a region.
    pub async fn on(test: TestDb, region: &str) -> Self {
        Self::at(test, region, "http://localhost").await
    }

    /// One in a region, that is reached at an address.
    pub async fn at(test: TestDb, region: &str, public_url: &str) -> Self {
        let mut app = testing::platform(&test, &[&yikatong::migrations()]).await;
        let config = &mut Arc::get_mut(&mut app).expect("nobody else has it").config;
        region.clone_into(&mut config.region);
        public_url.clone_into(&mut config.public_url);
        let shared = app.clone();
        let entry =
            kernel::journal::Entry::new(app.id(), Utc::now(), &Actor::system(), "test.made", "");
        app.db
            .write(move |tx| {
                items::seed::seed(tx, &|| shared.id(), &|_| Id(1), Utc::now())?;
                kernel::journal::record(tx, &entry)
            })
            .await
            .expect("the seed list");
        let catalogue = Arc::new(Catalogue::default());
        catalogue.load(&app).await.expect("the list is read");
        let built = yikatong::serve::built(&app, catalogue);
        let actor = testing::actor(Role::Clerk);
        let outlet = actor.org.expect("a clerk has an outlet");
        let received = cards::production::rules::stock::Movement::Received;
        cards::production::service::stock::enter(&app, &actor, received, 1_000, "blank cards")
            .await
            .expect("the outlet has blank cards");
        let clerk = Client::program(&built.router, &app, &actor).await;
        Self { app, built, clerk, outlet, test }
    }

    /// Another clerk of the same outlet.
    pub async fn colleague(&self) -> Client {
        let actor = Actor { org: Some(self.outlet), ..testing::actor(Role::Clerk) };
        Client::program(&self.built.router, &self.app, &actor).await
    }

    /// A terminal that may ask for these items, as its owner registers it.
    pub async fn terminal(&self, items: &[&str]) -> Client {
        let manager = testing::actor(Role::OutletManager);
        let mut manager = Client::program(&self.built.router, &self.app, &manager).await;
        let body = json!({"place": "测试图书馆", "items": items});
        let reply = manager.post_json("/api/v1/terminals", &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let mut terminal = Client::new(&self.built.router);
        terminal.bearer = reply.json()["token"].as_str().map(str::to_owned);
        terminal
    }

    /// A browser signed in as the holder.
    pub async fn holder(&self, person: &str) -> Client {
        let person = person.parse().expect("an id");
        let actor = Actor { person: Some(person), ..testing::actor(Role::Holder) };
        Client::signed_in(&self.built.router, &self.app, &actor).await
    }

    /// Registers a generated person; returns the id.
    pub async fn register(&mut self, person: &GeneratedPerson) -> String {
        let reply = self.clerk.post_json("/api/v1/people", &registration(person)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["id"].as_str().expect("an id").to_owned()
    }

    /// One step of a card's life; panics when it is refused.
    pub async fn step(&mut self, person: &str, step: &str, body: Value) -> Value {
        let path = format!("/api/v1/people/{person}/card{step}");
        let reply = self.clerk.post_json(&path, &body).await;
        assert_eq!(reply.status, 200, "{step}: {}", reply.text());
        reply.json()
    }

    /// From application to activation.
    pub async fn give_card(&mut self, person: &str) -> Value {
        self.step(person, "", json!({})).await;
        self.step(person, "/produce", json!({})).await;
        self.step(person, "/hand-over", json!({"to": "本人"})).await;
        self.step(person, "/activate", json!({"password": "蜀道不难2718"})).await
    }

    /// The text of a fresh code of the holder.
    pub async fn code(&self, person: &str) -> String {
        let reply = self.holder(person).await.get("/me/code.json").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["text"].as_str().expect("a code").to_owned()
    }

    /// A code of the older, keyed form, changed before it gets its tag.
    pub async fn keyed_code(&self, person: &str, bend: impl Fn(&mut CardCode)) -> String {
        let id: Id = person.parse().expect("an id");
        let read = self.app.db.read(move |tx| {
            let sql = "SELECT credential FROM ecard WHERE person_id = $1 AND state = 'on'";
            tx.one(sql, &[kernel::db::v(id)])?.get::<[u8; 8]>(0)
        });
        let mut code = CardCode {
            region: [0x50, 0, 0],
            key: 1,
            credential: read.await.expect("an electronic card"),
            generated_s: Utc::now().seconds() as u32,
            lifetime_s: 60,
            counter: 1,
            scene: 0,
        };
        bend(&mut code);
        code.encode(self.app.keys.store()).expect("a tag")
    }

    /// Rows of a table.
    pub async fn count(&self, table: &'static str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let count = self.app.db.read(move |tx| tx.one(&sql, &[])?.get::<i64>(0));
        count.await.expect("a count")
    }

    /// All entries have their leaves and hold.
    pub async fn journal_holds(&self) {
        while kernel::journal::sequence(&self.app).await.map_or(true, |done| done > 0) {}
        let (db, keys) = (&self.app.db, &self.app.keys);
        let report = kernel::journal::verify(db, keys, &self.app.config.journal_origin).await;
        assert_eq!(report.map(|report| report.fault).map_err(|e: DbError| e.to_string()), Ok(None));
    }

    /// The person as the register has him.
    pub async fn person(&self, id: &str) -> people::rules::Person {
        let id = id.parse().expect("an id");
        let found = self.app.db.read(move |tx| Ok::<_, Problem>(people::store::by_id(tx, id)?));
        found.await.expect("the database answers").expect("a person")
    }
}

/// Grown-ups with resident numbers.
pub fn grown_ups() -> impl Iterator<Item = GeneratedPerson> {
    let fits = |person: &GeneratedPerson| {
        (1960..2000).contains(&person.birth.year())
            && person.document == people::document::DocumentKind::ResidentCard
    };
    (0..).filter_map(|index| people::generate::person(4, index)).filter(fits)
}

/// What a clerk types for a registered resident of 渝中.
pub fn registration(person: &GeneratedPerson) -> Value {
    json!({
        "number": person.number.as_str(),
        "document": person.document.code(),
        "name": person.name,
        "phone": person.phone,
        "address": person.address,
        "household": "500103",
        "ground": "household",
    })
}
