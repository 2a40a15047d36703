//! Lines per second written and read per format, beside the floor: the same bytes written and read
//! without looking at them.
#![forbid(unsafe_code)]

use std::fs::File;
use std::hint::black_box;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

use payfile::codes::{Codes, Meaning};
use payfile::iso::{Profile, Statuses, read_message, write_pain001_orders};
use payfile::layout::Layout;
use payfile::text::{OrderReader, ReportHead, ReportLine, read_report, write_orders, write_report};
use payfile::{Batch, Order, ReportKind};

fn main() {
    let lines = std::env::var("PAYFILE_LINES").ok().and_then(|n| n.parse().ok());
    let lines: u32 = lines.unwrap_or(1_000_000);
    let folder = std::env::temp_dir().join(format!("payfile-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    println!("{lines} lines a file; floor: as many bytes without looking at them");
    let batch = Batch {
        id: "bench".to_owned(),
        bank: "CQ01".to_owned(),
        payer_account: "5001000099887766".to_owned(),
        date: "2026-11-23".to_owned(),
        orders: Vec::new(),
    };
    let orders = || (0..lines).map(order);
    let sums = (u64::from(lines), orders().map(|order| order.fen).sum());
    for name in Layout::names() {
        let layout = Layout::shipped(name).expect("shipped");
        let path = folder.join(name);
        let write = timed(|| {
            let out = BufWriter::with_capacity(1 << 18, File::create(&path).expect("a file"));
            write_orders(out, &layout, &batch, sums, orders()).expect("written");
        });
        say(&format!("{name} orders written"), lines, write, floor_write(&path));
        let read = timed(|| {
            let input = BufReader::with_capacity(1 << 18, File::open(&path).expect("a file"));
            let mut reader = OrderReader::new(input, &layout).expect("a header");
            while let Some(line) = reader.next_order().expect("a whole file") {
                black_box(line.expect("a good line"));
            }
        });
        say(&format!("{name} orders read"), lines, read, floor_read(&path));
        println!("  peak memory so far {} MiB", peak());
    }
    reports(&folder, lines);
    iso(&folder, lines, &batch, sums);
    std::fs::remove_dir_all(folder).expect("removed");
}

fn order(n: u32) -> Order {
    Order {
        seq: n + 1,
        reference: format!("p{n:012}"),
        account: format!("62{:017}", u64::from(n) * 7919),
        name: ["王一凡", "\u{20bb7}野家", "阿卜杜拉·买买提", "瓅珅"][n as usize % 4].to_owned(),
        fen: i64::from(n) % 1_000_000 + 1,
        remark: "耕地地力保护补贴".to_owned(),
    }
}

fn reports(folder: &Path, lines: u32) {
    let layout = Layout::shipped("bar").expect("shipped");
    let codes = Codes::shipped("plain").expect("shipped");
    let code = codes.of_line(Meaning::Good).to_owned();
    let line = |n: u32| ReportLine {
        seq: n + 1,
        reference: format!("p{n:012}"),
        fen: 100,
        code: code.clone(),
        bank_ref: format!("B{n}"),
        at: 1_795_399_200_000_000,
    };
    let all: Vec<ReportLine> = (0..lines).map(line).collect();
    let head = ReportHead {
        report: "R1".to_owned(),
        kind: ReportKind::Result,
        batch: "bench".to_owned(),
        bank: "CQ01".to_owned(),
        verdict: String::new(),
        date: "2026-11-23".to_owned(),
    };
    let path = folder.join("report");
    let out = BufWriter::with_capacity(1 << 18, File::create(&path).expect("a file"));
    write_report(out, &layout, &head, &all).expect("written");
    drop(all);
    let read = timed(|| {
        let input = BufReader::with_capacity(1 << 18, File::open(&path).expect("a file"));
        black_box(read_report(input, &layout, &codes, [0; 32]).expect("read"));
    });
    say("bar report read", lines, read, floor_read(&path));
}

fn iso(folder: &Path, lines: u32, batch: &Batch, sums: (u64, i64)) {
    let name = || "重庆市财政局".to_owned();
    let profile = Profile { initiator: name(), debtor: name(), cnaps: "102653000013".to_owned() };
    let path = folder.join("pain001");
    let write = timed(|| {
        let out = BufWriter::with_capacity(1 << 18, File::create(&path).expect("a file"));
        let orders = (0..lines).map(order);
        write_pain001_orders(out, &profile, batch, sums, orders).expect("written");
    });
    say("pain.001 written", lines, write, floor_write(&path));
    let path = folder.join("pain002");
    let mut out = BufWriter::with_capacity(1 << 18, File::create(&path).expect("a file"));
    out.write_all(HEAD.as_bytes()).expect("written");
    for n in 0..lines {
        let line = format!(
            "<TxInfAndSts><OrgnlEndToEndId>p{n:012}</OrgnlEndToEndId><TxSts>ACSC</TxSts>\
            <AcctSvcrRef>B{n}</AcctSvcrRef></TxInfAndSts>\n"
        );
        out.write_all(line.as_bytes()).expect("written");
    }
    out.write_all(b"</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>").expect("written");
    out.into_inner().expect("flushed");
    let statuses = Statuses::shipped();
    let read = timed(|| {
        let input = BufReader::with_capacity(1 << 18, File::open(&path).expect("a file"));
        black_box(read_message(input, &statuses).expect("read"));
    });
    say("pain.002 read", lines, read, floor_read(&path));
}

const HEAD: &str = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt>\
    <GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-23T10:00:00</CreDtTm></GrpHdr>\
    <OrgnlGrpInfAndSts><OrgnlMsgId>b1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>\
    </OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>b1</OrgnlPmtInfId>\n";

fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

/// As many bytes, in pieces of the same size; never held together, so that the peak is the format's.
fn floor_write(path: &Path) -> f64 {
    let length = std::fs::metadata(path).expect("a file").len();
    let piece = vec![b'0'; 1 << 18];
    timed(|| {
        let mut out = File::create(path.with_extension("floor")).expect("a file");
        let mut rest = length;
        while rest > 0 {
            let n = rest.min(piece.len() as u64);
            out.write_all(&piece[..n as usize]).expect("written");
            rest -= n;
        }
    })
}

fn floor_read(path: &Path) -> f64 {
    timed(|| {
        let mut input = File::open(path).expect("a file");
        let mut buffer = vec![0; 1 << 18];
        while input.read(&mut buffer).expect("read") > 0 {
            black_box(&buffer);
        }
    })
}

fn say(what: &str, lines: u32, seconds: f64, floor: f64) {
    let rate = f64::from(lines) / seconds;
    println!(
        "{what}: {rate:.0} lines/s; {seconds:.2} s, floor {floor:.2} s, ratio {:.1}",
        seconds / floor
    );
}

/// The most memory that this process had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) / 1024
}
