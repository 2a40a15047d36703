//! Decisions that need two people: the maker never checks (Art. 14, 25). The database enforces it.

use crate::actor::Actor;
use crate::db::{DbError, Row, Tx, v};
use crate::id::Id;
use crate::law::{Article, Refusal, Text};
use crate::problem::Problem;
use crate::time::Utc;

/// A decision that waits or was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: Id,
    /// What is to be decided: `items.publish` …
    pub kind: String,
    /// The thing: `item:…`
    pub object: String,
    /// One line for the checker.
    pub summary: String,
    /// Account of the maker.
    pub made_by: Id,
    /// When it was asked for.
    pub made_at: Utc,
}

/// Why a decision is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The maker wanted to check his own work.
    OwnWork,
    /// Somebody has decided already, or it never existed.
    NotOpen,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::OwnWork => "approval/own-work",
            Self::NotOpen => "approval/not-open",
        }
    }

    fn article(&self) -> Option<Article> {
        matches!(self, Self::OwnWork).then_some(Article(25))
    }

    fn reason(&self) -> Text {
        match self {
            Self::OwnWork => {
                Text::new("经办人不能审批自己提交的事项", "Nobody decides on what he made himself")
            }
            Self::NotOpen => Text::new("该事项已办结或不存在", "This is decided already"),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::OwnWork => {
                Text::new("请由另一位有权人员审批", "Ask another person with the right")
            }
            Self::NotOpen => Text::new("请刷新待办列表", "Reload the list of open decisions"),
        }
    }

    fn status(&self) -> u16 {
        if matches!(self, Self::OwnWork) { 403 } else { 409 }
    }
}

/// Asks for a decision. One thing can wait for one decision of a kind at a time.
///
/// # Errors
/// [`DbError::Unique`] when it waits already.
pub fn ask(
    tx: &mut Tx<'_>,
    id: Id,
    maker: &Actor,
    kind: &str,
    object: &str,
    summary: &str,
    now: Utc,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO approval (id, kind, object, summary, made_by, made_at, decision, comment)
         VALUES ($1, $2, $3, $4, $5, $6, 'open', '')",
        &[v(id), v(kind), v(object), v(summary), v(maker.account), v(now)],
    )
    .map(drop)
}

/// Decides. The caller carries out what was decided in the same transaction.
///
/// # Errors
/// [`Refused`] as a problem, or the database's word.
pub fn decide(
    tx: &mut Tx<'_>,
    id: Id,
    checker: &Actor,
    yes: bool,
    comment: &str,
    now: Utc,
) -> Result<Approval, Problem> {
    let sql = "SELECT id, kind, object, summary, made_by, made_at FROM approval
               WHERE id = $1 AND decision = 'open'";
    let approval = tx.optional(sql, &[v(id)])?.ok_or(Refused::NotOpen)?;
    let approval = read(&approval)?;
    if approval.made_by == checker.account {
        return Err(Refused::OwnWork.into());
    }
    let decision = if yes { "yes" } else { "no" };
    tx.execute_one(
        "UPDATE approval SET decision = $1, checked_by = $2, checked_at = $3, comment = $4
         WHERE id = $5 AND decision = 'open'",
        &[v(decision), v(checker.account), v(now), v(comment), v(id)],
    )?;
    Ok(approval)
}

/// Decisions of a kind that wait, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn open(tx: &mut Tx<'_>, kind: &str) -> Result<Vec<Approval>, DbError> {
    let sql = "SELECT id, kind, object, summary, made_by, made_at FROM approval
               WHERE decision = 'open' AND kind = $1 ORDER BY id";
    tx.query(sql, &[v(kind)])?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Approval, DbError> {
    Ok(Approval {
        id: row.get(0)?,
        kind: row.get(1)?,
        object: row.get(2)?,
        summary: row.get(3)?,
        made_by: row.get(4)?,
        made_at: row.get(5)?,
    })
}
