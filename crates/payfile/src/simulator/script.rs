//! The script: what happens is a function of the seed and of what it happens to, so that the same
//! seed gives the same story, also after the program was killed.

use std::str::FromStr;

use crate::contract::Reason;

/// How likely each misbehaviour is, in percent, and the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    seed: u64,
    chances: [u8; Act::ALL.len()],
}

/// What may go otherwise than well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// An order is not paid.
    Fail,
    /// An order is paid, and the money comes back later.
    Bounce,
    /// A result says "returned" of an order that is paid; the statement says otherwise.
    Lie,
    /// An answer is late by some rounds.
    Delay,
    /// A report comes twice, under two numbers.
    Duplicate,
    /// The lines of a report are in another order.
    Reorder,
    /// A report is cut off; it comes whole later.
    Truncate,
    /// A report covers a part of the batch; the rest comes later.
    Half,
    /// A batch is refused as a whole.
    Refuse,
    /// The host forgets all that is not in its book.
    Restart,
    /// A result tells another amount than was paid.
    Amount,
    /// A result tells of an order that nobody gave.
    Stranger,
    /// An answer over HTTP is lost after the work is done.
    Silence,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Fail,
        Self::Bounce,
        Self::Lie,
        Self::Delay,
        Self::Duplicate,
        Self::Reorder,
        Self::Truncate,
        Self::Half,
        Self::Refuse,
        Self::Restart,
        Self::Amount,
        Self::Stranger,
        Self::Silence,
    ];

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Bounce => "bounce",
            Self::Lie => "lie",
            Self::Delay => "delay",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Truncate => "truncate",
            Self::Half => "half",
            Self::Refuse => "refuse",
            Self::Restart => "restart",
            Self::Amount => "amount",
            Self::Stranger => "stranger",
            Self::Silence => "silence",
        }
    }

    fn usual(self) -> u8 {
        match self {
            Self::Fail => 4,
            Self::Bounce => 2,
            Self::Lie | Self::Amount => 1,
            Self::Refuse | Self::Restart => 3,
            _ => 20,
        }
    }
}

impl Script {
    /// A bank that does all well.
    pub fn good() -> Self {
        Self { seed: 0, chances: [0; Act::ALL.len()] }
    }

    /// Whether `act` happens to the thing of this name.
    pub fn does(&self, act: Act, name: &str) -> bool {
        self.number(act.word(), name) % 100 < u64::from(self.chances[act as usize])
    }

    /// A number for a thing, the same for ever.
    pub fn number(&self, what: &str, name: &str) -> u64 {
        let sum = seal::sm3::sm3(format!("{}|{what}|{name}", self.seed).as_bytes());
        u64::from_le_bytes(sum[..8].try_into().expect("eight of 32 bytes"))
    }

    /// Why an order is not paid or comes back.
    pub fn reason(&self, reference: &str) -> Reason {
        let reasons = [Reason::NoAccount, Reason::Closed, Reason::Blocked, Reason::NameMismatch];
        reasons[(self.number("reason", reference) % 4) as usize]
    }
}

impl FromStr for Script {
    type Err = String;

    /// `good`, or `seed:42` with the usual chances, or `seed:42,fail=10,duplicate=0`; with `only`
    /// among the words all others are 0.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "good" {
            return Ok(Self::good());
        }
        let words =
            text.strip_prefix("seed:").ok_or("a script is good or seed:NUMBER[,word=percent]")?;
        let mut words = words.split(',');
        let seed = words.next().unwrap_or_default();
        let seed = seed.parse().map_err(|_| format!("{seed:?} is no seed"))?;
        let mut script = Self { seed, chances: Act::ALL.map(Act::usual) };
        for word in words {
            if word == "only" {
                script.chances = [0; Act::ALL.len()];
                continue;
            }
            let read = word.split_once('=').and_then(|(word, percent)| {
                let act = Act::ALL.into_iter().find(|act| act.word() == word)?;
                Some((act, percent.parse().ok().filter(|p| *p <= 100)?))
            });
            let (act, percent) = read.ok_or_else(|| format!("{word:?} is no word=percent"))?;
            script.chances[act as usize] = percent;
        }
        Ok(script)
    }
}
