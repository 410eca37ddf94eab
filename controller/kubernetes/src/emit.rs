//! From what is known of a stack to objects of Kubernetes and the rows of the report.

mod building;
mod container;
mod content;
mod devices;
mod env;
mod health;
mod hooks;
mod host;
mod image;
mod jobs;
mod meta;
mod mounts;
mod moves;
mod namespace;
mod network;
mod nfs;
mod pod;
mod policies;
mod probes;
mod published;
mod pulls;
mod resources;
mod scaling;
mod security;
mod services;
mod storage;
mod volumes;
mod waits;
mod words;
mod workload;

use skiff_api::Object;

use crate::ledger::Ledger;
use crate::names::Names;
use crate::report::{Row, Verdict};
use crate::stack::Stack;
use crate::{Emitted, Input, Options, Part, Report};

/// What is written while a stack is gone through.
pub(crate) struct Sink<'a> {
    pub(crate) ledger: Ledger<'a>,
    pub(crate) out: Vec<Emitted>,
    pub(crate) names: Names,
}

impl Sink<'_> {
    fn put(&mut self, file: &str, part: Part, object: &impl serde::Serialize) {
        self.out.push(Emitted::new(file, part, object));
    }
}

/// Objects of Kubernetes, and what became of each field.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// The objects, in the order in which they are to be applied.
    pub objects: Vec<Emitted>,
    /// What became of each field, and what is left to do.
    pub report: Report,
}

impl Export {
    /// The namespace of everything, where there is one.
    pub fn namespace(&self) -> Option<&str> {
        let mut namespaces = self.objects.iter().map(|it| it.text("/metadata/namespace")).filter(|it| !it.is_empty());
        let first = namespaces.next()?;
        namespaces.all(|it| it == first).then_some(first)
    }
}

/// Exports a stack.
pub fn export(input: &Input<'_>, options: &Options) -> Export {
    let mut stack = Stack::new(input, options);
    jobs::name(&mut stack);
    let mut sink = Sink { ledger: Ledger::new(input.places), out: Vec::new(), names: Names::default() };
    remarks(&stack, &mut sink);
    namespace::namespaces(&stack, &mut sink);
    for (key, object) in input.objects {
        match object {
            Object::Network(network) => network::network(&stack, key, network, &mut sink),
            Object::Volume(volume) => storage::volume(&stack, key, volume, &mut sink),
            Object::ConfigMap(config) => content::config(&stack, key, config, &mut sink),
            Object::Secret(secret) => content::secret(&stack, key, secret, &mut sink),
            Object::Deployment(_) | Object::Job(_) | Object::CronJob(_) => {}
        }
    }
    // Services first: a name that others speak to is the most important one.
    services::services(&stack, &mut sink);
    for workload in stack.workloads.values() {
        workload::workload(&stack, workload, &mut sink);
    }
    published::published(&stack, &mut sink);
    policies::policies(&stack, &mut sink);
    let Sink { ledger, mut out, names: _ } = sink;
    out.sort_by_cached_key(order);
    // Containers of one pod may have made the same object of the same content.
    out.dedup();
    Export { objects: out, report: ledger.finish(options.source.clone()) }
}

/// What has been said of the source before is news here as well.
fn remarks(stack: &Stack<'_>, sink: &mut Sink<'_>) {
    for remark in stack.input.remarks {
        let crate::Remark { place, key, lost, why, remedy } = remark.clone();
        let (object, target) = (String::new(), String::new());
        let verdict = if lost { Verdict::Dropped } else { Verdict::Approximated };
        sink.ledger.row(Row { place, object, key, verdict, target, why, remedy });
    }
}

/// The order in which kinds are applied.
const KINDS: [&str; 19] = [
    "Namespace",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "Service",
    "Job",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Ingress",
    "HTTPRoute",
    "NetworkPolicy",
];

/// By part and file, and in a file by what must be there first.
fn order(object: &Emitted) -> (bool, String, Part, usize, String) {
    let kind = object.text("/kind");
    let rank = KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len());
    (kind != "Namespace", object.file.clone(), object.part, rank, object.text("/metadata/name").to_owned())
}
