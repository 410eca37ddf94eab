//! What a commit's tree may hold: folders that are mounted, and what is meant to lead out of it.

use skiff_e2e::act::docker;

use super::*;

#[test]
fn a_folder_of_the_commit_is_mounted_and_its_change_rolls_its_users() {
    let forge = forge();
    let web = service("web")
        .container("volumeMounts: [ { name: site, mountPath: /site } ]")
        .template("volumes: [ { name: site, hostPath: { path: ./site, readOnly: true } } ]")
        .to_string();
    let reads = |text: &'static str| {
        check(move |world| {
            let web = world.replica("web")?;
            let output = world.docker.command().args(["exec", &web.id, "cat", "/site/index.html"]).output()?;
            let read = String::from_utf8_lossy(&output.stdout).into_owned();
            ensure!(read == text, "it reads `{read}`");
            Ok(())
        })
    };
    scenario("a folder of the commit is mounted, and its change rolls its users")
        .step(
            "a site is pushed",
            all([
                push(&forge, &[("web.yaml", &web), ("site/index.html", "one")], "Site"),
                follow(&[&forge.address(OFTEN).expect("an address")]),
            ]),
            [eventually(ready("web", 1)), eventually(reads("one"))],
        )
        .step("as it is now", remember(), [])
        .step(
            "something else is pushed",
            push(&forge, &[("README", "x")], "Words"),
            [eventually(logs("Words (Ann) is in force")), untouched("web")],
        )
        .step(
            "the site is changed",
            push(&forge, &[("site/index.html", "two")], "Two"),
            [eventually(reads("two")), eventually(ready("web", 1))],
        )
        .step(
            "a writable folder is refused",
            push(&forge, &[("web.yaml", &web.replace("readOnly: true", "readOnly: false"))], "Writable"),
            [eventually(logs("may be written to")), throughout(std::time::Duration::from_secs(1), reads("two"))],
        );
}

#[test]
fn an_overlay_of_the_repository_is_followed_with_the_base_and_what_has_gone_changes_nothing() {
    let forge = forge();
    let prod = |replicas: u32| {
        format!(
            "kind: Deployment\napiVersion: skiff.dev/v1\nmetadata: {{ name: web }}\nspec: {{ replicas: {replicas} }}\n"
        )
    };
    let address = forge.address(&format!("path=base&overlay=overlays/prod&{OFTEN}")).expect("an address");
    scenario("an overlay of the repository is followed with the base, and what has gone changes nothing")
        .step(
            "one in the base are two in prod",
            all([
                push(
                    &forge,
                    &[("base/web.yaml", &service("web").to_string()), ("overlays/prod/web.yaml", &prod(2))],
                    "Layers",
                ),
                follow(&[&address]),
            ]),
            [eventually(ready("web", 2)), of_newest_commit(&forge, "web")],
        )
        .step(
            "the overlay wants three",
            push(&forge, &[("overlays/prod/web.yaml", &prod(3))], "Three"),
            [eventually(ready("web", 3))],
        )
        .step("as it is now", remember(), [])
        .step(
            "the overlay is moved away",
            push(&forge, &[("overlays/prod/web.yaml", ""), ("overlays/production/web.yaml", &prod(1))], "Moved"),
            [eventually(logs("Moved (Ann) is not applied")), untouched("web")],
        )
        .step("it is named", call(&["get"]), [says("overlays/prod")]);
}

/// Loses what a container mounts.
fn lose_what_it_mounts() -> Act {
    act(|world| {
        let seen = world.replica("web")?;
        let mounts = seen.inspect.get("Mounts").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        let source = mounts.iter().find_map(|mount| mount.get("Source")?.as_str().map(std::path::PathBuf::from));
        Ok(std::fs::remove_dir_all(source.context("it mounts nothing")?)?)
    })
}

