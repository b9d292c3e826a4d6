// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The event loop: sockets that listen, sockets that are connected, and the device.
//!
//! One client at a time for each function; another is shown the door. A client that misbehaves loses its connection and
//! nobody else notices: its socket goes on listening. When a client goes, its function is reset first, and then loses
//! the memory and the interrupts that the client gave.

use crate::clients::{Clients, Statistics};
use crate::connection::{Connection, Ended, Message};
use crate::device::{Activity, Device, DeviceError, Function};
use crate::dma::Memory;
use crate::session::Session;
use crate::wire::{NO_REPLY, Request, command};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;
use std::fmt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Commands of one client before the others have their turn.
const COMMANDS: usize = 64;

/// How long no client is accepted when the process has no descriptor left.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Why there is no server, or not any more.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A socket cannot be made.
    #[error("`{}`: {source}", path.display())]
    Listen {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// poll(2) fails.
    #[error("waiting for clients")]
    Poll(#[source] Errno),
    /// The device cannot go on.
    #[error("the device stops")]
    Device(#[source] DeviceError),
}

/// Something for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A function has a client.
    Connected {
        /// Which function.
        function: String,
    },
    /// A function has a client already.
    Busy {
        /// Which function.
        function: String,
    },
    /// A client could not be accepted.
    NotAccepted {
        /// Which function.
        function: String,
        /// Why.
        errno: Errno,
    },
    /// A function has lost its client.
    Disconnected {
        /// Which function.
        function: String,
        /// Why.
        ended: String,
    },
    /// A command was answered with an error.
    Refused {
        /// Which function.
        function: String,
        /// Number of the command.
        command: u16,
        /// The answer.
        errno: Errno,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Connected { function } => write!(f, "{function}: client connected"),
            Event::Busy { function } => write!(f, "{function}: has a client, another one is turned away"),
            Event::NotAccepted { function, errno } => write!(f, "{function}: client not accepted: {errno}"),
            Event::Disconnected { function, ended } => write!(f, "{function}: client gone: {ended}"),
            Event::Refused { function, command, errno } => {
                write!(f, "{function}: command {command} refused: {errno}")
            }
        }
    }
}

/// A function's socket.
#[derive(Debug)]
struct Port {
    path: PathBuf,
    listener: UnixListener,
    connection: Option<Connection>,
    session: Session,
}

impl Drop for Port {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to remove.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What becomes of events.
type Log = Box<dyn FnMut(&Event)>;

/// A device with a socket for each of its functions. The sockets are removed when it is dropped.
pub struct Server<D: Device> {
    device: D,
    clients: Clients,
    ports: Vec<Port>,
    log: Log,
    activity: Activity,
    /// The process has no descriptor left: for a while nobody is accepted.
    exhausted: bool,
}

impl<D: Device> Server<D> {
    /// Makes the sockets `NAME.sock` of all functions in a folder, in which nothing of these names may be yet.
    pub fn new(
        device: D,
        folder: &Path,
        log: impl FnMut(&Event) + 'static,
    ) -> Result<Server<D>, ServerError> {
        let functions = device.functions();
        let clients = Clients::new(&functions);
        let mut ports = Vec::new();
        for (function, shape) in functions.into_iter().enumerate() {
            let path = folder.join(format!("{}.sock", shape.name));
            let listener = UnixListener::bind(&path)
                .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
                .map_err(|source| ServerError::Listen { path: path.clone(), source })?;
            let session = Session { function, shape, negotiated: false };
            ports.push(Port { path, listener, connection: None, session });
        }
        let activity = Activity::Busy;
        Ok(Server { device, clients, ports, log: Box::new(log), activity, exhausted: false })
    }

    /// The sockets, in the order of the functions.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.ports.iter().map(|port| &*port.path)
    }

    /// The device.
    pub fn device(&self) -> &D {
        &self.device
    }

    /// Name and counters of every function.
    pub fn statistics(&self) -> impl Iterator<Item = (&Function, Statistics)> {
        self.ports.iter().map(|port| (&port.session.shape, self.clients.statistics(port.session.function)))
    }

    /// Serves until `stop` can be read.
    pub fn run(&mut self, stop: BorrowedFd<'_>) -> Result<(), ServerError> {
        while !self.turn(stop)? {}
        Ok(())
    }

    /// Waits until there is something to do, unless the device is busy, and does it; says whether `stop` can be read.
    fn turn(&mut self, stop: BorrowedFd<'_>) -> Result<bool, ServerError> {
        let ready = self.wait(stop)?;
        let count = self.ports.len();
        for (number, &ready) in ready[1..].iter().take(2 * count).enumerate() {
            let port = number / 2;
            match (ready, number % 2) {
                (false, _) => {}
                // A client that has gone makes room before another one is let in.
                (true, 0) => self.serve(port),
                (true, _) => self.accept(port),
            }
        }
        self.activity = self.device.run(&mut self.clients).map_err(ServerError::Device)?;
        Ok(ready[0])
    }

