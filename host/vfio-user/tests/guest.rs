// SPDX-License-Identifier: Apache-2.0 OR MIT
//! QEMU and a stock Linux as clients: the guest finds the functions, reads their configuration space, and makes them
//! copy its memory.

mod support;

use support::{Registers, Serving};
use weir_guest::initramfs::Contents;
use weir_guest::{GuestError, Machine, Tree};

/// Registers of BAR 0 that copy: see `support`.
const SCRIPT: &str = r#"
for device in 0000:00:03.0 0000:00:04.0; do
    path=/sys/bus/pci/devices/$device
    fact "$device" "$(cat $path/vendor $path/device $path/class $path/revision $path/subsystem_vendor | tr '\n' ' ')"
    set -- $(head -n 1 $path/resource)
    fact "$device-bar" $(($2 - $1 + 1))
done
path=/sys/bus/pci/devices/0000:00:04.0
set -- $(head -n 1 $path/resource)
bar=$1
at() { printf '0x%x' $(($bar + $1)); }
check enable sh -c "echo 1 > $path/enable"
check write devmem "$(at 0x10)" 32 0xcafe0001
fact read "$(devmem "$(at 0x10)" 32)"
# Below 64 KiB Linux keeps nothing.
devmem 0x9000 32 0x12345678
devmem "$(at 0x808)" 64 0x9000
devmem "$(at 0x810)" 64 0x9100
devmem "$(at 0x818)" 64 4
devmem "$(at 0x800)" 8 0
while [ "$(devmem "$(at 0x820)" 8)" = 0x00 ]; do :; done
fact status "$(devmem "$(at 0x820)" 8)"
fact copied "$(devmem 0x9100 32)"
if [ "$boot" = 1 ]; then reboot -f; fi
"#;

#[test]
fn linux_finds_the_functions_and_they_reach_its_memory() {
    let name = "linux_finds_the_functions_and_they_reach_its_memory";
    let tree = match Tree::get() {
        Ok(tree) => tree,
        Err(GuestError::Unavailable(reason)) => return println!("WEIR-SKIP {name}: {reason}"),
        Err(error) => panic!("{error}"),
    };
    let mut machine = Machine::new(&tree, "registers").unwrap();
    let serving = Serving::start(Registers::pci, tempfile::tempdir_in(machine.folder()).unwrap());
    for function in 0..2 {
        let socket = serving.socket(function);
        let socket = socket.strip_prefix(machine.folder()).unwrap().to_str().unwrap().to_owned();
        machine.device(&socket);
    }
    let contents = Contents { script: SCRIPT, ..Contents::default() };
    let report = machine.boots(2).run(&contents).unwrap_or_else(|error| panic!("{error}"));
    let failures: Vec<(&str, &str)> = report.failures().collect();
    assert_eq!(failures, []);
    for device in ["0000:00:03.0", "0000:00:04.0"] {
        assert_eq!(report.fact(device), Some("0x1234 0x5678 0xff0000 0x42 0xabcd"));
        assert_eq!(report.fact(&format!("{device}-bar")), Some("8192"));
    }
    assert_eq!(report.fact("read"), Some("0xCAFE0001"));
    assert_eq!(report.fact("status"), Some("0x01"));
    assert_eq!(report.fact("copied"), Some("0x12345678"));
    assert_eq!(report.boots, 2);
    // QEMU resets when the machine starts and when the guest reboots.
    assert!(serving.seen.lock().unwrap().resets[1] >= 2);
    serving.logged("vf1: client gone: closed by the client");
    let statistics = serving.finish();
    assert_eq!((statistics[1].dma_written_bytes, statistics[1].dma_faults), (8, 0));
    println!(
        "init after {:.1} s, two boots in {:.1} s",
        report.boot.as_secs_f64(),
        report.whole.as_secs_f64()
    );
}
