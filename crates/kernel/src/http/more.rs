//! Further services of holders: what the bar of a phone has no room for.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;

use super::page::NavItem;
use super::routes::NavEntry;
use super::{Page, Routes, render};
use crate::actor::{Access, Role};
use crate::law::{Lang, Text};
use crate::platform::App;
use crate::problem::Problem;

const HOLDERS: &[Role] = &[Role::Holder];

pub(super) fn routes() -> Routes {
    Routes::new("kernel").page(Method::GET, "/me/more", Access::Roles(HOLDERS), &[15], more)
}

/// The last entry of the bar; wired last.
pub fn more_entry() -> Routes {
    Routes::new("kernel").nav(HOLDERS, "/me/more", Text::new("更多", "More"), None)
}

/// Chinese and English.
type Words = (&'static str, &'static str);

/// A heading, the capabilities below it, and pages there that are not of holders alone.
struct Heading {
    name: Words,
    capabilities: &'static [&'static str],
    others: &'static [(&'static str, Words)],
}

/// In the order of the page.
const HEADINGS: [Heading; 4] = [
    Heading {
        name: ("用卡", "Use of the card"),
        capabilities: &["codes", "items", "regions"],
        others: &[("/items", ("能办什么", "What the card is good for"))],
    },
    Heading {
        name: ("资金和缴费", "Money and bills"),
        capabilities: &["funds", "banks"],
        others: &[("/banks/offers", ("持卡优惠", "Offers to holders"))],
    },
    Heading {
        name: ("办事和帮助", "Service and help"),
        capabilities: &["people", "cards", "outlets", "care"],
        others: &[("/outlets", ("附近网点", "Outlets near you"))],
    },
    Heading {
        name: ("安全和我的信息", "Safety and my data"),
        capabilities: &["conduct", "sharing", "signin"],
        others: &[],
    },
];

struct Group {
    name: String,
    services: Vec<NavItem>,
}

#[derive(Template)]
#[template(path = "more.html")]
struct MorePage {
    p: Page,
    groups: Vec<Group>,
}

async fn more(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let entries = app.nav.get().map_or(&[][..], Vec::as_slice);
    let groups = groups(entries, p.lang);
    render(&MorePage { p, groups })
}

/// The services of holders that are not in the bar; a capability that no group names is in the last one.
fn groups(entries: &[NavEntry], lang: Lang) -> Vec<Group> {
    let item = |href: &str, label: &Text| NavItem {
        href: href.to_owned(),
        label: label.get(lang).to_owned(),
        current: false,
        key: None,
    };
    let place = |entry: &NavEntry| {
        let found = HEADINGS.iter().position(|it| it.capabilities.contains(&entry.capability));
        found.unwrap_or(HEADINGS.len() - 1)
    };
    let group = |(at, heading): (usize, &Heading)| {
        let mine = entries.iter().filter(|entry| !entry.main && place(entry) == at);
        let mut services: Vec<NavItem> = mine.map(|entry| item(entry.href, &entry.label)).collect();
        let text = |(zh, en): Words| Text::new(zh, en);
        services.extend(heading.others.iter().map(|(href, words)| item(href, &text(*words))));
        Group { name: text(heading.name).get(lang).to_owned(), services }
    };
    HEADINGS.iter().enumerate().map(group).filter(|group| !group.services.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_service_is_lost_between_the_groups() {
        const ODD: [(&str, &str); 3] = [("codes", "/a"), ("conduct", "/b"), ("unheard-of", "/c")];
        let entry = |(capability, href): (&'static str, &'static str)| NavEntry {
            roles: HOLDERS,
            href,
            label: Text::new(href, href),
            key: None,
            main: false,
            capability,
        };
        let entries: Vec<NavEntry> = ODD.into_iter().map(entry).collect();
        let found = groups(&entries, Lang::En);
        let mut shown: Vec<&str> =
            found.iter().flat_map(|group| &group.services).map(|item| item.href.as_str()).collect();
        shown.sort_unstable();
        assert_eq!(shown, ["/a", "/b", "/banks/offers", "/c", "/items", "/outlets"]);
    }
}
