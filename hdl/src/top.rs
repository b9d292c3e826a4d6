// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The whole pipeline of a target, from the receive stream to the transmit stream.
//!
//! Widths of the RTL are compile-time constants; [`with_top`] picks the instance whose constants are those of the target
//! and refuses a target for which there is none. Counts (stages, slots, buffers, ...) follow the target.

mod endpoint;
#[cfg(test)]
mod loopback;
mod pipeline;

pub use endpoint::{ENDPOINTS, Endpoint, EndpointTop, with_endpoint};
pub use pipeline::PipelineTop;

use rust_hdl::prelude::*;
use thiserror::Error;
use weir_pipeline::Target;

/// Why a target has no top.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TopError {
    /// The widths of the target are not among those that are built in.
    #[error(
        "no pipeline is built in with bus {bus_bytes}, window {window_bytes}, context {context_bytes} bytes and \
         {registers} registers, as target `{name}` asks"
    )]
    NoInstance {
        /// Name of the target.
        name: String,
        /// Its bus.
        bus_bytes: u32,
        /// Its window.
        window_bytes: u32,
        /// Headroom, window and stack together.
        context_bytes: u32,
        /// Its registers.
        registers: u32,
    },
    /// The target asks for what the RTL cannot do.
    #[error("target `{name}`: {what}")]
    Unsupported {
        /// Name of the target.
        name: String,
        /// What it asks for.
        what: String,
    },
}

/// Something that is done with the pipeline of a target, whatever its widths.
pub trait Visitor {
    /// What comes of it.
    type Output;
    /// Does it. `build` makes the pipeline, which is large: call it where there is stack enough.
    fn visit<B: Block + 'static>(self, build: impl FnOnce() -> B + Send + 'static) -> Self::Output;
}

/// Lists the instances that are built in: constants of each, and [`with_top`] over all of them.
macro_rules! targets {
    ($($(#[$doc:meta])* mod $name:ident {
        bus_bytes: $bus:literal, window_bytes: $window:literal, context_bytes: $context:literal,
        registers: $registers:literal
    })*) => {
        $(
            $(#[$doc])*
            pub mod $name {
                /// The pipeline with these widths.
                pub type Top = super::PipelineTop<
                    { $bus * 8 }, $bus, { $window * 8 }, { $window / $bus },
                    $registers, { $registers * 64 }, { $context * 8 },
                >;

                /// Whether a target has these widths.
                pub fn fits(target: &weir_pipeline::Target) -> bool {
                    (target.bus_bytes, target.window_bytes, target.context_bytes(), target.registers)
                        == ($bus, $window, $context, $registers)
                }
            }
        )*

        /// Hands the pipeline of a target, module `top`, to a visitor. Its inputs count as connected.
        pub fn with_top<V: Visitor>(target: &Target, visitor: V) -> Result<V::Output, TopError> {
            check(target)?;
            $(
                if $name::fits(target) {
                    let target = target.clone();
                    return Ok(visitor.visit(move || {
                        let mut top = $name::Top::new(&target);
                        top.connect_ports();
                        top
                    }));
                }
            )*
            Err(TopError::NoInstance {
                name: target.name.clone(),
                bus_bytes: target.bus_bytes,
                window_bytes: target.window_bytes,
                context_bytes: target.context_bytes(),
                registers: target.registers,
            })
        }
    };
}

targets! {
    /// Target `sim`.
    mod wide_bus_with_headroom { bus_bytes: 64, window_bytes: 128, context_bytes: 224, registers: 16 }
    /// Target `sim-wide`.
    mod wide_bus { bus_bytes: 64, window_bytes: 128, context_bytes: 160, registers: 16 }
    /// Target `sim-lean`.
    mod fifteen_registers { bus_bytes: 64, window_bytes: 128, context_bytes: 160, registers: 15 }
    /// Target `sim-narrow`.
    mod narrow_bus { bus_bytes: 8, window_bytes: 128, context_bytes: 224, registers: 16 }
}

/// Refuses what the blocks cannot do whatever their widths.
fn check(target: &Target) -> Result<(), TopError> {
    let unsupported = |what: String| Err(TopError::Unsupported { name: target.name.clone(), what });
    for (what, bytes) in [("headroom", target.headroom_bytes), ("window", target.window_bytes)] {
        if !bytes.is_multiple_of(target.bus_bytes) {
            return unsupported(format!(
                "the {what} of {bytes} bytes is not a multiple of the bus of {} bytes",
                target.bus_bytes
            ));
        }
    }
    if target.packet_buffer_bytes > target.bus_bytes * 1024 {
        return unsupported("a packet buffer has more than 1024 beats".into());
    }
    if target.name.len() > 16 {
        return unsupported("the name is longer than 16 bytes".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Visitor for Nothing {
        type Output = ();
        fn visit<B: Block + 'static>(self, _: impl FnOnce() -> B + Send + 'static) {}
    }

    #[test]
    fn targets_without_instance_are_refused() {
        for name in Target::names() {
            assert_eq!(with_top(&Target::named(name).unwrap(), Nothing).err(), None, "{name}");
        }
        let sim = Target::named("sim").unwrap();
        let wide = Target { registers: 12, ..sim.clone() };
        assert!(matches!(with_top(&wide, Nothing).err(), Some(TopError::NoInstance { registers: 12, .. })));
        let headroom = Target { headroom_bytes: 48, ..sim };
        assert!(matches!(with_top(&headroom, Nothing).err(), Some(TopError::Unsupported { .. })));
    }
}
