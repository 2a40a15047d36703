//! Search over the list: Chinese words, pinyin, initials and English, in memory.
//!
//! Each item has one text of all that it can be found by. Single characters and pairs of neighbours of
//! these texts point to the items that have them; the rarest pair of a word leaves few candidates, and
//! only these are looked through.

use std::collections::HashMap;
use std::sync::Arc;

use people::pinyin::{name_keys, normalise_search};

use crate::rules::Item;

/// An index over items.
#[derive(Default)]
pub struct Index {
    entries: Vec<Entry>,
    places: HashMap<[char; 2], Vec<u32>>,
}

struct Entry {
    item: Arc<Item>,
    /// Names and code, then pinyin, then initials, each on its line.
    names: String,
    /// The guide, for whom, and the field of life.
    rest: String,
}

/// Stands for the second of a single character.
const NONE: char = '\0';

impl Index {
    /// An index of these items.
    pub fn of(items: Vec<Arc<Item>>) -> Self {
        let entries: Vec<Entry> = items.into_iter().map(entry).collect();
        let mut places: HashMap<[char; 2], Vec<u32>> = HashMap::new();
        for (number, entry) in (0u32..).zip(&entries) {
            for key in keys(&entry.names).chain(keys(&entry.rest)) {
                let known = places.entry(key).or_default();
                if known.last() != Some(&number) {
                    known.push(number);
                }
            }
        }
        Self { entries, places }
    }

    /// Items that have every word of `text`, the best first: in the name before in the guide, then by
    /// code.
    pub fn find(&self, text: &str) -> Vec<Arc<Item>> {
        let text = normalise_search(text);
        let words: Vec<&str> = text.split_whitespace().collect();
        let Some(candidates) =
            words.iter().filter_map(|word| self.rarest(word)).min_by_key(|c| c.len())
        else {
            return Vec::new();
        };
        let mut found: Vec<(u32, &Entry)> = Vec::new();
        for number in candidates {
            let entry = &self.entries[*number as usize];
            let ranks = words.iter().map(|word| entry.rank(word));
            if let Some(rank) = ranks.sum::<Option<u32>>() {
                found.push((rank, entry));
            }
        }
        found.sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| x.item.code.cmp(&y.item.code)));
        found.into_iter().map(|(_, entry)| entry.item.clone()).collect()
    }

    /// The shortest list of places of a word's keys; empty when one key is nowhere.
    fn rarest(&self, word: &str) -> Option<&[u32]> {
        let single = word.chars().nth(1).is_none();
        let wanted = keys(word).filter(|key| single || key[1] != NONE);
        wanted
            .map(|key| self.places.get(&key).map_or(&[][..], Vec::as_slice))
            .min_by_key(|p| p.len())
    }
}

impl Entry {
    /// How well a word fits: 0 begins the name, 1 is in it, 2 is in the rest.
    fn rank(&self, word: &str) -> Option<u32> {
        if self.names.starts_with(word) {
            return Some(0);
        }
        if self.names.contains(word) {
            return Some(1);
        }
        self.rest.contains(word).then_some(2)
    }
}

fn entry(item: Arc<Item>) -> Entry {
    use crate::rules::Word as _;
    let name = normalise_search(&item.name.zh);
    let pinyin = name_keys(&spoken(&name));
    let names = format!(
        "{name}\n{}\n{}\n{}\n{}",
        normalise_search(&item.name.en),
        item.code.to_lowercase(),
        pinyin.full.replace(' ', "").to_lowercase(),
        pinyin.initials.to_lowercase(),
    );
    let groups = item.details.groups.iter().map(|group| group.name());
    let groups: String = groups.map(|name| format!("{} {} ", name.zh, name.en)).collect();
    let (area, guide) = (item.area.name(), &item.guide);
    let rest = format!("{} {} {groups} {} {}", guide.zh, guide.en, area.zh, area.en);
    Entry { rest: normalise_search(&rest), item, names }
}

/// Words of the list in which a character is not read as it usually is.
fn spoken(name: &str) -> String {
    const READINGS: [(&str, &str); 5] = [
        ("借还", " jie huan "),
        ("租还", " zu huan "),
        ("重庆", " chong qing "),
        ("长途", " chang tu "),
        ("长期", " chang qi "),
    ];
    let read = |text: String, (word, reading): &(&str, &str)| text.replace(word, reading);
    READINGS.iter().fold(name.to_owned(), read)
}

/// Each character alone, and each pair of neighbours.
fn keys(text: &str) -> impl Iterator<Item = [char; 2]> + '_ {
    let singles = text.chars().map(|c| [c, NONE]);
    singles.chain(text.chars().zip(text.chars().skip(1)).map(|(a, b)| [a, b]))
}

#[cfg(test)]
mod tests;
