//! A day of the city: its people, terminals, desks, hotlines and banks at once, and the other province
//! behind a line that breaks, by a seeded order of events over the real routers with all their jobs, and
//! what must be true at the end of it (Art. 2, 3, 7, 8, 11, 18, 19, 20, 22, 23).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use funds::payments::service::release::{self, Hand};
use items::service::Catalogue;
use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Row, Tx, v};
use kernel::http::Built;
use kernel::id::Id;
use kernel::platform::App;
use kernel::testing::{self, Client, TestDb};
use serde_json::{Value, json};

use crate::recognition;
use crate::support::proxy::{Proxy, Way};
use crate::town::{Town, grown_ups, registration};

const LIBRARY: &str = items::seed::LIBRARY;
/// On the joint list of both provinces.
const LOANS: &str = "CY-CU-001";
/// People whose day is followed, beside the demonstration's.
const PEOPLE: usize = 6;
/// Events of the day.
const EVENTS: usize = 200;
/// What the banks do that day: late, doubled, mixed up, cut off, in halves, and some money comes back.
const BANKS: &str =
    "seed:77,only,fail=12,bounce=8,delay=30,duplicate=30,reorder=50,truncate=30,half=30";
/// Longer than the banks of the script need to say their last word.
const PATIENCE: Duration = Duration::from_secs(60);

/// The same draws for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % most as u64) as usize
    }
}

/// Somebody and what is known of his card without asking the platform.
struct Citizen {
    id: String,
    number: String,
    phone: Client,
    lost: bool,
    /// Freezes in force, and whether they stop a code.
    freezes: Vec<(String, bool)>,
    /// A code that was accepted.
    spent: Option<String>,
    /// Uses that were answered with yes.
    yes: i64,
    /// Uses in the other province whose answer was lost on the way: it may have been yes.
    lost_answers: i64,
}

impl Citizen {
    fn is_frozen(&self) -> bool {
        self.freezes.iter().any(|(_, stops)| *stops)
    }

    fn can_use(&self) -> bool {
        !self.lost && !self.is_frozen()
    }
}

/// The other province, and the line to it both ways.
struct Abroad {
    town: Town,
    terminal: Client,
    here: Proxy,
    there: Proxy,
    way: Way,
    /// Incidents told by us, and by them.
    told: [i64; 2],
}

impl Abroad {
    /// Sichuan, which trusts the city and is trusted.
    async fn of(app: &App, router: &axum::Router) -> Self {
        let town = Town::on(testing::databases("city_abroad").remove(0), "510000").await;
        let here = Proxy::to(served(router.clone()).await);
        let there = Proxy::to(served(town.built.router.clone()).await);
        recognition::set_up(app, "重庆", &here.address()).await;
        recognition::set_up(&town.app, "四川", &there.address()).await;
        recognition::believe(app, &town.app).await;
        recognition::believe(&town.app, app).await;
        let terminal = town.terminal(&[LOANS]).await;
        Self { town, terminal, here, there, way: Way::Open, told: [0, 0] }
    }

    fn set(&mut self, way: Way) {
        self.way = way;
        self.here.set(way);
        self.there.set(way);
    }
}

async fn served(router: axum::Router) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(kernel::http::serve(router, listener, std::future::pending()));
    port
}

async fn number(app: &App, sql: &'static str) -> i64 {
    let count = app.db.read(move |tx| tx.one(sql, &[])?.get::<i64>(0));
    count.await.expect("a count")
}

struct City {
    abroad: Abroad,
    app: App,
    built: Built,
    desk: Client,
    terminal: Client,
    citizens: Vec<Citizen>,
    /// Complaints that nobody has answered.
    open: Vec<String>,
    answered: i64,
    // Last: its folder goes when all else is gone.
    test: TestDb,
}

async fn staff(app: &App, login: &'static str) -> Actor {
    let read = move |tx: &mut Tx<'_>| {
        let account = kernel::auth::account_called(tx, login)?;
        let sql = "SELECT id, name, role, org_id, division FROM account WHERE id = $1";
        let row = tx.one(sql, &[v(account)])?;
        let role: Role = row.get::<String>(2)?.parse().expect("a role");
        let (account, name) = (row.get(0)?, row.get(1)?);
        Ok::<_, DbError>(Actor {
            account,
            name,
            role,
            org: row.get(3)?,
            division: row.get(4)?,
            person: None,
        })
    };
    app.db.read(read).await.expect("an account of the demonstration")
}

