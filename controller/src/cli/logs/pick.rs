//! Which containers' logs are meant, now and when others have taken their place.

use skiff_api::{Instance, ObjectKey};

use super::super::{CliError, Settings};
use crate::view::{Body, Replica, View, find};

/// A container whose log is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picked {
    /// The full id.
    pub(super) id: String,
    /// What stands before its lines, `api-1`.
    pub(super) label: String,
    /// Whether it writes now.
    pub(super) runs: bool,
}

/// What was asked for, by what stays when containers are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    wanted: Vec<Wanted>,
    /// Whether names of several namespaces could be mistaken for each other.
    with_namespace: bool,
    instance: Instance,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    /// Everything that the flags let through.
    All { namespace: Option<String> },
    /// All containers of an object.
    Object(ObjectKey),
    /// One container of an object, by its name.
    Container(String),
}

impl Pick {
    pub(super) fn new(names: &[String], views: &[View], settings: &Settings) -> Result<Self, CliError> {
        let (namespace, instance) = (settings.namespace.clone(), settings.instance.clone());
        if names.is_empty() {
            let with_namespace = namespace.is_none() && namespaces(views) > 1;
            return Ok(Self { wanted: vec![Wanted::All { namespace }], with_namespace, instance });
        }
        let mut wanted = Vec::new();
        for name in names {
            let found = find::find(views, name, namespace.as_deref())
                .map_err(|error| CliError::refused(error.to_string(), error.help()))?;
            if !found.view.object.kind.is_workload() {
                return Err(CliError::refused(
                    format!("{} has no logs", found.view.object),
                    "only containers write logs",
                ));
            }
            wanted.push(match found.replica {
                Some(replica) => Wanted::Container(replica.name.clone()),
                None => Wanted::Object(found.view.object.clone()),
            });
        }
        Ok(Self { wanted, with_namespace: false, instance })
    }

    /// Whose containers.
    pub(super) const fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The containers that are meant, of those that there are now.
    pub(super) fn of(&self, views: &[View]) -> Vec<Picked> {
        let containers = views.iter().flat_map(|view| containers(view).into_iter().map(move |replica| (view, replica)));
        containers.filter(|(view, replica)| self.means(view, replica)).map(|pair| self.picked(pair)).collect()
    }

    fn means(&self, view: &View, replica: &Replica) -> bool {
        self.wanted.iter().any(|wanted| match wanted {
            Wanted::All { namespace } => namespace.as_ref().is_none_or(|namespace| *namespace == view.object.namespace),
            Wanted::Object(object) => *object == view.object,
            Wanted::Container(name) => *name == replica.name,
        })
    }

    fn picked(&self, (view, replica): (&View, &Replica)) -> Picked {
        let name = replica.short_name(&view.object);
        let label = if self.with_namespace { format!("{}/{name}", view.object.namespace) } else { name };
        Picked { id: replica.id.clone(), label, runs: replica.started_at.is_some() }
    }
}

fn namespaces(views: &[View]) -> usize {
    views.iter().map(|view| &view.object.namespace).collect::<std::collections::BTreeSet<_>>().len()
}

fn containers(view: &View) -> Vec<&Replica> {
    match &view.body {
        Body::Workload(workload) => workload.replicas.iter().chain(&workload.others).collect(),
        Body::Network(_) | Body::Volume(_) | Body::Declared => Vec::new(),
    }
}
