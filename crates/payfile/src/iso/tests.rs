//! Messages of banks, good and nasty.

use proptest::prelude::*;

use super::*;
use crate::contract::LineResult::{Paid, Pending, Returned};
use crate::testing::batch;

fn profile() -> Profile {
    Profile {
        initiator: "重庆市社会保障卡一卡通服务平台".to_owned(),
        debtor: "A & B <财政局>".to_owned(),
        cnaps: "102653000013".to_owned(),
    }
}

fn read(text: &str) -> Result<Message, String> {
    read_message(text.as_bytes(), &Statuses::shipped())
}

fn pain002(group: &str, transactions: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
        <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt>\
        <GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-23T10:00:00</CreDtTm></GrpHdr>\
        <OrgnlGrpInfAndSts><OrgnlMsgId>b1</OrgnlMsgId>\
        <OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>\
        <OrgnlPmtInfAndSts><OrgnlPmtInfId>b1</OrgnlPmtInfId>{transactions}</OrgnlPmtInfAndSts>\
        </CstmrPmtStsRpt></Document>"
    )
}

fn transaction(reference: &str, status: &str, reason: &str) -> String {
    let reason = match reason {
        "" => String::new(),
        code => format!("<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>"),
    };
    format!(
        "<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{status}</TxSts>{reason}\
        <AcctSvcrRef>B-{reference}</AcctSvcrRef><OrgnlTxRef><Amt>\
        <InstdAmt Ccy=\"CNY\">12.50</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>"
    )
}

fn entry(sum: &str, side: &str, status: &str, details: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"CNY\">{sum}</Amt><CdtDbtInd>{side}</CdtDbtInd>\
        <Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>2026-11-23</Dt></BookgDt>\
        <BkTxCd/><NtryDtls>{details}</NtryDtls></Ntry>"
    )
}

fn detail(reference: &str, amount: &str, more: &str) -> String {
    format!(
        "<TxDtls><Refs><AcctSvcrRef>B{reference}</AcctSvcrRef><PmtInfId>b1</PmtInfId>\
        <EndToEndId>{reference}</EndToEndId></Refs><Amt Ccy=\"CNY\">{amount}</Amt>{more}</TxDtls>"
    )
}

fn camt(entries: &str) -> String {
    format!(
        "<Document xmlns=\"{}\"><BkToCstmrStmt><GrpHdr><MsgId>S1</MsgId></GrpHdr><Stmt><Id>1</Id>\
        {entries}</Stmt></BkToCstmrStmt></Document>",
        super::camt::CAMT_053
    )
}

#[test]
fn what_is_sent_is_escaped_complete_and_the_same_each_time() {
    let batch = batch(3);
    let bytes = write_pain001(Vec::new(), &profile(), &batch).expect("written");
    assert_eq!(bytes, write_pain001(Vec::new(), &profile(), &batch).expect("written"));
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(text.contains("<Dbtr><Nm>A &amp; B &lt;财政局&gt;</Nm></Dbtr>"));
    let sums = "<NbOfTxs>3</NbOfTxs><CtrlSum>7.89</CtrlSum>";
    assert_eq!(text.matches(sums).count(), 2, "{text}");
    // The schema's order of what is required.
    let order = ["<MsgId>", "<CreDtTm>", "<NbOfTxs>", "<CtrlSum>", "<InitgPty>", "<PmtInfId>"]
        .into_iter()
        .chain([
            "<PmtMtd>TRF<",
            "<ReqdExctnDt><Dt>2026-11-23<",
            "<Dbtr>",
            "<DbtrAcct>",
            "<DbtrAgt>",
        ])
        .chain([
            "<EndToEndId>p000000000001<",
            "<InstdAmt Ccy=\"CNY\">1.32<",
            "<Cdtr>",
            "<CdtrAcct>",
        ])
        .chain(["<Purp>", "<RmtInf>", "p000000000002", "p000000000003"]);
    let mut from = 0;
    for part in order {
        let found = text[from..].find(part).unwrap_or_else(|| panic!("{part} after {from}"));
        from += found;
    }
}

#[test]
fn what_the_schema_does_not_allow_is_not_sent() {
    let refused = |profile: &Profile, batch: &crate::Batch| {
        write_pain001(Vec::new(), profile, batch).expect_err("refused").to_string()
    };
    let without = crate::Batch { payer_account: String::new(), ..batch(1) };
    assert!(refused(&profile(), &without).contains("payer"));
    let wrong = Profile { cnaps: "12".to_owned(), ..profile() };
    assert!(refused(&wrong, &batch(1)).contains("cnaps"));
    let mut control = batch(1);
    control.orders[0].name = "a\u{1}b".to_owned();
    assert!(refused(&profile(), &control).contains("name"));
}

