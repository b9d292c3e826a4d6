// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The PCI Express endpoint as a host finds it: over transaction layer packets, on the Verilated RTL.
//!
//! The root complex checks each completion (tags, byte counts, lower addresses, boundaries, attributes); the tests here
//! check what the card says and does. Expected values are those of the specifications, written out.
//! `docs/verification/pcie-test-plan.md` says which rule is tested where.

mod capabilities;
mod completer;
mod config_writes;
mod hostile;
mod virtio_registers;

use weir_random::Random;
use weir_sim::pcie::{EndpointOptions, EndpointSim, LinkDisturbance, PciFunctions, PcieError};

/// All models of the endpoint; the tests run on those that are built in.
const MODELS: [&str; 2] = ["endpoint", "endpoint-wide"];

/// Runs a test on every model that is built in, without and with pauses on the link.
fn on_each(test: impl Fn(&mut EndpointSim, &mut Random)) {
    let seed = Random::seed();
    println!("WEIR_SEED={seed}");
    let mut ran = 0;
    for model in MODELS {
        for rate in [0, 100] {
            let disturbance = LinkDisturbance { rx_gaps: rate, tx_stalls: rate, seed };
            let options = EndpointOptions { model: model.into(), disturbance, ..Default::default() };
            match EndpointSim::new(&options) {
                Ok(mut card) => {
                    println!("{model}, pauses {rate}/256");
                    test(&mut card, &mut Random::new(seed));
                    ran += 1;
                }
                Err(PcieError::NotBuilt(_)) => println!("skipped: {model} is not built in"),
                Err(error) => panic!("{error}"),
            }
        }
    }
    println!("{ran} runs");
}

/// Reads a dword of configuration space.
fn config(card: &mut EndpointSim, function: u8, offset: u16) -> u32 {
    let mut data = [0; 4];
    card.config_read(function, offset, &mut data).unwrap();
    u32::from_le_bytes(data)
}

/// Writes a dword of configuration space.
fn set_config(card: &mut EndpointSim, function: u8, offset: u16, value: u32) {
    card.config_write(function, offset, &value.to_le_bytes()).unwrap();
}

/// Reads up to 8 bytes of BAR 0 as a number.
fn bar(card: &mut EndpointSim, function: u8, offset: u64, bytes: usize) -> u64 {
    let mut data = [0; 8];
    card.bar_read(function, 0, offset, &mut data[..bytes]).unwrap();
    u64::from_le_bytes(data)
}

/// Writes the lowest bytes of a number to BAR 0.
fn set_bar(card: &mut EndpointSim, function: u8, offset: u64, bytes: usize, value: u64) {
    card.bar_write(function, 0, offset, &value.to_le_bytes()[..bytes]).unwrap();
}
