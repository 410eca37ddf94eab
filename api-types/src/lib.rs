//! The resource kinds of Skiff: what a manifest may say, and what it means when it says nothing.
//!
//! Pure: no I/O, no clock. Everything that decides or acts depends on this crate; it depends on nothing of ours.

mod duration;
mod instance;
mod key;
mod labels;
mod meta;
mod quantity;
mod resource;
mod scalar;

pub use duration::{Duration, DurationError};
pub use instance::{Instance, InstanceError};
pub use key::{Kind, ObjectKey, ObjectKeyError};
pub use labels::{Component, LabelError, OwnerLabels, label};
pub use meta::{Condition, ConditionStatus, ObjectMeta, annotation};
pub use quantity::{Bytes, Cpu, QuantityError};
pub use resource::*;
pub use scalar::{HostPort, IntOrPercent, PortRef, ScalarError};

/// The API group and version that every manifest names.
pub const API_VERSION: &str = "skiff.dev/v1";

/// Whether a field says nothing, so that the canonical form leaves it out.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
