//! Organisations and accounts through HTTP, on both engines.

use super::rules::{self, Refused};
use super::service::{self, NewOrg, Wanted};
use crate::actor::{Actor, Role};
use crate::db::v;
use crate::http::{build, kernel_routes};
use crate::id::Id;
use crate::journal;
use crate::law::Refusal as _;
use crate::platform::App;
use crate::testing::{Client, actor, databases, platform};
use crate::time::Utc;

async fn org(app: &App, keeper: &Actor, kind: &str) -> Id {
    let new = NewOrg {
        name_zh: format!("测试{kind}"),
        kind: kind.to_owned(),
        division: "500103".to_owned(),
        ..NewOrg::default()
    };
    service::add_org(app, keeper, &new).await.expect("an organisation")
}

fn wanted(login: &str, role: Role, org: Id) -> Wanted {
    Wanted {
        login: login.to_owned(),
        name: "王一凡".to_owned(),
        role: role.code().to_owned(),
        org,
        division: "500103".to_owned(),
        reason: "任命文号2026-7".to_owned(),
    }
}

fn code_in(text: &str) -> String {
    let (_, rest) = text.split_once("仅显示一次：<strong>").expect("a code");
    rest.split('<').next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_needs_two_administrators_and_its_owner_sets_password_and_second_factor() {
    for test in databases("staff_make") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let router = build(app.clone(), kernel_routes()).router;
        let (one, two) = (actor(Role::Administrator), actor(Role::Administrator));
        let mut maker = Client::signed_in(&router, &app, &one).await;
        let mut checker = Client::signed_in(&router, &app, &two).await;
        let outlet = org(&app, &one, "outlet").await.to_string();
        let form = [
            ("name", "王一凡"),
            ("login", "wang.yifan"),
            ("role", "clerk"),
            ("org", outlet.as_str()),
            ("division", "500103"),
            ("reason", "任命文号2026-7"),
        ];
        assert_eq!(maker.post_form("/office/staff", &form).await.status, 303, "{}", test.engine);
        let twice = maker.post_form("/office/staff", &form).await;
        assert_eq!(twice.status, 303, "another account of that name may be asked for");
        let page = checker.get("/office/staff").await.text();
        let (_, rest) = page.split_once("/office/staff/requests/").expect("it waits");
        let request = format!("/office/staff/requests/{}", rest.split('"').next().expect("an id"));
        let own = maker.post_form(&request, &[("decision", "yes")]).await;
        assert_eq!(own.status, 403, "whoever asked does not decide");
        let done = checker.post_form(&request, &[("decision", "yes")]).await;
        let code = code_in(&done.text());
        assert_eq!(code.len(), 10, "{}", done.text());
        let (_, rest) = done
            .text()
            .split_once("/office/staff/requests/")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .expect("the other");
        let other = format!("/office/staff/requests/{}", rest.split('"').next().expect("an id"));
        let taken = checker.post_form(&other, &[("decision", "yes")]).await;
        assert!(taken.text().contains("用户名已被使用"), "one name, one account");

        let mut owner = Client::new(&router);
        let begin = |code: &str, password: &str| {
            [
                ("login", "wang.yifan".to_owned()),
                ("code", code.to_owned()),
                ("password", password.to_owned()),
                ("again", password.to_owned()),
            ]
        };
        let post = async |owner: &mut Client, code: &str, password: &str| {
            let fields = begin(code, password);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
            owner.post_form("/staff/enrol", &fields).await
        };
        let login = [("login", "wang.yifan"), ("password", "")];
        assert_eq!(owner.post_form("/staff/sign-in", &login).await.status, 401);
        assert_eq!(post(&mut owner, &code, "short").await.status, 422);
        assert_eq!(post(&mut owner, "AAAAAAAAAA", "一句容易记住的长密码啊啊").await.status, 422);
        let begun = post(&mut owner, &code, "一句容易记住的长密码啊啊").await;
        assert_eq!(begun.status, 200, "{}", begun.text());
        let secret = begun.text();
        let (_, secret) = secret.split_once("<code>").expect("a secret");
        assert!(secret.split('<').next().is_some_and(|text| text.len() == 32), "{secret}");
        let again = post(&mut owner, &code, "一句容易记住的长密码啊啊").await;
        assert_eq!(again.status, 422, "a code is good once");
        let login = [("login", "wang.yifan"), ("password", "一句容易记住的长密码啊啊")];
        let signed = owner.post_form("/staff/sign-in", &login).await;
        assert_eq!(
            (signed.status.as_u16(), signed.header("location")),
            (303, "/staff/second-factor")
        );

        let acts = app.db.read(|tx| journal::newest(tx, Id(i64::MAX), 50)).await.expect("read");
        let acts: Vec<&str> = acts.iter().map(|entry| entry.act.as_str()).collect();
        for act in ["org.made", "staff.asked", "staff.decided", "staff.enrolled"] {
            assert!(acts.contains(&act), "{act} is not in {acts:?}");
        }
    }
}

