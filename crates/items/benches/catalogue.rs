//! Checks of the catalogue per second, and search over 10,000 items beside a bare scan.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Instant;

use items::catalogue::Catalogue;
use items::rules::{Item, State};
use kernel::id::Id;
use time::macros::date;

const ITEMS: usize = 10_000;

fn main() {
    let lines = items::seed::proposals();
    let made = (0..ITEMS).map(|n| {
        let item = lines[n % lines.len()].read(Id(1), Id(n as i64)).expect("a good line");
        let code = format!("{}-{n}", item.code);
        Item { code, version: 1, state: State::Published, ..item }
    });
    let all: Vec<Item> = made.collect();
    let catalogue = Catalogue::of(all.clone(), Vec::new());
    let day = date!(2026 - 03 - 01);

    let (begin, rounds) = (Instant::now(), 1_000_000);
    for n in 0..rounds {
        black_box(catalogue.get(&all[n % ITEMS].code, day));
    }
    println!("catalogue checks: {:.0} /s", rounds as f64 / begin.elapsed().as_secs_f64());

    let words =
        ["图书借还", "laonian", "补贴发放", "结算", "hospital", "tsjh", "川渝 图书", "农业保险"];
    let p99 = |search: &dyn Fn(&str) -> usize| {
        let mut times: Vec<f64> = (0..800)
            .map(|n| {
                let begin = Instant::now();
                black_box(search(words[n % words.len()]));
                begin.elapsed().as_secs_f64() * 1e6
            })
            .collect();
        times.sort_by(f64::total_cmp);
        times[times.len() * 99 / 100]
    };
    let index = p99(&|word| catalogue.search(word, day).len());
    let scan = p99(&|word| {
        all.iter().filter(|i| i.name.zh.contains(word) || i.guide.zh.contains(word)).count()
    });
    println!(
        "search over {ITEMS}: p99 {index:.0} us; bare scan {scan:.0} us; ratio {:.2}",
        index / scan
    );
}
