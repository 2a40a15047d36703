//! The regulation, article by article, as the code carries it out: made from refusals, routes and
//! tests, so that the document cannot say more than the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use conduct::supervision::regulation::{self as text, Rule};
use kernel::http::{Declared, RouteKind};
use kernel::law::{Article, Refusal};

use crate::support::{committed, root};
use crate::town::Town;

/// Rules that decide without refusing, or before a refusal has a name.
const RULES: [(u8, &str); 43] = [
    (1, "yikatong::home::routes"),
    (3, "people::rules::eligibility"),
    (3, "regions::rules::judge_descriptor"),
    (5, "regions::onecard::elsewhere"),
    (11, "regions::joint::rules::Wanted::service"),
    (4, "kernel::approval::decide"),
    (4, "kernel::settings::get"),
    (7, "items::rules::on_day"),
    (7, "codes::rules::judge"),
    (17, "regions::rules::judge_descriptor"),
    (17, "regions::rules::open_message"),
    (20, "people::freezes::rules::stops"),
    (21, "care::training::rules::draw"),
    (22, "care::complaints::rules::decide"),
    (23, "regions::rules::judge_receipt"),
    (9, "care::coordination::rules::follow"),
    (24, "conduct::cases::rules::follow"),
    (25, "conduct::cases::rules::may_lay"),
    (26, "conduct::cases::rules::check"),
    (26, "conduct::cases::credit::applies"),
    (28, "conduct::supervision::regulation::in_force"),
    (2, "cards::rules::usable"),
    (2, "cards::rules::life::decide_link"),
    (11, "cards::rules::clocks::table"),
    (12, "cards::rules::life::decide_replace"),
    (13, "cards::rules::life::decide_cancel"),
    (13, "cards::rules::life::may_destroy"),
    (5, "people::rules::eligibility"),
    (5, "cards::rules::decide"),
    (11, "cards::rules::decide_step"),
    (12, "people::service::read_registration"),
    (14, "items::rules::check_proposal"),
    (14, "items::rules::on_day"),
    (14, "items::rules::workflow::check"),
    (14, "regions::lists::rules::follow"),
    (12, "people::representatives::may_act"),
    (16, "codes::rules::check_code"),
    (18, "codes::rules::disclose"),
    (18, "codes::rules::judge"),
    (19, "kernel::journal::record"),
    (19, "kernel::journal::verify::verify"),
    (24, "cards::rules::is_weak"),
    (25, "kernel::approval::decide"),
];

/// Articles that have a rule and may never lose it again: all of them.
const KEPT: std::ops::RangeInclusive<u8> = 1..=28;

fn refusals() -> Vec<Box<dyn Refusal>> {
    use people::rules::Refused as Person;
    let mut all: Vec<Box<dyn Refusal>> = Vec::new();
    let day = time::macros::date!(2026 - 01 - 01);
    let people = [
        Person::NotEntitled,
        Person::EntitlementEnded(day),
        Person::EntitlementOpen,
        Person::Deceased,
        Person::WrongDocument,
        Person::OtherName,
        Person::Unknown,
    ];
    people.into_iter().for_each(|refused| all.push(Box::new(refused)));
    cards::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    codes::refusals::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    cards::events::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    cards::bulk::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    cards::production::rules::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    banks::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    people::changes::rules::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    people::family::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    people::duplicates::rules::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    people::evidence::rules::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    people::representatives::rules::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    codes::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    items::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    codes::fusion::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    codes::fusion::rules::NotOpened::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    regions::joint::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    outlets::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    funds::programmes::rules::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    funds::rosters::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    conduct::cases::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    conduct::cases::credit::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    care::coordination::rules::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    care::training::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    care::complaints::rules::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    care::guidance::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    sharing::rights::rules::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    sharing::agreements::rules::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    signin::rules::Refused::ALL.into_iter().for_each(|refused| all.push(Box::new(refused)));
    people::freezes::rules::Refused::ALL
        .into_iter()
        .for_each(|refused| all.push(Box::new(refused)));
    all.push(Box::new(kernel::approval::Refused::OwnWork));
    all
}

/// What one article has.
#[derive(Default)]
struct Traces {
    rules: BTreeMap<String, (String, String)>,
    routes: BTreeSet<String>,
    pages: BTreeSet<String>,
    tests: BTreeSet<String>,
}

#[tokio::test]
async fn the_committed_table_is_what_the_code_carries_out() {
    let town = Town::on_all_engines("regulation").await.remove(0);
    let sources = sources();
    let mut articles: BTreeMap<u8, Traces> = (1..=28).map(|n| (n, Traces::default())).collect();
    for (article, rule) in RULES {
        let name = rule.rsplit("::").next().expect("a path");
        let known = sources.iter().any(|(_, text)| text.contains(&format!("fn {name}")));
        assert!(known, "{rule} is mapped and does not exist");
        articles.entry(article).or_default().rules.insert(rule.to_owned(), Default::default());
    }
    for refusal in refusals() {
        if let Some(Article(article)) = refusal.article() {
            let (code, reason) = (refusal.code().to_owned(), refusal.reason());
            articles.entry(article).or_default().rules.insert(code, (reason.zh, reason.en));
        }
    }
    town.built.table.iter().for_each(|route| add_route(&mut articles, route));
    for (file, text) in &sources {
        for (article, test) in tests_of(file, text) {
            articles.entry(article).or_default().tests.insert(test);
        }
    }
    for kept in KEPT {
        assert!(!articles[&kept].rules.is_empty(), "Art. {kept} has lost its rule");
    }
    committed("docs/regulation.md", &document(&articles));
    // What the page /regulation shows: the same data, so that page and document cannot differ.
    committed("crates/conduct/law/traces.json", &page_data(&articles));
}

