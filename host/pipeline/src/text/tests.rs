// SPDX-License-Identifier: Apache-2.0 OR MIT
//! parse(print(p)) == p and decode(encode(w)) == w over random pipelines, and errors with their lines.

use super::{parse, print};
use crate::pipeline::{Home, KeyPlace, MapKind, Origin, Part, Pipeline, Slot, Table};
use crate::words::{
    AluOp, AluWord, CmpOp, CmpWord, Guard, LateOp, LateWord, LsuWord, Operand, Size, Source, StageWord,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        (0u8..16).prop_map(Source::Register),
        Just(Source::Load),
        Just(Source::Zero),
        Just(Source::Alu0),
        Just(Source::Alu1)
    ]
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![source().prop_map(Operand::Source), any::<i32>().prop_map(Operand::Imm)]
}

fn guard() -> impl Strategy<Value = Guard> {
    prop_oneof![
        Just(Guard::Never),
        Just(Guard::Always),
        (1u8..16).prop_map(Guard::If),
        (1u8..16).prop_map(Guard::Unless)
    ]
}

fn size() -> impl Strategy<Value = Size> {
    select(Size::ALL)
}

fn alu() -> impl Strategy<Value = AluWord> {
    (select(AluOp::ALL), source(), operand(), any::<bool>(), 0u8..16, guard())
        .prop_map(|(op, a, b, is32, dst, guard)| AluWord { op, a, b, is32, dst, guard })
}

fn lsu() -> impl Strategy<Value = LsuWord> {
    let common = (source(), -2048i16..2048, size(), guard());
    (any::<bool>(), common, 0u8..16, source()).prop_map(|(load, (base, offset, size, guard), dst, data)| {
        if load {
            LsuWord::Load { base, offset, size, dst, guard }
        } else {
            LsuWord::Store { base, offset, size, data, guard }
        }
    })
}

fn cmp() -> impl Strategy<Value = CmpWord> {
    let predicate = || 0u8..16;
    let values = (select(CmpOp::ALL), source(), operand(), any::<bool>());
    let inputs = (predicate(), predicate());
    (values, inputs, (predicate(), any::<u8>()), (predicate(), any::<u8>())).prop_map(
        |((op, a, b, is32), (p1, p2), (dst0, table0), (dst1, table1))| CmpWord {
            op,
            a,
            b,
            is32,
            p1,
            p2,
            dst0,
            table0,
            dst1,
            table1,
        },
    )
}

fn late() -> impl Strategy<Value = LateWord> {
    let ops = select(&LateOp::ALL[1..]);
    ((ops, 0u8..8, source(), 0u32..1 << 20, size()), operand(), any::<bool>(), 0u8..16, guard()).prop_map(
        |((op, map, a, offset, size), b, is32, dst, guard)| {
            let unused = Operand::Source(Source::Register(0));
            let memory = op.is_table() || op == LateOp::Deep;
            // What an operation does not use is zero, as in the words the compiler makes.
            LateWord {
                op,
                map: if op.is_table() || op.is_key() { map } else { 0 },
                a,
                offset: if memory { offset } else { 0 },
                size: if memory { size } else { Size::B1 },
                b: if matches!(op, LateOp::Read | LateOp::Deep) { unused } else { b },
                is32: is32 && op == LateOp::Mul,
                dst: if op.has_result() { dst } else { 0 },
                guard,
            }
        },
    )
}

fn word() -> impl Strategy<Value = StageWord> {
    (
        [option::of(alu()), option::of(alu())],
        option::of(lsu()),
        [option::of(cmp()), option::of(cmp())],
        option::of(late()),
    )
        .prop_map(|(alu, lsu, cmp, late)| StageWord { alu, lsu, cmp, late })
}

