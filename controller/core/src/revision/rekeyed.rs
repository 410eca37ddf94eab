//! Digests of secrets after their key was lost and made anew: the same secrets have other digests then, and that is no new revision.
//!
//! Whether a secret changed in between cannot be told. It is taken for what it was, as a key that is lost restarts nothing; from then on
//! changes are seen again.

use std::collections::BTreeMap;

use crate::content::is_incomparable;
use crate::desired::Workload;
use crate::history::{ObjectHistory, Revision};
use crate::template::identity_of;

/// Digests of earlier keys, by object, and what they are by today's.
type Rekeyed<'w> = BTreeMap<(String, String), &'w str>;

/// The history with today's digests, where its declared revision is told from what is declared by nothing but the key.
pub(super) fn rekeyed(known: &ObjectHistory, workload: &Workload) -> Option<ObjectHistory> {
    let digests = digests(known.declared()?, workload)?;
    let mut known = known.clone();
    for revision in &mut known.revisions {
        rekey(revision, &digests);
    }
    Some(known)
}

fn digests<'w>(declared: &Revision, workload: &'w Workload) -> Option<Rekeyed<'w>> {
    let today = &workload.template.content;
    if declared.template_hash() != workload.template.hash || !declared.content.keys().eq(today.keys()) {
        return None;
    }
    let mut digests = Rekeyed::new();
    for ((object, then), now) in declared.content.iter().zip(today.values()).filter(|((_, then), now)| then != now) {
        if !is_incomparable(then, now) {
            return None;
        }
        digests.insert((object.clone(), then.clone()), now);
    }
    (!digests.is_empty()).then_some(digests)
}

/// What an earlier revision used that is not known by today's key stays as it is: nobody can tell what it was.
fn rekey(revision: &mut Revision, digests: &Rekeyed<'_>) {
    let hash = revision.template_hash().to_owned();
    for (object, digest) in &mut revision.content {
        if let Some(today) = digests.get(&(object.clone(), digest.clone())) {
            (*today).clone_into(digest);
        }
    }
    revision.identity = identity_of(&hash, &revision.content);
}
