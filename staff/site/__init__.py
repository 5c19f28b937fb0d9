"""The course as a static site: released notebooks, run without any answer in them."""
