//! The duties of Art. 20, 22, 25 and 26 as people carry them out, in a real browser: a stolen card is frozen by
//! phone, refused at a terminal and thawed by its holder; a complaint by page and by phone to its end; a case from
//! a refusal to its decision.

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::testing::{self, Client};
use people::rules::Person;
use serde_json::json;

use crate::pages::{Served, serve};
use crate::support::browser::{self, Browser};

const PASSWORD: &str = "蜀道不难2718";

/// A holder of the demonstration whose both cards are in use, with a password that is known here.
async fn holder(served: &Served) -> (Actor, Person) {
    let read = |tx: &mut Tx<'_>| {
        let sql = "SELECT a.id, a.name, a.person_id FROM account a
                   JOIN card c ON c.person_id = a.person_id AND c.live AND c.stage = 'active'
                   JOIN ecard e ON e.card_id = c.id AND e.person_id = c.person_id AND e.state = 'on'
                   WHERE a.role = 'holder' ORDER BY a.id LIMIT 1";
        let row = tx.one(sql, &[])?;
        let person = row.get(2)?;
        let known = people::store::by_id(tx, person)?.expect("in the register");
        let hash = seal::password::hash(PASSWORD, &[7; 16]);
        kernel::auth::set_password(tx, row.get(0)?, &hash)?;
        let actor = Actor {
            account: row.get(0)?,
            name: row.get(1)?,
            person: Some(person),
            ..testing::actor(Role::Holder)
        };
        Ok::<_, DbError>((actor, known))
    };
    served.app.db.housekeeping(read).await.expect("the demonstration has holders")
}

/// What the demonstration's terminal says about the code that the holder shows now: `ok` or the reason.
async fn at_the_terminal(served: &Served, code: &str) -> String {
    let mut terminal = Client::new(&served.router);
    terminal.bearer = std::fs::read_to_string(served.test.folder.join("demo-terminal.token")).ok();
    let asked = json!({"code": code, "item": items::seed::LIBRARY});
    let said = terminal.post_json("/api/v1/verify", &asked).await.json();
    said["why"].as_str().or(said["result"].as_str()).unwrap_or_default().to_owned()
}

async fn shown(phone: &Browser, served: &Served) -> String {
    phone.open(&format!("{}/me/code", served.url)).await;
    phone.attribute(".code-page", "data-code-text").await.expect("a code")
}

