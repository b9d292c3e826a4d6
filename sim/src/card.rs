// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The model with its clock and its register bus.

use crate::error::SimError;
use crate::ffi::{Inputs, Outputs, PipelineModel};
use std::path::Path;
use weir_regs::Bus;

/// Clocks that a register may take to answer.
const REGISTER_CLOCKS: u32 = 1000;

/// Clocks of reset.
const RESET_CLOCKS: u32 = 4;

/// The simulated card: ports to drive, ports to read, a clock.
#[derive(Debug)]
pub(crate) struct Card {
    model: PipelineModel,
    /// What is applied in the next clock.
    pub inputs: Inputs,
    /// What was seen in the last clock.
    pub outputs: Outputs,
    /// Clocks so far.
    pub clocks: u64,
}

impl Card {
    /// The card of a target after reset, with waves from the first clock on where a file is named.
    pub fn new(target: &str, waves: Option<&Path>) -> Result<Card, SimError> {
        let mut model = PipelineModel::new(target).ok_or(SimError::Model)?;
        if let Some(path) = waves
            && !model.record(path)
        {
            return Err(SimError::Waves(path.to_owned()));
        }
        let mut card = Card { model, inputs: Inputs::default(), outputs: Outputs::default(), clocks: 0 };
        card.inputs.reset = 1;
        for _ in 0..RESET_CLOCKS {
            card.clock();
        }
        card.inputs.reset = 0;
        card.clock();
        Ok(card)
    }

    /// Lets one clock pass.
    pub fn clock(&mut self) {
        self.model.step(&self.inputs, &mut self.outputs);
        self.clocks += 1;
    }

    fn access(&mut self, address: u16, write: Option<u32>) -> Result<u32, SimError> {
        self.inputs.reg_valid = 1;
        self.inputs.reg_write = write.is_some().into();
        self.inputs.reg_address = address;
        self.inputs.reg_wdata = write.unwrap_or(0);
        let answered = (0..REGISTER_CLOCKS).any(|_| {
            self.clock();
            self.outputs.reg_ready != 0
        });
        self.inputs.reg_valid = 0;
        self.inputs.reg_write = 0;
        match answered {
            true => Ok(self.outputs.reg_rdata),
            false => Err(SimError::Register { address, clocks: REGISTER_CLOCKS }),
        }
    }
}

impl Bus for Card {
    type Error = SimError;

    fn read_register(&mut self, offset: u16) -> Result<u32, SimError> {
        self.access(offset, None)
    }

    fn write_register(&mut self, offset: u16, value: u32) -> Result<(), SimError> {
        self.access(offset, Some(value)).map(|_| ())
    }
}
