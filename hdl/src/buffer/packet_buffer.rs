// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Memory of the packet buffers: the frames and what is known of each.

use super::{BUFFER_BITS, FreeList};
use crate::primitives::{HoldRam, RamStyle, SyncRam};
use rust_hdl::prelude::*;
use weir_pipeline::Target;

/// Frames in words of the bus, and per buffer: length, slot, interface, queue, number, time, random value.
///
/// Read ports show their word one clock after the request and keep it until the next. Nothing is read of a buffer
/// between the clock in which it is handed out and the one in which its frame is complete.
#[derive(LogicBlock)]
pub struct PacketBuffer<const BUS: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Makes all buffers free.
    pub reset: Signal<In, Bit>,

    /// Whether a beat is written, ...
    pub write: Signal<In, Bit>,
    /// ... to which buffer, ...
    pub write_buffer: Signal<In, Bits<BUFFER_BITS>>,
    /// ... as which of its beats, ...
    pub write_beat: Signal<In, Bits<11>>,
    /// ... with what.
    pub write_data: Signal<In, Bits<BUS>>,
    /// Whether the frame of `write_buffer` is complete; the signals below describe it.
    pub complete: Signal<In, Bit>,
    /// Bytes of the frame.
    pub length: Signal<In, Bits<14>>,
    /// Program slot.
    pub slot: Signal<In, Bits<3>>,
    /// Ingress interface index.
    pub ifindex: Signal<In, Bits<32>>,
    /// Receive queue index.
    pub queue_index: Signal<In, Bits<16>>,
    /// Time of reception in ns.
    pub timestamp: Signal<In, Bits<64>>,
    /// The packet's random value.
    pub random: Signal<In, Bits<64>>,
    /// Number of the packet.
    pub number: Signal<In, Bits<32>>,

    /// Reads what is known of `entry_buffer`.
    pub entry_read: Signal<In, Bit>,
    /// Buffer of a frame on its way to the ring.
    pub entry_buffer: Signal<In, Bits<BUFFER_BITS>>,
    /// Bytes of the frame.
    pub entry_length: Signal<Out, Bits<14>>,
    /// Program slot.
    pub entry_slot: Signal<Out, Bits<3>>,
    /// Ingress interface index.
    pub entry_ifindex: Signal<Out, Bits<32>>,
    /// Receive queue index.
    pub entry_queue: Signal<Out, Bits<16>>,
    /// Time of reception in ns.
    pub entry_timestamp: Signal<Out, Bits<64>>,
    /// The packet's random value.
    pub entry_random: Signal<Out, Bits<64>>,
    /// Number of the packet.
    pub entry_number: Signal<Out, Bits<32>>,

    /// Buffer of a packet that leaves the ring.
    pub exit_buffer: Signal<In, Bits<BUFFER_BITS>>,
    /// Its number, one clock later.
    pub exit_number: Signal<Out, Bits<32>>,

    /// Reads a beat, ...
    pub read: Signal<In, Bit>,
    /// ... of which buffer, ...
    pub read_buffer: Signal<In, Bits<BUFFER_BITS>>,
    /// ... which of its beats, ...
    pub read_beat: Signal<In, Bits<11>>,
    /// ... this one.
    pub read_data: Signal<Out, Bits<BUS>>,

    /// Whether a buffer is free.
    pub available: Signal<Out, Bit>,
    /// The one that is handed out next.
    pub buffer: Signal<Out, Bits<BUFFER_BITS>>,
    /// Takes it.
    pub take: Signal<In, Bit>,
    /// Whether a buffer comes back.
    pub give: Signal<In, Bit>,
    /// Which.
    pub give_buffer: Signal<In, Bits<BUFFER_BITS>>,
    /// How many are free.
    pub free: Signal<Out, Bits<11>>,

    free_list: FreeList,
    frames: HoldRam<21, BUS>,
    known: HoldRam<BUFFER_BITS, 225>,
    numbers: SyncRam<BUFFER_BITS, 32>,
    /// Log2 of the beats of one buffer.
    beat_bits: Constant<Bits<21>>,
}

