mod sessions;

use std::sync::LazyLock;

use axum::Router;

use super::*;
use crate::http::{build, kernel_routes};
use crate::id::Id;
use crate::outbox::Sms;
use crate::platform::App;
use crate::testing::{Client, Reply, TestDb, actor, databases, platform};

const PASSWORD: &str = "crane-lantern-river-52";
const SECRET: &[u8; 20] = b"twenty bytes of seed";
const INSIDE: &str = "/office/journal";

static HASH: LazyLock<String> = LazyLock::new(|| seal::password::hash(PASSWORD, &[7; 16]));

struct House {
    app: App,
    router: Router,
    engine: &'static str,
    _test: TestDb,
}

async fn houses(name: &str) -> Vec<House> {
    let mut all = Vec::new();
    for test in databases(name) {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let router = build(app.clone(), kernel_routes()).router;
        all.push(House { app, router, engine: test.engine, _test: test });
    }
    all
}

impl House {
    fn browser(&self) -> Client {
        Client::new(&self.router)
    }

    /// An account with a login, the password and, for staff, an authenticator app.
    async fn account(&self, role: Role, login: &'static str) -> Actor {
        let (who, keys) = (actor(role), self.app.keys.clone());
        let account = NewAccount {
            id: who.account,
            role,
            name: who.name.clone(),
            org: who.org,
            division: who.division.clone(),
            person: who.person,
            phone: (role == Role::Holder).then(|| "13800000001".to_owned()),
        };
        self.change(move |tx| {
            create_account(tx, &account, Utc::now())?;
            add_login(tx, account.id, login)?;
            set_password(tx, account.id, &HASH)?;
            set_totp_secret(tx, &keys, account.id, SECRET)
        })
        .await;
        who
    }

    async fn change(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<(), DbError> + Send + Sync + 'static,
    ) {
        self.app.db.housekeeping(work).await.expect("the change is kept");
        self.app.sessions.forget_all();
    }

    async fn acts(&self, act: &'static str) -> i64 {
        let sql = "SELECT COUNT(*) FROM journal_entry WHERE act = $1";
        let count = self.app.db.read(move |tx| tx.one(sql, &[v(act)])?.get(0));
        count.await.expect("a count")
    }
}

fn leads_to(reply: &Reply, place: &str) -> bool {
    reply.status == 303 && reply.header("location") == place
}

async fn password(browser: &mut Client, login: &str, password: &str) -> Reply {
    browser.post_form("/staff/sign-in", &[("login", login), ("password", password)]).await
}

async fn factor(browser: &mut Client, code: &str) -> Reply {
    browser.post_form("/staff/second-factor", &[("code", code)]).await
}

fn code_now() -> String {
    seal::totp::code(SECRET, Utc::now().seconds() as u64)
}

fn another(code: &str) -> String {
    let next = (code.parse::<u32>().expect("six digits") + 1) % 1_000_000;
    format!("{next:06}")
}

#[tokio::test]
async fn staff_enter_with_password_and_authenticator_and_not_with_one_alone() {
    for house in houses("staff").await {
        house.account(Role::Auditor, "auditor-1").await;
        let mut browser = house.browser();
        assert_eq!(browser.get("/staff/sign-in").await.status, 200);
        assert_eq!(
            password(&mut browser, "auditor-1", "wrong").await.status,
            401,
            "{}",
            house.engine
        );
        // Spaces and case of a name do not matter.
        let half = password(&mut browser, " Auditor-1 ", PASSWORD).await;
        assert!(leads_to(&half, "/staff/second-factor"), "{} {half:?}", house.engine);
        assert!(leads_to(&browser.get(INSIDE).await, "/staff/sign-in"), "half is nobody");
        let planted = browser.cookies[SESSION_COOKIE].clone();
        let code = code_now();
        assert_eq!(factor(&mut browser, &another(&code)).await.status, 401, "{}", house.engine);
        let whole = factor(&mut browser, &code).await;
        assert!(leads_to(&whole, "/office"), "{} {whole:?}", house.engine);
        assert!(whole.headers.get_all("set-cookie").iter().all(|line| {
            let line = line.to_str().expect("text");
            line.contains("HttpOnly") && line.contains("SameSite=Lax")
        }));
        assert_eq!(browser.get(INSIDE).await.status, 200, "{}", house.engine);
        assert_ne!(browser.cookies[SESSION_COOKIE], planted, "a new token after the second step");
        browser.cookies.insert(SESSION_COOKIE.to_owned(), planted);
        assert_ne!(browser.get(INSIDE).await.status, 200, "the old token is worth nothing");
        assert_eq!(house.acts("session.opened").await, 1, "{}", house.engine);
    }
}

