//! Files of all kinds, their keeping and their end.

use kernel::time::Utc;
use sheet::testing::{Cell, xlsx};

use super::super::file;
use super::super::service::{self, Upload};
use super::{HEADER, counts, houses, line, lines};

#[tokio::test]
async fn gb_18030_and_workbooks_are_read_like_utf_8() {
    for house in houses("bulk_kinds").await {
        let text = lines(0..30);
        let (gb, _, _) = encoding_rs::GB18030.encode(&text);
        let job = house.whole(gb.into_owned()).await;
        assert_eq!(job.counts, counts(&[("registered", 30)]), "{}", house.engine);
        assert_eq!(job.found.format, "CSV GB18030 (,)");
        let cells = |line: &str| line.trim_end().split(',').map(Cell::from).collect();
        let rows: Vec<Vec<Cell>> = lines(20..50).lines().map(cells).collect();
        let job = house.whole(xlsx(&rows)).await;
        let expected = counts(&[("cards/one-person-one-card", 10), ("registered", 20)]);
        assert_eq!(job.counts, expected, "{}", house.engine);
        assert_eq!(job.found.format, "XLSX");
    }
}

#[tokio::test]
async fn what_is_no_table_is_refused_with_its_reason() {
    for house in houses("bulk_unreadable").await {
        for (bytes, said) in [
            (b"PK\x03\x04 no workbook".to_vec(), "文件已损坏"),
            ("姓名,手机号码\n张三,1\n".as_bytes().to_vec(), "缺少列：社会保障号码、联系地址"),
        ] {
            let id = house.upload(bytes).await;
            house.round().await;
            let job = house.job(id).await;
            assert_eq!(job.state.code(), "unreadable", "{}", house.engine);
            let (zh, _) = job.found.unreadable.expect("a reason");
            assert!(zh.contains(said), "{zh}");
            let confirmed = service::confirm(&house.app, &house.clerk, id).await;
            assert_eq!(confirmed.expect_err("refused").code, "cards/bulk-not-waiting");
        }
        let content = Box::new(std::io::empty());
        let empty = Upload { unit: "某".into(), file_name: "a".into(), content };
        let refused = service::upload(&house.app, &house.clerk, empty).await.expect_err("refused");
        assert_eq!(refused.fields[0].field, "file");
        let folder = house.app.config.data.join("uploads");
        assert_eq!(std::fs::read_dir(folder).expect("there").count(), 2, "only the two above");
    }
}

#[tokio::test]
async fn the_check_tells_what_would_become_of_each_line() {
    for house in houses("bulk_check").await {
        let text = HEADER.to_owned() + &line(1) + &line(1) + "x,1,2,3\n" + &line(2);
        let id = house.upload(text).await;
        house.round().await;
        let job = house.job(id).await;
        assert_eq!((job.state.code(), job.lines, job.done), ("waiting", 4, 0), "{}", house.engine);
        let expected = [("cards/bulk-duplicate-line", 1), ("people/wrong-number", 1), ("ready", 2)];
        assert_eq!(job.found.counts, counts(&expected));
        let faults: Vec<u64> = job.found.faults.iter().map(|fault| fault.line).collect();
        assert_eq!(faults, [3, 4]);
        assert!(
            job.found.faults[1].zh.contains("“社会保障号码”列："),
            "{}",
            job.found.faults[1].zh
        );
        assert_eq!(house.count("person").await, 0, "nothing is done before the clerk's word");
        let rows = service::first_rows(&house.app, &job).await.expect("read");
        assert_eq!(rows[0].line, 2);
    }
}

/// Art. 19: on disk there is nothing to read for others, and after its time nothing at all.
#[tokio::test]
async fn the_content_is_encrypted_and_goes_after_its_time() {
    for house in houses("bulk_kept").await {
        let text = lines(0..400);
        let job = house.whole(text.clone()).await;
        let path = house.app.config.data.join("uploads").join(format!("bulk-{}", job.id));
        let kept = std::fs::read(&path).expect("kept");
        assert!(kept.len() > text.len(), "several chunks, each with its tag");
        let name = text.lines().nth(1).expect("a line").split(',').next().expect("a name");
        let found = kept.windows(name.len()).any(|part| part == name.as_bytes());
        assert!(!found, "a name can be read in the file");
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).expect("kept").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        house.round().await;
        assert!(house.job(job.id).await.file_kept, "its time has not passed");
        let long_ago = Utc(Utc::now().0 - 31 * Utc::DAY);
        let age = move |tx: &mut kernel::db::Tx<'_>| {
            let sql = "UPDATE bulk_job SET ended_at = $1";
            tx.execute(sql, &[kernel::db::v(long_ago)]).map(drop)
        };
        house.app.db.housekeeping(age).await.expect("aged");
        house.round().await;
        assert!(!house.job(job.id).await.file_kept, "{}", house.engine);
        assert!(!path.exists());
        assert_eq!(house.entries("bulk.cleared").await, 1);
    }
}

#[tokio::test]
async fn a_damaged_content_applies_for_nobody_more() {
    for house in houses("bulk_damaged").await {
        let id = house.confirmed(lines(0..1_200)).await;
        let path = house.app.config.data.join("uploads").join(format!("bulk-{id}"));
        let mut bytes = std::fs::read(&path).expect("kept");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, &bytes).expect("written");
        house.round().await;
        let job = house.job(id).await;
        assert_eq!(job.state.code(), "unreadable", "{}", house.engine);
        assert_eq!(house.count("card").await, job.done, "what is on record is what was done");
        assert!(job.found.unreadable.is_some());
    }
}

#[tokio::test]
async fn content_is_read_from_any_place() {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let house = houses("bulk_seek").await.remove(0);
    let content: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
    let id = house.app.id();
    assert_eq!(file::keep(&house.app, id, &mut content.as_slice()).expect("kept"), 200_000);
    let mut reader = file::open(&house.app, id, 200_000).expect("opens");
    for at in [0u64, 65_535, 65_536, 131_000, 199_999, 200_000] {
        reader.seek(SeekFrom::Start(at)).expect("within");
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).expect("read");
        assert_eq!(rest, content[at as usize..]);
    }
    reader.seek(SeekFrom::End(-10)).expect("within");
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).expect("read");
    assert_eq!(rest, content[199_990..]);
    assert!(file::open(&house.app, id, 199_999).is_err(), "another length is damage");
    assert!(file::open(&house.app, house.app.id(), 200_000).is_err());
}
