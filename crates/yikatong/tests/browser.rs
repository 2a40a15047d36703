//! The main job as people do it: a clerk at a desk, a holder with a phone, a terminal, in a real
//! browser against the built program.

use std::process::Command;
use std::time::{Duration, Instant};

use people::generate::GeneratedPerson;

use crate::support::browser::{self, Browser, decode_qr};
use crate::support::server::Server;

const PASSWORD: &str = "蜀道不难2718";

/// What the console printed after "password of this start" in the n-th place.
pub(crate) fn printed_password(server: &Server, place: usize) -> String {
    let lines = server.printed();
    let mut found = lines.iter().filter_map(|line| line.split("password of this start: ").nth(1));
    let text = found.nth(place).expect("the demonstration prints its passwords");
    text.trim_end_matches([')', ':', '\n']).to_owned()
}

/// A grown-up of another population than the demonstration's, with a resident number.
fn newcomer() -> GeneratedPerson {
    let grown_up = |person: &GeneratedPerson| {
        let born = person.birth.year();
        (1960..2000).contains(&born)
            && person.document == people::document::DocumentKind::ResidentCard
    };
    (0..).filter_map(|index| people::generate::person(77, index)).find(grown_up).expect("somebody")
}

async fn sign_in_clerk(browser: &Browser, server: &Server) {
    browser.open(&server.url("/")).await;
    browser.screenshot("home").await;
    browser.press("服务网点").await;
    browser.fill("login", "clerk").await;
    browser.fill("password", &printed_password(server, 0)).await;
    browser.press("下一步").await;
    let code = browser.text_of("#demo-code").await;
    browser.fill("code", &code).await;
    browser.press("登录").await;
    browser.wait_for_text("查找人员").await;
}

/// Registers the person and takes him through application, production, hand-over and activation.
async fn give_card(browser: &Browser, person: &GeneratedPerson) {
    browser.fill("q", person.number.as_str()).await;
    browser.press("查找").await;
    browser.press("登记新人员").await;
    browser.fill("name", &person.name).await;
    browser.fill("phone", &person.phone).await;
    browser.fill("address", &person.address).await;
    browser.choose("household", "500103").await;
    browser.screenshot("register").await;
    browser.press("登记").await;
    browser.wait_for_text("尚未申领").await;
    browser.press("申领（实体卡和电子卡）").await;
    browser.wait_for_text("待制卡").await;
    browser.screenshot("desk").await;
    assert!(browser.shows("一人一卡").await, "the second application is refused with its reason");
    assert!(browser.shows("第五条").await, "and names its article");
    browser.press("即时制卡").await;
    browser.wait_for_text("待领卡").await;
    browser.press("发卡").await;
    browser.wait_for_text("待激活").await;
    browser.fill("password", PASSWORD).await;
    browser.fill("again", PASSWORD).await;
    browser.press("激活").await;
    browser.wait_for("#certificate").await;
    let certificate = browser.text_of("#certificate").await;
    seal::id36904::CertificateId::parse(&certificate).expect("a certificate after GB/T 36904");
}

async fn sign_in_holder(browser: &Browser, server: &Server, person: &GeneratedPerson) {
    sign_in(browser, server, person.number.as_str(), PASSWORD).await;
}

