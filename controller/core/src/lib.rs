//! Decides: what is declared, what is observed, and the plan that leads from one to the other.
//!
//! Pure: no clock, no environment, no file system, no Docker, no hash maps. Time and keys are arguments.

mod action;
mod adopt;
mod check;
mod compile;
mod conditions;
mod content;
mod course;
mod crash;
mod desired;
mod engine;
mod event;
mod failure;
mod flight;
mod got;
mod health;
mod held;
mod history;
mod image;
mod init;
mod job;
mod learn;
mod made_from;
mod masking;
mod observed;
mod plan;
mod probe;
mod reason;
mod request;
mod revision;
mod schedule;
mod starts;
mod status;
mod tag;
mod template;
mod trace;

pub use action::{
    Action, BuildImage, ConnectNetwork, ContainerRef, ContainerSpec, CreateContainer, CreateNetwork, CreateVolume,
    FileEntry, FileSet, Namespaces, PullImage, RemoveImage, RunHook, StopContainer, UpdateContainer,
};
pub use adopt::{
    Adopted, AdoptedContainer, AdoptedVolume, Adoption, Claim, Compared, Comparison, Comparisons, Stack,
    StackContainer, StackNetwork, StackVolume, adopt, claims, differences, projects,
};
pub use check::{Check, HttpCheck, told_checks};
pub use compile::{CompileInput, DeclaredObject, HostFiles, archived, compile, needs};
pub use conditions::{Condition, Counts, Transition, Truth, deployment_conditions, job_conditions, note_conditions};
pub use content::{Archive, ContentKey, ContentStore, DigestKey};
pub use course::{Course, Way, effective};
pub use crash::{Crash, Crashes, notice_crashes, settling_complaints};
pub use desired::{
    Attachment, Cron, Departed, DependsOn, Desired, DesiredNetwork, DesiredVolume, EngineRestart, EnvEntry, EnvValue,
    InPlace, Init, Intent, Job, Mount, MountSource, Nameless, Needed, Rollout, SourceState, StopFirst, Template, Use,
    Workload, is_elsewhere,
};
pub use engine::{EngineError, Outcome};
pub use event::{Event, Severity};
pub use failure::{Cause, Failure, Failures};
pub use flight::Flight;
pub use got::{GotImage, GotImages, note_image};
pub use health::{HealthOutput, exited};
pub use held::{Held, HeldReason, HoldNews, Pending, hold_news};
pub use history::{
    AttemptEnd, Back, Followed, History, ObjectHistory, Revision, RunEnd, RunOutcome, RunRecord, Standing, Why,
};
pub use image::{FromImage, Images, ObservedImage, RevisionImage};
pub use job::{JobReport, RunRefused, RunReport, ScheduleReport, ask_for_run, job_reports, run_name_at};
pub use learn::learn;
pub use masking::{GivenLabels, Masking};
pub use observed::{
    ContainerDetail, ContainerState, Endpoint, EngineFacts, Health, Observed, ObservedContainer, ObservedNameless,
    ObservedNetwork, ObservedVolume, Owner, PublishedPort, TakenOver, is_given_name,
};
pub use plan::{
    Once, OncePlan, Plan, Rejudged, Step, StepId, hook_complaints, plan, plan_leave, plan_once, plan_restart, rejudged,
};
pub use probe::{
    ProbeAsk, ProbeFailure, ProbeKind, ProbeNews, ProbePlan, ProbeSample, ProbeSchedule, ProbeSpec, ProbeState,
    ProbeTarget, ProbeVerdict, ProbeVerdicts, Readiness, START_INTERVAL, judge, probe_targets,
};
pub use reason::{Change, Reason};
pub use request::{Refusal, Request, grant, told_revisions};
pub use schedule::Timetable;
pub use starts::{HookEnd, StartRecord, note_hook};
pub use status::{ObjectStatus, Phase, ReplicaStatus, status};
pub use tag::{Newest, TagAnswer, TagAnswers, TagAsk, TagFound, TagRecord, TagSchedule};
pub use trace::{Trace, Traces, traces};

/// The scope of a controller on an engine.
pub use skiff_api::Instance;

/// A moment, as the caller's clock gave it, and the time between two.
pub use jiff::{SignedDuration, Timestamp};
