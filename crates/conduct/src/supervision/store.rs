//! SQL of the figures: each is one query over a set, read from the tables of the capability that owns
//! them; nothing is changed here and no line tells of a person.

use items::rules::Area;
use kernel::actor::Role;
use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::divisions;
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{Utc, day_text};
use time::Duration;

use super::figures::{Line, Scope};
use crate::cases::rules::{Clause, Kind, State};

type Lines = Result<Vec<Line>, DbError>;

pub(super) fn rows(
    tx: &mut Tx<'_>,
    sql: &str,
    params: &[Value<'_>],
    name: fn(&str) -> Text,
) -> Lines {
    let line = |row: &Row| {
        let key: String = row.get(0)?;
        Ok(Line { name: name(&key), key, value: row.get(1)? })
    };
    tx.query(sql, params)?.iter().map(line).collect()
}

pub(super) fn plain(key: &str) -> Text {
    Text::new(key, key)
}

pub(super) fn district(code: &str) -> Text {
    if code.is_empty() {
        return Text::new("未分区", "No district");
    }
    divisions::find(code).map_or_else(|| plain(code), |known| Text::new(known.zh, known.en))
}

fn field(code: &str) -> Text {
    match Area::from_code(code) {
        Some(area) => area.name(),
        None => Text::new("清单外", "Not on the list"),
    }
}

/// One of several pairs of code and names.
pub(super) fn named(words: &[(&str, &str, &str)], code: &str) -> Text {
    let found = words.iter().find(|(known, ..)| *known == code);
    found.map_or_else(|| plain(code), |(_, zh, en)| Text::new(*zh, *en))
}

pub(super) fn days(scope: &Scope) -> [String; 2] {
    [day_text(scope.from), day_text(scope.until)]
}

/// From the first moment of the first day to the last of the last.
pub(super) fn moments(scope: &Scope) -> [Utc; 2] {
    let after = scope.until.next_day().unwrap_or(scope.until);
    [Utc::start_of(scope.from), Utc::start_of(after)]
}

pub(super) fn holders(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let sql = "SELECT org.division, COUNT(*) FROM card JOIN org ON org.id = card.outlet_id
               WHERE card.live AND ($1 = '' OR org.division = $2)
               GROUP BY org.division ORDER BY org.division";
    rows(tx, sql, &[v(&scope.division), v(&scope.division)], district)
}

pub(super) fn ecards(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let sql = "SELECT org.division, COUNT(*) FROM ecard
               JOIN card ON card.person_id = ecard.person_id AND card.id = ecard.card_id
               JOIN org ON org.id = card.outlet_id
               WHERE ecard.state = 'on' AND card.live AND ($1 = '' OR org.division = $2)
               GROUP BY org.division ORDER BY org.division";
    rows(tx, sql, &[v(&scope.division), v(&scope.division)], district)
}

/// Physical cards in use. All that this platform makes are of the third generation.
pub(super) fn third_generation(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let sql = "SELECT org.division, COUNT(*) FROM card JOIN org ON org.id = card.outlet_id
               WHERE card.live AND card.stage = 'active' AND ($1 = '' OR org.division = $2)
               GROUP BY org.division ORDER BY org.division";
    rows(tx, sql, &[v(&scope.division), v(&scope.division)], district)
}

pub(super) fn stages(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    fn stage(code: &str) -> Text {
        cards::rules::Stage::from_code(code).map_or_else(|| plain(code), |stage| stage.name().0)
    }
    let sql = "SELECT card.stage, COUNT(*) FROM card JOIN org ON org.id = card.outlet_id
               WHERE $1 = '' OR org.division = $2 GROUP BY card.stage ORDER BY card.stage";
    rows(tx, sql, &[v(&scope.division), v(&scope.division)], stage)
}

pub(super) fn causes(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    fn cause(code: &str) -> Text {
        cards::rules::Cause::from_code(code).map_or_else(|| plain(code), |cause| cause.name())
    }
    let [from, until] = moments(scope);
    let sql = "SELECT card.cause, COUNT(*) FROM card JOIN org ON org.id = card.outlet_id
               WHERE card.applied_at >= $1 AND card.applied_at < $2 AND ($3 = '' OR org.division = $4)
               GROUP BY card.cause ORDER BY card.cause";
    let params = [v(from), v(until), v(&scope.division), v(&scope.division)];
    rows(tx, sql, &params, cause)
}

pub(super) fn ended(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let [from, until] = moments(scope);
    let sql = "SELECT card.ended_why, COUNT(*) FROM card JOIN org ON org.id = card.outlet_id
               WHERE card.ended_at >= $1 AND card.ended_at < $2 AND ($3 = '' OR org.division = $4)
               GROUP BY card.ended_why ORDER BY card.ended_why";
    let params = [v(from), v(until), v(&scope.division), v(&scope.division)];
    rows(tx, sql, &params, plain)
}

fn uses(
    tx: &mut Tx<'_>,
    scope: &Scope,
    (key, measure): (&str, &str),
    name: fn(&str) -> Text,
) -> Lines {
    let sql = format!(
        "SELECT {key}, CAST(SUM({measure}) AS BIGINT) FROM use_hour
         WHERE day >= $1 AND day <= $2 AND ($3 = '' OR division = $4)
         GROUP BY {key} HAVING SUM({measure}) > 0 ORDER BY {key}"
    );
    let [from, until] = days(scope);
    rows(tx, &sql, &[v(from), v(until), v(&scope.division), v(&scope.division)], name)
}

pub(super) fn uses_by_field(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    uses(tx, scope, ("field", "accepted"), field)
}

pub(super) fn uses_by_district(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    uses(tx, scope, ("division", "accepted"), district)
}

pub(super) fn refused_by_field(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    uses(tx, scope, ("field", "refused"), field)
}

pub(super) fn items(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let mut lines: Vec<Line> = Vec::new();
    for item in items::store::names(tx)? {
        let listed = item.first <= scope.today && item.last.is_none_or(|last| last >= scope.today);
        let key = item.area.code();
        match lines.iter_mut().find(|line| line.key == key) {
            _ if !listed => {}
            Some(line) => line.value += 1,
            None => {
                lines.push(Line { key: key.to_owned(), name: item.area.name(), value: 1 });
            }
        }
    }
    Ok(lines)
}

pub(super) fn paid(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let [from, until] = moments(scope);
    let sql = "SELECT programme.code, programme.name_zh, programme.name_en,
                      CAST(SUM(payment.amount_fen) AS BIGINT)
               FROM payment JOIN programme ON programme.id = payment.programme_id
               JOIN pay_batch ON pay_batch.id = payment.batch_id
               WHERE payment.state = 'paid' AND payment.changed_at >= $1 AND payment.changed_at < $2
                 AND ($3 = '' OR pay_batch.division = $4)
               GROUP BY programme.code, programme.name_zh, programme.name_en ORDER BY programme.code";
    let params = [v(from), v(until), v(&scope.division), v(&scope.division)];
    let line = |row: &Row| {
        let name = Text::new(row.get::<String>(1)?, row.get::<String>(2)?);
        Ok(Line { key: row.get(0)?, name, value: row.get(3)? })
    };
    tx.query(sql, &params)?.iter().map(line).collect()
}

pub(super) fn payments(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    const STATES: &[(&str, &str, &str)] = &[
        ("approved", "已核定", "Approved"),
        ("reserved", "已备付", "Reserved"),
        ("intent", "待发送", "To be sent"),
        ("sent", "已发送", "Sent"),
        ("paid", "已到账", "Paid"),
        ("returned", "已退回", "Returned"),
        ("unknown", "结果未知", "Unknown"),
        ("void", "已作废", "Void"),
    ];
    let [from, until] = moments(scope);
    let sql = "SELECT payment.state, COUNT(*) FROM payment
               JOIN pay_batch ON pay_batch.id = payment.batch_id
               WHERE payment.created_at >= $1 AND payment.created_at < $2
                 AND ($3 = '' OR pay_batch.division = $4)
               GROUP BY payment.state ORDER BY payment.state";
    let params = [v(from), v(until), v(&scope.division), v(&scope.division)];
    rows(tx, sql, &params, |code| named(STATES, code))
}

pub(super) fn differences(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let sql = "SELECT pay_exception.kind, COUNT(*) FROM pay_exception
               LEFT JOIN pay_batch ON pay_batch.id = pay_exception.batch_id
               WHERE pay_exception.state <> 'closed' AND ($1 = '' OR pay_batch.division = $2)
               GROUP BY pay_exception.kind ORDER BY pay_exception.kind";
    rows(tx, sql, &[v(&scope.division), v(&scope.division)], plain)
}

/// Agreements are the city's: a district has none.
pub(super) fn agreements(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let until = day_text(scope.today.saturating_add(Duration::days(90)));
    let sql = "SELECT org.name_zh, org.name_en, COUNT(*) FROM bank_agreement
               JOIN org ON org.id = bank_agreement.bank_id
               WHERE bank_agreement.state = 'confirmed' AND bank_agreement.until_day <= $1
                 AND bank_agreement.version = (SELECT MAX(newest.version) FROM bank_agreement newest
                     WHERE newest.bank_id = bank_agreement.bank_id AND newest.state = 'confirmed')
               GROUP BY org.name_zh, org.name_en ORDER BY org.name_zh";
    let line = |row: &Row| {
        let name = Text::new(row.get::<String>(0)?, row.get::<String>(1)?);
        Ok(Line { key: name.zh.clone(), name, value: row.get(2)? })
    };
    tx.query(sql, &[v(until)])?.iter().map(line).collect()
}

pub(super) fn outlets(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let mut lines: Vec<Line> = Vec::new();
    for outlet in outlets::service::all_on(tx, scope.today)? {
        let key = outlet.details.division;
        match lines.iter_mut().find(|line| line.key == key) {
            _ if !scope.division.is_empty() && scope.division != key => {}
            Some(line) => line.value += 1,
            None => lines.push(Line { name: district(&key), key, value: 1 }),
        }
    }
    Ok(lines)
}

pub(super) fn queue(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let [from, until] = days(scope);
    let sql = "SELECT org.division, COUNT(*) FROM queue_ticket
               JOIN org ON org.id = queue_ticket.outlet_id
               WHERE queue_ticket.day >= $1 AND queue_ticket.day <= $2
                 AND ($3 = '' OR org.division = $4)
               GROUP BY org.division ORDER BY org.division";
    rows(tx, sql, &[v(from), v(until), v(&scope.division), v(&scope.division)], district)
}

/// Seconds without a heartbeat after which a terminal counts as silent.
const SILENT_S: i64 = 3_600;

pub(super) fn terminals(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    const STATES: &[(&str, &str, &str)] = &[
        ("blocked", "已停用", "Blocked"),
        ("silent", "一小时内无心跳", "Silent for an hour"),
        ("well", "正常", "Well"),
    ];
    let since = Utc::now().plus_seconds(-SILENT_S);
    let sql = "SELECT state, COUNT(*) FROM (
                 SELECT CASE WHEN terminal.blocked THEN 'blocked'
                             WHEN terminal.seen_at IS NULL OR terminal.seen_at < $1 THEN 'silent'
                             ELSE 'well' END AS state
                 FROM terminal JOIN org ON org.id = terminal.org_id
                 WHERE $2 = '' OR org.division = $3) AS looked
               GROUP BY state ORDER BY state";
    rows(tx, sql, &[v(since), v(&scope.division), v(&scope.division)], |code| named(STATES, code))
}

