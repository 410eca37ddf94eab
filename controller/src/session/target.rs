//! From what a source says to what the loop works towards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skiff_api::{Instance, Kind, Object, ObjectKey, suggest};
use skiff_core::{CompileInput, DeclaredObject, History, HostFiles, Intent, SourceState, compile};

use super::beside::{beside, declared};
use crate::cli::CliError;
use crate::cli::paths::Scale;
use crate::controller::Target;
use crate::source::Loaded;
use crate::state::{Good, GoodObject, State};

/// What the command line adds to what the manifests say.
#[derive(Clone, Debug, Default)]
pub struct TargetOptions {
    /// Whether the objects shall run or go.
    pub intent: Intent,
    /// Whether a controller stays, which restarts what the engine cannot restart as a manifest says.
    pub stays: bool,
    /// Whether most of a source may be removed at once.
    pub confirm_prune: bool,
    /// Sources of which it may not, all the same: they say something else by now than what was confirmed.
    pub unconfirmed: BTreeSet<String>,
    /// Numbers of replicas that win over the manifests.
    pub scale: Vec<Scale>,
    /// Only these objects and what they depend on; nothing is pruned then. All of them where empty.
    pub only: Vec<String>,
}

/// The target of all sources.
///
/// # Errors
/// When a name on the command line is no object of theirs.
pub fn target(
    loads: &[Loaded],
    state: &State,
    history: &History,
    instance: &Instance,
    options: &TargetOptions,
) -> Result<Target, CliError> {
    let mut objects: BTreeMap<ObjectKey, DeclaredObject> = loads.iter().flat_map(Loaded::declared).collect();
    for scale in &options.scale {
        let key = named(&objects, &scale.name, &[Kind::Deployment])?;
        if let Some(Object::Deployment(deployment)) = objects.get_mut(&key).map(|declared| &mut declared.object) {
            deployment.spec.replicas = Some(scale.replicas);
        }
    }
    let mut sources = BTreeMap::new();
    if options.only.is_empty() {
        sources.extend(loads.iter().map(|loaded| (loaded.source.clone(), state_of(loaded, options))));
    } else {
        let kinds = [Kind::Deployment, Kind::Job, Kind::CronJob];
        let wanted = options.only.iter().map(|name| named(&objects, name, &kinds)).collect::<Result<Vec<_>, _>>()?;
        keep_needed(&mut objects, wanted);
    }
    let names: Vec<&str> = loads.iter().map(|loaded| loaded.source.as_str()).collect();
    let beside = beside(state, loads);
    let (desired, content) = compile(&CompileInput {
        instance,
        intent: options.intent,
        stays: options.stays,
        objects: &objects,
        sources: &sources,
        host_files: &loads.iter().chain(&beside).flat_map(|loaded| loaded.host_files.clone()).collect(),
        digest_key: &state.digest_key(),
        departed: &names.iter().flat_map(|source| state.departed(source)).collect(),
        claimed: &state.other_claims(&names),
        beside: &declared(&beside),
        history,
        traces: state.traces(),
        archive: state.archive(),
    });
    Ok(Target { desired, content: Arc::new(content) })
}

fn state_of(loaded: &Loaded, options: &TargetOptions) -> SourceState {
    SourceState {
        revision: loaded.revision.clone(),
        problems: loaded.problems.len(),
        confirm_prune: options.confirm_prune && !options.unconfirmed.contains(&loaded.source),
        roots: if loaded.named { Vec::new() } else { loaded.roots.clone() },
    }
}

/// What the last good manifests of all sources declare, for commands that look without being told where manifests are.
pub fn remembered(state: &State, history: &History, instance: &Instance) -> Target {
    let goods: Vec<(String, Good)> = state.sources().map(|source| (source.to_owned(), state.good(source))).collect();
    let declared = |source: &str, revision: &Option<String>, good: &GoodObject| DeclaredObject {
        object: good.object.clone(),
        source: source.to_owned(),
        source_revision: revision.clone(),
        base: good.base.display().to_string(),
    };
    let objects = goods.iter().flat_map(|(source, good)| {
        let revision = good.commit.as_ref().map(|commit| commit.id.to_string());
        good.objects.iter().map(move |(key, good)| (key.clone(), declared(source, &revision, good)))
    });
    let (desired, content) = compile(&CompileInput {
        instance,
        intent: Intent::Run,
        stays: false,
        objects: &objects.collect(),
        sources: &goods.iter().map(|(source, _)| (source.clone(), SourceState::default())).collect(),
        host_files: &HostFiles::new(),
        digest_key: &state.digest_key(),
        departed: &BTreeMap::new(),
        claimed: &BTreeSet::new(),
        beside: &BTreeMap::new(),
        history,
        traces: state.traces(),
        archive: state.archive(),
    });
    Target { desired, content: Arc::new(content) }
}

