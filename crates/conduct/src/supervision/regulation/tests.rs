//! The page of the regulation.

use kernel::actor::Role;
use kernel::testing::{Client, actor, databases, platform};
use time::macros::date;

use super::*;

#[test]
fn nothing_rests_on_the_regulation_before_its_day() {
    let day = date!(2027 - 01 - 01);
    assert!(in_force(None, day) && in_force(Some(day), day));
    assert!(!in_force(Some(day), date!(2026 - 12 - 31)));
}

/// Art. 28: the page has all articles, finds words, and shows the day once it is set.
#[tokio::test]
async fn everybody_reads_all_articles_and_the_day_is_a_setting() {
    for db in databases("regulation_page") {
        let app = platform(&db, &[kernel::MIGRATIONS]).await;
        let router = kernel::http::build(app.clone(), super::routes()).router;
        let mut stranger = Client::new(&router);
        let page = stranger.get("/regulation").await.text();
        for number in 1..=28 {
            assert!(page.contains(&format!("id=\"art-{number}\"")), "{number}");
        }
        assert!(page.contains("XXXX年XX月XX日") && page.contains("草案未定"));
        let found = stranger.get("/regulation?q=%E5%86%BB%E7%BB%93").await.text();
        assert!(found.contains("id=\"art-20\"") && !found.contains("id=\"art-1\""));
        let by_number = stranger.get("/regulation?q=14").await.text();
        assert!(by_number.contains("id=\"art-14\""));
        let (one, two) = (actor(Role::MunicipalApprover), actor(Role::MunicipalApprover));
        settings::ask(&app, &one, &COMMENCEMENT, 20_270_301).await.expect("asked");
        let open = app.db.read(|tx| kernel::approval::open(tx, "setting")).await.expect("read");
        settings::decide(&app, &two, &OPEN_POINTS, open[0].id, true).await.expect("confirmed");
        let page = stranger.get("/regulation").await.text();
        assert!(page.contains("2027年3月1日") && !page.contains("XXXX"), "{}", db.engine);
        let body = stranger.get("/api/v1/regulation").await.json();
        assert_eq!(body["in_force_from"], "2027-03-01");
        assert_eq!(body["articles"].as_array().map(Vec::len), Some(28));
    }
}
