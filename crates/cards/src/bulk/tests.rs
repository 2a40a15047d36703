//! The whole way of a file on both engines: upload, check, confirm, apply, result.

mod files;
mod pages;
mod resume;

use std::time::Duration;

use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::id::Id;
use kernel::journal;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{TestDb, actor, databases, platform};
use people::generate::{GeneratedPerson, person};
use people::rules::Ground;

use super::service::{self, Upload};
use super::store::{BulkJob, Counts};
use super::work;

/// A platform with a clerk.
pub(super) struct House {
    pub(super) app: App,
    pub(super) clerk: Actor,
    pub(super) engine: &'static str,
    _db: TestDb,
}

pub(super) async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for db in databases(name) {
        let migrations = [
            kernel::MIGRATIONS,
            people::MIGRATIONS,
            banks::MIGRATIONS,
            crate::MIGRATIONS,
            super::MIGRATIONS,
        ];
        let app = platform(&db, &migrations).await;
        houses.push(House { app, clerk: actor(Role::Clerk), engine: db.engine, _db: db });
    }
    houses
}

pub(super) const HEADER: &str =
    "姓名,社会保障号码,手机号码,联系地址,性别,出生日期,申领依据,户籍所在地,权益截止日期,监护人\n";

/// A line for a generated person; children get a guardian.
pub(super) fn line(index: u32) -> String {
    line_of(&person(11, index).expect("within the population"), "王某 监护")
}

pub(super) fn line_of(made: &GeneratedPerson, guardian: &str) -> String {
    let household = made.household.map_or("", |division| division.code);
    let until = if made.ground == Ground::Household { "" } else { "2099-12-31" };
    format!(
        "{},{},{},{},{},{},{},{household},{until},{guardian}\n",
        made.name,
        made.number.as_str(),
        made.phone,
        made.address.replace(',', " "),
        made.sex.code(),
        made.birth,
        made.ground.code(),
    )
}

pub(super) fn lines(range: std::ops::Range<u32>) -> String {
    HEADER.to_owned() + &range.map(line).collect::<String>()
}

impl House {
    pub(super) async fn upload(&self, bytes: impl Into<Vec<u8>>) -> Id {
        let upload = Upload {
            unit: "某某学校".to_owned(),
            file_name: "名册.csv".to_owned(),
            content: Box::new(std::io::Cursor::new(bytes.into())),
        };
        service::upload(&self.app, &self.clerk, upload).await.expect("taken in")
    }

    pub(super) async fn job(&self, id: Id) -> BulkJob {
        service::job(&self.app, &self.clerk, id).await.expect("there")
    }

    pub(super) async fn round(&self) {
        kernel::jobs::round(&self.app, super::JOB).await.expect("a round").expect("free");
    }

    /// Uploads, checks and confirms.
    pub(super) async fn confirmed(&self, bytes: impl Into<Vec<u8>>) -> Id {
        let id = self.upload(bytes).await;
        work::check(&self.app, &self.job(id).await).await.expect("checked");
        service::confirm(&self.app, &self.clerk, id).await.expect("confirmed");
        id
    }

    /// The whole way.
    pub(super) async fn whole(&self, bytes: impl Into<Vec<u8>>) -> BulkJob {
        let id = self.confirmed(bytes).await;
        let turn = Duration::from_secs(60);
        work::run(&self.app, &self.job(id).await, turn).await.expect("run");
        self.job(id).await
    }

    pub(super) async fn count(&self, table: &'static str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let read = move |tx: &mut kernel::db::Tx<'_>| Ok::<_, Problem>(tx.one(&sql, &[])?.get(0)?);
        self.app.db.read(read).await.expect("counted")
    }

    pub(super) async fn entries(&self, act: &'static str) -> i64 {
        let read = move |tx: &mut kernel::db::Tx<'_>| {
            let sql = "SELECT COUNT(*) FROM journal_entry WHERE act = $1";
            Ok::<_, Problem>(tx.one(sql, &[v(act)])?.get(0)?)
        };
        self.app.db.read(read).await.expect("counted")
    }

    pub(super) async fn outcomes(&self, job: &BulkJob) -> Vec<(u64, String)> {
        let (id, sets) = (job.id, job.sets);
        let read = move |tx: &mut kernel::db::Tx<'_>| {
            let mut all = Vec::new();
            for number in 0..sets {
                all.extend(super::store::outcomes(tx, id, number)?);
            }
            Ok::<_, Problem>(all)
        };
        let all = self.app.db.read(read).await.expect("read");
        all.into_iter().map(|outcome| (outcome.line, outcome.code.into_owned())).collect()
    }
}

pub(super) fn counts(pairs: &[(&str, i64)]) -> Counts {
    pairs.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect()
}

/// Art. 5, 12: everybody of a file gets both cards, with an entry for each application.
#[tokio::test]
async fn a_whole_unit_is_registered_and_applied_for() {
    for house in houses("bulk_whole").await {
        let job = house.whole(lines(0..1_203)).await;
        assert_eq!(job.state.code(), "done", "{}", house.engine);
        assert_eq!((job.lines, job.done, job.sets), (1_203, 1_203, 3));
        assert_eq!(job.counts, counts(&[("registered", 1_203)]), "{}", house.engine);
        for table in ["person", "person_number", "card", "ecard", "bulk_card"] {
            assert_eq!(house.count(table).await, 1_203, "{table}, {}", house.engine);
        }
        assert_eq!(house.entries("card.applied").await, 1_203);
        assert_eq!(house.entries("person.registered").await, 1_203);
        let newest =
            |tx: &mut kernel::db::Tx<'_>| Ok::<_, Problem>(journal::newest(tx, Id(i64::MAX), 5)?);
        let newest = house.app.db.read(newest).await.expect("read");
        let applied = newest.iter().find(|entry| entry.act == "card.applied").expect("there");
        assert_eq!(applied.actor_id, house.clerk.account, "the clerk who sent it acts");
        assert_eq!(applied.org_id, house.clerk.org);
    }
}