/// The last code that was sent to a phone.
async fn sent_code(served: &Served) -> String {
    let path = served.test.folder.join("sms.jsonl");
    for _ in 0..100 {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let last = text.lines().rev().find_map(|line| line.split("解冻验证码 ").nth(1));
        if let Some(rest) = last {
            return rest.chars().take(6).collect();
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("no code was sent");
}

/// Art. 20: report, freeze, refusal at the terminal, thaw.
#[tokio::test(flavor = "multi_thread")]
async fn browser_a_stolen_card_is_frozen_by_phone_refused_at_a_terminal_and_thawed_by_its_holder() {
    if !browser::wanted() {
        return;
    }
    let served = serve("duties_freeze").await;
    let (actor, person) = holder(&served).await;
    let phone = served.browser_of(Some(&actor), true).await;
    let code = shown(&phone, &served).await;
    assert_eq!(at_the_terminal(&served, &code).await, "yes", "nothing is wrong yet");
    let agent = served.browser_of(Some(&served.actor(Role::HotlineAgent).await), false).await;
    agent.open(&format!("{}/hotline/freeze", served.url)).await;
    agent.fill("number", person.number.as_str()).await;
    agent.fill("name", &person.name).await;
    agent.fill("phone", &person.phone).await;
    agent.choose("reason", "stolen").await;
    agent.fill("words", "来电报称手机和卡被盗").await;
    agent.screenshot("hotline-freeze").await;
    // Shown by whoever has the phone now.
    let stolen = shown(&phone, &served).await;
    agent.press("冻结").await;
    agent.wait_for_text("已冻结，立即生效").await;
    assert_eq!(at_the_terminal(&served, &stolen).await, "codes/frozen");

    phone.open(&format!("{}/me/freeze", served.url)).await;
    phone.wait_for_text("您的卡目前有冻结").await;
    assert_eq!(phone.overflow().await, 0);
    phone.press("获取短信验证码").await;
    phone.wait_for_text("验证码已发送").await;
    let sent = sent_code(&served).await;
    let field = phone.attribute("input[name=password]", "id").await.expect("a field");
    phone.fill(&field, PASSWORD).await;
    let field = phone.attribute("input[name=code]", "id").await.expect("a field");
    phone.fill(&field, &sent).await;
    phone.screenshot("holder-thaw").await;
    phone.press("解冻").await;
    phone.wait_for_text("卡被冒用、盗用，或手机丢了？").await;
    let code = shown(&phone, &served).await;
    assert_eq!(at_the_terminal(&served, &code).await, "yes");
}

/// The newest row of a table.
async fn newest(served: &Served, table: &str) -> kernel::id::Id {
    let sql = format!("SELECT MAX(id) FROM {table}");
    let read = served.app.db.read(move |tx: &mut Tx<'_>| tx.one(&sql, &[])?.get(0));
    read.await.expect("there is one")
}

/// The newest matter is answered.
async fn answered(office: &Browser, served: &Served, words: &str) {
    let id = newest(served, "complaint").await;
    office.open(&format!("{}/office/complaints/{id}", served.url)).await;
    office.wait_for_text(words).await;
    office.choose("outcome", "resolved").await;
    office.fill("answer", "已更换并恢复使用").await;
    office.press("答复 a").await;
    office.wait_for_text("按领域和地点分派").await;
}

/// Art. 22: by page, followed with the reference, answered, judged, closed; by phone, not solved, reopened.
#[tokio::test(flavor = "multi_thread")]
async fn browser_a_complaint_by_page_and_one_by_phone_are_answered_and_closed() {
    if !browser::wanted() {
        return;
    }
    let served = serve("duties_complaint").await;
    let office = served.browser_of(Some(&served.actor(Role::MunicipalOfficer).await), false).await;
    let stranger = served.browser_of(None, true).await;
    let agent = served.browser_of(Some(&served.actor(Role::HotlineAgent).await), false).await;
    for (by, path, field, words) in [
        (&stranger, "/complaints", "terminal", "图书馆读卡器连续三天不能用"),
        (&agent, "/hotline/complaints", "outlet", "网点午休时间没有人值守"),
    ] {
        by.open(&format!("{}{path}", served.url)).await;
        by.press("投诉").await;
        by.choose("field", field).await;
        by.choose("division", "500000").await;
        by.fill("text", words).await;
        by.press("提交").await;
        by.wait_for_text("已受理").await;
        let reference = by.text_of("#reference").await;
        by.screenshot("complaint-received").await;

        answered(&office, &served, words).await;
        stranger.open(&format!("{}/complaints/follow", served.url)).await;
        stranger.fill("reference", &reference).await;
        stranger.press("查询").await;
        stranger.wait_for_text("已更换并恢复使用").await;
        assert_eq!(stranger.overflow().await, 0);
        if path.starts_with("/hotline") {
            stranger.fill("note", "下午仍然没有人").await;
            stranger.press("没有解决，重新办理").await;
            stranger.wait_for_text("办理中").await;
            answered(&office, &served, words).await;
            stranger.open(&format!("{}/complaints/follow?reference={reference}", served.url)).await;
        }
        stranger.press("非常满意").await;
        stranger.press("提交评价并办结").await;
        stranger.wait_for_text("已办结").await;
        stranger.screenshot("complaint-closed").await;
    }
}

/// Art. 25, 26: a refusal told by anybody becomes a case; evidence, notice, answer, proposal, decision by another.
#[tokio::test(flavor = "multi_thread")]
async fn browser_a_case_goes_from_a_refusal_to_its_decision() {
    if !browser::wanted() {
        return;
    }
    let served = serve("duties_case").await;
    let stranger = served.browser_of(None, true).await;
    stranger.open(&format!("{}/refused", served.url)).await;
    stranger.fill("place", "渝中区某图书馆").await;
    stranger.fill("division", "500103").await;
    stranger.fill("reason", "要求另办借书证，不接受社会保障卡").await;
    stranger.press("提交").await;
    stranger.wait_for_text("已收到").await;

    let officer = served.browser_of(Some(&served.actor(Role::MunicipalOfficer).await), false).await;
    let refusal = newest(&served, "refusal_report").await;
    officer.open(&format!("{}/office/cases/new?from=refusal:{refusal}", served.url)).await;
    officer.wait_for_text("查看来源").await;
    officer.press("登记").await;
    officer.wait_for_text("待初审").await;
    let path = officer.url().await;
    officer.choose("clause", "25.2").await;
    officer.press("部门、单位").await;
    officer.fill("respondent", "渝中区某图书馆").await;
    officer.press("立案").await;
    officer.wait_for_text("调查中").await;
    let picture = served.test.folder.join("proof.png");
    std::fs::write(&picture, officer.screenshot("case-open").await).expect("a picture");
    officer.fill("title", "现场告示照片").await;
    officer.choose_file("file", &picture).await;
    officer.press("入卷").await;
    officer.wait_for_text("现场告示照片").await;
    officer.fill("notice", "拟认定拒绝接受使用社会保障卡，可陈述申辩").await;
    officer.press("告知").await;
    officer.wait_for_text("已告知，待陈述申辩").await;
    officer.fill("words", "书面陈述：已撤下告示").await;
    officer.press("陈述申辩").await;
    officer.wait_for_text("已听取陈述申辩").await;
    officer.press("责令改正").await;
    let day = kernel::time::Utc::now().day().saturating_add(time::Duration::days(15));
    officer.fill("correct_by", &kernel::time::day_text(day)).await;
    officer.fill("reasons", "有现场照片和陈述为证").await;
    officer.press("提交").await;
    officer.wait_for_text("待决定").await;
    officer.screenshot("case-proposed").await;

    let decider =
        served.browser_of(Some(&served.actor(Role::MunicipalApprover).await), false).await;
    decider.open(&path).await;
    decider.wait_for_text("有现场照片和陈述为证").await;
    decider.press("作出决定").await;
    decider.wait_for_text("已决定").await;
    decider.screenshot("case-decided").await;
    assert!(decider.shows("第二十五条第（二）项").await, "the words that it rests on");
}
