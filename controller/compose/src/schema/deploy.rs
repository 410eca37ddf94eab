//! `deploy`: how many, how they are replaced, and what they may use.

use super::common::{MAP, ONE_OR_MORE, PAIRS, TEXTS};
use super::{Field, Merge, Shape, field};

pub(super) static DEPLOY: Shape = Shape::Fields(&[
    field("mode", &Shape::Word(&["replicated", "global", "replicated-job", "global-job"])),
    field("replicas", &Shape::Integer),
    field("endpoint_mode", &Shape::Word(&["vip", "dnsrr"])),
    field("labels", &PAIRS),
    field("placement", &PLACEMENT),
    field("resources", &RESOURCES),
    field("restart_policy", &RESTART_POLICY),
    field("update_config", &UPDATE),
    field("rollback_config", &UPDATE),
]);

static PLACEMENT: Shape = Shape::Fields(&[
    field("constraints", &TEXTS).merged(Merge::Unique),
    field("preferences", &Shape::List(&Shape::Fields(&[field("spread", &Shape::Text)]))),
    field("max_replicas_per_node", &Shape::Integer),
]);

static RESOURCES: Shape = Shape::Fields(&[
    field(
        "limits",
        &Shape::Fields(&[field("cpus", &Shape::Number), field("memory", &Shape::Size), field("pids", &Shape::Integer)]),
    ),
    field(
        "reservations",
        &Shape::Fields(&[
            field("cpus", &Shape::Number),
            field("memory", &Shape::Size),
            field("devices", &Shape::List(&Shape::Fields(DEVICE_REQUEST))),
            field("generic_resources", &Shape::List(&Shape::Fields(GENERIC))),
        ]),
    ),
]);

/// A request for devices by what they can do; `gpus` has the same.
pub(super) static DEVICE_REQUEST: &[Field] = &[
    field("capabilities", &TEXTS).merged(Merge::Unique),
    field("driver", &Shape::Text),
    field("count", &Shape::Text),
    field("device_ids", &ONE_OR_MORE).merged(Merge::Unique),
    field("options", &PAIRS),
];

static GENERIC: &[Field] = &[field("discrete_resource_spec", &MAP)];

static RESTART_POLICY: Shape = Shape::Fields(&[
    field("condition", &Shape::Word(&["none", "on-failure", "any"])),
    field("delay", &Shape::Duration),
    field("max_attempts", &Shape::Integer),
    field("window", &Shape::Duration),
]);

static UPDATE: Shape = Shape::Fields(&[
    field("parallelism", &Shape::Integer),
    field("delay", &Shape::Duration),
    field("failure_action", &Shape::Word(&["continue", "pause", "rollback"])),
    field("monitor", &Shape::Duration),
    field("max_failure_ratio", &Shape::Number),
    field("order", &Shape::Word(&["stop-first", "start-first"])),
]);
