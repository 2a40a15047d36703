//! Money as people handle it: a list from its file to the public notice and to money on accounts, budgets,
//! bills, in a real browser against the built program.

use std::time::{Duration, Instant};

use funds::rosters::steps;
use kernel::db::{DbError, Limits};
use kernel::time::Utc;

use crate::browser::{printed_password, sign_in, staff};
use crate::support::browser::{self, Browser};
use crate::support::server::Server;

/// Waits until a page shows a text, opening it again and again: work goes on behind it.
async fn comes(browser: &Browser, url: &str, text: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        browser.open(url).await;
        if browser.shows(text).await {
            return;
        }
        assert!(Instant::now() < deadline, "{url} never showed {text}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Numbers and names of people of the demonstration who have an account, and the end of all notices: a week passes.
struct Aside(kernel::platform::App);

impl Aside {
    async fn of(server: &Server) -> Self {
        let place = server.place();
        let (keys, db) = (place.keys().expect("keys"), place.open(&Limits::default()));
        let app = yikatong::serve::tool_platform(db.expect("open"), keys, &place).await;
        Self(app.expect("a platform"))
    }

    async fn people(&self) -> Vec<(String, String)> {
        let read = |tx: &mut kernel::db::Tx<'_>| {
            let sql =
                "SELECT p.number, p.name FROM person p JOIN bank_account a ON a.person_id = p.id
                       WHERE a.state = 'active' ORDER BY p.id LIMIT 2";
            let rows = tx.query(sql, &[])?;
            rows.iter()
                .map(|row| Ok((row.get(0)?, row.get(1)?)))
                .collect::<Result<Vec<_>, DbError>>()
        };
        self.0.db.read(read).await.expect("people")
    }

    async fn a_week_passes(&self) {
        let later = Utc(Utc::now().0 + 30 * Utc::DAY);
        assert!(steps::close_notices(&self.0, later).await.expect("closed") > 0);
    }
}

/// Art. 8, 25: a clerk enters a file, the department reviews it, the public sees masked names, finance approves,
/// another releases, and the money arrives.
#[tokio::test(flavor = "multi_thread")]
async fn browser_a_list_goes_from_its_file_to_notice_release_and_arrival() {
    if !browser::wanted() {
        return;
    }
    let server = Server::demo();
    let aside = Aside::of(&server).await;
    let people = aside.people().await;
    let path = server.data().join("list.csv");
    let lines: String =
        people.iter().map(|(number, name)| format!("{number},{name},1500.00\n")).collect();
    std::fs::write(&path, format!("社会保障号码,姓名,金额\n{lines}")).expect("written");

    let clerk = staff(&server, "clerk").await;
    clerk.open(&server.url("/office/rosters")).await;
    clerk.choose("programme", "BT-NY-003").await;
    clerk.fill("period", "2031").await;
    clerk.fill("lines", "2").await;
    clerk.fill("total", "3000").await;
    clerk.fill("file", path.to_str().expect("a path")).await;
    clerk.screenshot("roster-enter").await;
    clerk.press("录入并核对").await;
    clerk.wait_for_text("提交审核").await;
    let roster = clerk.url().await;
    clerk.screenshot("roster-checked").await;
    clerk.press("提交审核").await;
    clerk.wait_for_text("提交审核 / submitted").await;

    let department = staff(&server, "agri").await;
    department.open(&roster).await;
    department.fill("comment", "已与台账核对").await;
    department.press("通过并公示").await;
    department.wait_for_text("开始公示").await;
    let public = Browser::phone().await;
    public.open(&server.url("/funds/notices")).await;
    public.wait_for_text("2031").await;
    let id = roster.rsplit('/').next().expect("an id");
    public.open(&server.url(&format!("/funds/notices/{id}"))).await;
    public.wait_for_text("1,500.00").await;
    let (number, name) = &people[0];
    assert!(!public.shows(number).await && !public.shows(name).await, "names are masked");
    assert_eq!(public.overflow().await, 0);
    public.screenshot("roster-notice").await;

    aside.a_week_passes().await;
    let finance = staff(&server, "finance").await;
    finance.open(&roster).await;
    finance.press("批准").await;
    finance.wait_for_text("财政批准，移交发放").await;
    finance.open(&server.url("/office/funds")).await;
    finance.press("按部门").await;
    finance.screenshot("funds-office").await;
    let batch = finance.attribute("table:last-of-type tbody tr:first-child a", "href").await;
    let batch = server.url(&batch.expect("the newest batch"));
    finance.open(&batch).await;
    finance.wait_for_text("3,000.00").await;
    finance.press("申请拨付").await;
    finance.wait_for_text("待审批拨付").await;
    let checker = staff(&server, "city2").await;
    checker.open(&batch).await;
    checker.press("同意拨付").await;
    comes(&checker, &batch, "已办结").await;
    checker.screenshot("funds-batch").await;

    let auditor = staff(&server, "auditor").await;
    auditor.open(&batch).await;
    auditor.press("查看全部明细").await;
    let payment = auditor.attribute("table tbody tr:first-child a", "href").await;
    auditor.open(&server.url(&payment.expect("a payment"))).await;
    auditor.wait_for_text("银行告知").await;
    let entry = auditor.attribute("a[href^='/office/funds/entries/']", "href").await;
    comes(&auditor, &server.url(&entry.expect("an entry")), "已核验").await;
    auditor.screenshot("funds-entry").await;
}

/// Art. 8, 25: a budget is asked for by one and confirmed by another; Art. 8: a holder pays a bill on his phone.
#[tokio::test(flavor = "multi_thread")]
async fn browser_a_budget_is_confirmed_by_another_and_a_holder_pays_a_bill() {
    if !browser::wanted() {
        return;
    }
    let server = Server::demo();
    let finance = staff(&server, "finance").await;
    finance.press("资金和银行").await;
    finance.press("预算").await;
    finance.wait_for_text("提交确认").await;
    finance.open(&server.url("/office/funds/budgets?year=2032")).await;
    finance.fill("yuan", "1234567").await;
    finance.press("提交确认").await;
    comes(&finance, &server.url("/office/funds/budgets?year=2032"), "1,234,567.00").await;
    assert!(!finance.shows("退回").await, "who asks does not confirm");
    let checker = staff(&server, "city2").await;
    checker.open(&server.url("/office/funds/budgets?year=2032")).await;
    checker.wait_for_text("1,234,567.00").await;
    checker.screenshot("budgets").await;
    checker.press("确认").await;
    // The answer leads to another year; to leave before it comes would take the press back.
    let deadline = Instant::now() + Duration::from_secs(20);
    while checker.shows("待确认").await && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    checker.open(&server.url("/office/funds/budgets?year=2032")).await;
    checker.wait_for_text("1,234,567.00").await;
    assert!(!checker.shows("待确认").await);

    let printed = server.printed();
    let first = printed.iter().skip_while(|line| !line.starts_with("持卡人")).nth(2);
    let number = first.and_then(|line| line.split_whitespace().next()).expect("a holder");
    let phone = Browser::phone().await;
    sign_in(&phone, &server, number, &printed_password(&server, 1)).await;
    phone.open(&server.url("/me/bills")).await;
    phone.wait_for_text("待缴账单").await;
    assert_eq!(phone.overflow().await, 0, "nobody scrolls sideways on a phone");
    phone.screenshot("bills").await;
    let total = phone.text_of(".stat strong").await;
    phone.press("缴费 ").await;
    comes(&phone, &server.url("/me/bills"), "已扣款").await;
    let receipt = phone.attribute("a[href^='/me/bills/payments/']", "href").await;
    phone.open(&server.url(&receipt.expect("a receipt"))).await;
    phone.screenshot("bill-receipt").await;
    assert_eq!(phone.overflow().await, 0);
    phone.open(&server.url("/me/payments")).await;
    phone.wait_for_text("我的资金").await;
    assert_eq!(phone.overflow().await, 0);
    phone.screenshot("my-money").await;
    assert!(!total.is_empty());
}
