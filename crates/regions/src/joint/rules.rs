//! What a clerk of another region may ask for, how it is written, and every "no". No I/O.

mod refused;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cards::rules::{Cause, Command, Fee};
use cards::service::Possible;
use kernel::law::Text;
use kernel::problem::{FieldProblem, Problem};
use people::service::Registration;
use seal::envelope::Envelope;
use serde::{Deserialize, Serialize};

pub use refused::Refused;

/// What is done at a joint outlet (Art. 11).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Service {
    /// See the card's state and what can be done now.
    Look,
    /// Apply for a first card.
    Apply,
    /// Take back an application.
    Withdraw,
    /// The cards that the home region sent to this outlet have come.
    Arrived,
    /// Hand the card over.
    HandOver,
    /// Activate the social-security function.
    Activate,
    /// Activate the financial function.
    ActivateFinancial,
    /// Report a loss for some days.
    LoseTemporarily,
    /// Report a loss.
    Lose,
    /// Release (解挂).
    Release,
    /// Link the electronic card again.
    Link,
    /// Replace or renew the card.
    Replace,
}

impl Service {
    /// All, in the order of the form.
    pub const ALL: [Self; 12] = [
        Self::Look,
        Self::LoseTemporarily,
        Self::Lose,
        Self::Release,
        Self::Replace,
        Self::Apply,
        Self::Arrived,
        Self::HandOver,
        Self::Activate,
        Self::ActivateFinancial,
        Self::Link,
        Self::Withdraw,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Apply => "apply",
            Self::Withdraw => "withdraw",
            Self::Arrived => "arrived",
            Self::HandOver => "hand-over",
            Self::Activate => "activate",
            Self::ActivateFinancial => "activate-financial",
            Self::LoseTemporarily => "lose-temporarily",
            Self::Lose => "lose",
            Self::Release => "release",
            Self::Link => "link",
            Self::Replace => "replace",
        }
    }

    /// The service with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Look => ("查询卡状态和可办业务", "See the card and what can be done"),
            Self::Apply => ("申领", "Apply for a card"),
            Self::Withdraw => ("撤回申请", "Withdraw the application"),
            Self::Arrived => ("签收寄到本网点的卡", "Cards sent to this outlet have come"),
            Self::HandOver => ("发卡", "Hand over the card"),
            Self::Activate => ("激活社保功能", "Activate"),
            Self::ActivateFinancial => ("激活金融功能", "Activate the financial function"),
            Self::LoseTemporarily => ("临时挂失", "Report lost for some days"),
            Self::Lose => ("正式挂失", "Report lost"),
            Self::Release => ("解挂", "Release"),
            Self::Link => ("重新关联电子卡", "Link the electronic card"),
            Self::Replace => ("补换卡", "Replace the card"),
        };
        Text::new(zh, en)
    }

    /// Whether a card is made after it, so that it ends when that card is handed over.
    pub fn makes_card(self) -> bool {
        matches!(self, Self::Apply | Self::Replace)
    }

    /// Whether it is about no single holder.
    pub fn is_about_all(self) -> bool {
        self == Self::Arrived
    }
}

/// What a clerk enters; it travels sealed to the home region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Wanted {
    /// Code of the service: `look`, `apply`, `lose` …
    pub service: String,
    /// Number on the holder's document, which the clerk has before him.
    #[serde(default)]
    pub number: String,
    /// Name on it.
    #[serde(default)]
    pub name: String,
    /// `document`: the clerk compared the person with his document.
    #[serde(default)]
    pub proof: String,
    /// Number of a guardian or agent who acts for the holder.
    #[serde(default)]
    pub agent: String,
    /// For an application: kind of the document.
    #[serde(default)]
    pub document: String,
    /// For an application: mobile phone.
    #[serde(default)]
    pub phone: String,
    /// For an application: address.
    #[serde(default)]
    pub address: String,
    /// For an application: division of the household book.
    #[serde(default)]
    pub household: String,
    /// For an application: ground of Art. 5.
    #[serde(default)]
    pub ground: String,
    /// For an application: last day of an entitlement, `YYYY-MM-DD`.
    #[serde(default)]
    pub ground_until: String,
    /// For an application for a child: the guardian's name and document number.
    #[serde(default)]
    pub guardian: String,
    /// For a hand-over: who took the card.
    #[serde(default)]
    pub to: String,
    /// For an activation: as typed by the holder.
    #[serde(default)]
    pub password: String,
    /// For a replacement: why (Art. 12).
    #[serde(default)]
    pub cause: String,
    /// For a replacement: `paid`, `waived` or empty.
    #[serde(default)]
    pub fee: String,
    /// Number of the receipt, or ground of the waiver.
    #[serde(default)]
    pub fee_proof: String,
}

