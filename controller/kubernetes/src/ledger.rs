//! Who writes the rows: a place in a source object, and the place in a Kubernetes object that it becomes.
//!
//! Everything that maps a type of `skiff-api` takes it apart without `..` and gives each field to a scope, which writes a row
//! when the field says something. So a field that is new does not compile before somebody has decided what becomes of it.

use skiff_api::ObjectKey;

use crate::report::{Move, Pause, Prerequisite, Push, Report, Row, Verdict};
use crate::{Place, Places};

/// Every row so far.
pub(crate) struct Ledger<'a> {
    places: &'a dyn Places,
    report: Report,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(places: &'a dyn Places) -> Self {
        Self { places, report: Report::default() }
    }

    /// Begins with an object of the source.
    pub(crate) fn scope<'l>(&'l mut self, object: &'l ObjectKey, target: impl Into<String>) -> Scope<'l, 'a> {
        Scope { ledger: self, object, pointer: String::new(), owner: target.into(), field: String::new() }
    }

    pub(crate) fn requires(&mut self, kind: &str, name: &str, namespace: &str, why: impl Into<String>) {
        self.report.prerequisites.insert(Prerequisite {
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            why: why.into(),
        });
    }

    pub(crate) fn push(&mut self, from: &str, to: &str, is_built: bool, has_registry: bool) {
        let push = |is_built| Push { from: from.to_owned(), to: to.to_owned(), is_built, has_registry };
        // What one workload builds another may only use.
        let is_built = is_built || self.report.images.contains(&push(true));
        self.report.images.remove(&push(!is_built));
        self.report.images.insert(push(is_built));
    }

    pub(crate) fn moves(&mut self, data: Move) {
        self.report.moves.insert(data);
    }

    pub(crate) fn pauses(&mut self, pause: Pause) {
        self.report.pauses.insert(pause);
    }

    pub(crate) fn row(&mut self, row: Row) {
        self.report.rows.push(row);
    }

    pub(crate) fn finish(mut self, source: Option<String>) -> Report {
        self.report.rows.sort();
        // The same file may be used twice; it is the same news.
        self.report.rows.dedup();
        self.report.source = source;
        self.report
    }
}

/// A place in a source object and in what it becomes.
pub(crate) struct Scope<'l, 'a> {
    ledger: &'l mut Ledger<'a>,
    object: &'l ObjectKey,
    pointer: String,
    /// What it becomes, `Deployment/web`.
    owner: String,
    /// The field there that children stand below.
    field: String,
}

impl<'a> Scope<'_, 'a> {
    /// What stands below a key, or below an item of it (`volumes/2`). `field` is where its children go.
    pub(crate) fn at(&mut self, key: &str, field: &str) -> Scope<'_, 'a> {
        let pointer = format!("{}/{key}", self.pointer);
        let field = self.below(field);
        Scope { ledger: self.ledger, object: self.object, pointer, owner: self.owner.clone(), field }
    }

    /// The same place of the source in another object.
    pub(crate) fn towards(&mut self, owner: impl Into<String>, field: &str) -> Scope<'_, 'a> {
        let (owner, field) = (owner.into(), field.to_owned());
        Scope { ledger: self.ledger, object: self.object, pointer: self.pointer.clone(), owner, field }
    }

    /// The object of the source.
    pub(crate) fn object(&self) -> &ObjectKey {
        self.object
    }

    pub(crate) fn ledger(&mut self) -> &mut Ledger<'a> {
        self.ledger
    }

    /// What a field became, where it says something.
    pub(crate) fn exact<T: Default + PartialEq>(&mut self, value: &T, key: &str, field: &str) {
        if *value != T::default() {
            self.write(key, Verdict::Exact, self.target(field), "", "");
        }
    }

    /// That a field became something near, where it says something.
    pub(crate) fn near<T: Default + PartialEq>(&mut self, value: &T, key: &str, field: &str, why: &str, remedy: &str) {
        if *value != T::default() {
            self.write(key, Verdict::Approximated, self.target(field), why, remedy);
        }
    }

    /// That a field is gone, where it says something.
    pub(crate) fn dropped<T: Default + PartialEq>(&mut self, value: &T, key: &str, why: &str, remedy: &str) {
        if *value != T::default() {
            self.write(key, Verdict::Dropped, String::new(), why, remedy);
        }
    }

    /// What became of a key, whatever it says.
    pub(crate) fn says(&mut self, verdict: Verdict, key: &str, field: &str, why: &str, remedy: &str) {
        self.write(key, verdict, self.target(field), why, remedy);
    }

    /// That a key is gone, whatever it says.
    pub(crate) fn lost(&mut self, key: &str, why: &str, remedy: &str) {
        self.write(key, Verdict::Dropped, String::new(), why, remedy);
    }

    fn below(&self, field: &str) -> String {
        match (self.field.as_str(), field) {
            (here, "") => here.to_owned(),
            ("", field) => field.to_owned(),
            (here, field) => format!("{here}.{field}"),
        }
    }

    fn target(&self, field: &str) -> String {
        format!("{} {}", self.owner, self.below(field)).trim_end().to_owned()
    }

    fn write(&mut self, key: &str, verdict: Verdict, target: String, why: &str, remedy: &str) {
        let pointer = if key.is_empty() { self.pointer.clone() } else { format!("{}/{key}", self.pointer) };
        let place: Place = self.ledger.places.place(self.object, &pointer);
        let (object, key) = (self.object.to_string(), dotted(&pointer));
        let (why, remedy) = (why.to_owned(), remedy.to_owned());
        self.ledger.row(Row { place, object, key, verdict, target, why, remedy });
    }
}

/// A JSON pointer as people write it: `spec.ports[0].name`.
fn dotted(pointer: &str) -> String {
    let mut text = String::new();
    for part in pointer.split('/').filter(|part| !part.is_empty()) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            text.extend(["[", &part, "]"]);
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(&part);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_shown_as_people_write_a_field() {
        assert_eq!(dotted("/spec/ports/0/name"), "spec.ports[0].name");
        assert_eq!(dotted("/metadata/labels/a~1b"), "metadata.labels.a/b");
    }
}