pub(super) fn terminal_alarms(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let sql = "SELECT terminal_alarm.kind, COUNT(*) FROM terminal_alarm
               JOIN terminal ON terminal.id = terminal_alarm.terminal_id
               JOIN org ON org.id = terminal.org_id
               WHERE terminal_alarm.closed_at IS NULL AND ($1 = '' OR org.division = $2)
               GROUP BY terminal_alarm.kind ORDER BY terminal_alarm.kind";
    rows(tx, sql, &[v(&scope.division), v(&scope.division)], plain)
}

pub(super) fn refusals(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    fn kind(code: &str) -> Text {
        codes::refusals::Kind::from_code(code).map_or_else(|| plain(code), |kind| kind.name())
    }
    let [from, until] = moments(scope);
    let sql = "SELECT kind, COUNT(*) FROM refusal_report
               WHERE told_at >= $1 AND told_at < $2 AND ($3 = '' OR division = $4)
               GROUP BY kind ORDER BY kind";
    rows(tx, sql, &[v(from), v(until), v(&scope.division), v(&scope.division)], kind)
}

pub(super) fn refusals_late(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let sql = "SELECT division, COUNT(*) FROM refusal_report
               WHERE state IN ('open', 'taken') AND due_day < $1 AND ($2 = '' OR division = $3)
               GROUP BY division ORDER BY division";
    let today = day_text(scope.today);
    rows(tx, sql, &[v(today), v(&scope.division), v(&scope.division)], district)
}

