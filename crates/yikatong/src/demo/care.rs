//! Coordination, training and publicity of the demonstration: who has which duty, what a meeting decided,
//! a course with its questions, two announcements.

use std::collections::HashMap;

use ::care::coordination::rules::Act;
use ::care::coordination::service::{self as coordination, NewTask, With};
use ::care::coordination::store::{Duty, Meeting};
use ::care::training::publicity::{self, Publicity};
use ::care::training::service as training;
use ::care::training::store::{Course, Question};
use kernel::actor::Role;
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use time::{Date, Duration};

use super::actor_of;

/// Organisation, article, duty, field, days between reports.
const DUTIES: [(&str, i64, &str, &str, i64); 8] = [
    ("city", 9, "统筹一卡通服务管理，编制全市应用事项清单", "", 0),
    ("city", 21, "组织一卡通宣传和工作人员培训", "", 0),
    ("district", 9, "负责本辖区一卡通服务管理和网点建设", "", 0),
    ("transport", 6, "公共交通受理社会保障卡，每季度报告", "交通出行", 90),
    ("culture", 6, "图书馆、景区、场馆受理社会保障卡，每季度报告", "文化旅游", 90),
    ("health", 6, "医疗机构就诊、结算受理社会保障卡，每季度报告", "医疗健康", 90),
    ("finance", 8, "财政补贴资金通过社会保障卡发放", "惠民补贴", 0),
    ("agriculture", 8, "惠农补贴项目清单的编制和公开，每年报告", "惠民补贴", 365),
];

/// Question, options, place of the right answer, why.
const QUESTIONS: [(&str, [&str; 3], i64, &str); 5] = [
    (
        "群众只出示社保卡卡面，能否办理需要核验身份的事项？",
        ["能", "不能，须按事项规定的核验等级读卡或扫码", "由窗口自行决定"],
        1,
        "出示卡面不等于核验，核验等级由事项规定（第十五条）。",
    ),
    (
        "电子社保卡与实体社保卡的效力：",
        ["实体卡优先", "电子卡优先", "具有同等效力"],
        2,
        "第二条：电子社会保障卡与实体卡具有同等效力。",
    ),
    (
        "清单内事项，群众持社保卡要求办理，窗口：",
        ["可以要求改用本部门的卡", "不得拒绝", "视设备情况决定"],
        1,
        "第二十五条：无正当理由不得拒绝。",
    ),
    (
        "经办中获取的个人信息：",
        ["可用于其他业务", "仅限事项规定的用途和字段", "可告知其家属"],
        1,
        "第十八条、第十九条。",
    ),
    (
        "群众电话报告社保卡丢失，应当：",
        ["请其到网点办理", "立即办理临时挂失", "次日回复"],
        1,
        "临时挂失可通过电话、网络、热线、网点办理，立即生效。",
    ),
];

/// Makes all of it.
///
/// # Errors
/// See [`Problem`].
pub(super) async fn make(app: &App, orgs: &HashMap<&'static str, Id>) -> Result<(), Problem> {
    let today = Utc::now().day();
    coordinate(app, orgs, today).await?;
    train(app).await?;
    announce(app, today).await
}

