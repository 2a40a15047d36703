//! Comments and papers that belong to a case: minutes, drafts, replies (Art. 14).

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::Utc;

/// Bytes that a paper may have.
pub const MOST_BYTES: usize = 5 << 20;

/// What papers may be, known by how their bytes begin; what the sender says does not count.
const KINDS: [(&[u8], &str, &str); 4] = [
    (b"%PDF-", "application/pdf", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
];

/// Media type and ending of a paper; none when it is of no kind that is taken.
pub fn kind_of(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let found = KINDS.iter().find(|(magic, ..)| bytes.starts_with(magic));
    // A ZIP is a workbook only when it has a workbook in it.
    let found = found.filter(|(.., ending)| {
        let name = b"xl/workbook.xml";
        *ending != "xlsx" || bytes.windows(name.len()).any(|part| part == name)
    });
    found.map(|(_, media, ending)| (*media, *ending))
}

/// A comment, with the paper that came with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Paper {
    /// Its id.
    pub id: Id,
    /// Its case.
    pub case: Id,
    /// Code of the step that waited then; empty when none did.
    pub step: String,
    /// The comment.
    pub note: String,
    /// Name of the file; empty for a comment alone.
    pub name: String,
    /// Its media type.
    pub media: String,
    /// SM3 over its content.
    pub digest: Vec<u8>,
    /// Who brought it.
    pub by: String,
    /// When.
    pub at: Utc,
}

const COLUMNS: &str = "id, case_id, step, note, name, media, digest, made_name, made_at";

fn read(row: &Row) -> Result<Paper, DbError> {
    Ok(Paper {
        id: row.get(0)?,
        case: row.get(1)?,
        step: row.get(2)?,
        note: row.get(3)?,
        name: row.get(4)?,
        media: row.get(5)?,
        digest: row.get(6)?,
        by: row.get(7)?,
        at: row.get(8)?,
    })
}

/// Comments and papers of all cases of an item, oldest first, without their content.
///
/// # Errors
/// See [`DbError`].
pub fn of_item(tx: &mut Tx<'_>, code: &str) -> Result<Vec<Paper>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM item_paper
         WHERE case_id IN (SELECT id FROM item_case WHERE code = $1) ORDER BY id"
    );
    tx.query(&sql, &[v(code)])?.iter().map(read).collect()
}

/// A paper with its content.
///
/// # Errors
/// Not found, damaged, or the database's word.
pub async fn open(app: &Platform, id: Id) -> Result<(Paper, Vec<u8>), Problem> {
    let sql = format!("SELECT {COLUMNS}, content FROM item_paper WHERE id = $1 AND name <> ''");
    let found = app.db.read(move |tx| {
        let row = tx.optional(&sql, &[v(id)])?.ok_or_else(Problem::not_found)?;
        Ok::<_, Problem>((read(&row)?, row.get::<Vec<u8>>(9)?))
    });
    let (paper, content) = found.await?;
    if seal::sm3::sm3(&content).as_slice() != paper.digest {
        return Err(DbError::Engine("a paper is not what was brought".to_owned()).into());
    }
    Ok((paper, content))
}

/// Adds a comment, with or without a file, to the open case of an item.
///
/// # Errors
/// Nothing was said, the file is of no kind that is taken, or no case of the item is open.
pub async fn add(
    app: &Platform,
    actor: &Actor,
    code: &str,
    note: &str,
    content: Vec<u8>,
) -> Result<Id, Problem> {
    let note: String = note.trim().chars().take(500).collect();
    if note.is_empty() {
        return Err(Problem::field("note", Text::new("请填写意见", "Write a comment")));
    }
    let (id, now) = (app.id(), Utc::now());
    let (media, name) = match kind_of(&content) {
        Some((media, ending)) => (media, format!("{id}.{ending}")),
        None if content.is_empty() => ("", String::new()),
        None => {
            let text = Text::new("只接受PDF、PNG、JPEG和XLSX", "Only PDF, PNG, JPEG and XLSX");
            return Err(Problem::field("file", text));
        }
    };
    let digest = seal::sm3::sm3(&content);
    let mut entry = Entry::new(app.id(), now, actor, "item.commented", "Art. 14")
        .on("item", code)
        .why("清单编制的意见和材料 / a comment or paper of a case", &[]);
    entry.detail = serde_json::json!({"paper": id, "name": name, "sm3": hex::encode(digest)});
    let (actor, code) = (actor.clone(), code.to_owned());
    app.db
        .write(move |tx| {
            let sql = "SELECT c.id, COALESCE(MAX(s.step), '') FROM item_case c
                       LEFT JOIN item_step s ON s.case_id = c.id AND s.decision = 'open'
                       WHERE c.code = $1 AND c.state = 'open' GROUP BY c.id";
            let row = tx.optional(sql, &[v(&code)])?.ok_or_else(no_case)?;
            let (case, step): (Id, String) = (row.get(0)?, row.get(1)?);
            tx.execute(
                "INSERT INTO item_paper (id, case_id, step, note, name, media, digest, content,
                                         made_by, made_name, made_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                &[
                    v(id),
                    v(case),
                    v(step),
                    v(&note),
                    v(&name),
                    v(media),
                    v(digest.to_vec()),
                    v(content.clone()),
                    v(actor.account),
                    v(&actor.name),
                    v(now),
                ],
            )?;
            journal::record(tx, &entry)?;
            Ok(id)
        })
        .await
}

fn no_case() -> Problem {
    Problem::new(
        409,
        "items/no-open-case",
        Text::new("该事项没有在办的编制程序", "No case of this item is open"),
        Text::new("请先提出修订", "Propose a change first"),
    )
}
