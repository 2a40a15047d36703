//! The measurement itself, on a small roster; `YIKATONG_LINES` makes it larger.

use super::house::houses;
use crate::payments::bench::measure;

#[tokio::test]
async fn a_roster_is_measured_from_acceptance_to_reconciled() {
    let lines = std::env::var("YIKATONG_LINES").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    for house in houses("funds_bench", lines).await {
        let places: Vec<usize> = (0..lines as usize).collect();
        let roster = house.roster("2026-11", &places).await;
        let measured = measure(&house.app, roster).await.expect("measured");
        println!(
            "{}: {measured:?} rate {:.0}/s ratio {:.1}",
            house.engine,
            measured.rate(),
            measured.ratio()
        );
        assert_eq!(measured.lines, i64::from(lines));
        let count = "SELECT COUNT(*) FROM payment WHERE state = 'paid'";
        let paid: i64 = house.read(move |tx| tx.one(count, &[])?.get(0)).await;
        assert_eq!(paid, measured.lines, "{}", house.engine);
        house.books_hold().await;
    }
}
