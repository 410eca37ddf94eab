//! Scenarios that drive the built binary against a real Docker Engine.
//!
//! A scenario states an obligation and proves it in steps that are sentences. It owns its data folder, its instance label
//! and its clean-up, also when it fails. Nothing in here knows how Skiff works inside: it sees what a user sees.

pub mod act;
pub mod bench;
pub mod check;
mod docker;
mod ear;
mod etcd;
mod events;
mod evidence;
mod frames;
mod gate;
mod git;
mod grpc;
mod http;
pub mod load;
mod manifest;
mod port;
mod private;
mod program;
mod proxy;
mod registry;
mod scenario;
mod world;

pub use docker::{Docker, Seen};
pub use ear::Ear;
pub use etcd::Etcd;
pub use gate::Gate;
pub use git::{Forge, GitServer, SshServer, Webhook};
pub use grpc::Health;
pub use http::{Answer, Connection};
pub use manifest::{Service, Task, config, job, network, secret, service, volume};
pub use port::free_port;
pub use private::PrivateEngine;
pub use program::{Ended, Running, Skiff, program};
pub use proxy::{Manner, Proxy};
pub use registry::Registry;
pub use scenario::{Scenario, scenario};
pub use world::{Ending, World, run_folders};

/// The image that scenarios run, in two versions; `make setup` makes both.
pub const IMAGE: &str = "skiff-test/busybox:1";
/// The other version, with another content.
pub const OTHER_IMAGE: &str = "skiff-test/busybox:2";
