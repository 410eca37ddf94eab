//! Objects of Skiff as Kubernetes objects that can be applied as they are, and a report of what became of each field.
//!
//! Pure: the same input and options give the same objects, byte for byte. What must be read from a disk or an engine comes in.

mod dollar;
mod emit;
mod emitted;
mod input;
mod ledger;
mod names;
mod options;
mod report;
mod shape;
mod stack;
mod version;
pub mod yaml;

pub use emit::{Export, export};
pub use emitted::{Emitted, Part};
pub use input::{HostContent, Input, LARGEST_CONTENT, Place, Places, Remark, Usage};
pub use options::Options;
pub use report::{Move, Pause, Prerequisite, Push, Report, Row, Verdict};
pub use shape::{Environments, Files, Shape, files, quoted};
pub use version::KubernetesVersion;
