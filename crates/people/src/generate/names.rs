//! Names that sound right and belong to nobody in particular, put together from parts.

use super::draw::Draw;
use crate::number::Sex;
use std::sync::LazyLock;

/// Han surnames with the number of bearers in ten thousand people, rounded; the long tail has 6 each.
const SURNAMES: &[(u32, &str)] = &[
    (720, "王李"),
    (650, "张刘"),
    (510, "陈杨"),
    (210, "黄吴赵周"),
    (140, "徐孙马朱胡郭何林高罗"),
    (90, "郑梁谢宋唐许邓冯韩曹曾彭"),
    (55, "萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢"),
    (30, "傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万"),
    (14, "钱严覃武戚莫孔向汤温康牟冉蒲晏况蹇税甘古敖代闵喻文游"),
    (6, "岑庞殷施洪倪翁霍简阳谌冷幸瞿乔柏涂匡骆聂付晋卓隆舒符屈鲜谯"),
];

const COMPOUND_SURNAMES: &[&str] =
    &["欧阳", "司马", "上官", "诸葛", "司徒", "尉迟", "长孙", "令狐"];

const MEN_OLD: &str = "国建华明德福贵荣光宗永树林成志忠文武祥兴正清云友洪银万世安仁义";
const MEN: &str = "伟强军勇杰涛磊超鹏飞斌浩宇波刚俊峰辉平海洋晨博文凯阳旭健亮翔";
const MEN_YOUNG: &str = "轩泽宇梓浩然睿辰奕诺铭逸皓煜昊瑞嘉佑霖钧熙彦承恒景";
const WOMEN_OLD: &str = "秀英兰珍玉桂芳素淑琼碧菊莲香翠凤梅清仙菁碧芝蓉明群";
const WOMEN: &str = "丽敏静娟艳燕红玲霞萍娜婷雪琴莉晶颖洁慧佳倩蕾瑶璐欣思";
const WOMEN_YOUNG: &str = "梓涵欣怡诗雨萱妍可馨一诺语桐依若汐玥彤苒芮琪语梦悦宁";

/// Characters that old systems lose: some are outside GB 2312, some outside the first 65,536 of
/// Unicode.
const RARE: &[&str] = &[
    "喆", "堃", "犇", "镕", "旻", "玥", "珺", "淼", "㛃", "䶮", "㴔", "𬭎", "𬱟", "𫖮", "𬍛", "𣸣",
];

/// Parts of Uyghur and Kazakh names as Chinese registers write them: given name·father's name.
const UYGHUR_MEN: &[&str] = &[
    "买买提",
    "艾力",
    "吐尔逊",
    "阿卜杜拉",
    "玉素甫",
    "库尔班",
    "亚森",
    "依明",
    "热合曼",
    "艾合买提",
];
const UYGHUR_WOMEN: &[&str] = &["阿依古丽", "热依拉", "古丽娜尔", "阿米娜", "帕提古丽", "祖丽菲亚"];

const TIBETAN: &[&str] = &[
    "扎西", "卓玛", "多吉", "央金", "次仁", "旺堆", "拉姆", "格桑", "丹增", "白玛", "顿珠", "曲珍",
];

/// Clan and given parts of Yi names.
const YI_CLANS: &[&str] = &["阿都", "吉克", "沙马", "马海", "曲比", "阿尔", "俄木", "勒伍"];
const YI_GIVEN: &[&str] = &["木呷", "尔古", "阿依", "拉且", "伍各", "子莫", "石布", "阿甲"];

/// Traditional characters, as Hong Kong, Macao and Taiwan write them.
const TRADITIONAL_SURNAMES: &str = "陳黃張劉吳鄭謝許葉蘇盧趙楊鄧馮羅";
const TRADITIONAL_GIVEN: &str = "偉傑麗詠儀嘉穎雅婷國榮錦華靜慧燕玲鴻達鳳寶龍";

const LATIN_MEN: &[&str] = &[
    "ADAM", "BRUNO", "CARLO", "DANIEL", "EMIL", "FELIX", "HUGO", "IVAN", "JUN", "KAMRAN", "MINH",
    "OSCAR",
];
const LATIN_WOMEN: &[&str] = &[
    "ANNA", "BEATRICE", "CLARA", "DIANA", "ELENA", "FATIMA", "GRETA", "HANA", "IRINA", "LINH",
    "MIRA", "YUNA",
];
const LATIN_FAMILIES: &[&str] = &[
    "ALDERTON",
    "BERGFELD",
    "CASTELANE",
    "DUVERNOY",
    "HANSEONG",
    "KAWAMORI",
    "LINDQUER",
    "MOROZENKO",
    "NGUYENTHAI",
    "QADERI",
    "SATOMURA",
    "WHITCOMBE",
];

