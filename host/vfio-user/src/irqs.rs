// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Interrupts of one function: which eventfd each goes to, and which are masked.
//!
//! `DEVICE_SET_IRQS` as the specification has it, with the limits that vfio-pci has: eventfds for masking and unmasking
//! are refused. An interrupt that comes while masked is remembered and delivered when the mask goes.
//!
//! An eventfd whose counter is full would make write(2) wait, and everybody with it. So a descriptor has to be an
//! eventfd, it is made non-blocking, and nothing is written unless poll(2) says that it can be. What remains is a
//! client that makes it blocking and full between these two calls.

use crate::wire::{
    SET_ACTION_MASK, SET_ACTION_TRIGGER, SET_ACTION_UNMASK, SET_DATA_BOOL, SET_DATA_EVENTFD, SET_DATA_NONE,
    SetIrqs,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl, readlink};
use rustix::io::Errno;
use std::ops::Range;

/// Kinds of interrupts of a PCI function, by the index that VFIO gives them.
pub const KINDS: usize = 5;

/// An interrupt.
#[derive(Debug, Default)]
struct Irq {
    eventfd: Option<OwnedFd>,
    masked: bool,
    pending: bool,
}

/// All interrupts of a function.
#[derive(Debug)]
pub struct Irqs {
    kinds: [Vec<Irq>; KINDS],
}

/// Interrupts whose descriptor or mask changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Kind.
    pub index: u32,
    /// Which of that kind.
    pub range: Range<u32>,
}

impl Irqs {
    /// So many interrupts of each kind, none of them connected or masked.
    pub fn new(counts: [u32; KINDS]) -> Irqs {
        Irqs { kinds: counts.map(|count| (0..count).map(|_| Irq::default()).collect()) }
    }

    /// Back to the state after [`Irqs::new`]: all descriptors are closed.
    pub fn clear(&mut self) {
        self.kinds.iter_mut().flatten().for_each(|irq| *irq = Irq::default());
    }

    /// How many interrupts of a kind are connected to an eventfd.
    pub fn connected(&self, index: u32) -> usize {
        self.kinds
            .get(index as usize)
            .map_or(0, |irqs| irqs.iter().filter(|irq| irq.eventfd.is_some()).count())
    }

    /// Whether an interrupt is connected and not masked.
    pub fn enabled(&self, index: u32, number: u32) -> bool {
        self.irq(index, number).is_some_and(|irq| irq.eventfd.is_some() && !irq.masked)
    }

    fn irq(&self, index: u32, number: u32) -> Option<&Irq> {
        self.kinds.get(index as usize)?.get(number as usize)
    }

    /// `DEVICE_SET_IRQS`: all of it or nothing. `EINVAL` for what makes no sense, `ENOTTY` for what cannot be done.
    pub fn set(
        &mut self,
        set: &SetIrqs,
        booleans: &[u8],
        descriptors: Vec<OwnedFd>,
    ) -> Result<Changed, Errno> {
        const DATA: u32 = SET_DATA_NONE | SET_DATA_BOOL | SET_DATA_EVENTFD;
        const ACTION: u32 = SET_ACTION_MASK | SET_ACTION_UNMASK | SET_ACTION_TRIGGER;
        let (data, action) = (set.flags & DATA, set.flags & ACTION);
        let one_each = data.count_ones() == 1 && action.count_ones() == 1 && set.flags == data | action;
        let irqs = self.kinds.get_mut(set.index as usize).ok_or(Errno::INVAL)?;
        let end = set.start.checked_add(set.count).ok_or(Errno::INVAL)?;
        if !one_each || end as usize > irqs.len() || (data != SET_DATA_EVENTFD && !descriptors.is_empty()) {
            return Err(Errno::INVAL);
        }
        if set.count == 0 {
            if set.start != 0 || set.flags != SET_DATA_NONE | SET_ACTION_TRIGGER {
                return Err(Errno::INVAL);
            }
            irqs.iter_mut().for_each(|irq| *irq = Irq::default());
            return Ok(Changed { index: set.index, range: 0..irqs.len() as u32 });
        }
        let changed = Changed { index: set.index, range: set.start..end };
        let irqs = &mut irqs[set.start as usize..end as usize];
        if data == SET_DATA_EVENTFD {
            if action != SET_ACTION_TRIGGER {
                return Err(Errno::NOTTY);
            }
            connect(irqs, descriptors)?;
            return Ok(changed);
        }
        let chosen = |number: usize| data == SET_DATA_NONE || booleans.get(number).is_some_and(|&b| b != 0);
        for irq in irqs.iter_mut().enumerate().filter(|(number, _)| chosen(*number)).map(|(_, irq)| irq) {
            match action {
                SET_ACTION_MASK => irq.masked = true,
                SET_ACTION_UNMASK => {
                    irq.masked = false;
                    if std::mem::take(&mut irq.pending) {
                        signal(irq);
                    }
                }
                _ => signal(irq),
            }
        }
        Ok(changed)
    }