/// The object of one of these kinds that a word on the command line means: `name`, `namespace/name`, either behind `kind/`.
fn named(objects: &BTreeMap<ObjectKey, DeclaredObject>, word: &str, kinds: &[Kind]) -> Result<ObjectKey, CliError> {
    let prefixed = kinds.iter().find_map(|kind| Some((*kind, word.strip_prefix(kind.lower())?.strip_prefix('/')?)));
    let (kind, rest) = prefixed.map_or((None, word), |(kind, rest)| (Some(kind), rest));
    let (namespace, name) = rest.split_once('/').map_or((None, rest), |(namespace, name)| (Some(namespace), name));
    let candidates =
        || objects.keys().filter(|key| kind.is_none_or(|kind| kind == key.kind) && kinds.contains(&key.kind));
    let matches = |key: &&ObjectKey| key.name == name && namespace.is_none_or(|namespace| key.namespace == namespace);
    let mut found = candidates().filter(matches);
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(key.clone()),
        (Some(first), Some(second)) => Err(CliError::refused(
            format!("`{word}` is {first} and {second}"),
            format!("name one: {}/{}", first.namespace, first.name),
        )),
        (None, _) => {
            let help = match suggest::nearest(name, candidates().map(|key| key.name.as_str())) {
                _ if word.contains("://") => format!("further sources go behind `-f`: `-f '{word}'`"),
                _ if is_like_a_path(word) => format!("further files and folders go behind `-f`: `-f {word}`"),
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => "`skiff validate PATH -o name` lists what the manifests declare".to_owned(),
            };
            let what = kinds.iter().map(|kind| kind.lower()).collect::<Vec<_>>().join(" or ");
            Err(CliError::refused(format!("no {what} is named `{word}`"), help))
        }
    }
}

/// Whether a word that should name an object was meant as another path.
fn is_like_a_path(word: &str) -> bool {
    let extension = std::path::Path::new(word).extension().and_then(|extension| extension.to_str());
    word.starts_with(['.', '/']) || extension.is_some_and(|extension| ["yaml", "yml", "json"].contains(&extension))
}

/// Keeps the named objects, what they depend on, and everything that is no workload.
fn keep_needed(objects: &mut BTreeMap<ObjectKey, DeclaredObject>, wanted: Vec<ObjectKey>) {
    let mut needed: BTreeSet<ObjectKey> = BTreeSet::new();
    let mut open = wanted;
    while let Some(key) = open.pop() {
        if !needed.insert(key.clone()) {
            continue;
        }
        let dependencies = objects.get(&key).map_or(&[][..], |declared| declared.object.depends_on());
        for dependency in dependencies {
            let namespace = dependency.namespace.as_deref().unwrap_or(&key.namespace);
            let kinds = [Kind::Deployment, Kind::Job].into_iter();
            open.extend(kinds.map(|kind| ObjectKey::new(kind, namespace, dependency.name.as_str())));
        }
    }
    objects.retain(|key, _| !key.kind.is_workload() || needed.contains(key));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a word behind the path that names no object.
    fn help(word: &str) -> String {
        let refused = named(&BTreeMap::new(), word, &[Kind::Deployment]).expect_err("nothing is declared");
        refused.help().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_second_source_behind_the_first_is_told_to_go_behind_its_flag() {
        let git = "git+https://example.com/shop.git?ref=feature";
        assert_eq!(help(git), format!("further sources go behind `-f`: `-f '{git}'`"));
        assert_eq!(help("./more"), "further files and folders go behind `-f`: `-f ./more`");
        assert_eq!(help("more.yaml"), "further files and folders go behind `-f`: `-f more.yaml`");
        assert!(help("web").starts_with("`skiff validate PATH -o name`"));
    }
}
