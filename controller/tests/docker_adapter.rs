//! The Docker adapter against the real engine. Each test has an instance of its own and cleans up also when it fails.
//!
//! Where no engine answers the tests fail; `SKIFF_TEST_NO_DOCKER=1` skips them on purpose.

#[path = "docker_adapter/actions.rs"]
mod actions;
#[path = "docker_adapter/ear.rs"]
mod ear;
#[path = "docker_adapter/files.rs"]
mod files;
#[path = "docker_adapter/fixture.rs"]
mod fixture;
#[path = "docker_adapter/image.rs"]
mod image;
#[path = "docker_adapter/leave.rs"]
mod leave;
#[path = "docker_adapter/looks.rs"]
mod looks;
#[path = "docker_adapter/people.rs"]
mod people;