#[tokio::test]
async fn a_code_of_the_authenticator_is_good_once() {
    for house in houses("once").await {
        house.account(Role::Auditor, "a").await;
        let code = code_now();
        let (mut first, mut second) = (house.browser(), house.browser());
        password(&mut first, "a", PASSWORD).await;
        password(&mut second, "a", PASSWORD).await;
        assert!(leads_to(&factor(&mut first, &code).await, "/office"), "{}", house.engine);
        assert_eq!(factor(&mut second, &code).await.status, 401, "{}", house.engine);
        assert_ne!(second.get(INSIDE).await.status, 200, "{}", house.engine);
    }
}

#[tokio::test]
async fn wrong_codes_are_slowed_and_five_end_the_attempt() {
    for house in houses("five").await {
        house.account(Role::Auditor, "a").await;
        let mut browser = house.browser();
        password(&mut browser, "a", PASSWORD).await;
        let code = code_now();
        for wrong in 0..5 {
            assert_eq!(factor(&mut browser, &another(&code)).await.status, 401);
            if (2..4).contains(&wrong) {
                let slowed = factor(&mut browser, &code).await;
                assert_eq!(slowed.status, 429, "{}: not even the right one", house.engine);
                let long_ago = Utc::now().plus_seconds(-400);
                house
                    .change(move |tx| {
                        tx.execute("UPDATE guess SET last_at = $1", &[v(long_ago)]).map(drop)
                    })
                    .await;
            }
        }
        let late = factor(&mut browser, &code).await;
        assert_eq!(late.status, 401, "{}", house.engine);
        assert_ne!(browser.get(INSIDE).await.status, 200, "{}", house.engine);
    }
}

