//! Rules for the way in: from failed stages to findings.
