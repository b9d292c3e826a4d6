// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Parts of words of a map's value: what shifts and masks take out of a read.
//!
//! Interpretation reads whole words, so that several parts cost one access. Where one part is all that is wanted, it
//! can be read as such, without shift and mask.

use crate::ssa::TableAddress;
use crate::ssa::values::{Def, Operation, Val, Values};
use weir_pipeline::words::{AluOp, Size};

/// A naturally aligned part of a word that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The read of the word.
    pub read: Val,
    /// Shift between word and part, if it is a value of its own.
    pub shifted: Option<Val>,
    /// Where the part stands.
    pub address: TableAddress,
    /// Its width.
    pub size: Size,
}

/// The part of a word that a value is, if it is one.
pub fn part(values: &Values, value: Val) -> Option<Part> {
    if let Def::Read { address, size, .. } = *values.def(value) {
        return Some(Part { read: value, shifted: None, address, size });
    }
    let (inner, mask) = masked(values, value);
    let (read, shift) = shifted(values, inner);
    let Def::Read { address, size: Size::B8, .. } = *values.def(read) else { return None };
    let mask = mask & (u64::MAX >> shift);
    let bits = 64 - mask.leading_zeros();
    let size = Size::from_bytes(bits / 8).filter(|_| bits.is_multiple_of(8) && mask.count_ones() == bits)?;
    let bytes = shift / 8;
    let natural = shift.is_multiple_of(8) && bytes.is_multiple_of(u64::from(size.bytes()));
    // A word that spans more than itself is at a variable place within the value; what is known of its parts then is
    // as much.
    let exact = address.span.1 - address.span.0 == 8;
    let first = address.span.0 + bytes as u32;
    let span = if exact { (first, first + size.bytes()) } else { address.span };
    natural.then(|| Part {
        read,
        shifted: (inner != value && inner != read).then_some(inner),
        address: TableAddress { offset: address.offset + bytes, span, ..address },
        size,
    })
}

fn masked(values: &Values, value: Val) -> (Val, u64) {
    match *values.def(value) {
        Def::Op { op: Operation::Alu(AluOp::And), is32: false, a, b } => match values.constant_of(b) {
            Some(mask) => (a, mask),
            None => (value, u64::MAX),
        },
        Def::Op { op: Operation::Alu(AluOp::Mov), is32: true, b, .. } => (b, u32::MAX.into()),
        _ => (value, u64::MAX),
    }
}

fn shifted(values: &Values, value: Val) -> (Val, u64) {
    match *values.def(value) {
        Def::Op { op: Operation::Alu(AluOp::Rsh), is32: false, a, b } => match values.constant_of(b) {
            Some(by) => (a, by & 63),
            None => (value, 0),
        },
        _ => (value, 0),
    }
}
