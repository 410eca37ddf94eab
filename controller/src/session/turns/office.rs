//! Says who leads: in the log, in events, and in the run folder for commands beside it. Each thing once.

use std::collections::BTreeSet;
use std::sync::Arc;

use skiff_core::{Event, Severity, Timestamp};

use super::super::origin::{Origin, origins, read};
use super::super::{Access, Session};
use crate::cli::CliError;
use crate::etcd::EtcdError;
use crate::role::{Role, Roles, StandingBy};
use crate::source::SourceOptions;
use crate::state::{Chronicle, Leader, State};
use crate::ui::counted;

/// Who leads, as it was said last.
pub(super) struct Office {
    name: String,
    source: String,
    chronicle: Chronicle,
    said: Option<Leader>,
    roles: Roles,
    /// Why this one could not lead, where it could not.
    unready: Option<String>,
    /// The leases that it has stood with: another process may have its name, where both are the first one of their containers.
    leases: BTreeSet<i64>,
}

impl Office {
    pub(super) fn new(name: &str, source: &str, state: &State, roles: Roles) -> Self {
        let chronicle = state.chronicle().signed(Some(name));
        let (name, source) = (name.to_owned(), source.to_owned());
        Self { name, source, chronicle, said: None, roles, unready: None, leases: BTreeSet::new() }
    }

    /// It stands with a lease from now on.
    pub(super) fn stands_with(&mut self, lease: i64) {
        self.leases.insert(lease);
    }

    /// It has looked at all that it would act on.
    pub(super) fn is_ready(&mut self) {
        self.unready = None;
        self.acts_no_more();
    }

    /// It could not lead, and why.
    pub(super) fn is_not_ready(&mut self, why: &str) {
        self.unready = Some(why.to_owned());
        self.acts_no_more();
    }

    /// Whether etcd lets it be elected; one that leads already is followed by nobody whom it does not.
    pub(super) fn may_stand(&mut self, refused: Option<&EtcdError>, is_ready: bool) {
        match refused {
            Some(error) if self.unready.as_deref() != Some(&error.message) => {
                tracing::warn!(source = self.source, %error, help = error.help, "not ready to lead: it cannot be elected");
                self.is_not_ready(&error.message);
            }
            None if is_ready && self.unready.is_some() => self.is_ready(),
            Some(_) | None => {}
        }
    }

    /// Tells who calls this process what it is while it does not lead.
    pub(super) fn acts_no_more(&self) {
        let said = self.said.as_ref();
        let leader = said.and_then(|said| said.name.clone()).filter(|leader| *leader != self.name);
        let trouble = said.and_then(|said| said.trouble.clone()).or_else(|| self.unready.clone());
        self.roles.send_replace(Arc::new(Role::StandingBy(StandingBy { leader, trouble })));
    }

    /// This one leads.
    pub(super) fn leads(&mut self) {
        self.unready = None;
        let message = format!("{} leads", self.name);
        tracing::info!(source = self.source, "{message}");
        self.tell(Some(self.name.clone()), None, "Leading", message);
    }

    /// Another one leads, unless it is by a lease of this one, or by none, that it is in its own way.
    pub(super) fn stands_by(&mut self, lease: i64, leader: &str) {
        let Some(leader) = named(&self.name, &self.leases, lease, leader) else {
            return self.waits_behind_itself();
        };
        if self.said.as_ref().is_none_or(|said| said.name.as_deref() != Some(&leader)) {
            let message = format!("{leader} leads, {} stands by", self.name);
            tracing::info!(source = self.source, "{message}");
            self.tell(Some(leader), None, "StandingBy", message);
        }
    }

    /// A key of its own name is before its own: nobody knows of anybody that acts by it.
    fn waits_behind_itself(&mut self) {
        let why = "a lease of the same name, most likely its own from before, has not ended yet";
        if self.said.as_ref().is_none_or(|said| said.trouble.as_deref() != Some(why)) {
            let message = format!("{} does not lead yet: {why}", self.name);
            tracing::warn!(source = self.source, "{message}");
            self.tell(None, Some(why.to_owned()), "NobodyLeads", message);
        }
    }

