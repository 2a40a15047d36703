use kernel::actor::{Actor, Role};
use kernel::testing::{Client, actor};

use super::house::{ITEM, code_of, day, houses, library};
use crate::fusion::decoders::tests::{bare_layout, sm2_layout};
use crate::fusion::rules::State;
use crate::fusion::service::approvals;
use crate::fusion::service::figures::{self, Milestones};
use crate::fusion::service::plans::{self, NewPlan};
use crate::fusion::service::schemes::{self, NewScheme};
use crate::fusion::store;

fn plan(milestones: &str) -> NewPlan {
    NewPlan {
        from: day(-60),
        target: day(60),
        todo_zh: "无需办理".to_owned(),
        todo_en: "Nothing".to_owned(),
        milestones: milestones.to_owned(),
    }
}

/// Art. 6: refused with the article, the items that do it, and what to do; nothing is left behind.
#[tokio::test]
async fn a_new_duplicate_is_refused_and_a_required_one_becomes_a_fused_use() {
    for house in houses("fusion_duplicate").await {
        let new = NewScheme { started_on: day(30), ..library() };
        let problem = house.register(&new).await.expect_err("a duplicate");
        assert_eq!((problem.code, problem.article.map(|a| a.0)), ("fusion/duplicate", Some(6)));
        assert!(problem.fields[0].text.zh.contains(ITEM), "{}", house.engine);
        assert!(problem.advice.zh.contains("社会保障卡"));
        assert!(approvals::waiting(&house.app).await.expect("read").is_empty());
        let unfounded = NewScheme { national: true, ..new.clone() };
        assert_eq!(code_of(house.register(&unfounded).await), "fusion/national-basis");
        let required = NewScheme { national_basis: "文件一号".to_owned(), ..unfounded };
        house.register(&required).await.expect("required by the State");
        assert_eq!(code_of(house.register(&library()).await), "fusion/known");
        house.confirm().await;
        let lines = figures::lines(&house.app, &house.catalogue).await.expect("read");
        assert!(lines[0].duplicate && lines[0].overlaps[0].item == ITEM);
        assert_eq!(lines[0].scheme.route(), crate::fusion::rules::Route::FusedUse);
    }
}

/// Art. 25: nobody confirms what he made; what was sent back frees its code.
#[tokio::test]
async fn two_people_decide_and_a_card_that_was_sent_back_can_come_again() {
    for house in houses("fusion_approval").await {
        house.register(&library()).await.expect("registered");
        let waits = approvals::waiting(&house.app).await.expect("read")[0].id;
        let maker = house.department.clone();
        assert_eq!(code_of(house.decide(&maker, waits, true).await), "approval/own-work");
        let silent =
            approvals::decide(&house.app, &house.catalogue, &house.approver, waits, false, " ");
        assert_eq!(code_of(silent.await), "fusion/comment-missing");
        house.decide(&house.approver, waits, false).await.expect("sent back");
        assert_eq!(code_of(house.decide(&house.approver, waits, true).await), "approval/not-open");
        house.register(&library()).await.expect("again");
        assert_eq!(house.entries("fusion.registered").await.len(), 2, "{}", house.engine);
        assert_eq!(house.entries("fusion.sent-back").await.len(), 1);
    }
}

#[tokio::test]
async fn a_plan_is_confirmed_reached_step_by_step_and_its_late_steps_are_counted() {
    for house in houses("fusion_plan").await {
        let (app, department) = (&house.app, &house.department);
        house.register(&library()).await.expect("registered");
        let lines = format!("{} 数据对接 / Data connected\n{} 停发旧卡", day(-5), day(10));
        let early = plans::propose(app, department, "CQ-LIBRARY", &plan(&lines)).await;
        assert_eq!(code_of(early), "fusion/not-now");
        house.confirm().await;
        let other = actor(Role::DepartmentOfficer);
        let foreign = plans::propose(app, &other, "CQ-LIBRARY", &plan(&lines)).await;
        assert_eq!(code_of(foreign), "fusion/not-yours");
        plans::propose(app, department, "CQ-LIBRARY", &plan(&lines)).await.expect("proposed");
        let twice = plans::propose(app, department, "CQ-LIBRARY", &plan(&lines)).await;
        assert_eq!(code_of(twice), "fusion/waiting");
        house.confirm().await;
        let count = async || {
            let read =
                |tx: &mut kernel::db::Tx<'_>| figures::milestones(tx, kernel::time::Utc::now());
            house.app.db.read(read).await.expect("counted")
        };
        assert_eq!(count().await, Milestones { overdue: 1, due: 1 }, "{}", house.engine);
        assert_eq!(figures::remind(app.clone()).await.expect("a round"), "1 overdue, 1 due");
        let reach = async |place: i64, evidence: &'static str| {
            plans::reach(app, department, "CQ-LIBRARY", place, evidence).await
        };
        assert_eq!(code_of(reach(1, " ").await), "fusion/evidence-missing");
        assert_eq!(code_of(reach(9, "验收单").await), "fusion/no-such-step");
        assert_eq!(reach(1, "验收单").await.expect("reached"), State::Merging);
        assert_eq!(code_of(reach(1, "验收单").await), "fusion/no-such-step");
        assert_eq!(count().await, Milestones { overdue: 0, due: 1 });
        assert_eq!(reach(2, "验收单").await.expect("reached"), State::Fused);
        let lines = figures::lines(app, &house.catalogue).await.expect("read");
        assert_eq!((lines[0].percent(), count().await), (100, Milestones::default()));
        assert_eq!(
            code_of(plans::propose(app, department, "CQ-LIBRARY", &plan("")).await),
            "fusion/not-now"
        );
    }
}