impl<const BUS: usize> PacketBuffer<BUS> {
    /// The packet buffers of a target.
    pub fn new(target: &Target) -> Self {
        let beats = target.packet_buffer_bytes as usize * 8 / BUS;
        let buffers = target.packet_buffers as usize;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            write: Default::default(),
            write_buffer: Default::default(),
            write_beat: Default::default(),
            write_data: Default::default(),
            complete: Default::default(),
            length: Default::default(),
            slot: Default::default(),
            ifindex: Default::default(),
            queue_index: Default::default(),
            timestamp: Default::default(),
            random: Default::default(),
            number: Default::default(),
            entry_read: Default::default(),
            entry_buffer: Default::default(),
            entry_length: Default::default(),
            entry_slot: Default::default(),
            entry_ifindex: Default::default(),
            entry_queue: Default::default(),
            entry_timestamp: Default::default(),
            entry_random: Default::default(),
            entry_number: Default::default(),
            exit_buffer: Default::default(),
            exit_number: Default::default(),
            read: Default::default(),
            read_buffer: Default::default(),
            read_beat: Default::default(),
            read_data: Default::default(),
            available: Default::default(),
            buffer: Default::default(),
            take: Default::default(),
            give: Default::default(),
            give_buffer: Default::default(),
            free: Default::default(),
            free_list: FreeList::new(target.packet_buffers),
            frames: HoldRam::new(buffers * beats, RamStyle::Block),
            known: HoldRam::new(buffers, RamStyle::Block),
            numbers: SyncRam::new(buffers, RamStyle::Block),
            beat_bits: Constant::new(beats.ilog2().to_bits()),
        }
    }
}

impl<const BUS: usize> Logic for PacketBuffer<BUS> {
    #[hdl_gen]
    fn update(&mut self) {
        self.frames.clock.next = self.clock.val();
        self.frames.write.next = self.write.val();
        self.frames.write_address.next = (bit_cast::<21, 10>(self.write_buffer.val())
            << self.beat_bits.val())
            | bit_cast::<21, 11>(self.write_beat.val());
        self.frames.write_data.next = self.write_data.val();
        self.frames.read.next = self.read.val();
        self.frames.clear.next = false;
        self.frames.read_address.next = (bit_cast::<21, 10>(self.read_buffer.val()) << self.beat_bits.val())
            | bit_cast::<21, 11>(self.read_beat.val());
        self.read_data.next = self.frames.read_data.val();

        self.known.clock.next = self.clock.val();
        self.known.write.next = self.complete.val();
        self.known.write_address.next = self.write_buffer.val();
        self.known.write_data.next = bit_cast::<225, 14>(self.length.val())
            | (bit_cast::<225, 3>(self.slot.val()) << 14)
            | (bit_cast::<225, 32>(self.ifindex.val()) << 17)
            | (bit_cast::<225, 16>(self.queue_index.val()) << 49)
            | (bit_cast::<225, 32>(self.number.val()) << 65)
            | (bit_cast::<225, 64>(self.timestamp.val()) << 97)
            | (bit_cast::<225, 64>(self.random.val()) << 161);
        self.known.read.next = self.entry_read.val();
        self.known.clear.next = false;
        self.known.read_address.next = self.entry_buffer.val();
        self.entry_length.next = self.known.read_data.val().get_bits::<14>(0);
        self.entry_slot.next = self.known.read_data.val().get_bits::<3>(14);
        self.entry_ifindex.next = self.known.read_data.val().get_bits::<32>(17);
        self.entry_queue.next = self.known.read_data.val().get_bits::<16>(49);
        self.entry_number.next = self.known.read_data.val().get_bits::<32>(65);
        self.entry_timestamp.next = self.known.read_data.val().get_bits::<64>(97);
        self.entry_random.next = self.known.read_data.val().get_bits::<64>(161);

        self.numbers.clock.next = self.clock.val();
        self.numbers.write.next = self.complete.val();
        self.numbers.write_address.next = self.write_buffer.val();
        self.numbers.write_data.next = self.number.val();
        self.numbers.read_address.next = self.exit_buffer.val();
        self.exit_number.next = self.numbers.read_data.val();

        self.free_list.clock.next = self.clock.val();
        self.free_list.reset.next = self.reset.val();
        self.free_list.take.next = self.take.val();
        self.free_list.give.next = self.give.val();
        self.free_list.give_buffer.next = self.give_buffer.val();
        self.available.next = self.free_list.available.val();
        self.buffer.next = self.free_list.buffer.val();
        self.free.next = self.free_list.free.val();
    }
}
