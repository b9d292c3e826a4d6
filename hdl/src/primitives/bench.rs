// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A top module around every primitive, with which their Verilog is tested against their `update()`.
//!
//! All inputs are slices of one wide port, so that a test drives them with random bits; every output is a port.

use super::{AsyncRam, ByteRam, Delay, EnableRegister, Multiply, Pack, RamStyle, Sar64, SyncRam};
use rust_hdl::prelude::*;

/// Words of 32 bits in the stimulus.
pub const STIMULUS_WORDS: usize = 8;

/// Every primitive once, those with a run-time depth also with a second one.
#[derive(LogicBlock)]
pub struct PrimitiveBench {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Inputs of all primitives.
    pub stimulus: Signal<In, Bits<256>>,
    /// Bits 0..24 in parts of 8, reversed.
    pub packed: Signal<Out, Bits<24>>,
    /// Bits 0..64 shifted right by bits 128..134.
    pub shifted: Signal<Out, Bits<64>>,
    /// Bits 0..64.
    pub delayed_0: Signal<Out, Bits<64>>,
    /// Bits 0..64, one clock ago.
    pub delayed_1: Signal<Out, Bits<64>>,
    /// Bits 0..64, three clocks ago.
    pub delayed_3: Signal<Out, Bits<64>>,
    /// Bits 0..64 where bit 134 is set.
    pub enabled: Signal<Out, Bits<64>>,
    /// Bits 0..64 times bits 64..128, one clock ago.
    pub product_1: Signal<Out, Bits<64>>,
    /// Bits 0..32 times bits 64..96, three clocks ago.
    pub product_3: Signal<Out, Bits<32>>,
    /// Written with bits 0..64 at bits 136..140 where bit 135 is set, read at bits 140..144.
    pub sync_read: Signal<Out, Bits<64>>,
    /// As `sync_read`, combinational.
    pub async_read: Signal<Out, Bits<64>>,
    /// As `sync_read`, bytes enabled by bits 144..152.
    pub byte_read: Signal<Out, Bits<64>>,
    pack: Pack<3, 8, 24>,
    sar: Sar64,
    delay_0: Delay<64>,
    delay_1: Delay<64>,
    delay_3: Delay<64>,
    enable: EnableRegister<64>,
    multiply_1: Multiply<64>,
    multiply_3: Multiply<32>,
    sync_ram: SyncRam<4, 64>,
    async_ram: AsyncRam<4, 64>,
    byte_ram: ByteRam<4, 8, 64>,
}

impl Default for PrimitiveBench {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            stimulus: Default::default(),
            packed: Default::default(),
            shifted: Default::default(),
            delayed_0: Default::default(),
            delayed_1: Default::default(),
            delayed_3: Default::default(),
            enabled: Default::default(),
            product_1: Default::default(),
            product_3: Default::default(),
            sync_read: Default::default(),
            async_read: Default::default(),
            byte_read: Default::default(),
            pack: Default::default(),
            sar: Default::default(),
            delay_0: Delay::new(0),
            delay_1: Delay::new(1),
            delay_3: Delay::new(3),
            enable: Default::default(),
            multiply_1: Multiply::new(1),
            multiply_3: Multiply::new(3),
            sync_ram: SyncRam::new(16, RamStyle::Block),
            async_ram: AsyncRam::new(16),
            byte_ram: ByteRam::new(16, RamStyle::Any),
        }
    }
}

impl Logic for PrimitiveBench {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..3 {
            self.pack.i[i].next = self.stimulus.val().get_bits::<8>(16 - i * 8);
        }
        self.packed.next = self.pack.o.val();

        self.sar.a.next = self.stimulus.val().get_bits::<64>(0);
        self.sar.n.next = self.stimulus.val().get_bits::<6>(128);
        self.shifted.next = self.sar.o.val();

        self.delay_0.clock.next = self.clock.val();
        self.delay_0.d.next = self.stimulus.val().get_bits::<64>(0);
        self.delayed_0.next = self.delay_0.q.val();
        self.delay_1.clock.next = self.clock.val();
        self.delay_1.d.next = self.stimulus.val().get_bits::<64>(0);
        self.delayed_1.next = self.delay_1.q.val();
        self.delay_3.clock.next = self.clock.val();
        self.delay_3.d.next = self.stimulus.val().get_bits::<64>(0);
        self.delayed_3.next = self.delay_3.q.val();

        self.enable.clock.next = self.clock.val();
        self.enable.d.next = self.stimulus.val().get_bits::<64>(0);
        self.enable.enable.next = self.stimulus.val().get_bit(134);
        self.enabled.next = self.enable.q.val();

        self.multiply_1.clock.next = self.clock.val();
        self.multiply_1.a.next = self.stimulus.val().get_bits::<64>(0);
        self.multiply_1.b.next = self.stimulus.val().get_bits::<64>(64);
        self.product_1.next = self.multiply_1.q.val();
        self.multiply_3.clock.next = self.clock.val();
        self.multiply_3.a.next = self.stimulus.val().get_bits::<32>(0);
        self.multiply_3.b.next = self.stimulus.val().get_bits::<32>(64);
        self.product_3.next = self.multiply_3.q.val();

        self.sync_ram.clock.next = self.clock.val();
        self.sync_ram.write.next = self.stimulus.val().get_bit(135);
        self.sync_ram.write_address.next = self.stimulus.val().get_bits::<4>(136);
        self.sync_ram.write_data.next = self.stimulus.val().get_bits::<64>(0);
        self.sync_ram.read_address.next = self.stimulus.val().get_bits::<4>(140);
        self.sync_read.next = self.sync_ram.read_data.val();

        self.async_ram.clock.next = self.clock.val();
        self.async_ram.write.next = self.stimulus.val().get_bit(135);
        self.async_ram.write_address.next = self.stimulus.val().get_bits::<4>(136);
        self.async_ram.write_data.next = self.stimulus.val().get_bits::<64>(0);
        self.async_ram.read_address.next = self.stimulus.val().get_bits::<4>(140);
        self.async_read.next = self.async_ram.read_data.val();

        self.byte_ram.clock.next = self.clock.val();
        self.byte_ram.write.next = self.stimulus.val().get_bits::<8>(144);
        self.byte_ram.write_address.next = self.stimulus.val().get_bits::<4>(136);
        self.byte_ram.write_data.next = self.stimulus.val().get_bits::<64>(0);
        self.byte_ram.read_address.next = self.stimulus.val().get_bits::<4>(140);
        self.byte_read.next = self.byte_ram.read_data.val();
    }
}
