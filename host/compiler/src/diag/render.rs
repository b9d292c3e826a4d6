// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Diagnostics as rustc prints them. The source line comes from the object's BTF, so no source file is needed.

use super::{Diagnostic, Level as Gravity, SourceLine};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use weir_bpf::{Program, disasm};

/// A diagnostic and what is shown with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What is wrong.
    pub diagnostic: Diagnostic,
    /// Name of the object, shown where no source line is known.
    pub object: String,
    /// Text of the instruction, shown where the source line has none.
    pub disassembly: Option<String>,
}

impl Shown {
    /// A diagnostic about a program of an object.
    pub fn new(diagnostic: Diagnostic, program: &Program, object: impl Into<String>) -> Shown {
        let insn = diagnostic.insn.filter(|insn| *insn < program.insns.len());
        let disassembly = insn.map(|insn| disasm::insn(&program.insns, insn));
        Shown { diagnostic, object: object.into(), disassembly }
    }
}

/// The text of all diagnostics. What one expression of the source breaks with several instructions, such as the
/// rounds of an unrolled loop, is shown once.
pub fn render(diagnostics: &[Shown], color: bool) -> String {
    let mut out = String::new();
    let mut rest = diagnostics;
    while let [first, others @ ..] = rest {
        let same = |other: &&Shown| {
            let (a, b) = (&other.diagnostic, &first.diagnostic);
            a.code == b.code && a.source.is_some() && a.source == b.source
        };
        let more = others.iter().take_while(same).count();
        let (alike, others) = others.split_at(more);
        let mut shown = first.clone();
        let insns: Vec<String> =
            alike.iter().filter_map(|d| d.diagnostic.insn).map(|i| i.to_string()).collect();
        if !insns.is_empty() {
            let noun = if insns.len() == 1 { "instruction" } else { "instructions" };
            shown.diagnostic.notes.push(format!("the same holds for {noun} {}", insns.join(", ")));
        }
        out += &one(&shown, color);
        out.push('\n');
        rest = others;
    }
    out
}

