//! The conformance suite on the simulated engine. The same scripts run on Docker, with the adapter.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use skiff_api::{Build, Instance};
use skiff_core::{Action, BuildImage, ContentStore, EngineError, Observed, Outcome};
use skiff_sim::conformance::{Hand, Stage, Subject, scripts};
use skiff_sim::{SimEngine, SimImage};

const IMAGE: &str = "skiff-test/busybox:1";

/// The simulated engine as a subject.
struct Simulated {
    engine: SimEngine,
}

impl Simulated {
    fn new() -> Self {
        let mut engine = SimEngine::new(jiff::Timestamp::UNIX_EPOCH);
        let image = SimImage { id: "sha256:busybox".to_owned(), local: true, stop_code: 137, ..SimImage::default() };
        engine.put_image(IMAGE, image);
        Self { engine }
    }
}

impl Subject for Simulated {
    fn instance(&self) -> Instance {
        "conformance".parse().expect("a name for an instance")
    }

    fn image(&self) -> String {
        IMAGE.to_owned()
    }

    fn build(&self) -> BuildImage {
        let image = self.instance().docker_name("built:0123456789abcdef");
        BuildImage { image, base: "/srv".to_owned(), build: Build::default(), platform: None }
    }

    fn ports(&mut self, _count: u16) -> Result<u16, String> {
        Ok(20_000)
    }

    fn perform(&mut self, action: &Action) -> Result<Outcome, EngineError> {
        self.engine.perform(action, &ContentStore::default())
    }

    fn perform_at_once(&mut self, actions: &[Action]) -> Vec<Result<Outcome, EngineError>> {
        actions.iter().map(|action| self.perform(action)).collect()
    }

    fn observe(&mut self) -> Result<Observed, EngineError> {
        let instance = self.instance();
        self.engine.observe(&instance)
    }

    fn hand(&mut self, hand: &Hand) -> Result<(), String> {
        let done = match hand {
            Hand::Kill(name) => self.engine.kill_from_host(name),
            Hand::KillByApi(name) => self.engine.kill_by_hand(name),
            Hand::Pause(name) => self.engine.pause(name),
            Hand::Rename { from, to } => self.engine.rename_by_hand(from, to),
            Hand::Connect { container, network } => self.engine.connect_by_hand(container, network),
            Hand::DuplicateNetwork(name) => self.engine.duplicate_network(name),
            Hand::ForeignNetwork(name) => !self.engine.add_foreign_network(name).is_empty(),
            Hand::ForeignVolume(name) => self.engine.add_foreign_volume(name),
            Hand::ForeignContainer(name) => self.engine.add_foreign_container(name, &[], BTreeMap::new()).is_some(),
        };
        if done { Ok(()) } else { Err(format!("{hand:?} could not be done")) }
    }

    fn pass_time(&mut self) {
        let later = self.engine.now().saturating_add(SignedDuration::from_millis(100));
        self.engine.advance(later.unwrap_or(jiff::Timestamp::MAX));
    }
}

#[test]
fn the_simulated_engine_does_what_every_engine_must_do() {
    let failed: Vec<String> = scripts()
        .into_iter()
        .filter_map(|script| {
            let mut subject = Simulated::new();
            let error = (script.run)(&mut Stage::new(&mut subject)).err()?;
            Some(format!("{}: {error}", script.name))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
