// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The register map, generated from hdl/regmap.toml.
