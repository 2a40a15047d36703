//! The clauses of the standard between regions, version 1, each with its day of adoption and a check from
//! outside. A new clause is one line.

use kernel::law::Text;

use super::probe::{Probe, Seen};
use crate::rules::{BATCH, LONGEST, SKEW_S, STANDARD};

/// One clause.
pub struct Clause {
    /// Stable number.
    pub code: &'static str,
    /// Version of the standard that brought it.
    pub version: i64,
    /// Day of adoption, `YYYY-MM-DD`.
    pub adopted: &'static str,
    zh: &'static str,
    en: &'static str,
    /// Asks the other region. What it says in plain words when the clause holds, else why not.
    pub check: fn(&Probe) -> Result<String, String>,
}

impl Clause {
    /// What the clause asks for.
    pub fn text(&self) -> Text {
        Text::new(self.zh, self.en)
    }
}

const fn clause(
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    check: fn(&Probe) -> Result<String, String>,
) -> Clause {
    Clause { code, version: 1, adopted: "2026-11-01", zh, en, check }
}

/// All clauses.
pub static CLAUSES: &[Clause] = &[
    clause(
        "T-1",
        "公布地区描述，由描述中的密钥签名",
        "A descriptor is published, signed with the key that it names",
        descriptor,
    ),
    clause("T-2", "标准版本一致", "The version of the standard is the same", version),
    clause(
        "T-3",
        "地区描述至少还有7天有效",
        "The descriptor is good for seven more days",
        validity,
    ),
    clause("T-4", "传输加密", "The way is encrypted", encrypted),
    clause("T-5", "时钟相差不超过120秒", "Clocks differ by 120 seconds at most", clock),
    clause("M-1", "不接收未互信地区的消息", "No message of an unlisted region is taken", unlisted),
    clause("M-2", "不接收无法读取的消息", "What cannot be read is not taken", unreadable),
    clause("M-3", "超过16 KiB的消息不接收", "A message above 16 KiB is not taken", long),
    clause("M-4", "一次超过10条消息时限流", "More than 10 messages at once are too many", many),
    clause(
        "A-1",
        "不答复未互信地区的核验",
        "No question of an unlisted region is answered",
        unasked,
    ),
    clause("K-1", "公布签名的发卡密钥清单", "A signed list of issuer keys is published", keys),
    clause("K-2", "公布签名的状态清单", "A signed status list is published", status),
    clause(
        "K-3",
        "清单可缓存、可条件请求",
        "Lists can be cached and asked for conditionally",
        cached,
    ),
    clause("J-1", "公布签名的日志树头", "A signed head of the journal is published", head),
];

fn wrong(wanted: &str, seen: &Seen) -> String {
    format!("{wanted}; it answered {} {}", seen.status, seen.code())
}

fn descriptor(probe: &Probe) -> Result<String, String> {
    let (_, said) = probe.descriptor()?;
    Ok(format!("{} {}", said.region, said.name))
}

fn version(probe: &Probe) -> Result<String, String> {
    let (_, said) = probe.descriptor()?;
    match said.standard == STANDARD {
        true => Ok(format!("version {STANDARD}")),
        false => Err(format!("version {} instead of {STANDARD}", said.standard)),
    }
}

fn validity(probe: &Probe) -> Result<String, String> {
    let (_, said) = probe.descriptor()?;
    let days = (said.valid_until - probe.now_s) / 86_400;
    match days >= 7 && said.valid_from <= probe.now_s + SKEW_S {
        true => Ok(format!("{days} days")),
        false => Err(format!("{days} days are left")),
    }
}

fn encrypted(probe: &Probe) -> Result<String, String> {
    let (_, said) = probe.descriptor()?;
    let here = ["http://127.", "http://localhost", "http://[::1]"];
    match said.endpoint.as_str() {
        endpoint if endpoint.starts_with("https://") => Ok("https".to_owned()),
        endpoint if here.iter().any(|near| endpoint.starts_with(near)) => {
            Ok("on this machine, where nobody listens on the way".to_owned())
        }
        endpoint => Err(format!("{endpoint} is not https")),
    }
}

fn clock(probe: &Probe) -> Result<String, String> {
    let off = probe.clock_off_s().ok_or("the answer has no Date")?;
    match off.abs() <= SKEW_S {
        true => Ok(format!("{off} s")),
        false => Err(format!("{off} s")),
    }
}

fn refused_as(probe: &Probe, messages: &[String], code: &str) -> Result<String, String> {
    let seen = probe.post("/regions/v1/messages", &format!("[{}]", messages.join(",")))?;
    match seen.body.contains(&format!("\"{code}\"")) && !seen.body.contains("\"receipt\"") {
        true => Ok(code.to_owned()),
        false => Err(wrong(&format!("not refused as {code}"), &seen)),
    }
}

fn unlisted(probe: &Probe) -> Result<String, String> {
    refused_as(probe, &[probe.stranger("{\"from\":\"990000\"}")], "regions/unlisted")
}

fn unreadable(probe: &Probe) -> Result<String, String> {
    refused_as(probe, &[probe.stranger("no JSON at all")], "regions/unreadable")
}

fn long(probe: &Probe) -> Result<String, String> {
    let long = probe.stranger(&"x".repeat(LONGEST + 1));
    refused_as(probe, &[long], "regions/too-long")
}

fn many(probe: &Probe) -> Result<String, String> {
    let one = probe.stranger("{\"from\":\"990000\"}");
    let all = vec![one; BATCH + 1].join(",");
    let seen = probe.post("/regions/v1/messages", &format!("[{all}]"))?;
    match seen.status == 429 {
        true => Ok(format!("{} {}", seen.status, seen.code())),
        false => Err(wrong("not refused with 429", &seen)),
    }
}

fn unasked(probe: &Probe) -> Result<String, String> {
    let seen = probe.post("/regions/v1/ask", &probe.stranger("{\"from\":\"990000\"}"))?;
    match seen.status == 403 && seen.code() == "regions/unlisted" {
        true => Ok(seen.code()),
        false => Err(wrong("not refused with 403", &seen)),
    }
}

fn list(probe: &Probe, path: &str, begins: &str) -> Result<String, String> {
    let seen = probe.get(path, None)?;
    match seen.status == 200 && seen.body.starts_with(begins) {
        true => Ok(format!("{} bytes", seen.length)),
        false => Err(wrong(&format!("no list that begins with {begins}"), &seen)),
    }
}

fn keys(probe: &Probe) -> Result<String, String> {
    list(probe, "/api/v1/cq1/keys", "CQK1")
}

fn status(probe: &Probe) -> Result<String, String> {
    list(probe, "/api/v1/cq1/status", "CQS1")
}

fn cached(probe: &Probe) -> Result<String, String> {
    let first = probe.get("/api/v1/cq1/keys", None)?;
    let tag = first.tag.clone().ok_or("the key list has no ETag")?;
    let again = probe.get("/api/v1/cq1/keys", Some(&tag))?;
    match again.status {
        304 => Ok("304".to_owned()),
        _ => Err(wrong("no 304 for what is held already", &again)),
    }
}

fn head(probe: &Probe) -> Result<String, String> {
    let seen = probe.get("/log/checkpoint", None)?;
    let name = seen.body.lines().next().unwrap_or_default().to_owned();
    match seen.status == 200 && seen.body.contains("\n\n— ") {
        true => Ok(name),
        false => Err(wrong("no signed head", &seen)),
    }
}
