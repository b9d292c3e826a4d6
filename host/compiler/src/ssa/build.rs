// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The run over the blocks: abstract interpretation that leaves values and accesses behind.
//!
//! What is run are **instances** of blocks: a block of a loop has one per iteration, a block of a function one per call.
//! Their keys are ordered so that every edge leads to a greater key; so when the least key that waits is taken, all
//! states that flow into it are there.

use super::copies::Copied;
use super::layout::Layout;
use super::simplify::Maker;
use super::state::{Merge, Slot, State};
use super::unroll::{Instance, Pending, Turns};
use super::values::{Def, Entry, Val, Values};
use super::{Block, Edge, Effect, Function, Return, Site};
use crate::cfg::{Cfg, Exit};
use crate::diag::codes::{self, Code};
use crate::diag::{Diagnostic, Level};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use weir_bpf::interp::helper::{XDP_ADJUST_HEAD, XDP_LOAD_BYTES, XDP_STORE_BYTES};
use weir_bpf::op::{Operand, Wide};
use weir_bpf::{Object, Op, Program};
use weir_pipeline::Target;
use weir_pipeline::words::Size;

/// Reads of one place of one state of a map: value and block.
pub(super) type Reads = HashMap<(super::TableAddress, Size, u32), Vec<(Val, usize)>>;

/// The interpreter.
pub(super) struct Builder<'a> {
    pub(super) object: &'a Object,
    pub(super) program: &'a Program,
    pub(super) target: &'a Target,
    pub(super) cfg: &'a Cfg,
    pub(super) values: Values,
    pub(super) state: State,
    /// Block and slot of the instruction being interpreted.
    pub(super) block: usize,
    pub(super) slot: usize,
    pub(super) next_version: u32,
    pub(super) reads: Reads,
    /// Copies of packet bytes on the stack.
    pub(super) copies: Vec<Copied>,
    /// The instance that is run.
    pub(super) instance: Rc<Instance>,
    pub(super) pending: BTreeMap<Vec<u32>, Pending>,
    pub(super) turns: Turns,
    /// Whether paths that differ in what is known are run apart.
    pub(super) apart: bool,
    pub(super) blocks: Vec<Block>,
    sites: Vec<Site>,
    pub(super) maps: Vec<Layout>,
    /// Whether some path may move the packet's start.
    pub(super) moves_head: bool,
    /// Immediate dominators over the edges that can be taken.
    dominators: Vec<usize>,
    pub(super) found: Vec<Diagnostic>,
}

/// Interprets a program. Fails with everything that is wrong with it.
///
/// Where paths meet, what is known on only some of them is forgotten. The kernel's verifier follows every path by
/// itself; so where something that may be known on the path at hand could not be shown, the program is run again, and
/// paths that differ in what is known are run apart.
pub fn build(
    object: &Object,
    program: &Program,
    target: &Target,
    cfg: &Cfg,
) -> Result<Function, Vec<Diagnostic>> {
    let found = match run(object, program, target, cfg, false) {
        Err(found) if found.iter().all(|d| codes::FORGOTTEN.contains(&Code(d.code))) => found,
        result => return result,
    };
    run(object, program, target, cfg, true).map_err(|_| found)
}

fn run(
    object: &Object,
    program: &Program,
    target: &Target,
    cfg: &Cfg,
    apart: bool,
) -> Result<Function, Vec<Diagnostic>> {
    let mut builder = Builder {
        object,
        program,
        target,
        cfg,
        values: Values::new(i64::from(target.headroom_bytes) + i64::from(target.window_bytes)),
        state: State {
            head: Slot::Packet { var: None, offset: target.headroom_bytes.into() },
            ..State::entry(object.maps.len())
        },
        block: 0,
        slot: 0,
        next_version: 0,
        reads: Reads::new(),
        copies: Vec::new(),
        instance: Rc::new(Instance::entry(0, cfg, None)),
        pending: BTreeMap::new(),
        turns: Turns::default(),
        apart,
        blocks: Vec::new(),
        sites: Vec::new(),
        maps: object.maps.iter().map(|def| Layout::new(def, target)).collect(),
        moves_head: false,
        dominators: Vec::new(),
        found: Vec::new(),
    };
    for (slot, op) in cfg.blocks.iter().flat_map(|b| &b.insns) {
        if let Op::LoadWide { value: Wide::Map(map) | Wide::MapValue(map, _), .. } = *op
            && map as usize >= object.maps.len()
        {
            builder.slot = *slot;
            builder.error(codes::ILLEGAL_INSN, format!("the object has no map number {map}"));
        }
    }
    if !builder.found.is_empty() {
        return Err(builder.found);
    }
    builder.begin(Vec::new());
    builder.interpret();
    while let Some((_, mut pending)) = builder.pending.pop_first() {
        builder.divide(&mut pending);
        if !builder.turn(&pending) {
            break;
        }
        builder.instance = pending.instance;
        builder.begin(pending.states);
        builder.interpret();
    }
    if builder.found.iter().any(|d| d.level == Level::Error) {
        return Err(builder.found);
    }
    Ok(Function {
        values: builder.values,
        blocks: builder.blocks,
        sites: builder.sites,
        maps: builder.maps,
        moves_head: builder.moves_head,
    })
}

