//! What a service may ask for, and what is answered: OpenID Connect Core 1.0, RFC 6749, 7636, 9126, 9207.

use kernel::law::{Article, Refusal, Text};
use serde::{Deserialize, Serialize};

/// Seconds that a code is good.
pub const CODE_S: i64 = 60;
/// Seconds that a pushed request is good.
pub const PUSHED_S: i64 = 90;
/// Seconds that a person has to answer.
pub const ANSWER_S: i64 = 600;
/// Seconds that an access token is good.
pub const TOKEN_S: i64 = 600;
/// The levels of a sign-in: password and a code to the phone; the card's own password beside them.
pub const LEVELS: [&str; 2] = ["urn:yikatong:level:2", "urn:yikatong:level:3"];

/// The name of a level.
pub fn acr(level: i64) -> &'static str {
    if level >= 3 { LEVELS[1] } else { LEVELS[0] }
}

/// How a level was proved (RFC 8176).
pub fn amr(level: i64) -> &'static [&'static str] {
    if level >= 3 { &["pwd", "sms", "pin"] } else { &["pwd", "sms"] }
}

/// The level that a sign-in must reach: the item's (Art. 14), or the higher one that the service asks for.
///
/// # Errors
/// [`Refused::CardOnly`]: the item asks for the card itself, which no sign-in shows.
pub fn needs(level: items::rules::Level, asked: &Asked) -> Result<i64, Refused> {
    use items::rules::Level;
    let asks = |name: &str| asked.acr_values.split_whitespace().any(|value| value == name);
    match level {
        Level::Card => Err(Refused::CardOnly),
        Level::CodeAndPassword => Ok(3),
        Level::Code if asks(LEVELS[1]) && !asks(LEVELS[0]) => Ok(3),
        Level::Code => Ok(2),
    }
}

/// A request of a service (parameters of RFC 6749 4.1.1 and OpenID Connect Core 3.1.2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Its id.
    pub client_id: String,
    /// `code`.
    pub response_type: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Contains `openid`.
    pub scope: String,
    /// Given back unchanged.
    pub state: String,
    /// Put into the ID token.
    pub nonce: String,
    /// PKCE challenge.
    pub code_challenge: String,
    /// `S256`.
    pub code_challenge_method: String,
    /// `none`, `login`, `consent`.
    pub prompt: String,
    /// Seconds since the person signed in, at most.
    pub max_age: String,
    /// Levels that would be enough.
    pub acr_values: String,
    /// Of a pushed request.
    pub request_uri: String,
    /// Not supported (OpenID Connect Core 6).
    pub request: String,
    /// `query`, or nothing.
    pub response_mode: String,
}

/// A word of the protocol for what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// `invalid_request`, `login_required`, …
    pub error: &'static str,
    /// In words, for engineers.
    pub says: &'static str,
}

const fn wrong(error: &'static str, says: &'static str) -> Wrong {
    Wrong { error, says }
}

/// Whether a request is one that is answered; its client and redirect address are known already.
///
/// # Errors
/// What the service is told at its redirect address.
pub fn check(asked: &Asked) -> Result<(), Wrong> {
    if !asked.request.is_empty() {
        return Err(wrong("request_not_supported", "request objects are not supported"));
    }
    if asked.response_type != "code" {
        return Err(wrong("unsupported_response_type", "response_type must be code"));
    }
    if !matches!(asked.response_mode.as_str(), "" | "query") {
        return Err(wrong("invalid_request", "response_mode must be query"));
    }
    if !asked.scope.split(' ').any(|scope| scope == "openid") {
        return Err(wrong("invalid_scope", "scope must contain openid"));
    }
    if asked.code_challenge_method != "S256" || asked.code_challenge.len() != 43 {
        return Err(wrong("invalid_request", "PKCE with S256 is required"));
    }
    let prompts: Vec<&str> = asked.prompt.split_whitespace().collect();
    let known = prompts.iter().all(|prompt| matches!(*prompt, "none" | "login" | "consent"));
    if !known || (prompts.contains(&"none") && prompts.len() > 1) {
        return Err(wrong("invalid_request", "prompt is not understood"));
    }
    if !asked.max_age.is_empty() && asked.max_age.parse::<u32>().is_err() {
        return Err(wrong("invalid_request", "max_age is no number"));
    }
    if asked.state.len() > 512 || asked.nonce.len() > 512 {
        return Err(wrong("invalid_request", "state or nonce is too long"));
    }
    Ok(())
}

