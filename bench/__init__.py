"""Measurements of the whole product; bench/README.md says how to run them and what came out."""