impl Builder<'_> {
    /// Begins a block, with the states that flow into it; the entry has none.
    pub(super) fn begin(&mut self, states: Vec<(Edge, State)>) {
        let index = self.blocks.len();
        let edges: Vec<Edge> = states.iter().map(|(edge, _)| *edge).collect();
        let dominator = edges.iter().map(|edge| edge.from).reduce(|a, b| self.common(a, b));
        self.dominators.push(dominator.unwrap_or(0));
        self.blocks.push(Block { edges, ..Block::default() });
        self.block = index;
        if !states.is_empty() {
            let merge = Merge {
                values: &mut self.values,
                block: index,
                states,
                next_version: &mut self.next_version,
                copies: &self.copies,
                loads: Vec::new(),
            };
            let (state, loads) = merge.run();
            self.state = state;
            for load in loads {
                self.site(Effect::Load(load));
            }
        }
    }

    fn interpret(&mut self) {
        let cfg = self.cfg;
        let block = &cfg.blocks[self.instance.block];
        for &(slot, op) in &block.insns {
            self.slot = slot;
            match op {
                Op::Jump { op, width, dst, src, .. } => {
                    if let Exit::Branch { taken, fall } = block.exit {
                        self.branch(op, width, dst, src, taken, fall);
                        return;
                    }
                    // Both ways lead to the same place; the operands have to be there all the same.
                    self.read(dst);
                    self.operand(src);
                }
                Op::CallLocal { .. } => {
                    if let Exit::Call { callee, .. } = block.exit {
                        self.call_function(callee);
                        return;
                    }
                }
                Op::CallHelper(number @ (XDP_LOAD_BYTES | XDP_STORE_BYTES)) => {
                    if let Exit::Goto(next) = block.exit {
                        self.transfer(number == XDP_STORE_BYTES, next);
                        return;
                    }
                }
                Op::CallHelper(XDP_ADJUST_HEAD) => {
                    if let Exit::Goto(next) = block.exit {
                        self.adjust_head(next);
                        return;
                    }
                }
                Op::Exit => {
                    self.exit();
                    return;
                }
                _ => self.step(op),
            }
        }
        if let Exit::Goto(next) = block.exit {
            let state = self.state.clone();
            self.leave(None, next, state);
        }
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Alu { op, width, dst, src } => self.alu(op, width, dst, src),
            Op::Neg { width, dst } => self.neg(width, dst),
            Op::MovSigned { width, dst, src, bits } => self.mov_signed(width, dst, src, bits),
            Op::Swap { swap, dst, bits } => self.swap(swap, dst, bits),
            Op::LoadWide { dst, value } => self.load_wide(dst, value),
            Op::Load { size, signed, dst, base, off } => self.load(size, signed, dst, base, off),
            Op::Store { size, base, off, src } => self.store(size, base, off, src),
            Op::Atomic { op, size, fetch, base, off, src } => self.atomic(op, size, fetch, base, off, src),
            Op::CallHelper(number) => self.call(number),
            // Control flow has become edges.
            Op::Jump { .. } | Op::Goto { .. } | Op::Exit | Op::CallLocal { .. } => (),
        }
    }

    fn exit(&mut self) {
        if self.instance.caller.is_some() {
            self.return_to_caller();
            return;
        }
        match self.read(0) {
            Slot::Scalar(value) => {
                let zero = self.constant(0);
                let redirect = self.state.redirect.unwrap_or(zero);
                let start = self.packet_start();
                let start = self.place_of(start);
                let insn = self.slot as u32;
                self.blocks[self.block].result = Some(Return { value, insn, redirect, start });
                self.blocks[self.block].at = self.values.len() as u32;
            }
            Slot::Poison => (),
            other => {
                let message = format!("the program returns {}, not a number", other.describe());
                self.error(codes::RETURN, message);
            }
        }
    }

    /// Ends the block with one way out, to a block of the same function.
    pub(super) fn leave(&mut self, when: Option<bool>, to: usize, state: State) {
        let next = self.instance.next(to, self.cfg);
        self.enter(when, next, state);
    }

    /// Ends the block with one way out.
    pub(super) fn enter(&mut self, when: Option<bool>, next: Instance, state: State) {
        self.enter_from(Edge { from: self.block, when }, next, state);
    }

    /// Ends a block with a way to a block that is run apart for this state, as often as `which` differs.
    pub(super) fn leave_apart(
        &mut self,
        when: Option<bool>,
        to: usize,
        which: u32,
        from: usize,
        state: State,
    ) {
        let next = self.instance.next(to, self.cfg).apart(which);
        self.enter_from(Edge { from, when }, next, state);
    }

    fn enter_from(&mut self, edge: Edge, next: Instance, state: State) {
        self.blocks[edge.from].at = self.values.len() as u32;
        let pending = self.pending.entry(next.key.clone()).or_insert_with(|| Pending::new(next));
        pending.states.push((edge, state));
        pending.from = self.slot;
    }

    /// Gives the block its condition.
    pub(super) fn set_cond(&mut self, cond: super::Cond) {
        self.blocks[self.block].cond = Some((cond, self.slot as u32));
    }

    fn common(&self, mut a: usize, mut b: usize) -> usize {
        while a != b {
            if a < b {
                b = self.dominators[b];
            } else {
                a = self.dominators[a];
            }
        }
        a
    }

    /// Whether every path to the current block passes `block`.
    pub(super) fn dominated_by(&self, block: usize) -> bool {
        self.common(block, self.block) == block
    }

    /// Records an error at the current instruction.
    pub(super) fn error(&mut self, code: Code, message: impl Into<String>) {
        self.report(Diagnostic::error(code, message));
    }

    /// Records a diagnostic at the current instruction.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        let diagnostic = diagnostic.at(self.program, self.slot);
        // The same in another iteration or call is the same.
        if !self.found.iter().any(|d| (d.code, d.insn) == (diagnostic.code, diagnostic.insn)) {
            self.found.push(diagnostic);
        }
    }

    /// Records an access.
    pub(super) fn site(&mut self, effect: Effect) {
        self.site_when(effect, None);
    }

    /// Records an access that is made only where a condition holds.
    pub(super) fn site_when(&mut self, effect: Effect, when: Option<super::Cond>) {
        let insns = vec![self.slot as u32];
        let at = self.values.len() as u32;
        self.sites.push(Site { block: self.block, effect, when, insns, at });
    }

    /// A version of packet or map that was never before.
    pub(super) fn new_version(&mut self) -> u32 {
        self.next_version += 1;
        self.next_version
    }

    /// Lets values be made at the current point.
    pub(super) fn make<T>(&mut self, f: impl FnOnce(&mut Maker<'_>) -> T) -> T {
        let mut loads = Vec::new();
        let result = f(&mut Maker {
            values: &mut self.values,
            ranges: &mut self.state.ranges,
            version: self.state.version,
            insn: self.slot as u32,
            loads: &mut loads,
        });
        for load in loads {
            self.site(Effect::Load(load));
        }
        result
    }

    /// A constant.
    pub(super) fn constant(&mut self, value: u64) -> Val {
        self.values.constant(value)
    }

    /// A value that stands in a register at the start.
    pub(super) fn entry(&mut self, entry: Entry) -> Val {
        use super::range::Range;
        let range = match entry {
            Entry::DataEnd => {
                let start = u64::from(self.target.headroom_bytes);
                Range::unsigned(start, start + u64::from(self.target.max_frame_bytes))
            }
            Entry::IngressIfindex | Entry::RxQueueIndex => Range::unsigned(0, u32::MAX.into()),
            Entry::Timestamp | Entry::Random => Range::FULL,
        };
        self.values.intern(Def::Entry(entry), range)
    }

    /// Contents of a register that is read.
    pub(super) fn read(&mut self, register: u8) -> Slot {
        match self.state.registers[register as usize] {
            Slot::Uninitialised => {
                self.error(codes::UNINITIALISED, format!("R{register} is read but was never written"));
                self.state.registers[register as usize] = Slot::Poison;
                Slot::Poison
            }
            Slot::Mixed => {
                let message = format!("R{register} holds different kinds of values, depending on the path");
                self.error(codes::MIXED, message);
                self.state.registers[register as usize] = Slot::Poison;
                Slot::Poison
            }
            slot => slot,
        }
    }

    /// An operand that is read.
    pub(super) fn operand(&mut self, operand: Operand) -> Slot {
        match operand {
            Operand::Reg(register) => self.read(register),
            Operand::Imm(imm) => Slot::Scalar(self.constant(i64::from(imm) as u64)),
        }
    }

    /// The number that a value is known to be here.
    pub(super) fn known(&self, value: Val) -> Option<u64> {
        self.state.ranges.get(&self.values, value).as_constant()
    }
}