fn add_route(articles: &mut BTreeMap<u8, Traces>, route: &Declared) {
    for article in route.articles {
        let traces = articles.entry(*article).or_default();
        let text = format!("{} {}", route.method, route.path);
        match route.kind {
            RouteKind::Api => traces.routes.insert(text),
            RouteKind::Page => traces.pages.insert(text),
        };
    }
}

fn page_data(articles: &BTreeMap<u8, Traces>) -> String {
    let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
    let of = |(article, traces): (&u8, &Traces)| text::Traces {
        article: *article,
        rules: traces
            .rules
            .iter()
            .map(|(name, (zh, en))| Rule { name: name.clone(), zh: zh.clone(), en: en.clone() })
            .collect(),
        routes: list(&traces.routes),
        pages: list(&traces.pages),
        tests: list(&traces.tests),
    };
    let all: Vec<text::Traces> = articles.iter().map(of).collect();
    serde_json::to_string_pretty(&all).expect("plain data") + "\n"
}

fn document(articles: &BTreeMap<u8, Traces>) -> String {
    let mut text = String::from(
        "# The regulation in the code\n\nEach article with its rules (functions, and refusals by their \
         stable code), routes of the API, pages and tests. Made from the code by \
         `crates/yikatong/tests/regulation.rs`; write it anew with `UPDATE_DOCS=1`. A test fails when \
         a mapped rule or test is gone.\n",
    );
    let titles = &text::versions().last().expect("one version").articles;
    for (number, traces) in articles {
        let article = Article(*number);
        let title = &titles[usize::from(*number) - 1].title_zh;
        text.push_str(&format!("\n## {} {title} ({article})\n\n", article.chinese()));
        let rules: BTreeSet<String> = traces.rules.keys().cloned().collect();
        let parts = [
            ("rules", &rules),
            ("routes", &traces.routes),
            ("pages", &traces.pages),
            ("tests", &traces.tests),
        ];
        for (name, entries) in parts {
            let list: Vec<String> = entries.iter().map(|entry| format!("`{entry}`")).collect();
            let list = if list.is_empty() { "not yet".to_owned() } else { list.join(", ") };
            text.push_str(&format!("- {name}: {list}\n"));
        }
    }
    text
}

/// All Rust files of the workspace, by their path from the checkout.
fn sources() -> Vec<(String, String)> {
    let (mut files, mut folders) = (Vec::new(), vec![root().join("crates")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the checkout").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                files.push((short(&path), text));
            }
        }
    }
    files
}

fn short(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.rsplit_once("crates/").map_or(text.to_string(), |(_, rest)| rest.to_owned())
}

/// Tests whose doc comment names articles: `/// Art. 5, 12: …` above the attribute.
fn tests_of(file: &str, text: &str) -> Vec<(u8, String)> {
    let crate_name = file.split('/').next().unwrap_or_default();
    let (mut named, mut found, mut is_test) = (Vec::new(), Vec::new(), false);
    for line in text.lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("/// Art. ") {
            let list = doc.split([':', '.']).next().unwrap_or_default();
            named = list.split(", ").filter_map(|number| number.trim().parse().ok()).collect();
        } else if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if line.starts_with("fn ") || line.starts_with("async fn ") {
            let name = line.trim_start_matches("async ").trim_start_matches("fn ");
            let name = name.split('(').next().unwrap_or_default();
            if is_test {
                let entry = |article: &u8| (*article, format!("{crate_name}: {name}"));
                found.extend(named.iter().map(entry));
            }
            (named, is_test) = (Vec::new(), false);
        } else if !line.starts_with("///") && !line.starts_with("#[") {
            named = Vec::new();
        }
    }
    found
}

#[test]
fn the_document_of_cases_is_what_the_table_says() {
    let path = crate::support::root().join("docs/cases.md");
    let held = std::fs::read_to_string(path).unwrap_or_default();
    let diagram = conduct::cases::rules::diagram();
    let (before, rest) = held.split_once("```mermaid\n").unwrap_or((&held, "```"));
    let after = rest.split_once("```").map_or("", |(_, after)| after);
    committed("docs/cases.md", &format!("{before}```mermaid\n{diagram}```{after}"));
}

#[test]
fn the_document_of_item_procedures_is_what_the_tables_say() {
    let text = format!(
        "# The procedures of the lists of items (Art. 14)\n\nMade from the tables of steps by \
         `crates/yikatong/tests/regulation.rs`; write it anew with `UPDATE_DOCS=1`. One procedure for the \
         city's list, one for additions of a district, one for the joint list of Chongqing and Sichuan. \
         Nobody checks what he made himself.\n\n```mermaid\n{}\n```\n",
        items::rules::workflow::diagram().trim_end()
    );
    committed("docs/item-procedures.md", &text);
}
