//! Evidence that was changed is seen.

use kernel::db::v;

use super::house::{PNG, houses, opening};
use crate::cases::service;

/// Art. 19, 26: content, row and journal must agree.
#[tokio::test]
async fn evidence_that_was_changed_with_its_digest_is_seen_by_the_journal() {
    for house in houses("case_evidence").await {
        let (app, officer) = (&house.app, &house.officer);
        let id = house.report().await;
        house.good(officer, id, opening("25.2", "body")).await;
        let text = service::add_evidence(app, officer, id, "t", b"hello".to_vec()).await;
        assert_eq!(text.expect_err("no image").code, "people/evidence-wrong-media");
        let piece =
            service::add_evidence(app, officer, id, "照片", PNG.to_vec()).await.expect("taken");
        let (_, bytes) = service::read_evidence(app, officer, id, piece).await.expect("whole");
        assert_eq!(bytes, PNG, "{}", house.engine);
        let stranger = service::read_evidence(app, &house.approver, id, piece).await;
        assert_eq!(stranger.expect_err("no hand").code, "conduct/case-taken");
        // Whoever has the keys and the database can write both rows, but not the journal.
        let forged = [PNG, b"!"].concat();
        let digest = seal::sm3::sm3(&forged);
        let place = format!("evidence {piece}");
        let binding = [b"case".as_slice(), &id.0.to_be_bytes(), place.as_bytes()].concat();
        let sealed = app.keys.seal_field(&forged, &binding);
        let write = app.db.housekeeping(move |tx| {
            let sql = "UPDATE conduct_evidence_content SET sealed = $1 WHERE id = $2";
            tx.execute(sql, &[v(sealed.as_slice()), v(piece)])?;
            let sql = "UPDATE conduct_evidence SET digest = $1 WHERE id = $2";
            tx.execute(sql, &[v(digest.as_slice()), v(piece)])
        });
        write.await.expect("forged");
        let read = service::read_evidence(app, officer, id, piece).await;
        assert_eq!(read.expect_err("changed").code, "conduct/evidence-changed", "{}", house.engine);
    }
}
