// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Memory of the words of one stage: one for every program slot and pass.
//!
//! It is block RAM, which takes the same for any number of words up to 512; look-up tables would take one for every bit
//! of a word and 64 of them.

use super::tag::Tag;
use super::words::{StageWord, TypedWord, WORD_BITS};
use crate::primitives::{RamStyle, SyncRam};
use rust_hdl::prelude::*;
use weir_pipeline::Target;

/// The words of a stage; `word` is the one for who `tag` was a clock ago.
#[derive(LogicBlock)]
pub struct WordStore {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Writes a word.
    pub write: Signal<In, Bit>,
    /// Its program slot.
    pub write_slot: Signal<In, Bits<3>>,
    /// Its pass.
    pub write_pass: Signal<In, Bits<6>>,
    /// The word.
    pub write_data: Signal<In, Bits<WORD_BITS>>,
    /// Who enters the stage in the next clock.
    pub tag: Signal<In, Tag>,
    /// The word for it, in that clock.
    pub word: Signal<Out, StageWord>,
    memory: SyncRam<9, WORD_BITS>,
    typed: TypedWord,
    pass_bits: Constant<Bits<4>>,
}

impl WordStore {
    /// The store of one stage of `target`.
    pub fn new(target: &Target) -> Self {
        Self {
            clock: Default::default(),
            write: Default::default(),
            write_slot: Default::default(),
            write_pass: Default::default(),
            write_data: Default::default(),
            tag: Default::default(),
            word: Default::default(),
            memory: SyncRam::new((target.program_slots * target.passes) as usize, RamStyle::Block),
            typed: Default::default(),
            pass_bits: Constant::new(u64::from(target.passes.ilog2()).to_bits()),
        }
    }
}

impl Logic for WordStore {
    #[hdl_gen]
    fn update(&mut self) {
        self.memory.clock.next = self.clock.val();
        self.memory.write.next = self.write.val();
        self.memory.write_address.next = (bit_cast::<9, 3>(self.write_slot.val()) << self.pass_bits.val())
            | bit_cast::<9, 6>(self.write_pass.val());
        self.memory.write_data.next = self.write_data.val();
        self.memory.read_address.next = (bit_cast::<9, 3>(self.tag.val().slot) << self.pass_bits.val())
            | bit_cast::<9, 6>(self.tag.val().pass);
        self.typed.bits.next = self.memory.read_data.val();
        self.word.next = self.typed.word.val();
    }
}
