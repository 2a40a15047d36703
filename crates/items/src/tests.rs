//! Use cases and pages on both engines.

use std::sync::Arc;

use kernel::actor::{Actor, Role};
use kernel::journal;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, TestDb, actor, databases, id, platform};
use kernel::time::{Utc, day_text};
use time::{Date, Duration};

use crate::catalogue::Catalogue;
use crate::rules::workflow::Said;
use crate::service::{self, Proposal};
use crate::{MIGRATIONS, seed, store};

mod follow;
mod more;

struct House {
    app: App,
    catalogue: Arc<Catalogue>,
    engine: &'static str,
    _db: TestDb,
}

async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for db in databases(name) {
        let app = platform(&db, &[kernel::MIGRATIONS, MIGRATIONS]).await;
        houses.push(House { app, catalogue: Arc::default(), engine: db.engine, _db: db });
    }
    houses
}

fn day(after: i64) -> Date {
    Utc::now().day().saturating_add(Duration::days(after))
}

fn proposal(code: &str, from: Date) -> Proposal {
    Proposal {
        code: code.to_owned(),
        name_zh: "图书借还".to_owned(),
        name_en: "Borrowing books".to_owned(),
        field: "culture".to_owned(),
        list: "city".to_owned(),
        level: "code".to_owned(),
        ways: "code,card".to_owned(),
        discloses: "name_masked,number_masked".to_owned(),
        basis: "条例第七条".to_owned(),
        guide_zh: "出示卡码".to_owned(),
        guide_en: "Show the code".to_owned(),
        from: day_text(from),
        why: "核对是本人".to_owned(),
        ..Proposal::default()
    }
}

impl House {
    async fn propose(&self, maker: &Actor, code: &str, after: i64) -> Result<i64, Problem> {
        let item = service::propose(&self.app, maker, &proposal(code, day(after))).await?;
        Ok(item.version)
    }

    /// Takes the oldest step that waits for `checker`.
    async fn decide(&self, checker: &Actor, yes: bool) -> Result<(), Problem> {
        let waiting = service::waiting(&self.app, checker).await?;
        let id = waiting.first().ok_or_else(Problem::not_found)?.taken.id;
        let (comment, evidence) = ("已核对".to_owned(), "渝府〔2026〕1号".to_owned());
        let said = Said { yes, comment, evidence };
        service::decide(&self.app, &self.catalogue, checker, id, said).await.map(drop)
    }

    /// Consultation, decision and publication of the oldest case of the city's list.
    async fn through(&self) {
        let (officer, approver) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        for checker in [&officer, &approver, &approver] {
            self.decide(checker, true).await.expect("agreed");
        }
    }

    async fn acts(&self) -> Vec<(String, String)> {
        let newest = |tx: &mut kernel::db::Tx<'_>| {
            Ok::<_, Problem>(journal::newest(tx, kernel::id::Id(i64::MAX), 50)?)
        };
        let entries = self.app.db.read(newest).await.expect("the journal is read");
        entries.into_iter().rev().map(|entry| (entry.act, entry.item)).collect()
    }

    fn version(&self, code: &str, after: i64) -> Option<i64> {
        self.catalogue.get(code, day(after)).map(|item| item.version)
    }
}

fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

#[tokio::test]
async fn a_new_version_ends_the_one_before_it_the_day_before_it_begins() {
    for house in houses("items_versions").await {
        let maker = actor(Role::DepartmentOfficer);
        assert_eq!(house.propose(&maker, "CQ-CU-001", 0).await.expect("proposed"), 1);
        assert_eq!(house.version("CQ-CU-001", 0), None, "a proposal is not on the list");
        house.through().await;
        assert_eq!(house.version("CQ-CU-001", 0), Some(1), "{}", house.engine);
        assert_eq!(house.propose(&maker, "CQ-CU-001", 10).await.expect("proposed"), 2);
        house.through().await;
        let answers = [-1, 0, 9, 10, 400].map(|after| house.version("CQ-CU-001", after));
        assert_eq!(answers, [None, Some(1), Some(1), Some(2), Some(2)], "{}", house.engine);
        let first = house.catalogue.get("CQ-CU-001", day(0)).expect("in force");
        assert_eq!(first.until, Some(day(9)));
        let acts = house.acts().await;
        let of = |act: &str, item: &str| (act.to_owned(), item.to_owned());
        let told = [
            of("item.proposed", "CQ-CU-001 v1"),
            of("item.agreed", "CQ-CU-001 v1"),
            of("item.agreed", "CQ-CU-001 v1"),
            of("item.published", "CQ-CU-001 v1"),
            of("item.proposed", "CQ-CU-001 v2"),
            of("item.agreed", "CQ-CU-001 v2"),
            of("item.agreed", "CQ-CU-001 v2"),
            of("item.published", "CQ-CU-001 v2"),
        ];
        assert_eq!(acts, told);
    }
}

