//! Bars of two parts, made of cells of whole pixels.

/// No part of a bar is smaller, so that it is seen.
const PART_PX_MIN: u64 = 2;

/// A bar of what was won and what was lost: how long each part is, in pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Bar {
    pub(super) won: u64,
    pub(super) lost: u64,
}

impl Bar {
    /// A bar where `most` verdicts have the length of `length_px`.
    pub(super) fn new([won, lost]: [u64; 2], most: u64, length_px: u64) -> Self {
        let scaled = |count: u64| {
            let length = u128::from(count).saturating_mul(u128::from(length_px)).checked_div(u128::from(most));
            u64::try_from(length.unwrap_or(0)).unwrap_or(length_px).min(length_px)
        };
        let total = scaled(won.saturating_add(lost));
        let [won_px, lost_px] = match (won, lost) {
            (0, 0) => [0, 0],
            (0, _) => [0, total.max(PART_PX_MIN)],
            (_, 0) => [total.max(PART_PX_MIN), 0],
            _ => {
                let total = total.max(2 * PART_PX_MIN);
                let won_px = scaled(won).clamp(PART_PX_MIN, total.saturating_sub(PART_PX_MIN));
                [won_px, total.saturating_sub(won_px)]
            }
        };
        Self { won: won_px, lost: lost_px }
    }

    pub(super) fn length(&self) -> u64 {
        self.won.saturating_add(self.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share_of_the_longest_and_each_part_is_seen() {
        for (counts, most, expected) in [
            ([0, 0], 0, [0, 0]),
            ([0, 0], 6, [0, 0]),
            ([2, 4], 6, [20, 40]),
            ([1, 0], 6, [10, 0]),
            ([0, 3], 6, [0, 30]),
            ([1, 999], 1000, [2, 58]),
            ([999, 1], 1000, [58, 2]),
            ([1, 1], 1000, [2, 2]),
            ([0, 1], 1000, [0, 2]),
            ([u64::MAX, u64::MAX], u64::MAX, [58, 2]),
        ] {
            let bar = Bar::new(counts, most, 60);
            assert_eq!([bar.won, bar.lost], expected, "{counts:?} of {most}");
        }
    }
}
