//! What was not seen.

use super::*;
