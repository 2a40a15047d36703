//! Another key for the sealed columns, while everybody goes on working.
//!
//! The sealed form of a text must be one and the same in the whole database at each moment: it is
//! looked for, joined and unique. So texts change their form in the order of their *old* form. A
//! cursor stands in the row `seal_turn`: a text whose old form is not above it is sealed with the new
//! key everywhere, all others with the old one. A step takes the next few hundred old forms from each
//! column that begins an index, writes the new ones and moves the cursor, in one transaction. When
//! none is left everything is sealed with the new key, and the columns that nothing is looked for in
//! follow row by row.
//!
//! A transaction looks at the row before it seals its first text, but not while it is known that no
//! key is being turned. Therefore the work begins only when that knowledge is old everywhere, and
//! when all transactions have ended that may have had it. On PostgreSQL a transaction that writes
//! holds a shared lock from its look to its end, and a step the exclusive one.

use std::collections::BTreeMap;

use super::columns::Columns;
use super::sealer::{BELIEVED, Sealer, bounds, generation_of};
use super::tx::Connected;
use super::{Db, DbError, Row, Tx, Value, postgres, v};
use crate::keys::MOST_GENERATIONS;
use crate::time::Utc;

/// The table, beside that of the migrations.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS seal_turn
    (id BIGINT PRIMARY KEY, generation BIGINT NOT NULL, next BIGINT, phase TEXT NOT NULL,
     upto BYTEA, place TEXT NOT NULL, row_from BIGINT NOT NULL, found BIGINT NOT NULL,
     moved BIGINT NOT NULL, began_at BIGINT NOT NULL);
    INSERT INTO seal_turn (id, generation, phase, place, row_from, found, moved, began_at)
    VALUES (1, 1, 'settled', '', 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING";

const SHARED: &str = "SELECT pg_advisory_xact_lock_shared(7305192817)";
const EXCLUSIVE: &str =
    "SET LOCAL lock_timeout = '300ms'; SELECT pg_advisory_xact_lock(7305192817)";
/// Pages of a PostgreSQL table that a step reads.
const PAGES: i64 = 32;

/// Which key seals which text, as a transaction sees it.
#[derive(Clone, Debug)]
pub(super) enum Turn {
    /// One key for all.
    Settled(usize),
    /// Texts whose old form is not above `upto` have the new key; with none, all have.
    Under { from: usize, to: usize, upto: Option<Vec<u8>> },
}

impl Turn {
    pub(super) fn sealed(&self, sealer: &Sealer, plain: &str) -> Result<String, DbError> {
        match self {
            Self::Settled(generation) => sealer.sealed(*generation, plain),
            Self::Under { to, upto: None, .. } => sealer.sealed(*to, plain),
            Self::Under { from, to, upto: Some(upto) } => {
                let old = sealer.sealed(*from, plain)?;
                if old.as_bytes() <= &upto[..] { sealer.sealed(*to, plain) } else { Ok(old) }
            }
        }
    }
}

/// How the key of the sealed columns stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turning {
    /// The generation that is, or was, in use; the first is 1.
    pub generation: i64,
    /// The one that is coming.
    pub next: Option<i64>,
    /// `settled`, `preparing`, `turning` (what is looked for), `sweeping` (the rest).
    pub phase: String,
    /// Texts that were sealed anew, of this turn or the last one.
    pub moved: i64,
    /// The table that is swept.
    pub place: String,
    /// When this turn, or the last one, began.
    pub began_at: Utc,
    upto: Vec<u8>,
    row_from: i64,
    found: i64,
}

/// Reads how the key stands.
///
/// # Errors
/// See [`DbError`].
pub fn turning(tx: &mut Tx<'_>) -> Result<Turning, DbError> {
    let sql = "SELECT generation, next, phase, upto, place, row_from, found, moved, began_at
               FROM seal_turn WHERE id = 1";
    let rows = tx.raw_query(sql, &[])?;
    let row = rows.first().ok_or(DbError::NotOne(0))?;
    Ok(Turning {
        generation: row.get(0)?,
        next: row.get(1)?,
        phase: row.get(2)?,
        upto: row.get::<Option<Vec<u8>>>(3)?.unwrap_or_default(),
        place: row.get(4)?,
        row_from: row.get(5)?,
        found: row.get(6)?,
        moved: row.get(7)?,
        began_at: row.get(8)?,
    })
}

