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
        let options = Options { addressing, ..Options::default() };
        let mut builder = Builder::new(options.clone());
        let objects = [("old.yaml", before), ("new.yaml", after)].map(|(name, text)| {
            let set = ObjectSet::assemble(parse_sources(&[Source::new(name, text)]));
            assert!(!set.has_errors(), "{}", set.render(false));
            set
        });
        let inside = match addressing {
            Addressing::Known => Vec::new(),
            _ => options.pod_cidrs.iter().collect(),
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
