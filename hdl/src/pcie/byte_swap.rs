// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Order of bytes in a dword.

use crate::primitives::Pack;
use rust_hdl::prelude::*;

/// The four bytes of `i` in opposite order: between headers as they are drawn, highest byte first, and as they are sent.
#[derive(LogicBlock, Default)]
pub struct ByteSwap {
    /// A dword.
    pub i: Signal<In, Bits<32>>,
    /// It, turned.
    pub o: Signal<Out, Bits<32>>,
    pack: Pack<4, 8, 32>,
}

impl Logic for ByteSwap {
    #[hdl_gen]
    fn update(&mut self) {
        for byte in 0..4 {
            self.pack.i[byte].next = self.i.val().get_bits::<8>(24 - byte * 8);
        }
        self.o.next = self.pack.o.val();
    }
}
