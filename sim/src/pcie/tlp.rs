// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Transaction layer packets: bytes from and to what they say.
//!
//! Layout and rules from PCI Express Base Specification 5.0, chapter 2. [`Tlp::decode`] is strict: it takes nothing that a
//! sender may not send, so it also checks the card. What a hostile sender would send is built by changing the bytes.

use super::PcieError;

/// How a request ended (2.2.9, Completion Status).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was carried out.
    Success,
    /// The completer does not know such a request.
    UnsupportedRequest,
    /// The completer gave up.
    CompleterAbort,
}

/// What all requests say of themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Common {
    /// Bus, device and function of the requester.
    pub requester: u16,
    /// Tag, up to 10 bits.
    pub tag: u16,
    /// Traffic class.
    pub traffic_class: u8,
    /// ID-based ordering, relaxed ordering, no snoop: bits 2 to 0.
    pub attributes: u8,
    /// The payload is poisoned.
    pub poisoned: bool,
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tlp {
    /// Memory read of up to 1,024 dwords.
    MemoryRead {
        /// Requester, tag and so on.
        common: Common,
        /// Address of the first dword.
        address: u64,
        /// Byte enables of the first dword.
        first: u8,
        /// Byte enables of the last dword, 0 where it is the first.
        last: u8,
        /// Dwords.
        dwords: u16,
    },
    /// Memory write.
    MemoryWrite {
        /// Requester, tag and so on.
        common: Common,
        /// Address of the first dword.
        address: u64,
        /// Byte enables of the first dword.
        first: u8,
        /// Byte enables of the last dword, 0 where it is the first.
        last: u8,
        /// Whole dwords.
        data: Vec<u8>,
    },
    /// Configuration read of type 0.
    ConfigRead {
        /// Requester, tag and so on.
        common: Common,
        /// Bus, device and function.
        target: u16,
        /// Byte offset of the dword.
        offset: u16,
        /// Byte enables.
        enables: u8,
    },
    /// Configuration write of type 0.
    ConfigWrite {
        /// Requester, tag and so on.
        common: Common,
        /// Bus, device and function.
        target: u16,
        /// Byte offset of the dword.
        offset: u16,
        /// Byte enables.
        enables: u8,
        /// The dword.
        data: [u8; 4],
    },
    /// Completion.
    Completion {
        /// That of the request; `poisoned` is the completion's own.
        common: Common,
        /// Bus, device and function of the completer.
        completer: u16,
        /// How it ended.
        status: Status,
        /// Bytes that remain of the request, those of this packet included: 1 to 4,096.
        byte_count: u16,
        /// Lower 7 bits of the address of the first byte.
        lower_address: u8,
        /// Whole dwords.
        data: Vec<u8>,
    },
}

/// Byte enables of an access to `bytes` bytes that start `offset` bytes into a dword: of the first and of the last dword,
/// and how many dwords there are.
pub fn byte_enables(offset: u64, bytes: usize) -> (u8, u8, usize) {
    let lead = (offset % 4) as usize;
    let dwords = (lead + bytes).div_ceil(4);
    let tail = dwords * 4 - lead - bytes;
    let first = 0xf << lead & 0xf;
    let last = 0xf >> tail;
    if dwords == 1 { (first & last, 0, 1) } else { (first, last, dwords) }
}

/// Places `bits` at `low`.
fn at(value: impl Into<u32>, low: u32) -> u32 {
    value.into() << low
}

impl Common {
    /// The fields of the first dword that come from here.
    fn head(&self) -> u32 {
        at(self.tag >> 9 & 1, 23)
            | at(self.traffic_class & 7, 20)
            | at(self.tag >> 8 & 1, 19)
            | at(self.attributes >> 2 & 1, 18)
            | at(self.poisoned, 14)
            | at(self.attributes & 3, 12)
    }

