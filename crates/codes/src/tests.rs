//! A small town of tests: a published list, a holder with an active card, a terminal at a library.

use std::sync::Arc;

use axum::Router;
use cards::rules::Command;
use items::rules::Channel;
use items::service::Catalogue;
use kernel::actor::{Actor, Role};
use kernel::http::{self, kernel_routes};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{TestDb, actor, platform};
use kernel::time::Utc;
use people::service::Registration;

use crate::service::{Codes, NewTerminal, Presented, Verdict, register_terminal};

/// The item that the town's terminal asks for: two fields, by code or card.
pub(crate) const ITEM: &str = items::seed::LIBRARY;

pub(crate) fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

pub(crate) struct Town {
    pub(crate) app: App,
    pub(crate) codes: Arc<Codes>,
    pub(crate) router: Router,
    pub(crate) clerk: Actor,
    pub(crate) person: Id,
    pub(crate) holder: Actor,
    /// The organisation that owns the terminal.
    pub(crate) owner: Actor,
    pub(crate) terminal: Actor,
    pub(crate) engine: &'static str,
    // Last: its folder goes when all else is gone.
    _test: TestDb,
}

impl Town {
    pub(crate) async fn of(test: TestDb) -> Self {
        let schema = [
            kernel::MIGRATIONS,
            people::MIGRATIONS,
            cards::MIGRATIONS,
            cards::bulk::MIGRATIONS,
            items::MIGRATIONS,
            crate::MIGRATIONS,
            crate::refusals::MIGRATIONS,
            banks::MIGRATIONS,
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
        let routes = kernel_routes().merge(crate::routes(codes.clone()));
        let router = http::build(app.clone(), routes).router;
        let clerk = actor(Role::Clerk);
        let person = with_card(&app, &clerk).await;
        let holder = Actor { person: Some(person), ..actor(Role::Holder) };
        let owner = actor(Role::DepartmentOfficer);
        let engine = test.engine;
        let mut town = Self {
            app,
            codes,
            router,
            clerk,
            person,
            holder,
            owner,
            terminal: actor(Role::Terminal),
            engine,
            _test: test,
        };
        town.terminal = town.another_terminal().await;
        town
    }

    /// Registers a further terminal of the owner.
    pub(crate) async fn another_terminal(&self) -> Actor {
        let new = NewTerminal {
            org: self.owner.org.expect("an organisation"),
            place: "测试图书馆".to_owned(),
            items: vec![ITEM.to_owned()],
            channel: Some(Channel::Counter),
            division: "500103".to_owned(),
        };
        let made = register_terminal(&self.app, &self.owner, new).await;
        let (account, _) = made.expect("registered");
        Actor { account, name: "测试图书馆".to_owned(), ..actor(Role::Terminal) }
    }

    pub(crate) async fn present(&self, presented: Presented) -> Verdict {
        let asked = self.codes.verify(self.terminal.clone(), ITEM, &presented).await;
        asked.expect("an answer")
    }

    pub(crate) async fn verify(&self, text: &str) -> Verdict {
        self.present(Presented { code: text.to_owned(), ..Presented::default() }).await
    }

    /// The holder's card is lost.
    pub(crate) async fn lose(&self) {
        let lost =
            cards::service::perform(&self.app, &self.clerk, self.person, Command::LoseTemporarily);
        lost.await.expect("lost");
    }
}

/// A grown-up of the city with both cards active.
async fn with_card(app: &App, clerk: &Actor) -> Id {
    let received = cards::production::rules::stock::Movement::Received;
    let stock = cards::production::service::stock::enter(app, clerk, received, 100, "blank cards");
    stock.await.expect("blank cards");
    let made = (0..).filter_map(|n| people::generate::person(9, n));
    let made = made
        .filter(|made| (1970..2000).contains(&made.birth.year()))
        .find(|made| made.number.as_str().starts_with("500"))
        .expect("most people are");
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
    let person = people::service::register(app, clerk, form).await.expect("registered").id;
    let steps = [
        Command::Apply { guardian: String::new() },
        Command::Produce,
        Command::HandOver { to: made.name },
        Command::Activate { password: "蜀道不难2718".to_owned() },
    ];
    for step in steps {
        cards::service::perform(app, clerk, person, step).await.expect("the way of a card");
    }
    person
}

#[tokio::test]
async fn a_physical_card_is_read_and_its_face_alone_is_never_enough() {
    for test in kernel::testing::databases("codes_read") {
        let town = Town::of(test).await;
        let person = town.person;
        let read = town.app.db.read(move |tx| {
            let card = cards::store::living(tx, person)?.expect("a card");
            let person = people::store::by_id(tx, person)?.expect("a person");
            Ok::<_, kernel::db::DbError>((card.card_no.expect("a number"), person.number))
        });
        let (card_no, number) = read.await.expect("read");
        let line = |number: &str| format!("500103|{number}|{card_no}|id|name|atr|3|a|b|1|2|");
        let shown = |read: String| Presented { read, ..Presented::default() };
        let yes = town.present(shown(line(number.as_str()))).await;
        assert_eq!((yes.result, yes.fields.len()), (Ok(()), 2), "{}", town.engine);
        let other = "11010119900307803X";
        let no = town.present(shown(line(other))).await.result;
        assert_eq!(no, Err(crate::rules::Refused::Mismatch));
        let face = Presented { barcode: card_no.clone(), ..Presented::default() };
        assert_eq!(town.present(face).await.result, Err(crate::rules::Refused::FaceOnly));
        town.lose().await;
        let lost = town.present(shown(line(number.as_str()))).await.result;
        assert_eq!(lost, Err(crate::rules::Refused::CardNotActive), "{}", town.engine);
    }
}

/// Art. 20: what is frozen is refused in the next moment, online and in the list for terminals; nothing
/// else is.
#[tokio::test]
async fn a_frozen_card_is_refused_until_each_freeze_is_lifted() {
    use crate::rules::Refused;
    use people::freezes::rules::Terms;
    use people::freezes::{Freeze, Reason, Scope, Source, store};
    for test in kernel::testing::databases("codes_frozen") {
        let town = Town::of(test).await;
        let person = town.person;
        let read = town.app.db.read(move |tx| {
            let card = cards::store::living(tx, person)?.expect("a card");
            let person = people::store::by_id(tx, person)?.expect("a person");
            Ok::<_, kernel::db::DbError>((card.card_no.expect("a number"), person.number))
        });
        let (card_no, number) = read.await.expect("read");
        let line = format!("500103|{}|{card_no}|", number.as_str());
        let shown = || Presented { read: line.clone(), ..Presented::default() };
        let code = async || crate::cq1::issue::show(&town.app, &town.holder).await;
        let held = code().await.expect("a code").text;
        let scopes = [
            (Scope::Money, true),
            (Scope::Item("CQ-ZZ-999".to_owned()), true),
            (Scope::Item(ITEM.to_owned()), false),
            (Scope::Identity, false),
            (Scope::All, false),
        ];
        let mut ids = Vec::new();
        for (scope, open) in scopes {
            let id = town.app.id();
            ids.push(id);
            let wanted = scope.clone();
            let made = town.app.db.housekeeping(move |tx| {
                let (terms, now) = (Terms::default(), Utc::now());
                let (by, why) = (Source::Officer, Reason::Stolen);
                let one = Freeze::new((id, person), wanted.clone(), by, why, &terms, now);
                store::insert(tx, &[one])
            });
            made.await.expect("frozen");
            let wanted = if open { Ok(()) } else { Err(Refused::Frozen) };
            assert_eq!(town.present(shown()).await.result, wanted, "{} {scope:?}", town.engine);
        }
        assert_eq!(town.verify(&held).await.result, Err(Refused::Frozen), "a code shown before");
        assert_eq!(code_of(code().await), "codes/frozen");
        let suspended = async || {
            let now_s = Utc::now().seconds();
            let read = town.app.db.read(move |tx| crate::cq1::store::not_valid(tx, now_s));
            read.await.expect("read").len()
        };
        assert_eq!(suspended().await, 1, "once, although it is frozen twice");
        for id in ids {
            assert_eq!(town.present(shown()).await.result, Err(Refused::Frozen));
            let lifted = town.app.db.housekeeping(move |tx| {
                let one = store::get(tx, id)?.ok_or(kernel::db::DbError::Conflict)?;
                store::lift(tx, &one, (Id(1), "甲"), "核实", Utc::now())
            });
            lifted.await.expect("lifted");
        }
        assert_eq!(town.present(shown()).await.result, Ok(()), "{}", town.engine);
        assert_eq!(town.verify(&held).await.result, Ok(()), "no clock was touched");
        assert_eq!(suspended().await, 0);
    }
}

/// Art. 14, 25: age is known here; that somebody is disabled is seen by whoever serves, and the yes says so.
#[tokio::test]
async fn a_yes_names_the_groups_that_are_left_to_be_seen() {
    for test in kernel::testing::databases("codes_groups") {
        let town = Town::of(test).await;
        let (parking, free_ride) = ("CQ-TR-009", "CQ-TR-002");
        let new = NewTerminal {
            org: town.owner.org.expect("an organisation"),
            place: "测试停车场".to_owned(),
            items: vec![parking.to_owned(), free_ride.to_owned()],
            channel: Some(Channel::Counter),
            division: "500103".to_owned(),
        };
        let (_, token) = register_terminal(&town.app, &town.owner, new).await.expect("registered");
        let mut desk = kernel::testing::Client::new(&town.router);
        desk.bearer = Some(token);
        let mut ask = async |item: &str| {
            let shown = crate::cq1::issue::show(&town.app, &town.holder).await.expect("a code");
            let body = serde_json::json!({"code": shown.text, "item": item});
            desk.post_json("/api/v1/verify", &body).await.json()
        };
        let yes = ask(parking).await;
        assert_eq!(yes["result"], "yes", "{} {yes}", town.engine);
        assert_eq!(yes["to_see"], serde_json::json!(["disabled"]), "{yes}");
        assert!(yes["text"].as_str().is_some_and(|text| text.contains("残疾人")), "{yes}");
        assert_eq!(ask(free_ride).await["why"], "codes/not-for-group");
    }
}
