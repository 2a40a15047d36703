//! Many rows and many requests at once.

use super::*;

const THINGS: BulkRows = BulkRows {
    table: "thing",
    columns: &[("id", Kind::Int), ("word", Kind::Text), ("yes", Kind::Bool), ("raw", Kind::Bytes)],
};

#[tokio::test]
async fn ten_thousand_rows_stream_in_and_a_double_key_keeps_none() {
    for test in with_things("bulk").await {
        let row =
            |n: i64| vec![v(n), v(format!("第{n}行")), v(n % 3 == 0), v(n.to_be_bytes().to_vec())];
        let streamed =
            test.db.housekeeping(move |tx| tx.bulk(THINGS, &mut (0..10_000).map(row))).await;
        assert_eq!(streamed.expect("all rows"), 10_000, "{}", test.engine);
        let sql = "SELECT word, yes, raw FROM thing WHERE id = 9999";
        let one = test.db.read(move |tx| tx.one(sql, &[])).await.expect("the last row");
        assert_eq!(one.get::<String>(0).expect("text"), "第9999行", "{}", test.engine);
        assert!(one.get::<bool>(1).expect("a boolean"), "{}", test.engine);
        assert_eq!(
            one.get::<[u8; 8]>(2).expect("bytes"),
            9_999_i64.to_be_bytes(),
            "{}",
            test.engine
        );

        let rows = move || (20_000..20_010).chain([5]).map(row);
        let double = test.db.housekeeping(move |tx| tx.bulk(THINGS, &mut rows())).await;
        assert!(matches!(double, Err(DbError::Unique(_))), "{} {double:?}", test.engine);
        assert_eq!(count(&test.db).await, 10_000, "{}", test.engine);
    }
}

#[tokio::test]
async fn inserted_rows_tell_each_whether_it_went_in() {
    for test in with_things("rows").await {
        for n in [3, 256, 299] {
            put(&test.db, n).await.expect("some are there");
        }
        let told = test.db.housekeeping(|tx| {
            let rows: Vec<Vec<Value<'_>>> =
                (0..300).map(|n| vec![v(n), v(format!("w{n}"))]).collect();
            tx.insert_rows("thing (id, word)", "ON CONFLICT DO NOTHING", &rows)
        });
        let told = told.await.expect("conflicts are no errors here");
        let out: Vec<usize> = (0..300).filter(|n| !told[*n]).collect();
        assert_eq!((told.len(), out), (300, vec![3, 256, 299]), "{}", test.engine);
        assert_eq!(count(&test.db).await, 300, "{}", test.engine);
        let none = test.db.housekeeping(|tx| tx.insert_rows("thing (id)", "", &[]));
        assert_eq!(none.await.expect("nothing to do"), Vec::<bool>::new(), "{}", test.engine);
    }
}

#[tokio::test]
async fn any_number_of_keys_is_looked_up_once_each() {
    for test in with_things("keys").await {
        let all = test.db.housekeeping(|tx| {
            let rows: Vec<Vec<Value<'_>>> = (0..800).map(|n| vec![v(n)]).collect();
            tx.insert_rows("thing (id)", "", &rows)
        });
        all.await.expect("800 things");
        for keys in [0, 1, 3, 256, 257, 700] {
            let found = test.db.read(move |tx| {
                let wanted: Vec<Value<'_>> = (0..keys).map(v).collect();
                let rows = tx.query_in("SELECT id FROM thing WHERE id IN (#)", &wanted)?;
                rows.iter().map(|row| row.get::<i64>(0)).collect::<Result<Vec<_>, _>>()
            });
            let mut found = found.await.expect("a query");
            found.sort_unstable();
            assert_eq!(found, (0..keys).collect::<Vec<_>>(), "{}", test.engine);
        }
        let gone = test.db.housekeeping(|tx| {
            let keys: Vec<Value<'_>> = (0..700).map(v).collect();
            tx.execute_in("DELETE FROM thing WHERE id IN (#)", &keys)
        });
        assert_eq!(gone.await.expect("a delete"), 700, "{}", test.engine);
        assert_eq!(count(&test.db).await, 100, "{}", test.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lane_answers_each_of_a_thousand_requests_with_its_own_result() {
    for test in with_things("lane").await {
        let largest = Arc::new(AtomicUsize::new(0));
        let seen = largest.clone();
        let lane = Lane::start(&test.db, LaneLimits::default(), move |tx, set: &[i64]| {
            seen.fetch_max(set.len(), Ordering::Relaxed);
            let rows: Vec<Vec<Value<'_>>> =
                set.iter().filter(|n| **n % 10 != 0).map(|n| vec![v(*n)]).collect();
            tx.insert_rows("thing (id)", "", &rows)?;
            // Not a change that anybody would ask the journal about: only the lane is tested.
            tx.mark_journalled();
            let answer = |n: &i64| {
                if n % 10 == 0 { Err(DbError::NotOne(*n as usize)) } else { Ok(n * 2) }
            };
            Ok(set.iter().map(answer).collect())
        });
        let lane = Arc::new(lane);
        let all: Vec<_> = (0..1_000_i64)
            .map(|n| {
                let lane = lane.clone();
                tokio::spawn(async move { lane.submit(n).await })
            })
            .collect();
        for (n, one) in all.into_iter().enumerate() {
            match one.await.expect("no panic") {
                Ok(double) => assert_eq!(double, 2 * n as i64, "{}", test.engine),
                Err(DbError::NotOne(m)) => {
                    assert!(m == n && n % 10 == 0, "{} {n} {m}", test.engine)
                }
                Err(other) => panic!("{}: {other:?}", test.engine),
            }
        }
        assert_eq!(count(&test.db).await, 900, "{}", test.engine);
        let largest = largest.load(Ordering::Relaxed);
        assert!((2..=256).contains(&largest), "{}: sets of up to {largest}", test.engine);
    }
}

#[tokio::test]
async fn a_lane_whose_set_fails_tells_all_of_the_set_and_goes_on() {
    for test in with_things("lanefail").await {
        let lane = Lane::start(&test.db, LaneLimits::default(), |tx, set: &[i64]| {
            tx.mark_journalled();
            for n in set {
                tx.execute("INSERT INTO thing (id, fen) VALUES ($1, $1)", &[v(*n)])?;
            }
            Ok(set.iter().map(|n| Ok(*n)).collect::<Vec<Result<i64, DbError>>>())
        });
        let bad = lane.submit(-1).await;
        assert!(matches!(bad, Err(DbError::Forbidden(_))), "{} {bad:?}", test.engine);
        assert_eq!(lane.submit(4).await.expect("the next one"), 4, "{}", test.engine);
    }
}
