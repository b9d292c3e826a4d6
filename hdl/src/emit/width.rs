// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Gate on widths and precedence.
//!
//! In Rust every operator works at the width of its operands' type. In Verilog (IEEE 1364-2001, 4.4) operands are first
//! extended to the widest operand of the whole expression, and rust-hdl writes literals with 32 bits and a narrowing
//! cast as a mask. So `a + 1 == b` on 4 bits wraps in Rust and carries into bit 4 in Verilog. The gate computes both
//! widths and refuses an operator whose upper bits differ where something sees them. Such an expression goes through a
//! `Local` signal, which truncates.
//!
//! Rust and Verilog also order operators differently (`a & b == c`); where it matters, parentheses are demanded.

use super::{Gate, Violation};
use rust_hdl::core::ast::{
    VerilogBlock, VerilogBlockOrConditional, VerilogConditional, VerilogExpression as Expression, VerilogOp,
    VerilogOpUnary, VerilogStatement,
};
use rust_hdl::prelude::*;
use std::collections::HashMap;

/// Bits of a literal as rust-hdl writes it.
const LITERAL_BITS: usize = 32;

/// Checks every kernel below `block`.
pub(super) fn check(block: &dyn Block) -> Vec<Violation> {
    let mut scopes = Scopes::default();
    block.accept("top", &mut scopes);
    scopes.violations
}

/// A block that is being visited: its signals' widths are known when its children have been.
struct Scope {
    name: String,
    kernel: Option<VerilogBlock>,
    widths: HashMap<String, usize>,
}

#[derive(Default)]
struct Scopes {
    open: Vec<Scope>,
    namespace: Vec<String>,
    violations: Vec<Violation>,
}

impl Probe for Scopes {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        let kernel = match node.hdl() {
            Verilog::Combinatorial(kernel) => Some(kernel),
            _ => None,
        };
        self.open.push(Scope { name: name.to_owned(), kernel, widths: HashMap::new() });
        self.namespace.clear();
    }

    fn visit_start_namespace(&mut self, name: &str, _node: &dyn Block) {
        self.namespace.push(name.to_owned());
    }

    fn visit_end_namespace(&mut self, _name: &str, _node: &dyn Block) {
        self.namespace.pop();
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let name = if self.namespace.is_empty() {
            name.to_owned()
        } else {
            format!("{}${name}", self.namespace.join("$"))
        };
        if let Some((last, parents)) = self.open.split_last_mut() {
            if let Some(parent) = parents.last_mut() {
                parent.widths.insert(format!("{}${name}", last.name), signal.bits());
            }
            last.widths.insert(name, signal.bits());
        }
    }

    fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
        let place = self.open.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join("$");
        if let Some(Scope { kernel: Some(kernel), widths, .. }) = self.open.pop() {
            Walk { place, widths: &widths, violations: &mut self.violations }.block(&kernel);
        }
    }
}

/// Which bits of a value are seen by what takes it.
#[derive(Clone, Copy)]
enum Seen {
    /// Only those of its Rust type: the rest is cut off by an assignment.
    Own,
    /// All up to this width.
    UpTo(usize),
}

struct Walk<'a> {
    place: String,
    widths: &'a HashMap<String, usize>,
    violations: &'a mut Vec<Violation>,
}

