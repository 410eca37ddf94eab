//! Documents that are given as texts, each under a key that names its object: those in etcd.

use std::path::{Path, PathBuf};

use skiff_remote::etcd::{inner_prefix, object_of};

use super::{Loaded, Problem, SourceText, host_files, reason};

/// Documents and where they are from.
#[derive(Clone, Debug)]
pub struct GivenSource {
    /// The source's name.
    pub name: String,
    /// Whether a person named it.
    pub named: bool,
    /// What tells the source from another one of its name.
    pub root: PathBuf,
    /// The prefix of the keys.
    pub prefix: String,
    /// The revision that they are of.
    pub revision: i64,
    /// The documents by key.
    pub texts: Vec<SourceText>,
    /// The first key below the prefix that names no object of it, and how many of them there are.
    pub strangers: Option<(String, usize)>,
}

/// Completes a load of documents: what their keys say must be so, and a path that starts from a file has no meaning.
pub(super) fn settle(loaded: &mut Loaded, given: &GivenSource) {
    let mut refused = Vec::new();
    for (key, declared) in &loaded.objects {
        let file = declared.origin.file.display().to_string();
        if object_of(&given.prefix, &file).as_ref() != Some(key) {
            let message = format!("the document declares {key}, and its key names another object");
            refused.push((
                key.clone(),
                Problem::new(reason::KEY_MISMATCH, message)
                    .with_help("`skiff push` writes each document under the key of its object"),
            ));
        }
        let mounted = host_files::all(&declared.object).map(|host| host.path.as_str());
        let mounted = mounted.filter(|path| Path::new(path).is_relative());
        for path in mounted.chain(host_files::profiles(&declared.object)) {
            let message = format!("`{path}` is relative, and a document in etcd has no folder");
            let help = "name a path of the host from the root, or use a ConfigMap or a volume";
            refused.push((key.clone(), Problem::new(reason::MOUNT_REFUSED, message).with_help(help)));
        }
    }
    for (key, problem) in refused {
        let file = loaded.objects.remove(&key).map(|declared| declared.origin.file);
        let problem = problem.about(&key);
        loaded.problems.push(match file {
            Some(file) => problem.in_file(file),
            None => problem,
        });
    }
    loaded.warnings.extend(given.strangers.as_ref().map(|(first, count)| passed_over(&given.prefix, first, *count)));
    loaded.revision = Some(given.revision.to_string());
}

/// Keys that are no documents: nothing is made of them, and nothing is missed for them.
fn passed_over(prefix: &str, first: &str, count: usize) -> Problem {
    let (others, are) = match count - 1 {
        0 => (String::new(), "is no document of it and is"),
        1 => (" and 1 more key".to_owned(), "are no documents of it and are"),
        more => (format!(" and {more} more keys"), "are no documents of it and are"),
    };
    let message = format!("below `{prefix}`, `{first}`{others} {are} passed over");
    let help = match inner_prefix(prefix, first) {
        Some(inner) => format!("another prefix, `{inner}`, lies below: a prefix of its own lies beside this one"),
        None => format!("a document's key is {prefix}/KIND/NAMESPACE/NAME, and `skiff push` writes it"),
    };
    Problem::new(reason::LEFT_OUT, message).with_help(help)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::tests::{deployment, names};
    use crate::source::{SourceOptions, load};

    fn load_given(texts: &[(&str, &str)]) -> Loaded {
        load_beside(texts, None)
    }

    fn load_beside(texts: &[(&str, &str)], strangers: Option<(String, usize)>) -> Loaded {
        let texts = texts.iter().map(|(key, text)| SourceText { path: key.into(), text: Arc::from(*text) });
        let given = GivenSource {
            name: "shop".to_owned(),
            named: false,
            root: "etcd:/p".into(),
            prefix: "/p".to_owned(),
            revision: 7,
            texts: texts.collect(),
            strangers,
        };
        load(&SourceOptions { given: Some(Arc::new(given)), ..SourceOptions::default() })
    }

    fn complaints(loaded: &Loaded) -> Vec<String> {
        let file = |problem: &Problem| problem.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        loaded.problems.iter().map(|problem| format!("{}: {}", file(problem), problem.reason)).collect()
    }

    #[test]
    fn each_document_is_the_object_that_its_key_names() {
        let web = deployment("web", "nginx");
        let loaded = load_given(&[("/p/deployment/default/web", &web)]);
        assert_eq!((names(&loaded), complaints(&loaded)), (vec!["deployment/default/web".to_owned()], Vec::new()));
        assert_eq!((loaded.revision.as_deref(), loaded.source.as_str()), (Some("7"), "shop"));
        let loaded = load_given(&[("/p/deployment/default/other", &web)]);
        assert_eq!(
            (names(&loaded).len(), complaints(&loaded)),
            (0, vec!["/p/deployment/default/other: KeyMismatch".to_owned()])
        );
    }

    #[test]
    fn keys_that_are_no_documents_are_passed_over_with_one_warning() {
        let web = deployment("web", "nginx");
        let told = |first: &str, count| {
            let loaded = load_beside(&[("/p/deployment/default/web", &web)], Some((first.to_owned(), count)));
            assert_eq!((names(&loaded).len(), complaints(&loaded)), (1, Vec::new()));
            let told =
                loaded.warnings.iter().map(|told| format!("{told}; {}", told.help.as_deref().unwrap_or_default()));
            told.collect::<Vec<_>>()
        };
        assert_eq!(
            told("/p/team/deployment/default/web", 3),
            [
                "below `/p`, `/p/team/deployment/default/web` and 2 more keys are no documents of it and are passed over; \
              another prefix, `/p/team`, lies below: a prefix of its own lies beside this one"
            ]
        );
        assert_eq!(
            told("/p/notes", 1),
            ["below `/p`, `/p/notes` is no document of it and is passed over; \
              a document's key is /p/KIND/NAMESPACE/NAME, and `skiff push` writes it"]
        );
    }

    #[test]
    fn a_path_without_a_folder_and_a_broken_document_are_problems_and_the_rest_is_loaded() {
        let volumes = "      volumeMounts: [{ name: v, mountPath: /v }]\n    volumes: [{ name: v, hostPath: { path: ./v, readOnly: true } }]\n";
        let loaded = load_given(&[
            ("/p/deployment/default/db", &deployment("db", "x")),
            ("/p/deployment/default/broken", "kind: ["),
            ("/p/deployment/default/web", &format!("{}{volumes}", deployment("web", "x"))),
        ]);
        assert_eq!(names(&loaded), ["deployment/default/db"]);
        assert!(
            complaints(&loaded).contains(&"/p/deployment/default/web: MountRefused".to_owned()),
            "{:?}",
            complaints(&loaded)
        );
        assert!(complaints(&loaded).iter().any(|it| it.starts_with("/p/deployment/default/broken")));
        let profile = "      securityContext: { seccompProfile: { type: Localhost, localhostProfile: ./p.json } }\n";
        let loaded = load_given(&[("/p/deployment/default/web", &format!("{}{profile}", deployment("web", "x")))]);
        assert_eq!(complaints(&loaded), ["/p/deployment/default/web: MountRefused"]);
    }
}