impl Wanted {
    /// The service, when the form names one and says what each needs here; the rest is the home region's
    /// to judge.
    ///
    /// # Errors
    /// A line for each wrong field.
    pub fn service(&self) -> Result<Service, Problem> {
        let wrong = |field: &str, zh: &str, en: &str| FieldProblem {
            field: field.to_owned(),
            text: Text::new(zh, en),
        };
        let Some(service) = Service::from_code(&self.service) else {
            return Err(Problem::field("service", Text::new("请选择业务", "Choose the service")));
        };
        let mut faults = Vec::new();
        if !service.is_about_all() {
            if !(6..=30).contains(&self.number.trim().len()) {
                faults.push(wrong("number", "请填写证件号码", "The number on the document"));
            }
            if !(1..=60).contains(&self.name.trim().chars().count()) {
                faults.push(wrong("name", "请填写证件上的姓名", "The name on the document"));
            }
            if self.proof != "document" {
                faults.push(wrong(
                    "proof",
                    "请核对人证一致后勾选",
                    "Compare the person with the document first",
                ));
            }
        }
        let texts = [&self.agent, &self.phone, &self.address, &self.guardian, &self.to];
        let more = [&self.password, &self.fee_proof, &self.household, &self.ground_until];
        if texts.into_iter().chain(more).any(|text| text.chars().count() > 200) {
            faults.push(wrong("service", "内容过长", "Something is too long"));
        }
        match faults.is_empty() {
            true => Ok(service),
            false => Err(Problem::invalid(faults)),
        }
    }

    /// The command of the home region's rules; none for a look and for cards that came. `clerk` is
    /// whose word the check of the document is.
    ///
    /// # Errors
    /// A replacement names no cause.
    pub fn command(&self, service: Service, clerk: &str) -> Result<Option<Command>, Problem> {
        let proof = format!("{clerk} 已核验人证一致 / compared person and document");
        Ok(Some(match service {
            Service::Look | Service::Arrived => return Ok(None),
            Service::Apply => Command::Apply { guardian: self.guardian.clone() },
            Service::Withdraw => Command::Withdraw,
            Service::HandOver => Command::HandOver { to: self.to.clone() },
            Service::Activate => Command::Activate { password: self.password.clone() },
            Service::ActivateFinancial => Command::ActivateFinancial,
            Service::LoseTemporarily => Command::LoseTemporarily,
            Service::Lose => Command::Lose { proof },
            Service::Release => Command::Release { proof },
            Service::Link => Command::Link,
            Service::Replace => {
                let cause = Cause::from_code(&self.cause).ok_or_else(|| {
                    Problem::field("cause", Text::new("请选择原因", "Choose a reason"))
                })?;
                // A recorded decision is the home authority's own to take.
                let decision = String::new();
                let proof = self.fee_proof.clone();
                let fee = match self.fee.as_str() {
                    "paid" => Fee::Paid(proof),
                    "waived" => Fee::Waived(proof),
                    _ => Fee::Free,
                };
                Command::Replace { cause, decision, fee }
            }
        }))
    }

    /// The registration form of an application (Art. 12).
    pub fn registration(&self) -> Registration {
        Registration {
            number: self.number.clone(),
            document: self.document.clone(),
            name: self.name.clone(),
            phone: self.phone.clone(),
            address: self.address.clone(),
            household: self.household.clone(),
            ground: self.ground.clone(),
            ground_until: self.ground_until.clone(),
            ..Registration::default()
        }
    }
}

/// The service that does this command, where one does.
pub fn service_of(command: &Command) -> Option<Service> {
    Some(match command {
        Command::Apply { .. } => Service::Apply,
        Command::Withdraw => Service::Withdraw,
        Command::HandOver { .. } => Service::HandOver,
        Command::Activate { .. } => Service::Activate,
        Command::ActivateFinancial => Service::ActivateFinancial,
        Command::LoseTemporarily => Service::LoseTemporarily,
        Command::Lose { .. } => Service::Lose,
        Command::Release { .. } => Service::Release,
        Command::Link => Service::Link,
        Command::Replace { .. } => Service::Replace,
        Command::Produce
        | Command::Lapse
        | Command::Lock
        | Command::Unlock { .. }
        | Command::Cancel { .. } => return None,
    })
}

/// A text in both languages as it travels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<&Text> for Words {
    fn from(text: &Text) -> Self {
        Self { zh: text.zh.clone(), en: text.en.clone() }
    }
}

/// What the home region answers; it travels sealed to the region that asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Answer {
    /// `ok`, or the code of the refusal.
    pub result: String,
    /// The article, where one applies.
    pub article: Option<u8>,
    /// Why not, or what was done.
    pub reason: Words,
    /// What to do now.
    pub advice: Words,
    /// Stage of the card; empty when there is none.
    pub stage: Words,
    /// The three functions: name and state.
    pub clocks: Vec<(Words, Words)>,
    /// Last day of validity, `YYYY-MM-DD`, once made.
    pub expires_on: String,
    /// What can be done now: code of the service and, when it cannot, why.
    pub possible: Vec<(String, Option<Words>)>,
    /// Fee in fen that was taken for the home region.
    pub fee_fen: i64,
    /// How many cards were received.
    pub cards: i64,
}

