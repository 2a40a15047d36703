use std::collections::BTreeMap;
use std::time::Duration;

use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, actor, databases, platform};
use kernel::time::{Utc, day_text};
use proptest::prelude::*;

use super::effect;
use super::rules::{self, Refused};
use super::service::{self, HREF};
use super::store::{self, Course, Question};

fn code<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

proptest! {
    /// A test asks different questions, as many as it says, all of the course.
    #[test]
    fn questions_are_drawn_without_repetition(all in 0usize..60, asked in 0usize..80, seed in any::<u64>()) {
        let mut state = seed;
        let mut dice = || { state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1); state >> 7 };
        let mut drawn = rules::draw(all, asked, &mut dice);
        prop_assert_eq!(drawn.len(), asked.min(all));
        drawn.sort_unstable();
        drawn.dedup();
        prop_assert_eq!(drawn.len(), asked.min(all));
        prop_assert!(drawn.iter().all(|place| *place < all));
    }

    #[test]
    fn a_share_is_never_rounded_up(asked in 1usize..100, right in 0usize..100) {
        let right = right.min(asked);
        let share = rules::percent(right, asked);
        prop_assert!((0..=100).contains(&share));
        prop_assert!((share as usize) * asked <= right * 100);
        prop_assert_eq!(share == 100, right == asked);
    }
}

#[test]
fn each_refusal_names_article_21_and_what_to_do() {
    use kernel::law::Refusal as _;
    for refused in Refused::ALL {
        assert_eq!(refused.article().map(|article| article.0), Some(21), "{refused:?}");
        assert!(!refused.advice().zh.is_empty());
    }
}

fn course(roles: &[Role]) -> Course {
    Course {
        id: Id(0),
        title: "一卡通窗口服务规范".to_owned(),
        words: "出示卡面不等于核验。".to_owned(),
        roles: roles.to_vec(),
        asked: 2,
        pass_percent: 100,
        valid_days: 365,
        state: String::new(),
        made_by: Id(0),
        version: 1,
    }
}

fn question(number: i64) -> Question {
    Question {
        id: Id(0),
        words: format!("第{number}题"),
        options: ["甲", "乙", "丙"].map(str::to_owned).to_vec(),
        answer: number % 3,
        why: "见第七条".to_owned(),
    }
}

async fn opened(app: &App, writer: &Actor, reader: &Actor, roles: &[Role]) -> Id {
    let id = service::write(app, writer, course(roles)).await.expect("written");
    assert_eq!(code(service::set_open(app, reader, id, true).await), "training/too-few-questions");
    for number in 0..3 {
        service::add_question(app, writer, id, question(number)).await.expect("a question");
    }
    assert_eq!(code(service::set_open(app, writer, id, true).await), "training/own-work");
    service::set_open(app, reader, id, true).await.expect("opened");
    let late = service::add_question(app, writer, id, question(4)).await;
    assert_eq!(code(late), "training/not-now");
    id
}

async fn take(
    app: &App,
    who: &Actor,
    course: Id,
    right: bool,
) -> Result<service::Outcome, Problem> {
    let attempt = service::begin(app, who, course).await?;
    let paper = service::paper(app, who, attempt).await?;
    assert_eq!(paper.questions.len(), 2);
    let place = |one: &Question| if right { one.answer } else { (one.answer + 1) % 3 };
    let answers: BTreeMap<Id, i64> =
        paper.questions.iter().map(|one| (one.id, place(one))).collect();
    let done = service::answer(app, who, attempt, answers.clone()).await?;
    let again = service::answer(app, who, attempt, answers).await;
    assert_eq!(code(again), "training/attempt-over");
    Ok(done)
}

