//! What objects name must be there: networks, volumes, content and its keys, what they depend on.

use super::{Objects, Workload, complain};
use crate::complaint::At;
use crate::suggest::nearest;
use crate::{
    Complaint, DependencyCondition, EnvFromSource, EnvVar, Joined, KeyToPath, Kind, Object, ObjectKey, RestartPolicy,
    SetComplaint,
};

pub(super) fn check(objects: &Objects, workloads: &[Workload<'_>], out: &mut Vec<SetComplaint>) {
    for workload in workloads {
        let mut found = Vec::new();
        let mut checker = Checker { objects, workload, out: &mut found };
        checker.dependencies();
        let at = workload.at.key("template");
        checker.networks(&at);
        checker.volumes(&at.key("volumes"));
        let at_container = at.key("container");
        checker.env(&workload.template.container.env, &at_container.key("env"));
        checker.env_from(&workload.template.container.env_from, &at_container.key("envFrom"));
        let at_init = at.key("initContainers");
        for (index, container) in workload.template.init_containers.iter().enumerate() {
            checker.env(&container.env, &at_init.index(index).key("env"));
        }
        out.extend(found.into_iter().map(|complaint| complain(workload.key, complaint, Vec::new())));
    }
}

/// Gives away the place in a template that joins a deployment.
pub(super) fn joined_at(joined: &Joined<'_>, at_template: &At<'_>, with: &mut dyn FnMut(&At<'_>)) {
    let at_container = at_template.key("container");
    let at = if joined.field == "networkMode" { at_template.key(joined.field) } else { at_container.key(joined.field) };
    match joined.index {
        Some(index) => with(&at.index(index)),
        None => with(&at),
    }
}

struct Checker<'a> {
    objects: &'a Objects,
    workload: &'a Workload<'a>,
    out: &'a mut Vec<Complaint>,
}

impl<'a> Checker<'a> {
    fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<&'a Object> {
        self.objects.get(&ObjectKey::new(kind, namespace, name))
    }

    /// The object, or a complaint with the nearest name unless it may be missing.
    fn need(&mut self, kind: Kind, namespace: &str, name: &str, optional: bool, at: &At<'_>) -> Option<&'a Object> {
        let object = self.find(kind, namespace, name);
        if object.is_none() && !optional {
            let complaint = at.says(format!("there is no {kind} `{name}` in namespace `{namespace}`"));
            self.out.push(self.suggest(complaint, &[kind], namespace, name));
        }
        object
    }

    fn suggest(&self, mut complaint: Complaint, kinds: &[Kind], namespace: &str, name: &str) -> Complaint {
        complaint.wanting = kinds.iter().map(|kind| ObjectKey::new(*kind, namespace, name).to_string()).collect();
        let of_kind = self.objects.keys().filter(|key| kinds.contains(&key.kind));
        if let Some(key) = of_kind.clone().find(|key| key.name == name) {
            return complaint.help(format!("there is one in namespace `{}`", key.namespace));
        }
        let names = of_kind.filter(|key| key.namespace == namespace).map(|key| key.name.as_str());
        match nearest(name, names) {
            Some(meant) => complaint.help(format!("did you mean `{meant}`?")),
            None => complaint,
        }
    }

    fn dependencies(&mut self) {
        let at = self.workload.at.key("dependsOn");
        for (index, dependency) in self.workload.depends_on.iter().enumerate() {
            let at = at.index(index);
            let namespace = self.workload.namespace(dependency.namespace.as_ref());
            let name = dependency.name.as_str();
            let object = self.find(Kind::Deployment, namespace, name).or_else(|| self.find(Kind::Job, namespace, name));
            match object {
                Some(Object::Deployment(deployment)) if dependency.condition == DependencyCondition::Completed => {
                    if deployment.spec.template.restart_policy.unwrap_or_default() == RestartPolicy::Always {
                        let message = format!("deployment `{name}` restarts always and never completes");
                        let help = "wait for `Ready`, or make it a Job";
                        self.out.push(at.key("condition").says(message).help(help));
                    }
                }
                Some(_) => {}
                None if dependency.optional => {}
                None => {
                    let message = format!("there is no Deployment or Job `{name}` in namespace `{namespace}`");
                    let complaint = at.key("name").says(message);
                    self.out.push(match self.find(Kind::CronJob, namespace, name) {
                        Some(_) => complaint.help("a CronJob never ends and cannot be waited for"),
                        None => self.suggest(complaint, &[Kind::Deployment, Kind::Job], namespace, name),
                    });
                }
            }
        }
    }

    fn networks(&mut self, at: &At<'_>) {
        let template = self.workload.template;
        let namespace = self.workload.key.namespace.as_str();
        for joined in template.joined() {
            joined_at(&joined, at, &mut |at| {
                self.need(Kind::Deployment, namespace, joined.deployment, false, at);
            });
        }
        let at = at.key("networks");
        for (index, network) in template.networks.iter().flatten().enumerate().filter(|(_, it)| it.name != "default") {
            let namespace = self.workload.namespace(network.namespace.as_ref());
            self.need(Kind::Network, namespace, &network.name, false, &at.index(index).key("name"));
        }
    }

    fn volumes(&mut self, at: &At<'_>) {
        let own = self.workload.key.namespace.as_str();
        for (index, source) in self.workload.template.volumes.iter().enumerate() {
            let at = at.index(index);
            if let Some(volume) = &source.volume {
                let namespace = self.workload.namespace(volume.namespace.as_ref());
                self.need(Kind::Volume, namespace, &volume.name, false, &at.key("volume").key("name"));
            }
            if let Some(config) = &source.config_map {
                let at = at.key("configMap");
                let object = self.need(Kind::ConfigMap, own, &config.name, config.optional, &at.key("name"));
                self.items(object.filter(|_| !config.optional), &config.items, &at);
            }
            if let Some(secret) = &source.secret {
                let at = at.key("secret");
                let object = self.need(Kind::Secret, own, &secret.secret_name, secret.optional, &at.key("secretName"));
                self.items(object.filter(|_| !secret.optional), &secret.items, &at);
            }
        }
    }

    fn items(&mut self, object: Option<&Object>, items: &[KeyToPath], at: &At<'_>) {
        let at = at.key("items");
        for (index, item) in items.iter().enumerate() {
            self.has_key(object, &item.key, &at.index(index).key("key"));
        }
    }

    fn env(&mut self, env: &[EnvVar], at: &At<'_>) {
        let own = self.workload.key.namespace.as_str();
        for (index, variable) in env.iter().enumerate() {
            let Some(source) = &variable.value_from else { continue };
            let at = at.index(index);
            let at = at.key("valueFrom");
            let references = [
                (Kind::ConfigMap, "configMapKeyRef", &source.config_map_key_ref),
                (Kind::Secret, "secretKeyRef", &source.secret_key_ref),
            ];
            for (kind, field, reference) in references {
                let Some(reference) = reference else { continue };
                let at = at.key(field);
                let object = self.need(kind, own, &reference.name, reference.optional, &at.key("name"));
                self.has_key(object.filter(|_| !reference.optional), &reference.key, &at.key("key"));
            }
        }
    }

    fn env_from(&mut self, sources: &[EnvFromSource], at: &At<'_>) {
        let own = self.workload.key.namespace.as_str();
        for (index, source) in sources.iter().enumerate() {
            let at = at.index(index);
            let references = [
                (Kind::ConfigMap, "configMapRef", &source.config_map_ref),
                (Kind::Secret, "secretRef", &source.secret_ref),
            ];
            for (kind, field, reference) in references {
                if let Some(reference) = reference {
                    self.need(kind, own, &reference.name, reference.optional, &at.key(field).key("name"));
                }
            }
        }
    }

    fn has_key(&mut self, object: Option<&Object>, key: &str, at: &At<'_>) {
        let Some(object) = object else { return };
        let keys: Vec<&str> = match object {
            Object::ConfigMap(config) => {
                config.data.keys().chain(config.binary_data.keys()).map(String::as_str).collect()
            }
            Object::Secret(secret) => secret.data.keys().chain(secret.string_data.keys()).map(String::as_str).collect(),
            Object::Network(_) | Object::Volume(_) | Object::Deployment(_) | Object::Job(_) | Object::CronJob(_) => {
                return;
            }
        };
        if keys.contains(&key) {
            return;
        }
        let mut complaint = at.says(format!("{} `{}` has no key `{key}`", object.kind(), object.metadata().name));
        // What is wrong with the object may be that it has the key no more.
        complaint.wanting.push(object.key().to_string());
        self.out.push(match nearest(key, keys.iter().copied()) {
            Some(meant) => complaint.help(format!("did you mean `{meant}`?")),
            None if keys.is_empty() => complaint.help("it has no keys at all"),
            None => complaint.help(format!("its keys are {}", keys.join(", "))),
        });
    }
}
