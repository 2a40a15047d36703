//! Every "no" of this capability.

use kernel::law::{Article, Refusal, Text};

/// Why something of another region is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The region is not trusted here.
    Unlisted,
    /// The signature is not of the key.
    Forged,
    /// Not what the protocol says.
    Unreadable,
    /// A descriptor of this region.
    OwnRegion,
    /// Before its first or after its last second.
    NotValid,
    /// Another version of the standard (Art. 17).
    Standard,
    /// Not newer than what is trusted.
    Rollback,
    /// A new key that the old one did not sign.
    NotFromOldKey,
    /// Another fingerprint was read out.
    Fingerprint,
    /// Above the limit of size.
    TooLong,
    /// Speaks for, or to, another region.
    Scope,
    /// Issued later than now.
    Future,
    /// Too old: late, or replayed.
    Expired,
    /// The id came before with another content.
    Reused,
    /// The message before it is missing; it is to be sent again.
    Later,
    /// No handler of this kind and version.
    UnknownKind,
    /// More than the limit in one request.
    TooMany,
}

struct Row {
    code: &'static str,
    status: u16,
    article: Option<u8>,
    reason: (&'static str, &'static str),
    advice: (&'static str, &'static str),
}

impl Refused {
    fn row(self) -> Row {
        let (code, status, article, reason, advice) = match self {
            Self::Unlisted => (
                "regions/unlisted",
                403,
                Some(17),
                ("该地区未经双方确认", "That region is not confirmed here"),
                ("请先交换并确认地区描述", "Exchange and approve descriptors first"),
            ),
            Self::Forged => (
                "regions/forged",
                403,
                Some(24),
                ("签名不符", "The signature does not fit"),
                ("请核对发送方及其密钥", "Check the sender and its key"),
            ),
            Self::Unreadable => (
                "regions/unreadable",
                422,
                None,
                ("内容无法识别", "The content cannot be read"),
                ("请对照协议文档检查", "Compare it with the protocol"),
            ),
            Self::OwnRegion => (
                "regions/own-region",
                409,
                None,
                ("这是本地区的描述", "This is this region\u{27}s own descriptor"),
                ("请导入对方地区的描述", "Import the other region\u{27}s"),
            ),
            Self::NotValid => (
                "regions/not-valid",
                409,
                Some(17),
                ("描述不在有效期内", "The descriptor is not valid now"),
                ("请向对方索取新的描述", "Ask the other region for a new one"),
            ),
            Self::Standard => (
                "regions/standard",
                409,
                Some(17),
                ("标准版本不一致", "The versions of the standard differ"),
                ("请双方先升级到同一标准", "Adopt the same version on both sides first"),
            ),
            Self::Rollback => (
                "regions/rollback",
                409,
                Some(17),
                ("描述比现行的旧", "The descriptor is not newer than the trusted one"),
                ("请使用最新的描述", "Use the newest descriptor"),
            ),
            Self::NotFromOldKey => (
                "regions/not-from-old-key",
                403,
                Some(20),
                ("新密钥没有旧密钥的签名", "The new key is not signed by the old one"),
                (
                    "如旧密钥已失，先撤销信任再重新确认",
                    "If the old key is lost, revoke the trust and begin anew",
                ),
            ),
            Self::Fingerprint => (
                "regions/fingerprint",
                422,
                Some(17),
                ("指纹不一致", "The fingerprint differs"),
                ("请通过电话逐组核对", "Compare it group by group over the telephone"),
            ),
            Self::TooLong => (
                "regions/too-long",
                413,
                None,
                ("消息过长", "The message is too long"),
                ("请拆分", "Split it"),
            ),
            Self::Scope => (
                "regions/scope",
                403,
                Some(18),
                (
                    "消息不属于该发送方或接收方",
                    "The message is not of this sender or not for this region",
                ),
                ("请检查发送与接收地区", "Check from and to"),
            ),
            Self::Future => (
                "regions/future",
                409,
                None,
                ("消息时间超前", "The message is from the future"),
                ("请校准时钟", "Set the clock"),
            ),
            Self::Expired => (
                "regions/expired",
                409,
                Some(20),
                ("消息已过期", "The message has expired"),
                ("请重新签发", "Issue it anew"),
            ),
            Self::Reused => (
                "regions/reused",
                409,
                Some(20),
                ("消息编号已用于其他内容", "The id was used for another content"),
                ("请使用新的编号", "Use a new id"),
            ),
            Self::Later => (
                "regions/later",
                409,
                None,
                ("同一人的前一消息尚未到达", "The message before it has not arrived"),
                ("请按顺序重发", "Send in order"),
            ),
            Self::UnknownKind => (
                "regions/unknown-kind",
                422,
                Some(17),
                ("不支持该类消息", "This kind of message is not supported"),
                ("请核对双方标准版本", "Compare the versions of the standard"),
            ),
            Self::TooMany => (
                "regions/too-many",
                429,
                None,
                ("一次发送过多", "Too many at once"),
                ("请分批稍后再发", "Send fewer, later"),
            ),
        };
        Row { code, status, article, reason, advice }
    }

    /// Whether it is a sign of an attack or of a broken peer, and goes to the alarms (Art. 20).
    pub fn alarms(self) -> bool {
        matches!(
            self,
            Self::Unlisted
                | Self::Forged
                | Self::TooLong
                | Self::Scope
                | Self::Future
                | Self::Expired
                | Self::Reused
                | Self::TooMany
        )
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.row().code
    }

    fn article(&self) -> Option<Article> {
        self.row().article.map(Article)
    }

    fn reason(&self) -> Text {
        let (zh, en) = self.row().reason;
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = self.row().advice;
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        self.row().status
    }
}
