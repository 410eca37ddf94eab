//! Who is on which network under which names, and what that holds.

use std::collections::BTreeSet;

use skiff_core::ContainerState;

use super::stage::same;
use super::{Entry, Hand, Stage};

pub(super) const SCRIPTS: &[Entry] = &[
    ("a container knows its networks by name alone until it starts", by_name_until_started),
    ("a running container is connected and disconnected, with its names", connect_running),
    ("a network with a running container on it stays, one with a stopped one goes", removal),
    ("a container does not start on a network that is gone, until it is put on the new one", network_gone),
    ("a stopped container is taken off a network that is gone", off_what_is_gone),
    ("of two networks with one name Docker chooses none; a running container is connected by id", two_of_one_name),
    ("a missing network fails the start, not the create", missing_network),
    ("a host name becomes a name on the network by itself", hostname),
    ("connected without a word on names, a container has none", nameless),
    ("a paused container is on its networks as one that runs", paused),
    ("a container in the network of another starts only while that one runs", joined),
    ("a network or volume of somebody else has its name", foreign),
];

fn aliases(stage: &mut Stage<'_>, name: &str, network: &str) -> Result<BTreeSet<String>, String> {
    let network = stage.name(network);
    let endpoint = stage.detail(name)?.endpoints.get(&network).cloned();
    endpoint.map(|endpoint| endpoint.aliases).ok_or_else(|| format!("{name} is not on {network}"))
}

fn hostname(stage: &mut Stage<'_>) -> Result<(), String> {
    two(stage)?;
    let mut create = stage.on_network("web", "one", "www");
    let mut template = (*create.spec.template).clone();
    template.pod.container.hostname = Some("inner".to_owned());
    create.spec.template = template.into();
    stage.makes(create)?;
    same("its names", &aliases(stage, "web", "one")?, &["www".to_owned()].into())?;
    stage.does(stage.start("web"))?;
    same("its names", &aliases(stage, "web", "one")?, &["www", "inner"].map(str::to_owned).into())
}

fn two(stage: &mut Stage<'_>) -> Result<(), String> {
    stage.does(stage.create_network("one"))?;
    stage.has_done(stage.create_network("one"))?;
    stage.does(stage.create_network("two"))
}

fn by_name_until_started(stage: &mut Stage<'_>) -> Result<(), String> {
    two(stage)?;
    let create = stage.on_network("web", "one", "www");
    stage.makes(create)?;
    stage.does(stage.connect("web", "two", "shop"))?;
    let ids: Vec<String> = stage.container("web")?.networks.into_values().collect();
    same("the ids of its networks", &ids, &vec![String::new(); 2])?;
    same("its names", &aliases(stage, "web", "one")?, &["www".to_owned()].into())?;
    same("its names", &aliases(stage, "web", "two")?, &["shop".to_owned()].into())?;
    // Connecting again changes nothing, and Docker says nothing.
    stage.does(stage.connect("web", "two", "other"))?;
    same("its names", &aliases(stage, "web", "two")?, &["shop".to_owned()].into())?;
    let off = stage.disconnect("web", "two")?;
    stage.does(off)?;
    stage.does(stage.connect("web", "two", "other"))?;
    stage.does(stage.start("web"))?;
    same("its names", &aliases(stage, "web", "two")?, &["other".to_owned()].into())?;
    let known = stage.container("web")?.networks.into_values().all(|id| id.len() == 64);
    same("whether it knows the ids", &known, &true)
}

fn connect_running(stage: &mut Stage<'_>) -> Result<(), String> {
    two(stage)?;
    let create = stage.on_network("web", "one", "www");
    stage.runs("web", create)?;
    stage.does(stage.connect("web", "two", "shop"))?;
    stage.has_done(stage.connect("web", "two", "shop"))?;
    stage.fails(stage.connect("web", "two", "other"), "Stale")?;
    let off = stage.disconnect("web", "two")?;
    stage.does(off.clone())?;
    stage.has_done(off)?;
    same("how many networks it is on", &stage.container("web")?.networks.len(), &1)
}

fn removal(stage: &mut Stage<'_>) -> Result<(), String> {
    two(stage)?;
    let create = stage.on_network("web", "one", "www");
    stage.runs("web", create)?;
    let remove = stage.remove_network("one")?;
    stage.fails(remove.clone(), "EngineFailed")?;
    stage.does(stage.stop("web"))?;
    stage.does(remove.clone())?;
    stage.has_done(remove)
}

fn network_gone(stage: &mut Stage<'_>) -> Result<(), String> {
    two(stage)?;
    let create = stage.on_network("web", "one", "www");
    stage.runs("web", create)?;
    stage.does(stage.stop("web"))?;
    let remove = stage.remove_network("one")?;
    stage.does(remove)?;
    stage.does(stage.create_network("one"))?;
    stage.fails(stage.start("web"), "EngineFailed")?;
    let seen = stage.container("web")?;
    same("the state", &seen.state, &ContainerState::Exited)?;
    same("the exit code", &stage.detail("web")?.exit_code, &137)?;
    same("whether a reason is left", &!stage.detail("web")?.error.is_empty(), &true)?;
    stage.does(stage.connect("web", "one", "again"))?;
    stage.does(stage.start("web"))?;
    same("its names", &aliases(stage, "web", "one")?, &["again".to_owned()].into())
}

