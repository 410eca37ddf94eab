//! Ports of the host that several objects publish.

use super::{Workload, complain};
use crate::validate::ports::Published;
use crate::{Related, SetComplaint};

struct Claim<'a> {
    workload: &'a Workload<'a>,
    index: usize,
    published: Published,
    shown: String,
}

pub(super) fn check(workloads: &[Workload<'_>], out: &mut Vec<SetComplaint>) {
    let mut claims: Vec<Claim<'_>> =
        workloads.iter().filter(|workload| workload.replicas > 0).flat_map(claims).collect();
    claims.sort_by_key(|claim| claim.published.first());
    let mut open: Vec<&Claim<'_>> = Vec::new();
    for claim in &claims {
        open.retain(|other| other.published.last() >= claim.published.first());
        let others = open.iter().filter(|other| other.workload.key != claim.workload.key);
        out.extend(
            others.filter(|other| other.published.overlaps(&claim.published)).map(|other| collision(claim, other)),
        );
        open.push(claim);
    }
}

fn claims<'a>(workload: &'a Workload<'a>) -> Vec<Claim<'a>> {
    let ports = workload.template.container.ports.iter().enumerate();
    let claim = |(index, port): (usize, &crate::ContainerPort)| {
        let shown = port.host_port.map(|port| port.to_string()).unwrap_or_default();
        Some(Claim { workload, index, published: Published::of(port)?, shown })
    };
    ports.filter_map(claim).collect()
}

fn pointer(claim: &Claim<'_>) -> String {
    let template = claim.workload.at.key("template");
    let container = template.key("container");
    container.key("ports").index(claim.index).key("hostPort").pointer()
}

/// Complains about the later of two objects and points at the earlier one.
fn collision(left: &Claim<'_>, right: &Claim<'_>) -> SetComplaint {
    let (first, second) = if left.workload.key < right.workload.key { (left, right) } else { (right, left) };
    let complaint = crate::Complaint {
        pointer: pointer(second),
        at_key: false,
        message: format!("`hostPort` {} is published by {} too", second.shown, first.workload.key),
        help: Some("take another port, or another `hostIP`".to_owned()),
        wanting: Vec::new(),
    };
    let message = format!("`hostPort` {} is published here", first.shown);
    let related = Related { object: first.workload.key.clone(), pointer: pointer(first), message };
    complain(second.workload.key, complaint, vec![related])
}
