//! Objects as data: Kubernetes' form, `metadata` and `status`, so that tools for that read it.

use serde_json::{Value, json};
use skiff_api::API_VERSION;
use skiff_core::{JobReport, RunReport};

use super::{Body, Replica, View, Workload};
use crate::state::{Fault, Trouble};

pub(super) fn of(view: &View) -> Value {
    let View { object, source, at, trouble, checks: _, conditions, faults, body } = view;
    let mut data = json!({
        "apiVersion": API_VERSION,
        "kind": object.kind.as_str(),
        "metadata": { "name": object.name, "namespace": object.namespace },
        "status": status(body),
    });
    if let Some(status) = data.get_mut("status").and_then(Value::as_object_mut) {
        status.insert("source".to_owned(), json!(source));
        if let Some(Trouble { reason, message, help }) = trouble {
            status.insert("reason".to_owned(), json!(reason));
            status.insert("message".to_owned(), json!(message));
            status.extend(help.as_ref().map(|help| ("help".to_owned(), json!(help))));
        } else if let Some(first) = faults.first() {
            status.insert("reason".to_owned(), json!(Fault::word(faults)));
            status.insert("message".to_owned(), json!(first.to_string()));
        }
        if !conditions.is_empty() {
            status.insert("conditions".to_owned(), json!(conditions));
        }
        if !faults.is_empty() {
            status.insert("mistakes".to_owned(), faults.iter().map(mistake).collect());
        }
        if let Some(at) = at {
            status.insert("declaredAt".to_owned(), json!(at));
        }
    }
    data
}

fn mistake(fault: &Fault) -> Value {
    let Fault { reason, place, message, help, related, object: _, keeps: _ } = fault;
    json!({ "reason": reason, "at": place.to_string(), "message": message, "help": help, "related": related })
}

fn status(body: &Body) -> Value {
    match body {
        Body::Workload(workload) => of_workload(workload),
        Body::Network(networks) => {
            let network = |network: &super::Network| {
                let super::Network { name, id, created_at, containers } = network;
                json!({ "name": name, "id": id, "createdAt": created_at, "containers": containers })
            };
            json!({ "networks": networks.iter().map(network).collect::<Vec<_>>() })
        }
        Body::Volume(volumes) => {
            let volume =
                |super::Volume { name, containers }: &super::Volume| json!({ "name": name, "containers": containers });
            json!({ "volumes": volumes.iter().map(volume).collect::<Vec<_>>() })
        }
        Body::Declared => json!({}),
    }
}

fn of_workload(workload: &Workload) -> Value {
    if let Some(job) = &workload.job {
        return of_job(workload, job);
    }
    json!({
        "state": workload.verdict().to_string(),
        "ready": workload.is_ready(),
        "desiredReplicas": workload.wanted,
        "replicas": workload.replicas.len(),
        "readyReplicas": workload.ready(),
        "updatedReplicas": workload.updated(),
        "revision": workload.revision(),
        "image": workload.image(),
        "imageID": workload.exact_image(),
        "containers": workload.replicas.iter().chain(&workload.others).map(of_replica).collect::<Vec<_>>(),
    })
}

/// Under Kubernetes' names where it has them.
fn of_job(workload: &Workload, job: &JobReport) -> Value {
    let run = job.runs.last();
    let of_run = |count: fn(&RunReport) -> u32| run.map_or(0, count);
    let mut status = json!({
        "state": workload.verdict().to_string(),
        "ready": workload.is_ready(),
        "completions": job.completions,
        "suspended": job.suspended,
        "active": job.runs.iter().map(|run| run.active).sum::<u32>(),
        "image": workload.image(),
        "runs": job.runs,
        "containers": workload.replicas.iter().chain(&workload.others).map(of_replica).collect::<Vec<_>>(),
    });
    let more = match &job.schedule {
        Some(schedule) => json!({
            "schedule": schedule.schedule,
            "concurrencyPolicy": schedule.concurrency_policy,
            "lastScheduleTime": schedule.last,
            "nextScheduleTime": schedule.next,
        }),
        None => json!({
            "succeeded": of_run(|run| run.succeeded),
            "failed": of_run(|run| run.failed),
            "startTime": run.and_then(|run| run.since),
            "completionTime": run.and_then(|run| run.end).map(|end| end.at),
        }),
    };
    if let (Some(status), Value::Object(more)) = (status.as_object_mut(), more) {
        status.extend(more);
    }
    status
}

fn of_replica(replica: &Replica) -> Value {
    let Replica {
        name,
        id,
        component,
        ordinal,
        run,
        revision,
        template_hash,
        template: _,
        image_id: _,
        digest: _,
        source_revision,
        updated,
        verdict,
        complaint,
        started_at,
        restarts,
        oom_killed,
        error,
        ports,
        networks,
        volumes,
    } = replica;
    json!({
        "name": name,
        "id": id,
        "component": component,
        "ordinal": ordinal,
        "run": run,
        "revision": revision,
        "templateHash": template_hash,
        "sourceRevision": source_revision,
        "updated": updated,
        "state": verdict.to_string(),
        "ready": verdict.is_ready(),
        "probe": complaint,
        "startedAt": started_at,
        "restarts": restarts,
        "oomKilled": oom_killed,
        "error": error,
        "image": replica.image(),
        "imageID": replica.exact_image(),
        "ports": ports,
        "networks": networks,
        "volumes": volumes,
    })
}
