// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The typed words have the layout of the contract.

use super::random::Programs;
use crate::matchact::words::{StageWord, WORD_BITS, word_bits};
use rust_hdl::prelude::*;
use weir_pipeline::Target;
use weir_pipeline::words::layout::{STAGE_WORD, UNIT_WORDS};

/// Names and widths of the fields of a typed word, from bit 0 up, as rust-hdl lays them out.
fn fields(descriptor: &TypeDescriptor) -> Vec<(String, usize)> {
    let TypeKind::Composite(fields) = &descriptor.kind else { panic!("{descriptor:?} is no struct") };
    let bits = |kind: &TypeKind| match kind {
        TypeKind::Bits(bits) => *bits,
        other => panic!("{other:?} are no bits"),
    };
    fields.iter().map(|field| (field.fieldname.clone(), bits(&field.kind.kind))).collect()
}

#[test]
fn layout_is_that_of_the_contract() {
    let TypeKind::Composite(units) = StageWord::descriptor().kind else { panic!("no struct") };
    assert_eq!(units.len(), STAGE_WORD.len());
    for (unit, (name, word)) in units.iter().zip(STAGE_WORD) {
        let (word_name, expected) = UNIT_WORDS[*word];
        assert_eq!((unit.fieldname.as_str(), unit.kind.name.as_str()), (*name, word_name));
        let expected: Vec<_> = expected.iter().map(|f| (f.name.to_owned(), f.bits as usize)).collect();
        assert_eq!(fields(&unit.kind), expected);
    }
    assert_eq!(StageWord::BITS, WORD_BITS);
}

#[test]
fn encoded_words_arrive_in_their_fields() {
    let target = Target::named("sim").unwrap();
    let mut random = Programs::new(1);
    for _ in 0..100 {
        let word = random.stage_word(&target, 1, &[(0, 64)]);
        let encoded = word.encode();
        let bits = word_bits(&encoded);
        let typed = StageWord::from_bits(&bits);
        // As a whole, with rust-hdl's own packing.
        assert_eq!(Bits::<WORD_BITS>::from(typed), bits);
        // Field by field, with the contract's layout.
        let mut at = 0;
        for (_, unit) in STAGE_WORD {
            for field in UNIT_WORDS[*unit].1 {
                for bit in at..at + field.bits as usize {
                    assert_eq!(bits.get_bit(bit), encoded[bit / 32] >> (bit % 32) & 1 == 1, "{}", field.name);
                }
                at += field.bits as usize;
            }
        }
        let late = word.late.expect("stage 1 has a table unit");
        assert_eq!(typed.late.offset.to_u32(), late.offset);
        assert_eq!(typed.late.size.to_u8(), late.size as u8);
    }
}
