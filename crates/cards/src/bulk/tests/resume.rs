//! Crashes, stops, and workers that meet.

use std::time::Duration;

use super::super::{service, work};
use super::{House, counts, houses, lines};
use kernel::id::Id;

const LONG: Duration = Duration::from_secs(60);

impl House {
    /// Works until at least one more set is written, and dies between two sets, or in one.
    async fn crash(&self, id: Id) {
        let job = self.job(id).await;
        let before = job.sets;
        let worker = {
            let (app, job) = (self.app.clone(), job.clone());
            tokio::spawn(async move { work::run(&app, &job, LONG).await })
        };
        while self.job(id).await.sets == before && !worker.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        worker.abort();
        let _ = worker.await;
    }
}

#[tokio::test]
async fn a_crash_in_the_middle_does_nothing_twice_and_loses_nothing() {
    for house in houses("bulk_crash").await {
        let id = house.confirmed(lines(0..3_000)).await;
        house.crash(id).await;
        let first = house.job(id).await;
        assert!(first.sets > 0 && first.done < 3_000, "it died in the middle: {}", first.done);
        house.crash(id).await;
        // What a dying worker had handed over may still be written; the next one goes on behind it.
        while house.job(id).await.state.code() == "running" {
            work::run(&house.app, &house.job(id).await, LONG).await.expect("resumed");
        }
        let job = house.job(id).await;
        assert_eq!(job.state.code(), "done", "{}", house.engine);
        assert_eq!(job.counts, counts(&[("registered", 3_000)]), "{}", house.engine);
        assert_eq!(house.count("card").await, 3_000);
        assert_eq!(house.entries("card.applied").await, 3_000);
        let lines: Vec<u64> = house.outcomes(&job).await.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, (2..3_002).collect::<Vec<u64>>(), "each line once, in its order");
    }
}

#[tokio::test]
async fn two_workers_at_one_file_do_it_once() {
    for house in houses("bulk_workers").await {
        let id = house.confirmed(lines(0..1_500)).await;
        let job = house.job(id).await;
        let (one, two) =
            tokio::join!(work::run(&house.app, &job, LONG), work::run(&house.app, &job, LONG));
        one.expect("no fault");
        two.expect("no fault");
        while house.job(id).await.state.code() == "running" {
            work::run(&house.app, &house.job(id).await, LONG).await.expect("resumed");
        }
        let job = house.job(id).await;
        assert_eq!(job.counts, counts(&[("registered", 1_500)]), "{}", house.engine);
        assert_eq!(house.count("card").await, 1_500);
    }
}

#[tokio::test]
async fn a_stopped_file_keeps_what_was_done_and_does_no_more() {
    for house in houses("bulk_stop").await {
        let id = house.confirmed(lines(0..3_000)).await;
        let worker = {
            let (app, job) = (house.app.clone(), house.job(id).await);
            tokio::spawn(async move { work::run(&app, &job, LONG).await })
        };
        while house.job(id).await.sets == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        service::cancel(&house.app, &house.clerk, id).await.expect("stopped");
        let stopped = house.job(id).await;
        worker.await.expect("ends").expect("without a fault");
        house.round().await;
        let job = house.job(id).await;
        assert_eq!(job.state.code(), "cancelled", "{}", house.engine);
        assert_eq!(job.done, stopped.done);
        assert!(job.done < 3_000);
        assert_eq!(house.count("card").await, job.done);
        let again = service::cancel(&house.app, &house.clerk, id).await.expect_err("ended");
        assert_eq!(again.code, "cards/bulk-ended");
        let other = kernel::testing::actor(kernel::actor::Role::Clerk);
        let seen = service::job(&house.app, &other, id).await.expect_err("another outlet");
        assert_eq!(seen.status, 404);
    }
}
