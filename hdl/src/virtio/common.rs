// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Common configuration: features, device status, queues (virtio 1.3, 4.1.4.3).

use super::queue_registers::QueueRegisters;
use super::{QUEUES, VECTORS, feature};
use rust_hdl::prelude::*;

/// The common configuration structure, and the state that a driver brings a device through (2.1).
///
/// * FEATURES_OK stays only if the driver took nothing that was not offered, and VERSION_1.
/// * DRIVER_OK stays only behind FEATURES_OK.
/// * A write of zero resets the device; until nothing of it is under way any more, the old status is read (2.4.1).
#[derive(LogicBlock)]
pub struct CommonConfig {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Reset of the function: sets all to the values after reset, at once.
    pub reset: Signal<In, Bit>,
    /// Which dword is accessed.
    pub dword: Signal<In, Bits<4>>,
    /// It is written.
    pub write: Signal<In, Bit>,
    /// Which of its bits.
    pub mask: Signal<In, Bits<32>>,
    /// To what.
    pub wdata: Signal<In, Bits<32>>,
    /// Its value.
    pub rdata: Signal<Out, Bits<32>>,
    /// Nothing of the device is under way.
    pub quiet: Signal<In, Bit>,
    /// The device cannot go on (2.1.2, DEVICE_NEEDS_RESET).
    pub fail: Signal<In, Bit>,
    /// The driver is ready, and the device is neither resetting nor broken: queues may be used.
    pub running: Signal<Out, Bit>,
    /// Everything of the device is being reset.
    pub cleared: Signal<Out, Bit>,
    /// The device is broken.
    pub needs_reset: Signal<Out, Bit>,
    /// Vector of configuration changes; 0xffff for none.
    pub config_vector: Signal<Out, Bits<16>>,

    /// Which queue is shown in what follows.
    pub shown: Signal<In, Bits<16>>,
    /// Its entries.
    pub size: Signal<Out, Bits<16>>,
    /// Its vector.
    pub vector: Signal<Out, Bits<16>>,
    /// It may be used.
    pub enabled: Signal<Out, Bit>,
    /// Address of its descriptor table.
    pub descriptors: Signal<Out, Bits<64>>,
    /// Address of its available ring.
    pub driver: Signal<Out, Bits<64>>,
    /// Address of its used ring.
    pub device: Signal<Out, Bits<64>>,

    device_select: DFF<Bits<32>>,
    driver_select: DFF<Bits<32>>,
    accepted_low: DFF<Bits<32>>,
    accepted_high: DFF<Bits<32>>,
    vector_of_config: DFF<Bits<16>>,
    status: DFF<Bits<8>>,
    broken: DFF<Bit>,
    resetting: DFF<Bit>,
    queue_select: DFF<Bits<16>>,
    queues: Vec<QueueRegisters>,
    numbers: Vec<Constant<Bits<16>>>,
    offered_low: Constant<Bits<32>>,
    offered_high: Constant<Bits<32>>,
    queue_count: Constant<Bits<32>>,
    vectors: Constant<Bits<16>>,
    no_vector: Constant<Bits<16>>,
    /// Bits 16 to 31 of the dword at 16, which the mask must hold for a write of a whole field.
    written: Signal<Local, Bits<32>>,
    new_status: Signal<Local, Bits<8>>,
    shown_status: Signal<Local, Bits<8>>,
    new_vector: Signal<Local, Bits<16>>,
    new_select: Signal<Local, Bits<16>>,
    writes_status: Signal<Local, Bit>,
    features_good: Signal<Local, Bit>,
    clear: Signal<Local, Bit>,
    status_features: Constant<Bits<8>>,
    status_driver: Constant<Bits<8>>,
    status_broken: Constant<Bits<8>>,
    settable: Constant<Bits<8>>,
}

