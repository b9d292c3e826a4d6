// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Late units that stand beside a stage: the deep-load port.
//!
//! They take the same word, registers and predicates as the stage and hand their results to a later one. What a target
//! does not have at a stage is not there.

use super::deep::DeepPort;
use super::tag::Tag;
use super::words::StageWord;
use crate::buffer::BUFFER_BITS;
use rust_hdl::prelude::*;
use weir_pipeline::{LateUnit, Target};

/// The units beside one stage.
#[derive(LogicBlock)]
pub struct LateUnits<const RB: usize, const BUS: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Who is here; first clock, as are all inputs of the stage.
    pub tag: Signal<In, Tag>,
    /// What to do.
    pub word: Signal<In, StageWord>,
    /// Registers.
    pub registers: Signal<In, Bits<RB>>,
    /// Predicates.
    pub predicates: Signal<In, Bits<16>>,

    /// See [`DeepPort`], zero without one.
    pub deep: Signal<Out, Bits<64>>,
    /// See [`DeepPort`].
    pub deep_write: Signal<Out, Bit>,
    /// See [`DeepPort`].
    pub deep_dst: Signal<Out, Bits<4>>,
    /// See [`DeepPort`].
    pub frame_write: Signal<In, Bit>,
    /// See [`DeepPort`].
    pub frame_buffer: Signal<In, Bits<BUFFER_BITS>>,
    /// See [`DeepPort`].
    pub frame_beat: Signal<In, Bits<11>>,
    /// See [`DeepPort`].
    pub frame_data: Signal<In, Bits<BUS>>,

    port: Vec<DeepPort<RB, BUS>>,
}

impl<const RB: usize, const BUS: usize> LateUnits<RB, BUS> {
    /// The units beside stage `index` of `target`.
    pub fn new(target: &Target, index: u32) -> Self {
        let unit = target.late_unit(index);
        Self {
            clock: Default::default(),
            tag: Default::default(),
            word: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            deep: Default::default(),
            deep_write: Default::default(),
            deep_dst: Default::default(),
            frame_write: Default::default(),
            frame_buffer: Default::default(),
            frame_beat: Default::default(),
            frame_data: Default::default(),
            port: match unit {
                LateUnit::Deep => vec![DeepPort::new(target)],
                _ => Vec::new(),
            },
        }
    }
}

impl<const RB: usize, const BUS: usize> Logic for LateUnits<RB, BUS> {
    #[hdl_gen]
    fn update(&mut self) {
        self.deep.next = bits::<64>(0);
        self.deep_write.next = false;
        self.deep_dst.next = bits::<4>(0);
        for i in 0..self.port.len() {
            self.port[i].clock.next = self.clock.val();
            self.port[i].tag.next = self.tag.val();
            self.port[i].word.next = self.word.val().late;
            self.port[i].registers.next = self.registers.val();
            self.port[i].predicates.next = self.predicates.val();
            self.port[i].frame_write.next = self.frame_write.val();
            self.port[i].frame_buffer.next = self.frame_buffer.val();
            self.port[i].frame_beat.next = self.frame_beat.val();
            self.port[i].frame_data.next = self.frame_data.val();
            self.deep.next = self.port[i].result.val();
            self.deep_write.next = self.port[i].write.val();
            self.deep_dst.next = self.port[i].dst.val();
        }
    }
}
