use kernel::db::v;
use kernel::testing::databases;
use kernel::time::Utc;

use super::World;
use crate::rosters::rules::State;
use crate::rosters::service::{self, Source};

#[tokio::test]
async fn each_line_is_paid_or_tells_why_not() {
    for test in databases("rosters_checks") {
        let world = World::new(&test, 8).await;
        let who = |at: usize| (world.people[at].number.as_str(), world.people[at].name.as_str());
        let ids: Vec<_> = world.people.iter().map(|person| person.id).collect();
        world
            .sql("UPDATE person SET deceased_on = '2026-01-01' WHERE id = $1", vec![v(ids[1])])
            .await;
        world
            .sql("UPDATE card SET stage = 'handed-over' WHERE person_id = $1", vec![v(ids[2])])
            .await;
        world
            .sql("UPDATE bank_account SET state = 'closed' WHERE person_id = $1", vec![v(ids[3])])
            .await;
        world.sql("DELETE FROM bank_account WHERE person_id = $1", vec![v(ids[4])]).await;
        world.sql("DELETE FROM card WHERE person_id = $1", vec![v(ids[5])]).await;
        let recent = v(Utc::now());
        world
            .sql(
                "UPDATE bank_account SET changed_at = $1 WHERE person_id = $2",
                vec![recent, v(ids[6])],
            )
            .await;
        let stranger = super::person(500);
        let lines: Vec<[&str; 4]> = vec![
            [who(0).0, who(0).1, "100", ""],
            [who(1).0, who(1).1, "100", ""],
            [who(2).0, who(2).1, "100", ""],
            [who(3).0, who(3).1, "100", ""],
            [who(4).0, who(4).1, "100", ""],
            [who(5).0, who(5).1, "100", ""],
            [who(6).0, who(6).1, "100", ""],
            [who(7).0, "另一个人", "100", ""],
            [stranger.number.as_str(), &stranger.name, "100", ""],
            ["123", "张三", "100", ""],
            [who(7).0, who(7).1, "一百", ""],
            [who(7).0, who(7).1, "1000.01", ""],
            [who(0).0, who(0).1, "100", ""],
        ];
        let roster = world.enter("A-1", &lines).await;
        let found = world.lines(roster.id).await;
        let expected = [
            "2:good::",
            "3:bad:deceased:",
            "4:bad:card-not-active:",
            "5:bad:account-not-active:",
            "6:bad:no-account:",
            "7:bad:no-card:",
            "8:good::account,",
            "9:bad:name-differs:",
            "10:bad:unknown-person:",
            "11:bad:number:",
            "12:bad:amount:",
            "13:bad:above-limit:",
            "14:bad:doubled:",
        ];
        assert_eq!(found, expected, "{}", test.engine);
        assert_eq!((roster.state, roster.lines, roster.fen), (State::Checked, 2, 20_000));
        assert_eq!((roster.bad, roster.warned, roster.entered_lines), (11, 1, 13));
        let kept = world.app.db.read(|tx| tx.query("SELECT sealed, reason FROM roster_line", &[]));
        for row in kept.await.expect("read") {
            let sealed: Option<Vec<u8>> = row.get(0).expect("bytes");
            let plain = sealed.clone().unwrap_or_default();
            assert!(!plain.windows(18).any(|part| part == who(0).0.as_bytes()), "sealed");
            if row.get::<String>(1).expect("text").is_empty() {
                assert_eq!(sealed, None, "a good line keeps nothing of what was written");
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_paid_twice_in_a_period_or_by_programmes_that_exclude_one_another() {
    for test in databases("rosters_doubled") {
        let world = World::new(&test, 3).await;
        let first = world.enter_good("A-1", 2, 10_000).await;
        let second = world.enter_good("A-1", 3, 10_000).await;
        let lines = world.lines(second.id).await;
        assert_eq!(lines, ["2:bad:doubled-period:", "3:bad:doubled-period:", "4:good::"]);
        let other = world.enter_good("B", 3, 10_000).await;
        let lines = world.lines(other.id).await;
        assert!(lines.iter().all(|line| line.contains(":conflict:")), "{lines:?}");
        service::withdraw(&world.app, &world.clerk, first.id, "").await.expect("withdrawn");
        let again = world.enter_good("B", 2, 10_000).await;
        assert_eq!(again.lines, 2, "{}: what was withdrawn is in nobody's way", test.engine);
    }
}

#[tokio::test]
async fn a_household_is_paid_once_to_its_head() {
    for test in databases("rosters_household") {
        let world = World::new(&test, 3).await;
        let who = |at: usize| (world.people[at].number.as_str(), world.people[at].name.as_str());
        let lines = [
            [who(0).0, who(0).1, "100", "H1"],
            [who(1).0, who(1).1, "100", "H1"],
            [who(2).0, who(2).1, "100", ""],
        ];
        let roster = world.enter("H", &lines).await;
        let found = world.lines(roster.id).await;
        assert_eq!(found, ["2:good::", "3:bad:doubled:", "4:bad:household:"], "{}", test.engine);
    }
}

#[tokio::test]
async fn many_people_with_one_telephone_are_noted_for_the_reviewer() {
    for test in databases("rosters_crowd") {
        let world = World::new(&test, 4).await;
        let ids: Vec<_> = world.people.iter().map(|person| person.id).collect();
        for id in &ids[..3] {
            let phone = vec![kernel::db::sealed("19900000000"), v(*id)];
            world.sql("UPDATE person SET phone = $1 WHERE id = $2", phone).await;
        }
        let roster = world.enter_good("A-1", 4, 10_000).await;
        let found = world.lines(roster.id).await;
        assert_eq!(found, ["2:good::phone,", "3:good::phone,", "4:good::phone,", "5:good::"]);
        assert_eq!(roster.warned, 3, "{}", test.engine);
    }
}

#[tokio::test]
async fn corrected_lines_are_sent_alone_and_only_bad_ones_are_replaced() {
    for test in databases("rosters_correct") {
        let world = World::new(&test, 3).await;
        let who = |at: usize| (world.people[at].number.as_str(), world.people[at].name.as_str());
        let lines = [[who(0).0, who(0).1, "100", ""], [who(1).0, "写错了", "100", ""]];
        let roster = world.enter("A-1", &lines).await;
        assert_eq!((roster.lines, roster.bad), (1, 1));
        let csv = format!(
            "行号,社会保障号码,姓名,金额\n3,{},{},150\n2,{},{},999\n",
            who(1).0,
            who(1).1,
            who(2).0,
            who(2).1
        );
        let content = Some(Box::new(std::io::Cursor::new(csv.into_bytes())) as Box<_>);
        let declared = Some((2, 25_000));
        service::correct(&world.app, &world.clerk, roster.id, declared, content)
            .await
            .expect("sent");
        world.work().await;
        let roster = world.roster(roster.id).await;
        assert_eq!((roster.lines, roster.fen, roster.bad), (2, 25_000, 0), "{}", test.engine);
        service::submit(&world.app, &world.clerk, roster.id).await.expect("as declared");
    }
}

#[tokio::test]
async fn a_repetition_takes_cards_of_today_and_the_changes_of_a_small_file() {
    for test in databases("rosters_repeat") {
        let world = World::new(&test, 4).await;
        let first = world.enter_good("A-1", 3, 10_000).await;
        let gone = world.people[0].id;
        world
            .sql("UPDATE person SET deceased_on = '2026-11-20' WHERE id = $1", vec![v(gone)])
            .await;
        let who = |at: usize| (world.people[at].number.as_str(), world.people[at].name.as_str());
        let csv = format!(
            "社会保障号码,姓名,金额\n{},{},0\n{},{},120\n",
            who(1).0,
            who(1).1,
            who(3).0,
            who(3).1
        );
        let mut declared = world.declared("A-1", 3, 32_000);
        declared.period = "2026-12".to_owned();
        let content = Some(Box::new(std::io::Cursor::new(csv.into_bytes())) as Box<_>);
        let source = Source::Repeat(first.id, content);
        let id =
            service::create(&world.app, &world.clerk, declared, source).await.expect("entered");
        world.work().await;
        let lines = world.lines(id).await;
        let expected = ["2:bad:deceased:", "3:struck:left-out:", "4:good::", "5:good::"];
        assert_eq!(lines, expected, "{}", test.engine);
        assert_eq!(world.roster(id).await.fen, 22_000);
    }
}

#[tokio::test]
async fn a_file_that_breaks_off_pays_nobody_and_says_so() {
    for test in databases("rosters_broken") {
        let world = World::new(&test, 1).await;
        let source = Source::File(Box::new(std::io::Cursor::new(b"PK\x03\x04 broken".to_vec())));
        let declared = world.declared("A-1", 1, 1);
        let id =
            service::create(&world.app, &world.clerk, declared, source).await.expect("entered");
        world.work().await;
        let roster = world.roster(id).await;
        assert_eq!((roster.state, roster.lines), (State::Entered, 0), "{}", test.engine);
        let refused = service::submit(&world.app, &world.clerk, id).await.expect_err("no");
        assert_eq!(refused.code, "funds/not-now");
        service::withdraw(&world.app, &world.clerk, id, "文件有误").await.expect("withdrawn");
    }
}

/// Art. 25(5): an amount that jumps against the last payment of the same programme is looked into by people.
#[tokio::test]
async fn a_sudden_change_of_the_amount_is_noted_for_the_reviewer() {
    for test in databases("rosters_jump") {
        let world = World::new(&test, 4).await;
        let programme: kernel::id::Id = world
            .app
            .db
            .read(|tx| tx.one("SELECT id FROM programme WHERE code = 'A-1'", &[])?.get(0))
            .await
            .map_err(|error: kernel::db::DbError| error)
            .expect("a programme");
        let before = "INSERT INTO pay_batch (id, number, programme_id, period, division, lines, last_line, fen,
                          state, two, asked_name, first_name, second_name, done_line, created_at, touched_at,
                          checked_at, version)
                      VALUES (1, 1, $1, '2026-10', '500112', 3, 3, 0, 'void', FALSE, '', '', '', 0, 0, 0, 0, 1)";
        world.sql(before, vec![v(programme)]).await;
        // The second came back and counts no more; the last month is what is compared with.
        let paid = [
            (0, "2026-09", 90_000, "paid"),
            (0, "2026-10", 20_000, "paid"),
            (1, "2026-10", 1_000, "returned"),
            (2, "2026-10", 10_000, "paid"),
        ];
        for (place, (who, period, fen, state)) in (1i64..).zip(paid) {
            let sql = "INSERT INTO payment (id, person_id, batch_id, line, programme_id, period, bank_id, card_id,
                           amount_fen, state, held, overpaid, recovered, reason, created_at, changed_at,
                           version, ended)
                       VALUES ($1, $2, 1, $1, $3, $4, 1, 1, $5, $6, FALSE, FALSE, FALSE, '', 0, 0, 1, $7)";
            let ended = if state == "returned" { place } else { 0 };
            let person = world.people[who].id;
            let row = vec![
                v(place),
                v(person),
                v(programme),
                v(period),
                v(i64::from(fen)),
                v(state),
                v(ended),
            ];
            world.sql(sql, row).await;
        }
        let who = |at: usize| (world.people[at].number.as_str(), world.people[at].name.as_str());
        let line = |at: usize, yuan: &'static str| [who(at).0, who(at).1, yuan, ""];
        // 200 to 301, nothing before, 100 to 51, nobody before.
        let lines = [line(0, "301"), line(1, "300"), line(2, "51"), line(3, "300")];
        let roster = world.enter("A-1", &lines).await;
        let found = world.lines(roster.id).await;
        assert_eq!(
            found,
            ["2:good::amount,", "3:good::", "4:good::", "5:good::"],
            "{}",
            test.engine
        );
        assert_eq!(roster.warned, 1);
    }
}
