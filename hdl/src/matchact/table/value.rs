// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The last clock of a table read: the bytes that were asked for are taken out of their word.

use super::signals::TablePlace;
use rust_hdl::prelude::*;

/// What a read has found.
#[derive(LogicBlock, Default)]
pub struct TableValue {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Word; third clock of the access.
    pub word: Signal<In, Bits<64>>,
    /// What was asked for; third clock.
    pub place: Signal<In, TablePlace>,
    /// The bytes, extended with zeros; fourth clock.
    pub result: Signal<Out, Bits<64>>,
    /// The whole word; fourth clock.
    pub whole: Signal<Out, Bits<64>>,
    found: DFF<Bits<64>>,
    lane: DFF<Bits<3>>,
    size: DFF<Bits<2>>,
    back: Signal<Local, Bits<6>>,
    low: Signal<Local, Bits<64>>,
    low8: Signal<Local, Bits<8>>,
    low16: Signal<Local, Bits<16>>,
    low32: Signal<Local, Bits<32>>,
}

impl Logic for TableValue {
    #[hdl_gen]
    fn update(&mut self) {
        self.found.clock.next = self.clock.val();
        self.lane.clock.next = self.clock.val();
        self.size.clock.next = self.clock.val();
        self.found.d.next = self.word.val();
        self.lane.d.next = self.place.val().lane;
        self.size.d.next = self.place.val().size;
        self.back.next = bit_cast::<6, 3>(self.lane.q.val()) << 3;
        self.low.next = self.found.q.val() >> bit_cast::<64, 6>(self.back.val());
        self.low8.next = self.low.val().get_bits::<8>(0);
        self.low16.next = self.low.val().get_bits::<16>(0);
        self.low32.next = self.low.val().get_bits::<32>(0);
        self.result.next = self.found.q.val();
        if self.size.q.val() == 0 {
            self.result.next = bit_cast::<64, 8>(self.low8.val());
        } else if self.size.q.val() == 1 {
            self.result.next = bit_cast::<64, 16>(self.low16.val());
        } else if self.size.q.val() == 2 {
            self.result.next = bit_cast::<64, 32>(self.low32.val());
        }
        self.whole.next = self.found.q.val();
    }
}
