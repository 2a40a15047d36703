//! Pages and API through the router.

use kernel::actor::{Actor, Role};
use kernel::http::{build, kernel_routes};
use kernel::testing::{Client, actor};

use super::quoted;
use crate::payments::tests::house::{House, houses, paid, returned};

fn router(house: &House) -> axum::Router {
    build(house.app.clone(), kernel_routes().merge(crate::routes())).router
}

#[test]
fn a_cell_is_never_a_formula() {
    assert_eq!(quoted("=1+1"), "'=1+1");
    assert_eq!(quoted("-12.50"), "-12.50");
    assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
}

#[tokio::test]
async fn finance_sees_releases_and_stops_and_strangers_see_nothing() {
    for house in houses("funds_pages", 3).await {
        let roster = house.roster("2026-11", &[0, 1, 2]).await;
        let batch = house.accept(roster).await.expect("accepted");
        while crate::payments::service::work::reserve(&house.app).await.expect("reserved") {}
        let (app, router) = (&house.app, router(&house));
        let mut maker = Client::signed_in(&router, app, &house.finance[0]).await;
        let mut checker = Client::signed_in(&router, app, &house.finance[1]).await;
        let at = format!("/office/funds/batches/{batch}");
        assert_eq!(Client::new(&router).get(&at).await.status, 303, "{}", house.engine);
        let page = maker.get(&at).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("申请拨付") && page.text().contains("300.03"));
        let release = format!("{at}/release");
        let not_his = maker.post_form(&release, &[("hand", "approve")]).await;
        assert_eq!(not_his.status, 403);
        assert_eq!(maker.post_form(&release, &[("hand", "ask")]).await.status, 303);
        assert!(checker.get(&at).await.text().contains("同意拨付"));
        assert_eq!(checker.post_form(&release, &[("hand", "approve")]).await.status, 303);
        assert!(checker.get(&at).await.text().contains("data-progress-url"));
        let progress = checker.get(&format!("{at}/progress")).await.json();
        assert_eq!(
            (progress["total"].as_i64(), progress["finished"].as_bool()),
            (Some(3), Some(false))
        );
        let why = [("batch", batch.to_string()), ("reason", "需要核实".to_owned())];
        let why = why.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(maker.post_form("/office/funds/stop", &why).await.status, 303);
        assert!(maker.get("/office/funds").await.text().contains("一个批次已叫停"));
        house.round().await;
        assert!(house.host.sent.lock().unwrap().is_empty());
        let other = Actor { division: "500101".to_owned(), ..actor(Role::DistrictOfficer) };
        let mut other = Client::signed_in(&router, app, &other).await;
        assert_eq!(other.get(&at).await.status, 404, "another district");
        let mut own = Client::signed_in(&router, app, &actor(Role::DistrictOfficer)).await;
        assert_eq!(own.get(&at).await.status, 200);
        assert_eq!(own.get(&format!("{at}/lines")).await.status, 403, "no single payments");
    }
}

