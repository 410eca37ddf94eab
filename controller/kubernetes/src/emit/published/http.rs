//! HTTP: an Ingress, or a route of a Gateway, and the host that requests ask for.

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend, IngressSpec,
    ServiceBackendPort,
};
use serde_json::json;

use super::Published;
use crate::emit::{Sink, meta};
use crate::names::suffixed;
use crate::report::Verdict;
use crate::stack::{Port, Stack, Workload};
use crate::{Emitted, Part};

/// The host that a request must ask for; any where only one thing is published.
fn host(stack: &Stack<'_>, workload: &Workload<'_>, port: &Port, (position, count): (usize, usize)) -> Option<String> {
    let name = if position == 0 { workload.key.name.clone() } else { format!("{}-{}", workload.key.name, port.number) };
    match &stack.options.domain {
        Some(domain) => Some(format!("{name}.{}", domain.trim_start_matches('.'))),
        None if count > 1 => Some(format!("{name}.{}.example", workload.namespace)),
        None => None,
    }
}

pub(super) fn by_http(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    it: &Published<'_>,
    place: (usize, usize),
    sink: &mut Sink<'_>,
) {
    let host = host(stack, workload, it.port, place);
    let wanted = if place.0 == 0 {
        workload.key.name.clone()
    } else {
        suffixed(&workload.key.name, &it.port.number.to_string())
    };
    let kind = if stack.options.gateway.is_some() { "HTTPRoute" } else { "Ingress" };
    let name = sink.names.claim(kind, &workload.namespace, &wanted);
    let pointer = workload.template_pointer();
    let mut scope = sink.ledger.scope(workload.key, format!("{kind}/{name}"));
    let mut scope = scope.at(&format!("{pointer}/container/ports/{}", it.index), "spec");
    let why = "HTTP is published on the ports of the cluster's own entrance, 80 and 443";
    scope.says(Verdict::Approximated, "hostPort", "rules", why, "");
    if stack.options.domain.is_none() && host.is_some() {
        let why = "several things are published, so that each needs a name, and none is known";
        scope.says(Verdict::NeedsInput, "hostPort", "rules[0].host", why, "give `--domain`");
    }
    if matches!(it.port.app_protocol.as_deref(), Some("https" | "wss")) {
        let why = "how the entrance speaks TLS to a pod is a matter of its controller";
        scope.says(Verdict::NeedsInput, "appProtocol", "rules[0]", why, "annotate it as the controller wants");
    }
    let object = if let Some(gateway) = &stack.options.gateway {
        let (namespace, gateway) = gateway.split_once('/').unwrap_or((&workload.namespace, gateway));
        let ledger = scope.ledger();
        ledger.requires("CustomResourceDefinition", "httproutes.gateway.networking.k8s.io", "", "the Gateway API");
        ledger.requires("Gateway", gateway, namespace, "HTTP that is published");
        route(stack, workload, it, &name, host.as_deref(), (namespace, gateway))
    } else {
        let class = stack.options.ingress_class.as_deref().unwrap_or_default();
        let which = if class.is_empty() { "the default one, for " } else { "" };
        scope.ledger().requires("IngressClass", class, "", format!("{which}HTTP that is published"));
        ingress(stack, workload, it, &name, host)
    };
    sink.out.push(object);
}

fn ingress(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    it: &Published<'_>,
    name: &str,
    host: Option<String>,
) -> Emitted {
    let number = Some(i32::from(it.port.number));
    let backend = IngressBackend {
        service: Some(IngressServiceBackend {
            name: workload.service.clone(),
            port: Some(ServiceBackendPort { name: None, number }),
        }),
        resource: None,
    };
    let path = HTTPIngressPath { backend, path: Some("/".to_owned()), path_type: "Prefix".to_owned() };
    let object = Ingress {
        metadata: meta::of_workload(workload, name),
        spec: Some(IngressSpec {
            ingress_class_name: stack.options.ingress_class.clone(),
            rules: Some(vec![IngressRule { host, http: Some(HTTPIngressRuleValue { paths: vec![path] }) }]),
            ..IngressSpec::default()
        }),
        status: None,
    };
    Emitted::new(&workload.file(stack), Part::Ingress, &object)
}

fn route(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    it: &Published<'_>,
    name: &str,
    host: Option<&str>,
    (namespace, gateway): (&str, &str),
) -> Emitted {
    let hosts: Vec<&str> = host.into_iter().collect();
    let object = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": { "name": name, "namespace": workload.namespace, "labels": meta::labels(workload) },
        "spec": {
            "hostnames": (!hosts.is_empty()).then_some(hosts),
            "parentRefs": [{ "name": gateway, "namespace": namespace }],
            "rules": [{ "backendRefs": [{ "name": workload.service, "port": it.port.number }] }],
        },
    });
    Emitted::new(&workload.file(stack), Part::Gateway, &object)
}