/// Begins to turn the key; the steps follow through [`Db::turn_step`]. Returns the new generation,
/// whose key must be there already.
///
/// # Errors
/// [`DbError::Conflict`] when a turn is under way, [`DbError::Forbidden`] when the database does not
/// compare texts byte by byte, or when there were too many turns.
pub fn begin_turn(tx: &mut Tx<'_>, now: Utc) -> Result<i64, DbError> {
    let state = turning(tx)?;
    let bytewise = "SELECT '~' > 'z' AND 'a' > 'B' AND '/' > '.'";
    let row = tx.raw_query(bytewise, &[])?;
    if !row.first().ok_or(DbError::NotOne(0))?.get::<bool>(0)? {
        let what = "the database does not compare texts byte by byte: make it with LC_COLLATE 'C'";
        return Err(DbError::Forbidden(what.to_owned()));
    }
    let next = state.generation + 1;
    if next as usize >= MOST_GENERATIONS {
        return Err(DbError::Forbidden("the key was turned too often".to_owned()));
    }
    let sql = "UPDATE seal_turn SET next = $1, phase = 'preparing', upto = NULL, place = '',
                   row_from = 0, found = 0, moved = 0, began_at = $2
               WHERE id = 1 AND phase = 'settled'";
    tx.execute_one(sql, &[v(next), v(now)])?;
    Ok(next)
}

impl Db {
    /// A step of the turn under way: `most` different texts of each column, or as many rows. False
    /// when none is under way. A step that fails is repeated by the next one.
    ///
    /// # Errors
    /// See [`DbError`]; a lock that somebody holds for long is one.
    pub async fn turn_step(&self, most: i64) -> Result<bool, DbError> {
        self.housekeeping(move |tx| step(tx, most)).await
    }
}

impl Tx<'_> {
    /// Looks which key seals, once in a transaction.
    pub(super) fn learn(&mut self) -> Result<(), DbError> {
        if self.turn.is_some() {
            return Ok(());
        }
        if let Some(generation) = self.sealer.settled() {
            self.turn = Some(Turn::Settled(generation));
            return Ok(());
        }
        let mut state = turning(self)?;
        if state.next.is_some() && self.writes && self.locks(SHARED)? {
            state = turning(self)?;
        }
        let from = state.generation as usize;
        let turn = match (state.next, state.phase.as_str()) {
            (None, _) => Turn::Settled(from),
            (Some(to), "sweeping") => Turn::Under { from, to: to as usize, upto: None },
            (Some(to), _) => Turn::Under { from, to: to as usize, upto: Some(state.upto) },
        };
        let newest = state.next.map_or(from, |next| next as usize);
        self.sealer.saw(newest, state.next.is_none().then_some(from));
        self.turn = Some(turn);
        Ok(())
    }

    /// Takes a lock where there are several writers; false where there is one only.
    fn locks(&mut self, sql: &str) -> Result<bool, DbError> {
        match &mut self.connected {
            Connected::Sqlite(_) => Ok(false),
            Connected::Postgres(connection) => {
                let result = postgres::PgConnection::batch(connection, sql);
                self.noted(result).map(|()| true)
            }
        }
    }
}

fn step(tx: &mut Tx<'_>, most: i64) -> Result<bool, DbError> {
    let peers = tx.locks(EXCLUSIVE)?;
    let state = turning(tx)?;
    let Some(to) = state.next else { return Ok(false) };
    let work = Work { from: state.generation as usize, to: to as usize, most };
    match state.phase.as_str() {
        "preparing" => prepare(tx, &state, peers)?,
        "turning" => work.values(tx, &state)?,
        _ => work.rows(tx, &state)?,
    }
    Ok(true)
}

/// Waits until nobody can believe any more that no key is being turned.
fn prepare(tx: &mut Tx<'_>, state: &Turning, peers: bool) -> Result<(), DbError> {
    let (waited, lease) = (Utc::now().0 - state.began_at.0, BELIEVED.as_micros() as i64);
    if waited < 2 * lease {
        return Ok(());
    }
    if peers {
        let sql = "SELECT COUNT(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND backend_type = 'client backend' AND xact_start IS NOT NULL
                     AND CAST(EXTRACT(EPOCH FROM now() - xact_start) * 1000000 AS BIGINT) > $1";
        let old = tx.raw_query(sql, &[v(waited - lease - lease / 2)])?;
        if old.first().ok_or(DbError::NotOne(0))?.get::<i64>(0)? > 0 {
            return Ok(());
        }
    }
    tx.execute("UPDATE seal_turn SET phase = 'turning' WHERE id = 1", &[]).map(drop)
}