#[test]
fn a_folder_that_is_lost_is_copied_again_from_the_commit_in_force() {
    let forge = forge();
    let web = service("web")
        .container("volumeMounts: [ { name: site, mountPath: /site } ]")
        .template("volumes: [ { name: site, hostPath: { path: ./site, readOnly: true } } ]")
        .to_string();
    let reads = check(|world| {
        let web = world.replica("web")?;
        ensure!(world.docker.exec(&web.id, &["cat", "/site/index.html"])? == "one", "another page");
        Ok(())
    });
    scenario("a folder that is lost is copied again from the commit in force")
        .step(
            "a site is pushed",
            all([
                push(&forge, &[("web.yaml", &web), ("site/index.html", "one")], "Site"),
                follow(&[&forge.address(OFTEN).expect("an address")]),
            ]),
            [eventually(ready("web", 1))],
        )
        .step("its files are lost, and it ends", all([lose_what_it_mounts(), kill_process_of("web")]), [])
        .step(
            "all is back",
            look(),
            [eventually(ready("web", 1)), eventually(reads), logs("was gone and is there again")],
        );
}

#[test]
fn a_hostile_tree_is_reported_and_what_runs_stays() {
    let forge = forge();
    let web = service("web").to_string();
    let work = forge.work();
    scenario("a hostile tree is reported, and what runs stays")
        .step(
            "a good commit runs",
            all([
                push(&forge, &[("apps/web.yaml", &web)], "Good"),
                follow(&[&forge.address(&format!("path=apps&{OFTEN}")).expect("an address")]),
            ]),
            [eventually(ready("web", 1))],
        )
        .step("as it is now", remember(), [])
        .step(
            "a link leads out of the repository",
            all([
                act(move |_| Ok(std::os::unix::fs::symlink("/etc/passwd", work.join("apps/passwd.yaml"))?)),
                push(&forge, &[], "Link"),
            ]),
            [eventually(logs("leads out of the repository")), untouched("web")],
        )
        .step(
            "a submodule stands where manifests are",
            all([
                git(&forge, &["rm", "--quiet", "apps/passwd.yaml"]),
                git(
                    &forge,
                    &[
                        "update-index",
                        "--add",
                        "--cacheinfo",
                        "160000,0123456789abcdef0123456789abcdef01234567,apps/module",
                    ],
                ),
                git(&forge, &["commit", "--quiet", "-m", "Submodule"]),
                git(&forge, &["push", "--quiet", "origin", "HEAD"]),
            ]),
            [eventually(logs("is a submodule")), untouched("web")],
        )
        .step(
            "both are gone",
            all([
                git(&forge, &["rm", "--quiet", "--cached", "apps/module"]),
                push(&forge, &[("apps/db.yaml", &service("db").to_string())], "Clean"),
            ]),
            [eventually(ready("db", 1)), untouched("web")],
        );
}

/// Removes the files of the oldest commit that is written out, as a sweep that went too far would.
fn lose_the_oldest_commit() -> Act {
    act(|world| {
        let trees = world.folder().join("state").join(&world.instance).join("git/shop/trees");
        let mounts = world.replica("web")?.inspect.get("Mounts").cloned().unwrap_or_default();
        let mounts = mounts.to_string();
        let tree = std::fs::read_dir(&trees)?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut mounted = tree.filter(|path| mounts.contains(&path.display().to_string()));
        let mounted = mounted.next().with_context(|| format!("nothing of {} in {mounts}", trees.display()))?;
        Ok(std::fs::remove_dir_all(mounted)?)
    })
}

#[test]
fn a_container_that_ended_and_whose_file_of_a_commit_is_gone_is_made_anew() {
    let forge = forge();
    let web = service("web")
        .container("volumeMounts: [ { name: motd, mountPath: /motd } ]")
        .template("volumes: [ { name: motd, hostPath: { path: ./motd, readOnly: true } } ]")
        .to_string();
    scenario("a container that ended and whose file of a commit is gone is made anew")
        .step(
            "a file of a commit is mounted",
            all([
                push(&forge, &[("web.yaml", &web), ("motd", "one")], "Motd"),
                follow(&[&forge.address(OFTEN).expect("an address")]),
            ]),
            [eventually(ready("web", 1))],
        )
        .step("as it is now", remember(), [])
        .step(
            "the next commit has nothing to do with it",
            push(&forge, &[("README", "x")], "Words"),
            [eventually(logs("Words (Ann) is in force")), untouched("web")],
        )
        .step(
            "the files of its commit go, and it goes on",
            lose_the_oldest_commit(),
            [throughout(std::time::Duration::from_secs(2), untouched("web"))],
        )
        .step(
            "it ends",
            docker(&["kill"], "web"),
            [eventually(replaced("web")), eventually(ready("web", 1)), eventually(logs("unable to start again"))],
        );
}
