//! What a thief of the database learns without the keys: nobody's number, name, telephone, address or
//! account (PIPL Art. 51, Art. 19).

use std::collections::BTreeMap;

use kernel::db::{DbError, Tx};
use kernel::platform::App;

/// Names of columns that hold text, by table.
fn columns(tx: &mut Tx<'_>, engine: &str) -> Result<Vec<(String, String)>, DbError> {
    let sql = match engine {
        "sqlite" => {
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND c.type = 'TEXT' ORDER BY 1, 2"
        }
        _ => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
             WHERE table_schema = 'public' AND data_type = 'text' ORDER BY 1, 2"
        }
    };
    tx.query(sql, &[])?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// All texts as the engine has them, by `table.column`; a computed text is not opened.
fn texts(tx: &mut Tx<'_>, engine: &str) -> Result<BTreeMap<String, String>, DbError> {
    let mut all = BTreeMap::new();
    for (table, column) in columns(tx, engine)? {
        let sql = format!("SELECT 'x' || {column} FROM {table} WHERE {column} <> ''");
        let rows = tx.query(&sql, &[])?;
        let lines = rows.iter().map(|row| row.get::<String>(0)).collect::<Result<Vec<_>, _>>()?;
        all.insert(format!("{table}.{column}"), lines.join("\n"));
    }
    Ok(all)
}

/// Numbers and telephones as bytes, in columns of bytes: contents that are kept are sealed, too.
fn bytes_tell(tx: &mut Tx<'_>, engine: &str, secrets: &[String]) -> Result<Vec<String>, DbError> {
    let sql = match engine {
        "sqlite" => {
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND c.type = 'BYTEA' ORDER BY 1, 2"
        }
        _ => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
             WHERE table_schema = 'public' AND data_type = 'bytea' ORDER BY 1, 2"
        }
    };
    let (mut found, columns) = (Vec::new(), tx.query(sql, &[])?);
    assert!(columns.len() > 20, "{}", columns.len());
    for place in &columns {
        let (table, column): (String, String) = (place.get(0)?, place.get(1)?);
        // Digests, salts and random ids are shorter.
        let sql = format!("SELECT {column} FROM {table} WHERE length({column}) > 32");
        for row in tx.query(&sql, &[])? {
            let bytes: Vec<u8> = row.get(0)?;
            let text = String::from_utf8_lossy(&bytes);
            let told = secrets.iter().find(|secret| text.contains(secret.as_str()));
            found.extend(told.map(|secret| format!("{table}.{column} has {secret}")));
        }
    }
    Ok(found)
}

/// What tells who somebody is, of many people. Short names stand in other words.
fn secrets(tx: &mut Tx<'_>) -> Result<Vec<String>, DbError> {
    // The demonstration's people are the oldest, those of the day itself the newest.
    let ask = |order| {
        format!("SELECT number, phone, address, name FROM person ORDER BY id {order} LIMIT 150")
    };
    let mut rows = tx.query(&ask("ASC"), &[])?;
    rows.extend(tx.query(&ask("DESC"), &[])?);
    let mut all = Vec::new();
    for row in &rows {
        for place in 0..4 {
            let text: String = row.get(place)?;
            if text.chars().count() > 2 {
                all.push(text);
            }
        }
    }
    Ok(all)
}

/// Every place where a column tells who somebody is.
pub async fn leaks(app: &App, engine: &'static str) -> Vec<String> {
    let read = move |tx: &mut Tx<'_>| {
        let secrets = secrets(tx)?;
        Ok::<_, DbError>((texts(tx, engine)?, bytes_tell(tx, engine, &secrets)?, secrets))
    };
    let (texts, mut found, secrets) = app.db.read(read).await.expect("read");
    assert!(texts.len() > 300 && secrets.len() > 100, "{} {}", texts.len(), secrets.len());
    let told = |text: &String| secrets.iter().find(|secret| text.contains(secret.as_str()));
    let place = |(place, text)| told(text).map(|secret| format!("{place} has {secret}"));
    found.extend(texts.iter().filter_map(place));
    found
}