struct Work {
    from: usize,
    to: usize,
    most: i64,
}

impl Work {
    /// The next old forms of the columns in which texts are looked for.
    fn values(&self, tx: &mut Tx<'_>, state: &Turning) -> Result<(), DbError> {
        let (least, end) = bounds(self.from);
        let after = String::from_utf8_lossy(&state.upto).into_owned();
        let after = if after.is_empty() { least } else { after };
        let (mut pages, mut upto) = (Vec::new(), end.clone());
        for (table, column) in with_texts(tx, &after, &end)? {
            let sql = format!(
                "SELECT {column} FROM {table} WHERE {column} > $1 AND {column} < $2
                 ORDER BY {column} LIMIT $3"
            );
            let rows = tx.raw_query(&sql, &[v(&after), v(&end), v(self.most)])?;
            let texts = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, _>>()?;
            match texts.last() {
                Some(last) if texts.len() as i64 == self.most => upto = upto.min(last.clone()),
                Some(_) => {}
                None => continue,
            }
            pages.push((table, column, texts));
        }
        if pages.is_empty() {
            let sql = "UPDATE seal_turn SET phase = 'sweeping' WHERE id = 1";
            return tx.execute(sql, &[]).map(drop);
        }
        let mut moved = 0;
        for (table, column, mut texts) in pages {
            texts.retain(|text| *text <= upto);
            texts.dedup();
            moved += self.exchange(tx, &table, &column, texts)?;
        }
        let sql = "UPDATE seal_turn SET upto = $1, moved = moved + $2 WHERE id = 1";
        tx.execute(sql, &[v(upto.into_bytes()), v(moved)]).map(drop)
    }

    /// Exchanges these old forms of a column; returns how many.
    fn exchange(
        &self,
        tx: &mut Tx<'_>,
        table: &str,
        column: &str,
        texts: Vec<String>,
    ) -> Result<i64, DbError> {
        let pairs = texts.into_iter().filter_map(|old| {
            let new = self.anew(tx.sealer, &old)?;
            Some(new.map(|new| vec![v(old), v(new)]))
        });
        let pairs = pairs.collect::<Result<Vec<_>, DbError>>()?;
        replace(tx, table, column, &pairs)?;
        Ok(pairs.len() as i64)
    }

    /// The new form; none for what no key opens: it is as unreadable afterwards as before.
    fn anew(&self, sealer: &Sealer, old: &str) -> Option<Result<String, DbError>> {
        let plain = (generation_of(old) == Some(self.from)).then(|| sealer.opened(old))??;
        Some(sealer.sealed(self.to, &plain))
    }

    /// The next rows of the columns in which nothing is looked for.
    fn rows(&self, tx: &mut Tx<'_>, state: &Turning) -> Result<(), DbError> {
        let tables = text_columns(tx)?;
        let mut rest = tables.range(state.place.clone()..);
        let Some((table, columns)) = rest.next() else { return self.pass_ends(tx, state) };
        let from = if *table == state.place { state.row_from } else { 0 };
        let (moved, next) = match has_rows(tx, table)? {
            true => self.some(tx, table, columns, from)?,
            false => self.left(tx, table, columns)?,
        };
        let (place, from) = match next {
            Some(next) => (table.clone(), next),
            None => (rest.next().map_or("~".to_owned(), |(table, _)| table.clone()), 0),
        };
        let sql = "UPDATE seal_turn SET place = $1, row_from = $2, found = found + $3,
                       moved = moved + $3 WHERE id = 1";
        tx.execute(sql, &[v(place), v(from), v(moved)]).map(drop)
    }

    /// The next rows of a table; how many texts, and where the rows after them begin.
    fn some(
        &self,
        tx: &mut Tx<'_>,
        table: &str,
        columns: &[String],
        from: i64,
    ) -> Result<(i64, Option<i64>), DbError> {
        let (rows, next) = slice(tx, table, columns, from, self.most)?;
        let mut moved = 0;
        for row in &rows {
            moved += self.row(tx, table, columns, row)?;
        }
        Ok((moved, next))
    }

