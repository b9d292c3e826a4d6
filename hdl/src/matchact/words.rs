// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Stage words as typed signals, with the layout of [`weir_pipeline::words`].

#![allow(
    missing_docs,
    reason = "fields are documented in weir_pipeline::words; accessors are made by LogicStruct"
)]

use rust_hdl::prelude::*;
use weir_pipeline::words::layout::STAGE_WORD_BITS;

/// Bits of an encoded stage word.
pub const WORD_BITS: usize = STAGE_WORD_BITS as usize;

macro_rules! unit_words {
    ($($(#[$doc:meta])* $word:ident { $($field:ident: $bits:literal),* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
            pub struct $word { $(pub $field: Bits<$bits>),* }

            impl $word {
                /// Takes the fields from a stage word, from bit `at` up, and moves `at` behind them.
                fn take(bits: &Bits<WORD_BITS>, at: &mut usize) -> $word {
                    $(let $field = bits.get_bits::<$bits>(*at); *at += $bits;)*
                    $word { $($field),* }
                }
            }
        )*
    };
}
weir_pipeline::for_each_unit_word!(unit_words);

/// The words of all units of a stage, in the order of [`weir_pipeline::words::layout::STAGE_WORD`].
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct StageWord {
    pub alu0: AluWord,
    pub alu1: AluWord,
    pub lsu: LsuWord,
    pub cmp0: CmpWord,
    pub cmp1: CmpWord,
    pub late: LateWord,
}

impl StageWord {
    /// The word that these bits mean.
    pub fn from_bits(bits: &Bits<WORD_BITS>) -> StageWord {
        let mut at = 0;
        StageWord {
            alu0: AluWord::take(bits, &mut at),
            alu1: AluWord::take(bits, &mut at),
            lsu: LsuWord::take(bits, &mut at),
            cmp0: CmpWord::take(bits, &mut at),
            cmp1: CmpWord::take(bits, &mut at),
            late: LateWord::take(bits, &mut at),
        }
    }
}

/// Bits as they come from a memory, seen as a stage word.
#[derive(LogicBlock, Default)]
pub struct TypedWord {
    /// Bits.
    pub bits: Signal<In, Bits<WORD_BITS>>,
    /// The same bits.
    pub word: Signal<Out, StageWord>,
}

impl Logic for TypedWord {
    fn update(&mut self) {
        self.word.next = StageWord::from_bits(&self.bits.val());
    }

    fn connect(&mut self) {
        self.word.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom("always @(*) word = bits;\n".into())
    }
}

/// An encoded word as the memories hold it.
pub fn word_bits(encoded: &[u32]) -> Bits<WORD_BITS> {
    let mut bits = Bits::default();
    for at in (0..WORD_BITS).filter(|at| encoded[at / 32] >> (at % 32) & 1 == 1) {
        bits = bits.replace_bit(at, true);
    }
    bits
}
