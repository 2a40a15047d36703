//! Reading a physical social security card: application `sx1.sh.社会保障`, file EF05 (the card) and EF06
//! (its holder), as laid out in LD/T 32. What is read proves nothing by itself: the platform decides, and
//! the face alone is never enough.
//!
//! The port to a reader is [`Reader`]: a smart-card service on this machine, or a reader program behind a
//! socket ([`socket`]). Without one the terminal works with codes.

use encoding_rs::GBK;

pub mod socket;

/// The application's name in GBK.
const APPLICATION: &[u8; 15] = b"sx1.sh.\xC9\xE7\xBB\xE1\xB1\xA3\xD5\xCF";
/// More records than any card has in these files.
const MOST_RECORDS: u8 = 32;

/// The port to a card reader.
pub trait Reader {
    /// Powers the card up and returns its answer to reset; `None` when no card is there.
    ///
    /// # Errors
    /// [`CardError::Reader`].
    fn reset(&mut self) -> Result<Option<Vec<u8>>, CardError>;

    /// Sends one command and returns the answer with its two status bytes.
    ///
    /// # Errors
    /// [`CardError::Reader`].
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, CardError>;
}

/// Why a card could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// No card is in the reader.
    #[error("没有卡 / no card")]
    NoCard,
    /// The reader does not work.
    #[error("读卡器故障 / the reader does not work: {0}")]
    Reader(String),
    /// Not a social security card, or a blocked application.
    #[error("不是社会保障卡 / not a social security card ({0:04x})")]
    Foreign(u16),
    /// The card says no to a command.
    #[error("卡拒绝读取 / the card refused ({0:04x})")]
    Refused(u16),
    /// A field that must be there is missing or not in its form.
    #[error("卡内数据无法识别 / the card's data is not understood: {0}")]
    Data(&'static str),
}

/// What EF05 and EF06 say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardData {
    /// 卡识别码, 32 hex digits; the first six are the issuing division.
    pub identifier: String,
    /// 规范版本.
    pub version: String,
    /// 初始化机构编码, hex.
    pub issuer: String,
    /// 发卡日期, `YYYYMMDD`.
    pub issued: String,
    /// 卡有效期, `YYYYMMDD`.
    pub until: String,
    /// 卡号, 9 characters.
    pub number: String,
    /// 社会保障号码, 18 characters.
    pub person: String,
    /// 姓名 with its extension.
    pub name: String,
    /// 性别, the digit on the card.
    pub sex: String,
    /// 出生日期, `YYYYMMDD`.
    pub born: String,
    /// Historical bytes of the answer to reset, hex.
    pub history: String,
}

impl CardData {
    /// The basic read: 发卡区划|社会保障号码|卡号|卡识别码|姓名|ATR 历史字节|规范版本|发卡日期|卡有效期|终端机编号|终端设备号|
    pub fn basic_read(&self, terminal: &str, device: &str) -> String {
        let division = self.identifier.get(..6).unwrap_or_default();
        let fields = [
            division,
            &self.person,
            &self.number,
            &self.identifier,
            &self.name,
            &self.history,
            &self.version,
            &self.issued,
            &self.until,
            terminal,
            device,
        ];
        // A separator inside a field would move all that follow.
        fields.iter().map(|field| field.replace('|', "") + "|").collect()
    }
}

