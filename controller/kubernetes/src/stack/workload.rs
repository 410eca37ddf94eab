//! The workloads: what each is called, how it runs, and what is found out of it.

use std::collections::BTreeMap;

use skiff_api::{
    CronJob, CronJobSpec, Deployment, DeploymentSpec, ExportAutoscale, Job, JobSpec, Object, ObjectKey, ObjectMeta,
    PodTemplate, annotation,
};

use super::{Form, Port, Stack, form};
use crate::names::{Names, label, suffixed};

/// The most characters of a `StatefulSet`'s name: its pods carry it in a label, with eleven characters more.
pub(super) const LONGEST_SET: usize = 52;

/// How a workload runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Run<'a> {
    /// Replicas that go on.
    Forever(&'a DeploymentSpec),
    /// Once.
    Once(&'a JobSpec),
    /// On a schedule.
    Scheduled(&'a CronJobSpec),
}

/// A workload as the export sees it.
#[derive(Debug)]
pub(crate) struct Workload<'a> {
    pub(crate) key: &'a ObjectKey,
    pub(crate) meta: &'a ObjectMeta,
    pub(crate) run: Run<'a>,
    pub(crate) template: &'a PodTemplate,
    pub(crate) form: Form,
    /// Why it has this form, where that is not what its kind says.
    pub(crate) form_reason: Option<&'static str>,
    /// What it is called in the cluster.
    pub(crate) name: String,
    /// What its pods are told from all others' by, and the account that they run under.
    pub(crate) identity: String,
    /// The Service that has its name.
    pub(crate) service: String,
    /// The Service that governs it where it is a `StatefulSet`.
    pub(crate) governing: String,
    pub(crate) namespace: String,
    /// The workload in whose pods it runs, where it shares that one's network.
    pub(crate) host: Option<ObjectKey>,
    /// The ports that it is known to listen on, each number and protocol once.
    pub(crate) ports: Vec<Port>,
    /// Whether another one speaks to it by its name.
    pub(crate) is_spoken_to: bool,
    /// Whether there is somebody who could ask for it by its name.
    pub(crate) is_heard: bool,
}

impl Workload<'_> {
    /// How many replicas there are.
    pub(crate) fn replicas(&self) -> u32 {
        match self.run {
            Run::Forever(spec) => spec.replicas(),
            Run::Once(spec) => spec.parallelism.unwrap_or(1),
            Run::Scheduled(_) => 1,
        }
    }

    /// How many replicas there may be at the most.
    pub(crate) fn most_replicas(&self) -> u32 {
        self.autoscale().map_or(0, |scale| scale.max).max(self.replicas())
    }

    /// By what it is to be scaled in the cluster, where it says so.
    pub(crate) fn autoscale(&self) -> Option<ExportAutoscale> {
        // Validation has refused what cannot be read.
        self.meta.annotations.get(annotation::EXPORT_AUTOSCALE)?.parse().ok()
    }

    /// The file that its objects stand in.
    pub(crate) fn file(&self, stack: &Stack<'_>) -> String {
        stack.file(&self.namespace, &self.key.name, self.key.kind != skiff_api::Kind::Deployment)
    }

    /// `Deployment/web`.
    pub(crate) fn target(&self) -> String {
        format!("{}/{}", self.form.kind(), self.name)
    }

    /// Where the template stands in its object.
    pub(crate) const fn template_pointer(&self) -> &'static str {
        match self.run {
            Run::Forever(_) | Run::Once(_) => "spec/template",
            Run::Scheduled(_) => "spec/jobTemplate/spec/template",
        }
    }

    /// What selects its pods, and those only.
    pub(crate) fn selector(&self) -> BTreeMap<String, String> {
        let instance = &self.key.namespace;
        let pair = |key: &str, value: String| (format!("app.kubernetes.io/{key}"), value);
        [pair("name", self.identity.clone()), pair("instance", instance.clone())].into()
    }
}

pub(super) fn parts(object: &Object) -> Option<(&ObjectMeta, Run<'_>, &PodTemplate)> {
    match object {
        Object::Deployment(Deployment { metadata, spec, status: _ }) => {
            Some((metadata, Run::Forever(spec), &spec.template))
        }
        Object::Job(Job { metadata, spec }) => Some((metadata, Run::Once(spec), &spec.template)),
        Object::CronJob(CronJob { metadata, spec }) => {
            Some((metadata, Run::Scheduled(spec), &spec.job_template.spec.template))
        }
        Object::Network(_) | Object::Volume(_) | Object::ConfigMap(_) | Object::Secret(_) => None,
    }
}

impl<'a> Stack<'a> {
    /// All of them, by their names in the source.
    pub(super) fn find_workloads(&self) -> BTreeMap<ObjectKey, Workload<'a>> {
        let mut names = Names::default();
        let mut workloads = BTreeMap::new();
        let goes_on = |object: &Object| matches!(object, Object::Deployment(_));
        // What goes on keeps its name; a job that is called like it gets another one.
        let (first, then): (Vec<_>, Vec<_>) = self.input.objects.iter().partition(|(_, object)| goes_on(object));
        for (key, object) in first.into_iter().chain(then) {
            let Some((meta, run, template)) = parts(object) else { continue };
            let namespace = self.namespace(&key.namespace);
            let (form, form_reason) = form::of(meta, run, template);
            let name = match form {
                // What a CronJob starts is called after it, with eleven characters more.
                Form::CronJob => label(&key.name, 52),
                Form::StatefulSet => label(&key.name, LONGEST_SET),
                // A job is called by its pod, once that is known.
                Form::Deployment | Form::DaemonSet | Form::Job => key.name.clone(),
            };
            // Any of those that go on may become another form of them later.
            let pool = if matches!(run, Run::Forever(_)) { "Deployment" } else { form.kind() };
            let name = names.claim(pool, &namespace, &name);
            let identity = match run {
                Run::Forever(_) => key.name.clone(),
                Run::Once(_) | Run::Scheduled(_) => suffixed(&key.name, key.kind.lower()),
            };
            let identity = names.claim("ServiceAccount", &namespace, &identity);
            let host = template.network_mode.as_deref().and_then(|mode| mode.strip_prefix("deployment:"));
            let host = host.map(|host| ObjectKey::new(skiff_api::Kind::Deployment, key.namespace.as_str(), host));
            let host = host.filter(|host| self.input.objects.contains_key(host) && matches!(run, Run::Forever(_)));
            let (ports, is_spoken_to, is_heard) = (Vec::new(), false, false);
            let (service, governing) = (String::new(), String::new());
            workloads.insert(
                key.clone(),
                Workload {
                    key,
                    meta,
                    run,
                    template,
                    form,
                    form_reason,
                    name,
                    identity,
                    service,
                    governing,
                    namespace,
                    host,
                    ports,
                    is_spoken_to,
                    is_heard,
                },
            );
        }
        workloads
    }
}
