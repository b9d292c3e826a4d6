// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The registers of one configuration space, as `hdl/pcie.toml` lays them out.

use rust_hdl::prelude::*;
use weir_regs::ConfigDword;

/// Dwords with reset values, and masks of what writes and resets do to them.
///
/// What a dword means is its owner's business: it sees the values of those that can change, and may narrow a write, set
/// bits of its own, and add bits to what is read.
#[derive(LogicBlock)]
pub struct ConfigSpace {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Sets all to the reset values.
    pub reset: Signal<In, Bit>,
    /// The same, but for sticky bits: Function Level Reset.
    pub function_reset: Signal<In, Bit>,
    /// Which dword is accessed.
    pub address: Signal<In, Bits<10>>,
    /// Whether it is written.
    pub write: Signal<In, Bit>,
    /// Which of its bits.
    pub mask: Signal<In, Bits<32>>,
    /// To what.
    pub wdata: Signal<In, Bits<32>>,
    /// Its value; zero where there is none.
    pub rdata: Signal<Out, Bits<32>>,
    /// Bits that are set now, of each dword of [`ConfigSpace::changing`].
    pub set: Vec<Signal<In, Bits<32>>>,
    /// Values of these dwords.
    pub value: Vec<Signal<Out, Bits<32>>>,
    registers: Vec<DFF<Bits<32>>>,
    addresses: Vec<Constant<Bits<10>>>,
    resets: Vec<Constant<Bits<32>>>,
    rw: Vec<Constant<Bits<32>>>,
    rw1c: Vec<Constant<Bits<32>>>,
    sticky: Vec<Constant<Bits<32>>>,
    fixed_addresses: Vec<Constant<Bits<10>>>,
    fixed_values: Vec<Constant<Bits<32>>>,
    write_bits: Signal<Local, Bits<32>>,
}

impl ConfigSpace {
    /// The dwords of a layout that can change, in the order of `value` and `set`.
    pub fn changing(layout: &[ConfigDword]) -> impl Iterator<Item = &ConfigDword> {
        layout.iter().filter(|dword| dword.rw | dword.rw1c != 0)
    }

    /// The space of a layout, some of whose dwords have other reset values in this build.
    pub fn new(layout: &[ConfigDword], overrides: &[(u16, u32)]) -> Self {
        let reset = |dword: &ConfigDword| {
            overrides.iter().find(|(offset, _)| *offset == dword.offset).map_or(dword.reset, |(_, v)| *v)
        };
        let changing: Vec<&ConfigDword> = Self::changing(layout).collect();
        let fixed: Vec<&ConfigDword> = layout.iter().filter(|dword| dword.rw | dword.rw1c == 0).collect();
        let address = |dword: &&ConfigDword| Constant::new((dword.offset / 4).to_bits());
        let constants = |of: &dyn Fn(&ConfigDword) -> u32| -> Vec<Constant<Bits<32>>> {
            changing.iter().map(|dword| Constant::new(of(dword).to_bits())).collect()
        };
        Self {
            clock: Default::default(),
            reset: Default::default(),
            function_reset: Default::default(),
            address: Default::default(),
            write: Default::default(),
            mask: Default::default(),
            wdata: Default::default(),
            rdata: Default::default(),
            set: changing.iter().map(|_| Default::default()).collect(),
            value: changing.iter().map(|_| Default::default()).collect(),
            registers: changing.iter().map(|_| Default::default()).collect(),
            addresses: changing.iter().map(address).collect(),
            resets: constants(&reset),
            rw: constants(&|dword| dword.rw),
            rw1c: constants(&|dword| dword.rw1c),
            sticky: constants(&|dword| dword.sticky),
            fixed_addresses: fixed.iter().map(address).collect(),
            fixed_values: fixed.iter().map(|dword| Constant::new(reset(dword).to_bits())).collect(),
            write_bits: Default::default(),
        }
    }
}

impl Logic for ConfigSpace {
    #[hdl_gen]
    fn update(&mut self) {
        self.rdata.next = bits::<32>(0);
        for i in 0..self.fixed_values.len() {
            if self.address.val() == self.fixed_addresses[i].val() {
                self.rdata.next = self.fixed_values[i].val();
            }
        }
        self.write_bits.next = bits::<32>(0);
        if self.write.val() {
            self.write_bits.next = self.mask.val();
        }
        for i in 0..self.registers.len() {
            self.registers[i].clock.next = self.clock.val();
            self.registers[i].d.next = self.registers[i].q.val() | self.set[i].val();
            self.value[i].next = self.registers[i].q.val();
            if self.address.val() == self.addresses[i].val() {
                self.rdata.next = self.registers[i].q.val();
                self.registers[i].d.next = (((self.registers[i].q.val()
                    & !(self.write_bits.val() & self.rw[i].val()))
                    | (self.wdata.val() & self.write_bits.val() & self.rw[i].val()))
                    & !(self.wdata.val() & self.write_bits.val() & self.rw1c[i].val()))
                    | self.set[i].val();
            }
            if self.function_reset.val() {
                self.registers[i].d.next = (self.registers[i].q.val() & self.sticky[i].val())
                    | (self.resets[i].val() & !self.sticky[i].val());
            }
            if self.reset.val() {
                self.registers[i].d.next = self.resets[i].val();
            }
        }
    }
}
