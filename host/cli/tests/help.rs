// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What `weir` says about itself.

mod support;

use support::Folder;

const COMMANDS: &[&[&str]] = &[
    &[],
    &["prog", "check"],
    &["prog", "dump"],
    &["prog", "run"],
    &["prog", "bench"],
    &["explain"],
    &["completions"],
    &["man"],
];

#[test]
fn long_help_has_two_to_four_examples_that_start_with_the_command() {
    let folder = Folder::new();
    for command in COMMANDS {
        let outcome = folder.weir(&[*command, &["--help"]].concat());
        assert_eq!(outcome.code, 0);
        let examples = outcome.stdout.split("Examples:\n").nth(1).expect("examples");
        let start = format!("  weir {}", command.join(" "));
        let count =
            examples.lines().take_while(|l| l.starts_with("  ")).filter(|l| l.starts_with(&start)).count();
        assert!((2..=4).contains(&count), "{command:?}: {count} examples\n{examples}");
    }
}

#[test]
fn short_help_fits_a_screen() {
    let folder = Folder::new();
    for command in COMMANDS {
        let outcome = folder.weir(&[*command, &["-h"]].concat());
        assert_eq!(outcome.code, 0);
        assert!(outcome.stdout.lines().count() <= 40, "{command:?}");
        assert!(!outcome.stdout.contains("Examples:"), "{command:?}");
    }
}

#[test]
fn usage_errors_are_two_and_on_standard_error() {
    let folder = Folder::new();
    for arguments in
        [&["prog", "chekc"][..], &["prog", "run", "x.o"], &["prog", "check"], &["--no-such-flag"], &[]]
    {
        let outcome = folder.weir(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}");
        assert!(outcome.stdout.is_empty() && !outcome.stderr.is_empty(), "{arguments:?}");
    }
    assert!(folder.weir(&["prog", "chekc"]).stderr.contains("check"));
    let json = folder.json(2, &["-j", "prog", "run", "x.o"]);
    assert_eq!(json["error"]["code"], 2);
    assert!(json["error"]["message"].as_str().is_some_and(|m| m.contains("--packets")), "{json}");
}

#[test]
fn completions_and_man_pages_name_the_commands() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let outcome = folder.weir(&["completions", shell]);
        assert_eq!(outcome.code, 0);
        assert!(outcome.stdout.contains("maps-out"), "{shell}");
    }
    let outcome = folder.weir(&["man", "."]);
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (0, folder.names().len()));
    let page = std::fs::read_to_string(folder.path("weir-prog-run.1")).expect("a page");
    assert!(page.contains("maps\\-out") && page.contains("Examples"), "{page}");
    let outcome = folder.weir(&["man", "nowhere"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, "error: `nowhere`: not a directory\n"));
}

#[test]
fn the_reference_page_has_every_command_and_option() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let page = std::fs::read_to_string(page).expect("docs/reference/cli.md");
    let folder = Folder::new();
    for command in COMMANDS {
        let name = format!("`weir {} ", command.join(" "));
        assert!(command.is_empty() || page.contains(&name), "{name}");
        let help = folder.weir(&[*command, &["-h"]].concat()).stdout;
        for option in help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2) {
            let option = option.trim_end_matches([',', '.']);
            let known = ["--help", "--version"].contains(&option) || page.contains(&format!("`{option}"));
            assert!(known, "{command:?}: {option} is not in the page");
        }
    }
}
