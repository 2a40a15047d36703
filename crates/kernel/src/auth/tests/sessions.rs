//! What a session may do, and when it ends.

use super::*;

#[tokio::test]
async fn a_session_ends_when_it_rests_too_long_or_lives_too_long() {
    for house in houses("ends").await {
        let auditor = actor(Role::Auditor);
        let mut browser = Client::signed_in(&house.router, &house.app, &auditor).await;
        let rested = |minutes: i64| {
            move |tx: &mut Tx<'_>| {
                let seen = Utc::now().plus_seconds(-60 * minutes);
                tx.execute("UPDATE session SET seen_at = $1", &[v(seen)]).map(drop)
            }
        };
        house.change(rested(29)).await;
        assert_eq!(browser.get(INSIDE).await.status, 200, "{}", house.engine);
        house.app.sessions.forget_all();
        let sql = "SELECT seen_at FROM session";
        let seen =
            house.app.db.read(move |tx| tx.one(sql, &[])?.get::<Utc>(0)).await.expect("a row");
        assert!(seen > Utc::now().plus_seconds(-30), "its use was noted: {}", house.engine);
        house.change(rested(31)).await;
        assert!(leads_to(&browser.get(INSIDE).await, "/staff/sign-in"), "{}", house.engine);

        house.change(rested(0)).await;
        assert_eq!(browser.get(INSIDE).await.status, 200, "{}", house.engine);
        house
            .change(|tx| {
                let past = Utc::now().plus_seconds(-1);
                tx.execute("UPDATE session SET expires_at = $1", &[v(past)]).map(drop)
            })
            .await;
        assert!(leads_to(&browser.get(INSIDE).await, "/staff/sign-in"), "{}", house.engine);
    }
}

#[tokio::test]
async fn signing_out_and_closing_the_account_end_a_session_at_once() {
    for house in houses("out").await {
        let auditor = actor(Role::Auditor);
        let mut browser = Client::signed_in(&house.router, &house.app, &auditor).await;
        let token = browser.cookies[SESSION_COOKIE].clone();
        assert_eq!(browser.get(INSIDE).await.status, 200, "{}", house.engine);
        let out = browser.post_form("/sign-out", &[]).await;
        assert!(leads_to(&out, "/staff/sign-in"), "{} {out:?}", house.engine);
        assert!(!browser.cookies.contains_key(SESSION_COOKIE), "{}", house.engine);
        browser.cookies.insert(SESSION_COOKIE.to_owned(), token);
        assert!(leads_to(&browser.get(INSIDE).await, "/staff/sign-in"), "{}", house.engine);
        assert_eq!(house.acts("session.closed").await, 1, "{}", house.engine);

        let mut browser = Client::signed_in(&house.router, &house.app, &auditor).await;
        assert_eq!(browser.get(INSIDE).await.status, 200, "{}", house.engine);
        house.change(move |tx| close_account(tx, auditor.account, Utc::now())).await;
        assert_ne!(browser.get(INSIDE).await.status, 200, "{}", house.engine);
    }
}

#[tokio::test]
async fn a_form_without_its_token_or_from_another_site_changes_nothing() {
    for house in houses("csrf").await {
        let auditor = actor(Role::Auditor);
        let mut browser = Client::signed_in(&house.router, &house.app, &auditor).await;
        let right = std::mem::take(&mut browser.csrf);
        for path in ["/sign-out", "/office/journal/verify"] {
            for wrong in ["", "_csrf=", "_csrf=0123456789abcdef", "csrf=x&_csrf[]=y"] {
                let form = "application/x-www-form-urlencoded";
                let reply = browser.post(path, form, wrong).await;
                assert_eq!(reply.code(), "platform/stale-form", "{} {path} {wrong}", house.engine);
                assert_eq!(reply.status, 403);
            }
        }
        browser.csrf = right;
        let foreign = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://elsewhere.example"),
            ("origin", "null"),
        ];
        for (name, value) in foreign {
            browser.headers =
                vec![(name, value.to_owned()), ("host", "yikatong.example".to_owned())];
            let reply = browser.post_form("/sign-out", &[]).await;
            assert_eq!(reply.status, 403, "{} {name}: {value}", house.engine);
        }
        browser.headers.clear();
        assert_eq!(browser.get(INSIDE).await.status, 200, "still signed in: {}", house.engine);
        browser.headers = vec![("sec-fetch-site", "same-origin".to_owned())];
        assert_eq!(
            browser.post_form("/office/journal/verify", &[]).await.status,
            200,
            "{}",
            house.engine
        );
    }
}

#[tokio::test]
async fn a_bearer_token_is_nobody_in_a_cookie_and_a_cookie_nobody_as_bearer() {
    for house in houses("bearer").await {
        let auditor = actor(Role::Auditor);
        let mut program = Client::program(&house.router, &house.app, &auditor).await;
        let mut browser = Client::signed_in(&house.router, &house.app, &auditor).await;
        let (bearer, cookie) =
            (program.bearer.clone().expect("a token"), browser.cookies[SESSION_COOKIE].clone());
        let mut as_cookie = house.browser();
        as_cookie.cookies.insert(SESSION_COOKIE.to_owned(), bearer);
        let mut as_bearer = house.browser();
        as_bearer.bearer = Some(cookie);
        // Before and after the right use has put them in the memory of sessions.
        for _ in 0..2 {
            assert_ne!(as_cookie.get(INSIDE).await.status, 200, "{}", house.engine);
            assert_ne!(as_bearer.get(INSIDE).await.status, 200, "{}", house.engine);
            assert_eq!(program.get(INSIDE).await.status, 200, "{}", house.engine);
            assert_eq!(browser.get(INSIDE).await.status, 200, "{}", house.engine);
        }
        program.bearer = Some("no-such-token".to_owned());
        assert_ne!(program.get(INSIDE).await.status, 200, "{}", house.engine);
    }
}

#[tokio::test]
async fn only_the_roles_of_a_route_enter_it() {
    for house in houses("roles").await {
        for role in Role::ALL {
            let mut browser = Client::signed_in(&house.router, &house.app, &actor(role)).await;
            let expected = if role == Role::Auditor { 200 } else { 403 };
            assert_eq!(browser.get(INSIDE).await.status, expected, "{} {role}", house.engine);
        }
    }
}

#[tokio::test]
async fn only_digests_of_tokens_are_stored() {
    for house in houses("digest").await {
        let who = actor(Role::Bank);
        let program = Client::program(&house.router, &house.app, &who).await;
        let token = program.bearer.expect("a token");
        let sql = "SELECT digest, account_id FROM session";
        let row = house.app.db.read(move |tx| tx.one(sql, &[])).await.expect("a row");
        let digest: Vec<u8> = row.get(0).expect("bytes");
        assert_eq!(digest, seal::token::digest(&token), "{}", house.engine);
        assert_eq!(row.get::<Id>(1).expect("an id"), who.account, "{}", house.engine);
    }
}
