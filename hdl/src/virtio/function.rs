// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One VF: its configuration space, and the structures in its BAR.

use super::common::CommonConfig;
use super::device_config::DeviceConfig;
use super::msix::MsixTable;
use super::{QUEUES, VECTORS};
use crate::pcie::ConfigSpace;
use rust_hdl::prelude::*;
use weir_regs::config::vf;

/// Dwords of configuration space that can change, in the order in which the kernel names them.
const ORDER: [u16; 6] = [
    vf::COMMAND_STATUS.offset,
    vf::MSIX_CONTROL.offset,
    vf::DEVICE_CONTROL_STATUS.offset,
    vf::VIRTIO_WINDOW_BAR.offset,
    vf::VIRTIO_WINDOW_OFFSET.offset,
    vf::VIRTIO_WINDOW_LENGTH.offset,
];

/// A virtio network device with its PCI function.
///
/// Accesses take two clocks. BAR 0 has a page of 4 KiB for each structure: 0x0000 common configuration, 0x1000 ISR
/// status, 0x2000 device configuration, 0x3000 notifications, 0x4000 MSI-X table, 0x5000 pending bits. What is not
/// there reads as zero.
#[derive(LogicBlock)]
pub struct VirtualFunction {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Sets all to the values after power-up.
    pub reset: Signal<In, Bit>,

    /// An access to this function; it stays until `access_ready`.
    pub access_valid: Signal<In, Bit>,
    /// To configuration space, else to BAR 0.
    pub access_config: Signal<In, Bit>,
    /// It is a write.
    pub access_write: Signal<In, Bit>,
    /// Byte address of the dword.
    pub access_address: Signal<In, Bits<16>>,
    /// Which of its bytes.
    pub access_enable: Signal<In, Bits<4>>,
    /// What is written.
    pub access_wdata: Signal<In, Bits<32>>,
    /// The access is done.
    pub access_ready: Signal<Out, Bit>,
    /// What was read.
    pub access_rdata: Signal<Out, Bits<32>>,

    /// MAC address, its first byte lowest.
    pub mac: Signal<In, Bits<48>>,
    /// The link is up.
    pub link: Signal<In, Bit>,
    /// Largest MTU.
    pub mtu: Signal<In, Bits<16>>,

    /// Nothing of the device is under way.
    pub quiet: Signal<In, Bit>,
    /// The device cannot go on.
    pub fail: Signal<In, Bit>,
    /// The driver is ready and the function may send requests: queues may be used.
    pub running: Signal<Out, Bit>,
    /// Everything of the device is being reset.
    pub cleared: Signal<Out, Bit>,
    /// The driver has notified the device ...
    pub notify: Signal<Out, Bit>,
    /// ... of buffers in this queue.
    pub notify_queue: Signal<Out, Bits<16>>,
    /// Which queue is shown in what follows.
    pub shown: Signal<In, Bits<16>>,
    /// Its entries.
    pub size: Signal<Out, Bits<16>>,
    /// It may be used.
    pub enabled: Signal<Out, Bit>,
    /// Address of its descriptor table.
    pub descriptors: Signal<Out, Bits<64>>,
    /// Address of its available ring.
    pub driver: Signal<Out, Bits<64>>,
    /// Address of its used ring.
    pub device: Signal<Out, Bits<64>>,
    /// The driver is to be told of buffers that are used in the queue shown; only while no configuration change is told.
    pub used: Signal<In, Bit>,

    /// Something will come of what is there, without a further access.
    pub active: Signal<Out, Bit>,

    /// An interrupt is to be sent.
    pub send: Signal<Out, Bit>,
    /// Where to.
    pub send_address: Signal<Out, Bits<64>>,
    /// What.
    pub send_data: Signal<Out, Bits<32>>,
    /// It is taken.
    pub send_taken: Signal<In, Bit>,

