#![no_main]

#[path = "../checks.rs"]
// Each target uses one of the checks.
#[allow(dead_code)]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &str| checks::sql(text));