#[tokio::test]
async fn a_test_is_passed_by_right_answers_and_tries_are_few() {
    for test in databases("care_training") {
        let app = platform(&test, &[kernel::MIGRATIONS, super::MIGRATIONS]).await;
        let (writer, reader) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        let course = opened(&app, &writer, &reader, &[Role::Clerk]).await;
        let (clerk, other) = (actor(Role::Clerk), actor(Role::HotlineAgent));
        assert_eq!(code(service::begin(&app, &other, course).await), "training/other-role");
        for _ in 0..2 {
            let done = take(&app, &clerk, course, false).await.expect("ended");
            assert!((done.percent, done.certificate.is_some()) == (0, false), "{}", test.engine);
        }
        let done = take(&app, &clerk, course, true).await.expect("ended");
        let certificate = done.certificate.expect("passed");
        assert_eq!((certificate.until - certificate.got_on).whole_days(), 365);
        assert_eq!(code(service::begin(&app, &clerk, course).await), "training/tries-used");
        let counts = app.db.read(move |tx| store::counts(tx, course)).await.expect("counted");
        assert_eq!(counts, (3, 1));
    }
}

/// Art. 21: who lacks the certificate that the role needs is led to the course, and nothing else is open.
#[tokio::test]
async fn a_required_certificate_closes_everything_else_until_it_is_there_and_when_it_ends() {
    for test in databases("care_required") {
        let app = platform(
            &test,
            &[kernel::MIGRATIONS, super::MIGRATIONS, crate::coordination::MIGRATIONS],
        )
        .await;
        let routes = kernel::http::kernel_routes()
            .merge(super::routes())
            .merge(crate::coordination::routes());
        let router = kernel::http::build(app.clone(), routes).router;
        let (writer, reader) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        let course = opened(&app, &writer, &reader, &[Role::DepartmentOfficer]).await;
        let learner = actor(Role::DepartmentOfficer);
        let mut browser = Client::signed_in(&router, &app, &learner).await;
        let mut program = Client::program(&router, &app, &learner).await;
        assert_eq!(browser.get("/office/coordination").await.status, 200);
        let today = Utc::now().day();
        let role = Role::DepartmentOfficer;
        let other = service::require(&app, &writer, Role::Clerk, course, Some(today)).await;
        assert_eq!(code(other), "training/other-role");
        service::require(&app, &writer, role, course, Some(today)).await.expect("required");
        assert_eq!(
            code(service::set_open(&app, &reader, course, false).await),
            "training/required"
        );
        service::round_on(&app, today).await.expect("a round");
        // A session is believed for a second.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let led = browser.get("/office/coordination").await;
        assert_eq!((led.status.as_u16(), led.header("location")), (303, HREF), "{}", test.engine);
        let refused = program.get("/api/v1/coordination/tasks").await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (403, "platform/duty-first")
        );
        assert!(browser.get("/training").await.text().contains("必须"));
        assert_eq!(browser.get("/duties").await.status, 200, "what is for everybody stays open");
        let begun = browser.post_form(&format!("/training/courses/{course}"), &[]).await;
        let attempt = begun.header("location").to_owned();
        let id: Id = attempt.rsplit('/').next().expect("an id").parse().expect("an id");
        let paper = service::paper(&app, &learner, id).await.expect("begun");
        let answers: Vec<(String, String)> = paper
            .questions
            .iter()
            .map(|one| (format!("q.{}", one.id), one.answer.to_string()))
            .collect();
        let answers: Vec<(&str, &str)> =
            answers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let done = browser.post_form(&attempt, &answers).await;
        assert!(done.text().contains("培训合格证书"), "{}", done.text());
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(browser.get("/office/coordination").await.status, 200);
        assert_eq!(program.get("/api/v1/coordination/tasks").await.status, 200);
        let own = program.get("/api/v1/training/own").await.json();
        assert_eq!(own["missing"], serde_json::json!([]));
        // A year later the certificate has ended.
        service::round_on(&app, today + time::Duration::days(366)).await.expect("a round");
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(program.get("/api/v1/coordination/tasks").await.status, 403);
        service::require(&app, &writer, role, course, None).await.expect("taken away");
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(program.get("/api/v1/coordination/tasks").await.status, 200);
    }
}

