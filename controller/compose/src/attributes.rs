//! Every attribute of Compose, and what Skiff makes of it: one table for the conversion, its test and its documentation.

pub mod example;
mod markdown;
mod project;
mod service;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use markdown::markdown;

use skiff_yaml::Span;

use crate::{Row, Verdict};

/// An attribute and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// Its path below a service (`deploy.replicas`), or below the top (`networks.driver`).
    pub path: &'static str,
    /// What becomes of it. A single value may fare worse; the report of a project says so.
    pub verdict: Verdict,
    /// The field that it becomes, below `spec` for a service and with the kind in front for others; empty where it becomes none.
    pub becomes: &'static str,
    /// An example, as it stands in a service or at the top of a file.
    pub example: &'static str,
    /// What stands in the field then, as JSON; empty where there is nothing to see.
    pub result: &'static str,
    /// What Skiff does, where that is not what Compose does.
    pub does: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Whether the value goes into the field as it is.
    pub(crate) copied: bool,
}

impl Attribute {
    /// What became of an attribute, where its value makes no difference.
    pub(crate) fn row(&self, attribute: String, place: Span) -> Row {
        let Self { verdict, does, remedy, .. } = *self;
        Row { attribute, place, verdict, does: does.into(), remedy: remedy.into() }
    }
}

const NOTHING: Attribute = Attribute {
    path: "",
    verdict: Verdict::Honoured,
    becomes: "",
    example: "",
    result: "",
    does: "",
    remedy: "",
    copied: false,
};

/// An attribute that goes into a field as it is.
const fn copied(path: &'static str, becomes: &'static str, example: &'static str, result: &'static str) -> Attribute {
    Attribute { path, becomes, example, result, copied: true, ..NOTHING }
}

/// An attribute that means what it means to Compose.
const fn honoured(path: &'static str, becomes: &'static str, example: &'static str, result: &'static str) -> Attribute {
    Attribute { path, becomes, example, result, ..NOTHING }
}

/// An attribute that means something near to what it means to Compose.
const fn approximated(
    path: &'static str,
    becomes: &'static str,
    example: &'static str,
    result: &'static str,
    does: &'static str,
    remedy: &'static str,
) -> Attribute {
    Attribute { path, verdict: Verdict::Approximated, becomes, example, result, does, remedy, copied: false }
}

/// An attribute that no project is taken with.
const fn refused(path: &'static str, example: &'static str, does: &'static str, remedy: &'static str) -> Attribute {
    Attribute { path, verdict: Verdict::Refused, example, does, remedy, ..NOTHING }
}

/// Every attribute of a service.
pub fn service() -> impl Iterator<Item = &'static Attribute> {
    service::SECTIONS.into_iter().flatten()
}

/// Every attribute of the top of a file, of networks, volumes, configs, secrets and models.
pub fn project() -> impl Iterator<Item = &'static Attribute> {
    project::ROWS.iter()
}

type ByPath = BTreeMap<&'static str, &'static Attribute>;

static OF_SERVICE: LazyLock<ByPath> = LazyLock::new(|| service().map(|row| (row.path, row)).collect());
static OF_PROJECT: LazyLock<ByPath> = LazyLock::new(|| project().map(|row| (row.path, row)).collect());

/// An attribute of a service by its path.
pub(crate) fn of_service(path: &str) -> Option<&'static Attribute> {
    OF_SERVICE.get(path).copied()
}

/// An attribute of anything else by its path.
pub(crate) fn of_project(path: &str) -> Option<&'static Attribute> {
    OF_PROJECT.get(path).copied()
}
