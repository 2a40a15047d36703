//! One card, three status clocks: the social-security function, the financial function and the
//! electronic card (社保功能、金融功能、电子社会保障卡). Each has its own state; [`table`] is the only
//! place that says how a state may change.

use kernel::law::Text;

/// One of the three clocks of a card.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Clock {
    /// 社保功能
    Social,
    /// 金融功能
    Financial,
    /// 电子社会保障卡
    Electronic,
}

impl Clock {
    /// All clocks.
    pub const ALL: [Self; 3] = [Self::Social, Self::Financial, Self::Electronic];

    /// Name for people.
    pub fn name(self) -> Text {
        match self {
            Self::Social => Text::new("社保功能", "Social-security function"),
            Self::Financial => Text::new("金融功能", "Financial function"),
            Self::Electronic => Text::new("电子社会保障卡", "Electronic card"),
        }
    }
}

/// State of one clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum State {
    /// 未启用
    #[default]
    Off,
    /// 正常
    On,
    /// 临时挂失: lapses by itself.
    LostTemporarily,
    /// 正式挂失
    Lost,
    /// 锁定
    Locked,
    /// 已停用: the physical card is lost, locked or was; it must be linked again.
    Suspended,
    /// 已注销: nothing leaves this state.
    Ended,
}

impl State {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Off,
        Self::On,
        Self::LostTemporarily,
        Self::Lost,
        Self::Locked,
        Self::Suspended,
        Self::Ended,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::LostTemporarily => "lost-temporarily",
            Self::Lost => "lost",
            Self::Locked => "locked",
            Self::Suspended => "suspended",
            Self::Ended => "ended",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Name for people, and the kind of badge that fits.
    pub fn name(self) -> (Text, &'static str) {
        let (zh, en, badge) = match self {
            Self::Off => ("未启用", "Not activated", "info"),
            Self::On => ("正常", "Active", "ok"),
            Self::LostTemporarily => ("临时挂失", "Reported lost for a time", "warn"),
            Self::Lost => ("正式挂失", "Reported lost", "bad"),
            Self::Locked => ("已锁定", "Locked", "bad"),
            Self::Suspended => ("已停用，待重新关联", "Off until linked again", "warn"),
            Self::Ended => ("已注销", "Ended", "bad"),
        };
        (Text::new(zh, en), badge)
    }
}

/// What moves a clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Move {
    /// 激活
    Activate,
    /// 临时挂失
    LoseTemporarily,
    /// 正式挂失
    Lose,
    /// 临时挂失到期失效
    Lapse,
    /// 解挂
    Release,
    /// 锁定
    Lock,
    /// 解锁
    Unlock,
    /// 关联 the electronic card with its physical one.
    Link,
    /// 停用 the electronic card because of the physical one.
    Suspend,
    /// 终止
    End,
}

impl Move {
    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Activate => ("激活", "activate"),
            Self::LoseTemporarily => ("临时挂失", "report lost for a time"),
            Self::Lose => ("正式挂失", "report lost"),
            Self::Lapse => ("到期失效", "lapse"),
            Self::Release => ("解挂", "release"),
            Self::Lock => ("锁定", "lock"),
            Self::Unlock => ("解锁", "unlock"),
            Self::Link => ("关联", "link"),
            Self::Suspend => ("停用", "suspend"),
            Self::End => ("终止", "end"),
        };
        Text::new(zh, en)
    }
}

/// Every change of state that there is, for the clocks of the physical card (both functions).
const PHYSICAL: [(State, Move, State); 14] = [
    (State::Off, Move::Activate, State::On),
    (State::On, Move::LoseTemporarily, State::LostTemporarily),
    (State::On, Move::Lose, State::Lost),
    (State::LostTemporarily, Move::Lose, State::Lost),
    (State::LostTemporarily, Move::Lapse, State::On),
    (State::LostTemporarily, Move::Release, State::On),
    (State::Lost, Move::Release, State::On),
    (State::On, Move::Lock, State::Locked),
    (State::Locked, Move::Unlock, State::On),
    (State::Off, Move::End, State::Ended),
    (State::On, Move::End, State::Ended),
    (State::LostTemporarily, Move::End, State::Ended),
    (State::Lost, Move::End, State::Ended),
    (State::Locked, Move::End, State::Ended),
];

/// Every change of state of the electronic card. It is switched off by what happens to the physical
/// card, and on again only by linking (Art. 2).
const ELECTRONIC: [(State, Move, State); 6] = [
    (State::Off, Move::Link, State::On),
    (State::On, Move::Suspend, State::Suspended),
    (State::Suspended, Move::Link, State::On),
    (State::Off, Move::End, State::Ended),
    (State::On, Move::End, State::Ended),
    (State::Suspended, Move::End, State::Ended),
];

