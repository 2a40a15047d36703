//! What may be taken as evidence, and for how long it is kept.

use kernel::law::{Article, Refusal, Text};
use kernel::settings::Setting;
use time::{Date, Duration};

/// The largest file, in bytes.
pub const LARGEST: usize = 2 * 1024 * 1024;

/// What a piece of evidence shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EvidenceKind {
    /// Front of a document.
    DocumentFront,
    /// Back of a document.
    DocumentBack,
    /// Page of the household book.
    HouseholdPage,
    /// Handwritten signature.
    Signature,
    /// Proof that somebody is the guardian.
    GuardianProof,
    /// Authorisation of an agent.
    AgentAuthorisation,
    /// Proof of an entitlement to public services (Art. 5).
    EntitlementProof,
    /// Death certificate or declaration of death (Art. 13).
    DeathCertificate,
    /// Proof that the Chinese nationality was lost (Art. 13).
    NationalityLoss,
    /// Anything else.
    Other,
}

impl EvidenceKind {
    /// All kinds, in the order in which a form offers them.
    pub const ALL: [Self; 10] = [
        Self::DocumentFront,
        Self::DocumentBack,
        Self::HouseholdPage,
        Self::Signature,
        Self::GuardianProof,
        Self::AgentAuthorisation,
        Self::EntitlementProof,
        Self::DeathCertificate,
        Self::NationalityLoss,
        Self::Other,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::DocumentFront => "document_front",
            Self::DocumentBack => "document_back",
            Self::HouseholdPage => "household_page",
            Self::Signature => "signature",
            Self::GuardianProof => "guardian_proof",
            Self::AgentAuthorisation => "agent_authorisation",
            Self::EntitlementProof => "entitlement_proof",
            Self::DeathCertificate => "death_certificate",
            Self::NationalityLoss => "nationality_loss",
            Self::Other => "other",
        }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::DocumentFront => ("证件正面", "Document, front"),
            Self::DocumentBack => ("证件反面", "Document, back"),
            Self::HouseholdPage => ("户口簿页", "Household book page"),
            Self::Signature => ("签名", "Signature"),
            Self::GuardianProof => ("监护关系证明", "Proof of guardianship"),
            Self::AgentAuthorisation => ("代办委托书", "Authorisation of an agent"),
            Self::EntitlementProof => ("公共服务权益证明", "Proof of entitlement"),
            Self::DeathCertificate => ("死亡证明", "Death certificate"),
            Self::NationalityLoss => ("丧失国籍证明", "Proof of lost nationality"),
            Self::Other => ("其他材料", "Other"),
        };
        Text::new(zh, en)
    }

    /// How many days it is kept.
    pub fn keep(self) -> &'static Setting {
        match self {
            Self::DocumentFront | Self::DocumentBack | Self::HouseholdPage => &KEEP_DOCUMENT,
            Self::Signature => &KEEP_SIGNATURE,
            Self::GuardianProof => &KEEP_GUARDIAN,
            Self::AgentAuthorisation => &KEEP_AGENT,
            Self::EntitlementProof => &KEEP_ENTITLEMENT,
            Self::DeathCertificate | Self::NationalityLoss => &KEEP_END,
            Self::Other => &KEEP_OTHER,
        }
    }
}

const fn keep(name: &'static str, default: i64, zh: &'static str, en: &'static str) -> Setting {
    Setting { name, default, least: 30, most: 36_500, zh, en, article: 12 }
}

/// Days that images of documents are kept.
pub static KEEP_DOCUMENT: Setting = keep(
    "people.keep-document-days",
    3_650,
    "证件影像保存天数",
    "Days images of documents are kept",
);
/// Days that signatures are kept.
pub static KEEP_SIGNATURE: Setting =
    keep("people.keep-signature-days", 3_650, "签名保存天数", "Days signatures are kept");
/// Days that proofs of guardianship are kept.
pub static KEEP_GUARDIAN: Setting = keep(
    "people.keep-guardian-days",
    6_570,
    "监护证明保存天数",
    "Days proofs of guardianship are kept",
);
/// Days that authorisations of agents are kept.
pub static KEEP_AGENT: Setting =
    keep("people.keep-agent-days", 1_095, "委托书保存天数", "Days authorisations are kept");
/// Days that proofs of entitlement are kept.
pub static KEEP_ENTITLEMENT: Setting = keep(
    "people.keep-entitlement-days",
    3_650,
    "权益证明保存天数",
    "Days proofs of entitlement are kept",
);
/// Days that proofs for a cancellation are kept.
pub static KEEP_END: Setting = keep(
    "people.keep-cancellation-days",
    10_950,
    "注销材料保存天数",
    "Days proofs for a cancellation are kept",
);
/// Days that other evidence is kept.
pub static KEEP_OTHER: Setting =
    keep("people.keep-other-days", 1_095, "其他材料保存天数", "Days other evidence is kept");
/// How many pieces one person may have in the vault.
pub static LIMIT: Setting = Setting {
    name: "people.evidence-limit",
    default: 60,
    least: 10,
    most: 500,
    zh: "每人材料份数上限",
    en: "Pieces of evidence for one person",
    article: 12,
};

