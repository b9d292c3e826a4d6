// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Root complex: sends requests to the card, matches their completions, and serves the card's own requests.
//!
//! Completions are checked as PCI Express Base Specification 5.0, 2.2.9 and 2.3.1.1 want them: requester and tag of an
//! outstanding request, byte count and lower address, where a read may be split, traffic class and attributes.

use super::link::Link;
use super::memory::DmaMemory;
use super::tlp::{Common, Status, Tlp};
use super::{Interrupt, MSI_WINDOW, MSI_WINDOW_BYTES, PcieError};

/// Bus number of the card.
pub const BUS: u8 = 1;

/// Requester ID of the host.
const HOST: u16 = 0;

/// Clocks that a request may take.
const REQUEST_CLOCKS: u32 = 100_000;

/// Read completion boundary of an endpoint.
const BOUNDARY: usize = 128;

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub status: Status,
    /// Bytes from the first to the last that was wanted.
    pub data: Vec<u8>,
    /// How many completions there were.
    pub completions: usize,
    /// Who completed it.
    pub completer: u16,
}

/// The host's end of the link.
pub struct RootComplex {
    link: Link,
    /// Memory of each function, by function number.
    memories: Vec<Option<Box<dyn DmaMemory>>>,
    interrupts: Vec<Interrupt>,
    tag: u16,
    /// Attributes of the requests, other ones for each.
    attributes: u8,
    completions: Vec<Tlp>,
}

impl std::fmt::Debug for RootComplex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RootComplex").field("link", &self.link).finish_non_exhaustive()
    }
}

impl RootComplex {
    /// The root complex of a card.
    pub fn new(link: Link) -> RootComplex {
        RootComplex {
            link,
            memories: Vec::new(),
            interrupts: Vec::new(),
            tag: 0,
            attributes: 0,
            completions: Vec::new(),
        }
    }

    /// The link, for what no host would do.
    pub fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Whether nothing is under way.
    pub fn idle(&self) -> bool {
        self.link.idle()
    }

    /// Gives a function its memory.
    pub fn set_memory(&mut self, function: u8, memory: Option<Box<dyn DmaMemory>>) {
        let index = usize::from(function);
        if self.memories.len() <= index {
            self.memories.resize_with(index + 1, || None);
        }
        self.memories[index] = memory;
    }

    /// The interrupts since the last call.
    pub fn take_interrupts(&mut self) -> Vec<Interrupt> {
        std::mem::take(&mut self.interrupts)
    }

    /// Fields of the next request. Tags and attributes change from one to the next, so that they show where they come
    /// back wrong.
    pub fn next_common(&mut self) -> Common {
        self.tag = (self.tag + 0x137) % 1024;
        self.attributes = (self.attributes + 3) % 8;
        Common {
            requester: HOST,
            tag: self.tag,
            traffic_class: 0,
            attributes: self.attributes,
            poisoned: false,
        }
    }

    /// Lets one clock pass, and serves what the card sends.
    pub fn clock(&mut self) -> Result<(), PcieError> {
        self.link.clock()?;
        while let Some(packet) = self.link.receive() {
            match Tlp::decode(&packet)? {
                completion @ Tlp::Completion { .. } => self.completions.push(completion),
                Tlp::MemoryWrite { common, address, first, last, data } => {
                    self.write(&common, address, first, last, &data)?;
                }
                Tlp::MemoryRead { common, address, first, last, dwords } => {
                    self.read(common, address, first, last, dwords)?;
                }
                other => return Err(PcieError::Protocol(format!("the card sent {other:?}"))),
            }
        }
        Ok(())
    }

    /// The memory of the function that a request names.
    fn memory(&mut self, requester: u16) -> Result<Option<&mut Box<dyn DmaMemory>>, PcieError> {
        if (requester >> 8) as u8 != BUS {
            return Err(PcieError::Protocol(format!(
                "a request of {requester:#06x}, which is no function of the card"
            )));
        }
        Ok(self.memories.get_mut(usize::from(requester & 0xff)).and_then(Option::as_mut))
    }

    /// A memory write of the card: an interrupt, or bytes for the function's memory. Like a real one, the host drops what
    /// goes nowhere.
    fn write(
        &mut self,
        common: &Common,
        address: u64,
        first: u8,
        last: u8,
        data: &[u8],
    ) -> Result<(), PcieError> {
        if (MSI_WINDOW..MSI_WINDOW + MSI_WINDOW_BYTES).contains(&address) {
            let (&[a, b, c, d], 0xf, 0) = (data, first, common.attributes | common.traffic_class) else {
                return Err(PcieError::Protocol(format!("an interrupt at {address:#x} that is none")));
            };
            let function = (common.requester & 0xff) as u8;
            self.interrupts.push(Interrupt { function, address, data: u32::from_le_bytes([a, b, c, d]) });
            return Ok(());
        }
        let dwords = data.len() / 4;
        let memory = self.memory(common.requester)?;
        let Some(memory) = memory else { return Ok(()) };
        for run in runs(dwords, first, last) {
            // What goes nowhere is dropped, as by a host.
            let _ = memory.write(address + run.start as u64, &data[run]);
        }
        Ok(())
    }

