//! The operator's page through HTTP, on both engines.

use super::*;
use crate::actor::Role;
use crate::http::{build, kernel_routes};
use crate::testing::{Client, actor, databases, platform};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_turns_the_key_on_record_and_nobody_else_does() {
    for test in databases("system_turn") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let router = build(app.clone(), kernel_routes()).router;
        let mut clerk = Client::signed_in(&router, &app, &actor(Role::Clerk)).await;
        assert_eq!(clerk.post_form("/office/system/turn", &[]).await.status, 403);
        let keeper = actor(Role::Administrator);
        let mut client = Client::signed_in(&router, &app, &keeper).await;
        assert_eq!(client.post_form("/office/system/turn", &[]).await.status, 303);
        let twice = client.post_form("/office/system/turn", &[]).await;
        assert_eq!((twice.status.as_u16(), twice.code().as_str()), (409, "system/turn-under-way"));
        for _ in 0..200 {
            crate::jobs::round(&app, TURN).await.expect("a round");
            if app.db.read(turning).await.expect("a state").next.is_none() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let state = app.db.read(turning).await.expect("a state");
        assert_eq!((state.generation, state.phase.as_str()), (2, "settled"), "{}", test.engine);
        assert!(state.moved > 0);
        let text = client.get("/office/system").await.text();
        assert!(text.contains("kernel.key-turn") && text.contains("第2代"), "{text}");
        let entries = app.db.read(|tx| journal::newest(tx, crate::id::Id(i64::MAX), 5)).await;
        let entry = &entries.expect("read")[0];
        assert_eq!((entry.act.as_str(), entry.object.as_str()), ("key.turn-begun", "key:field-2"));
        assert_eq!(entry.actor_name, keeper.name, "its own name was sealed anew");
    }
}