    space: ConfigSpace,
    common: CommonConfig,
    device_config: DeviceConfig,
    msix: MsixTable,
    answered: DFF<Bit>,
    rdata: DFF<Bits<32>>,
    isr: DFF<Bits<2>>,
    /// A configuration change that has not been told.
    changed: DFF<Bit>,
    link_was: DFF<Bit>,
    broken_was: DFF<Bit>,
    commit: Signal<Local, Bit>,
    byte_mask: Signal<Local, Bits<32>>,
    masks: Vec<Signal<Local, Bits<32>>>,
    byte_masks: Vec<Constant<Bits<32>>>,
    control: Signal<Local, Bits<32>>,
    command: Signal<Local, Bits<32>>,
    window_bar: Signal<Local, Bits<32>>,
    window_offset: Signal<Local, Bits<32>>,
    window_length: Signal<Local, Bits<32>>,
    window_odd: Signal<Local, Bit>,
    window_shift: Signal<Local, Bits<5>>,
    window_enable: Signal<Local, Bits<4>>,
    window_size: Signal<Local, Bits<4>>,
    window_good: Signal<Local, Bit>,
    in_window: Signal<Local, Bit>,
    in_bar: Signal<Local, Bit>,
    address: Signal<Local, Bits<16>>,
    enable: Signal<Local, Bits<4>>,
    wdata: Signal<Local, Bits<32>>,
    page: Signal<Local, Bits<4>>,
    place: Signal<Local, Bits<10>>,
    page_rdata: Signal<Local, Bits<32>>,
    reset_now: Signal<Local, Bit>,
    any_reset: Signal<Local, Bit>,
    isr_read: Signal<Local, Bit>,
    window_data: Constant<Bits<16>>,
    window_beyond: Constant<Bits<32>>,
    device_control: Constant<Bits<16>>,
    queue_count: Constant<Bits<10>>,
}

impl Default for VirtualFunction {
    fn default() -> Self {
        let changing: Vec<u16> = ConfigSpace::changing(vf::ALL).map(|dword| dword.offset).collect();
        assert_eq!(changing, ORDER, "hdl/pcie.toml and the kernel differ");
        let vectors = vf::MSIX_CONTROL.reset >> 16 & 0x7ff;
        assert_eq!(vectors as usize + 1, VECTORS, "hdl/pcie.toml and the table differ");
        Self {
            clock: Default::default(),
            reset: Default::default(),
            access_valid: Default::default(),
            access_config: Default::default(),
            access_write: Default::default(),
            access_address: Default::default(),
            access_enable: Default::default(),
            access_wdata: Default::default(),
            access_ready: Default::default(),
            access_rdata: Default::default(),
            mac: Default::default(),
            link: Default::default(),
            mtu: Default::default(),
            quiet: Default::default(),
            fail: Default::default(),
            running: Default::default(),
            cleared: Default::default(),
            notify: Default::default(),
            notify_queue: Default::default(),
            shown: Default::default(),
            size: Default::default(),
            enabled: Default::default(),
            descriptors: Default::default(),
            driver: Default::default(),
            device: Default::default(),
            used: Default::default(),
            active: Default::default(),
            send: Default::default(),
            send_address: Default::default(),
            send_data: Default::default(),
            send_taken: Default::default(),
            space: ConfigSpace::new(vf::ALL, &[]),
            common: Default::default(),
            device_config: Default::default(),
            msix: MsixTable::new(VECTORS),
            answered: Default::default(),
            rdata: Default::default(),
            isr: Default::default(),
            changed: Default::default(),
            link_was: Default::default(),
            broken_was: Default::default(),
            commit: Default::default(),
            byte_mask: Default::default(),
            masks: (0..5).map(|_| Default::default()).collect(),
            byte_masks: (0..4).map(|byte| Constant::new((0xff_usize << (8 * byte)).to_bits())).collect(),
            control: Default::default(),
            command: Default::default(),
            window_bar: Default::default(),
            window_offset: Default::default(),
            window_length: Default::default(),
            window_odd: Default::default(),
            window_shift: Default::default(),
            window_enable: Default::default(),
            window_size: Default::default(),
            window_good: Default::default(),
            in_window: Default::default(),
            in_bar: Default::default(),
            address: Default::default(),
            enable: Default::default(),
            wdata: Default::default(),
            page: Default::default(),
            place: Default::default(),
            page_rdata: Default::default(),
            reset_now: Default::default(),
            any_reset: Default::default(),
            isr_read: Default::default(),
            window_data: Constant::new(vf::VIRTIO_WINDOW_DATA.offset.to_bits()),
            window_beyond: Constant::new(0xffff_8000_usize.to_bits()),
            device_control: Constant::new(vf::DEVICE_CONTROL_STATUS.offset.to_bits()),
            queue_count: Constant::new(QUEUES.to_bits()),
        }
    }
}

