"""Demos that move in the page; each module holds those of one notebook, by topic."""

from helpers.demos._stage import Choice, Scene, Slider

__all__ = ["Choice", "Scene", "Slider"]
