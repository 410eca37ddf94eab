//! `HTTPRoute` as the Gateway API defines it in `gateway.networking.k8s.io/v1`, for no crate that is at hand has its type: the fields of
//! the standard channel as far as an export may ever write them, each of its own kind.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpRoute {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: Spec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Spec {
    pub(crate) parent_refs: Vec<ParentRef>,
    #[serde(default)]
    pub(crate) hostnames: Vec<String>,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ParentRef {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    pub(crate) backend_refs: Vec<BackendRef>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct BackendRef {
    pub(crate) name: String,
    pub(crate) port: u16,
}

impl HttpRoute {
    /// What the definition's own rules refuse.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        let Self { api_version, kind, metadata, spec: Spec { parent_refs, hostnames, rules } } = self;
        let is_label = skiff_api::validate::is_dns_label;
        let is_host = |host: &&String| {
            let host = host.strip_prefix("*.").unwrap_or(host);
            host.len() <= 253 && host.split('.').all(is_label) && host.parse::<std::net::IpAddr>().is_err()
        };
        let backends = rules.iter().flat_map(|rule| &rule.backend_refs);
        let checks = [
            ("apiVersion", api_version == "gateway.networking.k8s.io/v1"),
            ("kind", kind == "HTTPRoute"),
            ("name", metadata.name.as_deref().is_some_and(is_label)),
            ("namespace", metadata.namespace.as_deref().is_some_and(is_label)),
            ("hostnames", hostnames.len() <= 16 && hostnames.iter().all(|host| is_host(&host))),
            ("rules", (1..=16).contains(&rules.len())),
            ("parentRefs", (1..=32).contains(&parent_refs.len())),
            ("parentRefs.name", parent_refs.iter().all(|it| !it.name.is_empty())),
            ("parentRefs.namespace", parent_refs.iter().all(|it| it.namespace.as_deref().is_none_or(is_label))),
            ("backendRefs", backends.clone().all(|it| is_label(&it.name) && it.port > 0)),
        ];
        checks.into_iter().filter(|(_, holds)| !holds).map(|(field, _)| field.to_owned()).collect()
    }
}
