//! A mistake never tears anything down, also across a restart.

use super::*;
use crate::state::{Folders, Good, State};
use skiff_core::Instance;

/// A source, and a state directory that is opened anew for every load, as after a restart.
struct Scene {
    folder: Folder,
    state: tempfile::TempDir,
    run: tempfile::TempDir,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let run = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
        Self { folder: Folder::new(files), state: tempfile::tempdir().expect("a folder"), run }
    }

    fn pass(&self) -> Loaded {
        let (state, run) = (self.state.path().join("default"), self.run.path().join("default"));
        let mut state = State::open(Folders { state, run }).expect("a state");
        let loaded = merge_last_good(self.folder.load(), &state.good("shop"), &Instance::default());
        state.save("shop", loaded.good());
        assert_eq!(skiff_api::validate_set(&objects(&loaded), &Instance::default()), []);
        loaded
    }

    fn broken(&self, prepare: impl FnOnce(&Folder)) -> Loaded {
        self.pass();
        prepare(&self.folder);
        let loaded = self.pass();
        assert!(!loaded.problems.is_empty());
        loaded
    }
}

fn objects(loaded: &Loaded) -> BTreeMap<ObjectKey, Object> {
    loaded.objects.iter().map(|(key, declared)| (key.clone(), declared.object.clone())).collect()
}

fn two() -> [(&'static str, String); 2] {
    [("api.yaml", deployment("api", "api:1")), ("web.yaml", deployment("web", "web:1"))]
}

fn scene() -> Scene {
    let [api, web] = two();
    Scene::new(&[(api.0, &api.1), (web.0, &web.1)])
}

#[test]
fn whatever_is_broken_keeps_its_last_good_version_and_the_rest_goes_on() {
    let breaks: [(&str, &str); 8] = [
        ("no YAML", "apiVersion: [\n"),
        ("half-written", "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: api }\nspec:\n  template:\n"),
        ("a few letters of it", "apiVer"),
        ("nothing", ""),
        ("white space", " \n\n"),
        (
            "not valid",
            "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: api }\nspec: { replicas: many }\n",
        ),
        ("no name any more", "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: {}\nspec: {}\n"),
        ("binary", "\0\0"),
    ];
    for (what, text) in breaks {
        let loaded = scene().broken(|folder| {
            folder.write("api.yaml", text);
            folder.write("web.yaml", deployment("web", "web:2"));
        });
        assert_eq!((image(&loaded, "api"), image(&loaded, "web")), ("api:1".to_owned(), "web:2".to_owned()), "{what}");
        let kept = loaded.objects.get(&key("api")).expect("an object");
        assert!(kept.last_good && kept.origin.file.ends_with("api.yaml"), "{what}");
    }
}

#[test]
fn a_folder_that_vanishes_takes_nothing_with_it() {
    let scene = scene();
    scene.pass();
    let aside = scene.folder.path().with_extension("aside");
    fs::rename(scene.folder.path(), &aside).expect("a folder");
    let loaded = scene.pass();
    assert_eq!(places(&scene.folder, &loaded.problems), [" SourceUnavailable"]);
    assert_eq!(loaded.objects.len(), 2);
    fs::rename(&aside, scene.folder.path()).expect("a folder");
    assert_eq!(scene.pass().problems, []);
}

#[test]
fn an_object_that_leaves_a_good_source_is_gone_and_one_that_leaves_a_broken_one_stays() {
    let scene = scene();
    scene.pass();
    scene.folder.remove("web.yaml");
    scene.folder.write("api.yaml", "kind: [");
    assert_eq!(names(&scene.pass()), ["deployment/default/api", "deployment/default/web"]);
    scene.folder.write("api.yaml", deployment("api", "api:2"));
    let loaded = scene.pass();
    assert_eq!((names(&loaded), loaded.problems), (vec!["deployment/default/api".to_owned()], vec![]));
}

#[test]
fn two_documents_of_one_object_leave_it_as_it_was() {
    let loaded = scene().broken(|folder| folder.write("again.yaml", deployment("api", "api:9")));
    assert_eq!(image(&loaded, "api"), "api:1");
}

#[test]
fn a_missing_reference_falls_back_and_one_that_never_was_good_is_left_out() {
    let using = |name: &str| deployment(name, "a:2") + "      envFrom: [ { configMapRef: { name: missing } } ]\n";
    let loaded = scene().broken(|folder| {
        folder.write("api.yaml", using("api"));
        folder.write("new.yaml", using("new"));
    });
    assert_eq!((image(&loaded, "api"), names(&loaded).len()), ("api:1".to_owned(), 2));
    assert!(loaded.problems.iter().all(|problem| problem.reason == reason::INVALID_SET && problem.span.is_some()));
    assert_eq!(loaded.problems.len(), 2);
}

#[test]
fn what_is_wrong_with_an_object_hides_nothing_that_it_names_wrongly() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: conf }\ndata: { A: a }\n";
    let broken_config = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: flawed }\ndate: { A: a }\n";
    let valued = |object: &str, key: &str| {
        format!("        - {{ name: {key}, valueFrom: {{ configMapKeyRef: {{ name: {object}, key: {key} }} }} }}\n")
    };
    let using = deployment("api", "a:1")
        + "      imag: typo\n      env:\n"
        + &valued("conf", "A")
        + &valued("conf", "B")
        + &valued("gone", "C")
        + &valued("flawed", "D");
    let loaded = Scene::new(&[("api.yaml", &using), ("conf.yaml", config), ("flawed.yaml", broken_config)]).pass();
    let mut said: Vec<&str> = loaded.problems.iter().map(|problem| problem.message.as_str()).collect();
    said.sort_unstable();
    assert_eq!(
        said,
        [
            "ConfigMap `conf` has no key `B`",
            "there is no ConfigMap `gone` in namespace `default`",
            "unknown field `date`",
            "unknown field `imag`",
        ]
    );
    assert!(loaded.problems.iter().all(|problem| problem.span.is_some()));
}

