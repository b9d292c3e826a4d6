// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Configuration space of PF0: what its dwords do.

use super::config_space::ConfigSpace;
use rust_hdl::prelude::*;
use weir_regs::config::pf;

/// Dwords that can change, in the order in which the kernel names them.
const ORDER: [u16; 20] = [
    pf::COMMAND_STATUS.offset,
    pf::CACHE_LINE.offset,
    pf::BAR_0.offset,
    pf::INTERRUPT.offset,
    pf::POWER_MANAGEMENT_CONTROL.offset,
    pf::MSIX_CONTROL.offset,
    pf::DEVICE_CONTROL_STATUS.offset,
    pf::LINK_CONTROL_STATUS.offset,
    pf::DEVICE_CONTROL_2.offset,
    pf::LINK_CONTROL_2.offset,
    pf::UNCORRECTABLE_STATUS.offset,
    pf::UNCORRECTABLE_MASK.offset,
    pf::UNCORRECTABLE_SEVERITY.offset,
    pf::CORRECTABLE_STATUS.offset,
    pf::CORRECTABLE_MASK.offset,
    pf::SRIOV_CONTROL.offset,
    pf::SRIOV_NUM_VFS.offset,
    pf::SRIOV_SYSTEM_PAGE_SIZE.offset,
    pf::SRIOV_VF_BAR_0.offset,
    pf::SRIOV_VF_BAR_1.offset,
];

/// Configuration space of PF0.
#[derive(LogicBlock)]
pub struct PfConfig {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Sets all to the reset values.
    pub reset: Signal<In, Bit>,
    /// Which dword is accessed.
    pub address: Signal<In, Bits<10>>,
    /// Whether it is written.
    pub write: Signal<In, Bit>,
    /// Which of its bits.
    pub mask: Signal<In, Bits<32>>,
    /// To what.
    pub wdata: Signal<In, Bits<32>>,
    /// Its value.
    pub rdata: Signal<Out, Bits<32>>,

    /// A packet was malformed.
    pub saw_malformed: Signal<In, Bit>,
    /// A packet was poisoned.
    pub saw_poisoned: Signal<In, Bit>,
    /// A request was unsupported, ...
    pub saw_unsupported: Signal<In, Bit>,
    /// ... and its requester is told by the completion (6.2.3.2.4, advisory non-fatal).
    pub advisory: Signal<In, Bit>,
    /// A completion came that nobody waits for.
    pub saw_unexpected: Signal<In, Bit>,
    /// Header of the packet.
    pub header: Signal<In, Bits<128>>,

    /// BAR 0 answers.
    pub memory_enable: Signal<Out, Bit>,
    /// BAR 0.
    pub bar: Signal<Out, Bits<32>>,
    /// The PF may send requests.
    pub bus_master: Signal<Out, Bit>,
    /// The function is in D3hot: no memory request is taken or sent.
    pub sleeping: Signal<Out, Bit>,
    /// MSI-X is used.
    pub msix_enable: Signal<Out, Bit>,
    /// All vectors are masked.
    pub msix_mask: Signal<Out, Bit>,
    /// Longest payload: 32 dwords << this, of what the card can.
    pub max_payload_size: Signal<Out, Bits<3>>,
    /// Longest read request: 32 dwords << this.
    pub max_read_request_size: Signal<Out, Bits<3>>,
    /// Tags have 8 bits.
    pub extended_tag: Signal<Out, Bit>,
    /// Function Level Reset of the PF, and with it of everything.
    pub function_reset: Signal<Out, Bit>,
    /// VFs that are there; 0 where they are not enabled.
    pub vfs: Signal<Out, Bits<8>>,
    /// BARs of VFs answer.
    pub vf_memory_enable: Signal<Out, Bit>,
    /// VF BAR 0.
    pub vf_bar: Signal<Out, Bits<64>>,
    /// Bits of an offset in an aperture.
    pub aperture_bits: Signal<Out, Bits<5>>,

