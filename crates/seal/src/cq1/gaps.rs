//! A rising list of numbers as its gaps: the first number, then each distance less one, as LEB128.
//! Every list has exactly one form.

use super::bytes::Bytes;

/// Appends the number of numbers (4) and the gaps. `numbers` must rise.
pub(super) fn write(numbers: &[u32], into: &mut Vec<u8>) {
    into.extend((numbers.len() as u32).to_be_bytes());
    let mut next = 0;
    for number in numbers {
        let mut gap = number - next;
        while gap > 0x7f {
            into.push(gap as u8 | 0x80);
            gap >>= 7;
        }
        into.push(gap as u8);
        next = number.wrapping_add(1);
    }
}

/// Reads what [`write`] made; every number is below `end`.
pub(super) fn read(bytes: &mut Bytes<'_>, end: u32) -> Option<Vec<u32>> {
    let count = bytes.u32()? as usize;
    // A gap has at least one byte: no memory is set aside for numbers that cannot be there.
    if count > bytes.left() {
        return None;
    }
    let mut numbers = Vec::with_capacity(count);
    let mut next = 0u32;
    for _ in 0..count {
        let number = next.checked_add(gap(bytes)?).filter(|number| *number < end)?;
        numbers.push(number);
        next = number + 1;
    }
    Some(numbers)
}

fn gap(bytes: &mut Bytes<'_>) -> Option<u32> {
    let mut gap = 0u64;
    for place in 0..5 {
        let byte = bytes.u8()?;
        gap |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            // A last byte of zero would be a second form of the same gap.
            return (byte != 0 || place == 0).then_some(gap)?.try_into().ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn what_is_written_is_read(numbers in prop::collection::btree_set(0u32..u32::MAX, 0..60)) {
            let numbers: Vec<u32> = BTreeSet::into_iter(numbers).collect();
            let mut written = Vec::new();
            write(&numbers, &mut written);
            let mut bytes = Bytes::new(&written);
            prop_assert_eq!(read(&mut bytes, u32::MAX), Some(numbers));
            prop_assert_eq!(bytes.end(), Some(()));
        }

        #[test]
        fn what_is_read_has_one_form(bytes in prop::collection::vec(any::<u8>(), 0..40), n in 0u8..9) {
            let bytes = [&[0, 0, 0, n][..], &bytes].concat();
            let mut rest = Bytes::new(&bytes);
            if let Some(numbers) = read(&mut rest, 1 << 20) {
                let mut written = Vec::new();
                write(&numbers, &mut written);
                prop_assert_eq!(&written[..], &bytes[..bytes.len() - rest.left()]);
            }
        }
    }
}
