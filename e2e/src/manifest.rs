//! Manifests as scenarios write them: the little that differs is said, the rest is filled in.

use std::fmt;

use crate::IMAGE;

/// A deployment on the test image.
#[derive(Clone, Debug)]
pub struct Service {
    name: String,
    image: String,
    replicas: u32,
    spec: String,
    container: String,
    template: String,
}

/// A deployment of one replica that idles.
pub fn service(name: &str) -> Service {
    Service {
        name: name.to_owned(),
        image: IMAGE.to_owned(),
        replicas: 1,
        spec: String::new(),
        container: String::new(),
        template: String::new(),
    }
}

impl Service {
    /// With another image.
    #[must_use]
    pub fn image(mut self, image: &str) -> Self {
        image.clone_into(&mut self.image);
        self
    }

    /// With so many replicas.
    #[must_use]
    pub const fn replicas(mut self, replicas: u32) -> Self {
        self.replicas = replicas;
        self
    }

    /// With a further line below `spec`, in flow style.
    #[must_use]
    pub fn spec(mut self, line: &str) -> Self {
        self.spec.extend(["  ", line, "\n"]);
        self
    }

    /// With a further line below `container`, in flow style.
    #[must_use]
    pub fn container(mut self, line: &str) -> Self {
        self.container.extend(["      ", line, "\n"]);
        self
    }

    /// With a further line below `template`, in flow style.
    #[must_use]
    pub fn template(mut self, line: &str) -> Self {
        self.template.extend(["    ", line, "\n"]);
        self
    }

    /// With a health check that looks for a file.
    #[must_use]
    pub fn healthy_when(self, file: &str) -> Self {
        self.container(&format!("healthCheck: {{ test: [CMD, test, -e, {file}], interval: 200ms, timeout: 2s }}"))
    }

    /// With a variable.
    #[must_use]
    pub fn env(self, name: &str, value: &str) -> Self {
        self.container(&format!("env: [{{ name: {name}, value: \"{value}\" }}]"))
    }

    /// That waits for another one.
    #[must_use]
    pub fn depends_on(self, name: &str, condition: &str) -> Self {
        self.spec(&format!("dependsOn: [{{ name: {name}, condition: {condition} }}]"))
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, image, replicas, spec, container, template } = self;
        writeln!(f, "---\napiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: {{ name: {name} }}")?;
        write!(f, "spec:\n  replicas: {replicas}\n  minReadySeconds: 0\n{spec}")?;
        write!(f, "  template:\n    terminationGracePeriodSeconds: 5\n{template}")?;
        write!(f, "    container:\n      image: {image}\n{container}")
    }
}

/// A job on the test image that runs a line of shell.
#[derive(Clone, Debug)]
pub struct Task {
    name: String,
    script: String,
    spec: String,
    schedule: Option<String>,
}

/// A job that runs a line of shell.
pub fn job(name: &str, script: &str) -> Task {
    Task { name: name.to_owned(), script: script.to_owned(), spec: String::new(), schedule: None }
}

impl Task {
    /// With a further field of the job, in flow style.
    #[must_use]
    pub fn spec(mut self, field: &str) -> Self {
        self.spec.extend([", ", field]);
        self
    }

    /// On a schedule, with further fields of it in flow style.
    #[must_use]
    pub fn on(mut self, schedule: &str, fields: &str) -> Self {
        self.schedule = Some(format!("schedule: \"{schedule}\"{fields}"));
        self
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, script, spec, schedule } = self;
        let container = format!("{{ image: {IMAGE}, command: [/bin/sh, -c, '{script}'] }}");
        let job = format!("{{ template: {{ terminationGracePeriodSeconds: 1, container: {container} }}{spec} }}");
        let (kind, spec) = match schedule {
            None => ("Job", job),
            Some(schedule) => ("CronJob", format!("{{ {schedule}, jobTemplate: {{ spec: {job} }} }}")),
        };
        writeln!(f, "---\napiVersion: skiff.dev/v1\nkind: {kind}\nmetadata: {{ name: {name} }}\nspec: {spec}")
    }
}

/// A config with one key.
pub fn config(name: &str, key: &str, value: &str) -> String {
    object("ConfigMap", name, &format!("data: {{ {key}: \"{value}\" }}"))
}

/// A secret with one key.
pub fn secret(name: &str, key: &str, value: &str) -> String {
    object("Secret", name, &format!("stringData: {{ {key}: \"{value}\" }}"))
}

/// A network.
pub fn network(name: &str) -> String {
    object("Network", name, "spec: {}")
}

/// A volume.
pub fn volume(name: &str) -> String {
    object("Volume", name, "spec: {}")
}

fn object(kind: &str, name: &str, rest: &str) -> String {
    format!("---\napiVersion: skiff.dev/v1\nkind: {kind}\nmetadata: {{ name: {name} }}\n{rest}\n")
}