#[tokio::test]
async fn what_is_stored_is_what_was_proposed() {
    for house in houses("items_stored").await {
        let maker = actor(Role::MunicipalOfficer);
        let made = service::propose(&house.app, &maker, &proposal("CQ-CU-001", day(3))).await;
        let made = made.expect("proposed");
        let checker = actor(Role::DepartmentOfficer);
        let waiting = service::waiting(&house.app, &checker).await.expect("read");
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].item, made);
        assert_eq!(Some(made.owner), maker.org);
    }
}

/// Art. 25: nobody decides on what he made himself; nothing of the attempt is kept.
#[tokio::test]
async fn the_maker_never_decides() {
    for house in houses("items_maker").await {
        let maker = actor(Role::MunicipalOfficer);
        house.propose(&maker, "CQ-CU-001", 0).await.expect("proposed");
        let other =
            service::waiting(&house.app, &actor(Role::DepartmentOfficer)).await.expect("read");
        let said = Said { yes: true, ..Said::default() };
        let own =
            service::decide(&house.app, &house.catalogue, &maker, other[0].taken.id, said).await;
        assert_eq!(code_of(own), "items/own-work");
        assert_eq!(house.version("CQ-CU-001", 0), None);
        assert_eq!(
            service::waiting(&house.app, &actor(Role::DepartmentOfficer))
                .await
                .expect("read")
                .len(),
            1
        );
        assert_eq!(house.acts().await.len(), 1);
    }
}

#[tokio::test]
async fn one_proposal_for_an_item_waits_at_a_time() {
    for house in houses("items_waits").await {
        let (maker, checker) = (actor(Role::DepartmentOfficer), actor(Role::MunicipalOfficer));
        house.propose(&maker, "CQ-CU-001", 1).await.expect("proposed");
        let again = house.propose(&maker, "CQ-CU-001", 2).await;
        assert_eq!(code_of(again), "items/proposal-waits");
        house.propose(&maker, "CQ-CU-002", 2).await.expect("another item is free");
        house.decide(&checker, false).await.expect("sent back");
        assert_eq!(house.propose(&maker, "CQ-CU-001", 1).await.expect("proposed again"), 2);
    }
}

#[tokio::test]
async fn of_two_proposals_at_once_one_is_told_to_wait() {
    for house in houses("items_race").await {
        let (one, other) = (actor(Role::DepartmentOfficer), actor(Role::DepartmentOfficer));
        let results = tokio::join!(
            house.propose(&one, "CQ-CU-001", 1),
            house.propose(&other, "CQ-CU-001", 1)
        );
        let mut codes = [code_of(results.0), code_of(results.1)];
        codes.sort_unstable();
        assert_eq!(codes, ["items/proposal-waits", "ok"], "{}", house.engine);
    }
}

#[tokio::test]
async fn what_is_sent_back_never_comes_on_the_list_and_needs_a_reason() {
    for house in houses("items_back").await {
        let maker = actor(Role::DepartmentOfficer);
        house.propose(&maker, "CQ-CU-001", 0).await.expect("proposed");
        let checker = actor(Role::DepartmentOfficer);
        let waiting = service::waiting(&house.app, &checker).await.expect("read");
        let silent = |yes| {
            let said = Said { yes, comment: "  ".to_owned(), evidence: String::new() };
            service::decide(&house.app, &house.catalogue, &checker, waiting[0].taken.id, said)
        };
        assert_eq!(code_of(silent(false).await), "items/comment-missing");
        house.decide(&checker, false).await.expect("sent back");
        assert_eq!(house.version("CQ-CU-001", 0), None);
        assert_eq!(code_of(silent(true).await), "approval/not-open");
    }
}

#[tokio::test]
async fn departments_change_their_own_items_and_the_hrss_every_one() {
    for house in houses("items_owner").await {
        let (owner, stranger) = (actor(Role::DepartmentOfficer), actor(Role::DepartmentOfficer));
        let hrss = actor(Role::MunicipalOfficer);
        house.propose(&owner, "CQ-CU-001", 0).await.expect("proposed");
        house.through().await;
        assert_eq!(code_of(house.propose(&stranger, "CQ-CU-001", 1).await), "items/not-owner");
        house.propose(&hrss, "CQ-CU-001", 1).await.expect("proposed");
        let checker = actor(Role::DepartmentOfficer);
        let waiting = service::waiting(&house.app, &checker).await.expect("read");
        assert_eq!(Some(waiting[0].item.owner), owner.org, "the owner stays");
        let joint = Proposal { list: "joint".to_owned(), ..proposal("CY-CU-009", day(1)) };
        let refused = service::propose(&house.app, &stranger, &joint).await;
        assert_eq!(code_of(refused), "items/joint-list");
        service::propose(&house.app, &hrss, &joint).await.expect("the HRSS may");
    }
}

