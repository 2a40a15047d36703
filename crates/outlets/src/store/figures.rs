//! Figures of work, from tickets and appointments.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::day_text;
use time::Date;

/// What an outlet did on a day, in one service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The outlet.
    pub outlet: Id,
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Code of the service.
    pub service: String,
    /// Tickets taken.
    pub taken: i64,
    /// Served.
    pub done: i64,
    /// Did not come when called.
    pub missed: i64,
    /// Gave up.
    pub left: i64,
    /// Seconds that those called waited, together.
    pub wait_s: i64,
    /// How many were called.
    pub called: i64,
    /// The longest wait in seconds.
    pub longest_s: i64,
    /// Seconds of service of those served, together.
    pub served_s: i64,
}

impl Line {
    /// Adds another line's counts.
    pub fn add(&mut self, other: &Self) {
        self.taken += other.taken;
        self.done += other.done;
        self.missed += other.missed;
        self.left += other.left;
        self.wait_s += other.wait_s;
        self.called += other.called;
        self.longest_s = self.longest_s.max(other.longest_s);
        self.served_s += other.served_s;
    }

    /// Mean wait in seconds.
    pub fn mean_wait_s(&self) -> Option<i64> {
        (self.called > 0).then(|| self.wait_s / self.called)
    }

    /// Mean time of service in seconds.
    pub fn mean_served_s(&self) -> Option<i64> {
        (self.done > 0).then(|| self.served_s / self.done)
    }
}

/// Lines of some outlets from a day to a day, both inside; an empty list of outlets means all.
///
/// # Errors
/// See [`DbError`].
pub fn lines(
    tx: &mut Tx<'_>,
    outlets: &[Id],
    from: Date,
    until: Date,
) -> Result<Vec<Line>, DbError> {
    // Who has an appointment waits from its time on, not from when he came early.
    let since = "CASE WHEN due_at > taken_at THEN due_at ELSE taken_at END";
    let wait = format!(
        "CASE WHEN called_at IS NULL THEN 0 WHEN called_at < {since} THEN 0
              ELSE (called_at - {since}) / 1000000 END"
    );
    let sql = format!(
        "SELECT outlet_id, day, service, COUNT(*),
                SUM(CASE WHEN state = 'done' THEN 1 ELSE 0 END),
                SUM(CASE WHEN state = 'missed' THEN 1 ELSE 0 END),
                SUM(CASE WHEN state = 'left' THEN 1 ELSE 0 END),
                CAST(SUM({wait}) AS BIGINT), SUM(CASE WHEN called_at IS NULL THEN 0 ELSE 1 END),
                MAX({wait}),
                CAST(SUM(CASE WHEN state = 'done' AND called_at IS NOT NULL
                         THEN (ended_at - called_at) / 1000000 ELSE 0 END) AS BIGINT)
         FROM queue_ticket WHERE day >= $1 AND day <= $2
         GROUP BY outlet_id, day, service ORDER BY day, outlet_id, service"
    );
    let rows = tx.query(&sql, &[v(day_text(from)), v(day_text(until))])?;
    let lines: Vec<Line> = rows.iter().map(read).collect::<Result<_, DbError>>()?;
    let wanted = |line: &Line| outlets.is_empty() || outlets.contains(&line.outlet);
    Ok(lines.into_iter().filter(wanted).collect())
}

fn read(row: &Row) -> Result<Line, DbError> {
    Ok(Line {
        outlet: row.get(0)?,
        day: row.get(1)?,
        service: row.get(2)?,
        taken: row.get(3)?,
        done: row.get(4)?,
        missed: row.get(5)?,
        left: row.get(6)?,
        wait_s: row.get(7)?,
        called: row.get(8)?,
        longest_s: row.get(9)?,
        served_s: row.get(10)?,
    })
}

/// Tickets taken in each hour of the day at one outlet, from a day to a day.
///
/// # Errors
/// See [`DbError`].
pub fn hours(tx: &mut Tx<'_>, outlet: Id, from: Date, until: Date) -> Result<[i64; 24], DbError> {
    // Chongqing is eight hours ahead of UTC, without summer time.
    let sql = "SELECT ((taken_at / 3600000000) + 8) % 24, COUNT(*) FROM queue_ticket
               WHERE outlet_id = $1 AND day >= $2 AND day <= $3 GROUP BY 1";
    let mut hours = [0; 24];
    for row in tx.query(sql, &[v(outlet), v(day_text(from)), v(day_text(until))])? {
        let hour: i64 = row.get(0)?;
        if let Some(slot) = usize::try_from(hour).ok().and_then(|hour| hours.get_mut(hour)) {
            *slot = row.get(1)?;
        }
    }
    Ok(hours)
}
