// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The handshake: `VERSION` (specification, section "VFIO_USER_VERSION").
//!
//! The reply names only capabilities that the client has named, and is never longer than what the client sent: QEMU
//! receives it into the buffer of its request.

use crate::wire::{MAX_DESCRIPTORS, MAX_TRANSFER, Version};
use rustix::io::Errno;
use serde_json::{Map, Value, json};

/// The version that is spoken: the reply has this minor version or the client's, whichever is lower.
const OURS: Version = Version { major: 0, minor: 1 };

/// Most mappings of a client at a time.
pub const MAX_DMA_MAPS: usize = 4096;

/// The reply to a proposal with this text: version and payload behind it, NUL included.
pub fn negotiate(proposed: Version, text: &[u8]) -> Result<(Version, Vec<u8>), Errno> {
    if proposed.major != OURS.major {
        return Err(Errno::PROTONOSUPPORT);
    }
    let version = Version { major: OURS.major, minor: proposed.minor.min(OURS.minor) };
    if text.is_empty() {
        return Ok((version, Vec::new()));
    }
    let proposal: Value = serde_json::from_slice(text).map_err(|_| Errno::INVAL)?;
    let empty = Map::new();
    let theirs = match proposal.get("capabilities") {
        None => &empty,
        Some(capabilities) => capabilities.as_object().ok_or(Errno::INVAL)?,
    };
    let mut ours = Map::new();
    for (name, limit) in [
        ("max_msg_fds", MAX_DESCRIPTORS),
        ("max_data_xfer_size", MAX_TRANSFER),
        ("max_dma_maps", MAX_DMA_MAPS),
        ("pgsizes", 4096),
    ] {
        if theirs.contains_key(name) {
            ours.insert(name.to_owned(), json!(limit));
        }
    }
    let mut reply = json!({ "capabilities": ours }).to_string().into_bytes();
    if reply.len() > text.len() {
        // Without text, defaults hold, and all of them are within what this server can do but one: it takes smaller
        // transfers. A larger one is refused when it comes.
        return Ok((version, Vec::new()));
    }
    reply.push(0);
    Ok((version, reply))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V01: Version = Version { major: 0, minor: 1 };

    fn reply(text: &str) -> String {
        let (_, reply) = negotiate(V01, text.as_bytes()).unwrap();
        assert!(reply.len() <= text.len() + 1);
        String::from_utf8(reply).unwrap()
    }

    #[test]
    fn the_reply_is_a_subset_and_no_longer_than_the_proposal() {
        // What QEMU 10.1 sends (hw/vfio-user/proxy.c, caps_json).
        let qemu = r#"{"capabilities": {"max_data_xfer_size": 1048576, "max_msg_fds": 8, "pgsizes": 4096, "max_dma_maps": 65535, "migration": {"pgsize": 4096, "max_bitmap_size": 268435456}}}"#;
        let ours: Value = serde_json::from_str(reply(qemu).trim_end_matches('\0')).unwrap();
        let expected = json!({"capabilities": {
            "max_data_xfer_size": 65536, "max_msg_fds": 16, "pgsizes": 4096, "max_dma_maps": 4096 }});
        assert_eq!(ours, expected);
        assert_eq!(reply(r#"{"capabilities":{"max_msg_fds":4}}"#), "");
        assert_eq!(
            reply(r#"{"capabilities":{"max_msg_fds":64}}"#),
            "{\"capabilities\":{\"max_msg_fds\":16}}\0"
        );
        assert_eq!(reply(r#"{ }"#), "");
    }

    #[test]
    fn versions() {
        assert_eq!(negotiate(Version { major: 0, minor: 0 }, b"").unwrap().0.minor, 0);
        assert_eq!(negotiate(Version { major: 0, minor: 7 }, b"").unwrap().0.minor, 1);
        assert_eq!(negotiate(Version { major: 1, minor: 0 }, b""), Err(Errno::PROTONOSUPPORT));
    }

    #[test]
    fn text_that_is_no_proposal() {
        for text in ["{", "{\"capabilities\": 3}", "\u{fffd}"] {
            assert_eq!(negotiate(V01, text.as_bytes()), Err(Errno::INVAL), "{text}");
        }
        // Deep nesting is refused by the parser and not followed.
        assert_eq!(negotiate(V01, "[".repeat(60_000).as_bytes()), Err(Errno::INVAL));
    }
}
