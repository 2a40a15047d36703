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

/// Agreements on data that end within 90 days, by whom they are with.
pub(super) fn share_agreements(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let until = day_text(scope.today.saturating_add(time::Duration::days(90)));
    let sql = "SELECT org.name_zh, org.name_en, COUNT(*) FROM share_agreement one
               JOIN org ON org.id = one.org_id
               WHERE one.state = 'published' AND one.until_on <= $1 AND one.until_on >= $2
                 AND one.number = (SELECT MAX(newest.number) FROM share_agreement newest
                     WHERE newest.agreement_id = one.agreement_id AND newest.state = 'published')
               GROUP BY org.name_zh, org.name_en ORDER BY org.name_zh";
    let found = tx.query(sql, &[v(until), v(day_text(scope.today))])?;
    let line = |row: &kernel::db::Row| {
        let name = Text::new(row.get::<String>(0)?, row.get::<String>(1)?);
        Ok(Line { key: name.zh.clone(), name, value: row.get(2)? })
    };
    found.iter().map(line).collect()
}

/// Incidents opened in the period, by level.
pub(super) fn incidents(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    const LEVELS: &[(&str, &str, &str)] = &[
        ("1", "I级（特别重大）", "I (very grave)"),
        ("2", "II级（重大）", "II (grave)"),
        ("3", "III级（较大）", "III (considerable)"),
        ("4", "IV级（一般）", "IV (ordinary)"),
    ];
    let [from, until] = moments(scope);
    let sql = "SELECT CAST(level AS TEXT), COUNT(*) FROM incident
               WHERE NOT is_drill AND opened_at >= $1 AND opened_at < $2
               GROUP BY level ORDER BY level";
    rows(tx, sql, &[v(from), v(until)], |code| named(LEVELS, code))
}

/// Tasks of incidents and measures after them whose time is over, by kind.
pub(super) fn incident_tasks_late(tx: &mut Tx<'_>, _: &Scope) -> Lines {
    const KINDS: &[(&str, &str, &str)] = &[
        ("breach", "个人信息泄露程序", "Breach of personal data"),
        ("first", "先期处置", "First steps"),
        ("measure", "整改措施", "Measures afterwards"),
        ("notice", "报告和通知", "Notices"),
    ];
    let sql = "SELECT kind, COUNT(*) FROM incident_task WHERE done_at IS NULL AND due_at < $1
               GROUP BY kind ORDER BY kind";
    rows(tx, sql, &[v(kernel::time::Utc::now())], |code| named(KINDS, code))
}
