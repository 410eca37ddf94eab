//! YAML and JSON text as trees that remember where every value stands.
//!
//! [`parse()`] reads one file; [`Node`] is what it yields; [`merge::overlay`] lays one tree over another. The crate does no
//! I/O and knows nothing of Skiff's kinds. JSON needs no path of its own: it is YAML's flow syntax, and tests hold it to
//! `serde_json`.

pub mod merge;
mod node;
mod parse;
mod pointer;
mod positions;
mod problem;
mod scalar;
mod span;

pub use node::{Key, Node, Style, Value};
pub use parse::{Document, Limits, Parsed, parse};
pub use positions::{Place, Positions};
pub use problem::{Label, Problem};
pub use scalar::Profile;
pub use span::{FileId, Position, Span};
