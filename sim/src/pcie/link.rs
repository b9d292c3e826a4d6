// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The link to the card: packets as bytes, beat by beat, with a clock.

use super::PcieError;
use crate::ffi::{EndpointModel, LinkInputs, LinkOutputs};
use std::collections::VecDeque;
use std::path::Path;
use weir_random::Random;

/// Clocks of reset.
const RESET_CLOCKS: u32 = 4;

/// How often the streams of the link pause, in 256ths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkDisturbance {
    /// The host has no beat, within packets as well.
    pub rx_gaps: u8,
    /// The host takes no beat.
    pub tx_stalls: u8,
    /// Seed of what decides.
    pub seed: u64,
}

/// The card behind its link. Knows nothing of what packets say.
#[derive(Debug)]
pub struct Link {
    model: EndpointModel,
    inputs: LinkInputs,
    outputs: LinkOutputs,
    clocks: u64,
    /// Packets to the card, and how many bytes of the first have been offered and taken.
    to_card: VecDeque<Vec<u8>>,
    sent: usize,
    /// What has come of the packet that the card is sending.
    coming: Vec<u8>,
    from_card: VecDeque<Vec<u8>>,
    disturbance: LinkDisturbance,
    random: Random,
    held: bool,
}

impl Link {
    /// The endpoint of this name after reset, with waves from the first clock on where a file is named.
    pub fn new(name: &str, disturbance: LinkDisturbance, waves: Option<&Path>) -> Result<Link, PcieError> {
        let mut model = EndpointModel::new(name).ok_or_else(|| PcieError::NotBuilt(name.to_owned()))?;
        if let Some(path) = waves
            && !model.record(path)
        {
            return Err(PcieError::Waves(path.display().to_string()));
        }
        let mut link = Link {
            model,
            inputs: LinkInputs::default(),
            outputs: LinkOutputs::default(),
            clocks: 0,
            to_card: VecDeque::new(),
            sent: 0,
            coming: Vec::new(),
            from_card: VecDeque::new(),
            disturbance,
            random: Random::new(disturbance.seed),
            held: false,
        };
        link.inputs.link = 1;
        link.inputs.reset = 1;
        for _ in 0..RESET_CLOCKS {
            link.clock()?;
        }
        link.inputs.reset = 0;
        link.clock()?;
        Ok(link)
    }

    /// Clocks so far.
    pub fn clocks(&self) -> u64 {
        self.clocks
    }

    /// A packet to the card; any bytes, a multiple of four.
    pub fn send(&mut self, packet: Vec<u8>) {
        assert!(!packet.is_empty() && packet.len().is_multiple_of(4), "{} bytes are no packet", packet.len());
        self.to_card.push_back(packet);
    }

    /// The next packet that came from the card.
    pub fn receive(&mut self) -> Option<Vec<u8>> {
        self.from_card.pop_front()
    }

    /// Whether the network link is up.
    pub fn set_network(&mut self, up: bool) {
        self.inputs.link = up.into();
        self.outputs.idle = 0;
    }

    /// Nothing is on its way on the link, and the card says that nothing is under way inside it.
    pub fn idle(&self) -> bool {
        self.outputs.idle != 0
            && self.to_card.is_empty()
            && self.coming.is_empty()
            && self.from_card.is_empty()
    }

    /// Whether the host takes nothing from the card.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Whether the card has taken all packets that were sent to it.
    pub fn delivered(&self) -> bool {
        self.to_card.is_empty()
    }

    fn pauses(&mut self, rate: u8) -> bool {
        rate != 0 && self.random.chance(rate.into(), 256)
    }

    /// Lets one clock pass.
    pub fn clock(&mut self) -> Result<(), PcieError> {
        let width = usize::from(self.outputs.bus_bytes);
        let offers = width != 0 && (self.inputs.rx_valid != 0 || !self.pauses(self.disturbance.rx_gaps));
        self.inputs.rx_valid = 0;
        let mut taken = 0;
        if let Some(packet) = self.to_card.front().filter(|_| offers) {
            let beat = &packet[self.sent..packet.len().min(self.sent + width)];
            taken = beat.len();
            self.inputs.rx_data[..taken].copy_from_slice(beat);
            self.inputs.rx_keep = (((1_u32 << (taken / 4)) - 1) as u16).to_le_bytes();
            self.inputs.rx_last = (self.sent + taken == packet.len()).into();
            self.inputs.rx_valid = 1;
        }
        self.inputs.tx_ready = (!self.held && !self.pauses(self.disturbance.tx_stalls)).into();
        self.model.step(&self.inputs, &mut self.outputs);
        self.clocks += 1;
        if self.inputs.rx_valid != 0 && self.outputs.rx_ready != 0 {
            // What the card says of itself is from before it took this.
            self.outputs.idle = 0;
            self.inputs.rx_valid = 0;
            self.sent += taken;
            if self.inputs.rx_last != 0 {
                self.to_card.pop_front();
                self.sent = 0;
            }
        }
        // The endpoint alone has no management registers: they read as zero, at once.
        self.inputs.reg_ready = self.outputs.reg_valid;
        self.take()
    }

    /// Takes a beat from the card.
    fn take(&mut self) -> Result<(), PcieError> {
        let outputs = &self.outputs;
        if self.inputs.reset != 0 || outputs.tx_valid == 0 || self.inputs.tx_ready == 0 {
            return Ok(());
        }
        let width = usize::from(outputs.bus_bytes);
        let keep = u16::from_le_bytes(outputs.tx_keep);
        let bytes = keep.trailing_ones() as usize * 4;
        let whole = bytes == width || outputs.tx_last != 0;
        if keep.count_ones() != keep.trailing_ones() || bytes == 0 || bytes > width || !whole {
            return Err(PcieError::Protocol(format!("a beat with a hole: keep {keep:#x}")));
        }
        self.coming.extend_from_slice(&outputs.tx_data[..bytes]);
        if outputs.tx_last != 0 {
            self.from_card.push_back(std::mem::take(&mut self.coming));
        }
        Ok(())
    }
}
