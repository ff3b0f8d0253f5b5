//! Small charts of text.

/// From the lowest bar to the highest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar for each value, scaled so that the largest is a full one; a space where there is no value.
///
/// Zero is the lowest bar and only zero is, so that little can be told from nothing.
#[must_use]
pub fn spark(values: &[Option<u64>]) -> String {
    let largest = u128::from(values.iter().flatten().max().copied().unwrap_or(0)).max(1);
    let bar = |value: u64| {
        // The seven bars above the lowest, rounded up.
        let height = u128::from(value).saturating_mul(7).div_ceil(largest);
        usize::try_from(height).ok().and_then(|height| BARS.get(height)).copied().unwrap_or('█')
    };
    values.iter().map(|value| value.map_or(' ', bar)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_scaled_to_the_largest_value() {
        assert_eq!(spark(&[Some(0), Some(10), Some(20), Some(30), Some(40), Some(50), Some(60), Some(70)]), "▁▂▃▄▅▆▇█");
        assert_eq!(spark(&[Some(1), None, Some(700), Some(0)]), "▂ █▁");
        assert_eq!(spark(&[Some(0), Some(0)]), "▁▁");
        assert_eq!(spark(&[Some(u64::MAX), Some(1)]), "█▂");
        assert_eq!(spark(&[]), "");
    }
}
