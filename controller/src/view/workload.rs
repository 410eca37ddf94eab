//! The containers of an object together: how many there should be, and what they are, all in one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use skiff_api::Component;
use skiff_core::{JobReport, PublishedPort, Revision};

use super::{Replica, Verdict};

/// The containers of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// How many replicas there should be: as declared, or as many as there are.
    pub wanted: u32,
    /// The replicas, by ordinal.
    pub replicas: Vec<Replica>,
    /// Other containers of it: hooks, one-off runs.
    pub others: Vec<Replica>,
    /// What it has come to, where it is a job or a schedule and known to be declared.
    pub job: Option<JobReport>,
    /// The number of the declared revision, where it is known.
    pub declared_revision: Option<u64>,
}

impl Workload {
    /// Counts against how many replicas are declared, and against the template that is: what is not known is as it is.
    pub(super) fn finish(&mut self, declared: Option<u32>, revision: Option<&Revision>) {
        self.declared_revision = revision.map(|revision| revision.number);
        self.replicas.sort_by(|a, b| (&a.run, a.ordinal, &a.name).cmp(&(&b.run, b.ordinal, &b.name)));
        let newest = self.newest().map(|replica| replica.template_hash.clone()).unwrap_or_default();
        let declared_hash = revision.map_or(newest.as_str(), Revision::template_hash);
        // Where a revision is known, each has been compared with it, and with what it uses.
        for replica in self.replicas.iter_mut().filter(|_| revision.is_none()) {
            replica.updated = replica.template_hash == declared_hash;
        }
        for other in &mut self.others {
            // An init container has the hash of the replica's template; what somebody ran by hand is of no revision.
            other.updated = other.component != Component::Init || other.template_hash == declared_hash;
        }
        self.wanted = declared.unwrap_or_else(|| u32::try_from(self.replicas.len()).unwrap_or(u32::MAX));
    }

    /// A replica of the latest revision, the later start where there are two.
    fn newest(&self) -> Option<&Replica> {
        self.replicas.iter().max_by_key(|replica| (replica.revision, replica.started_at))
    }

    /// A replica of the declared template, or what comes nearest to it.
    pub fn current(&self) -> Option<&Replica> {
        self.replicas.iter().find(|replica| replica.updated).or_else(|| self.newest())
    }

    /// How many replicas are Ready.
    pub fn ready(&self) -> usize {
        self.replicas.iter().filter(|replica| replica.verdict.is_ready()).count()
    }

    /// How many replicas are of the declared template; of the latest where that is not known.
    pub fn updated(&self) -> usize {
        self.replicas.iter().filter(|replica| replica.updated).count()
    }

    /// The latest revision that there is a replica of; where there is none, the declared one.
    pub fn revision(&self) -> Option<u64> {
        self.replicas.iter().map(|replica| replica.revision).max().or(self.declared_revision)
    }

    /// Takes in what is to be said of containers, by id: they are not Ready then.
    pub(super) fn complain(&mut self, complaints: &BTreeMap<String, String>) {
        for replica in &mut self.replicas {
            if let Some(said) = complaints.get(&replica.id) {
                replica.complaint = Some(said.clone());
                if replica.verdict == Verdict::Ready {
                    replica.verdict = Verdict::NotReady;
                }
            }
        }
    }

    /// All in one word or two: the worst that a replica is.
    pub fn verdict(&self) -> Verdict {
        if let Some(job) = &self.job {
            return Verdict::of_job(job);
        }
        let worst = self.replicas.iter().map(|replica| &replica.verdict).max().cloned();
        let wanted = usize::try_from(self.wanted).unwrap_or(usize::MAX);
        let missing = self.replicas.len() < wanted;
        // Who asks is served: that the one too many is not Ready yet is no fault of those that are.
        let serves = wanted > 0 && self.ready() >= wanted;
        match worst {
            None if self.wanted == 0 => Verdict::Scaled,
            None => Verdict::Missing,
            Some(verdict) if missing && verdict.is_ready() => Verdict::Missing,
            Some(verdict) if serves && verdict.is_coming() => Verdict::RollingOut,
            Some(verdict) => verdict,
        }
    }

    /// Whether everything is as it should be.
    pub fn is_ready(&self) -> bool {
        // Of a job, what is of an earlier template is kept for its logs.
        self.verdict().is_ready() && (self.job.is_some() || self.updated() == self.replicas.len())
    }

    /// When the oldest replica that runs was started.
    pub fn since(&self) -> Option<Timestamp> {
        self.replicas.iter().filter_map(|replica| replica.started_at).min()
    }

    /// The image of the latest revision, as the manifest writes it.
    pub fn image(&self) -> String {
        self.current().and_then(Replica::image).unwrap_or_default()
    }

    /// What the latest revision runs, exactly: the image's name with its digest, or its id where no registry knows it.
    pub fn exact_image(&self) -> &str {
        self.current().map_or("", Replica::exact_image)
    }

    /// The ports of the host that lead to it.
    pub fn ports(&self) -> BTreeSet<PublishedPort> {
        self.replicas.iter().flat_map(|replica| replica.ports.iter().cloned()).collect()
    }
}
