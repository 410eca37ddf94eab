//! What Docker's own health check says as it fails: the container's words, which are told without the values of Secrets only.

use std::fmt;

use crate::content::ContentStore;
use crate::masking::{GivenLabels, Masking};
use crate::observed::Observed;

/// Docker keeps so much of what a check writes, and marks what it has cut off at the end.
const KEPT: usize = 4096;
const CUT: &str = "...";
/// Docker's code for a check that did not end in time, or could not be run: its words are Docker's then.
const NO_CODE: i64 = -1;

/// The last answer of a health check that fails.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HealthOutput {
    code: i64,
    /// As it came; empty once it is told.
    output: String,
    told: Option<String>,
}

/// Shows what is told, and of the rest how much it is.
impl fmt::Debug for HealthOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, output, told } = self;
        f.debug_struct("HealthOutput").field("code", code).field("output", &output.len()).field("told", told).finish()
    }
}

impl HealthOutput {
    /// An answer that nobody has looked through for values of Secrets.
    pub const fn unmasked(code: i64, output: String) -> Self {
        Self { code, output, told: None }
    }

    /// `exit code 1: no route`; nothing before [`Observed::hear_health`].
    pub fn told(&self) -> Option<&str> {
        self.told.as_deref()
    }

    fn hear(&mut self, masking: Masking<'_>) {
        let output = std::mem::take(&mut self.output);
        let is_cut = output.len() >= KEPT && output.ends_with(CUT);
        // A line that ends within a value is not told.
        let whole = if is_cut { output.rsplit_once('\n').map_or("", |(whole, _)| whole) } else { &output };
        let told = match (self.code, masking.last_line(whole, false)) {
            (NO_CODE, said) if !said.is_empty() => said,
            (code, said) => exited(code, &said),
        };
        self.told = Some(told);
    }
}

/// `exit code 1: cannot connect`.
pub fn exited(code: i64, said: &str) -> String {
    if said.is_empty() { format!("exit code {code}") } else { format!("exit code {code}: {said}") }
}

impl Observed {
    /// Makes of what health checks wrote what may be told. `content` is what is declared, with its Secrets.
    pub fn hear_health(&mut self, content: &ContentStore) {
        for container in &mut self.containers {
            let labels = container.owner.labels();
            let given = GivenLabels {
                content: labels.and_then(|labels| labels.content.as_deref()),
                template: labels.and_then(|labels| labels.template.as_deref()),
                template_hash: labels.map(|labels| labels.template_hash.as_str()),
            };
            if let Some(output) = container.detail.as_mut().and_then(|detail| detail.health_output.as_mut()) {
                output.hear(Masking::new(content, given));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use skiff_api::{Kind, ObjectKey};

    use super::*;
    use crate::observed::{ContainerDetail, ObservedContainer};

    fn told(code: i64, output: &str) -> String {
        let mut content = ContentStore::default();
        content.insert(ObjectKey::new(Kind::Secret, "shop", "db"), "pw".to_owned(), b"hunter2".to_vec());
        let health_output = Some(HealthOutput::unmasked(code, output.to_owned()));
        let detail = Some(ContainerDetail { health_output, ..ContainerDetail::default() });
        let container = ObservedContainer { detail, ..ObservedContainer::default() };
        let mut observed = Observed { containers: vec![container], ..Observed::default() };
        assert!(!format!("{observed:?}").contains("hunter2"), "{observed:?}");
        observed.hear_health(&content);
        let detail = observed.containers.pop().and_then(|container| container.detail).unwrap_or_default();
        detail.health_output.as_ref().and_then(HealthOutput::told).unwrap_or_default().to_owned()
    }

    #[test]
    fn the_last_line_is_told_with_stars_for_secrets_and_without_what_was_cut_off() {
        assert_eq!(told(1, "connecting\npassword hunter2 refused\n"), "exit code 1: password *** refused");
        assert_eq!(told(2, ""), "exit code 2");
        assert_eq!(told(-1, "Health check exceeded timeout (3s)"), "Health check exceeded timeout (3s)");
        let long = "x".repeat(KEPT);
        assert_eq!(told(1, &format!("no route\n{long}hunt...")), "exit code 1: no route");
        assert_eq!(told(1, &format!("{long}hunt...")), "exit code 1");
        assert!(told(1, &long).len() < 600, "nobody reads all of it");
    }
}