/// The text of one diagnostic; the object is named where no source line is known.
fn one(shown: &Shown, color: bool) -> String {
    let (diagnostic, object) = (&shown.diagnostic, shown.object.as_str());
    let level = match diagnostic.level {
        Gravity::Error => Level::ERROR,
        Gravity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&*diagnostic.message).id(diagnostic.code));
    let here = |span| {
        let mark = AnnotationKind::Primary.span(span);
        match diagnostic.insn {
            Some(insn) => mark.label(format!("instruction {insn}")),
            None => mark,
        }
    };
    match (&diagnostic.source, &shown.disassembly) {
        // Some objects record lines without their text.
        (Some(source), Some(text)) if source.text.trim().is_empty() => {
            let snippet = Snippet::source(text.as_str())
                .line_numbering(false)
                .line_start(source.line as usize)
                .path(&*source.file)
                .annotation(here(0..text.len()));
            group = group.element(snippet);
        }
        (Some(source), _) => {
            let snippet = Snippet::source(source.text.as_str())
                .line_start(source.line as usize)
                .path(&*source.file)
                .annotation(here(span(source)));
            group = group.element(snippet);
        }
        (None, Some(text)) => {
            let snippet = Snippet::source(text.as_str())
                .line_numbering(false)
                .path(object)
                .annotation(here(0..text.len()));
            group = group.element(snippet);
        }
        (None, None) => group = group.element(Origin::path(object)),
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(&**note));
    }
    let mut report = vec![group];
    if let Some(help) = &diagnostic.help {
        report.push(Group::with_title(Level::HELP.secondary_title(&**help)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let text = renderer.decor_style(DecorStyle::Ascii).render(&report) + "\n";
    // An object has no lines: the instruction is the place.
    let placed = format!("{object}:1:1\n");
    if diagnostic.source.is_none() { text.replacen(&placed, &format!("{object}\n"), 1) } else { text }
}

/// From the recorded column to the end of what looks like the expression that begins there.
fn span(source: &SourceLine) -> std::ops::Range<usize> {
    let text = source.text.as_str();
    let trimmed = text.trim_end().len();
    let first = text.len() - text.trim_start().len();
    // Columns count bytes; one within a character, or beyond the line, cannot be marked.
    let start = (source.column as usize).saturating_sub(1);
    if source.column == 0 || start >= trimmed || !text.is_char_boundary(start) {
        return first.min(trimmed)..trimmed;
    }
    start..start + expression(&text[start..trimmed])
}

/// Bytes of the expression that `text`, which is not empty, begins with: a name with its members and arguments, a
/// dereference or cast with its operand, or an operator alone.
fn expression(text: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    // What stands before an operand: `*`, `&`, `!`, casts.
    loop {
        let rest = &text[at..];
        match rest.chars().next() {
            Some('*' | '&' | '!' | '~' | '-')
                if rest[1..].starts_with(|c| is_word(c) || c == '*' || c == '(') =>
            {
                at += 1;
            }
            Some('(') => at += group(rest),
            _ => break,
        }
    }
    let operand = at;
    while let Some(c) = text[at..].chars().next() {
        at += match c {
            c if is_word(c) => c.len_utf8(),
            '(' | '[' if at > operand => group(&text[at..]),
            '.' => 1,
            '-' if text[at..].starts_with("->") => 2,
            _ => break,
        };
    }
    let operator = || text.find(|c: char| is_word(c) || c.is_whitespace() || c == '(').unwrap_or(text.len());
    if at > 0 { at } else { operator().max(text.chars().next().map_or(0, char::len_utf8)) }
}

/// Bytes up to the bracket that closes the one `text` begins with, or all.
fn group(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => (),
        }
        if depth == 0 {
            return at + c.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic(source: Option<SourceLine>, disassembly: Option<String>) -> Shown {
        let diagnostic = Diagnostic {
            code: "X0203",
            level: Gravity::Error,
            message: "helper `bpf_ktime_get_ns` cannot run in the pipeline".into(),
            insn: Some(17),
            source,
            help: Some("keep this program on the host".into()),
            notes: vec!["the pipeline has no clock".into()],
        };
        Shown { diagnostic, object: "t.o".into(), disassembly }
    }

    fn at(insn: usize, line: u32) -> Shown {
        let source = SourceLine { file: "t.c".into(), line, column: 1, text: "sum += d[i];".into() };
        let mut shown = diagnostic(Some(source), None);
        shown.diagnostic.insn = Some(insn);
        shown
    }

    #[test]
    fn source_line_is_marked_at_its_column() {
        let source = SourceLine {
            file: "./t.c".into(),
            line: 13,
            column: 18,
            text: "    if (v) *v += bpf_ktime_get_ns() & 1;".into(),
        };
        let text = one(&diagnostic(Some(source), None), false);
        assert_eq!(
            text,
            "\
error[X0203]: helper `bpf_ktime_get_ns` cannot run in the pipeline
  --> ./t.c:13:18
   |
13 |     if (v) *v += bpf_ktime_get_ns() & 1;
   |                  ^^^^^^^^^^^^^^^^^^ instruction 17
   |
   = note: the pipeline has no clock
help: keep this program on the host
"
        );
    }

    #[test]
    fn without_source_the_object_and_the_instruction_are_shown() {
        let text = one(&diagnostic(None, Some("call 5".into())), false);
        assert!(text.contains("t.o") && text.contains("call 5") && text.contains("instruction 17"), "{text}");
        let text = one(&diagnostic(None, None), false);
        assert!(text.contains("t.o"), "{text}");
    }

    #[test]
    fn one_expression_is_shown_once() {
        let text = render(&[at(1, 6), at(2, 6), at(5, 6), at(7, 9)], false);
        assert_eq!(text.matches("error[X0203]").count(), 2, "{text}");
        assert!(text.contains("= note: the same holds for instructions 2, 5\n"), "{text}");
        // Without a source line every instruction stands for itself.
        let bare = diagnostic(None, Some("call 5".into()));
        assert_eq!(render(&[bare.clone(), bare], false).matches("error[X0203]").count(), 2);
    }

    #[test]
    fn a_line_without_text_shows_the_instruction() {
        let source = SourceLine { file: "./p.h".into(), line: 116, column: 1, text: String::new() };
        let text = one(&diagnostic(Some(source), Some("call 1".into())), false);
        assert!(text.contains("./p.h:116:1\n") && text.contains("call 1"), "{text}");
    }

    #[test]
    fn expressions_are_marked_whole() {
        for (text, marked) in [
            ("*(__u8 *)packet_start(ctx); }", "*(__u8 *)packet_start(ctx)"),
            ("rule->port != port || x", "rule->port"),
            ("!= port", "!="),
            ("foo(a(b), c) && bar(d)", "foo(a(b), c)"),
            ("values[index].count += 1", "values[index].count"),
            ("*packets += 1;", "*packets"),
            ("(void *)(ip + 1) > end", "(void *)(ip + 1)"),
            ("&& y", "&&"),
            ("}", "}"),
            ("- 1", "-"),
            ("foo(a", "foo(a"),
            ("é", "é"),
        ] {
            assert_eq!(&text[..expression(text)], marked, "{text}");
        }
    }

    #[test]
    fn odd_columns_do_not_panic() {
        for text in ["", "  ", "é = 1;", "x"] {
            for column in 0..12 {
                let source = SourceLine { file: "f".into(), line: 1, column, text: text.into() };
                one(&diagnostic(Some(source), None), false);
            }
        }
    }
}