fn table() -> impl Strategy<Value = Table> {
    let kind = select(MapKind::ALL);
    let keys = (any::<[u32; 3]>(), any::<u8>()).prop_map(|([unit, base, buckets], id)| KeyPlace {
        unit,
        id,
        base,
        buckets,
    });
    let part = (any::<[u32; 4]>(), any::<u8>()).prop_map(|([first, end, unit, base], id)| Part {
        first,
        end,
        home: Home { unit, id, base },
    });
    let places = (option::of(keys), prop::collection::vec(part, 0..3));
    (".*", kind, any::<[u32; 6]>(), any::<u8>(), places).prop_map(
        |(name, kind, numbers, id, (keys, parts))| {
            let [key_size, value_size, max_entries, unit, base, places] = numbers;
            Table { name, kind, key_size, value_size, max_entries, unit, id, base, places, keys, parts }
        },
    )
}

fn pipeline() -> impl Strategy<Value = Pipeline> {
    let words = prop::collection::vec(prop::collection::vec(word(), 4), 0..3);
    let gap_and_head = (any::<u32>(), any::<bool>());
    (".*", gap_and_head, prop::collection::vec(table(), 0..3), words, any::<[u32; 2]>()).prop_map(
        |(name, (gap, moves_head), tables, words, insns)| {
            let mut origins = Vec::new();
            for (pass, stages) in (0..).zip(&words) {
                for (stage, word) in (0..).zip(stages) {
                    for (unit, ..) in super::units(word) {
                        origins.push(Origin { slot: Slot { pass, stage }, unit, insns: insns.to_vec() });
                    }
                }
            }
            let (target, tag) = ("sim".into(), "0123456789abcdef".into());
            Pipeline { name, target, tag, gap, moves_head, tables, words, origins }
        },
    )
}

proptest! {
    #[test]
    fn parse_reads_what_print_wrote(p in pipeline()) {
        let text = print(&p);
        prop_assert_eq!(parse(&text, 4).map_err(|e| format!("{e}\n{text}")), Ok(p));
    }

    #[test]
    fn words_survive_their_bits(w in word()) {
        let read = StageWord::decode(&w.encode());
        // A unit whose bits are all zero is an absent unit.
        prop_assert_eq!(read.map(|r| r.encode()), Some(w.encode()));
        prop_assert_eq!(read.map(|r| r.late), Some(w.late));
    }

    #[test]
    fn parse_never_panics(text in ".*", line in 0usize..40, cut in any::<prop::sample::Index>()) {
        let _ = parse(&text, 4);
        let good = include_str!("../../tests/example.pipe");
        let mut lines: Vec<&str> = good.lines().collect();
        let at = line % lines.len();
        let keep = cut.index(lines[at].len() + 1);
        lines[at] = &lines[at][..keep];
        let _ = parse(&lines.join("\n"), 16);
        lines[at] = &text;
        let _ = parse(&lines.join("\n"), 16);
    }
}

#[test]
fn example_is_a_pipeline_of_its_target() {
    let pipeline = parse(include_str!("../../tests/example.pipe"), 16).expect("the example parses");
    let target = crate::Target::named("sim").expect("sim is built in");
    assert_eq!(pipeline.validate(&target), Ok(()));
    assert_eq!(parse(&print(&pipeline), 16), Ok(pipeline));
}

#[test]
fn errors_name_line_and_expectation() {
    let good = include_str!("../../tests/example.pipe");
    for (from, to, message) in [
        ("gap 1", "gap x", "line 8: expected a number, found `x`"),
        ("stage 0\n", "stage 16\n", "line 11: expected a pass and stage that exist, found `16`"),
        ("= swap16", "= swop16", "line 13: expected an ALU operation, found `swop16`"),
        ("\nend\n", "\n", "line 19: expected another line, or `end`, found `the end of the text`"),
    ] {
        assert!(good.contains(from), "{from}");
        let error = parse(&good.replacen(from, to, 1), 16).expect_err(to);
        assert_eq!(error.to_string(), message);
    }
}