#[tokio::test]
async fn courses_and_publicity_are_written_and_published_on_the_pages_by_two() {
    for test in databases("care_publicity") {
        let app =
            platform(&test, &[kernel::MIGRATIONS, items::MIGRATIONS, super::MIGRATIONS]).await;
        let router =
            kernel::http::build(app.clone(), kernel::http::kernel_routes().merge(super::routes()))
                .router;
        let mut writer = Client::signed_in(&router, &app, &actor(Role::MunicipalOfficer)).await;
        let mut reader = Client::signed_in(&router, &app, &actor(Role::MunicipalApprover)).await;
        let today = day_text(Utc::now().day());
        let fields = [
            ("kind", "announcement"),
            ("title", "社保卡一卡通条例施行"),
            ("words", "自施行之日起，持卡可乘公交。"),
            ("first", &today),
            ("last", &today),
        ];
        assert_eq!(writer.post_form("/office/publicity", &fields).await.status, 303);
        let bad = [("kind", "announcement"), ("first", today.as_str()), ("last", &today)];
        assert_eq!(writer.post_form("/office/publicity", &bad).await.status, 422);
        let mut anybody = Client::new(&router);
        assert!(!anybody.get("/announcements").await.text().contains("条例施行"));
        let all = app.db.read(super::publicity::all).await.expect("read");
        let path = format!("/office/publicity/{}/state", all[0].0.id);
        let own = writer.post_form(&path, &[("state", "published")]).await;
        assert_eq!(own.status, 403, "{}", test.engine);
        assert_eq!(reader.post_form(&path, &[("state", "published")]).await.status, 303);
        assert!(anybody.get("/announcements").await.text().contains("条例施行"));
        let listed = anybody.get("/api/v1/announcements").await.json();
        assert_eq!(listed[0]["title"], "社保卡一卡通条例施行");
        let reach = format!("/office/publicity/{}/reach", all[0].0.id);
        let reached = reader.post_form(&reach, &[("day", &today), ("people", "5")]).await;
        assert_eq!(reached.status, 409, "an announcement is no campaign");
        assert_eq!(reader.post_form(&path, &[("state", "withdrawn")]).await.status, 303);
        assert!(!anybody.get("/announcements").await.text().contains("条例施行"));
        let fields = [
            ("title", "窗口规范"),
            ("words", "内容"),
            ("asked", "1"),
            ("pass_percent", "60"),
            ("valid_days", "30"),
            ("role.clerk", "1"),
        ];
        let made = writer.post_form("/office/training", &fields).await;
        let place = made.header("location").to_owned();
        let asked =
            [("words", "卡面出示够吗"), ("options", "够\n不够"), ("answer", "2"), ("why", "")];
        assert_eq!(writer.post_form(&format!("{place}/questions"), &asked).await.status, 303);
        let no_such = [("words", "x"), ("options", "a\nb"), ("answer", "3")];
        assert_eq!(writer.post_form(&format!("{place}/questions"), &no_such).await.status, 422);
        let opened = reader.post_form(&format!("{place}/state"), &[("state", "open")]).await;
        assert_eq!(opened.status, 303);
        assert!(reader.get(&place).await.text().contains("卡面出示够吗"));
    }
}

proptest! {
    /// Art. 21: as many days are compared before a campaign as it ran, they never overlap, and nothing of the
    /// future is counted.
    #[test]
    fn the_days_before_during_and_after_a_campaign_are_alike(start in -400i64..40, length in 0i64..90) {
        let today = time::macros::date!(2026 - 11 - 30);
        let first = today + time::Duration::days(start);
        let last = first + time::Duration::days(length);
        let Some(spans) = effect::spans(first, last, today) else {
            prop_assert!(first > today);
            return Ok(());
        };
        let days = |(from, until): (time::Date, time::Date)| (until - from).whole_days() + 1;
        prop_assert_eq!(days(spans.before), days(spans.during));
        prop_assert!(spans.before.1 < spans.during.0 && spans.during.1 <= today);
        if let Some(after) = spans.after {
            prop_assert!(spans.during.1 == last && after.0 > last && after.1 <= today);
            prop_assert!((1..=days(spans.during)).contains(&days(after)));
        }
    }
}