impl Logic for VirtualFunction {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, answered, rdata, isr, changed, link_was, broken_was);
        self.command.next = self.space.value[0].val();
        self.control.next = self.space.value[1].val();
        self.window_bar.next = self.space.value[3].val();
        self.window_offset.next = self.space.value[4].val();
        self.window_length.next = self.space.value[5].val();

        // An access: first its value is read, then it has its effect.
        self.answered.d.next = self.access_valid.val() && !self.answered.q.val();
        self.commit.next = self.access_valid.val() && self.answered.q.val();
        self.access_ready.next = self.access_valid.val() && self.answered.q.val();
        self.access_rdata.next = self.rdata.q.val();

        // The window of configuration space to the BAR (4.1.4.9): its bytes are those at the offset, first byte lowest.
        self.window_shift.next = bit_cast::<5, 2>(self.window_offset.val().get_bits::<2>(0)) << 3;
        self.window_size.next = bits::<4>(15);
        self.window_odd.next = self.window_offset.val().get_bits::<2>(0).any();
        if self.window_length.val() == 1 {
            self.window_size.next = bits::<4>(1);
            self.window_odd.next = false;
        } else if self.window_length.val() == 2 {
            self.window_size.next = bits::<4>(3);
            self.window_odd.next = self.window_offset.val().get_bit(0);
        } else if self.window_length.val() != 4 {
            self.window_odd.next = true;
        }
        self.window_enable.next = self.window_size.val() << self.window_offset.val().get_bits::<2>(0);
        self.window_good.next = !self.window_odd.val()
            && (self.window_bar.val() == 0)
            && !(self.window_offset.val() & self.window_beyond.val()).any();
        self.in_window.next =
            self.access_config.val() && (self.access_address.val() == self.window_data.val());
        self.in_bar.next = !self.access_config.val() || (self.in_window.val() && self.window_good.val());
        self.address.next = self.access_address.val();
        self.enable.next = self.access_enable.val();
        self.wdata.next = self.access_wdata.val();
        if self.in_window.val() {
            self.address.next = self.window_offset.val().get_bits::<16>(0);
            self.enable.next = self.window_enable.val();
            self.wdata.next = self.access_wdata.val() << self.window_shift.val();
        }
        self.page.next = self.address.val().get_bits::<4>(12);
        self.place.next = self.address.val().get_bits::<10>(2);
        self.masks[0].next = bits::<32>(0);
        for i in 0..4 {
            self.masks[i + 1].next = self.masks[i].val();
            if self.enable.val().get_bit(i) {
                self.masks[i + 1].next = self.masks[i].val() | self.byte_masks[i].val();
            }
        }
        self.byte_mask.next = self.masks[4].val();

        // Configuration space.
        self.reset_now.next = self.commit.val()
            && self.access_config.val()
            && self.access_write.val()
            && (self.access_address.val() == self.device_control.val())
            && self.access_enable.val().get_bit(1)
            && self.access_wdata.val().get_bit(15);
        self.any_reset.next = self.reset.val() || self.reset_now.val();
        self.space.clock.next = self.clock.val();
        self.space.reset.next = self.reset.val();
        self.space.function_reset.next = self.reset_now.val();
        self.space.address.next = self.access_address.val().get_bits::<10>(2);
        self.space.write.next = self.commit.val() && self.access_config.val() && self.access_write.val();
        self.space.mask.next = self.byte_mask.val();
        self.space.wdata.next = self.access_wdata.val();
        for i in 0..self.space.set.len() {
            self.space.set[i].next = bits::<32>(0);
        }

        // Pages of the BAR.
        self.common.clock.next = self.clock.val();
        self.common.reset.next = self.any_reset.val();
        self.common.dword.next = self.address.val().get_bits::<4>(2);
        self.common.mask.next = self.byte_mask.val();
        self.common.wdata.next = self.wdata.val();
        self.common.write.next = self.commit.val()
            && self.access_write.val()
            && self.in_bar.val()
            && (self.page.val() == 0)
            && !self.address.val().get_bits::<6>(6).any();
        self.common.quiet.next = self.quiet.val();
        self.common.fail.next = self.fail.val();
        self.common.shown.next = self.shown.val();
        self.device_config.dword.next = self.place.val();
        self.device_config.mac.next = self.mac.val();
        self.device_config.link.next = self.link.val();
        self.device_config.mtu.next = self.mtu.val();
        self.msix.clock.next = self.clock.val();
        self.msix.reset.next = self.any_reset.val();
        self.msix.address.next = self.address.val().get_bits::<12>(0);
        self.msix.mask.next = self.byte_mask.val();
        self.msix.wdata.next = self.wdata.val();
        self.msix.write.next =
            self.commit.val() && self.access_write.val() && self.in_bar.val() && (self.page.val() == 4);
        self.page_rdata.next = bits::<32>(0);
        if (self.page.val() == 0) && !self.address.val().get_bits::<6>(6).any() {
            self.page_rdata.next = self.common.rdata.val();
        }
        if (self.page.val() == 1) && (self.place.val() == 0) {
            self.page_rdata.next = bit_cast::<32, 2>(self.isr.q.val());
        }
        if self.page.val() == 2 {
            self.page_rdata.next = self.device_config.rdata.val();
        }
        if self.page.val() == 4 {
            self.page_rdata.next = self.msix.rdata.val();
        }
        if (self.page.val() == 5) && (self.place.val() == 0) {
            self.page_rdata.next = self.msix.pending_bits.val();
        }
        self.rdata.d.next = self.page_rdata.val();
        if self.access_config.val() {
            self.rdata.d.next = self.space.rdata.val();
            if self.in_window.val() {
                self.rdata.d.next = bits::<32>(0);
                if self.window_good.val() {
                    self.rdata.d.next = self.page_rdata.val() >> self.window_shift.val();
                }
            }
        }

        // Notifications: the place says the queue, the value says it again.
        self.notify_queue.next = bit_cast::<16, 10>(self.place.val());
        self.notify.next = self.commit.val()
            && self.access_write.val()
            && self.in_bar.val()
            && (self.page.val() == 3)
            && (self.place.val() < self.queue_count.val())
            && self.common.running.val();

        // What the driver is told: used buffers, and changes of link status and of the device's health.
        self.link_was.d.next = self.link.val();
        self.broken_was.d.next = self.common.needs_reset.val();
        if (self.link.val() ^ self.link_was.q.val())
            || (self.common.needs_reset.val() && !self.broken_was.q.val())
        {
            self.changed.d.next = true;
        }
        self.isr_read.next = self.commit.val()
            && !self.access_write.val()
            && self.in_bar.val()
            && (self.page.val() == 1)
            && (self.place.val() == 0)
            && self.enable.val().get_bit(0);
        if self.isr_read.val() {
            self.isr.d.next = 0.into();
        }
        self.msix.trigger.next = self.used.val();
        self.msix.trigger_vector.next = self.common.vector.val();
        if self.used.val() {
            self.isr.d.next = self.isr.q.val() | bits::<2>(1);
            if self.isr_read.val() {
                self.isr.d.next = bits::<2>(1);
            }
        } else if self.changed.q.val() {
            self.changed.d.next = false;
            self.msix.trigger.next = true;
            self.msix.trigger_vector.next = self.common.config_vector.val();
            self.isr.d.next = self.isr.q.val() | bits::<2>(2);
            if self.isr_read.val() {
                self.isr.d.next = bits::<2>(2);
            }
        }
        self.msix.enable.next = self.control.val().get_bit(31);
        self.msix.function_mask.next = self.control.val().get_bit(30);
        self.msix.bus_master.next = self.command.val().get_bit(2);
        self.msix.taken.next = self.send_taken.val();
        self.active.next = self.msix.send.val()
            || self.changed.q.val()
            || (self.link.val() ^ self.link_was.q.val())
            || (self.common.needs_reset.val() ^ self.broken_was.q.val());
        self.send.next = self.msix.send.val();
        self.send_address.next = self.msix.send_address.val();
        self.send_data.next = self.msix.send_data.val();

        // Queues.
        self.running.next = self.common.running.val() && self.command.val().get_bit(2);
        self.cleared.next = self.common.cleared.val();
        self.size.next = self.common.size.val();
        self.enabled.next = self.common.enabled.val();
        self.descriptors.next = self.common.descriptors.val();
        self.driver.next = self.common.driver.val();
        self.device.next = self.common.device.val();

        if self.any_reset.val() || self.common.cleared.val() {
            self.isr.d.next = 0.into();
            self.changed.d.next = false;
        }
        if self.reset.val() {
            self.answered.d.next = false;
            self.link_was.d.next = self.link.val();
        }
    }
}
