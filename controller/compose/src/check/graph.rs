//! Services that wait for each other in a circle would never start.

use std::collections::{BTreeMap, BTreeSet};

use skiff_yaml::{Key, Node};

use crate::load::entries;
use crate::problems::Problems;

type Needs<'n> = BTreeMap<&'n str, &'n [(Key, Node)]>;

/// Complains about each circle, at the dependency that closes it.
pub(super) fn circles(model: &Node, problems: &mut Problems) {
    let needs: Needs<'_> = entries(model, "services")
        .iter()
        .map(|(key, service)| (key.name.as_str(), entries(service, "depends_on")))
        .collect();
    let mut done = BTreeSet::new();
    for name in needs.keys() {
        walk(name, &needs, &mut done, problems);
    }
}

/// A service whose needs are being followed, and how many of them have been.
struct Open<'n> {
    name: &'n str,
    followed: usize,
}

fn walk<'n>(from: &'n str, needs: &Needs<'n>, done: &mut BTreeSet<&'n str>, problems: &mut Problems) {
    let mut open = vec![Open { name: from, followed: 0 }];
    while let Some(top) = open.last_mut() {
        let name = top.name;
        let next = needs.get(name).and_then(|needs| needs.get(top.followed));
        top.followed += 1;
        let Some((key, _)) = next.filter(|_| !done.contains(name)) else {
            done.insert(name);
            open.pop();
            continue;
        };
        match open.iter().position(|it| it.name == key.name) {
            Some(first) => {
                let circle = open.iter().skip(first).map(|it| it.name).chain([key.name.as_str()]);
                let message =
                    format!("services wait for each other in a circle: {}", circle.collect::<Vec<_>>().join(" → "));
                problems.wrong(key.span, message).help("take one of the dependencies out");
            }
            None => open.push(Open { name: &key.name, followed: 0 }),
        }
    }
}
