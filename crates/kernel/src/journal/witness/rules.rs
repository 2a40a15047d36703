//! What a witness signs, and what it refuses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use seal::hash::{Sm3, TreeHash as _};
use seal::head::TreeHead;
use seal::merkle::{Hash, consistent};

use crate::law::{Article, Refusal, Text};

/// The most hashes of a proof: a tree of 2^63 leaves needs no more.
const MOST_HASHES: usize = 63;

/// What is posted to `add-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Size of the head that the log believes was seen last.
    pub old: u64,
    /// Consistency proof from there.
    pub proof: Vec<Hash>,
    /// The checkpoint.
    pub checkpoint: String,
}

impl Posted {
    /// `old <size>`, the proof's hashes in base64, an empty line, the checkpoint.
    pub fn to_text(&self) -> String {
        let hashes: String = self.proof.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
        format!("old {}\n{hashes}\n{}", self.old, self.checkpoint)
    }

    /// Reads [`Posted::to_text`].
    pub fn parse(text: &str) -> Option<Self> {
        let (before, checkpoint) = text.split_once("\n\n")?;
        let mut lines = before.split('\n');
        let old = lines.next()?.strip_prefix("old ")?.parse().ok()?;
        let hash = |line: &str| Hash::try_from(STANDARD.decode(line).ok()?).ok();
        let proof = lines.take(MOST_HASHES + 1).map(hash).collect::<Option<Vec<_>>>()?;
        let posted = Self { old, proof, checkpoint: checkpoint.to_owned() };
        (posted.proof.len() <= MOST_HASHES && posted.to_text() == text).then_some(posted)
    }
}

/// The head that was seen last; of a log that was never seen the empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

impl Seen {
    /// Nothing yet.
    pub fn nothing() -> Self {
        Self { size: 0, root: Sm3::of(&[]) }
    }
}

/// What a head deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It grew out of what was seen.
    Sign,
    /// The log does not know what was seen last: it is told the size.
    Conflict,
    /// Two roots of one size: the log shows two histories.
    Fork,
    /// Signed by the log, but not shown to have grown out of what was seen.
    Unproved,
    /// The proof is said to start behind the head.
    Backwards,
}

/// Judges a head whose signature holds.
pub fn judge(seen: &Seen, old: u64, proof: &[Hash], head: &TreeHead) -> Verdict {
    if head.size == seen.size && head.root != seen.root {
        return Verdict::Fork;
    }
    if old > head.size {
        return Verdict::Backwards;
    }
    if old != seen.size {
        return Verdict::Conflict;
    }
    match consistent::<Sm3>((seen.size, &seen.root), (head.size, &head.root), proof) {
        true => Verdict::Sign,
        false => Verdict::Unproved,
    }
}

/// Why a checkpoint is not signed, or a log or witness not taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The body cannot be read.
    Form,
    /// The log is not watched here.
    UnknownLog,
    /// Not signed by the log's key.
    Signature,
    /// The proof starts behind the head.
    Backwards,
    /// Another history than the one that was seen: an alarm is on record.
    Fork,
    /// The proof does not hold: an alarm is on record.
    Unproved,
    /// The name has another key already.
    OtherKey,
    /// The text is no key of a log or witness.
    NoKey,
    /// The address is neither https nor this machine.
    Address,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Form => "witness/unreadable",
            Self::UnknownLog => "witness/unknown-log",
            Self::Signature => "witness/not-signed-by-the-log",
            Self::Backwards => "witness/backwards",
            Self::Fork => "witness/fork",
            Self::Unproved => "witness/not-consistent",
            Self::OtherKey => "witness/other-key",
            Self::NoKey => "witness/no-key",
            Self::Address => "witness/address",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(19))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::Form => ("提交的内容不是检查点", "This is no checkpoint with its proof"),
            Self::UnknownLog => ("本系统不见证该日志", "This log is not watched here"),
            Self::Signature => ("签名与该日志的公钥不符", "Not signed by the key of this log"),
            Self::Backwards => ("证明的起点在树头之后", "The proof starts behind the head"),
            Self::Fork => {
                ("同一大小出现两个树根，已报警", "Two roots of one size: an alarm is on record")
            }
            Self::Unproved => {
                ("一致性证明不成立，已报警", "The proof does not hold: an alarm is on record")
            }
            Self::OtherKey => ("该名称已登记另一把公钥", "This name has another key already"),
            Self::NoKey => ("公钥格式不正确", "This is no public key of a log or witness"),
            Self::Address => ("地址须为 https", "The address must be https"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::Form => ("请对照 docs/journal.md", "Compare with docs/journal.md"),
            Self::UnknownLog => ("请先由管理员登记", "Its administrators ask ours to add it"),
            Self::Signature | Self::OtherKey => ("请核对公钥", "Compare the public keys"),
            Self::Backwards | Self::Unproved => {
                ("请从见证方最后所见处重新证明", "Prove from the size seen last")
            }
            Self::Fork => ("请审计人员核查双方日志", "Auditors of both sides compare the logs"),
            Self::NoKey => (
                "请粘贴 /log/key 或 /witness/key 的整行",
                "Paste the whole line of /log/key or /witness/key",
            ),
            Self::Address => ("本机地址可用 http", "http is for this machine only"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::Form | Self::Backwards => 400,
            Self::UnknownLog => 404,
            Self::Signature => 403,
            Self::Fork | Self::OtherKey => 409,
            Self::Unproved | Self::NoKey | Self::Address => 422,
        }
    }
}
