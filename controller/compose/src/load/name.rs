//! What a project is called: as it was asked for, by the environment, by its files, or by its folder.

use std::path::{Path, PathBuf};

use skiff_yaml::Node;

use super::Loader;
use crate::Request;
use crate::environment::Environment;
use crate::interpolate::interpolate;

impl Loader<'_, '_> {
    pub(super) fn name(
        &mut self,
        request: &Request,
        trees: &[(PathBuf, Vec<Node>)],
        directory: &Path,
        environment: &Environment,
    ) -> String {
        if let Some(name) = &request.project_name {
            return self.asked(name, "`-p`");
        }
        if let Some(name) = environment.given("COMPOSE_PROJECT_NAME") {
            return self.asked(&name, "`COMPOSE_PROJECT_NAME`");
        }
        let named = trees.iter().flat_map(|(_, trees)| trees).filter_map(|tree| tree.get("name")).next_back();
        if let Some(node) = named {
            let mut node = node.clone();
            interpolate(&mut node, environment, self.problems);
            let text = node.text().unwrap_or_default();
            if !is_name(&text) {
                let complaint = self.problems.wrong(node.place(), format!("a project cannot be called `{text}`"));
                complaint.help(RULE);
            }
            return text;
        }
        let folder = directory.file_name().unwrap_or_default().to_string_lossy();
        match fitted(&folder) {
            name if name.is_empty() => "default".to_owned(),
            name => name,
        }
    }

    fn asked(&mut self, name: &str, by: &str) -> String {
        if !is_name(name) {
            let problem = crate::Problem::new(format!("a project cannot be called `{name}`, as {by} says"));
            self.problems.problem(problem).help(RULE);
        }
        name.to_owned()
    }
}

const RULE: &str = "use lower-case letters, digits, hyphens and underscores, a letter or digit first";

fn is_name(text: &str) -> bool {
    !text.is_empty() && fitted(text) == text
}

/// A name as Compose makes one of a folder's.
fn fitted(name: &str) -> String {
    let fits = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let name: String = name.to_lowercase().chars().filter(fits).collect();
    name.trim_start_matches(['-', '_']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn a_folder_gives_its_name_as_far_as_it_fits() {
        assert_eq!(["My Shop.d", "_-a_b", "läden", "…"].map(fitted), ["myshopd", "a_b", "lden", ""]);
    }
}
