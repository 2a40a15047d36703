//! What people of the demonstration ask and say: answers that everybody can read, and three matters, of
//! which one is new, one is answered and one was rated.

use ::care::complaints::knowledge::{self, Draft};
use ::care::complaints::rules::{Act, Matter, Step, Told};
use ::care::complaints::service::{self as complaints, Owner};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use time::Duration;

use super::actor_of;

/// Topic, question, answer.
const ANSWERS: [(&str, &str, &str); 6] = [
    (
        "挂失",
        "社保卡丢了怎么办？",
        "先临时挂失：登录后在“我的卡”点“挂失”，或拨打12333。7天内带身份证件到网点办理正式挂失、补卡。挂失后实体卡和电子社保卡同时停用。",
    ),
    (
        "电子社保卡",
        "没有智能手机能用吗？",
        "能。电子社保卡和实体卡效力相同，带实体卡即可办理。行动不便的，可在“更多服务”里预约上门，或委托家人代办。",
    ),
    (
        "补贴",
        "补贴什么时候到账，怎么查？",
        "登录后看“我的资金”，每一笔都写明谁发的、为什么发、发到哪张卡。显示“已退回”的，按页面提示更正账户后会重新发放。",
    ),
    (
        "川渝通用",
        "在四川能用重庆的社保卡吗？",
        "川渝一卡通清单内的事项可以直接使用，不用另办卡。清单见“在四川使用”。",
    ),
    (
        "个人信息",
        "谁能看到我的信息？",
        "只有清单事项需要的部门，只能看到该事项列明的几项，每次查阅都有记录。登录后看“查阅记录”，有疑问可以逐条提出异议。",
    ),
    (
        "冻结",
        "怀疑卡被盗用怎么办？",
        "登录后点“冻结与解冻”，两步即可冻结全部或只冻结资金；也可拨打12333。冻结立即生效，本人凭密码和验证码解冻。",
    ),
];

/// Makes them.
///
/// # Errors
/// See [`Problem`].
pub(super) async fn make(app: &App) -> Result<(), Problem> {
    let (maker, checker) = (actor_of(app, "CITY").await?, actor_of(app, "CITY2").await?);
    let review_on = day_text(Utc::now().day().saturating_add(Duration::days(180)));
    for (topic, question, answer) in ANSWERS {
        let draft = Draft {
            code: None,
            topic: topic.to_owned(),
            question: question.to_owned(),
            answer: answer.to_owned(),
            review_on: review_on.clone(),
        };
        let approval = knowledge::draft(app, &maker, draft).await?;
        knowledge::decide(app, &checker, approval, true).await?;
    }
    let officer = actor_of(app, "DISTRICT").await?;
    said(app, "consultation", "outlet", "周末能办补卡吗？").await?;
    let answered = said(app, "complaint", "terminal", "图书馆一楼的读卡器经常没反应").await?;
    let rated = said(app, "suggestion", "card", "建议在镇上集市日增加流动办卡点").await?;
    for (matter, words) in
        [(&answered, "读卡器已于当天更换，请您再试"), (&rated, "已安排每月两次流动服务")]
    {
        let step = Step { outcome: "resolved".to_owned(), ..Step::new(Act::Answer, words) };
        complaints::act(app, &officer, matter.id, step).await?;
    }
    let step = Step { score: Some(5), ..Step::new(Act::Rate, "回复很快") };
    complaints::act_as_owner(app, Owner::Reference(rated.reference), None, step).await.map(drop)
}

async fn said(app: &App, kind: &str, field: &str, body: &str) -> Result<Matter, Problem> {
    let told = Told {
        kind: kind.to_owned(),
        field: field.to_owned(),
        division: "500103".to_owned(),
        body: body.to_owned(),
        about: String::new(),
        name: String::new(),
        phone: String::new(),
        sensitive: false,
    };
    complaints::open(app, None, "page", told).await
}
