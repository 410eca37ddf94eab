//! What containers have answered when they were asked, heard beside the controller: a witness of its own, which knows nothing of what the
//! controller makes of it.

use std::collections::BTreeMap;

use skiff_api::PodTemplate;
use skiff_core::{ProbeKind, Timestamp};
use skiff_sim::{SimContainer, SimEngine};

/// As often as any of these manifests lets readiness fail.
const MOST_FAILURES: u32 = 3;

/// What was heard of each container by the controller that runs now, by id.
#[derive(Debug, Default)]
pub(crate) struct Heard(BTreeMap<String, Answers>);

/// What a container has answered since its start.
#[derive(Debug, Default)]
struct Answers {
    started_at: Option<Timestamp>,
    was_well: bool,
    failed_in_a_row: u32,
    is_failing_alive: bool,
}

impl Heard {
    /// A container is asked, and answers this.
    pub(crate) fn hear(&mut self, container: &SimContainer, probe: ProbeKind, passes: bool) {
        let known = self.0.entry(container.id.clone()).or_default();
        if known.started_at != container.started_at {
            *known = Answers { started_at: container.started_at, ..Answers::default() };
        }
        match probe {
            ProbeKind::Liveness => known.is_failing_alive = !passes,
            ProbeKind::Startup | ProbeKind::Readiness if passes => {
                known.failed_in_a_row = 0;
                known.was_well = true;
            }
            ProbeKind::Startup | ProbeKind::Readiness => known.failed_in_a_row += 1,
        }
    }

    fn of(&self, container: &SimContainer) -> Option<&Answers> {
        self.0.get(&container.id).filter(|known| known.started_at == container.started_at)
    }

    /// Whether a container that runs answers well now, and everybody who asked was told so.
    pub(crate) fn is_well(&self, engine: &SimEngine, container: &SimContainer, template: &PodTemplate) -> bool {
        let known = self.of(container);
        let is_alive = known.is_none_or(|known| !known.is_failing_alive);
        let is_told = known.is_none_or(|known| known.failed_in_a_row == 0);
        is_alive && (!is_probed(template) || (is_told && answers(engine, container)))
    }

    /// Whether a container that runs answers well now, or did and nobody can know better yet.
    pub(crate) fn may_be_well(&self, engine: &SimEngine, container: &SimContainer, template: &PodTemplate) -> bool {
        // A controller that has just begun asks no startup again that passed before, and then hears of liveness alone.
        let is_believed = self.of(container).is_none_or(|known| {
            known.failed_in_a_row == 0 || (known.was_well && known.failed_in_a_row < MOST_FAILURES)
        });
        !is_probed(template) || is_believed || answers(engine, container)
    }
}

fn answers(engine: &SimEngine, container: &SimContainer) -> bool {
    engine.answer(&container.id, ProbeKind::Readiness).is_ok()
}

/// Whether anybody asks whether it is Ready.
fn is_probed(template: &PodTemplate) -> bool {
    template.container.readiness_probe.is_some() || template.container.startup_probe.is_some()
}
