use super::*;
use crate::keys::Keys;

pub(super) fn keys(name: &str) -> Keys {
    let folder = std::env::temp_dir().join(format!("sealing_{name}_{}", std::process::id()));
    Keys::open_file(&folder.join("keys")).expect("keys")
}

/// The text as the engine has it: a computed text is not that of a column.
async fn raw(db: &Db, id: i64) -> String {
    let sql = "SELECT 'raw ' || word FROM thing WHERE id = $1";
    db.read(move |tx| tx.one(sql, &[v(id)])?.get(0)).await.expect("the text")
}

async fn put_word(db: &Db, id: i64, word: Value<'static>) -> Result<(), DbError> {
    let sql = "INSERT INTO thing (id, word) VALUES ($1, $2)";
    db.housekeeping(move |tx| tx.execute(sql, &[v(id), word.clone()]).map(drop)).await
}

async fn found(db: &Db, sql: &'static str, key: &'static str) -> Vec<(i64, String)> {
    db.read(move |tx| {
        let rows = match sql.contains('#') {
            true => tx.query_in(sql, &[sealed(key), sealed("nobody")])?,
            false => tx.query(sql, &[sealed(key)])?,
        };
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_, DbError>>()
    })
    .await
    .expect("an answer")
}

#[tokio::test]
async fn a_sealed_text_is_found_and_read_but_does_not_stand_in_the_database() {
    for test in with_things("sealed").await {
        let db = &test.db;
        db.seal_with(&keys("one"));
        put_word(db, 1, sealed("王小明")).await.expect("kept");
        let kinds =
            BulkRows { table: "thing", columns: &[("id", Kind::Int), ("word", Kind::Text)] };
        db.housekeeping(move |tx| {
            tx.insert_rows("thing (id, word)", "", &[vec![v(2i64), sealed("李四")]])?;
            tx.bulk(kinds, &mut std::iter::once(vec![v(3i64), sealed("张三")]))
        })
        .await
        .expect("kept");
        put_word(db, 4, sealed("")).await.expect("kept");

        for (id, name) in [(1, "王小明"), (2, "李四"), (3, "张三")] {
            assert!(!raw(db, id).await.contains(name));
            assert!(raw(db, id).await.starts_with("raw \u{1}"));
            let one = vec![(id, name.to_owned())];
            assert_eq!(found(db, "SELECT id, word FROM thing WHERE word = $1", name).await, one);
            assert_eq!(found(db, "SELECT id, word FROM thing WHERE word IN (#)", name).await, one);
        }
        assert_eq!(raw(db, 4).await, "raw ");
        let again = put_word(db, 5, sealed("李四")).await;
        assert!(matches!(again, Err(DbError::Unique(_))), "{again:?}");
    }
}

#[tokio::test]
async fn nobody_has_a_stolen_text_opened_by_writing_it_somewhere() {
    for test in with_things("sealed_stolen").await {
        test.db.seal_with(&keys("two"));
        put_word(&test.db, 1, sealed("王小明")).await.expect("kept");
        let stolen = raw(&test.db, 1).await.split_off("raw ".len());
        let refused = put_word(&test.db, 2, v(stolen.clone())).await;
        assert!(matches!(refused, Err(DbError::Forbidden(_))), "{refused:?}");
        put_word(&test.db, 2, sealed(stolen.clone())).await.expect("a sealed text is any text");
        let sql = "SELECT word FROM thing WHERE id = 2";
        let read = test.db.read(|tx| tx.one(sql, &[])?.get::<String>(0)).await;
        assert_eq!(read.expect("read"), stolen);
    }
}

#[tokio::test]
async fn without_the_key_or_with_another_one_nothing_is_read_or_written() {
    for test in with_things("sealed_keyless").await {
        let refused = put_word(&test.db, 1, sealed("王小明")).await;
        assert!(matches!(refused, Err(DbError::Engine(_))), "{refused:?}");
        test.db.seal_with(&keys("three"));
        let other = keys("four").column_cipher(1).expect("a key").seal("王小明");
        let sql = format!("INSERT INTO thing (id, word) VALUES (1, '{other}')");
        test.db.housekeeping(move |tx| tx.execute(&sql, &[]).map(drop)).await.expect("kept");
        let sql = "SELECT word FROM thing WHERE id = 1";
        let read = test.db.read(|tx| tx.one(sql, &[])?.get::<String>(0)).await;
        assert!(matches!(read, Err(DbError::OtherKey { index: 0 })), "{read:?}");
    }
}
