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
    /// Assembly that is refused with this code, if a few lines show it. `map[0]` is an ARRAY of four 8-byte values,
    /// `map[1]` an LRU_HASH, `map[2]` an ARRAY of 16 MiB, `map[3]` read-only data, `map[4]` an ARRAY with 8-byte keys,
    /// `map[5]` a HASH of four 8-byte values with 4-byte keys.
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
    ILLEGAL_INSN "X0101" "illegal instruction" explanation
        "The slot is no instruction of RFC 9669, or one with fields set that must be zero. Legacy packet access (`BPF_ABS`, `BPF_IND`), which XDP programs cannot use either, and calls of kernel functions belong here too."
        example None,
        help Some("build the program with clang for the bpf target");
    FALLS_OFF "X0102" "control leaves the program" explanation
        "A jump goes to a place that is no instruction, or the last instruction is neither a jump nor an exit."
        example Some("r0 = 1"),
        help None;
    LOOP "X0103" "loop without a provable end" explanation
        "The stages are a straight line, so loops are unrolled, until what is known of the values shows that no path comes back. An iteration that begins with no more known than the one before proves nothing, and the next would not either. The kernel's verifier refuses such loops as well."
        example Some("r2 = *(u32 *)(r1 + 12)\nr0 = 0\nagain:\nr0 ^= r2\nif r0 != 9 goto again\nexit"),
        help Some("count the iterations and compare the counter with a constant");
    UNREACHABLE "X0104" "unreachable instruction" explanation
        "No path leads to the instruction. The kernel's verifier refuses such programs as well."
        example Some("r0 = 1\nexit\nr0 = 2\nexit"),
        help None;
    SUBPROGRAM "X0105" "recursion, or calls nested too deep" explanation
        "Functions are inlined where they are called, so none can call itself, directly or through others. As in the kernel, 8 can be active at a time."
        example Some("r0 = 0\ncall pc+1\nexit\ncall pc-1\nexit"),
        help None;
    HELPER "X0106" "helper not supported" explanation
        "The stages have no units for this helper. There are `bpf_map_lookup_elem`, `bpf_map_update_elem`, `bpf_map_delete_elem`, `bpf_redirect`, `bpf_redirect_map`, `bpf_ktime_get_ns`, `bpf_get_prandom_u32`, `bpf_get_smp_processor_id`, `bpf_xdp_adjust_head`, `bpf_xdp_load_bytes` and `bpf_xdp_store_bytes`."
        example Some("call 6\nexit"),
        help Some("do without the helper, or leave the program to the kernel");
    TOO_LONG "X0107" "program too long once unrolled" explanation
        "Loops are unrolled and functions inlined. That ends, as far as can be told, but only after more instructions than any target could take."
        example Some("r0 = 0\nagain:\nr0 += 1\nif r0 < 100000 goto again\nexit"),
        help Some("make the loops shorter, or the bound of their counters tighter");
    UNINITIALISED "X0201" "uninitialised register" explanation
        "A register is read that no instruction on some path to it has written. A helper call also leaves R1 to R5 without a value."
        example Some("r0 = r3\nexit"),
        help None;
    RETURN "X0202" "return value is no number" explanation
        "R0 holds a pointer when the program returns. A verdict is a number."
        example Some("r0 = r1\nexit"),
        help None;
    POINTER_LEAK "X0203" "pointer used as data" explanation
        "A pointer is stored somewhere else than as a whole into an aligned 8-byte slot of the stack, or a part of one is read. Addresses in the stages are not those of the kernel, so what is computed from their bytes would differ."
        example Some("r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 8\nr0 = 1\nif r4 > r3 goto out\n*(u64 *)(r2 + 0) = r1\nout:\nexit"),
        help None;
    POINTER_ARITHMETIC "X0204" "arithmetic on a pointer" explanation
        "Only numbers can be added to and subtracted from pointers, with 64 bits, and two pointers into the packet can be subtracted from each other."
        example Some("r1 *= 2\nr0 = 1\nexit"),
        help None;
    NOT_A_POINTER "X0205" "access through something that is no pointer" explanation
        "The address of a load, store or key is a number, a map or the end of the packet."
        example Some("r2 = 4096\nr0 = *(u32 *)(r2 + 0)\nexit"),
        help None;
    POINTER_COMPARISON "X0206" "comparison of unrelated pointers" explanation
        "Pointers into the packet compare with each other and with its end; any pointer compares with null for equality. Nothing else about addresses is the same here and in the kernel."
        example Some("r0 = 1\nif r1 > 100 goto out\nr0 = 2\nout:\nexit"),
        help None;
    UNBOUNDED "X0207" "pointer moved without bounds" explanation
        "A number is added to a pointer of which not even the magnitude is known. The kernel refuses this too: the address could wrap around."
        example Some("r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 8\nr0 = 1\nif r4 > r3 goto out\nr5 = *(u64 *)(r2 + 0)\nr2 += r5\nout:\nexit"),
        help Some("compare the number with a bound, or mask it, before adding it");
    MIXED "X0208" "value of several kinds" explanation
        "What is read is a pointer on one path and a number, or another kind of pointer, on the other. In registers up to eight kinds may meet: what follows is run for each of them apart. On the stack they may not, but for entries of one map and null."
        example Some("r3 = *(u32 *)(r1 + 12)\n*(u64 *)(r10 - 8) = r1\nif r3 == 1 goto out\n*(u64 *)(r10 - 8) = r10\nout:\nr2 = *(u64 *)(r10 - 8)\nr0 = *(u32 *)(r2 + 0)\nexit"),
        help None;
    DIVISION "X0209" "division by the constant zero" explanation
        "The kernel refuses an instruction that divides by the constant 0. (A register that happens to be 0 gives 0, or the dividend for a modulo.)"
        example Some("r0 = 8\nr0 /= 0\nexit"),
        help None;
    ARGUMENT "X0210" "wrong argument of a helper" explanation
        "The first argument of the map helpers must be a map, that of `bpf_redirect_map` a DEVMAP, and no packet may be sent to all of its devices. That of `bpf_xdp_adjust_head` is the context. `bpf_xdp_load_bytes` and `bpf_xdp_store_bytes` take the context, an offset of at most 65,535, a buffer at a constant place on the stack and a constant length."
        example Some("r2 = r10\ncall 1\nr0 = 1\nexit"),
        help None;
    PACKET_BOUNDS "X0301" "packet access behind the end" explanation
        "The program has to show, by a comparison with `data_end` that dominates the access, that the bytes are there. For a variable offset the comparison must be on the very pointer that is accessed, as the kernel's verifier wants it."
        example Some("r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 0)\nexit"),
        help Some("compare the pointer plus the size of the access with data_end first");
    BEFORE_PACKET "X0302" "packet access before the start" explanation
        "The access begins before `data`, or at a variable offset that can be negative."
        example Some("r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 - 1)\nexit"),
        help None;
    WINDOW "X0303" "packet store beyond the window" explanation
        "The stages change the first bytes of a packet, the window of the target. Loads reach all of it."
        example Some("r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 1000\nr0 = 1\nif r4 > r3 goto out\n*(u8 *)(r2 + 999) = 0\nout:\nexit"),
        help Some("bound the offset more tightly, or choose a target with a larger window");
    STACK_BOUNDS "X0304" "access outside the stack" explanation
        "The stack has the 512 bytes below R10."
        example Some("*(u64 *)(r10 - 520) = 0\nr0 = 1\nexit"),
        help None;
    STACK_UNINITIALISED "X0305" "uninitialised stack" explanation
        "Bytes of the stack are read, or used as a key, that no instruction on some path has written."
        example Some("r0 = *(u64 *)(r10 - 8)\nexit"),
        help Some("initialise the variable, padding included");
    STACK_VARIABLE "X0306" "stack offset too variable" explanation
        "The stack's bytes become values of the pipeline. An access at a variable offset is a choice among the values at all places that it can meet, or a load from the packet where all of them are an unchanged copy of it; 16 places are the limit of a choice."
        example Some("r2 = *(u32 *)(r1 + 12)\nr2 &= 31\nr3 = r10\nr3 += -32\nr3 += r2\n*(u8 *)(r3 + 0) = 1\nr0 = 1\nexit"),
        help Some("index a map or the packet instead of an array on the stack, or bound the index more tightly");
    CONTEXT "X0307" "context field not available" explanation
        "Of `xdp_md` there are `data`, `data_end`, `ingress_ifindex` and `rx_queue_index`, to be read."
        example Some("r0 = *(u32 *)(r1 + 20)\nexit"),
        help None;
    ATOMIC "X0308" "atomic operation not available" explanation
        "Atomic operations work on map values and on the stack, as in the kernel."
        example Some("r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 8\nr0 = 1\nif r4 > r3 goto out\nlock *(u64 *)(r2 + 0) += r0\nout:\nexit"),
        help None;
    STACK_ALIGNMENT "X0309" "unaligned stack access" explanation
        "Loads, stores and atomic operations reach the stack at multiples of their size, as the kernel's verifier demands on every machine."
        example Some("*(u64 *)(r10 - 12) = 0\nr0 = 1\nexit"),
        help None;
    DEEP_AFTER_STORE "X0310" "load of bytes that may have been changed" explanation
        "A load that can lie behind the window reads the packet as it was received. If the program has stored where such a load can reach, the load might miss that."
        example Some("r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 1000\nr0 = 1\nif r4 > r3 goto out\nr5 = *(u16 *)(r2 + 0)\nr5 &= 511\n*(u8 *)(r2 + 100) = 0\nr2 += r5\nr0 = *(u8 *)(r2 + 20)\nout:\nexit"),
        help Some("load first and store afterwards, or bound the offset to the window");
    HEADROOM "X0311" "head beyond the headroom" explanation
        "`bpf_xdp_adjust_head` lets a packet grow into the headroom of the target, that of all calls together. Growth by more is refused, also where only some packets could come so far: the kernel, with a headroom of 216 bytes, would succeed. (What fails in the kernel fails here: growth by more than that, and a packet of which less than an Ethernet header would be left.) A target without headroom moves no heads."
        example Some("r2 = -100\ncall 44\nr0 = 2\nexit"),
        help Some("bound the distance, or choose a target with more headroom");
    MAP_TYPE "X0401" "map type not supported" explanation
        "Table units hold ARRAY and PERCPU_ARRAY maps (the device is the one CPU), key units the keys of HASH and PERCPU_HASH maps."
        example Some("*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[1]\ncall 1\nr0 = 1\nexit"),
        help Some("use an array if the keys are small numbers");
    NULL_CHECK "X0402" "missing null check" explanation
        "The result of a lookup is null where a hash map has no such key, or the key is beyond the end of an array; it has to be compared with null before it is used, unless the key is known to be within the array."
        example Some("r3 = *(u32 *)(r1 + 12)\n*(u32 *)(r10 - 4) = r3\nr2 = r10\nr2 += -4\nr1 = map[0]\ncall 1\nr0 = *(u64 *)(r0 + 0)\nexit"),
        help Some("compare the result of the lookup with 0");
    VALUE_BOUNDS "X0403" "access outside a map value" explanation
        "The access reaches before or behind the value of the entry."
        example Some("*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[0]\ncall 1\nif r0 == 0 goto out\nr0 = *(u64 *)(r0 + 8)\nout:\nr0 = 1\nexit"),
        help None;
    VALUE_ALIGNMENT "X0404" "unaligned access to a map value" explanation
        "Table units access values at multiples of the access's size."
        example Some("*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[0]\ncall 1\nif r0 == 0 goto out\nr0 = *(u32 *)(r0 + 2)\nout:\nr0 = 1\nexit"),
        help Some("do not pack the structure, or order its members by size");
    MAP_DEFINITION "X0405" "impossible map definition" explanation
        "An array has keys of 4 bytes, a hash map of 1 to 16; a map has at least one entry and at least one byte in it, and no flags that change how programs use it."
        example Some("*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[4]\ncall 1\nr0 = 1\nexit"),
        help None;
    STATIC_DATA "X0406" "misuse of static data" explanation
        "Variables of `.rodata` are constants; `.data` and `.bss` are arrays of one entry that the program reads and writes. A store into read-only data, a lookup in static data and the address of a value of an ordinary map are refused."
        example Some("r1 = map[3][0]+0\n*(u32 *)(r1 + 0) = 1\nr0 = 1\nexit"),
        help None;
    STALE_VALUE "X0407" "value of an entry that may be gone" explanation
        "The pointer comes from a lookup that the program made before it deleted a key of the same map, or updated a key of the same HASH. In the kernel it then leads to memory that is no entry any more, and may become another. (An update of a PERCPU_HASH or of an array changes the entry in place; the pointer stays good.)"
        example Some("*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[5]\ncall 1\nr6 = r0\nif r6 == 0 goto out\nr2 = r10\nr2 += -4\nr1 = map[5]\ncall 3\nr0 = *(u64 *)(r6 + 0)\nout:\nr0 = 1\nexit"),
        help Some("use the value before the map is changed, or look the key up again");
    TABLE_MEMORY "X0501" "maps do not fit" explanation
        "All maps together need more table memory, or more places, than the table units of the target have, or their keys more buckets than its key units. A map lies in one unit, and so do its keys."
        example Some("r1 = map[2]\nr0 = 1\nexit"),
        help Some("make the maps smaller, or choose a target with larger table units");
    PASSES "X0502" "too many passes" explanation
        "The program needs more stages than all passes of the target together have."
        example Some("r2 = *(u32 *)(r1 + 12)\nr0 = *(u32 *)(r1 + 16)\nr3 = 0\nagain:\nr0 ^= r2\nr0 <<= 1\nr0 += r2\nr3 += 1\nif r3 < 600 goto again\nexit"),
        help Some("choose a target with more stages or passes; divisions by variables are the most expensive instructions");
    REGISTERS "X0503" "too many live values" explanation
        "At one point more values are still needed than the registers and the stack area of the target hold."
        example Some("r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 64\nr0 = 1\nif r4 > r3 goto out\nr5 = 0\nfill:\nr6 = *(u8 *)(r2 + 0)\nr6 *= 3\nr7 = r10\nr7 -= r5\n*(u64 *)(r7 - 8) = r6\nr2 += 1\nr5 += 8\nif r5 < 320 goto fill\nr8 = 0\ntwice:\nr5 = 0\nsum:\nr7 = r10\nr7 -= r5\nr6 = *(u64 *)(r7 - 8)\nr0 *= 3\nr0 ^= r6\nr5 += 8\nif r5 < 320 goto sum\nr8 += 1\nif r8 < 2 goto twice\nout:\nexit"),
        help Some("compute values closer to where they are used");
    PREDICATES "X0504" "too many live conditions" explanation
        "At one point more conditions are still needed than the target has predicates."
        example None,
        help Some("split long switch statements, or look the decision up in a map");
    UNITS "X0505" "no such unit" explanation
        "The program needs a unit that no stage of the target has, for example a multiplier or a store."
        example None,
        help Some("choose another target");
    INTERNAL "X0901" "error in the compiler" explanation
        "The compiler found a mistake in what it made itself and refuses to hand it out. Please report it with the object."
        example None,
        help None;
}

