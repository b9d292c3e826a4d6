// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Each gate refuses a block made bad on purpose, and lets its repaired twin through.

use super::*;
use crate::primitives::{Pack, Shift64};

fn gates<B: Block + Default + 'static>() -> Vec<Gate> {
    match emit_block("Test block", B::default) {
        Ok(_) => Vec::new(),
        Err(EmitError::Gates(violations)) => violations.into_iter().map(|v| v.gate).collect(),
        Err(other) => panic!("{other}"),
    }
}

/// Declares a block with inputs `a`, `b` of 8 bits, a 4-bit output, a wide output and some locals.
macro_rules! block {
    ($name:ident, $($update:tt)*) => {
        #[derive(LogicBlock, Default)]
        struct $name {
            pub a: Signal<In, Bits<8>>,
            pub b: Signal<In, Bits<8>>,
            pub y: Signal<Out, Bits<8>>,
            pub flag: Signal<Out, Bit>,
            sum: Signal<Local, Bits<8>>,
        }
        impl Logic for $name {
            $($update)*
        }
    };
}

block!(
    CastOfSum,
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.a.val() + self.b.val();
        self.y.next = bit_cast::<8, 4>(bit_cast::<4, 8>(self.a.val() + self.b.val()));
        self.flag.next = self.sum.val().get_bit(0);
    }
);

block!(
    CastOfNot,
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.a.val();
        self.y.next = bit_cast::<8, 8>(!self.sum.val());
        self.flag.next = false;
    }
);

block!(
    CastOfLocal,
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.a.val() + self.b.val();
        self.y.next = bit_cast::<8, 8>(self.sum.val());
        self.flag.next = self.sum.val() == self.b.val();
    }
);

#[test]
fn cast_of_an_expression_is_refused() {
    assert!(gates::<CastOfSum>().contains(&Gate::Cast));
    assert!(gates::<CastOfNot>().contains(&Gate::Cast));
    assert_eq!(gates::<CastOfLocal>(), []);
}

block!(
    SumAgainstLiteral,
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.a.val();
        self.y.next = self.sum.val();
        self.flag.next = self.a.val() + 1 == self.b.val();
    }
);

block!(
    NotAgainstLiteral,
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.a.val();
        self.y.next = self.sum.val();
        self.flag.next = (!self.a.val()) == 0;
    }
);

block!(
    ShiftedSum,
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.a.val();
        self.y.next = (self.sum.val() + 1) >> 1;
        self.flag.next = false;
    }
);

block!(
    SumThroughLocal,
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.a.val() + 1;
        self.y.next = self.sum.val() >> 1;
        self.flag.next = (self.sum.val() == self.b.val()) & (self.a.val() - self.b.val() == self.sum.val());
    }
);

#[test]
fn width_that_shows_is_refused() {
    assert_eq!(gates::<SumAgainstLiteral>(), [Gate::Width]);
    assert_eq!(gates::<NotAgainstLiteral>(), [Gate::Width]);
    assert_eq!(gates::<ShiftedSum>(), [Gate::Width]);
    assert_eq!(gates::<SumThroughLocal>(), []);
}

block!(
    MaskedCompare,
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.a.val();
        self.y.next = self.sum.val();
        self.flag.next = self.a.val() & self.b.val() == self.sum.val();
    }
);

#[test]
fn other_grouping_is_refused() {
    assert_eq!(gates::<MaskedCompare>(), [Gate::Precedence]);
}

block!(
    HalfAssigned,
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.a.val();
        self.flag.next = false;
        if self.sum.val() == self.b.val() {
            self.y.next = self.a.val();
        }
    }
);

block!(
    BothAssigned,
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.a.val();
        self.flag.next = false;
        if self.sum.val() == self.b.val() {
            self.y.next = self.a.val();
        } else if self.a.val() == 3 {
            self.y.next = self.b.val();
        } else {
            self.y.next = self.sum.val();
        }
    }
);

#[derive(Copy, Clone, Debug, PartialEq, LogicState)]
enum Colour {
    Red,
    Green,
    Blue,
}