#[test]
fn statuses_and_reasons_become_our_words() {
    let all = [
        ("p1", "ACSC", ""),
        ("p2", "ACCP", ""),
        ("p3", "RJCT", "AC04"),
        ("p4", "RJCT", "BE01"),
        ("p5", "RJCT", "AM05"),
        ("p6", "XXXX", ""),
        ("p7", "PDNG", ""),
        ("p8", "RJCT", "ZZ99"),
    ];
    let all: String = all.iter().map(|(r, s, why)| transaction(r, s, why)).collect();
    let message = read(&pain002("<GrpSts>PART</GrpSts>", &all)).expect("read");
    assert_eq!((message.id.as_str(), message.batch.as_str()), ("M1", "b1"));
    assert_eq!((message.kind, message.refused), (ReportKind::Result, None));
    let returned = |reason, code: &str| Returned { reason, bank_code: code.to_owned() };
    // 2026-11-23 10:00 in Chongqing.
    let at = 1_795_399_200_000_000;
    let expected: Vec<(String, Option<i64>, LineResult)> = [
        ("p1", Paid { bank_ref: "B-p1".to_owned(), at }),
        ("p2", Pending),
        ("p3", returned(Reason::Closed, "AC04")),
        ("p4", returned(Reason::NameMismatch, "BE01")),
        ("p7", Pending),
        ("p8", returned(Reason::Other, "ZZ99")),
    ]
    .map(|(reference, result)| (reference.to_owned(), Some(1250), result))
    .into();
    assert_eq!(message.lines, expected);
    let open: Vec<u64> = message.faults.iter().map(|(line, _)| *line).collect();
    assert_eq!(open, [5, 6], "a duplicate and an unknown status leave a line open");
}

#[test]
fn a_batch_refused_as_a_whole_says_why_and_contradicts_no_line() {
    let why = "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM10</Cd></Rsn></StsRsnInf>";
    let message = read(&pain002(why, "")).expect("read");
    assert_eq!(message.refused, Some((Reason::AmountMismatch, "AM10".to_owned())));
    assert!(message.lines.is_empty());
    assert!(read(&pain002(why, &transaction("p1", "ACSC", ""))).is_err());
}

#[test]
fn statements_tell_what_moved_and_what_came_back() {
    let two = detail("p1", "10.00", "") + &detail("p2", "2.5", "");
    let back = detail("p1", "10.00", "<RtrInf><Rsn><Cd>AC06</Cd></Rsn></RtrInf>");
    let entries = entry("12.50", "DBIT", "BOOK", &two)
        + &entry("10", "CRDT", "BOOK", &back)
        + &entry("1", "DBIT", "PDNG", &detail("p3", "1", ""))
        + &entry("5", "CRDT", "BOOK", &detail("NOT-OURS", "5", ""))
        + &entry("7", "CRDT", "BOOK", "");
    let message = read(&camt(&entries)).expect("read");
    assert_eq!((message.batch.as_str(), message.kind), ("b1", ReportKind::Statement));
    let at = 1_795_363_200_000_000;
    let paid = |n: &str| Paid { bank_ref: format!("Bp{n}"), at };
    let blocked = Returned { reason: Reason::Blocked, bank_code: "AC06".to_owned() };
    let expected: Vec<(String, Option<i64>, LineResult)> = vec![
        ("p1".to_owned(), Some(1000), paid("1")),
        ("p2".to_owned(), Some(250), paid("2")),
        ("p1".to_owned(), Some(1000), blocked),
        ("p3".to_owned(), Some(100), Pending),
    ];
    assert_eq!(message.lines, expected);
    assert_eq!(message.faults.len(), 2);
}

#[test]
fn sums_and_counts_that_do_not_hold_refuse_the_whole() {
    let one = entry("12.51", "DBIT", "BOOK", &(detail("p1", "10", "") + &detail("p2", "2.5", "")));
    assert!(read(&camt(&one)).is_err());
    let count = "<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry>";
    let entry = entry("1", "DBIT", "BOOK", &detail("p3", "1", ""));
    assert!(read(&camt(&format!("{count}{entry}"))).is_err());
    assert!(read(&camt(&format!("{count}{entry}{entry}"))).is_ok());
    assert!(read(&camt(&entry.replace("CNY", "USD"))).is_err());
}

