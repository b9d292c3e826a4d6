// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A file test's program, and its text at a level of the compiler.

use super::parse::{FileTest, Section};
use crate::corpus;
use std::path::Path;
use weir_bpf::op::Wide;
use weir_bpf::{MapRef, Object, Op, Program};
use weir_compiler::diag::render::{Shown, render};
use weir_compiler::{Diagnostic, Dump, compile_with};
use weir_pipeline::{Target, text};

/// The program, assembled or compiled by clang.
pub fn object(test: &FileTest, path: &Path, source: &str) -> Result<Object, String> {
    if path.extension().is_some_and(|extension| extension == "c") {
        return compiled(test, path);
    }
    let insns = weir_bpf::asm::assemble(source).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut relocations = Vec::new();
    let mut slot = 0;
    while slot < insns.len() {
        let op = Op::at(&insns, slot).map_err(|e| format!("{}: slot {slot}: {e}", path.display()))?;
        match op {
            Op::LoadWide { value: Wide::Map(map), .. } => {
                relocations.push(MapRef { insn: slot, map: map as usize, offset: None });
            }
            Op::LoadWide { value: Wide::MapValue(map, offset), .. } => {
                relocations.push(MapRef { insn: slot, map: map as usize, offset: Some(offset) });
            }
            _ => (),
        }
        slot += op.slots();
    }
    let program =
        Program { name: "test".into(), section: "xdp".into(), insns, relocations, ..Program::default() };
    Ok(Object { programs: vec![program], maps: test.maps.clone(), ..Object::default() })
}

/// Recorded paths are relative, so that refusals are the same everywhere.
fn compiled(test: &FileTest, path: &Path) -> Result<Object, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut command = corpus::clang_for(&test.cpu).map_err(|e| e.to_string())?;
    command.args(["-O2", "-Wall", "-Wextra", "-Werror", "-fdebug-compilation-dir=."]);
    command.arg("-I").arg(corpus::programs().join("include"));
    command.current_dir(folder).arg("-c").arg(&*name);
    let bytes = corpus::run_clang(&mut command, &name, &test.cpu).map_err(|e| e.to_string())?;
    Object::parse(&bytes).map_err(|e| format!("{name}: {e}"))
}

/// The program that is meant.
pub fn program<'a>(test: &FileTest, object: &'a Object) -> Result<&'a Program, String> {
    object.select(test.program.as_deref(), None).map_err(|e| e.to_string())
}

/// The target with the fields that the test changes.
pub fn target(test: &FileTest) -> Result<Target, String> {
    let mut target = Target::named(&test.target).map_err(|e| e.to_string())?;
    for (name, value) in &test.options {
        let field = match name.as_str() {
            "stages" => &mut target.stages,
            "passes" => &mut target.passes,
            "registers" => &mut target.registers,
            "predicates" => &mut target.predicates,
            "window_bytes" => &mut target.window_bytes,
            "stack_bytes" => &mut target.stack_bytes,
            "alus" => &mut target.units.alus,
            "compares" => &mut target.units.compares,
            "stores_every" => &mut target.units.stores.every,
            "multipliers_every" => &mut target.units.multipliers.every,
            "ports_before" => &mut target.units.ports.before,
            "deep_every" => &mut target.units.deep.every,
            "keys_every" => &mut target.units.keys.every,
            "table_words" => &mut target.units.tables.words,
            _ => return Err(format!("the target has no field `{name}` that can be changed")),
        };
        *field = *value;
    }
    Ok(target)
}

/// The text of the section's level.
pub fn show(test: &FileTest, section: &Section, object: &Object, file: &str) -> Result<String, String> {
    let (program, target) = (program(test, object)?, target(test)?);
    let mut shown = None;
    let outcome = compile_with(object, program, &target, |level, print| {
        if level.name() == section.level {
            shown = Some(print());
        }
    });
    let refusal = |diagnostics: Vec<Diagnostic>| {
        let shown: Vec<Shown> = diagnostics.into_iter().map(|d| Shown::new(d, program, file)).collect();
        render(&shown, false).trim_end().to_owned() + "\n"
    };
    match (section.level.as_str(), outcome) {
        ("diag", Err(diagnostics)) => Ok(refusal(diagnostics)),
        ("diag", Ok(_)) => Err("the program is accepted".into()),
        ("pipeline", Ok(compiled)) => Ok(text::print(&compiled.pipeline)),
        (level, outcome) => match (shown, outcome) {
            (Some(text), _) => Ok(text),
            (None, Err(diagnostics)) => Err(format!("refused:\n{}", refusal(diagnostics))),
            (None, Ok(_)) => Err(format!("the compiler has shown no {level}, only {:?}", Dump::ALL)),
        },
    }
}
