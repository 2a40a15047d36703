//! Names and search: pinyin of a name, one way to write a name, one way to write a search text.

use ::pinyin::ToPinyin;

/// How a name can be searched with Latin letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameKeys {
    /// Syllables with spaces between, for example `zhang wei`; ü is written v.
    pub full: String,
    /// First letters of the syllables, for example `zw`.
    pub initials: String,
}

/// Characters whose reading as a surname differs from the common one.
const SURNAME_READINGS: [(&str, &str); 28] = [
    ("万俟", "mo qi"),
    ("尉迟", "yu chi"),
    ("长孙", "zhang sun"),
    ("单于", "chan yu"),
    ("澹台", "tan tai"),
    ("令狐", "ling hu"),
    ("单", "shan"),
    ("曾", "zeng"),
    ("仇", "qiu"),
    ("解", "xie"),
    ("任", "ren"),
    ("区", "ou"),
    ("查", "zha"),
    ("朴", "piao"),
    ("盖", "ge"),
    ("缪", "miao"),
    ("尹", "yin"),
    ("乐", "yue"),
    ("种", "chong"),
    ("折", "she"),
    ("员", "yun"),
    ("秘", "bi"),
    ("冼", "xian"),
    ("覃", "qin"),
    ("翟", "zhai"),
    ("牟", "mou"),
    ("郗", "xi"),
    ("隗", "wei"),
];

/// The pinyin of a name. The start is read as a surname (单 as shan, 曾 as zeng). A character
/// without a known reading stands for itself, so that it can still be found; Latin words are
/// kept in lower case.
pub fn name_keys(name: &str) -> NameKeys {
    let name = normalise_search(name);
    let mut syllables: Vec<String> = Vec::new();
    let mut rest = name.as_str();
    let surname = SURNAME_READINGS.iter().find(|(written, _)| name.starts_with(written));
    if let Some((written, reading)) = surname {
        syllables.extend(reading.split(' ').map(str::to_owned));
        rest = &rest[written.len()..];
    }
    for word in rest.split(' ') {
        add_syllables(word, &mut syllables);
    }
    NameKeys {
        initials: syllables.iter().filter_map(|word| word.chars().next()).collect(),
        full: syllables.join(" "),
    }
}

fn add_syllables(word: &str, syllables: &mut Vec<String>) {
    let mut latin = String::new();
    for character in word.chars() {
        if character.is_ascii() {
            latin.push(character);
            continue;
        }
        if !latin.is_empty() {
            syllables.push(std::mem::take(&mut latin));
        }
        syllables.push(match character.to_pinyin() {
            Some(reading) => reading.plain().replace('ü', "v"),
            None => character.to_string(),
        });
    }
    if !latin.is_empty() {
        syllables.push(latin);
    }
}

/// A search text in its one form: narrow characters, lower case, ü as v, dots between the parts
/// of a name and any run of white space as one space, none at the ends.
pub fn normalise_search(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if is_name_dot(c) { ' ' } else { fold_width(c) })
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ü' { 'v' } else { c })
        .filter(|c| !c.is_control() || c.is_whitespace())
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name as it is stored: narrow characters, one kind of middle dot (U+00B7, the one of resident
/// cards) without spaces around it, no spaces inside Chinese names (张　伟 is 张伟), single
/// spaces inside Latin ones.
pub fn normalise_name(text: &str) -> String {
    let folded: String = text
        .chars()
        .map(|c| if is_name_dot(c) { '·' } else { fold_width(c) })
        .filter(|c| !c.is_control() || c.is_whitespace())
        .collect();
    let mut name = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        let latin_before = name.chars().last().is_some_and(|c| c.is_ascii());
        let latin_after = word.chars().next().is_some_and(|c| c.is_ascii());
        if latin_before && latin_after {
            name.push(' ');
        }
        name.push_str(word);
    }
    name
}

/// The narrow form of a full-width character: digits, letters, signs and the ideographic space,
/// as Unicode's NFKC has it. Every other character is returned as it is.
pub fn fold_width(character: char) -> char {
    match character {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        _ => character,
    }
}

/// The dots that keyboards and registers put between the parts of a name; the full stop counts
/// only in full width, because a narrow one follows Latin initials.
fn is_name_dot(character: char) -> bool {
    matches!(character, '·' | '•' | '．' | '‧' | '・' | '･' | '∙' | '⋅' | '●' | '\u{fe52}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_found_by_its_pinyin_and_by_its_initials() {
        let keys = name_keys("张伟");
        assert_eq!(keys.full, "zhang wei");
        assert_eq!(keys.initials, "zw");
    }

    #[test]
    fn surnames_are_read_as_surnames_and_only_at_the_start() {
        assert_eq!(name_keys("曾单").full, "zeng dan");
        assert_eq!(name_keys("尉迟恭").full, "yu chi gong");
        assert_eq!(name_keys("欧阳娜").initials, "oyn");
    }

    #[test]
    fn u_with_dots_is_written_v() {
        assert_eq!(name_keys("吕绿").full, "lv lv");
        assert_eq!(normalise_search("LÜ"), "lv");
    }

    #[test]
    fn a_name_with_a_middle_dot_has_keys_of_all_parts() {
        let keys = name_keys("买买提·艾力");
        assert_eq!(keys.full, "mai mai ti ai li");
        assert_eq!(keys.initials, "mmtal");
    }

    #[test]
    fn a_character_without_a_reading_still_stands_in_the_key() {
        assert!(name_keys("李𬭎").full.starts_with("li "));
        assert_eq!(name_keys("李𬭎").initials.chars().count(), 2);
    }

    #[test]
    fn latin_names_are_split_at_spaces() {
        let keys = name_keys("ANNA  Kowalska");
        assert_eq!(keys.full, "anna kowalska");
        assert_eq!(keys.initials, "ak");
    }

    #[test]
    fn a_search_text_typed_wide_equals_one_typed_narrow() {
        assert_eq!(normalise_search("　Ｚｈａｎｇ　 Ｗｅｉ１ "), "zhang wei1");
    }

    #[test]
    fn a_stored_name_has_one_kind_of_dot_and_no_stray_spaces() {
        assert_eq!(normalise_name(" 买买提 • 艾力 "), "买买提·艾力");
        assert_eq!(normalise_name("张　伟"), "张伟");
        assert_eq!(normalise_name("ANNA　 KOWALSKA"), "ANNA KOWALSKA");
    }

    proptest! {
        #[test]
        fn normal_forms_are_stable(text in "\\PC*") {
            let search = normalise_search(&text);
            prop_assert_eq!(normalise_search(&search), search.clone());
            let name = normalise_name(&text);
            prop_assert_eq!(normalise_name(&name), name.clone());
        }

        #[test]
        fn any_text_has_keys_without_double_spaces(text in "\\PC*") {
            let keys = name_keys(&text);
            prop_assert!(!keys.full.contains("  "));
        }
    }
}
