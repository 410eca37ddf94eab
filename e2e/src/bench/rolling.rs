//! The row of a rolling update: five replicas, each replaced by a new one before it goes.

use anyhow::Result;

use super::pairs;
use super::report::Row;
use super::rows::{Stage, ratio};
use super::sample::Sample;
use crate::manifest::service;

const REPLICAS: usize = 5;

impl Stage {
    /// Every replica of a service gets another variable, and so a new container, one by one.
    pub(super) fn rolling_update(&mut self) -> Result<Row> {
        self.call(&["down"])?;
        self.declare(0)?;
        self.up("start", REPLICAS)?;
        // The row before left one.
        self.baseline.remove(0..1)?;
        self.baseline.start(0..REPLICAS)?;
        let (mut skiff, mut raw) = (Sample::default(), Sample::default());
        for pair in 1..=pairs() {
            self.declare(pair)?;
            skiff.add(self.up("destroy", REPLICAS)?.0);
            let old = (pair - 1) * REPLICAS;
            raw.add(self.baseline.replace(old..old + REPLICAS)?);
        }
        Ok(ratio(&format!("a rolling update of {REPLICAS} replicas, `skiff up`"), &skiff, &raw, 1.25))
    }

    fn declare(&self, version: usize) -> Result<()> {
        let replicas = u32::try_from(REPLICAS)?;
        self.manifest(&service("rolling").replicas(replicas).env("VERSION", &version.to_string()).to_string())
    }
}
