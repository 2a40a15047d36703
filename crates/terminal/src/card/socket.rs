//! A reader behind a TCP socket of this machine: the protocol between virtual smart card readers and
//! virtual cards. Each message has a length of two bytes, big endian. A message of one byte is a command
//! to the reader: 0 power off, 1 power on, 2 reset, 4 tell the answer to reset; all others are commands
//! to the card, and their answers come back in the same form.
//!
//! A program of the reader's maker, or a bridge to the system's smart-card service, listens at the other
//! end, so that this program needs no system library.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::{CardError, Reader};

const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const TELL_ATR: u8 = 4;
/// Longest answer to reset.
const LONGEST_ATR: usize = 33;
const WAIT: Duration = Duration::from_secs(3);

/// A connection to a reader program.
#[derive(Debug)]
pub struct SocketReader(TcpStream);

impl SocketReader {
    /// Connects to a reader program.
    ///
    /// # Errors
    /// [`CardError::Reader`] when nobody listens there.
    pub fn connect(address: SocketAddr) -> Result<Self, CardError> {
        let stream = TcpStream::connect_timeout(&address, WAIT).map_err(words)?;
        stream.set_read_timeout(Some(WAIT)).map_err(words)?;
        stream.set_write_timeout(Some(WAIT)).map_err(words)?;
        Ok(Self(stream))
    }

    fn send(&mut self, message: &[u8]) -> Result<(), CardError> {
        let length = u16::try_from(message.len());
        let length = length.map_err(|_| CardError::Reader("too long a command".into()))?;
        let framed = [&length.to_be_bytes()[..], message].concat();
        self.0.write_all(&framed).map_err(words)
    }

    fn receive(&mut self) -> Result<Vec<u8>, CardError> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length).map_err(words)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut message).map_err(words)?;
        Ok(message)
    }
}

impl Reader for SocketReader {
    fn reset(&mut self) -> Result<Option<Vec<u8>>, CardError> {
        for command in [POWER_ON, RESET, TELL_ATR] {
            self.send(&[command])?;
        }
        let atr = self.receive()?;
        match atr.len() {
            0 => Ok(None),
            length if length <= LONGEST_ATR => Ok(Some(atr)),
            _ => Err(CardError::Reader("not an answer to reset".into())),
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, CardError> {
        self.send(command)?;
        self.receive()
    }
}

fn words(error: std::io::Error) -> CardError {
    CardError::Reader(error.to_string())
}