fn off_what_is_gone(stage: &mut Stage<'_>) -> Result<(), String> {
    two(stage)?;
    let create = stage.on_network("web", "one", "www");
    stage.runs("web", create)?;
    stage.does(stage.connect("web", "two", "shop"))?;
    stage.does(stage.stop("web"))?;
    let remove = stage.remove_network("two")?;
    stage.does(remove)?;
    let off = stage.disconnect("web", "two")?;
    stage.does(off)?;
    stage.does(stage.start("web"))
}

fn two_of_one_name(stage: &mut Stage<'_>) -> Result<(), String> {
    two(stage)?;
    let create = stage.on_network("web", "two", "www");
    stage.runs("web", create)?;
    stage.hand(&Hand::DuplicateNetwork(stage.name("one")))?;
    stage.has_done(stage.create_network("one"))?;
    stage.fails(stage.connect("web", "one", "www"), "Invalid")?;
    let ids = stage.network_ids("one")?;
    let older = ids.first().ok_or("the network has gone")?;
    stage.does(stage.connect_by_id("web", "one", older))?;
    stage.has_done(stage.connect_by_id("web", "one", older))?;
    let name = stage.name("one");
    same("the network that it is on", &stage.container("web")?.networks.get(&name), &Some(older))?;
    stage.fails(stage.connect_by_id("web", "three", &"0".repeat(64)), "Stale")?;
    // Once started on it, a container knows its network by id.
    stage.does(stage.stop("web"))?;
    stage.does(stage.start("web"))?;
    let create = stage.on_network("other", "one", "other");
    stage.makes(create)?;
    stage.fails(stage.start("other"), "EngineFailed")?;
    same("the state", &stage.container("other")?.state, &ContainerState::Created)
}

fn nameless(stage: &mut Stage<'_>) -> Result<(), String> {
    two(stage)?;
    let create = stage.on_network("web", "one", "www");
    stage.runs("web", create)?;
    stage.hand(&Hand::Connect { container: stage.name("web"), network: stage.name("two") })?;
    same("its names", &aliases(stage, "web", "two")?, &BTreeSet::new())?;
    stage.fails(stage.connect("web", "two", "shop"), "Stale")?;
    let off = stage.disconnect("web", "two")?;
    stage.does(off)?;
    stage.does(stage.connect("web", "two", "shop"))?;
    same("its names", &aliases(stage, "web", "two")?, &["shop".to_owned()].into())
}

fn paused(stage: &mut Stage<'_>) -> Result<(), String> {
    two(stage)?;
    let create = stage.on_network("web", "one", "www");
    stage.runs("web", create)?;
    stage.hand(&Hand::Pause(stage.name("web")))?;
    let remove = stage.remove_network("one")?;
    stage.fails(remove, "EngineFailed")?;
    stage.does(stage.connect("web", "two", "shop"))?;
    let known = stage.container("web")?.networks.into_values().all(|id| id.len() == 64);
    same("whether it knows the ids", &known, &true)
}

fn joined(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.sleeper("host");
    stage.makes(create)?;
    let mut guest = stage.sleeper("guest");
    guest.spec.network_mode = Some(format!("container:{}", stage.name("host")));
    stage.makes(guest)?;
    stage.fails(stage.start("guest"), "EngineFailed")?;
    stage.does(stage.start("host"))?;
    stage.does(stage.start("guest"))?;
    same("its networks", &stage.container("guest")?.networks.len(), &0)
}

fn foreign(stage: &mut Stage<'_>) -> Result<(), String> {
    stage.hand(&Hand::ForeignNetwork(stage.name("one")))?;
    stage.hand(&Hand::ForeignVolume(stage.name("data")))?;
    stage.fails(stage.create_network("one"), "NameTaken")?;
    stage.fails(stage.create_volume("data"), "NameTaken")?;
    same("how many networks have the name", &stage.network_ids("one")?.len(), &1)
}

fn missing_network(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = stage.on_network("web", "nowhere", "www");
    stage.makes(create)?;
    stage.fails(stage.start("web"), "EngineFailed")?;
    same("the state", &stage.container("web")?.state, &ContainerState::Created)?;
    same("the exit code", &stage.detail("web")?.exit_code, &128)?;
    // Docker lets one that does not run be connected to anything.
    stage.does(stage.connect("web", "nowhere-else", "www"))?;
    stage.does(stage.create_network("one"))?;
    let create = stage.on_network("runner", "one", "runner");
    stage.runs("runner", create)?;
    stage.fails(stage.connect("runner", "nowhere", "www"), "Stale")
}