#[tokio::test]
async fn codes_that_nobody_knows_are_told_by_field() {
    let house = houses("items_fields").await.remove(0);
    let maker = actor(Role::MunicipalOfficer);
    type Spoil = fn(&mut Proposal, String);
    let spoils: [(&str, Spoil); 6] = [
        ("field", |form, text| form.field = text),
        ("list", |form, text| form.list = text),
        ("level", |form, text| form.level = text),
        ("ways", |form, text| form.ways = text),
        ("discloses", |form, text| form.discloses = text),
        ("from", |form, text| form.from = text),
    ];
    for (field, spoil) in spoils {
        let mut form = proposal("CQ-CU-001", day(1));
        spoil(&mut form, "nonsense".to_owned());
        let problem = service::propose(&house.app, &maker, &form).await.expect_err(field);
        assert_eq!((problem.status, problem.fields[0].field.as_str()), (422, field));
    }
    assert!(house.acts().await.is_empty());
}

async fn seeded(house: &House) -> axum::Router {
    let app = house.app.clone();
    let owner = id();
    app.db
        .housekeeping({
            let app = app.clone();
            move |tx| seed::seed(tx, &|| app.id(), &|_| owner, Utc::now())
        })
        .await
        .expect("seeded");
    house.catalogue.load(&app).await.expect("loaded");
    kernel::http::build(app, crate::routes(house.catalogue.clone())).router
}

#[tokio::test]
async fn every_first_item_is_as_a_proposal_must_be() {
    for house in houses("items_seed").await {
        let _router = seeded(&house).await;
        let stored = house.app.db.read(|tx| Ok::<_, Problem>(store::published(tx)?)).await;
        let stored = stored.expect("read");
        assert_eq!(stored.len(), seed::proposals().len());
        for item in stored {
            let fits = crate::rules::check_proposal(&item, None, item.from);
            assert_eq!(fits, Ok(()), "{}", item.code);
        }
    }
}

#[tokio::test]
async fn programs_read_and_filter_the_list() {
    for house in houses("items_api").await {
        let mut client = Client::new(&seeded(&house).await);
        let codes = |reply: kernel::testing::Reply| -> Vec<String> {
            let list = reply.json();
            let list = list.as_array().expect("a list").iter();
            list.map(|item| item["code"].as_str().expect("a code").to_owned()).collect()
        };
        assert_eq!(codes(client.get("/api/v1/items").await).len(), seed::proposals().len());
        let transport = codes(client.get("/api/v1/items?field=transport").await);
        assert!(transport.len() > 5 && transport.iter().all(|code| code.contains("-TR-")));
        let hospital = codes(client.get("/api/v1/items?q=HOSPITAL").await);
        assert_eq!(hospital[0], "CQ-HE-001", "the name comes before the guide");
        assert!(codes(client.get("/api/v1/items?on=2020-01-01").await).is_empty());
        assert_eq!(client.get("/api/v1/items?field=magic").await.status, 422);
        let bus = client.get("/api/v1/items/CQ-TR-001").await.json();
        assert_eq!(bus["discloses"], serde_json::json!(["over_60"]));
        assert_eq!(bus["ways"], serde_json::json!(["code", "card"]));
        let before = client.get("/api/v1/items/CQ-TR-001?day=2020-01-01").await;
        assert_eq!((before.status.as_u16(), before.code()), (404, "items/not-listed".to_owned()));
        assert_eq!(client.get("/api/v1/items/CQ-TR-001?day=soon").await.status, 422);
    }
}

