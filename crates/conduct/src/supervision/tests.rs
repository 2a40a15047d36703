//! The desk, its files, the yearly report and open statistics, on both engines.

use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::platform::App;
use kernel::testing::{Client, TestDb, actor, databases, platform};
use kernel::time::{Utc, day_text};

use super::figures::{FIGURES, Group};

struct House {
    app: App,
    router: axum::Router,
    engine: &'static str,
    _db: TestDb,
}

async fn houses(name: &str) -> Vec<House> {
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
            &banks_schema(),
            outlets::MIGRATIONS,
            funds::MIGRATIONS,
            funds::payments::MIGRATIONS,
            &care::migrations(),
            &regions::migrations(),
            &sharing::migrations(),
            crate::safety::MIGRATIONS,
            crate::cases::MIGRATIONS,
        ];
        let app = platform(&db, &schema).await;
        let router = kernel::http::build(app.clone(), super::routes()).router;
        houses.push(House { app, router, engine: db.engine, _db: db });
    }
    houses
}

fn banks_schema() -> Vec<kernel::db::Migration> {
    banks::MIGRATIONS.to_vec()
}

impl House {
    /// Uses of the month before and of today: many in Yubei, few in Yuzhong.
    async fn uses(&self) {
        let today = Utc::now().day();
        let last = today.replace_day(1).expect("a day").previous_day().expect("a day");
        let days = [day_text(today), day_text(last)];
        let write = self.app.db.housekeeping(move |tx| {
            for day in &days {
                for (division, accepted) in [("500112", 480_i64), ("500103", 3), ("500106", 90)] {
                    tx.execute(
                        "INSERT INTO use_hour (day, hour, item_code, field, division, accepted, refused)
                         VALUES ($1, 9, 'CQ-CU-001', 'culture', $2, $3, 2)",
                        &[v(day), v(division), v(accepted)],
                    )?;
                }
            }
            Ok::<_, kernel::db::DbError>(())
        });
        write.await.expect("written");
    }

    async fn client(&self, who: &Actor) -> Client {
        Client::signed_in(&self.router, &self.app, who).await
    }
}

/// Today only, whatever day of the month it is.
fn today() -> String {
    let day = day_text(Utc::now().day());
    format!("from={day}&until={day}")
}

#[test]
fn figures_have_names_of_their_own_and_money_is_not_open() {
    let mut keys: Vec<&str> = FIGURES.iter().map(|figure| figure.key).collect();
    keys.sort_unstable();
    let count = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), count);
    for figure in FIGURES {
        assert!((1..=28).contains(&figure.article));
        assert!(!(figure.open && figure.group == Group::Audit), "{}", figure.key);
        assert!(figure.link.is_empty() || figure.link.starts_with('/'), "{}", figure.key);
    }
}

/// Art. 4, 9: every figure can be read on both engines, empty and not; a district sees its own.
#[tokio::test]
async fn the_desk_shows_all_figures_and_a_district_its_own() {
    for house in houses("desk").await {
        let mut city = house.client(&actor(Role::MunicipalOfficer)).await;
        let empty = city.get("/office/supervision").await;
        assert_eq!(empty.status, 200, "{}: {}", house.engine, empty.text());
        house.uses().await;
        let page = city.get(&format!("/office/supervision?{}", today())).await.text();
        for figure in FIGURES.iter().filter(|figure| figure.group != Group::Audit) {
            assert!(page.contains(&format!("id=\"{}\"", figure.key)), "{}", figure.key);
        }
        assert!(page.contains(">480<") && page.contains(">573<"), "{}", house.engine);
        let one =
            city.get(&format!("/office/supervision?division=500103&{}", today())).await.text();
        assert!(!one.contains(">480<"));
        let district = Actor { division: "500106".to_owned(), ..actor(Role::DistrictOfficer) };
        let mut district = house.client(&district).await;
        let own =
            district.get(&format!("/office/supervision?division=500112&{}", today())).await.text();
        assert!(own.contains(">90<") && !own.contains(">480<"));
        for nonsense in ["division=x", "from=soon", "from=2026-02-01&until=2026-01-01"] {
            assert_eq!(city.get(&format!("/office/supervision?{nonsense}")).await.status, 422);
        }
    }
}

