use proptest::prelude::*;

use super::*;
use crate::Remote;

fn read(text: &str) -> Result<GitAddress, AddressError> {
    match Remote::parse(text).expect("it is an address") {
        Ok(Remote::Git(address)) => Ok(address),
        Ok(Remote::Etcd(_)) => panic!("it is no repository: {text}"),
        Err(error) => Err(error),
    }
}

fn refused(text: &str) -> String {
    let error = read(text).expect_err(text);
    format!("{}; {}", error.message, error.help)
}

#[test]
fn every_setting_is_read() {
    let address = read(
        "git+ssh://git@example.com:2222/team/Shop.git/?ref=release/1.2&path=/apps/./shop/&overlay=overlays/prod&overlay=more%20so\
         &interval=1m30s&name=shop&ssh-key=/k&known-hosts=/h&allowed-signers=/s",
    );
    let address = address.expect("an address");
    assert_eq!(address.url, "ssh://git@example.com:2222/team/Shop.git");
    assert_eq!(address.to_string(), "release/1.2 of ssh://git@example.com:2222/team/Shop.git");
    assert_eq!((address.path.as_str(), address.overlays.join(",")), ("apps/shop", "overlays/prod,more so".to_owned()));
    assert_eq!((address.interval.as_secs(), address.repository()), (90, "Shop"));
    assert_eq!(address.root(), PathBuf::from("git+ssh://git@example.com:2222/team/Shop.git//apps/shop"));
    assert_eq!(address.allowed_signers, Some("/s".into()));
}

#[test]
fn what_is_not_said_is_the_repositorys_own_branch_every_half_minute() {
    let address = read("git+https://example.com/shop").expect("an address");
    assert_eq!((address.reference, address.interval.as_secs()), (Reference::Head, 30));
    assert_eq!(read("git+file:///srv/shop/.git").expect("an address").repository(), "shop");
}

#[test]
fn a_path_is_no_address_and_an_address_of_another_sort_says_what_to_write() {
    for path in ["shop", "./a", "/srv/git+x", "C:/a", "-", "a b://c", "a@b", "./a@b:c", "a@b:"] {
        assert!(Remote::parse(path).is_none(), "{path}");
    }
    insta::assert_snapshot!(refused("git@github.com:team/shop.git"), @"`git@github.com:team/shop.git` is no path; write `git+ssh://git@github.com/team/shop.git`");
    insta::assert_snapshot!(refused("https://example.com/shop.git"), @"`https://` is no source that is known; for a repository write `git+https://example.com/shop.git`");
    insta::assert_snapshot!(refused("git+svn://example.com/shop"), @"`git+svn://` is no way to a repository; repositories are reached by git+https://, git+ssh:// or git+file:///");
}

#[test]
fn secrets_and_tricks_are_refused_with_what_to_do_instead() {
    let words = [
        "git+https://ann:secret@example.com/shop.git",
        "git+https://token@example.com/shop.git",
        "git+http://example.com/shop.git?token-file=/t",
        "git+ssh://-oProxyCommand=x/shop",
        "git+ssh://-l@host/shop",
        "git+https://example.com/",
        "git+file://shop",
        "git+https://example.com/a$(x)",
        "git+https://example.com/shop#main",
        "git+https://example.com/shop?ref=--upload-pack=x",
        "git+https://example.com/shop?path=../etc",
        "git+https://example.com/shop?interval=0s",
        "git+https://example.com/shop?branch=main",
        "git+https://example.com/shop?overlays=a",
        "git+https://example.com/shop?ref=a&ref=b",
        "git+https://example.com/shop?ref=",
        "git+https://example.com/shop?ref=%0a",
        "git+https://example.com/shop?ssh-key=/k",
    ]
    .map(refused)
    .join("\n");
    assert!(!words.contains("secret"), "{words}");
    insta::assert_snapshot!(words);
}

proptest! {
    #[test]
    fn nothing_panics_and_a_path_never_leads_out(text in "git\\+(https|file|ssh)://[a-z/@:.%-]{0,12}(\\?(path|overlay|ref|interval)=[a-z0-9/.%&=-]{0,16}){0,2}") {
        if let Some(Ok(Remote::Git(address))) = Remote::parse(&text) {
            for path in address.overlays.iter().chain([&address.path]) {
                prop_assert!(!path.starts_with('/') && path.split('/').all(|part| part != ".."));
            }
        }
    }
}
