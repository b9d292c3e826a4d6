// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The register map of the management bus: constants and typed accessors, generated from `hdl/regmap.toml`; and the
//! configuration spaces of the card's PCI functions, generated from `hdl/pcie.toml`.
//!
//! RTL, simulation and drivers take addresses from here. The crate knows nothing of how a register is reached: that is
//! the [`Bus`], which a transport implements.
#![no_std]
#![forbid(unsafe_code)]

#[rustfmt::skip] // generated text stays as it is generated
pub mod config;
#[rustfmt::skip] // generated text stays as it is generated
mod generated;

pub use generated::*;

/// Which accesses a register takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read only; writes are ignored.
    ReadOnly,
    /// Read and write.
    ReadWrite,
    /// Write only; reads as zero.
    WriteOnly,
}

/// Bits of a register with a meaning of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: &'static str,
    /// Lowest bit.
    pub low: u32,
    /// Width in bits.
    pub bits: u32,
}

/// A register or an array of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// Name within its group.
    pub name: &'static str,
    /// Byte address of the (first) register.
    pub offset: u16,
    /// Accesses.
    pub access: Access,
    /// Number of registers; 1 where it is no array.
    pub count: u16,
    /// Bytes from one of them to the next.
    pub stride: u16,
    /// Adjacent registers at each of them.
    pub count2: u16,
    /// Value in every build.
    pub value: Option<u32>,
    /// Value of a read-write register after reset.
    pub reset: u32,
    /// Bits that exist.
    pub mask: u32,
    /// Fields, ascending.
    pub fields: &'static [Field],
}

/// Four bytes of the configuration space of a PCI function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigDword {
    /// Name within its space.
    pub name: &'static str,
    /// Byte offset.
    pub offset: u16,
    /// Value after reset.
    pub reset: u32,
    /// Bits that a write sets.
    pub rw: u32,
    /// Bits that a write of one clears.
    pub rw1c: u32,
    /// Of all these, the bits that Function Level Reset leaves alone.
    pub sticky: u32,
    /// Fields, ascending.
    pub fields: &'static [Field],
}

impl ConfigDword {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<Field> {
        self.fields.iter().copied().find(|field| field.name == name)
    }
}

impl Register {
    /// Byte address of register `index` of an array.
    pub const fn at(&self, index: u16) -> u16 {
        self.offset + index * self.stride
    }

    /// Byte address of part `part` of register `index` of an array.
    pub const fn at2(&self, index: u16, part: u16) -> u16 {
        self.at(index) + part * 4
    }
}

/// Something that reads and writes 32-bit registers.
pub trait Bus {
    /// Why an access failed.
    type Error;
    /// Reads the register at a byte address.
    fn read_register(&mut self, offset: u16) -> Result<u32, Self::Error>;
    /// Writes the register at a byte address.
    fn write_register(&mut self, offset: u16, value: u32) -> Result<(), Self::Error>;
}

/// The registers behind a bus.
#[derive(Clone, Debug)]
pub struct Registers<B> {
    bus: B,
}

impl<B: Bus> Registers<B> {
    /// Registers reached over `bus`.
    pub fn new(bus: B) -> Registers<B> {
        Registers { bus }
    }

    /// The bus, for what is not a register.
    pub fn bus(&mut self) -> &mut B {
        &mut self.bus
    }

    /// Gives the bus back.
    pub fn into_bus(self) -> B {
        self.bus
    }
}

/// FNV-1a (32 bits) over register values, each as four little-endian bytes: `identity.target_fingerprint`.
pub fn fingerprint(values: impl IntoIterator<Item = u32>) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    for value in values {
        for byte in value.to_le_bytes() {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_is_fnv_1a() {
        // Published test vectors of the FNV authors: "" and "foobar" (here padded to whole words: "foob").
        assert_eq!(fingerprint([]), 0x811c_9dc5);
        assert_eq!(fingerprint([u32::from_le_bytes(*b"foob")]), 0x3f5076ef);
    }

    #[test]
    fn magic_spells_the_name() {
        assert_eq!(identity::MAGIC.value.map(u32::to_le_bytes), Some(*b"WEIR"));
        assert_eq!(identity::MAP_VERSION.value, Some(MAP_VERSION));
    }
}