async fn done(client: &mut Client, path: &str, body: Value) -> Value {
    let reply = client.post_json(path, &body).await;
    assert_eq!(reply.status, 200, "{path} {body}: {}", reply.text());
    reply.json()
}

impl City {
    async fn wakes(test: TestDb) -> Self {
        for bank in ["SFYH", "BSNS"] {
            let folder = test.folder.join("pay").join(bank);
            std::fs::create_dir_all(&folder).expect("a folder for the bank");
            std::fs::write(folder.join("script"), BANKS).expect("its script");
        }
        let app = testing::platform(&test, &[&yikatong::migrations()]).await;
        yikatong::demo::prepare(&app).await.expect("the demonstration");
        let catalogue = Arc::new(Catalogue::default());
        catalogue.load(&app).await.expect("the list is read");
        let built = yikatong::serve::built(&app, catalogue);
        let clerk = staff(&app, "CLERK").await;
        let mut desk = Client::program(&built.router, &app, &clerk).await;
        let mut terminal = Client::new(&built.router);
        let token = std::fs::read_to_string(test.folder.join("demo-terminal.token"));
        terminal.bearer = token.ok();
        let mut citizens = Vec::new();
        for made in grown_ups().take(PEOPLE) {
            let person = done(&mut desk, "/api/v1/people", registration(&made)).await;
            let id = person["id"].as_str().expect("an id").to_owned();
            let path = format!("/api/v1/people/{id}/card");
            done(&mut desk, &path, json!({})).await;
            done(&mut desk, &format!("{path}/produce"), json!({})).await;
            done(&mut desk, &format!("{path}/hand-over"), json!({"to": made.name})).await;
            done(&mut desk, &format!("{path}/activate"), json!({"password": "蜀道不难2718"})).await;
            let holder = Actor { person: id.parse().ok(), ..testing::actor(Role::Holder) };
            let phone = Client::program(&built.router, &app, &holder).await;
            let (number, freezes) = (made.number.as_str().to_owned(), Vec::new());
            let (spent, yes, lost_answers) = (None, 0, 0);
            let lost = false;
            citizens.push(Citizen { id, number, phone, lost, freezes, spent, yes, lost_answers });
        }
        let (open, answered) = (Vec::new(), 0);
        let abroad = Abroad::of(&app, &built.router).await;
        Self { abroad, app, built, desk, terminal, citizens, open, answered, test }
    }

    /// One event, drawn by the dice.
    async fn happens(&mut self, dice: &mut Dice) {
        let who = dice.below(self.citizens.len());
        match dice.below(16) {
            0..=4 => self.uses(who, dice).await,
            5 => self.shows_a_spent_code(who).await,
            6 => self.loses_or_finds(who).await,
            7 | 8 => self.freezes_or_thaws(who, dice).await,
            9 => self.complains(who).await,
            10 => self.is_answered().await,
            11 => {
                const WAYS: [Way; 5] =
                    [Way::Cut, Way::Open, Way::AnswerLost, Way::Twice, Way::Slow];
                self.abroad.set(WAYS[dice.below(WAYS.len())]);
            }
            12 | 13 => self.uses_abroad(who, dice).await,
            14 => self.tells(dice.below(2)).await,
            _ => {
                let path = format!("/api/v1/people?q={}", self.citizens[who].number);
                let found = self.desk.get(&path).await.json();
                assert_eq!(found[0]["id"], self.citizens[who].id.as_str());
            }
        }
    }

    async fn judged(&mut self, code: &str) -> Value {
        done(&mut self.terminal, "/api/v1/verify", json!({"code": code, "item": LIBRARY})).await
    }

    /// Shows a code; now and then the card is lost or frozen between the showing and the scan.
    async fn uses(&mut self, who: usize, dice: &mut Dice) {
        let shown = self.citizens[who].phone.get("/me/code.json").await;
        assert_eq!(shown.status.is_success(), self.citizens[who].can_use(), "{}", shown.text());
        if !shown.status.is_success() {
            return;
        }
        let code = shown.json()["text"].as_str().expect("a code").to_owned();
        match dice.below(6) {
            0 => self.loses_or_finds(who).await,
            1 => self.freezes_or_thaws(who, dice).await,
            _ => {}
        }
        let answer = self.judged(&code).await;
        let citizen = &mut self.citizens[who];
        let wanted = if citizen.can_use() { "yes" } else { "no" };
        assert_eq!(answer["result"], wanted, "{answer}");
        if citizen.can_use() {
            citizen.yes += 1;
            citizen.spent = Some(code);
        }
    }

