// SPDX-License-Identifier: Apache-2.0 OR MIT
// Generated from hdl/pcie.toml by `./x gen`; do not edit.

//! What each function of the card shows in its configuration space.

use crate::{ConfigDword, Field};

/// PF0: management.
pub mod pf {
    use super::{ConfigDword, Field};

    /// Vendor and device.
    pub const ID: ConfigDword = ConfigDword {
        name: "id",
        offset: 0x000,
        reset: 0x10f51af4,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "vendor", low: 0, bits: 16 },
            Field { name: "device", low: 16, bits: 16 },
        ],
    };

    /// Command and status.
    pub const COMMAND_STATUS: ConfigDword = ConfigDword {
        name: "command_status",
        offset: 0x004,
        reset: 0x00100000,
        rw: 0x00000546,
        rw1c: 0xf9000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "memory_space_enable", low: 1, bits: 1 },
            Field { name: "bus_master_enable", low: 2, bits: 1 },
            Field { name: "parity_error_response", low: 6, bits: 1 },
            Field { name: "serr_enable", low: 8, bits: 1 },
            Field { name: "interrupt_disable", low: 10, bits: 1 },
            Field { name: "capabilities_list", low: 20, bits: 1 },
            Field { name: "master_data_parity_error", low: 24, bits: 1 },
            Field { name: "signaled_target_abort", low: 27, bits: 1 },
            Field { name: "received_target_abort", low: 28, bits: 1 },
            Field { name: "received_master_abort", low: 29, bits: 1 },
            Field { name: "signaled_system_error", low: 30, bits: 1 },
            Field { name: "detected_parity_error", low: 31, bits: 1 },
        ],
    };

    /// Class 0x12 (processing accelerator), revision 1.
    pub const CLASS_REVISION: ConfigDword = ConfigDword {
        name: "class_revision",
        offset: 0x008,
        reset: 0x12000001,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Cache line size; header type 0.
    pub const CACHE_LINE: ConfigDword = ConfigDword {
        name: "cache_line",
        offset: 0x00c,
        reset: 0x00000000,
        rw: 0x000000ff,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "cache_line_size", low: 0, bits: 8 },
        ],
    };

    /// BAR 0: 64 KiB of 32-bit memory, management registers.
    pub const BAR_0: ConfigDword = ConfigDword {
        name: "bar_0",
        offset: 0x010,
        reset: 0x00000000,
        rw: 0xffff0000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "base", low: 16, bits: 16 },
        ],
    };

    /// Subsystem vendor and device.
    pub const SUBSYSTEM: ConfigDword = ConfigDword {
        name: "subsystem",
        offset: 0x02c,
        reset: 0x10f51af4,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// First capability.
    pub const CAPABILITIES_POINTER: ConfigDword = ConfigDword {
        name: "capabilities_pointer",
        offset: 0x034,
        reset: 0x00000040,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// No interrupt pin.
    pub const INTERRUPT: ConfigDword = ConfigDword {
        name: "interrupt",
        offset: 0x03c,
        reset: 0x00000000,
        rw: 0x000000ff,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "line", low: 0, bits: 8 },
        ],
    };

    /// Power management, version 3: D0 and D3hot.
    pub const POWER_MANAGEMENT_CAPABILITY: ConfigDword = ConfigDword {
        name: "power_management_capability",
        offset: 0x040,
        reset: 0x00034801,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "id", low: 0, bits: 8 },
            Field { name: "next", low: 8, bits: 8 },
        ],
    };

    /// Power state.
    pub const POWER_MANAGEMENT_CONTROL: ConfigDword = ConfigDword {
        name: "power_management_control",
        offset: 0x044,
        reset: 0x00000008,
        rw: 0x00000003,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "power_state", low: 0, bits: 2 },
            Field { name: "no_soft_reset", low: 3, bits: 1 },
        ],
    };

    /// MSI-X: 2 vectors.
    pub const MSIX_CONTROL: ConfigDword = ConfigDword {
        name: "msix_control",
        offset: 0x048,
        reset: 0x00015411,
        rw: 0xc0000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "id", low: 0, bits: 8 },
            Field { name: "next", low: 8, bits: 8 },
            Field { name: "table_size", low: 16, bits: 11 },
            Field { name: "function_mask", low: 30, bits: 1 },
            Field { name: "enable", low: 31, bits: 1 },
        ],
    };

    /// Where the table is: BAR 0.
    pub const MSIX_TABLE: ConfigDword = ConfigDword {
        name: "msix_table",
        offset: 0x04c,
        reset: 0x00008000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Where the pending bits are: BAR 0.
    pub const MSIX_PBA: ConfigDword = ConfigDword {
        name: "msix_pba",
        offset: 0x050,
        reset: 0x00009000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// PCI Express capability, version 2: endpoint.
    pub const PCIE_CAPABILITY: ConfigDword = ConfigDword {
        name: "pcie_capability",
        offset: 0x054,
        reset: 0x00020010,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "id", low: 0, bits: 8 },
            Field { name: "next", low: 8, bits: 8 },
            Field { name: "version", low: 16, bits: 4 },
            Field { name: "type", low: 20, bits: 4 },
        ],
    };

    /// What the device can.
    pub const DEVICE_CAPABILITIES: ConfigDword = ConfigDword {
        name: "device_capabilities",
        offset: 0x058,
        reset: 0x10008021,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "max_payload_size_supported", low: 0, bits: 3 },
            Field { name: "extended_tag", low: 5, bits: 1 },
            Field { name: "role_based_error_reporting", low: 15, bits: 1 },
            Field { name: "function_level_reset", low: 28, bits: 1 },
        ],
    };

    /// How the device is to behave, and what it saw.
    pub const DEVICE_CONTROL_STATUS: ConfigDword = ConfigDword {
        name: "device_control_status",
        offset: 0x05c,
        reset: 0x00002810,
        rw: 0x000079ff,
        rw1c: 0x000f0000,
        sticky: 0x000000e0,
        fields: &[
            Field { name: "correctable_error_reporting", low: 0, bits: 1 },
            Field { name: "nonfatal_error_reporting", low: 1, bits: 1 },
            Field { name: "fatal_error_reporting", low: 2, bits: 1 },
            Field { name: "unsupported_request_reporting", low: 3, bits: 1 },
            Field { name: "relaxed_ordering", low: 4, bits: 1 },
            Field { name: "max_payload_size", low: 5, bits: 3 },
            Field { name: "extended_tag_enable", low: 8, bits: 1 },
            Field { name: "no_snoop", low: 11, bits: 1 },
            Field { name: "max_read_request_size", low: 12, bits: 3 },
            Field { name: "function_level_reset", low: 15, bits: 1 },
            Field { name: "correctable_error", low: 16, bits: 1 },
            Field { name: "nonfatal_error", low: 17, bits: 1 },
            Field { name: "fatal_error", low: 18, bits: 1 },
            Field { name: "unsupported_request", low: 19, bits: 1 },
            Field { name: "transactions_pending", low: 21, bits: 1 },
        ],
    };

    /// What the link can: 8 GT/s, 8 lanes.
    pub const LINK_CAPABILITIES: ConfigDword = ConfigDword {
        name: "link_capabilities",
        offset: 0x060,
        reset: 0x00000083,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "max_speed", low: 0, bits: 4 },
            Field { name: "max_width", low: 4, bits: 6 },
        ],
    };

    /// How the link is to behave, and how it does.
    pub const LINK_CONTROL_STATUS: ConfigDword = ConfigDword {
        name: "link_control_status",
        offset: 0x064,
        reset: 0x10830000,
        rw: 0x000000cb,
        rw1c: 0x00000000,
        sticky: 0x000000cb,
        fields: &[
            Field { name: "aspm", low: 0, bits: 2 },
            Field { name: "read_completion_boundary", low: 3, bits: 1 },
            Field { name: "common_clock", low: 6, bits: 1 },
            Field { name: "extended_synch", low: 7, bits: 1 },
            Field { name: "speed", low: 16, bits: 4 },
            Field { name: "width", low: 20, bits: 6 },
            Field { name: "slot_clock", low: 28, bits: 1 },
        ],
    };

    /// More that the device can.
    pub const DEVICE_CAPABILITIES_2: ConfigDword = ConfigDword {
        name: "device_capabilities_2",
        offset: 0x078,
        reset: 0x0001001f,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "completion_timeout_ranges", low: 0, bits: 4 },
            Field { name: "completion_timeout_disable", low: 4, bits: 1 },
            Field { name: "tag_10_bit_completer", low: 16, bits: 1 },
        ],
    };

    /// More of how the device is to behave.
    pub const DEVICE_CONTROL_2: ConfigDword = ConfigDword {
        name: "device_control_2",
        offset: 0x07c,
        reset: 0x00000000,
        rw: 0x0000001f,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "completion_timeout", low: 0, bits: 4 },
            Field { name: "completion_timeout_disabled", low: 4, bits: 1 },
        ],
    };

    /// Speeds of the link.
    pub const LINK_CAPABILITIES_2: ConfigDword = ConfigDword {
        name: "link_capabilities_2",
        offset: 0x080,
        reset: 0x0000000e,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "speeds", low: 1, bits: 7 },
        ],
    };

    /// More of how the link is to behave.
    pub const LINK_CONTROL_2: ConfigDword = ConfigDword {
        name: "link_control_2",
        offset: 0x084,
        reset: 0x00000003,
        rw: 0x0000000f,
        rw1c: 0x00000000,
        sticky: 0x0000000f,
        fields: &[
            Field { name: "target_speed", low: 0, bits: 4 },
        ],
    };

    /// Advanced Error Reporting, version 2.
    pub const AER_CAPABILITY: ConfigDword = ConfigDword {
        name: "aer_capability",
        offset: 0x100,
        reset: 0x14820001,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "id", low: 0, bits: 16 },
            Field { name: "version", low: 16, bits: 4 },
            Field { name: "next", low: 20, bits: 12 },
        ],
    };

    /// Uncorrectable errors that were seen.
    pub const UNCORRECTABLE_STATUS: ConfigDword = ConfigDword {
        name: "uncorrectable_status",
        offset: 0x104,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x0015d000,
        sticky: 0x0015d000,
        fields: &[
            Field { name: "poisoned_tlp", low: 12, bits: 1 },
            Field { name: "completion_timeout", low: 14, bits: 1 },
            Field { name: "completer_abort", low: 15, bits: 1 },
            Field { name: "unexpected_completion", low: 16, bits: 1 },
            Field { name: "malformed_tlp", low: 18, bits: 1 },
            Field { name: "unsupported_request", low: 20, bits: 1 },
        ],
    };

    /// Which of them are not reported.
    pub const UNCORRECTABLE_MASK: ConfigDword = ConfigDword {
        name: "uncorrectable_mask",
        offset: 0x108,
        reset: 0x00000000,
        rw: 0x0015d000,
        rw1c: 0x00000000,
        sticky: 0x0015d000,
        fields: &[
            Field { name: "poisoned_tlp", low: 12, bits: 1 },
            Field { name: "completion_timeout", low: 14, bits: 1 },
            Field { name: "completer_abort", low: 15, bits: 1 },
            Field { name: "unexpected_completion", low: 16, bits: 1 },
            Field { name: "malformed_tlp", low: 18, bits: 1 },
            Field { name: "unsupported_request", low: 20, bits: 1 },
        ],
    };

    /// Which of them are fatal.
    pub const UNCORRECTABLE_SEVERITY: ConfigDword = ConfigDword {
        name: "uncorrectable_severity",
        offset: 0x10c,
        reset: 0x00040000,
        rw: 0x0015d000,
        rw1c: 0x00000000,
        sticky: 0x0015d000,
        fields: &[
            Field { name: "poisoned_tlp", low: 12, bits: 1 },
            Field { name: "completion_timeout", low: 14, bits: 1 },
            Field { name: "completer_abort", low: 15, bits: 1 },
            Field { name: "unexpected_completion", low: 16, bits: 1 },
            Field { name: "malformed_tlp", low: 18, bits: 1 },
            Field { name: "unsupported_request", low: 20, bits: 1 },
        ],
    };

    /// Correctable errors that were seen.
    pub const CORRECTABLE_STATUS: ConfigDword = ConfigDword {
        name: "correctable_status",
        offset: 0x110,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x00002000,
        sticky: 0x00002000,
        fields: &[
            Field { name: "advisory_nonfatal", low: 13, bits: 1 },
        ],
    };

    /// Which of them are not reported.
    pub const CORRECTABLE_MASK: ConfigDword = ConfigDword {
        name: "correctable_mask",
        offset: 0x114,
        reset: 0x00002000,
        rw: 0x00002000,
        rw1c: 0x00000000,
        sticky: 0x00002000,
        fields: &[
            Field { name: "advisory_nonfatal", low: 13, bits: 1 },
        ],
    };

    /// First uncorrectable error.
    pub const AER_CONTROL: ConfigDword = ConfigDword {
        name: "aer_control",
        offset: 0x118,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "first_error", low: 0, bits: 5 },
        ],
    };

    /// Header of the packet of the first error, dword 0.
    pub const HEADER_LOG_0: ConfigDword = ConfigDword {
        name: "header_log_0",
        offset: 0x11c,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Header of the packet of the first error, dword 1.
    pub const HEADER_LOG_1: ConfigDword = ConfigDword {
        name: "header_log_1",
        offset: 0x120,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Header of the packet of the first error, dword 2.
    pub const HEADER_LOG_2: ConfigDword = ConfigDword {
        name: "header_log_2",
        offset: 0x124,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Header of the packet of the first error, dword 3.
    pub const HEADER_LOG_3: ConfigDword = ConfigDword {
        name: "header_log_3",
        offset: 0x128,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Alternative Routing-ID Interpretation.
    pub const ARI_CAPABILITY: ConfigDword = ConfigDword {
        name: "ari_capability",
        offset: 0x148,
        reset: 0x1501000e,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// No next function: VFs are found by SR-IOV.
    pub const ARI_CONTROL: ConfigDword = ConfigDword {
        name: "ari_control",
        offset: 0x14c,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Single Root I/O Virtualization.
    pub const SRIOV_CAPABILITY: ConfigDword = ConfigDword {
        name: "sriov_capability",
        offset: 0x150,
        reset: 0x00010010,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// No migration.
    pub const SRIOV_CAPABILITIES: ConfigDword = ConfigDword {
        name: "sriov_capabilities",
        offset: 0x154,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// VFs on and off.
    pub const SRIOV_CONTROL: ConfigDword = ConfigDword {
        name: "sriov_control",
        offset: 0x158,
        reset: 0x00000000,
        rw: 0x00000019,
        rw1c: 0x00000000,
        sticky: 0x00000010,
        fields: &[
            Field { name: "vf_enable", low: 0, bits: 1 },
            Field { name: "vf_memory_space_enable", low: 3, bits: 1 },
            Field { name: "ari_capable_hierarchy", low: 4, bits: 1 },
        ],
    };

    /// VFs that there can be.
    pub const SRIOV_VFS: ConfigDword = ConfigDword {
        name: "sriov_vfs",
        offset: 0x15c,
        reset: 0x00020002,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "initial", low: 0, bits: 16 },
            Field { name: "total", low: 16, bits: 16 },
        ],
    };

    /// VFs that are there with VF Enable.
    pub const SRIOV_NUM_VFS: ConfigDword = ConfigDword {
        name: "sriov_num_vfs",
        offset: 0x160,
        reset: 0x00000000,
        rw: 0x000000ff,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "num_vfs", low: 0, bits: 8 },
        ],
    };

    /// Routing IDs of the VFs: those behind that of the PF.
    pub const SRIOV_PLACEMENT: ConfigDword = ConfigDword {
        name: "sriov_placement",
        offset: 0x164,
        reset: 0x00010001,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "first_vf_offset", low: 0, bits: 16 },
            Field { name: "vf_stride", low: 16, bits: 16 },
        ],
    };

    /// Device of the VFs.
    pub const SRIOV_VF_DEVICE: ConfigDword = ConfigDword {
        name: "sriov_vf_device",
        offset: 0x168,
        reset: 0x10410000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Page sizes: 4, 8, 64, 256 KiB, 1 and 4 MiB.
    pub const SRIOV_SUPPORTED_PAGE_SIZES: ConfigDword = ConfigDword {
        name: "sriov_supported_page_sizes",
        offset: 0x16c,
        reset: 0x00000553,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Page size of the host, which VF apertures are a multiple of.
    pub const SRIOV_SYSTEM_PAGE_SIZE: ConfigDword = ConfigDword {
        name: "sriov_system_page_size",
        offset: 0x170,
        reset: 0x00000001,
        rw: 0x000007ff,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "page_size", low: 0, bits: 11 },
        ],
    };

    /// BAR 0 of the VFs: 64-bit memory, at least 64 KiB each.
    pub const SRIOV_VF_BAR_0: ConfigDword = ConfigDword {
        name: "sriov_vf_bar_0",
        offset: 0x174,
        reset: 0x00000004,
        rw: 0xffff0000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "type", low: 0, bits: 4 },
            Field { name: "base", low: 16, bits: 16 },
        ],
    };

    /// Upper half of the address.
    pub const SRIOV_VF_BAR_1: ConfigDword = ConfigDword {
        name: "sriov_vf_bar_1",
        offset: 0x178,
        reset: 0x00000000,
        rw: 0xffffffff,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "base", low: 0, bits: 32 },
        ],
    };

    /// All of them, ascending.
    pub const ALL: &[ConfigDword] = &[
        ID,
        COMMAND_STATUS,
        CLASS_REVISION,
        CACHE_LINE,
        BAR_0,
        SUBSYSTEM,
        CAPABILITIES_POINTER,
        INTERRUPT,
        POWER_MANAGEMENT_CAPABILITY,
        POWER_MANAGEMENT_CONTROL,
        MSIX_CONTROL,
        MSIX_TABLE,
        MSIX_PBA,
        PCIE_CAPABILITY,
        DEVICE_CAPABILITIES,
        DEVICE_CONTROL_STATUS,
        LINK_CAPABILITIES,
        LINK_CONTROL_STATUS,
        DEVICE_CAPABILITIES_2,
        DEVICE_CONTROL_2,
        LINK_CAPABILITIES_2,
        LINK_CONTROL_2,
        AER_CAPABILITY,
        UNCORRECTABLE_STATUS,
        UNCORRECTABLE_MASK,
        UNCORRECTABLE_SEVERITY,
        CORRECTABLE_STATUS,
        CORRECTABLE_MASK,
        AER_CONTROL,
        HEADER_LOG_0,
        HEADER_LOG_1,
        HEADER_LOG_2,
        HEADER_LOG_3,
        ARI_CAPABILITY,
        ARI_CONTROL,
        SRIOV_CAPABILITY,
        SRIOV_CAPABILITIES,
        SRIOV_CONTROL,
        SRIOV_VFS,
        SRIOV_NUM_VFS,
        SRIOV_PLACEMENT,
        SRIOV_VF_DEVICE,
        SRIOV_SUPPORTED_PAGE_SIZES,
        SRIOV_SYSTEM_PAGE_SIZE,
        SRIOV_VF_BAR_0,
        SRIOV_VF_BAR_1,
    ];
}