#[tokio::test]
async fn wrong_passwords_slow_strangers_and_never_the_owners_own_device() {
    for house in houses("slow").await {
        house.account(Role::Auditor, "a").await;
        let mut own = house.browser();
        password(&mut own, "a", PASSWORD).await;
        assert!(leads_to(&factor(&mut own, &code_now()).await, "/office"));
        own.cookies.remove(SESSION_COOKIE);

        let mut stranger = house.browser();
        for _ in 0..3 {
            assert_eq!(password(&mut stranger, "a", "guess").await.status, 401, "{}", house.engine);
        }
        let slowed = password(&mut stranger, "a", PASSWORD).await;
        assert_eq!(slowed.status, 429, "{}", house.engine);
        assert!(!stranger.cookies.contains_key(SESSION_COOKIE), "{}", house.engine);
        let owner = password(&mut own, "a", PASSWORD).await;
        assert!(leads_to(&owner, "/staff/second-factor"), "{} {owner:?}", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_guesses_at_once_are_no_way_around_the_patience() {
    for house in houses("burst").await {
        house.account(Role::Auditor, "a").await;
        let guess =
            |mut browser: Client| async move { password(&mut browser, "a", "guess").await.status };
        let all: Vec<_> = (0..12).map(|_| tokio::spawn(guess(house.browser()))).collect();
        let mut looked_at = 0;
        for one in all {
            looked_at += usize::from(one.await.expect("no panic") == 401);
        }
        assert!((1..=3).contains(&looked_at), "{}: {looked_at} passwords tried", house.engine);
    }
}

#[tokio::test]
async fn an_unknown_name_is_answered_and_slowed_like_a_known_one() {
    for house in houses("unknown").await {
        house.account(Role::Auditor, "a").await;
        let (mut known, mut unknown) = (house.browser(), house.browser());
        for wrong in 0..4 {
            let one = password(&mut known, "a", "guess").await;
            let other = password(&mut unknown, "nobody", "guess").await;
            assert_eq!(one.status, if wrong < 3 { 401 } else { 429 }, "{}", house.engine);
            assert_eq!(
                (one.status, one.text()),
                (other.status, other.text().replace("nobody", "a"))
            );
        }
    }
}

#[tokio::test]
async fn each_door_is_for_its_own_people() {
    for house in houses("doors").await {
        house.account(Role::Auditor, "a").await;
        house.account(Role::Holder, "h").await;
        house.account(Role::Terminal, "t").await;
        let mut browser = house.browser();
        assert_eq!(password(&mut browser, "h", PASSWORD).await.status, 401, "{}", house.engine);
        for login in ["a", "t"] {
            let fields = [("login", login), ("password", PASSWORD)];
            assert_eq!(
                browser.post_form("/sign-in", &fields).await.status,
                401,
                "{}",
                house.engine
            );
            assert_eq!(password(&mut house.browser(), "t", PASSWORD).await.status, 401);
        }
    }
}

/// The code in the newest message that waits for the gateway.
async fn code_in_outbox(app: &App) -> String {
    let sql = "SELECT body FROM outbox WHERE topic = 'sms' ORDER BY id DESC LIMIT 1";
    let body = app.db.read(move |tx| tx.one(sql, &[])?.get::<String>(0)).await.expect("a message");
    let sms: Sms = serde_json::from_str(&body).expect("a message");
    assert_eq!(sms.to, "13800000001");
    sms.text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect()
}

async fn holder_asks(house: &House) -> (Client, String) {
    let mut browser = house.browser();
    let fields = [("login", "h"), ("password", PASSWORD)];
    let half = browser.post_form("/sign-in", &fields).await;
    assert!(leads_to(&half, "/sign-in/code"), "{} {half:?}", house.engine);
    (browser, code_in_outbox(&house.app).await)
}

async fn is_signed_in(app: &App, browser: &Client) -> bool {
    let token = browser.cookies.get(SESSION_COOKIE).cloned().unwrap_or_default();
    session_of(app, &token, true).await.is_ok_and(|session| session.is_some())
}

#[tokio::test]
async fn a_holder_enters_with_the_code_that_was_sent_to_his_phone() {
    for house in houses("holder").await {
        house.account(Role::Holder, "h").await;
        let (mut browser, code) = holder_asks(&house).await;
        assert_eq!(code.len(), 6, "{}", house.engine);
        assert_eq!(browser.get("/sign-in/code").await.status, 200, "{}", house.engine);
        let wrong = browser.post_form("/sign-in/code", &[("code", &another(&code))]).await;
        assert_eq!(wrong.status, 401, "{}", house.engine);
        assert!(!is_signed_in(&house.app, &browser).await, "{}", house.engine);
        let right = browser.post_form("/sign-in/code", &[("code", &code)]).await;
        assert!(leads_to(&right, "/me"), "{} {right:?}", house.engine);
        assert!(is_signed_in(&house.app, &browser).await, "{}", house.engine);

        let (mut again, newer) = holder_asks(&house).await;
        if newer != code {
            let used = again.post_form("/sign-in/code", &[("code", &code)]).await;
            assert_eq!(used.status, 401, "{}: an older code", house.engine);
        }
        house
            .change(|tx| tx.execute("UPDATE one_time_code SET expires_at = 1", &[]).map(drop))
            .await;
        let late = again.post_form("/sign-in/code", &[("code", &newer)]).await;
        assert_eq!(late.status, 401, "{}: an expired code", house.engine);
        assert!(!is_signed_in(&house.app, &again).await, "{}", house.engine);
    }
}

#[tokio::test]
async fn no_input_at_the_doors_is_an_error_of_the_platform() {
    for house in houses("input").await {
        let mut browser = house.browser();
        let long = "9".repeat(100_000);
        let bodies = [
            "".to_owned(),
            "login=a".to_owned(),
            "login=a%00b&password=c".to_owned(),
            "login=%FF%FE&password=%80".to_owned(),
            "login=a&login=b&password=c".to_owned(),
            format!("login={long}&password={long}"),
            "login=%F0%9F%8E%B4&password=' OR 1=1 --".to_owned(),
            "%%%=&&&==".to_owned(),
        ];
        for path in
            ["/sign-in", "/sign-in/code", "/staff/sign-in", "/staff/second-factor", "/prefs"]
        {
            for body in &bodies {
                browser.cookies.insert(SESSION_COOKIE.to_owned(), "x".repeat(5_000));
                let kind = "application/x-www-form-urlencoded";
                let status = browser.post(path, kind, body.clone()).await.status;
                assert!(status.is_client_error(), "{} {path} {status}", house.engine);
            }
        }
    }
}
