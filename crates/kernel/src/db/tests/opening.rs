//! Opening a database and bringing its schema up to date.

use super::*;

#[tokio::test]
async fn migrations_run_once_and_a_changed_text_is_refused() {
    for test in databases("migrate") {
        let again = || test.db.migrate(vec![SCHEMA]);
        assert_eq!(again().await.expect("the first run"), ["test-0001"], "{}", test.engine);
        assert_eq!(again().await.expect("the second run"), [""; 0], "{}", test.engine);
        let other = Migration { sql: "CREATE TABLE other (id BIGINT PRIMARY KEY);", ..SCHEMA };
        let refused = test.db.migrate(vec![other]).await;
        assert!(matches!(refused, Err(DbError::Forbidden(_))), "{} {refused:?}", test.engine);
        let next = Migration { name: "test-0002", sql: "CREATE TABLE b (id BIGINT); NONSENSE;" };
        let states = test.db.migration_states(vec![SCHEMA, other, next]).await.expect("states");
        let states: Vec<MigrationState> = states.into_iter().map(|(_, state)| state).collect();
        assert!(
            matches!(
                states[..],
                [MigrationState::Applied(_), MigrationState::Differs, MigrationState::Waiting]
            ),
            "{} {states:?}",
            test.engine
        );
        test.db.migrate(vec![SCHEMA, next]).await.expect_err("nonsense");
        let mended = Migration { sql: "CREATE TABLE b (id BIGINT);", ..next };
        let done = test
            .db
            .migrate(vec![SCHEMA, mended])
            .await
            .expect("nothing of the broken one was kept");
        assert_eq!(done, ["test-0002"], "{}", test.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_start_at_once_migrate_once() {
    for test in databases("two") {
        for round in 0..4 {
            let name: &'static str = ["p-0", "p-1", "p-2", "p-3"][round];
            let sql = [
                "CREATE TABLE p0 (id BIGINT);",
                "CREATE TABLE p1 (id BIGINT);",
                "CREATE TABLE p2 (id BIGINT);",
                "CREATE TABLE p3 (id BIGINT);",
            ][round];
            let starts: Vec<_> = (0..3)
                .map(|_| {
                    let location = test.location.clone();
                    tokio::spawn(async move {
                        let limits = Limits { connections: 1, readers: 1, ..Limits::default() };
                        let db = Db::open(&location, &limits)?;
                        db.migrate(vec![Migration { name, sql }]).await
                    })
                })
                .collect();
            let mut done = Vec::new();
            for start in starts {
                done.extend(start.await.expect("no panic").expect("it waits for the other"));
            }
            assert_eq!(done, [name], "{}", test.engine);
        }
    }
}

#[test]
fn a_database_url_is_read_or_refused() {
    assert!(
        matches!(Location::parse("sqlite:data/a.db"), Ok(Location::Sqlite(p)) if p.ends_with("a.db"))
    );
    assert!(matches!(Location::parse("postgres://u@h/d"), Ok(Location::Postgres(_))));
    assert!(Location::parse("mysql://h/d").is_err());
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_unavailable_and_its_password_stays_secret() {
    let nobody = Location::Postgres("postgres://u:geheim@127.0.0.1:1/d".to_owned());
    let Err(problem) = Db::open(&nobody, &Limits::default()) else {
        panic!("nobody listens there")
    };
    assert!(matches!(problem, DbError::Unavailable(_)), "{problem:?}");
    assert!(!format!("{problem:?}").contains("geheim"));
}

#[tokio::test]
async fn a_server_is_believed_only_with_a_certificate_for_its_name_from_a_known_authority() {
    let ca = std::env::var("YIKATONG_TEST_POSTGRES_CA");
    assert!(ca.is_ok() || std::env::var_os("CI").is_none(), "CI must test TLS to PostgreSQL");
    let Ok(ca) = ca else { return };
    let ca = ca.replace('/', "%2F");
    for test in databases("tls") {
        let Location::Postgres(url) = &test.location else { continue };
        let with = |words: &str| {
            let joint = if url.contains('?') { '&' } else { '?' };
            Location::Postgres(format!("{url}{joint}{words}"))
        };
        let encrypted = async |location: Location| {
            let db = Db::open(&location, &Limits::default()).expect("it opens");
            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            db.read(|tx| tx.one(sql, &[])?.get::<bool>(0)).await.expect("an answer")
        };
        assert!(!encrypted(with("sslmode=disable")).await);
        assert!(encrypted(with(&format!("sslmode=verify-full&sslrootcert={ca}"))).await);

        let stranger = Db::open(&with("sslmode=verify-full"), &Limits::default());
        assert!(matches!(stranger, Err(DbError::Unavailable(_))), "not of the web's authorities");
        let named = format!("sslrootcert={ca}");
        let Location::Postgres(url) = with(&named) else { continue };
        let other = Location::Postgres(url.replace("@127.0.0.1:", "@localhost:"));
        let other = Db::open(&other, &Limits::default());
        assert!(matches!(other, Err(DbError::Unavailable(_))), "the certificate has another name");
    }
}
