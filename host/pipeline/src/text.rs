// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The text form of a pipeline.