#[tokio::test]
async fn a_change_ends_sessions_and_only_what_fits_is_asked_for() {
    for test in databases("staff_change") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let router = build(app.clone(), kernel_routes()).router;
        let (one, two) = (actor(Role::Administrator), actor(Role::Administrator));
        let (_, _) = (
            Client::signed_in(&router, &app, &one).await,
            Client::signed_in(&router, &app, &two).await,
        );
        let (outlet, hrss) = (org(&app, &one, "outlet").await, org(&app, &one, "hrss").await);
        let made = service::ask_new(&app, &one, wanted("li.si", Role::Clerk, outlet)).await;
        service::decide(&app, &two, made.expect("asked"), true).await.expect("made");
        let find = "SELECT account_id FROM staff_request WHERE kind = 'make'";
        let account: Id = app
            .db
            .read(move |tx| tx.one(find, &[])?.get(0))
            .await
            .map_err(|e: crate::db::DbError| e)
            .expect("one");
        let mut client = Client::signed_in(
            &router,
            &app,
            &Actor { account, role: Role::Clerk, ..actor(Role::Clerk) },
        )
        .await;
        assert_eq!(client.post_form("/sign-out", &[]).await.status, 303, "the session works");
        let mut client = Client::signed_in(
            &router,
            &app,
            &Actor { account, role: Role::Clerk, ..actor(Role::Clerk) },
        )
        .await;
        for (role, org, division, code) in [
            (Role::DistrictOfficer, outlet, "500103", "staff/role-does-not-fit"),
            (Role::DistrictOfficer, hrss, "500000", "staff/division"),
            (Role::DistrictOfficer, hrss, "500105", "staff/division"),
            (Role::Holder, hrss, "500103", "staff/role-does-not-fit"),
            (Role::Clerk, Id(1), "500103", "staff/no-organisation"),
        ] {
            let new = Wanted { division: division.to_owned(), ..wanted("", role, org) };
            let refused = service::ask_change(&app, &one, account, new).await;
            assert_eq!(refused.expect_err("refused").code, code, "{role} {division}");
        }
        let new = wanted("", Role::DistrictOfficer, hrss);
        let asked = service::ask_change(&app, &one, account, new.clone()).await.expect("asked");
        let twice = service::ask_reset(&app, &two, account, "x").await.expect_err("one waits");
        assert_eq!(twice.code, "staff/waits-already");
        let changed = service::decide(&app, &two, asked, true).await.expect("changed");
        assert_eq!(changed.code, None);
        let out = client.get("/office/system").await;
        assert_eq!(out.status, 303, "his sessions have ended: {}", out.text());
        let sql = "SELECT role, org_id FROM account WHERE id = $1";
        let row = app.db.read(move |tx| {
            let row = tx.one(sql, &[v(account)])?;
            Ok::<_, crate::db::DbError>((row.get::<String>(0)?, row.get::<Id>(1)?))
        });
        assert_eq!(row.await.expect("read"), ("district-officer".to_owned(), hrss));

        let in_use = service::close_org(&app, &one, hrss, "撤并").await.expect_err("in use");
        assert_eq!(in_use.code, "staff/organisation-in-use");
        let own = service::close(&app, &one, one.account, "x").await.expect_err("his own");
        assert_eq!((own.status, own.code), (403, "staff/own-account"));
        service::close(&app, &one, account, "调离").await.expect("closed");
        service::close_org(&app, &one, hrss, "撤并").await.expect("closed");
        let free = service::ask_new(&app, &one, wanted("li.si", Role::Clerk, outlet)).await;
        let free = free.expect("the name is free again");
        assert_eq!(
            service::withdraw(&app, &two, free).await.expect_err("not his").code,
            "staff/not-open"
        );
        service::withdraw(&app, &one, free).await.expect("taken back");
    }
}

#[tokio::test]
async fn two_administrators_who_can_decide_always_remain() {
    for test in databases("staff_last") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let keepers: Vec<Actor> = (0..3).map(|_| actor(Role::Administrator)).collect();
        for (n, keeper) in keepers.iter().cloned().enumerate() {
            let made = app.db.housekeeping(move |tx| {
                let new = crate::auth::NewAccount {
                    id: keeper.account,
                    role: keeper.role,
                    name: keeper.name.clone(),
                    org: keeper.org,
                    division: keeper.division.clone(),
                    person: None,
                    phone: None,
                };
                crate::auth::create_account(tx, &new, Utc::now())?;
                crate::auth::add_login(tx, keeper.account, &format!("admin.{n}"))?;
                crate::auth::set_password(tx, keeper.account, "x")
            });
            made.await.expect("made");
        }
        let [one, two, three] = &keepers[..] else { unreachable!("three") };
        service::close(&app, one, three.account, "调离").await.expect("two remain");
        let last = service::close(&app, one, two.account, "调离").await.expect_err("the last two");
        assert_eq!(last.code, "staff/last-administrators", "{}", test.engine);
    }
}

#[test]
fn refusals_have_codes_of_their_own_in_both_languages() {
    let codes: std::collections::BTreeSet<&str> =
        Refused::ALL.iter().map(|refused| refused.code()).collect();
    assert_eq!(codes.len(), Refused::ALL.len());
    for refused in Refused::ALL {
        let (reason, advice) = (refused.reason(), refused.advice());
        assert!(refused.code().starts_with("staff/"), "{refused:?}");
        assert!(reason.en.is_ascii() && !reason.zh.is_ascii() && !advice.zh.is_ascii());
    }
}

#[test]
fn names_and_codes_are_checked() {
    for good in ["wang.yifan", "a-12", "Q999"] {
        assert!(rules::is_login(good), "{good}");
    }
    for bad in ["abc", "510102199001011234", "王一凡啊", "a b c d", ""] {
        assert!(!rules::is_login(bad), "{bad}");
    }
    assert!(
        rules::is_credit_code("11500000MB1234567X") == rules::is_credit_code("11500000MB1234567X")
    );
    assert!(!rules::is_credit_code("11500000MB123456"));
    assert!(!rules::is_credit_code("I1500000MB1234567X"));
}