    /// Art. 7, 20: in the other province a card opens what is on the joint list, as long as it opens it at home
    /// and home can be asked; a freeze of the last second counts there too.
    async fn uses_abroad(&mut self, who: usize, dice: &mut Dice) {
        if !self.citizens[who].can_use() {
            return;
        }
        let shown = self.citizens[who].phone.get("/me/code.json").await;
        let code = shown.json()["text"].as_str().expect("a code").to_owned();
        if dice.below(4) == 0 {
            self.freezes_or_thaws(who, dice).await;
        }
        let asked = json!({"code": code, "item": LOANS});
        let answer = done(&mut self.abroad.terminal, "/api/v1/verify", asked).await;
        let citizen = &mut self.citizens[who];
        match (self.abroad.way, citizen.can_use()) {
            (Way::Cut, _) => assert_eq!(answer["why"], "codes/home-silent", "{answer}"),
            (Way::AnswerLost, can_use) => {
                assert_eq!(answer["why"], "codes/home-silent", "{answer}");
                citizen.lost_answers += i64::from(can_use);
            }
            (_, false) => assert_eq!(answer["why"], "codes/frozen", "{answer}"),
            (_, true) => {
                assert_eq!(answer["result"], "yes", "{answer}");
                citizen.yes += 1;
            }
        }
    }

    /// Art. 20: one side tells the other of an emergency; whatever the line does, it does not wait.
    async fn tells(&mut self, side: usize) {
        let app = if side == 0 { &self.app } else { &self.abroad.town.app };
        let officer = testing::actor(Role::MunicipalOfficer);
        let told = regions::service::incidents::tell(app, &officer, "盗刷", "多卡异常").await;
        assert_eq!(told.expect("recorded"), 1);
        self.abroad.told[side] += 1;
    }

