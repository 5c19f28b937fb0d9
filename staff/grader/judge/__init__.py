"""The judge and its subject: a check runs outside, the answer that it checks inside.

The *judge* is trusted: it runs the check modules, and holds seeds, expected values and
the verdict. The *subject* holds the learner's namespace and nothing else. Every use of
an answer (`helpers.checks.vocabulary.uses`) is a message; what comes back is read from
a closed format and never unpickled. A subject may lie in every reply: it wins only by
replying what is right.

| module    | side    | what it does                                                  |
| --------- | ------- | ------------------------------------------------------------- |
| `court`   | judge   | the judge's process: one for each worker                      |
| `asked`   | judge   | reads off a test cell which check it calls, with which seed   |
| `wire`    | both    | messages: JSON and a blob, within limits of size and of time  |
| `shared`  | both    | objects that both sides have a copy of, and keep alike        |
| `subject` | subject | does what is asked, with the learner's own objects            |
| `remote`  | judge   | stands in for the answers; believes nothing that comes back   |
| `scratch` | judge   | reads off an answer's text which of torch's functions it uses |
| `means`   | judge   | reads off it what rules about an answer's means leave no use  |
| `judge`   | judge   | runs a check on a remote answer, and says how it ended        |
| `plain`   | judge   | runs a test that is plain code, on stand-ins for the answers  |
"""
