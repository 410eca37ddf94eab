//! What the person who exports wants of the result.

use skiff_api::Instance;

use crate::KubernetesVersion;

/// What is wanted of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The cluster's version: fields that it lacks are left out and reported.
    pub version: KubernetesVersion,
    /// Whether pods get what the restricted Pod Security level asks for.
    pub hardened: bool,
    /// The Gateway that HTTP is published through, `NAME` or `NAMESPACE/NAME`, instead of an Ingress.
    pub gateway: Option<String>,
    /// The class of Ingresses; the cluster's default unless said otherwise.
    pub ingress_class: Option<String>,
    /// The domain below which published HTTP services get their names.
    pub domain: Option<String>,
    /// Whether what is published and is no HTTP gets a port of every node instead of a load balancer.
    pub node_ports: bool,
    /// The class of storage; the cluster's default unless said otherwise.
    pub storage_class: Option<String>,
    /// Whether pods on several nodes may write to one claim; else those that share one are kept on one node.
    pub read_write_many: bool,
    /// The size of each claim.
    pub storage_size: Option<String>,
    /// The registry that images are taken from instead.
    pub image_registry: Option<String>,
    /// The Secret that every pod pulls its images with.
    pub image_pull_secret: Option<String>,
    /// What is exported, as a person named it, for the commands of the report.
    pub source: Option<String>,
    /// The instance of Skiff whose volumes and networks the source's are.
    pub instance: Instance,
    /// The namespace of everything, instead of the objects' own.
    pub namespace: Option<String>,
}

impl Options {
    /// The size of each claim: Docker's volumes have none, so that something must be said.
    pub(crate) fn storage_size(&self) -> &str {
        self.storage_size.as_deref().unwrap_or("10Gi")
    }
}