/// The changes of state of a clock: from, by, to.
pub fn table(clock: Clock) -> &'static [(State, Move, State)] {
    match clock {
        Clock::Social | Clock::Financial => &PHYSICAL,
        Clock::Electronic => &ELECTRONIC,
    }
}

/// The state after a move; `None` when the table has no such change.
pub fn next(clock: Clock, from: State, by: Move) -> Option<State> {
    table(clock).iter().find(|(f, b, _)| (*f, *b) == (from, by)).map(|(_, _, to)| *to)
}

/// The three clocks of one card.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clocks {
    /// 社保功能
    pub social: State,
    /// 金融功能
    pub financial: State,
    /// 电子社会保障卡
    pub electronic: State,
}

impl Clocks {
    /// One of them.
    pub fn get(&self, clock: Clock) -> State {
        match clock {
            Clock::Social => self.social,
            Clock::Financial => self.financial,
            Clock::Electronic => self.electronic,
        }
    }

    /// Moves one clock; `false` when the table has no such change, and nothing happened.
    pub fn step(&mut self, clock: Clock, by: Move) -> bool {
        let Some(to) = next(clock, self.get(clock), by) else { return false };
        match clock {
            Clock::Social => self.social = to,
            Clock::Financial => self.financial = to,
            Clock::Electronic => self.electronic = to,
        }
        true
    }

    /// Both functions of the physical card go the same way where they can; the electronic card goes
    /// off with them (Art. 2).
    pub fn step_physical(&mut self, by: Move) {
        self.step(Clock::Social, by);
        self.step(Clock::Financial, by);
        if self.social != State::On {
            self.step(Clock::Electronic, Move::Suspend);
        }
    }

    /// All three end, for ever.
    pub fn end(&mut self) {
        for clock in Clock::ALL {
            self.step(clock, Move::End);
        }
    }
}

/// The table of a clock as a Mermaid state diagram, for the documents.
pub fn diagram(clock: Clock) -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned(), "  [*] --> off".to_owned()];
    let ident = |state: State| state.code().replace('-', "_");
    for state in State::ALL {
        if table(clock).iter().any(|(from, _, to)| *from == state || *to == state) {
            lines.push(format!("  {}: {}", ident(state), state.name().0.zh));
        }
    }
    for (from, by, to) in table(clock) {
        lines.push(format!("  {} --> {}: {}", ident(*from), ident(*to), by.name().zh));
    }
    lines.push("  ended --> [*]".to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_end_and_no_change_is_ambiguous() {
        for clock in Clock::ALL {
            let rows = table(clock);
            assert!(rows.iter().all(|(from, _, _)| *from != State::Ended));
            for (place, (from, by, _)) in rows.iter().enumerate() {
                assert!(rows[place + 1..].iter().all(|(f, b, _)| (f, b) != (from, by)));
            }
        }
    }

    /// Art. 13: whatever state a card is in, it can be ended.
    #[test]
    fn every_state_that_a_clock_knows_can_end() {
        for clock in Clock::ALL {
            for (from, _, to) in table(clock) {
                for state in [*from, *to] {
                    assert!(
                        state == State::Ended
                            || next(clock, state, Move::End) == Some(State::Ended)
                    );
                }
            }
        }
    }

    /// Art. 2: the electronic card never stays on beside a physical one that is not.
    #[test]
    fn loss_and_lock_switch_the_electronic_card_off_and_release_does_not_switch_it_on() {
        let on = Clocks { social: State::On, financial: State::On, electronic: State::On };
        for by in [Move::LoseTemporarily, Move::Lose, Move::Lock] {
            let mut clocks = on;
            clocks.step_physical(by);
            assert_eq!(clocks.electronic, State::Suspended);
            assert_eq!(clocks.social, clocks.financial);
            let back = if by == Move::Lock { Move::Unlock } else { Move::Release };
            clocks.step_physical(back);
            assert_eq!((clocks.social, clocks.electronic), (State::On, State::Suspended));
            assert!(clocks.step(Clock::Electronic, Move::Link));
            assert_eq!(clocks, on);
        }
    }

    #[test]
    fn a_function_that_was_never_activated_is_not_reported_lost() {
        let mut clocks = Clocks { social: State::On, electronic: State::On, ..Clocks::default() };
        clocks.step_physical(Move::Lose);
        assert_eq!((clocks.social, clocks.financial), (State::Lost, State::Off));
    }
}
