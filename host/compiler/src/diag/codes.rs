// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every reason for which a program is refused: code, title, explanation, example.

/// A code of [`CODES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code(pub &'static str);

/// What is known about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `X0101` and so on.
    pub code: Code,
    /// A few words.
    pub title: &'static str,
    /// What the rule is and why it is there.
    pub explanation: &'static str,
    /// BPF assembly that is refused with this code, if a few lines show it.
    pub example: Option<&'static str>,
    /// What helps, in one line.
    pub help: Option<&'static str>,
}

macro_rules! table {
    ($($name:ident $code:literal $title:literal explanation $explanation:literal example $example:expr, help $help:expr;)*) => {
        $(#[doc = $title] pub const $name: Code = Code($code);)*
        /// All codes, ascending.
        pub const CODES: &[Entry] = &[$(Entry {
            code: $name, title: $title, explanation: $explanation, example: $example, help: $help,
        }),*];
    };
}

table! {
    ILLEGAL_INSN "X0101" "illegal instruction" explanation "x" example None, help None;
    FALLS_OFF "X0102" "control leaves the program" explanation "x" example None, help None;
    LOOP "X0103" "loop" explanation "x" example None, help None;
    UNREACHABLE "X0104" "unreachable instruction" explanation "x" example None, help None;
    SUBPROGRAM "X0105" "call of a subprogram" explanation "x" example None, help None;
    HELPER "X0106" "helper not supported" explanation "x" example None, help None;
    UNINITIALISED "X0201" "uninitialised register" explanation "x" example None, help None;
    RETURN "X0202" "return value is no number" explanation "x" example None, help None;
    POINTER_LEAK "X0203" "pointer leaves the stack" explanation "x" example None, help None;
    POINTER_ARITHMETIC "X0204" "arithmetic on a pointer" explanation "x" example None, help None;
    NOT_A_POINTER "X0205" "access through something that is no pointer" explanation "x" example None, help None;
    POINTER_COMPARISON "X0206" "comparison of unrelated pointers" explanation "x" example None, help None;
    UNBOUNDED "X0207" "pointer moved without bounds" explanation "x" example None, help None;
    MIXED "X0208" "register of several kinds" explanation "x" example None, help None;
    DIVISION "X0209" "division by zero" explanation "x" example None, help None;
    ARGUMENT "X0210" "wrong argument of a helper" explanation "x" example None, help None;
    PACKET_BOUNDS "X0301" "packet access behind the end" explanation "x" example None, help None;
    BEFORE_PACKET "X0302" "packet access before the start" explanation "x" example None, help None;
    WINDOW "X0303" "packet access beyond the window" explanation "x" example None, help None;
    STACK_BOUNDS "X0304" "access outside the stack" explanation "x" example None, help None;
    STACK_UNINITIALISED "X0305" "uninitialised stack" explanation "x" example None, help None;
    STACK_VARIABLE "X0306" "variable stack offset" explanation "x" example None, help None;
    CONTEXT "X0307" "context field not available" explanation "x" example None, help None;
    ATOMIC "X0308" "atomic operation not available" explanation "x" example None, help None;
    MAP_TYPE "X0401" "map type not supported" explanation "x" example None, help None;
    NULL_CHECK "X0402" "missing null check" explanation "x" example None, help None;
    VALUE_BOUNDS "X0403" "access outside a map value" explanation "x" example None, help None;
    VALUE_ALIGNMENT "X0404" "unaligned access to a map value" explanation "x" example None, help None;
    MAP_DEFINITION "X0405" "impossible map definition" explanation "x" example None, help None;
    STATIC_DATA "X0406" "static data" explanation "x" example None, help None;
    TABLE_MEMORY "X0501" "maps do not fit" explanation "x" example None, help None;
    PASSES "X0502" "too many passes" explanation "x" example None, help None;
    REGISTERS "X0503" "too many live values" explanation "x" example None, help None;
    PREDICATES "X0504" "too many live conditions" explanation "x" example None, help None;
    UNITS "X0505" "no such unit" explanation "x" example None, help None;
    INTERNAL "X0901" "error in the compiler" explanation "x" example None, help None;
}

/// The entry of a code.
pub fn entry(code: Code) -> Option<&'static Entry> {
    CODES.iter().find(|entry| entry.code == code)
}

/// The entry of a code by its text, as in `weir explain X0301`.
pub fn find(code: &str) -> Option<&'static Entry> {
    CODES.iter().find(|entry| entry.code.0.eq_ignore_ascii_case(code))
}
