use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// What is left to chance: the same for the same seed, on every machine.
pub(crate) struct Chance(TestRng);

impl Chance {
    /// The numbers of one stream of a seed.
    pub(crate) fn of(seed: u64, stream: u8) -> Self {
        let mut bytes = [stream; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
    }

    /// The numbers themselves.
    pub(crate) fn into_rng(self) -> TestRng {
        self.0
    }

    /// A number below `bound`, which is not zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }

    /// True once in `times`.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}