#[tokio::test]
async fn figures_lead_an_auditor_down_to_the_journal_entry_of_one_line() {
    for house in houses("funds_audit", 2).await {
        let batch = house.released("2026-11", &[0, 1]).await;
        house.round().await;
        house.tell("R", &paid());
        house.round().await;
        let (app, router) = (&house.app, router(&house));
        let mut auditor = Client::signed_in(&router, app, &actor(Role::Auditor)).await;
        for by in ["programme", "department", "district", "bank", "day"] {
            let path = format!("/office/funds?by={by}&from=2026-01&to=2026-12");
            let page = auditor.get(&path).await;
            assert_eq!(page.status, 200, "{}: {by}", house.engine);
            let text = page.text();
            assert!(text.contains("<svg") && text.contains("200.01"), "{by}");
        }
        let csv = auditor.get("/office/funds/figures.csv?by=bank&from=2026-01&to=2026-12").await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        assert!(csv.text().contains("示范银行0,1,100.00,1,100.00,0,0.00,0,0.00,0.00"));
        let lines = auditor.get(&format!("/office/funds/batches/{batch}/lines?state=paid")).await;
        let payment = house.payments(batch).await.remove(0);
        assert!(lines.text().contains(&format!("/office/funds/payments/{}", payment.id)));
        let proof = auditor.get(&format!("/office/funds/payments/{}", payment.id)).await.text();
        assert!(proof.contains("SM3") && proof.contains("B1"));
        assert_eq!(house.acts("funds.payment-read").await, 1, "the look is on record");
        // Down from the bank's total: its batches add up to it, its lines are its own.
        let bank = house.banks[0].0;
        let behind = format!("/office/funds/total?by=bank&key={bank}&from=2026-01&to=2026-12");
        let page = auditor.get(&behind).await.text();
        assert!(page.contains("<strong>100.00</strong>") && page.contains(&batch.to_string()));
        let own = format!("/office/funds/batches/{batch}/lines?bank={}", house.banks[0]);
        assert!(page.contains(&own), "{page}");
        let lines = auditor.get(&own).await.text();
        assert!(lines.contains("100.00") && !lines.contains("100.01"), "one bank's line only");
        assert!(proof.contains("/office/funds/entries/"));
        assert_eq!(auditor.get("/office/funds/exceptions").await.status, 403);
        let mut program = Client::program(&router, app, &actor(Role::Auditor)).await;
        let body = program.get(&format!("/api/v1/funds/payments/{}", payment.id)).await.json();
        assert_eq!(body["state"], "paid");
        let entry = body["intent_entry"].as_str().expect("an entry").to_owned();
        let entry: kernel::id::Id = entry.parse().expect("an id");
        let sql = "SELECT act FROM journal_entry WHERE id = $1";
        let act: String = house.read(move |tx| tx.one(sql, &[kernel::db::v(entry)])?.get(0)).await;
        assert_eq!(act, "funds.intended");
        // The entry stands under a signed head, and what is shown of it is what was committed to.
        kernel::journal::sequence(app).await.expect("in the log");
        let shown = auditor.get(&format!("/office/funds/entries/{entry}")).await.text();
        assert!(shown.contains("已核验") && shown.contains("funds.intended"), "{shown}");
        let file = auditor.get(&format!("/office/funds/entries/{entry}/proof.json")).await;
        let proof: kernel::journal::proof::Proof =
            serde_json::from_str(&file.text()).expect("a proof");
        assert_eq!(proof.check(None).expect("it holds").entry["act"], "funds.intended");
        let sql = "SELECT id FROM journal_entry WHERE act = 'test.made' ORDER BY id DESC LIMIT 1";
        let foreign: kernel::id::Id = house.read(move |tx| tx.one(sql, &[])?.get(0)).await;
        let foreign = auditor.get(&format!("/office/funds/entries/{foreign}")).await;
        assert_eq!(foreign.status, 404, "entries of other things are not shown here");
        let whole = program.get(&format!("/api/v1/funds/batches/{batch}")).await.json();
        assert_eq!(
            (&whole["paid"]["fen"], &whole["pending"]["count"]),
            (&20_001.into(), &0.into())
        );
    }
}

#[tokio::test]
async fn a_holder_sees_his_own_money_and_chooses_where_returned_money_goes() {
    for house in houses("funds_me", 4).await {
        let batch = house.released("2026-11", &[0, 2]).await;
        house.round().await;
        house.tell("R", &returned());
        house.round().await;
        let (app, router) = (&house.app, router(&house));
        let holder = Actor { person: Some(house.people[0].0), ..actor(Role::Holder) };
        let mut holder = Client::signed_in(&router, app, &holder).await;
        let page = holder.get("/me/payments").await;
        assert_eq!(page.status, 200, "{}", house.engine);
        let text = page.text();
        assert!(text.contains("耕地地力保护补贴") && text.contains("账户已销户或异常"));
        assert_eq!(text.matches("<section").count(), 1, "nobody else's");
        let payment = house.payments(batch).await.remove(0);
        assert!(text.contains(&format!("/me/complaints/new?about=payment:{}", payment.id)));
        let card = house.people[0].1.to_string();
        let path = format!("/me/payments/{}/account", payment.id);
        assert_eq!(holder.post_form(&path, &[("card", &card)]).await.status, 303);
        assert!(holder.get("/me/payments").await.text().contains("正在复核"));
        let csv = holder.get("/me/payments.csv").await.text();
        assert!(csv.contains("2026-11,100.00,已退回"), "{csv}");
        let other = house.payments(batch).await.remove(1);
        let path = format!("/me/payments/{}/account", other.id);
        assert_eq!(holder.post_form(&path, &[("card", &card)]).await.status, 404);
        // The official sees it in his queue and pays it again.
        let mut official = Client::signed_in(&router, app, &house.finance[0]).await;
        let queue = official.get("/office/funds/exceptions").await.text();
        let returned = format!("/office/funds/returned/{}", payment.id);
        assert!(queue.contains(&returned));
        assert_eq!(official.get(&returned).await.status, 200);
        let mut clerk = Client::signed_in(&router, app, &actor(Role::Clerk)).await;
        let help = format!("/office/funds/returned/{}", other.id);
        let theirs = house.people[2].1.to_string();
        let helped = clerk.post_form(&format!("{help}/correct"), &[("card", &theirs)]).await;
        assert_eq!((helped.status.as_u16(), helped.header("location")), (303, help.as_str()));
        assert!(clerk.get(&help).await.text().contains("等待另一位人员复核"));
        let review = clerk.post_form(&format!("{help}/review"), &[("decision", "yes")]).await;
        assert_eq!(review.status, 403, "a clerk reviews nothing");
        let done = official.post_form(&format!("{returned}/review"), &[("decision", "yes")]).await;
        assert_eq!(done.status, 303);
        let again = crate::payments::service::returned::round(app).await.expect("round");
        assert_eq!(again, "1 to be paid again");
        let mut english = Client::signed_in(&router, app, &house.finance[0]).await;
        english.headers.push(("accept-language", "en".to_owned()));
        assert!(english.get("/office/funds").await.text().contains("Stop all payments"));
    }
}