#[tokio::test]
async fn a_new_plan_takes_the_place_of_the_old_one_when_it_is_confirmed() {
    for house in houses("fusion_replan").await {
        house.register(&library()).await.expect("registered");
        house.confirm().await;
        for after in [10, 20] {
            let new = plan(&format!("{} 停发旧卡", day(after)));
            let (app, maker) = (&house.app, &house.department);
            plans::propose(app, maker, "CQ-LIBRARY", &new).await.expect("proposed");
            house.confirm().await;
        }
        let in_force = house.app.db.read(store::plans::in_force).await.expect("read");
        assert_eq!(in_force.len(), 1, "{}", house.engine);
        assert_eq!(kernel::time::day_text(in_force[0].milestones[0].due), day(20));
    }
}

#[tokio::test]
async fn no_two_formats_begin_alike() {
    for house in houses("fusion_prefix").await {
        house.library().await;
        for prefix in ["CQLIB1:", "CQLIB1:X", "CQLIB"] {
            let format = house.format(bare_layout(prefix)).await;
            assert_eq!(code_of(format), "fusion/prefix-taken", "{prefix} {}", house.engine);
        }
        assert_eq!(code_of(house.format(sm2_layout("CQ1:")).await), "fusion/prefix-taken");
        assert_eq!(code_of(house.format(sm2_layout("lower")).await), "fusion/layout");
        house.format(bare_layout("CQOLD:")).await.expect("another");
    }
}

async fn see(client: &mut Client, path: &str, words: &[&str]) {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    for word in words {
        assert!(reply.text().contains(word), "{path} misses {word}");
    }
}

fn fields() -> Vec<(&'static str, &'static str)> {
    vec![
        ("code", "CQ-READER"),
        ("kind", "library"),
        ("form", "card"),
        ("name_zh", "新读者证"),
        ("issuer", "示范图书馆"),
        ("purpose_zh", "借书"),
        ("area", "culture"),
        ("basis", "馆规"),
        ("holders", "0"),
        ("technical", "条码"),
        ("started_on", "2090-01-01"),
        ("function.identity", "on"),
    ]
}

