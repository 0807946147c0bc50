//! A value made safe for the eye: the only way server text reaches the terminal.
