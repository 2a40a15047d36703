//! The measurement itself, on a small batch; `YIKATONG_LINES` makes it larger.

use super::house::houses;
use crate::payments::bench::{floor, measure};

#[tokio::test]
async fn a_batch_is_measured_from_its_release_to_reconciled() {
    let lines = std::env::var("YIKATONG_LINES").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    for house in houses("funds_bench", lines).await {
        let places: Vec<usize> = (0..lines as usize).collect();
        let roster = house.roster("2026-11", &places).await;
        let batch = house.accept(roster).await.expect("accepted");
        let measured = measure(&house.app, batch, &|_, _| {}).await.expect("measured");
        let floor = floor(&house.app, measured.lines).await.expect("a floor");
        println!("{}: {measured:?} floor {floor:?}", house.engine);
        assert_eq!(measured.lines, i64::from(lines));
        assert!(floor.iter().all(|(_, took)| !took.is_zero()));
        let count = "SELECT COUNT(*) FROM payment WHERE state = 'paid'";
        let paid: i64 = house.read(move |tx| tx.one(count, &[])?.get(0)).await;
        assert_eq!(paid, measured.lines, "{}", house.engine);
        let told = "SELECT COUNT(*) FROM outbox";
        let told: i64 = house.read(move |tx| tx.one(told, &[])?.get(0)).await;
        assert_eq!(told, measured.lines, "each holder is told once");
        house.books_hold().await;
    }
}
