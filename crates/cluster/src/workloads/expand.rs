//! The pods that a controller would make.
//!
//! A CronJob stands for the pods of one of its Jobs, as they are while it runs: what they may reach matters as
//! much as for pods that run all the time. A suspended CronJob or Job has none, a finished Job neither.
use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::api::{
    apps::v1::DaemonSet,
    batch::v1::{Job, JobSpec},
    core::v1::PodTemplateSpec,
};
use netloom_objects::{Object, Typed};

use super::{
    Draft, Expansion, labels,
    names::{Names, cron_job_run, template_hash},
    template::Template,
};
use crate::{
    findings::{Findings, title},
    input::namespace_of,
    model::{Addrs, Labels, Workload},
};

/// More pods than this of one workload are a slip of the pen, or an attack on our memory.
const MOST: u32 = 100_000;

/// The pods of any workload but a DaemonSet.
pub fn workload(object: &Arc<Object>, workload: &Workload) -> Expansion {
    let namespace = &*namespace_of(object);
    let name = &*object.name;
    let maker = Maker { object, workload, findings: Findings::default() };
    match &object.typed {
        Typed::Deployment(deployment) => {
            let Some(spec) = &deployment.spec else { return Expansion::default() };
            let hash = template_hash(namespace, name);
            let added = labels::of_deployment(&hash);
            maker.numbered(&spec.template, &format!("{name}-{hash}"), spec.replicas, &added)
        }
        Typed::ReplicaSet(set) => {
            let spec = set.spec.as_ref();
            let Some(template) = spec.and_then(|s| s.template.as_ref()) else { return Expansion::default() };
            maker.numbered(template, name, spec.and_then(|s| s.replicas), &[])
        }
        Typed::ReplicationController(controller) => {
            let spec = controller.spec.as_ref();
            let Some(template) = spec.and_then(|s| s.template.as_ref()) else { return Expansion::default() };
            maker.numbered(template, name, spec.and_then(|s| s.replicas), &[])
        }
        Typed::StatefulSet(set) => {
            let Some(spec) = &set.spec else { return Expansion::default() };
            let start = spec.ordinals.as_ref().and_then(|o| o.start).unwrap_or(0).max(0);
            maker.stateful(&spec.template, spec.replicas, start, spec.service_name.as_deref())
        }
        Typed::Job(job) if !finished(job) => match &job.spec {
            Some(spec) => maker.job(spec, name),
            None => Expansion::default(),
        },
        Typed::CronJob(cron) => {
            let job = cron.spec.job_template.spec.as_ref().filter(|_| cron.spec.suspend != Some(true));
            match job {
                Some(job) => maker.job(job, &cron_job_run(namespace, name)),
                None => Expansion::default(),
            }
        }
        _ => Expansion::default(),
    }
}

/// The template of a DaemonSet's pods.
pub fn daemon_template(set: &DaemonSet) -> Template {
    let mut template =
        set.spec.as_ref().map(|s| read(&s.template)).unwrap_or_else(|| read(&PodTemplateSpec::default()));
    template.wants = template.wants.of_daemon();
    template
}

/// A pod for each of the nodes.
pub fn daemon_set(
    object: &Arc<Object>,
    workload: &Workload,
    template: &Arc<Template>,
    nodes: &[Arc<str>],
) -> Expansion {
    let maker = Maker { object, workload, findings: Findings::default() };
    let namespace = namespace_of(object);
    let mut names = Names::new(&namespace, &object.name);
    let labels = with(&template.labels, &labels::of_revision(&template_hash(&namespace, &object.name)));
    let pod = |node: &Arc<str>| Draft {
        daemon_node: Some(node.clone()),
        ..maker.draft(template, names.pod(node), labels.clone())
    };
    Expansion { drafts: nodes.iter().map(pod).collect(), findings: maker.findings }
}

/// What a template says of its pods.
pub fn read(template: &PodTemplateSpec) -> Template {
    let metadata = template.metadata.as_ref();
    let none = k8s_openapi::api::core::v1::PodSpec::default();
    let spec = template.spec.as_ref().unwrap_or(&none);
    Template::new(
        &metadata.and_then(|m| m.labels.clone()),
        &metadata.and_then(|m| m.annotations.clone()),
        spec,
    )
}

