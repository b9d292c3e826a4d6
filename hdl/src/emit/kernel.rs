// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Gates on the kernels of blocks as rust-hdl holds them: casts, indices, slices.

use super::{Gate, Violation};
use rust_hdl::prelude::*;
use rust_hdl_ast::{VerilogExpression, VerilogLink};

use rust_hdl::core::ast as rust_hdl_ast;

/// Checks every kernel below `block`.
pub(super) fn check(block: &dyn Block) -> Vec<Violation> {
    let mut kernels = Kernels::default();
    block.accept("top", &mut kernels);
    kernels.violations
}

#[derive(Default)]
struct Kernels {
    path: Vec<String>,
    violations: Vec<Violation>,
}

impl Probe for Kernels {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        self.path.push(name.to_owned());
        if let Verilog::Combinatorial(kernel) = node.hdl() {
            let mut walk = Walk { place: self.path.join("$"), violations: &mut self.violations };
            walk.visit_block(&kernel);
        }
    }

    fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
        self.path.pop();
    }
}

struct Walk<'a> {
    place: String,
    violations: &'a mut Vec<Violation>,
}

impl Walk<'_> {
    fn violation(&mut self, gate: Gate, what: String) {
        self.violations.push(Violation { gate, place: self.place.clone(), what });
    }

    fn name(&mut self, name: &str) {
        if name.matches('[').count() > 1 {
            self.violation(Gate::NestedIndex, format!("`{name}` has more than one index"));
        }
    }

    fn sliced(&mut self, base: &VerilogExpression) {
        if !matches!(base, VerilogExpression::Signal(_)) {
            self.violation(Gate::SliceOfExpression, format!("bits are taken of {base:?}"));
        }
    }
}

impl VerilogVisitor for Walk<'_> {
    fn visit_signal(&mut self, name: &str) {
        self.name(name);
    }

    fn visit_link(&mut self, links: &[VerilogLink]) {
        for link in links {
            let (VerilogLink::Forward(d) | VerilogLink::Backward(d) | VerilogLink::Bidirectional(d)) = link;
            self.name(&d.owner_name);
            self.name(&d.other_name);
        }
    }

    fn visit_cast(&mut self, operand: &VerilogExpression, _bits: &usize) {
        let mut inner = operand;
        while let VerilogExpression::Paren(paren) = inner {
            inner = paren;
        }
        if matches!(inner, VerilogExpression::Binary(..) | VerilogExpression::Unary(..)) {
            self.violation(Gate::Cast, format!("{operand:?} is cast, which is no signal"));
        }
        self.visit_expression(operand);
    }

    fn visit_slice(&mut self, base: &VerilogExpression, _width: &usize, offset: &VerilogExpression) {
        self.sliced(base);
        self.visit_expression(base);
        self.visit_expression(offset);
    }

    fn visit_index(&mut self, base: &VerilogExpression, index: &VerilogExpression) {
        self.sliced(base);
        self.visit_expression(base);
        self.visit_expression(index);
    }
}