impl Walk<'_> {
    fn violation(&mut self, gate: Gate, what: String) {
        self.violations.push(Violation { gate, place: self.place.clone(), what });
    }

    fn block(&mut self, block: &VerilogBlock) {
        for statement in block {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &VerilogStatement) {
        match statement {
            VerilogStatement::Assignment(_, value) => self.value(value, Seen::Own),
            VerilogStatement::SliceAssignment { offset, replacement, .. } => {
                self.whole(offset);
                self.value(replacement, Seen::Own);
            }
            VerilogStatement::If(VerilogConditional { test, then, otherwise }) => {
                self.whole(test);
                self.block(then);
                match otherwise {
                    VerilogBlockOrConditional::Block(block) => self.block(block),
                    VerilogBlockOrConditional::Conditional(next) => self.statement(next),
                    VerilogBlockOrConditional::None => (),
                }
            }
            VerilogStatement::Match(m) => {
                self.whole(&m.test);
                m.cases.iter().for_each(|case| self.block(&case.block));
            }
            VerilogStatement::Loop(l) => self.block(&l.block),
            VerilogStatement::Macro(block) => self.block(block),
            VerilogStatement::Comment(_) | VerilogStatement::Link(_) => (),
        }
    }

    /// An expression on its own: nothing around it widens it, and all its bits are seen.
    fn whole(&mut self, expression: &Expression) {
        self.value(expression, Seen::UpTo(self.verilog_width(expression)));
    }

    /// Checks `expression`, of which what is around sees `seen`.
    fn value(&mut self, expression: &Expression, seen: Seen) {
        match expression {
            Expression::Signal(_) | Expression::Literal(_) => (),
            Expression::Paren(inner) | Expression::Signed(inner) | Expression::Unsigned(inner) => {
                self.value(inner, seen)
            }
            // Printed as a mask: what is masked sees the width of the mask.
            Expression::Cast(inner, bits) => {
                let width = self.verilog_width(inner).max(*bits);
                self.value(inner, Seen::UpTo(width));
            }
            Expression::Index(base, index) | Expression::Slice(base, _, index) => {
                self.value(base, Seen::Own);
                self.whole(index);
            }
            Expression::IndexReplace(base, index, bit) => {
                self.value(base, seen);
                self.whole(index);
                self.value(bit, seen);
            }
            Expression::Unary(operator, operand) => match operator {
                VerilogOpUnary::Not | VerilogOpUnary::Neg => {
                    self.grows(expression, seen);
                    self.value(operand, seen);
                }
                VerilogOpUnary::All | VerilogOpUnary::Any | VerilogOpUnary::Xor => self.reduced(operand),
            },
            Expression::Binary(left, operator, right) => {
                self.precedence(left, operator, right);
                use VerilogOp as Op;
                match operator {
                    Op::Add | Op::Sub | Op::Mul => {
                        self.grows(expression, seen);
                        self.value(left, seen);
                        self.value(right, seen);
                    }
                    Op::BitAnd | Op::BitOr | Op::BitXor => {
                        self.value(left, seen);
                        self.value(right, seen);
                    }
                    Op::Shl => {
                        self.grows(expression, seen);
                        self.value(left, seen);
                        self.whole(right);
                    }
                    Op::Shr => {
                        // What is shifted in comes from above, however little of the result is kept.
                        let width = self.verilog_width(left);
                        let width = if let Seen::UpTo(seen) = seen { width.max(seen) } else { width };
                        self.value(left, Seen::UpTo(width));
                        self.whole(right);
                    }
                    Op::LogicalAnd | Op::LogicalOr => {
                        self.whole(left);
                        self.whole(right);
                    }
                    Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                        let width = self.verilog_width(left).max(self.verilog_width(right));
                        self.value(left, Seen::UpTo(width));
                        self.value(right, Seen::UpTo(width));
                    }
                }
            }
        }
    }

    /// Operand of a reduction: AND sees the zeros that a mask or an extension puts on top, too.
    fn reduced(&mut self, operand: &Expression) {
        let (rust, verilog) = (self.rust_width(operand), self.verilog_width(operand));
        if rust.is_some_and(|rust| rust != verilog) {
            self.violation(
                Gate::Width,
                format!("{operand:?} is reduced at {verilog} bits, in Rust at {rust:?}"),
            );
        }
        self.whole(operand);
    }

    /// An operator that makes bits above its operands' width, seen at `seen`.
    fn grows(&mut self, expression: &Expression, seen: Seen) {
        if let (Seen::UpTo(seen), Some(rust)) = (seen, self.rust_width(expression))
            && seen > rust
        {
            self.violation(
                Gate::Width,
                format!("{expression:?} has {rust} bits in Rust and is evaluated at {seen} bits in Verilog"),
            );
        }
    }

    /// Bits of a signal; `None` for loop variables and enumeration values, which are literals in Verilog.
    fn signal_width(&self, name: &str) -> Option<usize> {
        let mut plain = name.trim_start_matches('.').replace('.', "$");
        if let (Some(open), Some(close)) = (plain.find('['), plain.rfind(']')) {
            plain.replace_range(open..=close, "$0");
        }
        self.widths.get(plain.trim_end_matches("$next")).copied()
    }

    /// Width of the type in Rust; `None` for literals, which take the width of what they meet.
    fn rust_width(&self, expression: &Expression) -> Option<usize> {
        match expression {
            Expression::Signal(name) => self.signal_width(name),
            Expression::Literal(_) => None,
            Expression::Paren(inner) | Expression::Signed(inner) | Expression::Unsigned(inner) => {
                self.rust_width(inner)
            }
            Expression::Cast(_, bits) | Expression::Slice(_, bits, _) => Some(*bits),
            Expression::Index(..) => Some(1),
            Expression::IndexReplace(base, ..) => self.rust_width(base),
            Expression::Unary(VerilogOpUnary::Not | VerilogOpUnary::Neg, operand) => self.rust_width(operand),
            Expression::Unary(..) => Some(1),
            Expression::Binary(left, operator, right) => match operator {
                VerilogOp::Shl | VerilogOp::Shr => self.rust_width(left),
                operator if is_condition(operator) => Some(1),
                _ => self.rust_width(left).or_else(|| self.rust_width(right)),
            },
        }
    }

    /// Width that Verilog gives the expression on its own.
    fn verilog_width(&self, expression: &Expression) -> usize {
        match expression {
            Expression::Signal(name) => self.signal_width(name).unwrap_or(LITERAL_BITS),
            Expression::Literal(literal) => {
                let text = literal.to_string();
                text.split('\'').next().and_then(|bits| bits.parse().ok()).unwrap_or(LITERAL_BITS)
            }
            Expression::Paren(inner) | Expression::Signed(inner) | Expression::Unsigned(inner) => {
                self.verilog_width(inner)
            }
            Expression::Cast(inner, bits) => self.verilog_width(inner).max(*bits),
            Expression::Slice(_, bits, _) => *bits,
            Expression::Index(..) => 1,
            Expression::IndexReplace(base, ..) => self.verilog_width(base).max(LITERAL_BITS),
            Expression::Unary(VerilogOpUnary::Not | VerilogOpUnary::Neg, operand) => {
                self.verilog_width(operand)
            }
            Expression::Unary(..) => 1,
            Expression::Binary(left, operator, right) => match operator {
                VerilogOp::Shl | VerilogOp::Shr => self.verilog_width(left),
                operator if is_condition(operator) => 1,
                _ => self.verilog_width(left).max(self.verilog_width(right)),
            },
        }
    }

    /// Text is printed without parentheses of its own: Verilog must group it as Rust did.
    fn precedence(&mut self, left: &Expression, operator: &VerilogOp, right: &Expression) {
        let own = binding(operator);
        let looser = |e: &Expression, at_least: u8| matches!(e, Expression::Binary(_, inner, _) if binding(inner) < at_least);
        if looser(left, own) || looser(right, own + 1) {
            self.violation(
                Gate::Precedence,
                format!("{left:?} {operator:?} {right:?} is grouped differently in Verilog"),
            );
        }
    }
}

fn is_condition(operator: &VerilogOp) -> bool {
    use VerilogOp as Op;
    matches!(operator, Op::LogicalAnd | Op::LogicalOr | Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge)
}

/// How tightly Verilog binds an operator.
fn binding(operator: &VerilogOp) -> u8 {
    use VerilogOp as Op;
    match operator {
        Op::Mul => 10,
        Op::Add | Op::Sub => 9,
        Op::Shl | Op::Shr => 8,
        Op::Lt | Op::Le | Op::Gt | Op::Ge => 7,
        Op::Eq | Op::Ne => 6,
        Op::BitAnd => 5,
        Op::BitXor => 4,
        Op::BitOr => 3,
        Op::LogicalAnd => 2,
        Op::LogicalOr => 1,
    }
}