/// VF: virtio network device.
pub mod vf {
    use super::{ConfigDword, Field};

    /// A VF shows no ids of its own (SR-IOV 3.4.1.1).
    pub const ID: ConfigDword = ConfigDword {
        name: "id",
        offset: 0x000,
        reset: 0xffffffff,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Command and status.
    pub const COMMAND_STATUS: ConfigDword = ConfigDword {
        name: "command_status",
        offset: 0x004,
        reset: 0x00100000,
        rw: 0x00000004,
        rw1c: 0xf9000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "bus_master_enable", low: 2, bits: 1 },
            Field { name: "capabilities_list", low: 20, bits: 1 },
            Field { name: "master_data_parity_error", low: 24, bits: 1 },
            Field { name: "signaled_target_abort", low: 27, bits: 1 },
            Field { name: "received_target_abort", low: 28, bits: 1 },
            Field { name: "received_master_abort", low: 29, bits: 1 },
            Field { name: "signaled_system_error", low: 30, bits: 1 },
            Field { name: "detected_parity_error", low: 31, bits: 1 },
        ],
    };

    /// Class 0x0200 (Ethernet), revision 1: a virtio 1 device.
    pub const CLASS_REVISION: ConfigDword = ConfigDword {
        name: "class_revision",
        offset: 0x008,
        reset: 0x02000001,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Subsystem vendor and device.
    pub const SUBSYSTEM: ConfigDword = ConfigDword {
        name: "subsystem",
        offset: 0x02c,
        reset: 0x10411af4,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// First capability.
    pub const CAPABILITIES_POINTER: ConfigDword = ConfigDword {
        name: "capabilities_pointer",
        offset: 0x034,
        reset: 0x00000040,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// MSI-X: 3 vectors.
    pub const MSIX_CONTROL: ConfigDword = ConfigDword {
        name: "msix_control",
        offset: 0x040,
        reset: 0x00024c11,
        rw: 0xc0000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "id", low: 0, bits: 8 },
            Field { name: "next", low: 8, bits: 8 },
            Field { name: "table_size", low: 16, bits: 11 },
            Field { name: "function_mask", low: 30, bits: 1 },
            Field { name: "enable", low: 31, bits: 1 },
        ],
    };

    /// Where the table is: BAR 0.
    pub const MSIX_TABLE: ConfigDword = ConfigDword {
        name: "msix_table",
        offset: 0x044,
        reset: 0x00004000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Where the pending bits are: BAR 0.
    pub const MSIX_PBA: ConfigDword = ConfigDword {
        name: "msix_pba",
        offset: 0x048,
        reset: 0x00005000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// PCI Express capability, version 2: endpoint.
    pub const PCIE_CAPABILITY: ConfigDword = ConfigDword {
        name: "pcie_capability",
        offset: 0x04c,
        reset: 0x00028810,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "id", low: 0, bits: 8 },
            Field { name: "next", low: 8, bits: 8 },
            Field { name: "version", low: 16, bits: 4 },
            Field { name: "type", low: 20, bits: 4 },
        ],
    };

    /// What the device can.
    pub const DEVICE_CAPABILITIES: ConfigDword = ConfigDword {
        name: "device_capabilities",
        offset: 0x050,
        reset: 0x10008021,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "max_payload_size_supported", low: 0, bits: 3 },
            Field { name: "extended_tag", low: 5, bits: 1 },
            Field { name: "role_based_error_reporting", low: 15, bits: 1 },
            Field { name: "function_level_reset", low: 28, bits: 1 },
        ],
    };

    /// How the device is to behave, and what it saw. A VF behaves as its PF is told to.
    pub const DEVICE_CONTROL_STATUS: ConfigDword = ConfigDword {
        name: "device_control_status",
        offset: 0x054,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x000f0000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "function_level_reset", low: 15, bits: 1 },
            Field { name: "correctable_error", low: 16, bits: 1 },
            Field { name: "nonfatal_error", low: 17, bits: 1 },
            Field { name: "fatal_error", low: 18, bits: 1 },
            Field { name: "unsupported_request", low: 19, bits: 1 },
            Field { name: "transactions_pending", low: 21, bits: 1 },
        ],
    };

    /// What the link can: 8 GT/s, 8 lanes.
    pub const LINK_CAPABILITIES: ConfigDword = ConfigDword {
        name: "link_capabilities",
        offset: 0x058,
        reset: 0x00000083,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "max_speed", low: 0, bits: 4 },
            Field { name: "max_width", low: 4, bits: 6 },
        ],
    };

    /// More that the device can.
    pub const DEVICE_CAPABILITIES_2: ConfigDword = ConfigDword {
        name: "device_capabilities_2",
        offset: 0x070,
        reset: 0x0001001f,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "completion_timeout_ranges", low: 0, bits: 4 },
            Field { name: "completion_timeout_disable", low: 4, bits: 1 },
            Field { name: "tag_10_bit_completer", low: 16, bits: 1 },
        ],
    };

    /// Speeds of the link.
    pub const LINK_CAPABILITIES_2: ConfigDword = ConfigDword {
        name: "link_capabilities_2",
        offset: 0x078,
        reset: 0x0000000e,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "speeds", low: 1, bits: 7 },
        ],
    };

    /// virtio capability: common configuration.
    pub const VIRTIO_COMMON: ConfigDword = ConfigDword {
        name: "virtio_common",
        offset: 0x088,
        reset: 0x01109809,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "id", low: 0, bits: 8 },
            Field { name: "next", low: 8, bits: 8 },
            Field { name: "length", low: 16, bits: 8 },
            Field { name: "cfg_type", low: 24, bits: 8 },
        ],
    };

    /// Its offset in BAR 0.
    pub const VIRTIO_COMMON_OFFSET: ConfigDword = ConfigDword {
        name: "virtio_common_offset",
        offset: 0x090,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Its bytes.
    pub const VIRTIO_COMMON_LENGTH: ConfigDword = ConfigDword {
        name: "virtio_common_length",
        offset: 0x094,
        reset: 0x00000040,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// virtio capability: notifications.
    pub const VIRTIO_NOTIFY: ConfigDword = ConfigDword {
        name: "virtio_notify",
        offset: 0x098,
        reset: 0x0214ac09,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "id", low: 0, bits: 8 },
            Field { name: "next", low: 8, bits: 8 },
            Field { name: "length", low: 16, bits: 8 },
            Field { name: "cfg_type", low: 24, bits: 8 },
        ],
    };

    /// Its offset in BAR 0.
    pub const VIRTIO_NOTIFY_OFFSET: ConfigDword = ConfigDword {
        name: "virtio_notify_offset",
        offset: 0x0a0,
        reset: 0x00003000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Its bytes.
    pub const VIRTIO_NOTIFY_LENGTH: ConfigDword = ConfigDword {
        name: "virtio_notify_length",
        offset: 0x0a4,
        reset: 0x00001000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Bytes from the place of one queue to that of the next.
    pub const VIRTIO_NOTIFY_MULTIPLIER: ConfigDword = ConfigDword {
        name: "virtio_notify_multiplier",
        offset: 0x0a8,
        reset: 0x00000004,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// virtio capability: ISR status.
    pub const VIRTIO_ISR: ConfigDword = ConfigDword {
        name: "virtio_isr",
        offset: 0x0ac,
        reset: 0x0310bc09,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "id", low: 0, bits: 8 },
            Field { name: "next", low: 8, bits: 8 },
            Field { name: "length", low: 16, bits: 8 },
            Field { name: "cfg_type", low: 24, bits: 8 },
        ],
    };

    /// Its offset in BAR 0.
    pub const VIRTIO_ISR_OFFSET: ConfigDword = ConfigDword {
        name: "virtio_isr_offset",
        offset: 0x0b4,
        reset: 0x00001000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Its bytes.
    pub const VIRTIO_ISR_LENGTH: ConfigDword = ConfigDword {
        name: "virtio_isr_length",
        offset: 0x0b8,
        reset: 0x00000001,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// virtio capability: device configuration.
    pub const VIRTIO_DEVICE: ConfigDword = ConfigDword {
        name: "virtio_device",
        offset: 0x0bc,
        reset: 0x0410cc09,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "id", low: 0, bits: 8 },
            Field { name: "next", low: 8, bits: 8 },
            Field { name: "length", low: 16, bits: 8 },
            Field { name: "cfg_type", low: 24, bits: 8 },
        ],
    };

    /// Its offset in BAR 0.
    pub const VIRTIO_DEVICE_OFFSET: ConfigDword = ConfigDword {
        name: "virtio_device_offset",
        offset: 0x0c4,
        reset: 0x00002000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Its bytes.
    pub const VIRTIO_DEVICE_LENGTH: ConfigDword = ConfigDword {
        name: "virtio_device_length",
        offset: 0x0c8,
        reset: 0x00000018,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// virtio capability: a window to BAR 0 in configuration space.
    pub const VIRTIO_PCI_CFG: ConfigDword = ConfigDword {
        name: "virtio_pci_cfg",
        offset: 0x0cc,
        reset: 0x05140009,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "id", low: 0, bits: 8 },
            Field { name: "next", low: 8, bits: 8 },
            Field { name: "length", low: 16, bits: 8 },
            Field { name: "cfg_type", low: 24, bits: 8 },
        ],
    };

    /// BAR of the window.
    pub const VIRTIO_WINDOW_BAR: ConfigDword = ConfigDword {
        name: "virtio_window_bar",
        offset: 0x0d0,
        reset: 0x00000000,
        rw: 0x000000ff,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "bar", low: 0, bits: 8 },
        ],
    };

    /// Offset of the window in the BAR.
    pub const VIRTIO_WINDOW_OFFSET: ConfigDword = ConfigDword {
        name: "virtio_window_offset",
        offset: 0x0d4,
        reset: 0x00000000,
        rw: 0xffffffff,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "offset", low: 0, bits: 32 },
        ],
    };

    /// Bytes of the window.
    pub const VIRTIO_WINDOW_LENGTH: ConfigDword = ConfigDword {
        name: "virtio_window_length",
        offset: 0x0d8,
        reset: 0x00000000,
        rw: 0xffffffff,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
            Field { name: "length", low: 0, bits: 32 },
        ],
    };

    /// The window: an access here is one to the BAR.
    pub const VIRTIO_WINDOW_DATA: ConfigDword = ConfigDword {
        name: "virtio_window_data",
        offset: 0x0dc,
        reset: 0x00000000,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// Alternative Routing-ID Interpretation.
    pub const ARI_CAPABILITY: ConfigDword = ConfigDword {
        name: "ari_capability",
        offset: 0x100,
        reset: 0x0001000e,
        rw: 0x00000000,
        rw1c: 0x00000000,
        sticky: 0x00000000,
        fields: &[
        ],
    };

    /// All of them, ascending.
    pub const ALL: &[ConfigDword] = &[
        ID,
        COMMAND_STATUS,
        CLASS_REVISION,
        SUBSYSTEM,
        CAPABILITIES_POINTER,
        MSIX_CONTROL,
        MSIX_TABLE,
        MSIX_PBA,
        PCIE_CAPABILITY,
        DEVICE_CAPABILITIES,
        DEVICE_CONTROL_STATUS,
        LINK_CAPABILITIES,
        DEVICE_CAPABILITIES_2,
        LINK_CAPABILITIES_2,
        VIRTIO_COMMON,
        VIRTIO_COMMON_OFFSET,
        VIRTIO_COMMON_LENGTH,
        VIRTIO_NOTIFY,
        VIRTIO_NOTIFY_OFFSET,
        VIRTIO_NOTIFY_LENGTH,
        VIRTIO_NOTIFY_MULTIPLIER,
        VIRTIO_ISR,
        VIRTIO_ISR_OFFSET,
        VIRTIO_ISR_LENGTH,
        VIRTIO_DEVICE,
        VIRTIO_DEVICE_OFFSET,
        VIRTIO_DEVICE_LENGTH,
        VIRTIO_PCI_CFG,
        VIRTIO_WINDOW_BAR,
        VIRTIO_WINDOW_OFFSET,
        VIRTIO_WINDOW_LENGTH,
        VIRTIO_WINDOW_DATA,
        ARI_CAPABILITY,
    ];
}
