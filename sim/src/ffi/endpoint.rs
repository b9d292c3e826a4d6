// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The Verilated PCI Express endpoint.

use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::ptr::NonNull;

/// Inputs of the endpoint for one clock.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct LinkInputs {
    /// Bytes of a beat to the card; a narrower link uses the first.
    pub rx_data: [u8; 64],
    /// Which dwords of it are there, a bit each.
    pub rx_keep: [u8; 2],
    /// Value of the management register that is read.
    pub reg_rdata: u32,
    /// Synchronous reset.
    pub reset: u8,
    /// Last beat of a packet.
    pub rx_last: u8,
    /// A beat is offered.
    pub rx_valid: u8,
    /// A beat from the card is taken.
    pub tx_ready: u8,
    /// The network link is up.
    pub link: u8,
    /// The register access is done.
    pub reg_ready: u8,
}

/// Outputs of the endpoint as sampled in one clock.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct LinkOutputs {
    /// Bytes of a beat from the card.
    pub tx_data: [u8; 64],
    /// Which dwords of it are there.
    pub tx_keep: [u8; 2],
    /// Byte address of a management register.
    pub reg_address: u16,
    /// Value to write to it.
    pub reg_wdata: u32,
    /// A beat to the card is taken.
    pub rx_ready: u8,
    /// Last beat of a packet.
    pub tx_last: u8,
    /// A beat is offered.
    pub tx_valid: u8,
    /// Nothing is under way.
    pub idle: u8,
    /// A register access is asked for.
    pub reg_valid: u8,
    /// It is a write.
    pub reg_write: u8,
    /// Bytes of a beat.
    pub bus_bytes: u8,
}

impl Default for LinkInputs {
    fn default() -> Self {
        LinkInputs {
            rx_data: [0; 64],
            rx_keep: [0; 2],
            reg_rdata: 0,
            reset: 0,
            rx_last: 0,
            rx_valid: 0,
            tx_ready: 0,
            link: 0,
            reg_ready: 0,
        }
    }
}

impl Default for LinkOutputs {
    fn default() -> Self {
        LinkOutputs {
            tx_data: [0; 64],
            tx_keep: [0; 2],
            reg_address: 0,
            reg_wdata: 0,
            rx_ready: 0,
            tx_last: 0,
            tx_valid: 0,
            idle: 0,
            reg_valid: 0,
            reg_write: 0,
            bus_bytes: 0,
        }
    }
}

unsafe extern "C" {
    fn weir_endpoint_new(name: *const c_char) -> *mut c_void;
    fn weir_endpoint_free(model: *mut c_void);
    fn weir_endpoint_record(model: *mut c_void, path: *const c_char) -> bool;
    fn weir_endpoint_step(model: *mut c_void, inputs: *const LinkInputs, outputs: *mut LinkOutputs);
}

/// The Verilated endpoint.
#[derive(Debug)]
pub struct EndpointModel(NonNull<c_void>);

// SAFETY: the model and its context are reached through this pointer alone, and by one thread at a time; Verilator
// keeps nothing per thread that a model without `--threads` needs.
unsafe impl Send for EndpointModel {}

impl EndpointModel {
    /// The endpoint of this name before its first clock; `None` where there is none or memory is short.
    pub fn new(name: &str) -> Option<EndpointModel> {
        let name = CString::new(name).ok()?;
        // SAFETY: the string ends in a zero byte and is not kept; what is returned belongs to the caller.
        NonNull::new(unsafe { weir_endpoint_new(name.as_ptr()) }).map(EndpointModel)
    }

    /// Writes waves (VCD) from now on; false where the file cannot be made.
    pub fn record(&mut self, path: &Path) -> bool {
        let Ok(path) = CString::new(path.as_os_str().as_encoded_bytes()) else { return false };
        // SAFETY: the pointer is that of a live model, the string ends in a zero byte and is not kept.
        unsafe { weir_endpoint_record(self.0.as_ptr(), path.as_ptr()) }
    }

    /// Lets one clock pass; `outputs` are those of the clock with `inputs`.
    pub fn step(&mut self, inputs: &LinkInputs, outputs: &mut LinkOutputs) {
        // SAFETY: the pointer is that of a live model; both structures are laid out as the shim declares them and are
        // not kept.
        unsafe { weir_endpoint_step(self.0.as_ptr(), inputs, outputs) }
    }
}

impl Drop for EndpointModel {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `weir_endpoint_new` and is freed once.
        unsafe { weir_endpoint_free(self.0.as_ptr()) }
    }
}
