//! Two installations as two processes on two engines, with a bad network between them: nothing is lost
//! or done twice, and neither waits for the other (Art. 3, 20, 23).

use std::net::TcpStream;
use std::time::{Duration, Instant};

use kernel::actor::Role;
use kernel::db::{DbError, Limits};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::actor;
use kernel::time::Utc;
use regions::rules::{Receipt, Signed};
use regions::service::{incidents, trust};

use crate::crash;
use crate::support::postgres::Database;
use crate::support::proxy::{Proxy, Way};
use crate::support::server::{Options, Server};

/// One region: its process, a tool on its database, and the way to it.
pub struct Side {
    pub server: Server,
    pub app: App,
    way: Proxy,
    told: usize,
}

impl Side {
    pub async fn start(region: &'static str, database_url: Option<String>) -> Self {
        let options = Options { database_url, region: Some(region), ..Options::default() };
        let server = Server::with(options);
        let place = server.place();
        let (db, keys) = (place.open(&Limits::default()), place.keys());
        let (db, keys) = (db.expect("its database"), keys.expect("its keys"));
        let app = yikatong::serve::tool_platform(db, keys, &place).await.expect("a platform");
        let way = Proxy::to(server.port());
        let now = Utc::now().seconds();
        let own = trust::Own {
            name: format!("地区 {region}"),
            endpoint: way.address(),
            contact: "12333".to_owned(),
            serial: 1,
            valid_from: now - 60,
            valid_until: now + 86_400,
            key: 1,
        };
        let text = serde_json::to_string(&own).expect("plain data");
        std::fs::write(server.data().join("region.json"), text).expect("written");
        Self { server, app, way, told: 0 }
    }

    /// Two officers here approve a descriptor.
    pub async fn believe(&self, signed: &Signed) {
        let (maker, checker) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        let said = serde_json::from_str(&signed.text).expect("a descriptor");
        let text = serde_json::to_string(signed).expect("plain data");
        let id = trust::import(&self.app, &maker, &text).await.expect("imported");
        let print = regions::rules::fingerprint(&said);
        trust::decide(&self.app, &checker, id, true, &print).await.expect("approved");
    }

    async fn tell(&mut self, times: usize) {
        for _ in 0..times {
            self.told += 1;
            let title = format!("{} 第 {} 件", self.app.config.region, self.told);
            let officer = actor(Role::MunicipalOfficer);
            let told = incidents::tell(&self.app, &officer, &title, "情况").await;
            assert_eq!(told.expect("recorded here, whatever the network does"), 1);
        }
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        let read = self.app.db.read(move |tx| Ok::<_, Problem>(tx.one(sql, &[])?.get(0)?));
        read.await.expect("a number")
    }

    async fn waiting(&self) -> i64 {
        self.number(
            "SELECT COUNT(*) FROM region_outbox WHERE result = '' AND kind = 'incident.told'",
        )
        .await
    }

    async fn came(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM region_inbox WHERE kind = 'incident.told'").await
    }

    async fn pairs(&self, sql: &'static str) -> Vec<(String, String)> {
        let read = self.app.db.read(move |tx| {
            let rows = tx.query(sql, &[])?;
            let pair = |row: &kernel::db::Row| Ok((row.get(0)?, row.get(1)?));
            rows.iter().map(pair).collect::<Result<_, DbError>>()
        });
        read.await.expect("read")
    }
}

async fn eventually(what: &str, mut question: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !question().await {
        assert!(began.elapsed() < Duration::from_secs(60), "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What the receipts of one side say, and what the other side keeps of them, by message.
async fn receipts_match(from: &Side, to: &Side) {
    let text = |(id, signed): (String, String)| {
        let signed: Signed = serde_json::from_str(&signed).expect("a signed receipt");
        let receipt: Receipt = serde_json::from_str(&signed.text).expect("a receipt");
        assert_eq!(receipt.result, "ok");
        (id, receipt)
    };
    let sent = from
        .pairs("SELECT id, receipt FROM region_outbox WHERE kind = 'incident.told' ORDER BY id")
        .await;
    let came = to
        .pairs("SELECT id, receipt FROM region_inbox WHERE kind = 'incident.told' ORDER BY id")
        .await;
    let (sent, came): (Vec<_>, Vec<_>) =
        (sent.into_iter().map(text).collect(), came.into_iter().map(text).collect());
    assert_eq!(sent, came);
    assert_eq!(sent.len(), from.told);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_a_bad_network_lose_nothing_do_nothing_twice_and_never_wait() {
    let database = Database::fresh("regions");
    let mut here = Side::start("500000", None).await;
    let mut there = Side::start("510000", database.as_ref().map(Database::url)).await;
    here.believe(&trust::own_descriptor(&there.app).expect("set up")).await;
    there.believe(&trust::own_descriptor(&here.app).expect("set up")).await;
    here.tell(1).await;
    there.tell(1).await;
    eventually("the first ones", async || here.came().await + there.came().await == 2).await;

    // A partition: both sides go on, and people are served as ever.
    here.way.set(Way::Cut);
    there.way.set(Way::Cut);
    let load = crash::prepare(&here.server.place(), here.server.port()).await;
    here.tell(25).await;
    there.tell(25).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let mut stream = TcpStream::connect(("127.0.0.1", here.server.port())).expect("connected");
    for _ in 0..10 {
        assert!(crash::ask(&load, 0, &mut stream).is_some(), "a code is verified meanwhile");
    }
    assert_eq!((here.waiting().await, there.waiting().await), (25, 25));

    // One way only: what is sent arrives, the word that it did not.
    there.way.set(Way::AnswerLost);
    there.server.restart();
    eventually("one way", async || there.came().await > 1).await;
    assert_eq!(here.waiting().await, 25, "without a receipt nothing counts as delivered");
    here.server.kill();
    here.tell(3).await;
    there.tell(3).await;
    here.server.restart();

    // Slow and doubled, and a side that dies while it catches up.
    here.way.set(Way::Twice);
    there.way.set(Way::Twice);
    let before = here.way.passed();
    eventually("a doubled request", async || here.way.passed() > before).await;
    there.server.restart();
    here.way.set(Way::Slow);
    there.way.set(Way::Slow);
    here.tell(2).await;
    eventually("a slow one", async || here.waiting().await < 30).await;
    here.way.set(Way::Open);
    there.way.set(Way::Open);
    let healed = async || here.waiting().await + there.waiting().await == 0;
    eventually("all of it", healed).await;

    receipts_match(&here, &there).await;
    receipts_match(&there, &here).await;
    for (side, other) in [(&here, &there), (&there, &here)] {
        let incidents = side.number("SELECT COUNT(*) FROM region_incident").await;
        assert_eq!(incidents as usize, side.told + other.told);
        let sql = "SELECT COUNT(*) FROM journal_entry WHERE act = 'region.received'";
        let came = side.number("SELECT COUNT(*) FROM region_inbox").await;
        assert_eq!(side.number(sql).await, came, "each is journalled once");
        let alarms = side.number("SELECT COUNT(*) FROM region_alarm").await;
        assert_eq!(alarms, 0, "a bad network is no attack");
        crash::journal_holds(&side.server.place(), 0);
    }
}