#[tokio::test]
async fn the_desk_is_a_file_and_a_workbook() {
    for house in houses("desk_files").await {
        house.uses().await;
        let mut city = house.client(&actor(Role::MunicipalApprover)).await;
        let csv = city.get(&format!("/office/supervision.csv?{}", today())).await.text();
        assert!(csv.contains("uses-districts,16,") && csv.contains("500112,渝北区"), "{csv}");
        let book = city.get(&format!("/office/supervision.xlsx?{}", today())).await.body;
        const COLUMNS: &[sheet::Column] = &[
            sheet::Column::needed("figure", &["figure"]),
            sheet::Column::needed("value", &["value"]),
        ];
        let rows = sheet::open(std::io::Cursor::new(book), COLUMNS, sheet::Limits::default());
        let rows: Vec<_> = rows.expect("opens").map(|row| row.expect("a row")).collect();
        let found = rows.iter().any(|row| row.get("figure") == "uses" && row.get("value") == "573");
        assert!(found, "{}", house.engine);
    }
}

/// Art. 19: the auditor has a page of his own, and nobody else.
#[tokio::test]
async fn the_auditors_page_is_the_auditors() {
    for house in houses("desk_audit").await {
        let mut auditor = house.client(&actor(Role::Auditor)).await;
        let page = auditor.get("/office/supervision/audit").await.text();
        assert!(
            page.contains("id=\"lag\"") && page.contains("id=\"reporters\""),
            "{}",
            house.engine
        );
        let mut officer = house.client(&actor(Role::MunicipalOfficer)).await;
        assert_eq!(officer.get("/office/supervision/audit").await.status, 403);
        assert!(!officer.get("/office/supervision").await.text().contains("id=\"lag\""));
    }
}

#[tokio::test]
async fn the_yearly_report_is_in_words() {
    for house in houses("desk_year").await {
        house.uses().await;
        let mut city = house.client(&actor(Role::MunicipalOfficer)).await;
        let year = Utc::now().day().year();
        let page = city.get(&format!("/office/supervision/report/{year}")).await.text();
        assert!(
            page.contains("最多的是渝北区") && page.contains("当年尚未结束"),
            "{}",
            house.engine
        );
        for none in ["1999", "3000", "x"] {
            let path = format!("/office/supervision/report/{none}");
            assert_eq!(city.get(&path).await.status, 404);
        }
    }
}

/// Art. 19: what is open hides small cells, and another with them, so that nothing can be subtracted.
#[tokio::test]
async fn open_statistics_hide_small_cells() {
    for house in houses("desk_open").await {
        house.uses().await;
        let mut stranger = Client::new(&house.router);
        let body = stranger.get("/open/statistics.json").await.json();
        let figures = body["figures"].as_array().expect("figures");
        let uses = figures.iter().find(|figure| figure["figure"] == "uses-districts");
        let lines = uses.expect("there")["lines"].as_array().expect("lines").clone();
        let value = |key: &str| {
            let line = lines.iter().find(|line| line["key"] == key).expect("a line");
            line["value"].as_i64()
        };
        assert_eq!((value("500103"), value("500106"), value("500112")), (None, None, Some(480)));
        assert!(figures.iter().all(|figure| figure["figure"] != "paid"));
        let page = stranger.get("/open/statistics").await.text();
        assert!(page.contains("不显示") && page.contains("480"), "{}", house.engine);
        let csv = stranger.get("/open/statistics.csv").await.text();
        assert!(csv.contains("500103,渝中区,Yuzhong") && csv.contains(",yes"), "{csv}");
    }
}

