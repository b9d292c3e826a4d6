// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the device sees of the clients: their memory and their interrupts, by function.

use crate::device::Function;
use crate::dma::{DmaFault, Memory};
use crate::irqs::Irqs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counters of one function since the server began. They wrap after 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Clients that were served.
    pub connections: u64,
    /// Commands.
    pub commands: u64,
    /// Commands that were answered with an error.
    pub refused: u64,
    /// Reads from regions.
    pub region_reads: u64,
    /// Writes to regions.
    pub region_writes: u64,
    /// Bytes that the device has read from memory.
    pub dma_read_bytes: u64,
    /// Bytes that the device has written to memory.
    pub dma_written_bytes: u64,
    /// Accesses to memory that the client does not give.
    pub dma_faults: u64,
    /// Interrupts of the device, delivered or not.
    pub interrupts: u64,
}

/// The memory of a function's client, whoever that is at the moment: without a client every access is a fault.
///
/// A device may keep copies of this; they all mean the same memory.
#[derive(Clone, Debug, Default)]
pub struct ClientMemory {
    shared: Arc<Mutex<Accounted>>,
}

/// Memory, and what is counted about it.
#[derive(Debug, Default)]
struct Accounted {
    memory: Memory,
    read_bytes: u64,
    written_bytes: u64,
    faults: u64,
}

impl ClientMemory {
    fn lock(&self) -> MutexGuard<'_, Accounted> {
        // Nothing that holds the lock leaves the memory half changed.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Memory) -> T) -> T {
        change(&mut self.lock().memory)
    }

    /// Reads memory. After a fault `data` holds anything.
    pub fn read(&self, address: u64, data: &mut [u8]) -> Result<(), DmaFault> {
        let mut shared = self.lock();
        let outcome = shared.memory.read(address, data);
        match outcome {
            Ok(()) => shared.read_bytes += data.len() as u64,
            Err(_) => shared.faults += 1,
        }
        outcome
    }

    /// Writes memory: all of it, or nothing and a fault.
    pub fn write(&self, address: u64, data: &[u8]) -> Result<(), DmaFault> {
        let mut shared = self.lock();
        let outcome = shared.memory.write(address, data);
        match outcome {
            Ok(()) => shared.written_bytes += data.len() as u64,
            Err(_) => shared.faults += 1,
        }
        outcome
    }
}

/// One function's client.
#[derive(Debug)]
pub(crate) struct Client {
    pub memory: ClientMemory,
    pub irqs: Irqs,
    pub statistics: Statistics,
}

/// All clients of a server.
#[derive(Debug)]
pub struct Clients {
    clients: Vec<Client>,
}

impl Clients {
    /// Functions without clients.
    pub fn new(functions: &[Function]) -> Clients {
        let client = |function: &Function| Client {
            memory: ClientMemory::default(),
            irqs: Irqs::new(function.irqs),
            statistics: Statistics::default(),
        };
        Clients { clients: functions.iter().map(client).collect() }
    }

    pub(crate) fn client(&mut self, function: usize) -> &mut Client {
        &mut self.clients[function]
    }

    /// The memory of a function's client.
    pub fn memory(&self, function: usize) -> &ClientMemory {
        &self.clients[function].memory
    }

    /// Triggers an interrupt of a function.
    pub fn trigger(&mut self, function: usize, index: u32, number: u32) {
        let client = &mut self.clients[function];
        client.statistics.interrupts += 1;
        client.irqs.trigger(index, number);
    }

    /// Whether an interrupt is connected and not masked.
    pub fn enabled(&self, function: usize, index: u32, number: u32) -> bool {
        self.clients[function].irqs.enabled(index, number)
    }

    /// How many interrupts of a kind are connected.
    pub fn connected(&self, function: usize, index: u32) -> usize {
        self.clients[function].irqs.connected(index)
    }

    /// The counters of a function.
    pub fn statistics(&self, function: usize) -> Statistics {
        let client = &self.clients[function];
        let memory = client.memory.lock();
        Statistics {
            dma_read_bytes: memory.read_bytes,
            dma_written_bytes: memory.written_bytes,
            dma_faults: memory.faults,
            ..client.statistics
        }
    }
}
