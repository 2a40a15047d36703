//! The page of a counter: one field that a scanner types into, and an answer that is seen from two
//! metres. It works without script; the script only brings the cursor back to the field.

use std::fmt::Write as _;

use crate::items::Item;
use crate::online::Answer;
use crate::refusal::Reason;
use crate::report::Report;
use crate::station::Station;

/// Its style sheet.
pub const STYLE: &str = include_str!("page/page.css");
/// Its script.
pub const SCRIPT: &str = include_str!("page/page.js");

/// What the page tells.
#[derive(Debug)]
pub enum Notice {
    /// Ready for the next card.
    Ready,
    /// An answer.
    Answer(Box<Answer>),
    /// The refusal is kept (Art. 25).
    Recorded,
    /// The refusal could not be kept.
    NotRecorded,
}

/// The whole page for an item; the first of the list when none is chosen.
pub fn counter(station: &Station, item: Option<&str>, notice: &Notice) -> String {
    let report = station.report();
    let items = station.store().items().map(|list| list.items.clone()).unwrap_or_default();
    let chosen = items.iter().find(|one| Some(one.code.as_str()) == item).or(items.first());
    let code = chosen.map_or("", |item| item.code.as_str());
    let (class, body) = told(notice);
    format!(
        r#"<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>一卡通终端 · {place}</title>
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body class="{class}">
<header><strong>{place}</strong>{link}</header>
<main>
<section class="answer" role="status" aria-live="assertive" aria-atomic="true">{body}</section>
<form method="post" action="/" class="scan" autocomplete="off">
<label for="item">事项 <span lang="en">Item</span></label>
<select id="item" name="item">{options}</select>
<label for="shown">扫码或刷卡 <span lang="en">Scan a code or read a card</span></label>
<input id="shown" name="shown" type="text" autofocus autocapitalize="off" spellcheck="false" inputmode="none" maxlength="2048">
<label class="check"><input type="checkbox" name="counter_check" value="yes"> 已当面核对持卡人 <span lang="en">I compared the face</span></label>
<button type="submit">核验 <span lang="en">Verify</span></button>
</form>
<details class="refuse"><summary>未能受理，登记原因 <span lang="en">Not served: record why</span></summary>
<form method="post" action="/refuse">
<input type="hidden" name="item" value="{item}">
<label for="reason">原因 <span lang="en">Reason</span></label>
<select id="reason" name="reason">{reasons}</select>
<label for="note">说明 <span lang="en">Note</span></label>
<input id="note" name="note" type="text" maxlength="500">
<button type="submit">登记 <span lang="en">Record</span></button>
</form></details>
</main>
<footer>{state}</footer>
</body>
</html>
"#,
        place = escape(&report.place),
        link = link(&report),
        options = options(&items, code),
        item = escape(code),
        reasons = reasons(),
        state = state(&report),
    )
}

fn told(notice: &Notice) -> (&'static str, String) {
    match notice {
        Notice::Ready => ("ready", heading("…", "请出示一卡通码", "Show the one-card code")),
        Notice::Recorded => ("ready", heading("✓", "已登记", "Recorded")),
        Notice::NotRecorded => {
            ("no", heading("✗", "未能登记，请写在纸上", "Not recorded: write it down"))
        }
        Notice::Answer(answer) if answer.is_yes() => ("yes", yes(answer)),
        Notice::Answer(answer) => ("no", no(answer)),
    }
}

fn heading(sign: &str, chinese: &str, english: &str) -> String {
    format!(
        r#"<p class="sign" aria-hidden="true">{sign}</p><h1>{chinese} <span lang="en">{english}</span></h1>"#
    )
}

fn yes(answer: &Answer) -> String {
    let mut body = heading("✓", "通过", "Yes");
    if let Some(text) = &answer.text {
        let _ = write!(body, "<p><strong>{}</strong></p>", escape(text));
    }
    body.push_str(r#"<audio src="/yes.wav" autoplay></audio><dl>"#);
    for (name, value) in &answer.fields {
        let _ = write!(body, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
    }
    body.push_str("</dl>");
    if let Some(age) = answer.list_age_s.filter(|_| answer.offline) {
        let minutes = age.max(0) / 60;
        let _ = write!(
            body,
            r#"<p>离线核验，状态名单 {minutes} 分钟前 <span lang="en">Judged offline, status list {minutes} min old</span></p>"#
        );
    }
    body
}

fn no(answer: &Answer) -> String {
    let mut body = heading("✗", "不通过", "No");
    body.push_str(r#"<audio src="/no.wav" autoplay></audio>"#);
    for text in [&answer.text, &answer.advice].into_iter().flatten() {
        let _ = write!(body, "<p>{}</p>", escape(text));
    }
    let why = answer.why.as_deref().unwrap_or("terminal/no-answer");
    let article = answer.article.map(|article| format!(" · Art. {article}")).unwrap_or_default();
    let _ = write!(body, r#"<p class="small">{}{article}</p>"#, escape(why));
    body
}

fn options(items: &[Item], chosen: &str) -> String {
    let option = |item: &Item| {
        let selected = if item.code == chosen { " selected" } else { "" };
        let (code, name) = (escape(&item.code), escape(&item.name_zh));
        format!(r#"<option value="{code}"{selected}>{name} {code}</option>"#)
    };
    items.iter().map(option).collect()
}

fn reasons() -> String {
    let option = |(_, value, chinese, english): &(Reason, &str, &str, &str)| {
        format!(r#"<option value="{value}">{chinese} {english}</option>"#)
    };
    Reason::ALL.iter().map(option).collect()
}

fn link(report: &Report) -> &'static str {
    match (report.blocked, report.online) {
        (true, _) => r#"<span class="bad">已停用 <span lang="en">Blocked</span></span>"#,
        (_, true) => r#"<span class="good">已联网 <span lang="en">Online</span></span>"#,
        (_, false) => r#"<span class="bad">未联网 <span lang="en">Offline</span></span>"#,
    }
}

fn state(report: &Report) -> String {
    let age = report.status_age_s.map(|age| age.max(0) / 60);
    let list = age.map_or_else(
        || "没有状态名单 / no status list".to_owned(),
        |age| format!("状态名单 {age} 分钟前 / status list {age} min old"),
    );
    let clock = match report.clock {
        "ok" => String::new(),
        _ => " · <strong>时钟不准 / the clock is wrong</strong>".to_owned(),
    };
    let waiting = report.waiting;
    format!("{list} · 待上传 {waiting} / {waiting} to upload{clock}")
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
