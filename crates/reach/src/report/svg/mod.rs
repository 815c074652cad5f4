//! `-o svg`: a picture of namespaces, their workloads, and what is open between them, coloured by ports.
mod layout;

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    sync::Arc,
};

use layout::{Layout, Point};

use super::{short, xml::Escaped};
use crate::{
    pool::PortSetId,
    reach::Reach,
    rows::{End, Row},
};

/// With more endpoints than this a namespace is one point.
const DRAWN: usize = 200;

/// Colours that are told apart on white; the most frequent sets of ports get the first ones.
const COLORS: [&str; 10] = [
    "#1f77b4", "#2ca02c", "#d62728", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#bcbd22",
    "#7f7f7f",
];

/// What is drawn.
struct Graph {
    /// Names, sorted into boxes by title; those without a box stand above.
    nodes: Vec<(Option<Arc<str>>, Arc<str>)>,
    edges: BTreeMap<(usize, usize, PortSetId), usize>,
}

/// Writes the picture.
///
/// # Errors
/// When it cannot be written.
pub fn svg(reach: &Reach, out: &mut impl Write) -> io::Result<()> {
    let graph = Graph::of(reach);
    let layout = Layout::of(&graph.nodes);
    let mut counts: HashMap<PortSetId, usize> = HashMap::new();
    for ((.., open), count) in &graph.edges {
        *counts.entry(*open).or_default() += count;
    }
    let mut legend: Vec<(String, usize, PortSetId)> =
        counts.into_iter().map(|(open, count)| (reach.ports(open).to_string(), count, open)).collect();
    legend.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let color = |open: PortSetId| {
        let place = legend.iter().position(|(.., known)| *known == open).unwrap_or_default();
        COLORS[place.min(COLORS.len() - 1)]
    };
    let height = layout.height + 30.0 + 20.0 * legend.len() as f32;
    let width = layout.width;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">"
    )?;
    writeln!(
        out,
        "<style>path{{fill:none;opacity:.7}}path:hover{{opacity:1;stroke-width:4}}</style>\n<defs>"
    )?;
    for (nth, color) in COLORS.iter().enumerate() {
        writeln!(
            out,
            "<marker id=\"a{nth}\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
             orient=\"auto\"><polygon points=\"0,0 8,4 0,8\" fill=\"{color}\"/></marker>"
        )?;
    }
    writeln!(out, "</defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>")?;
    boxes(&layout, out)?;
    for ((from, to, open), count) in &graph.edges {
        let text = reach.ports(*open).to_string();
        let title = match count {
            1 => format!("{} => {} : {text}", graph.name(*from), graph.name(*to)),
            n => format!("{} => {} : {text} ({n} connections)", graph.name(*from), graph.name(*to)),
        };
        let color = color(*open);
        let marker = COLORS.iter().position(|c| *c == color).unwrap_or_default();
        writeln!(
            out,
            "<path d=\"{}\" stroke=\"{color}\" stroke-width=\"1.5\" marker-end=\"url(#a{marker})\"><title>{}</title></path>",
            curve(&layout, *from, *to),
            Escaped(&title)
        )?;
    }
    nodes(&layout, &graph, out)?;
    for (nth, (text, count, open)) in legend.iter().enumerate() {
        let y = layout.height + 20.0 + 20.0 * nth as f32;
        let color = color(*open);
        writeln!(out, "<rect x=\"20\" y=\"{}\" width=\"24\" height=\"4\" fill=\"{color}\"/>", y - 6.0)?;
        let noun = if *count == 1 { "connection" } else { "connections" };
        writeln!(out, "<text x=\"54\" y=\"{y}\">{} ({count} {noun})</text>", Escaped(text))?;
    }
    writeln!(out, "</svg>")
}

impl Graph {
    fn of(reach: &Reach) -> Self {
        let shown = reach.endpoints().iter().filter(|e| !e.builtin);
        let whole = shown.clone().count() > DRAWN;
        let mut graph = Self { nodes: Vec::new(), edges: BTreeMap::new() };
        let mut places: HashMap<Arc<str>, usize> = HashMap::new();
        let key = |end: &End<'_>| -> (Option<Arc<str>>, Arc<str>, Arc<str>) {
            match end {
                End::Endpoint(e) => match (&e.namespace, whole) {
                    (Some(namespace), true) => (None, namespace.clone(), format!("{namespace}/*").into()),
                    (namespace, _) => (namespace.clone(), e.name.clone(), short(e).into()),
                },
                _ => (None, end.name().into(), end.name().into()),
            }
        };
        let mut place = |graph: &mut Self, end: &End<'_>| {
            let (title, key, label) = key(end);
            *places.entry(key).or_insert_with(|| {
                graph.nodes.push((title, label));
                graph.nodes.len() - 1
            })
        };
        shown.for_each(|endpoint| _ = place(&mut graph, &End::Endpoint(endpoint)));
        reach.rows(|Row { from, to, open }| {
            let (from, to) = (place(&mut graph, &from), place(&mut graph, &to));
            if from != to {
                *graph.edges.entry((from, to, open)).or_default() += 1;
            }
        });
        graph
    }

    fn name(&self, node: usize) -> String {
        match &self.nodes[node] {
            (Some(title), label) => format!("{title}/{label}"),
            (None, label) => label.to_string(),
        }
    }
}

fn boxes(layout: &Layout, out: &mut impl Write) -> io::Result<()> {
    for b in &layout.boxes {
        writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"#f5f7fa\" stroke=\"#9aa5b1\"/>",
            b.at.x, b.at.y, b.width, b.height
        )?;
        let (x, y) = (b.at.x + 12.0, b.at.y + 20.0);
        writeln!(out, "<text x=\"{x}\" y=\"{y}\" font-weight=\"bold\">{}</text>", Escaped(&b.title))?;
    }
    Ok(())
}

fn nodes(layout: &Layout, graph: &Graph, out: &mut impl Write) -> io::Result<()> {
    for ((title, label), place) in graph.nodes.iter().zip(&layout.places) {
        let fill = if title.is_some() { "#fff" } else { "#fff4e5" };
        writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\" fill=\"{fill}\" stroke=\"#52606d\"/>",
            place.at.x,
            place.at.y,
            place.width,
            layout::NODE_HEIGHT
        )?;
        writeln!(
            out,
            "<text x=\"{}\" y=\"{}\">{}</text>",
            place.at.x + 8.0,
            place.at.y + 16.0,
            Escaped(label)
        )?;
    }
    Ok(())
}

/// From one node's side to the nearer side of the other.
fn curve(layout: &Layout, from: usize, to: usize) -> String {
    let (a, b) = (&layout.places[from], &layout.places[to]);
    let middle = layout::NODE_HEIGHT / 2.0;
    let right = |p: &layout::Place| Point { x: p.at.x + p.width, y: p.at.y + middle };
    let left = |p: &layout::Place| Point { x: p.at.x, y: p.at.y + middle };
    let (start, end, bends) = if a.at.x + a.width < b.at.x {
        (right(a), left(b), [1.0, -1.0])
    } else if b.at.x + b.width < a.at.x {
        (left(a), right(b), [-1.0, 1.0])
    } else {
        // One above the other: around the right side.
        (right(a), right(b), [1.0, 1.0])
    };
    let reach = 30.0 + ((end.x - start.x).abs() + (end.y - start.y).abs()) / 6.0;
    format!(
        "M{} {} C{} {} {} {} {} {}",
        start.x,
        start.y,
        start.x + bends[0] * reach,
        start.y,
        end.x + bends[1] * reach,
        end.y,
        end.x,
        end.y
    )
}
