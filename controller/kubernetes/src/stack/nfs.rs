//! Volumes on a file server, as Docker's `local` driver mounts them: `type: nfs`, `o: addr=…`, `device: :/path`.

use skiff_api::VolumeSpec;

/// What a volume is on a file server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nfs {
    /// Its name or address.
    pub(crate) server: String,
    /// The path that it exports.
    pub(crate) path: String,
    /// Whether it is mounted to be read only.
    pub(crate) read_only: bool,
    /// The rest of what `mount` is told.
    pub(crate) options: Vec<String>,
}

impl Nfs {
    /// The file server of a volume; nothing where it is none, or where it is not said which one.
    pub(super) fn of(spec: &VolumeSpec) -> Option<Self> {
        let option = |key: &str| spec.driver_opts.get(key).map(String::as_str);
        let is_local = spec.driver.as_deref().is_none_or(|driver| driver == "local");
        if spec.external || !is_local || !matches!(option("type"), Some("nfs" | "nfs4")) {
            return None;
        }
        let words: Vec<&str> = option("o").unwrap_or_default().split(',').map(str::trim).collect();
        let said = words.iter().find_map(|word| word.strip_prefix("addr="));
        // A device may name the server as well, `server:/path`; what is mounted is the address.
        let (host, path) = option("device")?.split_once(':')?;
        let server = said.unwrap_or(host);
        if server.is_empty() || !path.starts_with('/') {
            return None;
        }
        let mut options: Vec<String> =
            words.iter().filter(|word| !is_told_elsewhere(word)).map(|word| (*word).to_owned()).collect();
        if option("type") == Some("nfs4") && !options.iter().any(|word| is_version(word)) {
            options.push("nfsvers=4".to_owned());
        }
        let (server, path) = (server.to_owned(), path.to_owned());
        Some(Self { server, path, read_only: words.contains(&"ro"), options })
    }
}

fn is_told_elsewhere(word: &str) -> bool {
    word.is_empty() || word == "ro" || word == "rw" || word.starts_with("addr=")
}

fn is_version(word: &str) -> bool {
    word.starts_with("nfsvers=") || word.starts_with("vers=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nfs(options: &[(&str, &str)]) -> Option<Nfs> {
        let driver_opts = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Nfs::of(&VolumeSpec { driver_opts, ..VolumeSpec::default() })
    }

    #[test]
    fn what_docker_is_told_is_taken_apart() {
        let found = nfs(&[("type", "nfs"), ("o", "addr=10.0.0.7,ro,soft,nfsvers=4.1"), ("device", ":/srv/data")]);
        let options = ["soft", "nfsvers=4.1"].map(ToOwned::to_owned).into();
        let (server, path) = ("10.0.0.7".to_owned(), "/srv/data".to_owned());
        assert_eq!(found, Some(Nfs { server, path, read_only: true, options }));
        let found = nfs(&[("type", "nfs4"), ("o", "rw"), ("device", "files:/srv")]).expect("a server");
        assert_eq!((found.server.as_str(), found.read_only), ("files", false));
        assert_eq!(found.options, ["nfsvers=4"]);
    }

    #[test]
    fn what_is_no_file_server_is_none() {
        assert_eq!(nfs(&[("type", "tmpfs"), ("device", "tmpfs")]), None);
        assert_eq!(nfs(&[("type", "nfs"), ("o", "rw"), ("device", ":/srv")]), None, "nobody says which");
        assert_eq!(nfs(&[("type", "nfs"), ("o", "addr=a"), ("device", "srv")]), None);
    }
}