    /// What is left in a table whose rows have no number: by the texts themselves, until none is found.
    fn left(
        &self,
        tx: &mut Tx<'_>,
        table: &str,
        columns: &[String],
    ) -> Result<(i64, Option<i64>), DbError> {
        let (least, end) = bounds(self.from);
        let mut moved = 0;
        for column in columns {
            let sql = format!(
                "SELECT DISTINCT {column} FROM {table} WHERE {column} > $1 AND {column} < $2
                 LIMIT $3"
            );
            let rows = tx.raw_query(&sql, &[v(&least), v(&end), v(self.most)])?;
            let texts = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, _>>()?;
            moved += self.exchange(tx, table, column, texts)?;
        }
        Ok((moved, (moved > 0).then_some(0)))
    }

    /// Seals the texts of one row anew; returns how many.
    fn row(
        &self,
        tx: &mut Tx<'_>,
        table: &str,
        columns: &[String],
        row: &Row,
    ) -> Result<i64, DbError> {
        let (mut sets, mut guards, mut news, mut olds) = (vec![], vec![], vec![], vec![]);
        for (place, column) in columns.iter().enumerate() {
            let Some(old) = row.get::<Option<String>>(place + 1)? else { continue };
            let Some(new) = self.anew(tx.sealer, &old) else { continue };
            sets.push(column);
            guards.push(column);
            news.push(v(new?));
            olds.push(v(old));
        }
        if sets.is_empty() {
            return Ok(0);
        }
        let count = sets.len();
        let mark = |from: usize, columns: &[&String], word: &str| {
            let one = |(n, column): (usize, &&String)| format!("{column} = ${}", from + n);
            columns.iter().enumerate().map(one).collect::<Vec<_>>().join(word)
        };
        let (set, same) = (mark(1, &sets, ", "), mark(count + 1, &guards, " AND "));
        let key = match tx.connected {
            Connected::Sqlite(_) => format!("rowid = ${}", 2 * count + 1),
            Connected::Postgres(_) => {
                format!("ctid = CAST(CAST(${} AS TEXT) AS tid)", 2 * count + 1)
            }
        };
        let sql = format!("UPDATE {table} SET {set} WHERE {same} AND {key}");
        let params: Vec<Value<'_>> =
            news.into_iter().chain(olds).chain([row.0[0].clone()]).collect();
        tx.raw_execute(&sql, &params)?;
        Ok(count as i64)
    }

    /// A pass that found nothing is the last one: rows may move while a table is read.
    fn pass_ends(&self, tx: &mut Tx<'_>, state: &Turning) -> Result<(), DbError> {
        let again = "UPDATE seal_turn SET place = '', row_from = 0, found = 0 WHERE id = 1";
        let done = "UPDATE seal_turn SET generation = next, next = NULL, phase = 'settled',
                        place = '', row_from = 0 WHERE id = 1";
        tx.execute(if state.found == 0 { done } else { again }, &[]).map(drop)
    }
}

