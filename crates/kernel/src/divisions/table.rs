//! The rows of [`super::DIVISIONS`]: GB/T 2260 for Chongqing's counties and Sichuan's prefectures.

use super::{Division, Level, Region};
use time::{Date, macros::date};

/// The day on which 两江新区 took the place of 江北区 and 渝北区.
pub(super) const LIANGJIANG: Date = date!(2025 - 11 - 06);

const fn province(
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    region: Region,
) -> Division {
    row(code, zh, en, Level::Province, region)
}

const fn county(code: &'static str, zh: &'static str, en: &'static str) -> Division {
    row(code, zh, en, Level::County, Region::Chongqing)
}

const fn prefecture(code: &'static str, zh: &'static str, en: &'static str) -> Division {
    row(code, zh, en, Level::Prefecture, Region::Sichuan)
}

const fn row(
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    level: Level,
    region: Region,
) -> Division {
    Division { code, zh, en, level, region, from: None, until: None, successor: None }
}

const fn merged_into_liangjiang(division: Division) -> Division {
    Division { until: Some(LIANGJIANG), successor: Some("500157"), ..division }
}

/// Sorted by code.
pub(super) static ROWS: [Division; 62] = [
    province("500000", "重庆市", "Chongqing", Region::Chongqing),
    county("500101", "万州区", "Wanzhou District"),
    county("500102", "涪陵区", "Fuling District"),
    county("500103", "渝中区", "Yuzhong District"),
    county("500104", "大渡口区", "Dadukou District"),
    merged_into_liangjiang(county("500105", "江北区", "Jiangbei District")),
    county("500106", "沙坪坝区", "Shapingba District"),
    county("500107", "九龙坡区", "Jiulongpo District"),
    county("500108", "南岸区", "Nan'an District"),
    county("500109", "北碚区", "Beibei District"),
    county("500110", "綦江区", "Qijiang District"),
    county("500111", "大足区", "Dazu District"),
    merged_into_liangjiang(county("500112", "渝北区", "Yubei District")),
    county("500113", "巴南区", "Banan District"),
    county("500114", "黔江区", "Qianjiang District"),
    county("500115", "长寿区", "Changshou District"),
    county("500116", "江津区", "Jiangjin District"),
    county("500117", "合川区", "Hechuan District"),
    county("500118", "永川区", "Yongchuan District"),
    county("500119", "南川区", "Nanchuan District"),
    county("500120", "璧山区", "Bishan District"),
    county("500151", "铜梁区", "Tongliang District"),
    county("500152", "潼南区", "Tongnan District"),
    county("500153", "荣昌区", "Rongchang District"),
    county("500154", "开州区", "Kaizhou District"),
    county("500155", "梁平区", "Liangping District"),
    county("500156", "武隆区", "Wulong District"),
    Division { from: Some(LIANGJIANG), ..county("500157", "两江新区", "Liangjiang New Area") },
    county("500229", "城口县", "Chengkou County"),
    county("500230", "丰都县", "Fengdu County"),
    county("500231", "垫江县", "Dianjiang County"),
    county("500233", "忠县", "Zhong County"),
    county("500235", "云阳县", "Yunyang County"),
    county("500236", "奉节县", "Fengjie County"),
    county("500237", "巫山县", "Wushan County"),
    county("500238", "巫溪县", "Wuxi County"),
    county("500240", "石柱土家族自治县", "Shizhu Tujia Autonomous County"),
    county("500241", "秀山土家族苗族自治县", "Xiushan Tujia and Miao Autonomous County"),
    county("500242", "酉阳土家族苗族自治县", "Youyang Tujia and Miao Autonomous County"),
    county("500243", "彭水苗族土家族自治县", "Pengshui Miao and Tujia Autonomous County"),
    province("510000", "四川省", "Sichuan", Region::Sichuan),
    prefecture("510100", "成都市", "Chengdu"),
    prefecture("510300", "自贡市", "Zigong"),
    prefecture("510400", "攀枝花市", "Panzhihua"),
    prefecture("510500", "泸州市", "Luzhou"),
    prefecture("510600", "德阳市", "Deyang"),
    prefecture("510700", "绵阳市", "Mianyang"),
    prefecture("510800", "广元市", "Guangyuan"),
    prefecture("510900", "遂宁市", "Suining"),
    prefecture("511000", "内江市", "Neijiang"),
    prefecture("511100", "乐山市", "Leshan"),
    prefecture("511300", "南充市", "Nanchong"),
    prefecture("511400", "眉山市", "Meishan"),
    prefecture("511500", "宜宾市", "Yibin"),
    prefecture("511600", "广安市", "Guang'an"),
    prefecture("511700", "达州市", "Dazhou"),
    prefecture("511800", "雅安市", "Ya'an"),
    prefecture("511900", "巴中市", "Bazhong"),
    prefecture("512000", "资阳市", "Ziyang"),
    prefecture("513200", "阿坝藏族羌族自治州", "Aba Tibetan and Qiang Autonomous Prefecture"),
    prefecture("513300", "甘孜藏族自治州", "Garze Tibetan Autonomous Prefecture"),
    prefecture("513400", "凉山彝族自治州", "Liangshan Yi Autonomous Prefecture"),
];

/// Counties and cities of Chongqing that were raised to districts after 1997: the code on a person's
/// number and the code of the district of today. The days are not recorded here, so these codes
/// are known for numbers only and are never in force.
/// 万盛 (once 500110) and 双桥 (once 500111) are missing because 綦江 and 大足 took over their codes.
pub(super) static RAISED: [(&str, &str, &str); 15] = [
    ("500221", "长寿县", "500115"),
    ("500222", "綦江县", "500110"),
    ("500223", "潼南县", "500152"),
    ("500224", "铜梁县", "500151"),
    ("500225", "大足县", "500111"),
    ("500226", "荣昌县", "500153"),
    ("500227", "璧山县", "500120"),
    ("500228", "梁平县", "500155"),
    ("500232", "武隆县", "500156"),
    ("500234", "开县", "500154"),
    ("500239", "黔江土家族苗族自治县", "500114"),
    ("500381", "江津市", "500116"),
    ("500382", "合川市", "500117"),
    ("500383", "永川市", "500118"),
    ("500384", "南川市", "500119"),
];

/// Prefixes of Sichuan's numbering that passed to Chongqing in 1997.
pub(super) static BEFORE_1997: [(&str, &str); 4] = [
    ("5102", "原四川省重庆市"),
    ("5122", "原四川省万县地区"),
    ("5123", "原四川省涪陵地区"),
    ("5135", "原四川省黔江地区"),
];
