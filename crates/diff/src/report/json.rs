//! `-o json`: everything, for programs. Its form is described in docs/diff.md.
use std::io::{self, Write};

use netloom_objects::{FileName, Location, ObjectRef, Rendered, unread::Unread};
use netloom_reach::{
    PortSet,
    report::{OpenPorts, ReasonOf, ranges},
};
use serde::Serialize;

use crate::{
    causes::Causes,
    diff::{Diff, End, Group},
    objects::ObjectChange,
    summary::Summary,
    units::{Unit, UnitId},
    ways::{WayChange, WayOn},
};

/// The form of the document.
const VERSION: u32 = 1;

/// Pairs that are asked for the causes of one group.
const ASKED: usize = 2_000;

#[derive(Serialize)]
struct Document<'d> {
    version: u32,
    summary: Summary,
    workloads: Workloads<'d>,
    outside: Vec<Connections>,
    published: Vec<Published<'d>>,
    connections: Vec<Connections>,
    objects: Vec<Changed<'d>>,
    #[serde(skip_serializing_if = "Unread::is_empty")]
    not_judged: Unread,
}

#[derive(Serialize)]
struct Workloads<'d> {
    added: Vec<Workload<'d>>,
    removed: Vec<Workload<'d>>,
    opened_to_internet: Vec<&'d str>,
}

#[derive(Serialize)]
struct Workload<'d> {
    name: &'d str,
    object: Option<&'d ObjectRef>,
}

#[derive(Serialize)]
struct Connections {
    change: &'static str,
    src: Vec<String>,
    dst: Vec<String>,
    #[serde(flatten)]
    ports: Ports,
    count: usize,
    #[serde(flatten)]
    causes: Reasons,
}

#[derive(Serialize)]
struct Published<'d> {
    change: &'static str,
    entry: &'static str,
    address: &'d str,
    dst: &'d str,
    #[serde(flatten)]
    ports: Ports,
    from_internet: bool,
    published_before: Option<&'d ObjectRef>,
    published_after: Option<&'d ObjectRef>,
    #[serde(flatten)]
    causes: Reasons,
}

#[derive(Serialize)]
struct Ports {
    before: String,
    after: String,
    gained: Vec<OpenPorts>,
    lost: Vec<OpenPorts>,
}

#[derive(Serialize)]
struct Reasons {
    causes: Vec<Reason>,
    causes_complete: bool,
    /// Places in the list of objects.
    objects: Vec<usize>,
}

#[derive(Serialize)]
struct Reason {
    side: &'static str,
    before: Option<ReasonOf>,
    after: Option<ReasonOf>,
}

#[derive(Serialize)]
struct Changed<'d> {
    change: &'static str,
    kind: &'d str,
    namespace: Option<&'d str>,
    name: &'d str,
    before: Option<Place<'d>>,
    after: Option<Place<'d>>,
    fields: Vec<Field<'d>>,
}

#[derive(Serialize)]
struct Field<'d> {
    path: &'d str,
    before: Place<'d>,
    after: Place<'d>,
}

#[derive(Serialize)]
struct Place<'d> {
    file: FileName,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rendered: Option<Rendered<'d>>,
}

/// Writes everything.
///
/// # Errors
/// When it cannot be written.
pub fn json(diff: &Diff<'_>, out: &mut impl Write) -> io::Result<()> {
    let [added, removed] = diff.came_and_went();
    let workloads = |units: Vec<UnitId>| units.into_iter().map(|unit| workload(diff.unit(unit))).collect();
    let opened = diff.opened_to_internet().into_iter();
    let document = Document {
        version: VERSION,
        summary: diff.summary(),
        workloads: Workloads {
            added: workloads(added),
            removed: workloads(removed),
            opened_to_internet: opened.map(|unit| &*diff.unit(unit).name).collect(),
        },
        outside: diff.outside.iter().map(|group| connections(diff, group)).collect(),
        published: diff.ways.iter().map(|way| published(diff, way)).collect(),
        connections: diff.connections.iter().map(|group| connections(diff, group)).collect(),
        objects: diff.objects.iter().map(changed).collect(),
        not_judged: diff.unread(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn workload(unit: &Unit) -> Workload<'_> {
    let member = unit.after.as_ref().or(unit.before.as_ref());
    Workload { name: &unit.name, object: member.map(|member| &*member.origin) }
}

fn connections(diff: &Diff<'_>, group: &Group) -> Connections {
    let names = |ends: &[End]| ends.iter().map(|end| diff.name_of(end).to_string()).collect();
    Connections {
        change: group.name(),
        src: names(&group.from),
        dst: names(&group.to),
        ports: ports(&group.before, &group.after),
        count: group.count(),
        causes: reasons(diff.causes(group, ASKED)),
    }
}

fn published<'d>(diff: &'d Diff<'_>, way: &'d WayChange) -> Published<'d> {
    let open = |on: &Option<WayOn>| on.as_ref().map(|on| on.open.clone()).unwrap_or_default();
    Published {
        change: way.name(),
        entry: way.entry,
        address: &way.address,
        dst: &diff.unit(way.to).name,
        ports: ports(&open(&way.before), &open(&way.after)),
        from_internet: way.from_internet(),
        published_before: way.before.as_ref().map(|on| &*on.by),
        published_after: way.after.as_ref().map(|on| &*on.by),
        causes: reasons(diff.causes_of_way(way)),
    }
}

fn ports(before: &PortSet, after: &PortSet) -> Ports {
    Ports {
        before: before.to_string(),
        after: after.to_string(),
        gained: ranges(&after.minus(before)),
        lost: ranges(&before.minus(after)),
    }
}

fn reasons(causes: Causes) -> Reasons {
    let reason = |cause: crate::Cause| Reason {
        side: cause.direction.name(),
        before: cause.before,
        after: cause.after,
    };
    Reasons {
        causes: causes.all.into_iter().map(reason).collect(),
        causes_complete: causes.complete,
        objects: causes.objects.into_iter().collect(),
    }
}

fn changed(change: &ObjectChange) -> Changed<'_> {
    let object = change.object();
    Changed {
        change: change.name(),
        kind: &object.kind,
        namespace: object.namespace.as_deref(),
        name: &object.name,
        before: change.before.as_ref().map(|object| place(&object.at)),
        after: change.after.as_ref().map(|object| place(&object.at)),
        fields: change
            .fields
            .iter()
            .map(|field| Field {
                path: &field.path,
                before: place(&field.before),
                after: place(&field.after),
            })
            .collect(),
    }
}

fn place(at: &Location) -> Place<'_> {
    let Location { file, line, .. } = at.written();
    Place { file, line, rendered: Rendered::of(at) }
}
