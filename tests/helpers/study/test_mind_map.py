"""The mind map: every technique of the list, once, on the side of its kind."""

import matplotlib.pyplot as plt
import pytest

from helpers.study import mind_map, reference


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_every_technique_stands_once_with_its_notebook():
    texts = [text.get_text() for text in mind_map.mind_map().axes[0].texts]
    groups = reference.read("taxonomy")
    leaves = [
        f"{each['name']} · {each['notebook'][:2]}"
        for group in groups
        for each in group["techniques"]
    ]
    kinds = [group["kind"] for group in groups]
    assert sorted(texts) == sorted([*leaves, *kinds, "regularization"])


def test_no_two_texts_overlap():
    fig = mind_map.mind_map()
    fig.canvas.draw()
    boxes = [text.get_window_extent() for text in fig.axes[0].texts]
    page = fig.bbox
    for k, box in enumerate(boxes):
        assert box.x0 >= page.x0
        assert box.x1 <= page.x1
        assert not any(box.overlaps(other) for other in boxes[:k])


def test_words_name_every_technique():
    said = mind_map.words()
    for group in reference.read("taxonomy"):
        assert all(each["name"] in said for each in group["techniques"])
