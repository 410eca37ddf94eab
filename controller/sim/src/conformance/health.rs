//! What the engine says of health, and what it does not do about it.

use std::sync::Arc;

use skiff_api::HealthCheck;
use skiff_core::{ContainerState, CreateContainer, EngineRestart, Health};

use super::stage::same;
use super::{Entry, Stage};

pub(super) const SCRIPTS: &[Entry] = &[
    ("health is starting from the start on, and healthy once the check passes", passes),
    ("an unhealthy container runs on, whatever its restart policy", fails),
    ("without a check there is no health", none),
];

fn checked(stage: &Stage<'_>, name: &str, command: &str, interval: &str) -> CreateContainer {
    let mut create = stage.sleeper(name);
    let template = Arc::make_mut(&mut create.spec.template);
    template.in_place.restart_policy = Some(EngineRestart::Always);
    template.pod.container.health_check = Some(HealthCheck {
        test: vec!["CMD-SHELL".to_owned(), command.to_owned()],
        // The scripts write intervals that can be read.
        interval: interval.parse().ok(),
        retries: Some(2),
        ..HealthCheck::default()
    });
    create
}

fn passes(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = checked(stage, "slow", "exit 0", "1h");
    stage.makes(create)?;
    same("the health of one that never started", &stage.container("slow")?.health, &None)?;
    stage.does(stage.start("slow"))?;
    same("the health", &stage.container("slow")?.health, &Some(Health::Starting))?;
    let create = checked(stage, "well", "exit 0", "1s");
    stage.runs("well", create)?;
    stage.until("well", |seen| seen.health == Some(Health::Healthy))?;
    stage.does(stage.stop("well"))?;
    same("the health of one that was stopped", &stage.container("well")?.health, &Some(Health::Unhealthy))?;
    // A start begins anew.
    stage.does(stage.start("well"))?;
    same("the health", &stage.container("well")?.health, &Some(Health::Starting))?;
    stage.until("well", |seen| seen.health == Some(Health::Healthy))
}

fn fails(stage: &mut Stage<'_>) -> Result<(), String> {
    let create = checked(stage, "ill", "exit 1", "100ms");
    stage.runs("ill", create)?;
    stage.until("ill", |seen| seen.health == Some(Health::Unhealthy))?;
    let seen = stage.container("ill")?;
    same("the state", &seen.state, &ContainerState::Running)?;
    same("the restarts", &stage.detail("ill")?.restart_count, &0)
}

fn none(stage: &mut Stage<'_>) -> Result<(), String> {
    let mut create = checked(stage, "unchecked", "exit 0", "100ms");
    let template = Arc::make_mut(&mut create.spec.template);
    template.pod.container.health_check = Some(HealthCheck { test: vec!["NONE".to_owned()], ..HealthCheck::default() });
    stage.runs("unchecked", create)?;
    same("the health", &stage.container("unchecked")?.health, &None)
}
