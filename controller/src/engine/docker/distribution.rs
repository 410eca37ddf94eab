//! What registries say through the engine, and what one needs to ask them oneself: credentials, and whether the engine trusts them blindly.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use skiff_api::ImageName;

use super::client::Client;
use super::credentials::Credentials;
use super::error::from_bollard;
use super::path;
use crate::registry::{Login, Secret};

/// The way to the registries of an engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Distribution {
    pub(super) client: Client,
    pub(super) credentials: Credentials,
}

impl Distribution {
    /// The digest that an image's tag means in its registry.
    pub(crate) async fn digest(&self, image: &str) -> Result<String, String> {
        let name = path::reference(image).map_err(|error| error.to_string())?;
        let credentials = self.credentials.of(image).await?;
        let asked = self.client.bollard().inspect_registry_image(name, credentials).await;
        let found = asked.map_err(|error| from_bollard(self.client.endpoint(), "ask", error).to_string())?;
        found.descriptor.digest.ok_or_else(|| "the engine's answer has no digest".to_owned())
    }

    /// How to ask an image's registry without the engine.
    pub(crate) async fn login(&self, image: &str) -> Result<Login, String> {
        let registry = ImageName::of(image).registry;
        let credentials = self.credentials.of(image).await?;
        let secret = credentials.and_then(|found| match (found.identitytoken, found.username, found.password) {
            (Some(token), _, _) => Some(Secret::IdentityToken(token)),
            (None, Some(user), Some(password)) => Some(Secret::Password { user, password }),
            (None, _, _) => None,
        });
        let reply =
            self.client.get("/info").await.and_then(|reply| reply.read::<Info>("ask the engine for its registries"));
        let config = reply.map_err(|error| error.to_string())?.registry_config.unwrap_or_default();
        Ok(Login { secret, is_insecure: config.is_insecure(&registry) })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Info {
    registry_config: Option<RegistryConfig>,
}

/// The engine's own settings of registries.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RegistryConfig {
    #[serde(rename = "InsecureRegistryCIDRs")]
    insecure_networks: Option<Vec<String>>,
    index_configs: Option<BTreeMap<String, IndexConfig>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct IndexConfig {
    secure: bool,
}

impl RegistryConfig {
    /// Whether the engine speaks to a registry without a certificate that it can check, or without any.
    fn is_insecure(&self, registry: &str) -> bool {
        if let Some(index) = self.index_configs.iter().flatten().find(|(name, _)| *name == registry) {
            return !index.1.secure;
        }
        let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host).trim_matches(['[', ']']);
        let Ok(address) = host.parse::<IpAddr>() else { return host == "localhost" };
        self.insecure_networks.iter().flatten().any(|network| contains(network, address))
    }
}

/// Whether an address is in a network, `127.0.0.0/8`.
fn contains(network: &str, address: IpAddr) -> bool {
    let Some((base, bits)) = network.split_once('/') else { return false };
    let (Ok(base), Ok(bits)) = (base.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let differ = match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => u128::from(base.to_bits() ^ address.to_bits()) << 96,
        (IpAddr::V6(base), IpAddr::V6(address)) => base.to_bits() ^ address.to_bits(),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    differ.leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_insecure_by_name_by_network_or_on_loopback() {
        let config: RegistryConfig = serde_json::from_value(serde_json::json!({
            "InsecureRegistryCIDRs": ["127.0.0.0/8", "10.1.0.0/16", "fd00::/8"],
            "IndexConfigs": { "docker.io": { "Secure": true }, "registry.lan:5000": { "Secure": false } },
        }))
        .expect("an answer of the engine");
        let insecure = ["127.0.0.1:5000", "localhost:5000", "10.1.2.3", "[fd00::7]:5000", "registry.lan:5000"];
        assert_eq!(insecure.map(|registry| config.is_insecure(registry)), [true; 5]);
        let secure = ["docker.io", "10.2.0.1:5000", "registry.lan", "ghcr.io", "[fe00::7]:5000"];
        assert_eq!(secure.map(|registry| config.is_insecure(registry)), [false; 5]);
    }
}
