//! A case from a refusal to its decision, through the HTTP API.

use axum::body::Body;
use axum::http::Request;
use kernel::actor::{Actor, Role};
use kernel::testing::{Client, actor};
use kernel::time::{Utc, day_text};
use serde_json::{Value, json};

use super::house::{House, PNG, houses};

async fn post(client: &mut Client, path: &str, body: Value) -> Value {
    let reply = client.post_json(path, &body).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

async fn refusal(house: &House) -> String {
    let told = codes::refusals::Telling {
        kind: "refused".to_owned(),
        place: "渝北区图书馆".to_owned(),
        division: "500112".to_owned(),
        day: day_text(Utc::now().day()),
        reason: "要求另办借书证".to_owned(),
        ..codes::refusals::Telling::default()
    };
    let holder = actor(Role::Holder);
    codes::refusals::tell(&house.app, Some(&holder), &told).await.expect("told").to_string()
}

/// Art. 25, 26: refusal, case, evidence, notice, the department's own reply, order, and nobody else reads.
#[tokio::test]
async fn a_refusal_becomes_a_decided_case_through_the_api() {
    for house in houses("case_api").await {
        let manager = actor(Role::OutletManager);
        let org = manager.org.expect("staff").to_string();
        let mut officer = house.program(&house.officer).await;
        let mut approver = house.program(&house.approver).await;
        let mut concerned = house.program(&manager).await;
        let body = json!({"from": format!("refusal:{}", refusal(&house).await), "clause": "25.2",
            "division": "500112", "words": "图书馆拒绝用卡，要求另办借书证"});
        let id = post(&mut officer, "/api/v1/cases", body.clone()).await["id"].clone();
        let id = id.as_str().expect("an id");
        assert_eq!(officer.post_json("/api/v1/cases", &body).await.code(), "conduct/case-known");
        let steps = format!("/api/v1/cases/{id}/steps");
        let open = json!({"act": "open", "clause": "25.2", "party": "body", "respondent": "图书馆",
            "org": org});
        post(&mut officer, &steps, open).await;
        let early = officer.post_json(&steps, &json!({"act": "notify", "words": "告知"})).await;
        assert_eq!(early.code(), "conduct/case-no-evidence");
        let upload = Request::post(format!("/api/v1/cases/{id}/evidence?title=photo"))
            .header("content-type", "image/png")
            .body(Body::from(PNG));
        assert_eq!(officer.send(upload.expect("a request")).await.status, 200);
        assert_eq!(concerned.get("/api/v1/my/cases").await.json(), json!([]));
        post(&mut officer, &steps, json!({"act": "notify", "words": "请陈述申辩"})).await;
        let own = concerned.get("/api/v1/my/cases").await.json();
        assert_eq!(
            (own[0]["notice"].as_str(), own[0]["act"].as_str()),
            (Some("请陈述申辩"), Some("reply"))
        );
        let mine = format!("/api/v1/my/cases/{id}");
        post(&mut concerned, &mine, json!({"act": "reply", "words": "系统故障，已恢复"})).await;
        let day = day_text(Utc::now().day().saturating_add(time::Duration::days(15)));
        let order =
            json!({"act": "propose", "kind": "order", "words": "责令改正", "correct_by": day});
        post(&mut officer, &steps, order).await;
        let state = post(&mut approver, &steps, json!({"act": "decide"})).await;
        assert_eq!(state["state"], "decided", "{}", house.engine);
        let file = approver.get(&format!("/api/v1/cases/{id}")).await.json();
        assert_eq!(file["reply"], "系统故障，已恢复");
        assert_eq!(file["decisions"][0]["regulation"], "draft");
        assert_eq!(file["evidence"][0]["sm3"], hex::encode(seal::sm3::sm3(PNG)));
        let own = concerned.get("/api/v1/my/cases").await.json();
        assert_eq!(own[0]["decision"]["kind"], "order");
        post(&mut concerned, &mine, json!({"act": "appeal", "words": "请求复核"})).await;
        let stranger = Actor { division: "500103".to_owned(), ..actor(Role::DistrictOfficer) };
        let mut stranger = house.program(&stranger).await;
        let kept_out = stranger.get(&format!("/api/v1/cases/{id}")).await;
        assert_eq!(kept_out.code(), "conduct/case-of-another-district");
        let list = officer.get("/api/v1/cases?state=appealed&clause=25").await.json();
        assert_eq!(list[0]["id"], id, "{}", house.engine);
        assert!(!list.to_string().contains("图书馆"));
    }
}

#[tokio::test]
async fn nonsense_is_a_problem_and_never_a_fault() {
    for house in houses("case_nonsense").await {
        let mut officer = house.program(&house.officer).await;
        for path in ["/api/v1/cases/x", "/api/v1/cases/0000000000001"] {
            assert_eq!(officer.get(path).await.status, 404, "{}", house.engine);
        }
        let steps = "/api/v1/cases/0000000000001/steps";
        assert_eq!(officer.post_json(steps, &json!({"act": "decide"})).await.status, 404);
        assert_eq!(officer.post_json(steps, &json!({"act": "dance"})).await.status, 422);
        let own = "/api/v1/my/cases/0000000000001";
        let sent = json!({"act": "decide", "words": "x"});
        assert_eq!(officer.post_json(own, &sent).await.status, 422);
        let all = officer.get("/api/v1/clauses").await.json();
        assert_eq!(all.as_array().map(Vec::len), Some(13));
    }
}
