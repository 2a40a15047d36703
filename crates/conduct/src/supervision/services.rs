//! SQL of the figures of service, safety and the other region, as in [`super::store`].

use care::complaints::rules::{FIELDS, word};
use kernel::db::{DbError, Tx, v};
use kernel::law::Text;
use kernel::time::day_text;

use super::figures::{Line, Scope};
use super::store::{days, district, moments, named, plain, rows};

type Lines = Result<Vec<Line>, DbError>;

fn field(code: &str) -> Text {
    word(FIELDS, code).map_or_else(|| plain(code), |word| word.name())
}

pub(super) fn complaints(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let [from, until] = moments(scope);
    let sql = "SELECT field, COUNT(*) FROM complaint
               WHERE opened_at >= $1 AND opened_at < $2 AND ($3 = '' OR division = $4)
               GROUP BY field ORDER BY field";
    rows(tx, sql, &[v(from), v(until), v(&scope.division), v(&scope.division)], field)
}

/// Complaints that wait for their answer.
pub(super) fn complaints_open(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let sql = "SELECT field, COUNT(*) FROM complaint
               WHERE state IN ('received', 'assigned') AND ($1 = '' OR division = $2)
               GROUP BY field ORDER BY field";
    rows(tx, sql, &[v(&scope.division), v(&scope.division)], field)
}

/// The marks that people gave to the answers of the period.
pub(super) fn marks(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    const WORDS: &[(&str, &str, &str)] = &[
        ("1", "1分（很不满意）", "1 (very bad)"),
        ("2", "2分", "2"),
        ("3", "3分", "3"),
        ("4", "4分", "4"),
        ("5", "5分（很满意）", "5 (very good)"),
    ];
    let [from, until] = moments(scope);
    let sql = "SELECT CAST(score AS TEXT), COUNT(*) FROM complaint
               WHERE score IS NOT NULL AND answered_at >= $1 AND answered_at < $2
                 AND ($3 = '' OR division = $4) GROUP BY score ORDER BY score";
    let params = [v(from), v(until), v(&scope.division), v(&scope.division)];
    rows(tx, sql, &params, |code| named(WORDS, code))
}

/// Answered in time or late, by the day that was promised.
pub(super) fn answered(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    const WORDS: &[(&str, &str, &str)] =
        &[("late", "逾期答复", "Late"), ("on-time", "按期答复", "In time")];
    let [from, until] = moments(scope);
    let sql = "SELECT due_on, answered_at FROM complaint
               WHERE answered_at >= $1 AND answered_at < $2 AND ($3 = '' OR division = $4)";
    let found = tx.query(sql, &[v(from), v(until), v(&scope.division), v(&scope.division)])?;
    let (mut late, mut good) = (0, 0);
    for row in &found {
        let (due, at): (String, kernel::time::Utc) = (row.get(0)?, row.get(1)?);
        match day_text(at.day()) <= due {
            true => good += 1,
            false => late += 1,
        }
    }
    let lines = [("late", late), ("on-time", good)].into_iter().filter(|(_, value)| *value > 0);
    let line =
        |(key, value): (&str, i64)| Line { key: key.to_owned(), name: named(WORDS, key), value };
    Ok(lines.map(line).collect())
}

pub(super) fn complaints_late(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let sql = "SELECT division, COUNT(*) FROM complaint
               WHERE state IN ('received', 'assigned') AND due_on < $1 AND ($2 = '' OR division = $3)
               GROUP BY division ORDER BY division";
    let today = day_text(scope.today);
    rows(tx, sql, &[v(today), v(&scope.division), v(&scope.division)], district)
}

pub(super) fn freezes(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    const WORDS: &[(&str, &str, &str)] = &[
        ("all", "全部冻结", "All"),
        ("money", "只冻结资金", "Money"),
        ("identity", "只冻结身份核验", "Identity"),
        ("item", "只冻结一个事项", "One item"),
    ];
    let sql = "SELECT scope, COUNT(*) FROM person_freeze
               WHERE lifted_at IS NULL AND ($1 = '' OR division = $2) GROUP BY scope ORDER BY scope";
    let params = [v(&scope.division), v(&scope.division)];
    rows(tx, sql, &params, |code| named(WORDS, code))
}

/// Freezes that nobody has looked at a second time although it is due.
pub(super) fn freezes_late(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let sql = "SELECT division, COUNT(*) FROM person_freeze
               WHERE lifted_at IS NULL AND looked_at IS NULL AND look_by < $1
                 AND ($2 = '' OR division = $3) GROUP BY division ORDER BY division";
    let now = v(kernel::time::Utc::now());
    rows(tx, sql, &[now, v(&scope.division), v(&scope.division)], district)
}

/// Valid certificates by course; certificates belong to accounts, so a district is that of the account.
pub(super) fn certificates(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let sql = "SELECT c.title, COUNT(*) FROM training_certificate t
               JOIN account a ON a.id = t.account_id JOIN training_course c ON c.id = t.course_id
               WHERE t.until >= $1 AND ($2 = '' OR a.division = $3)
               GROUP BY c.title ORDER BY c.title";
    let today = day_text(scope.today);
    rows(tx, sql, &[v(today), v(&scope.division), v(&scope.division)], plain)
}

/// Messages that another region has not acknowledged yet.
pub(super) fn region_waiting(tx: &mut Tx<'_>, _: &Scope) -> Lines {
    let sql = "SELECT region, COUNT(*) FROM region_outbox WHERE result = ''
               GROUP BY region ORDER BY region";
    rows(tx, sql, &[], district)
}

/// Cards that were recognised across the border, by who asked.
pub(super) fn recognised(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    const WORDS: &[(&str, &str, &str)] =
        &[("in", "对方核验本地卡", "Ours, there"), ("out", "本地核验对方卡", "Theirs, here")];
    let [from, until] = moments(scope);
    let sql = "SELECT way, COUNT(*) FROM region_ask WHERE at >= $1 AND at < $2
               GROUP BY way ORDER BY way";
    rows(tx, sql, &[v(from), v(until)], |code| named(WORDS, code))
}

/// Announcements and campaigns by what they reached.
pub(super) fn reached(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let [from, until] = days(scope);
    let sql = "SELECT p.title, CAST(COALESCE(SUM(r.people), 0) AS BIGINT) FROM publicity p
               JOIN publicity_reach r ON r.publicity_id = p.id
               WHERE r.day >= $1 AND r.day <= $2 GROUP BY p.title ORDER BY p.title";
    rows(tx, sql, &[v(from), v(until)], plain)
}
