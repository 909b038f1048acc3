"""Tests of looking after a desk."""
