//! Where a path leads that a function is to read on the server.
//!
//! Source: PostgreSQL source, `genfile.c`, `convert_and_check_filename`; `path.c`, `canonicalize_path` and
//! `path_is_relative_and_below_cwd`.

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerPath {
    /// Into the directory in which the server runs.
    Within,
    /// Above it.
    Above,
    /// From the root; without steps back.
    FromRoot(String),
}

/// Reads a path as a server of a major version does. Before 15 steps back in the middle of a relative path
/// are not followed, but count as leading above.
#[must_use]
pub fn leading(path: &str, major: u32) -> ServerPath {
    let from_root = path.starts_with('/');
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/').filter(|step| !["", "."].contains(step)) {
        if step != ".." {
            steps.push(step);
        } else if !from_root && (major < 15 || steps.is_empty()) {
            return ServerPath::Above;
        } else {
            let _ = steps.pop();
        }
    }
    if from_root {
        ServerPath::FromRoot(format!("/{}", steps.join("/")))
    } else {
        ServerPath::Within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_followed_step_by_step() {
        let root = |path: &str| ServerPath::FromRoot(path.to_owned());
        for (path, major, leads) in [
            ("postgresql.conf", 13, ServerPath::Within),
            ("./base//1/..x", 13, ServerPath::Within),
            ("base/../pg_wal", 15, ServerPath::Within),
            ("base/../pg_wal", 14, ServerPath::Above),
            ("base/../../x", 18, ServerPath::Above),
            ("..", 16, ServerPath::Above),
            ("/etc/./x/../hosts", 16, root("/etc/hosts")),
            ("/../etc", 16, root("/etc")),
        ] {
            assert_eq!(leading(path, major), leads, "{path} {major}");
        }
    }
}
