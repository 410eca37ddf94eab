//! What is odd about an object and stands in the way of nothing.

use crate::complaint::At;
use crate::{Complaint, Object, PodTemplate};

pub(super) fn check(object: &Object) -> Vec<Complaint> {
    let at_spec = At::ROOT.key("spec");
    let (at_job, mut out) = (at_spec.key("jobTemplate"), Vec::new());
    let at_job = at_job.key("spec");
    match object {
        Object::Deployment(deployment) => hooks(&deployment.spec.template, &at_spec.key("template"), &mut out),
        Object::Job(job) => hooks(&job.spec.template, &at_spec.key("template"), &mut out),
        Object::CronJob(cron) => hooks(&cron.spec.job_template.spec.template, &at_job.key("template"), &mut out),
        Object::Network(_) | Object::Volume(_) | Object::ConfigMap(_) | Object::Secret(_) => {}
    }
    out
}

/// A hook before a stop shares the grace period.
fn hooks(template: &PodTemplate, at: &At<'_>, out: &mut Vec<Complaint>) {
    let lifecycle = template.container.lifecycle.as_ref();
    let has_hook = lifecycle.is_some_and(|lifecycle| lifecycle.pre_stop.is_some());
    if has_hook && template.termination_grace_period_seconds == Some(0) {
        let at = at.key("terminationGracePeriodSeconds");
        let complaint =
            at.says("`preStop` is not run: `terminationGracePeriodSeconds` is 0, and leaves no time for it");
        out.push(complaint.help("write the seconds that it takes, and 2 more for the stop itself"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{odd_in_object, parse_object};

    #[test]
    fn a_hook_without_time_is_odd_and_any_other_is_not() {
        let told = |kind: &str, seconds: u32, hook: &str| {
            let container = json!({ "image": "a", "lifecycle": { hook: { "exec": { "command": ["a"] } } } });
            let template = json!({ "terminationGracePeriodSeconds": seconds, "container": container });
            let spec = json!({ "template": template });
            let spec =
                if kind == "CronJob" { json!({ "schedule": "@daily", "jobTemplate": { "spec": spec } }) } else { spec };
            let metadata = json!({ "name": "a" });
            let manifest = json!({ "apiVersion": "skiff.dev/v1", "kind": kind, "metadata": metadata, "spec": spec });
            let object = parse_object(&manifest).expect("an object");
            odd_in_object(&object).into_iter().map(|odd| odd.pointer).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told("Deployment", 0, "preStop"), "/spec/template/terminationGracePeriodSeconds");
        assert_eq!(told("CronJob", 0, "preStop"), "/spec/jobTemplate/spec/template/terminationGracePeriodSeconds");
        assert_eq!(told("Job", 0, "preStop"), "/spec/template/terminationGracePeriodSeconds");
        assert_eq!(told("Deployment", 1, "preStop") + &told("Deployment", 0, "postStart"), "");
    }
}