/// Whether the person must sign in again: `auth_time` and now in seconds, `asked_s` when the request came.
pub fn needs_login(asked: &Asked, auth_time: i64, now_s: i64, asked_s: i64) -> bool {
    let fresh = asked.prompt.split_whitespace().any(|prompt| prompt == "login");
    let most = asked.max_age.parse::<i64>().ok();
    (fresh && auth_time < asked_s) || most.is_some_and(|most| now_s - auth_time > most.max(1))
}

/// Whether a redirect address may be registered: https, or http to this very machine, without fragment.
pub fn may_redirect(uri: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '#' | '\'');
    let local =
        ["http://localhost/", "http://127.0.0.1/", "http://localhost:", "http://127.0.0.1:"];
    let https = uri.strip_prefix("https://").is_some_and(|rest| {
        let host = rest.split(['/', '?', ':']).next().unwrap_or_default();
        !host.is_empty() && !host.contains('@')
    });
    uri.len() <= 500
        && uri.chars().all(plain)
        && (https || local.iter().any(|start| uri.starts_with(start)))
        && !uri.contains("@")
}

/// The address with these answers added to its query.
pub fn redirect(uri: &str, answers: &[(&str, &str)]) -> String {
    let query = serde_urlencoded::to_string(answers).unwrap_or_default();
    let mark = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{mark}{query}")
}

/// The claim of a field of an item.
pub fn claim(field: people::field::Field) -> &'static str {
    use people::field::Field;
    match field {
        Field::Name => "name",
        Field::BirthDate => "birthdate",
        Field::Sex => "gender",
        Field::Phone => "phone_number",
        Field::Number => "id_number",
        other => other.code(),
    }
}