impl Default for CommonConfig {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            dword: Default::default(),
            write: Default::default(),
            mask: Default::default(),
            wdata: Default::default(),
            rdata: Default::default(),
            quiet: Default::default(),
            fail: Default::default(),
            running: Default::default(),
            cleared: Default::default(),
            needs_reset: Default::default(),
            config_vector: Default::default(),
            shown: Default::default(),
            size: Default::default(),
            vector: Default::default(),
            enabled: Default::default(),
            descriptors: Default::default(),
            driver: Default::default(),
            device: Default::default(),
            device_select: Default::default(),
            driver_select: Default::default(),
            accepted_low: Default::default(),
            accepted_high: Default::default(),
            vector_of_config: Default::default(),
            status: Default::default(),
            broken: Default::default(),
            resetting: Default::default(),
            queue_select: Default::default(),
            queues: (0..QUEUES).map(QueueRegisters::new).collect(),
            numbers: (0..QUEUES).map(|number| Constant::new(number.to_bits())).collect(),
            offered_low: Constant::new((feature::OFFERED as u32).to_bits()),
            offered_high: Constant::new(((feature::OFFERED >> 32) as u32).to_bits()),
            queue_count: Constant::new((QUEUES << 16).to_bits()),
            vectors: Constant::new(VECTORS.to_bits()),
            no_vector: Constant::new(0xffff_usize.to_bits()),
            written: Default::default(),
            new_status: Default::default(),
            shown_status: Default::default(),
            new_vector: Default::default(),
            new_select: Default::default(),
            writes_status: Default::default(),
            features_good: Default::default(),
            clear: Default::default(),
            status_features: Constant::new(8_usize.to_bits()),
            status_driver: Constant::new(4_usize.to_bits()),
            status_broken: Constant::new(64_usize.to_bits()),
            settable: Constant::new(0x83_usize.to_bits()),
        }
    }
}