#[test]
fn a_config_map_that_is_still_used_stays_when_its_file_goes() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: conf }\ndata: { A: a }\n";
    let using = deployment("api", "a:1") + "      envFrom: [ { configMapRef: { name: conf } } ]\n";
    let scene = Scene::new(&[("conf.yaml", config), ("api.yaml", &using)]);
    let loaded = scene.broken(|folder| folder.remove("conf.yaml"));
    assert_eq!(names(&loaded), ["configmap/default/conf", "deployment/default/api"]);
}

#[test]
fn a_cycle_falls_back_to_what_had_none() {
    let waiting = |name: &str, on: &str| {
        deployment(name, "a:2").replace("spec:\n", &format!("spec:\n  dependsOn: [ {{ name: {on} }} ]\n"))
    };
    let loaded = scene().broken(|folder| {
        folder.write("api.yaml", waiting("api", "web"));
        folder.write("web.yaml", waiting("web", "api"));
    });
    assert_eq!(names(&loaded).len(), 2);
    assert!(loaded.problems.iter().any(|problem| problem.message.contains('→')), "{:?}", loaded.problems);
}

#[test]
fn what_was_good_gives_way_to_nothing_new() {
    let port = |name: &str| deployment(name, "a:1") + "      ports: [ { containerPort: 80, hostPort: 8080 } ]\n";
    for new in ["a-new", "z-new"] {
        let scene = Scene::new(&[("old.yaml", &port("old"))]);
        let loaded = scene.broken(|folder| folder.write("new.yaml", port(new)));
        assert_eq!(names(&loaded), ["deployment/default/old"]);
    }
}

#[test]
fn a_secret_that_a_reboot_took_holds_its_users_until_the_source_is_well() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { A: hunter2 }\n";
    let using = deployment("api", "a:1") + "      envFrom: [ { secretRef: { name: s } } ]\n";
    let scene = Scene::new(&[("s.yaml", secret), ("api.yaml", &using), ("web.yaml", &deployment("web", "web:1"))]);
    let kept = scene.broken(|folder| folder.write("s.yaml", "kind: ["));
    assert_eq!(names(&kept), ["secret/default/s", "deployment/default/api", "deployment/default/web"]);
    fs::remove_dir_all(scene.run.path().join("default")).expect("a reboot");
    let lost = scene.pass();
    assert_eq!(names(&lost), ["deployment/default/web"]);
    assert_eq!(lost.lost.len(), 1);
    scene.folder.write("s.yaml", secret);
    assert_eq!((scene.pass().objects.len(), scene.pass().lost.len()), (3, 0));
}

#[test]
fn a_host_file_that_goes_keeps_what_it_held() {
    let volume = "    volumes: [ { name: a, hostPath: { path: ./a.conf, readOnly: true } } ]\n";
    let scene = Scene::new(&[("api.yaml", &(deployment("api", "a:1") + volume)), ("a.conf", "1")]);
    let loaded = scene.broken(|folder| folder.remove("a.conf"));
    assert_eq!(places(&scene.folder, &loaded.problems), ["api.yaml HostFileMissing"]);
    assert_eq!(loaded.host_files.values().map(|bytes| bytes.to_vec()).collect::<Vec<_>>(), [b"1".to_vec()]);
    assert_eq!(scene.pass().host_files.len(), 1);
}

#[test]
fn without_a_last_good_state_what_is_wrong_is_left_out() {
    let [api, _] = two();
    let folder = Folder::new(&[(api.0, &api.1), ("web.yaml", "kind: [")]);
    let loaded = merge_last_good(folder.load(), &Good::default(), &Instance::default());
    assert_eq!((names(&loaded), loaded.problems.len()), (vec!["deployment/default/api".to_owned()], 1));
}

#[test]
fn a_manifest_below_a_mount_that_breaks_is_a_mistake_all_the_same() {
    let volume = "    volumes: [ { name: a, hostPath: { path: ./sub } } ]\n";
    let scene = Scene::new(&[
        ("api.yaml", &(deployment("api", "api:1") + volume)),
        ("sub/web.yaml", &deployment("web", "web:1")),
    ]);
    let loaded = scene.broken(|folder| folder.write("sub/web.yaml", "kind: ["));
    assert_eq!(image(&loaded, "web"), "web:1");
}
