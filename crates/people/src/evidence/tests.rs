use kernel::db::v;
use kernel::jobs;
use kernel::time::Utc;
use proptest::prelude::*;
use time::Duration;

use super::rules::{self, EvidenceKind, LARGEST, Media, Refused};
use super::service::{self, NewEvidence};
use crate::testing::{code_of, houses, png, somebody};

fn new(bytes: Vec<u8>) -> NewEvidence {
    NewEvidence { kind: EvidenceKind::Signature, purpose: "申领".to_owned(), bytes }
}

#[test]
fn the_content_says_what_a_file_is_and_the_name_counts_for_nothing() {
    assert_eq!(Media::sniff(&png("")), Some(Media::Png));
    assert_eq!(Media::sniff(b"\xff\xd8\xff\xe0rest"), Some(Media::Jpeg));
    assert_eq!(Media::sniff(b"%PDF-1.7\n"), Some(Media::Pdf));
    for other in [&b""[..], b"GIF89a", b"<html>", b"PK\x03\x04", b"\x89PNG", b" %PDF-1.7"] {
        assert_eq!(Media::sniff(other), None, "{other:?}");
    }
    assert_eq!(rules::inspect(&vec![0; LARGEST + 1]), Err(Refused::TooLarge));
}

#[tokio::test]
async fn a_file_is_sealed_at_rest_and_opens_for_its_own_person_only() {
    for house in houses("evidence_seal").await {
        let [a, b] =
            [house.register(somebody(1, true)).await, house.register(somebody(2, true)).await];
        let secret = png("a handwritten name");
        let one = service::take(&house.app, &house.clerk, a.id, new(secret.clone())).await;
        let one = one.expect("taken");
        let stored = one.clone();
        let sealed = house.read(move |tx| super::store::content(tx, &stored)).await.expect("kept");
        let shown = sealed.windows(11).any(|part| part == b"handwritten");
        assert!(!shown, "{}: the content lies open", house.engine);
        let (_, opened) =
            service::open(&house.app, &house.clerk, a.id, one.id).await.expect("opens");
        assert_eq!(opened, secret);
        let other = service::open(&house.app, &house.clerk, b.id, one.id).await;
        assert_eq!(code_of(other), "platform/not-found");
        assert_eq!(house.journalled("evidence.read").await, 1, "{}", house.engine);
    }
}

#[tokio::test]
async fn content_that_was_moved_to_another_row_does_not_open() {
    for house in houses("evidence_moved").await {
        let person = house.register(somebody(1, true)).await;
        let take = |text| service::take(&house.app, &house.clerk, person.id, new(png(text)));
        let (a, b) = (take("one").await.expect("taken"), take("two").await.expect("taken"));
        let swap = "UPDATE person_evidence_content SET sealed =
                    (SELECT sealed FROM person_evidence_content WHERE id = $1) WHERE id = $2";
        let (from, to) = (a.id, b.id);
        let swapped = house.app.db.housekeeping(move |tx| tx.execute(swap, &[v(from), v(to)]));
        swapped.await.expect("tampered");
        let opened = service::open(&house.app, &house.clerk, person.id, b.id).await;
        assert_eq!(code_of(opened), "people/evidence-damaged", "{}", house.engine);
    }
}

#[tokio::test]
async fn wrong_large_and_too_many_files_are_refused_and_nothing_is_kept() {
    for house in houses("evidence_refused").await {
        let person = house.register(somebody(1, true)).await;
        let take = |bytes| service::take(&house.app, &house.clerk, person.id, new(bytes));
        assert_eq!(code_of(take(b"MZ".to_vec()).await), "people/evidence-wrong-media");
        let large = [png(""), vec![0; LARGEST]].concat();
        assert_eq!(code_of(take(large).await), "people/evidence-too-large");
        for _ in 0..rules::LIMIT.default {
            take(png("x")).await.expect("there is room");
        }
        assert_eq!(code_of(take(png("x")).await), "people/evidence-too-many", "{}", house.engine);
        let nobody = service::take(&house.app, &house.clerk, kernel::id::Id(5), new(png(""))).await;
        assert_eq!(code_of(nobody), "people/unknown");
    }
}

#[tokio::test]
async fn of_many_files_at_once_no_more_are_kept_than_may_be() {
    for house in houses("evidence_race").await {
        let person = house.register(somebody(1, true)).await;
        let take = || service::take(&house.app, &house.clerk, person.id, new(png("x")));
        for _ in 1..rules::LIMIT.default {
            take().await.expect("there is room");
        }
        let taken = tokio::join!(take(), take(), take(), take());
        let mut codes = [taken.0, taken.1, taken.2, taken.3].map(code_of);
        codes.sort_unstable();
        let full = "people/evidence-too-many";
        assert_eq!(codes, ["ok", full, full, full], "{}", house.engine);
    }
}

#[tokio::test]
async fn after_its_days_the_content_goes_and_the_record_with_its_digest_stays() {
    for house in houses("evidence_days").await {
        let person = house.register(somebody(1, true)).await;
        let one = service::take(&house.app, &house.clerk, person.id, new(png("x"))).await;
        let one = one.expect("taken");
        let days = EvidenceKind::Signature.keep().default;
        assert_eq!(one.keep_until, Utc::now().day() + Duration::days(days));
        let job = crate::jobs()[0];
        assert_eq!(jobs::round(&house.app, job).await.expect("runs"), Some("0 removed".to_owned()));
        let over = "UPDATE person_evidence SET keep_until = '2020-01-01'";
        house.app.db.housekeeping(move |tx| tx.execute(over, &[])).await.expect("aged");
        assert_eq!(jobs::round(&house.app, job).await.expect("runs"), Some("1 removed".to_owned()));
        assert_eq!(jobs::round(&house.app, job).await.expect("runs"), Some("0 removed".to_owned()));
        let opened = service::open(&house.app, &house.clerk, person.id, one.id).await;
        assert_eq!(code_of(opened), "people/evidence-removed", "{}", house.engine);
        let all = service::list(&house.app, &house.clerk, person.id).await.expect("listed");
        assert_eq!((all[0].digest, all[0].removed_at.is_some()), (one.digest, true));
        let left = "SELECT COUNT(*) FROM person_evidence_content";
        assert_eq!(house.read(move |tx| tx.one(left, &[])?.get::<i64>(0)).await, 0);
        assert_eq!(house.journalled("evidence.removed").await, 1, "{}", house.engine);
    }
}

proptest! {
    #[test]
    fn whatever_is_sent_is_taken_as_what_it_is_or_refused(bytes: Vec<u8>) {
        let media = rules::inspect(&bytes);
        prop_assert_eq!(media.ok(), Media::sniff(&bytes));
    }
}
