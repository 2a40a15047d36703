use super::*;
use crate::seed::proposals;
use kernel::id::Id;

fn index() -> Index {
    let read = |form: &crate::proposal::Proposal| form.read(Id(1), Id(2)).expect("a good line");
    Index::of(proposals().iter().map(read).map(Arc::new).collect())
}

fn first(text: &str) -> String {
    index().find(text).first().map(|item| item.code.clone()).unwrap_or_default()
}

#[test]
fn an_item_is_found_by_words_pinyin_initials_english_and_code() {
    for text in ["图书借还", "tushujiehuan", "tsjh", "Borrowing and ret", "cq-cu-001", "图书 借还"]
    {
        assert_eq!(first(text), "CQ-CU-001", "{text}");
    }
    assert!(index().find("没有这样的事项").is_empty());
    assert!(index().find("  ").is_empty());
}

#[test]
fn the_index_finds_exactly_what_a_scan_finds() {
    let index = index();
    for text in ["卡", "老年", "gong", "a", "card", "农民 补贴", "zz"] {
        let words: Vec<&str> = text.split(' ').collect();
        let fits = |entry: &&Entry| {
            words.iter().all(|word| entry.names.contains(word) || entry.rest.contains(word))
        };
        let scan = index.entries.iter().filter(fits).count();
        assert_eq!(index.find(text).len(), scan, "{text}");
    }
}
