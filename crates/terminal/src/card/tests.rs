use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};

use proptest::prelude::*;

use super::socket::SocketReader;
use super::*;

const PERSON: &str = "500101199003070011";

/// Tag and value.
type Record = (u8, Vec<u8>);

/// A card that answers commands as LD/T 32 says.
#[derive(Clone)]
struct VirtualCard {
    files: [(u8, Vec<Record>); 2],
    application: bool,
    file: Option<usize>,
    /// Whether answers to "select" wait to be fetched, as with T=0.
    waits: bool,
    waiting: Vec<u8>,
}

fn padded(text: &[u8], length: usize) -> Vec<u8> {
    let mut field = text.to_vec();
    field.resize(length, 0);
    field
}

impl VirtualCard {
    fn new() -> Self {
        let (name, _, _) = GBK.encode("欧阳测试");
        let card = vec![
            (0x01, hex::decode("500000D156000005A1B2C3D4E5F60718").expect("hex")),
            (0x02, vec![b'1']),
            (0x03, b"3.00".to_vec()),
            (0x04, vec![0x11; 12]),
            (0x05, vec![0x20, 0x24, 0x05, 0x06]),
            (0x06, vec![0x20, 0x34, 0x05, 0x06]),
            (0x07, b"A12345678".to_vec()),
        ];
        let person = vec![
            (0x08, PERSON.as_bytes().to_vec()),
            (0x09, padded(&name, 30)),
            (0x4E, vec![0; 20]),
            (0x0A, vec![b'1']),
            (0x0B, vec![b'1']),
            (0x0C, vec![0x50, 0x01, 0x01]),
            (0x0D, vec![0x19, 0x90, 0x03, 0x07]),
        ];
        let files = [(0x05, card), (0x06, person)];
        Self { files, application: false, file: None, waits: false, waiting: Vec::new() }
    }

    fn with(mut self, tag: u8, value: &[u8]) -> Self {
        for (_, records) in &mut self.files {
            records.iter_mut().filter(|one| one.0 == tag).for_each(|one| one.1 = value.to_vec());
        }
        self
    }

    fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        match command {
            [0x00, 0xA4, 0x04, 0x00, 0x0F, name @ ..] if name == APPLICATION => {
                (self.application, self.file) = (true, None);
                let template = vec![0x6F, 0x03, 0x84, 0x01, 0x00];
                match self.waits {
                    false => [&template[..], &[0x90, 0x00]].concat(),
                    true => {
                        self.waiting = template;
                        vec![0x61, self.waiting.len() as u8]
                    }
                }
            }
            [0x00, 0xC0, 0, 0, length] if usize::from(*length) == self.waiting.len() => {
                let data = std::mem::take(&mut self.waiting);
                [&data[..], &[0x90, 0x00]].concat()
            }
            [0x00, 0xA4, 0x02, 0x00, 0x02, 0xEF, file] if self.application => {
                self.file = self.files.iter().position(|(name, _)| name == file);
                if self.file.is_some() { vec![0x90, 0x00] } else { vec![0x6A, 0x82] }
            }
            [0x00, 0xB2, number, 0x04, le] => self.record(*number, *le),
            _ => vec![0x6D, 0x00],
        }
    }

    fn record(&self, number: u8, le: u8) -> Vec<u8> {
        let Some(file) = self.file else { return vec![0x69, 0x86] };
        let record = usize::from(number).checked_sub(1).and_then(|at| self.files[file].1.get(at));
        let Some((tag, value)) = record else { return vec![0x6A, 0x83] };
        let record = [&[*tag, value.len() as u8][..], value].concat();
        match self.waits && usize::from(le) != record.len() {
            true => vec![0x6C, record.len() as u8],
            false => [&record[..], &[0x90, 0x00]].concat(),
        }
    }
}

const ATR: [u8; 16] = [
    0x3B, 0x6C, 0x00, 0x02, 0x80, 0x31, 0x86, 0x38, 0x50, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
];

