//! Lines over the sizes, as SVG: what each took relative to the first size. Both axes are logarithmic, so that the slope of a
//! line is its exponent.
#![expect(clippy::float_arithmetic, clippy::cast_precision_loss, clippy::as_conversions, reason = "a drawing")]

use std::fmt::Write as _;

use super::Series;

const COLOURS: [&str; 6] = ["#1b6ca8", "#d1495b", "#edae49", "#66a182", "#6a4c93", "#2e4057"];

/// Where lines are drawn: from the left and the top, in pixels.
const LEFT: f64 = 60.0;
const TOP: f64 = 20.0;
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 320.0;

/// From the lower end of an axis, 0, to the upper end, 1.
struct Axis {
    from: f64,
    to: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64> + Clone) -> Self {
        Self { from: values.clone().fold(f64::MAX, f64::min).ln(), to: values.fold(f64::MIN, f64::max).ln() }
    }

    fn at(&self, value: f64) -> f64 {
        (value.ln() - self.from) / (self.to - self.from).max(0.001)
    }
}

pub(super) fn draw(series: &[Series]) -> String {
    let lines: Vec<Vec<(f64, f64)>> = series.iter().map(|(_, points)| relative(points)).collect();
    let points = lines.iter().flatten();
    let x = Axis::over(points.clone().map(|(size, _)| *size));
    // From half to double, at least.
    let y = Axis::over(points.map(|(_, times)| *times).chain([0.5, 2.0]));
    let place = |(size, times): (f64, f64)| (LEFT + x.at(size) * WIDTH, TOP + (1.0 - y.at(times)) * HEIGHT);
    let mut svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 390\" font-family=\"sans-serif\" \
                   font-size=\"12\">\n<rect width=\"720\" height=\"390\" fill=\"white\"/>\n"
        .to_owned();
    for times in [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0] {
        let (left, height) = place((x.from.exp(), times));
        if (TOP..=TOP + HEIGHT).contains(&height) {
            let right = LEFT + WIDTH;
            writeln!(svg, "<path d=\"M{left:.0} {height:.1}H{right:.0}\" stroke=\"#ddd\"/>").unwrap();
            writeln!(svg, "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{times}</text>", left - 6.0, height + 4.0)
                .unwrap();
        }
    }
    for (size, _) in lines.iter().take(1).flatten() {
        let (across, foot) = (place((*size, 1.0)).0, TOP + HEIGHT + 18.0);
        writeln!(svg, "<text x=\"{across:.1}\" y=\"{foot:.0}\" text-anchor=\"middle\">{size}</text>").unwrap();
    }
    for (nth, ((name, _), line)) in series.iter().zip(&lines).enumerate() {
        let colour = COLOURS[nth % COLOURS.len()];
        let points: Vec<_> = line.iter().map(|point| place(*point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        writeln!(svg, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>").unwrap();
        let height = TOP + 20.0 * (nth as f64 + 1.0);
        writeln!(svg, "<text x=\"{:.0}\" y=\"{height:.0}\" fill=\"{colour}\">{name}</text>", LEFT + WIDTH + 15.0)
            .unwrap();
    }
    let foot = TOP + HEIGHT + 40.0;
    writeln!(
        svg,
        "<text x=\"{LEFT:.0}\" y=\"{foot:.0}\">past disputes; times what it took at the first size</text>\n</svg>"
    )
    .unwrap();
    svg
}

/// Each size, and what it took there over what it took at the first.
fn relative(points: &[(usize, u64)]) -> Vec<(f64, f64)> {
    let first = points.first().map_or(1, |(_, took)| *took).max(1) as f64;
    points.iter().map(|(size, took)| (*size as f64, *took.max(&1) as f64 / first)).collect()
}
