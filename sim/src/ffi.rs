// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The Verilated models behind safe types; the only unsafe code of the crate.
//!
//! `shim.cpp` is the other side; the two declare the same structures.

mod endpoint;

pub use endpoint::{EndpointModel, LinkInputs, LinkOutputs};

use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::ptr::NonNull;

/// Inputs of the pipeline for one clock.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Data of the receive stream; a narrower bus uses the first bytes.
    pub rx_data: [u8; 64],
    /// Which bytes of it are valid, a bit each.
    pub rx_keep: [u8; 8],
    /// Time of reception in ns.
    pub rx_timestamp: u64,
    /// The packet's random value.
    pub rx_random: u64,
    /// Ingress interface index.
    pub rx_ifindex: u32,
    /// Receive queue index.
    pub rx_queue: u32,
    /// Number of the frame.
    pub rx_number: u32,
    /// Register write data.
    pub reg_wdata: u32,
    /// Register byte address.
    pub reg_address: u16,
    /// Synchronous reset.
    pub reset: u8,
    /// Last beat of a frame.
    pub rx_last: u8,
    /// A beat is offered.
    pub rx_valid: u8,
    /// Program slot.
    pub rx_slot: u8,
    /// A transmit beat is taken.
    pub tx_ready: u8,
    /// A register access is asked for.
    pub reg_valid: u8,
    /// It is a write.
    pub reg_write: u8,
}

/// Outputs of the pipeline as sampled in one clock.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct Outputs {
    /// Data of the transmit stream.
    pub tx_data: [u8; 64],
    /// Which bytes of it are valid.
    pub tx_keep: [u8; 8],
    /// Verdict of the frame on the transmit stream.
    pub tx_verdict: u32,
    /// Its number.
    pub tx_number: u32,
    /// Interface index to which it is redirected.
    pub tx_redirect: u32,
    /// Number of the packet that leaves the ring.
    pub report_number: u32,
    /// Its verdict.
    pub report_verdict: u32,
    /// Number of the packet that enters the ring.
    pub admit_number: u32,
    /// Register read data.
    pub reg_rdata: u32,
    /// Length of the packet that leaves the ring.
    pub report_length: u16,
    /// A receive beat is taken.
    pub rx_ready: u8,
    /// Last beat of a frame.
    pub tx_last: u8,
    /// A beat is offered.
    pub tx_valid: u8,
    /// Program slot of the frame.
    pub tx_slot: u8,
    /// A packet leaves the ring.
    pub report_valid: u8,
    /// Its program slot.
    pub report_slot: u8,
    /// It broke a bound.
    pub report_aborted: u8,
    /// A packet enters the ring.
    pub admit_valid: u8,
    /// The register access is done.
    pub reg_ready: u8,
}

unsafe extern "C" {
    fn weir_pipeline_new(target: *const c_char) -> *mut c_void;
    fn weir_pipeline_free(model: *mut c_void);
    fn weir_pipeline_record(model: *mut c_void, path: *const c_char) -> bool;
    fn weir_pipeline_step(model: *mut c_void, inputs: *const Inputs, outputs: *mut Outputs);
    fn weir_primitives_new() -> *mut c_void;
    fn weir_primitives_free(model: *mut c_void);
    fn weir_primitives_step(model: *mut c_void, stimulus: *const u32, outputs: *mut u64, count: usize);
}

/// The Verilated pipeline.
#[derive(Debug)]
pub struct PipelineModel(NonNull<c_void>);

// SAFETY: the model and its context are reached through this pointer alone, and by one thread at a time; Verilator
// keeps nothing per thread that a model without `--threads` needs.
unsafe impl Send for PipelineModel {}

impl PipelineModel {
    /// A model of a target before its first clock; `None` where there is none or memory is short.
    pub fn new(target: &str) -> Option<PipelineModel> {
        let target = CString::new(target).ok()?;
        // SAFETY: the string ends in a zero byte and is not kept; what is returned belongs to the caller.
        NonNull::new(unsafe { weir_pipeline_new(target.as_ptr()) }).map(PipelineModel)
    }

