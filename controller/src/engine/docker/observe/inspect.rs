//! What inspect adds to a container's row: how it ended, the settings that can change in place, its names on each network.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use skiff_core::{
    ContainerDetail, ContainerState, Endpoint, EngineError, EngineRestart, Health, HealthOutput, InPlace,
    ObservedContainer, ObservedNameless, is_given_name,
};

use super::rows;
use crate::engine::docker::client::Client;
use crate::engine::docker::path;

/// Docker adds the first characters of the id to the names on a network.
const SHORT_ID: usize = 12;

/// A container as inspect shows it; only what is used. A look passes over what the container was made from, most of it labels that
/// the list has as well.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, bound(deserialize = "C: Default + Deserialize<'de>"))]
pub(crate) struct Inspected<C = Config> {
    /// The full id.
    pub(crate) id: String,
    /// The name with its slash.
    pub(crate) name: String,
    /// How it is, and how it ended.
    created: String,
    pub(crate) state: State,
    restart_count: i64,
    #[serde(rename = "ExecIDs")]
    exec_ids: Option<Vec<String>>,
    host_config: HostConfig,
    network_settings: NetworkSettings,
    /// What it was made from.
    pub(crate) config: C,
    /// What is mounted.
    pub(crate) mounts: Option<Vec<Mounted>>,
}

/// How a container is, and how it ended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct State {
    /// Docker's word for its state.
    pub(crate) status: String,
    started_at: String,
    finished_at: String,
    exit_code: i64,
    /// Why its last start failed.
    pub(crate) error: String,
    #[serde(rename = "OOMKilled")]
    oom_killed: bool,
    health: Option<HealthState>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HealthState {
    status: String,
    log: Option<Vec<HealthAnswer>>,
}

/// What a health check came to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HealthAnswer {
    exit_code: i64,
    output: String,
}

impl HealthState {
    /// Its last answer, where it fails.
    fn output(self) -> Option<HealthOutput> {
        let last = self.log?.pop().filter(|last| last.exit_code != 0)?;
        Some(HealthOutput::unmasked(last.exit_code, last.output))
    }
}

/// What a container was made from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Config {
    /// The image's reference.
    pub(crate) image: String,
    /// Whether it has a terminal.
    pub(crate) tty: bool,
    /// Its labels.
    pub(crate) labels: Option<BTreeMap<String, String>>,
}

/// Something that is mounted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Mounted {
    /// The volume's name.
    pub(crate) name: String,
    /// The path in the container.
    pub(crate) destination: String,
}