/// Art. 20, 21, 22: what people say and what is frozen are on the desk, late or in time.
#[tokio::test]
async fn complaints_and_freezes_are_counted_late_or_in_time() {
    for house in houses("supervision_service").await {
        let now = Utc::now();
        let write = house.app.db.housekeeping(move |tx| {
            let due = |days: i64| day_text(Utc(now.0 + days * Utc::DAY).day());
            for (id, state, due_on, answered) in [
                (1_i64, "answered", due(3), Some(now)),
                (2, "answered", due(-3), Some(now)),
                (3, "assigned", due(-1), None),
            ] {
                let sql = "INSERT INTO complaint (id, reference, kind, field, division, channel, body,
                       about_kind, about_id, name, phone, state, sensitive, opened_at, due_on, extended,
                       escalated, appealed, reminded, answered_at, outcome, answer, score, score_words, version)
                     VALUES ($1, $2, 'complaint', 'money', '500103', 'page', 'x', '', '', '', '', $3,
                       FALSE, $4, $5, FALSE, FALSE, FALSE, FALSE, $6, '', '', $7, '', 1)";
                let reference = id.to_string();
                let score = answered.map(|_| 4_i64);
                let values =
                    [v(id), v(reference), v(state), v(now), v(due_on), v(answered), v(score)];
                tx.execute(sql, &values)?;
            }
            let mut frozen = people::freezes::rules::Freeze::new(
                (kernel::id::Id(5), kernel::id::Id(6)),
                people::freezes::rules::Scope::Money,
                people::freezes::rules::Source::Officer,
                people::freezes::rules::Reason::Stolen,
                &people::freezes::rules::Terms::default(),
                Utc(now.0 - 30 * Utc::DAY),
            );
            frozen.division = "500103".to_owned();
            people::freezes::store::insert(tx, &[frozen]).map(drop)
        });
        write.await.expect("written");
        let mut desk = house.client(&actor(Role::MunicipalOfficer)).await;
        let csv = desk.get(&format!("/office/supervision.csv?{}", today())).await.text();
        for (key, line) in [
            ("complaints", "money,待遇和补贴资金,Benefits and subsidies,3"),
            ("complaints-answered", "late,逾期答复,Late,1"),
            ("complaints-answered", "on-time,按期答复,In time,1"),
            ("complaints-open", "money,待遇和补贴资金,Benefits and subsidies,1"),
            ("complaints-marks", "4,4分,4,2"),
            ("complaints-late", "500103,渝中区,Yuzhong District,1"),
            ("freezes", "money,只冻结资金,Money,1"),
            ("freezes-late", "500103,渝中区,Yuzhong District,1"),
        ] {
            let there = |text: &str| text.contains(&format!("{key},")) && text.ends_with(line);
            assert!(csv.lines().any(there), "{} {line}: {csv}", house.engine);
        }
    }
}

/// Art. 4, 9, 25: each figure leads to its lines, its districts, its months and the cases behind it; what is the
/// auditor's stays his, a district's officer sees his own.
#[tokio::test]
async fn every_figure_leads_to_what_stands_behind_it() {
    for house in houses("desk_drill").await {
        house.uses().await;
        let mut city = house.client(&actor(Role::MunicipalOfficer)).await;
        for figure in FIGURES {
            let page = city.get(&format!("/office/supervision/figures/{}", figure.key)).await;
            let wanted = if figure.group == Group::Audit { 404 } else { 200 };
            assert_eq!(page.status, wanted, "{} {}: {}", house.engine, figure.key, page.text());
        }
        assert_eq!(city.get("/office/supervision/figures/x").await.status, 404);
        let path = format!("/office/supervision/figures/uses?{}", today());
        let uses = city.get(&path).await.text();
        for part in [">573<", ">480<", "渝北区", "division=500112", "/office/uses"] {
            assert!(uses.contains(part), "{} {part}: {uses}", house.engine);
        }
        let places =
            city.get(&format!("/office/supervision/figures/uses-districts?{}", today())).await;
        assert!(places.text().contains("/office/supervision?division=500112"));
        let district = Actor { division: "500106".to_owned(), ..actor(Role::DistrictOfficer) };
        let own = house.client(&district).await.get(&path).await.text();
        assert!(own.contains(">90<") && !own.contains(">480<"), "{}", house.engine);
        let mut auditor = house.client(&actor(Role::Auditor)).await;
        assert_eq!(auditor.get("/office/supervision/figures/lag").await.status, 200);
    }
}

#[tokio::test]
async fn the_desk_and_the_yearly_report_are_pdf_files_in_chinese() {
    for house in houses("desk_pdf").await {
        house.uses().await;
        let mut city = house.client(&actor(Role::MunicipalApprover)).await;
        let year = Utc::now().day().year();
        for path in [
            format!("/office/supervision.pdf?{}", today()),
            format!("/office/supervision/report/{year}/pdf"),
        ] {
            let file = city.get(&path).await;
            assert_eq!(file.header("content-type"), "application/pdf", "{path}: {}", file.text());
            let text = file.text();
            assert!(text.starts_with("%PDF-1.7") && text.contains("/STSong-Light"), "{path}");
            let hex = "渝北区".encode_utf16().map(|unit| format!("{unit:04X}")).collect::<String>();
            assert!(text.contains(&hex), "{} {path}", house.engine);
        }
        assert_eq!(city.get("/office/supervision/report/1999/pdf").await.status, 404);
    }
}