/// The labels with more of them.
pub fn with(labels: &Labels, added: &[(&str, String)]) -> Labels {
    if added.is_empty() {
        return labels.clone();
    }
    let mut labels: BTreeMap<String, String> = (**labels).clone();
    labels.extend(added.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    Arc::new(labels)
}

fn finished(job: &Job) -> bool {
    let conditions = job.status.iter().flat_map(|s| s.conditions.iter().flatten());
    conditions.into_iter().any(|c| matches!(c.type_.as_str(), "Complete" | "Failed") && c.status == "True")
}

/// Makes the pods of one object.
pub struct Maker<'a> {
    pub object: &'a Arc<Object>,
    pub workload: &'a Workload,
    pub findings: Findings,
}

impl Maker<'_> {
    /// One pod.
    pub fn draft(&self, template: &Arc<Template>, name: String, labels: Labels) -> Draft {
        Draft {
            namespace: namespace_of(self.object),
            name: Arc::from(name),
            labels,
            workload: self.workload.clone(),
            daemon_node: None,
            hostname: template.hostname.clone(),
            subdomain: template.subdomain.clone(),
            given: Addrs::default(),
            host_ips: Addrs::default(),
            ready: template.ready,
            terminating: false,
            origin: self.object.reference.clone(),
            template: template.clone(),
        }
    }

    /// How many pods are wanted, within bounds.
    pub fn count(&mut self, wanted: Option<i32>, path: &str) -> u32 {
        let count = u32::try_from(wanted.unwrap_or(1)).unwrap_or(0);
        if count > MOST {
            let message = format!(
                "{}: {count} pods are more than netloom makes of one workload ({MOST})",
                title(self.object)
            );
            self.findings.error(self.object.locate(path), message);
        }
        count.min(MOST)
    }

    /// Pods whose names end in five random characters.
    pub fn numbered(
        mut self,
        template: &PodTemplateSpec,
        base: &str,
        replicas: Option<i32>,
        added: &[(&str, String)],
    ) -> Expansion {
        let count = self.count(replicas, "spec.replicas");
        let template = Arc::new(read(template));
        let labels = with(&template.labels, added);
        let namespace = namespace_of(self.object);
        let mut names = Names::new(&namespace, base);
        let pod = |i: u32| self.draft(&template, names.pod(&i.to_string()), labels.clone());
        Expansion { drafts: (0..count).map(pod).collect(), findings: self.findings }
    }

    fn stateful(
        mut self,
        template: &PodTemplateSpec,
        replicas: Option<i32>,
        start: i32,
        service: Option<&str>,
    ) -> Expansion {
        let count = self.count(replicas, "spec.replicas");
        let template = Arc::new(read(template));
        let hash = template_hash(&namespace_of(self.object), &self.object.name);
        let subdomain: Option<Arc<str>> = service.filter(|s| !s.is_empty()).map(Arc::from);
        let pod = |i: u32| {
            let ordinal = u64::from(i) + u64::from(start.unsigned_abs());
            let name = format!("{}-{ordinal}", self.object.name);
            let labels = with(&template.labels, &labels::of_stateful_set(&name, ordinal, &hash));
            Draft {
                hostname: Some(Arc::from(name.as_str())),
                subdomain: subdomain.clone().or_else(|| template.subdomain.clone()),
                ..self.draft(&template, name, labels)
            }
        };
        Expansion { drafts: (0..count).map(pod).collect(), findings: self.findings }
    }

    fn job(mut self, spec: &JobSpec, job: &str) -> Expansion {
        if spec.suspend == Some(true) {
            return Expansion::default();
        }
        let parallel = self.count(spec.parallelism, "spec.parallelism");
        let count = spec.completions.map_or(parallel, |c| parallel.min(u32::try_from(c).unwrap_or(0)));
        let indexed = spec.completion_mode.as_deref() == Some("Indexed");
        let template = Arc::new(read(&spec.template));
        let shared = with(&template.labels, &labels::of_job(self.object, job));
        let namespace = namespace_of(self.object);
        let mut names = Names::new(&namespace, job);
        let pod = |i: u32| {
            if !indexed {
                return self.draft(&template, names.pod(&i.to_string()), shared.clone());
            }
            let host = format!("{job}-{i}");
            let labels = with(&shared, &labels::of_index(i));
            let name = Names::new(&namespace, &host).pod("");
            let draft = self.draft(&template, name, labels);
            Draft { hostname: draft.hostname.clone().or_else(|| Some(Arc::from(host))), ..draft }
        };
        Expansion { drafts: (0..count).map(pod).collect(), findings: self.findings }
    }
}