    fn decode(first: u32, id_and_tag: u32) -> Common {
        Common {
            requester: (id_and_tag >> 16) as u16,
            tag: (id_and_tag >> 8 & 0xff | (first >> 19 & 1) << 8 | (first >> 23 & 1) << 9) as u16,
            traffic_class: (first >> 20 & 7) as u8,
            attributes: (first >> 12 & 3 | (first >> 18 & 1) << 2) as u8,
            poisoned: first >> 14 & 1 != 0,
        }
    }
}

impl Tlp {
    /// Bytes of the packet, in the order in which they are sent.
    pub fn encode(&self) -> Vec<u8> {
        let mut header = Vec::with_capacity(4);
        let mut payload: &[u8] = &[];
        match self {
            Tlp::MemoryRead { common, address, first, last, dwords } => {
                memory(&mut header, 0x00, common, *address, *first, *last, *dwords);
            }
            Tlp::MemoryWrite { common, address, first, last, data } => {
                memory(&mut header, 0x40, common, *address, *first, *last, (data.len() / 4) as u16);
                payload = data;
            }
            Tlp::ConfigRead { common, target, offset, enables } => {
                header.push(at(0x04_u8, 24) | common.head() | 1);
                header.push(at(common.requester, 16) | at(common.tag & 0xff, 8) | u32::from(*enables));
                header.push(at(*target, 16) | u32::from(offset & 0xffc));
            }
            Tlp::ConfigWrite { common, target, offset, enables, data } => {
                header.push(at(0x44_u8, 24) | common.head() | 1);
                header.push(at(common.requester, 16) | at(common.tag & 0xff, 8) | u32::from(*enables));
                header.push(at(*target, 16) | u32::from(offset & 0xffc));
                payload = data;
            }
            Tlp::Completion { common, completer, status, byte_count, lower_address, data } => {
                let code: u8 = if data.is_empty() { 0x0a } else { 0x4a };
                let status: u8 = match status {
                    Status::Success => 0,
                    Status::UnsupportedRequest => 1,
                    Status::CompleterAbort => 4,
                };
                header.push(at(code, 24) | common.head() | (data.len() / 4) as u32 & 0x3ff);
                header.push(at(*completer, 16) | at(status, 13) | u32::from(byte_count & 0xfff));
                let tag = at(common.tag & 0xff, 8);
                header.push(at(common.requester, 16) | tag | u32::from(lower_address & 0x7f));
                payload = data;
            }
        }
        header.iter().flat_map(|dword| dword.to_be_bytes()).chain(payload.iter().copied()).collect()
    }

