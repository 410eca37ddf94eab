//! The top of a file, and everything that is no service.

use super::common::{MAP, ONE_OR_MORE, PAIRS};
use super::{Field, Merge, SERVICE, Shape, field};
use crate::canonical::form;

/// A whole file.
pub(crate) static PROJECT: Shape = Shape::Fields(&[
    field("version", &Shape::Text),
    field("name", &Shape::Text),
    field("include", &Shape::Form(form::includes, &Shape::List(&INCLUDE))),
    // One that says nothing yet is there, and lacks an image.
    field("services", &Shape::Map(&Shape::Nullable(&SERVICE))),
    field("networks", &Shape::Map(&Shape::Nullable(&NETWORK))),
    field("volumes", &Shape::Map(&Shape::Nullable(&VOLUME))),
    field("configs", &Shape::Map(&Shape::Nullable(&CONFIG))),
    field("secrets", &Shape::Map(&Shape::Nullable(&SECRET))),
    field("models", &Shape::Map(&Shape::Nullable(&MODEL))),
]);

static INCLUDE: Shape = Shape::Fields(&[
    field("path", &ONE_OR_MORE),
    field("project_directory", &Shape::Text),
    field("env_file", &ONE_OR_MORE),
]);

static NETWORK: Shape = Shape::Form(
    form::external,
    &Shape::Fields(&[
        field("name", &Shape::Text),
        field("driver", &Shape::Text),
        field("driver_opts", &MAP),
        field("ipam", &IPAM),
        field("internal", &Shape::Truth),
        field("attachable", &Shape::Truth),
        field("enable_ipv4", &Shape::Truth),
        field("enable_ipv6", &Shape::Truth),
        field("external", &Shape::Truth),
        field("labels", &PAIRS),
    ]),
);

static IPAM: Shape = Shape::Fields(&[
    field("driver", &Shape::Text),
    field("config", &Shape::List(&Shape::Fields(POOL))).merged(Merge::Within("subnet")),
    field("options", &MAP),
]);

static POOL: &[Field] = &[
    field("subnet", &Shape::Text),
    field("ip_range", &Shape::Text),
    field("gateway", &Shape::Text),
    field("aux_addresses", &MAP),
];

static VOLUME: Shape = Shape::Form(
    form::external,
    &Shape::Fields(&[
        field("x-skiff", &Shape::Fields(&[field("reclaimPolicy", &Shape::Word(&["Retain", "Delete"]))])),
        field("name", &Shape::Text),
        field("driver", &Shape::Text),
        field("driver_opts", &MAP),
        field("external", &Shape::Truth),
        field("labels", &PAIRS),
    ]),
);

static CONFIG: Shape = Shape::Form(
    form::external,
    &Shape::Fields(&[
        field("name", &Shape::Text),
        field("file", &Shape::Path),
        field("environment", &Shape::Text),
        field("content", &Shape::Text),
        field("external", &Shape::Truth),
        field("labels", &PAIRS),
        field("driver", &Shape::Text),
        field("driver_opts", &MAP),
        field("template_driver", &Shape::Text),
    ]),
);

static SECRET: Shape = Shape::Form(
    form::external,
    &Shape::Fields(&[
        field("name", &Shape::Text),
        field("file", &Shape::Path),
        field("environment", &Shape::Text),
        field("external", &Shape::Truth),
        field("labels", &PAIRS),
        field("driver", &Shape::Text),
        field("driver_opts", &MAP),
        field("template_driver", &Shape::Text),
    ]),
);

static MODEL: Shape = Shape::Fields(&[
    field("name", &Shape::Text),
    field("model", &Shape::Text),
    field("context_size", &Shape::Integer),
    field("runtime_flags", &ONE_OR_MORE),
]);
