//! How cost grows, as a picture: both axes logarithmic.
use std::fmt::Write as _;

/// One line of the picture: its name, colour, and points (workloads, seconds).
pub struct Series {
    pub name: String,
    pub color: &'static str,
    pub dashed: bool,
    pub points: Vec<(f64, f64)>,
}

const LEFT: f64 = 70.0;
const TOP: f64 = 20.0;
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 360.0;
/// Powers of ten at the ends of the axes.
const WORKLOADS: (f64, f64) = (2.0, 5.0);
const SECONDS: (f64, f64) = (-2.0, 3.0);

fn x(workloads: f64) -> f64 {
    LEFT + (workloads.log10() - WORKLOADS.0) / (WORKLOADS.1 - WORKLOADS.0) * WIDTH
}

fn y(seconds: f64) -> f64 {
    TOP + HEIGHT - (seconds.log10() - SECONDS.0) / (SECONDS.1 - SECONDS.0) * HEIGHT
}

/// The picture.
pub fn svg(series: &[Series]) -> String {
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 430\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"900\" height=\"430\" fill=\"#fff\"/>\n",
    );
    let (right, bottom) = (LEFT + WIDTH, TOP + HEIGHT);
    for (power, label) in [(2, "100"), (3, "1,000"), (4, "10,000"), (5, "100,000")] {
        let at = x(10_f64.powi(power));
        writeln!(out, "<path d=\"M{at:.0} {TOP}V{bottom}\" stroke=\"#ddd\"/>").unwrap();
        writeln!(out, "<text x=\"{at:.0}\" y=\"{}\" text-anchor=\"middle\">{label}</text>", bottom + 18.0)
            .unwrap();
    }
    for (power, label) in [(-2, "10 ms"), (-1, "0.1 s"), (0, "1 s"), (1, "10 s"), (2, "100 s"), (3, "1000 s")]
    {
        let at = y(10_f64.powi(power));
        writeln!(out, "<path d=\"M{LEFT} {at:.0}H{right}\" stroke=\"#ddd\"/>").unwrap();
        writeln!(out, "<text x=\"{}\" y=\"{:.0}\" text-anchor=\"end\">{label}</text>", LEFT - 8.0, at + 4.0)
            .unwrap();
    }
    let middle = LEFT + WIDTH / 2.0;
    writeln!(out, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">workloads</text>", bottom + 38.0)
        .unwrap();
    for (nth, Series { name, color, dashed, points }) in series.iter().enumerate() {
        let line: Vec<String> = points.iter().map(|(w, s)| format!("{:.1},{:.1}", x(*w), y(*s))).collect();
        let dash = if *dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"{dash}/>",
            line.join(" ")
        )
        .unwrap();
        for (workloads, seconds) in points {
            writeln!(
                out,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{color}\"/>",
                x(*workloads),
                y(*seconds)
            )
            .unwrap();
        }
        let at = TOP + 10.0 + 22.0 * nth as f64;
        let key = right + 20.0;
        writeln!(out, "<path d=\"M{key} {at}h24\" stroke=\"{color}\" stroke-width=\"2\"{dash}/>").unwrap();
        writeln!(out, "<text x=\"{}\" y=\"{}\">{name}</text>", key + 30.0, at + 4.0).unwrap();
    }
    out.push_str("</svg>\n");
    out
}