    /// An interrupt of the device. Goes nowhere if it is not connected, and waits if it is masked.
    pub fn trigger(&mut self, index: u32, number: u32) {
        let Some(irq) = self.kinds.get_mut(index as usize).and_then(|irqs| irqs.get_mut(number as usize))
        else {
            return;
        };
        if irq.masked { irq.pending = true } else { signal(irq) }
    }
}

/// Gives each interrupt its descriptor, or takes theirs from all if there are none.
fn connect(irqs: &mut [Irq], descriptors: Vec<OwnedFd>) -> Result<(), Errno> {
    if descriptors.is_empty() {
        irqs.iter_mut().for_each(|irq| irq.eventfd = None);
        return Ok(());
    }
    if descriptors.len() != irqs.len() {
        return Err(Errno::INVAL);
    }
    for descriptor in &descriptors {
        let link = readlink(format!("/proc/self/fd/{}", descriptor.as_raw_fd()), Vec::new())?;
        if link.to_bytes() != b"anon_inode:[eventfd]" {
            return Err(Errno::INVAL);
        }
        fcntl_setfl(descriptor, fcntl_getfl(descriptor)? | OFlags::NONBLOCK)?;
    }
    for (irq, descriptor) in irqs.iter_mut().zip(descriptors) {
        irq.eventfd = Some(descriptor);
    }
    Ok(())
}