/// Signs a holder in by his number; the message with the code shows on the page.
pub(crate) async fn sign_in(browser: &Browser, server: &Server, number: &str, password: &str) {
    browser.open(&server.url("/sign-in")).await;
    browser.screenshot("holder-sign-in").await;
    browser.fill("login", number).await;
    browser.fill("password", password).await;
    browser.press("下一步").await;
    let deadline = Instant::now() + Duration::from_secs(20);
    let code = loop {
        let message = browser.text_of(".phone-demo").await;
        let digits: String = message
            .split("验证码")
            .nth(1)
            .map(|rest| rest.chars().skip_while(|c| !c.is_ascii_digit()).take(6).collect())
            .unwrap_or_default();
        if digits.len() == 6 {
            break digits;
        }
        assert!(Instant::now() < deadline, "no message arrived: {message}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        browser.open(&server.url("/sign-in/code")).await;
    };
    browser.fill("code", &code).await;
    browser.press("登录").await;
    browser.wait_for_text("我的社会保障卡").await;
}

/// Art. 2, 11, 12: two taps report a loss; both cards are off at once; release, link, replacement.
#[tokio::test(flavor = "multi_thread")]
async fn browser_a_holder_reports_a_loss_in_two_taps_and_gets_a_new_card() {
    if !browser::wanted() {
        return;
    }
    let (server, person) = (Server::demo(), newcomer());
    let desk = Browser::desktop().await;
    sign_in_clerk(&desk, &server).await;
    give_card(&desk, &person).await;
    let phone = Browser::phone().await;
    sign_in_holder(&phone, &server, &person).await;
    phone.press("卡丢了，马上挂失").await;
    phone.screenshot("holder-loss").await;
    phone.press("确认挂失").await;
    phone.wait_for_text("已停用，待重新关联").await;
    assert!(!phone.shows("出示卡码").await, "there is no code to show");
    assert_eq!(phone.overflow().await, 0);
    phone.screenshot("holder-lost").await;
    phone.fill("password", "错误的密码啊").await;
    phone.press("解挂").await;
    phone.wait_for(".alert-bad").await;
    phone.fill("password", PASSWORD).await;
    phone.press("解挂").await;
    phone.press("重新启用电子卡").await;
    phone.wait_for_text("出示卡码").await;

    desk.open(&server.url("/desk")).await;
    desk.fill("q", person.number.as_str()).await;
    desk.press("查找").await;
    desk.press(&person.name).await;
    desk.fill("proof-lose", "本人居民身份证").await;
    desk.press("正式挂失").await;
    desk.wait_for_text("正式挂失").await;
    desk.press("补换卡").await;
    desk.choose("cause", "lost").await;
    desk.choose("fee", "paid").await;
    desk.fill("fee-proof", "R-20260001").await;
    desk.press("提交补换申请").await;
    desk.wait_for_text("在办补换").await;
    assert!(desk.shows("已申请补换卡，不能解挂").await, "no release any more, and why");
    desk.screenshot("desk-replacement").await;
    phone.open(&server.url("/me")).await;
    assert!(phone.shows("新卡进度").await);
    phone.screenshot("holder-replacement").await;
    desk.press("即时制卡").await;
    desk.wait_for("#to").await;
    desk.press("发卡").await;
    desk.wait_for("#again").await;
    phone.open(&server.url("/me")).await;
    phone.fill("activate-password", PASSWORD).await;
    phone.press("激活新卡").await;
    phone.wait_for_text("出示卡码").await;
    assert!(!phone.shows("新卡进度").await, "the new card is the card now");
    desk.open(&server.url("/desk/day")).await;
    for text in ["正式挂失", "申请补换卡", "激活"] {
        assert!(desk.shows(text).await, "the day's hand-over has {text}");
    }
    desk.screenshot("desk-day").await;
    phone.open(&server.url("/me/history")).await;
    for text in ["临时挂失", "解挂", "正式挂失", "申请补换卡"] {
        assert!(phone.shows(text).await, "the history has {text}");
    }
}

struct Asked {
    yes: bool,
    said: String,
}

/// The terminal program reads the picture as a camera would.
fn ask_terminal(server: &Server, picture: &str, item: &str) -> Asked {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map(std::path::PathBuf::from).unwrap_or_else(|| {
            std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target")
        });
    let run = Command::new(env!("CARGO_BIN_EXE_yikatong"))
        .args(["terminal", "verify", "--server", &server.url(""), "--item", item, "--token-file"])
        .arg(server.data().join("demo-terminal.token"))
        .arg("--picture")
        .arg(target.join("screenshots").join(format!("{picture}.png")))
        .output()
        .expect("the terminal program runs");
    Asked { yes: run.status.success(), said: String::from_utf8_lossy(&run.stdout).into_owned() }
}

/// Art. 2, 5, 6, 11, 12, 14, 16, 18, 19: the platform's main job, from application to "who saw my data".
#[tokio::test(flavor = "multi_thread")]
async fn browser_a_person_gets_both_cards_shows_a_code_and_sees_its_use() {
    if !browser::wanted() {
        return;
    }
    let (server, person) = (Server::demo(), newcomer());
    let desk = Browser::desktop().await;
    sign_in_clerk(&desk, &server).await;
    give_card(&desk, &person).await;

    let phone = Browser::phone().await;
    sign_in_holder(&phone, &server, &person).await;
    for text in ["实体社会保障卡", "电子社会保障卡", "正常"] {
        assert!(phone.shows(text).await, "the holder sees {text}");
    }
    assert_eq!(phone.overflow().await, 0, "nobody scrolls sideways on a phone");
    phone.screenshot("holder-cards").await;

    phone.press("出示卡码").await;
    phone.wait_for(".qr svg").await;
    assert_eq!(phone.overflow().await, 0);
    let picture = phone.screenshot("holder-code").await;
    let shown = phone.attribute(".code-page", "data-code-text").await;
    assert_eq!(decode_qr(&picture), shown, "an independent reader sees the code");

    let first = ask_terminal(&server, "holder-code", items::seed::LIBRARY);
    assert!(first.yes, "{}", first.said);
    assert!(first.said.contains(&person.number.mask()), "{}", first.said);
    assert!(!first.said.contains(person.number.as_str()), "only the item's fields");
    assert!(!first.said.contains(&person.phone), "only the item's fields");
    let second = ask_terminal(&server, "holder-code", items::seed::LIBRARY);
    assert!(!second.yes && second.said.contains("codes/replayed"), "{}", second.said);
    let unlisted = ask_terminal(&server, "holder-code", "CQ-XX-999");
    assert!(unlisted.said.contains("codes/item-not-listed (Art. 14)"), "{}", unlisted.said);

    renews_itself(&phone, shown).await;
    phone.press("大字版").await;
    phone.wait_for(".code-large").await;
    let large = phone.screenshot("holder-code-large").await;
    assert!(decode_qr(&large).is_some(), "the large code is readable, too");

    phone.open(&server.url("/me/uses")).await;
    assert!(phone.shows("图书借还").await && phone.shows("重庆市示范图书馆").await);
    assert!(phone.shows("该卡码已使用过").await, "refusals are shown with their reason");
    phone.screenshot("holder-uses").await;
    phone.open(&server.url("/me/access")).await;
    for text in ["窗口 小渝", "登记了您的信息", "核验了您的社保卡", "社会保障号码（部分隐去）"]
    {
        assert!(phone.shows(text).await, "who saw my data: {text}");
    }
    phone.screenshot("holder-access").await;
}

/// The code is replaced before it expires, without a touch.
async fn renews_itself(phone: &Browser, shown: Option<String>) {
    let deadline = Instant::now() + Duration::from_secs(75);
    while phone.attribute(".code-page", "data-code-text").await == shown {
        assert!(Instant::now() < deadline, "the code was not renewed");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // The countdown follows within a tick.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let seconds: u32 = phone.text_of(".seconds").await.parse().expect("a countdown");
    assert!(seconds > 50, "a fresh code has most of its minute left, not {seconds} s");
}

/// Art. 14, 25: one drafts, another decides, and the public list shows it on its day.
#[tokio::test(flavor = "multi_thread")]
async fn browser_an_item_is_proposed_by_one_and_published_by_another() {
    if !browser::wanted() {
        return;
    }
    let server = Server::demo();
    let maker = staff(&server, "city").await;
    maker.press("事项清单").await;
    maker.press("编制事项").await;
    for (field, text) in [
        ("code", "CQ-CU-777"),
        ("name_zh", "自习室座位核验"),
        ("name_en", "Seats in reading rooms"),
        ("basis", "条例第七条"),
        ("why", "核对座位预约"),
        ("guide_zh", "在座位机出示卡码。"),
        ("from", &kernel::time::day_text(kernel::time::Utc::now().day())),
    ] {
        maker.fill(field, text).await;
    }
    maker.choose("field", "culture").await;
    maker.press("姓名（部分隐去）").await;
    maker.press("出示卡码").await;
    maker.press("提交审批").await;
    maker.wait_for_text("已提交审批").await;
    let department = staff(&server, "library").await;
    department.press("事项清单").await;
    department.press("事项审批").await;
    department.wait_for_text("会商有关部门").await;
    department.press("同意").await;
    department.wait_for_text("没有待审批的事项").await;
    let checker = staff(&server, "city2").await;
    checker.press("事项清单").await;
    checker.press("事项审批").await;
    checker.wait_for_text("市人民政府决定").await;
    checker.screenshot("decide").await;
    checker.fill("evidence", "渝府〔2026〕1号").await;
    checker.press("同意").await;
    checker.wait_for_text("同意并公布").await;
    checker.press("同意并公布").await;
    checker.wait_for_text("没有待审批的事项").await;
    checker.open(&server.url("/items?q=自习室")).await;
    checker.wait_for_text("自习室座位核验").await;
    checker.screenshot("items").await;
    checker.open(&server.url("/office/items/overdue")).await;
    checker.wait_for_text("责任登记").await;
    assert!(checker.shows("CQ-CU-777").await, "the register shows who has done what");

    // Anybody finds it, by pinyin and by what he needs, on a phone.
    let public = Browser::phone().await;
    public.open(&server.url("/items")).await;
    public.fill("q", "zixishi").await;
    public.press("查找").await;
    public.wait_for_text("查找结果").await;
    assert!(public.shows("自习室座位核验").await);
    public.fill("q", "").await;
    public.choose("need", "elderly").await;
    public.press("查找").await;
    public.wait_for_text("老年人免费乘车资格核验").await;
    assert!(
        !public.shows("自习室座位核验").await,
        "it is for everybody, not for the elderly alone"
    );
    assert_eq!(public.overflow().await, 0);
    public.press("老年人免费乘车资格核验").await;
    public.wait_for_text("历次版本").await;
    assert_eq!(public.overflow().await, 0);
}

/// Art. 19: the auditor verifies the journal on his page.
#[tokio::test(flavor = "multi_thread")]
async fn browser_the_auditor_verifies_the_journal_and_everything_is_in_english_too() {
    if !browser::wanted() {
        return;
    }
    let server = Server::demo();
    let auditor = staff(&server, "auditor").await;
    auditor.press("审计日志").await;
    auditor.press("重新验证全部日志").await;
    auditor.wait_for_text("全部重新计算，一致").await;
    auditor.screenshot("journal").await;
    auditor.press("English").await;
    auditor.wait_for_text("Verify the whole journal").await;
    auditor.press("Large text").await;
    auditor.wait_for("html.elder").await;
    auditor.press("Sign out").await;
    auditor.wait_for_text("Staff sign-in").await;
    auditor.open(&server.url("/docs")).await;
    auditor.wait_for_text("/api/v1/verify").await;
    auditor.screenshot("api").await;
}

pub(crate) async fn staff(server: &Server, login: &str) -> Browser {
    let browser = Browser::desktop().await;
    browser.open(&server.url("/staff/sign-in")).await;
    browser.fill("login", login).await;
    browser.fill("password", &printed_password(server, 0)).await;
    browser.press("下一步").await;
    let code = browser.text_of("#demo-code").await;
    browser.fill("code", &code).await;
    browser.press("登录").await;
    browser.wait_for_text("工作台").await;
    browser
}