/// Reads the card in the reader.
///
/// # Errors
/// See [`CardError`].
pub fn read(reader: &mut impl Reader) -> Result<CardData, CardError> {
    let atr = reader.reset()?.ok_or(CardError::NoCard)?;
    let selected = send(reader, &select(0x04, APPLICATION));
    selected.map_err(|error| match error {
        CardError::Refused(status) => CardError::Foreign(status),
        other => other,
    })?;
    let mut card = CardData { history: hex::encode(historical(&atr)), ..CardData::default() };
    for file in [0x05, 0x06] {
        send(reader, &select(0x02, &[0xEF, file]))?;
        for number in 1..=MOST_RECORDS {
            match send(reader, &[0x00, 0xB2, number, 0x04, 0x00]) {
                Ok(record) => card.take(&record)?,
                // Record not found: the file ends here.
                Err(CardError::Refused(0x6A83)) => break,
                // Fields that need a PIN are not needed here.
                Err(CardError::Refused(0x6982)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    card.checked()
}

/// Watches a reader: each card is read once while it lies there.
#[derive(Debug, Default)]
pub struct Watch {
    lies_there: bool,
}

impl Watch {
    /// What a card that was just put there says; `None` when nothing new is there.
    pub fn look(&mut self, reader: &mut impl Reader) -> Option<Result<CardData, CardError>> {
        let before = self.lies_there;
        match reader.reset() {
            Ok(Some(_)) => self.lies_there = true,
            Ok(None) => self.lies_there = false,
            Err(error) => {
                self.lies_there = false;
                return Some(Err(error));
            }
        }
        (self.lies_there && !before).then(|| read(reader))
    }
}

fn select(by: u8, name: &[u8]) -> Vec<u8> {
    let length = u8::try_from(name.len()).expect("names of files are short");
    [&[0x00, 0xA4, by, 0x00, length], name].concat()
}

/// Sends a command, fetches an answer that waits (61xx) and asks again with the right length (6Cxx).
fn send(reader: &mut impl Reader, command: &[u8]) -> Result<Vec<u8>, CardError> {
    let mut data = Vec::new();
    let mut command = command.to_vec();
    for _ in 0..8 {
        let answer = reader.transmit(&command)?;
        let (part, status) = answer
            .split_last_chunk::<2>()
            .ok_or_else(|| CardError::Reader("an answer without status".into()))?;
        data.extend(part);
        match status {
            [0x90, 0x00] => return Ok(data),
            [0x61, more] => command = vec![0x00, 0xC0, 0x00, 0x00, *more],
            [0x6C, length] if command.len() >= 5 => {
                data.clear();
                command.truncate(4);
                command.push(*length);
            }
            _ => return Err(CardError::Refused(u16::from_be_bytes(*status))),
        }
    }
    Err(CardError::Reader("the card does not come to an end".into()))
}

impl CardData {
    /// Takes a record: tag, length, value. Tags that are not needed are passed over.
    fn take(&mut self, record: &[u8]) -> Result<(), CardError> {
        let [tag, length, value @ ..] = record else { return Err(CardError::Data("a record")) };
        let value = value.get(..usize::from(*length)).ok_or(CardError::Data("a record"))?;
        match tag {
            0x01 => self.identifier = hex::encode(value),
            0x03 => self.version = ascii(value),
            0x04 => self.issuer = hex::encode(value),
            0x05 => self.issued = hex::encode(value),
            0x06 => self.until = hex::encode(value),
            0x07 => self.number = ascii(value),
            0x08 => self.person = ascii(value),
            0x09 => self.name = gbk(value) + &self.name,
            0x4E => self.name += &gbk(value),
            0x0A => self.sex = ascii(value),
            0x0D => self.born = hex::encode(value),
            _ => {}
        }
        Ok(())
    }

    fn checked(self) -> Result<Self, CardError> {
        let digits = |text: &str, length| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let checks = [
            (self.identifier.len() == 32, "卡识别码"),
            (self.number.len() == 9 && plain(&self.number), "卡号"),
            (self.person.len() == 18 && plain(&self.person), "社会保障号码"),
            (!self.name.is_empty() && !self.name.contains('\u{fffd}'), "姓名"),
            (digits(&self.issued, 8), "发卡日期"),
            (digits(&self.until, 8), "卡有效期"),
        ];
        match checks.iter().find(|(good, _)| !good) {
            Some((_, field)) => Err(CardError::Data(field)),
            None => Ok(self),
        }
    }
}

/// Text is padded with zero bytes or spaces at its end.
fn ascii(value: &[u8]) -> String {
    String::from_utf8_lossy(unpadded(value)).into_owned()
}

fn gbk(value: &[u8]) -> String {
    GBK.decode_without_bom_handling(unpadded(value)).0.into_owned()
}

fn unpadded(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|byte| !matches!(byte, 0x00 | 0x20 | 0xFF));
    &value[..end.map_or(0, |end| end + 1)]
}

/// The historical bytes at the end of an answer to reset (ISO/IEC 7816-3, 8.2).
fn historical(atr: &[u8]) -> &[u8] {
    let Some(format) = atr.get(1) else { return &[] };
    let count = usize::from(format & 0x0F);
    let (mut at, mut levels) = (2, format >> 4);
    let mut checked = false;
    while levels != 0 {
        let interface = levels.count_ones() as usize;
        let more = (levels & 0x8 != 0).then(|| atr.get(at + interface - 1)).flatten();
        at += interface;
        checked |= more.is_some_and(|more| more & 0x0F != 0);
        levels = more.map_or(0, |more| more >> 4);
    }
    let end = atr.len() - usize::from(checked).min(atr.len());
    atr.get(at..(at + count).min(end)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