/// Brought forward + drawn = paid + paid twice + recovered + carried forward, for each group and year, whatever
/// happened to the money.
#[tokio::test]
async fn the_years_account_balances_by_programme_department_and_district() {
    use crate::payments::store::figures::{self, By};
    for house in houses("funds_year", 6).await {
        let first = house.released("2026-11", &[0, 1, 2, 3]).await;
        house.round().await;
        house.tell("R", &paid());
        house.round().await;
        house.released("2026-12", &[4, 5]).await;
        house.round().await;
        // What came before the end of last year is brought forward: the first batch is a year older.
        let older = move |tx: &mut kernel::db::Tx<'_>| {
            let copy = "INSERT INTO ledger_entry (id, at, day, kind, debit, credit, fen, lines, batch_id,
                            bank_id, payment_id, entry_id)
                        SELECT -id, at, '2020-12-31', kind, debit, credit, fen, lines, batch_id, bank_id,
                            payment_id, entry_id
                        FROM ledger_entry WHERE batch_id = $1 AND kind IN ('approve', 'reserve')";
            tx.execute(copy, &[kernel::db::v(first)]).map(drop)
        };
        house.app.db.housekeeping(older).await.expect("a year before");
        let this = kernel::time::Utc::now().day().year();
        for by in [By::Programme, By::Department, By::District] {
            let of = |year: i32| house.read(move |tx| figures::year(tx, by, "", &year.to_string()));
            let rows = of(this).await;
            assert_eq!(rows.len(), 1, "{}: {by:?}", house.engine);
            for one in &rows {
                let after = one.paid + one.overpaid + one.recovered + one.carried;
                assert_eq!(one.forward + one.drawn, after, "{one:?}");
            }
            assert_eq!((rows[0].forward, rows[0].paid, rows[0].paid_lines), (40_006, 40_006, 4));
            assert_eq!(rows[0].carried, 20_009 + 40_006);
            assert_eq!(of(2020).await[0].carried, 40_006, "carried into the next year");
            assert!(of(2019).await.is_empty());
        }
        let router = router(&house);
        let mut auditor = Client::signed_in(&router, &house.app, &actor(Role::Auditor)).await;
        let page = auditor.get(&format!("/office/funds/year?year={this}")).await;
        assert!(page.text().contains("400.06") && page.text().contains("年度决算"));
        let csv = auditor.get(&format!("/office/funds/year.csv?by=district&year={this}")).await;
        assert!(csv.text().contains("400.06"), "{}", csv.text());
        let holder = Actor { person: Some(house.people[0].0), ..actor(Role::Holder) };
        let mut holder = Client::signed_in(&router, &house.app, &holder).await;
        assert!(
            holder.get("/me/payments").await.text().contains(&format!("/me/payments/years/{this}"))
        );
        let own = holder.get(&format!("/me/payments/years/{this}")).await.text();
        assert!(own.contains("100.00") && !own.contains("100.01"), "his own only");
        assert!(!holder.get("/me/payments/years/2019").await.text().contains("100.00"));
        assert_eq!(holder.get("/office/funds/year").await.status, 403);
    }
}