    /// A memory read of the card: completions, or Unsupported Request.
    fn read(
        &mut self,
        common: Common,
        address: u64,
        first: u8,
        last: u8,
        dwords: u16,
    ) -> Result<(), PcieError> {
        let mut data = vec![0; usize::from(dwords) * 4];
        let wanted = span(usize::from(dwords), first, last);
        let found = match self.memory(common.requester)? {
            Some(memory) => memory.read(address + wanted.start as u64, &mut data[wanted.clone()]).is_ok(),
            None => false,
        };
        let remaining = wanted.len().max(1);
        let lower = |at: u64| (at & 0x7f) as u8;
        if !found {
            let answer = Tlp::Completion {
                common,
                completer: HOST,
                status: Status::UnsupportedRequest,
                byte_count: remaining as u16,
                lower_address: lower(address + wanted.start as u64),
                data: Vec::new(),
            };
            self.link.send(answer.encode());
            return Ok(());
        }
        // Split at every multiple of 64 bytes, as a root complex with that read completion boundary may.
        let mut at = 0;
        let mut remaining = remaining;
        while at < data.len() {
            let to_boundary = 64 - ((address as usize + at) % 64);
            let end = data.len().min(at + to_boundary);
            let skipped = if at == 0 { wanted.start } else { 0 };
            let answer = Tlp::Completion {
                common,
                completer: HOST,
                status: Status::Success,
                byte_count: remaining as u16,
                lower_address: lower(address + (at + skipped) as u64),
                data: data[at..end].to_vec(),
            };
            self.link.send(answer.encode());
            remaining = remaining.saturating_sub(end - at - skipped);
            at = end;
        }
        Ok(())
    }

    /// Sends a request that is answered and waits for the answer.
    pub fn request(&mut self, request: &Tlp) -> Result<Option<Answer>, PcieError> {
        self.link.send(request.encode());
        let (common, wanted, address, dwords) = match request {
            Tlp::MemoryRead { common, address, first, last, dwords } => {
                let wanted = span(usize::from(*dwords), *first, *last);
                (*common, wanted, *address as usize, usize::from(*dwords))
            }
            Tlp::ConfigRead { common, .. } | Tlp::ConfigWrite { common, .. } => (*common, 0..4, 0, 1),
            _ => return Ok(None),
        };
        let is_memory = matches!(request, Tlp::MemoryRead { .. });
        let carries = !matches!(request, Tlp::ConfigWrite { .. });
        let mut answer = Answer { status: Status::Success, data: Vec::new(), completions: 0, completer: 0 };
        let mut remaining = wanted.len().max(1);
        let mut at = 0;
        for _ in 0..REQUEST_CLOCKS {
            self.clock()?;
            for completion in std::mem::take(&mut self.completions) {
                let Tlp::Completion { common: of, completer, status, byte_count, lower_address, data } =
                    completion
                else {
                    continue;
                };
                let fault = |what: &str| Err(PcieError::Protocol(format!("{what}, to {request:?}")));
                if of != (Common { poisoned: false, ..common }) {
                    return fault(&format!("a completion of {of:?}"));
                }
                if usize::from(byte_count) != remaining {
                    return fault(&format!("a completion with byte count {byte_count}, not {remaining}"));
                }
                let skipped = if answer.completions == 0 { wanted.start } else { 0 };
                let lower = if is_memory { (address + at + skipped) & 0x7f } else { 0 };
                if usize::from(lower_address) != lower {
                    return fault(&format!(
                        "a completion with lower address {lower_address:#x}, not {lower:#x}"
                    ));
                }
                answer.completions += 1;
                answer.completer = completer;
                answer.status = status;
                if status != Status::Success || !carries {
                    return match data.is_empty() {
                        true => Ok(Some(answer)),
                        false => fault("a completion with data that should have none"),
                    };
                }
                at += data.len();
                if data.is_empty() || at > dwords * 4 {
                    return fault("a completion of the wrong length");
                }
                if at < dwords * 4 && !(address + at).is_multiple_of(BOUNDARY) {
                    return fault("a completion that ends off the read completion boundary");
                }
                remaining = remaining.saturating_sub(data.len() - skipped);
                answer.data.extend_from_slice(&data);
                if at == dwords * 4 {
                    answer.data = answer.data[wanted.clone()].to_vec();
                    return Ok(Some(answer));
                }
            }
        }
        Ok(None)
    }
}

/// Bytes from the first to the last that is enabled; none where no byte is.
fn span(dwords: usize, first: u8, last: u8) -> std::ops::Range<usize> {
    let last = if dwords == 1 { first } else { last };
    if first == 0 {
        return 0..0;
    }
    first.trailing_zeros() as usize..dwords * 4 - (last << 4).leading_zeros() as usize
}

/// Runs of bytes that are enabled.
fn runs(dwords: usize, first: u8, last: u8) -> Vec<std::ops::Range<usize>> {
    let enabled = |byte: usize| {
        let enables = match byte / 4 {
            0 => first,
            dword if dword == dwords - 1 => last,
            _ => 0xf,
        };
        enables >> (byte % 4) & 1 != 0
    };
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for byte in (0..dwords * 4).filter(|byte| enabled(*byte)) {
        match runs.last_mut() {
            Some(run) if run.end == byte => run.end += 1,
            _ => runs.push(byte..byte + 1),
        }
    }
    runs
}