    /// What the bytes say, or which rule they break.
    pub fn decode(bytes: &[u8]) -> Result<Tlp, PcieError> {
        let broken = |what: &str| Err(PcieError::Protocol(format!("{what}: {bytes:02x?}")));
        if bytes.len() < 12 || !bytes.len().is_multiple_of(4) {
            return broken("a packet of no possible length");
        }
        let dword = |i: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| bytes[i * 4 + byte]));
        let head = dword(0);
        let (four, with_data) = (head >> 29 & 1 != 0, head >> 30 & 1 != 0);
        let start = if four { 16 } else { 12 };
        let length = if head & 0x3ff == 0 { 1024 } else { (head & 0x3ff) as usize };
        let reserved = head >> 31 != 0 || head & 0x0003_8c00 != 0;
        if reserved {
            return broken("a prefix, hint, digest or address type that was not asked for");
        }
        let kind = head >> 24 & 0x1f;
        let has_length = with_data || kind == 0;
        let expected = start + if with_data { length * 4 } else { 0 };
        if bytes.len() != expected || (!has_length && head & 0x3ff != 0) {
            return broken("a packet whose length is not what it says");
        }
        let data = bytes[start..].to_vec();
        match (kind, four) {
            (0x00, _) => {
                let address = match four {
                    true => u64::from(dword(2)) << 32 | u64::from(dword(3)),
                    false => u64::from(dword(2)),
                };
                if four && address >> 32 == 0 {
                    return broken("four dwords of header for an address below 4 GiB");
                }
                if address % 4 != 0 || (address % 4096) as usize + length * 4 > 4096 {
                    return broken("a memory request over a boundary of 4 KiB");
                }
                let (first, last) = ((dword(1) & 0xf) as u8, (dword(1) >> 4 & 0xf) as u8);
                let sparse = |enables: u8, whole: [u8; 4]| !whole.contains(&enables);
                if (length == 1 && last != 0)
                    || (length > 1 && (first == 0 || last == 0))
                    || (length > 2 && (sparse(first, [15, 14, 12, 8]) || sparse(last, [15, 7, 3, 1])))
                {
                    return broken("byte enables that cannot be");
                }
                let common = Common::decode(head, dword(1));
                Ok(match with_data {
                    true => Tlp::MemoryWrite { common, address, first, last, data },
                    false => Tlp::MemoryRead { common, address, first, last, dwords: length as u16 },
                })
            }
            (0x0a, false) => {
                let status = match dword(1) >> 13 & 7 {
                    0 => Status::Success,
                    1 => Status::UnsupportedRequest,
                    4 => Status::CompleterAbort,
                    _ => return broken("a completion with an unknown status"),
                };
                if dword(1) >> 12 & 1 != 0 || dword(2) >> 7 & 1 != 0 {
                    return broken("a completion with reserved bits");
                }
                let count = (dword(1) & 0xfff) as u16;
                Ok(Tlp::Completion {
                    common: Common::decode(head, dword(2)),
                    completer: (dword(1) >> 16) as u16,
                    status,
                    byte_count: if count == 0 { 4096 } else { count },
                    lower_address: (dword(2) & 0x7f) as u8,
                    data,
                })
            }
            _ => broken("a packet of a kind that no endpoint sends"),
        }
    }
}

/// Header of a memory request: three dwords for addresses below 4 GiB, else four.
fn memory(header: &mut Vec<u32>, code: u8, common: &Common, address: u64, first: u8, last: u8, dwords: u16) {
    let high = (address >> 32) as u32;
    let code = if high == 0 { code } else { code | 0x20 };
    header.push(at(code, 24) | common.head() | u32::from(dwords & 0x3ff));
    header.push(
        at(common.requester, 16) | at(common.tag & 0xff, 8) | at(last & 0xf, 4) | u32::from(first & 0xf),
    );
    if high != 0 {
        header.push(high);
    }
    header.push(address as u32 & !3);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of a memory read that PCI Express books print: 3 dwords, 1 dword wanted, at 0xfdaff040.
    #[test]
    fn a_memory_read_is_laid_out_as_drawn() {
        let read = Tlp::MemoryRead {
            common: Common { requester: 0, tag: 0x0c, ..Common::default() },
            address: 0xfdaf_f040,
            first: 0xf,
            last: 0,
            dwords: 1,
        };
        let bytes = [0x00, 0, 0, 1, 0, 0, 0x0c, 0x0f, 0xfd, 0xaf, 0xf0, 0x40];
        assert_eq!(read.encode(), bytes);
        assert_eq!(Tlp::decode(&bytes).unwrap(), read);
    }

    #[test]
    fn byte_enables_of_every_small_access() {
        for offset in 0..4 {
            for bytes in 1..20 {
                let (first, last, dwords) = byte_enables(offset, bytes);
                let enables: Vec<u8> = match dwords {
                    1 => vec![first],
                    _ => [vec![first], vec![0xf; dwords - 2], vec![last]].concat(),
                };
                let enabled: Vec<usize> =
                    (0..dwords * 4).filter(|byte| enables[byte / 4] >> (byte % 4) & 1 != 0).collect();
                assert_eq!(enabled, (offset as usize..offset as usize + bytes).collect::<Vec<_>>());
                assert_eq!(last == 0, dwords == 1);
            }
        }
    }
}
