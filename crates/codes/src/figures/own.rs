//! A holder's own uses, narrowed to an item, a place, a result or some days (Art. 18, 19).

use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::time::parse_day;

use crate::store::{self, Use};

/// What a holder narrows his uses to; empty or unreadable texts narrow nothing.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct Narrowed {
    /// Part of the item's name, or its code.
    #[serde(default)]
    pub item: String,
    /// Part of the place.
    #[serde(default)]
    pub place: String,
    /// `accepted` or `refused`.
    #[serde(default)]
    pub result: String,
    /// First day, `YYYY-MM-DD`.
    #[serde(default)]
    pub from: String,
    /// Last day, `YYYY-MM-DD`.
    #[serde(default)]
    pub until: String,
}

impl Narrowed {
    /// Whether a use is among those looked for.
    pub fn fits(&self, used: &Use) -> bool {
        let (item, place, day) = (self.item.trim(), self.place.trim(), used.at.day());
        let named = used.item_zh.contains(item)
            || used.item_en.to_lowercase().contains(&item.to_lowercase())
            || used.item.eq_ignore_ascii_case(item);
        named
            && used.place.contains(place)
            && match self.result.as_str() {
                "accepted" => used.result == "ok",
                "refused" => used.result != "ok",
                _ => true,
            }
            && parse_day(&self.from).is_none_or(|from| from <= day)
            && parse_day(&self.until).is_none_or(|until| day <= until)
    }

    /// The same as parameters of the next page's address.
    pub fn query(&self) -> String {
        let pairs = [
            ("item", &self.item),
            ("place", &self.place),
            ("result", &self.result),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
        pairs.map(|(name, value)| format!("{name}={}&", escaped(value))).collect()
    }
}

/// Percent-encoding of RFC 3986 for a value in a query.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Uses read at once; one person has few.
const PAGE: i64 = 500;

/// A person's uses that fit, newest first, before an id.
///
/// # Errors
/// See [`DbError`].
pub fn find(
    tx: &mut Tx<'_>,
    person: Id,
    narrowed: &Narrowed,
    before: Id,
    most: usize,
) -> Result<Vec<Use>, DbError> {
    let (mut found, mut before) = (Vec::new(), before);
    loop {
        let page = store::uses_of(tx, person, before, PAGE)?;
        let Some(last) = page.last().map(|used| used.id) else { return Ok(found) };
        found.extend(page.into_iter().filter(|used| narrowed.fits(used)));
        if found.len() >= most {
            found.truncate(most);
            return Ok(found);
        }
        before = last;
    }
}

#[cfg(test)]
mod tests {
    use kernel::time::Utc;
    use time::macros::date;

    use super::*;

    fn used() -> Use {
        Use {
            person: Id(1),
            id: Id(2),
            at: Utc::start_of(date!(2026 - 03 - 05)),
            item: "CQ-CU-001".to_owned(),
            item_version: 1,
            item_zh: "图书借还".to_owned(),
            item_en: "Borrowing books".to_owned(),
            terminal: Id(3),
            place: "渝北区图书馆".to_owned(),
            credential: [0; 8],
            counter: None,
            result: "codes/expired".to_owned(),
        }
    }

    #[test]
    fn a_use_is_found_by_each_of_its_marks_and_by_no_other() {
        let fits = |item: &str, place: &str, result: &str, from: &str, until: &str| {
            let [item, place, result, from, until] =
                [item, place, result, from, until].map(str::to_owned);
            Narrowed { item, place, result, from, until }.fits(&used())
        };
        assert!(
            fits("", "", "", "", "") && fits("图书", "渝北", "refused", "2026-03-05", "2026-03-05")
        );
        assert!(fits("BOOKS", "", "", "soon", "") && fits("cq-cu-001", "", "", "", ""));
        assert!(!fits("公交", "", "", "", "") && !fits("", "渝中", "", "", ""));
        assert!(!fits("", "", "accepted", "", ""));
        assert!(!fits("", "", "", "2026-03-06", "") && !fits("", "", "", "", "2026-03-04"));
    }

    #[test]
    fn the_next_page_keeps_what_was_typed() {
        let narrowed = Narrowed { item: "书 &=".to_owned(), ..Narrowed::default() };
        assert_eq!(narrowed.query(), "item=%E4%B9%A6%20%26%3D&");
    }
}
