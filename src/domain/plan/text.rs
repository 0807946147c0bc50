//! A plan as plain text, the way `EXPLAIN` writes it.

use std::fmt::Write;

use super::{Buffers, Node, Plan};

/// The plan as text, line by line.
#[must_use]
pub fn text(plan: &Plan) -> String {
    let mut text = String::new();
    for node in &plan.nodes {
        write_node(&mut text, node);
    }
    for fact in &plan.facts {
        let _ = writeln!(text, "{}: {}", fact.label, fact.value);
    }
    if let Some(ms) = plan.planning_ms {
        let _ = writeln!(text, "Planning Time: {ms:.3} ms");
    }
    if let Some(ms) = plan.execution_ms {
        let _ = writeln!(text, "Execution Time: {ms:.3} ms");
    }
    text
}

fn write_node(text: &mut String, node: &Node) {
    let indent = " ".repeat(node.depth * 6);
    if let Some(name) = &node.subplan {
        let _ = writeln!(text, "{indent}{name}");
    }
    let arrow = if node.depth > 0 { "->  " } else { "" };
    let on = if node.object.is_empty() {
        String::new()
    } else {
        format!(" on {}", node.object)
    };
    let _ = write!(
        text,
        "{indent}{arrow}{}{on}  (cost={:.2}..{:.2} rows={} width={})",
        node.title, node.startup_cost, node.total_cost, node.expected_rows, node.width
    );
    match node.measured {
        Some(_) if node.never_ran() => text.push_str(" (never executed)"),
        Some(measured) => {
            let _ = write!(
                text,
                " (actual rows={} loops={} clock={:.3} ms own={:.3} ms)",
                measured.rows, measured.loops, measured.total_ms, measured.own_ms
            );
        }
        None => {}
    }
    text.push('\n');
    let inner = " ".repeat(node.depth * 6 + if node.depth > 0 { 6 } else { 2 });
    for fact in &node.details {
        let _ = writeln!(text, "{inner}{}: {}", fact.label, fact.value);
    }
    if node.buffers != Buffers::default() && node.details.iter().all(|fact| !counts(&fact.label)) {
        let Buffers { hit, read, .. } = node.buffers;
        let _ = writeln!(text, "{inner}Buffers: hit={hit} read={read}");
    }
}

/// Whether a detail tells of blocks already.
fn counts(label: &str) -> bool {
    label.ends_with("Blocks")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_as_explain_writes_it() {
        let plan = crate::domain::plan::read(
            r#"[{"Plan": {"Node Type": "Sort", "Startup Cost": 1, "Total Cost": 2.5, "Plan Rows": 3,
            "Plan Width": 4, "Sort Key": ["a", "b DESC"],
            "Plans": [{"Node Type": "Seq Scan", "Relation Name": "t", "Alias": "t", "Startup Cost": 0,
            "Total Cost": 1, "Plan Rows": 3, "Plan Width": 4, "Filter": "(a > 1)"}]},
            "Planning Time": 0.25}]"#,
        )
        .unwrap();
        assert_eq!(
            text(&plan),
            "Sort  (cost=1.00..2.50 rows=3 width=4)\n  Sort Key: a, b DESC\n      \
             ->  Seq Scan on t  (cost=0.00..1.00 rows=3 width=4)\n            Filter: (a > 1)\n\
             Planning Time: 0.250 ms\n"
        );
    }
}
