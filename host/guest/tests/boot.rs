// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A guest without any device of ours: does the tree build, the kernel boot, and the script come to its end?

use weir_guest::initramfs::Contents;
use weir_guest::{GuestError, Machine, Tree};

const SCRIPT: &str = r#"
fact boot "$boot"
fact kernel "$(uname -r)"
fact memory "$(awk '/MemTotal/ { print $2 }' /proc/meminfo)"
check modules grep -q '^virtio_net ' /proc/modules
check program ethtool --version
check fails sh -c 'echo because; exit 1'
if [ "$boot" = 1 ]; then reboot -f; fi
"#;

#[test]
fn a_guest_boots_twice_and_reports() {
    let tree = match Tree::get() {
        Ok(tree) => tree,
        Err(GuestError::Unavailable(reason)) => {
            return println!("WEIR-SKIP a_guest_boots_twice_and_reports: {reason}");
        }
        Err(error) => panic!("{error}"),
    };
    let mut machine = Machine::new(&tree, "boot").unwrap();
    let contents = Contents { modules: &["virtio_net"], programs: &["/usr/sbin/ethtool"], script: SCRIPT };
    let report = machine.boots(2).run(&contents).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.boots, 2, "{:#?}", report.console);
    assert_eq!(report.fact("boot"), Some("2"));
    assert_eq!(report.fact("kernel"), Some(&*tree.kernel().unwrap()));
    let memory: u32 = report.fact("memory").unwrap().parse().unwrap();
    assert!((300_000..524_288).contains(&memory), "{memory} KiB of 512 MiB");
    let names: Vec<&str> = report.checks.iter().map(|check| &*check.name).collect();
    assert_eq!(names, ["modules", "program", "fails"].repeat(2));
    let failures: Vec<(&str, &str)> = report.failures().collect();
    assert_eq!(failures, [("fails", "because\n"); 2]);
    println!(
        "init after {:.1} s, two boots in {:.1} s",
        report.boot.as_secs_f64(),
        report.whole.as_secs_f64()
    );
}

#[test]
fn a_guest_that_ends_early_is_an_error() {
    let Ok(tree) = Tree::get() else {
        return println!("WEIR-SKIP a_guest_that_ends_early_is_an_error: no guest here");
    };
    let machine = Machine::new(&tree, "early").unwrap();
    let script = "echo the last words; poweroff -f";
    let error = machine.run(&Contents { script, ..Contents::default() }).unwrap_err().to_string();
    assert!(error.contains("ended before its script") && error.contains("the last words"), "{error}");
}
