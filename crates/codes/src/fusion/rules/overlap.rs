//! What another card does that the social security card does already (Art. 6).

use std::borrow::Borrow;

use items::rules::{Function, Item};
use kernel::law::Text;
use people::field::Field;

use super::Scheme;

/// How far one published item does what the other card does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Grade {
    /// Some of its functions, or for some of its holders.
    Part,
    /// All its functions for all its holders.
    Full,
}

/// A published item that overlaps with another card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overlap {
    /// Code of the item.
    pub item: String,
    /// Name of the item.
    pub name: Text,
    /// How far.
    pub grade: Grade,
    /// Functions of both.
    pub functions: Vec<Function>,
    /// Facts about the holder that both tell.
    pub fields: Vec<Field>,
    /// The department said so itself.
    pub declared: bool,
}

/// Whether the item is there for everybody who holds the card.
fn serves_all(scheme: &Scheme, item: &Item) -> bool {
    let groups = &item.details.groups;
    groups.is_empty()
        || (!scheme.groups.is_empty() && scheme.groups.iter().all(|group| groups.contains(group)))
}

fn serves_some(scheme: &Scheme, item: &Item) -> bool {
    let groups = &item.details.groups;
    scheme.groups.is_empty()
        || groups.is_empty()
        || scheme.groups.iter().any(|group| groups.contains(group))
}

fn shared_functions(scheme: &Scheme, item: &Item) -> Vec<Function> {
    let has = |function: &&Function| item.details.functions.contains(function);
    scheme.functions.iter().filter(has).copied().collect()
}

fn overlap(scheme: &Scheme, item: &Item) -> Option<Overlap> {
    let declared = scheme.items.contains(&item.code);
    let functions = shared_functions(scheme, item);
    let found = scheme.area == item.area && serves_some(scheme, item) && !functions.is_empty();
    if !declared && !found {
        return None;
    }
    let whole = functions.len() == scheme.functions.len() && serves_all(scheme, item);
    let fields = scheme.fields.iter().filter(|field| item.fields.contains(field)).copied();
    Some(Overlap {
        item: item.code.clone(),
        name: item.name.clone(),
        grade: if whole { Grade::Full } else { Grade::Part },
        functions,
        fields: fields.collect(),
        declared,
    })
}

/// All published items that overlap with another card: those of the same field of life that share a
/// function and a holder, and those that its department named. Full ones first, then by code.
pub fn overlaps<I: Borrow<Item>>(scheme: &Scheme, items: &[I]) -> Vec<Overlap> {
    let mut found: Vec<Overlap> =
        items.iter().filter_map(|item| overlap(scheme, item.borrow())).collect();
    found.sort_by(|a, b| b.grade.cmp(&a.grade).then_with(|| a.item.cmp(&b.item)));
    found
}

/// Whether the published items together do all that the other card does, for all its holders: then
/// the card is a duplicate (功能重复). That it proves other facts makes no difference: facts are
/// added to an item, they need no card.
pub fn duplicates<I: Borrow<Item>>(scheme: &Scheme, items: &[I]) -> bool {
    let items: Vec<&Item> = items.iter().map(Borrow::borrow).collect();
    let counts = |item: &&&Item| {
        let declared = scheme.items.contains(&item.code);
        (declared || scheme.area == item.area) && serves_all(scheme, item)
    };
    let done = |function: &Function| {
        items.iter().filter(counts).any(|item| item.details.functions.contains(function))
    };
    !scheme.functions.is_empty() && scheme.functions.iter().all(done)
}
