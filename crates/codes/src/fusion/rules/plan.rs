//! The plan to merge another card or code (融合计划, Art. 16).

use items::rules::Word;
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::parse_day;
use time::{Date, Duration};

use super::Refused;

/// How Art. 6 wants it merged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// 并入社会保障卡: its functions go over, it is no longer issued.
    Merge,
    /// 融合使用: the State requires it, so both are used as one.
    FusedUse,
}

impl Word for Route {
    const ALL: &'static [Self] = &[Self::Merge, Self::FusedUse];

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Merge => ("merge", "并入社会保障卡", "Merged into the social security card"),
            Self::FusedUse => ("fused-use", "融合使用", "Fused use (the State requires the card)"),
        }
    }
}

/// What has become of a plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlanState {
    /// Waits for its check.
    Proposed,
    /// In force.
    Confirmed,
    /// Sent back.
    Rejected,
    /// Another plan took its place.
    Replaced,
}

impl Word for PlanState {
    const ALL: &'static [Self] = &[Self::Proposed, Self::Confirmed, Self::Rejected, Self::Replaced];

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Proposed => ("proposed", "待审核", "To be checked"),
            Self::Confirmed => ("confirmed", "执行中", "In force"),
            Self::Rejected => ("rejected", "已退回", "Sent back"),
            Self::Replaced => ("replaced", "已被替代", "Replaced"),
        }
    }
}

/// How a milestone stands on a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stand {
    /// Reached.
    Done,
    /// Its day has passed.
    Overdue,
    /// Its day is near.
    Due,
    /// Its day is far.
    Ahead,
}

/// One step of a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Milestone {
    /// Its place in the plan, from 1.
    pub place: i64,
    /// What is reached.
    pub name: Text,
    /// Last day for it.
    pub due: Date,
    /// When it was reached.
    pub done_on: Option<Date>,
    /// What shows that it was.
    pub evidence: String,
}

impl Milestone {
    /// How it stands on a day, when it counts as near `ahead` days before.
    pub fn stand(&self, today: Date, ahead: i64) -> Stand {
        match self.done_on {
            Some(_) => Stand::Done,
            None if self.due < today => Stand::Overdue,
            None if self.due <= today.saturating_add(Duration::days(ahead)) => Stand::Due,
            None => Stand::Ahead,
        }
    }
}

/// A plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Its id.
    pub id: Id,
    /// The scheme.
    pub scheme: Id,
    /// What has become of it.
    pub state: PlanState,
    /// How it is merged.
    pub route: Route,
    /// First day.
    pub from: Date,
    /// Day on which all is done.
    pub target: Date,
    /// What a holder has to do.
    pub todo: Text,
    /// Its steps, in their order.
    pub milestones: Vec<Milestone>,
}

impl Plan {
    /// Steps that are reached.
    pub fn done(&self) -> usize {
        self.milestones.iter().filter(|step| step.done_on.is_some()).count()
    }

    /// Percent of its steps that are reached.
    pub fn percent(&self) -> usize {
        self.done() * 100 / self.milestones.len().max(1)
    }

    /// The first step that is not reached.
    pub fn next(&self) -> Option<&Milestone> {
        self.milestones.iter().find(|step| step.done_on.is_none())
    }

    /// Steps whose day has passed.
    pub fn overdue(&self, today: Date) -> usize {
        let late = |step: &&Milestone| step.stand(today, 0) == Stand::Overdue;
        self.milestones.iter().filter(late).count()
    }
}

/// Checks a plan that is proposed.
///
/// # Errors
/// [`Refused::Words`], [`Refused::Days`] or [`Refused::Milestones`].
pub fn check_plan(plan: &Plan, today: Date) -> Result<(), Refused> {
    let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    if !fits(&plan.todo.zh, 500) || plan.todo.en.chars().count() > 1_000 {
        return Err(Refused::Words);
    }
    let longest = today.saturating_add(Duration::days(5 * 366));
    if plan.target < plan.from || plan.target < today || plan.target > longest {
        return Err(Refused::Days);
    }
    let steps = &plan.milestones;
    let in_order = steps.windows(2).all(|pair| pair[0].due <= pair[1].due);
    let inside = steps.iter().all(|step| (plan.from..=plan.target).contains(&step.due));
    let named = steps.iter().all(|s| fits(&s.name.zh, 80) && s.name.en.chars().count() <= 160);
    if !(1..=12).contains(&steps.len()) || !in_order || !inside || !named {
        return Err(Refused::Milestones);
    }
    Ok(())
}

/// Reads milestones as they are typed, one a line: `2027-03-31 数据对接 / Data connected`.
///
/// # Errors
/// [`Refused::Milestones`] when a line has no day or no name.
pub fn read_milestones(text: &str) -> Result<Vec<Milestone>, Refused> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let read = |(place, line): (i64, &str)| {
        let (day, name) = line.split_once(char::is_whitespace).ok_or(Refused::Milestones)?;
        let (zh, en) = name.split_once(" / ").unwrap_or((name, ""));
        Ok(Milestone {
            place,
            name: Text::new(zh.trim(), en.trim()),
            due: parse_day(day).ok_or(Refused::Milestones)?,
            done_on: None,
            evidence: String::new(),
        })
    };
    (1..).zip(lines).map(read).collect()
}