    space: ConfigSpace,
    bar_high: Signal<Local, Bits<32>>,
    logged: DFF<Bits<128>>,
    first_error: DFF<Bits<5>>,
    is_address: Vec<Constant<Bits<10>>>,
    at_num_vfs: Signal<Local, Bit>,
    at_vf_bar: Signal<Local, Bit>,
    writes_power: Signal<Local, Bit>,
    power: Signal<Local, Bits<2>>,
    command: Signal<Local, Bits<32>>,
    control: Signal<Local, Bits<32>>,
    msix: Signal<Local, Bits<32>>,
    sriov: Signal<Local, Bits<32>>,
    num_vfs: Signal<Local, Bits<32>>,
    pages: Signal<Local, Bits<32>>,
    bar_low: Signal<Local, Bits<32>>,
    shift: Signal<Local, Bits<5>>,
    bar_mask: Signal<Local, Bits<32>>,
    all_ones: Constant<Bits<32>>,
    total_vfs: Constant<Bits<8>>,
    uncorrectable: Signal<Local, Bits<32>>,
    already: Signal<Local, Bits<32>>,
    masked: Signal<Local, Bits<32>>,
    new_error: Signal<Local, Bit>,
    error_bit: Signal<Local, Bits<5>>,
    malformed_bit: Constant<Bits<32>>,
    poisoned_bit: Constant<Bits<32>>,
    unsupported_bit: Constant<Bits<32>>,
    unexpected_bit: Constant<Bits<32>>,
    parity_bit: Constant<Bits<32>>,
    fatal_seen: Constant<Bits<32>>,
    nonfatal_seen: Constant<Bits<32>>,
    correctable_seen: Constant<Bits<32>>,
    unsupported_seen: Constant<Bits<32>>,
    advisory_bit: Constant<Bits<32>>,
    severity: Signal<Local, Bits<32>>,
    device_seen: Signal<Local, Bits<32>>,
    function_reset_bit: Constant<Bits<32>>,
    reset_now: Signal<Local, Bit>,
}

impl PfConfig {
    /// Configuration space of a card with so many VFs.
    pub fn new(vfs: u8) -> Self {
        let changing: Vec<u16> = ConfigSpace::changing(pf::ALL).map(|dword| dword.offset).collect();
        assert_eq!(changing, ORDER, "hdl/pcie.toml and the kernel differ");
        let total = u32::from(vfs);
        let at = |dword: weir_regs::ConfigDword| Constant::new((dword.offset / 4).to_bits());
        let bit = |bit: u32| Constant::new((1_u32 << bit).to_bits());
        Self {
            clock: Default::default(),
            reset: Default::default(),
            address: Default::default(),
            write: Default::default(),
            mask: Default::default(),
            wdata: Default::default(),
            rdata: Default::default(),
            saw_malformed: Default::default(),
            saw_poisoned: Default::default(),
            saw_unsupported: Default::default(),
            advisory: Default::default(),
            saw_unexpected: Default::default(),
            header: Default::default(),
            memory_enable: Default::default(),
            bar: Default::default(),
            bus_master: Default::default(),
            sleeping: Default::default(),
            msix_enable: Default::default(),
            msix_mask: Default::default(),
            max_payload_size: Default::default(),
            max_read_request_size: Default::default(),
            extended_tag: Default::default(),
            function_reset: Default::default(),
            vfs: Default::default(),
            vf_memory_enable: Default::default(),
            vf_bar: Default::default(),
            aperture_bits: Default::default(),
            space: ConfigSpace::new(pf::ALL, &[(pf::SRIOV_VFS.offset, total << 16 | total)]),
            bar_high: Default::default(),
            logged: Default::default(),
            first_error: Default::default(),
            is_address: [
                pf::SRIOV_NUM_VFS,
                pf::SRIOV_VF_BAR_0,
                pf::POWER_MANAGEMENT_CONTROL,
                pf::HEADER_LOG_0,
                pf::HEADER_LOG_1,
                pf::HEADER_LOG_2,
                pf::HEADER_LOG_3,
                pf::AER_CONTROL,
                pf::DEVICE_CONTROL_STATUS,
            ]
            .map(at)
            .into(),
            at_num_vfs: Default::default(),
            at_vf_bar: Default::default(),
            writes_power: Default::default(),
            power: Default::default(),
            command: Default::default(),
            control: Default::default(),
            msix: Default::default(),
            sriov: Default::default(),
            num_vfs: Default::default(),
            pages: Default::default(),
            bar_low: Default::default(),
            shift: Default::default(),
            bar_mask: Default::default(),
            all_ones: Constant::new(!Bits::default()),
            total_vfs: Constant::new(vfs.to_bits()),
            uncorrectable: Default::default(),
            already: Default::default(),
            masked: Default::default(),
            new_error: Default::default(),
            error_bit: Default::default(),
            malformed_bit: bit(18),
            poisoned_bit: bit(12),
            unsupported_bit: bit(20),
            unexpected_bit: bit(16),
            parity_bit: bit(31),
            fatal_seen: bit(18),
            nonfatal_seen: bit(17),
            correctable_seen: bit(16),
            unsupported_seen: bit(19),
            advisory_bit: bit(13),
            severity: Default::default(),
            device_seen: Default::default(),
            function_reset_bit: bit(15),
            reset_now: Default::default(),
        }
    }
}