#[tokio::test]
async fn an_item_goes_from_the_form_to_the_public_page() {
    for house in houses("items_pages").await {
        let router = seeded(&house).await;
        let (maker, checker) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        let department = actor(Role::DepartmentOfficer);
        let mut office = Client::signed_in(&router, &house.app, &maker).await;
        assert!(office.get("/office/items/propose").await.text().contains("discloses.over_60"));
        let today = day_text(day(0));
        let form = [
            ("code", "CQ-TO-009"),
            ("name_zh", "游轮登船核验"),
            ("name_en", "Boarding a river cruise"),
            ("field", "tourism"),
            ("list", "city"),
            ("level", "code"),
            ("way.code", "on"),
            ("discloses.name_masked", "on"),
            ("why", "登船点名"),
            ("basis", "条例第七条"),
            ("guide_zh", "登船时出示卡码。"),
            ("from", today.as_str()),
        ];
        let sent = office.post_form("/office/items/propose", &form).await;
        assert!(sent.status == 200 && sent.text().contains("CQ-TO-009 v1"), "{}", sent.text());
        let twice = office.post_form("/office/items/propose", &form).await;
        assert!(twice.status == 409 && twice.text().contains("游轮登船核验"), "the form is kept");

        for (reader, button) in
            [(&department, "同意"), (&checker, "同意"), (&checker, "同意并公布")]
        {
            let mut desk = Client::signed_in(&router, &house.app, reader).await;
            let page = desk.get("/office/items/decide").await.text();
            assert!(page.contains("CQ-TO-009") && page.contains(button), "{page}");
            let open = service::waiting(&house.app, reader).await.expect("read")[0].taken.id;
            let open = open.to_string();
            let vague = [("id", open.as_str()), ("decision", "perhaps")];
            assert_eq!(desk.post_form("/office/items/decide", &vague).await.status, 422);
            let yes = [("id", open.as_str()), ("decision", "yes"), ("evidence", "渝府〔2026〕1号")];
            assert_eq!(desk.post_form("/office/items/decide", &yes).await.status, 303);
        }
        let history = office.get("/office/items/CQ-TO-009/history").await.text();
        assert!(
            history.contains("渝府〔2026〕1号") && history.contains("市人民政府决定"),
            "{history}"
        );

        let mut public = Client::new(&router);
        let page = public.get("/items/CQ-TO-009").await.text();
        assert!(page.contains("登船时出示卡码") && page.contains("出示卡码"), "{page}");
        assert!(page.contains("/me/complaints/new?about=item:CQ-TO-009"), "{page}");
        let found = public.get("/items?q=%E6%B8%B8%E8%BD%AE").await.text();
        assert!(found.contains("CQ-TO-009") && !found.contains("CQ-TR-001"));
        assert_eq!(public.get("/items/NO-SUCH").await.status, 404);
    }
}

/// Art. 14: consent of the district, publication, filing; an objection takes the item off the list.
#[tokio::test]
async fn the_city_objects_to_a_filing_and_the_item_leaves_the_list() {
    for house in houses("items_filing").await {
        let in_yubei = |role| Actor { division: "500112".to_owned(), ..actor(role) };
        let (maker, approver) = (in_yubei(Role::DistrictOfficer), in_yubei(Role::DistrictApprover));
        let form = Proposal {
            list: "district".to_owned(),
            division: "500112".to_owned(),
            ..proposal("YB-CU-001", day(0))
        };
        service::propose(&house.app, &maker, &form).await.expect("proposed");
        let stranger = Actor { division: "500103".to_owned(), ..actor(Role::DistrictApprover) };
        assert!(house.decide(&stranger, true).await.is_err(), "another district's");
        house.decide(&approver, true).await.expect("consent");
        house.decide(&approver, true).await.expect("publication");
        assert_eq!(house.version("YB-CU-001", 1), Some(1), "it is carried out before the filing");
        house.decide(&actor(Role::MunicipalOfficer), false).await.expect("objection");
        assert_eq!(house.version("YB-CU-001", 1), None, "{}", house.engine);
    }
}

/// Art. 14: an objection before a change has begun leaves the text that was in force.
#[tokio::test]
async fn an_objection_before_the_first_day_of_a_change_leaves_the_text_before_it() {
    for house in houses("items_objection").await {
        let in_yubei = |role| Actor { division: "500112".to_owned(), ..actor(role) };
        let (maker, approver) = (in_yubei(Role::DistrictOfficer), in_yubei(Role::DistrictApprover));
        for (from, agrees) in [(0, true), (5, false)] {
            let form = Proposal {
                list: "district".to_owned(),
                division: "500112".to_owned(),
                places: format!("第{from}版"),
                ..proposal("YB-CU-002", day(from))
            };
            service::propose(&house.app, &maker, &form).await.expect("proposed");
            house.decide(&approver, true).await.expect("consent");
            house.decide(&approver, true).await.expect("publication");
            house.decide(&actor(Role::MunicipalOfficer), agrees).await.expect("filing");
        }
        assert_eq!(house.version("YB-CU-002", 4), Some(1));
        assert_eq!(house.version("YB-CU-002", 5), Some(1), "{}: it goes on", house.engine);
    }
}