/// The department registers on its page, the HRSS decides on its own, everybody sees the result.
#[tokio::test]
async fn the_pages_lead_from_registration_to_the_public_list() {
    for house in houses("fusion_pages").await {
        let router = house.router();
        let mut desk = house.browser(&router, &house.department).await;
        see(&mut desk, "/office/fusion", &["还没有登记", "登记卡（码）"]).await;
        see(&mut desk, "/office/fusion/register", &["国家另有发卡"]).await;
        let mut preview = fields();
        preview.push(("act", "check"));
        let reply = desk.post_form("/office/fusion/register", &preview).await;
        assert_eq!(reply.status, 409, "{}", house.engine);
        for word in ["功能重复", ITEM, "第六条", "新读者证"] {
            assert!(reply.text().contains(word), "{word}");
        }
        let reply = desk.post_form("/office/fusion/register", &fields()).await;
        assert!(reply.status == 409 && reply.text().contains("不得发放"));
        let mut required = fields();
        required.extend([("national", "1"), ("national_basis", "国家文件一号")]);
        let reply = desk.post_form("/office/fusion/register", &required).await;
        assert_eq!(reply.status, 303, "{}", reply.text());
        let page = reply.header("location").to_owned();
        see(&mut desk, &page, &["融合使用", "国家文件一号", "待审核", ITEM]).await;

        let mut office = house.browser(&router, &house.approver).await;
        see(&mut office, "/office/fusion", &["CQ-READER", "同意", "退回"]).await;
        let id = approvals::waiting(&house.app).await.expect("read")[0].id.to_string();
        let said = [("id", id.as_str()), ("decision", "yes")];
        assert_eq!(desk.post_form("/office/fusion/decide", &said).await.status, 403);
        assert_eq!(office.post_form("/office/fusion/decide", &said).await.status, 303);
        let again = office.post_form("/office/fusion/decide", &said).await;
        assert!(again.status == 409 && again.text().contains("已办结"));

        let (from, target, steps) = (day(-9), day(90), format!("{} 数据对接", day(-3)));
        let plan =
            [("from", &*from), ("target", &*target), ("milestones", &*steps), ("todo_zh", "")];
        let refused = desk.post_form(&format!("{page}/plan"), &plan).await;
        assert!(refused.status == 422 && refused.text().contains("数据对接"), "typed text is kept");
        let plan = [&plan[..3], &[("todo_zh", "请换用社会保障卡")]].concat();
        assert_eq!(desk.post_form(&format!("{page}/plan"), &plan).await.status, 303);
        house.confirm().await;
        see(&mut office, "/office/fusion", &["逾期节点", "数据对接", "<svg class=\"chart\""]).await;
        see(&mut desk, &page, &["已逾期", "标记完成"]).await;
        let mut stranger = Client::new(&router);
        see(&mut stranger, "/fusion", &["新读者证", "请换用社会保障卡", "融合使用", &target]).await;
        see(&mut stranger, "/fusion?kind=transit", &["没有符合条件"]).await;
        let list = stranger.get("/api/v1/fusion/cards").await.json();
        assert_eq!(
            (&list[0]["code"], &list[0]["route"]),
            (&"CQ-READER".into(), &"fused-use".into())
        );

        let reached = [("place", "1"), ("evidence", "验收单1号")];
        assert_eq!(desk.post_form(&format!("{page}/reach"), &reached).await.status, 303);
        see(&mut stranger, "/fusion", &["已融合"]).await;
    }
}

#[tokio::test]
async fn only_makers_change_and_only_the_own_department() {
    for house in houses("fusion_access").await {
        house.library().await;
        let router = house.router();
        let mut other = house.browser(&router, &actor(Role::DepartmentOfficer)).await;
        see(&mut other, "/office/fusion", &["还没有登记"]).await;
        let lines = figures::lines(&house.app, &house.catalogue).await.expect("read");
        let page = format!("/office/fusion/{}", lines[0].scheme.id);
        let end = [("why", "停用")];
        assert_eq!(other.post_form(&format!("{page}/end"), &end).await.status, 403);
        let auditor: Actor = actor(Role::Auditor);
        let mut auditor = house.browser(&router, &auditor).await;
        see(&mut auditor, &page, &["CQLIB1:", "SM2"]).await;
        assert!(!auditor.get(&page).await.text().contains("立即吊销"));
        assert_eq!(auditor.get("/office/fusion/register").await.status, 403);
        let done = schemes::end(&house.app, &house.officer, "CQ-LIBRARY", "不再发放").await;
        done.expect("the HRSS ends it");
        assert_eq!(house.said(&house.code("2026000123")).await, "fusion/format-not-in-force");
    }
}

/// The demonstration goes through the same doors, and only once.
#[tokio::test]
async fn the_demonstration_can_be_made_and_made_again() {
    for house in houses("fusion_demo").await {
        for _ in 0..2 {
            let (app, list) = (&house.app, &house.catalogue);
            let made = crate::fusion::demo::make(app, list, &house.officer, &house.approver);
            made.await.expect("made");
        }
        let lines = figures::lines(&house.app, &house.catalogue).await.expect("read");
        assert_eq!(lines.len(), 8, "{}", house.engine);
        assert_eq!(lines.iter().filter(|line| line.plan.is_some()).count(), 5);
        assert_eq!(lines.iter().filter(|line| line.scheme.state == State::Fused).count(), 1);
        assert_eq!(approvals::waiting(&house.app).await.expect("read").len(), 2);
        let mut stranger = Client::new(&house.router());
        see(&mut stranger, "/fusion", &["公交轨道储值卡", "残疾人证"]).await;
    }
}
