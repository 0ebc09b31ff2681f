// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

//! Tells the program which versions it is built from.

use std::process::Command;

fn locked(lock: &str, package: &str) -> String {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1).expect("Cargo.lock names each package's version");
    version.trim_start_matches("version = ").trim_matches('"').to_string()
}

fn main() {
    let lock = std::fs::read_to_string("Cargo.lock").expect("Cargo.lock is there");
    let rustc = Command::new(std::env::var("RUSTC").unwrap()).arg("--version").output().unwrap();
    println!("cargo:rerun-if-changed=Cargo.lock");
    println!("cargo:rustc-env=PEER_REQWEST={}", locked(&lock, "reqwest"));
    println!("cargo:rustc-env=PEER_EVENTSOURCE={}", locked(&lock, "reqwest-eventsource"));
    println!("cargo:rustc-env=PEER_TOKIO={}", locked(&lock, "tokio"));
    println!("cargo:rustc-env=PEER_RUSTC={}", String::from_utf8_lossy(&rustc.stdout).trim());
}
