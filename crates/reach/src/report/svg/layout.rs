//! Where boxes and nodes stand: who is outside in a row above, namespaces in columns of about the same height.
use std::{collections::BTreeMap, sync::Arc};

/// How high a node is.
pub const NODE_HEIGHT: f32 = 24.0;
const GAP: f32 = 12.0;
const TITLE: f32 = 32.0;
const MARGIN: f32 = 20.0;
/// Between columns, for the edges.
const STREET: f32 = 120.0;

/// A point of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// Where a node is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    pub at: Point,
    pub width: f32,
}

/// A namespace.
#[derive(Clone, Debug)]
pub struct Frame {
    pub title: Arc<str>,
    pub at: Point,
    pub width: f32,
    pub height: f32,
}

/// The whole picture.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub boxes: Vec<Frame>,
    /// By node.
    pub places: Vec<Place>,
    pub width: f32,
    pub height: f32,
}

/// How wide a text is in the font of the picture, about.
fn width_of(text: &str) -> f32 {
    16.0 + 7.2 * text.chars().count() as f32
}

impl Layout {
    /// Lays nodes out, each with the title of its box (none: above all boxes) and its label.
    pub fn of(nodes: &[(Option<Arc<str>>, Arc<str>)]) -> Self {
        let mut layout = Self { places: vec![Place::default(); nodes.len()], ..Self::default() };
        let mut frames: BTreeMap<&Arc<str>, Vec<usize>> = BTreeMap::new();
        let mut above = Vec::new();
        for (nth, (title, _)) in nodes.iter().enumerate() {
            match title {
                Some(title) => frames.entry(title).or_default().push(nth),
                None => above.push(nth),
            }
        }
        let height = |members: &[usize]| TITLE + members.len() as f32 * (NODE_HEIGHT + GAP) + GAP;
        let columns = (frames.len() as f32 * 1.5).sqrt().ceil().max(1.0) as usize;
        let widest = |members: &[usize]| members.iter().map(|n| width_of(&nodes[*n].1)).fold(0.0, f32::max);
        let inner = frames.iter().map(|(title, m)| widest(m).max(width_of(title))).fold(120.0, f32::max);
        let wide = inner + 2.0 * GAP;
        let full = columns as f32 * (wide + STREET) - STREET;
        let top = layout.row_above(nodes, &above, full.max(600.0));
        let mut ends = vec![top; columns];
        for (title, members) in frames {
            let shortest = (0..columns).min_by(|a, b| ends[*a].total_cmp(&ends[*b])).unwrap_or_default();
            let at = Point { x: MARGIN + shortest as f32 * (wide + STREET), y: ends[shortest] };
            for (nth, member) in members.iter().enumerate() {
                let y = at.y + TITLE + nth as f32 * (NODE_HEIGHT + GAP);
                layout.places[*member] = Place { at: Point { x: at.x + GAP, y }, width: inner };
            }
            let frame = Frame { title: title.clone(), at, width: wide, height: height(&members) };
            ends[shortest] += frame.height + 2.0 * MARGIN;
            layout.boxes.push(frame);
        }
        layout.width = layout.width.max(full + 2.0 * MARGIN + STREET);
        layout.height = ends.into_iter().fold(top, f32::max);
        layout
    }

    /// Sets the nodes above all boxes, in as many lines as they need, and returns where these end.
    fn row_above(&mut self, nodes: &[(Option<Arc<str>>, Arc<str>)], above: &[usize], full: f32) -> f32 {
        let mut at = Point { x: MARGIN, y: MARGIN };
        for node in above {
            let width = width_of(&nodes[*node].1);
            if at.x > MARGIN && at.x + width > full {
                at = Point { x: MARGIN, y: at.y + NODE_HEIGHT + 2.0 * GAP };
            }
            self.places[*node] = Place { at, width };
            self.width = self.width.max(at.x + width + MARGIN);
            at.x += width + STREET / 2.0;
        }
        if above.is_empty() { MARGIN } else { at.y + NODE_HEIGHT + STREET / 2.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_lies_upon_something_else() {
        let node = |title: Option<&str>, label: &str| (title.map(Arc::from), Arc::from(label));
        let mut nodes = vec![node(None, "outside"), node(None, "{ingress-controller}")];
        for namespace in ["a", "b", "c", "d", "e"] {
            nodes.extend(
                (0..namespace.len() + 3).map(|n| node(Some(namespace), &format!("workload-{n}[Deployment]"))),
            );
        }
        let layout = Layout::of(&nodes);
        let apart = |a: &Place, b: &Place| {
            a.at.x + a.width <= b.at.x
                || b.at.x + b.width <= a.at.x
                || a.at.y + NODE_HEIGHT <= b.at.y
                || b.at.y + NODE_HEIGHT <= a.at.y
        };
        for (i, a) in layout.places.iter().enumerate() {
            assert!(a.at.x + a.width <= layout.width && a.at.y + NODE_HEIGHT <= layout.height, "{a:?}");
            assert!(layout.places[..i].iter().all(|b| apart(a, b)), "{a:?}");
        }
    }
}
