//! What commands act on that name an object and no manifests: what the object's source declared when it was last good.

use skiff_api::{Kind, ObjectKey, suggest};

use super::{Session, TargetOptions, target};
use crate::cli::CliError;
use crate::controller::Target;
use crate::source::Loaded;

/// An object, and what its source declared.
#[derive(Clone, Debug)]
pub struct Recalled {
    /// The object.
    pub object: ObjectKey,
    loaded: Loaded,
}

/// Finds what a word means among the objects of some kinds: `name`, `kind/name`, `namespace/name`, `kind/namespace/name`.
///
/// # Errors
/// When nothing or several things are meant, or what it needs is not known any more.
pub fn recall(session: &Session, word: &str, kinds: &[Kind]) -> Result<Recalled, CliError> {
    let namespace = session.settings.namespace.as_deref();
    let known: Vec<(String, ObjectKey)> = session
        .state
        .sources()
        .flat_map(|source| {
            let keys = session.state.good(source).objects.into_keys().filter(|key| kinds.contains(&key.kind));
            keys.map(|key| (source.to_owned(), key)).collect::<Vec<_>>()
        })
        .collect();
    let (source, object) = the_one(word, kinds, &known, namespace)?;
    let loaded = Loaded::remembered(source, &session.state.good(source));
    let recalled = Recalled { object: object.clone(), loaded };
    recalled.nothing_is_lost()?;
    Ok(recalled)
}

/// Finds what a word means among the objects of some kinds that were loaded just now.
///
/// # Errors
/// When nothing or several things are meant.
pub fn recall_from(
    namespace: Option<&str>,
    loads: &[Loaded],
    word: &str,
    kinds: &[Kind],
) -> Result<Recalled, CliError> {
    let keys = |loaded: &Loaded| loaded.objects.keys().filter(|key| kinds.contains(&key.kind)).cloned().collect();
    let known: Vec<(usize, ObjectKey)> = loads
        .iter()
        .enumerate()
        .flat_map(|(index, loaded)| std::iter::repeat(index).zip::<Vec<ObjectKey>>(keys(loaded)))
        .collect();
    let (index, object) = the_one(word, kinds, &known, namespace)?;
    let loaded = loads.get(*index).cloned().unwrap_or_default();
    Ok(Recalled { object: object.clone(), loaded })
}

/// The one thing that a word means.
fn the_one<'k, S>(
    word: &str,
    kinds: &[Kind],
    known: &'k [(S, ObjectKey)],
    namespace: Option<&str>,
) -> Result<&'k (S, ObjectKey), CliError> {
    let found: Vec<&(S, ObjectKey)> = known.iter().filter(|(_, key)| means(word, key, namespace)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(nothing(word, kinds, known.iter().map(|(_, key)| key.name.as_str()))),
        several => {
            let names: Vec<String> = several.iter().map(|(_, key)| key.to_string()).collect();
            Err(CliError::refused(format!("`{word}` is {}", names.join(" and ")), "write one of them"))
        }
    }
}

fn means(word: &str, key: &ObjectKey, namespace: Option<&str>) -> bool {
    let in_namespace = namespace.is_none_or(|namespace| namespace == key.namespace);
    let is_kind = |word: &str| word.parse::<Kind>().is_ok_and(|kind| kind == key.kind);
    match word.split('/').collect::<Vec<_>>().as_slice() {
        [name] => key.name == *name && in_namespace,
        [first, name] => key.name == *name && (*first == key.namespace || (is_kind(first) && in_namespace)),
        [kind, namespace, name] => key.name == *name && key.namespace == *namespace && is_kind(kind),
        _ => false,
    }
}

