"""Tests of the demo desk, and of running a desk."""
