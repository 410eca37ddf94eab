//! `build`: what an image is built from.

use super::common::{GRANTS, HOSTS, MAP, ONE_OR_MORE, PAIRS, TEXTS, ULIMITS};
use super::{Field, Merge, Shape, field};
use crate::canonical::form;

pub(super) static BUILD: Shape = Shape::Form(form::build, &Shape::Fields(FIELDS));

static FIELDS: &[Field] = &[
    field("context", &Shape::Form(form::context, &Shape::Text)),
    field("dockerfile", &Shape::Text),
    field("dockerfile_inline", &Shape::Text),
    field("args", &PAIRS),
    field("additional_contexts", &PAIRS),
    field("cache_from", &TEXTS).merged(Merge::Unique),
    field("cache_to", &TEXTS).merged(Merge::Unique),
    field("no_cache", &Shape::Truth),
    field("no_cache_filter", &ONE_OR_MORE).merged(Merge::Unique),
    field("pull", &Shape::Truth),
    field("network", &Shape::Text),
    field("target", &Shape::Text),
    field("tags", &TEXTS).merged(Merge::Unique),
    field("platforms", &TEXTS).merged(Merge::Unique),
    field("labels", &PAIRS),
    field("shm_size", &Shape::Size),
    field("ulimits", &ULIMITS),
    field("extra_hosts", &HOSTS).merged(Merge::Unique),
    field("isolation", &Shape::Text),
    field("privileged", &Shape::Truth),
    field("entitlements", &TEXTS).merged(Merge::Unique),
    field("secrets", &GRANTS).merged(Merge::By(&["source", "target"])),
    field("ssh", &PAIRS),
    field("provenance", &Shape::Anything),
    field("sbom", &Shape::Anything),
];

/// `develop`: a loop for developers, which is not Skiff's.
pub(super) static DEVELOP: Shape = Shape::Fields(&[field("watch", &Shape::List(&Shape::Fields(WATCH)))]);

static WATCH: &[Field] = &[
    field("path", &Shape::Text),
    field("action", &Shape::Word(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])),
    field("target", &Shape::Text),
    field("include", &ONE_OR_MORE),
    field("ignore", &ONE_OR_MORE),
    field("exec", &Shape::Anything),
    field("initial_sync", &Shape::Truth),
];

/// `provider`: another program that runs the service.
pub(super) static PROVIDER: Shape =
    Shape::Fields(&[field("type", &Shape::Text), field("options", &Shape::Map(&Shape::Anything))]);

pub(super) static CREDENTIAL_SPEC: Shape =
    Shape::Fields(&[field("config", &Shape::Text), field("file", &Shape::Text), field("registry", &Shape::Text)]);

/// `logging`.
pub(super) static LOGGING: Shape = Shape::Fields(&[field("driver", &Shape::Text), field("options", &MAP)]);
