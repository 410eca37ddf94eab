//! Objects that wait for each other: each cycle once, the shortest one, beginning with its first object.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::references::joined_at;
use super::{Workload, complain};
use crate::{Kind, ObjectKey, Related, SetComplaint};

/// One object waits for another, and says so there.
struct Edge {
    to: usize,
    pointer: String,
}

/// What each workload waits for, by its position.
type Graph = Vec<Vec<Edge>>;

pub(super) fn check(workloads: &[Workload<'_>], out: &mut Vec<SetComplaint>) {
    let graph = graph(workloads);
    let mut cycles: Vec<Vec<usize>> =
        suspects(&graph).into_iter().filter_map(|start| shortest_through(&graph, start)).collect();
    cycles.sort_by(|left, right| (left.len(), left).cmp(&(right.len(), right)));
    let mut reported: BTreeSet<usize> = BTreeSet::new();
    for cycle in cycles {
        if cycle.iter().any(|position| reported.contains(position)) {
            continue;
        }
        out.extend(complaint(workloads, &graph, &cycle));
        reported.extend(cycle);
    }
}

fn graph(workloads: &[Workload<'_>]) -> Graph {
    let positions: BTreeMap<&ObjectKey, usize> =
        workloads.iter().enumerate().map(|(position, workload)| (workload.key, position)).collect();
    let find = |kind: Kind, namespace: &str, name: &str| positions.get(&ObjectKey::new(kind, namespace, name)).copied();
    let edges = |workload: &Workload<'_>| {
        let at = workload.at.key("dependsOn");
        let mut edges: Vec<Edge> = Vec::new();
        for (index, dependency) in workload.depends_on.iter().enumerate() {
            let namespace = workload.namespace(dependency.namespace.as_ref());
            let name = dependency.name.as_str();
            let to = find(Kind::Deployment, namespace, name).or_else(|| find(Kind::Job, namespace, name));
            edges.extend(to.map(|to| Edge { to, pointer: at.index(index).pointer() }));
        }
        let at_template = workload.at.key("template");
        for joined in workload.template.joined() {
            let to = find(Kind::Deployment, &workload.key.namespace, joined.deployment);
            joined_at(&joined, &at_template, &mut |at| edges.extend(to.map(|to| Edge { to, pointer: at.pointer() })));
        }
        edges
    };
    workloads.iter().map(edges).collect()
}

/// What is left when whatever waits for nothing (that is left) is taken away again and again: nothing, without a cycle.
fn suspects(graph: &Graph) -> Vec<usize> {
    let mut waiting: Vec<usize> = graph.iter().map(Vec::len).collect();
    let mut dependents: Vec<Vec<usize>> = graph.iter().map(|_| Vec::new()).collect();
    for (from, edge) in graph.iter().enumerate().flat_map(|(from, edges)| edges.iter().map(move |edge| (from, edge))) {
        if let Some(dependents) = dependents.get_mut(edge.to) {
            dependents.push(from);
        }
    }
    let free =
        |waiting: &[usize]| waiting.iter().enumerate().filter(|(_, count)| **count == 0).map(|(at, _)| at).collect();
    let mut queue: VecDeque<usize> = free(&waiting);
    while let Some(done) = queue.pop_front() {
        for dependent in dependents.get(done).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(*dependent) {
                *count -= 1;
                if *count == 0 {
                    queue.push_back(*dependent);
                }
            }
        }
    }
    waiting.iter().enumerate().filter(|(_, count)| **count > 0).map(|(position, _)| position).collect()
}

/// The shortest way from an object back to itself, turned so that its smallest member comes first.
fn shortest_through(graph: &Graph, start: usize) -> Option<Vec<usize>> {
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(here) = queue.pop_front() {
        for edge in graph.get(here).into_iter().flatten() {
            if edge.to == start {
                let mut cycle = vec![here];
                while let Some(before) =
                    cycle.last().filter(|last| **last != start).and_then(|last| came_from.get(last))
                {
                    cycle.push(*before);
                }
                cycle.reverse();
                let smallest = cycle.iter().enumerate().min_by_key(|(_, position)| **position).map_or(0, |(at, _)| at);
                cycle.rotate_left(smallest);
                return Some(cycle);
            }
            if let Entry::Vacant(unseen) = came_from.entry(edge.to) {
                unseen.insert(here);
                queue.push_back(edge.to);
            }
        }
    }
    None
}

fn complaint(workloads: &[Workload<'_>], graph: &Graph, cycle: &[usize]) -> Option<SetComplaint> {
    let key = |position: usize| workloads.get(position).map(|workload| workload.key);
    let first = *cycle.first()?;
    let names: Vec<String> =
        cycle.iter().chain([&first]).filter_map(|position| key(*position)).map(ToString::to_string).collect();
    let steps = cycle.iter().zip(cycle.iter().cycle().skip(1)).filter_map(|(from, to)| {
        let edge = graph.get(*from)?.iter().find(|edge| edge.to == *to)?;
        Some((key(*from)?, key(*to)?, edge.pointer.clone()))
    });
    let mut related: Vec<Related> = steps
        .map(|(from, to, pointer)| Related { object: from.clone(), pointer, message: format!("{from} waits for {to}") })
        .collect();
    let pointer = (!related.is_empty()).then(|| related.remove(0).pointer)?;
    let complaint = crate::Complaint {
        pointer,
        at_key: false,
        message: format!("objects wait for each other: {}", names.join(" → ")),
        help: Some("take one of the dependencies away".to_owned()),
        wanting: Vec::new(),
    };
    Some(complain(key(first)?, complaint, related))
}
