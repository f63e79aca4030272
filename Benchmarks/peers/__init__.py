"""Comparisons with streaming servers that a registry has: each script starts the peer, drives both, and reports."""
