//! What a template mounts.

use super::*;

#[test]
fn what_is_updated_in_place_is_mounted_whole() {
    insta::assert_snapshot!(
        template(json!({
            "container": { "image": "nginx", "volumeMounts": [
                { "name": "conf", "mountPath": "/a" },
                { "name": "conf", "mountPath": "/b/x", "subPath": "x" },
                { "name": "keys", "mountPath": "/c/x", "subPath": "x" },
                { "name": "plain", "mountPath": "/d/x", "subPath": "x" },
            ] },
            "volumes": [
                { "name": "conf", "configMap": { "name": "conf", "updatePolicy": "InPlace" } },
                { "name": "keys", "secret": { "secretName": "keys", "updatePolicy": "InPlace", "items": [{ "key": "a", "path": "..a" }] } },
                { "name": "plain", "configMap": { "name": "conf", "updatePolicy": "Replace" } },
            ],
        })),
        @r"
    /container/volumeMounts/1/subPath: `subPath` cannot be updated in place, as volume `conf` asks for: it stays the file that it was (mount the whole volume into a folder of its own, or take out `updatePolicy: InPlace`)
    /container/volumeMounts/2/subPath: `subPath` cannot be updated in place, as volume `keys` asks for: it stays the file that it was (mount the whole volume into a folder of its own, or take out `updatePolicy: InPlace`)
    /volumes/1/secret/items/0/path: `path` cannot begin with two dots, found `..a`
    "
    );
}

#[test]
fn volumes_have_one_source_with_sane_paths_and_modes() {
    insta::assert_snapshot!(
        template(json!({
            "volumes": [
                { "name": "a" }, { "name": "a", "tmpfs": { "mode": 1777 }, "emptyDir": {} },
                { "name": "b", "hostPath": { "path": "~/x", "propagation": "share" } },
                { "name": "c", "configMap": { "name": "c", "defaultMode": 644, "items": [ { "key": "k", "path": "../k" } ] } },
            ],
            "restartPolicy": "Never", "restart": { "delay": "1s" },
            "metadata": { "labels": { "skiff.dev/kind": "x" } },
        })),
        @r"
    /volumes/0: `volumes[0]` says nothing (give exactly one of volume, hostPath, tmpfs, emptyDir, anonymous, configMap, secret, image, namedPipe)
    /volumes/1: `volumes[1]` has tmpfs and emptyDir (give exactly one of volume, hostPath, tmpfs, emptyDir, anonymous, configMap, secret, image, namedPipe)
    /volumes/1/name: another volume is named `a` too
    /volumes/1/tmpfs/mode: `mode` is 1777 in decimal, which is 03361 (write the octal number with its zero: `01777` (in JSON: 1023))
    /volumes/2/hostPath/path: `path` cannot be `~/x`: there is no home folder (write the whole path, or one that starts at the manifest's folder with `./`)
    /volumes/2/hostPath/propagation: `propagation` cannot be `share` (did you mean `shared`?)
    /volumes/3/configMap/defaultMode: `defaultMode` is 644 in decimal, which is 01204 (write the octal number with its zero: `0644` (in JSON: 420))
    /volumes/3/configMap/items/0/path: `path` may not contain `..`, found `../k`
    /restart: `restart` with `restartPolicy: Never` (leave it out, or write `restartPolicy: OnFailure`)
    /metadata/labels/skiff.dev~1kind: label `skiff.dev/kind` is Skiff's own (use another prefix, or none)
    "
    );
}

#[test]
fn memory_has_options_that_docker_knows_and_a_folder_of_its_own_labels_of_its_own() {
    let options =
        ["nr_inodes=10k", "noatime", "suid", "uid=5", "exec", "noexec", "ro", "nr_inode=1", "mpol=bind:0,1", "x"];
    insta::assert_snapshot!(
        template(json!({ "volumes": [
            { "name": "a", "tmpfs": { "options": options } },
            { "name": "b", "emptyDir": { "medium": "Memory", "labels": { "a": "b" } } },
            { "name": "c", "emptyDir": { "labels": { "skiff.dev/kind": "x" } } },
        ] })),
        @r"
    /volumes/0/tmpfs/options/3: `uid=5` is no option of memory that Docker knows (write `uid: 5` beside `options`)
    /volumes/0/tmpfs/options/4: `exec` is no option of memory that Docker knows (write `exec: true` beside `options`)
    /volumes/0/tmpfs/options/5: `noexec` is no option of memory that Docker knows (leave it out: it is so unless `exec: true` is said)
    /volumes/0/tmpfs/options/6: `ro` is no option of memory that Docker knows (write `readOnly` at the mount in `volumeMounts`)
    /volumes/0/tmpfs/options/7: `nr_inode=1` is no option of memory that Docker knows (did you mean `nr_inodes`?)
    /volumes/0/tmpfs/options/8: `mpol=bind:0,1` is no option of memory that Docker knows (it is async, atime, dev, diratime, dirsync, mand, noatime, nodev, nodiratime, nomand, norelatime, nostrictatime, nosuid, relatime, strictatime, suid, sync, or mpol, nr_blocks, nr_inodes with a value and no comma)
    /volumes/0/tmpfs/options/9: `x` is no option of memory that Docker knows (it is async, atime, dev, diratime, dirsync, mand, noatime, nodev, nodiratime, nomand, norelatime, nostrictatime, nosuid, relatime, strictatime, suid, sync, or mpol, nr_blocks, nr_inodes with a value and no comma)
    /volumes/1/emptyDir/labels: `labels` of what is in memory: there is no volume to carry them (leave them out, or leave `medium: Memory` out)
    /volumes/2/emptyDir/labels/skiff.dev~1kind: label `skiff.dev/kind` is Skiff's own (use another prefix, or none)
    "
    );
}
