// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The header path passes the emitter's gates.

use crate::emit::emit_block;
use crate::matchact::ring::Ring;
use crate::matchact::stage::Stage;
use rust_hdl::prelude::*;
use weir_pipeline::Target;

fn connected_ring(target: &Target) -> Ring<16, 1024, 1024, 1792, 512> {
    let mut ring = Ring::new(target);
    ring.clock.connect();
    ring.reset.connect();
    ring.waiting.connect();
    ring.enter_valid.connect();
    ring.enter_window.connect();
    ring.enter_slot.connect();
    ring.enter_buffer.connect();
    ring.enter_length.connect();
    ring.enter_ifindex.connect();
    ring.enter_queue.connect();
    ring.enter_timestamp.connect();
    ring.enter_random.connect();
    ring.frame_write.connect();
    ring.frame_buffer.connect();
    ring.frame_beat.connect();
    ring.frame_data.connect();
    ring.word_write.connect();
    ring.word_slot.connect();
    ring.word_pass.connect();
    ring.word_stage.connect();
    ring.word_data.connect();
    ring.program_write.connect();
    ring.program_slot.connect();
    ring.program_passes.connect();
    ring.program_gap.connect();
    ring.map_write.connect();
    ring.map_slot.connect();
    ring.map_unit.connect();
    ring.map_id.connect();
    ring.map_base.connect();
    ring.map_limit.connect();
    ring.key_request.connect();
    ring.key_unit.connect();
    ring.key_operation.connect();
    ring.table_request.connect();
    ring.table_write.connect();
    ring.table_unit.connect();
    ring.table_address.connect();
    ring.table_wdata.connect();
    ring
}

fn connected_stage(target: &Target, index: u32) -> Stage<16, 1024, 1792> {
    let mut stage = Stage::new(target, index);
    stage.clock.connect();
    stage.tag.connect();
    stage.word.connect();
    stage.registers.connect();
    stage.predicates.connect();
    stage.memory.connect();
    stage.aborted.connect();
    stage.late.connect();
    stage.late_write.connect();
    stage.late_dst.connect();
    stage.map_write.connect();
    stage.map.connect();
    stage.copied.connect();
    stage.host_request.connect();
    stage.host_write.connect();
    stage.host_address.connect();
    stage.host_wdata.connect();
    stage
}

#[test]
fn ring_passes_the_gates() {
    let target = Target::named("sim").unwrap();
    emit_block("Ring", move || connected_ring(&target)).unwrap();
}

#[test]
fn stages_pass_the_gates() {
    // One of every late unit that stands in the stage, and one that cannot store.
    for index in 1..5 {
        let target = Target::named("sim").unwrap();
        emit_block("Stage", move || connected_stage(&target, index)).unwrap();
    }
    let mut target = Target::named("sim").unwrap();
    target.units.stores.first = 1;
    emit_block("Stage", move || connected_stage(&target, 0)).unwrap();
}
