//! The navigation of a role. Few entries stand in one row; many are grouped by what they are about, with a
//! row of groups and below it the entries of the group that the page belongs to.

use super::page::NavItem;
use super::routes::NavEntry;
use crate::actor::Role;
use crate::law::{Lang, Text};

/// More entries than this are grouped.
const FLAT: usize = 10;

/// Both rows.
#[derive(Clone, Debug, Default)]
pub struct Nav {
    /// The row that is always there: entries, or groups of entries.
    pub main: Vec<NavItem>,
    /// Entries of the group that the page belongs to; empty when `main` holds entries.
    pub group: Vec<NavItem>,
}

/// Groups in their order: capabilities, Chinese and English name.
const GROUPS: [(&[&str], &str, &str); 8] = [
    (&["yikatong", "kernel"], "工作台", "Desk"),
    (&["people", "cards"], "人员和卡", "People and cards"),
    (&["items"], "事项清单", "Items"),
    (&["codes", "fusion"], "用卡", "Use of cards"),
    (&["funds", "banks"], "资金和银行", "Money and banks"),
    (&["outlets", "care"], "网点和服务", "Outlets and service"),
    (&["sharing", "signin", "regions"], "共享协同", "Sharing"),
    (&["conduct"], "安全监督", "Supervision"),
];

fn group_of(capability: &str) -> usize {
    GROUPS.iter().position(|group| group.0.contains(&capability)).unwrap_or(0)
}

/// The navigation of `role` on the page at `path`.
pub(super) fn nav(entries: &[NavEntry], role: Role, lang: Lang, path: &str) -> Nav {
    let mine: Vec<&NavEntry> =
        entries.iter().filter(|entry| entry.main && entry.roles.contains(&role)).collect();
    let longest =
        mine.iter().filter(|entry| below(path, entry.href)).map(|entry| entry.href.len()).max();
    let current = |entry: &NavEntry| longest == Some(entry.href.len()) && below(path, entry.href);
    let item = |entry: &&NavEntry| NavItem {
        href: entry.href.to_owned(),
        label: entry.label.get(lang).to_owned(),
        current: current(entry),
        key: entry.key,
    };
    if mine.len() <= FLAT {
        return Nav { main: mine.iter().map(item).collect(), group: Vec::new() };
    }
    let here =
        mine.iter().find(|entry| current(entry)).map_or(0, |entry| group_of(entry.capability));
    let of = |group: usize| mine.iter().filter(move |entry| group_of(entry.capability) == group);
    let head = |group: usize| {
        let first = of(group).next()?;
        let (_, zh, en) = GROUPS[group];
        let label = Text::new(zh, en).get(lang).to_owned();
        Some(NavItem { href: first.href.to_owned(), label, current: group == here, key: None })
    };
    Nav { main: (0..GROUPS.len()).filter_map(head).collect(), group: of(here).map(item).collect() }
}

fn below(path: &str, href: &str) -> bool {
    path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(capability: &'static str, href: &'static str) -> NavEntry {
        let (roles, label) = (&[Role::Clerk][..], Text::new(href, href));
        NavEntry { roles, href, label, key: None, main: true, capability }
    }

    #[test]
    fn few_entries_stand_in_one_row() {
        let entries = [entry("cards", "/desk"), entry("funds", "/office/funds")];
        let nav = nav(&entries, Role::Clerk, Lang::Zh, "/office/funds/1");
        assert!(nav.group.is_empty());
        let current: Vec<bool> = nav.main.iter().map(|item| item.current).collect();
        assert_eq!(current, [false, true]);
    }

    #[test]
    fn many_entries_are_grouped_and_the_page_shows_its_own_group() {
        const CARDS: [&str; 6] = ["/a", "/b", "/c", "/d", "/e", "/f"];
        const MONEY: [&str; 6] = ["/u", "/v", "/w", "/x", "/y", "/z"];
        let cards = CARDS.into_iter().map(|href| entry("cards", href));
        let entries: Vec<NavEntry> =
            cards.chain(MONEY.into_iter().map(|href| entry("funds", href))).collect();
        let nav = nav(&entries, Role::Clerk, Lang::Zh, "/w/7");
        let heads: Vec<(&str, bool)> =
            nav.main.iter().map(|item| (item.label.as_str(), item.current)).collect();
        assert_eq!(heads, [("人员和卡", false), ("资金和银行", true)]);
        let hrefs: Vec<&str> = nav.group.iter().map(|item| item.href.as_str()).collect();
        assert_eq!(hrefs, MONEY);
        assert_eq!(nav.group.iter().filter(|item| item.current).count(), 1);
    }
}