fn nothing<'k>(word: &str, kinds: &[Kind], known: impl Iterator<Item = &'k str>) -> CliError {
    let what = kinds.iter().map(|kind| kind.lower()).collect::<Vec<_>>().join(" or ");
    let name = word.rsplit('/').next().unwrap_or(word);
    let help = match suggest::nearest(name, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => {
            "`skiff run PATH` or `skiff up PATH` makes its manifest known; `skiff run-once -f PATH` reads it".to_owned()
        }
    };
    CliError::refused(format!("no {what} is known as `{word}`"), help)
}

impl Recalled {
    /// Secrets are remembered in memory only.
    fn nothing_is_lost(&self) -> Result<(), CliError> {
        let lost: Vec<String> = self.loaded.lost.iter().map(ToString::to_string).collect();
        if lost.is_empty() {
            return Ok(());
        }
        Err(CliError::refused(
            format!("the content of {} went with a restart of the host", lost.join(", ")),
            "`skiff run PATH` or `skiff up PATH` reads it again",
        ))
    }

    /// What leads to the object and what it depends on, and to nothing else.
    ///
    /// # Errors
    /// When it cannot be compiled.
    pub fn target(&self, session: &Session) -> Result<Target, CliError> {
        self.target_of(session, std::slice::from_ref(&self.object))
    }

    /// What leads to some objects of the source and what they depend on, and to nothing else.
    ///
    /// # Errors
    /// When they cannot be compiled.
    pub fn target_of(&self, session: &Session, objects: &[ObjectKey]) -> Result<Target, CliError> {
        let only = objects.iter().map(ToString::to_string).collect();
        let options = TargetOptions { only, ..TargetOptions::default() };
        target(
            std::slice::from_ref(&self.loaded),
            &session.state,
            &session.state.history(),
            &session.settings.instance,
            &options,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceOptions, load};

    /// What two Compose files declare, `shop` and `blog`; the backup of the former is of a profile.
    fn loads(profiles: &[&str]) -> Vec<Loaded> {
        let folder = tempfile::tempdir().expect("a folder");
        let backup = "backup: { image: i, restart: 'no', profiles: [backup] }";
        let load = |name: &str, services: &str| {
            let path = folder.path().join(format!("{name}.yaml"));
            std::fs::write(&path, format!("name: {name}\nservices: {{ {services} }}\n")).expect("a file");
            let mut options = SourceOptions { paths: vec![path], ..SourceOptions::default() };
            options.compose.profiles = profiles.iter().map(|&profile| profile.to_owned()).collect();
            load(&options)
        };
        vec![
            load("shop", &format!("api: {{ image: i, restart: always }}, {backup}")),
            load("blog", "api: { image: i }"),
        ]
    }

    fn found(profiles: &[&str], namespace: Option<&str>, word: &str) -> Result<(String, usize), String> {
        let kinds = [Kind::Deployment, Kind::Job, Kind::CronJob];
        let recalled = recall_from(namespace, &loads(profiles), word, &kinds).map_err(|error| error.to_string())?;
        Ok((recalled.object.to_string(), recalled.loaded.objects.len()))
    }

    #[test]
    fn what_is_run_once_is_found_in_the_files_that_are_named_with_what_else_they_declare() {
        assert_eq!(found(&["backup"], None, "backup"), Ok(("deployment/shop/backup".to_owned(), 3)));
        assert_eq!(found(&["backup"], Some("blog"), "api"), Ok(("deployment/blog/api".to_owned(), 2)));
        assert_eq!(found(&[], None, "shop/api").map(|(object, _)| object), Ok("deployment/shop/api".to_owned()));
    }

    #[test]
    fn what_no_file_declares_or_several_do_is_refused() {
        assert!(found(&[], None, "backup").is_err_and(|error| error.contains("is known as `backup`")));
        let both = found(&[], None, "api").expect_err("two");
        assert!(
            both.contains("deployment/blog/api and deployment/shop/api")
                || both.contains("deployment/shop/api and deployment/blog/api"),
            "{both}"
        );
        assert!(found(&["backup"], Some("blog"), "backup").is_err(), "it is of another namespace");
    }
}
