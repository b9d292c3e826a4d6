// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Late units that stand beside a stage: deep-load port and key unit.
//!
//! They take the same word, registers and predicates as the stage and hand their results to a later one. What a target
//! does not have at a stage is not there.

use super::deep::DeepPort;
use super::keys::{KeyAnswer, KeyRequest, KeyUnit};
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
    /// See [`KeyUnit`], zero without one.
    pub place: Signal<Out, Bits<64>>,
    /// See [`KeyUnit`].
    pub place_write: Signal<Out, Bit>,
    /// See [`KeyUnit`].
    pub place_dst: Signal<Out, Bits<4>>,
    /// See [`KeyUnit`].
    pub key_request: Signal<In, Bit>,
    /// See [`KeyUnit`].
    pub key_operation: Signal<In, KeyRequest>,
    /// See [`KeyUnit`].
    pub key_ready: Signal<Out, Bit>,
    /// See [`KeyUnit`].
    pub key_answered: Signal<Out, Bit>,
    /// See [`KeyUnit`].
    pub key_answer: Signal<Out, KeyAnswer>,
    /// See [`DeepPort`].
    pub frame_write: Signal<In, Bit>,
    /// See [`DeepPort`].
    pub frame_buffer: Signal<In, Bits<BUFFER_BITS>>,
    /// See [`DeepPort`].
    pub frame_beat: Signal<In, Bits<11>>,
    /// See [`DeepPort`].
    pub frame_data: Signal<In, Bits<BUS>>,

    port: Vec<DeepPort<RB, BUS>>,
    keys: Vec<KeyUnit<RB>>,
    no_answer: Constant<KeyAnswer>,
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
            place: Default::default(),
            place_write: Default::default(),
            place_dst: Default::default(),
            key_request: Default::default(),
            key_operation: Default::default(),
            key_ready: Default::default(),
            key_answered: Default::default(),
            key_answer: Default::default(),
            frame_write: Default::default(),
            frame_buffer: Default::default(),
            frame_beat: Default::default(),
            frame_data: Default::default(),
            port: match unit {
                LateUnit::Deep => vec![DeepPort::new(target)],
                _ => Vec::new(),
            },
            keys: match unit {
                LateUnit::Keys(_) => vec![KeyUnit::new(target)],
                _ => Vec::new(),
            },
            no_answer: Constant::new(KeyAnswer::default()),
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
        self.place.next = bits::<64>(0);
        self.place_write.next = false;
        self.place_dst.next = bits::<4>(0);
        self.key_ready.next = false;
        self.key_answered.next = false;
        self.key_answer.next = self.no_answer.val();
        for i in 0..self.keys.len() {
            self.keys[i].clock.next = self.clock.val();
            self.keys[i].tag.next = self.tag.val();
            self.keys[i].word.next = self.word.val().late;
            self.keys[i].registers.next = self.registers.val();
            self.keys[i].predicates.next = self.predicates.val();
            self.keys[i].host_request.next = self.key_request.val();
            self.keys[i].host.next = self.key_operation.val();
            self.place.next = self.keys[i].result.val();
            self.place_write.next = self.keys[i].write.val();
            self.place_dst.next = self.keys[i].dst.val();
            self.key_ready.next = self.keys[i].host_ready.val();
            self.key_answered.next = self.keys[i].host_answered.val();
            self.key_answer.next = self.keys[i].host_answer.val();
        }
    }
}
