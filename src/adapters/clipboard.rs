//! The system clipboard by OSC 52.
