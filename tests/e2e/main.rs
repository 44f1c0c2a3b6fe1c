//! The product, end to end: the real server and the real terminal client, seen from outside.
