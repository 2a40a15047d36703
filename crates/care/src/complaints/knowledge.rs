//! The knowledge base: questions and answers, drafted by one, published by another, found by Chinese
//! words, pinyin and initials (Art. 22).

use std::collections::BTreeSet;

use kernel::actor::Actor;
use kernel::approval;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use people::pinyin::{name_keys, normalise_search};
use time::Date;

use super::rules::Refused;

pub(super) const APPROVAL: &str = "care.knowledge";

/// A question with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Id of this version.
    pub id: Id,
    /// The same in all versions.
    pub code: Id,
    /// Counts from 1.
    pub version: i64,
    /// Code of an item or of a field.
    pub topic: String,
    /// The question, as people ask it.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// Day on which it is to be looked at again.
    pub review_on: Date,
    /// The decision that it waits for, or had.
    pub approval: Id,
}

/// A draft.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The answer that it replaces.
    pub code: Option<Id>,
    /// Code of an item or of a field.
    pub topic: String,
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// `YYYY-MM-DD`.
    pub review_on: String,
}

const COLUMNS: &str = "id, code, version, topic, question, answer, review_on, approval_id";

fn read(row: &Row) -> Result<Answer, DbError> {
    let review: String = row.get(6)?;
    Ok(Answer {
        id: row.get(0)?,
        code: row.get(1)?,
        version: row.get(2)?,
        topic: row.get(3)?,
        question: row.get(4)?,
        answer: row.get(5)?,
        review_on: parse_day(&review).ok_or(DbError::Column { index: 6 })?,
        approval: row.get(7)?,
    })
}

/// Drafts an answer; it is published when somebody else confirms it.
///
/// # Errors
/// [`Refused::Words`], or the database's word.
pub async fn draft(app: &App, maker: &Actor, draft: Draft) -> Result<Id, Problem> {
    let now = Utc::now();
    let text = |text: &str, most| {
        let text = text.trim().to_owned();
        let fits = (2..=most).contains(&text.chars().count()) && !text.contains('\0');
        fits.then_some(text).ok_or(Refused::Words)
    };
    let (topic, question) = (text(&draft.topic, 40)?, text(&draft.question, 200)?);
    let answer = text(&draft.answer, 2_000)?;
    let review_on = parse_day(&draft.review_on).filter(|day| *day > now.day());
    let review_on = review_on.ok_or(Refused::Words)?;
    let (id, approval) = (app.id(), app.id());
    let entry =
        Entry::new(app.id(), now, maker, "knowledge.drafted", "Art. 22").on("knowledge", id);
    let (maker, code) = (maker.clone(), draft.code.unwrap_or(id));
    app.db
        .write(move |tx| {
            let sql = "SELECT COALESCE(MAX(version), 0) FROM knowledge WHERE code = $1";
            let last: i64 = tx.one(sql, &[v(code)])?.get(0)?;
            if code != id && last == 0 {
                return Err(Refused::Unknown.into());
            }
            approval::ask(tx, approval, &maker, APPROVAL, &code.to_string(), &question, now)?;
            let sql = "INSERT INTO knowledge (id, code, version, topic, question, answer, review_on,
                       state, approval_id, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'draft', $8, $9)";
            tx.execute(
                sql,
                &[
                    v(id),
                    v(code),
                    v(last + 1),
                    v(&topic),
                    v(&question),
                    v(&answer),
                    v(day_text(review_on)),
                    v(approval),
                    v(now),
                ],
            )?;
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(approval)
        })
        .await
}