/// Codes of what could not be shown, and might be if what is known on one path were not forgotten where it meets
/// another.
pub const FORGOTTEN: &[Code] =
    &[MIXED, UNINITIALISED, PACKET_BOUNDS, STACK_UNINITIALISED, NULL_CHECK, VALUE_BOUNDS, UNBOUNDED];

/// The entry of a code.
pub fn entry(code: Code) -> Option<&'static Entry> {
    CODES.iter().find(|entry| entry.code == code)
}

/// The entry of a code by its text, as in `weir explain X0301`.
pub fn find(code: &str) -> Option<&'static Entry> {
    CODES.iter().find(|entry| entry.code.0.eq_ignore_ascii_case(code))
}

impl Entry {
    /// The page about the code, in Markdown.
    pub fn page(&self) -> String {
        let mut page = String::from("<!-- SPDX-License-Identifier: Apache-2.0 OR MIT -->\n");
        page.push_str(&format!("# {}: {}\n\n{}\n", self.code.0, self.title, self.explanation));
        if let Some(example) = self.example {
            page.push_str("\n## Example\n\n```text\n");
            for line in example.lines() {
                page.push_str(line);
                page.push('\n');
            }
            page.push_str("```\n");
            if example.contains("map[") {
                page.push_str(
                    "\n`map[0]` is an ARRAY of four 8-byte values, `map[1]` an LRU_HASH, `map[2]` an ARRAY of 16 MiB, \
                     `map[3]` read-only data, `map[4]` an ARRAY with 8-byte keys, `map[5]` a HASH of four 8-byte values \
                     with 4-byte keys.\n",
                );
            }
        }
        if let Some(help) = self.help {
            page.push_str(&format!("\n## What helps\n\n{}{}.\n", help[..1].to_uppercase(), &help[1..]));
        }
        page
    }
}
