// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Load/store unit with the packet context: a load reads in the first clock of the stage, a store writes in the
//! second.
//!
//! Kinds are 1 for load and 2 for store, as [`weir_pipeline::words::LsuWord`] encodes them. The unit holds the
//! context of the packet in both clocks, since it alone touches it.

use super::operand::SourceFetch;
use super::words::LsuWord;
use crate::primitives::{ContextRead, ContextWrite};
use rust_hdl::prelude::*;
use weir_pipeline::Target;

/// The load/store unit.
#[derive(LogicBlock)]
pub struct Lsu<const RB: usize, const MB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Whether a program runs here; first clock.
    pub active: Signal<In, Bit>,
    /// Context address behind the last byte that may be stored to; first clock.
    pub packet_end: Signal<In, Bits<11>>,
    /// What to do; first clock.
    pub word: Signal<In, LsuWord>,
    /// Registers on entry; first clock.
    pub registers: Signal<In, Bits<RB>>,
    /// Predicates on entry; first clock.
    pub predicates: Signal<In, Bits<16>>,
    /// Context on entry; first clock.
    pub memory: Signal<In, Bits<MB>>,
    /// What the load has read; second clock.
    pub load: Signal<Out, Bits<64>>,
    /// Whether it is written to a register; first clock.
    pub write: Signal<Out, Bit>,
    /// To which; first clock.
    pub dst: Signal<Out, Bits<4>>,
    /// A store outside packet and stack; second clock.
    pub abort: Signal<Out, Bit>,
    /// Context behind the stage.
    pub memory_out: Signal<Out, Bits<MB>>,
    read: ContextRead<MB>,
    store: Vec<ContextWrite<MB>>,
    fetch_data: Vec<SourceFetch<RB>>,
    held_context: DFF<Bits<MB>>,
    written_context: DFF<Bits<MB>>,
    held_address: DFF<Bits<12>>,
    held_packet_end: DFF<Bits<13>>,
    held: DFF<LsuWord>,
    permitted: DFF<Bit>,
    stack_base: Constant<Bits<13>>,
    stack_end: Constant<Bits<13>>,
    allowed: Signal<Local, Bit>,
    at: Signal<Local, Bits<10>>,
    base: Signal<Local, Bits<12>>,
    address: Signal<Local, Bits<12>>,
    first: Signal<Local, Bits<13>>,
    behind: Signal<Local, Bits<13>>,
    bytes: Signal<Local, Bits<8>>,
    storing: Signal<Local, Bit>,
    in_bounds: Signal<Local, Bit>,
}

impl<const RB: usize, const MB: usize> Lsu<RB, MB> {
    /// The unit of a stage of `target` that stores or not.
    pub fn new(target: &Target, stores: bool) -> Self {
        let constant = |bytes: u32| Constant::new(u64::from(bytes).to_bits());
        let count = usize::from(stores);
        Self {
            clock: Default::default(),
            active: Default::default(),
            packet_end: Default::default(),
            word: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            memory: Default::default(),
            load: Default::default(),
            write: Default::default(),
            dst: Default::default(),
            abort: Default::default(),
            memory_out: Default::default(),
            read: Default::default(),
            store: (0..count).map(|_| Default::default()).collect(),
            fetch_data: (0..count).map(|_| Default::default()).collect(),
            held_context: Default::default(),
            written_context: Default::default(),
            held_address: Default::default(),
            held_packet_end: Default::default(),
            held: Default::default(),
            permitted: Default::default(),
            stack_base: constant(target.stack_base()),
            stack_end: constant(target.context_bytes()),
            allowed: Default::default(),
            at: Default::default(),
            base: Default::default(),
            address: Default::default(),
            first: Default::default(),
            behind: Default::default(),
            bytes: Default::default(),
            storing: Default::default(),
            in_bounds: Default::default(),
        }
    }
}

impl<const RB: usize, const MB: usize> Logic for Lsu<RB, MB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.held.clock.next = self.clock.val();
        self.permitted.clock.next = self.clock.val();
        self.held_address.clock.next = self.clock.val();
        self.held_packet_end.clock.next = self.clock.val();
        self.held_context.clock.next = self.clock.val();
        self.read.clock.next = self.clock.val();
        self.written_context.clock.next = self.clock.val();

        // First clock: address, load, guard.
        self.held.d.next = self.word.val();
        self.held_packet_end.d.next = bit_cast::<13, 11>(self.packet_end.val());
        self.held_context.d.next = self.memory.val();
        self.allowed.next = self.active.val()
            && (self.predicates.val().get_bit(self.word.val().guard.index()) ^ (self.word.val().negate == 1));
        self.permitted.d.next = self.allowed.val();
        self.write.next = self.allowed.val() && (self.word.val().kind == 1);
        self.dst.next = self.word.val().dst;
        self.at.next = bit_cast::<10, 5>(self.word.val().base) << 6;
        self.base.next = self.registers.val().get_bits::<12>(self.at.val().index());
        if self.word.val().base >= 16 {
            self.base.next = bits::<12>(0);
        }
        self.address.next = self.base.val() + self.word.val().offset;
        self.held_address.d.next = self.address.val();
        self.read.memory.next = self.memory.val();
        self.read.address.next = self.address.val();
        self.read.size.next = self.word.val().size;
        // Second clock: the load is there, bounds are checked, the store is merged.
        self.load.next = self.read.data.val();
        self.first.next = bit_cast::<13, 12>(self.held_address.q.val());
        self.bytes.next = bits::<8>(0xff);
        self.behind.next = self.first.val() + 8;
        if self.held.q.val().size == 0 {
            self.bytes.next = bits::<8>(0x1);
            self.behind.next = self.first.val() + 1;
        } else if self.held.q.val().size == 1 {
            self.bytes.next = bits::<8>(0x3);
            self.behind.next = self.first.val() + 2;
        } else if self.held.q.val().size == 2 {
            self.bytes.next = bits::<8>(0xf);
            self.behind.next = self.first.val() + 4;
        }
        // The headroom is the packet's too: its head may move there.
        self.in_bounds.next = (self.behind.val() <= self.held_packet_end.q.val())
            || ((self.first.val() >= self.stack_base.val()) && (self.behind.val() <= self.stack_end.val()));
        self.storing.next = self.permitted.q.val() && (self.held.q.val().kind == 2);
        self.abort.next = false;
        self.written_context.d.next = self.held_context.q.val();
        for i in 0..self.store.len() {
            self.fetch_data[i].clock.next = self.clock.val();
            self.fetch_data[i].registers.next = self.registers.val();
            self.fetch_data[i].source.next = self.word.val().data;
            self.store[i].memory.next = self.held_context.q.val();
            self.store[i].address.next = self.held_address.q.val();
            self.store[i].data.next = self.fetch_data[i].value.val();
            self.store[i].bytes.next = bits::<8>(0);
            if self.storing.val() && self.in_bounds.val() {
                self.store[i].bytes.next = self.bytes.val();
            }
            self.abort.next = self.storing.val() && (!self.in_bounds.val());
            self.written_context.d.next = self.store[i].o.val();
        }
        self.memory_out.next = self.written_context.q.val();
    }
}