    /// Writes waves (VCD) from now on; false where the file cannot be made.
    pub fn record(&mut self, path: &Path) -> bool {
        let Ok(path) = CString::new(path.as_os_str().as_encoded_bytes()) else { return false };
        // SAFETY: the pointer is that of a live model, the string ends in a zero byte and is not kept.
        unsafe { weir_pipeline_record(self.0.as_ptr(), path.as_ptr()) }
    }

    /// Lets one clock pass; `outputs` are those of the clock with `inputs`.
    pub fn step(&mut self, inputs: &Inputs, outputs: &mut Outputs) {
        // SAFETY: the pointer is that of a live model; both structures are laid out as the shim declares them and are
        // not kept.
        unsafe { weir_pipeline_step(self.0.as_ptr(), inputs, outputs) }
    }
}

impl Drop for PipelineModel {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `weir_pipeline_new` and is freed once.
        unsafe { weir_pipeline_free(self.0.as_ptr()) }
    }
}

impl Default for Inputs {
    fn default() -> Inputs {
        Inputs {
            rx_data: [0; 64],
            rx_keep: [0; 8],
            rx_timestamp: 0,
            rx_random: 0,
            rx_ifindex: 0,
            rx_queue: 0,
            rx_number: 0,
            reg_wdata: 0,
            reg_address: 0,
            reset: 0,
            rx_last: 0,
            rx_valid: 0,
            rx_slot: 0,
            tx_ready: 0,
            reg_valid: 0,
            reg_write: 0,
        }
    }
}

impl Default for Outputs {
    fn default() -> Outputs {
        Outputs {
            tx_data: [0; 64],
            tx_keep: [0; 8],
            tx_verdict: 0,
            tx_number: 0,
            tx_redirect: 0,
            report_number: 0,
            report_verdict: 0,
            admit_number: 0,
            reg_rdata: 0,
            report_length: 0,
            rx_ready: 0,
            tx_last: 0,
            tx_valid: 0,
            tx_slot: 0,
            report_valid: 0,
            report_slot: 0,
            report_aborted: 0,
            admit_valid: 0,
            reg_ready: 0,
        }
    }
}

/// The Verilated bench of the RTL primitives, for their equivalence test.
#[derive(Debug)]
pub struct PrimitiveModel(NonNull<c_void>);

impl PrimitiveModel {
    /// Names of the outputs, in the order in which [`PrimitiveModel::step`] gives them.
    pub const OUTPUTS: [&str; 19] = [
        "packed",
        "shifted",
        "delayed_0",
        "delayed_1",
        "delayed_3",
        "enabled",
        "product_1",
        "product_3",
        "sync_read",
        "async_read",
        "held_read",
        "context",
        "context_low",
        "context_high",
        "chosen",
        "computed",
        "computed_plain",
        "related",
        "realigned",
    ];

    /// A model before its first clock; `None` where memory is short.
    pub fn new() -> Option<PrimitiveModel> {
        // SAFETY: takes no arguments; what it returns belongs to the caller.
        NonNull::new(unsafe { weir_primitives_new() }).map(PrimitiveModel)
    }

    /// Applies `stimulus`, gives the outputs, and lets one clock pass.
    pub fn step(&mut self, stimulus: &[u32; 8]) -> [u64; 19] {
        let mut outputs = [0; 19];
        // SAFETY: the pointer is that of a live model; the shim reads eight words and writes at most as many outputs as
        // it is told that there is room for.
        unsafe {
            weir_primitives_step(self.0.as_ptr(), stimulus.as_ptr(), outputs.as_mut_ptr(), outputs.len());
        }
        outputs
    }
}

impl Drop for PrimitiveModel {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `weir_primitives_new` and is freed once.
        unsafe { weir_primitives_free(self.0.as_ptr()) }
    }
}