    /// This one ends.
    pub(super) fn resigns(&mut self) {
        let message = format!("{} leads no more: it ends", self.name);
        self.tell(None, None, "Resigned", message);
    }

    /// The lease is lost.
    pub(super) fn lost(&mut self, why: &str) {
        if self.said.as_ref().is_some_and(|said| said.name.as_deref() == Some(&self.name)) {
            let message = format!(
                "{} leads no more: {why}; it begins nothing until it is elected again, and what runs is left to Docker",
                self.name
            );
            tracing::warn!(source = self.source, "{message}");
            self.tell(None, Some(why.to_owned()), "LeaseLost", message);
        }
    }

    /// Nobody can be elected.
    pub(super) fn vacant(&mut self, error: &EtcdError) {
        let why = error.to_string();
        if self.said.as_ref().is_none_or(|said| said.name.is_some() || said.trouble.as_ref() != Some(&why)) {
            tracing::warn!(
                source = self.source,
                error = why,
                help = error.help,
                "nobody can be elected: what runs is left to Docker"
            );
            let message = format!("nobody can be elected: {why}; what runs is left to Docker");
            self.tell(None, Some(why), "NobodyLeads", message);
        }
    }

    fn tell(&mut self, name: Option<String>, trouble: Option<String>, reason: &str, message: String) {
        let now = Timestamp::now();
        let severity = if trouble.is_some() { Severity::Warning } else { Severity::Normal };
        let leader = Leader { name, since: now, trouble };
        let event = Event { severity, ..Event::of_source(now, &self.source, reason, message) };
        // The log has it, and whoever leads goes on without a disk.
        self.chronicle.append(&[event]).ok();
        self.chronicle.save_leader(&leader).ok();
        let leads = leader.name.as_deref() == Some(&self.name);
        self.said = Some(leader);
        if !leads {
            self.acts_no_more();
        }
    }
}

/// What the leader is called by one that stands by; `None` where that is itself, by a key from before. Whose a key is tells its lease: of
/// two processes of one name each calls the other one by it too.
fn named(own: &str, leases: &BTreeSet<i64>, lease: i64, leader: &str) -> Option<String> {
    if leader != own {
        return Some(leader.to_owned());
    }
    // No controller stands without a lease.
    let is_own = lease == 0 || leases.contains(&lease);
    (!is_own).then(|| format!("{leader} (lease {lease:x})"))
}

/// Looks at what a controller would act on, and says how much that is. Repositories are left to whoever leads.
///
/// # Errors
/// When the engine does not answer, or a source cannot be read.
pub(super) async fn look(session: &Session, options: &SourceOptions) -> Result<String, CliError> {
    let (mut declared, mut mistakes, mut repositories) = (0, 0, 0);
    for origin in origins(options, session.state.folders(), Access::Act)? {
        let loaded = match origin {
            Origin::Disk(options) => read(*options).await?,
            Origin::Etcd(etcd) => etcd.read_now().await?,
            Origin::Git(_) => {
                repositories += 1;
                continue;
            }
        };
        declared += loaded.objects.len();
        mistakes += loaded.problems.len();
    }
    let seen = session.observe().await?.containers.len();
    let objects = format!("{} declared, {} in them", counted(declared, "object"), counted(mistakes, "mistake"));
    let unread = match repositories {
        0 => String::new(),
        1 => ", 1 repository that is read by whoever leads".to_owned(),
        more => format!(", {more} repositories that are read by whoever leads"),
    };
    Ok(format!("{objects}{unread}, {} seen", counted(seen, "container")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_of_the_same_name_is_another_one_unless_its_lease_is_an_own_one() {
        let named = |lease, leader| named("vm:1", &BTreeSet::from([7, 8]), lease, leader);
        assert_eq!(named(26, "vm:2").as_deref(), Some("vm:2"));
        assert_eq!(named(26, "vm:1").as_deref(), Some("vm:1 (lease 1a)"));
        assert_eq!(named(7, "vm:1"), None, "one that it had before");
        assert_eq!(named(0, "vm:1"), None, "nobody acts by a key without a lease");
    }
}