fn clause(code: &str) -> Text {
    match Clause::from_code(code) {
        Some(clause) => Text::new(format!("{code} {}", clause.zh), format!("{code} {}", clause.en)),
        None => Text::new("条款待定", "Not clear yet"),
    }
}

pub(super) fn cases(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    let [from, until] = moments(scope);
    let sql = "SELECT clause, COUNT(*) FROM conduct_case
               WHERE reported_at >= $1 AND reported_at < $2 AND ($3 = '' OR division = $4)
                 AND state NOT IN ('duplicate', 'not-ours')
               GROUP BY clause ORDER BY clause";
    rows(tx, sql, &[v(from), v(until), v(&scope.division), v(&scope.division)], clause)
}

pub(super) fn cases_open(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    fn state(code: &str) -> Text {
        State::from_code(code).map_or_else(|| plain(code), State::name)
    }
    let sql = "SELECT state, COUNT(*) FROM conduct_case
               WHERE state NOT IN ('duplicate', 'not-ours', 'closed') AND ($1 = '' OR division = $2)
               GROUP BY state ORDER BY state";
    rows(tx, sql, &[v(&scope.division), v(&scope.division)], state)
}

pub(super) fn decisions(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    fn kind(code: &str) -> Text {
        Kind::from_code(code).map_or_else(|| plain(code), Kind::name)
    }
    let [from, until] = moments(scope);
    let sql = "SELECT conduct_decision.kind, COUNT(*) FROM conduct_decision
               JOIN conduct_case ON conduct_case.id = conduct_decision.case_id
               WHERE conduct_decision.decided_at >= $1 AND conduct_decision.decided_at < $2
                 AND conduct_decision.state IN ('decided', 'upheld')
                 AND ($3 = '' OR conduct_case.division = $4)
               GROUP BY conduct_decision.kind ORDER BY conduct_decision.kind";
    rows(tx, sql, &[v(from), v(until), v(&scope.division), v(&scope.division)], kind)
}

