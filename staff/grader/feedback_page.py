"""The page a learner gets."""

__all__ = ["BODY"]

BODY = """
<main>
<h1>{{ title }}</h1>
<p class="soft">{{ student }} · {{ file }}</p>
<p class="total">{{ earned }} of {{ possible }} points</p>
<p>{{ next_step }}</p>
{% if notes %}
<section>
<h2>About your file</h2>
<ul>
{% for note in notes %}
<li>{{ note }}</li>
{% endfor %}
</ul>
</section>
{% endif %}
{% for question in questions %}
<section>
<h2>{{ question.title }}</h2>
<p class="verdict {{ question.tone }}">{{ question.symbol }} {{ question.verdict }} ·
{{ question.earned }} of {{ question.points }} points</p>
{% if question.hint %}
<p>{{ question.hint }}</p>
{% endif %}
{% if question.message %}
<pre>{{ question.message }}</pre>
{% endif %}
{% if question.answer %}
<details>
<summary>Your answer<span class="soft"> to {{ question.title }}</span></summary>
<pre><code>{{ question.answer }}</code></pre>
{% if question.output %}
<p class="soft">It printed:</p>
<pre>{{ question.output }}</pre>
{% endif %}
</details>
{% endif %}
</section>
{% endfor %}
<p class="soft">These are the points of the automatic checks. Points for lateness or by
hand are added by your instructor.</p>
</main>
"""
