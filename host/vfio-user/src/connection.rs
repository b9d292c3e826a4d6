// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One connected socket: bytes to messages and back, without ever waiting.
//!
//! A message is received in two parts, header and payload, and never a byte beyond it, so descriptors that arrive belong
//! to the message that is being received. The payload's buffer is made when its length is known to be within
//! [`MAX_PAYLOAD`]. While a reply waits for the client to read, no further message is taken.

use crate::wire::{HEADER, Header, MAX_DESCRIPTORS, MAX_PAYLOAD, TYPE};
use rustix::cmsg_space;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, recvmsg, send,
};
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use zerocopy::FromBytes;

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The client has closed it between two messages.
    #[error("closed by the client")]
    Closed,
    /// The client has closed it within a message.
    #[error("closed by the client in the middle of a message")]
    Truncated,
    /// The header gives a size that no message can have, so nobody knows where the next one begins.
    #[error("a message of {0} bytes, must be {HEADER} to {max}", max = HEADER + MAX_PAYLOAD)]
    Size(u32),
    /// The header is not that of a command; this server sends none that could be replied to.
    #[error("a message of type {0}, must be 0 (command)")]
    Type(u32),
    /// The client speaks another version.
    #[error("no common version")]
    Version,
    /// The socket is broken.
    #[error("{0}")]
    Broken(Errno),
}

/// A whole message.
#[derive(Debug)]
pub struct Message {
    /// Its header.
    pub header: Header,
    /// What follows the header.
    pub payload: Vec<u8>,
    /// Descriptors that came along.
    pub descriptors: Vec<OwnedFd>,
    /// More came than [`MAX_DESCRIPTORS`]; none of them is kept.
    pub too_many: bool,
}

/// A connected client.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    header: [u8; HEADER],
    payload: Vec<u8>,
    /// Bytes of header and payload that are there.
    received: usize,
    descriptors: Vec<OwnedFd>,
    too_many: bool,
    /// Replies that the socket did not take.
    unsent: Vec<u8>,
    /// The connection ends when everything is sent.
    ending: Option<Ended>,
}

impl Connection {
    /// Takes over a socket, which must not block.
    pub fn new(stream: UnixStream) -> Connection {
        Connection {
            stream,
            header: [0; HEADER],
            payload: Vec::new(),
            received: 0,
            descriptors: Vec::new(),
            too_many: false,
            unsent: Vec::new(),
            ending: None,
        }
    }

    /// The socket, for poll(2).
    pub fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Whether replies wait for the client to read.
    pub fn is_sending(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// The next message, `None` if it is not there yet.
    pub fn receive(&mut self) -> Result<Option<Message>, Ended> {
        while self.received < HEADER {
            if !self.some()? {
                return Ok(None);
            }
        }
        // Any 16 bytes are a header.
        let header = Header::read_from_bytes(&self.header).map_err(|_| Ended::Truncated)?;
        if self.payload.is_empty() && self.received == HEADER {
            let size = (header.size as usize).checked_sub(HEADER).filter(|&size| size <= MAX_PAYLOAD);
            let size = size.ok_or(Ended::Size(header.size))?;
            if header.flags & TYPE != 0 {
                return Err(Ended::Type(header.flags & TYPE));
            }
            self.payload = vec![0; size];
        }
        while self.received < HEADER + self.payload.len() {
            if !self.some()? {
                return Ok(None);
            }
        }
        self.received = 0;
        Ok(Some(Message {
            header,
            payload: std::mem::take(&mut self.payload),
            descriptors: std::mem::take(&mut self.descriptors),
            too_many: std::mem::take(&mut self.too_many),
        }))
    }

    /// Receives some bytes of what is missing; false if there are none now.
    fn some(&mut self) -> Result<bool, Ended> {
        let into = match self.received.checked_sub(HEADER) {
            None => &mut self.header[self.received..],
            Some(received) => &mut self.payload[received..],
        };
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        let outcome = recvmsg(&self.stream, &mut [IoSliceMut::new(into)], &mut control, flags);
        let message = match outcome {
            Ok(message) => message,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(false),
            // The client has closed without reading our last reply.
            Err(Errno::CONNRESET) => return Err(self.closed()),
            Err(errno) => return Err(Ended::Broken(errno)),
        };
        for part in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = part {
                self.descriptors.extend(descriptors);
            }
        }
        if message.flags.contains(ReturnFlags::CTRUNC) || self.descriptors.len() > MAX_DESCRIPTORS {
            self.too_many = true;
        }
        if self.too_many {
            self.descriptors.clear();
        }
        if message.bytes == 0 {
            return Err(self.closed());
        }
        self.received += message.bytes;
        Ok(true)
    }

    fn closed(&self) -> Ended {
        if self.received == 0 { Ended::Closed } else { Ended::Truncated }
    }

    /// Queues a reply and sends what the socket takes.
    pub fn reply(&mut self, header: &Header, payload: &[u8]) -> Result<(), Ended> {
        use zerocopy::IntoBytes;
        self.unsent.extend_from_slice(header.as_bytes());
        self.unsent.extend_from_slice(payload);
        self.flush()
    }

    /// Sends what the socket takes of what waits.
    pub fn flush(&mut self) -> Result<(), Ended> {
        let mut sent = 0;
        while sent < self.unsent.len() {
            match send(&self.stream, &self.unsent[sent..], SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(bytes) => sent += bytes,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(Ended::Closed),
                Err(errno) => return Err(Ended::Broken(errno)),
            }
        }
        self.unsent.drain(..sent);
        match self.ending {
            Some(ended) if self.unsent.is_empty() => Err(ended),
            _ => Ok(()),
        }
    }

    /// Ends the connection when everything is sent.
    pub fn end(&mut self, ended: Ended) {
        self.ending = Some(ended);
    }
}
