// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A top module around every primitive, with which their Verilog is tested against their `update()`.
//!
//! All inputs are slices of one wide port, so that a test drives them with random bits; every output is a port.

use super::{
    Arithmetic, AsyncRam, Choose, ContextRead, ContextWrite, Delay, EnableRegister, HoldRam, Multiply, Pack,
    RamStyle, Realign, Relation, Shift64, SyncRam,
};
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
    /// Bits 0..64 shifted by bits 128..134, left where bit 184 is set, otherwise right with bit 185 coming in.
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
    /// As `sync_read`, taken where bit 186 is set, zero where bit 187 is; addresses have 6 bits, modulo 16.
    pub held_read: Signal<Out, Bits<64>>,
    /// One clock ago: bytes of bits 0..128 from the byte on that bits 160..172 say, as many as bits 188..190 say.
    pub context: Signal<Out, Bits<64>>,
    /// Low half of bits 0..128 with bits 64..128 written from that byte on, as far as bits 176..184 are set.
    pub context_low: Signal<Out, Bits<64>>,
    /// Its high half.
    pub context_high: Signal<Out, Bits<64>>,
    /// One clock ago: bits 0..64 or, where bit 128 is set, 64..128; bits 192..256 where bit 190 is set, zero where bit
    /// 191 is.
    pub chosen: Signal<Out, Bits<64>>,
    /// Operation of bits 192..197 a clock ago, 32-bit where bit 197 was set, on bits 0..64 and 64..128, to which bits
    /// 192..256 are or-ed where bits 198 and 199 were set.
    pub computed: Signal<Out, Bits<64>>,
    /// The same without shifts.
    pub computed_plain: Signal<Out, Bits<64>>,
    /// Relation of bits 200..203 a clock ago, 32-bit where bit 203 was set, between sources that bits 204..206 and
    /// 206..208 said, the second being `b` where bit 208 was set.
    pub related: Signal<Out, Bit>,
    /// Bits 0..128 from the byte on that bits 141..144 say.
    pub realigned: Signal<Out, Bits<64>>,
    pack: Pack<3, 8, 24>,
    shift: Shift64,
    delay_0: Delay<64>,
    delay_1: Delay<64>,
    delay_3: Delay<64>,
    enable: EnableRegister<64>,
    multiply_1: Multiply<64>,
    multiply_3: Multiply<32>,
    sync_ram: SyncRam<4, 64>,
    async_ram: AsyncRam<4, 64>,
    context_read: ContextRead<128>,
    context_write: ContextWrite<128>,
    hold_ram: HoldRam<6, 64>,
    choose: Choose<128>,
    arithmetic: Arithmetic,
    arithmetic_plain: Arithmetic,
    relation: Relation,
    realign: Realign<64>,
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
            held_read: Default::default(),
            context: Default::default(),
            context_low: Default::default(),
            context_high: Default::default(),
            chosen: Default::default(),
            computed: Default::default(),
            computed_plain: Default::default(),
            related: Default::default(),
            realigned: Default::default(),
            pack: Default::default(),
            shift: Default::default(),
            delay_0: Delay::new(0),
            delay_1: Delay::new(1),
            delay_3: Delay::new(3),
            enable: Default::default(),
            multiply_1: Multiply::new(1),
            multiply_3: Multiply::new(3),
            sync_ram: SyncRam::new(16, RamStyle::Block),
            async_ram: AsyncRam::new(16),
            hold_ram: HoldRam::new(16, RamStyle::Block),
            context_read: Default::default(),
            context_write: Default::default(),
            choose: Default::default(),
            arithmetic: Arithmetic::new(true),
            arithmetic_plain: Arithmetic::new(false),
            relation: Default::default(),
            realign: Default::default(),
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

        self.shift.a.next = self.stimulus.val().get_bits::<64>(0);
        self.shift.n.next = self.stimulus.val().get_bits::<6>(128);
        self.shift.left.next = self.stimulus.val().get_bit(184);
        self.shift.fill.next = self.stimulus.val().get_bit(185);
        self.shifted.next = self.shift.o.val();

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

        self.hold_ram.clock.next = self.clock.val();
        self.hold_ram.write.next = self.stimulus.val().get_bit(135);
        self.hold_ram.write_address.next = self.stimulus.val().get_bits::<6>(136);
        self.hold_ram.write_data.next = self.stimulus.val().get_bits::<64>(0);
        self.hold_ram.read.next = self.stimulus.val().get_bit(186);
        self.hold_ram.clear.next = self.stimulus.val().get_bit(187);
        self.hold_ram.read_address.next = self.stimulus.val().get_bits::<6>(140);
        self.held_read.next = self.hold_ram.read_data.val();

        self.context_read.clock.next = self.clock.val();
        self.context_read.size.next = self.stimulus.val().get_bits::<2>(188);
        self.context_read.memory.next = self.stimulus.val().get_bits::<128>(0);
        self.context_read.address.next = self.stimulus.val().get_bits::<12>(160);
        self.context.next = self.context_read.data.val();
        self.context_write.memory.next = self.stimulus.val().get_bits::<128>(0);
        self.context_write.address.next = self.stimulus.val().get_bits::<12>(160);
        self.context_write.data.next = self.stimulus.val().get_bits::<64>(64);
        self.context_write.bytes.next = self.stimulus.val().get_bits::<8>(176);
        self.context_low.next = self.context_write.o.val().get_bits::<64>(0);
        self.context_high.next = self.context_write.o.val().get_bits::<64>(64);

        self.choose.clock.next = self.clock.val();
        self.choose.i.next = self.stimulus.val().get_bits::<128>(0);
        self.choose.part.next = bit_cast::<4, 1>(self.stimulus.val().get_bits::<1>(128));
        self.choose.constant.next = self.stimulus.val().get_bits::<64>(192);
        self.choose.is_constant.next = self.stimulus.val().get_bit(190);
        self.choose.clear.next = self.stimulus.val().get_bit(191);
        self.chosen.next = self.choose.q.val();

        self.arithmetic.clock.next = self.clock.val();
        self.arithmetic.op.next = self.stimulus.val().get_bits::<5>(192);
        self.arithmetic.is32.next = self.stimulus.val().get_bits::<1>(197);
        self.arithmetic.a_is_load.next = self.stimulus.val().get_bit(198);
        self.arithmetic.b_is_load.next = self.stimulus.val().get_bit(199);
        self.arithmetic.a.next = self.stimulus.val().get_bits::<64>(0);
        self.arithmetic.b.next = self.stimulus.val().get_bits::<64>(64);
        self.arithmetic.load.next = self.stimulus.val().get_bits::<64>(192);
        self.computed.next = self.arithmetic.result.val();

        self.arithmetic_plain.clock.next = self.clock.val();
        self.arithmetic_plain.op.next = self.stimulus.val().get_bits::<5>(192);
        self.arithmetic_plain.is32.next = self.stimulus.val().get_bits::<1>(197);
        self.arithmetic_plain.a_is_load.next = self.stimulus.val().get_bit(198);
        self.arithmetic_plain.b_is_load.next = self.stimulus.val().get_bit(199);
        self.arithmetic_plain.a.next = self.stimulus.val().get_bits::<64>(0);
        self.arithmetic_plain.b.next = self.stimulus.val().get_bits::<64>(64);
        self.arithmetic_plain.load.next = self.stimulus.val().get_bits::<64>(192);
        self.computed_plain.next = self.arithmetic_plain.result.val();

        self.relation.clock.next = self.clock.val();
        self.relation.op.next = self.stimulus.val().get_bits::<3>(200);
        self.relation.is32.next = self.stimulus.val().get_bits::<1>(203);
        self.relation.a_source.next = bit_cast::<5, 2>(self.stimulus.val().get_bits::<2>(204)) | 16;
        self.relation.b_source.next = bit_cast::<5, 2>(self.stimulus.val().get_bits::<2>(206)) | 16;
        self.relation.b_imm.next = self.stimulus.val().get_bits::<1>(208);
        self.relation.a.next = self.stimulus.val().get_bits::<64>(0);
        self.relation.b.next = self.stimulus.val().get_bits::<64>(64);
        self.relation.load.next = self.stimulus.val().get_bits::<64>(192);
        self.relation.alu0.next = self.stimulus.val().get_bits::<64>(32);
        self.relation.alu1.next = self.stimulus.val().get_bits::<64>(96);
        self.related.next = self.relation.holds.val();

        self.realign.low.next = self.stimulus.val().get_bits::<64>(0);
        self.realign.high.next = self.stimulus.val().get_bits::<64>(64);
        self.realign.from.next = bit_cast::<6, 3>(self.stimulus.val().get_bits::<3>(141));
        self.realigned.next = self.realign.o.val();
    }
}