async fn coordinate(
    app: &App,
    orgs: &HashMap<&'static str, Id>,
    today: Date,
) -> Result<(), Problem> {
    let (officer, culture) = (actor_of(app, "CITY").await?, actor_of(app, "LIBRARY").await?);
    for (org, article, words, field, every_days) in DUTIES {
        let duty = Duty {
            id: Id(0),
            org: orgs[org],
            article,
            words: words.to_owned(),
            field: field.to_owned(),
            every_days,
            since: today,
            until: None,
        };
        coordination::add_duty(app, &officer, duty).await?;
    }
    let meeting = Meeting {
        id: Id(0),
        day: today.saturating_sub(Duration::days(12)),
        title: "一卡通协调机制第一次联席会议".to_owned(),
        present: "市人社、交通、文化旅游、卫生健康、财政、农业农村".to_owned(),
        minutes: "会议决定：年内全市图书馆凭社会保障卡借阅；公交线路分批受理社会保障卡。"
            .to_owned(),
        entered_name: String::new(),
    };
    let meeting = coordination::enter_meeting(app, &officer, meeting).await?;
    let due = |days| day_text(today.saturating_add(Duration::days(days)));
    let task = NewTask {
        kind: "task".to_owned(),
        title: "全市公共图书馆凭社会保障卡借阅".to_owned(),
        words: "各区县公共图书馆开通社会保障卡借阅，停发新的借阅证。".to_owned(),
        field: "文化旅游".to_owned(),
        lead: Some(orgs["culture"]),
        due: due(5),
        meeting: Some(meeting),
        ..NewTask::default()
    };
    let reading = coordination::create(app, &officer, &task).await?;
    coordination::act(app, &culture, reading, Act::Accept, With::default()).await?;
    let half =
        With { words: "26个区县已开通".to_owned(), percent: Some(65), ..With::default() };
    coordination::act(app, &culture, reading, Act::Progress, half).await?;
    let buses = NewTask {
        title: "主城公交线路受理社会保障卡".to_owned(),
        words: "完成车载终端升级，先行开通三条线路。".to_owned(),
        field: "交通出行".to_owned(),
        lead: Some(orgs["transport"]),
        due: due(40),
        ..task
    };
    coordination::create(app, &officer, &buses).await?;
    let proposal = NewTask {
        kind: "proposal".to_owned(),
        title: "将景区年票并入社会保障卡".to_owned(),
        words: "市民凭社会保障卡直接入园，不再另发年票卡。".to_owned(),
        field: "文化旅游".to_owned(),
        due: due(90),
        asked: vec![orgs["transport"], orgs["finance"]],
        ..NewTask::default()
    };
    coordination::create(app, &culture, &proposal).await.map(drop)
}

async fn train(app: &App) -> Result<(), Problem> {
    let (writer, reader) = (actor_of(app, "CITY").await?, actor_of(app, "CITY2").await?);
    let course = Course {
        id: Id(0),
        title: "一卡通窗口服务规范".to_owned(),
        words: "一、电子社会保障卡与实体卡具有同等效力。\n二、清单内事项不得拒绝群众持卡办理。\n\
                三、核验等级由事项规定，出示卡面不等于核验。\n四、只取事项规定的信息，用完即止。\n\
                五、对老年人、残疾人提供代办、上门等便利。"
            .to_owned(),
        roles: vec![Role::Clerk, Role::OutletManager, Role::HotlineAgent],
        asked: 4,
        pass_percent: 75,
        valid_days: 365,
        state: String::new(),
        made_by: writer.account,
        version: 1,
    };
    let course = training::write(app, &writer, course).await?;
    for (words, options, answer, why) in QUESTIONS {
        let question = Question {
            id: Id(0),
            words: words.to_owned(),
            options: options.map(str::to_owned).to_vec(),
            answer,
            why: why.to_owned(),
        };
        training::add_question(app, &writer, course, question).await?;
    }
    training::set_open(app, &reader, course, true).await
}

async fn announce(app: &App, today: Date) -> Result<(), Problem> {
    let (writer, reader) = (actor_of(app, "CITY").await?, actor_of(app, "CITY2").await?);
    let texts = [
        (
            "announcement",
            "持社会保障卡可在全市公共图书馆借阅",
            "即日起，持实体或电子社会保障卡即可在全市公共图书馆借还图书，无需另办借阅证。",
        ),
        (
            "announcement",
            "谨防以社会保障卡停用为名的诈骗",
            "社会保障部门不会通过短信链接索取密码和验证码。如遇可疑情况，请拨打12333核实。",
        ),
        ("campaign", "社区一卡通宣讲", "面向老年人讲解电子社会保障卡、挂失和代办服务。"),
    ];
    for (kind, title, words) in texts {
        let one = Publicity {
            id: Id(0),
            kind: kind.to_owned(),
            title: title.to_owned(),
            words: words.to_owned(),
            audience: if kind == "campaign" { "elderly" } else { "" }.to_owned(),
            channel: if kind == "campaign" { "talks" } else { "" }.to_owned(),
            item: String::new(),
            division: String::new(),
            first: today,
            last: today.saturating_add(Duration::days(60)),
            state: String::new(),
            made_by: writer.account,
            made_name: String::new(),
            version: 1,
        };
        let id = publicity::write(app, &writer, one).await?;
        publicity::set_state(app, &reader, id, true).await?;
        if kind == "campaign" {
            publicity::reach(app, &writer, id, today, "渝中区", 180).await?;
        }
    }
    Ok(())
}
