//! Addresses: a real county, and below it towns, roads and villages put together from parts.

use super::draw::Draw;
use kernel::divisions::Division;
use std::fmt::Write;

const HEADS: &str = "龙凤青白石双永太大新金玉清长高红云桃松竹柳梅沙黄古安和兴官天";
const TAILS: &str = "桥溪坝坪河滩湾岩林山水泉塘场井田沟岭峰池";
const ROADS: &[&str] = &["路", "街", "大道", "巷", "支路"];

/// An address in that county of Chongqing; seven of ten are in a town, the others in a village.
pub(super) fn address(draw: &mut Draw, county: &Division) -> String {
    let mut text = String::with_capacity(96);
    text.push_str("重庆市");
    text.push_str(county.zh);
    let urban = draw.per_mille(700);
    place(draw, &mut text);
    text.push_str(match (urban, draw.below(2)) {
        (true, 0) => "街道",
        (false, 0) => "乡",
        _ => "镇",
    });
    place(draw, &mut text);
    let written = if urban {
        text.push_str(draw.pick(ROADS));
        let (house, block) = (1 + draw.below(399), 1 + draw.below(12));
        let (floor, door) = (1 + draw.below(32), 1 + draw.below(6));
        write!(text, "{house}号{block}幢{floor}-{door}")
    } else {
        let (group, house) = (1 + draw.below(12), 1 + draw.below(120));
        write!(text, "村{group}组{house}号")
    };
    written.expect("writing to a String cannot fail");
    text
}

fn place(draw: &mut Draw, text: &mut String) {
    text.push(draw.character(HEADS));
    text.push(draw.character(TAILS));
}
