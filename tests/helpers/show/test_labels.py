"""Images with labels: false ones are said, with the truth."""

import matplotlib.pyplot as plt
import pytest
import torch

from helpers.show.labels import labeled_images


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_false_labels_are_said_with_the_truth():
    fig = labeled_images(torch.rand(4, 9), "abcd", "abcx", title="One is false")
    titles = [ax.get_title() for ax in fig.axes]
    assert [title for title in titles if "is:" in title] == ["d\n(is: x)"]
    assert fig.get_suptitle() == "One is false"


def test_every_labeled_image_has_both_names():
    with pytest.raises(ValueError, match="each of 4 images, got 4 and 3"):
        labeled_images(torch.rand(4, 9), "abcd", "abc")