static SURNAME_TABLE: LazyLock<Vec<char>> = LazyLock::new(|| {
    let weighted = |(weight, names): &(u32, &'static str)| {
        let (weight, names) = (*weight, *names);
        names.chars().flat_map(move |name| std::iter::repeat_n(name, weight as usize))
    };
    SURNAMES.iter().flat_map(weighted).collect()
});

/// A name for a person of the mainland of that nation (民族), sex and year of birth.
pub(super) fn mainland(draw: &mut Draw, nation: &str, sex: Sex, year: i32) -> String {
    match nation {
        "维吾尔族" => {
            let given = draw.pick(by_sex(sex, UYGHUR_MEN, UYGHUR_WOMEN));
            format!("{given}·{}", draw.pick(UYGHUR_MEN))
        }
        "藏族" => format!("{}{}", draw.pick(TIBETAN), draw.pick(TIBETAN)),
        "彝族" => format!("{}{}", draw.pick(YI_CLANS), draw.pick(YI_GIVEN)),
        _ => han(draw, sex, year),
    }
}

fn han(draw: &mut Draw, sex: Sex, year: i32) -> String {
    let mut name = String::with_capacity(16);
    if draw.per_mille(3) {
        name.push_str(draw.pick(COMPOUND_SURNAMES));
    } else {
        name.push(draw.pick(&SURNAME_TABLE));
    }
    let characters = match year {
        ..1965 => by_sex(sex, MEN_OLD, WOMEN_OLD),
        1965..2000 => by_sex(sex, MEN, WOMEN),
        _ => by_sex(sex, MEN_YOUNG, WOMEN_YOUNG),
    };
    // Names of two characters were in fashion from about 1970 to 2000.
    let single = draw.per_mille(if (1970..2000).contains(&year) { 300 } else { 60 });
    if !single {
        name.push(draw.character(characters));
    }
    if draw.per_mille(4) {
        name.push_str(draw.pick(RARE));
    } else {
        name.push(draw.character(characters));
    }
    name
}

/// A name for a person of Hong Kong, Macao or Taiwan.
pub(super) fn traditional(draw: &mut Draw) -> String {
    let surname = draw.character(TRADITIONAL_SURNAMES);
    let (first, second) = (draw.character(TRADITIONAL_GIVEN), draw.character(TRADITIONAL_GIVEN));
    [surname, first, second].iter().collect()
}

/// A name for a foreigner, family name last, in capitals as in a passport's machine-readable zone.
pub(super) fn latin(draw: &mut Draw, sex: Sex) -> String {
    let given = draw.pick(by_sex(sex, LATIN_MEN, LATIN_WOMEN));
    format!("{given} {}", draw.pick(LATIN_FAMILIES))
}

fn by_sex<T: ?Sized>(sex: Sex, man: &'static T, woman: &'static T) -> &'static T {
    match sex {
        Sex::Male => man,
        Sex::Female => woman,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pinyin::normalise_name;

    #[test]
    fn lists_from_which_characters_are_drawn_have_three_bytes_each() {
        let lists = [
            MEN_OLD,
            MEN,
            MEN_YOUNG,
            WOMEN_OLD,
            WOMEN,
            WOMEN_YOUNG,
            TRADITIONAL_SURNAMES,
            TRADITIONAL_GIVEN,
        ];
        for list in lists {
            assert!(list.chars().all(|c| c.len_utf8() == 3), "{list}");
        }
    }

    #[test]
    fn no_surname_is_listed_twice() {
        let mut all: Vec<char> = SURNAMES.iter().flat_map(|(_, names)| names.chars()).collect();
        let before = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), before);
    }

    #[test]
    fn a_uyghur_name_has_a_middle_dot_and_every_name_is_in_its_stored_form() {
        let mut draw = Draw::new(1, 1);
        assert!(mainland(&mut draw, "维吾尔族", Sex::Female, 1990).contains('·'));
        for nation in ["维吾尔族", "藏族", "彝族", "汉族"] {
            let name = mainland(&mut draw, nation, Sex::Male, 1950);
            assert_eq!(normalise_name(&name), name);
        }
        let name = latin(&mut draw, Sex::Female);
        assert_eq!(normalise_name(&name), name);
    }
}