impl Logic for CommonConfig {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            device_select,
            driver_select,
            accepted_low,
            accepted_high,
            vector_of_config,
            status,
            broken,
            resetting,
            queue_select
        );
        self.written.next = self.wdata.val() & self.mask.val();
        self.shown_status.next = self.status.q.val();
        if self.broken.q.val() {
            self.shown_status.next = self.status.q.val() | self.status_broken.val();
        }
        self.rdata.next = bits::<32>(0);
        if self.fail.val() {
            self.broken.d.next = true;
        }

        // Features.
        self.features_good.next = !(self.accepted_low.q.val() & !self.offered_low.val()).any()
            && !(self.accepted_high.q.val() & !self.offered_high.val()).any()
            && self.accepted_high.q.val().get_bit(0);
        if self.dword.val() == 0 {
            self.rdata.next = self.device_select.q.val();
            if self.write.val() {
                self.device_select.d.next =
                    (self.device_select.q.val() & !self.mask.val()) | self.written.val();
            }
        }
        if self.dword.val() == 1 {
            if self.device_select.q.val() == 0 {
                self.rdata.next = self.offered_low.val();
            }
            if self.device_select.q.val() == 1 {
                self.rdata.next = self.offered_high.val();
            }
        }
        if self.dword.val() == 2 {
            self.rdata.next = self.driver_select.q.val();
            if self.write.val() {
                self.driver_select.d.next =
                    (self.driver_select.q.val() & !self.mask.val()) | self.written.val();
            }
        }
        // What was accepted stands once FEATURES_OK is set.
        if self.dword.val() == 3 {
            if self.driver_select.q.val() == 0 {
                self.rdata.next = self.accepted_low.q.val();
                if self.write.val() && !self.status.q.val().get_bit(3) {
                    self.accepted_low.d.next =
                        (self.accepted_low.q.val() & !self.mask.val()) | self.written.val();
                }
            }
            if self.driver_select.q.val() == 1 {
                self.rdata.next = self.accepted_high.q.val();
                if self.write.val() && !self.status.q.val().get_bit(3) {
                    self.accepted_high.d.next =
                        (self.accepted_high.q.val() & !self.mask.val()) | self.written.val();
                }
            }
        }

        // Vector of configuration changes, number of queues.
        self.new_vector.next = (self.vector_of_config.q.val() & !self.mask.val().get_bits::<16>(0))
            | self.written.val().get_bits::<16>(0);
        if self.dword.val() == 4 {
            self.rdata.next = bit_cast::<32, 16>(self.vector_of_config.q.val()) | self.queue_count.val();
            if self.write.val() && self.mask.val().get_bits::<16>(0).any() {
                self.vector_of_config.d.next = self.no_vector.val();
                if self.new_vector.val() < self.vectors.val() {
                    self.vector_of_config.d.next = self.new_vector.val();
                }
            }
        }

        // Status, generation (always 0: nothing here changes in parts), selected queue.
        self.new_select.next = (self.queue_select.q.val() & !self.mask.val().get_bits::<16>(16))
            | self.written.val().get_bits::<16>(16);
        self.new_status.next =
            self.status.q.val() | (self.written.val().get_bits::<8>(0) & self.settable.val());
        self.writes_status.next = self.write.val() && (self.dword.val() == 5) && self.mask.val().get_bit(0);
        if self.dword.val() == 5 {
            self.rdata.next = bit_cast::<32, 8>(self.shown_status.val())
                | (bit_cast::<32, 16>(self.queue_select.q.val()) << 16);
            if self.write.val() {
                self.queue_select.d.next = self.new_select.val();
            }
        }
        if self.writes_status.val() && !self.resetting.q.val() {
            if self.written.val().get_bits::<8>(0) == 0 {
                self.resetting.d.next = true;
            } else {
                self.status.d.next = self.new_status.val();
                if self.written.val().get_bit(3) && self.features_good.val() {
                    self.status.d.next = self.new_status.val() | self.status_features.val();
                }
                if self.written.val().get_bit(2) && self.status.q.val().get_bit(3) {
                    self.status.d.next = self.new_status.val() | self.status_driver.val();
                }
            }
        }
        self.running.next = self.status.q.val().get_bit(2) && !self.resetting.q.val() && !self.broken.q.val();
        self.needs_reset.next = self.broken.q.val();

        // Queues.
        self.size.next = bits::<16>(0);
        self.vector.next = self.no_vector.val();
        self.enabled.next = false;
        self.descriptors.next = bits::<64>(0);
        self.driver.next = bits::<64>(0);
        self.device.next = bits::<64>(0);
        self.clear.next = self.reset.val() || (self.resetting.q.val() && self.quiet.val());
        self.cleared.next = self.reset.val() || (self.resetting.q.val() && self.quiet.val());
        for i in 0..self.queues.len() {
            self.queues[i].clock.next = self.clock.val();
            self.queues[i].clear.next = self.clear.val();
            self.queues[i].dword.next = self.dword.val();
            self.queues[i].mask.next = self.mask.val();
            self.queues[i].wdata.next = self.wdata.val();
            self.queues[i].write.next = false;
            if self.queue_select.q.val() == self.numbers[i].val() {
                self.queues[i].write.next = self.write.val();
                if self.dword.val() > 5 {
                    self.rdata.next = self.queues[i].rdata.val();
                }
            }
            if self.shown.val() == self.numbers[i].val() {
                self.size.next = self.queues[i].size.val();
                self.vector.next = self.queues[i].vector.val();
                self.enabled.next = self.queues[i].enabled.val();
                self.descriptors.next = self.queues[i].descriptors.val();
                self.driver.next = self.queues[i].driver.val();
                self.device.next = self.queues[i].device.val();
            }
        }
        self.config_vector.next = self.vector_of_config.q.val();

        if self.clear.val() {
            self.device_select.d.next = 0.into();
            self.driver_select.d.next = 0.into();
            self.accepted_low.d.next = 0.into();
            self.accepted_high.d.next = 0.into();
            self.vector_of_config.d.next = self.no_vector.val();
            self.status.d.next = 0.into();
            self.broken.d.next = false;
            self.resetting.d.next = false;
            self.queue_select.d.next = 0.into();
        }
    }
}