/// A media type that the vault takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Media {
    /// PNG image.
    Png,
    /// JPEG image.
    Jpeg,
    /// PDF document.
    Pdf,
}

impl Media {
    /// What the content itself says; names and claims of the sender count for nothing.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        match bytes {
            _ if bytes.starts_with(PNG) => Some(Self::Png),
            [0xff, 0xd8, 0xff, _, ..] => Some(Self::Jpeg),
            _ if bytes.starts_with(b"%PDF-1.") || bytes.starts_with(b"%PDF-2.") => Some(Self::Pdf),
            _ => None,
        }
    }

    /// The media type of RFC 6838.
    pub fn code(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Pdf => "application/pdf",
        }
    }

    /// The type with this name.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Png, Self::Jpeg, Self::Pdf].into_iter().find(|media| media.code() == code)
    }

    /// How an answer hands it over: images are shown, a PDF may carry scripts and is saved.
    pub fn disposition(self, id: kernel::id::Id) -> String {
        match self {
            Self::Png => format!("inline; filename=\"{id}.png\""),
            Self::Jpeg => format!("inline; filename=\"{id}.jpg\""),
            Self::Pdf => format!("attachment; filename=\"{id}.pdf\""),
        }
    }
}

/// Why evidence is not taken or shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Neither PNG, JPEG nor PDF.
    WrongMedia,
    /// Larger than [`LARGEST`].
    TooLarge,
    /// The person has as many pieces as allowed.
    TooMany(i64),
    /// An act that needs evidence names none of this person.
    Missing,
    /// The days are over: the content was removed.
    Removed,
    /// The stored content does not open or is not what was taken.
    Damaged,
}

impl Refused {
    /// One of each kind, for documents and tests.
    pub const ALL: [Self; 6] = [
        Self::WrongMedia,
        Self::TooLarge,
        Self::TooMany(0),
        Self::Missing,
        Self::Removed,
        Self::Damaged,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::WrongMedia => "people/evidence-wrong-media",
            Self::TooLarge => "people/evidence-too-large",
            Self::TooMany(_) => "people/evidence-too-many",
            Self::Missing => "people/evidence-missing",
            Self::Removed => "people/evidence-removed",
            Self::Damaged => "people/evidence-damaged",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::Missing | Self::TooMany(_) => Some(Article(12)),
            Self::Removed | Self::Damaged => Some(Article(19)),
            Self::WrongMedia | Self::TooLarge => None,
        }
    }

    fn reason(&self) -> Text {
        match self {
            Self::WrongMedia => {
                Text::new("文件不是 PNG、JPEG 或 PDF", "The file is no PNG, JPEG or PDF")
            }
            Self::TooLarge => Text::new("文件超过2MB", "The file is larger than 2 MiB"),
            Self::TooMany(most) => Text::new(
                format!("该人员的材料已达 {most} 份上限"),
                format!("This person has {most} pieces of evidence already"),
            ),
            Self::Missing => Text::new("缺少证明材料", "Evidence is missing"),
            Self::Removed => Text::new(
                "材料已到保存期限，内容已删除",
                "The days of keeping are over and the content was deleted",
            ),
            Self::Damaged => Text::new("材料无法解密或已被改动", "The evidence cannot be opened"),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::WrongMedia => Text::new(
                "请重新拍照或扫描，保存为 PNG、JPEG 或 PDF",
                "Photograph or scan it again as PNG, JPEG or PDF",
            ),
            Self::TooLarge => Text::new("请降低分辨率后重新上传", "Send it with fewer pixels"),
            Self::TooMany(_) => Text::new("请使用已有材料", "Use what is in the vault already"),
            Self::Missing => Text::new(
                "请先上传证明材料，再选择该材料",
                "Put the proof into the vault first, then choose it",
            ),
            Self::Removed => Text::new("如需要，请重新交验材料", "Ask for the document again"),
            Self::Damaged => Text::new("请联系系统管理员", "Tell the administrator"),
        }
    }

    fn status(&self) -> u16 {
        match self {
            Self::WrongMedia => 415,
            Self::TooLarge => 413,
            Self::Missing => 422,
            Self::Removed => 410,
            Self::TooMany(_) => 409,
            Self::Damaged => 500,
        }
    }
}

/// Looks at a file before it is taken.
///
/// # Errors
/// Wrong kind or too large.
pub fn inspect(bytes: &[u8]) -> Result<Media, Refused> {
    if bytes.len() > LARGEST {
        return Err(Refused::TooLarge);
    }
    Media::sniff(bytes).ok_or(Refused::WrongMedia)
}

/// Last day of keeping.
pub fn keep_until(today: Date, days: i64) -> Date {
    today.saturating_add(Duration::days(days))
}

/// What sealed content is bound to: it opens in its own row only.
pub fn binding(person: kernel::id::Id, id: kernel::id::Id) -> Vec<u8> {
    [b"evidence".as_slice(), &person.0.to_be_bytes(), &id.0.to_be_bytes()].concat()
}
