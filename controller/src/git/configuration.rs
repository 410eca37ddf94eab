//! What git is told on every call: an environment and a configuration file of our own, and nothing of the user's or the system's.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use skiff_remote::git::{GitAddress, Obstacle, Transport};

use super::GitError;

/// Variables of the process that git may see: how to find programs, an agent, a proxy.
const PASSED_ON: [&str; 9] = [
    "PATH",
    "SSH_AUTH_SOCK",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// The environment of every call.
pub(super) fn environment(folder: &Path, address: &GitAddress) -> Vec<(OsString, OsString)> {
    let passed = PASSED_ON.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    let ours = [
        ("GIT_CONFIG_GLOBAL", configuration(folder).into_os_string()),
        ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ("GIT_ATTR_NOSYSTEM", "1".into()),
        ("GIT_TERMINAL_PROMPT", "0".into()),
        ("GIT_OPTIONAL_LOCKS", "0".into()),
        ("GIT_NO_REPLACE_OBJECTS", "1".into()),
        ("GIT_NO_LAZY_FETCH", "1".into()),
        ("GIT_SSH_VARIANT", "ssh".into()),
        ("GIT_SSH_COMMAND", ssh(address).into()),
        // Where a `.netrc` would be looked for.
        ("HOME", folder.as_os_str().to_owned()),
        ("LC_ALL", "C".into()),
        ("SKIFF_GIT_USER", address.user.as_str().into()),
        ("SKIFF_GIT_TOKEN_FILE", address.token_file.as_deref().map(absolute).unwrap_or_default().into()),
    ];
    passed.chain(ours.map(|(name, value)| (name.into(), value))).collect()
}

fn configuration(folder: &Path) -> std::path::PathBuf {
    folder.join("gitconfig")
}

/// Writes the configuration file.
pub(super) fn write(folder: &Path, address: &GitAddress) -> Result<(), GitError> {
    let path = configuration(folder);
    let text = text(address);
    if fs::read_to_string(&path).is_ok_and(|there| there == text) {
        // Another process may be reading it.
        return Ok(());
    }
    let failed = |error| GitError::here(format_args!("{} cannot be written", path.display()), &error);
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// Every file that the address names must be there: git's own words for one that is not are hard to read.
pub(super) fn check(address: &GitAddress) -> Result<(), GitError> {
    let files = [
        ("token-file", &address.token_file),
        ("ssh-key", &address.ssh_key),
        ("known-hosts", &address.known_hosts),
        ("ca-file", &address.ca_file),
        ("allowed-signers", &address.allowed_signers),
    ];
    for (setting, file) in files {
        let Some(path) = file else { continue };
        let opened = fs::File::open(path).map_err(|error| {
            let message = format!("{}: {error}", path.display());
            GitError::new(
                Obstacle::Denied,
                message,
                format!("`{setting}=` names it: is the path right, and may skiff read it?"),
            )
        })?;
        if opened.metadata().is_ok_and(|about| about.is_dir()) {
            let message = format!("{} is a folder", path.display());
            return Err(GitError::new(Obstacle::Denied, message, format!("`{setting}=` names a file")));
        }
        if setting == "token-file"
            && fs::read_to_string(path).is_ok_and(|token| token.lines().next().is_none_or(str::is_empty))
        {
            let help = "write the token into its first line";
            return Err(GitError::new(Obstacle::Denied, format!("{} holds no token", path.display()), help));
        }
        if setting == "ssh-key" {
            refuse_open_key(path, &opened)?;
        }
    }
    Ok(())
}

/// A key of this user that others can read: ssh refuses it, in words that are hard to find among git's.
fn refuse_open_key(path: &Path, key: &fs::File) -> Result<(), GitError> {
    let Ok(about) = key.metadata() else { return Ok(()) };
    let (mode, is_open) = (about.mode() & 0o7777, about.mode() & 0o077 != 0);
    if about.uid() != rustix::process::geteuid().as_raw() || !is_open {
        return Ok(());
    }
    let message =
        format!("the key {} can be read by others (mode {mode:04o}), and ssh refuses such a key", path.display());
    Err(GitError::new(Obstacle::Denied, message, format!("close it: `chmod 600 {}`", path.display())))
}

/// Objects are checked by their ids on arrival; whether a tree may be written out is checked by whoever does. So `fsckObjects`, which
/// refuses many an old repository, has nothing to add.
fn text(address: &GitAddress) -> String {
    let word = address.transport.word();
    let mut text = format!(
        "# Written by skiff, for skiff.\n\
         [core]\n\thooksPath = /dev/null\n\tfsmonitor = false\n\tattributesFile = /dev/null\n\
         [protocol]\n\tallow = never\n[protocol \"{word}\"]\n\tallow = always\n\
         [gc]\n\tauto = 500\n\tautoDetach = false\n\tautoPackLimit = 20\n\tpruneExpire = now\n\
         [maintenance]\n\tauto = false\n\
         [fetch]\n\trecurseSubmodules = false\n\
         [http]\n\tlowSpeedLimit = 100\n\tlowSpeedTime = 30\n\
         [gpg]\n\tprogram = false\n\tminTrustLevel = fully\n[gpg \"x509\"]\n\tprogram = false\n"
    );
    let mut setting = |section: &str, name: &str, value: &str| {
        // Writing to a string cannot fail.
        writeln!(text, "[{section}]\n\t{name} = {}", quoted(value)).ok();
    };
    if let Some(file) = &address.ca_file {
        setting("http", "sslCAInfo", &absolute(file));
    }
    if let Some(file) = &address.allowed_signers {
        setting("gpg \"ssh\"", "allowedSignersFile", &absolute(file));
    }
    if let (Transport::File, Some(path)) = (address.transport, address.url.strip_prefix("file://")) {
        setting("safe", "directory", path);
        setting("safe", "directory", &format!("{path}/.git"));
    }
    if address.token_file.is_some() {
        // Git asks it for this host alone. The shell reads the file itself, so that the token stands in no argument and no variable of
        // the environment, and on no second place of the disk.
        setting(&format!("credential {}", quoted(&host(&address.url))), "helper", HELPER);
    }
    text
}

const HELPER: &str = "!f() { test \"$1\" = get || exit 0; IFS= read -r token < \"$SKIFF_GIT_TOKEN_FILE\"; \
                      printf 'username=%s\\npassword=%s\\n' \"$SKIFF_GIT_USER\" \"$token\"; }; f";

/// A value as git's configuration holds it.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// `https://host:port`.
fn host(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    format!("{scheme}://{}", rest.split('/').next().unwrap_or_default())
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// Never a question, never an unknown host.
fn ssh(address: &GitAddress) -> String {
    let mut command =
        "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 \
                       -o ServerAliveCountMax=2 -o ClearAllForwardings=yes"
            .to_owned();
    if let Some(key) = &address.ssh_key {
        write!(command, " -F /dev/null -o IdentitiesOnly=yes -i {}", word(&absolute(key))).ok();
    }
    if let Some(hosts) = &address.known_hosts {
        // ssh itself splits the value at spaces, unless it is quoted for it as well.
        let option = format!("UserKnownHostsFile=\"{}\"", absolute(hosts));
        write!(command, " -o {} -o GlobalKnownHostsFile=/dev/null", word(&option)).ok();
    }
    command
}

/// A word as a shell takes it whole.
fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use skiff_remote::Remote;

    use super::*;

    fn address(text: &str) -> GitAddress {
        let Some(Ok(Remote::Git(address))) = Remote::parse(text) else { panic!("no address: {text}") };
        address
    }

    #[test]
    fn one_transport_is_allowed_and_the_token_is_for_one_host_and_in_no_argument() {
        let text = text(&address("git+https://example.com:8443/team/shop.git?token-file=/etc/skiff/token"));
        assert!(text.contains("allow = never") && text.contains("[protocol \"https\"]\n\tallow = always"), "{text}");
        assert!(text.contains("[credential \"https://example.com:8443\"]"), "{text}");
        assert!(!text.contains("/etc/skiff/token"), "{text}");
    }

    #[test]
    fn a_token_file_is_named_from_the_root_as_git_is_called_elsewhere() {
        let environment = environment(Path::new("/f"), &address("git+https://h/shop?token-file=git.token"));
        let file =
            environment.iter().find(|(name, _)| name == "SKIFF_GIT_TOKEN_FILE").map(|(_, value)| Path::new(value));
        assert!(file.is_some_and(|file| file.is_absolute() && file.ends_with("git.token")), "{file:?}");
    }

    #[test]
    fn a_key_that_ssh_would_refuse_is_refused_with_what_to_do() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("key");
        fs::write(&key, "a key").expect("a file");
        let address = address(&format!("git+ssh://git@h/shop?ssh-key={}", key.display()));
        let checked = |mode| {
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).expect("a mode");
            check(&address)
        };
        assert!(checked(0o600).is_ok() && checked(0o400).is_ok());
        let error = checked(0o640).expect_err("it is open");
        assert!(error.message.contains("can be read by others (mode 0640)"), "{}", error.message);
        assert_eq!(error.help, format!("close it: `chmod 600 {}`", key.display()));
    }

    #[test]
    fn names_of_files_that_would_be_words_of_a_shell_or_flags_stay_names() {
        let ssh = ssh(&address("git+ssh://git@h/shop?ssh-key=/k%20'x&known-hosts=/a%20b"));
        assert!(ssh.contains(r"-i '/k '\''x'"), "{ssh}");
        assert!(ssh.contains("-o 'UserKnownHostsFile=\"/a b\"'"), "{ssh}");
        assert_eq!(quoted("a\"b\\c\nd"), r#""a\"b\\c\nd""#);
    }
}