/// Adds one to the counter of the eventfd, unless it is full: then the interrupt is there already.
fn signal(irq: &Irq) {
    let Some(eventfd) = &irq.eventfd else { return };
    let mut descriptors = [PollFd::from_borrowed_fd(eventfd.as_fd(), PollFlags::OUT)];
    if poll(&mut descriptors, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) == Ok(1) {
        let _ = rustix::io::write(eventfd, &1u64.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{EventfdFlags, eventfd};

    const MSIX: u32 = 2;

    fn irqs() -> Irqs {
        Irqs::new([0, 0, 4, 0, 0])
    }

    fn set(flags: u32, start: u32, count: u32) -> SetIrqs {
        SetIrqs { argsz: 20, flags, index: MSIX, start, count }
    }

    fn events(count: usize) -> Vec<OwnedFd> {
        (0..count).map(|_| eventfd(0, EventfdFlags::NONBLOCK).unwrap()).collect()
    }

    fn copies(events: &[OwnedFd]) -> Vec<OwnedFd> {
        events.iter().map(|event| event.try_clone().unwrap()).collect()
    }

    fn counted(event: &OwnedFd) -> u64 {
        let mut count = [0; 8];
        match rustix::io::read(event, &mut count) {
            Ok(8) => u64::from_ne_bytes(count),
            _ => 0,
        }
    }

    #[test]
    fn connect_trigger_mask_and_disconnect() {
        let (mut irqs, events) = (irqs(), events(2));
        let connect = SET_DATA_EVENTFD | SET_ACTION_TRIGGER;
        let changed = irqs.set(&set(connect, 1, 2), &[], copies(&events)).unwrap();
        assert_eq!(changed, Changed { index: MSIX, range: 1..3 });
        assert_eq!(irqs.connected(MSIX), 2);
        for number in 0..6 {
            irqs.trigger(MSIX, number);
        }
        irqs.trigger(9, 0);
        assert_eq!([counted(&events[0]), counted(&events[1])], [1, 1]);

        irqs.set(&set(SET_DATA_NONE | SET_ACTION_MASK, 1, 1), &[], vec![]).unwrap();
        assert!(!irqs.enabled(MSIX, 1) && irqs.enabled(MSIX, 2));
        irqs.trigger(MSIX, 1);
        irqs.trigger(MSIX, 1);
        assert_eq!(counted(&events[0]), 0);
        irqs.set(&set(SET_DATA_NONE | SET_ACTION_UNMASK, 1, 1), &[], vec![]).unwrap();
        assert_eq!(counted(&events[0]), 1, "what came while masked comes once");

        // The client triggers some itself.
        irqs.set(&set(SET_DATA_BOOL | SET_ACTION_TRIGGER, 1, 2), &[0, 1], vec![]).unwrap();
        assert_eq!([counted(&events[0]), counted(&events[1])], [0, 1]);

        irqs.set(&set(connect, 1, 1), &[], vec![]).unwrap();
        assert_eq!(irqs.connected(MSIX), 1);
        irqs.set(&set(SET_DATA_NONE | SET_ACTION_TRIGGER, 0, 0), &[], vec![]).unwrap();
        assert_eq!(irqs.connected(MSIX), 0);
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut irqs = irqs();
        let connect = SET_DATA_EVENTFD | SET_ACTION_TRIGGER;
        let mut errno = |s: SetIrqs, fds: Vec<OwnedFd>| irqs.set(&s, &[], fds).unwrap_err();
        assert_eq!(errno(set(connect, 3, 2), events(2)), Errno::INVAL);
        assert_eq!(errno(set(connect, u32::MAX, 2), events(2)), Errno::INVAL);
        assert_eq!(errno(set(connect, 0, 3), events(2)), Errno::INVAL);
        assert_eq!(errno(SetIrqs { index: 5, ..set(connect, 0, 1) }, events(1)), Errno::INVAL);
        assert_eq!(errno(set(SET_DATA_NONE, 0, 1), vec![]), Errno::INVAL);
        assert_eq!(errno(set(connect | SET_DATA_NONE, 0, 1), vec![]), Errno::INVAL);
        assert_eq!(errno(set(connect | 1 << 6, 0, 1), vec![]), Errno::INVAL);
        assert_eq!(errno(set(SET_DATA_NONE | SET_ACTION_TRIGGER, 1, 0), vec![]), Errno::INVAL);
        assert_eq!(errno(set(SET_DATA_NONE | SET_ACTION_TRIGGER, 0, 1), events(1)), Errno::INVAL);
        assert_eq!(errno(set(SET_DATA_EVENTFD | SET_ACTION_MASK, 0, 1), events(1)), Errno::NOTTY);
        let pipe = std::io::pipe().unwrap().1.into();
        assert_eq!(
            errno(set(connect, 0, 2), [events(1), vec![pipe]].into_iter().flatten().collect()),
            Errno::INVAL
        );
        assert_eq!(irqs.connected(MSIX), 0);
    }

    #[test]
    fn a_full_counter_holds_up_nobody() {
        let (mut irqs, event) = (irqs(), eventfd(0, EventfdFlags::empty()).unwrap());
        rustix::io::write(&event, &(u64::MAX - 1).to_ne_bytes()).unwrap();
        let connect = SET_DATA_EVENTFD | SET_ACTION_TRIGGER;
        irqs.set(&set(connect, 0, 1), &[], vec![event.try_clone().unwrap()]).unwrap();
        // The client undoes what the server did.
        fcntl_setfl(&event, fcntl_getfl(&event).unwrap() - OFlags::NONBLOCK).unwrap();
        irqs.trigger(MSIX, 0);
        assert_eq!(counted(&event), u64::MAX - 1);
    }
}
