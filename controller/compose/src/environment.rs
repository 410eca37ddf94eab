//! The variables that values are replaced by, with the order of their sources: the process's own come first.

use std::collections::BTreeMap;

/// Variables, those of the process before those of files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    process: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
}

impl Environment {
    pub(crate) fn new(process: BTreeMap<String, String>) -> Self {
        Self { process, files: BTreeMap::new() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.process.get(name).or_else(|| self.files.get(name)).cloned()
    }

    /// A variable that is set and not empty.
    pub(crate) fn given(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Takes the variables of a file; they win over those of earlier files.
    pub(crate) fn add(&mut self, variables: BTreeMap<String, String>) {
        self.files.extend(variables);
    }

    /// Takes the variables of a file that is read after others: they win over those.
    pub(crate) fn join(&mut self, later: Self) {
        self.files.extend(later.files);
    }

    /// Takes variables that count only where nothing else sets them.
    pub(crate) fn lower(&mut self, weaker: Self) {
        for (name, value) in weaker.files {
            self.files.entry(name).or_insert(value);
        }
    }

    /// Sets a variable over everything.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.process.insert(name.to_owned(), value.to_owned());
    }
}
