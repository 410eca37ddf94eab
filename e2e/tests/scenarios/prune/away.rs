//! Folders that vanish, may not be read, or whose disk is taken away.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, ensure};
use skiff_e2e::act::{Act, act, all, call, remember, run, run_with, write};
use skiff_e2e::check::{eventually, logs, ready, says, throughout, untouched};
use skiff_e2e::{Ending, scenario, service};

use super::file;

#[test]
fn a_folder_that_vanishes_prunes_nothing() {
    scenario("a folder that vanishes prunes nothing")
        .step(
            "two run",
            all([file("a"), file("b"), file("c"), run()]),
            [eventually(ready("a", 1)), eventually(ready("c", 1))],
        )
        .step("as they are now", remember(), [])
        .step(
            "the folder goes",
            act(|world| Ok(std::fs::rename(world.manifests(), world.folder().join("away"))?)),
            [throughout(Duration::from_secs(3), untouched("a")), untouched("c")],
        )
        .step(
            "and comes back",
            act(|world| Ok(std::fs::rename(world.folder().join("away"), world.manifests())?)),
            [untouched("a")],
        )
        .step(
            "an edit still counts",
            write("a.yaml", &service("a").replicas(2).to_string()),
            [eventually(ready("a", 2))],
        );
}

/// Sets the mode of the folder with the manifests.
fn mode(mode: u32) -> Act {
    act(move |world| Ok(std::fs::set_permissions(world.manifests(), std::fs::Permissions::from_mode(mode))?))
}

#[test]
fn a_folder_that_may_not_be_read_prunes_nothing() {
    let run_bound = act(|world| {
        let manifests = world.manifests().display().to_string();
        let log = world.folder().join("run.log");
        world.running = Some(world.skiff.start_bound(&["run", &manifests, "--tick", "1s"], &world.env, &log)?);
        Ok(())
    });
    scenario("a folder that may not be read prunes nothing")
        .step("two run", all([file("a"), file("b"), run_bound]), [eventually(ready("a", 1)), eventually(ready("b", 1))])
        .step("as they are now", remember(), [])
        .step(
            "nobody may read it",
            mode(0o000),
            [eventually(logs("Permission denied")), throughout(Duration::from_secs(3), untouched("a")), untouched("b")],
        )
        .step("get says so", call(&["get"]), [says("Permission denied")])
        .step(
            "it may be read again, and an edit counts",
            all([mode(0o755), write("a.yaml", &service("a").replicas(2).to_string())]),
            [eventually(ready("a", 2)), untouched("b")],
        );
}

/// Calls `mount` or `umount`; whether it may.
fn mounts(program: &str, args: &[&std::ffi::OsStr]) -> Result<bool> {
    Ok(std::process::Command::new(program).args(args).stderr(Stdio::null()).status()?.success())
}

/// Mounts the folder with the manifests from another one, until the scenario ends.
fn mount() -> Act {
    act(|world| {
        let (manifests, disk) = (world.manifests(), world.folder().join("disk"));
        std::fs::create_dir_all(&disk)?;
        ensure!(mounts("mount", &["--bind".as_ref(), disk.as_os_str(), manifests.as_os_str()])?, "mount --bind");
        world.endings.push(Ending(Box::new(move || {
            mounts("umount", &["-l".as_ref(), manifests.as_os_str()]).ok();
        })));
        Ok(())
    })
}

/// Writes a manifest to the disk itself.
fn on_disk(name: &'static str, replicas: u32) -> Act {
    act(move |world| {
        let text = service(name).replicas(replicas).to_string();
        Ok(std::fs::write(world.folder().join("disk").join(format!("{name}.yaml")), text)?)
    })
}

fn unmount() -> Act {
    act(|world| {
        ensure!(mounts("umount", &["-l".as_ref(), world.manifests().as_os_str()])?, "umount -l");
        Ok(())
    })
}

/// Where not even root may mount, as in most containers, there is no disk to take away.
fn may_mount() -> bool {
    let (from, to) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let may = mounts("mount", &["--bind".as_ref(), from.path().as_os_str(), to.path().as_os_str()]).unwrap_or(false);
    may && mounts("umount", &[to.path().as_os_str()]).expect("umount")
}

#[test]
fn a_disk_that_is_unmounted_prunes_nothing() {
    if !may_mount() {
        return;
    }
    scenario("a disk that is unmounted prunes nothing")
        .step(
            "two run from a disk",
            all([mount(), on_disk("a", 1), on_disk("b", 1), run_with(&["--tick", "1s"])]),
            [eventually(ready("a", 1)), eventually(ready("b", 1))],
        )
        .step("as they are now", remember(), [])
        .step(
            "the disk is gone, and the folder is empty",
            unmount(),
            [eventually(logs("would be removed")), throughout(Duration::from_secs(3), untouched("a")), untouched("b")],
        )
        .step("it is back, as it was", mount(), [throughout(Duration::from_secs(2), untouched("a")), untouched("b")])
        .step("and an edit counts", on_disk("a", 2), [eventually(ready("a", 2)), untouched("b")]);
}
