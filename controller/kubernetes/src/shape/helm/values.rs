//! What people change: images, replicas, resources, hosts, the size and class of claims. Each is replaced by a word that stands in
//! no text of the export, which becomes an expression once the object is YAML.

use serde_json::{Map, Value, json};
use skiff_api::ImageName;

use super::at;
use super::jobs::Jobs;
use super::keys::Keys;
use super::words::Words;
use crate::shape::commands::STACK;
use crate::{Emitted, Export, Part, yaml};

/// The values so far, and what stands for expressions.
pub(super) struct Values {
    /// The chart's name.
    pub(super) name: String,
    /// The namespace of everything, where there is one.
    pub(super) namespace: Option<String>,
    all: Value,
    words: Words,
    keys: Keys,
}

impl Values {
    pub(super) fn new(export: &Export) -> Self {
        let namespace = export.namespace().map(str::to_owned);
        let name = namespace.clone().unwrap_or_else(|| STACK.to_owned());
        Self { name, namespace, all: json!({}), words: Words::new(export), keys: Keys::default() }
    }

    /// The values.
    pub(super) fn finish(self) -> Value {
        self.all
    }

    /// The template of an object.
    pub(super) fn template(&mut self, object: &Emitted, jobs: &Jobs) -> String {
        let mut value = object.value.clone();
        match object.part {
            Part::Base => {}
            Part::Ingress => self.ingress(object, &mut value),
            Part::Gateway => self.set(&["gateway", "enabled"], true.into()),
            Part::NetworkPolicy => self.set(&["networkPolicy", "enabled"], true.into()),
        }
        let kind = object.text("/kind");
        if matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob") {
            self.workload(object, &mut value);
        }
        jobs.rename(object, &mut value, self);
        if kind == "HorizontalPodAutoscaler" {
            self.scaler(object, &mut value);
        }
        if kind == "PersistentVolumeClaim" {
            self.claim(object.text("/metadata/namespace"), object.text("/metadata/name"), &mut value);
        }
        self.namespaces(&mut value);
        self.words.template(&yaml::document(&value))
    }

    /// A word that stands for an expression.
    pub(super) fn word(&mut self, expression: String) -> Value {
        self.words.word(expression)
    }

    /// The key of a name among those of its kind.
    fn key(&mut self, of: &str, namespace: &str, name: &str) -> String {
        self.keys.of(of, namespace, name, self.namespace.is_none())
    }

    /// Puts a value at its path, if nothing is there.
    fn set(&mut self, path: &[&str], value: Value) {
        let mut here = &mut self.all;
        for key in path {
            if !here.is_object() {
                *here = json!({});
            }
            let Some(fields) = here.as_object_mut() else { return };
            here = fields.entry(*key).or_insert(Value::Null);
        }
        if here.is_null() {
            *here = value;
        }
    }

    /// The values of a workload by its key.
    pub(super) fn of_workload(&self, key: &str) -> &Value {
        self.all.get("workloads").and_then(|all| all.get(key)).unwrap_or(&Value::Null)
    }

    /// Takes the values out of a workload, and says what their key is.
    pub(super) fn workload(&mut self, object: &Emitted, value: &mut Value) -> String {
        let namespace = object.text("/metadata/namespace");
        let name = self.key("workloads", namespace, object.text("/metadata/labels/app.kubernetes.io~1name"));
        if let Some(replicas) = at(value, "/spec/replicas") {
            self.set(&["workloads", &name, "replicas"], replicas.clone());
            *replicas = self.word(format!("{{{{ .Values.workloads.{name}.replicas }}}}"));
        }
        let pod = if object.text("/kind") == "CronJob" { "/spec/jobTemplate/spec" } else { "/spec" };
        let containers = at(value, &format!("{pod}/template/spec/containers")).and_then(Value::as_array_mut);
        for (index, container) in containers.into_iter().flatten().enumerate() {
            let own = container.get("name").and_then(Value::as_str).unwrap_or_default();
            let own = self.key(&format!("workloads.{name}.sidecars"), namespace, own);
            let path: Vec<&str> = match index {
                0 => vec!["workloads", &name],
                _ => vec!["workloads", &name, "sidecars", &own],
            };
            self.container(&path, container);
        }
        let claims = at(value, "/spec/volumeClaimTemplates").and_then(Value::as_array_mut);
        for claim in claims.into_iter().flatten() {
            let own = claim.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
            // No name has a dot: it is no claim's own name.
            self.claim(namespace, &format!("{}.{own}", object.text("/metadata/name")), claim);
        }
        name
    }

    fn scaler(&mut self, object: &Emitted, value: &mut Value) {
        let namespace = object.text("/metadata/namespace");
        let name = self.key("workloads", namespace, object.text("/metadata/labels/app.kubernetes.io~1name"));
        for field in ["minReplicas", "maxReplicas"] {
            if let Some(replicas) = at(value, &format!("/spec/{field}")) {
                self.set(&["workloads", &name, "autoscaling", field], replicas.clone());
                *replicas = self.word(format!("{{{{ .Values.workloads.{name}.autoscaling.{field} }}}}"));
            }
        }
    }

    fn container(&mut self, path: &[&str], container: &mut Value) {
        let Some(fields) = container.as_object_mut() else { return };
        let here = format!(".Values.{}", path.join("."));
        let image = fields.get("image").and_then(Value::as_str).unwrap_or_default();
        let ImageName { tag, digest, .. } = ImageName::of(image);
        let suffix = digest.as_ref().map_or(0, |it| it.len() + 1) + tag.as_ref().map_or(0, |it| it.len() + 1);
        let repository = image.get(..image.len().saturating_sub(suffix)).unwrap_or(image);
        let image = json!({
            "repository": repository, "tag": tag.unwrap_or_default(), "digest": digest.unwrap_or_default(),
        });
        self.set(&[path, &["image"]].concat(), image);
        let at = format!("{here}.image");
        let expression = format!(
            "\"{{{{ {at}.repository }}}}{{{{ if {at}.tag }}}}:{{{{ {at}.tag }}}}{{{{ end }}}}{{{{ if {at}.digest }}}}@{{{{ {at}.digest }}}}{{{{ end }}}}\""
        );
        fields.insert("image".to_owned(), self.word(expression));
        self.set(&[path, &["resources"]].concat(), fields.get("resources").cloned().unwrap_or_else(|| json!({})));
        let resources = self.word(format!("{{{{ toJson {here}.resources }}}}"));
        fields.insert("resources".to_owned(), resources);
    }

    fn claim(&mut self, namespace: &str, name: &str, claim: &mut Value) {
        let name = self.key("persistence", namespace, name);
        let Some(spec) = at(claim, "/spec") else { return };
        let size = spec.pointer("/resources/requests/storage").cloned().unwrap_or_default();
        self.set(&["persistence", &name, "size"], size);
        let size = self.word(format!("\"{{{{ .Values.persistence.{name}.size }}}}\""));
        if let Some(place) = at(spec, "/resources/requests/storage") {
            *place = size;
        }
        self.optional(&["persistence", &name, "storageClass"], spec, "storageClassName");
    }

    /// A text that may be missing: an empty value leaves it to the cluster.
    fn optional(&mut self, path: &[&str], object: &mut Value, field: &str) {
        let Some(fields) = object.as_object_mut() else { return };
        self.set(path, fields.get(field).cloned().unwrap_or_else(|| "".into()));
        let here = path.join(".");
        let expression = format!("{{{{ with .Values.{here} }}}}\"{{{{ . }}}}\"{{{{ else }}}}null{{{{ end }}}}");
        fields.insert(field.to_owned(), self.word(expression));
    }

    fn ingress(&mut self, object: &Emitted, value: &mut Value) {
        self.set(&["ingress", "enabled"], true.into());
        let name = self.key("hosts", object.text("/metadata/namespace"), object.text("/metadata/name"));
        if let Some(spec) = at(value, "/spec") {
            self.optional(&["ingress", "className"], spec, "ingressClassName");
        }
        if let Some(rule) = at(value, "/spec/rules/0") {
            self.optional(&["ingress", "hosts", &name], rule, "host");
        }
    }

    /// The one namespace is that of the release, wherever it is named.
    fn namespaces(&mut self, value: &mut Value) {
        let Some(namespace) = self.namespace.clone() else { return };
        let mut replace = |fields: &mut Map<String, Value>| {
            if fields.get("namespace").and_then(Value::as_str) == Some(&namespace) {
                let word = self.word("{{ .Release.Namespace }}".to_owned());
                fields.insert("namespace".to_owned(), word);
            }
        };
        for pointer in ["/metadata", "/subjects/0", "/spec/parentRefs/0", "/spec/claimRef"] {
            if let Some(fields) = at(value, pointer).and_then(Value::as_object_mut) {
                replace(fields);
            }
        }
    }
}