pub(super) fn credit(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    fn state(code: &str) -> Text {
        crate::cases::credit::State::from_code(code)
            .map_or_else(|| plain(code), crate::cases::credit::State::name)
    }
    let sql = "SELECT conduct_credit.state, COUNT(*) FROM conduct_credit
               JOIN conduct_case ON conduct_case.id = conduct_credit.case_id
               WHERE $1 = '' OR conduct_case.division = $2
               GROUP BY conduct_credit.state ORDER BY conduct_credit.state";
    rows(tx, sql, &[v(&scope.division), v(&scope.division)], state)
}

pub(super) fn lag(tx: &mut Tx<'_>, _: &Scope) -> Lines {
    const QUEUES: &[(&str, &str, &str)] = &[
        ("journal", "日志待排序", "Journal entries without a place"),
        ("outbox", "待发送消息", "Messages to be sent"),
    ];
    let sql = "SELECT 'journal', COUNT(*) FROM journal_pending
               UNION ALL SELECT 'outbox', COUNT(*) FROM outbox";
    rows(tx, sql, &[], |code| named(QUEUES, code))
}

pub(super) fn jobs(tx: &mut Tx<'_>, _: &Scope) -> Lines {
    rows(tx, "SELECT name, failures FROM job WHERE failures > 0 ORDER BY name", &[], plain)
}

/// Ids are made by time: the period is a range of the primary key.
fn ids(scope: &Scope) -> [Id; 2] {
    moments(scope).map(Id::not_before)
}

pub(super) fn journalled(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    fn role(code: &str) -> Text {
        code.parse::<Role>().map_or_else(|()| plain(code), Role::name)
    }
    let [from, until] = ids(scope);
    let sql = "SELECT actor_role, COUNT(*) FROM journal_entry WHERE id >= $1 AND id < $2
               GROUP BY actor_role ORDER BY actor_role";
    rows(tx, sql, &[v(from), v(until)], role)
}

pub(super) fn sealed_reads(tx: &mut Tx<'_>, scope: &Scope) -> Lines {
    const ACTS: &[(&str, &str, &str)] = &[
        ("case.reporter-read", "查看举报人身份", "Reporter's name opened"),
        ("case.read", "查阅案卷", "File read"),
        ("case.evidence-read", "查阅证据", "Evidence read"),
    ];
    let [from, until] = ids(scope);
    let sql = "SELECT act, COUNT(*) FROM journal_entry WHERE id >= $1 AND id < $2
                 AND act IN ('case.reporter-read', 'case.read', 'case.evidence-read')
               GROUP BY act ORDER BY act";
    rows(tx, sql, &[v(from), v(until)], |code| named(ACTS, code))
}
