"""Figures of the course, each shown with a text alternative."""
