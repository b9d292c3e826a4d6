// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Interfaces that do nothing, in a network namespace of their own: what a test run needs to be told of an interface
//! and a queue that this machine does not have, and what maps of devices refer to.
//!
//! Requests are those of rtnetlink(7). The calling thread is in the namespace only while a guard lives.

use crate::sys;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};

/// Kinds of interfaces of which one will be there, plainest first.
const KINDS: [&str; 4] = ["dummy", "ifb", "bridge", "veth"];

/// Receive queues of every interface; packets can have come from any of them.
pub const QUEUES: u32 = 1024;

/// The interface that every namespace has.
const LOOPBACK: u32 = 1;

/// A network namespace with interfaces of chosen numbers.
pub struct Namespace {
    own: File,
    interfaces: BTreeSet<u32>,
}

/// Keeps the calling thread in a namespace.
pub struct Inside {
    before: File,
}

fn current() -> io::Result<File> {
    File::open("/proc/thread-self/ns/net")
}

impl Namespace {
    /// A namespace with the loopback interface alone.
    pub fn new() -> io::Result<Namespace> {
        let before = Inside { before: current()? };
        sys::new_network_namespace()?;
        let own = current();
        drop(before);
        Ok(Namespace { own: own?, interfaces: BTreeSet::from([LOOPBACK]) })
    }

    /// Moves the calling thread into it.
    pub fn enter(&self) -> io::Result<Inside> {
        let before = current()?;
        sys::set_network_namespace(&self.own)?;
        Ok(Inside { before })
    }

    /// Makes sure of an interface with this number.
    pub fn provide(&mut self, ifindex: u32) -> io::Result<()> {
        if self.interfaces.contains(&ifindex) {
            return Ok(());
        }
        // To the kernel, 0 means any.
        if ifindex == 0 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let inside = self.enter()?;
        let made = make_any(ifindex);
        drop(inside);
        made?;
        self.interfaces.insert(ifindex);
        Ok(())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        // It was in there before, so this needs nothing that it lacks; if it fails all the same, the thread stays where
        // interfaces do nothing.
        let _ = sys::set_network_namespace(&self.before);
    }
}

/// Makes an interface of the first kind that this kernel has.
fn make_any(ifindex: u32) -> io::Result<()> {
    let mut result = Err(io::ErrorKind::Unsupported.into());
    for kind in KINDS {
        result = make(ifindex, kind);
        match &result {
            Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => {}
            _ => break,
        }
    }
    result
}

/// An attribute: length, type, bytes, padding to four bytes.
fn attribute(kind: u16, bytes: &[u8]) -> Vec<u8> {
    let mut attribute = (4 + bytes.len() as u16).to_ne_bytes().to_vec();
    attribute.extend(kind.to_ne_bytes());
    attribute.extend(bytes);
    attribute.resize(attribute.len().next_multiple_of(4), 0);
    attribute
}

/// RTM_NEWLINK for an interface of a kind; the kernel gives it a name.
fn make(ifindex: u32, kind: &str) -> io::Result<()> {
    let index = i32::try_from(ifindex).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // struct ifinfomsg: family, type, number, flags, changed flags.
    let mut request = vec![0; 4];
    request.extend(index.to_ne_bytes());
    request.extend([0; 8]);
    request.extend(attribute(libc::IFLA_NUM_TX_QUEUES, &1u32.to_ne_bytes()));
    request.extend(attribute(libc::IFLA_NUM_RX_QUEUES, &QUEUES.to_ne_bytes()));
    request.extend(attribute(libc::IFLA_LINKINFO, &attribute(libc::IFLA_INFO_KIND, kind.as_bytes())));
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_EXCL;
    // struct nlmsghdr: length, type, flags, number, sender.
    let mut message = (16 + request.len() as u32).to_ne_bytes().to_vec();
    message.extend(libc::RTM_NEWLINK.to_ne_bytes());
    message.extend((flags as u16).to_ne_bytes());
    message.extend([0; 8]);
    message.extend(request);

    let mut socket = File::from(sys::route_socket()?);
    socket.write_all(&message)?;
    let mut answer = [0; 4096];
    let length = socket.read(&mut answer)?;
    let kind = answer[..length].get(4..6).map(|b| u16::from_ne_bytes([b[0], b[1]]));
    let error = answer[..length].get(16..20).map(|b| i32::from_ne_bytes([b[0], b[1], b[2], b[3]]));
    match (kind.map(i32::from), error) {
        (Some(libc::NLMSG_ERROR), Some(0)) => Ok(()),
        (Some(libc::NLMSG_ERROR), Some(error)) => Err(io::Error::from_raw_os_error(-error)),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "answer of rtnetlink")),
    }
}
