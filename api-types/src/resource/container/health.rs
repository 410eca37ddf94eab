//! Probes, Docker's own health check, and hooks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Duration, PortRef, is_default};

/// A check that Skiff runs against a container; exactly one action is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Probe {
    /// A command in the container passes when it exits with 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exec: Option<ExecAction>,
    /// An HTTP GET passes on a status from 200 to 399.
    #[serde(default, skip_serializing_if = "is_default")]
    pub http_get: Option<HttpGetAction>,
    /// A TCP connection passes when it opens.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tcp_socket: Option<TcpSocketAction>,
    /// The gRPC health protocol passes on SERVING.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grpc: Option<GrpcAction>,
    /// How long after the start the first probe is, in seconds. 0 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub initial_delay_seconds: Option<u32>,
    /// How often it is tried, in seconds. 10 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub period_seconds: Option<u32>,
    /// How long an answer may take, in seconds. 1 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub timeout_seconds: Option<u32>,
    /// How many passes in a row count. 1 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub success_threshold: Option<u32>,
    /// How many failures in a row count. 3 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failure_threshold: Option<u32>,
}

/// A command in the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExecAction {
    /// The program and its arguments. No shell.
    pub command: Vec<String>,
}

/// An HTTP GET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpGetAction {
    /// The path, `/` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub path: Option<String>,
    /// The container's port.
    pub port: PortRef,
    /// `HTTP` (the default) or `HTTPS`, whose certificate is not checked.
    #[serde(default, skip_serializing_if = "is_default")]
    pub scheme: Option<String>,
    /// The host to connect to instead of the container's address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub host: Option<String>,
    /// Headers to send.
    #[serde(default, skip_serializing_if = "is_default")]
    pub http_headers: Vec<HttpHeader>,
}

/// A header of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A TCP connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TcpSocketAction {
    /// The container's port.
    pub port: PortRef,
    /// The host to connect to instead of the container's address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub host: Option<String>,
}

/// A call of the gRPC health protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GrpcAction {
    /// The container's port.
    pub port: PortRef,
    /// The service to ask for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub service: Option<String>,
}

/// Docker's own health check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthCheck {
    /// The test as Docker takes it: `[CMD, program, …]`, `[CMD-SHELL, command]` or `[NONE]` to switch the image's off. The image's own unless
    /// said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub test: Vec<String>,
    /// How often. 30s unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub interval: Option<Duration>,
    /// How long an answer may take. 30s unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub timeout: Option<Duration>,
    /// How many failures in a row count. 3 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retries: Option<u32>,
    /// How long after the start failures do not count. 0s unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub start_period: Option<Duration>,
    /// How often within the start period. Skiff asks itself where Docker's API is older than 1.44; of a check that the image brings only
    /// Docker knows.
    #[serde(default, skip_serializing_if = "is_default")]
    pub start_interval: Option<Duration>,
}

/// What happens after the start and before the stop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lifecycle {
    /// Right after the start, at least once.
    #[serde(default, skip_serializing_if = "is_default")]
    pub post_start: Option<HookAction>,
    /// Before the stop signal; it shares the grace period.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pre_stop: Option<HookAction>,
}

/// A hook; exactly one action is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HookAction {
    /// A command in the container.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exec: Option<ExecAction>,
    /// Commands in the container, one after the other as long as they succeed, each with a user and a folder of its own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub commands: Vec<HookCommand>,
    /// An HTTP GET.
    #[serde(default, skip_serializing_if = "is_default")]
    pub http_get: Option<HttpGetAction>,
    /// Only time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sleep: Option<Duration>,
}

/// A command of a hook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HookCommand {
    /// The program and its arguments. No shell.
    pub command: Vec<String>,
    /// The user that it runs as; the container's unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub user: Option<String>,
    /// Whether it may do to the host what a privileged container may.
    #[serde(default, skip_serializing_if = "is_default")]
    pub privileged: bool,
    /// The folder that it runs in; the container's unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub working_dir: Option<String>,
    /// Variables besides those of the container.
    #[serde(default, skip_serializing_if = "is_default")]
    pub env: BTreeMap<String, String>,
}