/// Art. 21: a campaign's effect is what its item was used in its district before, during and after, beside all
/// uses; audiences and channels are summed.
#[tokio::test]
async fn the_effect_of_publicity_is_told_by_audience_and_channel_beside_what_happened_anyway() {
    for test in databases("care_effect") {
        let schema = [
            kernel::MIGRATIONS,
            items::MIGRATIONS,
            cards::MIGRATIONS,
            people::MIGRATIONS,
            codes::MIGRATIONS,
            codes::figures::MIGRATIONS,
            super::MIGRATIONS,
        ];
        let app = platform(&test, &schema).await;
        let today = Utc::now().day();
        let ago = move |days: i64| today - time::Duration::days(days);
        let write = app.db.housekeeping(move |tx| {
            // Four days before 100 a day, four days of campaign 150, two days after 120; elsewhere always 100.
            for days in 0..10 {
                let own = if days > 5 { 100_i64 } else if days > 1 { 150 } else { 120 };
                for (item, division, count) in
                    [("CQ-CU-001", "500103", own), ("CQ-CU-001", "500112", 70), ("CQ-TR-001", "500103", 30)]
                {
                    let sql = "INSERT INTO use_hour (day, hour, item_code, field, division, accepted, refused)
                               VALUES ($1, 9, $2, 'culture', $3, $4, 5)";
                    tx.execute(sql, &[v(day_text(ago(days))), v(item), v(division), v(count)])?;
                }
            }
            Ok::<_, kernel::db::DbError>(())
        });
        write.await.expect("written");
        let router =
            kernel::http::build(app.clone(), kernel::http::kernel_routes().merge(super::routes()))
                .router;
        let district = Actor { division: "500103".to_owned(), ..actor(Role::DistrictOfficer) };
        let mut writer = Client::signed_in(&router, &app, &district).await;
        let mut reader = Client::signed_in(&router, &app, &actor(Role::MunicipalApprover)).await;
        let (first, last) = (day_text(ago(5)), day_text(ago(2)));
        let mut fields = vec![
            ("kind", "campaign"),
            ("title", "图书馆宣讲"),
            ("words", "持卡借书"),
            ("item", "CQ-CU-001"),
            ("first", first.as_str()),
            ("last", last.as_str()),
        ];
        let no_audience = writer.post_form("/office/publicity", &fields).await;
        assert!(no_audience.status == 422 && no_audience.text().contains("请选择渠道"));
        fields.extend([("audience", "elderly"), ("channel", "talks")]);
        assert_eq!(writer.post_form("/office/publicity", &fields).await.status, 303);
        let none = writer.get("/office/publicity/effect").await.text();
        assert!(none.contains("还没有已开始的宣传活动"), "a draft has no effect");
        let all = app.db.read(super::publicity::all).await.expect("read");
        let path = format!("/office/publicity/{}", all[0].0.id);
        assert_eq!(all[0].0.division, "500103", "a district's campaign is held there");
        let published = [("state", "published")];
        assert_eq!(reader.post_form(&format!("{path}/state"), &published).await.status, 303);
        let reached = [("day", first.as_str()), ("people", "180")];
        assert_eq!(reader.post_form(&format!("{path}/reach"), &reached).await.status, 303);
        let found = app.db.read(move |tx| effect::effects(tx, today)).await.expect("read");
        let [(_, one)] = found.as_slice() else { panic!("{found:?}") };
        let uses = |uses, days| effect::Uses { uses, days };
        assert_eq!((one.before, one.during, one.after), (uses(400, 4), uses(600, 4), uses(240, 2)));
        assert_eq!((one.change(), one.lasting(), one.anyway()), (Some(50), Some(20), Some(25)));
        let page = reader.get("/office/publicity/effect").await.text();
        for part in ["老年人", "社区宣讲", "+50 %", "+20 %", "+25 %", "150.0", ">180<"] {
            assert!(page.contains(part), "{} {part}: {page}", test.engine);
        }
        let csv = reader.get("/office/publicity/effect.csv").await.text();
        assert!(csv.contains("elderly,talks,500103,CQ-CU-001"), "{csv}");
        assert!(csv.contains(",180,4,400,600,2,240,800,1000"), "{csv}");
    }
}
