//! A platform with an office that handles cases.

use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, TestDb, actor, databases, platform};
use kernel::time::Utc;

use crate::cases::rules::State;
use crate::cases::service::{self, Sent, Telling, Told};

pub struct House {
    pub app: App,
    pub router: axum::Router,
    pub engine: &'static str,
    pub officer: Actor,
    pub approver: Actor,
    pub reviewer: Actor,
    pub _db: TestDb,
}

pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR proof";

pub async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for db in databases(name) {
        let schema = [
            kernel::MIGRATIONS,
            people::MIGRATIONS,
            cards::MIGRATIONS,
            items::MIGRATIONS,
            codes::MIGRATIONS,
            codes::figures::MIGRATIONS,
            codes::refusals::MIGRATIONS,
            care::complaints::MIGRATIONS,
            crate::cases::MIGRATIONS,
        ];
        let app = platform(&db, &schema).await;
        let router = kernel::http::build(app.clone(), crate::cases::routes()).router;
        houses.push(House {
            app,
            router,
            engine: db.engine,
            officer: actor(Role::MunicipalOfficer),
            approver: actor(Role::DistrictApprover),
            reviewer: actor(Role::MunicipalApprover),
            _db: db,
        });
    }
    houses
}

pub fn telling() -> Telling {
    Telling {
        clause: "25.2".to_owned(),
        division: "500112".to_owned(),
        words: "某网点多次拒绝使用社会保障卡办理借阅".to_owned(),
        ..Telling::default()
    }
}

pub fn sent(act: &str, words: &str) -> Sent {
    Sent { act: act.to_owned(), words: words.to_owned(), ..Sent::default() }
}

pub fn opening(clause: &str, party: &str) -> Sent {
    let (clause, party) = (clause.to_owned(), party.to_owned());
    Sent { clause, party, respondent: "某单位".to_owned(), ..sent("open", "") }
}

pub fn proposal(kind: &str) -> Sent {
    Sent { kind: kind.to_owned(), ..sent("propose", "事实清楚，证据确凿") }
}

pub fn order() -> Sent {
    let day = Utc::now().day().saturating_add(time::Duration::days(30));
    Sent { correct_by: kernel::time::day_text(day), ..proposal("order") }
}

impl House {
    pub async fn told(&self) -> Told {
        service::report(&self.app, None, &telling()).await.expect("told")
    }

    pub async fn id(&self, number: &str) -> Id {
        let number = number.to_owned();
        let read = self.app.db.read(move |tx| {
            Ok::<_, Problem>(crate::cases::store::numbered(tx, &number)?.expect("known").id)
        });
        read.await.expect("read")
    }

    pub async fn report(&self) -> Id {
        self.id(&self.told().await.number).await
    }

    pub async fn act(&self, who: &Actor, id: Id, sent: Sent) -> Result<State, &'static str> {
        service::act(&self.app, who, id, sent).await.map_err(|problem| problem.code)
    }

    pub async fn good(&self, who: &Actor, id: Id, sent: Sent) -> State {
        let act = sent.act.clone();
        let done = self.act(who, id, sent).await;
        done.unwrap_or_else(|code| panic!("{}: {act}: {code}", self.engine))
    }

    /// A case that is opened, proven, notified, answered.
    pub async fn heard(&self, opened: Sent) -> Id {
        let id = self.report().await;
        self.good(&self.officer, id, opened).await;
        service::add_evidence(&self.app, &self.officer, id, "照片", PNG.to_vec())
            .await
            .expect("taken");
        self.good(&self.officer, id, sent("notify", "拟认定拒绝用卡，请陈述申辩")).await;
        self.good(&self.officer, id, sent("reply", "书面陈述：已整改")).await;
        id
    }

    /// Lets the deadline of a case be over.
    pub async fn age(&self, id: Id) {
        let sql = "UPDATE conduct_case SET due = '2026-01-01' WHERE id = $1";
        let aged = self.app.db.housekeeping(move |tx| tx.execute(sql, &[v(id)]));
        aged.await.expect("aged");
    }

    pub async fn client(&self, who: &Actor) -> Client {
        Client::signed_in(&self.router, &self.app, who).await
    }

    pub async fn program(&self, who: &Actor) -> Client {
        Client::program(&self.router, &self.app, who).await
    }
}
