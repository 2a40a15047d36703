//! Where a case comes from.

use kernel::id::Id;
use kernel::law::Text;

/// Who or what brought it up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// Somebody told it.
    Report,
    /// An alert of the detection (Art. 20).
    Alert,
    /// A complaint (Art. 22).
    Complaint,
    /// A refusal or omission (Art. 25).
    Refusal,
    /// An entry of the journal that an auditor found.
    Audit,
    /// A use of a card.
    Use,
    /// A payment.
    Payment,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 7] = [
        Self::Report,
        Self::Alert,
        Self::Complaint,
        Self::Refusal,
        Self::Audit,
        Self::Use,
        Self::Payment,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Alert => "alert",
            Self::Complaint => "complaint",
            Self::Refusal => "refusal",
            Self::Audit => "audit",
            Self::Use => "use",
            Self::Payment => "payment",
        }
    }

    /// The source with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Report => ("群众举报", "Report"),
            Self::Alert => ("风险预警", "Alert"),
            Self::Complaint => ("投诉", "Complaint"),
            Self::Refusal => ("拒绝用卡反映", "Refusal"),
            Self::Audit => ("审计发现", "Audit"),
            Self::Use => ("用卡记录", "Use"),
            Self::Payment => ("资金发放", "Payment"),
        };
        Text::new(zh, en)
    }
}

/// The thing that a case comes from: `refusal:0abc…`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// What it is.
    pub source: Source,
    /// Its id or number.
    pub id: String,
}

impl Origin {
    /// Reads `kind:id`, as links to `/office/cases/new?from=` carry it.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.trim().split_once(':')?;
        let source = Source::from_code(kind).filter(|source| *source != Source::Report)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let fits = (1..=40).contains(&id.len()) && id.chars().all(plain);
        fits.then(|| Self { source, id: id.to_owned() })
    }

    /// The page of that thing, where there is one.
    pub fn link(&self) -> Option<String> {
        match self.source {
            Source::Refusal => {
                let id: Id = self.id.parse().ok()?;
                Some(format!("/office/refusals?before={}#report-{id}", Id(id.0.saturating_add(1))))
            }
            Source::Alert => Some(format!("/office/alerts/{}", self.id)),
            Source::Complaint => Some(format!("/office/complaints/{}", self.id)),
            _ => None,
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.source.code(), self.id)
    }
}