/// Exchanges texts of a column that begins an index.
fn replace(
    tx: &mut Tx<'_>,
    table: &str,
    column: &str,
    pairs: &[Vec<Value<'_>>],
) -> Result<(), DbError> {
    if pairs.is_empty() {
        return Ok(());
    }
    if let Connected::Postgres(connection) = &mut tx.connected {
        let sql = format!(
            "UPDATE {table} SET {column} = m.fresh
             FROM unnest($1::text[], $2::text[]) AS m (old, fresh) WHERE {table}.{column} = m.old"
        );
        let result = connection.query_columns(&sql, &Columns::of(pairs));
        return tx.noted(result).map(drop);
    }
    let sql = format!("UPDATE {table} SET {column} = $2 WHERE {column} = $1");
    pairs.iter().try_for_each(|pair| tx.raw_execute(&sql, pair).map(drop))
}

/// Whether rows are reached by their place: all but those of SQLite's tables WITHOUT ROWID.
fn has_rows(tx: &mut Tx<'_>, table: &str) -> Result<bool, DbError> {
    if matches!(tx.connected, Connected::Postgres(_)) {
        return Ok(true);
    }
    let sql =
        "SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main' AND name = $1 AND wr = 1";
    Ok(tx.raw_query(sql, &[v(table)])?.first().ok_or(DbError::NotOne(0))?.get::<i64>(0)? == 0)
}

/// Some rows of a table, each with its place first, and where the next ones begin.
fn slice(
    tx: &mut Tx<'_>,
    table: &str,
    columns: &[String],
    from: i64,
    most: i64,
) -> Result<(Vec<Row>, Option<i64>), DbError> {
    let list = columns.join(", ");
    if matches!(tx.connected, Connected::Sqlite(_)) {
        let sql =
            format!("SELECT rowid, {list} FROM {table} WHERE rowid > $1 ORDER BY rowid LIMIT $2");
        let rows = tx.raw_query(&sql, &[v(from), v(most)])?;
        let last = rows.last().map(|row| row.get(0)).transpose()?;
        return Ok((rows, last));
    }
    let sealed: Vec<String> =
        columns.iter().map(|one| format!("left({one}, 1) = chr(1)")).collect();
    let sql = format!(
        "SELECT CAST(ctid AS TEXT), {list} FROM {table}
         WHERE ctid >= CAST(CAST($1 AS TEXT) AS tid) AND ctid < CAST(CAST($2 AS TEXT) AS tid)
           AND ({})",
        sealed.join(" OR ")
    );
    let place = |page: i64| v(format!("({page},0)"));
    let rows = tx.raw_query(&sql, &[place(from), place(from + PAGES)])?;
    let sql = "SELECT pg_relation_size(CAST(CAST($1 AS TEXT) AS regclass))
                      / CAST(current_setting('block_size') AS BIGINT)";
    let pages: i64 = tx.raw_query(sql, &[v(table)])?.first().ok_or(DbError::NotOne(0))?.get(0)?;
    Ok((rows, Some(from + PAGES).filter(|next| *next < pages)))
}

/// Columns that begin an index and have texts between two bounds, found in one question.
fn with_texts(tx: &mut Tx<'_>, after: &str, end: &str) -> Result<Vec<(String, String)>, DbError> {
    let all = leading(tx)?;
    let has = |(table, column): &(String, String)| {
        format!("EXISTS (SELECT 1 FROM {table} WHERE {column} > $1 AND {column} < $2)")
    };
    let asked: Vec<String> = all.iter().map(has).collect();
    let sql = format!("SELECT {}", asked.join(", "));
    let rows = tx.raw_query(&sql, &[v(after), v(end)])?;
    let row = rows.first().ok_or(DbError::NotOne(0))?;
    let has = |place: usize| row.get::<bool>(place);
    let kept = all.into_iter().enumerate().map(|(place, one)| Ok((has(place)?, one)));
    let kept = kept.collect::<Result<Vec<_>, DbError>>()?;
    Ok(kept.into_iter().filter(|(has, _)| *has).map(|(_, one)| one).collect())
}

/// Texts that begin an index: these are looked for, joined or unique.
fn leading(tx: &mut Tx<'_>) -> Result<Vec<(String, String)>, DbError> {
    let sql = match tx.connected {
        Connected::Sqlite(_) => {
            "SELECT DISTINCT m.name, i.name FROM sqlite_master m, pragma_index_list(m.name) l,
                    pragma_index_info(l.name) i, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND i.seqno = 0 AND c.name = i.name AND c.type = 'TEXT'
             ORDER BY 1, 2"
        }
        Connected::Postgres(_) => {
            "SELECT DISTINCT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT)
             FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
             WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind = 'r'
               AND a.atttypid = CAST('text' AS regtype) ORDER BY 1, 2"
        }
    };
    let rows = tx.raw_query(sql, &[])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// All columns of texts, by table.
fn text_columns(tx: &mut Tx<'_>) -> Result<BTreeMap<String, Vec<String>>, DbError> {
    let sql = match tx.connected {
        Connected::Sqlite(_) => {
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND c.type = 'TEXT' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
        }
        Connected::Postgres(_) => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT)
             FROM information_schema.columns
             WHERE table_schema = current_schema() AND data_type = 'text' ORDER BY 1, 2"
        }
    };
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in tx.raw_query(sql, &[])? {
        all.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(all)
}
