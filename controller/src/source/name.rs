//! The source's name: what it is told, else what its first path is called, made fit for a label and a file's name.

use std::path::{Path, PathBuf};

use super::{Problem, SourceOptions, absolute, is_stdin, reason};

/// Whether a name can stand in a label and be a file's name.
pub fn is_source_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '_');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= 63 && name.chars().all(inner) && edge(name.chars().next()) && edge(name.chars().next_back())
}

pub(super) fn of(options: &SourceOptions) -> String {
    if let Some(tree) = &options.tree {
        return tree.name.clone();
    }
    if let Some(given) = &options.given {
        return given.name.clone();
    }
    options.name.as_deref().map_or_else(|| of_path(options.paths.first().map(PathBuf::as_path)), fitted)
}

pub(super) fn problem(options: &SourceOptions) -> Option<Problem> {
    let name = options.name.as_deref().filter(|name| !is_source_name(name))?;
    let message = format!("`{name}` is no name for a source");
    let help = format!(
        "use lower-case letters, digits, hyphens, dots and underscores, at most 63 of them, such as `{}`",
        fitted(name)
    );
    Some(Problem::new(reason::INVALID_SOURCE_NAME, message).with_help(help))
}

/// The name of a folder, or of a file without its extension. A link is called what it is called, wherever it leads: it is there to
/// lead elsewhere one day.
fn of_path(path: Option<&Path>) -> String {
    let Some(path) = path.filter(|path| !is_stdin(path)) else { return "stdin".to_owned() };
    let whole = absolute(path);
    let whole = if whole.file_name().is_some() { whole } else { path.canonicalize().unwrap_or(whole) };
    // Every Compose file has one of few names: its folder tells it from others.
    let whole =
        if super::compose::is_compose(&whole) { whole.parent().map(Path::to_owned).unwrap_or(whole) } else { whole };
    let named = if super::walk::is_manifest(&whole) { whole.file_stem() } else { whole.file_name() };
    fitted(&named.unwrap_or_default().to_string_lossy())
}

/// A name made fit for a label.
pub(super) fn fitted(name: &str) -> String {
    let fitted: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' })
        .take(63)
        .collect();
    let fitted = fitted.trim_matches(['-', '.', '_']);
    if fitted.is_empty() { "manifests".to_owned() } else { fitted.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_called_what_its_first_path_is_called() {
        let names = ["/srv/Shop", "/srv/my shop/", "/srv/shop.yaml", "/srv/shop.d", "-", "/", "/srv/läden"]
            .map(|path| of(&SourceOptions { paths: vec![path.into()], ..SourceOptions::default() }));
        assert_eq!(names, ["shop", "my-shop", "shop", "shop.d", "stdin", "manifests", "l-den"]);
        assert!(names.iter().all(|name| is_source_name(name)));
    }

    #[test]
    fn a_name_that_no_label_can_hold_is_a_problem() {
        for bad in ["", "Shop", "a/b", "..", "-a", "a-"] {
            let options = SourceOptions { name: Some(bad.to_owned()), ..SourceOptions::default() };
            assert!(problem(&options).is_some(), "{bad}");
        }
    }
}
