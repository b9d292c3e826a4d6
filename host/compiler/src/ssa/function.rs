// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Calls of functions of the program: each call runs the function anew, with a stack frame of its own.

use super::build::Builder;
use super::state::{Frame, Slot};
use super::unroll::Instance;
use crate::cfg::Exit;
use crate::diag::codes;
use std::rc::Rc;

impl Builder<'_> {
    /// R1 to R5 are the arguments; the caller keeps R6 to R9 for itself.
    pub(super) fn call_function(&mut self, callee: usize) {
        let mut state = self.state.clone();
        if let Some(frame) = state.frames.last_mut() {
            frame.saved.copy_from_slice(&state.registers[6..10]);
        }
        state.registers[0] = Slot::Uninitialised;
        state.registers[6..10].fill(Slot::Uninitialised);
        state.registers[10] = Slot::Stack { frame: state.frames.len(), var: None, offset: 0 };
        state.frames.push(Frame::default());
        let entry = Instance::entry(callee, self.cfg, Some(Rc::clone(&self.instance)));
        self.enter(None, entry, state);
    }

    /// R0 is the result, whatever it is; pointers to the frame that ends must not survive it.
    pub(super) fn return_to_caller(&mut self) {
        let Some(caller) = self.instance.caller.clone() else { return };
        let Exit::Call { next, .. } = self.cfg.blocks[caller.block].exit else { return };
        let mut state = self.state.clone();
        state.frames.pop();
        let ended = state.frames.len();
        let gone = |slot: &Slot| matches!(slot, Slot::Stack { frame, .. } if *frame == ended);
        if gone(&state.registers[0]) {
            self.error(codes::RETURN, "the function returns a pointer into its own stack frame");
            state.registers[0] = Slot::Poison;
        }
        for frame in &mut state.frames {
            if frame.spilled.values().any(gone) {
                Rc::make_mut(&mut frame.spilled)
                    .values_mut()
                    .filter(|slot| gone(slot))
                    .for_each(|slot| *slot = Slot::Uninitialised);
            }
        }
        if let Some(frame) = state.frames.last() {
            state.registers[6..10].copy_from_slice(&frame.saved);
        }
        state.registers[1..6].fill(Slot::Uninitialised);
        state.registers[10] = Slot::Stack { frame: ended - 1, var: None, offset: 0 };
        let next = caller.next(next, self.cfg);
        self.enter(None, next, state);
    }
}
