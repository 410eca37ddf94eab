//! What a template says of its pod: labels and annotations, and when it is started again.

use skiff_api::{RestartSettings, TemplateMeta};

use crate::emit::building::Building;
use crate::emit::meta;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::{Form, Workload};

pub(super) fn words(words: &TemplateMeta, scope: &mut Scope<'_, '_>, building: &mut Building<'_>) {
    let TemplateMeta { labels, ordinal_labels, annotations } = words;
    let mut scope = scope.at("metadata", "metadata");
    let (taken, notes) = meta::words(labels, "labels", &mut scope);
    building.labels.extend(taken);
    building.annotations.extend(notes);
    for (index, key) in ordinal_labels.iter().enumerate() {
        let at = format!("ordinalLabels/{index}");
        if key.starts_with(meta::OF_COMPOSE) {
            scope.exact(&true, &at, "");
        } else {
            let (why, remedy) = (
                "pods of one template have the same labels",
                "a StatefulSet's pods carry `apps.kubernetes.io/pod-index`",
            );
            scope.says(Verdict::Approximated, &at, "", why, remedy);
        }
    }
    for (key, value) in annotations {
        let at = format!("annotations/{}", meta::pointer(key));
        if crate::names::is_qualified_name(key) {
            scope.exact(&true, &at, "annotations");
            building.annotations.insert(key.clone(), value.clone());
        } else {
            scope.lost(&at, "Kubernetes does not take the key", "write a key such as `example.com/note`");
        }
    }
}

pub(super) fn restarts(
    workload: &Workload<'_>,
    policy: Option<skiff_api::RestartPolicy>,
    restart: Option<&RestartSettings>,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) {
    use skiff_api::RestartPolicy::{Always, Never, OnFailure};
    let is_job = matches!(workload.form, Form::Job | Form::CronJob);
    let written = match (is_job, policy) {
        (false, _) => "Always",
        (true, Some(Never)) => "Never",
        (true, Some(OnFailure | Always) | None) => "OnFailure",
    };
    building.spec.restart_policy = Some(written.to_owned());
    match (is_job, policy) {
        (false, Some(OnFailure | Never)) => {
            let why = "what is to go on is always restarted, also when it ended well";
            let remedy = "if it is to end, annotate it with `skiff.dev/export-as: Job`";
            scope.says(Verdict::Approximated, "restartPolicy", "spec.restartPolicy", why, remedy);
        }
        (_, Some(_)) => scope.says(Verdict::Exact, "restartPolicy", "spec.restartPolicy", "", ""),
        (_, None) => {}
    }
    if let Some(RestartSettings { delay, max_attempts, window }) = restart {
        let mut scope = scope.at("restart", "");
        let why = "the kubelet restarts after 10 s, doubling to 5 min, without end";
        scope.dropped(delay, "delay", why, "");
        scope.dropped(max_attempts, "maxAttempts", why, "a Job has `backoffLimit`");
        scope.dropped(window, "window", "the kubelet forgets after 10 min", "");
    }
}
