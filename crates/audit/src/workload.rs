//! Workloads of every kind as one: what has a pod template.
use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Container, PodSpec, PodTemplateSpec},
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};
use netloom_objects::{
    Object, Typed,
    runner::{Form, PodGroup},
};

/// A workload, or a bare pod.
#[derive(Clone, Copy, Debug)]
pub struct Workload<'a> {
    /// The object.
    pub object: &'a Object,
    /// The metadata that its pods get.
    pub metadata: Option<&'a ObjectMeta>,
    /// The spec that its pods get.
    pub spec: &'a PodSpec,
    /// How many pods it wants; `None` where the number comes from elsewhere (nodes, jobs, an absent field).
    pub replicas: Option<i32>,
    /// `spec.selector`, where its kind has one.
    pub selector: Option<&'a LabelSelector>,
    /// What its pods are called after.
    name: &'a str,
    template: &'a str,
}

/// Kind, namespace and name of a workload.
pub(crate) type Key<'a> = (&'a str, &'a str, &'a str);

static NONE: BTreeMap<String, String> = BTreeMap::new();

impl<'a> Workload<'a> {
    /// The workloads that an object is: one for each pod template in it. Virtual machines are none: what is asked of
    /// containers is not asked of them.
    #[must_use]
    pub fn all_of(object: &'a Object) -> Vec<Self> {
        let Typed::Runner(runner) = &object.typed else { return Self::of(object).into_iter().collect() };
        let groups = runner.groups.iter().filter(|group| group.form != Form::Machine);
        let workload = |group: &'a PodGroup| {
            Some(Self {
                object,
                metadata: group.template.metadata.as_ref(),
                spec: group.template.spec.as_ref()?,
                replicas: group.replicas,
                selector: group.selector.as_ref(),
                name: &group.name,
                template: &group.path,
            })
        };
        groups.filter_map(workload).collect()
    }

    /// The workload that an object is, if it has pods; the first of several.
    #[must_use]
    pub fn of(object: &'a Object) -> Option<Self> {
        const TEMPLATE: &str = "spec.template";
        let templated = |template: &'a PodTemplateSpec, replicas, selector| {
            Some(Self {
                object,
                metadata: template.metadata.as_ref(),
                spec: template.spec.as_ref()?,
                replicas,
                selector,
                name: &object.name,
                template: TEMPLATE,
            })
        };
        match &object.typed {
            Typed::Pod(pod) => Some(Self {
                object,
                metadata: Some(&pod.metadata),
                spec: pod.spec.as_ref()?,
                replicas: Some(1),
                selector: None,
                name: &object.name,
                template: "",
            }),
            Typed::Deployment(o) => {
                let spec = o.spec.as_ref()?;
                templated(&spec.template, spec.replicas, Some(&spec.selector))
            }
            Typed::ReplicaSet(o) => {
                let spec = o.spec.as_ref()?;
                templated(spec.template.as_ref()?, spec.replicas, Some(&spec.selector))
            }
            Typed::StatefulSet(o) => {
                let spec = o.spec.as_ref()?;
                templated(&spec.template, spec.replicas, Some(&spec.selector))
            }
            Typed::DaemonSet(o) => {
                let spec = o.spec.as_ref()?;
                templated(&spec.template, None, Some(&spec.selector))
            }
            Typed::ReplicationController(o) => {
                let spec = o.spec.as_ref()?;
                templated(spec.template.as_ref()?, spec.replicas, None)
            }
            Typed::Job(o) => templated(&o.spec.as_ref()?.template, None, None),
            Typed::CronJob(o) => {
                let template = &o.spec.job_template.spec.as_ref()?.template;
                templated(template, None, None)
                    .map(|workload| Self { template: "spec.jobTemplate.spec.template", ..workload })
            }
            Typed::Runner(_) => Self::all_of(object).into_iter().next(),
            _ => None,
        }
    }

    /// What its pods are called after: the object, and where it has several templates which of them.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &'a str {
        self.object.reference.namespace.as_deref().unwrap_or("default")
    }

    /// What tells it from other workloads.
    pub(crate) fn key(&self) -> Key<'a> {
        (&self.object.kind, self.namespace(), self.name)
    }

    /// The labels that its pods have.
    #[must_use]
    pub fn labels(&self) -> &'a BTreeMap<String, String> {
        self.metadata.and_then(|m| m.labels.as_ref()).unwrap_or(&NONE)
    }

    /// The annotations that its pods have.
    #[must_use]
    pub fn annotations(&self) -> &'a BTreeMap<String, String> {
        self.metadata.and_then(|m| m.annotations.as_ref()).unwrap_or(&NONE)
    }

    /// The path in the object of a field of the pod: `path("spec.containers[0]")`, `path("metadata.labels")`.
    #[must_use]
    pub fn path(&self, field: &str) -> String {
        if self.template.is_empty() { field.to_owned() } else { format!("{}.{field}", self.template) }
    }

    /// Its containers and the init containers that stay (sidecars), each with its path in the object.
    pub fn containers(&self) -> impl Iterator<Item = (String, &'a Container)> + '_ {
        let sidecars = self.spec.init_containers.iter().flatten().enumerate();
        let sidecars = sidecars
            .filter(|(_, c)| c.restart_policy.as_deref() == Some("Always"))
            .map(|(index, container)| (self.path(&format!("spec.initContainers[{index}]")), container));
        let main = self.spec.containers.iter().enumerate();
        main.map(|(index, container)| (self.path(&format!("spec.containers[{index}]")), container))
            .chain(sidecars)
    }

    /// The same without their paths.
    pub fn bare_containers(&self) -> impl Iterator<Item = &'a Container> + use<'a> {
        let init = self.spec.init_containers.iter().flatten();
        let sidecars = init.filter(|container| container.restart_policy.as_deref() == Some("Always"));
        self.spec.containers.iter().chain(sidecars)
    }

    /// The ServiceAccount that its pods run as, and the field that says so: `serviceAccount` is another name of
    /// `serviceAccountName`.
    #[must_use]
    pub fn account(&self) -> (&'a str, &'static str) {
        let said = |name: &'a Option<String>| name.as_deref().filter(|name| !name.is_empty());
        match (said(&self.spec.service_account_name), said(&self.spec.service_account)) {
            (Some(name), _) => (name, "spec.serviceAccountName"),
            (None, Some(name)) => (name, "spec.serviceAccount"),
            (None, None) => ("default", "spec.serviceAccountName"),
        }
    }

    /// Whether its pods live in the node's network namespace.
    #[must_use]
    pub fn host_network(&self) -> bool {
        self.spec.host_network == Some(true)
    }

    /// Whether it runs to an end instead of serving.
    #[must_use]
    pub fn is_job(&self) -> bool {
        match &self.object.typed {
            Typed::Runner(runner) => {
                runner.groups.iter().any(|group| group.name == self.name && group.form == Form::Job)
            }
            typed => matches!(typed, Typed::Job(_) | Typed::CronJob(_)),
        }
    }
}