#[derive(LogicBlock, Default)]
struct ThreeOfFour {
    pub colour: Signal<In, Colour>,
    pub after: Signal<Out, Colour>,
}

impl Logic for ThreeOfFour {
    #[hdl_gen]
    fn update(&mut self) {
        match self.colour.val() {
            Colour::Red => self.after.next = Colour::Green,
            Colour::Green => self.after.next = Colour::Blue,
            Colour::Blue => self.after.next = Colour::Red,
        }
    }
}

#[derive(Copy, Clone, Debug, Default, PartialEq, LogicStruct)]
struct Pair {
    low: Bits<4>,
    high: Bits<4>,
}

#[derive(LogicBlock, Default)]
struct HalfStruct {
    pub a: Signal<In, Bits<4>>,
    pub y: Signal<Out, Pair>,
}

impl Logic for HalfStruct {
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next.low = self.a.val();
    }
}

#[derive(LogicBlock, Default)]
struct WholeStruct {
    pub a: Signal<In, Bits<4>>,
    pub y: Signal<Out, Pair>,
}

impl Logic for WholeStruct {
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next.low = self.a.val();
        self.y.next.high = self.a.val();
    }
}

#[test]
fn latch_is_refused() {
    assert_eq!(gates::<HalfAssigned>(), [Gate::Latch]);
    assert_eq!(gates::<BothAssigned>(), []);
    assert_eq!(gates::<ThreeOfFour>(), [Gate::Latch]);
    assert_eq!(gates::<HalfStruct>(), [Gate::Latch]);
    assert_eq!(gates::<WholeStruct>(), []);
}

#[derive(LogicBlock, Default)]
struct Nested {
    pub a: Signal<In, Bits<8>>,
    pub y: Signal<Out, Bits<16>>,
    packs: [Pack<2, 8, 16>; 2],
}

impl Logic for Nested {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..2 {
            for j in 0..2 {
                self.packs[i].i[j].next = self.a.val();
            }
        }
        self.y.next = self.packs[0].o.val();
    }
}

#[derive(LogicBlock, Default)]
struct Twins {
    pub a: Signal<In, Bits<64>>,
    pub n: Signal<In, Bits<6>>,
    pub y: Signal<Out, Bits<64>>,
    shifters: [Shift64; 2],
}

impl Logic for Twins {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..2 {
            self.shifters[i].a.next = self.a.val();
            self.shifters[i].n.next = self.n.val();
            self.shifters[i].left.next = false;
            self.shifters[i].fill.next = false;
        }
        self.y.next = self.shifters[0].o.val() ^ self.shifters[1].o.val();
    }
}

#[test]
fn nested_index_is_refused() {
    assert_eq!(gates::<Nested>(), [Gate::NestedIndex]);
}

#[test]
fn emission_is_deterministic_and_merges_equal_instances() {
    let emit = || emit_block("Test block", Twins::default).unwrap();
    let design = emit();
    assert_eq!(design, emit());
    assert_eq!(design.modules, ["top", "top$shifters$0"]);
    assert_eq!(design.verilog.matches("top$shifters$0 shifters$").count(), 2);
}

#[test]
fn every_primitive_passes_the_gates() {
    let design = emit_block("Primitives", crate::primitives::bench::PrimitiveBench::default).unwrap();
    assert!(design.modules.iter().any(|name| name == "top$sync_ram"));
}

/// The digest is what `sha256sum` says of the text.
#[test]
fn a_pipeline_bears_the_hash_of_its_text() {
    let design =
        |verilog: &str| Design { top: "top".into(), verilog: verilog.into(), modules: vec![], build: 0 };
    let stamped = design("x = 32'hb01d0b01;\n").stamp().unwrap();
    assert_eq!(stamped.build, 0x1651_db49);
    assert_eq!(stamped.verilog, "x = 32'h1651db49;\n");
    for text in ["x = 32'hb01d0b02;\n", "x = 32'hb01d0b01 + 32'hb01d0b01;\n"] {
        assert!(matches!(design(text).stamp(), Err(EmitError::Text(_))), "{text}");
    }
}