/// A mount as it was asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Asked {
    #[serde(rename = "Type")]
    kind: String,
    source: String,
    target: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    nano_cpus: i64,
    cpu_shares: i64,
    cpuset_cpus: String,
    cpuset_mems: String,
    memory: i64,
    memory_reservation: i64,
    memory_swap: i64,
    pids_limit: Option<i64>,
    restart_policy: Policy,
    pid_mode: String,
    ipc_mode: String,
    volumes_from: Option<Vec<String>>,
    mounts: Option<Vec<Asked>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Policy {
    name: String,
    maximum_retry_count: u32,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    networks: Option<BTreeMap<String, Attached>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Attached {
    aliases: Option<Vec<String>>,
    #[serde(rename = "IPAMConfig")]
    ipam: Option<Addresses>,
    #[serde(rename = "IPAddress")]
    ip_address: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Addresses {
    #[serde(rename = "IPv4Address")]
    ipv4: String,
    #[serde(rename = "IPv6Address")]
    ipv6: String,
}

/// What a look adds to the row of a container.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Its state, where inspect says it.
    state: Option<ContainerState>,
    health: Option<Health>,
    detail: ContainerDetail,
}

impl Seen {
    /// The row with what is known since: state and verdict are of one moment with the detail.
    pub(super) fn onto(self, row: ObservedContainer) -> ObservedContainer {
        let Self { state, health, detail } = self;
        ObservedContainer { state: state.unwrap_or(row.state), health, detail: Some(detail), ..row }
    }
}

/// Inspects a container by id or name: `None` where there is none.
pub(crate) async fn inspect(client: &Client, handle: &str) -> Result<Option<Inspected>, EngineError> {
    ask(client, handle).await
}

/// Inspects a container for a look: `None` where there is none.
pub(super) async fn see(client: &Client, handle: &str) -> Result<Option<Seen>, EngineError> {
    Ok(ask::<IgnoredAny>(client, handle).await?.map(Inspected::seen))
}

async fn ask<C>(client: &Client, handle: &str) -> Result<Option<Inspected<C>>, EngineError>
where
    C: Default + DeserializeOwned,
{
    let reply = client.get(&format!("/containers/{}/json", path::name(handle)?)).await?;
    if reply.status == 404 { Ok(None) } else { reply.read(&format!("inspect container {handle}")).map(Some) }
}

impl<C> Inspected<C> {
    /// When it was last started.
    pub(crate) fn started_at(&self) -> Option<Timestamp> {
        rows::timestamp(&self.state.started_at)
    }

    /// Whether it runs and is not frozen.
    pub(crate) fn is_running(&self) -> bool {
        self.state.status == "running"
    }

    /// The commands that run in it.
    pub(crate) fn exec_ids(&self) -> impl Iterator<Item = &String> {
        self.exec_ids.iter().flatten()
    }

    /// The container's name without the slash.
    pub(crate) fn bare_name(&self) -> &str {
        self.name.strip_prefix('/').unwrap_or(&self.name)
    }

    fn seen(self) -> Seen {
        Seen {
            state: (!self.state.status.is_empty()).then(|| rows::state(&self.state.status)),
            health: self.state.health.as_ref().and_then(|health| rows::health(&health.status)),
            detail: self.detail(),
        }
    }

    fn detail(self) -> ContainerDetail {
        let (endpoints, nameless) = (self.endpoints(), self.nameless());
        let State { status: _, started_at, finished_at, exit_code, error, oom_killed, health } = self.state;
        ContainerDetail {
            created_at: rows::timestamp(&self.created),
            started_at: rows::timestamp(&started_at),
            finished_at: rows::timestamp(&finished_at),
            exit_code,
            error,
            oom_killed,
            restart_count: self.restart_count,
            health_output: health.and_then(HealthState::output),
            pid_mode: self.host_config.pid_mode.clone(),
            ipc_mode: self.host_config.ipc_mode.clone(),
            volumes_from: self.host_config.volumes_from.clone().unwrap_or_default(),
            nameless,
            in_place: self.host_config.in_place(),
            endpoints,
        }
    }

    /// The attachments by the network's name.
    pub(crate) fn endpoints(&self) -> BTreeMap<String, Endpoint> {
        let short_id = self.id.get(..SHORT_ID).unwrap_or(&self.id);
        let networks = self.network_settings.networks.iter().flatten();
        networks.map(|(name, attached)| (name.clone(), attached.endpoint(short_id))).collect()
    }

    /// The volumes to which the engine gave a name, and which of them were asked for as mounts. Those that only the image names were not.
    pub(crate) fn nameless(&self) -> BTreeMap<String, ObservedNameless> {
        let asked = self.host_config.mounts.iter().flatten();
        let asked: BTreeSet<&str> = asked
            .filter(|mount| mount.kind == "volume" && mount.source.is_empty())
            .map(|mount| mount.target.as_str())
            .collect();
        let given = self.mounts.iter().flatten().filter(|mount| is_given_name(&mount.name));
        let seen = |mount: &Mounted| {
            let is_asked = asked.contains(mount.destination.as_str());
            (mount.destination.clone(), ObservedNameless { volume: mount.name.clone(), is_asked })
        };
        given.map(seen).collect()
    }
}

impl Attached {
    fn endpoint(&self, short_id: &str) -> Endpoint {
        let addresses = self.ipam.clone().unwrap_or_default();
        let aliases = self.aliases.iter().flatten().filter(|alias| *alias != short_id);
        Endpoint {
            aliases: aliases.cloned().collect(),
            ipv4_address: said(addresses.ipv4),
            ipv6_address: said(addresses.ipv6),
            current_address: said(self.ip_address.clone()),
        }
    }
}

impl HostConfig {
    fn in_place(self) -> InPlace {
        let number = |value: i64| (value != 0).then_some(value);
        InPlace {
            nano_cpus: number(self.nano_cpus),
            cpu_shares: number(self.cpu_shares),
            cpuset_cpus: said(self.cpuset_cpus),
            cpuset_mems: said(self.cpuset_mems),
            memory: number(self.memory),
            memory_reservation: number(self.memory_reservation),
            memory_swap: number(self.memory_swap),
            // Every number that is not positive means that there is no limit.
            pids_limit: self.pids_limit.filter(|limit| *limit > 0),
            restart_policy: policy(&self.restart_policy),
        }
    }
}

/// Docker's word for a restart policy. `unless-stopped` is never ours, so that it differs from everything that is wanted.
fn policy(Policy { name, maximum_retry_count }: &Policy) -> Option<EngineRestart> {
    match name.as_str() {
        "" | "no" => Some(EngineRestart::Never),
        "always" => Some(EngineRestart::Always),
        "on-failure" => {
            let most = NonZeroU32::new(*maximum_retry_count);
            Some(most.map_or(EngineRestart::OnFailure, EngineRestart::OnFailureTimes))
        }
        _ => None,
    }
}

fn said(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_values_of_the_engine_are_none_and_the_short_id_is_no_alias() {
        let (asked, of_image) = ("f".repeat(64), "e".repeat(64));
        let text = r#"{"Id":"0123456789abcdef","Name":"/a","RestartCount":2,
                "State":{"Status":"exited","StartedAt":"2026-11-21T04:00:00.5Z","FinishedAt":"0001-01-01T00:00:00Z","ExitCode":137,"OOMKilled":true},
                "HostConfig":{"NanoCpus":0,"Memory":1024,"MemorySwap":-1,"PidsLimit":null,"CpusetCpus":"","RestartPolicy":{"Name":"on-failure","MaximumRetryCount":4},
                  "Mounts":[{"Type":"volume","Target":"/tmp"},{"Type":"volume","Source":"data","Target":"/data"}]},
                "Mounts":[{"Name":"FFFF","Destination":"/tmp"},{"Name":"data","Destination":"/data"},{"Name":"EEEE","Destination":"/image"}],
                "NetworkSettings":{"Networks":{"n":{"Aliases":["web","0123456789ab"],"IPAMConfig":{"IPv4Address":"10.0.0.9"},"IPAddress":""}}}}"#;
        let text = text.replace("FFFF", &asked).replace("EEEE", &of_image);
        let inspected: Inspected = serde_json::from_str(&text).expect("an inspect");
        let detail = inspected.detail();
        assert_eq!((detail.exit_code, detail.oom_killed, detail.restart_count), (137, true, 2));
        assert!(detail.started_at.is_some() && detail.finished_at.is_none());
        let nameless = |volume: &String, is_asked| ObservedNameless { volume: volume.clone(), is_asked };
        let expected = [("/tmp", nameless(&asked, true)), ("/image", nameless(&of_image, false))];
        assert_eq!(detail.nameless, expected.map(|(path, volume)| (path.to_owned(), volume)).into());
        let expected = InPlace {
            memory: Some(1024),
            memory_swap: Some(-1),
            restart_policy: Some(EngineRestart::OnFailureTimes(NonZeroU32::new(4).expect("four"))),
            ..InPlace::default()
        };
        assert_eq!(detail.in_place, expected);
        let endpoint = Endpoint {
            aliases: BTreeSet::from(["web".to_owned()]),
            ipv4_address: Some("10.0.0.9".to_owned()),
            ..Endpoint::default()
        };
        assert_eq!(detail.endpoints, BTreeMap::from([("n".to_owned(), endpoint)]));
    }
}