impl Logic for PfConfig {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, logged, first_error);
        self.command.next = self.space.value[0].val();
        self.bar.next = self.space.value[2].val();
        self.power.next = self.space.value[4].val().get_bits::<2>(0);
        self.msix.next = self.space.value[5].val();
        self.control.next = self.space.value[6].val();
        self.already.next = self.space.value[10].val();
        self.severity.next = self.space.value[12].val();
        self.sriov.next = self.space.value[15].val();
        self.num_vfs.next = self.space.value[16].val();
        self.pages.next = self.space.value[17].val();
        self.bar_low.next = self.space.value[18].val();
        self.bar_high.next = self.space.value[19].val();
        self.masked.next = self.space.value[11].val();

        // What the rest of the card follows.
        self.memory_enable.next = self.command.val().get_bit(1) && (self.power.val() == 0);
        self.bus_master.next = self.command.val().get_bit(2) && (self.power.val() == 0);
        self.sleeping.next = self.power.val() != 0;
        self.msix_enable.next = self.msix.val().get_bit(31);
        self.msix_mask.next = self.msix.val().get_bit(30);
        self.max_payload_size.next = self.control.val().get_bits::<3>(5);
        if self.control.val().get_bits::<3>(5) > 1 {
            self.max_payload_size.next = bits::<3>(1);
        }
        self.max_read_request_size.next = self.control.val().get_bits::<3>(12);
        self.extended_tag.next = self.control.val().get_bit(8);
        self.vfs.next = bits::<8>(0);
        if self.sriov.val().get_bit(0) {
            self.vfs.next = self.num_vfs.val().get_bits::<8>(0);
            if self.num_vfs.val().get_bits::<8>(0) > self.total_vfs.val() {
                self.vfs.next = self.total_vfs.val();
            }
        }
        self.vf_memory_enable.next =
            self.sriov.val().get_bit(0) && self.sriov.val().get_bit(3) && (self.power.val() == 0);

        // An aperture is 64 KiB, or a page of the host where that is larger; the VF BAR is a multiple of it.
        self.shift.next = bits::<5>(16);
        if self.pages.val().get_bit(6) {
            self.shift.next = bits::<5>(18);
        }
        if self.pages.val().get_bit(8) {
            self.shift.next = bits::<5>(20);
        }
        if self.pages.val().get_bit(10) {
            self.shift.next = bits::<5>(22);
        }
        self.aperture_bits.next = self.shift.val();
        self.bar_mask.next = self.all_ones.val() << self.shift.val();
        self.vf_bar.next = (bit_cast::<64, 32>(self.bar_high.val()) << 32)
            | (bit_cast::<64, 32>(self.bar_low.val()) & bit_cast::<64, 32>(self.bar_mask.val()));

        // Accesses.
        self.at_num_vfs.next = self.address.val() == self.is_address[0].val();
        self.at_vf_bar.next = self.address.val() == self.is_address[1].val();
        self.writes_power.next = self.address.val() == self.is_address[2].val();
        self.space.clock.next = self.clock.val();
        self.space.reset.next = self.reset.val();
        self.space.address.next = self.address.val();
        self.space.wdata.next = self.wdata.val();
        self.space.write.next = self.write.val();
        self.space.mask.next = self.mask.val();
        // NumVFs stands while VFs are enabled; power states other than D0 and D3hot do not exist.
        if (self.at_num_vfs.val() && self.sriov.val().get_bit(0))
            || (self.writes_power.val() && (self.wdata.val().get_bit(0) ^ self.wdata.val().get_bit(1)))
        {
            self.space.mask.next = bits::<32>(0);
        }
        self.rdata.next = self.space.rdata.val();
        if self.at_vf_bar.val() {
            self.rdata.next =
                (self.bar_low.val() & self.bar_mask.val()) | (self.bar_low.val() & bits::<32>(15));
        }
        if self.address.val() == self.is_address[3].val() {
            self.rdata.next = self.logged.q.val().get_bits::<32>(0);
        }
        if self.address.val() == self.is_address[4].val() {
            self.rdata.next = self.logged.q.val().get_bits::<32>(32);
        }
        if self.address.val() == self.is_address[5].val() {
            self.rdata.next = self.logged.q.val().get_bits::<32>(64);
        }
        if self.address.val() == self.is_address[6].val() {
            self.rdata.next = self.logged.q.val().get_bits::<32>(96);
        }
        if self.address.val() == self.is_address[7].val() {
            self.rdata.next = bit_cast::<32, 5>(self.first_error.q.val());
        }
        self.reset_now.next = self.write.val()
            && (self.address.val() == self.is_address[8].val())
            && (self.wdata.val() & self.mask.val() & self.function_reset_bit.val()).any();
        self.space.function_reset.next = self.reset_now.val();
        self.function_reset.next = self.reset_now.val();

        // Errors. Those of the card's only physical function stand here whichever function they concern.
        self.uncorrectable.next = bits::<32>(0);
        self.error_bit.next = bits::<5>(0);
        if self.saw_unsupported.val() {
            self.uncorrectable.next = self.unsupported_bit.val();
            self.error_bit.next = bits::<5>(20);
        }
        if self.saw_unexpected.val() {
            self.uncorrectable.next = self.unexpected_bit.val();
            self.error_bit.next = bits::<5>(16);
        }
        if self.saw_poisoned.val() {
            self.uncorrectable.next = self.poisoned_bit.val();
            self.error_bit.next = bits::<5>(12);
        }
        if self.saw_malformed.val() {
            self.uncorrectable.next = self.malformed_bit.val();
            self.error_bit.next = bits::<5>(18);
        }
        self.new_error.next =
            (self.uncorrectable.val() & !self.masked.val()).any() && !self.already.val().any();
        if self.new_error.val() {
            self.logged.d.next = self.header.val();
            self.first_error.d.next = self.error_bit.val();
        }
        for i in 0..self.space.set.len() {
            self.space.set[i].next = bits::<32>(0);
        }
        self.space.set[10].next = self.uncorrectable.val();
        self.device_seen.next = bits::<32>(0);
        if self.uncorrectable.val().any() {
            if (self.uncorrectable.val() & self.severity.val()).any() {
                self.device_seen.next = self.fatal_seen.val();
            } else if (self.saw_unsupported.val() && self.advisory.val()) || self.saw_unexpected.val() {
                self.device_seen.next = self.correctable_seen.val();
                self.space.set[13].next = self.advisory_bit.val();
            } else {
                self.device_seen.next = self.nonfatal_seen.val();
            }
        }
        self.space.set[6].next = self.device_seen.val();
        if self.saw_unsupported.val() {
            self.space.set[6].next = self.device_seen.val() | self.unsupported_seen.val();
        }
        if self.saw_poisoned.val() {
            self.space.set[0].next = self.parity_bit.val();
        }

        if self.reset.val() {
            self.logged.d.next = 0.into();
            self.first_error.d.next = 0.into();
        }
    }
}