/// Art. 5: the same file a second time applies for nobody.
#[tokio::test]
async fn the_same_file_twice_yields_one_card_each() {
    for house in houses("bulk_twice").await {
        house.whole(lines(0..40)).await;
        let again = house.whole(lines(0..40)).await;
        assert_eq!(again.counts, counts(&[("cards/one-person-one-card", 40)]), "{}", house.engine);
        assert_eq!(house.count("card").await, 40);
        assert_eq!(house.entries("card.applied").await, 40);
        assert_eq!(house.entries("card.refused").await, 40, "refusals are on record");
    }
}

/// Art. 5, 12: a line that is refused names its article, and stops nobody else.
#[tokio::test]
async fn every_line_is_answered_for_itself() {
    let child = (200..).filter_map(|n| person(11, n)).find(|one| one.birth.year() > 2015);
    let child = child.expect("children exist");
    for house in houses("bulk_lines").await {
        house.whole(lines(0..3)).await;
        let mut made = person(11, 1_000).expect("within the population");
        made.ground = Ground::Household;
        made.household = kernel::divisions::find("510100");
        let stranger = line_of(&made, "王某");
        let mut ended = person(11, 1_001).expect("within the population");
        ended.ground = Ground::Study;
        let ended = line_of(&ended, "王某").replace("2099-12-31", "2020-12-31");
        let other = person(11, 0).expect("there");
        let other = line(0).replace(&other.name, "别人");
        let file = [
            HEADER.to_owned(),
            line(0),
            line(100),
            line(100),
            line_of(&child, ""),
            stranger,
            ended,
            other,
            "张三,110101199003078033,13900000000,某地,,,,500103,,\n".to_owned(),
            line(101).replace(",1990000", ",abc"),
            "坏,\"了,\n".to_owned(),
            line_of(&child, &"长".repeat(81)),
            line(102),
        ];
        let job = house.whole(file.concat()).await;
        let expected = [
            (2, "cards/one-person-one-card"),
            (3, "registered"),
            (4, "cards/bulk-duplicate-line"),
            (5, "cards/guardian-needed"),
            (6, "people/not-entitled"),
            (7, "people/entitlement-ended"),
            (8, "people/other-name"),
            (9, "people/wrong-number"),
            (10, "cards/bulk-wrong-cell"),
            (11, "sheet/open-quote"),
            (12, "cards/bulk-wrong-cell"),
            (13, "registered"),
        ];
        let expected: Vec<_> = expected.iter().map(|(n, code)| (*n, (*code).to_owned())).collect();
        assert_eq!(house.outcomes(&job).await, expected, "{}", house.engine);
        assert_eq!(job.counts.values().sum::<i64>(), 12, "nothing is lost");
        assert_eq!(house.count("card").await, 5);
    }
}

/// Art. 5: a second line in a later set is found by the card that the first one got.
#[tokio::test]
async fn a_duplicate_far_below_is_found() {
    for house in houses("bulk_far").await {
        let job = house.whole(lines(0..600) + &line(3)).await;
        assert_eq!(
            job.counts,
            counts(&[("cards/bulk-duplicate-line", 1), ("registered", 600)]),
            "{}",
            house.engine
        );
        let last = house.outcomes(&job).await.pop();
        assert_eq!(last, Some((602, "cards/bulk-duplicate-line".to_owned())));
    }
}

/// Art. 5: two clerks with the same people at the same moment never yield two cards.
#[tokio::test]
async fn concurrent_files_never_yield_two_cards() {
    for house in houses("bulk_concurrent").await {
        let first = house.confirmed(lines(0..1_100)).await;
        let mut turned: Vec<String> = (0..1_100).map(line).collect();
        turned.reverse();
        let second = house.confirmed(HEADER.to_owned() + &turned.concat()).await;
        let (first, second) = (house.job(first).await, house.job(second).await);
        let turn = Duration::from_secs(120);
        // A set that loses four times gives up; the next round goes on behind the last one.
        let work = |job: BulkJob| {
            let house = &house;
            async move {
                while house.job(job.id).await.state.code() == "running" {
                    let _ = work::run(&house.app, &house.job(job.id).await, turn).await;
                }
            }
        };
        tokio::join!(work(first.clone()), work(second.clone()));
        let (first, second) = (house.job(first.id).await, house.job(second.id).await);
        assert_eq!(house.count("card").await, 1_100, "{}", house.engine);
        assert_eq!(house.count("person").await, 1_100, "{}", house.engine);
        assert_eq!(house.entries("card.applied").await, 1_100, "{}", house.engine);
        let of = |job: &BulkJob, code: &str| job.counts.get(code).copied().unwrap_or(0);
        let applied = |job| of(job, "registered") + of(job, "applied");
        let refused = |job| of(job, "cards/one-person-one-card");
        assert_eq!(applied(&first) + applied(&second), 1_100);
        assert_eq!(refused(&first) + refused(&second), 1_100, "those lines are reported");
    }
}