#[tokio::test]
async fn a_suspended_item_is_refused_at_once_and_lifted_by_somebody_else() {
    for house in houses("items_suspended").await {
        let _router = seeded(&house).await;
        let (one, other) = (actor(Role::MunicipalApprover), actor(Role::MunicipalApprover));
        let (app, catalogue) = (&house.app, &*house.catalogue);
        service::suspend(app, catalogue, &one, seed::LIBRARY, "系统异常").await.expect("suspended");
        assert_eq!(house.version(seed::LIBRARY, 0), None);
        assert_eq!(house.version(seed::LIBRARY, -1), Some(1), "the past stays");
        let again = service::suspend(app, catalogue, &other, seed::LIBRARY, "再次").await;
        assert_eq!(code_of(again), "items/suspended");
        let own = service::lift(app, catalogue, &one, seed::LIBRARY).await;
        assert_eq!(code_of(own), "items/own-suspension");
        service::lift(app, catalogue, &other, seed::LIBRARY).await.expect("lifted");
        assert_eq!(house.version(seed::LIBRARY, 0), Some(1), "{}", house.engine);
    }
}

#[tokio::test]
async fn an_item_that_is_withdrawn_leaves_after_its_last_day() {
    for house in houses("items_withdrawn").await {
        let maker = actor(Role::DepartmentOfficer);
        house.propose(&maker, "CQ-CU-001", 0).await.expect("proposed");
        house.through().await;
        let last = day_text(day(3));
        service::withdraw(&house.app, &maker, "CQ-CU-001", &last).await.expect("proposed");
        assert_eq!(house.version("CQ-CU-001", 4), Some(1), "a proposal changes nothing");
        house.through().await;
        assert_eq!([3, 4].map(|after| house.version("CQ-CU-001", after)), [Some(1), None]);
    }
}

/// A broken table reports each line and changes nothing; the mended one is proposed whole.
#[tokio::test]
async fn a_table_is_proposed_whole_or_not_at_all() {
    use crate::service::Imported;
    for house in houses("items_import").await {
        let maker = actor(Role::MunicipalOfficer);
        let head = "code,name_zh,name_en,field,list,level,ways,basis,guide_zh\n";
        let good = "CQ-CU-090,展览签到,Exhibition,culture,city,code,code,条例,出示卡码\n";
        let bad = "CQ-CU-091,讲座签到,Lecture,magic,city,code,code,条例,出示卡码\n";
        let worse = "x,讲座,Talk,culture,city,code,code,条例,出示卡码\n";
        let broken = format!("{head}{good}{bad}{worse}").into_bytes();
        let Imported::Faulty(faults) =
            service::import(&house.app, &maker, broken).await.expect("read")
        else {
            panic!("a broken table was taken")
        };
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [3, 4]);
        assert!(house.acts().await.is_empty());
        let mended = format!("{head}{good}").into_bytes();
        let done = service::import(&house.app, &maker, mended).await.expect("read");
        assert!(matches!(done, Imported::Proposed(items) if items.len() == 1));
        assert_eq!(house.acts().await.len(), 1);
    }
}

/// What is downloaded can be checked against the key of the installation, and read back as a table.
#[tokio::test]
async fn open_data_is_signed_and_can_be_read_back() {
    use crate::proposal::COLUMNS;
    for house in houses("items_open").await {
        let mut client = Client::new(&seeded(&house).await);
        let digest = client.get("/open/items.digest").await.text();
        let key = house.app.keys.store().public(seal::keystore::JOURNAL, crate::open::SIGNER);
        let key = key.expect("a key");
        for name in ["items.json", "items.csv"] {
            let file = client.get(&format!("/open/{name}")).await.body;
            let line = digest.lines().find(|line| line.starts_with(name)).expect("a line");
            let signature = hex::decode(line.rsplit(' ').next().expect("hex")).expect("hex");
            let signature = signature.try_into().expect("64 bytes");
            assert!(key.verifies(&file, &signature), "{name}");
            assert!(!key.verifies(&file[1..], &signature), "{name}");
        }
        let table = std::io::Cursor::new(client.get("/open/items.csv").await.body);
        let limits = sheet::Limits { cell: 4_000, ..sheet::Limits::default() };
        let rows = sheet::open(table, COLUMNS, limits).expect("a table");
        assert_eq!(rows.filter(Result::is_ok).count(), seed::proposals().len());
        let feed = client.get("/open/items.atom").await.text();
        assert!(feed.contains("<feed") && feed.contains("urn:yikatong:items:"));
    }
}