impl Answer {
    /// A refusal in the home region's words.
    pub fn no(problem: &Problem) -> Self {
        let faults = problem.fields.iter().map(|fault| &fault.text);
        let join = |first: &str, of: fn(&Text) -> &String| {
            let all: Vec<&str> = std::iter::once(first)
                .chain(faults.clone().map(|text| of(text).as_str()))
                .collect();
            all.join("；")
        };
        Self {
            result: problem.code.to_owned(),
            article: problem.article.map(|article| article.0),
            reason: Words {
                zh: join(&problem.title.zh, |text| &text.zh),
                en: join(&problem.title.en, |text| &text.en),
            },
            advice: (&*problem.advice).into(),
            ..Self::default()
        }
    }

    /// What the home region's rules let a joint outlet do now, with the reason where they do not.
    pub fn offers(possible: &[Possible]) -> Vec<(String, Option<Words>)> {
        let one = |one: &Possible| {
            use kernel::law::Refusal as _;
            let service = service_of(&one.command)?;
            let why = one.refused.as_ref().map(|refused| Words::from(&refused.reason()));
            Some((service.code().to_owned(), why))
        };
        possible.iter().filter_map(one).collect()
    }
}

/// An envelope as text: both parts in base64 with a full stop between.
pub fn envelope_text(envelope: &Envelope) -> String {
    format!("{}.{}", BASE64.encode(&envelope.wrapped), BASE64.encode(&envelope.body))
}

/// Reads [`envelope_text`].
pub fn read_envelope(text: &str) -> Option<Envelope> {
    let (wrapped, body) = text.split_once('.')?;
    let (wrapped, body) = (BASE64.decode(wrapped).ok()?, BASE64.decode(body).ok()?);
    Some(Envelope { wrapped, body })
}

/// What binds an envelope to its place: who seals for whom, in which case, and which piece it is.
pub fn context(from: &str, to: &str, case: &str, piece: &str) -> Vec<u8> {
    format!("yikatong-joint|{from}|{to}|{case}|{piece}").into_bytes()
}

/// Characters of one part of a document: with what stands around it, below the longest message.
pub const PART: usize = 14_000;
/// The most documents of a case.
pub const PAPERS: usize = 4;
/// The most bytes of a document.
pub const PAPER: usize = 1 << 20;
/// The most parts that a document comes in.
pub const PARTS: usize = (PAPER + 4_096) * 4 / 3 / PART + 2;

/// The body of the message `joint.case`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseSent {
    /// 32 hexadecimal digits.
    pub case: String,
    /// Code of the service.
    pub service: String,
    /// Id of the outlet in its region.
    pub outlet: String,
    /// Its name.
    pub outlet_name: Words,
    /// Clerk, as holders of the home region see him.
    pub clerk: String,
    /// Last second for the answer, UTC; for a card that is to be made, for its hand-over.
    pub due: i64,
    /// Kinds of the documents that came before, in order.
    pub papers: Vec<String>,
    /// [`Wanted`] in an envelope.
    pub sealed: String,
}

impl CaseSent {
    /// Whether it is what the protocol says.
    pub fn is_plain(&self) -> bool {
        is_case_id(&self.case)
            && Service::from_code(&self.service).is_some()
            && (1..=20).contains(&self.outlet.len())
            && (1..=60).contains(&self.outlet_name.zh.chars().count())
            && self.outlet_name.en.chars().count() <= 100
            && (1..=40).contains(&self.clerk.chars().count())
            && self.papers.len() <= PAPERS
    }
}

/// Whether this can be the id of a case.
pub fn is_case_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The body of the message `joint.paper`: a part of a sealed document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperPart {
    /// Case.
    pub case: String,
    /// Which document, from 0.
    pub paper: usize,
    /// Which part, from 0.
    pub part: usize,
    /// How many parts there are.
    pub parts: usize,
    /// The part of the envelope's text.
    pub data: String,
}

impl PaperPart {
    /// Whether it is what the protocol says.
    pub fn is_plain(&self) -> bool {
        is_case_id(&self.case)
            && self.paper < PAPERS
            && (1..=PARTS).contains(&self.parts)
            && self.part < self.parts
            && self.data.len() <= PART
            && self.data.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=.".contains(&b))
    }
}

/// The body of the message `joint.answer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerSent {
    /// Case.
    pub case: String,
    /// When, seconds UTC.
    pub at: i64,
    /// Whether the case has ended; a card that is to be made ends it when it is handed over.
    pub closed: bool,
    /// [`Answer`] in an envelope; empty when only the end is told.
    pub sealed: String,
}

/// The body of the message `joint.month`: the fees of a month as the region that took them counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthSent {
    /// `YYYY-MM`.
    pub month: String,
    /// Cases answered.
    pub cases: i64,
    /// Fees taken for the home region, fen.
    pub fen: i64,
}

/// Whether this is a month.
pub fn is_month(text: &str) -> bool {
    text.len() == 7 && kernel::time::parse_day(&format!("{text}-01")).is_some()
}