#[test]
fn prefixes_comments_and_foreign_elements_are_as_the_standard_has_them() {
    let plain = pain002("", &transaction("p1", "ACSC", ""));
    let expected = read(&plain).expect("read");
    let prefixed = plain.replace("</", "</n:").replace('<', "<n:").replace("<n:/n:", "</n:");
    let prefixed = prefixed.replace("<n:?xml", "<?xml").replace("xmlns=", "xmlns:n=");
    assert_eq!(read(&prefixed), Ok(expected.clone()), "{prefixed}");
    let foreign = plain.replace(
        "<GrpHdr>",
        "<!-- by <hand> --><x:Odd xmlns:x='urn:x'><MsgId>evil</MsgId></x:Odd><GrpHdr>\n  ",
    );
    assert_eq!(read(&foreign), Ok(expected.clone()));
    let spelled = plain.replace("p1</Orgnl", "&#112;<![CDATA[1]]></Orgnl");
    assert_eq!(read(&spelled), Ok(expected));
}

#[test]
fn bombs_and_tricks_are_refused() {
    let good = pain002("", &transaction("p1", "ACSC", ""));
    let document = &good[good.find("<Document").expect("there")..];
    let doctype = "<!DOCTYPE d [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>";
    let outside = "<!DOCTYPE d SYSTEM \"file:///etc/passwd\">";
    for head in [doctype, outside, "<?php evil ?>", "text", "<x/>"] {
        assert!(read(&format!("{head}{document}")).is_err(), "{head}");
    }
    for (old, new) in [
        ("p1", "&a;"),
        ("p1", "&#0;"),
        ("p1", "&#x1;"),
        ("p1", "\u{1}"),
        ("UTF-8", "GB18030"),
        ("pain.002.001.10", "pain.002.001.03"),
        ("pain.001.001.09<", "pain.001.001.03<"),
        ("<OrgnlPmtInfId>b1<", "<OrgnlPmtInfId>b2<"),
        ("</Document>", ""),
        ("</Document>", "</Document><Document/>"),
        ("</CstmrPmtStsRpt>", "</CstmrPmtStsRpt><CstmrPmtStsRpt/>"),
        ("<MsgId>M1</MsgId>", "<MsgId>M1</MsgId><MsgId>M2</MsgId>"),
        ("<GrpHdr>", "<GrpHdr a='&lt;'>"),
        ("12.50", "12.505"),
        ("12.50", "-12.50"),
    ] {
        assert!(good.contains(old), "{old}");
        assert!(read(&good.replacen(old, new, 1)).is_err(), "{old} → {new}");
    }
    let deep = "<a>".repeat(100_000);
    assert!(read(&good.replacen("<GrpHdr>", &deep, 1)).is_err());
    let long = "x".repeat(1 << 20);
    assert!(read(&good.replacen("p1", &long, 1)).is_err());
    assert!(read(&good.replacen("<GrpHdr>", &format!("<{long}"), 1)).is_err());
}

#[test]
fn text_without_end_is_refused_before_it_fills_the_memory() {
    use std::io::{BufReader, Read};
    for beginning in ["<Document xmlns='urn:x'><a>", "<Document ", "<!--", "<![CDATA["] {
        let endless = beginning.as_bytes().chain(std::io::repeat(b'a').take(1 << 40));
        assert!(read_message(BufReader::new(endless), &Statuses::shipped()).is_err());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic_and_no_cut_message_is_whole(
        noise in prop::collection::vec(any::<u8>(), 1..60),
        place in any::<prop::sample::Index>(),
        over in any::<bool>(),
    ) {
        let statuses = Statuses::shipped();
        let _ = read_message(&noise[..], &statuses);
        let statement = camt(&entry("1", "DBIT", "BOOK", &detail("p3", "1", "")));
        for good in [pain002("", &transaction("p1", "ACSC", "")), statement] {
            let at = place.index(good.len());
            prop_assert!(read_message(&good.as_bytes()[..at], &statuses).is_err());
            let mut bent = good.into_bytes();
            let end = if over { (at + noise.len()).min(bent.len()) } else { at };
            bent.splice(at..end, noise.iter().copied());
            let _ = read_message(&bent[..], &statuses);
        }
    }

    #[test]
    fn any_text_that_may_be_sent_is_well_formed(name in "\\PC{1,30}", remark in "\\PC{0,30}") {
        let mut batch = batch(1);
        (batch.orders[0].name, batch.orders[0].remark) = (name.clone(), remark);
        if let Ok(bytes) = write_pain001(Vec::new(), &profile(), &batch) {
            let mut xml = xml::Xml::new(&bytes[..]);
            prop_assert_eq!(xml.document(), Ok(PAIN_001.to_owned()));
            prop_assert_eq!(xml.skip(), Ok(()));
            prop_assert_eq!(xml.next(), Ok(xml::Token::End));
        }
    }
}
