#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let target = chargebook_fuzz_targets::target("stripe-body").expect("a target of this name");
    (target.run)(input);
});
