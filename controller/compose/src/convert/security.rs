//! What a container may do: options in Docker's words, and the namespaces that it shares.

use skiff_api::Kind;
use skiff_yaml::{Node, Span, Value};

use super::Converter;
use super::service::Service;
use crate::manifest::text;
use crate::names;
use crate::paths;

const CONTEXT: &str = "template/container/securityContext";

impl Converter<'_, '_, '_> {
    /// Whether what is shared of another service is there: one that runs to its end has it only until then.
    pub(super) fn can_be_joined(&self, service: &mut Service<'_>, attribute: &str, mode: &Node) -> bool {
        let mode_text = mode.text().unwrap_or_default();
        let Some(name) = mode_text.strip_prefix("service:") else { return true };
        let ends = self.kind_of(name).is_some_and(|kind| kind != Kind::Deployment);
        if ends {
            let does = format!("`{name}` runs to its end, and its containers go");
            service.refused(
                attribute,
                mode.place(),
                &does,
                "share it with a service that goes on, or give both one of their own",
            );
        }
        !ends
    }

    pub(super) fn security(&mut self, service: &mut Service<'_>) {
        for option in service.items("security_opt") {
            let (written, place) = (option.text().unwrap_or_default(), option.place());
            let (name, value) = written.split_once('=').or_else(|| written.split_once(':')).unwrap_or((&written, ""));
            match name {
                "no-new-privileges" => {
                    let is_allowed = value == "false";
                    service.set(&format!("{CONTEXT}/allowPrivilegeEscalation"), Value::Bool(is_allowed), place);
                }
                "seccomp" => self.profile(service, "seccompProfile", value, place),
                "apparmor" => self.profile(service, "appArmorProfile", value, place),
                "systempaths" if value == "unconfined" => {
                    service.put(&format!("{CONTEXT}/procMount"), text("Unmasked", place));
                }
                _ => {
                    let option = if value.is_empty() { name.to_owned() } else { format!("{name}={value}") };
                    service.push(&format!("{CONTEXT}/securityOpt"), text(option, place));
                }
            }
        }
        for (attribute, field) in [("pid", "pidMode"), ("ipc", "ipcMode")] {
            let Some(node) = service.attribute(attribute) else { continue };
            if !self.can_be_joined(service, attribute, node) {
                continue;
            }
            let mode = namespace_of(&node.text().unwrap_or_default());
            service.put(&format!("template/container/{field}"), text(mode, node.place()));
        }
    }

    fn profile(&self, service: &mut Service<'_>, field: &str, value: &str, place: Span) {
        let at = format!("{CONTEXT}/{field}");
        if value == "unconfined" {
            return service.put(&format!("{at}/type"), text("Unconfined", place));
        }
        if field == "seccompProfile" && value == "builtin" {
            return service.put(&format!("{at}/type"), text("RuntimeDefault", place));
        }
        let directory = &self.project.directory;
        let name =
            if field == "seccompProfile" { paths::rebased(directory, directory, value) } else { value.to_owned() };
        service.put(&format!("{at}/type"), text("Localhost", place));
        service.put(&format!("{at}/localhostProfile"), text(name, place));
    }
}

/// The namespace of another service is that of its first replica.
fn namespace_of(mode: &str) -> String {
    match mode.strip_prefix("service:") {
        Some(service) => format!("deployment:{}", names::object(service)),
        None => mode.to_owned(),
    }
}

/// The text of a node, or nothing.
pub(super) fn words(node: Option<&Node>) -> String {
    node.and_then(Node::text).unwrap_or_default()
}
