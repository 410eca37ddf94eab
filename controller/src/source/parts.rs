//! Which sources a command names: all its paths together are one, each address is one of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use skiff_remote::etcd::EtcdAddress;
use skiff_remote::git::GitAddress;
use skiff_remote::{AddressError, Remote};

use super::{SourceOptions, name};

/// One source of a command.
#[derive(Clone, Debug)]
pub enum Part {
    /// Files and folders.
    Disk(SourceOptions),
    /// A repository, and how what is in it is read.
    Git(Box<GitAddress>, SourceOptions),
    /// Documents in etcd, and how they are read.
    Etcd(Box<EtcdAddress>, SourceOptions),
}

/// Why the words of a command are no sources.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PartsError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl From<AddressError> for PartsError {
    fn from(AddressError { message, help }: AddressError) -> Self {
        Self { message, help }
    }
}

impl Part {
    /// The source's name.
    pub fn name(&self) -> String {
        match self {
            Self::Disk(options) => name::of(options),
            Self::Git(address, options) => {
                let named = options.name.as_deref().or(address.name.as_deref());
                name::fitted(named.unwrap_or_else(|| address.repository()))
            }
            Self::Etcd(address, options) => {
                let named = options.name.as_deref().or(address.name.as_deref());
                name::fitted(named.unwrap_or_else(|| address.last()))
            }
        }
    }
}

/// The sources that the options name.
///
/// # Errors
/// When an address makes no sense, or two sources have one name.
pub fn parts(options: &SourceOptions) -> Result<Vec<Part>, PartsError> {
    let mut paths = Vec::new();
    let mut remotes = Vec::new();
    for path in &options.paths {
        match path.to_str().and_then(Remote::parse) {
            None => paths.push(path.clone()),
            Some(remote) => remotes.push(remote?),
        }
    }
    if let (false, true, Some(overlay)) = (remotes.is_empty(), paths.is_empty(), options.overlays.first()) {
        let message = format!("`--overlay {}` has no files to be laid over", overlay.display());
        return Err(error(message, "an overlay in the repository is named in its address: `?overlay=overlays/prod`"));
    }
    let disk = (!paths.is_empty()).then(|| Part::Disk(SourceOptions { paths, ..options.clone() }));
    let beside = SourceOptions { paths: Vec::new(), overlays: Vec::new(), ..options.clone() };
    let remotes = remotes.into_iter().map(|remote| match remote {
        Remote::Git(address) => Part::Git(Box::new(address), beside.clone()),
        Remote::Etcd(address) => Part::Etcd(Box::new(address), beside.clone()),
    });
    let parts: Vec<Part> = disk.into_iter().chain(remotes).collect();
    apart(&parts, options)?;
    Ok(parts)
}

/// Two sources need two names.
fn apart(parts: &[Part], options: &SourceOptions) -> Result<(), PartsError> {
    if let (Some(name), true) = (&options.name, parts.len() > 1) {
        let message = format!("`--source {name}` would name {} sources", parts.len());
        return Err(error(message, "name a repository in its address: `?name=shop`"));
    }
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for part in parts {
        let (name, place) = (part.name(), place(part));
        if let Some(other) = known.insert(name.clone(), place.clone()) {
            let message = format!("{other} and {place} are both called `{name}`");
            return Err(error(message, "two sources need two names: give one of them `?name=` in its address"));
        }
    }
    Ok(())
}

fn place(part: &Part) -> String {
    match part {
        Part::Disk(options) => options.paths.first().cloned().unwrap_or_else(PathBuf::new).display().to_string(),
        Part::Git(address, _) => address.url.clone(),
        Part::Etcd(address, _) => address.to_string(),
    }
}

fn error(message: impl Into<String>, help: impl Into<String>) -> PartsError {
    PartsError { message: message.into(), help: help.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(paths: &[&str]) -> SourceOptions {
        SourceOptions { paths: paths.iter().map(PathBuf::from).collect(), ..SourceOptions::default() }
    }

    fn names(paths: &[&str]) -> Vec<String> {
        parts(&options(paths)).expect("sources").iter().map(Part::name).collect()
    }

    fn refused(options: &SourceOptions) -> String {
        parts(options).expect_err("no sources").message
    }

    #[test]
    fn paths_together_are_one_source_and_each_address_is_one() {
        let git = "git+https://example.com/team/Blog.git";
        assert_eq!(names(&["./shop", git, "./more", "git+file:///srv/x?name=tools"]), ["shop", "blog", "tools"]);
        assert_eq!(names(&["-"]), ["stdin"]);
    }

    #[test]
    fn two_sources_of_one_name_or_one_name_for_two_are_refused() {
        let git = "git+https://example.com/shop.git";
        insta::assert_snapshot!(refused(&options(&["/srv/shop", git])), @"/srv/shop and https://example.com/shop.git are both called `shop`");
        let named = SourceOptions { name: Some("x".to_owned()), ..options(&["/srv/shop", git]) };
        insta::assert_snapshot!(refused(&named), @"`--source x` would name 2 sources");
        let overlaid = SourceOptions { overlays: vec!["prod".into()], ..options(&[git]) };
        insta::assert_snapshot!(refused(&overlaid), @"`--overlay prod` has no files to be laid over");
        assert!(parts(&SourceOptions { name: Some("x".to_owned()), ..options(&[git]) }).is_ok());
    }
}