    /// Art. 23: once the line is mended everything that was told is known on both sides, once.
    async fn both_provinces_know_the_same(&mut self) {
        self.abroad.set(Way::Open);
        let waiting = "SELECT COUNT(*) FROM region_outbox WHERE result = ''";
        let sides = [&self.app, &self.abroad.town.app];
        let began = Instant::now();
        loop {
            let mut left = 0;
            for app in sides {
                // Nobody waits for the next try of the clock in a test.
                let ready = "UPDATE region_link SET next_at = 0";
                app.db.housekeeping(|tx| tx.execute(ready, &[])).await.expect("ready");
                left += number(app, waiting).await;
            }
            if left == 0 {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{left} messages are still on their way");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let told: i64 = self.abroad.told.iter().sum();
        assert!(told > 0, "something was told that day");
        for app in sides {
            assert_eq!(number(app, "SELECT COUNT(*) FROM region_incident").await, told);
            let alarms = number(app, "SELECT COUNT(*) FROM region_alarm").await;
            assert_eq!(alarms, 0, "a bad line is no attack");
        }
        self.abroad.town.journal_holds().await;
    }

    /// Art. 2: a code opens once.
    async fn shows_a_spent_code(&mut self, who: usize) {
        let Some(code) = self.citizens[who].spent.clone() else { return };
        assert_eq!(self.judged(&code).await["result"], "no");
    }

    async fn loses_or_finds(&mut self, who: usize) {
        let citizen = &mut self.citizens[who];
        let (card, own) = (format!("/api/v1/people/{}/card", citizen.id), "/api/v1/me/card");
        if citizen.lost && citizen.is_frozen() {
            let proof = json!({"proof": "本人居民身份证"});
            let refused = self.desk.post_json(&format!("{card}/release"), &proof).await;
            assert_eq!(
                refused.code(),
                "cards/frozen",
                "Art. 20: nothing is lifted by another door"
            );
            return;
        }
        if citizen.lost {
            let proof = json!({"proof": "本人居民身份证"});
            done(&mut self.desk, &format!("{card}/release"), proof).await;
            done(&mut citizen.phone, own, json!({"act": "link"})).await;
        } else {
            done(&mut citizen.phone, own, json!({"act": "lose"})).await;
        }
        citizen.lost = !citizen.lost;
    }

    async fn freezes_or_thaws(&mut self, who: usize, dice: &mut Dice) {
        let citizen = &mut self.citizens[who];
        if let Some((freeze, _)) = citizen.freezes.pop() {
            let path = format!("/api/v1/people/{}/freezes/{freeze}/thaw", citizen.id);
            done(&mut self.desk, &path, json!({"proof": "本人居民身份证"})).await;
            return;
        }
        let scope = ["all", "identity", "money"][dice.below(3)];
        let asked = json!({"scope": scope, "reason": "stolen", "words": "手机被偷"});
        let made = done(&mut citizen.phone, "/api/v1/me/freezes", asked).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        citizen.freezes.push((id, scope != "money"));
    }

    async fn complains(&mut self, who: usize) {
        let told = json!({"kind": "complaint", "field": "card", "division": "500103",
            "text": "刷卡很慢", "about": ""});
        let matter = done(&mut self.citizens[who].phone, "/api/v1/me/complaints", told).await;
        self.open.push(matter["id"].as_str().expect("an id").to_owned());
    }

    async fn is_answered(&mut self) {
        let Some(id) = self.open.pop() else { return };
        let officer = staff(&self.app, "DISTRICT").await;
        let mut office = Client::program(&self.built.router, &self.app, &officer).await;
        let answer = json!({"act": "answer", "outcome": "resolved", "note": "已更换读卡器"});
        done(&mut office, &format!("/api/v1/office/complaints/{id}/acts"), answer).await;
        self.answered += 1;
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let count = self.app.db.read(move |tx| tx.one(sql, &[])?.get::<i64>(0));
        count.await.expect("a count")
    }

    /// Releases what waits, and lets the banks work until nothing is under way.
    async fn is_paid(&self) {
        let read = |tx: &mut Tx<'_>| {
            let sql = "SELECT id FROM pay_batch WHERE state = 'asked'";
            tx.query(sql, &[])?.iter().map(|row| row.get(0)).collect::<Result<Vec<Id>, DbError>>()
        };
        let waiting = self.app.db.read(read).await.expect("batches");
        assert!(!waiting.is_empty(), "the demonstration has a batch that waits for its release");
        for batch in waiting {
            let city = staff(&self.app, "CITY2").await;
            release::release(&self.app, &city, batch, Hand::Approve).await.expect("released");
        }
        let under_way = "SELECT COUNT(*) FROM payment
             WHERE state IN ('approved', 'reserved', 'intent', 'sent', 'unknown')";
        let began = Instant::now();
        while self.count(under_way).await > 0 && began.elapsed() < PATIENCE {
            // Nobody waits for hours in a test: what is asked after later is due now.
            let due = "UPDATE pay_file SET next_at = 0 WHERE state <> 'settled'";
            let due = self.app.db.housekeeping(move |tx| tx.execute(due, &[]).map(drop));
            due.await.expect("the database answers");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Art. 8: the books hold, and what we call paid is what the banks paid.
    async fn money_is_right(&self) {
        let said = funds::payments::service::books::round(&self.app).await.expect("compared");
        assert!(said.ends_with(" 0 breaches"), "{said}");
        assert_eq!(self.count("SELECT COUNT(*) FROM pay_alarm").await, 0);
        let mut really = BTreeMap::new();
        for bank in ["SFYH", "BSNS"] {
            let book = self.test.folder.join("pay").join(bank).join("book.jsonl");
            really.extend(payfile::simulator::open_book(&book).expect("the bank's book"));
        }
        let read = |tx: &mut Tx<'_>| {
            let sql = "SELECT id, state, held, amount_fen FROM payment";
            let rows = tx.query(sql, &[])?;
            let known = |row: &Row| {
                let (state, held) = (row.get::<String>(1)?, row.get::<bool>(2)?);
                Ok((row.get::<Id>(0)?.to_string(), (state, held, row.get::<i64>(3)?)))
            };
            rows.iter().map(known).collect::<Result<BTreeMap<_, _>, DbError>>()
        };
        let payments = self.app.db.read(read).await.expect("payments");
        for (id, (state, held, fen)) in &payments {
            let fits = match (state.as_str(), really.get(id)) {
                ("unknown" | "sent", _) => true,
                ("paid", really) => really == Some(fen),
                (_, really) => really.is_none(),
            };
            assert!(fits || *held, "{id} {state} {fen} {:?}", really.get(id));
        }
        let paid = payments.values().filter(|(state, ..)| state == "paid").count();
        assert!(paid > 20, "{paid} of {} were paid", payments.len());
        let bills = |tx: &mut Tx<'_>| {
            let rows = tx.query("SELECT id FROM bill_payment", &[])?;
            rows.iter().map(|row| Ok(row.get::<Id>(0)?.to_string())).collect()
        };
        let bills: Result<BTreeSet<String>, DbError> = self.app.db.read(bills).await;
        let bills = bills.expect("bills");
        let known = |id: &String| payments.contains_key(id) || bills.contains(id);
        let strange: Vec<_> = really.keys().filter(|id| !known(id)).collect();
        assert!(strange.is_empty(), "paid without an order: {strange:?}");
    }

    /// Each answer to a terminal is one use and one entry of the journal, and the log holds.
    async fn records_are_right(&self) {
        let read = |tx: &mut Tx<'_>| {
            let sql =
                "SELECT person_id, COUNT(*) FROM card_use WHERE result = 'ok' GROUP BY person_id";
            let rows = tx.query(sql, &[])?;
            let pair = |row: &Row| Ok((row.get::<Id>(0)?.to_string(), row.get(1)?));
            rows.iter().map(pair).collect::<Result<_, DbError>>()
        };
        let uses: BTreeMap<String, i64> = self.app.db.read(read).await.expect("uses");
        for citizen in &self.citizens {
            let used = uses.get(&citizen.id).copied().unwrap_or_default();
            let most = citizen.yes + citizen.lost_answers;
            assert!((citizen.yes..=most).contains(&used), "{} {used} {most}", citizen.yes);
        }
        let doubled = "SELECT COUNT(*) FROM (SELECT person_id FROM card WHERE live
             GROUP BY person_id HAVING COUNT(*) > 1) twice";
        assert_eq!(self.count(doubled).await, 0, "Art. 5: one person, one card");
        let entries = "SELECT COUNT(*) FROM journal_entry WHERE act = 'complaint.answered'";
        assert!(self.count(entries).await >= self.answered);
        while kernel::journal::sequence(&self.app).await.map_or(true, |done| done > 0) {}
        let (db, keys) = (&self.app.db, &self.app.keys);
        let report = kernel::journal::verify(db, keys, &self.app.config.journal_origin).await;
        assert_eq!(report.expect("the log can be read").fault, None);
    }

    /// Each holder sees his own day, in words, and nobody else's.
    async fn everybody_sees_his_own_day(&mut self) {
        let router = self.built.router.clone();
        for citizen in &self.citizens {
            let holder = Actor { person: citizen.id.parse().ok(), ..testing::actor(Role::Holder) };
            let mut phone = Client::signed_in(&router, &self.app, &holder).await;
            let mut seen = String::new();
            for path in ["/me/uses?result=accepted", "/me/access"] {
                let page = phone.get(path).await;
                assert!(page.status.is_success(), "{path}");
                seen += &page.text();
            }
            let named = [LIBRARY, LOANS].iter().any(|item| seen.contains(item));
            assert!(citizen.yes == 0 || named, "{}", citizen.yes);
            let mut others = self.citizens.iter().filter(|other| other.id != citizen.id);
            assert!(others.all(|other| !seen.contains(&other.number)));
        }
    }
}

/// Art. 3, 7, 8, 20, 22, 23: whatever the dice, the banks and the line between the provinces do.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_the_city_leaves_every_invariant_true() {
    for test in testing::databases("city_day") {
        let mut city = City::wakes(test).await;
        let mut dice = Dice(20_261_124);
        for _ in 0..EVENTS {
            city.happens(&mut dice).await;
        }
        city.both_provinces_know_the_same().await;
        city.is_paid().await;
        city.money_is_right().await;
        city.records_are_right().await;
        city.everybody_sees_his_own_day().await;
        let failed = "SELECT COUNT(*) FROM job WHERE failures > 0";
        assert_eq!(city.count(failed).await, 0, "{}", city.test.engine);
        let leaks = crate::at_rest::leaks(&city.app, city.test.engine).await;
        assert_eq!(leaks, [] as [&str; 0], "{}", city.test.engine);
    }
}
