"""The judge and its subject: a check runs outside, the answer that it checks inside.

The *judge* is trusted: it runs the check modules, and holds seeds, expected values and
the verdict. The *subject* holds the learner's namespace and nothing else. Every use of
an answer (`helpers.checks.vocabulary.uses`) is a message; what comes back is read from
a closed format (`wire`) and never unpickled.
"""