impl Reader for VirtualCard {
    fn reset(&mut self) -> Result<Option<Vec<u8>>, CardError> {
        Ok(Some(ATR.to_vec()))
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, CardError> {
        Ok(self.answer(command))
    }
}

fn good(card: &CardData) {
    assert_eq!((card.person.as_str(), card.name.as_str()), (PERSON, "欧阳测试"));
    assert_eq!((card.number.as_str(), card.version.as_str()), ("A12345678", "3.00"));
    assert_eq!((card.issued.as_str(), card.until.as_str()), ("20240506", "20340506"));
    assert_eq!((card.sex.as_str(), card.born.as_str()), ("1", "19900307"));
    assert_eq!(card.history, "803186385000010203040506");
}

#[test]
fn both_files_of_a_card_are_read() {
    let mut card = VirtualCard::new();
    good(&read(&mut card).expect("read"));
    let mut slow = VirtualCard { waits: true, ..VirtualCard::new() };
    good(&read(&mut slow).expect("read with T=0"));
}

#[test]
fn the_basic_read_has_eleven_fields_each_with_its_separator() {
    let card = read(&mut VirtualCard::new()).expect("read");
    let basic = card.basic_read("000123456789", "00001234");
    let expected = "500000|500101199003070011|A12345678|500000d156000005a1b2c3d4e5f60718|欧阳测试|\
                    803186385000010203040506|3.00|20240506|20340506|000123456789|00001234|";
    assert_eq!(basic, expected);
    let sly = CardData { name: "张|三".into(), ..card };
    assert_eq!(sly.basic_read("", "").matches('|').count(), 11);
}

#[test]
fn a_long_name_goes_on_in_its_extension() {
    let (first, _, _) = GBK.encode("阿卜杜热西提阿卜杜拉买买提");
    let (second, _, _) = GBK.encode("明江");
    let mut card = VirtualCard::new().with(0x09, &first).with(0x4E, &second);
    assert_eq!(read(&mut card).expect("read").name, "阿卜杜热西提阿卜杜拉买买提明江");
}

#[test]
fn what_is_no_such_card_is_told_apart_from_a_broken_one() {
    struct Bank;
    impl Reader for Bank {
        fn reset(&mut self) -> Result<Option<Vec<u8>>, CardError> {
            Ok(Some(vec![0x3B, 0x00]))
        }
        fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, CardError> {
            Ok(vec![0x6A, 0x82])
        }
    }
    assert_eq!(read(&mut Bank), Err(CardError::Foreign(0x6A82)));
    for (tag, value) in [(0x08, &b"50010119900307"[..]), (0x07, b"A1234|678"), (0x05, &[0xFF; 4])] {
        let read = read(&mut VirtualCard::new().with(tag, value));
        assert!(matches!(read, Err(CardError::Data(_))), "{tag:02x}: {read:?}");
    }
}

#[test]
fn a_card_that_lies_there_is_read_once_and_again_when_it_comes_back() {
    struct Tray(VirtualCard, Vec<bool>);
    impl Reader for Tray {
        fn reset(&mut self) -> Result<Option<Vec<u8>>, CardError> {
            let there = if self.1.len() > 1 { self.1.remove(0) } else { self.1[0] };
            Ok(there.then(|| ATR.to_vec()))
        }
        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, CardError> {
            self.0.transmit(command)
        }
    }
    // Reading resets the card once more.
    let tray = vec![false, true, true, true, true, false, true, true];
    let (mut watch, mut tray) = (Watch::default(), Tray(VirtualCard::new(), tray));
    let seen: Vec<bool> = (0..6).map(|_| watch.look(&mut tray).is_some()).collect();
    assert_eq!(seen, [false, true, false, false, false, true]);
}

#[test]
fn a_reader_program_behind_a_socket_is_used() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let program = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a terminal");
        let mut card = VirtualCard::new();
        let mut length = [0; 2];
        while stream.read_exact(&mut length).is_ok() {
            let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut message).expect("a message");
            let answer = match message.as_slice() {
                [0..=2] => continue,
                [4] => ATR.to_vec(),
                command => card.answer(command),
            };
            stream.write_all(&(answer.len() as u16).to_be_bytes()).expect("answered");
            stream.write_all(&answer).expect("answered");
        }
    });
    let mut reader = SocketReader::connect(address).expect("connected");
    good(&read(&mut reader).expect("read"));
    drop(reader);
    program.join().expect("the program ends with the connection");
    let nobody = SocketReader::connect(address);
    assert!(
        matches!(nobody, Err(CardError::Reader(_))),
        "without a reader there is an error, no panic"
    );
}

proptest! {
    /// Whatever a card answers, reading it ends.
    #[test]
    fn a_card_that_answers_anything_breaks_nothing(answers in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 1..40), atr in proptest::collection::vec(any::<u8>(), 0..40)) {
        struct Any(Vec<Vec<u8>>, usize, Vec<u8>);
        impl Reader for Any {
            fn reset(&mut self) -> Result<Option<Vec<u8>>, CardError> {
                Ok(Some(self.2.clone()))
            }
            fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, CardError> {
                self.1 += 1;
                let mut answer = self.0[self.1 % self.0.len()].clone();
                if !self.1.is_multiple_of(3) {
                    answer.extend([0x90, 0x00]);
                }
                Ok(answer)
            }
        }
        prop_assert!(read(&mut Any(answers, 0, atr)).is_err());
    }
}
