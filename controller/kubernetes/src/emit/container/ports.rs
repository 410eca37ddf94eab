//! The ports that a container says it listens on.

use k8s_openapi::api::core::v1::ContainerPort;

use crate::stack::Workload;

pub(super) fn ports(workload: &Workload<'_>) -> Vec<ContainerPort> {
    let ports = workload.ports.iter();
    let written = ports.map(|port| ContainerPort {
        name: Some(port.name.clone()),
        container_port: i32::from(port.number),
        protocol: Some(port.protocol.lower().to_uppercase()),
        ..ContainerPort::default()
    });
    written.collect()
}
