//! Two sets of manifests from text.
use netloom_cluster::{Addressing, Builder, Options};
use netloom_diff::{Diff, Side};
use netloom_objects::{ObjectSet, Source, parse_sources};
use netloom_reach::{Reach, Scope};

/// Both sides of a comparison.
pub struct Sets {
    pub objects: [ObjectSet; 2],
    pub reach: [Reach; 2],
}

impl Sets {
    /// Reads sound manifests; pods have the addresses that they are given by a status, or else made ones.
    pub fn of(before: &str, after: &str, addressing: Addressing) -> Self {
        let sources = |name, text| vec![Source::new(name, text)];
        Self::of_sources(sources("old.yaml", before), sources("new.yaml", after), addressing)
    }

    /// Likewise of several files.
    pub fn of_sources(before: Vec<Source>, after: Vec<Source>, addressing: Addressing) -> Self {
        let sets = Self::of_broken(before, after, addressing);
        for set in &sets.objects {
            assert!(!set.has_errors(), "{}", set.render(false));
        }
        sets
    }

    /// Likewise of manifests that may have mistakes, which are left out.
    pub fn of_broken(before: Vec<Source>, after: Vec<Source>, addressing: Addressing) -> Self {
        let options = Options { addressing, ..Options::default() };
        let mut builder = Builder::new(options.clone());
        let objects = [before, after].map(|sources| ObjectSet::assemble(parse_sources(&sources)));
        let inside = match addressing {
            Addressing::Known => Vec::new(),
            Addressing::Assigned => options.pod_cidrs.iter().collect(),
        };
        let reach = objects.each_ref().map(|objects| {
            let scope = Scope { ipv6: Some(true), inside: inside.clone(), ..Scope::default() };
            Reach::of(objects, &builder.build(objects).snapshot, scope)
        });
        Self { objects, reach }
    }

    pub fn diff(&self) -> Diff<'_> {
        let side = |nth: usize| Side { reach: &self.reach[nth], objects: &self.objects[nth] };
        Diff::of(side(0), side(1))
    }
}
