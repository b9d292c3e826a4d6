// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Device configuration of a network device (virtio 1.3, 5.1.4). Read only.

use rust_hdl::prelude::*;

/// MAC address, link status, queue pairs, MTU, speed, duplex. Combinational.
#[derive(LogicBlock)]
pub struct DeviceConfig {
    /// Which dword is read.
    pub dword: Signal<In, Bits<10>>,
    /// MAC address, its first byte lowest.
    pub mac: Signal<In, Bits<48>>,
    /// The link is up.
    pub link: Signal<In, Bit>,
    /// Largest MTU.
    pub mtu: Signal<In, Bits<16>>,
    /// Value of the dword.
    pub rdata: Signal<Out, Bits<32>>,
    speed: Constant<Bits<32>>,
}

impl Default for DeviceConfig {
    fn default() -> Self {
        Self {
            dword: Default::default(),
            mac: Default::default(),
            link: Default::default(),
            mtu: Default::default(),
            rdata: Default::default(),
            speed: Constant::new(100_000_usize.to_bits()),
        }
    }
}

impl Logic for DeviceConfig {
    #[hdl_gen]
    fn update(&mut self) {
        self.rdata.next = bits::<32>(0);
        if self.dword.val() == 0 {
            self.rdata.next = self.mac.val().get_bits::<32>(0);
        }
        if self.dword.val() == 1 {
            self.rdata.next = bit_cast::<32, 16>(self.mac.val().get_bits::<16>(32));
            if self.link.val() {
                self.rdata.next =
                    bit_cast::<32, 16>(self.mac.val().get_bits::<16>(32)) | (bits::<32>(1) << 16);
            }
        }
        // One pair of queues.
        if self.dword.val() == 2 {
            self.rdata.next = bits::<32>(1) | (bit_cast::<32, 16>(self.mtu.val()) << 16);
        }
        // In Mbit/s, then full duplex.
        if self.dword.val() == 3 {
            self.rdata.next = self.speed.val();
        }
        if self.dword.val() == 4 {
            self.rdata.next = bits::<32>(1);
        }
    }
}