/// Why somebody cannot sign in to a service, or a service cannot be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The service is not registered, or was revoked.
    UnknownClient,
    /// The address is not one that the service registered.
    OtherAddress,
    /// The item of the service is not on the list today.
    ItemGone,
    /// The person's card is not in order.
    CardNotInOrder,
    /// The card is frozen.
    Frozen,
    /// The request has ended.
    Over,
    /// The number is not the one on the other screen.
    OtherNumber,
    /// Whoever asked for a service does not decide.
    OwnRequest,
    /// It cannot be decided now.
    NotNow,
    /// The department that owns the item asks for a service.
    OtherOwner,
    /// The item asks for the card itself.
    CardOnly,
    /// The password of the electronic card is wrong, or was never set.
    CardPassword,
    /// No outside provider is set up.
    NoProvider,
    /// The outside provider's answer is not believed.
    Outside,
    /// Nobody here is prepared for whom the outside provider signed in.
    NotPrepared,
    /// What a wallet showed is not believed.
    Wallet,
    /// The register says something else than the credential by now.
    Stale,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 17] = [
        Self::UnknownClient,
        Self::OtherAddress,
        Self::ItemGone,
        Self::CardNotInOrder,
        Self::Frozen,
        Self::Over,
        Self::OtherNumber,
        Self::OwnRequest,
        Self::NotNow,
        Self::OtherOwner,
        Self::CardOnly,
        Self::CardPassword,
        Self::NoProvider,
        Self::Outside,
        Self::NotPrepared,
        Self::Wallet,
        Self::Stale,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownClient => "signin/unknown-service",
            Self::OtherAddress => "signin/other-address",
            Self::ItemGone => "signin/item-not-listed",
            Self::CardNotInOrder => "signin/card-not-in-order",
            Self::Frozen => "signin/frozen",
            Self::Over => "signin/over",
            Self::OtherNumber => "signin/other-number",
            Self::OwnRequest => "signin/own-request",
            Self::NotNow => "signin/not-now",
            Self::OtherOwner => "signin/other-owner",
            Self::CardOnly => "signin/card-only",
            Self::CardPassword => "signin/card-password",
            Self::NoProvider => "signin/no-provider",
            Self::Outside => "signin/outside",
            Self::NotPrepared => "signin/not-prepared",
            Self::Wallet => "signin/wallet",
            Self::Stale => "signin/stale",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::ItemGone | Self::CardOnly => Some(Article(14)),
            Self::NoProvider | Self::Outside | Self::NotPrepared => Some(Article(19)),
            Self::CardNotInOrder => Some(Article(2)),
            Self::Frozen => Some(Article(20)),
            Self::OwnRequest | Self::OtherOwner => Some(Article(18)),
            _ => Some(Article(6)),
        }
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::UnknownClient => {
                ("该服务没有登记或已停用", "This service is not registered, or was revoked")
            }
            Self::OtherAddress => {
                ("返回地址与登记的不一致", "The return address is not a registered one")
            }
            Self::ItemGone => (
                "该服务对应的事项目前不在清单内",
                "The item of this service is not on the list now",
            ),
            Self::CardNotInOrder => {
                ("您的电子社保卡目前不可用", "Your electronic card cannot be used now")
            }
            Self::Frozen => ("您的社保卡已冻结", "Your card is frozen"),
            Self::Over => ("登录请求已结束", "The request has ended"),
            Self::OtherNumber => {
                ("数字与电脑上显示的不一致", "The number is not that of the other screen")
            }
            Self::OwnRequest => ("申请人不能自己审批", "Whoever asked does not decide"),
            Self::NotNow => ("当前状态不能办理", "It cannot be done now"),
            Self::OtherOwner => {
                ("只能为本部门主管的事项申请接入", "Only the item's own department may ask")
            }
            Self::CardOnly => {
                ("该事项须出示实体卡，不能在线登录", "This item asks for the card itself")
            }
            Self::CardPassword => {
                ("电子社保卡密码不正确或尚未设置", "The card's password is wrong, or was never set")
            }
            Self::NoProvider => ("未设置单位统一身份认证", "No outside provider is set up"),
            Self::Outside => (
                "单位统一身份认证的答复未通过核验",
                "The answer of the outside provider is not believed",
            ),
            Self::NotPrepared => {
                ("没有为您准备工作人员账号", "No staff account is prepared for you here")
            }
            Self::Wallet => ("钱包出示的凭证未通过核验", "What the wallet showed is not believed"),
            Self::Stale => {
                ("凭证内容与登记信息已不一致", "The register says something else by now")
            }
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::UnknownClient | Self::OtherAddress => (
                "请联系该服务的提供单位，不要输入密码",
                "Ask whoever runs the service; do not type your password",
            ),
            Self::ItemGone => (
                "请改用该服务的其他登录方式，或查看事项清单",
                "Use another way, or look at the list of items",
            ),
            Self::CardNotInOrder => {
                ("请在“我的社保卡”查看卡状态", "Look at the state of your card")
            }
            Self::Frozen => ("请先解除冻结，或拨打12333", "Lift the freeze first, or call 12333"),
            Self::Over | Self::OtherNumber => {
                ("请回到服务页面重新登录", "Go back to the service and sign in again")
            }
            Self::OwnRequest => ("请由另一人审批", "Let somebody else decide"),
            Self::NotNow => ("请刷新后再看", "Load the page again"),
            Self::OtherOwner => ("请由事项主管部门申请", "Let the item's department ask"),
            Self::CardOnly => ("请携卡到服务点办理", "Bring the card to the service point"),
            Self::CardPassword => {
                ("请返回重新输入，或先在“卡码”页设置", "Go back and type it again, or set it first")
            }
            Self::NoProvider => ("请用本系统的用户名和密码登录", "Use your name and password here"),
            Self::Outside => (
                "请重新登录；仍不行请告知管理员",
                "Sign in again; tell the administrator if it stays",
            ),
            Self::NotPrepared => {
                ("请联系管理员关联账号", "Ask the administrator to link your account")
            }
            Self::Wallet => {
                ("请重新出示，或改用卡码、实体卡", "Show it again, or use the code or card")
            }
            Self::Stale => ("请持卡人重新领取钱包凭证", "Let the holder put the card in again"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::OwnRequest | Self::OtherOwner | Self::Frozen | Self::CardNotInOrder => 403,
            Self::CardOnly | Self::CardPassword | Self::NotPrepared => 403,
            Self::Wallet | Self::Stale => 422,
            Self::NoProvider => 404,
            Self::Outside => 502,
            Self::UnknownClient | Self::OtherAddress => 400,
            Self::OtherNumber => 422,
            _ => 409,
        }
    }
}
