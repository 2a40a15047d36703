//! Erasing the content of one entry on lawful grounds (PIPL, Art. 47): content and salt go, the leaf
//! stays, and so do the proofs of all other entries.

use super::{Entry, record};
use crate::actor::Actor;
use crate::db::{Tx, v};
use crate::id::Id;
use crate::law::{Article, Refusal, Text};
use crate::problem::Problem;
use crate::time::Utc;

/// The act of the entry that orders an erasure.
pub(super) const ORDERED: &str = "journal.erased";

/// Why an entry cannot be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such entry, or it is erased already.
    Unknown,
    /// It has no place in the tree yet.
    Waiting,
    /// It orders an erasure itself.
    Order,
    /// No ground was given.
    NoGround,
    /// An order about it waits already.
    Asked,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "journal/no-such-entry",
            Self::Waiting => "journal/not-yet-in-the-log",
            Self::Order => "journal/order-stays",
            Self::NoGround => "journal/no-ground",
            Self::Asked => "journal/asked-already",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(19))
    }

    fn reason(&self) -> Text {
        match self {
            Self::Unknown => Text::new("没有这条记录", "There is no such entry"),
            Self::Waiting => {
                Text::new("该记录尚未进入日志树", "The entry has no place in the log yet")
            }
            Self::Order => {
                Text::new("删除令本身不能删除", "The order of an erasure cannot be erased")
            }
            Self::NoGround => Text::new("未写明法定理由", "No lawful ground was given"),
            Self::Asked => Text::new("该记录已有待审批的删除令", "An order about it waits already"),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::Unknown => Text::new("请核对记录编号", "Check the entry's id"),
            Self::Waiting => Text::new("请稍后再试", "Try again in a moment"),
            Self::Order => Text::new("该记录须长期保存", "It is kept for good"),
            Self::NoGround => Text::new("请写明依据的法律条款", "Name the law and its article"),
            Self::Asked => Text::new("请等待审批", "Wait for the decision"),
        }
    }

    fn status(&self) -> u16 {
        if matches!(self, Self::Unknown) { 404 } else { 409 }
    }
}

/// Erases content and salt of the entry `id` and records who ordered it (as `order_id`) and why, in
/// one transaction. Who may order it is for the caller to decide. What left with backups and with the
/// engine's free pages is not reached from here.
///
/// # Errors
/// See [`Refused`], or the database's word.
pub fn erase(
    tx: &mut Tx<'_>,
    id: Id,
    ground: &str,
    by: &Actor,
    order_id: Id,
    now: Utc,
) -> Result<(), Problem> {
    if ground.trim().is_empty() {
        return Err(Refused::NoGround.into());
    }
    check(tx, id)?;
    let sql = "SELECT at, leaf, subject_id FROM journal_entry WHERE id = $1";
    let row = tx.one(sql, &[v(id)])?;
    let mut order = Entry::new(order_id, now, by, ORDERED, "PIPL Art. 47").on("entry", id);
    order.subject = row.get(2)?;
    record(tx, &order.why(ground, &[]))?;
    let (at, leaf) = (row.get::<Utc>(0)?, row.get::<[u8; 32]>(1)?);
    let sql = "INSERT INTO journal_erasure (entry_id, at, leaf, order_id, ground)
               VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &[v(id), v(at), v(&leaf), v(order_id), v(ground)])?;
    tx.execute_one("DELETE FROM journal_entry WHERE id = $1", &[v(id)])?;
    Ok(())
}

/// Whether the content of this entry could be erased.
///
/// # Errors
/// See [`Refused`].
pub(super) fn check(tx: &mut Tx<'_>, id: Id) -> Result<(), Problem> {
    let sql = "SELECT act FROM journal_entry WHERE id = $1";
    let row = tx.optional(sql, &[v(id)])?.ok_or(Refused::Unknown)?;
    if row.get::<String>(0)? == ORDERED {
        return Err(Refused::Order.into());
    }
    let placed =
        tx.optional("SELECT leaf_index FROM journal_leaf WHERE entry_id = $1", &[v(id)])?;
    placed.map(drop).ok_or_else(|| Refused::Waiting.into())
}
