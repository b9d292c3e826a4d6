// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which function's BAR an address is in.

use rust_hdl::prelude::*;

/// Looks an address up in BAR 0 of PF0 and in the apertures of the VFs. Combinational.
#[derive(LogicBlock)]
pub struct BarDecode {
    /// The address.
    pub address: Signal<In, Bits<64>>,
    /// BAR 0 of PF0 answers.
    pub pf_enable: Signal<In, Bit>,
    /// BAR 0 of PF0.
    pub pf_bar: Signal<In, Bits<32>>,
    /// BARs of VFs answer.
    pub vf_enable: Signal<In, Bit>,
    /// VF BAR 0.
    pub vf_bar: Signal<In, Bits<64>>,
    /// Bits of an offset in an aperture: 16, 18, 20 or 22.
    pub aperture_bits: Signal<In, Bits<5>>,
    /// VFs that are there.
    pub vfs: Signal<In, Bits<8>>,
    /// Some BAR has the address.
    pub hit: Signal<Out, Bit>,
    /// Whose.
    pub owner: Signal<Out, Bits<8>>,
    /// Offset in it; what lies beyond 64 KiB of an aperture is reserved, and so is where this then points.
    pub offset: Signal<Out, Bits<16>>,
    distance: Signal<Local, Bits<64>>,
    index: Signal<Local, Bits<64>>,
    back: Signal<Local, Bits<64>>,
    inside: Signal<Local, Bits<64>>,
    vf_hit: Signal<Local, Bit>,
    pf_hit: Signal<Local, Bit>,
    number: Signal<Local, Bits<8>>,
    reserved: Constant<Bits<16>>,
}

impl Default for BarDecode {
    fn default() -> Self {
        Self {
            address: Default::default(),
            pf_enable: Default::default(),
            pf_bar: Default::default(),
            vf_enable: Default::default(),
            vf_bar: Default::default(),
            aperture_bits: Default::default(),
            vfs: Default::default(),
            hit: Default::default(),
            owner: Default::default(),
            offset: Default::default(),
            distance: Default::default(),
            index: Default::default(),
            back: Default::default(),
            inside: Default::default(),
            vf_hit: Default::default(),
            pf_hit: Default::default(),
            number: Default::default(),
            reserved: Constant::new(0xf000_usize.to_bits()),
        }
    }
}

impl Logic for BarDecode {
    #[hdl_gen]
    fn update(&mut self) {
        self.distance.next = self.address.val() - self.vf_bar.val();
        self.index.next = self.distance.val() >> self.aperture_bits.val();
        self.back.next = self.index.val() << self.aperture_bits.val();
        self.inside.next = self.distance.val() - self.back.val();
        self.vf_hit.next = self.vf_enable.val()
            && (self.address.val() >= self.vf_bar.val())
            && (self.index.val() < bit_cast::<64, 8>(self.vfs.val()));
        self.pf_hit.next = self.pf_enable.val()
            && (self.address.val().get_bits::<32>(32) == 0)
            && (self.address.val().get_bits::<16>(16) == self.pf_bar.val().get_bits::<16>(16));
        self.number.next = self.index.val().get_bits::<8>(0) + 1;
        self.hit.next = self.pf_hit.val() || self.vf_hit.val();
        self.owner.next = bits::<8>(0);
        self.offset.next = self.address.val().get_bits::<16>(0);
        if !self.pf_hit.val() {
            self.owner.next = self.number.val();
            self.offset.next = self.inside.val().get_bits::<16>(0);
            if self.inside.val().get_bits::<8>(16).any() {
                self.offset.next = self.reserved.val();
            }
        }
    }
}
