//! QR codes in pictures, as a camera takes them.

use std::path::Path;

use crate::online::Failure;

/// Reads the QR code in a picture (PNG or JPEG).
///
/// # Errors
/// [`Failure::NoCode`].
pub fn read_picture(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::NoCode(error.to_string()))?;
    read_qr(&bytes)
}

/// Reads the QR code in the bytes of a picture.
///
/// # Errors
/// [`Failure::NoCode`].
pub fn read_qr(picture: &[u8]) -> Result<String, Failure> {
    let no_code = |error: String| Failure::NoCode(error);
    let picture = image::load_from_memory(picture).map_err(|error| no_code(error.to_string()))?;
    let mut prepared = rqrr::PreparedImage::prepare(picture.to_luma8());
    let decoded = prepared.detect_grids().into_iter().find_map(|grid| grid.decode().ok());
    decoded.map(|(_, text)| text).ok_or_else(|| no_code(String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_has_no_code() {
        assert!(matches!(read_qr(b"not a picture"), Err(Failure::NoCode(_))));
        assert!(matches!(read_picture(Path::new("/nowhere.png")), Err(Failure::NoCode(_))));
    }
}
