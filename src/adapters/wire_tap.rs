//! A stream under the driver that reads message headers as they pass.
