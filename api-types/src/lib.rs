//! The resource kinds of Skiff: what a manifest may say, and what it means when it says nothing.
//!
//! Pure: no I/O, no clock. Everything that decides or acts depends on this crate; it depends on nothing of ours.

mod complaint;
pub mod crd;
mod duration;
pub mod explain;
mod export_autoscale;
mod image_name;
mod instance;
mod key;
mod labels;
mod manifest;
mod meta;
pub mod naming;
mod number_or_text;
pub mod parse;
mod quantity;
mod resource;
mod scalar;
mod schedule;
pub mod schema;
mod shape;
pub mod suggest;
pub mod time_zone;
pub mod validate;
mod version_tag;
pub mod written;

pub use complaint::{Complaint, Related, SetComplaint};
pub use duration::{Duration, DurationError};
pub use export_autoscale::ExportAutoscale;
pub use image_name::ImageName;
pub use instance::{Instance, InstanceError};
pub use key::{Kind, ObjectKey, ObjectKeyError};
pub use labels::{Component, LabelError, OwnerLabels, label};
pub use manifest::ManifestError;
pub use meta::{Condition, ConditionStatus, ObjectMeta, annotation};
pub use number_or_text::ScalarError;
pub use parse::{Broken, Mended, parse_object, parse_or_mend};
pub use quantity::{Bytes, Cpu};
pub use resource::*;
pub use scalar::{HostPort, IntOrPercent, PortRef};
pub use schedule::{Schedule, ScheduleError};
pub use validate::{odd_in_object, validate_mended, validate_object, validate_set};
pub use version_tag::VersionTag;

/// The API group and version that every manifest names.
pub const API_VERSION: &str = "skiff.dev/v1";

/// Whether a field says nothing, so that the canonical form leaves it out.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