    /// Which of `stop`, and for each port its connection and its listener, can do something; sources at the end.
    fn wait(&mut self, stop: BorrowedFd<'_>) -> Result<Vec<bool>, ServerError> {
        let mut descriptors = vec![PollFd::from_borrowed_fd(stop, PollFlags::IN)];
        for port in &self.ports {
            // poll(2) reports hangups whether they are asked for or not; nothing else comes of a listener that only
            // holds the place of a connection.
            let (connection, wanted) = match &port.connection {
                None => (port.listener.as_fd(), PollFlags::empty()),
                Some(connection) if connection.is_sending() => (connection.stream().as_fd(), PollFlags::OUT),
                Some(connection) => (connection.stream().as_fd(), PollFlags::IN),
            };
            descriptors.push(PollFd::from_borrowed_fd(connection, wanted));
            let accepting = if self.exhausted { PollFlags::empty() } else { PollFlags::IN };
            descriptors.push(PollFd::from_borrowed_fd(port.listener.as_fd(), accepting));
        }
        let sources = self.device.sources();
        descriptors.extend(sources.into_iter().map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN)));
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let timeout = match self.activity {
            Activity::Busy => Some(&now),
            Activity::Quiescent if self.exhausted => Some(&PAUSE),
            Activity::Quiescent => None,
        };
        match poll(&mut descriptors, timeout) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(ServerError::Poll(errno)),
        }
        self.exhausted = false;
        Ok(descriptors.iter().map(|descriptor| !descriptor.revents().is_empty()).collect())
    }

    fn accept(&mut self, number: usize) {
        let port = &mut self.ports[number];
        let function = port.session.shape.name.clone();
        let stream: UnixStream = match port.listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) => {
                let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
                self.exhausted = matches!(errno, Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS);
                if !matches!(errno, Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) {
                    (self.log)(&Event::NotAccepted { function, errno });
                }
                return;
            }
        };
        if port.connection.is_some() {
            return (self.log)(&Event::Busy { function });
        }
        port.connection = Some(Connection::new(stream));
        port.session.negotiated = false;
        self.clients.client(number).statistics.connections += 1;
        (self.log)(&Event::Connected { function });
    }

    /// Carries out what a client has sent, up to its share.
    fn serve(&mut self, number: usize) {
        for _ in 0..COMMANDS {
            match self.command(number) {
                Ok(true) => {}
                Ok(false) => return,
                Err(ended) => return self.disconnect(number, ended),
            }
        }
    }

    /// Carries out one command; false if there is none, or if its turn has not come.
    fn command(&mut self, number: usize) -> Result<bool, Ended> {
        let port = &mut self.ports[number];
        let Some(connection) = &mut port.connection else { return Ok(false) };
        connection.flush()?;
        if connection.is_sending() {
            return Ok(false);
        }
        let Some(Message { header, payload, descriptors, too_many }) = connection.receive()? else {
            return Ok(false);
        };
        self.clients.client(number).statistics.commands += 1;
        let outcome = match too_many {
            true => Err(Errno::INVAL),
            false => Request::parse(header.command, &payload).and_then(|request| {
                port.session.carry_out(request, descriptors, &mut self.device, &mut self.clients)
            }),
        };
        if let Err(errno) = outcome {
            self.clients.client(number).statistics.refused += 1;
            let function = port.session.shape.name.clone();
            (self.log)(&Event::Refused { function, command: header.command, errno });
            // Without a version there is nothing to talk about.
            if header.command == command::VERSION && !port.session.negotiated {
                connection.end(Ended::Version);
            }
        }
        if header.flags & NO_REPLY != 0 {
            return connection.flush().map(|()| true);
        }
        match outcome {
            Ok(payload) => connection.reply(&header.reply(payload.len()), &payload)?,
            Err(errno) => connection.reply(&header.refusal(errno), &[])?,
        }
        Ok(true)
    }

    fn disconnect(&mut self, number: usize, ended: Ended) {
        let port = &mut self.ports[number];
        port.connection = None;
        port.session.negotiated = false;
        let function = port.session.shape.name.clone();
        (self.log)(&Event::Disconnected { function, ended: ended.to_string() });
        self.device.disconnected(&mut self.clients, number);
        let client = self.clients.client(number);
        client.memory.change(|memory| *memory = Memory::default());
        client.irqs.clear();
    }
}

impl<D: Device + fmt::Debug> fmt::Debug for Server<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("device", &self.device)
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}