/// Publishes a draft of somebody else, or sends it back.
///
/// # Errors
/// It was the checker's own, or does not wait.
pub async fn decide(app: &App, checker: &Actor, id: Id, yes: bool) -> Result<(), Problem> {
    let now = Utc::now();
    let entry =
        Entry::new(app.id(), now, checker, "knowledge.decided", "Art. 22").on("approval", id);
    let checker = checker.clone();
    app.db
        .write(move |tx| {
            let decided = approval::decide(tx, id, &checker, yes, "", now)?;
            if decided.kind != APPROVAL {
                return Err(Problem::not_found());
            }
            let state = if yes { "published" } else { "returned" };
            let sql = "UPDATE knowledge SET state = $1 WHERE approval_id = $2 AND state = 'draft'";
            tx.execute_one(sql, &[v(state), v(id)])?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

fn published_in(tx: &mut Tx<'_>) -> Result<Vec<Answer>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM knowledge k WHERE state = 'published' AND NOT EXISTS
         (SELECT 1 FROM knowledge n WHERE n.code = k.code AND n.state = 'published'
          AND n.version > k.version) ORDER BY topic, code"
    );
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// Drafts that wait, oldest first.
///
/// # Errors
/// See [`DbError`].
pub async fn waiting(app: &App) -> Result<Vec<Answer>, Problem> {
    let read_all = |tx: &mut Tx<'_>| {
        let sql = format!("SELECT {COLUMNS} FROM knowledge WHERE state = 'draft' ORDER BY id");
        tx.query(&sql, &[])?.iter().map(read).collect::<Result<Vec<_>, DbError>>()
    };
    Ok(app.db.read(read_all).await?)
}

/// Published answers that fit; all when nothing is asked.
///
/// # Errors
/// See [`DbError`].
pub async fn search(app: &App, text: &str) -> Result<Vec<Answer>, Problem> {
    let all = app.db.read(published_in).await?;
    Ok(ranked(all, text))
}

/// The topics of answers, each once, in their order.
pub fn topics(answers: &[Answer]) -> Vec<String> {
    let topics: BTreeSet<&str> = answers.iter().map(|answer| answer.topic.as_str()).collect();
    topics.into_iter().map(str::to_owned).collect()
}

/// Says whether an answer helped.
///
/// # Errors
/// [`Refused::Unknown`].
pub async fn voice(app: &App, code: Id, helpful: bool) -> Result<(), Problem> {
    app.db
        .housekeeping(move |tx| {
            if !published_in(tx)?.iter().any(|answer| answer.code == code) {
                return Err(Refused::Unknown.into());
            }
            let sql = "INSERT INTO knowledge_voice (code, helpful, unhelpful) VALUES ($1, 0, 0)
                       ON CONFLICT (code) DO NOTHING";
            tx.execute(sql, &[v(code)])?;
            let (yes, no) = (i64::from(helpful), i64::from(!helpful));
            let sql =
                "UPDATE knowledge_voice SET helpful = helpful + $1, unhelpful = unhelpful + $2
                       WHERE code = $3";
            Ok::<_, Problem>(tx.execute(sql, &[v(yes), v(no), v(code)]).map(drop)?)
        })
        .await
}

/// Answers with every word of `text` in Chinese, pinyin or initials, those whose question has it
/// first; where none has all words, those that share most pairs of characters.
fn ranked(all: Vec<Answer>, text: &str) -> Vec<Answer> {
    let text = normalise_search(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return all;
    }
    let mut found: Vec<(i64, Answer)> = Vec::new();
    for answer in all {
        let question = normalise_search(&answer.question);
        let keys = name_keys(&question);
        let full = keys.full.replace(' ', "").to_lowercase();
        let names = format!("{question}\n{full}\n{}", keys.initials.to_lowercase());
        let rest = normalise_search(&format!("{} {}", answer.answer, answer.topic));
        let rank = if words.iter().all(|word| names.contains(word)) {
            Some(i64::MIN)
        } else if words.iter().all(|word| names.contains(word) || rest.contains(word)) {
            Some(i64::MIN + 1)
        } else {
            let shared = pairs(&text).intersection(&pairs(&format!("{question} {rest}"))).count();
            (shared >= 2).then_some(-(shared as i64))
        };
        found.extend(rank.map(|rank| (rank, answer)));
    }
    found.sort_by(|(a, x), (b, y)| a.cmp(b).then(x.code.cmp(&y.code)));
    found.into_iter().map(|(_, answer)| answer).collect()
}

/// Pairs of neighbouring letters.
pub(super) fn pairs(text: &str) -> BTreeSet<[char; 2]> {
    let pairs = text.chars().zip(text.chars().skip(1));
    pairs.filter(|(a, b)| a.is_alphanumeric() && b.is_alphanumeric()).map(|(a, b)| [a, b]).collect()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn answer(code: i64, question: &str, answer: &str) -> Answer {
        let (topic, review_on) = ("card".to_owned(), date!(2027 - 01 - 01));
        let (question, answer) = (question.to_owned(), answer.to_owned());
        Answer {
            id: Id(code),
            code: Id(code),
            version: 1,
            topic,
            question,
            answer,
            review_on,
            approval: Id(code),
        }
    }

    #[test]
    fn an_answer_is_found_by_words_pinyin_initials_and_by_a_whole_sentence() {
        let all = vec![
            answer(1, "社保卡丢失怎么挂失", "拨打12333"),
            answer(2, "如何激活金融账户", "到银行网点办理"),
        ];
        let codes = |text: &str| -> Vec<i64> {
            ranked(all.clone(), text).iter().map(|answer| answer.code.0).collect()
        };
        assert_eq!(codes("挂失"), [1]);
        assert_eq!(codes("guashi"), [1]);
        assert_eq!(codes("jhjr"), [2]);
        assert_eq!(codes("银行网点"), [2]);
        assert_eq!(codes("我昨天在公交车上把社保卡丢失了"), [1]);
        assert!(codes("天气").is_empty());
        assert_eq!(codes(""), [1, 2]);
    }
}
