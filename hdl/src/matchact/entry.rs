// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Entry register: a new packet as its program finds it, or who comes round.

use rust_hdl::prelude::*;
use weir_pipeline::Target;

/// The first place of the ring; see [`super::ring::Ring`] for the parameters.
#[derive(LogicBlock)]
pub struct Entry<const RB: usize, const WB: usize, const MB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A packet enters.
    pub entering: Signal<In, Bit>,
    /// Its first bytes.
    pub window: Signal<In, Bits<WB>>,
    /// Its length in bytes.
    pub length: Signal<In, Bits<14>>,
    /// `xdp_md.ingress_ifindex`
    pub ifindex: Signal<In, Bits<32>>,
    /// `xdp_md.rx_queue_index`
    pub queue: Signal<In, Bits<16>>,
    /// Time of reception.
    pub timestamp: Signal<In, Bits<64>>,
    /// Its random value.
    pub random: Signal<In, Bits<64>>,
    /// Registers of who comes round.
    pub registers: Signal<In, Bits<RB>>,
    /// Its predicates.
    pub predicates: Signal<In, Bits<16>>,
    /// Its headroom, window and stack.
    pub memory: Signal<In, Bits<MB>>,
    /// It has broken a bound.
    pub aborted: Signal<In, Bit>,
    /// Registers in the first place.
    pub registers_out: Signal<Out, Bits<RB>>,
    /// Predicates.
    pub predicates_out: Signal<Out, Bits<16>>,
    /// Headroom, window and stack.
    pub memory_out: Signal<Out, Bits<MB>>,
    /// A bound was broken.
    pub aborted_out: Signal<Out, Bit>,
    held_registers: DFF<Bits<RB>>,
    held_predicates: DFF<Bits<16>>,
    held_memory: DFF<Bits<MB>>,
    held_aborted: DFF<Bit>,
    headroom: Constant<Bits<64>>,
    window_at: Constant<Bits<14>>,
    data_end_at: Constant<Bits<12>>,
    ifindex_at: Constant<Bits<12>>,
    queue_at: Constant<Bits<12>>,
    timestamp_at: Constant<Bits<12>>,
    random_at: Constant<Bits<12>>,
    data_end: Signal<Local, Bits<64>>,
}

impl<const RB: usize, const WB: usize, const MB: usize> Entry<RB, WB, MB> {
    /// The entry register of `target`.
    pub fn new(target: &Target) -> Self {
        let register_at = |register: u8| Constant::new((u64::from(register) * 64).to_bits());
        Self {
            clock: Default::default(),
            entering: Default::default(),
            window: Default::default(),
            length: Default::default(),
            ifindex: Default::default(),
            queue: Default::default(),
            timestamp: Default::default(),
            random: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            memory: Default::default(),
            aborted: Default::default(),
            registers_out: Default::default(),
            predicates_out: Default::default(),
            memory_out: Default::default(),
            aborted_out: Default::default(),
            held_registers: Default::default(),
            held_predicates: Default::default(),
            held_memory: Default::default(),
            held_aborted: Default::default(),
            headroom: Constant::new(u64::from(target.headroom_bytes).to_bits()),
            window_at: Constant::new((u64::from(target.headroom_bytes) * 8).to_bits()),
            data_end_at: register_at(target.entry_data_end()),
            ifindex_at: register_at(target.entry_ingress_ifindex()),
            queue_at: register_at(target.entry_rx_queue_index()),
            timestamp_at: register_at(target.entry_timestamp()),
            random_at: register_at(target.entry_random()),
            data_end: Default::default(),
        }
    }
}

impl<const RB: usize, const WB: usize, const MB: usize> Logic for Entry<RB, WB, MB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.held_registers.clock.next = self.clock.val();
        self.held_predicates.clock.next = self.clock.val();
        self.held_memory.clock.next = self.clock.val();
        self.held_aborted.clock.next = self.clock.val();
        self.held_registers.d.next = self.registers.val();
        self.held_predicates.d.next = self.predicates.val();
        self.held_memory.d.next = self.memory.val();
        self.held_aborted.d.next = self.aborted.val();
        self.data_end.next = bit_cast::<64, 14>(self.length.val()) + self.headroom.val();
        if self.entering.val() {
            self.held_registers.d.next = (bit_cast::<RB, 64>(self.data_end.val()) << self.data_end_at.val())
                | (bit_cast::<RB, 32>(self.ifindex.val()) << self.ifindex_at.val())
                | (bit_cast::<RB, 16>(self.queue.val()) << self.queue_at.val())
                | (bit_cast::<RB, 64>(self.timestamp.val()) << self.timestamp_at.val())
                | (bit_cast::<RB, 64>(self.random.val()) << self.random_at.val());
            self.held_predicates.d.next = bits::<16>(0);
            self.held_memory.d.next = bit_cast::<MB, WB>(self.window.val()) << self.window_at.val();
            self.held_aborted.d.next = false;
        }
        self.registers_out.next = self.held_registers.q.val();
        self.predicates_out.next = self.held_predicates.q.val();
        self.memory_out.next = self.held_memory.q.val();
        self.aborted_out.next = self.held_aborted.q.val();
    }
}
