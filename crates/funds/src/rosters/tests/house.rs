use kernel::testing::databases;

use super::World;
use crate::rosters::reasons::Reason;
use crate::rosters::rules::State;
use crate::rosters::service::{self, Source};
use crate::rosters::{demo, store, work};

#[test]
fn reasons_and_states_are_found_by_their_codes() {
    for reason in Reason::ALL {
        assert_eq!(Reason::from_code(reason.code()), Some(reason));
    }
    for state in State::ALL {
        assert_eq!(State::from_code(state.code()), Some(state));
    }
}

#[tokio::test]
async fn a_demonstration_list_is_entered_as_declared_with_its_two_faults() {
    for test in databases("rosters_demo") {
        let world = World::new(&test, 5).await;
        let list = demo::list(&world.app, 5, 10_000, true).await.expect("a list");
        let declared = world.declared("A-1", list.lines, list.fen);
        let source = Source::File(Box::new(std::io::Cursor::new(list.csv)));
        let id =
            service::create(&world.app, &world.clerk, declared, source).await.expect("entered");
        world.work().await;
        let roster = world.roster(id).await;
        assert_eq!((roster.lines, roster.bad), (5, 2), "{}", test.engine);
        service::submit(&world.app, &world.clerk, id).await.expect("as declared");
    }
}

/// The worker dies behind a set: the next one goes on where the task row stands, and nothing doubles.
#[tokio::test]
async fn a_list_that_was_half_read_is_read_on() {
    for test in databases("rosters_restart") {
        let world = World::new(&test, 3).await;
        let lines = world.good(3, 10_000);
        let many: String = (0..work::SET_LINES * 2 + 10)
            .map(|at| format!("{}\n", lines[at % 3][..3].join(",")))
            .collect();
        let csv = format!("社会保障号码,姓名,金额\n{many}");
        let count = (work::SET_LINES * 2 + 10) as i64;
        let source = Source::File(Box::new(std::io::Cursor::new(csv.into_bytes())));
        let declared = world.declared("A-1", count, count * 10_000);
        let id =
            service::create(&world.app, &world.clerk, declared, source).await.expect("entered");
        // Another process had written a set and died before the rest.
        let worker = tokio::spawn({
            let app = world.app.clone();
            async move { work::round(&app).await }
        });
        for _ in 0..500 {
            let task = world.app.db.read(move |tx| store::task_of(tx, id)).await.expect("read");
            if task.is_some_and(|task| task.done > 0) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        worker.abort();
        let _ = worker.await;
        world.work().await;
        let roster = world.roster(id).await;
        assert_eq!(roster.entered_lines, count, "{}", test.engine);
        assert_eq!((roster.state, roster.lines), (State::Checked, 3));
        service::submit(&world.app, &world.clerk, id).await.expect("as declared");
    }
}

/// `ROSTER_LINES=100000 cargo test -p funds -- --ignored --nocapture rate`: from file to checked.
#[tokio::test]
#[ignore = "a measurement"]
async fn the_rate_of_a_long_list() {
    let lines: u32 =
        std::env::var("ROSTER_LINES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    for test in databases("rosters_rate") {
        let world = World::new(&test, lines).await;
        let list = demo::list(&world.app, i64::from(lines), 10_000, false).await.expect("a list");
        let declared = world.declared("A-1", list.lines, list.fen);
        let source = Source::File(Box::new(std::io::Cursor::new(list.csv)));
        let began = std::time::Instant::now();
        let id =
            service::create(&world.app, &world.clerk, declared, source).await.expect("entered");
        while world.roster(id).await.state != State::Checked {
            world.work().await;
        }
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "{}: {lines} lines in {seconds:.2} s, {:.0} a second",
            test.engine,
            f64::from(lines) / seconds
        );
        assert_eq!(world.roster(id).await.lines, i64::from(lines));
    }
}
